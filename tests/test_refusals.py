"""Bad files: each is refused with its place and what to do; nothing of it is taken. Figures are synthetic."""

import datetime
import functools
import math
import random
import re
import shutil
import unicodedata
import zipfile

import openpyxl
import pytest
import writers
from conftest import ROOT
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from helpers import indices, provinces, registry, tables
from helpers.ledger import TableError

RAW = ROOT / "data" / "raw"
UNITS = {vintage: provinces.load(RAW, vintage) for vintage in provinces.VINTAGES}
NAMES = {v: [units.name(code, "vi") for code in units.codes] for v, units in UNITS.items()}
TITLE = "CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2022"
FIELDS = {"Công tác chỉ đạo, điều hành": "steering", "Cải cách thể chế": "institutions"}
HEAD = ["STT", "Tỉnh/Thành phố", *FIELDS, "Tổng điểm", "Xếp hạng"]
NAME, FIELD, TOTAL, RANK = 1, 2, 4, 5
FIRST = 2  # the first row with a province


def synthetic(seed=1, names=NAMES["63"], title=TITLE, ordered=False):
    """Draw a table: a title, a head, and a row for each name."""
    draw = random.Random(seed)
    rows = [[name, *(round(draw.uniform(5, 9.4), 2) for _ in FIELDS)] for name in names]
    totals = draw.sample(range(6000, 9500), len(rows))
    for row, total in zip(rows, totals, strict=True):
        row += [total / 100, float(1 + sum(other > total for other in totals))]
    if ordered:
        rows.sort(key=lambda row: row[-1])
    head = [[title, *[None] * (len(HEAD) - 1)]] if title else []
    return [*head, list(HEAD), *([float(n), *row] for n, row in enumerate(rows, 1))]


def changed(*changes, **options):
    """Draw a table and set single cells: (row, column, value)."""
    rows = synthetic(**options)
    for row, column, value in changes:
        rows[row][column] = value
    return rows


def with_column(column, change, **options):
    """Draw a table and replace the cells of a column below the head by a function of them."""
    rows = synthetic(**options)
    for row, value in zip(rows[FIRST:], change([row[column] for row in rows[FIRST:]]), strict=True):
        row[column] = value
    return rows


def each(function):
    return lambda values: [function(value) for value in values]


def inserted(position, head, values, **options):
    """Draw a table and insert a column."""
    rows = synthetic(**options)
    cells = [*[None] * (FIRST - 1), head, *values]
    return [[*row[:position], cell, *row[position:]] for row, cell in zip(rows, cells, strict=True)]


def _moved(values):
    return values[-1:] + values[:-1]


def _pushed(values):
    return [None, *values[:-1]]


def _swapped(one, other):
    rows = synthetic()
    rows[FIRST - 1][one], rows[FIRST - 1][other] = rows[FIRST - 1][other], rows[FIRST - 1][one]
    return rows


def _beside(one, other):
    return [[*a, None, *b] for a, b in zip(one, other, strict=True)]


def _lists(moved=False, pushed=False, blank=False):
    """Two lists side by side, each with names of its own and sorted by itself."""
    rows = synthetic()[FIRST:]
    lists = [
        sorted(([row[NAME], row[column]] for row in rows), key=lambda pair: -pair[1]) for column in (3, 4)
    ]
    found = [[TITLE, None, None, None], ["Tỉnh", "Cải cách thể chế", "Tỉnh", "Tổng điểm"]]
    found += [[*one, *other] for one, other in zip(*lists, strict=True)]
    change = _moved if moved else _pushed if pushed else list
    for row, value in zip(found[FIRST:], change([row[3] for row in found[FIRST:]]), strict=True):
        row[3] = value
    if blank:
        found[12][2] = None
    return found


CODES = list(UNITS["63"].codes)
ENGLISH = [UNITS["63"].name(code, "en") for code in CODES]
MINISTRIES = [f"Bộ giả định {n}" for n in range(20)]
DISTRICTS = [f"Huyện giả định {n}" for n in range(40)]
FORMULA = "=SUM(C3:D3)"

