"""Tables that go on over the pages of a document, as one sheet."""

from dataclasses import dataclass, field, replace

from helpers.cells import Sheet


@dataclass(frozen=True)
class Joined(Sheet):
    """Tables on pages that follow each other as one sheet; a cell is still named by its page."""

    origins: list = field(default_factory=list)

    def cell(self, row, column):
        """Name a cell with its page (str)."""
        name, own = self.origins[row]
        return f"{name} {Sheet.cell(self, own, column)}"

    def place(self, row):
        """Name of the page's table, and the row in it counted from 1."""
        name, own = self.origins[row]
        return name, own + 1


def place(sheet, row):
    """
    Say where a row stands.

    Parameters
    ----------
    sheet : helpers.cells.Sheet
    row : int
        Counted from 0.

    Returns
    -------
    (str, int)
        Name of the sheet and row counted from 1, as a person finds them.
    """
    return sheet.place(row) if isinstance(sheet, Joined) else (sheet.name, row + 1)


def join(sheets):
    """
    Join the tables of a document that are equally wide and follow each other.

    Parameters
    ----------
    sheets : list of helpers.cells.Sheet

    Returns
    -------
    list of Joined
    """
    joined = []
    for sheet in sheets:
        width = len(sheet.rows[0]) if sheet.rows else 0
        last = joined[-1] if joined else None
        own = [(sheet.name, row) for row in range(len(sheet.rows))]
        if last and width == len(last.rows[0]) and not sheet.hidden:
            offset = len(last.rows)
            merged = last.merged + [(t + offset, a, b + offset, r) for t, a, b, r in sheet.merged]
            joined[-1] = replace(last, rows=last.rows + sheet.rows, merged=merged, origins=last.origins + own)
        else:
            joined.append(
                Joined(sheet.name, sheet.rows, sheet.merged, sheet.hidden, above=sheet.above, origins=own)
            )
    return joined
