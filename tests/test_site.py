"""Tables, pages and indexes, on small notebooks made here; html5lib judges the HTML."""

import base64
import html
import io
import json
import re
import tempfile
import time
import urllib.parse
from html.parser import HTMLParser

import html5lib
import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers import front_pages, site, wording
from helpers.files import write_text


def parsed(text):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def picture():
    buffer = io.BytesIO()
    Image.new("RGB", (800, 600), "navy").save(buffer, format="png")
    return buffer.getvalue()


PNG = base64.b64encode(picture()).decode("ascii")


def code(name, source="x = 1", *outputs, tags=(), **metadata):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags), **metadata})
    cell.id = name
    return cell


def shown(metadata=None, **data):
    kinds = {"html": "text/html", "markdown": "text/markdown", "png": "image/png", "plain": "text/plain"}
    return nbformat.v4.new_output(
        "display_data", {kinds[kind]: value for kind, value in data.items()}, metadata=metadata or {}
    )


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


# --- tables ----------------------------------------------------------------------------------------------


def rows_of(table):
    """Texts of the cells of a table, row by row, as html5lib reads them."""
    tree = html5lib.parseFragment(table.markup, namespaceHTMLElements=False)
    return [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]


def test_table_writes_numbers_in_the_language_and_missing_as_a_dash():
    frame = pd.DataFrame(
        {
            "Tỉnh": ["Hà Nội", "Huế", None],
            "Điểm": [83.0, -1234.567, np.nan],
            "Hạng": pd.array([1, None, 63], dtype="Int64"),
            "Năm": [2022, 2023, 12345],
        }
    )
    assert rows_of(site.table(frame, "vi", decimals={"Điểm": 1})) == [
        ["Tỉnh", "Điểm", "Hạng", "Năm"],
        ["Hà Nội", "83,0", "1", "2022"],
        ["Huế", "−1.234,6", "–", "2023"],
        ["–", "–", "63", "12.345"],
    ]
    assert rows_of(site.table(frame, "en"))[2] == ["Huế", "−1,234.57", "–", "2023"]


def test_table_is_accessible_and_valid():
    table = site.table(pd.DataFrame({"a": ["x"], "b": [1.0]}), "en", caption='Scores & "ranks"')
    tree = html5lib.parseFragment(table._repr_html_(), namespaceHTMLElements=False)
    assert [(cell.tag, cell.get("scope")) for cell in tree.iter() if cell.tag in ("th", "td")] == [
        ("th", "col"),
        ("th", "col"),
        ("th", "row"),
        ("td", None),
    ]
    around = tree.find("div")
    assert around.get("aria-label") == 'Scores & "ranks"' and around.get("tabindex") == "0"
    assert tree.find(".//caption").text == 'Scores & "ranks"'
    parsed(f"<!DOCTYPE html><html><head><title>t</title></head><body>{table.markup}</body></html>")


@given(st.text(), st.text(), st.text())
def test_table_escapes_everything(head, cell, caption):
    table = site.table(pd.DataFrame({f"<script>{head}": [f"<img src=x>{cell}"]}), "vi", f"<b>{caption}")
    tree = html5lib.parseFragment(table.markup, namespaceHTMLElements=False)
    known = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {element.tag for element in tree.iter() if isinstance(element.tag, str)} <= known | {
        "DOCUMENT_FRAGMENT"
    }


def test_table_refuses_decimals_of_unknown_columns():
    with pytest.raises(ValueError, match="scores"):
        site.table(pd.DataFrame({"score": [1.0]}), "en", decimals={"scores": 1})


def test_details_fold_tables_and_escape_text():
    table = site.table(pd.DataFrame({"a": [1]}), "en")
    markup = site.details("3 < 4", table, "a <b> c")._repr_html_()
    assert "<summary>3 &lt; 4</summary>" in markup
    assert table.markup in markup and "<p>a &lt;b&gt; c</p>" in markup
    with pytest.raises(TypeError, match="int"):
        site.details("x", 3)


