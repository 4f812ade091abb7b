"""Reading any published table of provinces into tidy reports of figures, or refusing it with the reason."""

import collections
import functools
import hashlib
import itertools
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from helpers import cells, columns, formats, identity, layouts, ledger, pages, provinces, soundness
from helpers import registry as registry_
from helpers.extraction import Extraction, Part, Understanding, years_expected
from helpers.files import resolve
from helpers.headings import Vocabulary
from helpers.ledger import KEY, REPORT_COLUMNS, TableError

# From this share of the provinces on, a table without a note counts as the publisher's own complete one.
COMPLETE = 0.9


@dataclass(frozen=True)
class Reading:
    """
    What was read from a file.

    Attributes
    ----------
    file : str
    index : str
        Slug.
    kind : str
        Format by content: "xlsx", "xls", "ods", "csv", "html", "pdf", ..., or "ledger" for the own layouts.
    rows : int
        Rows with a province.
    reports : pandas.DataFrame
        Columns `helpers.ledger.REPORT_COLUMNS`.
    rejected : list of dict
        Single cells and rows that were refused, as rows of ``rejected.csv``.
    basis : str
        How its figures are taken ("" where its rows say it themselves).
    sheets : list of Understanding
        Empty for the project's own layouts.
    digest : str
        SHA-256 of the file.
    """

    file: str
    index: str
    kind: str
    rows: int
    reports: pd.DataFrame
    rejected: list
    basis: str = ""
    sheets: list = field(default_factory=list)
    digest: str = ""


class Reader:
    """
    Reads the tables of one folder of raw tables; what they share is looked up once.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables: names of provinces are looked up there.
    known : helpers.registry.Registry, optional
        That of `raw` where it is not given.
    """

    def __init__(self, raw="data/raw", known=None):
        self.raw = resolve(raw)
        self.known = known or registry_.load(raw)
        self.places = layouts.Places(self.raw, self.known.headings)
        self.vocabulary = functools.lru_cache(maxsize=None)(
            lambda slug: Vocabulary(self.known, self.known[slug])
        )

    def read(self, path, folder=None, correct=None):
        """
        Read a table in any usual format and layout.

        Parameters
        ----------
        path : str or pathlib.Path
        folder : str, optional
            Slug of the index in whose folder the file lies; found by itself for a file in the folder of the
            raw tables, "" for a file elsewhere.
        correct : callable, optional
            Gets a `helpers.ledger.Table` in the project's own layouts before it is turned into reports.

        Returns
        -------
        Reading

        Raises
        ------
        helpers.ledger.TableError
            If nothing of the file can be used; it names file, sheet, cell, what was expected and what to do.
        """
        path = Path(path)
        try:
            file = path.resolve().relative_to(self.raw.resolve()).as_posix()
            folder = Path(file).parts[0] if folder is None and len(Path(file).parts) > 1 else folder or ""
        except ValueError:
            file, folder = path.name, folder or ""
        return _Table(self, path, file, folder).read(correct)


def read(path, raw="data/raw", folder=None):
    """
    Read one table in any usual format and layout (see `Reader.read`, which reads many faster).

    Parameters
    ----------
    path : str or pathlib.Path
    raw : str or pathlib.Path
    folder : str, optional

    Returns
    -------
    Reading
    """
    return Reader(raw).read(path, folder)


def recognise(path, slug, raw="data/raw"):
    """
    Make sure that a file is a table of an index.

    Parameters
    ----------
    path : str or pathlib.Path
    slug : str
    raw : str or pathlib.Path

    Raises
    ------
    helpers.ledger.TableError
        If it is not.
    """
    # An index may wait for its first table.
    Reader(raw, registry_.load(raw, every=True)).read(path, slug)


