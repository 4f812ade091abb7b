"""Reading files into cells: every format, traps of real files, what is refused. Figures are synthetic."""

import datetime
import io
import math
import re
import struct
import warnings
import zipfile

import openpyxl
import pytest
import writers
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from helpers import cells
from helpers.cells import CellError, FileError, label, read

HEAD = [["STT", "Tỉnh", "Chỉ số\nthành phần", None], [None, None, "Điểm", "Hạng"]]
MERGED = [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3)]
TABLE = HEAD + [[float(i), f"Tỉnh giả định {i}", 50 + i / 4, f"{i}/63"] for i in range(1, 6)]
SHORT = [["Tỉnh", "Điểm"], ["Tỉnh giả định", 83.5], ["Tỉnh thứ hai", 80.25]]
EXCEL_2003 = """<?xml version="1.0" encoding="UTF-8"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="p"><NumberFormat ss:Format="0.0%"/></Style></Styles>
<Worksheet ss:Name="A"><Table><Row ss:Index="3">
<Cell ss:Index="2" ss:MergeAcross="1"><Data ss:Type="String">Điểm &amp; hạng</Data></Cell>
<Cell><Data ss:Type="Number">83.5</Data></Cell><Cell><Data ss:Type="Error">#N/A</Data></Cell></Row>
<Row><Cell ss:StyleID="p"><Data ss:Type="Number">0.5</Data></Cell>
<Cell><Data ss:Type="Boolean">1</Data></Cell>
<Cell><Data ss:Type="DateTime">2022-01-02T00:00:00.000</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def _texts(rows, comma=False):
    return [[writers.text_of(value, comma) or None for value in row] for row in rows]


def _save(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _refused(path, *words, **options):
    with pytest.raises(FileError) as caught:
        read(path, **options)
    error = caught.value
    assert error.file == path.name and error.problem and error.expected
    for word in words:
        assert word in str(error)
    return error


def _edited(path, part, change):
    """Change one part of a zip file."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


# --- every format


@pytest.mark.parametrize("kind", writers.KINDS)
def test_every_format_gives_the_same_cells(tmp_path, kind):
    options = {"head": 2} if kind == "pdf" else {}
    book = read(writers.write(tmp_path / "table", TABLE, kind, MERGED, sheet="Phụ lục", **options))
    (sheet,) = book.sheets
    assert book.kind == {"tsv": "csv"}.get(kind, kind)
    assert sheet.rows == (TABLE if kind in {"xlsx", "xls", "ods"} else _texts(TABLE))
    assert sheet.merged == ([] if kind in {"csv", "tsv"} else MERGED)
    names = {"html": "table 1", "pdf": "page 1, table 1", "csv": "", "tsv": ""}
    assert sheet.name == names.get(kind, "Phụ lục")
    assert not sheet.hidden


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


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_types_of_cells(tmp_path, kind):
    day, moment = datetime.date(2022, 1, 2), datetime.datetime(2022, 1, 2, 3, 4)
    rows = [[1, 2.5, True, "a\r\nb\rc", day, moment, datetime.time(3, 4), "  "]]
    if kind == "xlsx":
        writers.write(tmp_path / "t", rows, kind)
    else:
        book = xlwt.Workbook()
        page = book.add_sheet("A")
        formats = {day: "yyyy-mm-dd", moment: "yyyy-mm-dd hh:mm", rows[0][6]: "hh:mm"}
        for column, value in enumerate(rows[0]):
            page.write(0, column, value, xlwt.easyxf(num_format_str=formats.get(value, "General")))
        book.save(str(tmp_path / "t"))
    (row,) = read(tmp_path / "t").sheets[0].rows
    assert row == [1.0, 2.5, True, "a\nb\nc", day, moment, datetime.time(3, 4)]
    assert [type(value) for value in row[:3]] == [float, float, bool]


