"""From the raw tables to one table of figures: every stage of the cleaning, one after another."""

import functools
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers import checks, inputs, ledger, provenance, ranking, reconciling, regional, validation
from helpers import registry as registry_
from helpers.files import resolve, write_table
from helpers.ledger import REJECTED_COLUMNS, rejection
from helpers.ranking import COLUMNS


class RawDataError(RuntimeError):
    """The raw data cannot be used at all; the text is one sentence for the person who runs the reports."""


# Columns that are text even where they look like numbers.
_TEXTS = ["index", "gso_code", "component", "field", "scope", "basis", "source", "statement", "decided_by"]
_TEXTS += ["chosen_basis", "chosen_source", "rival_basis", "rival_source"]


@dataclass(frozen=True)
class Cleaned:
    """
    What cleaning makes of the raw tables.

    Attributes
    ----------
    figures : pandas.DataFrame
        The table of figures, columns `COLUMNS`, one row per index, year, province and component.
    conflicts : pandas.DataFrame
        Columns `reconciling.CONFLICT_COLUMNS`: reports that differ from the figure chosen, what decided.
    rejected : pandas.DataFrame
        Columns `ledger.REJECTED_COLUMNS`: what was refused, where it stands and what was expected.
    changes : pandas.DataFrame
        Columns `reconciling.CHANGE_COLUMNS`: changes on the year before as the sources state them.
    regional : pandas.DataFrame
        Columns `regional.COLUMNS`: ranks within a region as the sources state them.
    checks : pandas.DataFrame
        Columns `checks.CHECK_COLUMNS`: comparisons with published figures, and of ranks with scores.
    counts : pandas.DataFrame
        Columns `checks.COUNT_COLUMNS` and ``expected_reports``, ``expected_provinces``.
    files : pandas.DataFrame
        One row a raw table: file, index, rows read, reports taken, rows refused.
    readings : list of helpers.tables.Reading
        How each published table among them was understood.
    """

    figures: pd.DataFrame
    conflicts: pd.DataFrame
    rejected: pd.DataFrame
    changes: pd.DataFrame
    regional: pd.DataFrame
    checks: pd.DataFrame
    counts: pd.DataFrame
    files: pd.DataFrame
    readings: list


def preflight(raw="data/raw"):
    """
    Make sure that there is something to clean, before anything is started.

    Parameters
    ----------
    raw : str or pathlib.Path

    Raises
    ------
    RawDataError
        If the folder, the registry, the tables of an index or the provinces are missing, or a table is
        empty.
    """
    folder = resolve(raw)
    if not folder.is_dir():
        raise RawDataError(
            f"The folder of the raw tables, {raw}, is missing: restore it from the repository, or run make "
            "from the project's own folder."
        )
    try:
        known = registry_.load(raw)
    except registry_.RegistryError as error:
        raise RawDataError(f"The registry cannot be used: {error}.") from None
    for name in ("provinces/provinces63.csv", "boundaries/provinces63.geojson", "sources.csv"):
        if not (folder / name).is_file():
            raise RawDataError(f"{raw}/{name} is missing: restore it from the repository.")
    described = set(provenance.described(folder)["table"]) if (folder / "tables.csv").is_file() else set()
    for index in known:
        paths = raw_tables(folder, index.slug)
        if not paths:
            raise RawDataError(
                f"{raw}/{index.slug} has no table: put one there, or take [{index.slug}] out of indices.toml."
            )
        for path in paths:
            # A table that somebody dropped in is refused by itself; one of the project's own is missed.
            own = path.relative_to(folder).as_posix() in described
            if own and _is_empty(path):
                raise RawDataError(
                    f"{raw}/{index.slug}/{path.name} is empty: it needs a header and at least one row; "
                    "restore it, or remove the file."
                )


def raw_tables(folder, slug):
    """
    List the tables of an index: every file in its folder but notes, texts and hidden files.

    Parameters
    ----------
    folder : pathlib.Path
        Of the raw tables.
    slug : str

    Returns
    -------
    list of pathlib.Path
    """
    from helpers import formats

    return sorted(
        path for path in (folder / slug).glob("*") if path.is_file() and formats.is_table_name(path.name)
    )


