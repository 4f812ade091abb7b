"""Tables of PDF documents."""

import io
import logging
import re

from helpers.cells import MAX_PAGES, SAVE, UNPROTECTED, FileError, Sheet


def read_pdf(file, data):
    """
    Read the tables of a PDF: those with ruling lines, and on a page without any those its words form.

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
        If it is protected, a scan, too long, or holds no table.
    Exception
        Whatever pdfplumber raises if it is damaged.
    """
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    # They warn about every harmless flaw of a file.
    for name in ("pdfminer", "pdfplumber"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        pdf = pdfplumber.open(io.BytesIO(data))
    except Exception as error:
        if any(isinstance(cause, PDFPasswordIncorrect) for cause in (error, *error.args)):
            raise FileError(file, "it is protected by a password", UNPROTECTED) from error
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
        raise FileError(file, "no table was found in it", SAVE)
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
