"""What every column of a written table means, and what every table is called, in both languages."""

import re

from helpers import wording

# How the names of the tables behind maps begin, and what of the dictionary they are.
_MAPS = {
    "map_": "map",
    "rank_": "map_rank",
    "group_": "map_group",
    "z_score_": "map_z_score",
    "change_": "map_change",
    "clusters_": "map_clusters",
    "gap_": "map_gap",
    "pair_": "map_pair",
    "years_": "map_years",
}
_YEAR = re.compile(r"[12]\d{3}")


def kind(name):
    """
    Say what kind of table a name stands for.

    Parameters
    ----------
    name : str
        Name of the table without its ending, for example "correlations" or "map_papi".

    Returns
    -------
    str
        The name itself where the dictionary has it ("correlations"), the kind of a map ("map_change"), or ""
        for a table that the dictionary does not know.
    """
    if _find(f"table_{name}", "en") is not None:
        return name
    return next((_MAPS[start] for start in _MAPS if name.startswith(start)), "")


def pattern(name):
    """
    Say how all tables of the kind of one behind a map are called.

    Parameters
    ----------
    name : str
        For example "change_papi".

    Returns
    -------
    str
        "change_…"; the name itself for any other table.
    """
    if kind(name) in ("", name):
        return name
    return next(f"{start}…" for start in _MAPS if name.startswith(start))


def meaning(column, language, name=""):
    """
    Say what a column holds.

    Parameters
    ----------
    column : str
        Its head; a year stands for itself.
    language : {"en", "vi"}
    name : str
        Of the table: a column may mean another thing in another table.

    Returns
    -------
    str
        "" where the dictionary does not know the column.
    """
    column = "year_of_map" if _YEAR.fullmatch(column) else column
    of = kind(name)
    keys = [f"{of}__{column}", *([f"map__{column}"] if of.startswith("map") else []), column]
    found = (_find(key, language) for key in keys)
    return next((text for text in found if text is not None), "")


def of_columns(columns, language, name=""):
    """
    Make the dictionary of some columns.

    Parameters
    ----------
    columns : iterable of str
    language : {"en", "vi"}
    name : str
        Of the table.

    Returns
    -------
    pandas.DataFrame
        Columns ``column`` and ``meaning``, a row for each of `columns` in their order.
    """
    import pandas as pd

    rows = [(str(column), meaning(str(column), language, name)) for column in columns]
    return pd.DataFrame(rows, columns=["column", "meaning"])


def sheet(columns, language, name=""):
    """
    Make the sheet of a workbook that says what the columns of a table mean.

    Parameters
    ----------
    columns : iterable of str
    language : {"en", "vi"}
    name : str
        Of the table.

    Returns
    -------
    dict of str to pandas.DataFrame
        One entry: the name of the sheet, and `of_columns` with heads in the language.
    """
    rows = of_columns(columns, language, name)
    heads = {head: wording.text(f"downloads.head_{head}", language) for head in rows.columns}
    return {wording.text("downloads.sheet_columns", language): rows.rename(columns=heads)}


def title(name, language, known=()):
    """
    Give the title of a table.

    Parameters
    ----------
    name : str
        Without its ending.
    language : {"en", "vi"}
    known : iterable of helpers.registry.Index
        Whose short names and components the names of tables behind maps hold as slugs.

    Returns
    -------
    str
        The name itself for a table that the dictionary does not know.
    """
    of = kind(name)
    if not of:
        return name
    if of == name:
        return _find(f"table_{of}", language)
    rest = next(name.removeprefix(start) for start in _MAPS if name.startswith(start))
    found, rest = [], f"{rest}_"
    # The longest slug that fits: one index may be called as the beginning of another.
    indices = sorted(known, key=lambda index: -len(index.slug))
    for _ in range(2 if of in ("map_gap", "map_pair") else 1):
        index = next((index for index in indices if rest.startswith(f"{index.slug}_")), None)
        if index is None:
            return name
        found.append(index.short)
        rest = rest.removeprefix(f"{index.slug}_")
    parts = sorted(index.components, key=len, reverse=True) if len(found) == 1 else []
    component = next((part for part in parts if rest.startswith(f"{part.replace('.', '_')}_")), "")
    if component:
        found = [f"{found[0]}, {index.component_name(component, language)}"]
        rest = rest.removeprefix(f"{component.replace('.', '_')}_")
    said = _find(f"table_{of}", language).format(what=" – ".join(found))
    more = [_find(f"part_{part}", language) for part in _parted(rest)]
    if None in more:
        return name
    return f"{said} ({', '.join(more)})" if more else said


def _parted(rest):
    """The end of the name of a table in its parts: what was measured, which units, how large the map is."""
    return re.findall(r"z_score|[^_]+", rest)


def _find(key, language):
    try:
        return wording.text(f"columns.{key}", language, what="{what}")
    except KeyError:
        return None