# --- pages -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    book = notebook(
        nbformat.v4.new_markdown_cell("# For the researcher", metadata={"tags": ["lab"]}),
        code("parameters", "year = 2022", tags=["parameters"]),
        code(
            "text",
            "say('x')",
            shown(
                markdown="# Tương quan\n\n## Đắk Lắk & Huế\n\nVăn bản.\n\n## Đắk Lắk & Huế",
                plain="<Markdown>",
            ),
            nbformat.v4.new_output("stream", name="stdout", text="a < b\n"),
            nbformat.v4.new_output("stream", name="stderr", text="UserWarning: hidden"),
        ),
        code("figure", "draw()", shown({"alt": 'Scatter of "PAPI"'}, png=PNG)),
        code("table", "table()", shown(html=site.table(pd.DataFrame({"a": ["<script>"]}), "vi").markup)),
    )
    return site.render(
        book,
        "vi",
        "Tương quan <script>alert(1)</script>",
        "notebooks/x.ipynb",
        {"year": 2022, "language": "vi"},
    )


def test_page_is_valid_html_in_its_language(page):
    tree = parsed(page)
    assert tree.get("lang") == "vi"
    assert tree.find("head/title").text.startswith("Tương quan <script>")
    assert tree.find("head/meta[@name='viewport']") is not None


def test_page_runs_its_own_script_alone_and_loads_nothing(page):
    scripts = list(parsed(page).iter("script"))
    assert [script.get("type") for script in scripts] == ["application/json", None]
    assert scripts[1].text.strip() == (site.TEMPLATES / "page.js").read_text(encoding="utf-8").strip()
    assert set(json.loads(scripts[0].text)) == {*site.SCRIPT_WORDS, "top"}
    assert not re.search(r"""(?:src|srcset|poster)\s*=\s*["']?\s*(?:https?:)?//""", page)
    assert not re.search(r"""<link[^>]*href\s*=\s*["']?\s*(?:https?:)?//""", page)
    assert not re.search(r"@import|url\(", page)


def test_page_folds_code_and_shows_outputs(page):
    tree = parsed(page)
    folded = ["".join(block.itertext()) for block in tree.iter("details") if block.get("class") == "code"]
    assert len(folded) == 3, "the parameters stand at the foot"
    assert "say('x')" in folded[0] and wording.text("site.code", "vi") in folded[0]
    before_its_code = page.index("Văn bản.") < page.index('<details class="code"')
    assert before_its_code, "what a cell says comes first"
    visible = "".join(
        "".join(cell.itertext()) for cell in tree.iter("div") if cell.get("class") == "cell"
    ).replace("".join(folded), "")
    assert "Văn bản." in visible and "a < b" in visible


def test_page_leaves_out_lab_cells_and_warnings(page):
    assert "For the researcher" not in page
    assert "UserWarning" not in page


def test_page_names_notebook_and_parameters(page):
    foot = "".join(parsed(page).find(".//footer").itertext())
    assert "notebooks/x.ipynb" in foot and "year" in foot and "2022" in foot and "OpenStreetMap" in foot


def test_headings_have_different_ids(page):
    tree = parsed(page)
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert [heading.get("id") for heading in tree.iter("h2")] == ["dak-lak-hue", "dak-lak-hue-2"]
    assert len(list(tree.iter("h1"))) == 1


def test_same_notebook_gives_the_same_bytes():
    book = notebook(code("a", "1", shown(markdown="## A")), code("b", "2", shown({"alt": "b"}, png=PNG)))
    first = site.render(book, "en", "T", "notebooks/a.ipynb", {"year": 2022})
    site.render(notebook(code("z")), "vi", "Other")
    assert site.render(book, "en", "T", "notebooks/a.ipynb", {"year": 2022}) == first


def test_title_becomes_the_heading_where_the_notebook_has_none():
    tree = parsed(site.render(notebook(code("a")), "en", "Maps of <2022>"))
    assert tree.find(".//h1").text == "Maps of <2022>"


@pytest.mark.parametrize(
    "output",
    [
        shown(png=PNG),
        shown(html=f'<img src="data:image/png;base64,{PNG}">'),
        shown(html=f'<img alt=" " src="data:image/png;base64,{PNG}">'),
        shown(markdown="![](data:image/png;base64,AAAA)"),
    ],
)
def test_picture_without_alternative_text_is_an_error_that_names_the_cell(output):
    with pytest.raises(site.PageError, match=r"'draw'.*alternative text"):
        site.render(notebook(code("before"), code("draw", "1", output), code("after")), "en", "T")


