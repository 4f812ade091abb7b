"""The list of the provinces: links, figures and reasons, order, map, search and sorting."""

import copy
import html.parser
import json
import re
import subprocess

import pandas as pd
import pictures
import pytest
import shapely

from helpers import boundaries, briefing, directory, printing, provinces, site

PROGRAM = printing.browser()
YEAR, MADE = 2023, ["01", "34", "46", "70", "74", "77", "79", "95"]


class _Table(html.parser.HTMLParser):
    """Reads rows of cells: text as heard, attributes."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.row, self.open, self.hidden = {}, None, False, 0
        self.feed(page[page.index("<tbody>") : page.index("</tbody>")])

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "tr":
            self.row = self.rows[attributes["data-code"]] = []
        elif tag in ("td", "th"):
            self.row.append({**attributes, "text": ""})
            self.open = True
        elif tag == "a":
            self.row[-1]["href"] = attributes["href"]
        self.hidden = attributes.get("aria-hidden") == "true"

    def handle_endtag(self, tag):
        self.open = self.open and tag not in ("td", "th")

    def handle_data(self, data):
        if self.open and not self.hidden:
            self.row[-1]["text"] += data


def _page(code, language, year=YEAR):
    path = f"{language}/{year}/provinces/{code}.html"
    return site.Page(code, language, year, path, "t", "l", "n.ipynb", province=code, place="p")


@pytest.fixture(scope="module")
def computed(atlas):
    """The computed tables, borders among them."""
    return atlas.processed


@pytest.fixture(scope="module")
def site_of_lists(root, computed, facts_of, tmp_path_factory):
    """Lists of a year with eight briefings; Bình Phước's facts say a rank that no table has."""
    reports = tmp_path_factory.mktemp("reports")
    pages = [_page(code, language) for language in ("en", "vi") for code in MADE if code != "74"]
    for page in pages:
        (reports / page.path).parent.mkdir(parents=True, exist_ok=True)
        (reports / page.path).write_text("<p>")
    facts = copy.deepcopy(facts_of("70", YEAR))
    facts["indices"]["papi"]["rank"] = 58
    for language in ("en", "vi"):
        briefing.write(facts, reports / f"{language}/{YEAR}/provinces/70.json")
    (reports / f"en/{YEAR}/provinces/01.json").write_text("{")
    known = site.with_indexes(pages)
    written = directory.write(reports, known, root / "data" / "raw", computed, site.navigator(known))
    assert [path.relative_to(reports).as_posix() for path in written] == [
        f"{language}/{YEAR}/provinces/index.html" for language in ("en", "vi")
    ]
    return {path.parts[-4]: path for path in written}


@pytest.fixture(scope="module")
def lists(site_of_lists):
    """Text of the lists by language."""
    return {language: path.read_text(encoding="utf-8") for language, path in site_of_lists.items()}


def test_the_briefings_that_exist_are_linked_and_the_others_are_counted_with_their_reason(lists):
    for language, page in lists.items():
        linked = re.findall(r'<a href="(\d\d)\.html">', page)
        assert sorted(linked) == sorted(set(MADE) - {"74"}), language
    assert "7 of 63 provinces have a briefing of 2023." in lists["en"]
    assert "no index has a figure of 2023: Binh Duong.</p>" in lists["en"]
    assert "<p>For 55 provinces there are figures of 2023, but a briefing" in lists["en"]
    assert "không có số liệu của chỉ số nào trong năm 2023: Bình Dương.</p>" in lists["vi"]


def test_every_figure_is_the_one_of_the_table_or_of_the_facts_beside_the_page(lists, indices_frame):
    rows = _Table(lists["en"]).rows
    assert len(rows) == 63
    assert [cell["text"] for cell in rows["70"]][2:] == [
        *["No figure in the sources at hand"] * 2, "58/61", "39.95", "62/63", "76.08"
    ]  # fmt: skip
    totals = indices_frame[(indices_frame["year"] == YEAR) & (indices_frame["component"] == "")]
    by_key = {(row["index"], row["gso_code"]): row for _, row in totals.iterrows()}
    seen = 0
    for code, cells in rows.items():
        for place, slug in enumerate(("par", "papi", "sipas")):
            rank, score = cells[2 + 2 * place : 4 + 2 * place]
            row = by_key.get((slug, code), {"rank": None, "score": float("nan")})
            if (code, slug) != ("70", "papi") and pd.notna(row["rank"]):
                assert rank["text"] == f"{row['rank']}/{row['ranked']}"
                assert rank["title"] == row["rank_source"]
                seen += 1
            if pd.notna(row["score"]):
                assert score["text"] == f"{row['score']:.2f}" and score["title"] == row["source"]
                seen += 1
            else:
                assert "missing" in score["class"] and "data-key" not in score and len(score["text"]) > 10
    known = totals[["rank", "score"]].notna().sum().sum()
    assert seen == known - 1


