"""Ranks within a region or among the centrally run cities, as the sources of the raw tables state them."""

import re

import pandas as pd

from helpers import provinces
from helpers.ledger import TableError, read_csv
from helpers.provinces import fold, vintage_of

COLUMNS = ["index", "year", "gso_code", "component", "scope", "rank", "of", "basis", "source", "statement"]
# "9/13 (region8: Đồng bằng sông Cửu Long)", "10 of 13 in ...", "2 in Tây Nguyên (after ...)".
_STATEMENT = re.compile(
    r"\s*(\d+)\s*(?:(?:/|of)\s*(\d+))?\s*(?:in\b)?\s*"
    r"\(?\s*(?:(region[68]):)?\s*([^()]*?)\s*\)?\s*(?:\(.*\))?\s*"
)
# How reports shorten the names of regions.
_SHORT = {
    "ĐBSCL": "Đồng bằng sông Cửu Long",
    "ĐBSH": "Đồng bằng sông Hồng",
    "TD&MNPB": "Trung du và miền núi phía Bắc",
}
_CITIES = {"cities", "thành phố trực thuộc trung ương", "trực thuộc trung ương"}


def stated(folder, known, correct=None):
    """
    Read the regional ranks that the raw tables state.

    Parameters
    ----------
    folder : pathlib.Path
        Of the raw tables. Read are the column ``region_rank`` of the tables of each index, and of
        ``checks/<index>_press.csv``: statements such as "9/13 ĐBSCL", "1/6 Bắc Trung Bộ", "5/5 (cities)".
    known : helpers.registry.Registry
    correct : callable, optional
        Applied to each table before it is read; takes out the rows that corrections drop.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, a row for each statement and scope (`helpers.provinces.SCOPES`) that it fits:
        the region must be the province's own, and the number of its provinces as stated. ``scope`` is "" for
        a statement that fits none. ``of`` is missing where it is not stated.
    """
    rows = []
    for index in known:
        paths = sorted((folder / index.slug).glob("*.csv"))
        press = folder / "checks" / f"{index.slug}_press.csv"
        for path in [*paths, *([press] if press.is_file() else [])]:
            try:
                table = read_csv(path, folder)
            except TableError:
                # Cleaning refuses such a table and says so.
                continue
            if "region_rank" not in table.columns:
                continue
            if correct:
                correct(table)
            for _, cells in table.rows:
                rows += _of_row(index, cells, folder)
    frame = pd.DataFrame(rows, columns=COLUMNS).drop_duplicates(ignore_index=True)
    order = ["index", "year", "gso_code", "component", "scope", "source"]
    types = {"year": "int64", "rank": "Int64", "of": "Int64"}
    return frame.sort_values(order, kind="stable").astype(types).reset_index(drop=True)


def _of_row(index, cells, folder):
    year, code = cells.get("year", ""), cells.get("gso_code", "")
    if not (cells.get("region_rank") and year.isdecimal() and index.has_year(int(year))):
        return []
    places = provinces.load(folder, vintage_of(int(year)))
    if code not in places.codes:
        return []
    said = (index.slug, int(year), code, cells.get("component", ""))
    origin = (cells.get("basis", ""), cells.get("source", ""))
    found = []
    for statement in cells["region_rank"].split(";"):
        fits = fitting(statement, code, places)
        found += [(*said, scope, rank, of, *origin, statement.strip()) for scope, rank, of in fits]
        if not fits:
            found.append((*said, "", None, None, *origin, statement.strip()))
    return found


def fitting(statement, code, places):
    """
    Understand one statement of a regional rank.

    Parameters
    ----------
    statement : str
        For example "9/13 (region8: Đồng bằng sông Cửu Long)".
    code : str
    places : helpers.provinces.Provinces

    Returns
    -------
    list of (str, int, int or None)
        Scope, rank and number of provinces; both sets of regions where they have the same region with the
        same provinces. Empty where the region is not the province's, or the numbers do not fit its size.
    """
    match = _STATEMENT.fullmatch(statement)
    if not match:
        return []
    rank, of, wanted, name = match.groups()
    rank, of = int(rank), int(of) if of else None
    name = _name(name)
    found = []
    for scope in provinces.SCOPES:
        if wanted and scope != wanted:
            continue
        if scope == "cities":
            fits = name in {_name(city) for city in _CITIES} and code in places.cities
            size = len(places.cities)
        else:
            if scope not in places.table:
                continue
            own = places.table.at[code, scope]
            fits = bool(name) and name == _name(own)
            size = int((places.table[scope] == own).sum())
        if fits and rank <= size and of in (None, size):
            found.append((scope, rank, of))
    return found


def _name(text):
    for short, full in _SHORT.items():
        text = full if text.strip() == short else text
    # "Trung du miền núi phía Bắc" and "Trung du và miền núi phía Bắc" are the same region.
    return fold(text).removeprefix("vùng ").replace(" và ", " ")
