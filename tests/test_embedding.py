"""Files beside pages: links that fit, notebooks with their pictures outside, cells and what they made."""

import html
import io
import json
import re
from base64 import b64decode

import html5lib
import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from nbformat import v4
from PIL import Image

from helpers import embedding, publishing, site

mpl.use("agg")
HERE = "en/2022/map.html"
TABLE = (
    '<p class="downloads">Scores &lt;b&gt; of PAPI: '
    '<a data-file="reports/en/2022/tables/a%20b.csv" href="x" download>CSV</a> · '
    '<a data-file="reports/en/2022/tables/a%20b.xlsx" href="x" download>XLSX</a></p>'
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, in which the tests stand."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "reports.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def published(project):
    """A picture with a hostile title, published in that project."""
    figure = plt.figure(figsize=(2, 3))
    figure.text(0.1, 0.5, "Huế")
    folder = project / "reports" / "en" / "2022" / "figures"
    return publishing.publish(figure, folder, "map_par", 'A "map" <b>', "Below", 'T "1" <script> & more')


def notebook(*outputs):
    """A notebook with hidden cells, and a cell for each output of HTML."""
    cells = [v4.new_markdown_cell("# A", id="head"), v4.new_code_cell("year = 1", id="parameters")]
    cells[1].metadata["tags"] = ["parameters"]
    for number, shown in enumerate(outputs):
        output = v4.new_output("display_data", {"text/html": shown, "text/plain": "x"})
        cells.append(v4.new_code_cell("1", id=f"cell-{number}", outputs=[output]))
    return v4.new_notebook(cells=cells)


def tags(markup, name):
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
        f"<!DOCTYPE html><title>x</title>{markup}"
    )
    return list(tree.iter(name))


def test_links_start_at_the_folder_of_the_page(published):
    page = embedding.on_page(published._repr_html_() + TABLE, "reports", HERE)
    assert "data-file" not in page and "data-title" not in page
    first, second = tags(page, "a")
    assert first.get("href") == "tables/a%2520b.csv" and second.get("href") == "tables/a%2520b.xlsx"
    assert "download" in first.attrib
    (picture,) = tags(page, "img")
    assert picture.get("src").startswith("data:image/svg+xml,") and picture.get("alt") == 'A "map" <b>'
    elsewhere = embedding.on_page(TABLE, "reports", "vi/data/index.html")
    assert tags(elsewhere, "a")[0].get("href") == "../../en/2022/tables/a%2520b.csv"


def test_reports_may_lie_elsewhere(project, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    link = f'<a data-file="{other}/en/2022/t.csv" href="x">CSV</a>'
    assert tags(embedding.on_page(link, other, HERE), "a")[0].attrib == {"href": "t.csv"}


@pytest.mark.parametrize("file", ["data/processed/indices.csv", "reports/../secret.csv", "/etc/hostname"])
def test_pages_do_not_lead_out_of_their_folder(project, file):
    with pytest.raises(site.PageError, match=re.escape(f"leads to {file}, which is outside")):
        embedding.on_page(f'<a data-file="{file}" href="x">x</a>', "reports", HERE)


@settings(max_examples=100, deadline=None)
@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
def test_any_name_of_a_file_is_led_to(name):
    from urllib.parse import unquote, urlsplit

    name = f"x{name}"
    shown = f'<a data-file="{html.escape(f"/r/reports/en/2022/{name}")}" href="#">x</a>'
    found = re.fullmatch('<a href="([^"<>]*)">x</a>', embedding.on_page(shown, "/r/reports", HERE))
    parts = urlsplit(html.unescape(found[1]))
    assert not parts.scheme and not parts.netloc and unquote(parts.path) == name


def test_a_notebook_shows_the_files_beside_it(published):
    whole = notebook(published._repr_html_(), f"<details>{published._repr_html_()}</details>")
    before = json.dumps(whole)
    small = embedding.beside(whole, "reports", HERE)
    assert json.dumps(whole) == before, "a copy"
    shown = [cell.outputs[0].data["text/html"] for cell in small.cells[2:]]
    for markup in shown:
        (picture,) = tags(markup, "img")
        assert picture.get("src") == "figures/map_par.svg" and picture.get("alt") == 'A "map" <b>'
        assert picture.get("width") == "192" and set(picture.attrib) == {"src", "alt", "width", "height"}
    assert len(json.dumps(small)) < len(before)


def test_a_picture_without_its_file_stays_inside(published):
    published.svg.unlink()
    small = embedding.beside(notebook(published._repr_html_()), "reports", HERE)
    assert 'src="data:image/svg+xml' in small.cells[2].outputs[0].data["text/html"]
    assert "data-file" not in json.dumps(small)


def test_cells_are_told_by_what_they_made(published):
    run = notebook(
        "<p>nothing</p>",
        published._repr_html_() + TABLE,
        embedding.contact_sheet([(published, "f()")]).markup,
    )
    assert embedding.made_by(run) == [
        (2, "cell-1", "figure", "reports/en/2022/figures/map_par.svg", 'T "1" <script> & more'),
        (2, "cell-1", "table", "reports/en/2022/tables/a%20b.csv", "Scores <b> of PAPI"),
        (3, "cell-2", "figure", "reports/en/2022/figures/map_par.svg", 'T "1" <script> & more'),
    ]


def test_the_contact_sheet_is_small_and_leads_to_files(published):
    sheet = embedding.contact_sheet([(published, 'maps.score(atlas, "<b>")')]).markup
    page = embedding.on_page(sheet, "reports", "en/gallery.html")
    assert [(link.get("class"), link.get("href")) for link in tags(page, "a")] == [
        ("png", "2022/figures/map_par.png"),
        (None, "2022/figures/map_par.svg"),
    ]
    (picture,) = tags(page, "img")
    with Image.open(io.BytesIO(b64decode(picture.get("src").partition(",")[2]))) as inside:
        assert (inside.format, inside.size) == ("WEBP", (480, 720))
    assert "&lt;b&gt;" in page
    site.check(page)


def test_what_is_published_passes_the_check_of_pages(published):
    page = site.render(notebook(published._repr_html_()), "en", "T")
    body = embedding.on_page(page, "reports", HERE)
    html5lib.HTMLParser(strict=True).parse(body)
    assert "data-" not in re.sub(
        r"data-cell|data:image", "", body[body.index("<figure") : body.index("</figure>")]
    )