def test_alternative_text_may_come_from_cell_or_output():
    about = {"image/png": {"alt": "from the picture", "width": 300}}
    book = notebook(
        code("a", "1", shown(png=PNG), alt="from the cell"), code("b", "1", shown(about, png=PNG))
    )
    pictures = list(parsed(site.render(book, "en", "T")).iter("img"))
    assert [p.get("alt") for p in pictures] == ["from the cell", "from the picture"]
    assert pictures[1].get("width") == "300"


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<img alt="x" src="//example.org/x.png">',
        "<style>@import 'https://example.org/x.css';</style>",
        '<p style="background: url(http://example.org/x.png)">x</p>',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<iframe src="https://example.org"></iframe>',
    ],
)
def test_anything_from_the_network_is_an_error_that_names_the_cell(markup):
    with pytest.raises(site.PageError, match=r"'loads'.*network"):
        site.render(notebook(code("loads", "1", shown(html=markup))), "en", "T")


def test_links_to_the_network_are_allowed():
    book = notebook(code("a", "1", shown(html='<a href="https://papi.org.vn">PAPI</a>')))
    assert 'href="https://papi.org.vn"' in site.render(book, "en", "T")


def test_doubled_ids_are_refused():
    with pytest.raises(site.PageError, match=r"'twice'.*'x'"):
        site.render(notebook(code("twice", "1", shown(html='<p id="x"></p><p id="x"></p>'))), "en", "T")


def test_cleaned_keeps_nothing_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path)
    book = notebook(
        code("injected", "1", shown(plain=f"PosixPath('{here}/data/x.csv')"), tags=["injected-parameters"]),
        code("a", "2", shown(html="<b>x</b>", plain=f"Published(png='{here}')")),
        code("b", "3", nbformat.v4.new_output("stream", name="stdout", text="<object at 0x7f12ab34cd56>")),
        code(
            "c",
            "4",
            nbformat.v4.new_output(
                "stream",
                name="stderr",
                text=f"{tempfile.gettempdir()}/ipykernel_812/99.py:1: UserWarning: a\n",
            ),
        ),
        # The letters of a folder inside a picture are no folder.
        code("d", "5", shown(html=f"<img src='data:image/png;base64,AAAA{here}/BBBB'>")),
    )
    for cell in book.cells:
        cell.metadata["papermill"] = {"start_time": "now"}
        cell.metadata["execution"] = {"iopub.status.busy": "now"}
    clean, count = site.cleaned(book)
    assert count == 1
    assert clean.cells[0].id == "injected-parameters"
    assert clean.cells[0].outputs[0].data["text/plain"] == "PosixPath('./data/x.csv')"
    assert list(clean.cells[1].outputs[0].data) == ["text/html"]
    text = nbformat.writes(clean)
    assert "0x7f12" not in text and "ipykernel" not in text and '"now"' not in text
    assert clean.cells[4].outputs[0].data["text/html"].endswith(f"AAAA{here}/BBBB'>")


def test_cleaning_a_long_picture_takes_no_time():
    text = f'<img src="data:image/png;base64,{"A/b+" * 500_000}">'
    started = time.perf_counter()
    assert site.neutral(text) == text
    assert time.perf_counter() - started < 1


# --- indexes ---------------------------------------------------------------------------------------------


def page_of(name, language, year=None, pictures="", stage="year"):
    path = f"{language}/{year}/{name}.html" if year else f"{language}/{name}.html"
    return site.Page(
        name, language, year, path, f"{name} {year}", name.title(), "x.ipynb", {}, pictures, stage
    )


PLAN = [
    *(page_of(name, language, stage="data") for name in ("clean", "join") for language in ("en", "vi")),
    *(page_of("panel", language) for language in ("en", "vi")),
    *(
        page_of(name, language, year, "map_*" if name == "map" else "")
        for name in ("correlate", "map")
        for language in ("en", "vi")
        for year in (2020, 2021, 2022)
    ),
]


