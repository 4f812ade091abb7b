"""The layout of a sheet: where its table of provinces lies, its head, and the rows that are no province."""

import functools
import itertools
import re
from dataclasses import dataclass, field

from helpers import provinces
from helpers.cells import Sheet
from helpers.headings import fold

# Fewer names than half of the smaller vintage are no table of provinces.
FEWEST = 17
_HEAD_ROWS = 4
_TITLE_ROWS = 12
_ORDINAL = re.compile(
    r"^\s*(?:\d{1,3}|[IVXivx]{1,5}|[A-Ha-h])\s*[.)/]\s*|^\s*\d{1,3}(?:\s+|\s*[-–:]\s*)|^\s*[-–•+]\s+|^\s*T\.\s*"
)
_FOOTNOTE = re.compile(r"\s*(?:\*+|\(\*+\)|[¹²³⁴⁵⁶⁷⁸⁹⁰]+|\[\d{1,2}\]|\(\d{1,2}\))\s*$")
_TWICE = re.compile(r"([^()/\n]+?)\s*(?:[/\n]|\((?=.*\)\s*$))\s*([^()/\n]+?)\)?\s*")
_BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]")
_COLUMN_NUMBER = re.compile(r"\(?\s*(?:\d{1,2}|[A-Z])\s*\)?(?:\s*=.*)?")
AGGREGATES = ("mean", "maximum", "minimum", "median", "total")
_PREFIXES = ("ministry", "district", "note")


class Places:
    """
    What the text of a cell in a column of names stands for.

    Parameters
    ----------
    raw : pathlib.Path
        Folder of the raw tables.
    words : dict
        ``[headings]`` of the registry.
    """

    def __init__(self, raw, words):
        self.vintages = {vintage: provinces.load(raw, vintage) for vintage in provinces.VINTAGES}
        self._former = provinces.former(raw)
        rows = words.get("rows", {})
        self._whole = {}
        for kind in (*AGGREGATES, "region"):
            for word in rows.get(kind, []):
                self._whole[fold(word)] = self._whole[provinces.strip_diacritics(fold(word))] = kind
        self._starts = {kind: tuple(f"{fold(word)} " for word in rows.get(kind, [])) for kind in _PREFIXES}
        self._heads = {fold(word) for word in words.get("province", [])}
        self.find = functools.lru_cache(maxsize=100_000)(self._find)
        self.kind = functools.lru_cache(maxsize=100_000)(self._kind)

    def _find(self, text, vintage):
        """Code of the province of a vintage that a cell names, or None."""
        if len(text) > 60:
            return None
        units = self.vintages[vintage]
        for written in _spellings(text):
            if code := units.find(written):
                return code
        # "Hà Nội (Ha Noi)", "Hà Nội / Hanoi": two names of one province.
        if twice := _TWICE.fullmatch(text):
            codes = {units.find(name) for name in twice.groups()}
            return codes.pop() if len(codes) == 1 else None
        return None

    def _kind(self, text):
        """
        Say what a cell names.

        One of "province", "former", "mean", "maximum", "minimum", "median", "total", "region", "ministry",
        "district", "note", "head" and "" (unknown).
        """
        if self.find(text, "63") or self.find(text, "34"):
            return "province"
        if any(provinces.fold(written) in self._former for written in _spellings(text)):
            return "former"
        for written in (*_spellings(text), _BRACKETS.sub(" ", _ORDINAL.sub("", text))):
            folded = fold(written)
            for candidate in (folded, folded.removeprefix("vùng "), folded.removeprefix("vung ")):
                if candidate in self._whole:
                    return self._whole[candidate]
            if folded in self._heads:
                return "head"
        folded = f"{fold(_ORDINAL.sub('', text))} "
        return next((kind for kind, starts in self._starts.items() if folded.startswith(starts)), "")


def _spellings(text):
    """Yield the name as it stands, without its ordinal, without its footnote mark."""
    yield text
    bare = _FOOTNOTE.sub("", _ORDINAL.sub("", text))
    if bare != text:
        yield bare


