"""The project's own layouts of a raw table, ledger and wide, into tidy reports of figures."""

import csv
import functools
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers import provinces as provinces_
from helpers.figures import parse_number
from helpers.registry import Index, RegistryError

KEY = ["index", "year", "gso_code", "component"]
REPORT_COLUMNS = [
    "file",
    "sheet",
    "row",
    "cell",
    "index",
    "year",
    "gso_code",
    "component",
    "percent",
    "score",
    "decimals",
    "max_score",
    "rank",
    "ranked",
    "score_change",
    "rank_change",
    "basis",
    "source",
]
# More digits than published figures and sums of them have would be noise of floating point.
SCORE_DECIMALS = 6
REJECTED_COLUMNS = ["file", "sheet", "row", "field", "value", "problem", "expected", "nearest"]
_LONG_FIELDS = {
    "year",
    "gso_code",
    "province",
    "component",
    "score",
    "max_score",
    "rank",
    "rank_of",
    "score_change",
    "rank_change",
    "region_rank",
    "basis",
    "source",
}
_WITHOUT_RANK = dict.fromkeys(("rank", "ranked", "score_change", "rank_change"), math.nan)


class TableError(ValueError):
    """
    A table that cannot be read as a whole.

    Attributes
    ----------
    file : str
    sheet, cell : str
        "" where the fault has no such place.
    row : int or None
    problem : str
        A phrase that says what is wrong, the same for every file with this fault.
    value : str
        What was found there.
    expected : str
        What was expected and what to do.
    """

    def __init__(self, file, problem, expected, row=None, sheet="", cell="", value=""):
        self.file, self.sheet, self.cell, self.row = file, sheet, cell, row
        self.problem, self.value, self.expected = problem, value, expected
        place = "".join(
            f", {name} {found}"
            for name, found in (("sheet", sheet), ("row", "" if cell else row), ("cell", cell))
            if found
        )
        super().__init__(f"{file}{place}: {problem}{f' ({value})' if value else ''}; expected {expected}")

    def rejection(self):
        """Say it as a row of ``rejected.csv`` (dict)."""
        return rejection(
            self.file, self.row or "", self.cell, self.value, self.problem, self.expected, sheet=self.sheet
        )


@dataclass(frozen=True)
class Table:
    """
    A table as its file holds it.

    Attributes
    ----------
    file : str
        Path below ``data/raw``.
    columns : list of str
    rows : list of (int, dict)
        Line number in the file, and the cells by column, as text.
    rejected : list of dict
        Rows that do not fit the header, as rows of ``rejected.csv``.
    """

    file: str
    columns: list
    rows: list
    rejected: list


def rejection(file, row, field, value, problem, expected, nearest="", sheet=""):
    """Make one row of ``rejected.csv`` (dict)."""
    return dict(
        zip(REJECTED_COLUMNS, (file, sheet, row, field, value, problem, expected, nearest), strict=True)
    )


