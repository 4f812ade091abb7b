"""Write small tables in every format that the project reads: for tests only, their figures are synthetic."""

import csv
import html
import io
import zipfile

import matplotlib
import openpyxl
import xlwt
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

KINDS = ("xlsx", "xls", "ods", "csv", "tsv", "html", "pdf")


def write(path, rows, kind, merged=(), sheet="Sheet1", encoding="utf-8", comma=False, **options):
    """
    Write a table.

    Parameters
    ----------
    path : pathlib.Path
    rows : list of list, or dict of str to list of list
        The cells (str, float, int, bool, dates, None for a blank one); a dict holds several sheets by name
        (workbooks), or several tables of an HTML page by caption. In xlsx a text with ``=`` in front is a
        formula (without a stored value).
    kind : str
        One of `KINDS`; the suffix of `path` does not matter.
    merged : iterable of (top, left, bottom, right)
        Merged ranges, 0-based and inclusive, of the first sheet. Without effect in csv and tsv.
    sheet : str
        The name of the sheet; the caption of an HTML table.
    encoding : str
        Of csv, tsv and html.
    comma : bool
        Whether csv, tsv, html and pdf write numbers with a decimal comma.
    **options
        For csv: ``delimiter``. For html: ``head`` (markup before the table). For pdf: see `_write_pdf`.

    Returns
    -------
    pathlib.Path
        The same `path`.
    """
    sheets = rows if isinstance(rows, dict) else {sheet: rows}
    if kind in {"csv", "tsv"}:
        options.setdefault("delimiter", "\t" if kind == "tsv" else ",")
        path.write_bytes(_csv(next(iter(sheets.values())), comma, **options).encode(encoding))
    elif kind == "html":
        path.write_bytes(_html(sheets, merged, encoding, comma, **options).encode(encoding))
    elif kind == "pdf":
        _write_pdf(path, next(iter(sheets.values())), merged, comma, **options)
    else:
        {"xlsx": _write_xlsx, "xls": _write_xls, "ods": _write_ods}[kind](path, sheets, merged, **options)
    return path


def text_of(value, comma=False):
    """Write a cell as text (str): whole numbers without decimals, the others as they are."""
    if value is None:
        return ""
    if isinstance(value, float):
        value = f"{value:.10g}"
        return value.replace(".", ",") if comma else value
    return str(value)


def _csv(rows, comma, delimiter):
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(
        [[text_of(value, comma) for value in row] for row in rows]
    )
    return stream.getvalue()


def _covered(merged):
    """List the cells that a merged range hides."""
    return {
        (row, column)
        for top, left, bottom, right in merged
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    } - {(top, left) for top, left, _, _ in merged}


def _html(sheets, merged, encoding, comma, head=""):
    parts = [f'<!DOCTYPE html>\n<html><head><meta charset="{encoding}"></head><body>{head}\n']
    for name, rows in sheets.items():
        hidden = _covered(merged)
        spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in merged}
        parts.append(f"<table><caption>{html.escape(name)}</caption>\n")
        for number, row in enumerate(rows):
            parts.append("<tr>")
            for column, value in enumerate(row):
                if (number, column) in hidden:
                    continue
                down, across = spans.get((number, column), (1, 1))
                text = html.escape(text_of(value, comma)).replace("\n", "<br>")
                parts.append(f'<td rowspan="{down}" colspan="{across}">{text}</td>')
            parts.append("</tr>\n")
        parts.append("</table>\n")
        merged = ()
    return "".join([*parts, "</body></html>\n"])


def _write_xlsx(path, sheets, merged):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                if value is not None:
                    page.cell(number, column, value)
        for top, left, bottom, right in merged:
            page.merge_cells(
                start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
            )
        merged = ()
    book.save(path)


def _write_xls(path, sheets, merged):
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in sheets.items():
        page = book.add_sheet(name)
        hidden = _covered(merged)
        spans = {(top, left): (bottom, right) for top, left, bottom, right in merged}
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if (number, column) in spans:
                    bottom, right = spans[number, column]
                    page.write_merge(number, bottom, column, right, value)
                elif value is not None and (number, column) not in hidden:
                    page.write(number, column, value)
        merged = ()
    book.save(str(path))


