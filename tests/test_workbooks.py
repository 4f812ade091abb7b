"""Reading workbooks: types, marks, error values, what is refused. Figures are synthetic."""

import datetime
import io
import re
import struct
import zipfile

import openpyxl
import pytest
import writers
import xlwt
from samples import SHORT, refused, save

from helpers import cells
from helpers.cells import CellError
from helpers.formats import read

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


def _edited(path, part, change):
    """Change one part of a zip file."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


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
        refused(tmp_path / "t.xlsx", "sheet 'A'", "XFD1048576")
        return
    book = read(tmp_path / "t.xlsx")
    assert (book.kind, book.sheets[0].rows) == ("xlsb", [[None, None], ["Bến Tre", 83.5]])


def test_excel_2003_xml(tmp_path):
    book = read(save(tmp_path / "t.xls", EXCEL_2003))
    (sheet,) = book.sheets
    assert book.kind == "xml"
    assert sheet.rows[2] == [None, "Điểm & hạng", None, 83.5, CellError("#N/A")]
    assert sheet.rows[3][:3] == [0.5, True, datetime.date(2022, 1, 2)]
    assert sheet.merged == [(2, 1, 2, 2)]
    assert book.marks("A").percent == {(3, 0)}


@pytest.mark.parametrize(
    ("name", "word"),
    [("word/document.xml", "Word"), ("ppt/a.xml", "PowerPoint"), ("data.csv", "zip archive")],
)
def test_zip_files_that_are_no_workbook(tmp_path, name, word):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as packed:
        packed.writestr(name, "x")
    refused(tmp_path / "t.zip", word)


def test_zip_bombs_are_refused_whatever_they_declare(tmp_path):
    path = writers.write(tmp_path / "t.xlsx", SHORT, "xlsx")
    _edited(path, "xl/styles.xml", lambda xml: xml + b" " * 300_000)
    refused(path, "unpacked it is larger", limit=200_000)
    data = path.read_bytes()
    size = next(
        member.file_size for member in zipfile.ZipFile(path).infolist() if member.filename == "xl/styles.xml"
    ).to_bytes(4, "little")
    refused(
        save(path, data.replace(size, (99).to_bytes(4, "little"))), "unpacked it is larger", limit=200_000
    )
    refused(path, "damaged (xl/styles.xml is not whole)")
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(cells.MAX_MEMBERS + 1):
            packed.writestr(f"xl/{number}", b"")
    refused(path, "packs 5001 files")


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

    refused(_edited(path, part, change), "document type")


def test_entities_of_excel_2003_and_html_do_nothing(tmp_path):
    secret = save(tmp_path / "secret", b"secret")
    declared = f'<!DOCTYPE Workbook [<!ENTITY e SYSTEM "{secret.as_uri()}">]><Workbook'
    text = EXCEL_2003.replace("<Workbook", declared, 1).replace("Điểm &amp; hạng", "x&e;")
    assert "secret" not in str(read(save(tmp_path / "t.xml", text)).sheets)
    page = declared.replace("<Workbook", "<html>") + "<table><tr><td>x&e;<td>1</table>"
    assert "secret" not in str(read(save(tmp_path / "t.html", page)).sheets)


def test_formatted_blank_cells_far_away_do_not_count(tmp_path):
    book = openpyxl.Workbook()
    book.active["B2"] = "x"
    book.active["XFD1048576"].number_format = "0%"
    book.save(tmp_path / "t.xlsx")
    assert read(tmp_path / "t.xlsx").sheets[0].rows == [[None, None], [None, "x"]]


def test_a_workbook_without_any_cell(tmp_path):
    for kind in ("xlsx", "xls", "ods"):
        refused(writers.write(tmp_path / f"t.{kind}", [[" ", None]], kind), "every sheet is empty")


def test_an_archive_member_of_a_workbook_may_be_stored_unpacked(tmp_path):
    path = writers.write(tmp_path / "t.xlsx", SHORT, "xlsx")
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(stream, "w") as stored:
        for name in packed.namelist():
            stored.writestr(name, packed.read(name))
    assert read(save(path, stream.getvalue())).sheets[0].rows == SHORT
