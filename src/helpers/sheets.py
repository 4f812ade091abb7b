"""Tables as Excel workbooks: typed cells, no text a formula, link or markup, equal bytes for equal tables."""

import datetime
import io
import re

# A workbook carries the date of its making; a fixed one makes equal contents equal bytes.
STAMP = datetime.datetime(2025, 7, 1)
# Most characters that Excel takes: in a cell, in the name of a sheet.
CELL, SHEET = 32_767, 31
# Rows up to which every cell names its place.
NAMED = 10_000
# Widths of columns, in characters; texts are wrapped where the widest is not enough for a dictionary.
_WIDEST, _WRAPPED, _LOOKED_AT = 48, 96, 200
# What XML cannot hold, and what a workbook takes for the code of such a character (ECMA-376, ST_Xstring).
_UNHEARD = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def workbook(sheets, wrapped=()):
    """
    Write tables as an Excel workbook.

    Parameters
    ----------
    sheets : dict of str to pandas.DataFrame
        By name, one at least. A name that Excel does not take is changed.
    wrapped : iterable of str
        Names of the sheets whose last column has long texts, which are broken into lines.

    Returns
    -------
    bytes
        Numbers are numbers, texts texts, truth values truth values, what is missing or "" empty cells; heads
        are bold, stay in sight and filter. Equal tables give equal bytes.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    # In memory: else it makes files of its own beside those of the page.
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": STAMP})
    formats = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    names = set()
    for name, frame in sheets.items():
        sheet = book.add_worksheet(_sheet_name(name, names), worksheet_class=_sheet_class())
        sheet.take(frame, *formats[: 2 if name in wrapped else 1])
    book.close()
    return buffer.getvalue()


def _sheet_name(name, names):
    """What Excel takes as the name of a sheet: short, without some characters, and not there before."""
    name = re.sub("[\\[\\]:*?/\\\\\x00-\x1f\ufffe\uffff]", "_", name)[:SHEET].strip("'") or "_"
    while name.casefold() in names:
        name = f"{name[: SHEET - 1]}_"
    names.add(name.casefold())
    return name


def _sheet_class():
    from xlsxwriter.utility import xl_col_to_name
    from xlsxwriter.worksheet import Worksheet

    class Sheet(Worksheet):
        """
        A sheet that writes its rows from a table at once.

        XlsxWriter asks of each cell what it is, twice, and writes a text of the shape ``<r>...</r>`` as the
        markup that it looks like; 400,000 cells take it four seconds, and this half of one.
        """

        def take(self, frame, bold, wrap=None):
            last = max(len(frame.columns) - 1, 0)
            columns = [(str(name), column.tolist(), column.isna().tolist()) for name, column in frame.items()]
            self.rows = _rows(
                columns,
                [xl_col_to_name(place) for place in range(len(columns))],
                bold._get_xf_index(),
                wrap._get_xf_index() if wrap else None,
            )
            for place, (name, values, _) in enumerate(columns):
                widest = _WRAPPED if wrap and place == last else _WIDEST
                self.set_column(place, place, min(_width(name, values), widest))
            self._check_dimensions(0, 0)
            self._check_dimensions(len(frame), last)
            self.freeze_panes(1, 0)
            self.autofilter(0, 0, len(frame), last)

        def _write_sheet_data(self):
            self.fh.write(f"<sheetData>{''.join(self.rows)}</sheetData>")

    return Sheet


def _rows(columns, letters, bold, wrap):
    """The rows of a sheet as markup, heads first; a column is its name, its values, which are missing."""
    heads = (
        f'<c r="{letter}1" s="{bold}"{_text(name)}'
        for letter, (name, _, _) in zip(letters, columns, strict=True)
    )
    yield f'<row r="1">{"".join(heads)}</row>'
    # Three quarters of a large file would be the places of its cells, which readers count by themselves; a
    # small one has them, for the simplest reader's sake.
    named = not columns or len(columns[0][1]) <= NAMED
    written = []
    for place, (letter, (_, values, absent)) in enumerate(zip(letters, columns, strict=True)):
        style = f' s="{wrap}"' if wrap is not None and place == len(letters) - 1 else ""
        cells = enumerate(_cells(values, absent), start=2)
        if named:
            written.append([f'<c r="{letter}{row}"{style}{cell}' if cell else "" for row, cell in cells])
        else:
            written.append([f"<c{style}{cell}" if cell else "<c/>" for _, cell in cells])
    for row, cells in enumerate(zip(*written, strict=True), start=2):
        yield f'<row r="{row}">{"".join(cells)}</row>'


def _cells(values, absent):
    """What stands in each cell of a column, behind its place; "" for an empty one."""
    # Most texts of a table come back again and again.
    texts = {"": ""}
    for value, missing in zip(values, absent, strict=True):
        if missing:
            yield ""
        elif isinstance(value, str):
            if value not in texts:
                texts[value] = _text(value)
            yield texts[value]
        elif isinstance(value, bool):
            yield f' t="b"><v>{value:d}</v></c>'
        elif isinstance(value, int | float) and abs(value) != float("inf"):
            yield f"><v>{value!r}</v></c>"
        else:
            yield _text(str(value))


def _text(text):
    if len(text) > CELL:
        # Excel would call the workbook damaged.
        text = f"{text[: CELL - 4]} […]"
    kept = ' xml:space="preserve"' if text != text.strip() else ""
    text = _UNHEARD.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f' t="inlineStr"><is><t{kept}>{text}</t></is></c>'


def _width(name, values):
    """How many characters a column needs: its head with the button of the filter, and its first texts."""
    texts = (value for value in values[:_LOOKED_AT] if isinstance(value, str))
    return max([len(name) + 4, *(len(text) + 1 for text in texts)])
