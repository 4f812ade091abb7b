"""Text and the rows in it: csv, tsv and what else is parted by a delimiter."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter

from helpers.cells import SAVE, FileError

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ufdd0-\ufdef]")
_DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars"}
_NUMBER = re.compile(r"[+\-−]?\d{1,9}(?:[.,]\d+)?\s*%?")


def decode(file, data):
    """
    Decode text: by its byte order mark, else as UTF-16 if it has zero bytes, UTF-8 or Windows-1258.

    Parameters
    ----------
    file : str
        Name of the file.
    data : bytes

    Returns
    -------
    str

    Raises
    ------
    FileError
        If it is no text, or UTF-8 with a few damaged bytes.
    """
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
    raise FileError(file, "this is neither text nor a workbook nor a PDF", SAVE)


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


def read_csv(file, text):
    """
    Parse delimited text under the delimiter that makes its rows most regular.

    Parameters
    ----------
    file : str
        Name of the file.
    text : str

    Returns
    -------
    list of list of str
        The rows; a blank line is a blank row.

    Raises
    ------
    FileError
        If its quotes are broken, or decimal commas cannot be told from those between cells.
    """
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
            raise FileError(file, f"the delimited text is broken ({error})", SAVE) from error
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
