"""Tables of HTML pages and web archives."""

import codecs
import contextlib
import email
import email.policy
import re
import unicodedata

import lxml.html

from helpers.cells import MAX_COLUMNS, MAX_ROWS, SAVE, FileError, Sheet, grid
from helpers.delimited import decode

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


def decode_html(file, data, declared=""):
    """
    Decode an HTML page: by its byte order mark, what it declares, or else as other text.

    Parameters
    ----------
    file : str
        Name of the file.
    data : bytes
    declared : str
        The encoding that was declared outside the page; "" to look for it in the page.

    Returns
    -------
    str

    Raises
    ------
    FileError
        If it is no text, or UTF-8 with a few damaged bytes.
    """
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)):
        if not declared and (
            found := re.search(rb"(?i)<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", data[:8192])
        ):
            declared = found[1].decode("ascii", "replace")
        with contextlib.suppress(LookupError, UnicodeDecodeError):
            encoding = _HTML_ENCODINGS[codecs.lookup(declared).name]
            text = data.decode(encoding)
            return unicodedata.normalize("NFC", text) if encoding == "cp1258" else text
    return decode(file, data)


def read_web_archive(file, data):
    """
    Read a web page saved with its parts in one file (MHT), as Excel writes it too.

    Parameters
    ----------
    file : str
        Name of the file.
    data : bytes

    Returns
    -------
    list of Sheet

    Raises
    ------
    FileError
        If it holds no table, or one that is too large.
    """
    sheets = []
    for part in email.message_from_bytes(data, policy=email.policy.default).walk():
        if part.get_content_type() == "text/html":
            text = decode_html(file, part.get_payload(decode=True) or b"", part.get_content_charset() or "")
            sheets.extend(_html_tables(file, text, len(sheets)))
    return _some_table(file, sheets)


def read_html(file, text):
    """
    Read the tables of an HTML page.

    Parameters
    ----------
    file : str
        Name of the file.
    text : str

    Returns
    -------
    list of Sheet

    Raises
    ------
    FileError
        If it holds no table, or one that is too large.
    """
    return _some_table(file, _html_tables(file, text, 0))


def _some_table(file, sheets):
    """Refuse a page without tables."""
    if not any(value for sheet in sheets for row in sheet.rows for value in row):
        raise FileError(file, "no table was found in it", SAVE)
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
            sheets.append(Sheet(name, grid(file, name, cells), merged, above=list(dict.fromkeys(above))))
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