def test_hidden_sheets_are_said_and_empty_ones_left_out(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "shown"
    book.active["A1"] = "x"
    for name, state in (("hidden", "hidden"), ("very", "veryHidden"), ("empty", "visible")):
        book.create_sheet(name).sheet_state = state
    book["hidden"]["A1"] = book["very"]["A1"] = "y"
    chart = book.create_chartsheet("chart")
    chart.add_chart(openpyxl.chart.BarChart())
    book.save(tmp_path / "t.xlsx")
    found = [(sheet.name, sheet.hidden) for sheet in read(tmp_path / "t.xlsx").sheets]
    assert found == [("shown", False), ("hidden", True), ("very", True)]


def test_error_values_percentages_and_bare_formulas_of_xlsx(tmp_path):
    rows = [[0.85, 0.5, 0.25, 7], [None, "=1/0", '=""', "#N/A"], ["x", "=A1"]]
    path = writers.write(tmp_path / "t.xlsx", rows, "xlsx", sheet="A")
    book = openpyxl.load_workbook(path)
    for name, code in (("A1", "0.0%"), ("B1", '0.0" %"'), ("C1", "0%"), ("D1", "0\\%")):
        book["A"][name].number_format = code
    book.save(path)

    def stored(xml):
        xml = re.sub(rb"(<f>1/0</f>)<v ?(?:/>|></v>)", rb"\1<v>#DIV/0!</v>", xml)
        return xml.replace(b'<c r="B2"', b'<c r="B2" t="e"').replace(b'<c r="C2"', b'<c r="C2" t="str"')

    book = read(_edited(path, "xl/worksheets/sheet1.xml", stored))
    (sheet,) = book.sheets
    assert sheet.rows[1][1] == CellError("#DIV/0!")
    assert sheet.rows[1][3] in {"#N/A", CellError("#N/A")}
    assert book.marks("A").percent == {(0, 0), (0, 2)}
    assert book.marks("A").uncached == {(2, 1)}


def test_error_values_and_percentages_of_xls(tmp_path):
    book = xlwt.Workbook()
    page = book.add_sheet("A")
    page.row(1).set_cell_error(2, 0x2A)
    page.write(0, 0, 0.5, xlwt.easyxf(num_format_str="0%"))
    page.write(0, 1, "x")
    book.save(str(tmp_path / "t.xls"))
    book = read(tmp_path / "t.xls")
    assert book.sheets[0].rows[1][2] == CellError("#N/A")
    assert book.marks("A").percent == {(0, 0)} and not book.marks("A").uncached


def test_repeated_cells_errors_and_percentages_of_ods(tmp_path):
    path = writers.write(tmp_path / "t.ods", [["a", None], ["x", 0.5]], "ods", sheet="A")

    def change(xml):
        more = (
            b'<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
            b'<table:table-row><table:table-cell table:number-columns-repeated="2" office:value="0.25"'
            b' office:value-type="percentage"/><table:table-cell table:number-columns-repeated="16382"/>'
            b'</table:table-row><table:table-row><table:table-cell office:value-type="string"'
            b' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
            b' calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell></table:table-row>'
            b'<table:table-row table:number-rows-repeated="1048000"><table:table-cell'
            b' table:number-columns-repeated="16384"/></table:table-row></table:table>'
        )
        return xml.replace(b"</table:table>", more)

    book = read(_edited(path, "content.xml", change))
    assert book.sheets[0].rows[2:] == [[None, None], [None, None], [0.25, 0.25], [CellError("#DIV/0!"), None]]
    assert book.marks("A").percent == {(4, 0), (4, 1)}


def _record(kind, content=b""):
    head = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    return head + bytes([len(content)]) + content


def _wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


@pytest.mark.parametrize("far", [False, True])
def test_xlsb(tmp_path, far):
    book = [_record(131), _record(143), _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("A"))]
    rows = [_record(129), _record(148, bytes(16)), _record(145), _record(0, struct.pack("<I", 1) + bytes(13))]
    rows.append(_record(6, struct.pack("<II", 0, 0) + _wide("Bến Tre")))
    if far:
        rows.append(_record(0, struct.pack("<I", 1048575) + bytes(13)))
    rows.append(_record(5, struct.pack("<IId", 16383 if far else 1, 0, 83.5)))
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as packed:
        packed.writestr("xl/workbook.bin", b"".join([*book, _record(144), _record(132)]))
        packed.writestr("xl/worksheets/sheet1.bin", b"".join([*rows, _record(146), _record(130)]))
        packed.writestr(
            "xl/_rels/workbook.bin.rels",
            '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.bin"/></Relationships>',
        )
    if far:
        _refused(tmp_path / "t.xlsx", "sheet 'A'", "XFD1048576")
        return
    book = read(tmp_path / "t.xlsx")
    assert (book.kind, book.sheets[0].rows) == ("xlsb", [[None, None], ["Bến Tre", 83.5]])