def _is_empty(path):
    with path.open("rb") as file:
        return sum(1 for _ in itertools.islice((line for line in file if line.strip()), 2)) < 2


def clean(raw="data/raw"):
    """
    Make the table of figures from the raw tables.

    Parameters
    ----------
    raw : str or pathlib.Path

    Returns
    -------
    Cleaned

    Raises
    ------
    RawDataError
        If there is nothing to clean (see `preflight`), or no table gives a figure.
    """
    preflight(raw)
    return assemble(gather(raw), raw)


@dataclass(frozen=True)
class Gathered:
    """
    What the raw tables report, before anything is decided.

    Attributes
    ----------
    reports : pandas.DataFrame
        Columns `helpers.ledger.REPORT_COLUMNS`.
    rejected : list of dict
        Rows of ``rejected.csv``.
    files : pandas.DataFrame
        Columns file, index, rows, reports.
    readings : list of helpers.tables.Reading
        Of the published tables among them.
    """

    reports: pd.DataFrame
    rejected: list
    files: pd.DataFrame
    readings: list

    def with_table(self, reading):
        """
        Add a table as if it lay among the raw tables.

        Parameters
        ----------
        reading : helpers.tables.Reading

        Returns
        -------
        Gathered
        """
        row = [(reading.file, reading.index, reading.rows, len(reading.reports))]
        return Gathered(
            reports=pd.concat([self.reports, reading.reports], ignore_index=True),
            rejected=self.rejected + reading.rejected,
            files=pd.concat([self.files, pd.DataFrame(row, columns=self.files.columns)], ignore_index=True),
            readings=[*self.readings, reading],
        )


def assemble(gathered, raw="data/raw"):
    """
    Make the table of figures from the reports of the raw tables.

    Parameters
    ----------
    gathered : Gathered
    raw : str or pathlib.Path

    Returns
    -------
    Cleaned
    """
    folder = resolve(raw)
    known = registry_.load(raw)
    sources = _source_ids(folder) | {reading.file for reading in gathered.readings}
    reports, refused = validation.validate(gathered.reports, known, sources)
    rejected = gathered.rejected + refused
    derived, refused = reconciling.derive_previous_ranks(reports, known)
    rejected += refused
    figures, conflicts = reconciling.reconcile(pd.concat([reports, derived], ignore_index=True), known)
    figures = ranking.add_sums(figures, known)
    figures = ranking.add_ranks_and_groups(figures, known)
    rejected = pd.DataFrame(rejected, columns=REJECTED_COLUMNS)
    refused = [int((rejected["file"] == file).sum()) for file in gathered.files["file"]]
    return Cleaned(
        figures=validation.check_figures(figures),
        conflicts=conflicts,
        rejected=rejected,
        changes=reconciling.stated_changes(reports),
        regional=regional.stated(folder, known, functools.partial(_correct, _corrections(folder))),
        checks=checks.run_checks(figures, folder, known),
        counts=checks.count(reports, figures, folder),
        files=gathered.files.assign(refused=refused),
        readings=gathered.readings,
    )


def write(cleaned, processed="data/processed"):
    """
    Write what cleaning made, each table whole or not at all.

    Parameters
    ----------
    cleaned : Cleaned
    processed : str or pathlib.Path
        Gets ``indices.csv``, ``conflicts.csv``, ``rejected.csv``, ``changes.csv``, ``regional_ranks.csv``
        and ``checks.csv``.
    """
    folder = resolve(processed)
    write_table(folder / "indices.csv", cleaned.figures)
    write_table(folder / "conflicts.csv", cleaned.conflicts)
    write_table(folder / "rejected.csv", cleaned.rejected)
    write_table(folder / "changes.csv", cleaned.changes)
    write_table(folder / "regional_ranks.csv", cleaned.regional)
    write_table(folder / "checks.csv", cleaned.checks)


