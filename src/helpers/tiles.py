"""The tile grid: one equal square for each of the 63 provinces, for maps where small provinces matter."""

import pandas as pd

from helpers import provinces
from helpers.files import resolve

_COLUMNS = ["gso_code", "row", "column"]


class TileError(ValueError):
    """A tile grid that is missing, damaged or does not fit the provinces; the text says what to do."""


def load(raw="data/raw"):
    """
    Read the tile grid of the 63 provinces and check it.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables.

    Returns
    -------
    pandas.DataFrame
        63 rows, indexed by ``gso_code`` in its order; ``row`` (int, 1 at the north) and ``column`` (int,
        1 at the west), both in tiles.

    Raises
    ------
    TileError
        If the file is missing or damaged, lacks, doubles or invents a province, has a row or column that is
        not a whole number from 1 on, or sets two provinces on one tile.
    """
    path = resolve(raw) / "provinces" / "tiles63.csv"
    table = _read(path)
    known = provinces.load(raw)
    _check_codes(path, table["gso_code"], known)
    for column in ("row", "column"):
        _check_numbers(path, table[column], column)
    tiles = table.set_index("gso_code").astype("int64").sort_index()
    shared = tiles[tiles.duplicated(keep=False)].sort_values(["row", "column"])
    if len(shared):
        row, column = shared.iloc[0]
        names = [known.name(code, "vi") for code in shared.query("row == @row and column == @column").index]
        raise TileError(
            f"{path}: {' and '.join(names)} stand on one tile, row {row}, column {column}; "
            "give each province a tile of its own"
        )
    return tiles


def _read(path):
    if not path.is_file():
        raise TileError(f"{path} is missing: it holds the tile grid of the 63 provinces; restore it")
    try:
        # Blank lines stay, so that the place in the table tells the line in the file. Read as a line like the
        # others, the head says how many cells a line may have: with more, pandas would shift its columns.
        lines = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except (ValueError, OSError) as error:  # Parser and decoding errors are ValueErrors.
        raise TileError(
            f"{path} cannot be read as CSV in UTF-8 ({str(error).strip()}); restore it"
        ) from error
    # Cells that a short line lacks are missing, whatever the options above say.
    lines = lines.fillna("").apply(lambda cells: cells.str.strip())
    head = lines.iloc[0].tolist()
    if head != _COLUMNS:
        raise TileError(f"{path}: expected the columns {', '.join(_COLUMNS)}, found {', '.join(head)}")
    table = lines.iloc[1:].set_axis(_COLUMNS, axis="columns")
    table.index += 1
    return table[(table != "").any(axis=1)]


def _check_codes(path, found, known):
    for line, code in found.items():
        if code not in known.codes:
            raise TileError(
                f"{path}, line {line}: gso_code {code!r} is none of the 63 provinces of provinces63.csv; "
                "codes are texts of two characters such as '01'"
            )
    doubled = found[found.duplicated()]
    if len(doubled):
        line, code = next(doubled.items())
        raise TileError(
            f"{path}, line {line}: gso_code {code} ({known.name(code, 'vi')}) stands there a second time; "
            "keep one line each"
        )
    absent = [f"{code} ({known.name(code, 'vi')})" for code in known.codes if code not in set(found)]
    if absent:
        raise TileError(
            f"{path}: expected {len(known.codes)} provinces, gso_code {', '.join(absent)} is missing; "
            "add a line each"
        )


def _check_numbers(path, found, column):
    wrong = found[~found.str.fullmatch(r"[1-9][0-9]?")]
    if len(wrong):
        line, value = next(wrong.items())
        raise TileError(
            f"{path}, line {line}: {column} is {value!r}, expected a whole number from 1 to 99; correct it"
        )