@dataclass
class Layout:
    """
    Where the table of a sheet lies.

    Attributes
    ----------
    sheet : helpers.cells.Sheet
    names : list of int
        Columns of province names that are filled in an order of their own.
    twins : dict
        Columns of names that say the same as another, by the column that they repeat.
    beside : list of int
        Columns of a few names that stand in the table already (a list of the best five beside it).
    lead : int
        How many columns of each pair stand left of its names: 1 for "score, province" pairs.
    rows : list of int
        Rows with a province.
    head : list of int
        Rows of the head, from the top down.
    parts : dict
        Texts of the head by column: (text, whether it spans several columns).
    titles : list of str
        Texts above the head.
    years : int or None
        Column that holds the year of each row.
    maxima : int or None
        Row that holds the maximum points.
    aggregates : list of (int, str)
        Rows of means and extremes, with their kind.
    left_out : list of (int, str, str)
        Rows left out: row, its text, the kind.
    unknown : list of (int, int)
        Row and column of a name that is no known province, in a row with figures.
    problem : tuple or None
        (problem, row, column, value, expected) where the table must not be used.
    """

    sheet: Sheet
    names: list = field(default_factory=list)
    twins: dict = field(default_factory=dict)
    beside: list = field(default_factory=list)
    lead: int = 0
    rows: list = field(default_factory=list)
    head: list = field(default_factory=list)
    parts: dict = field(default_factory=dict)
    titles: list = field(default_factory=list)
    years: int | None = None
    maxima: int | None = None
    aggregates: list = field(default_factory=list)
    left_out: list = field(default_factory=list)
    unknown: list = field(default_factory=list)
    problem: tuple | None = None

    def owner(self, column):
        """Name column whose provinces the figures of a column belong to (int), or None for a list beside."""
        anchors = sorted((*self.names, *self.twins, *self.beside))
        left = [name for name in anchors if name - self.lead <= column]
        name = left[-1] if left else anchors[0]
        return None if name in self.beside else self.twins.get(name, name)


def survey(sheet, places):
    """
    Find the table of provinces in a sheet.

    Parameters
    ----------
    sheet : helpers.cells.Sheet
    places : Places

    Returns
    -------
    Layout or None
        None where the sheet holds no table of provinces.
    """
    rows = sheet.rows
    candidates, beside = _name_columns(rows, places)
    if not candidates:
        return None
    layout = Layout(sheet, beside=beside)
    _settle_names(layout, candidates, places)
    columns = (*layout.names, *layout.twins)

    def is_data(row):
        return any(isinstance(rows[row][c], str) and places.kind(rows[row][c]) == "province" for c in columns)

    data = [row for row in range(len(rows)) if is_data(row)]
    layout.years = _year_column(rows, data, columns)
    _find_head(layout, data[0], places)
    _walk(layout, data, places)
    _read_head(layout)
    _settle_sides(layout)
    return layout


def _name_columns(rows, places):
    """Columns that mostly hold names of provinces, and columns of a few names that the others have too."""
    width = max(map(len, rows), default=0)
    found, few = [], []
    for column in range(width):
        kinds, seen, named = [], set(), []
        for number, row in enumerate(rows):
            cell = row[column]
            if isinstance(cell, str):
                kind = places.kind(cell)
                kinds.append(kind)
                if kind == "province":
                    seen.add(places.find(cell, "63") or places.find(cell, "34"))
                    named.append(number)
        if not seen:
            continue
        first = kinds.index("province")
        last = len(kinds) - 1 - kinds[::-1].index("province")
        between = [kind for kind in kinds[first : last + 1] if kind in ("province", "")]
        if len(named) >= 0.8 * len(between):
            if len(seen) >= 5:
                found.append((column, seen))
            elif named[-1] - named[0] < len(named) and len(named) > 1:
                few.append((column, seen))
    every = set().union(*(seen for _, seen in found))
    if len(every) < FEWEST:
        return [], []
    # Beside a full column of names, a thin one repeats some of them (a list of the best five), or it goes on
    # with the list (the last of three columns on a printed page).
    most = max(len(seen) for _, seen in found)
    full = [column for column, seen in found if len(seen) >= 0.4 * most or len(seen) >= FEWEST]
    listed = set().union(*(seen for column, seen in found if column in full))
    thin = [(column, seen) for column, seen in (*found, *few) if column not in full]
    full += [column for column, seen in thin if not seen & listed]
    return sorted(full), [column for column, seen in thin if seen & listed]


