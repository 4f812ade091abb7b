"""Reading csv and tsv: encodings, delimiters, what is refused. Figures are synthetic."""

import pytest
import writers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import TABLE, refused, save, texts

from helpers.formats import read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path, encoding, delimiter):
    path = writers.write(
        tmp_path / "t.xls", TABLE, "csv", encoding=encoding, delimiter=delimiter, comma=delimiter != ","
    )
    assert read(path).sheets[0].rows == texts(TABLE, comma=delimiter != ",")


def test_windows_1258(tmp_path):
    # The code page writes a tone as a sign of its own after the letter.
    text = "Ti\u0309nh;\u0110iê\u0309m\nBê\u0301n Tre;83,5\n"
    assert read(save(tmp_path / "t.csv", text.encode("cp1258"))).sheets[0].rows == [
        ["Tỉnh", "Điểm"],
        ["Bến Tre", "83,5"],
    ]


def test_utf8_with_a_bad_byte_is_not_taken_for_another_encoding(tmp_path):
    text = "Tỉnh;Điểm\nThừa Thiên Huế;83,5\n".encode() + b"\xe1;1\n"
    assert "line 3 is not UTF-8" in refused(save(tmp_path / "t.csv", text)).problem


def test_blank_lines_titles_and_quoted_breaks_of_csv(tmp_path):
    text = 'Bảng số liệu giả định, năm 2022;;\n\n"Tỉnh\nthành phố";Điểm;Hạng\n"A; B";"83,0";1\nC;80,5;2\n'
    rows = read(save(tmp_path / "t.csv", text)).sheets[0].rows
    assert rows[1] == [None] * 3
    assert rows[2:] == [["Tỉnh\nthành phố", "Điểm", "Hạng"], ["A; B", "83,0", "1"], ["C", "80,5", "2"]]


def test_a_cell_may_begin_with_an_angle_bracket(tmp_path):
    rows = [["<18 tuổi", "Điểm"], ["a", "83,5"]]
    assert read(writers.write(tmp_path / "t.csv", rows, "csv", delimiter=";")).sheets[0].rows == rows


def test_the_line_by_which_excel_is_told_the_delimiter(tmp_path):
    assert read(save(tmp_path / "t.csv", "sep=|\na|b;c;d\ne|f;g;h\n")).sheets[0].rows[1] == ["e", "f;g;h"]


def test_bare_decimal_commas_are_refused(tmp_path):
    path = save(tmp_path / "t.csv", "Tỉnh,PAR,SIPAS\nA,83,85\nB,83,00,85,15\n")
    refused(path, "row 3 has 5 cells where the head has 3", "decimal commas", "semicolons")
    fine = "Bảng 1,của năm 2022\nSTT,Mã,Tỉnh,2021,2022\n1,01,A,83.5,84\n2,02,B,83,84\n"
    assert len(read(save(path, fine)).sheets[0].rows) == 4


@pytest.mark.parametrize("text", ['Tỉnh,Điểm\n"A,83\nB,84\n', 'Tỉnh,Điểm\n"A"x,83\n'])
def test_broken_quotes_are_refused(tmp_path, text):
    refused(save(tmp_path / "t.csv", text), "broken", "quote")


_CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL, st.floats(0, 100)), min_size=3), st.sampled_from(";\t|"))
def test_delimited_text_comes_back(tmp_path, rows, delimiter):
    rows = [["Tỉnh", "Chữ", "Điểm"], *(["x" + a.strip(delimiter), b, value] for a, b, value in rows)]
    path = writers.write(tmp_path / "t.csv", rows, "csv", delimiter=delimiter, comma=True)
    wanted = [[text if text and text.strip() else None for text in row] for row in texts(rows, comma=True)]
    assert read(path).sheets[0].rows == wanted
