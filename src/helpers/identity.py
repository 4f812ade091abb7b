"""What a table is: its index and year, from the note beside it, its folder, names, titles and heads."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from helpers.headings import years_in
from helpers.ledger import TableError

_KEYS = {"index", "year", "sheets", "basis", "source", "share", "columns"}
_KINDS = {
    "year": (int, "a whole number without quotes", "year = 2022"),
    "sheets": (list, "a list of names", 'sheets = ["Table 1"]'),
    "share": (bool, "true or false", "share = true"),
    "columns": (dict, "what single columns hold", 'columns = { C = "steering" }'),
}


@dataclass(frozen=True)
class Note:
    """
    What the small file beside a table says of it.

    Attributes
    ----------
    index : str or None
    year : int or None
    sheets : list of str or None
        The only sheets to read; a hidden sheet is read only when it is named here.
    basis, source : str or None
    share : bool
        Whether the scores are shares of 1 (0.8497 for 84.97 %).
    columns : dict
        What single columns hold, by their letter: a component or "total" (points), the same with " %" or
        " rank", or "-" for a column to leave out.
    """

    index: str | None = None
    year: int | None = None
    sheets: list | None = None
    basis: str | None = None
    source: str | None = None
    share: bool = False
    columns: dict = field(default_factory=dict)


def note_of(path, file, known):
    """
    Read the note beside a table: ``annex.xlsx.toml``, or ``annex.toml``.

    Parameters
    ----------
    path : pathlib.Path
        Of the table.
    file : str
        Its name for error texts.
    known : helpers.registry.Registry

    Returns
    -------
    Note
        An empty one where there is no such file.

    Raises
    ------
    TableError
        If the note is no TOML, holds an unknown key, a value of the wrong kind or a basis that the registry
        does not have, or there are two.
    """
    found = [p for p in (path.with_name(f"{path.name}.toml"), path.with_suffix(".toml")) if p.is_file()]
    found = [p for p in dict.fromkeys(found) if p != path]
    if not found:
        return Note()
    if len(found) > 1:
        value = f"{found[0].name} and {found[1].name}"
        raise TableError(file, "two notes beside one table", "one of them; remove the other", value=value)
    (note,) = found

    def refuse(value, expected):
        raise TableError(
            file, "the note beside the table cannot be used", expected, value=f"{note.name}: {value}"
        )

    try:
        # Some editors begin every file with a byte order mark.
        entries = tomllib.loads(note.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        refuse(error, "a TOML file such as: year = 2022")
    if unknown := sorted(set(entries) - _KEYS):
        refuse(f"unknown key {unknown[0]!r}", f"keys among {', '.join(sorted(_KEYS))}")
    for key, value in entries.items():
        kind, words, example = _KINDS.get(key, (str, "a text in quotes", f'{key} = "..."'))
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            refuse(f"{key} = {value!r}", f"{words}, for example: {example}")
    sheets, columns = entries.get("sheets"), entries.get("columns", {})
    if sheets is not None and not (sheets and all(isinstance(name, str) for name in sheets)):
        refuse(f"sheets = {sheets!r}", 'names of sheets in quotes, for example: sheets = ["Table 1"]')
    if not all(isinstance(value, str) for value in columns.values()):
        refuse(f"columns = {columns!r}", 'texts in quotes, for example: columns = { C = "steering" }')
    if entries.get("basis", known.basis[0]) not in known.basis:
        refuse(f"basis = {entries['basis']!r}", f"one of {', '.join(known.basis)}")
    if columns:
        entries["columns"] = {letter.strip().upper(): value.strip() for letter, value in columns.items()}
    return Note(**entries)


def index_of(file, folder, note, vocabulary, known):
    """
    Decide which index a file holds.

    Parameters
    ----------
    file : str
        Its path below ``data/raw``, or its name.
    folder : str
        The index in whose folder it lies, "" for a file elsewhere.
    note : Note
    vocabulary : helpers.headings.Vocabulary
        Any one; it knows the names of every index.
    known : helpers.registry.Registry

    Returns
    -------
    str or None
        Slug; None where neither note, folder nor name says it.

    Raises
    ------
    TableError
        If they disagree, or name an index that the registry does not know.
    """
    named = vocabulary.names_in(Path(file).stem)
    said = {"note": note.index, "folder": folder or None}
    for slug in filter(None, said.values()):
        if slug not in known.indices:
            choices = ", ".join(known.indices)
            raise TableError(file, "an index that is not in indices.toml", f"one of {choices}", value=slug)
    if note.index and folder and note.index != folder:
        expected = f'the file in data/raw/{note.index}, or index = "{folder}" in its note'
        raise TableError(
            file, "note and folder disagree on the index", expected, value=f"{note.index} / {folder}"
        )
    decided = note.index or folder
    if decided:
        if named and decided not in named and not note.index:
            others = ", ".join(sorted(named))
            expected = (
                f'the file in data/raw/{sorted(named)[0]}, or a note beside it that says: index = "{decided}"'
            )
            raise TableError(
                file, "folder and file name disagree on the index", expected, value=f"{decided} / {others}"
            )
        return decided
    return named.pop() if len(named) == 1 else None


def as_year(cell):
    """
    Read a cell as a year.

    Parameters
    ----------
    cell : object
        As `helpers.cells.Sheet.rows` holds it.

    Returns
    -------
    int or None
        None where it is none.
    """
    if isinstance(cell, float) and cell.is_integer():
        cell = f"{cell:g}"
    return int(cell) if isinstance(cell, str) and re.fullmatch(r"\s*(?:19|20)\d\d\s*", cell) else None


def years_stated(file, sheet, titles):
    """
    Find the years that the names of file and sheet and the titles of a table name.

    Parameters
    ----------
    file, sheet : str
    titles : list of str

    Returns
    -------
    set of int
    """
    return set().union(*map(years_in, (Path(file).stem, sheet, *titles)))


def year_of(file, note, sheet, titles, heads, proven):
    """
    Decide the data year of a table whose rows do not say it.

    Parameters
    ----------
    file : str
        Path or name of the file.
    note : Note
    sheet : str
        Name of the sheet.
    titles : list of str
        Texts above the head.
    heads : set of int
        Years that heads of recognised columns name.
    proven : bool
        Whether the figures themselves show that they belong to one year (the parts make up the total), so
        that a head with another year than the name of its sheet is a slip.

    Returns
    -------
    year : int
    slip : int or None
        The year of a head that was taken for a slip.

    Raises
    ------
    TableError
        If the statements disagree or nothing says the year; it lists the choices.
    """
    named, of_sheet = years_in(Path(file).stem), years_in(sheet)
    above = set().union(*(years_in(title) for title in titles)) if titles else set()

    def refuse(problem, choices):
        said = [("file name", named), ("name of the sheet", of_sheet), ("titles", above), ("heads", heads)]
        value = "; ".join(f"{where}: {', '.join(map(str, sorted(years)))}" for where, years in said if years)
        if not value:
            texts = (Path(file).name, sheet, *titles[:3])
            value = f"no year in {', '.join(repr(text[:60]) for text in texts if text)}"
        expected = f"one year; write it into {Path(file).name}.toml beside the file, for example: year = "
        expected += str(max(choices)) if choices else "2022"
        raise TableError(file, problem, expected, sheet=sheet, value=value)

    if note.year:
        return note.year, None
    everything = named | of_sheet | above | heads
    slip = None
    for stated in (of_sheet, named, above, heads):
        if len(stated) == 1:
            (year,) = stated
            break
    else:
        common = [group for group in (named, of_sheet, above, heads) if group]
        left = set.intersection(*common) if common else set()
        if len(left) != 1:
            refuse("nothing says the year" if not everything else "the year is not clear", everything)
        (year,) = left
    for stated in (named, of_sheet, above):
        if stated and year not in stated:
            refuse("names and titles disagree on the year", everything)
    if heads and year not in heads:
        if not (proven and of_sheet == {year} and len(heads) == 1):
            refuse("names and heads disagree on the year", everything)
        (slip,) = heads
    return year, slip