_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_ODF_NAMES = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def _write_ods(path, sheets, merged):
    tables = []
    for name, rows in sheets.items():
        hidden = _covered(merged)
        spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in merged}
        lines = []
        for number, row in enumerate(rows):
            written = (
                "<table:covered-table-cell/>"
                if (number, column) in hidden
                else _ods_cell(value, spans.get((number, column)))
                for column, value in enumerate(row)
            )
            lines.append(f"<table:table-row>{''.join(written)}</table:table-row>")
        tables.append(f'<table:table table:name="{html.escape(name)}">{"".join(lines)}</table:table>')
        merged = ()
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{_ODF_NAMES} office:version="1.2">'
        f"<office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest manifest:version="1.2" '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", _ODS)
        book.writestr("content.xml", content)
        book.writestr("META-INF/manifest.xml", manifest)


def _ods_cell(value, span):
    marks = f' table:number-rows-spanned="{span[0]}" table:number-columns-spanned="{span[1]}"' if span else ""
    if isinstance(value, bool):
        marks += f' office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, int | float):
        marks += f' office:value-type="float" office:value="{value!r}"'
    elif value is not None:
        marks += ' office:value-type="string"'
    lines = text_of(value).split("\n") if value is not None else ()
    written = "".join(f"<text:p>{html.escape(line)}</text:p>" for line in lines)
    return f"<table:table-cell{marks}>{written}</table:table-cell>"


def _write_pdf(
    path, rows, merged, comma, above=(), head=1, repeat=True, ruled=True, rows_per_page=40, size=8
):
    """
    Write a table over as many A4 pages as it needs.

    Parameters
    ----------
    path, rows, merged, comma
        As for `write`.
    above : iterable of str
        Lines of text above the table of the first page.
    head : int
        How many rows are the head.
    repeat : bool
        Whether the head stands on every page.
    ruled : bool or str
        Whether the cells have ruling lines around them; "open" leaves out those left and right of the table.
    rows_per_page : int
        Rows of a page, the head not counted. A merged range may not cross pages.
    size : float
        Font size in points.
    """
    numbers = list(range(head, len(rows)))
    pages = [numbers[start : start + rows_per_page] for start in range(0, len(numbers), rows_per_page)] or [
        []
    ]
    heads = [list(range(head)) if repeat or not page else [] for page in range(len(pages))]
    with matplotlib.rc_context({"pdf.fonttype": 42, "font.family": "DejaVu Sans"}), PdfPages(path) as book:
        for page, (top, below) in enumerate(zip(heads, pages, strict=True)):
            lines = above if not page else ()
            book.savefig(_pdf_page(rows, top + below, merged, comma, lines, ruled, size))


def _pdf_page(rows, shown, merged, comma, above, ruled, size):
    figure = Figure(figsize=(8.27, 11.69))
    FigureCanvasPdf(figure)
    width, height = figure.get_size_inches() * 72
    texts = [[text_of(value, comma).split("\n") for value in row] for row in rows]
    hidden = _covered(merged)
    spans = {(top, left): (bottom, right) for top, left, bottom, right in merged}

    def longest(column):
        return max(
            (
                len(line)
                for number, row in enumerate(texts)
                if (number, column) not in hidden and (number, column) not in spans
                for line in row[column]
            ),
            default=0,
        )

    lefts = [36]
    for column in range(max(map(len, rows))):
        lefts.append(lefts[-1] + 0.62 * size * max(longest(column), 2) + 8)
    y = height - 40

    def put(x, text):
        figure.text(x / width, y / height, text, size=size, va="top", parse_math=False)

    for line in above:
        put(36, line)
        y -= 2 * size
    tops = {}
    for number in shown:
        tops[number] = y
        y -= 1.5 * size * max(map(len, texts[number])) + 4
        tops[number + 1] = y

    rules = set()
    for number in shown:
        for column, lines in enumerate(texts[number]):
            if (number, column) in hidden:
                continue
            bottom, right = spans.get((number, column), (number, column))
            x0, x1, y0, y1 = lefts[column], lefts[right + 1], tops[number], tops[bottom + 1]
            if ruled:
                rules |= {((x0, x1), (y0, y0)), ((x0, x1), (y1, y1))}
                if ruled != "open" or column:
                    rules.add(((x0, x0), (y0, y1)))
                if ruled != "open" or right + 2 < len(lefts):
                    rules.add(((x1, x1), (y0, y1)))
            for order, line in enumerate(lines):
                y = y0 - 3 - 1.5 * size * order
                put(x0 + 3, line)
    for xs, ys in sorted(rules):
        line = Line2D([x / width for x in xs], [y / height for y in ys], color="black", linewidth=0.6)
        figure.add_artist(line)
    return figure
