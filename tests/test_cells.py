"""What the readers of all formats share: places and names of cells, limits, errors. Figures are synthetic."""

import openpyxl
import pytest
import writers
from samples import refused, save

from helpers import cells
from helpers.cells import FileError, label
from helpers.formats import read


def test_cells_are_named_as_spreadsheets_do():
    assert [label(4, 2), label(0, 25), label(0, 26), label(9, 16383)] == ["C5", "Z1", "AA1", "XFD10"]
    assert cells.Sheet("", []).cell(4, 2) == "C5"


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "csv", "html"])
def test_a_cell_keeps_its_place(tmp_path, kind):
    rows = [[None] * 3, [None, None, "x", " "], [None] * 3, [None, "y\u00a0", None, None], [None, "\u00a0"]]
    (sheet,) = read(writers.write(tmp_path / "table", rows, kind)).sheets
    assert [(number, row[2]) for number, row in enumerate(sheet.rows) if row[2]] == [(1, "x")]
    assert sheet.rows[3][1].strip() == "y"
    assert len(sheet.rows) == 4 and {len(row) for row in sheet.rows} == {3}


def test_cells_far_away_and_too_many_rows(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "x", "y"
    book.save(tmp_path / "far.xlsx")
    error = refused(tmp_path / "far.xlsx", "XFD1048576")
    assert error.sheet == "Sheet"
    refused(save(tmp_path / "long.csv", "a;b\n" * 20_001), "20001 rows")
    refused(save(tmp_path / "wide.csv", ";".join("x" * 1001)), "1001 columns")
    blank = "a;b\n" * 3 + ";\n" * 30_000
    assert len(read(save(tmp_path / "blank.csv", blank)).sheets[0].rows) == 3


def test_an_error_names_file_sheet_and_cell():
    error = FileError("annex.xlsx", "no number", "write one", "Phụ lục", "C5")
    assert str(error) == "annex.xlsx, sheet 'Phụ lục', cell C5: no number; write one"
    assert str(FileError("a.csv", "no number")) == "a.csv: no number"
