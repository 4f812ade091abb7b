"""How published tables were understood: words and tables for the page of 01_clean and for ``make check``."""

import pandas as pd

from helpers import provinces as provinces_
from helpers import wording

# A workbook may hold hundreds of columns of other things; a person reads so many.
MOST_ROWS = 60


def _heads(frame, language):
    return frame.rename(
        columns={name: wording.text(f"reading.col_{name}", language) for name in frame.columns}
    )


def _span(numbers):
    """Write rows or years briefly: "1, 2", "2011–2016"."""
    numbers = sorted(numbers)
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]}–{numbers[-1]}"
    return ", ".join(map(str, numbers))


def _remarks(sheet, language):
    said = []
    for key, values in sheet.remarks:
        if key == "other_index":
            continue
        said.append(wording.text(f"reading.remark_{key}", language, **values))
    return said


def summary(reading, registry, language):
    """
    Say in a sentence what a file was taken for.

    Parameters
    ----------
    reading : helpers.tables.Reading
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    years = {int(year) for year in reading.reports["year"]}
    return wording.text(
        "reading.summary",
        language,
        file=reading.file,
        kind=wording.text(f"reading.kind_{reading.kind}", language),
        index=registry[reading.index].short,
        years=_span(years),
        figures=wording.number(len(reading.reports), language, 0),
        provinces=reading.reports["gso_code"].nunique(),
        basis=registry.basis_names[reading.basis][language] if reading.basis else "",
    )


def sheets(reading, registry, language):
    """
    List the sheets of a file: where the table lies, and what was taken.

    Parameters
    ----------
    reading : helpers.tables.Reading
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        One row a sheet, with worded heads.
    """
    rows = []
    for sheet in reading.sheets:
        remarks = _remarks(sheet, language)
        if sheet.reason:
            named = dict(sheet.remarks).get("other_index", {}).get("named", "")
            remarks.insert(0, wording.text(f"reading.sheet_{sheet.reason}", language, named=named))
        rows.append(
            {
                "sheet": sheet.sheet or wording.MISSING,
                "head": _span(sheet.head) or wording.MISSING,
                "rows": f"{sheet.first}–{sheet.last}" if sheet.first else wording.MISSING,
                "years": _span(sheet.years) or wording.MISSING,
                "taken": sheet.taken,
                "remarks": " ".join(remarks) or wording.MISSING,
            }
        )
    return _heads(
        pd.DataFrame(rows, columns=["sheet", "head", "rows", "years", "taken", "remarks"]), language
    )


def taken_for(column, index, language):
    """
    Say what a column was taken for.

    Parameters
    ----------
    column : helpers.columns.Column
    index : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    if not column.taken:
        return wording.text(f"reading.left_{column.reason}", language, named=column.named)
    if column.taken not in ("score", "rank", "ranked"):
        return wording.text(f"reading.taken_{column.taken}", language)
    component = (
        index.component_name(column.component, language)
        if column.component
        else wording.text("reading.total", language)
    )
    kind = "percent" if column.taken == "score" and column.percent else column.taken
    said = wording.text(f"reading.taken_{kind}", language, component=component)
    if column.maximum and column.taken == "score":
        said += wording.text("reading.maximum", language, points=wording.number(column.maximum, language, 1))
    return f"{said}, {column.year}" if column.year else said


def columns(reading, registry, language):
    """
    List what every column of a file was taken for.

    Parameters
    ----------
    reading : helpers.tables.Reading
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        One row a column, with worded heads. Columns left out that follow each other for the same reason
        share a row, and sheets with the same columns are named together.
    """
    index = registry[reading.index]
    alike = {}
    for sheet in reading.sheets:
        described = tuple(_described(sheet.columns, index, language))
        if described:
            alike.setdefault(described, []).append(sheet.sheet or wording.MISSING)
    rows = [(", ".join(names), *row) for described, names in alike.items() for row in described]
    return _heads(pd.DataFrame(rows, columns=["sheet", "column", "head_text", "taken_for"]), language)


def _described(columns_, index, language):
    """Describe the columns of a sheet: letters, head, what it was taken for."""
    rows = []
    for column in columns_:
        said = taken_for(column, index, language)
        if rows and not column.taken and rows[-1][3] == said:
            rows[-1][1] = column.letter
            rows[-1][2] += f"; {column.head}"
        else:
            rows.append([column.letter, column.letter, column.head, said])
    return [
        (first if first == last else f"{first}–{last}", _short(head) or wording.MISSING, said)
        for first, last, head, said in rows
    ]


def _short(text, most=110):
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def left_out(reading, language):
    """
    List the rows of a file that were left out.

    Parameters
    ----------
    reading : helpers.tables.Reading
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        One row each, `MOST_ROWS` at most, with worded heads.
    """
    rows = [
        (
            sheet.sheet or wording.MISSING,
            row,
            _short(text, 60) or wording.MISSING,
            wording.text(f"reading.row_{why}", language),
        )
        for sheet in reading.sheets
        for row, text, why in sheet.left_out
    ]
    return _heads(pd.DataFrame(rows[:MOST_ROWS], columns=["sheet", "row", "text", "why"]), language)


def examples(reading, registry, raw, language, most=2):
    """
    List the first and last figures that were taken from each sheet.

    Parameters
    ----------
    reading : helpers.tables.Reading
    registry : helpers.registry.Registry
    raw : pathlib.Path
    language : {"en", "vi"}
    most : int
        Provinces from the top, and as many from the bottom, of each sheet.

    Returns
    -------
    pandas.DataFrame
        One row a figure of the first component of its sheet, with worded heads.
    """
    index = registry[reading.index]
    rows = []
    for sheet, reports in reading.reports.groupby("sheet", sort=False):
        main = reports[reports["component"] == ""]
        main = main if len(main) else reports[reports["component"] == reports["component"].iloc[0]]
        main = main.sort_values("row", kind="stable")
        shown = pd.concat([main.head(most), main.tail(most)]).drop_duplicates(["year", "gso_code"])
        for report in shown.to_dict("records"):
            units = provinces_.load(raw, provinces_.vintage_of(report["year"]))
            rows.append(
                (
                    sheet or wording.MISSING,
                    report["cell"],
                    str(report["year"]),
                    units.name(report["gso_code"], language),
                    index.component_name(report["component"], language)
                    if report["component"]
                    else wording.text("reading.total", language),
                    wording.number(report["score"], language, min(report["decimals"], 4)),
                    wording.number(report["rank"], language, 0),
                )
            )
    heads = ["sheet", "cell", "year", "province", "component", "score", "rank"]
    return _heads(pd.DataFrame(rows, columns=heads), language)


def blocks(reading, registry, raw, language):
    """
    List the tables that tell how a file was understood.

    Parameters
    ----------
    reading : helpers.tables.Reading
    registry : helpers.registry.Registry
    raw : pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    list of (str, pandas.DataFrame)
        Caption and table; empty tables are left away.
    """
    tables = {
        "sheets": sheets(reading, registry, language),
        "columns": columns(reading, registry, language),
        "examples": examples(reading, registry, raw, language),
        "left_out": left_out(reading, language),
    }
    return [
        (wording.text(f"reading.{name}_caption", language), frame)
        for name, frame in tables.items()
        if len(frame)
    ]
