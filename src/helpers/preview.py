"""``make check FILE=path``: what would be understood of a published table, and what it would change."""

import argparse
import math
import sys
from pathlib import Path

import pandas as pd

from helpers import account, indices, reconciling, tables, understanding, wording
from helpers import provinces as provinces_
from helpers import registry as registry_
from helpers.files import project_root, resolve
from helpers.ledger import KEY, SCORE_DECIMALS, TableError

MOST_DIFFERENCES = 20


def compare(before, after, reading, known):
    """
    Hold the figures of a table against those without it.

    Parameters
    ----------
    before, after : pandas.DataFrame
        Tables of figures without and with the table.
    reading : helpers.tables.Reading
    known : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        One row a score or rank of the table: `KEY`, field, now, here, decimals, outcome ("new", "same",
        "wins", "loses").
    """
    without, result = before.set_index(KEY), after.set_index(KEY)
    fields = ["score"] if known[reading.index].ranks_computed else ["score", "rank"]
    rows = []
    for report in reading.reports.to_dict("records"):
        key = tuple(report[name] for name in KEY)
        for field in fields:
            here = report[field]
            if math.isnan(here):
                continue
            now = without.at[key, field] if key in without.index else math.nan
            now = math.nan if pd.isna(now) else float(now)
            used = result.at[key, field] if key in result.index else math.nan
            decimals = report["decimals"] if field == "score" else 0
            if math.isnan(now):
                outcome = "new"
            elif reconciling.agree(here, decimals, now, _decimals(now)):
                outcome = "same"
            else:
                outcome = "wins" if not pd.isna(used) and abs(float(used) - here) < 1e-6 else "loses"
            rows.append((*key, field, now, here, decimals, outcome))
    return pd.DataFrame(rows, columns=[*KEY, "field", "now", "here", "decimals", "outcome"])


def _decimals(value):
    """Decimals of a figure as `helpers.indices.write` would write it (int)."""
    return len(f"{value:.{SCORE_DECIMALS}f}".rstrip("0").partition(".")[2])


def show(path, raw="data/raw", language="en"):
    """
    Tell what would be understood of a table.

    Parameters
    ----------
    path : pathlib.Path
    raw : str or pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    text : str
    accepted : bool
    """
    folder = resolve(raw)
    reader = tables.Reader(raw)
    try:
        reading = reader.read(path)
    except TableError as error:
        return _refusal(error, language), False
    lines = [understanding.summary(reading, reader.known, language), ""]
    for caption, frame in understanding.blocks(reading, reader.known, folder, language):
        lines += _table(caption, frame)
    if reading.rejected:
        rejected = account.refusals(pd.DataFrame(reading.rejected), language)
        shown = rejected[["sheet", "row", "field", "value", "problem", "expected", "nearest"]]
        lines += _table(wording.text("reading.rejected_caption", language), shown)
    lines += _against(reading, reader, raw, language)
    return "\n".join(lines), True


def _refusal(error, language):
    def say(key, **values):
        return wording.text(f"reading.{key}", language, **values)

    place = ", ".join(
        str(part)
        for part in (error.file, error.sheet, error.cell or (error.row and say("refused_row", row=error.row)))
        if part
    )
    problem = wording.translated("clean.problem_", error.problem, language)
    expected = wording.translated("refusals.expected_", error.expected, language)
    lines = [say("refused"), say("refused_where", place=place), say("refused_problem", problem=problem)]
    if error.value:
        value = wording.translated("refusals.value_", error.value, language)
        lines.append(say("refused_value", value=value))
    return "\n".join([*lines, say("refused_expected", expected=expected)])


def _table(caption, frame):
    """Write a table for a terminal, its texts to the left."""
    if not len(frame):
        return []
    frame = frame.astype(str)
    widths = [max(len(str(head)), *(len(cell) for cell in frame[head])) for head in frame.columns]
    rows = [list(frame.columns), *frame.to_numpy().tolist()]
    written = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [caption, *(f"  {row.rstrip()}" for row in written), ""]


def _against(reading, reader, raw, language):
    """Tell what the table would change."""
    inside = "/" in reading.file
    gathered = indices.gather(raw, without=reading.file if inside else None)
    before = indices.assemble(gathered, raw).figures
    after = indices.assemble(gathered.with_table(reading), raw).figures
    compared = compare(before, after, reading, reader.known)
    counts = compared["outcome"].value_counts()
    differing = compared[compared["outcome"].isin(["wins", "loses"])]
    index = reader.known[reading.index]
    rows = []
    for row in differing.head(MOST_DIFFERENCES).to_dict("records"):
        units = provinces_.load(reader.raw, provinces_.vintage_of(row["year"]))
        places = 0 if row["field"] == "rank" else min(max(row["decimals"], 2), 4)
        rows.append(
            (
                str(row["year"]),
                units.name(row["gso_code"], language),
                index.component_name(row["component"], language)
                if row["component"]
                else wording.text("reading.total", language),
                wording.text(f"clean.field_{row['field']}", language),
                wording.number(row["now"], language, places),
                wording.number(row["here"], language, places),
                wording.text(f"reading.against_{row['outcome']}", language),
            )
        )
    heads = ["year", "province", "component", "field", "now", "here", "outcome"]
    frame = pd.DataFrame(rows, columns=heads)
    frame.columns = [wording.text(f"reading.col_{head}", language) for head in heads]
    lines = [
        wording.text(
            "reading.against",
            language,
            **{
                name: wording.number(sum(counts.get(outcome, 0) for outcome in outcomes), language, 0)
                for name, outcomes in (("new", ["new"]), ("same", ["same"]), ("differing", ["wins", "loses"]))
            },
        )
    ]
    lines += _table(wording.text("reading.against_caption", language), frame)
    if len(differing) > MOST_DIFFERENCES:
        lines += [wording.text("reading.against_more", language, n=len(differing) - MOST_DIFFERENCES)]
    place = "place_inside" if inside else "place_outside"
    return [*lines, wording.text(f"reading.{place}", language, folder=reading.index)]


def main(arguments=None):
    """
    Run the command line.

    Parameters
    ----------
    arguments : list of str, optional

    Returns
    -------
    int
        0 where the table would be taken, 1 where it would be refused, 2 where it cannot be looked at.
    """
    parser = argparse.ArgumentParser(prog="make check", description=__doc__)
    parser.add_argument("file", type=Path, help="the table, anywhere on this computer")
    parser.add_argument("--language", choices=wording.LANGUAGES, default="en")
    parser.add_argument("--root", type=Path, help="folder of the project")
    given = parser.parse_args(arguments)
    raw = (given.root or project_root()) / "data" / "raw"
    try:
        text, accepted = show(given.file, raw, given.language)
    except (registry_.RegistryError, indices.RawDataError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main())
