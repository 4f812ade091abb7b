"""What the columns of a table of provinces hold, by their heads and by a note beside the file."""

import re
from dataclasses import dataclass

from helpers.headings import Meaning

_LEFT_ROLES = ("numbering", "unit_type", "maximum", "group", "change")


@dataclass
class Column:
    """
    What a column was taken for.

    Attributes
    ----------
    place : int
        Counted from 0.
    letter : str
    head : str
        Its texts, from the top down.
    taken : str
        "score", "rank", "ranked", "code", "year", "vintage", "province" or "" for a column left out.
    reason : str
        Why it was left out: a key of the texts ("numbering", "unknown", "other_index", "no_head", ...).
    component : str
        Slug, "" for the total.
    year : int or None
        The year that its head names.
    percent : bool
    maximum : float or None
        Maximum points that its head names.
    bare : bool
        Whether its head names neither index nor component ("Điểm", "Xếp hạng").
    named : str
        What a reason is about: another index, or the readings that contradict each other.
    """

    place: int
    letter: str
    head: str
    taken: str = ""
    reason: str = ""
    component: str = ""
    year: int | None = None
    percent: bool = False
    maximum: float | None = None
    bare: bool = False
    named: str = ""


class ColumnError(ValueError):
    """A column that a note describes in a way that cannot be followed."""


def read(layout, vocabulary, note, year=None):
    """
    Say what every column of a table holds.

    Parameters
    ----------
    layout : helpers.layouts.Layout
    vocabulary : helpers.headings.Vocabulary
    note : helpers.identity.Note
    year : int, optional
        The data year, where it is known already: spellings and numbers of components depend on it.

    Returns
    -------
    list of Column
        In the order of the sheet; columns without any content are left away.

    Raises
    ------
    ColumnError
        If the note names a component that the index does not have.
    """
    rows = layout.sheet.rows
    found = []
    for place in range(max(map(len, rows), default=0)):
        letter = re.sub(r"\d+$", "", layout.sheet.cell(0, place).split()[-1])
        parts = layout.parts.get(place, [])
        head = " / ".join(text for text, _ in parts)
        cells = [rows[row][place] for row in layout.rows]
        column = Column(place, letter, head)
        if place in layout.names or place in layout.twins:
            column.taken = "province"
        elif all(cell is None for cell in cells):
            continue
        elif layout.owner(place) is None or place in layout.beside:
            column.reason = "beside"
        elif letter in note.columns:
            _follow(column, note.columns[letter], vocabulary.index, year)
        elif place == layout.years:
            column.taken = "year"
        else:
            parts = parts or _head_of_names(layout, place, vocabulary)
            column.head = " / ".join(text for text, _ in parts)
            meaning, conflict = vocabulary.column(parts, year)
            _settle(column, parts, meaning, conflict, vocabulary.index, year or meaning_year(meaning))
            if layout.maxima is not None and isinstance(rows[layout.maxima][place], float):
                column.maximum = rows[layout.maxima][place]
        found.append(column)
    _place_bare(layout, found, vocabulary, year)
    return found


def _place_bare(layout, found, vocabulary, year):
    """
    Say what columns are about whose heads do not name it.

    A rank belongs to the one score beside the same names; where ranks repeat, each to the score that it
    follows, and it is left out with a score that is left out. Scores without a name are those of the index,
    unless title or sheet name a component.
    """
    groups = {}
    for column in found:
        if column.taken in ("score", "rank"):
            groups.setdefault((layout.owner(column.place), column.year), []).append(column)
    for group in groups.values():
        bare = [column for column in group if column.bare]
        scores = [column for column in group if column.taken == "score"]
        if bare and all(column.bare for column in scores):
            _name_by_titles(layout, bare, vocabulary, year)
        ranks = [column for column in bare if column.taken == "rank"]
        about = {column.component for column in scores}
        for rank in ranks:
            before = found[max(found.index(rank) - 1, 0)]
            if len(ranks) > 1 and before.taken == "score":
                rank.component = before.component
            elif len(ranks) > 1 and before.reason in ("other_index", "unknown", "conflict"):
                rank.taken, rank.reason, rank.named = "", before.reason, before.named
            elif len(about) == 1:
                rank.component = scores[0].component


def _name_by_titles(layout, bare, vocabulary, year):
    """Take columns without a name for the component named above them; leave them out where it is unclear."""
    for text in (*reversed(layout.titles), layout.sheet.name):
        named, whole = vocabulary.components_in(text, year)
        if number := vocabulary.read(text, year).number:
            named, whole = {_numbered(vocabulary.index, number, year)} - {None}, True
        for column in bare if named else ():
            if whole:
                column.component = next(iter(named))
            else:
                spelled = [vocabulary.index.component_name(slug, "vi") for slug in ("", *sorted(named))]
                column.taken, column.reason, column.named = "", "conflict", " / ".join(spelled)
        if named:
            return


def meaning_year(meaning):
    """Give the one year that a head names (int), or None."""
    return next(iter(meaning.years)) if len(meaning.years) == 1 else None


def _head_of_names(layout, place, vocabulary):
    """Take the head that stands above the names of a pair, where nothing stands above its figures."""
    beside = place - 1
    if beside in (*layout.names, *layout.twins) and beside in layout.parts:
        parts = layout.parts[beside]
        if not any(vocabulary.read(text).role for text, _ in parts):
            return parts
    return []


def _settle(column, parts, meaning, conflict, index, year):
    """Turn what the head says into what the column is taken for."""
    column.percent, column.maximum = meaning.percent, meaning.maximum
    column.year, column.bare = meaning_year(meaning), meaning.bare
    if conflict:
        column.reason, column.named = "conflict", conflict
    elif not parts:
        column.reason = "no_head"
    elif meaning.role in _LEFT_ROLES:
        column.reason = meaning.role
    elif meaning.role in ("code", "year", "vintage", "ranked"):
        column.taken = meaning.role
        column.reason = "" if meaning.role != "year" else "year"
        if meaning.role == "year":
            column.taken = ""
    elif meaning.role:
        column.reason = "unknown"
    elif meaning.field in ("change", "group"):
        column.reason = meaning.field
    elif meaning.other:
        column.reason, column.named = "other_index", meaning.other
    elif meaning.number:
        slug = _numbered(index, meaning.number, year)
        if slug:
            column.taken, column.component = _field(meaning), slug
        else:
            column.reason = "unknown"
    elif meaning.component is None or meaning.unknown:
        column.reason = "unknown"
    elif year and meaning.component and meaning.component not in index.components_of(year):
        column.reason, column.named = "other_year", index.component_name(meaning.component, "vi")
    else:
        column.taken, column.component = _field(meaning), meaning.component


def _numbered(index, number, year):
    """Component that the publisher numbers so in a year (str), or None."""
    main = [slug for slug in index.parts(year) if not index.components[slug].get("apart")] if year else []
    return main[number - 1] if number <= len(main) else None


def _field(meaning: Meaning):
    return meaning.field if meaning.field in ("rank", "ranked") else "score"


def _follow(column, said, index, year):
    """Take a column for what the note says."""
    if said == "-":
        column.reason = "note"
        return
    words = said.split()
    field = words.pop() if words and words[-1] in ("rank", "%") else ""
    component = " ".join(words).removeprefix("total")
    known = index.components_of(year) if year else index.components
    if component and component not in known:
        raise ColumnError(f'{column.letter} = "{said}"; known: total, {", ".join(known)}')
    column.taken, column.component = "rank" if field == "rank" else "score", component
    column.percent = field == "%"
