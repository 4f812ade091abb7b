"""The figures of one understood table: cells into numbers, checks of the whole, reports."""

import collections
import functools
import math
import re
import unicodedata
from dataclasses import dataclass, field, replace

from helpers import layouts, pages, provinces, soundness
from helpers.cells import CellError
from helpers.figures import Number, parse_number
from helpers.ledger import rejection

_NOTE_MARKS = re.compile(r"[*†‡]+$")
# Scores of which even the best is below this share of the maximum are on another scale.
_LOW = 0.1
# The maximum of a component changes between years, but does not grow by more than this.
_GROWTH = 2


@dataclass(frozen=True)
class Understanding:
    """
    How a sheet was understood.

    Attributes
    ----------
    sheet : str
    head : list of int
        Rows of the head, counted from 1.
    first, last : int or None
        First and last row with a province.
    columns : list of helpers.columns.Column
    years : list of int
    taken : int
        Reports taken.
    left_out : list of (int, str, str)
        Rows left out: row, text, why (a key of the texts).
    reason : str
        Why the whole sheet was left out (a key of the texts), "" where it was read.
    remarks : list of (str, dict)
        What a person should know: key of the text and its values.
    """

    sheet: str
    head: list = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    columns: list = field(default_factory=list)
    years: list = field(default_factory=list)
    taken: int = 0
    left_out: list = field(default_factory=list)
    reason: str = ""
    remarks: list = field(default_factory=list)


@dataclass
class Part:
    """One sheet that holds a table, on its way to reports."""

    layout: layouts.Layout
    columns: list
    year: int | None
    remarks: list = field(default_factory=list)


