"""
Names and sources that hold markup, formulas and marks of direction: texts everywhere, never more.

All of it is synthetic, written into a copy of the raw tables: no province is called like this.
"""

import csv
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile

import browser
import openpyxl
import pagecheck
import pyogrio
import pytest

from helpers import indices, provinces

YEAR = 2022
# By code: the Vietnamese and the English name. 84 has a briefing, whose small map has no room for long names.
NAMES = {
    "70": ("Giả định </title><script>alert(1)</script>", "Made-up <img src=x onerror=alert(2)>"),
    "84": ('"><svg onload=x>', "' onfocus=x \"y"),
    "01": ('=HYPERLINK("http://made-up.example";"x")', '=HYPERLINK("http://made-up.example","x")'),
    "22": ("]]> --> {{7*7}} \\ &amp; 'x'", "{% raw %} $x$ <b>bold</b> *x* _y_ `z`"),
    "74": ("@SUM(1+1)*cmd", "+1+1"),
}
SOURCE = 'gia-dinh"><script>alert(6)</script>'
REFERENCE = "javascript:alert(7)//<script>"
PUBLISHER = '=1+1 <iframe src=javascript:alert(8)></iframe> & "x"'


def spoil(raw):
    """Write such names, and a source, into a copy of the raw tables; old names stay as other spellings."""
    path = raw / "provinces" / "provinces63.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["gso_code"] in NAMES:
            before = [row["name_vi"], row["name_en"], *filter(None, row["aliases"].split("|"))]
            row["name_vi"], row["name_en"] = NAMES[row["gso_code"]]
            row["aliases"] = "|".join(dict.fromkeys(before))
    _write(path, rows)
    for name in ("par/reported.csv", "sources.csv"):
        with open(raw / name, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if row["source"] == "travinh-2023":
                row["source"] = SOURCE
                if name == "sources.csv":
                    row["publisher"], row["reference"] = PUBLISHER, REFERENCE
        _write(raw / name, rows)
    targets = raw / "targets.toml"
    text = targets.read_text(encoding="utf-8").replace('"travinh-2023"', json.dumps(SOURCE))
    targets.write_text(text, encoding="utf-8")
    indices.accept(raw)


def _write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _make(root, *arguments):
    command = [sys.executable, "-m", "helpers.batch", "--root", str(root), "--year", str(YEAR), "--no-pdf"]
    run = subprocess.run([*command, *arguments], cwd=root, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def reports(root, tmp_path_factory):
    """Pages of a year in Vietnamese, one briefing and the pages without a notebook in both languages."""
    project = tmp_path_factory.mktemp("hostile")
    for part in ("data/raw", "notebooks"):
        shutil.copytree(root / part, project / part)
    for part in ("reports.toml", "requirements.lock", "pyproject.toml"):
        shutil.copy(root / part, project)
    spoil(project / "data" / "raw")
    declared = project / "reports.toml"
    text = declared.read_text(encoding="utf-8")
    head, *entries = text.split("\n[[page]]\n")
    # Pages of all years say nothing here that those of a year do not.
    entries = [entry for entry in entries if "{year}" in entry or 'stage = "data"' in entry]
    of_year = [entry for entry in entries if "{province}" not in entry]
    declared.write_text("\n[[page]]\n".join([head, *of_year]), encoding="utf-8")
    _make(project, "--language", "vi")
    declared.write_text("\n[[page]]\n".join([head, *entries]), encoding="utf-8")
    _make(project, "--province", "84")
    assert not list((project / "reports").glob("failed/*"))
    return project / "reports"


def _pages(reports):
    found = sorted(reports.rglob("*.html"))
    assert len(found) > 15
    return found


def _texts(element):
    """What a reader sees of an element, in one line; scripts and styles are none of it."""
    if not isinstance(element.tag, str) or element.tag in ("script", "style"):
        return ""
    return (element.text or "") + "".join(_texts(child) + (child.tail or "") for child in element)


def test_nothing_of_them_becomes_markup(reports):
    faults = []
    for path in _pages(reports):
        tree, broken = pagecheck.parsed(path)
        faults += [(path.name, fault) for fault in broken]
        for one in tree.iter():
            tag = one.tag.rpartition("}")[2] if isinstance(one.tag, str) else ""
            runs = tag == "script" and one.get("type") != "application/json" and "alert(" in (one.text or "")
            if runs or tag == "iframe" or (tag == "img" and not one.get("src", "").startswith("data:")):
                faults.append((path.name, tag, one.text))
            for name, value in one.attrib.items():
                if re.match("on|\\W", name) or value.strip().lower().startswith("javascript:"):
                    faults.append((path.name, tag, name, value))
    assert faults == []


@browser.needs_browser
def test_nothing_of_them_runs(reports, chromium):
    for path in _pages(reports):
        with browser.opened(chromium, path) as (page, seen):
            said = []
            page.on("dialog", lambda dialog, said=said: (said.append(dialog.message), dialog.dismiss()))
            page.reload()
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            for field in page.locator("input[type=search]:visible").all():
                field.fill("gia dinh")
            page.wait_for_timeout(50)
            assert (path.name, said, seen.faults()) == (path.name, [], [])


def test_they_stand_on_the_pages_as_they_are_written(reports):
    for language, of_list in (("vi", 0), ("en", 1)):
        shown = _texts(pagecheck.parsed(reports / language / str(YEAR) / "provinces" / "index.html")[0])
        for names in NAMES.values():
            assert names[of_list] in shown
        briefing = _texts(pagecheck.parsed(reports / language / str(YEAR) / "provinces" / "84.html")[0])
        assert NAMES["84"][of_list] in briefing and SOURCE in briefing
    for name in ("map", "correlate"):
        shown = _texts(pagecheck.parsed(reports / "vi" / str(YEAR) / f"{name}.html")[0])
        # Markdown makes one space of many, and nothing else.
        assert NAMES["84"][0] in shown and NAMES["01"][0] in shown, name


@browser.needs_browser
@pytest.mark.parametrize(("language", "own"), [("vi", 0), ("en", 1)])
def test_the_search_and_the_linked_page_show_them_as_text(reports, chromium, language, own):
    with browser.opened(chromium, reports / language / "explore.html") as (page, seen):
        for names in NAMES.values():
            assert page.get_by_text(names[own]).count() > 0, names[own]
        page.locator("header form.places input").fill("tra vinh")
        assert page.locator("header form.places ul a").all_text_contents() == [NAMES["84"][own]]
        assert seen.faults() == []


def test_drawings_hold_them_as_text(reports):
    drawings = sorted(reports.rglob("*.svg"))
    assert len(drawings) > 10
    assert {path.name: faults for path in drawings if (faults := pagecheck.drawing(path))} == {}
    texts = "".join("".join(ElementTree.parse(path).getroot().itertext()) for path in drawings)
    assert NAMES["84"][0] in texts


def test_no_cell_of_a_table_is_a_formula(reports):
    checked = set()
    for path in sorted(reports.rglob("*.csv")):
        with open(path, encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    assert not re.match(r"[=+@\t\r]|-(?![\d.])", cell), (path, cell)
                    checked |= {name for names in NAMES.values() for name in names if name in cell}
    assert NAMES["01"][0] in checked and NAMES["74"][0] in checked
    # A formula and a link have an element of their own; a library that reads all cells takes half a minute.
    books = sorted(reports.rglob("*.xlsx"))
    assert len(books) > 10
    for path in books:
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                assert not re.search(rb"<f[ >/]|<hyperlink|<script", book.read(name)), (path, name)
    sheet = openpyxl.load_workbook(reports / f"vi/{YEAR}/tables/map_papi.xlsx").worksheets[0]
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert cells[NAMES["01"][0]] == cells[NAMES["74"][0]] == "s"


def test_data_hold_them_unchanged(reports):
    folder = reports / "vi" / "data"
    told = json.loads((folder / f"provinces_{YEAR}.geojson").read_text(encoding="utf-8"))
    rows = {one["properties"]["gso_code"]: list(one["properties"].values()) for one in told["features"]}
    layer = pyogrio.read_dataframe(folder / "provinces.gpkg", layer=f"provinces_{YEAR}", read_geometry=False)
    for code, names in NAMES.items():
        assert set(names) <= set(rows[code])
        assert set(names) <= set(layer[layer["gso_code"] == code].iloc[0])
    facts = json.loads((reports / f"en/{YEAR}/provinces/84.json").read_text(encoding="utf-8"))
    assert (facts["province"]["name"], facts["province"]["name_en"]) == NAMES["84"]


def test_executed_notebooks_hold_no_markup_of_them(reports):
    """In HTML; Markdown is made to text where it is shown, on pages here and in JupyterLab there."""
    for path in sorted(reports.rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                said = "".join(output.get("data", {}).get("text/html", ""))
                assert not re.search(r"<script\b|<iframe|<svg onload|<img src=x", said), (
                    path.name,
                    cell["id"],
                )


@pytest.mark.parametrize("mark", ["\u202e", "\u2067", "\u200f", "\x1b"])
def test_names_with_marks_of_direction_are_refused(raw, mark):
    """They would turn the words around them; the error names file, row and mark."""
    path = raw / "provinces" / "provinces63.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Bình Phước", f"Bình {mark}Phước", 1), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"provinces63\.csv.*70.*U\+{ord(mark):04X}"):
        provinces.load(raw)
