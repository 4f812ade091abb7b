"""Files of any usual format into sheets of cells, nothing interpreted: the first stage of reading a table."""

import codecs
import contextlib
import csv
import datetime
import email
import email.policy
import io
import json
import logging
import posixpath
import re
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import lxml.etree
import lxml.html
import python_calamine

LIMIT = 50 * 2**20
MAX_ROWS, MAX_COLUMNS, MAX_PAGES, MAX_MEMBERS = 20_000, 1_000, 200, 5_000
# Calamine holds the whole rectangle of a sheet, blank cells too: one cell far away would take gigabytes.
MAX_AREA = 10_000_000
_SAVE = "save the table as xlsx or csv"
_AGAIN = "get the file again, or open it in a spreadsheet program and " + _SAVE
_UNPROTECTED = "save it without a password"

_SIGNATURES = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"{\\rtf", "an RTF text document"),
)
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The first record of a workbook written by Excel 2 to 4, which has no container around it.
_BARE_BIFF = tuple(bytes((9, version)) + size for version in (0, 2, 4) for size in (b"\x04\x00", b"\x06\x00"))


class FileError(ValueError):
    """
    A file that cannot be read.

    Attributes
    ----------
    file : str
        Name of the file.
    sheet, cell : str
        Where in the file, or "".
    problem, expected : str
        What is wrong, and what to do.
    """

    def __init__(self, file, problem, expected="", sheet="", cell=""):
        self.file, self.sheet, self.cell = str(file), sheet, cell
        self.problem, self.expected = problem, expected
        place = [self.file, f"sheet {sheet!r}" if sheet else "", f"cell {cell}" if cell else ""]
        said = "; ".join(filter(None, (problem, expected)))
        super().__init__(f"{', '.join(filter(None, place))}: {said}")


@dataclass(frozen=True)
class CellError:
    """
    An error value that a spreadsheet program left in a cell.

    Attributes
    ----------
    text : str
        As the program shows it, for example ``#N/A`` or ``#DIV/0!``.
    """

    text: str


@dataclass(frozen=True)
class Marks:
    """
    What the cells of a sheet do not show by their values.

    Attributes
    ----------
    percent : set of (int, int)
        Row and column, 0-based, of the cells whose number format is a percentage: a stored 0.85
        is shown as 85 %.
    uncached : set of (int, int)
        The cells that hold a formula without a stored value: they read as blank.
    """

    percent: set = field(default_factory=set)
    uncached: set = field(default_factory=set)


@dataclass(frozen=True)
class Sheet:
    """
    The cells of one sheet, where they stand in it.

    Attributes
    ----------
    name : str
        Name in the workbook; "" for text; "table 2" for the second table of an HTML page; "page 3, table 1"
        in a PDF.
    rows : list of list
        Rows of equal length that begin at cell A1; blank rows and columns are left out at the end only. A
        cell is None (blank), str (line breaks are ``\\n``), float, bool, a date, time or duration, or
        `CellError`. Text formats give str only.
    merged : list of (int, int, int, int)
        Top, left, bottom, right of the merged ranges, 0-based and inclusive. Their value stands in the top
        left cell, the others are None.
    hidden : bool
        Whether the sheet is hidden in its workbook.
    above : list of str
        Lines of text before the table: of a PDF page since the table before; of an HTML page its title, the
        nearest heading and the caption. Empty for other formats.
    """

    name: str
    rows: list
    merged: list = field(default_factory=list)
    hidden: bool = False
    above: list = field(default_factory=list)

    def cell(self, row, column):
        """
        Name a cell as a spreadsheet program does.

        Parameters
        ----------
        row, column : int
            0-based.

        Returns
        -------
        str
            For example ``C5`` for row 4, column 2.
        """
        return label(row, column)


@dataclass(frozen=True)
class Book:
    """
    A file as sheets of cells.

    Attributes
    ----------
    path : pathlib.Path
    kind : str
        The format by the file's content, whatever its suffix: xlsx (also xlsm), xlsb, xls, ods, xml (Excel
        2003), csv (any delimited text), html (also a web archive), pdf.
    sheets : list of Sheet
        The sheets that hold anything.
    """

    path: Path
    kind: str
    sheets: list
    _marks: dict = field(default_factory=dict, repr=False)

    def marks(self, sheet_name):
        """
        Tell which cells are percentages and which formulas have no stored value.

        Parameters
        ----------
        sheet_name : str

        Returns
        -------
        Marks
            Both sets for xlsx; only `percent` for xls, ods and xml, whose files always store a formula's
            value; nothing for the other formats.
        """
        return self._marks.get(sheet_name, Marks())