# What, the problem, the cell ("" where the whole file or sheet is meant), a word of the rest of the message.
BAD = {
    "stacked": ([*synthetic(), [None] * 6, *synthetic(2)], "two tables in one sheet", "B69", "row 69"),
    "stacked_tight": ([*synthetic(), *synthetic(2)], "a province stands twice", "B68", "B3"),
    "twins": (
        _beside(synthetic(), synthetic(2)), "two columns give the same figure differently", "J3", 'J = "-"',
    ),
    "twins_sorted": (
        _beside(synthetic(), synthetic(2, ordered=True)),
        "two columns give the same figure differently", "J3", "steering",
    ),
    "districts": (synthetic(names=DISTRICTS), "a table of districts, not of provinces", "B3", "Huyện"),
    "ministries": (synthetic(names=MINISTRIES), "a table of ministries, not of provinces", "B3", "Bộ"),
    "communes": (synthetic(names=[f"Xã {n}" for n in NAMES["63"]]), "no table of provinces", "", "'Xã"),
    "few": (synthetic(names=NAMES["63"][:30]), "too few provinces", "B3", "30 of 63"),
    "very_few": (synthetic(names=NAMES["63"][:10]), "no table of provinces", "", "10 names"),
    "twice": (changed((9, NAME, NAMES["63"][0])), "a province stands twice", "B10", "Hà Nội in B3"),
    "blank_name": (changed((9, NAME, None)), "figures in a row without a name", "B10", "write it"),
    "pushed_out": (
        [*synthetic(ordered=True), [None, None, None, None, 61.07, None]],
        "figures in a row without a name", "B66", "61.07",
    ),
    "names_differ": (
        inserted(2, "Province", [*ENGLISH[:5], ENGLISH[6], ENGLISH[5], *ENGLISH[7:]]),
        "two names of one row disagree", "C8", "/",
    ),
    "names_moved": (inserted(2, "Province", _moved(ENGLISH)), "two names of one row disagree", "C3", "moved"),
    "code_differs": (
        inserted(1, "Mã tỉnh", [*CODES[:5], CODES[6], CODES[5], *CODES[7:]]),
        "code and name of a province disagree", "B8", "code",
    ),
    "codes_moved": (
        inserted(1, "Mã tỉnh", _moved(CODES)), "code and name of a province disagree", "B3", "column",
    ),
    "heads_swapped": (_swapped(TOTAL, RANK), "scores that look like ranks", "F3", "total rank"),
    "head_and_rank_swapped": (_swapped(FIELD, RANK), "scores that look like ranks", "F3", "steering rank"),
    "head_and_total_swapped": (_swapped(FIELD, TOTAL), "scores on another scale", "C3", "head"),
    "ranks_sorted_apart": (with_column(RANK, sorted), "ranks that contradict the scores", "F", "apart"),
    "ranks_moved": (with_column(RANK, _moved), "ranks that contradict the scores", "F", "moved"),
    "scores_pushed": (with_column(TOTAL, _pushed), "ranks that contradict the scores", "F", "moved"),
    "sorted_ranks_moved": (
        with_column(RANK, _moved, ordered=True), "scores or ranks that have moved by a row", "F3", "moved",
    ),
    "sorted_scores_moved": (
        with_column(TOTAL, _moved, ordered=True), "scores or ranks that have moved by a row", "E3", "moved",
    ),
    "sorted_scores_pushed": (
        with_column(TOTAL, _pushed, ordered=True), "scores or ranks that have moved by a row", "F3", "moved",
    ),
    "sorted_ranks_pushed": (
        with_column(RANK, _pushed, ordered=True), "scores or ranks that have moved by a row", "E3", "moved",
    ),
    "sorted_scores_moved_without_ranks": (
        [row[:RANK] for row in with_column(TOTAL, _moved, ordered=True)],
        "scores or ranks that have moved by a row", "E3", "against the names",
    ),
    "ranks_alone_moved": (
        [row[:2] + row[RANK:] for row in with_column(RANK, _moved, ordered=True)],
        "scores or ranks that have moved by a row", "C3", "against the names",
    ),
    "lists_moved": (
        _lists(moved=True), "scores or ranks that have moved by a row", "D3", "against the names",
    ),
    "lists_pushed": (
        _lists(pushed=True), "scores or ranks that have moved by a row", "D3", "blank",
    ),
    "lists_nameless": (_lists(blank=True), "figures in a row without a name", "C13", "in D13"),
    "ranks_from_the_end": (
        with_column(RANK, each(lambda rank: 64 - rank)), "ranks that rise with the scores", "F", "highest",
    ),
    "quarters_as_ranks": (
        with_column(RANK, each(lambda rank: 1 + rank // 16)), "ranks that contradict the scores", "F", "rank",
    ),
    "rank_64": (changed((9, RANK, 64.0)), "ranks that are no ranks", "F10", "at most 63"),
    "rank_0": (changed((9, RANK, 0.0)), "ranks that are no ranks", "F10", "rank 0"),
    "rank_half": (changed((9, RANK, 1.5)), "ranks that are no ranks", "F10", "1.5"),
    "ranks_of_regions": (
        with_column(RANK, each(lambda rank: f"{1 + rank % 11:g}/11")),
        "ranks that are not among all provinces", "F3", "/11",
    ),
    "ranks_as_dates": (
        with_column(RANK, each(lambda rank: datetime.date(2022, 12, 1 + int(rank) % 28))),
        "a column that holds no numbers", "F3", "date",
    ),
    "errors": (
        with_column(TOTAL, lambda v: ["#N/A"] * 20 + v[20:]), "a column that holds no numbers", "E3", "#N/A",
    ),
    "over_the_scale": (changed((9, TOTAL, 834.5)), "scores outside the scale", "E10", "0 to 100"),
    "negative": (changed((9, FIELD, -1.0)), "scores outside the scale", "C10", "-1"),
    "unlabelled_percentages": (
        with_column(FIELD, each(lambda score: score * 10)), "scores outside the scale", "C3", "%",
    ),
    "mixed_percentages": (
        with_column(FIELD, lambda v: [*v[:7], "85%", *v[8:]]),
        "percentages and points in one column", "C10", "85",
    ),
    "shares": (
        with_column(TOTAL, each(lambda score: score / 100)), "scores that are shares", "E3", "share = true",
    ),
    "shares_of_a_field": (
        with_column(FIELD, each(lambda score: score / 10)), "scores that are shares", "C3", "share = true",
    ),
    "scale_of_ten": (
        with_column(TOTAL, each(lambda score: score / 10)), "scores on another scale", "E3", "to 100",
    ),
    "another_maximum": (
        changed((1, TOTAL, "Tổng điểm (10 điểm)")), "the head names another maximum", "E3", "maximum of 100",
    ),
    "mean_moved": (
        [*synthetic(), [None, "Cả nước", 77.5, 7.2, 7.2, None]],
        "a stated mean or extreme does not fit", "C66", "shifted",
    ),
    "formulas": (
        with_column(TOTAL, each(lambda _: FORMULA)), "a formula without a stored value", "E3", "calculate",
    ),
    "one_formula": (changed((9, FIELD, FORMULA)), "a formula without a stored value", "C10", "save it again"),
    "formula_name": (changed((9, NAME, FORMULA)), "a formula without a stored value", "B10", "save it again"),
    "formula_names": (
        with_column(NAME, each(lambda _: FORMULA)), "a formula without a stored value", "B3", "save it again",
    ),
    "year_2202": (synthetic(title="PAR INDEX 2202"), "nothing says the year", "", "PAR INDEX 2202"),
    "year_20x2": (synthetic(title="PAR INDEX 20x2"), "nothing says the year", "", "year = "),
    "PAR_2202": (synthetic(title=None), "nothing says the year", "", "PAR_2202"),
    "year_cell": (
        inserted(0, "Năm", ["20x2", *[2022.0] * 62], title=TITLE), "this is no year", "A3", "20x2",
    ),
    "year_cell_2202": (inserted(0, "Năm", [2022.0] * 62 + [2202.0]), "this is no year", "A65", "2202"),
    "year_unknown": (synthetic(title="PAR INDEX 2034"), "a year with no registry entry", "", "2012 to 2024"),
    "rows_of_another_time": (
        inserted(0, "Năm", [1995.0] * 63), "rows and names disagree on the year", "A3", "1995",
    ),
    "only_34": (
        synthetic(names=NAMES["34"]), "provinces of another set of units", "B3", "34 units since July 2025",
    ),
    "sheets_disagree": (
        {"Bảng 1": synthetic(), "Bảng 2": synthetic(2)},
        "two sheets give the same figures differently", "C5", 'sheets = ["Bảng 1"]',
    ),
    "of_another_index": (
        synthetic(title="CHỈ SỐ SIPAS NĂM 2022"), "names and titles are of another index", "", "SIPAS",
    ),
    "no_heads": (
        [synthetic()[0], ["x"] * 6, *synthetic()[FIRST:]], "no column is recognised", "",
        "columns = ",
    ),
}  # fmt: skip


def _save(path, rows, **options):
    return writers.write(path, rows, "xlsx", **options)


@functools.cache
def _reader():
    return tables.Reader(RAW)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return _save(tmp_path_factory.mktemp("good") / "good.xlsx", synthetic())


def _refusal(path, folder="par"):
    with pytest.raises(TableError) as caught:
        _reader().read(path, folder)
    return caught.value


def _figures(reading):
    rows = reading.reports[["year", "gso_code", "component", "score", "rank"]]
    return rows.sort_values(["component", "gso_code"]).to_csv(index=False)


def test_a_good_table_is_read(good):
    reading = _reader().read(good, "par")
    assert len(reading.reports) == 63 * 3 and not reading.rejected
    assert reading.basis == "published"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_where_it_is_bad(tmp_path, name):
    rows, problem, cell, word = BAD[name]
    error = _refusal(_save(tmp_path / f"{name}.xlsx", rows))
    assert error.problem == problem
    # Of ranks that contradict each other no single one is the wrong one.
    assert error.cell == cell or (cell == "F" and re.fullmatch(r"F\d+", error.cell))
    assert error.sheet in {"Sheet1", "Bảng 2"} or name == "of_another_index"
    assert word in str(error)
    assert str(error).startswith(f"{name}.xlsx")
    assert len(error.expected) > 10


def _zipped(path, name, content):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr(name, content)


def _broken_files(folder, good):
    """Write files that cannot be read as tables (dict of path to a word of the message)."""
    data = good.read_bytes()
    written = {
        "password.xlsx": (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "password",
        ),
        "truncated.xlsx": (data[: len(data) // 2], "damaged"),
        "empty.csv": (b"", "empty"),
        "blank.csv": (b"\n\n", "empty"),
        "picture.xlsx": (b"\x89PNG\r\n\x1a\n" + bytes(64), "picture"),
        "columns.csv": (b"PAR1" + bytes(64), "Parquet"),
        "letter.txt": ("Kính gửi: các tỉnh\n".encode() * 5, "no table of provinces"),
    }
    found = {}
    for name, (content, word) in written.items():
        (folder / name).write_bytes(content)
        found[name] = word
    _zipped(folder / "report.xlsx", "word/document.xml", "<w/>")
    _zipped(folder / "bomb.xlsx", "xl/workbook.xml", bytes(80 * 2**20))
    with (folder / "huge.xlsx").open("wb") as file:
        file.truncate(51 * 2**20)
    return found | {"report.xlsx": "Word", "bomb.xlsx": "50 MB", "huge.xlsx": "50 MB"}


def test_nothing_of_bad_files_is_taken_and_the_run_goes_on(tmp_path, cleaned, good):
    """All bad files at once among the real tables: the figures are the same, byte for byte."""
    raw = shutil.copytree(RAW, tmp_path / "raw")
    words = _broken_files(raw / "par", good)
    for name, (rows, *_) in BAD.items():
        _save(raw / "par" / f"{name}.xlsx", rows)
    again = indices.clean(raw)
    assert again.figures.to_csv(index=False) == cleaned.figures.to_csv(index=False)
    assert again.conflicts.to_csv(index=False) == cleaned.conflicts.to_csv(index=False)
    refused = again.rejected.set_index("file")
    for name, word in words.items():
        row = refused.loc[f"par/{name}"]
        assert word in f"{row['problem']} {row['value']}" and row["expected"], name
    for name, (_, problem, cell, _) in BAD.items():
        row = refused.loc[f"par/{name}.xlsx"]
        assert row["problem"] == problem and row["field"].startswith(cell) and row["expected"], name
    taken = again.files.set_index("file")["reports"]
    assert not taken[[f"par/{name}.xlsx" for name in BAD]].any()


def test_the_same_file_under_two_names_and_in_two_formats(tmp_path, good):
    raw = shutil.copytree(RAW, tmp_path / "raw")
    for path in [*raw.glob("papi/*"), *raw.glob("pci/*"), *raw.glob("sipas/*")]:
        path.unlink()
    shutil.copy(good, raw / "par" / "one.xlsx")
    shutil.copy(good, raw / "par" / "two.xlsx")
    writers.write(raw / "par" / "three.csv", synthetic(), "csv")
    gathered = indices.gather(raw)
    assert [(row["file"], row["problem"]) for row in gathered.rejected if "two" in row["file"]] == [
        ("par/two.xlsx", "the same file under two names")
    ]
    own = gathered.reports[gathered.reports["file"].isin(["par/one.xlsx", "par/three.csv"])]
    assert own.groupby("file").size().tolist() == [189, 189]
    assert (own.groupby(["gso_code", "component"])[["score", "rank"]].nunique().max() <= 1).all()


@pytest.mark.parametrize(("name", "kind"), [("page.xls", "html"), ("text.xlsx", "csv"), ("book.csv", "xlsx")])
def test_mislabelled_files_are_read_for_what_they_are(tmp_path, good, name, kind):
    path = writers.write(tmp_path / name, synthetic(), kind)
    reading = _reader().read(path, "par")
    assert reading.kind == kind
    assert _figures(reading) == _figures(_reader().read(good, "par"))


# --- single cells and rows ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "value", "problem", "said"),
    [
        (9, NAME, "Hà Nôi", "an unknown province name", "Hà Nôi"),
        (2, NAME, "Gotham", "an unknown province name", "Gotham"),
        (64, NAME, "Gotham", "an unknown province name", "Gotham"),
        (9, TOTAL, "#REF!", "score is no number", "the error value #REF!"),
        (9, TOTAL, True, "score is no number", "True"),
        (9, RANK, datetime.date(2022, 9, 13), "rank is no number", "2022-09-13 is a date"),
        (9, RANK, "3/13", "ranks that are not among all provinces", "3/13"),
        (9, TOTAL, 0.0, "a total of 0", "0"),
        (9, FIELD, "không có số liệu", "score is no number", "không có"),
    ],
)
def test_a_single_bad_cell_is_refused_alone(tmp_path, good, row, column, value, problem, said):
    reading = _reader().read(_save(tmp_path / "x.xlsx", changed((row, column, value))), "par")
    (refused,) = reading.rejected
    assert refused["problem"] == problem and said in refused["value"]
    assert refused["field"].split()[-1] == f"{'ABCDEF'[column]}{row + 1}" and refused["row"] == row + 1
    before, now = _figures(_reader().read(good, "par")).split(), _figures(reading).split()
    name = synthetic()[row][NAME]
    lost = set(before) ^ set(now)
    assert lost and all(f",{UNITS['63'].code(name)}," in line for line in lost)


def _papi(change):
    """Draw PAPI 2022: totals are the sums of eight dimensions; then change the rows below the head."""
    index, draw = registry.load(RAW)["papi"], random.Random(1)
    slugs = index.parts(2022)
    rows = []
    for name in NAMES["63"]:
        parts = [round(draw.uniform(4, 7), 4) for _ in slugs]
        rows.append([name, *parts, round(sum(parts), 4)])
    change(rows)
    return [["Province", *(index.component_name(slug, "en") for slug in slugs), "PAPI 2022"], *rows]


def test_a_total_of_only_some_dimensions_is_missing(tmp_path):
    """Adding up the dimensions that are there would put the province last."""

    def change(rows):
        rows[7][3], rows[7][-1] = None, round(rows[7][-1] - rows[7][3], 4)

    rows = _papi(change)
    reading = _reader().read(_save(tmp_path / "x.xlsx", rows), "papi")
    (refused,) = reading.rejected
    assert (refused["problem"], refused["field"]) == ("a total of only some of its parts", "score J9")
    totals = reading.reports[reading.reports["component"] == ""]
    assert len(totals) == 62 and UNITS["63"].code(rows[8][0]) not in set(totals["gso_code"])


def test_a_dimension_that_has_moved_does_not_add_up(tmp_path):
    def change(rows):
        for row, value in zip(rows, _moved([row[3] for row in rows]), strict=True):
            row[3] = value

    error = _refusal(_save(tmp_path / "x.xlsx", _papi(change)), "papi")
    assert error.problem == "totals that are not the sums of their parts"
    assert error.cell == "J2" and "add up to" in error.value


def test_an_unknown_name_in_the_second_list(tmp_path):
    rows = _lists()
    assert len(_reader().read(_save(tmp_path / "x.xlsx", rows), "par").reports) == 126
    rows[12][2] = "Gotham"
    reading = _reader().read(_save(tmp_path / "y.xlsx", rows), "par")
    assert [(refused["field"], refused["value"]) for refused in reading.rejected] == [("C13", "Gotham")]
    assert len(reading.reports) == 125


def test_a_year_that_the_registry_does_not_know_among_others(tmp_path):
    rows = inserted(0, "Năm", [2022.0] * 62 + [2035.0])
    reading = _reader().read(_save(tmp_path / "x.xlsx", rows), "par")
    assert [(refused["field"], refused["value"]) for refused in reading.rejected] == [("year A65", "2035")]
    assert set(reading.reports["year"]) == {2022}


def test_an_unknown_name_is_proposed_and_never_taken(tmp_path):
    reading = _reader().read(_save(tmp_path / "x.xlsx", changed((2, NAME, "Hà Nôi"))), "par")
    assert reading.rejected[0]["nearest"] == "Hà Nội"
    assert "01" not in set(reading.reports["gso_code"])


def test_invisible_letters_other_dashes_and_decomposed_names(tmp_path, good):
    rows = synthetic()
    for number, row in enumerate(rows[FIRST:]):
        name = row[NAME].replace(" - ", (" – ", "—", " ‒ ")[number % 3])
        row[NAME] = (unicodedata.normalize("NFD", name), f"\u200b{name}\ufeff", name.replace(" ", " \ufeff"))[
            number % 3
        ]
        row[TOTAL] = f"{row[TOTAL]}\u200b".replace(".", ",")
    reading = _reader().read(_save(tmp_path / "x.xlsx", rows), "par")
    assert _figures(reading) == _figures(_reader().read(good, "par"))


# --- sheets ---------------------------------------------------------------------------------------------


def _hide(path, *names):
    book = openpyxl.load_workbook(path)
    for name in names:
        book[name].sheet_state = "hidden"
    book.save(path)
    return path


def test_hidden_sheets(tmp_path, good):
    sheets = {"Bảng": synthetic(), "Lời nói đầu": [["Số liệu năm 2021"]]}
    only = _hide(_save(tmp_path / "only.xlsx", sheets), "Bảng")
    error = _refusal(only)
    assert (error.problem, error.sheet) == ("the only table is on a hidden sheet", "Bảng")
    only.with_name("only.xlsx.toml").write_text('sheets = ["Bảng"]', encoding="utf-8")
    assert len(_reader().read(only, "par").reports) == 189
    stale = _hide(_save(tmp_path / "stale.xlsx", {"Mới": synthetic(), "Cũ": synthetic(2)}), "Cũ")
    reading = _reader().read(stale, "par")
    assert _figures(reading) == _figures(_reader().read(good, "par"))
    assert [(sheet.sheet, sheet.reason) for sheet in reading.sheets] == [("Mới", ""), ("Cũ", "hidden")]


def test_a_sheet_of_another_index_and_sheets_that_repeat(tmp_path, good):
    rounded = [[round(cell, 1) if isinstance(cell, float) else cell for cell in row] for row in synthetic()]
    sheets = {
        "Chi tiết": synthetic(),
        "SIPAS": synthetic(3, title="CHỈ SỐ HÀI LÒNG SIPAS 2022"),
        "Tóm tắt": [[*row[:2], *row[TOTAL:]] for row in rounded],
        "Ghi chú": [["Nguồn: giả định"]],
    }
    reading = _reader().read(_save(tmp_path / "x.xlsx", sheets), "par")
    assert _figures(reading) == _figures(_reader().read(good, "par"))
    assert [sheet.reason for sheet in reading.sheets] == ["", "other_index", "", "no_provinces"]


def test_a_slip_between_two_sheets_becomes_a_conflict(tmp_path):
    other = changed((9, TOTAL, synthetic()[9][TOTAL] + 0.01))
    reading = _reader().read(_save(tmp_path / "x.xlsx", {"A": synthetic(), "B": other}), "par")
    twice = reading.reports[reading.reports.duplicated(["gso_code", "component"], keep=False)]
    assert twice["sheet"].tolist() == ["A", "B"]


# --- units of two times ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A registry that knows PAR INDEX in 2025."""
    raw = shutil.copytree(RAW, tmp_path_factory.mktemp("raw") / "raw")
    path = raw / "indices.toml"
    before, par, rest = re.split(r"(?=^\[(?:par|papi)\]$)", path.read_text(encoding="utf-8"), flags=re.M)
    par = re.sub(r"(?<=[0-9], )2024(?=\])", "2025", par).replace("2022-2024", "2022-2025")
    path.write_text(before + par + rest, encoding="utf-8")
    return tables.Reader(raw, registry.load(raw))


def test_the_34_are_read_for_2025(extended, tmp_path):
    title = "CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2025"
    path = _save(tmp_path / "x.xlsx", synthetic(names=NAMES["34"], title=title))
    reading = extended.read(path, "par")
    assert set(reading.reports["gso_code"]) == set(UNITS["34"].codes)
    assert reading.basis == "published" and not reading.rejected
    old = _save(tmp_path / "y.xlsx", synthetic(title=title))
    with pytest.raises(TableError, match="provinces of another set of units"):
        extended.read(old, "par")


# --- what must not be refused ---------------------------------------------------------------------------


def _tied(values):
    return [float(round(value)) for value in values]


def _dense(rows):
    order = sorted({row[TOTAL] for row in rows[FIRST:]}, reverse=True)
    for row in rows[FIRST:]:
        row[RANK] = float(1 + order.index(row[TOTAL]))
    return rows


def _without(*numbers):
    """Leave the total and rank of some provinces out and rank the others."""
    rows = synthetic()
    for number in numbers:
        rows[number][TOTAL] = rows[number][RANK] = None
    totals = [row[TOTAL] for row in rows[FIRST:] if row[TOTAL]]
    for row in rows[FIRST:]:
        if row[TOTAL]:
            row[RANK] = float(1 + sum(total > row[TOTAL] for total in totals))
    return rows


def _ten_ranks():
    return with_column(RANK, each(lambda rank: rank if rank <= 10 else None), ordered=True)


def _mean_row(offset):
    rows = synthetic()
    means = [sum(row[column] for row in rows[FIRST:]) / 63 for column in (2, 3, 4)]
    return [*rows, [None, "Cả nước", *(round(mean + offset, 2) for mean in means), None]]


GOOD = {
    "a weighted national mean": _mean_row(0.3),
    "an unnamed mean": [*_mean_row(0)[:-1], [None, None, *_mean_row(0)[-1][2:]]],
    "ties in ranks": _dense(with_column(TOTAL, _tied)),
    "ranks only": [row[:2] + row[RANK:] for row in synthetic()],
    "two totals missing, 61 ranked": _without(5, 17),
    "ranks for the first ten only": _ten_ranks(),
    "a mark for the first, which is not ranked": with_column(
        RANK, lambda v: ["-", *(rank - 1 for rank in v[1:])], ordered=True
    ),
    "a slip of a rank": with_column(RANK, lambda v: [*v[:20], v[21], v[20], *v[22:]], ordered=True),
    "a slip of a score": changed((9, TOTAL, 12.34)),
    "a coding of its own": inserted(1, "Mã", [float(n) for n in range(1, 64)]),
    "ranks of 63": with_column(RANK, each(lambda rank: f"{rank:g}/63")),
    "33 provinces": synthetic(names=NAMES["63"][:33]),
    "a workbook with notes": {"Ghi chú": [["Số liệu năm 2019", "và 2020"]], "Bảng 1": synthetic()},
}


@pytest.mark.parametrize("name", GOOD)
def test_good_tables_are_not_refused(tmp_path, name):
    reading = _reader().read(_save(tmp_path / "x.xlsx", GOOD[name]), "par")
    rows = GOOD[name] if isinstance(GOOD[name], list) else GOOD[name]["Bảng 1"]
    numbers = {UNITS["63"].find(cell): row for row in rows for cell in row if isinstance(cell, str)}
    totals = reading.reports[reading.reports["component"] == ""]
    assert len(totals) >= 33 and set(totals["year"]) == {2022}
    for code, score in totals[["gso_code", "score"]].dropna().itertuples(index=False):
        assert score in numbers[code]


# --- random damage --------------------------------------------------------------------------------------


def _swap_cells(rows, draw):
    (a, b), column = draw.sample(range(FIRST, len(rows)), 2), draw.randrange(NAME, 6)
    rows[a][column], rows[b][column] = rows[b][column], rows[a][column]


def _shift_column(rows, draw):
    column, change = draw.choice((TOTAL, RANK)), draw.choice((_moved, _pushed))
    values = [row[column] for row in rows[FIRST:]]
    values = change(values) if draw.random() < 0.5 else change(values[::-1])[::-1]
    for row, value in zip(rows[FIRST:], values, strict=True):
        row[column] = value


def _swap_heads(rows, draw):
    a, b = draw.sample(range(NAME, 6), 2)
    head = rows[FIRST - 1]
    head[a], head[b] = head[b], head[a]


def _drop_row(rows, draw):
    del rows[draw.randrange(FIRST, len(rows))]


def _repeat_row(rows, draw):
    rows.insert(draw.randrange(FIRST, len(rows)), list(draw.choice(rows[FIRST:])))


def _other_name(rows, draw):
    rows[draw.randrange(FIRST, len(rows))][NAME] = draw.choice([*NAMES["63"], "Gotham", "Hà Tây", "Cả nước"])


def _scale_column(rows, draw):
    column, factor = draw.randrange(2, 6), draw.choice((0.1, 10))
    for row in rows[FIRST:]:
        row[column] *= factor


def _transpose_digits(rows, draw):
    row, column = draw.randrange(FIRST, len(rows)), draw.randrange(2, 6)
    digits = f"{rows[row][column]:05.2f}"
    rows[row][column] = float(digits[1] + digits[0] + digits[2:])


DAMAGE = (
    _swap_cells, _shift_column, _swap_heads, _drop_row, _repeat_row, _other_name, _scale_column,
    _transpose_digits,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(DAMAGE), st.integers(0, 10**6), st.booleans())
def test_whatever_is_damaged_no_figure_moves_to_another_row_or_head(tmp_path, damage, seed, ordered):
    rows = synthetic(seed % 7, ordered=ordered)
    damage(rows, random.Random(seed))
    path = writers.write(tmp_path / "x.csv", rows, "csv")
    try:
        reports = _reader().read(path, "par").reports
    except TableError as error:
        event(f"{damage.__name__}: refused")
        assert error.problem and error.expected
        return
    event(f"{damage.__name__}: read")
    assert damage not in (_shift_column, _scale_column)
    components = {"Tổng điểm": "", **FIELDS}
    head = {components.get(text, text): column for column, text in enumerate(rows[FIRST - 1])}
    for report in reports.to_dict("records"):
        (row,) = (row for row in rows[FIRST:] if UNITS["63"].find(row[NAME]) == report["gso_code"])
        for field, place in (("score", head[report["component"]]), ("rank", head["Xếp hạng"])):
            if not math.isnan(report[field]):
                assert report[field] == pytest.approx(row[place], abs=1e-9)
