"""Tables to take away: what the files hold, that nothing in them is code, that every column is explained."""

import io
import re
import time
import zipfile

import html5lib
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import (
    agreement,
    classes,
    correlation,
    dictionary,
    downloads,
    map_findings,
    measures,
    panel,
    rank_intervals,
    selection,
    sheets,
    spatial,
    wording,
)

FIXED = {
    "correlations": correlation.COLUMNS,
    "influence": correlation.INFLUENCE_COLUMNS,
    "selection": selection.COLUMNS,
    "spatial": spatial.COLUMNS,
    "clusters": spatial.CLUSTER_COLUMNS,
    "panel": panel.PANEL_COLUMNS,
    "agreement": agreement.COLUMNS,
    "agreement_years": agreement.YEAR_COLUMNS,
    "rank_intervals": rank_intervals.COLUMNS,
    "rank_intervals_runs": rank_intervals.RUN_COLUMNS,
}
# What OWASP lists under "CSV Injection", and what looks like it and is none.
FORMULAS = [
    "=1+1",
    "+A1",
    "-A1",
    "@SUM(A1)",
    "\t=1",
    "\n=1",
    '=HYPERLINK("http://x.y","z")',
    "=cmd|' /C calc'!A0",
]
HARMLESS = [
    "",
    "−5",
    "-5",
    "+5.25",
    "-1e-06",
    "Hà Nội",
    "a=b",
    "'=1",
    " =1",
    "<script>alert(1)</script>",
    "5-7",
]
HOSTILE = [
    *FORMULAS,
    *HARMLESS,
    "<r>x</r>",
    "<r><t>x</t></r>",
    "https://x.y",
    "mailto:a@b.vn",
    "_x0041_",
    "\u202eabc",
]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def _read(content, sheet=0, **options):
    book = openpyxl.load_workbook(io.BytesIO(content), **options)
    return book, book.worksheets[sheet]