def _settle_names(layout, candidates, places):
    """Tell columns that repeat the same names from columns with an order of their own."""
    rows = layout.sheet.rows
    for column in candidates:
        for name in layout.names:
            both = [
                (row, places.find(cells[name], "63"), places.find(cells[column], "63"))
                for row, cells in enumerate(rows)
                if isinstance(cells[name], str)
                and isinstance(cells[column], str)
                and places.kind(cells[name]) == "province" == places.kind(cells[column])
            ]
            same = sum(a == b for _, a, b in both)
            if both and same == len(both) and len(both) >= 5:
                layout.twins[column] = name
                break
            if len(both) >= FEWEST and same >= 0.9 * len(both) and column == name + 1:
                row = next(row for row, a, b in both if a != b)
                value = f"{rows[row][name]} / {rows[row][column]}"
                expected = "the same province in both columns of names; correct the row"
                layout.problem = ("two names of one row disagree", row, column, value, expected)
                layout.twins[column] = name
                break
        else:
            layout.names.append(column)


def _settle_sides(layout):
    """
    Find out on which side of its names each pair has its figures.

    Figures stand right of their names, unless every column of names has a column of figures (or the same
    ordinals) at its left. Where they stand on both sides nothing says whose they are.
    """
    anchors = sorted((*layout.names, *layout.twins))
    starts = [name for name in anchors if name - 1 not in anchors]
    ends = [name for name in anchors if name + 1 not in anchors]
    if len(starts) < 2:
        return
    sheet = layout.sheet

    def kind(column):
        if not 0 <= column < len(sheet.rows[0]):
            return "blank"
        return _content([sheet.rows[row][column] for row in layout.rows])

    def head(column):
        return layout.parts[column][-1][0] if column in layout.parts else ""

    room = min(start - end for end, start in zip(ends, starts[1:], strict=False)) - 1
    for lead in range(1, room + 1):
        kinds = {kind(start - lead) for start in starts}
        heads = {fold(head(start - lead)) for start in starts}
        if kinds == {"figures"} or (kinds == {"ordinals"} and len(heads) == 1 and heads != {""}):
            layout.lead = lead
        else:
            break
    left = [column for column in range(starts[0]) if kind(column) == "figures"]
    right = {kind(end + 1) for end in ends}
    after = {fold(head(column)) for column in range(ends[-1] + 1, len(sheet.rows[0]))}
    led = {fold(head(starts[0] - place)) for place in range(1, layout.lead + 1)} - {""}
    if (left and right == {"figures"}) or (left and not layout.lead) or led & after:
        column = left[-1] if left else starts[0] - 1
        value = head(column) or "no head"
        expected = "figures on the same side of every column of names; put each pair on a sheet of its own"
        layout.problem = ("figures between two columns of names", layout.rows[0], column, value, expected)


def _content(cells):
    """Say what a column holds: "figures", "ordinals" (ranks, running numbers), "text" or "blank"."""
    present = [cell for cell in cells if cell is not None]
    numbers = [cell for cell in present if isinstance(cell, float) or _numeric(cell)]
    if len(numbers) < 0.5 * len(present) or not present:
        return "text" if present else "blank"
    values = [str(cell).partition("/")[0].replace(",", ".").strip(" %") for cell in numbers]
    whole = [float(value) for value in values if float(value).is_integer()]
    # As many different numbers as rows, or nearly: whole scores repeat themselves.
    ordinal = len(whole) == len(values) and max(whole) <= 64 and len(set(whole)) >= 0.8 * len(whole)
    return "ordinals" if ordinal else "figures"


def _year_column(rows, data, names):
    """Column that holds a year in every row with a province, or None."""
    for column in range(max(map(len, rows), default=0)):
        if column in names:
            continue
        years = [_as_year(rows[row][column]) for row in data]
        if len(data) >= FEWEST and all(years):
            return column
    return None


def _as_year(cell):
    if isinstance(cell, str) and re.fullmatch(r"\s*(?:19|20)\d\d\s*", cell):
        return int(cell)
    if isinstance(cell, float) and cell.is_integer() and 1990 <= cell <= 2100:
        return int(cell)
    return None


def _row_text(cells, columns):
    """Text that says what a row is: its name, or the first text of a row without one."""
    for column in columns:
        if isinstance(cells[column], str):
            return cells[column], column
    return next(((cell, column) for column, cell in enumerate(cells) if isinstance(cell, str)), ("", None))


def _has_figures(cells, columns):
    return any(isinstance(cell, float) or _numeric(cell) for c, cell in enumerate(cells) if c not in columns)