class Extraction:
    """
    Reads the figures of one understood table.

    Parameters
    ----------
    table : object
        The file that the table is of: its reader, index, note, book and refusals.
    part : Part
    """

    def __init__(self, table, part):
        self.table, self.part, self.layout = table, part, part.layout
        self.index, self.places = table.index, table.reader.places
        self.remarks, self.left_out = [], list(part.layout.left_out)
        self.years = set()
        # Provinces of which the table says by a mark that a figure is missing, by year and component.
        self.marked = collections.defaultdict(set)

    @functools.cached_property
    def marks(self):
        """Cells with percentages and with formulas that have no stored value (helpers.cells.Marks)."""
        return self.table.book.marks(self.layout.sheet.name)

    def refuse(self, row, column, problem, value, expected):
        """Refuse the whole file for what stands in a cell."""
        self.table.refuse_at(self.layout, row, column, problem, value, expected)

    def reject(self, row, column, problem, value, expected, nearest="", field=""):
        """Refuse a single cell or row."""
        sheet, number = pages.place(self.layout.sheet, row)
        cell = self.layout.sheet.cell(row, column).split()[-1]
        field = f"{field} {cell}".strip()
        self.table.rejected.append(
            rejection(self.table.file, number, field, str(value), problem, expected, nearest, sheet=sheet)
        )

    def reports(self):
        """
        Read, check and write down the figures of the table.

        Returns
        -------
        list of dict
            Reports, as rows of `helpers.ledger.REPORT_COLUMNS` without basis and source.

        Raises
        ------
        helpers.ledger.TableError
            If the table as a whole cannot be right.
        """
        rows = self._rows()
        figures = self._figures(rows)
        self._check_ranks(figures)
        self._check_sums(figures)
        self._check_summaries()
        self._check_nameless()
        return self._as_reports(figures)

    def _year_of(self, row, column):
        if self.layout.years is not None:
            cell = self.layout.sheet.rows[row][self.layout.years]
            return int(float(cell))
        return column.year or self.part.year

    def _rows(self):
        """Rows of each column of names by year and province: {(name column, year): {code: row}}."""
        layout, rows = self.layout, self.layout.sheet.rows
        taken = [column for column in self.part.columns if column.taken in ("score", "rank")]
        years = {column.year or self.part.year for column in taken}
        vintage_column = next((c.place for c in self.part.columns if c.taken == "vintage"), None)
        self._reject_years(taken)
        found, strangers = {}, {}
        for row in layout.rows:
            named = [name for name in layout.names if self._names_province(row, name, taken)]
            row_years = [self._year_of(row, None)] if layout.years is not None else sorted(years)
            for year in filter(self.index.has_year, row_years):
                vintage = provinces.vintage_of(year)
                if vintage_column is not None and self._other_vintage(rows[row][vintage_column], vintage):
                    self.left_out.append((row, str(rows[row][vintage_column]), "other_vintage"))
                    continue
                for name in named:
                    text = rows[row][name]
                    code = self.places.find(text, vintage)
                    if code is None:
                        strangers.setdefault(year, []).append((row, name, text))
                        continue
                    known = found.setdefault((name, year), {})
                    if code in known:
                        first = layout.sheet.cell(known[code], name)
                        value = f"{text} in {first} and {layout.sheet.cell(row, name)}"
                        expected = "every province once; remove the row that is wrong"
                        self.refuse(row, name, "a province stands twice", value, expected)
                    known[code] = row
        self._check_provinces(found, strangers)
        return found

    def _names_province(self, row, name, taken):
        """Whether a cell in a column of names names a province; one beside figures must not be blank."""
        cell = self.layout.sheet.rows[row][name]
        kind = self.places.kind(cell) if isinstance(cell, str) else ""
        own = [column.place for column in taken if self.layout.owner(column.place) == name]
        beside = [place for place in own if _quiet(self.layout.sheet.rows[row][place]) is not None]
        if kind not in ("", "province"):
            self.left_out.append((row, cell, kind))
        elif not kind and beside and not isinstance(cell, str):
            self._refuse_nameless(row, beside[0])
        elif not kind and beside:
            self._reject_name(row, name, cell, self.part.year or max(self.index.years))
        return kind == "province"

    def _refuse_nameless(self, row, place):
        value = f"{self.layout.sheet.rows[row][place]} in {self.layout.sheet.cell(row, place).split()[-1]}"
        expected = "the name of the province in that row; write it, or remove the row"
        name = self.layout.owner(place)
        self.refuse(row, name, "figures in a row without a name", value, expected)

    def _reject_name(self, row, column, text, year):
        units = self.places.vintages[provinces.vintage_of(year)]
        expected = (
            f"one of the {units.vintage} provinces of {year}, or an alias of provinces{units.vintage}.csv"
        )
        self.reject(row, column, "an unknown province name", text, expected, units.nearest(text))

    def _reject_years(self, taken):
        """Refuse the rows, or columns, of years that the registry does not know; each year is said once."""
        layout, places = self.layout, {}
        if layout.years is not None:
            for row in layout.rows:
                places.setdefault(self._year_of(row, None), (row, layout.years))
        else:
            for column in taken:
                head = (layout.head or layout.rows)[-1]
                places.setdefault(self._year_of(None, column), (head, column.place))
        problem, expected = "a year with no registry entry", years_expected(self.index)
        unknown = [year for year in places if not self.index.has_year(year)]
        if len(unknown) == len(places):
            self.refuse(*places[unknown[0]], problem, unknown[0], expected)
        for year in unknown:
            self.reject(*places[year], problem, year, expected, field="year")

    @staticmethod
    def _other_vintage(cell, vintage):
        stated = set(
            re.findall(r"(?<!\d)(?:63|34)(?!\d)", f"{cell:g}" if isinstance(cell, float) else str(cell))
        )
        return bool(stated) and vintage not in stated

    def _check_provinces(self, found, strangers):
        """At least half of the provinces, and of the right set of units."""
        all_codes = {}
        for (_, year), known in found.items():
            all_codes.setdefault(provinces.vintage_of(year), set()).update(known)
        row, name = self.layout.rows[0], self.layout.names[0]
        for year, cells_ in strangers.items():
            vintage = provinces.vintage_of(year)
            if len(cells_) > 0.1 * int(vintage):
                value = f"{cells_[0][2]} and {len(cells_) - 1} others in {year}"
                expected = f"the {vintage} provinces of {year}; correct the year, or leave the table out"
                self.refuse(cells_[0][0], cells_[0][1], "provinces of another set of units", value, expected)
            for place, column, text in cells_:
                self._reject_name(place, column, text, year)
        for vintage, codes in all_codes.items():
            units = self.places.vintages[vintage]
            if len(codes) < len(units.codes) / 2:
                value = f"{len(codes)} of {vintage} provinces"
                expected = "at least half of the provinces; put single figures into reported.csv"
                self.refuse(row, name, "too few provinces", value, expected)
            if vintage == "63" and 30 <= len(codes) <= 34:
                new = self.places.vintages["34"]
                names = {units.name(code, "vi") for code in codes} - {"Thừa Thiên Huế"}
                if names <= set(new.table["name_vi"]):
                    value = f"{len(codes)} names, all of them of the 34 units since July 2025"
                    expected = "figures of the 63 provinces for a year to 2024; correct the year"
                    self.refuse(row, name, "provinces of another set of units", value, expected)
        if not found:
            self.refuse(row, name, "too few provinces", "0", "at least half of the provinces")

    def _figures(self, rows):
        """Read the columns: {(year, component, percent): {field: {code: (number, row, column)}}}."""
        figures = {}
        for column in self.part.columns:
            if column.taken not in ("score", "rank", "ranked", "code"):
                continue
            owner = self.layout.owner(column.place)
            for (name, year), known in rows.items():
                if name != owner:
                    continue
                if column.taken == "code":
                    self._check_codes(column, known)
                    continue
                if self.layout.years is None and year != (column.year or self.part.year):
                    continue
                # Rows of several years: not every component is of each of them.
                if column.component and column.component not in self.index.components_of(year):
                    continue
                self.years.add(year)
                numbers = self._numbers(column, known, year)
                key = (year, column.component, column.percent and column.taken == "score")
                self._add(figures, key, column, numbers)
        return figures

    def _units(self, year):
        """How many provinces are ranked at most: those that were merged since stand in old tables (int)."""
        former = sum(kind == "former" for _, _, kind in self.layout.left_out)
        return len(self.places.vintages[provinces.vintage_of(year)].codes) + former

    def _add(self, figures, key, column, numbers):
        """Put the numbers of a column with the others; two columns may give the same figure only if equal."""
        fields = figures.setdefault(key, {})
        if not numbers:
            return
        have = fields.setdefault(column.taken, {})
        for code, number in numbers.items():
            before = have.get(code)
            if before is not None and abs(before[0].value - number[0].value) > 1e-6:
                where = self.layout.sheet.cell(before[1], before[2])
                value = f"{before[0].value:g} in {where}, {number[0].value:g} here"
                expected = f"one column for {key[1] or 'the total'} {column.taken} of {key[0]}; "
                expected += "leave the other out with a note: columns = { " + column.letter + ' = "-" }'
                self.refuse(
                    number[1], number[2], "two columns give the same figure differently", value, expected
                )
            have.setdefault(code, number)

    def _numbers(self, column, known, year):
        """Read the cells of a column: {code: (Number, row, column)}."""
        rows, place = self.layout.sheet.rows, column.place
        found, bad = {}, []
        for code, row in known.items():
            cell = rows[row][place]
            if cell is None:
                if self.table.book.kind == "xlsx" and (row, place) in self.marks.uncached:
                    self.table.refuse_formula(self.layout.sheet, row, place)
                continue
            try:
                number = _number(cell)
            except ValueError as error:
                bad.append((row, str(error)))
                self.marked[year, column.component].add(code)
                continue
            if number is None:
                self.marked[year, column.component].add(code)
            else:
                found[code] = (number, row, place)
        if bad and len(bad) > 0.2 * len(known):
            row, error = bad[0]
            expected = (
                f"numbers below the head {column.head!r}; correct the cells or leave the column out with a "
            )
            expected += f'note: columns = {{ {column.letter} = "-" }}'
            self.refuse(row, place, "a column that holds no numbers", error, expected)
        for row, error in bad:
            expected = "a number such as 83.00 or 83,00, or an empty cell"
            self.reject(row, place, f"{column.taken} is no number", error, expected, field=column.taken)
        if column.taken in ("score", "rank"):
            self._check_order(column, found, known)
        if column.taken == "rank":
            found = self._among_all(found, self._units(year))
        if column.taken == "score":
            found = self._without_zeros(column, found)
            found = self._on_scale(column, found, year)
        return found

    def _without_zeros(self, column, found):
        """Take totals of 0 as missing: a sum over empty cells gives 0, and no province ever had it."""
        if column.component and not (self.index.sums and "." not in column.component):
            return found
        for number, row, place in found.values():
            if number.value == 0:
                expected = "an empty cell; the figure is taken as missing"
                self.reject(row, place, "a total of 0", "0", expected, field="score")
        return {code: entry for code, entry in found.items() if entry[0].value != 0}

    def _among_all(self, found, units):
        """Leave out single ranks of a region ("3/13") among those of all."""
        counted = collections.Counter(n.of for n, _, _ in found.values() if n.of)
        whole = [of for of, _ in counted.most_common() if len(found) <= of <= units]
        others = {code: entry for code, entry in found.items() if entry[0].of not in (None, *whole[:1])}
        for number, row, place in others.values():
            value, problem = f"{number.value:g}/{number.of}", "ranks that are not among all provinces"
            if 5 * len(others) > len(found):
                expected = f"ranks among all {units} provinces; leave ranks of another kind out with a note"
                self.refuse(row, place, problem, value, expected)
            expected = f"a rank among the {(*whole, units)[0]} provinces of the others"
            self.reject(row, place, problem, value, expected, field="rank")
        return {code: entry for code, entry in found.items() if code not in others}

    def _on_scale(self, column, found, year):
        """Bring shares to percentages, and refuse scores that do not fit the scale."""
        if not found:
            return found
        stated = self.index.max_score(year, column.component)
        _, row, place = next(iter(found.values()))
        signed = [code for code, (number, _, _) in found.items() if number.percent]
        if signed and stated != 100:
            if len(signed) < len(found) and not column.percent:
                # Which of them is meant otherwise is for a person to say.
                rare = signed if 2 * len(signed) < len(found) else [c for c in found if c not in signed]
                number, row, place = found[rare[0]]
                expected = "percentages in all cells of the column, or in none"
                self.refuse(row, place, "percentages and points in one column", f"{number.value:g}", expected)
            column.percent = True
        self._check_head_maximum(column, stated, year, row, place)
        limit, known = self._scale_of(column, stated)
        values = [number.value for number, _, _ in found.values()]
        span = f"{min(values):g}–{max(values):g}"
        if max(values) <= 1 and len(values) >= 5 and (limit or 100) > 5:
            places = {(row, place) for _, row, place in found.values()}
            if column.percent or self.table.note.share or places <= self.marks.percent:
                column.percent = True
                found = {code: (_scaled(number), row, place) for code, (number, row, place) in found.items()}
                values = [number.value for number, _, _ in found.values()]
                limit = 100
            elif limit is not None:
                expected = "points or percentages; if these are shares of 1, say so in a note: share = true"
                self.refuse(row, place, "scores that are shares", span, expected)
        if stated == 100:
            column.percent = False
        if soundness.looks_like_ranks(values, self._units(year)):
            expected = f"scores below {column.head!r}; if these are ranks, say so in a note: columns = {{ "
            expected += f'{column.letter} = "{column.component or "total"} rank" }}'
            self.refuse(row, place, "scores that look like ranks", span, expected)
        if limit is not None and len(values) >= layouts.FEWEST and max(values) <= _LOW * limit:
            expected = f"scores on the scale to {limit:g}; correct the column or the head, or leave it out "
            expected += f'with a note: columns = {{ {column.letter} = "-" }}'
            self.refuse(row, place, "scores on another scale", span, expected)
        highest = 100 if limit is None else limit
        for number, row, place in found.values():
            if not 0 <= number.value <= highest + 1e-6:
                expected = (
                    f"scores from 0 to {highest:g}{known}; correct the cell, or the head if columns are "
                )
                expected += "swapped (one of percentages needs a %), or leave the column out with a note: "
                expected += f'columns = {{ {column.letter} = "-" }}'
                self.refuse(row, place, "scores outside the scale", f"{number.value:g}", expected)
        return found

    def _check_order(self, column, found, known):
        """Refuse a sorted column that has moved by a row against the names."""
        rows, place = self.layout.sheet.rows, column.place
        values = [number.value for number, _, _ in sorted(found.values(), key=lambda entry: entry[1])]
        first = min(known.values())
        # A list of names and figures that is sorted by itself has what is missing at its end.
        pushed = len(self.layout.names) > 1 and rows[first][place] is None and soundness.is_sorted(values)
        if pushed or soundness.is_turned(values):
            value = "blank" if pushed else f"{values[0]:g}"
            expected = "a figure beside its own province; look whether the column has moved against the names"
            self.refuse(first, place, "scores or ranks that have moved by a row", value, expected)

    def _scale_of(self, column, stated):
        """Give the highest score that a column can hold (float or None), and how that is known (str)."""
        if column.percent or stated is not None:
            return (100 if column.percent else stated), ""
        if column.maximum:
            return column.maximum, ""
        spans = self.index.components[column.component].get("max", [])
        most = max((span["value"] for span in spans), default=None)
        if most is None:
            return None, ""
        return _GROWTH * most, f" (in other years the maximum is {most:g})"

    def _check_head_maximum(self, column, stated, year, row, place):
        """Make sure that the head and the registry mean the same scale."""
        if not column.maximum or column.percent or stated is None:
            return
        # Ten points in three parts are "3,33" in a head.
        if abs(stated - column.maximum) < 0.01:
            return
        expected = (
            f"a maximum of {stated:g} as indices.toml says for {year}; correct one of them, or leave the "
        )
        expected += f'column out with a note: columns = {{ {column.letter} = "-" }}'
        self.refuse(row, place, "the head names another maximum", f"{column.maximum:g}", expected)

    def _check_codes(self, column, known):
        """Compare codes with names; a coding of the publisher's own is left alone."""
        rows = self.layout.sheet.rows
        written = {}
        for code, row in known.items():
            cell = rows[row][column.place]
            text = f"{cell:g}" if isinstance(cell, float) else str(cell or "").strip()
            if re.fullmatch(r"\d{1,2}", text):
                written[code] = (text.zfill(2), row)
        wrong = [(code, *pair) for code, pair in written.items() if pair[0] != code]
        # The same codes in another order are no coding of its own: the column was moved or sorted apart.
        same = sum(text in known for text, _ in written.values())
        if wrong and (len(wrong) <= 0.1 * len(written) or same >= 0.9 * len(written)):
            code, text, row = wrong[0]
            expected = f"the code {code} of that province; correct the code or the name, or the whole column"
            self.refuse(row, column.place, "code and name of a province disagree", text, expected)

    def _check_ranks(self, figures):
        for (year, component, _), fields in figures.items():
            ranks = {code: number.value for code, (number, _, _) in fields.get("rank", {}).items()}
            if not ranks:
                continue
            scores = {code: number.value for code, (number, _, _) in fields.get("score", {}).items()}
            if not scores:
                scores = {
                    code: number.value
                    for code, (number, _, _) in figures.get((year, component, True), {})
                    .get("score", {})
                    .items()
                }
            units = self._units(year)
            rows = {
                code: row for name in ("rank", "score") for code, (_, row, _) in fields.get(name, {}).items()
            }
            order = sorted(rows.keys() - self.marked[year, component], key=rows.get)
            if problem := soundness.rank_problem(scores, ranks, units, order):
                phrase, code = problem
                _, row, place = fields.get("rank", {}).get(code) or fields["score"][code]
                rank = f"rank {ranks[code]:g}" if code in ranks else "no rank"
                score = f"a score of {scores[code]:g}" if code in scores else "no score"
                expected = (
                    f"ranks from 1 for the highest score to at most {units}; if columns are swapped, moved "
                )
                expected += "or sorted apart, correct them"
                self.refuse(row, place, phrase, f"{rank} at {score}" if scores else rank, expected)

    def _check_sums(self, figures):
        """Hold totals against the sums of their parts, where the registry says that they are sums."""
        if not self.index.sums:
            return
        for year in self.years:
            total = figures.get((year, "", False), {}).get("score", {})
            parts = [figures.get((year, part, False), {}).get("score") for part in self.index.parts(year)]
            if not all(parts):
                continue
            wrong = []
            for code, (number, row, place) in list(total.items()):
                added = [part[code][0] for part in parts if code in part]
                rounding = sum(0.51 * 10.0 ** -min(n.decimals, 4) for n in (number, *added))
                added_up = sum(n.value for n in added)
                fits = abs(added_up - number.value) <= rounding
                if len(added) == len(parts) and not fits:
                    wrong.append((row, place, f"{number.value:g}, the parts add up to {added_up:g}"))
                elif len(added) < len(parts) and fits:
                    # A spreadsheet adds up what is there; such a total would put the province last.
                    expected = f"all {len(parts)} parts, or an empty cell; the total is taken as missing"
                    value = f"{number.value:g}, the sum of {len(added)} parts"
                    self.reject(
                        row, place, "a total of only some of its parts", value, expected, field="score"
                    )
                    del total[code]
            if len(wrong) > soundness.SLIPS:
                expected = (
                    "the sum of the parts; look whether a column has moved; a weighted total is another "
                )
                expected += "figure, leave it out with a note"
                self.refuse(
                    *wrong[0][:2], "totals that are not the sums of their parts", wrong[0][2], expected
                )

    def _check_nameless(self):
        """Refuse figures in a row without a name, unless they sum their columns up."""
        rows = self.layout.sheet.rows
        taken = [column.place for column in self.part.columns if column.taken in ("score", "rank")]
        for row, text, kind in self.layout.left_out:
            if kind != "nameless" or text:
                continue
            numbers = {place: n for place in taken if (n := _quiet(rows[row][place])) is not None}
            fitting = [place for place, number in numbers.items() if self._sums_up(place, number)]
            if len(numbers) > 2 * len(fitting):
                self._refuse_nameless(row, next(place for place in numbers if place not in fitting))

    def _sums_up(self, place, number):
        rows = self.layout.sheet.rows
        values = [n.value for row in self.layout.rows if (n := _quiet(rows[row][place])) is not None]
        return bool(values) and soundness.sums_up(number.value, number.decimals, values)

    def _check_summaries(self):
        """Hold stated means and extremes against the figures of their columns."""
        rows = self.layout.sheet.rows
        scores = [column for column in self.part.columns if column.taken == "score"]
        if len(self.years) != 1:
            return
        own = [*self.layout.rows, *(row for row, _, kind in self.layout.left_out if kind == "former")]
        regions = [row for row, _, kind in self.layout.left_out if kind == "region"]
        stated = [*self.layout.aggregates, *((row, "region") for row in regions)]
        for row, kind in stated:
            of = own
            if kind == "region":
                after = min((other for other in regions if other > row), default=math.inf)
                of = [data for data in own if row < data < after]
            checked, wrong = 0, []
            for column in scores:
                number = _quiet(rows[row][column.place])
                values = [n.value for data in of if (n := _quiet(rows[data][column.place])) is not None]
                if number is None or kind == "total" or len(values) < 2:
                    continue
                checked += 1
                if not soundness.summary_agrees(kind, number.value, number.decimals, values):
                    wrong.append((column, number.value))
            if wrong and 3 * len(wrong) > checked:
                column, value = wrong[0]
                expected = f"a {kind} that fits its column; look whether rows or columns have shifted"
                self.refuse(
                    row, column.place, "a stated mean or extreme does not fit", f"{value:g}", expected
                )
            if wrong:
                letters = ", ".join(column.letter for column, _ in wrong)
                self.remarks.append(
                    ("summary", {"row": pages.place(self.layout.sheet, row)[1], "columns": letters})
                )

    def _as_reports(self, figures):
        """Write the figures as reports, scores and ranks of a province together."""
        layout, found = self.layout, []
        for row, column in layout.unknown:
            self._reject_name(row, column, layout.sheet.rows[row][column], max(self.years))
        for (year, component, percent), fields in figures.items():
            scores, ranks, ranked = (fields.get(name, {}) for name in ("score", "rank", "ranked"))
            limit = self._limit(year, component, percent)
            # A table that ranks everyone says so by its last rank.
            complete = (
                len(ranks) if ranks and max(n.value for n, _, _ in ranks.values()) <= len(ranks) else math.nan
            )
            for code in dict.fromkeys((*scores, *ranks)):
                score, rank = scores.get(code), ranks.get(code)
                row = (score or rank)[1]
                sheet, number = pages.place(layout.sheet, row)
                places = [layout.sheet.cell(at[1], at[2]).split()[-1] for at in (score, rank) if at]
                of = rank[0].of if rank and rank[0].of else None
                if of is None and code in ranked:
                    of = ranked[code][0].value
                found.append(
                    {
                        "file": self.table.file,
                        "sheet": sheet,
                        "row": number,
                        "cell": " ".join(places),
                        "index": self.index.slug,
                        "year": year,
                        "gso_code": code,
                        "component": component,
                        "percent": percent and bool(score),
                        "score": score[0].value if score else math.nan,
                        "decimals": score[0].decimals if score else 0,
                        "max_score": limit if score else math.nan,
                        "rank": rank[0].value if rank else math.nan,
                        "ranked": float(of) if of else (complete if rank else math.nan),
                        "score_change": math.nan,
                        "rank_change": math.nan,
                    }
                )
        return found

    def _limit(self, year, component, percent):
        if percent:
            return 100.0
        stated = self.index.max_score(year, component)
        if stated is None:
            heads = [
                c.maximum
                for c in self.part.columns
                if c.taken == "score" and c.component == component and c.maximum and not c.percent
            ]
            stated = heads[0] if heads else None
        return math.nan if stated is None else float(stated)

    def understanding(self, taken, remarks):
        """
        Sum up how the table was understood.

        Parameters
        ----------
        taken : int
            Reports that were taken.
        remarks : list of (str, dict)

        Returns
        -------
        Understanding
        """
        layout = self.layout
        return Understanding(
            sheet=layout.sheet.name,
            head=[pages.place(layout.sheet, row)[1] for row in layout.head],
            first=pages.place(layout.sheet, layout.rows[0])[1],
            last=pages.place(layout.sheet, layout.rows[-1])[1],
            columns=self.part.columns,
            years=sorted(self.years),
            taken=taken,
            left_out=sorted(
                {(pages.place(layout.sheet, row)[1], text, why) for row, text, why in self.left_out}
            ),
            remarks=remarks,
        )