def label(row, column):
    """
    Name a cell as a spreadsheet program does.

    Parameters
    ----------
    row, column : int
        0-based.

    Returns
    -------
    str
        For example ``C5`` for row 4, column 2.
    """
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def is_table_name(name):
    """
    Tell whether a file should be looked at as a table, by its name alone.

    Parameters
    ----------
    name : str or pathlib.Path
        Only the last part counts.

    Returns
    -------
    bool
        False for hidden files, lock files of an open workbook (``~$...``), ``*.toml``, ``*.md`` and licences.
    """
    path = Path(name)
    return not (
        path.name.startswith((".", "~$"))
        or path.suffix.casefold() in {".toml", ".md"}
        or path.stem.casefold() in {"license", "licence"}
    )


def read(path, limit=LIMIT):
    """
    Read a table file of any usual format.

    The format is told by the content: an HTML page or delimited text named ``.xls`` is read for what it is.

    Parameters
    ----------
    path : str or pathlib.Path
    limit : int
        The largest size in bytes, also of what a compressed file holds.

    Returns
    -------
    Book

    Raises
    ------
    FileError
        If the file is missing, too large, damaged, protected by a password, of another format, or without
        any table.
    """
    path = Path(path)
    file = path.name
    data = _bytes(path, limit)
    with _guarded(file):
        kind, sheets, marks = _sheets(file, data, limit)
        sheets = [_finished(file, sheet) for sheet in sheets]
    sheets = [sheet for sheet in sheets if sheet.rows]
    if not sheets:
        raise FileError(file, "it holds no table: every sheet is empty", "put the table into the file")
    return Book(path, kind, sheets, marks)


