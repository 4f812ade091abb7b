"""Sheets of cells, the limits on them, and the errors of files: what the readers of all formats share."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 50 * 2**20
MAX_ROWS, MAX_COLUMNS, MAX_PAGES, MAX_MEMBERS = 20_000, 1_000, 200, 5_000
# Calamine holds the whole rectangle of a sheet, blank cells too: one cell far away would take gigabytes.
MAX_AREA = 10_000_000
# What to do, as an error ends.
SAVE = "save the table as xlsx or csv"
AGAIN = "get the file again, or open it in a spreadsheet program and " + SAVE
UNPROTECTED = "save it without a password"


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


@contextlib.contextmanager
def guarded(file, problem="the file is damaged", expected=AGAIN):
    """
    Turn whatever a library raises on a bad file into a `FileError`.

    Parameters
    ----------
    file : str
        Name of the file.
    problem, expected : str
        What is wrong, to which the library's own words are added, and what to do.

    Raises
    ------
    FileError
        If the block raises anything that may be a fault of the file.
    """
    try:
        yield
    except (FileError, ImportError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise  # none of these is a fault of the file
    except BaseException as error:  # calamine's panics are no Exception
        detail = next(iter(str(error).splitlines()), "").strip()[:160] or type(error).__name__
        raise FileError(file, f"{problem} ({detail})", expected) from error


def _clean(value):
    """Give a cell in one of the types that `Sheet.rows` promises."""
    if isinstance(value, str):
        # Excel writes a carriage return that was typed into a cell in this escaped form.
        value = value.replace("_x000D_", "\r").replace("\r\n", "\n").replace("\r", "\n")
        return value if value.strip() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def finished(file, sheet):
    """
    Clean the cells, blank what merged ranges cover, cut blank ends off, and refuse what is too large.

    Parameters
    ----------
    file : str
        Name of the file.
    sheet : Sheet
        As a reader of one format found it.

    Returns
    -------
    Sheet
        With cells, rows and merged ranges as `Sheet` promises them.

    Raises
    ------
    FileError
        If it has more than `MAX_ROWS` rows or `MAX_COLUMNS` columns.
    """
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


def refuse_area(file, sheet, row, column):
    """
    Refuse a sheet whose cells span a rectangle that memory does not hold.

    Parameters
    ----------
    file, sheet : str
        Names of the file and of the sheet.
    row, column : int
        The last ones that hold anything, 0-based.

    Raises
    ------
    FileError
        If the rectangle from cell A1 to there has more than `MAX_AREA` cells.
    """
    if (row + 1) * (column + 1) > MAX_AREA:
        problem = f"its cells reach to {label(row, column)}"
        raise FileError(file, problem, "delete what stands far outside the table", sheet)


def grid(file, sheet, cells):
    """
    Lay out cells as rows.

    Parameters
    ----------
    file, sheet : str
        Names of the file and of the sheet.
    cells : dict of (int, int) to object
        Values by row and column, 0-based.

    Returns
    -------
    list of list
        Rows of equal length; None where there is no cell.

    Raises
    ------
    FileError
        If the cells reach further than memory holds.
    """
    height, width = (max((place[axis] + 1 for place in cells), default=0) for axis in (0, 1))
    refuse_area(file, sheet, height - 1, width - 1)
    rows = [[None] * width for _ in range(height)]
    for (row, column), value in cells.items():
        rows[row][column] = value
    return rows