def test_a_missing_figure_is_a_dash_whose_reason_can_be_seen_and_heard(lists):
    rows = _Table(lists["vi"]).rows
    assert rows["22"][4] == {
        "class": "number missing", "title": "Không công bố kết quả", "text": "Không công bố kết quả"
    }  # fmt: skip
    assert rows["46"][7]["text"] == "Chỉ có thứ hạng"
    assert "tổng các chỉ số nội dung): có thứ hạng của 61/63 và điểm" in lists["vi"]


def test_names_stand_in_the_order_of_each_language(lists, places):
    names = {
        language: [row[0]["text"] for row in _Table(page).rows.values()] for language, page in lists.items()
    }
    # Đ follows D and ă follows a: no order by code points, and none of plain letters.
    expected = (
        "Bà Rịa - Vũng Tàu, Bạc Liêu, Bắc Giang, Bắc Kạn, Bắc Ninh, Bến Tre, Bình Dương, Bình Định, "
        "Bình Phước, Bình Thuận, Cà Mau, Cao Bằng, Cần Thơ, Đà Nẵng, Đắk Lắk, Đắk Nông, Điện Biên, "
        "Đồng Nai, Đồng Tháp, Gia Lai"
    )
    assert names["vi"][1:21] == expected.split(", ")
    assert names["en"] == sorted(names["en"])
    assert sorted(names["vi"]) == sorted(places.table["name_vi"])


def _shapes(paths):
    """Read paths of relative lines back as shapes, written from the rules of SVG."""
    made = {}
    for code, path in paths.items():
        rings = []
        for ring in re.findall(r"M([^z]+)z", path):
            start, steps = ring.split("l")
            x, y = map(int, re.findall(r"-?\d+", start))
            points = [(x, y)]
            numbers = list(map(int, re.findall(r"-?\d+", steps)))
            for across, down in zip(numbers[::2], numbers[1::2], strict=True):
                points.append((points[-1][0] + across, points[-1][1] + down))
            rings.append(shapely.Polygon(points))
        made[code] = shapely.unary_union([shapely.make_valid(ring) for ring in rings])
    return made


def _borders(page):
    found = re.findall(
        r'<(?:a|g) (?:href="\d\d.html" )?data-code="(\d\d)"( tabindex="-1")?><title>.*?</title>'
        r'<path class="unit" fill="([^"]*)" d="([^"]*)"',
        page,
    )
    main = {code: path for code, inset, _, path in found if not inset}
    return main, {code: path for code, inset, _, path in found if inset}, {c: fill for c, _, fill, _ in found}


def test_the_map_shows_every_province_at_its_size_and_links_those_with_a_briefing(lists, computed):
    page = lists["vi"]
    svg = page[page.index("<svg") : page.index("</svg>")]
    assert len(svg.encode()) < 120_000
    main, inset, fills = _borders(svg)
    units = boundaries.read(computed, "63")
    assert sorted(main) == list(units.index)
    shapes = _shapes(main)
    for code, shape in shapes.items():
        # Kilometres: the projection keeps areas to a few per mille, whole numbers to a few per cent.
        assert shape.area == pytest.approx(units["area_km2"][code], rel=0.04), code
    assert {"01", "27", "33", "34", "37"} < set(inset)
    assert shapely.area(_shapes({"33": inset["33"]})["33"]) == pytest.approx(
        shapes["33"].area * directory.DELTA_SCALE**2, rel=0.05
    )
    assert {code for code, fill in fills.items() if fill != "url(#hatch)"} == set(MADE) - {"74"}
    assert "<title>Bình Dương (Đông Nam Bộ): không có số liệu của chỉ số nào năm 2023</title>" in svg
    assert "<title>Cà Mau (Đồng bằng sông Cửu Long): chưa lập báo cáo</title>" in svg


def test_regions_are_told_by_a_number_too_and_it_lies_in_them(lists, root, computed, places):
    drawing = directory.draw(root / "data" / "raw", computed, "63")
    shapes = _shapes(drawing.borders)
    for region, centre in drawing.centres.items():
        (inside,) = [code for code, shape in shapes.items() if shape.contains(shapely.Point(centre))]
        assert places.table["region6"][inside] == region
    listed = re.findall(r'<li><i style="background: (#\w+)">(\d)</i>(.*?)</li>', lists["en"])
    assert [number for _, number, _ in listed] == list("123456")
    assert ("4", "Central Highlands (5)") in [(number, label) for _, number, label in listed]
    assert "hatched: no briefing (56)" in lists["en"]
    ink = pictures.luminance("#222222") + 0.05
    for tint, _, _ in listed:
        assert (pictures.luminance(tint) + 0.05) / ink > 7