@contextlib.contextmanager
def _guarded(file, problem="the file is damaged", expected=_AGAIN):
    """Turn whatever a library raises on a bad file into a `FileError`."""
    try:
        yield
    except (FileError, ImportError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise  # none of these is a fault of the file
    except BaseException as error:  # calamine's panics are no Exception
        detail = next(iter(str(error).splitlines()), "").strip()[:160] or type(error).__name__
        raise FileError(file, f"{problem} ({detail})", expected) from error


def _bytes(path, limit):
    """Read a file (bytes) if it is one of a sensible size."""
    with _guarded(path.name, "the file cannot be opened", "check its name and permissions"):
        if path.is_dir():
            raise FileError(path.name, "this is a folder", "name a file in it")
        if not path.is_file():
            raise FileError(path.name, "there is no such file", "check its name and folder")
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    if not data:
        raise FileError(path.name, "the file is empty (0 bytes)", "get the file again")
    if len(data) > limit:
        problem = f"the file is larger than {limit / 2**20:.3g} MB"
        raise FileError(path.name, problem, "save the sheets with the tables as a file of their own")
    return data


def _sheets(file, data, limit):
    """Choose the reader by the content; give (kind, sheets, marks by sheet name)."""
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise FileError(file, f"this is {what}, not a table", _SAVE)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_zip(file, data, limit)
    if data.startswith(_OLE2):
        return _read_ole2(file, data)
    if data.startswith(_BARE_BIFF):
        return _read_xls(file, data)
    if b"%PDF-" in data[:1024]:
        return "pdf", _read_pdf(file, data), {}
    if re.search(rb"(?im)^content-type:\s*multipart/related", data[:4096]):
        return "html", _read_web_archive(file, data), {}
    text = _decode(file, data)
    start = text[:100_000].lstrip()
    if re.match("<[A-Za-z!?]", start):
        if "urn:schemas-microsoft-com:office:spreadsheet" in start and "<html" not in start[:2000].casefold():
            return _read_excel_2003(file, data)
        if re.search(r"<(?:table|html|body|!doctype\s+html)\b", text, re.IGNORECASE):
            return "html", _read_html(file, _decode_html(file, data)), {}
        raise FileError(file, "this is XML of a kind that is not read", _SAVE)
    if start.startswith(("{", "[")) and _is_json(text):
        raise FileError(file, "this is a JSON file, not a table", _SAVE)
    return "csv", [Sheet("", _read_csv(file, text))], {}


def _is_json(text):
    """Tell whether a text is one whole JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _clean(value):
    """Give a cell in one of the types that `Sheet.rows` promises."""
    if isinstance(value, str):
        # Excel writes a carriage return that was typed into a cell in this escaped form.
        value = value.replace("_x000D_", "\r").replace("\r\n", "\n").replace("\r", "\n")
        return value if value.strip() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _finished(file, sheet):
    """Clean the cells, blank what merged ranges cover, cut blank ends off, and refuse what is too large."""
    rows = [[_clean(value) for value in row] for row in sheet.rows]
    width = max(map(len, rows), default=0)
    clipped = {
        (top, left, min(bottom, len(rows) - 1), min(right, width - 1))
        for top, left, bottom, right in sheet.merged
    }
    for top, left, bottom, right in clipped:
        for number in range(top, bottom + 1):
            for column in range(left + (number == top), min(right + 1, len(rows[number]))):
                rows[number][column] = None
    ends = [
        max((column + 1 for column, value in enumerate(row) if value is not None), default=0) for row in rows
    ]
    height = max((number + 1 for number, end in enumerate(ends) if end), default=0)
    width = max(ends, default=0)
    if height > MAX_ROWS or width > MAX_COLUMNS:
        what, number, most = (
            ("rows", height, MAX_ROWS) if height > MAX_ROWS else ("columns", width, MAX_COLUMNS)
        )
        raise FileError(
            file, f"it has {number} {what}, more than {most}", "keep only the table in the sheet", sheet.name
        )
    rows = [row[:width] + [None] * (width - len(row)) for row in rows[:height]]
    merged = sorted(
        (top, left, min(bottom, height - 1), min(right, width - 1))
        for top, left, bottom, right in clipped
        if top < height and left < width
    )
    merged = [range_ for range_ in merged if range_[:2] != range_[2:]]
    return Sheet(sheet.name, rows, merged, sheet.hidden, sheet.above)


# --- text


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ufdd0-\ufdef]")
_DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars"}
_NUMBER = re.compile(r"[+\-−]?\d{1,9}(?:[.,]\d+)?\s*%?")


def _decode(file, data):
    """Decode text: by its byte order mark, else as UTF-16 if it has zero bytes, UTF-8 or Windows-1258."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in data:
        # ASCII signs, which every table has, are a zero byte and a letter in UTF-16.
        encodings = ["utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1258"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8-sig":
                _refuse_damaged_utf8(file, data, error)
            continue
        # Windows-1258 has no letter with two marks: it writes the tone as a sign of its own.
        text = unicodedata.normalize("NFC", text) if encoding == "cp1258" else text
        text = text.rstrip("\x1a")
        if not _CONTROL.search(text):
            return text
    raise FileError(file, "this is neither text nor a workbook nor a PDF", _SAVE)


def _refuse_damaged_utf8(file, data, error):
    """Refuse UTF-8 text with a few bytes that are not: in Windows-1258 all its letters would be wrong."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if 4 * broken < sum(not sign.isascii() for sign in text):
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(file, f"line {line} is not UTF-8 text, though the rest is", "get the file again")


def _rows_of(text, delimiter):
    """Parse delimited text (list of list of str); blank lines are blank rows."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def _read_csv(file, text):
    """Parse delimited text under the delimiter that makes its rows most regular."""
    if found := re.match(r"sep=(.)\r?\n", text, re.IGNORECASE):
        delimiters, text = [found[1]], text[found.end() :]
    else:
        delimiters = list(_DELIMITERS)
    best, broken = None, []
    for delimiter in delimiters:
        if delimiter not in text:
            continue
        try:
            rows = _rows_of(text, delimiter)
        except csv.Error as error:
            broken.append((text.count(delimiter), str(error)))
            continue
        counts = Counter(len(row) for row in rows if any(map(str.strip, row)))
        width, regular = counts.most_common(1)[0] if counts else (0, 0)
        if width < 2:
            continue
        filled = [cell for row in rows for cell in row if cell.strip()]
        numbers = sum(bool(_NUMBER.fullmatch(cell.strip())) for cell in filled) / len(filled)
        score = (regular / counts.total(), numbers, width)
        if best is None or score > best[0]:
            best = score, delimiter, rows
    if best is None:
        if broken:
            problem = f"the delimited text is broken ({max(broken)[1]})"
            raise FileError(file, problem, "close every quote, and double the quotes inside a quoted cell")
        try:
            return _rows_of(text, ",")
        except csv.Error as error:
            raise FileError(file, f"the delimited text is broken ({error})", _SAVE) from error
    _, delimiter, rows = best
    if delimiter == ",":
        _refuse_bare_decimal_commas(file, rows)
    return rows


def _refuse_bare_decimal_commas(file, rows):
    """Refuse comma-separated rows that decimal commas without quotes made longer than their head."""
    head = 0
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        halves = [bool(re.fullmatch(r"[+\-−]?\d{1,4}|\d{1,6}\s*%", cell)) for cell in cells]
        years = [bool(re.fullmatch(r"(?:19|20)\d\d", cell)) for cell in cells]
        if head > 1 and len(cells) > head:
            pairs, column = 0, 0
            while column + 1 < len(cells):
                pair = halves[column] and halves[column + 1]
                pairs += pair
                column += 1 + pair
            if pairs >= len(cells) - head:
                problem = (
                    f"row {number + 1} has {len(cells)} cells where the head has {head}: its decimal commas "
                    "cannot be told from the commas between cells"
                )
                raise FileError(file, problem, "save it with semicolons, or with the numbers in quotes")
        if not any(half and not year for half, year in zip(halves, years, strict=True)):
            head = max(head, len(cells))


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
    with _guarded(file, "the zip container of the file is damaged"):
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    if len(members) > MAX_MEMBERS:
        raise FileError(file, f"it packs {len(members)} files, more than {MAX_MEMBERS}", _SAVE)
    parts, total = {}, 0
    for member in members:
        if member.flag_bits & 1:
            raise FileError(file, "it is protected by a password", _UNPROTECTED)
        with _guarded(file, "the zip container of the file is damaged"):
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
            raise FileError(file, f"the file is damaged ({member.filename} is not whole)", _AGAIN)
        parts[member.filename.replace("\\", "/").lower()] = content
    return parts


def _read_zip(file, data, limit):
    """Read xlsx, xlsm, xlsb and ods; say what another zip file is."""
    parts = _inflate(file, data, limit)
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values() if part[:5] == b"<?xml"):
        raise FileError(file, "its XML declares a document type, which no workbook does", _AGAIN)
    mime = parts.get("mimetype", b"").strip()
    if mime.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        if b"encryption-data" in parts.get("meta-inf/manifest.xml", b""):
            raise FileError(file, "it is protected by a password", _UNPROTECTED)
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
    expected = "unpack it and use the table inside" if what == "a zip archive" else _SAVE
    raise FileError(file, f"this is {what}, not a workbook", expected)


def _worksheets(file, data, check):
    """Read the worksheets of a workbook with calamine; `check` gets each name before its cells are read."""
    try:
        book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
    except python_calamine.PasswordError as error:
        raise FileError(file, "it is protected by a password", _UNPROTECTED) from error
    for number, about in enumerate(book.sheets_metadata):
        if about.typ is python_calamine.SheetTypeEnum.WorkSheet:
            check(about.name)
            sheet = book.get_sheet_by_index(number)
            rows = sheet.to_python(skip_empty_area=False)
            merged = [(*start, *end) for start, end in sheet.merged_cell_ranges or ()]
            yield about.name, rows, merged, about.visible is not python_calamine.SheetVisibleEnum.Visible


def _refuse_area(file, sheet, row, column):
    """Refuse a sheet whose last row and column (0-based) span a rectangle that memory does not hold."""
    if (row + 1) * (column + 1) > MAX_AREA:
        problem = f"its cells reach to {label(row, column)}"
        raise FileError(file, problem, "delete what stands far outside the table", sheet)


def _read_xlsx(file, data, parts):
    """Read an xlsx workbook; error values and marks come from its XML, since calamine gives none."""
    paths = _xlsx_paths(parts)
    percents = _percent_styles(parts.get("xl/styles.xml"))
    marks, errors = {}, {}

    def check(name):
        part = parts.get(paths.get(name, ""))
        if part is None:
            raise FileError(file, "the file is damaged (the sheet is missing)", _AGAIN, name)
        marks[name], errors[name], last = _scan_xlsx(part, percents)
        _refuse_area(file, name, *last)

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
            _refuse_area(file, name, *last)

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
                _refuse_area(file, name, row + rows - 1, column + across - 1)
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


def _read_ole2(file, data):
    """Read an xls workbook; say what another file in its container is."""

    def holds(name):
        return name.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        raise FileError(file, "it is protected by a password", _UNPROTECTED)
    if not (holds("Workbook") or holds("Book")):
        what = "a damaged workbook or another Microsoft Office file"
        for name, known in (("WordDocument", "a Word document"), ("PowerPoint Document", "a presentation")):
            what = f"{known}, not a workbook" if holds(name) else what
        raise FileError(file, f"this is {what}", _SAVE)
    return _read_xls(file, data)


def _read_xls(file, data):
    """Read an xls workbook with xlrd: calamine reads it too, but gives neither error values nor formats."""
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise FileError(file, "it is protected by a password", _UNPROTECTED) from error
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


def _grid(file, sheet, cells):
    """Lay out cells (dict of (row, column) to value) as rows."""
    height, width = (max((place[axis] + 1 for place in cells), default=0) for axis in (0, 1))
    _refuse_area(file, sheet, height - 1, width - 1)
    rows = [[None] * width for _ in range(height)]
    for (row, column), value in cells.items():
        rows[row][column] = value
    return rows


def _read_excel_2003(file, data):
    """Read a workbook that Excel saved as "XML Spreadsheet 2003" (namespace urn:schemas-microsoft-com)."""
    root = _xml(data)
    if _local(root) != "Workbook":
        raise FileError(file, "this is XML of a kind that is not read", _SAVE)
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
        sheets.append(Sheet(name, _grid(file, name, cells), merged, hidden))
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


# --- pages


# What browsers read a declared Latin alphabet as (WHATWG encoding standard); Vietnamese pages need no other.
_HTML_ENCODINGS = {
    "utf-8": "utf-8",
    "cp1258": "cp1258",
    "cp1252": "cp1252",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}
_BLOCKS = {"p", "div", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


def _decode_html(file, data, declared=""):
    """Decode an HTML page: by its byte order mark, what it declares, or else as other text."""
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)):
        if not declared and (
            found := re.search(rb"(?i)<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", data[:8192])
        ):
            declared = found[1].decode("ascii", "replace")
        with contextlib.suppress(LookupError, UnicodeDecodeError):
            encoding = _HTML_ENCODINGS[codecs.lookup(declared).name]
            text = data.decode(encoding)
            return unicodedata.normalize("NFC", text) if encoding == "cp1258" else text
    return _decode(file, data)