class _Table:
    """One file on its way from cells to reports."""

    def __init__(self, reader, path, file, folder):
        self.reader, self.path, self.file, self.folder = reader, path, file, folder
        self.rejected, self.sheets, self.letters = [], [], set()

    def refuse(self, problem, expected, sheet="", cell="", value="", row=None):
        raise TableError(
            self.file, problem, expected, row=row, sheet=sheet, cell=cell, value=str(value)[:200]
        )

    def refuse_at(self, layout, row, column, problem, value, expected):
        sheet, number = pages.place(layout.sheet, row)
        cell = layout.sheet.cell(row, column).split()[-1]
        self.refuse(problem, expected, sheet=sheet, cell=cell, value=value, row=number)

    def read(self, correct=None):
        known = self.reader.known
        self.note = identity.note_of(self.path, self.file, known)
        # A note says how to read a published table; the own layouts say everything themselves.
        if self.folder and self.note == identity.Note() and _is_own(self.path):
            return self._read_own(correct)
        try:
            book = formats.read(self.path)
            digest = _digest(self.path)
        except cells.FileError as error:
            expected = f"a file that can be read: {error.expected}"
            self.refuse("the file cannot be read", expected, error.sheet, error.cell, value=error.problem)
        except OSError as error:
            self.refuse("the file cannot be read", "a file that stays where it is", value=error.strerror)
        self.book = book
        any_vocabulary = self.reader.vocabulary(next(iter(known.indices)))
        slug = identity.index_of(self.file, self.folder, self.note, any_vocabulary, known)
        found = self._survey(slug)
        slug = slug or self._index_by_content(found)
        self.index, self.words = known[slug], self.reader.vocabulary(slug)
        found = [layout for layout in found if not self._of_other_index(layout)]
        parts = [part for layout in found if (part := self._part(layout))]
        self._check_note_columns()
        if not parts:
            self._refuse_empty(found)
        reports, rows = self._reports(parts)
        basis = self.note.basis or self._basis(reports)
        reports["basis"] = basis
        reports["source"] = self.note.source or self.file
        return Reading(
            file=self.file,
            index=slug,
            kind=book.kind,
            rows=rows,
            reports=reports,
            rejected=self.rejected,
            basis=basis,
            sheets=self.sheets,
            digest=digest,
        )

    def _read_own(self, correct):
        """Read a CSV table in the project's own layouts."""
        index = self.reader.known[self.folder]
        table = ledger.read_csv(self.path, self.reader.raw)
        if correct:
            correct(table)
        reports, rejected = ledger.reports(table, index, self.reader.raw)
        rows = len(table.rows) + len(table.rejected)
        return Reading(self.file, index.slug, "ledger", rows, reports, rejected, digest=_digest(self.path))

    def _survey(self, slug):
        """Find the tables of provinces among the sheets."""
        sheets = pages.join(self.book.sheets) if self.book.kind == "pdf" else self.book.sheets
        wanted = self.note.sheets
        if wanted and (missing := set(wanted) - {sheet.name for sheet in sheets}):
            listed = ", ".join(repr(sheet.name) for sheet in sheets)
            self.refuse(
                "a sheet that the note names is not there", f"one of {listed}", value=sorted(missing)[0]
            )
        found, hidden = [], []
        for sheet in sheets:
            if wanted is not None and sheet.name not in wanted:
                self.sheets.append(Understanding(sheet.name, reason="not_wanted"))
                continue
            layout = layouts.survey(sheet, self.reader.places)
            if layout is None:
                self.sheets.append(Understanding(sheet.name, reason="no_provinces"))
            elif sheet.hidden and wanted is None:
                hidden.append(sheet.name)
                self.sheets.append(Understanding(sheet.name, reason="hidden"))
            else:
                found.append(layout)
        if not found and hidden:
            expected = (
                f'the sheet made visible, or a note beside the file that says: sheets = ["{hidden[0]}"]'
            )
            self.refuse("the only table is on a hidden sheet", expected, sheet=hidden[0])
        if not found:
            self._refuse_no_provinces(sheets)
        return found

    def _refuse_no_provinces(self, sheets):
        """Say what the names of the file are, where they are not those of provinces."""
        expected = "a table with one province a row; this file does not belong into data/raw"
        best = (0, 0, None, None)
        for sheet in sheets:
            for column in range(max(map(len, sheet.rows), default=0)):
                texts = [(row, cells_[column]) for row, cells_ in enumerate(sheet.rows)]
                texts = [(row, text) for row, text in texts if isinstance(text, str)]
                kinds = collections.Counter(self.reader.places.kind(text) for _, text in texts)
                for kind, words in (("ministry", "ministries"), ("district", "districts")):
                    if kinds[kind] > max(5, kinds["province"]):
                        row, text = next(pair for pair in texts if self.reader.places.kind(pair[1]) == kind)
                        self.refuse(
                            f"a table of {words}, not of provinces",
                            expected,
                            sheet=sheet.name,
                            cell=sheet.cell(row, column).split()[-1],
                            value=f"{text} and {kinds[kind] - 1} others",
                        )
                best = max(
                    best, (kinds["province"], len(texts), sheet, texts[:3]), key=lambda found: found[:2]
                )
        for sheet in sheets:
            uncached = self.book.marks(sheet.name).uncached
            if len(uncached) >= layouts.FEWEST:
                row, column = min(uncached)
                self.refuse_formula(sheet, row, column)
        count, among, sheet, texts = best
        value = f"{count} names of provinces among {among} texts"
        if not count and among:
            value += f" such as {', '.join(repr(text[:30]) for _, text in texts)}"
        expected = "a column in which at least half of the provinces are named, each in its row"
        self.refuse("no table of provinces", expected, sheet=sheet.name if sheet else "", value=value)

    def refuse_formula(self, sheet, row, column):
        expected = "a value: open the file in a spreadsheet program, let it calculate, save it again"
        cell = sheet.cell(row, column).split()[-1]
        self.refuse("a formula without a stored value", expected, sheet=sheet.name, cell=cell, row=row + 1)

    def _check_formulas(self, layout):
        """Refuse names, and whole columns, that are formulas without stored values: they read as blank."""
        uncached = self.book.marks(layout.sheet.name).uncached
        for row, column in sorted(uncached):
            if not layout.rows[0] <= row <= layout.rows[-1]:
                continue
            blank = all(layout.sheet.rows[other][column] is None for other in layout.rows)
            letter = layout.sheet.cell(0, column).rstrip("1")
            if column in layout.names or (blank and self.note.columns.get(letter) != "-"):
                self.refuse_formula(layout.sheet, row, column)

    def _index_by_content(self, found):
        """Find the index by names of sheets, titles and heads, where folder and file name do not say it."""
        known = self.reader.known
        vocabulary = self.reader.vocabulary(next(iter(known.indices)))
        named = set()
        for layout in found:
            texts = [layout.sheet.name, *layout.titles]
            named |= set().union(*(vocabulary.names_in(text) for text in texts))
        if not named:
            for layout in found:
                for parts in layout.parts.values():
                    named |= set().union(*(vocabulary.names_in(text) for text, _ in parts))
        if len(named) == 1:
            return named.pop()
        choices = ", ".join(sorted(named or known.indices))
        expected = (
            f'one of {choices}: put the file into data/raw/<index>, or write index = "..." into a note '
        )
        expected += f"named {self.path.name}.toml beside it"
        if named:
            self.refuse("several indices are named", expected, value=choices)
        self.refuse("nothing says which index this is", expected)

    def _of_other_index(self, layout):
        """Leave out a sheet whose name or title names another index."""
        for text in (layout.sheet.name, *layout.titles):
            named = self.words.names_in(text)
            if self.index.slug in named:
                return False
            if named and not self.note.index:
                others = ", ".join(self.reader.known[slug].short for slug in sorted(named))
                understanding = Understanding(
                    layout.sheet.name, reason="other_index", remarks=[("other_index", {"named": others})]
                )
                self.sheets.append(understanding)
                return True
        return False

    def _part(self, layout):
        """Understand one table: its columns and its year."""
        if layout.problem:
            problem, row, column, value, expected = layout.problem
            self.refuse_at(layout, row, column, problem, value, expected)
        self._check_formulas(layout)
        self._check_names(layout)
        try:
            read = columns.read(layout, self.words, self.note)
            self.letters |= {column.letter for column in read if column.taken != "province"}
            if not any(column.taken in ("score", "rank") or column.reason == "unknown" for column in read):
                read = []
            taken = [column for column in read if column.taken in ("score", "rank")]
            year, remarks = self._year(layout, read, taken)
            if year:
                read = columns.read(layout, self.words, self.note, year)
                if remarks or self._noted(taken):
                    for column in read:
                        column.year = None
        except columns.ColumnError as error:
            value, _, listed = str(error).partition("; known: ")
            problem = "the note names a component that is not known"
            self.refuse(problem, f"one of {listed}", sheet=layout.sheet.name, value=value)
        if not any(column.taken in ("score", "rank") for column in read):
            self.sheets.append(
                Understanding(
                    layout.sheet.name,
                    head=[row + 1 for row in layout.head],
                    columns=columns.read(layout, self.words, self.note),
                    reason="no_columns",
                )
            )
            return None
        return Part(layout, read, year, remarks)

    def _check_names(self, layout):
        """Refuse columns of names side by side that do not say the same: whose the figures are is open."""
        for left, right in itertools.pairwise(sorted(layout.names)):
            if right == left + 1:
                row = layout.rows[0]
                value = " / ".join(str(layout.sheet.rows[row][name]) for name in (left, right))
                expected = "the same province in both columns of names; look whether one of them has moved"
                self.refuse_at(layout, row, right, "two names of one row disagree", value, expected)

    def _check_note_columns(self):
        """Refuse a note about a column that no table of the file has, or that holds names."""
        for letter in self.note.columns:
            if letter not in self.letters:
                listed = ", ".join(sorted(self.letters, key=lambda text: (len(text), text)))
                expected = f"one of the columns {listed}"
                self.refuse("the note names a column that cannot be used", expected, value=letter)

    def _noted(self, taken):
        """Whether the note decides the year for all columns: there are not several years side by side."""
        return bool(self.note.year) and len({(c.taken, c.component) for c in taken}) == len(taken)

    def _year(self, layout, read, taken):
        """Decide the year of a table: (int or None where rows or heads say it, remarks)."""
        if layout.years is not None:
            self._check_row_years(layout)
            return None, []
        heads = set() if self._noted(taken) else {column.year for column in taken if column.year}
        # "Xếp hạng" and "Xếp hạng năm 2021": the second is of another year and says nothing of the first.
        plain = {(column.taken, column.component) for column in taken if not column.year}
        heads -= {column.year for column in taken if (column.taken, column.component) in plain}
        everywhere = all(column.year for column in taken)
        self._check_head_years(layout, taken, heads)
        if len(heads) > 1 and everywhere:
            return None, []
        stated = [*layout.titles, *self._year_column(layout, read)]
        # The parts of one total are of one year; which of two stated ones it is, the sum does not say.
        proven = not everywhere and self._is_sum(layout, taken)
        year, slip = identity.year_of(self.file, self.note, layout.sheet.name, stated, heads, proven)
        if not self.index.has_year(year):
            expected = years_expected(self.index)
            self.refuse("a year with no registry entry", expected, sheet=layout.sheet.name, value=year)
        return year, [("year_slip", {"slip": slip, "year": year})] if slip else []

    def _check_row_years(self, layout):
        """Refuse a table of one year in its rows and of another by its note, or by all of its names."""
        sheet = layout.sheet
        years = {int(float(sheet.rows[row][layout.years])) for row in layout.rows}
        stated = (
            {self.note.year}
            if self.note.year
            else identity.years_stated(self.file, sheet.name, layout.titles)
        )
        if len(years) == 1 and stated and not years & stated:
            value = f"{min(years)} / {', '.join(map(str, sorted(stated)))}"
            expected = (
                "the same year in the rows as in the names of file and sheet and the titles; a note beside "
            )
            expected += f"the file decides, for example: year = {min(years)}"
            problem = "rows and names disagree on the year"
            self.refuse_at(layout, layout.rows[0], layout.years, problem, value, expected)

    def _year_column(self, layout, read):
        """Years that a column of years names which is not filled in every row (list of str)."""
        found = set()
        for column in read:
            if column.reason != "year" or self.note.year:
                continue
            cells_ = {row: layout.sheet.rows[row][column.place] for row in layout.rows}
            years = {row: identity.as_year(cell) for row, cell in cells_.items()}
            wrong = [row for row, cell in cells_.items() if cell is not None and not years[row]]
            if not wrong and len(set(years.values()) - {None}) > 1:
                wrong = [row for row, cell in cells_.items() if cell is None]
            if wrong:
                cell = cells_[wrong[0]]
                value = "blank" if cell is None else f"{cell:g}" if isinstance(cell, float) else cell
                expected = "a year in every row, such as 2022; correct the cell"
                self.refuse_at(layout, wrong[0], column.place, "this is no year", value, expected)
            found |= set(filter(None, years.values()))
        return [str(year) for year in sorted(found)]

    def _check_head_years(self, layout, taken, heads):
        """Make sure that heads of several years are of a table of several years: something is there twice."""
        counted = collections.Counter(c.component for c in taken if c.year)
        if len(heads) > 1 and max(counted.values()) < 2:
            column = next(c for c in taken if c.year != min(heads) and c.year)
            value = ", ".join(map(str, sorted(heads)))
            expected = (
                "one year in all heads, or the same component once for each of several years; write the year "
            )
            expected += "into a note beside the file, for example: year = "
            row = layout.head[-1] if layout.head else layout.rows[0]
            if self.note.year is None:
                self.refuse_at(
                    layout, row, column.place, "heads name several years", value, f"{expected}{max(heads)}"
                )

    def _is_sum(self, layout, taken):
        """Whether the dimensions of a table make up its total, which shows that all are of one year."""
        if not self.index.sums:
            return False
        main = {c.component: c.place for c in taken if c.taken == "score" and "." not in c.component}
        total = main.pop("", None)
        if total is None or len(main) < 3:
            return False
        rows = [layout.sheet.rows[row] for row in layout.rows]
        numbers = [
            (cells_[total], [cells_[place] for place in main.values()])
            for cells_ in rows
            if all(isinstance(cells_[place], float) for place in (total, *main.values()))
        ]
        return len(numbers) >= layouts.FEWEST and all(
            abs(whole - sum(parts)) < 0.01 for whole, parts in numbers
        )

    def _refuse_empty(self, found):
        heads = [
            column.head
            for sheet in self.sheets
            for column in sheet.columns
            if column.reason in ("unknown", "conflict", "no_head", "other_year") and column.head
        ]
        if not found:
            other = next(
                (
                    dict(sheet.remarks)["other_index"]["named"]
                    for sheet in self.sheets
                    if sheet.reason == "other_index"
                ),
                "",
            )
            expected = (
                f'the file in the folder of its index, or a note that says: index = "{self.index.slug}"'
            )
            self.refuse("names and titles are of another index", expected, value=other)
        listed = "; ".join(heads[:6])
        expected = "heads spelled as in indices.toml, or a note that says what a column holds, for example: "
        self.refuse(
            "no column is recognised",
            expected + 'columns = { C = "total" }',
            sheet=found[0].sheet.name,
            value=f"heads: {listed}" if listed else "no heads",
        )

    def _reports(self, parts):
        """Turn the tables of the file into reports; a figure that stands twice is taken once."""
        # The table with most components first: what a detail sheet repeats is then a repetition.
        order = sorted(
            range(len(parts)),
            key=lambda n: -len({c.component for c in parts[n].columns if c.taken == "score"}),
        )
        taken, found, rows = {}, [], 0
        for number in order:
            part = parts[number]
            reader = Extraction(self, part)
            reports = reader.reports()
            repeated = differing = 0
            kept = []
            for report in reports:
                key = (*(report[name] for name in KEY), report["percent"])
                before = taken.get(key)
                if before is not None and _differs(before, report):
                    differing += 1
                    self._check_differing(differing, before, report)
                elif before is not None and not _adds(before, report):
                    repeated += 1
                    continue
                taken.setdefault(key, report)
                kept.append(report)
            remarks = [*part.remarks, *reader.remarks]
            if repeated:
                remarks.append(("repeated", {"n": repeated}))
            if differing:
                remarks.append(("differing", {"n": differing}))
            found += kept
            rows += len(part.layout.rows)
            self.sheets.append(reader.understanding(len(kept), remarks))
        names = [sheet.name for sheet in self.book.sheets]
        self.sheets.sort(key=lambda sheet: names.index(sheet.sheet) if sheet.sheet in names else 0)
        return pd.DataFrame(found, columns=REPORT_COLUMNS), rows

    def _check_differing(self, count, before, report):
        """Let slips of single figures become conflicts; two sheets that differ in more are of two things."""
        if count > soundness.SLIPS:
            field = "rank" if _differs(before | {"score": math.nan}, report) else "score"
            value = f"{before[field]:g} in {before['sheet']} {before['cell']}, {report[field]:g} here"
            expected = "one sheet for these figures; name it in a note beside the file: "
            expected += f'sheets = ["{before["sheet"]}"]'
            self.refuse(
                "two sheets give the same figures differently",
                expected,
                sheet=report["sheet"],
                cell=report["cell"].split()[0],
                value=value,
                row=report["row"],
            )

    def _basis(self, reports):
        """Basis of a table whose note does not say it: complete tables are the publisher's own."""
        largest = reports.groupby(["year", "component"])["gso_code"].nunique()
        complete = [
            count >= COMPLETE * int(provinces.vintage_of(year)) for (year, _), count in largest.items()
        ]
        return "published" if all(complete) else "secondary"


def _differs(one, other):
    """Whether two reports contradict each other, at the precision of the coarser one."""
    coarsest = min(one["decimals"], other["decimals"])
    rounding = 0.51 * 10.0**-coarsest if one["decimals"] != other["decimals"] else 1e-6
    # A comparison with a missing number is false: it contradicts nothing.
    return abs(one["score"] - other["score"]) > rounding or abs(one["rank"] - other["rank"]) > 0


def _adds(one, other):
    """Whether a report says more than one before it."""
    more = any(math.isnan(one[name]) and not math.isnan(other[name]) for name in ("score", "rank"))
    return more or (other["decimals"] > one["decimals"] and abs(one["score"] - other["score"]) > 1e-6)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_own(path):
    """Whether a file is a CSV table with a head in the project's own words."""
    if not path.is_file() or path.stat().st_size > cells.LIMIT:
        return False
    with path.open("rb") as file:
        line = file.readline(10_000)
    head = {cell.strip().strip('"') for cell in line.decode("utf-8-sig", errors="replace").split(",")}
    told = head & {"year", "basis", "source", "component"} or re.fullmatch(r"(?:19|20)\d\d", path.stem)
    return "gso_code" in head or ("province" in head and bool(told))
