"""Files of any usual format into sheets of cells, nothing interpreted: the first stage of reading a table."""

import json
import re
from pathlib import Path

from helpers import delimited, documents, markup, workbooks
from helpers.cells import LIMIT, SAVE, Book, FileError, Sheet, finished, guarded

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
    with guarded(file):
        kind, sheets, marks = _sheets(file, data, limit)
        sheets = [finished(file, sheet) for sheet in sheets]
    sheets = [sheet for sheet in sheets if sheet.rows]
    if not sheets:
        raise FileError(file, "it holds no table: every sheet is empty", "put the table into the file")
    return Book(path, kind, sheets, marks)


def _bytes(path, limit):
    """Read a file (bytes) if it is one of a sensible size."""
    with guarded(path.name, "the file cannot be opened", "check its name and permissions"):
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
            raise FileError(file, f"this is {what}, not a table", SAVE)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return workbooks.read_zip(file, data, limit)
    if data.startswith(_OLE2):
        return workbooks.read_ole2(file, data)
    if data.startswith(_BARE_BIFF):
        return workbooks.read_xls(file, data)
    if b"%PDF-" in data[:1024]:
        return "pdf", documents.read_pdf(file, data), {}
    if re.search(rb"(?im)^content-type:\s*multipart/related", data[:4096]):
        return "html", markup.read_web_archive(file, data), {}
    text = delimited.decode(file, data)
    start = text[:100_000].lstrip()
    if re.match("<[A-Za-z!?]", start):
        if "urn:schemas-microsoft-com:office:spreadsheet" in start and "<html" not in start[:2000].casefold():
            return workbooks.read_excel_2003(file, data)
        if re.search(r"<(?:table|html|body|!doctype\s+html)\b", text, re.IGNORECASE):
            return "html", markup.read_html(file, markup.decode_html(file, data)), {}
        raise FileError(file, "this is XML of a kind that is not read", SAVE)
    if start.startswith(("{", "[")) and _is_json(text):
        raise FileError(file, "this is a JSON file, not a table", SAVE)
    return "csv", [Sheet("", delimited.read_csv(file, text))], {}


def _is_json(text):
    """Tell whether a text is one whole JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