def _read_web_archive(file, data):
    """Read a web page saved with its parts in one file (MHT), as Excel writes it too."""
    sheets = []
    for part in email.message_from_bytes(data, policy=email.policy.default).walk():
        if part.get_content_type() == "text/html":
            text = _decode_html(file, part.get_payload(decode=True) or b"", part.get_content_charset() or "")
            sheets.extend(_html_tables(file, text, len(sheets)))
    return _some_table(file, sheets)


def _read_html(file, text):
    """Read the tables of an HTML page."""
    return _some_table(file, _html_tables(file, text, 0))


def _some_table(file, sheets):
    """Refuse a page without tables."""
    if not any(value for sheet in sheets for row in sheet.rows for value in row):
        raise FileError(file, "no table was found in it", _SAVE)
    return sheets


def _html_tables(file, text, before):
    """Read the tables of an HTML text (list of Sheet); those around other tables only lay out the page."""
    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    title, heading, sheets = _html_text(root.find(".//title")), "", []
    for element in root.iter("table", *_HEADINGS):
        if element.tag in _HEADINGS:
            heading = _html_text(element) or heading
            continue
        lines = list(element.iter("tr"))
        if not lines or any(inner.find(".//tr") is not None for inner in element.iterdescendants("table")):
            continue
        name = f"table {before + len(sheets) + 1}"
        cells, merged = _html_cells(file, name, [line for line in lines if not _is_hidden(line)])
        if any(value.strip() for value in cells.values()):
            above = [text for text in (title, heading, _html_text(element.find("caption"))) if text]
            sheets.append(Sheet(name, _grid(file, name, cells), merged, above=list(dict.fromkeys(above))))
    return sheets