def _numeric(cell):
    return isinstance(cell, str) and re.fullmatch(r"\s*\d+(?:[.,/]\d+)?\s*%?\s*", cell) is not None


def _filled(sheet, rows):
    """Rows of the head with the text of merged cells in each of their cells."""
    grid = {row: list(sheet.rows[row]) for row in rows}
    spans = set()
    for top, left, bottom, right in sheet.merged:
        text = sheet.rows[top][left] if top < len(sheet.rows) and left < len(sheet.rows[top]) else None
        for row in range(top, bottom + 1):
            if row in grid:
                for column in range(left, min(right + 1, len(grid[row]))):
                    grid[row][column] = text
                    if right > left:
                        spans.add((row, column))
    return grid, spans


def _as_head(cell):
    """Text of a cell of the head; a year may be a number there."""
    if isinstance(cell, str):
        return " ".join(cell.split())
    year = _as_year(cell)
    return str(year) if year else ""


def _find_head(layout, first, places):
    """Collect the rows of the head and the titles above the first row with a province."""
    sheet = layout.sheet
    columns = (*layout.names, *layout.twins)
    # Ministries and other units may stand between the head and the first province.
    while first and _names_other_unit(layout, first - 1, places):
        first -= 1
    grid, _spans = _filled(sheet, range(max(0, first - _TITLE_ROWS - _HEAD_ROWS), first))
    layout.titles = list(sheet.above)
    blanks, titled = 0, False
    for row in sorted(grid, reverse=True):
        cells = grid[row]
        present = [cell for cell in cells if cell is not None]
        if not present:
            blanks += 1
            titled = titled or blanks > 1
            continue
        if _numbers_columns(present):
            continue
        text, _ = _row_text(cells, columns)
        kind = places.kind(text) if text else ""
        figures = any(
            (isinstance(cell, float) or _numeric(cell)) and _as_year(cell) is None
            for column, cell in enumerate(cells)
            if column not in columns
        )
        if kind in AGGREGATES and figures:
            layout.aggregates.append((row, kind))
            layout.left_out.append((row, text, kind))
            continue
        if kind == "region" and not layout.head:
            layout.left_out.append((row, text, kind))
            continue
        texts = {_as_head(cell) for cell in present} - {""}
        if figures and not layout.head and layout.maxima is None and _says_maximum(texts):
            layout.maxima = row
            continue
        alone = len(texts) == 1 and len(sheet.rows[first]) > 2
        if not titled and not figures and len(layout.head) < _HEAD_ROWS:
            beside = [c for c, cell in enumerate(cells) if cell is not None and c > min(columns)]
            wide = any(cells[c] is not None for c in columns)
            if not alone or (beside and not wide):
                layout.head.insert(0, row)
                if alone:
                    layout.titles.insert(0, *texts)
                continue
        if alone and layout.head and re.fullmatch(r"\w+", *texts):
            continue
        titled = titled or bool(layout.head)
        layout.titles[:0] = sorted(texts) if len(texts) < 8 else []


def _names_other_unit(layout, row, places):
    """Whether a row above the first province names something else than a province, with figures; noted."""
    cells = layout.sheet.rows[row]
    columns = (*layout.names, *layout.twins)
    column = next((column for column in columns if isinstance(cells[column], str)), None)
    if column is None or not any(
        (isinstance(cell, float) or _numeric(cell)) and _as_year(cell) is None
        for place, cell in enumerate(cells)
        if place not in columns and place != layout.years
    ):
        return False
    kind = places.kind(cells[column])
    if (
        kind not in ("", *_PREFIXES)
        or _says_maximum({cells[column]})
        or _numbers_columns([cell for cell in cells if cell is not None])
    ):
        return False
    if kind:
        layout.left_out.append((row, cells[column][:80], kind))
    else:
        layout.unknown.append((row, column))
    return True


def _says_maximum(texts):
    return any(re.search(r"tối đa|điểm chuẩn|thang điểm|\bmax", text, re.IGNORECASE) for text in texts)


def _numbers_columns(present):
    """Whether a row numbers the columns: 1 2 3, (1) (2) (3), A B 1 2."""
    written = [f"{cell:g}" if isinstance(cell, float) else str(cell).strip() for cell in present]
    if len(written) < 3 or not all(_COLUMN_NUMBER.fullmatch(text) for text in written):
        return False
    numbers = [int(found[0]) for text in written if (found := re.search(r"\d+", text))]
    return len(numbers) >= 2 and all(b - a == 1 for a, b in itertools.pairwise(numbers))