def test_excel_2003_xml(tmp_path):
    book = read(_save(tmp_path / "t.xls", EXCEL_2003))
    (sheet,) = book.sheets
    assert book.kind == "xml"
    assert sheet.rows[2] == [None, "Điểm & hạng", None, 83.5, CellError("#N/A")]
    assert sheet.rows[3][:3] == [0.5, True, datetime.date(2022, 1, 2)]
    assert sheet.merged == [(2, 1, 2, 2)]
    assert book.marks("A").percent == {(3, 0)}


# --- text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path, encoding, delimiter):
    path = writers.write(
        tmp_path / "t.xls", TABLE, "csv", encoding=encoding, delimiter=delimiter, comma=delimiter != ","
    )
    assert read(path).sheets[0].rows == _texts(TABLE, comma=delimiter != ",")


def test_windows_1258(tmp_path):
    # The code page writes a tone as a sign of its own after the letter.
    text = "Ti\u0309nh;\u0110iê\u0309m\nBê\u0301n Tre;83,5\n"
    assert read(_save(tmp_path / "t.csv", text.encode("cp1258"))).sheets[0].rows == [
        ["Tỉnh", "Điểm"],
        ["Bến Tre", "83,5"],
    ]


def test_utf8_with_a_bad_byte_is_not_taken_for_another_encoding(tmp_path):
    text = "Tỉnh;Điểm\nThừa Thiên Huế;83,5\n".encode() + b"\xe1;1\n"
    assert "line 3 is not UTF-8" in _refused(_save(tmp_path / "t.csv", text)).problem


def test_blank_lines_titles_and_quoted_breaks_of_csv(tmp_path):
    text = 'Bảng số liệu giả định, năm 2022;;\n\n"Tỉnh\nthành phố";Điểm;Hạng\n"A; B";"83,0";1\nC;80,5;2\n'
    rows = read(_save(tmp_path / "t.csv", text)).sheets[0].rows
    assert rows[1] == [None] * 3
    assert rows[2:] == [["Tỉnh\nthành phố", "Điểm", "Hạng"], ["A; B", "83,0", "1"], ["C", "80,5", "2"]]


def test_a_cell_may_begin_with_an_angle_bracket(tmp_path):
    rows = [["<18 tuổi", "Điểm"], ["a", "83,5"]]
    assert read(writers.write(tmp_path / "t.csv", rows, "csv", delimiter=";")).sheets[0].rows == rows


def test_the_line_by_which_excel_is_told_the_delimiter(tmp_path):
    assert read(_save(tmp_path / "t.csv", "sep=|\na|b;c;d\ne|f;g;h\n")).sheets[0].rows[1] == ["e", "f;g;h"]


def test_bare_decimal_commas_are_refused(tmp_path):
    path = _save(tmp_path / "t.csv", "Tỉnh,PAR,SIPAS\nA,83,85\nB,83,00,85,15\n")
    _refused(path, "row 3 has 5 cells where the head has 3", "decimal commas", "semicolons")
    fine = "Bảng 1,của năm 2022\nSTT,Mã,Tỉnh,2021,2022\n1,01,A,83.5,84\n2,02,B,83,84\n"
    assert len(read(_save(path, fine)).sheets[0].rows) == 4


@pytest.mark.parametrize("text", ['Tỉnh,Điểm\n"A,83\nB,84\n', 'Tỉnh,Điểm\n"A"x,83\n'])
def test_broken_quotes_are_refused(tmp_path, text):
    _refused(_save(tmp_path / "t.csv", text), "broken", "quote")


_CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL, st.floats(0, 100)), min_size=3), st.sampled_from(";\t|"))
def test_delimited_text_comes_back(tmp_path, rows, delimiter):
    rows = [["Tỉnh", "Chữ", "Điểm"], *(["x" + a.strip(delimiter), b, value] for a, b, value in rows)]
    path = writers.write(tmp_path / "t.csv", rows, "csv", delimiter=delimiter, comma=True)
    wanted = [[text if text and text.strip() else None for text in row] for row in _texts(rows, comma=True)]
    assert read(path).sheets[0].rows == wanted


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(min_size=1, max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"%PDF-1.4\n", b"<table>", b"\t\0"]),
)
def test_any_bytes_are_read_or_refused(tmp_path, data, start):
    path = _save(tmp_path / "t", start + data)
    try:
        assert read(path).sheets
    except FileError as error:
        assert error.problem and error.expected


# --- HTML


def test_html_named_xls_with_spans_breaks_and_hidden_parts(tmp_path):
    page = """<html xmlns:x="urn:schemas-microsoft-com:office:excel">
    <head><meta charset=utf-8><title>Công bố</title>
    </head><body><h2>Bảng <i>giả định</i></h2><table><tr><td><table><caption>Năm 2022</caption>
    <tr><th rowspan=2>Tỉnh<br>thành  phố<th colspan=2>Điểm<script>x</script></tr>
    <tr style="display: none"><td>không thấy</tr>
    <tr><td>PAR<td style="DISPLAY:none">ẩn<td><p>SI</p><p>PAS</p></tr>
    <tr><td>A&nbsp;B<td>83,5<span hidden>!</span><td>80</table></td></tr></table>
    <table><tr><td>hai<td>x</table><table></table></body></html>"""
    book = read(_save(tmp_path / "t.xls", page))
    first, second = book.sheets
    assert (book.kind, first.name, second.name) == ("html", "table 1", "table 2")
    assert first.rows == [
        ["Tỉnh\nthành phố", "Điểm", None],
        [None, "PAR", "SI\nPAS"],
        ["A B", "83,5", "80"],
    ]
    assert first.merged == [(0, 0, 1, 0), (0, 1, 0, 2)]
    assert first.above == ["Công bố", "Bảng giả định", "Năm 2022"]


def test_huge_spans_take_no_memory(tmp_path):
    page = "<table><tr><td colspan=100000 rowspan=0>x</tr><tr></tr></table>"
    page += "<table><tr><td rowspan=9999999>y<td>z</table>"
    first, second = read(_save(tmp_path / "t.html", page)).sheets
    assert (first.rows, second.rows) == ([["x"]], [["y", "z"]])
    wide = "<table><tr>" + "<td colspan=1000>x" * 3 + "</table>"
    _refused(_save(tmp_path / "t.html", wide), "row 1 has more than 1000 columns")


def test_declared_encoding_of_html(tmp_path):
    table = "<table><tr><td>Bê\u0301n<td>1</table>"
    page = "<meta http-equiv=Content-Type content='text/html; charset=windows-1258'>" + table
    assert read(_save(tmp_path / "t.html", page.encode("cp1258"))).sheets[0].rows == [["Bến", "1"]]
    false = "<meta charset=utf-16><table><tr><td>Bến Tre<td>1</table>"
    assert read(_save(tmp_path / "t.html", false)).sheets[0].rows == [["Bến Tre", "1"]]


def test_a_web_archive(tmp_path):
    archive = (
        'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html; '
        'charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n'
        "<table><tr><td>B=E1=BA=BFn<td>1=\n0</table>\n--b--\n"
    )
    assert read(_save(tmp_path / "t.xls", archive)).sheets[0].rows == [["Bến", "10"]]


# --- PDF


@pytest.mark.parametrize("repeat", [True, False])
def test_a_pdf_table_over_pages(tmp_path, repeat):
    rows = HEAD + [[i, f"Tỉnh giả định {i}", 50 + i / 4, i] for i in range(1, 10)]
    path = writers.write(
        tmp_path / "t",
        rows,
        "pdf",
        MERGED,
        comma=True,
        head=2,
        repeat=repeat,
        rows_per_page=5,
        above=["Phụ lục", "2022"],
    )
    first, second = read(path).sheets
    assert (first.name, second.name) == ("page 1, table 1", "page 2, table 1")
    assert first.above == ["Phụ lục", "2022"]
    assert first.rows[3] == ["2", "Tỉnh giả định 2", "50,5", "2"]
    assert first.merged == MERGED
    assert len(second.rows) == 4 + 2 * repeat