def test_the_archipelagos_are_named_in_boxes_that_touch_no_land(lists, root, computed):
    raw = root / "data" / "raw"
    assert [re.findall(r"<text [^>]*>(Quần đảo .*?)</text>", lists["vi"])] == [
        ["Quần đảo Hoàng Sa", "Quần đảo Trường Sa"]
    ]
    assert ">(Paracel Islands)</text>" in lists["en"] and ">of Da Nang</text>" in lists["en"]
    for vintage in provinces.VINTAGES:
        drawing = directory.draw(raw, computed, vintage)
        land = shapely.unary_union(list(_shapes(drawing.borders).values()))
        boxes = [drawing.frame, *(island["box"] for island in drawing.islands)]
        corners = [shapely.box(x, y, x + width, y + height) for x, y, width, height in boxes]
        sheet = shapely.box(0, 0, *directory.SIZE)
        for place, box in enumerate(corners):
            assert sheet.contains(box) and not box.intersects(land)
            assert not any(box.intersects(other) for other in corners[:place])
        for island in drawing.islands:
            x, y, width, _ = island["box"]
            # Above three lines of letters, the most that a label has.
            assert all(
                x + 10 < left < x + width - 10 and y + 10 < top < y + 82 for left, top in island["dots"]
            )
        assert [len(island["dots"]) for island in drawing.islands] == [6, 11]


def _rendered(raw, computed, book, vintage, **changes):
    """The Vietnamese list of all units; every one has the figures of Bình Phước, none of its own."""
    units, pattern = provinces.load(raw, vintage), book.facts("70", 2022)
    facts = {}
    for code, row in units.table.iterrows():
        region = {"name": row["region6"], "name_en": row["region6"]}
        named = {"gso_code": code, "name": row["name_vi"], "name_en": row["name_en"], "region6": region}
        kind = {"type": "city" if code in units.cities else "province"}
        facts[code] = {**pattern, "province": named | kind | changes.get(f"of_{code}", {})}
    year = {"63": 2022, "34": 2025}[vintage]
    here = site.Page("provinces", "vi", year, f"vi/{year}/provinces/index.html", "Các tỉnh <i>", "l")
    none = {"home": None, "years": [], "pages": [], "languages": []}
    return directory.render(here, facts, {}, directory.draw(raw, computed, vintage), raw, none)


def test_a_list_of_the_34_units_names_them(root, computed, book):
    page = _rendered(root / "data" / "raw", computed, book, "34")
    rows = _Table(page).rows
    assert len(rows) == len(_borders(page)[0]) == 34
    assert rows["82"][0]["text"] == "Đồng Tháp" and "34/34 tỉnh, thành phố" in page


def test_names_are_written_as_text_and_equal_facts_give_equal_pages(root, computed, book):
    name = {"name": '<b>A</b> & "B"'}
    page, again = (_rendered(root / "data" / "raw", computed, book, "63", of_70=name) for _ in range(2))
    assert page == again
    assert "<b>" not in page and "<i>" not in page
    # In the table, and as the name of its link on the map.
    assert page.count("&lt;b&gt;A&lt;/b&gt; &amp; &#34;B&#34;") == 2
    assert 'data-words="70|b a b b' in page


def test_the_page_stands_alone_and_has_its_links(lists):
    for language, page in lists.items():
        site.check(page)
        assert not re.search(r"https?://|@import|<script[^>]+src", page)
        # Without scripts there is no search and no button, and every row is shown.
        assert '<form class="find" role="search" hidden>' in page and "<button" not in page
        other = {"en": "vi", "vi": "en"}[language]
        assert f'href="../../../{other}/{YEAR}/provinces/index.html" lang="{other}"' in page


def test_before_the_data_stage_lists_stay_as_they_are(root, tmp_path):
    old = tmp_path / f"en/{YEAR}/provinces/index.html"
    old.parent.mkdir(parents=True)
    old.write_text("older")
    pages = site.with_indexes([_page("70", "en")])
    assert directory.write(tmp_path, pages, root / "data" / "raw", tmp_path, site.navigator(pages)) == []
    assert old.read_text() == "older"


# --- in a browser -------------------------------------------------------------------------------------------

ASKED = ["hà nội", "hanoi", "Ha Noi", "70", "TP. Hồ Chí Minh", "tphcm", "Tỉnh Bình Phước", "huế", "brvt",
         "thành phố", "Tây Nguyên", "southeast", "Đắk", "dac lak", "xyz", "an"]  # fmt: skip