def years_expected(index):
    """
    Say which years an index has.

    Parameters
    ----------
    index : helpers.registry.Index

    Returns
    -------
    str
        For an error text.
    """
    first, last = min(index.years), max(index.years)
    return (
        f"a year of {index.short} in indices.toml ({first} to {last}); extend it there, or correct the year"
    )


def _number(cell):
    """
    Read a cell as a number.

    Parameters
    ----------
    cell : object
        As `helpers.cells.Sheet.rows` holds it, not None.

    Returns
    -------
    helpers.figures.Number or None

    Raises
    ------
    ValueError
        If it is no number; the text says what it is.
    """
    if isinstance(cell, bool):
        raise ValueError(f"{cell} is no number")
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise ValueError(f"{cell} is no number")
        written = f"{round(cell, 10):.10f}".rstrip("0")
        return Number(cell, len(written.partition(".")[2]))
    if isinstance(cell, str):
        # Word processors leave invisible marks (category Cf) in copied cells.
        seen = "".join(letter for letter in cell if unicodedata.category(letter) != "Cf")
        return parse_number(_NOTE_MARKS.sub("", seen.strip()))
    if isinstance(cell, CellError):
        raise ValueError(f"the error value {cell.text}")
    raise ValueError(f"{cell} is a date: a spreadsheet program has turned a number such as 9/13 into it")


def _quiet(cell):
    try:
        return None if cell is None else _number(cell)
    except ValueError:
        return None


def _scaled(number):
    """Write a share as a percentage."""
    return replace(number, value=number.value * 100, decimals=max(number.decimals - 2, 0), percent=True)
