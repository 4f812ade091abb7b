"""The page of all that can be downloaded: joined data, tables of the pages, and what their columns mean."""

import csv
import io
import posixpath
import re
import sqlite3

from helpers import datasets, dictionary, registry, site, wording
from helpers.files import write_text


def write(reports, here, raw, processed, links, plan):
    """
    Write ``<language>/data/index.html``; it names what is on disk, and nothing else.

    Parameters
    ----------
    reports : pathlib.Path
    here : helpers.site.Page
        Its title is the heading.
    raw, processed : str or pathlib.Path
        Where the registry is; the tables computed from it are taken from `reports`.
    links : dict
        Of the head of the page, from `helpers.site.navigator`.
    plan : list of helpers.site.Page
        The pages that exist: tables of years that none of them has are left aside.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    helpers.site.PageError
        If the page would load something from the network, or has an id twice.
    """
    years = sorted({page.year for page in plan if page.year is not None}, reverse=True)
    known = registry.load(raw)
    folder = reports / here.language
    groups = [(None, _tables(folder, folder, here, known))]
    groups += [(year, _tables(folder / str(year), folder, here, known)) for year in years]
    path = reports / here.path
    write_text(path, render(here, _joined(path.parent, here.language), groups, links, years))
    return path


def render(here, joined, groups, links, years):
    """
    Make the page.

    Parameters
    ----------
    here : helpers.site.Page
    joined : list of dict
        Files with all figures: ``name``, ``what``, ``rows`` (None where nobody counts them), ``size`` in
        bytes, and for ``columns.csv`` its rows as ``meanings``.
    groups : list of (int or None, list of dict)
        Year (None for all years) and its tables: ``name``, ``title``, ``rows``, ``columns`` and ``files``,
        each with ``href``, ``kind`` and ``size``.
    links : dict
    years : list of int
        The newest first.

    Returns
    -------
    str
        One HTML file that needs nothing from elsewhere.

    Raises
    ------
    helpers.site.PageError
        If it would load something from the network, or has an id twice.
    """
    import markupsafe

    language = here.language

    def tell(key, **values):
        return wording.text(f"downloads.{key}", language, **values)

    def block(made):
        return markupsafe.Markup(made.markup) if made else ""

    page = site.fill(
        "data.html.j2",
        language,
        kind=here.kind,
        title=here.title,
        links=links,
        tell=tell,
        joined=joined,
        groups=[(year, tables) for year, tables in groups if tables],
        newest=years[0] if years else None,
        meanings_joined=block(_meanings_joined(joined, language)),
        meanings_tables=block(_meanings_tables(groups, language)),
        count=lambda number: wording.number(number, language, 0),
        size=lambda number: size(number, language),
    )
    site.check(page)
    return page


def size(number, language):
    """
    Write the size of a file.

    Parameters
    ----------
    number : int
        Bytes.
    language : {"en", "vi"}

    Returns
    -------
    str
        In kB, or MB with one decimal, of 1000 and 1,000,000 bytes.
    """
    if number >= 999_500:
        return f"{wording.number(number / 1e6, language, 1)} MB"
    return f"{wording.number(max(number / 1000, 1), language, 0)} kB"


# --- what is on disk --------------------------------------------------------------------------------------


def _joined(folder, language):
    """The files with all figures that are there, in the order in which they are of use."""
    found = []
    for name in ("indices.xlsx", "indices.csv", datasets.GEOPACKAGE, "sources.csv", "columns.csv"):
        path = folder / name
        if path.is_file():
            what = wording.text(f"downloads.what_{name.replace('.', '_')}", language)
            found.append({"name": name, "what": what, "rows": _count(path), "size": path.stat().st_size})
            if name == "columns.csv":
                found[-1]["meanings"] = _rows(path)
    for path in sorted(folder.glob("provinces_*.geojson"), reverse=True):
        if year := re.fullmatch(r"provinces_(\d{4})", path.stem):
            what = wording.text("downloads.what_provinces_geojson", language, year=year[1])
            found.append({"name": path.name, "what": what, "rows": _count(path), "size": path.stat().st_size})
    return found


def _count(path):
    """Rows of a table, features of a map; of a workbook those of the table that it repeats."""
    if path.suffix == ".xlsx":
        path = path.with_suffix(".csv")
        return _count(path) if path.is_file() else None
    if path.suffix == ".geojson":
        return path.read_bytes().count(b'\n{"type": "Feature"')
    if path.suffix == ".gpkg":
        with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as package:
            layers = package.execute("select table_name from gpkg_contents").fetchall()
            return sum(package.execute(f'select count(*) from "{name}"').fetchone()[0] for (name,) in layers)
    return _lines(path)


def _lines(path):
    """The rows of a table below its heads."""
    written = path.read_bytes()
    if b'"' not in written:
        return written.count(b"\n") - 1
    # Within quotes a row may have several lines.
    return sum(1 for _ in csv.reader(io.StringIO(written.decode("utf-8"), newline=""))) - 1


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _tables(folder, top, here, known):
    """The tables below a folder of reports."""
    found = []
    for path in sorted((folder / "tables").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file), [])
        beside = [p for p in (path, path.with_suffix(".xlsx")) if p.is_file()]
        found.append(
            {
                "name": path.stem,
                "title": dictionary.title(path.stem, here.language, known),
                "rows": _lines(path),
                "columns": columns,
                "files": [
                    {
                        "href": posixpath.relpath(p.relative_to(top).as_posix(), "data"),
                        "kind": p.suffix[1:].upper(),
                        "size": p.stat().st_size,
                    }
                    for p in beside
                ],
            }
        )
    return found


# --- what the columns mean --------------------------------------------------------------------------------


def _meanings_joined(joined, language):
    rows = next((file["meanings"] for file in joined if "meanings" in file), [])
    return _as_table(
        [(row["column"], row["meaning"], row["table"]) for row in rows], "meanings_joined", language
    )


def _meanings_tables(groups, language):
    """One row for each column and meaning, with the kinds of tables that have it."""
    kinds, year = {}, None
    for _, tables in groups:
        for table in tables:
            name, shown = table["name"], dictionary.pattern(table["name"])
            for column in table["columns"]:
                if re.fullmatch(r"[12]\d{3}", column):
                    year = column
                    column = ""
                meaning = dictionary.meaning(column or year, language, name)
                kinds.setdefault((column, meaning), {})[shown] = None
    rows = [
        (
            column or wording.text("downloads.a_year", language, year=year),
            meaning or wording.MISSING,
            ", ".join(names),
        )
        for (column, meaning), names in sorted(kinds.items(), key=lambda item: (item[0][0] == "", item[0]))
    ]
    return _as_table(rows, "meanings_tables", language)


def _as_table(rows, caption, language):
    import pandas as pd

    if not rows:
        return None
    heads = [wording.text(f"downloads.{head}", language) for head in ("head_column", "head_meaning")]
    heads.append(wording.text("downloads.column_tables", language))
    caption = wording.text(f"downloads.{caption}", language)
    return site.table(pd.DataFrame(rows, columns=heads), language, caption, code=(heads[0], heads[2]))