@inputs.kept
def read(processed="data/processed"):
    """
    Read the table of figures that 01_clean wrote.

    Parameters
    ----------
    processed : str or pathlib.Path

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; codes and texts as str ("" where empty), rank and ranked as Int64.

    Raises
    ------
    RawDataError
        If the table is not there yet.
    """
    path = resolve(processed) / "indices.csv"
    if not path.is_file():
        raise RawDataError(f"{processed}/indices.csv is not there: run 01_clean (make data) first.")
    types = {"score": "float64", "max_score": "float64", "rank": "Int64", "ranked": "Int64", "year": "int64"}
    texts = {column: str for column in COLUMNS if column not in types}
    frame = pd.read_csv(path, dtype=types | texts, keep_default_na=False, na_values={c: [""] for c in types})
    return frame[COLUMNS]


@inputs.query
def of_years(processed, years, totals=False):
    """
    Read the figures of some years, for pages that show no others.

    Parameters
    ----------
    processed : str or pathlib.Path
    years : list of int
    totals : bool
        Whether to have the totals of all other years, too.

    Returns
    -------
    pandas.DataFrame
        As from `read`.

    Raises
    ------
    RawDataError
        If the table is not there yet.
    """
    figures = read(processed)
    chosen = figures["year"].isin(years)
    if totals:
        chosen |= figures["component"] == ""
    return figures[chosen].reset_index(drop=True)


@inputs.kept
def read_beside(processed, name):
    """
    Read a table that 01_clean wrote beside the figures.

    Parameters
    ----------
    processed : str or pathlib.Path
    name : str
        For example "conflicts".

    Returns
    -------
    pandas.DataFrame
        Codes and texts as str ("" where empty), numbers as numbers.

    Raises
    ------
    RawDataError
        If the table is not there yet.
    """
    path = resolve(processed) / f"{name}.csv"
    if not path.is_file():
        raise RawDataError(f"{processed}/{name}.csv is not there: run 01_clean (make data) first.")
    texts = dict.fromkeys(_TEXTS, str)
    frame = pd.read_csv(path, dtype=texts)
    return frame.fillna({column: "" for column in _TEXTS if column in frame})


def held(figures, index, year):
    """
    Say whether the totals of a year are the publisher's own or what others reported of them.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    index : helpers.registry.Index
    year : int

    Returns
    -------
    {"published", "reported"}
        "published" where every total and rank of the year has this basis.
    """
    of_year = figures[
        (figures["index"] == index.slug) & (figures["year"] == year) & (figures["component"] == "")
    ]
    return held_as(of_year)


def held_as(totals):
    """
    Say the same of totals picked out already.

    Parameters
    ----------
    totals : pandas.DataFrame
        Columns ``basis`` and ``rank_basis``, "" or missing where there is no figure.

    Returns
    -------
    {"published", "reported"}
    """
    bases = set(totals["basis"].dropna()) | set(totals["rank_basis"].dropna())
    return "published" if bases - {""} == {"published"} else "reported"


def gather(raw="data/raw", without=None):
    """
    Read and correct every table of every index.

    Parameters
    ----------
    raw : str or pathlib.Path
    without : str, optional
        A file to pass over, by its path below `raw`.

    Returns
    -------
    Gathered

    Raises
    ------
    RawDataError
        If no table gives a figure.
    """
    # The pages read figures from here, not tables: only cleaning pays for the readers of all formats.
    from helpers import tables
    from helpers.headings import years_in

    folder = resolve(raw)
    known = registry_.load(raw)
    corrections = _corrections(folder)
    reader = tables.Reader(folder, known)
    taken, rejected, files = [], [], []
    for index in known:
        rejected += _stray_notes(folder, index.slug)
        digests = {}
        for path in raw_tables(folder, index.slug):
            file = path.relative_to(folder).as_posix()
            if file == without:
                continue
            try:
                reading = reader.read(path, index.slug, functools.partial(_correct, corrections))
                if (first := digests.setdefault(reading.digest, file)) != file:
                    # Of two names with different years either may be the wrong one: none is believed.
                    if years_in(Path(first).stem) != years_in(path.stem):
                        taken = [other for other in taken if other.file != first]
                        rejected.append(_twice(first, file).rejection())
                    raise _twice(file, first)
            except ledger.TableError as error:
                rejected.append(error.rejection())
                files.append((file, index.slug, 0, 0))
                continue
            taken.append(reading)
            rejected += reading.rejected
            files.append((file, index.slug, reading.rows, len(reading.reports)))
    rejected += _stale(corrections)
    filled = [reading.reports for reading in taken if len(reading.reports)]
    if not filled:
        first = rejected[0]
        raise RawDataError(
            f"No table of {folder.name} gives a single figure; the first fault: {first['file']}, "
            f"{first['problem']}, expected {first['expected']}."
        )
    files = pd.DataFrame(files, columns=["file", "index", "rows", "reports"])
    kept = files["file"].isin([reading.file for reading in taken])
    files.loc[~kept, ["rows", "reports"]] = 0
    readings = [reading for reading in taken if reading.sheets]
    return Gathered(pd.concat(filled, ignore_index=True), rejected, files, readings)