def _html_cells(file, name, lines):
    """Place the cells of an HTML table: (dict of (row, column) to text, merged ranges)."""
    if len(lines) > MAX_ROWS:
        problem = f"it has {len(lines)} rows, more than {MAX_ROWS}"
        raise FileError(file, problem, "keep only the table in the page", name)
    cells, merged, taken = {}, [], {}
    for row, line in enumerate(lines):
        column = 0
        for cell in line.iterchildren("td", "th"):
            if _is_hidden(cell):
                continue
            while taken.get(column, 0) > row:
                column += 1
            # Browsers bound a colspan by 1,000 as well (HTML standard, 4.9.11).
            across = min(_span(cell, "colspan") or 1, MAX_COLUMNS)
            down = min(_span(cell, "rowspan") or len(lines), len(lines) - row)
            if column + across > 2 * MAX_COLUMNS:
                problem = f"row {row + 1} has more than {MAX_COLUMNS} columns"
                raise FileError(file, problem, "keep only the table in the page", name)
            if text := _html_text(cell):
                cells[row, column] = text
            if down > 1:
                taken.update(dict.fromkeys(range(column, column + across), row + down))
            if down > 1 or across > 1:
                merged.append((row, column, row + down - 1, column + across - 1))
            column += across
    return cells, merged