@pytest.fixture
def reports(tmp_path):
    """Pages of 2020 and 2022 in English, one of 2022 in Vietnamese; none of 2021."""
    made = [page for page in PLAN if page.language == "en" and page.year != 2021]
    made += [page for page in PLAN if (page.name, page.language, page.year) == ("map", "vi", 2022)]
    for here in made:
        path = tmp_path / here.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(site.render(notebook(code("a")), here.language, here.title), encoding="utf-8")
    folder = tmp_path / "en" / "2022"
    for name in ("figures/map_papi.png", "figures/map_papi.svg", "tables/correlations.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
    (folder / "figures" / "map_papi.png").write_bytes(picture())
    (folder / "figures" / "map_papi.svg").write_text(
        "<svg role='img'><title>PAPI 2022 &amp; more</title><desc>Hà Nội first</desc></svg>", encoding="utf-8"
    )
    (folder / "tables" / "correlations.csv").write_text("a\n1\n")
    (tmp_path / "en" / "tables").mkdir()
    (tmp_path / "en" / "tables" / "panel.csv").write_text("a\n1\n")
    return tmp_path


class _Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in ("href", "src")]


def broken_links(reports):
    for path in reports.rglob("*.html"):
        for link in _Links(path.read_text(encoding="utf-8")).found:
            address = urllib.parse.urlsplit(link)
            if address.scheme in ("data", "https") or not address.path:
                continue
            if not (path.parent / urllib.parse.unquote(address.path)).is_file():
                yield path.relative_to(reports).as_posix(), link


def test_indexes_link_only_to_what_exists_and_are_valid(reports, tmp_path):
    front_pages.write(reports, PLAN, tmp_path / "nothing", tmp_path / "nothing")
    assert list(broken_links(reports)) == []
    for path in reports.rglob("*.html"):
        parsed(path.read_text(encoding="utf-8"))
    assert not (reports / "vi" / "2020").exists()
    front = (reports / "en" / "index.html").read_text(encoding="utf-8")
    assert 'href="2022/map.html"' in front and 'href="join.html"' in front and "2021/" not in front
    assert wording.text("site.front_missing", "en", pages="2021") in html.unescape(front)
    # What concerns all years stands before the years, how the data were made behind them.
    places = [front.index(f'href="{target}"') for target in ("panel.html", "tables/panel.csv", "join.html")]
    assert places == sorted(places) and places[1] < front.index('href="2022/index.html"') < places[2]


def test_broken_links_would_be_found(reports, tmp_path):
    front_pages.write(reports, PLAN, tmp_path / "nothing", tmp_path / "nothing")
    (reports / "en" / "2020" / "map.html").unlink()
    assert ("en/2022/map.html", "../2020/map.html") in set(broken_links(reports))


def test_pages_link_to_neighbours_siblings_and_languages(reports, tmp_path):
    front_pages.write(reports, PLAN, tmp_path / "nothing", tmp_path / "nothing")
    links = _Links((reports / "en" / "2022" / "map.html").read_text(encoding="utf-8")).found
    for link in (
        "../index.html",
        "../2020/map.html",
        "index.html",
        "correlate.html",
        "../../vi/2022/map.html",
    ):
        assert link in links
    # A page that comes later is linked to from those that were there.
    there = PLAN[-1]
    (reports / there.path).write_text(site.render(notebook(code("a")), "vi", "T"), encoding="utf-8")
    (reports / "en" / "2021").mkdir()
    middle = next(p for p in PLAN if p.path == "en/2021/map.html")
    (reports / middle.path).write_text(site.render(notebook(code("a")), "en", "T"), encoding="utf-8")
    front_pages.write(reports, PLAN, tmp_path / "nothing", tmp_path / "nothing")
    assert "../2021/map.html" in (reports / "en" / "2022" / "map.html").read_text(encoding="utf-8")


