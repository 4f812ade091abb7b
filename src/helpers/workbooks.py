"""Workbooks of spreadsheet programs: xlsx, xlsm, xlsb, ods, xls and Excel 2003 XML."""

import contextlib
import datetime
import io
import posixpath
import re
import struct
import zipfile
import zlib

import lxml.etree
import python_calamine

from helpers.cells import (
    AGAIN,
    MAX_MEMBERS,
    SAVE,
    UNPROTECTED,
    CellError,
    FileError,
    Marks,
    Sheet,
    grid,
    guarded,
    refuse_area,
)

# --- workbooks in a zip container


def _xml(data):
    """Parse XML without entities, network or document type."""
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return lxml.etree.fromstring(data, parser)


def _local(element):
    """Name of an element without its namespace (str; "" for comments)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _attribute(element, name):
    """Value of an attribute whatever its namespace, or None."""
    for key, value in element.items():
        if key.rpartition("}")[2] == name:
            return value
    return None


def _inflate(file, data, limit):
    """
    Unpack a zip file (dict of name to bytes), counting what really comes out: declared sizes may lie.

    The names are in lower case with forward slashes.
    """
    with guarded(file, "the zip container of the file is damaged"):
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    if len(members) > MAX_MEMBERS:
        raise FileError(file, f"it packs {len(members)} files, more than {MAX_MEMBERS}", SAVE)
    parts, total = {}, 0
    for member in members:
        if member.flag_bits & 1:
            raise FileError(file, "it is protected by a password", UNPROTECTED)
        with guarded(file, "the zip container of the file is damaged"):
            start = member.header_offset
            signature, name, extra = struct.unpack("<4s22xHH", data[start : start + 30])
            start += 30 + name + extra
            packed = data[start : start + member.compress_size]
            if signature != b"PK\x03\x04" or len(packed) != member.compress_size:
                raise ValueError(f"{member.filename} is cut off")
            if member.compress_type == zipfile.ZIP_STORED:
                content, ended = packed, True
            elif member.compress_type == zipfile.ZIP_DEFLATED:
                unpacker = zlib.decompressobj(-15)
                content = unpacker.decompress(packed, limit - total + 1)
                ended = unpacker.eof
            else:
                raise ValueError(f"{member.filename} is packed by a method of no workbook")
        total += len(content)
        if total > limit:
            problem = f"unpacked it is larger than {limit / 2**20:.3g} MB"
            raise FileError(file, problem, "save the sheets with the tables as a file of their own")
        if not ended or len(content) != member.file_size or zlib.crc32(content) != member.CRC:
            raise FileError(file, f"the file is damaged ({member.filename} is not whole)", AGAIN)
        parts[member.filename.replace("\\", "/").lower()] = content
    return parts


def read_zip(file, data, limit):
    """
    Read xlsx, xlsm, xlsb and ods; say what another zip file is.

    Parameters
    ----------
    file : str
        Name of the file.
    data : bytes
    limit : int
        The largest size in bytes of all that it packs.

    Returns
    -------
    (str, list of Sheet, dict of str to Marks)
        Kind as `Book` names it, sheets, and marks by name of the sheet.

    Raises
    ------
    FileError
        If it is protected, too large, not whole or no workbook.
    Exception
        Whatever calamine or lxml raise if it is damaged.
    """
    parts = _inflate(file, data, limit)
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values() if part[:5] == b"<?xml"):
        raise FileError(file, "its XML declares a document type, which no workbook does", AGAIN)
    mime = parts.get("mimetype", b"").strip()
    if mime.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        if b"encryption-data" in parts.get("meta-inf/manifest.xml", b""):
            raise FileError(file, "it is protected by a password", UNPROTECTED)
        return _read_ods(file, data, parts)
    if "xl/workbook.bin" in parts:
        return _read_xlsb(file, data, parts)
    if "xl/workbook.xml" in parts:
        return _read_xlsx(file, data, parts)
    what = "a zip archive"
    if mime.startswith(b"application/vnd.oasis.opendocument"):
        what = "an OpenDocument file that is no spreadsheet"
    for start, name in (
        ("word/", "a Word document"),
        ("ppt/", "a PowerPoint presentation"),
        ("index/", "a Numbers or Pages document"),
    ):
        if any(part.startswith(start) for part in parts):
            what = name
    expected = "unpack it and use the table inside" if what == "a zip archive" else SAVE
    raise FileError(file, f"this is {what}, not a workbook", expected)


def _worksheets(file, data, check):
    """Read the worksheets of a workbook with calamine; `check` gets each name before its cells are read."""
    try:
        book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
    except python_calamine.PasswordError as error:
        raise FileError(file, "it is protected by a password", UNPROTECTED) from error
    for number, about in enumerate(book.sheets_metadata):
        if about.typ is python_calamine.SheetTypeEnum.WorkSheet:
            check(about.name)
            sheet = book.get_sheet_by_index(number)
            rows = sheet.to_python(skip_empty_area=False)
            merged = [(*start, *end) for start, end in sheet.merged_cell_ranges or ()]
            yield about.name, rows, merged, about.visible is not python_calamine.SheetVisibleEnum.Visible


def _read_xlsx(file, data, parts):
    """Read an xlsx workbook; error values and marks come from its XML, since calamine gives none."""
    paths = _xlsx_paths(parts)
    percents = _percent_styles(parts.get("xl/styles.xml"))
    marks, errors = {}, {}

    def check(name):
        part = parts.get(paths.get(name, ""))
        if part is None:
            raise FileError(file, "the file is damaged (the sheet is missing)", AGAIN, name)
        marks[name], errors[name], last = _scan_xlsx(part, percents)
        refuse_area(file, name, *last)

    sheets = []
    for name, rows, merged, hidden in _worksheets(file, data, check):
        sheets.append(Sheet(name, _put(rows, errors[name]), merged, hidden))
    return "xlsx", sheets, marks


def _put(rows, cells):
    """Put cells (dict of (row, column) to value) into `rows`, which grow where needed."""
    for (row, column), value in cells.items():
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend([None] * (column + 1 - len(rows[row])))
        rows[row][column] = value
    return rows


def _xlsx_paths(parts):
    """Find the part of each sheet of an xlsx workbook (dict of sheet name to part name)."""
    targets = {}
    for relation in _xml(parts.get("xl/_rels/workbook.xml.rels", b"<none/>")):
        target = posixpath.join("/xl", (relation.get("Target") or "").replace("\\", "/"))
        targets[relation.get("Id")] = posixpath.normpath(target).lstrip("/").lower()
    return {
        sheet.get("name"): targets.get(_attribute(sheet, "id"), "")
        for sheet in _xml(parts["xl/workbook.xml"]).iter("{*}sheet")
    }


def _is_percent(code):
    """Tell whether a number format shows a percentage: a quoted or escaped sign is only text."""
    return "%" in re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", code or "")


def _percent_styles(data):
    """Find the cell styles (set of their numbers as str) of an xlsx workbook that are percentages."""
    if data is None:
        return set()
    styles = _xml(data)
    # Numbers 9 and 10 are 0% and 0.00% in every workbook (ECMA-376, part 1, 18.8.30).
    formats = {"9", "10"} | {
        format_.get("numFmtId")
        for format_ in styles.iter("{*}numFmt")
        if _is_percent(format_.get("formatCode"))
    }
    return {
        str(number)
        for number, style in enumerate(styles.iterfind("{*}cellXfs/{*}xf"))
        if style.get("numFmtId") in formats
    }


_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})", re.ASCII)


def _scan_xlsx(data, percents):
    """Look through the XML of a worksheet for its marks, its error values, and its last row and column."""
    marks, errors, last_row, last_column, row = Marks(), {}, -1, -1, -1
    columns = {}
    steps = lxml.etree.iterparse(
        io.BytesIO(data),
        tag="{*}row",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    for _, element in steps:
        row = int(element.get("r", row + 2)) - 1
        column = -1
        for cell in element:
            if _local(cell) != "c":
                continue
            column += 1
            if found := _REFERENCE.fullmatch(cell.get("r", "")):
                letters = found[1]
                if letters not in columns:
                    columns[letters] = _column(letters)
                row, column = int(found[2]) - 1, columns[letters]
            if cell.get("s") in percents:
                marks.percent.add((row, column))
            inside = {_local(child): child.text for child in cell}
            if not inside:
                continue
            last_row, last_column = max(last_row, row), max(last_column, column)
            kind = cell.get("t")
            # A stored text may be empty; a stored number may not.
            if "f" in inside and not inside.get("v") and kind != "str":
                marks.uncached.add((row, column))
            if kind == "e" and inside.get("v"):
                errors[row, column] = CellError(inside["v"])
        _forget(element)
    return marks, errors, (last_row, last_column)


def _forget(element):
    """Free an element that is done with, and the emptied ones before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _column(letters):
    """Number of a column (0-based) from its letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _read_xlsb(file, data, parts):
    """Read an xlsb workbook; calamine gives no marks for it, and reads an error value as blank."""
    reach = [
        _reach_xlsb(part) for name, part in parts.items() if re.fullmatch(r"xl/worksheets/\w+\.bin", name)
    ]

    def check(name):
        for last in reach:
            refuse_area(file, name, *last)

    return "xlsb", [Sheet(*found) for found in _worksheets(file, data, check)], {}


def _reach_xlsb(data):
    """Find the last row and column in the records of a binary worksheet (MS-XLSB, 2.1.4 and 2.2.1)."""
    place, row, last_row, last_column = 0, 0, 0, 0
    while place < len(data):
        kind = data[place]
        place += 1
        if kind & 0x80:
            kind, place = (kind & 0x7F) | (data[place] << 7), place + 1
        size = shift = 0
        while True:
            size |= (data[place] & 0x7F) << shift
            shift, place = shift + 7, place + 1
            if not data[place - 1] & 0x80 or shift == 28:
                break
        if kind == 0:
            (row,) = struct.unpack_from("<I", data, place)
        elif 2 <= kind <= 11:
            last_row = max(last_row, row)
            last_column = max(last_column, *struct.unpack_from("<I", data, place))
        place += size
    return last_row, last_column


def _read_ods(file, data, parts):
    """Read an ods workbook; merged ranges, errors and marks come from its XML, since calamine gives none."""
    found = _scan_ods(file, parts.get("content.xml", b""))
    sheets = []
    for name, rows, _, hidden in _worksheets(file, data, lambda name: None):
        _, errors, merged = found.get(name, (Marks(), {}, []))
        sheets.append(Sheet(name, _put(rows, errors), merged, hidden))
    return "ods", sheets, {name: marks for name, (marks, _, _) in found.items()}


def _scan_ods(file, data):
    """Look through the XML of an ods workbook: (marks, errors, merged) by sheet name."""
    found, name, row = {}, "", 0
    steps = lxml.etree.iterparse(
        io.BytesIO(data),
        events=("start", "end"),
        tag=("{*}table", "{*}table-row"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    for event, element in steps:
        if _local(element) == "table":
            if event == "start":
                name, row = _attribute(element, "name") or "", 0
                marks, errors, merged = found[name] = Marks(), {}, []
            continue
        if event == "start":
            continue
        rows, column = int(_attribute(element, "number-rows-repeated") or 1), 0
        for cell in element:
            if _local(cell) not in {"table-cell", "covered-table-cell"}:
                continue
            across = int(_attribute(cell, "number-columns-repeated") or 1)
            spans = [int(_attribute(cell, f"number-{what}-spanned") or 1) - 1 for what in ("rows", "columns")]
            if any(spans):
                merged.append((row, column, row + spans[0], column + spans[1]))
            kinds = {value for key, value in cell.items() if key.endswith("}value-type")}
            if kinds or cell.find("{*}p") is not None:
                refuse_area(file, name, row + rows - 1, column + across - 1)
            places = ((row + down, column + right) for down in range(rows) for right in range(across))
            if "error" in kinds:
                text = "".join(cell.itertext("{*}p")).strip()
                errors.update((place, CellError(text)) for place in places)
            elif "percentage" in kinds:
                marks.percent.update(places)
            column += across
        row += rows
        _forget(element)
    return found


# --- other workbooks


def read_ole2(file, data):
    """
    Read an xls workbook; say what another file in its container is.

    Parameters
    ----------
    file : str
        Name of the file.
    data : bytes

    Returns
    -------
    (str, list of Sheet, dict of str to Marks)
        Kind as `Book` names it, sheets, and marks by name of the sheet.

    Raises
    ------
    FileError
        If it is protected, or holds no workbook.
    Exception
        Whatever xlrd raises if it is damaged.
    """

    def holds(name):
        return name.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        raise FileError(file, "it is protected by a password", UNPROTECTED)
    if not (holds("Workbook") or holds("Book")):
        what = "a damaged workbook or another Microsoft Office file"
        for name, known in (("WordDocument", "a Word document"), ("PowerPoint Document", "a presentation")):
            what = f"{known}, not a workbook" if holds(name) else what
        raise FileError(file, f"this is {what}", SAVE)
    return read_xls(file, data)


def read_xls(file, data):
    """
    Read an xls workbook with xlrd: calamine reads it too, but gives neither error values nor formats.

    Parameters
    ----------
    file : str
        Name of the file.
    data : bytes

    Returns
    -------
    (str, list of Sheet, dict of str to Marks)
        Kind as `Book` names it, sheets, and marks by name of the sheet.

    Raises
    ------
    FileError
        If it is protected by a password.
    Exception
        Whatever xlrd raises if it is damaged.
    """
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise FileError(file, "it is protected by a password", UNPROTECTED) from error
        raise
    percents = {
        number
        for number, style in enumerate(book.xf_list)
        if _is_percent(book.format_map[style.format_key].format_str)
    }
    sheets, marks = [], {}
    for page in book.sheets():
        rows, here = [], Marks()
        for number in range(page.nrows):
            row = page.row(number)
            rows.append([_xls_value(xlrd, book, cell) for cell in row])
            here.percent.update(
                (number, column) for column, cell in enumerate(row) if cell.xf_index in percents
            )
        merged = [(top, left, end - 1, right - 1) for top, end, left, right in page.merged_cells]
        sheets.append(Sheet(page.name, rows, merged, bool(page.visibility)))
        marks[page.name] = here
    return "xls", sheets, marks


def _xls_value(xlrd, book, cell):
    """Give the value of a cell of xlrd in one of the types of `Sheet.rows`."""
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return CellError(xlrd.error_text_from_code.get(cell.value, "#ERROR!"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        # A number that no calendar holds stays a number, as Excel shows it.
        with contextlib.suppress(xlrd.xldate.XLDateError, ValueError, OverflowError):
            moment = xlrd.xldate_as_datetime(cell.value, book.datemode)
            if cell.value < 1:
                return moment.time()
            return moment.date() if moment.time() == datetime.time() else moment
    return cell.value


def read_excel_2003(file, data):
    """
    Read a workbook that Excel saved as "XML Spreadsheet 2003" (namespace urn:schemas-microsoft-com).

    Parameters
    ----------
    file : str
        Name of the file.
    data : bytes

    Returns
    -------
    (str, list of Sheet, dict of str to Marks)
        Kind as `Book` names it, sheets, and marks by name of the sheet.

    Raises
    ------
    FileError
        If it is other XML, or its cells reach too far.
    Exception
        Whatever its values or lxml raise if it is damaged.
    """
    root = _xml(data)
    if _local(root) != "Workbook":
        raise FileError(file, "this is XML of a kind that is not read", SAVE)
    percents = {
        _attribute(style, "ID")
        for style in root.iterfind("{*}Styles/{*}Style")
        for format_ in style.iterfind("{*}NumberFormat")
        if _attribute(format_, "Format") == "Percent" or _is_percent(_attribute(format_, "Format"))
    }
    sheets, marks = [], {}
    for page in root.iterfind("{*}Worksheet"):
        name, cells, merged, row = _attribute(page, "Name") or "", {}, [], -1
        marks[name] = Marks()
        for line in page.iterfind("{*}Table/{*}Row"):
            row, column = int(_attribute(line, "Index") or row + 2) - 1, -1
            for cell in line.iterfind("{*}Cell"):
                column = int(_attribute(cell, "Index") or column + 2) - 1
                down, across = (int(_attribute(cell, key) or 0) for key in ("MergeDown", "MergeAcross"))
                if down or across:
                    merged.append((row, column, row + down, column + across))
                if _attribute(cell, "StyleID") in percents:
                    marks[name].percent.add((row, column))
                if (content := cell.find("{*}Data")) is not None:
                    text = "".join(content.itertext())
                    cells[row, column] = _excel_2003_value(_attribute(content, "Type"), text)
                column += across
        hidden = any(text.startswith("SheetHidden") or text == "SheetVeryHidden" for text in page.itertext())
        sheets.append(Sheet(name, grid(file, name, cells), merged, hidden))
    return "xml", sheets, marks


def _excel_2003_value(kind, text):
    """Give a value of an Excel 2003 workbook in one of the types of `Sheet.rows`."""
    if kind == "Number":
        return float(text)
    if kind == "Boolean":
        return text.strip() == "1"
    if kind == "Error":
        return CellError(text.strip())
    if kind == "DateTime":
        moment = datetime.datetime.fromisoformat(text.strip())
        return moment.date() if moment.time() == datetime.time() else moment
    return text