@pytest.mark.parametrize("ruled", [False, "open"])
def test_a_pdf_table_without_outer_or_any_lines(tmp_path, ruled):
    rows = [["STT", "Tỉnh", "Chỉ số", "Hạng"]] + [
        [i, f"Tỉnh giả định {i}", 50.5 + i, f"{i}/63"] for i in range(1, 7)
    ]
    path = writers.write(
        tmp_path / "t",
        rows,
        "pdf",
        comma=True,
        ruled=ruled,
        rows_per_page=5,
        above=["Phụ lục của quyết định giả định"],
    )
    first, second = read(path).sheets
    assert first.rows == _texts(rows, comma=True)[:6]
    assert second.rows == _texts([rows[0], rows[6]], comma=True)
    assert first.above == ["Phụ lục của quyết định giả định"]


def test_prose_in_a_pdf_is_no_table(tmp_path):
    line = "Điều 1. Công bố kết quả giả định năm 2022 của 63 tỉnh, thành phố như sau"
    _refused(
        writers.write(tmp_path / "t.pdf", [[line]] * 9, "pdf", ruled=False, head=0), "no table was found"
    )


def test_a_scan_is_said_to_be_one(tmp_path):
    figure = Figure()
    figure.add_subplot().imshow([[0, 1], [1, 0]])
    figure.axes[0].axis("off")
    figure.savefig(tmp_path / "t.pdf", format="pdf")
    _refused(tmp_path / "t.pdf", "scan")


def test_a_protected_pdf_is_said_to_be_one(tmp_path):
    lock = "<</Filter/Standard/V 1/R 2/P -4/O<" + "00" * 32 + ">/U<" + "00" * 32 + ">>>"
    text = (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        f"trailer<</Root 1 0 R/ID[<00><00>]/Encrypt {lock}>>\nstartxref\n0\n%%EOF\n"
    )
    _refused(_save(tmp_path / "t.pdf", text), "password")


# --- what is refused


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty (0 bytes)"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"PAR1rest", "Parquet"),
        (b'{"a": [1, 2]}', "JSON"),
        (b"<?xml version='1.0'?><gpx/>", "XML"),
        (b"<html><p>none</html>", "no table"),
        (b"a,b\x07\n1,2\n", "neither text"),
        (bytes(range(256)), "neither text"),
        (cells._OLE2 + "EncryptedPackage".encode("utf-16-le"), "password"),
        (cells._OLE2 + "WordDocument".encode("utf-16-le"), "Word"),
        (cells._OLE2 + "Workbook".encode("utf-16-le"), "damaged"),
        (b"%PDF-1.4\nrest", "damaged"),
        (b" \n , \n", "no table"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path, content, word):
    _refused(_save(tmp_path / "t.xlsx", content), word)


@pytest.mark.parametrize(
    ("name", "word"),
    [("word/document.xml", "Word"), ("ppt/a.xml", "PowerPoint"), ("data.csv", "zip archive")],
)
def test_zip_files_that_are_no_workbook(tmp_path, name, word):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as packed:
        packed.writestr(name, "x")
    _refused(tmp_path / "t.zip", word)


def test_missing_files_folders_and_large_files(tmp_path):
    _refused(tmp_path / "none.xlsx", "no such file")
    _refused(tmp_path, "folder")
    _refused(tmp_path / ("x" * 300), "cannot be opened")
    _refused(_save(tmp_path / "t.csv", "a;b\n" * 100), "larger than", limit=300)


def test_zip_bombs_are_refused_whatever_they_declare(tmp_path):
    path = writers.write(tmp_path / "t.xlsx", SHORT, "xlsx")
    _edited(path, "xl/styles.xml", lambda xml: xml + b" " * 300_000)
    _refused(path, "unpacked it is larger", limit=200_000)
    data = path.read_bytes()
    size = next(
        member.file_size for member in zipfile.ZipFile(path).infolist() if member.filename == "xl/styles.xml"
    ).to_bytes(4, "little")
    _refused(
        _save(path, data.replace(size, (99).to_bytes(4, "little"))), "unpacked it is larger", limit=200_000
    )
    _refused(path, "damaged (xl/styles.xml is not whole)")
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(cells.MAX_MEMBERS + 1):
            packed.writestr(f"xl/{number}", b"")
    _refused(path, "packs 5001 files")


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_entities_do_nothing(tmp_path, kind):
    (tmp_path / "secret").write_text("secret")
    path = writers.write(tmp_path / f"t.{kind}", SHORT, kind)
    part = {"xlsx": "xl/worksheets/sheet1.xml", "ods": "content.xml"}[kind]
    declared = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'.encode()
    )

    def change(xml):
        start = xml.index(b"<", xml.index(b"?>")) if xml.startswith(b"<?xml") else 0
        return declared + xml[start:].replace(b"83.5", b"&e;")

    _refused(_edited(path, part, change), "document type")