def _read_head(layout):
    """Give every column its texts, from the top down; a text above several columns spans them."""
    grid, spans = _filled(layout.sheet, layout.head)
    rows = [[_as_head(cell) for cell in grid[row]] for row in layout.head]
    width = max(map(len, rows), default=0)
    for column in range(width):
        parts = []
        for place, row in enumerate(layout.head):
            text, spanning = rows[place][column], (row, column) in spans
            below = [lower for lower in rows[place + 1 :] if lower[column]]
            if not text and below:
                left = _left_head(rows, place, column)
                if left is not None:
                    text, spanning = rows[place][left], True
            elif text and below and column + 1 < width and _left_head(rows, place, column + 1) == column:
                spanning = True
            if text and text not in [known for known, _ in parts]:
                parts.append((text, spanning))
        if parts:
            layout.parts[column] = parts


def _left_head(rows, place, column):
    """Column of the text that a blank cell of an upper row stands under, where merging was lost, or None."""
    below = rows[place + 1 :]
    if rows[place][column] or not any(lower[column] for lower in below):
        return None
    for left in range(column - 1, -1, -1):
        if not any(lower[left] for lower in below):
            return None
        if rows[place][left]:
            return left
    return None


def _walk(layout, data, places):
    """Sort the rows from the first province on: data, rows that are no province, a second table."""
    rows = layout.sheet.rows
    columns = (*layout.names, *layout.twins)
    head = {_as_head(cell) for row in layout.head for cell in rows[row]} - {""}
    seen = {name: set() for name in layout.names}
    block, blocks, broken = [], [], False
    for row in range(data[0], len(rows)):
        cells = rows[row]
        if row in data:
            if broken and block:
                blocks.append(block)
                block = []
            block.append(row)
            broken = False
            continue
        if all(cell is None for cell in cells):
            broken = True
            continue
        text, column = _row_text(cells, columns)
        kind = places.kind(text) if text else ""
        texts = {_as_head(cell) for cell in cells} - {""}
        if texts and (texts <= head or _numbers_columns([cell for cell in cells if cell is not None])):
            layout.left_out.append((row, text, "head"))
            continue
        if kind == "head" and len(texts) > 1:
            # Another head begins another table.
            layout.left_out.append((row, text, "second_head"))
            broken = True
            continue
        figures = _has_figures(cells, columns)
        if kind in AGGREGATES and not broken:
            layout.aggregates.append((row, kind))
        if kind == "" and figures and not broken and row < data[-1] + 3:
            if column in columns:
                layout.unknown.append((row, column))
                continue
            kind = "nameless"
        layout.left_out.append((row, text[:80], kind or "note"))
    blocks.append(block)
    if sum(map(len, blocks)) != len(data):
        raise AssertionError("a row with a province is in no block")
    second = next((row for row, _, kind in layout.left_out if kind == "second_head"), None)
    for block in blocks:
        keys = {
            name: [
                (_as_year(rows[row][layout.years]) if layout.years is not None else None, code)
                for row in block
                if isinstance(rows[row][name], str)
                and (code := places.find(rows[row][name], "63") or places.find(rows[row][name], "34"))
            ]
            for name in layout.names
        }
        again = any(seen[name] & set(keys[name]) for name in layout.names)
        after_head = second is not None and block[0] > second
        if seen and any(seen.values()) and (again or after_head):
            distinct = len(set().union(*map(set, keys.values())))
            if distinct < FEWEST and again:
                layout.left_out += [(row, _row_text(rows[row], columns)[0], "again") for row in block]
                layout.aggregates = [(row, kind) for row, kind in layout.aggregates if row < block[0]]
                continue
            where = layout.sheet.cell(layout.rows[0], layout.names[0])
            expected = (
                f"one table a sheet; put the table that begins in row {block[0] + 1} on a sheet of its own"
            )
            value = f"{where}, {layout.sheet.cell(block[0], layout.names[0])}"
            layout.problem = ("two tables in one sheet", block[0], layout.names[0], value, expected)
            continue
        layout.rows += block
        for name in layout.names:
            seen[name] |= set(keys[name])
    last = layout.rows[-1] if layout.rows else 0
    layout.unknown = [(row, column) for row, column in layout.unknown if row <= last + 2]
