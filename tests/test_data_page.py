"""The page of downloads: it names what is on disk and nothing else; what data say is text."""

import re
import sqlite3

import browser
import html5lib
import pandas as pd
import pytest

from helpers import data_page, downloads, site

HOSTILE = '=<script>alert("1")</script>&\u202e'


@pytest.fixture
def made(root, tmp_path):
    """Reports of two years with few synthetic tables, and what writes the page of a language."""
    frame = pd.DataFrame({"gso_code": ["01", "02"], "score": [1.5, None]})
    for language in ("en", "vi"):
        downloads.write(frame, tmp_path / language / "2022" / "tables", "map_papi", language)
        downloads.write(frame, tmp_path / language / "tables", "panel", language)
        data = tmp_path / language / "data"
        data.mkdir()
        (data / "columns.csv").write_text(
            f'table,column,meaning\nindices,"{HOSTILE[:2]}",x\n', encoding="utf-8"
        )
        (data / "provinces_2022.geojson").write_text(
            '{"features": [\n{"type": "Feature"},\n{"type": "Feature"}\n]}\n', encoding="utf-8"
        )
        with sqlite3.connect(data / "provinces.gpkg") as package:
            package.execute("create table gpkg_contents (table_name text)")

    def write(language):
        plan = [
            site.Page("map", language, year, f"{language}/{year}/map.html", "t", "l", "n.ipynb")
            for year in (2021, 2022)
        ]
        pages = site.with_indexes(plan)
        here = next(page for page in pages if page.name == "downloads")
        links = site.navigator(pages)(here)
        return data_page.write(tmp_path, here, root / "data" / "raw", tmp_path, links, pages)

    return tmp_path, write


def _links(path):
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
        path.read_text(encoding="utf-8")
    )
    return [link for link in tree.findall(".//main//a") if link.get("href")]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_all_that_is_there_is_listed_and_nothing_else(made, language):
    folder, write = made
    path = write(language)
    assert path == folder / language / "data" / "index.html"
    linked = {(path.parent / link.get("href")).resolve() for link in _links(path)}
    below = folder / language
    there = {p.resolve() for p in below.rglob("*") if p.suffix in (".csv", ".xlsx", ".geojson", ".gpkg")}
    assert linked == there
    for gone in sorted((below / "2022" / "tables").iterdir()):
        gone.unlink()
    assert not any("2022/tables" in link.get("href") for link in _links(write(language)))


def test_rows_and_sizes_are_told(made):
    folder, write = made
    page = write("vi").read_text(encoding="utf-8")
    row = re.search(r"provinces_<wbr>2022\.geojson.*?</tr>", page, re.DOTALL)[0]
    assert re.findall(r'<td class="number">(.*?)</td>', row) == ["2", "1 kB"]
    assert [
        data_page.size(n, language) for n, language in ((1, "en"), (12_345, "en"), (2_061_000, "vi"))
    ] == [
        "1 kB",
        "12 kB",
        "2,1 MB",
    ]
    several = folder / "t.csv"
    several.write_text('a,b\n"x\ny",1\n\u2028z,2\n', encoding="utf-8")
    assert data_page._count(several) == 2


def test_what_data_say_is_text(made):
    folder, write = made
    frame = pd.DataFrame({HOSTILE: [1]})
    downloads.write(frame, folder / "en" / "2022" / "tables", "somebody_s", "en")
    page = write("en").read_text(encoding="utf-8")
    assert "alert(&quot;1&quot;)" in page and '<script>alert("1")' not in page


def test_without_any_file_the_page_says_so(root, tmp_path):
    pages = site.with_indexes([site.Page("map", "vi", 2022, "vi/2022/map.html", "t", "l", "n.ipynb")])
    here = next(page for page in pages if page.name == "downloads")
    links = site.navigator(pages)(here)
    path = data_page.write(tmp_path, here, root / "data" / "raw", tmp_path, links, pages)
    assert _links(path) == [] and "hiện nay chưa có" in path.read_text(encoding="utf-8")


@browser.needs_browser
def test_it_fits_a_phone_and_asks_for_nothing(made, chromium):
    _, write = made
    for width in browser.WIDTHS:
        with browser.opened(chromium, write("vi"), width) as (page, seen):
            page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert seen.faults() == []