def read_csv(path, raw):
    """
    Read a CSV file without interpreting its cells.

    Parameters
    ----------
    path, raw : pathlib.Path
        The file, and the folder of the raw tables that its name is given relative to.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If the file is not UTF-8 text, not CSV, or repeats a column.
    """
    file = Path(path).relative_to(raw).as_posix()
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TableError(file, "the file is not UTF-8 text", "a CSV file saved as UTF-8", line) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns, rows, rejected = None, [], []
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if columns is None:
                columns = cells
            elif len(cells) != len(columns):
                problem = f"the row has {len(cells)} cells"
                rejected.append(
                    rejection(
                        file, reader.line_num, "", ",".join(cells)[:200], problem, f"{len(columns)} cells"
                    )
                )
            else:
                rows.append((reader.line_num, dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        expected = "quotes closed, no stray quotes"
        raise TableError(file, f"broken CSV ({error})", expected, reader.line_num) from None
    columns = columns or []
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise TableError(file, f"the column {repeated[0]!r} is there twice", "every column once", 1)
    return Table(file, columns, rows, rejected)


@dataclass
class _Reader:
    """Turns the rows of one table into reports and collects what it refuses."""

    table: Table
    index: Index
    raw: Path
    rejected: list

    def __post_init__(self):
        # A table has many rows of few years.
        self.units = functools.cache(functools.partial(provinces_.load, self.raw))
        self.spellings = functools.cache(functools.partial(_spellings, self.index))

    def refuse(self, row, field, value, problem, expected, nearest=""):
        self.rejected.append(rejection(self.table.file, row, field, value, problem, expected, nearest))

    def year(self, line, cells):
        written = cells.get("year") or Path(self.table.file).stem
        if not re.fullmatch(r"(?:19|20)\d\d", written):
            self.refuse(line, "year", written, "this is no year", "a year in a column `year` or as file name")
            return None
        year = int(written)
        try:
            self.index.max_score(year)
            self.index.series(year)
        except RegistryError as error:
            self.refuse(line, "year", written, "a year with no registry entry", str(error))
            return None
        return year

    def province(self, line, cells, year):
        units = self.units(provinces_.vintage_of(year))
        code, name = cells.get("gso_code", ""), cells.get("province", "")
        named = None
        if name:
            try:
                named = units.code(name)
            except provinces_.UnknownProvinceError as error:
                self.refuse(
                    line,
                    "province",
                    name,
                    "an unknown province name",
                    f"one of the {units.vintage} provinces of {year}, or an alias of "
                    f"provinces/provinces{units.vintage}.csv",
                    error.nearest,
                )
                return None
        if not code:
            if named is None:
                self.refuse(line, "province", "", "no province", "a code in gso_code or a name in province")
            return named
        code = code.zfill(2)
        if code not in units.rows:
            expected = f"a code of the {units.vintage} provinces of {year}"
            self.refuse(line, "gso_code", code, "an unknown province code", expected, named or "")
            return None
        if named is not None and named != code:
            expected = f"{units.name(code, 'vi')} for code {code}, or code {named} for {name}"
            self.refuse(line, "gso_code", code, f"the code and the name {name!r} disagree", expected)
            return None
        return code

    def number(self, line, cells, field, whole=False):
        """Read a cell; False stands for a refused one."""
        try:
            number = parse_number(cells.get(field, ""))
        except ValueError:
            number = math
        if number is math or (whole and number is not None and number.value % 1):
            kind = "a whole number" if whole else "a number such as 83.00 or 83,00, or an empty cell"
            self.refuse(line, field, cells.get(field), f"{field} is no number", kind)
            return False
        return number


def _spellings(index, year):
    """Components by the spellings that a table may use: (slug, whether it is a percentage, its maximum)."""
    total = ("", False, index.max_score(year))
    spellings = {"": total, "total": total}
    for slug in index.components_of(year):
        entry, maximum = index.components[slug], index.max_score(year, slug)
        for spelling in (slug, *entry.get("spellings", [])):
            spellings[spelling] = (slug, False, maximum)
        for spelling in entry.get("spellings_percent", []):
            spellings[spelling] = (slug, True, maximum)
    return spellings


def reports(table, index, raw):
    """
    Turn a table into tidy reports of figures.

    A table with a column ``score`` or ``rank`` has one report a row (the ledger of reported figures). Any
    other has one province a row and one component a column.

    Parameters
    ----------
    table : Table
    index : helpers.registry.Index
        The index whose folder holds the table.
    raw : pathlib.Path
        Folder of the raw tables.

    Returns
    -------
    reports : pandas.DataFrame
        Columns `REPORT_COLUMNS`, one row a report; ``percent`` says that the score is a share of the
        maximum and not points, ``decimals`` how many the report gives, ``ranked`` how many are ranked.
    rejected : list of dict
        What was refused, as rows of ``rejected.csv``.

    Raises
    ------
    TableError
        If the columns are of neither layout.
    """
    long = bool({"score", "rank"} & set(table.columns))
    if not {"gso_code", "province"} & set(table.columns):
        raise TableError(table.file, "no column of provinces", "a column `gso_code` or `province`", 1)
    reader = _Reader(table, index, raw, list(table.rejected))
    if long:
        unknown = sorted(set(table.columns) - _LONG_FIELDS)
        if unknown:
            known = ", ".join(sorted(_LONG_FIELDS))
            raise TableError(table.file, f"unknown column {unknown[0]!r}", f"columns among {known}", 1)
    found = []
    for line, cells in table.rows:
        year = reader.year(line, cells)
        code = year and reader.province(line, cells, year)
        if not code:
            continue
        said = {
            "file": table.file,
            "sheet": "",
            "row": line,
            "cell": "",
            "index": index.slug,
            "year": year,
            "gso_code": code,
            "basis": cells.get("basis") or index.entry.get("basis", ""),
            "source": cells.get("source") or index.entry.get("source", ""),
            **_WITHOUT_RANK,
        }
        read_row = _long_row if long else _wide_row
        found += read_row(reader, line, cells, said)
    return pd.DataFrame(found, columns=REPORT_COLUMNS), reader.rejected


def _long_row(reader, line, cells, said):
    component, spellings = cells.get("component", ""), reader.spellings(said["year"])
    if component not in spellings:
        expected = f"a component of {reader.index.slug} in {said['year']} as in indices.toml"
        reader.refuse(line, "component", component, "an unknown component", expected)
        return []
    slug, percent, own_maximum = spellings[component]
    numbers = {
        field: reader.number(line, cells, field, whole=field in ("rank", "rank_of", "rank_change"))
        for field in ("score", "max_score", "rank", "rank_of", "score_change", "rank_change")
    }
    if False in numbers.values():
        return []
    value = {field: number.value if number else math.nan for field, number in numbers.items()}
    score, rank = numbers["score"], numbers["rank"]
    # Points and percentages of the maximum are two scales; only where the maximum is 100 are they one.
    percent = (
        bool(slug)
        and own_maximum != 100
        and (percent or value["max_score"] == 100 or bool(score and score.percent))
    )
    return [
        said
        | {
            "component": slug,
            "percent": percent,
            "score": value["score"],
            "decimals": score.decimals if score else 0,
            "max_score": 100.0 if percent else _either(own_maximum, value["max_score"]),
            "rank": value["rank"],
            "ranked": _either(value["rank_of"], rank.of if rank else None),
            "score_change": value["score_change"],
            "rank_change": value["rank_change"],
        }
    ]


def _wide_row(reader, line, cells, said):
    found, spellings = [], reader.spellings(said["year"])
    for column, written in cells.items():
        if column in ("year", "gso_code", "province", "basis", "source"):
            continue
        if column not in spellings:
            expected = f"a component of {reader.index.slug} in {said['year']} as in indices.toml"
            # Said once a table: the column is the fault, not each of its cells.
            if line == reader.table.rows[0][0]:
                reader.refuse(1, column, "", "an unknown column", expected)
            continue
        number = reader.number(line, {column: written}, column)
        if not number:
            continue
        slug, percent, maximum = spellings[column]
        found.append(
            said
            | {
                "component": slug,
                "percent": percent,
                "score": number.value,
                "decimals": number.decimals,
                "max_score": 100.0 if percent else _either(maximum, None),
            }
        )
    return found


def _either(first, second):
    """The first number that is there, as float, else NaN."""
    for number in (first, second):
        if number is not None and not math.isnan(number):
            return float(number)
    return math.nan