def _unescaped(text):
    """What a text of a workbook says (ECMA-376, ST_Xstring); openpyxl leaves it as written."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), text)


# --- CSV ---------------------------------------------------------------------------------------------------


def test_a_real_table_is_written_as_before(indices_frame):
    table = indices_frame[indices_frame["year"] == 2022]
    assert downloads.as_csv(table) == table.to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_csv_has_an_apostrophe_before_it(text):
    read = pd.read_csv(io.StringIO(downloads.as_csv(pd.DataFrame({"a": [text], "b": ["x"]}))))
    assert read["a"].tolist() == [f"'{text}"]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_formula_stays(text):
    assert downloads.neutral(text) is text


def test_numbers_are_not_touched_and_heads_are():
    frame = pd.DataFrame({"=a": [-1.5, None], "b": pd.array([-1, None], dtype="Int64")})
    assert downloads.as_csv(frame) == "'=a,b\n-1.5,-1\n,\n"


@settings(max_examples=30, deadline=None)
@given(st.lists(texts, min_size=1, max_size=6))
def test_any_text_comes_back_from_csv(values):
    written = downloads.as_csv(pd.DataFrame({"a": values, "b": range(len(values))}))
    read = pd.read_csv(io.StringIO(written), dtype=str, keep_default_na=False)
    for value, found in zip(values, read["a"], strict=True):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        assert found in (value, f"'{value}")
        assert found[:1] not in ("=", "+", "-", "@", "\t", "\r") or re.fullmatch(
            r"[+-]?[\d.]+([eE][+-]?\d+)?", found
        )


# --- XLSX --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
def test_no_text_of_a_workbook_is_code(rows, monkeypatch):
    monkeypatch.setattr(sheets, "NAMED", 2)
    content = sheets.workbook({"=1+1": pd.DataFrame({text: [text] * rows for text in HOSTILE})})
    _, sheet = _read(content)
    for place, text in enumerate(HOSTILE, start=1):
        for row in {2, rows + 1}:
            cell = sheet.cell(row, place)
            assert cell.data_type == ("s" if text else "n") and cell.hyperlink is None
            assert _unescaped(cell.value or "") == text
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        inside = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in inside and "<hyperlink" not in inside and "<r>" not in inside


@settings(max_examples=25, deadline=None)
@given(st.lists(texts, min_size=1, max_size=6), texts.filter(bool))
def test_any_text_comes_back_from_a_workbook(values, head):
    _, sheet = _read(sheets.workbook({head: pd.DataFrame({head: values})}))
    assert _unescaped(sheet.cell(1, 1).value) == head
    for row, value in enumerate(values, start=2):
        cell = sheet.cell(row, 1)
        assert _unescaped(cell.value or "").replace("\r\n", "\n") == value.replace("\r\n", "\n")
        assert cell.data_type == ("s" if value else "n")


def test_cells_have_the_type_of_what_they_hold(tmp_path):
    frame = pd.DataFrame(
        {
            "gso_code": ["01", "02", None],
            "score": [43.905627, None, -7.0000000000000036],
            "rank": pd.array([12, None, 3], dtype="Int64"),
            "shown": [True, False, True],
            "mixed": [1, "a", float("inf")],
        }
    )
    path = downloads.write(frame, tmp_path, "map_papi", "vi")[1]
    book, sheet = _read(path.read_bytes())
    assert [cell.value for cell in sheet["A"]] == ["gso_code", "01", "02", None]
    assert [cell.value for cell in sheet["B"]] == ["score", 43.905627, None, -7.0000000000000036]
    assert [cell.value for cell in sheet["C"]] == ["rank", 12, None, 3]
    assert [cell.value for cell in sheet["D"]] == ["shown", True, False, True]
    assert [cell.value for cell in sheet["E"]] == ["mixed", 1, "a", "inf"]
    assert book.sheetnames == ["map_papi", "giải thích cột"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:E4")
    assert all(cell.font.b for cell in sheet[1]) and not sheet["A2"].font.b
    meanings = dict(book.worksheets[1].iter_rows(min_row=2, values_only=True))
    assert meanings["score"] == wording.text("columns.score", "vi") and list(meanings) == list(frame)


def test_other_readers_find_the_same_in_small_and_large_workbooks(monkeypatch):
    monkeypatch.setattr(sheets, "NAMED", 3)
    for rows in (3, 4):
        frame = pd.DataFrame({"a": ["x", None, "z"], "b": [None, 2.5, None], "c": [1, 2, 3]})
        frame = pd.concat([frame] * rows, ignore_index=True).iloc[:rows]
        content = io.BytesIO(sheets.workbook({"t": frame}))
        for engine in ("openpyxl", "calamine"):
            pd.testing.assert_frame_equal(pd.read_excel(content, engine=engine), frame, check_dtype=False)


def test_equal_tables_give_equal_bytes_on_any_day(monkeypatch, indices_frame):
    table = indices_frame.iloc[:40]
    first = sheets.workbook({"t": table})
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert sheets.workbook({"t": table}) == first
    book, _ = _read(first)
    assert book.properties.created == sheets.STAMP
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_excel_does_not_take_is_made_to_fit():
    long = pd.DataFrame({"a": ["x" * 40_000]})
    book, sheet = _read(sheets.workbook({"a/b:c" * 10: long, "A_b_c" * 10: long, "'": long, "": long}))
    assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in book.sheetnames)
    assert len({name.casefold() for name in book.sheetnames}) == 4
    assert len(sheet["A2"].value) == sheets.CELL and sheet["A2"].value.endswith("[…]")


def test_a_table_without_rows_or_columns_is_a_workbook():
    for frame in (pd.DataFrame(), pd.DataFrame({"a": []})):
        assert _read(sheets.workbook({"t": frame}))[1].max_row == 1


# --- the line on the page ----------------------------------------------------------------------------------


def test_the_line_links_to_both_files(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "reports.toml").touch()
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"score": [1.0]})
    block = downloads.table(frame, "reports/en/2022/tables", "map_papi", "en", title='<b>"A" & B</b>')
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(block._repr_html_())
    links = tree.findall(".//a")
    assert [link.get("data-file") for link in links] == [
        "reports/en/2022/tables/map_papi.csv",
        "reports/en/2022/tables/map_papi.xlsx",
    ]
    assert all((tmp_path / link.get("href")).is_file() and link.get("download") == "" for link in links)
    assert "".join(tree.itertext()) == '<b>"A" & B</b>: CSV map_papi.csv · XLSX map_papi.xlsx'
    several = downloads.tables({"spatial": frame, "clusters": frame}, "reports/vi/2022/tables", "vi")
    assert several.markup.count("<li>") == 2 and wording.text("columns.table_spatial", "vi") in several.markup


@pytest.mark.parametrize("name", ["", "../a", "a/b", "a b", "=a"])
def test_what_is_no_name_of_a_file_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="letters, digits"):
        downloads.write(pd.DataFrame(), tmp_path, name, "en")


def test_two_columns_of_one_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="two columns are called 'a'"):
        downloads.write(pd.DataFrame([[1, 2]], columns=["a", "a"]), tmp_path, "t", "en")


# --- the dictionary ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_column_of_the_tables_of_pages_is_explained(language):
    unknown = [(name, c) for name in FIXED for c in FIXED[name] if not dictionary.meaning(c, language, name)]
    assert unknown == []
    assert all(dictionary.title(name, language) != name for name in FIXED)


def test_every_column_of_the_tables_of_maps_is_explained(indices_frame, known, places, root):
    from helpers import provinces

    crosswalk = provinces.crosswalk(root / "data" / "raw")
    papi, par = known["papi"], known["par"]
    own = {
        "map_papi": measures.measure(indices_frame, papi, 2022, places.codes),
        "rank_par": measures.measure(indices_frame, par, 2022, places.codes, "rank"),
        "group_papi": measures.measure(indices_frame, papi, 2022, places.codes, "group"),
        "z_score_papi": measures.measure(indices_frame, papi, 2022, places.codes, "z_score"),
        "gap_par_papi": measures.standing_gap(indices_frame, par, papi, 2022, places.codes),
        "change_par": measures.measure(indices_frame, par, 2022, places.codes, "change"),
    }
    layers = own | {
        f"{name}_34": measures.merged(own[name], crosswalk) for name in ("map_papi", "gap_par_papi")
    }
    names = {code: code for code in [*places.codes, *crosswalk]}
    for name, layer in layers.items():
        columns = map_findings.tabulate(classes.classify(layer, "quantiles", 5), names).columns
        assert {"gso_code", "state"} <= set(columns)
        assert [column for column in columns if not dictionary.meaning(column, "vi", name)] == [], name
        assert dictionary.title(name, "en", known) != name


def test_the_document_for_developers_has_the_same_columns(root):
    """docs/tables.md names each column of the fixed tables, and none that is not explained."""
    text = (root / "docs" / "tables.md").read_text(encoding="utf-8")
    told = {}
    for part in re.split(r"^###? ", text, flags=re.MULTILINE)[1:]:
        name = re.match(r"`(\w+)\S*?\.csv`", part)
        rows = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
        columns = [column for row in rows for column in re.findall(r"`(\w+)`", row)]
        if columns and name:
            told[name[1]] = columns
    assert {name: set(told[name]) for name in FIXED} == {name: set(FIXED[name]) for name in FIXED}
    for name, columns in told.items():
        full = f"{name}papi" if name.endswith("_") else name
        assert [c for c in columns if not dictionary.meaning(c, "en", full)] == [], name


def test_titles_say_what_the_name_of_a_table_says(known):
    name = known["papi"].component_name("e_governance", "en")
    assert dictionary.title("map_papi_e_governance_34_slide", "en", known) == (
        f"PAPI, {name}: scores on the map (on the 34 units, for a slide)"
    )
    assert dictionary.title("pair_par_papi", "vi", known) == "PAR INDEX – PAPI: hai chỉ số trên một bản đồ"
    assert (
        dictionary.title("years_papi_z_score", "en", known) == "PAPI: maps of several years (standard scores)"
    )
    for unknown in ("map_nothing", "map_papi_nothing", "somebody_s_table", ""):
        assert dictionary.title(unknown, "en", known) == unknown
    assert dictionary.meaning("nothing", "en", "map_papi") == ""
    assert dictionary.meaning("2022", "en", "years_papi_rank").startswith("figure of this year")