def _span(cell, name):
    """Read a rowspan or colspan as browsers do: what is no number counts as 1."""
    found = re.match(r"\s*\+?(\d{1,9})", cell.get(name, "1"), re.ASCII)
    return int(found[1]) if found else 1


def _is_hidden(element):
    """Tell whether an HTML element is not shown."""
    style = element.get("style", "")
    return "hidden" in element.attrib or bool(re.search(r"display\s*:\s*none", style, re.IGNORECASE))


def _html_text(element):
    """Text of an HTML element as shown (str): white space as one space, breaks and blocks as line breaks."""
    if element is None:
        return ""
    pieces = []

    def collect(part):
        if part.tag in {"script", "style", "template"} or _is_hidden(part):
            return
        if part.tag == "br" or part.tag in _BLOCKS:
            pieces.append("\n")
        pieces.append(re.sub(r"\s+", " ", part.text or ""))
        for child in part:
            collect(child)
            pieces.append(re.sub(r"\s+", " ", child.tail or ""))
        if part.tag in _BLOCKS:
            pieces.append("\n")

    collect(element)
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _read_pdf(file, data):
    """Read the tables of a PDF: those with ruling lines, and on a page without any those its words form."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    # They warn about every harmless flaw of a file.
    for name in ("pdfminer", "pdfplumber"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        pdf = pdfplumber.open(io.BytesIO(data))
    except Exception as error:
        if any(isinstance(cause, PDFPasswordIncorrect) for cause in (error, *error.args)):
            raise FileError(file, "it is protected by a password", _UNPROTECTED) from error
        raise
    with pdf:
        if len(pdf.pages) > MAX_PAGES:
            problem = f"it has {len(pdf.pages)} pages, more than {MAX_PAGES}"
            raise FileError(file, problem, "save the pages with the table as a file of their own")
        sheets, letters, unknown, follows = [], 0, 0, False
        for page in pdf.pages:
            letters += len(page.chars)
            unknown += sum(letter["text"].startswith("(cid:") for letter in page.chars)
            found, follows = _pdf_tables(page, follows)
            sheets.extend(found)
            page.close()
    if not letters:
        raise FileError(file, "its pages are pictures (a scan), without text", "get the table as a workbook")
    if 2 * unknown > letters:
        problem = "its fonts do not say which letters they show"
        raise FileError(file, problem, "get the table as a workbook")
    if not sheets:
        raise FileError(file, "no table was found in it", _SAVE)
    return sheets


def _pdf_tables(page, follows):
    """Read the tables of a page: (list of Sheet, whether words alone formed it); `follows` is that before."""
    # Some programs print bold letters twice, a hair apart.
    number, page = page.page_number, page.dedupe_chars()
    words = page.extract_words()
    tables = [table for table in page.find_tables() if table.rows and len(table.rows[0].cells) > 1]
    if not tables or any(_is_open(table, tables, words) for table in tables):
        # The last page of a table may have a single row of it.
        found = _pdf_columns(words, 1 if follows else 3)
        if found is not None:
            above, rows = found
            return [Sheet(f"page {number}, table 1", rows, above=above)], True
    sheets, top = [], page.bbox[1]
    for table in sorted(tables, key=lambda table: (table.bbox[1], table.bbox[0])):
        rows = table.extract()
        if not any(text and text.strip() for row in rows for text in row):
            continue
        above = []
        if table.bbox[1] > top:
            between = page.crop((page.bbox[0], top, page.bbox[2], table.bbox[1]), strict=False)
            above = [line for line in between.extract_text().split("\n") if line.strip()]
        top = max(top, table.bbox[3])
        sheets.append(Sheet(f"page {number}, table {len(sheets) + 1}", rows, _pdf_merged(table), above=above))
    return sheets, False


def _is_open(table, tables, words):
    """Tell whether a ruled table lacks its outer lines: pdfplumber leaves out the columns beside them."""

    def inside(word, box):
        x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
        return box[0] <= x <= box[2] and box[1] <= y <= box[3]

    _, top, _, bottom = table.bbox
    strip = (float("-inf"), top, float("inf"), bottom)
    beside = [
        word
        for word in words
        if inside(word, strip) and not any(inside(word, other.bbox) for other in tables)
    ]
    return 2 * len({round(word["top"]) for word in beside}) >= len(table.rows)


def _pdf_columns(words, least):
    """
    Read a table without ruling lines from where its words stand.

    pdfplumber's own strategy for this aligns single words, and cuts through the others. Here words that stand
    close together are one piece; what the pieces of the lines with numbers leave free on the whole height
    parts the columns.

    Parameters
    ----------
    words : list of dict
        As pdfplumber gives them.
    least : int
        How many lines must have a number and another piece, so that they are taken for a table.

    Returns
    -------
    (list of str, list of list) or None
        The lines above the table, and one row for each of its lines. None if there is no table.
    """
    from pdfplumber.utils import cluster_objects

    lines = []
    for line in cluster_objects(words, lambda word: (word["top"] + word["bottom"]) / 2, 3):
        pieces = []
        for word in sorted(line, key=lambda word: word["x0"]):
            # A space is a quarter to a third of the font size wide.
            if pieces and word["x0"] - pieces[-1][1] < 0.75 * (word["bottom"] - word["top"]):
                pieces[-1] = (pieces[-1][0], word["x1"], f"{pieces[-1][2]} {word['text']}")
            else:
                pieces.append((word["x0"], word["x1"], word["text"]))
        lines.append(pieces)
    data = [
        number
        for number, pieces in enumerate(lines)
        if len(pieces) > 1 and any(re.fullmatch(r"[+\-−]?\d[\d.,/]*\s*%?", text) for _, _, text in pieces)
    ]
    if len(data) < least:
        return None
    columns = []
    for left, right, _ in sorted(piece for number in data for piece in lines[number]):
        if columns and left <= columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], right)
        else:
            columns.append([left, right])
    if len(columns) < 2:
        return None
    first = data[0]
    while first and len(lines[first - 1]) > 1:
        first -= 1
    rows = []
    for pieces in lines[first : data[-1] + 1]:
        row = [None] * len(columns)
        for left, right, text in pieces:
            shared = [min(right, end) - max(left, start) for start, end in columns]
            column = shared.index(max(shared))
            row[column] = text if row[column] is None else f"{row[column]} {text}"
        rows.append(row)
    return [" ".join(text for _, _, text in pieces) for pieces in lines[:first]], rows


def _pdf_merged(table):
    """Find the merged ranges of a PDF table: cells that reach over where other rows or columns begin."""
    lefts, tops = (sorted({cell[axis] for cell in table.cells}) for axis in (0, 1))
    merged = []
    for left, top, right, bottom in table.cells:
        # One point of tolerance: ruling lines of one border are drawn a hair apart.
        row, column = tops.index(top), lefts.index(left)
        last_row = max(number for number, start in enumerate(tops) if start < bottom - 1)
        last_column = max(number for number, start in enumerate(lefts) if start < right - 1)
        if (last_row, last_column) != (row, column):
            merged.append((row, column, last_row, last_column))
    return merged