ACTIONS = """
<script>
const field = document.querySelector("#find"), asked = ASKED, told = {};
const shown = () => [...document.querySelectorAll("#units tbody tr")].filter(row => !row.hidden);
for (const words of asked) {
  field.value = words; field.dispatchEvent(new Event("input"));
  told[words] = shown().map(row => row.dataset.code);
  told["map " + words] = [...document.querySelectorAll("svg a, svg g[data-code]")]
    .filter(shape => !shape.matches(".out")).length;
}
field.value = ""; field.dispatchEvent(new Event("input"));
const heads = document.querySelectorAll("#units thead th");
for (const [place, times] of [[0, 1], [0, 1], [1, 1], [4, 1], [4, 1], [5, 1]]) {
  heads[place].querySelector("button").click();
  const key = "sort " + place + " " + heads[place].getAttribute("aria-sort");
  told[key] = shown().map(row => row.cells[place].dataset.key ?? null);
  told[key + " heads"] = document.querySelectorAll("th[aria-sort]").length;
}
const marked = () => [...document.querySelectorAll(".marked")].map(one => one.dataset.code);
document.querySelector("svg [data-code='70']").dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
told["pointed 70"] = [document.querySelector(".pointed").innerText, marked()];
document.querySelector("#units tr[data-code='01'] a").focus();
told["pointed 01"] = [document.querySelector(".pointed").innerText, marked()];
document.body.innerHTML = "<pre id=told></pre>";
document.querySelector("#told").textContent = JSON.stringify(told);
</script>
"""


@pytest.fixture(scope="module")
def told(lists, tmp_path_factory):
    """What the page does when somebody types and clicks, as Chromium says."""
    if PROGRAM is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine")
    folder = tmp_path_factory.mktemp("browser")
    actions = ACTIONS.replace("ASKED", json.dumps(ASKED))
    (folder / "page.html").write_text(lists["vi"].replace("</body>", f"{actions}</body>"), encoding="utf-8")
    command = [
        PROGRAM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
    ]
    run = subprocess.run(
        [*command, "--dump-dom", (folder / "page.html").as_uri()], capture_output=True, text=True, timeout=60
    )
    return json.loads(html.unescape(re.search(r'<pre id="told">(.*?)</pre>', run.stdout, re.DOTALL)[1]))


def test_the_search_finds_names_with_and_without_diacritics_regions_and_codes(told, places):
    expected = {words: [places.find(words)] for words in ASKED[:9] if places.find(words)}
    assert len(expected) >= 6
    expected["70"] = ["70"]
    for words, codes in expected.items():
        assert told[words] == codes, words
    assert sorted(told["thành phố"]) == sorted(places.cities)
    for words, region in (("Tây Nguyên", "Tây Nguyên"), ("southeast", "Đông Nam Bộ")):
        assert set(told[words]) == set(places.table.index[places.table["region6"] == region])
    assert sorted(told["Đắk"]) == ["66", "67"] and told["dac lak"] == ["66"]
    assert told["xyz"] == [] and told["map xyz"] == 0
    # The beginnings of words alone: An Giang and Nghệ An, but not Quảng Ninh.
    assert {"89", "40"} <= set(told["an"]) and "22" not in told["an"]
    assert told["map Tây Nguyên"] == 5


def test_heads_sort_by_the_alphabet_by_rank_and_by_score_with_missing_figures_last(told):
    assert told["sort 0 descending"] == [str(place) for place in range(63, 0, -1)]
    assert told["sort 0 ascending"] == [str(place) for place in range(1, 64)]
    assert told["sort 1 ascending"] == sorted(told["sort 1 ascending"], key=int)
    for key, up in (("4 ascending", True), ("4 descending", False), ("5 descending", False)):
        keys = told[f"sort {key}"]
        known = [float(key) for key in keys if key is not None]
        assert len(keys) == 63 and keys[61:] == [None, None]
        assert known == sorted(known, reverse=not up)
        assert told[f"sort {key} heads"] == 1


def test_what_is_pointed_at_is_named_and_marked_on_the_map_and_in_the_table(told):
    named, marked = told["pointed 70"]
    assert named.split("\n") == ["Bình Phước", "Đông Nam Bộ", "PAPI: hạng 58/61", "SIPAS: hạng 62/63"]
    assert marked == ["70", "70"]
    named, marked = told["pointed 01"]
    # Hà Nội lies in the enlarged delta too.
    assert named.startswith("Hà Nội\nĐồng bằng sông Hồng") and marked == ["01"] * 3