def test_entities_of_excel_2003_and_html_do_nothing(tmp_path):
    secret = _save(tmp_path / "secret", b"secret")
    declared = f'<!DOCTYPE Workbook [<!ENTITY e SYSTEM "{secret.as_uri()}">]><Workbook'
    text = EXCEL_2003.replace("<Workbook", declared, 1).replace("Điểm &amp; hạng", "x&e;")
    assert "secret" not in str(read(_save(tmp_path / "t.xml", text)).sheets)
    page = declared.replace("<Workbook", "<html>") + "<table><tr><td>x&e;<td>1</table>"
    assert "secret" not in str(read(_save(tmp_path / "t.html", page)).sheets)


def test_cells_far_away_and_too_many_rows(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "x", "y"
    book.save(tmp_path / "far.xlsx")
    error = _refused(tmp_path / "far.xlsx", "XFD1048576")
    assert error.sheet == "Sheet"
    _refused(_save(tmp_path / "long.csv", "a;b\n" * 20_001), "20001 rows")
    _refused(_save(tmp_path / "wide.csv", ";".join("x" * 1001)), "1001 columns")
    blank = "a;b\n" * 3 + ";\n" * 30_000
    assert len(read(_save(tmp_path / "blank.csv", blank)).sheets[0].rows) == 3


def test_formatted_blank_cells_far_away_do_not_count(tmp_path):
    book = openpyxl.Workbook()
    book.active["B2"] = "x"
    book.active["XFD1048576"].number_format = "0%"
    book.save(tmp_path / "t.xlsx")
    assert read(tmp_path / "t.xlsx").sheets[0].rows == [[None, None], [None, "x"]]


def test_a_workbook_without_any_cell(tmp_path):
    for kind in ("xlsx", "xls", "ods"):
        _refused(writers.write(tmp_path / f"t.{kind}", [[" ", None]], kind), "every sheet is empty")


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "pdf"])
def test_damaged_files_are_refused_without_warnings(tmp_path, kind, capfd):
    whole = writers.write(tmp_path / "t", SHORT, kind).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for share in (0.02, 0.3, 0.6, 0.9):
            _refused(_save(tmp_path / "t", whole[: int(len(whole) * share)]))
        for place in range(0, len(whole), math.ceil(len(whole) / 40)):
            changed = bytearray(whole)
            changed[place : place + 8] = b"\xff" * len(changed[place : place + 8])
            try:
                read(_save(tmp_path / "t", bytes(changed)))
            except FileError as error:
                assert error.expected
    assert capfd.readouterr() == ("", "")


def test_an_error_names_file_sheet_and_cell():
    error = FileError("annex.xlsx", "no number", "write one", "Phụ lục", "C5")
    assert str(error) == "annex.xlsx, sheet 'Phụ lục', cell C5: no number; write one"
    assert str(FileError("a.csv", "no number")) == "a.csv: no number"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("PAR 2022.xlsx", True),
        ("table", True),
        ("a.xls.bak", True),
        ("~$PAR 2022.xlsx", False),
        (".hidden.csv", False),
        (".gitkeep", False),
        ("table.csv.toml", False),
        ("README.md", False),
        ("LICENSE", False),
        ("licence.txt", False),
    ],
)
def test_which_files_are_looked_at(name, wanted):
    assert cells.is_table_name(name) is wanted


def test_an_archive_member_of_a_workbook_may_be_stored_unpacked(tmp_path):
    path = writers.write(tmp_path / "t.xlsx", SHORT, "xlsx")
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(stream, "w") as stored:
        for name in packed.namelist():
            stored.writestr(name, packed.read(name))
    assert read(_save(path, stream.getvalue())).sheets[0].rows == SHORT