def test_front_page_shows_small_pictures_of_the_newest_year(reports, tmp_path):
    front_pages.write(reports, PLAN, tmp_path / "nothing", tmp_path / "nothing")
    front = parsed((reports / "en" / "index.html").read_text(encoding="utf-8"))
    (shown_picture,) = front.iter("img")
    assert shown_picture.get("alt") == "Hà Nội first"
    data = base64.b64decode(shown_picture.get("src").split(",")[1])
    assert Image.open(io.BytesIO(data)).size == (480, 480 * 600 // 800)
    year = (reports / "en" / "2022" / "index.html").read_text(encoding="utf-8")
    assert (
        "PAPI 2022 &amp; more" in year
        and "figures/map_papi.svg" in year
        and "tables/correlations.csv" in year
    )


def test_front_page_counts_provinces_with_a_figure(reports, tmp_path):
    from helpers import indices
    from helpers.files import project_root, write_table

    # Synthetic: three provinces, one with a rank alone, one without a figure; a component never counts.
    rows = [
        ("papi", 2022, "01", "", 41.0, 1),
        ("papi", 2022, "02", "", None, 2),
        ("papi", 2022, "04", "", None, None),
        ("papi", 2022, "06", "transparency", 5.0, 3),
        ("par", 2020, "01", "", 80.0, 1),
    ]
    columns = ["index", "year", "gso_code", "component", "score", "rank"]
    write_table(
        tmp_path / "data" / "indices.csv",
        pd.DataFrame(rows, columns=columns).reindex(columns=indices.COLUMNS),
    )
    front_pages.write(reports, PLAN, tmp_path / "data", project_root() / "data" / "raw")
    front = parsed((reports / "en" / "index.html").read_text(encoding="utf-8"))
    cells = [["".join(cell.itertext()) for cell in row] for row in front.find(".//table").iter("tr")]
    assert cells == [["Year", "PAR INDEX", "PAPI"], ["2020", "1", "–"], ["2022", "–", "2"]]


# --- pages of provinces ------------------------------------------------------------------------------------


def briefing_of(code, language, year):
    path = f"{language}/{year}/provinces/{code}.html"
    return site.Page("province", language, year, path, f"{code} {year}", "Briefing", "x.ipynb", province=code)


BRIEFINGS = [
    briefing_of(code, language, year)
    for language in ("en", "vi")
    for year in (2023, 2024, 2025)
    for code in ("70", "82", "91")
    if (code, year) != ("70", 2025)
]
OF_YEARS = [page_of("map", language, year) for language in ("en", "vi") for year in (2024, 2025)]


def hrefs(links, group):
    return [link["href"] for link in links[group]]


def test_links_of_a_briefing_stay_within_its_units():
    links_of = site.navigator(site.with_indexes([*OF_YEARS, *BRIEFINGS]))
    middle = links_of(briefing_of("82", "en", 2024))
    assert hrefs(middle, "years") == ["../../2023/provinces/82.html", "../index.html"]
    assert hrefs(middle, "languages") == ["../../../vi/2024/provinces/82.html"]
    # One link to the list of the provinces, none to the other provinces.
    assert hrefs(middle, "pages") == ["../map.html", "index.html"]
    assert middle["home"] == "../../index.html"
    # Code 82 is another province from 2025 on.
    after = links_of(briefing_of("82", "en", 2025))
    assert hrefs(after, "years") == ["../index.html"]


def test_links_of_the_list_lead_to_the_lists_of_other_years():
    pages = site.with_indexes([*OF_YEARS, *BRIEFINGS])
    lists = [page for page in pages if page.is_list]
    assert [page.path for page in lists] == [
        f"{language}/{year}/provinces/index.html" for language in ("en", "vi") for year in (2023, 2024, 2025)
    ]
    links = site.navigator(pages)(lists[1])
    assert hrefs(links, "years") == [
        "../../2023/provinces/index.html",
        "../index.html",
        "../../2025/provinces/index.html",
    ]
    assert hrefs(links, "pages") == ["../map.html", None]
    assert hrefs(links, "languages") == ["../../../vi/2024/provinces/index.html"]
    on_map = site.navigator(pages)(page_of("map", "en", 2024))
    assert hrefs(on_map, "pages") == [None, "provinces/index.html"]


def test_indexes_link_to_the_list_and_the_front_page_to_every_province(tmp_path, root):
    plan = [*OF_YEARS, *BRIEFINGS]
    lists = [page for page in site.with_indexes(plan) if page.is_list and page.year == 2024]
    for here in [*plan, *lists]:
        write_text(tmp_path / here.path, site.render(notebook(code("a")), here.language, here.title))
    front_pages.write(tmp_path, plan, tmp_path / "nothing", root / "data" / "raw")
    assert list(broken_links(tmp_path)) == []
    year = _Links((tmp_path / "en" / "2024" / "index.html").read_text(encoding="utf-8")).found
    front = _Links((tmp_path / "en" / "index.html").read_text(encoding="utf-8")).found
    assert "provinces/index.html" in year and "2024/provinces/index.html" in front
    assert not [link for link in year if re.search(r"provinces/\d", link)]
    newest = [
        page.path.removeprefix("en/") for page in BRIEFINGS if (page.language, page.year) == ("en", 2025)
    ]
    assert sorted(link for link in front if re.search(r"provinces/\d", link)) == sorted(newest)
    # A list that was not written is not linked to.
    assert "2023/provinces/index.html" not in front
    there = (tmp_path / "vi" / "2025" / "provinces" / "91.html").read_text(encoding="utf-8")
    assert 'href="index.html"' not in there and 'href="../index.html"' in there


def test_a_page_is_mended_only_where_its_links_differ(tmp_path, root):
    plan = [*OF_YEARS, *BRIEFINGS]
    for here in plan:
        write_text(tmp_path / here.path, site.render(notebook(code("a")), here.language, here.title))
    front_pages.write(tmp_path, plan, tmp_path / "nothing", root / "data" / "raw")
    before = {here.path: (tmp_path / here.path).stat().st_ino for here in plan}
    front_pages.write(tmp_path, plan, tmp_path / "nothing", root / "data" / "raw")
    assert {here.path: (tmp_path / here.path).stat().st_ino for here in plan} == before
    (tmp_path / "vi" / "2023" / "provinces" / "70.html").unlink()
    front_pages.write(tmp_path, plan, tmp_path / "nothing", root / "data" / "raw")
    changed = {path for path, inode in before.items() if not path.startswith("vi/2023/provinces/70")} & {
        path
        for path, inode in before.items()
        if (tmp_path / path).is_file() and (tmp_path / path).stat().st_ino != inode
    }
    # Its neighbours, and the others of the year, whose search led to it.
    assert changed == {
        "en/2023/provinces/70.html",
        "vi/2024/provinces/70.html",
        *(page.path for page in plan if (page.language, page.year) == ("vi", 2023) and page.province != "70"),
    }


def test_a_page_has_the_class_and_the_styles_of_its_kind(monkeypatch, tmp_path):
    plain = site.render(notebook(code("a")), "en", "T")
    assert "<body>" in plain
    for path in (*site.TEMPLATES.glob("*.j2"), site.TEMPLATES / "page.js"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "style.css").write_text("main { color: black }")
    (tmp_path / "synthetic.css").write_text("@page { size: A4 }")
    monkeypatch.setattr(site, "TEMPLATES", tmp_path)
    site._environment.cache_clear()
    try:
        pages = {
            kind: site.fill(
                "page.html.j2", "en", kind, title="T", body="", notebook="", origin=None, links=site.NO_LINKS
            )
            for kind in ("", "synthetic", "other")
        }
    finally:
        site._environment.cache_clear()
    assert '<body class="synthetic">' in pages["synthetic"] and "@page { size: A4 }" in pages["synthetic"]
    assert '<body class="other">' in pages["other"] and "main { color: black }" in pages["other"]
    assert "@page" not in pages["other"] + pages[""]


def test_texts_of_the_site_are_the_same_in_both_languages():
    import string
    import tomllib
    from pathlib import Path

    texts = tomllib.loads((Path(site.__file__).parent / "texts" / "site.toml").read_text(encoding="utf-8"))
    for key, forms in texts.items():
        fields = {
            language: {name for _, name, _, _ in string.Formatter().parse(form) if name}
            for language, form in forms.items()
        }
        assert set(forms) == set(wording.LANGUAGES) and fields["en"] == fields["vi"], key