def _twice(file, other):
    expected = f"the file once, under the name that is right; remove {file} or {other}"
    return ledger.TableError(file, "the same file under two names", expected, value=other)


def _stray_notes(folder, slug):
    """Refuse notes beside which there is no table."""
    names = {path.name for path in raw_tables(folder, slug)}
    stems = {Path(name).stem for name in names}
    return [
        rejection(
            note.relative_to(folder).as_posix(),
            "",
            "",
            "",
            "a note without its table",
            "a table beside it: annex.xlsx.toml belongs to annex.xlsx",
        )
        for note in sorted((folder / slug).glob("*.toml"))
        if note.stem not in names | stems
    ]


_CORRECTION_KEY = ("year", "gso_code", "component", "source", "score")


def _corrections(folder):
    path = folder / "corrections.csv"
    if not path.is_file():
        return []
    table = ledger.read_csv(path, folder)
    return [{**cells, "row": row, "found": 0} for row, cells in table.rows]


def _correct(corrections, table):
    """Apply corrections to the cells of a table, in place; what matches no row or several is left alone."""
    for correction in corrections:
        if correction["table"] != table.file:
            continue
        matching = [
            (line, cells)
            for line, cells in table.rows
            if all(cells.get(key, "") == correction[key] for key in _CORRECTION_KEY)
            and cells.get(correction["field"]) == correction["expected"]
        ]
        correction["found"] = len(matching)
        if len(matching) != 1:
            continue
        if correction["action"] == "drop":
            table.rows.remove(matching[0])
        else:
            matching[0][1][correction["field"]] = correction["new_value"]


def _stale(corrections):
    """Report corrections that no longer fit exactly one row: the source was corrected or has moved."""
    return [
        rejection(
            "corrections.csv",
            correction["row"],
            correction["field"],
            correction["expected"],
            f"the correction fits {correction['found']} rows of {correction['table']}",
            "exactly one row with the values named; if the source was corrected, remove the correction",
        )
        for correction in corrections
        if correction["found"] != 1
    ]


def _source_ids(folder):
    return set(pd.read_csv(folder / "sources.csv", dtype=str)["source"])


def accept(raw="data/raw"):
    """
    Accept the raw tables as they are: rewrite the expected row counts and the checksums.

    Parameters
    ----------
    raw : str or pathlib.Path
        ``expected_counts.csv`` and the column ``sha256`` of ``tables.csv`` are rewritten.

    Returns
    -------
    list of str
        What changed, a line each.

    Raises
    ------
    RawDataError
        If there is nothing to clean, or a table is not described in ``tables.csv``.
    """
    folder = resolve(raw)
    counts = clean(raw).counts
    changed = counts[
        (counts["reports"] != counts["expected_reports"]).fillna(True)
        | (counts["provinces"] != counts["expected_provinces"]).fillna(True)
    ]
    said = [
        f"{row.index} {row.year}: {row.expected_reports} -> {row.reports} reports, "
        f"{row.expected_provinces} -> {row.provinces} provinces"
        for row in changed.itertuples(index=False)
    ]
    write_table(folder / "expected_counts.csv", counts.dropna(subset=["reports"])[checks.COUNT_COLUMNS])
    return said + provenance.accept(folder)


if __name__ == "__main__":
    if sys.argv[1:] != ["accept"]:
        sys.exit("usage: python -m helpers.indices accept")
    try:
        lines = accept()
    except RawDataError as error:
        sys.exit(f"Error: {error}")
    print("\n".join(lines) or "Nothing changed: counts and checksums are as accepted before.")
