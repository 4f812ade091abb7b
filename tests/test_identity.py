"""Which index and year a table is of: notes, folders, names, titles and heads. Figures are synthetic."""

import random

import pytest
import writers
from conftest import ROOT

from helpers import identity, provinces, tables
from helpers.ledger import TableError

RAW = ROOT / "data" / "raw"
UNITS = provinces.load(RAW)


@pytest.fixture(scope="module")
def reader():
    return tables.Reader(RAW)


def synthetic(title=None, heads=("Tổng điểm", "Xếp hạng"), component=None, years=None, seed=1):
    """Draw a table of totals and ranks; with a component or years a row, a column more."""
    draw = random.Random(seed)
    totals = [total / 100 for total in draw.sample(range(6000, 9500), 63)]
    rows = [[UNITS.name(code, "vi"), total] for code, total in zip(UNITS.codes, totals, strict=True)]
    for row in rows:
        row.append(float(1 + sum(other > row[1] for other in totals)))
        if component:
            row.append(round(draw.uniform(5, 9), 2))
    head = ["Tỉnh", *heads, *([component] if component else [])]
    if years:
        head.append("Năm")
        for place, row in enumerate(rows):
            row.append(years[place % len(years)] if isinstance(years, tuple) else years)
    width = len(head)
    titles = [title] if isinstance(title, str) else title or []
    return [*([text, *[None] * (width - 1)] for text in titles), head, *rows]


def _read(reader, folder, rows, name="x.xlsx", note=None, index="par", **options):
    folder.mkdir(exist_ok=True)
    path = writers.write(folder / name, rows, "xlsx", **options)
    if note is not None:
        path.with_name(f"{name}.toml").write_text(note, encoding="utf-8")
    return reader.read(path, index)


def _refusal(*arguments, **options):
    with pytest.raises(TableError) as caught:
        _read(*arguments, **options)
    return caught.value


def _years(reading):
    return sorted(reading.reports["year"].unique().tolist())


PAR = "CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2022"


# --- the year -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"rows": synthetic(PAR)},
        {"rows": synthetic(), "name": "PAR_INDEX_2022.xlsx"},
        {"rows": synthetic(), "sheet": "2022"},
        {"rows": synthetic(), "sheet": "Năm 2022", "name": "par-2012-2022.xlsx"},
        {"rows": synthetic(heads=("Tổng điểm 2022", "Xếp hạng 2022"))},
        {"rows": synthetic(heads=("Tổng điểm năm 2022", "Xếp hạng"))},
        {"rows": synthetic(years=2022.0)},
        {"rows": synthetic(years="2022"), "name": "PAR 2022.xlsx"},
        {"rows": synthetic(PAR, heads=("Tổng điểm 2022", "Xếp hạng")), "name": "2022.xlsx", "sheet": "2022"},
        {"rows": synthetic(), "note": "year = 2022"},
        # The note decides, whatever else is said.
        {"rows": synthetic("PAR 2021", heads=("Điểm 2021", "Hạng 2021")), "note": "year = 2022"},
        # Days and numbers of decisions are no data years; decisions are dated a year later.
        {
            "rows": synthetic([PAR, "(Kèm theo Quyết định số 372/QĐ-BNV ngày 19 tháng 4 năm 2023)"]),
            "name": "QD 372 2023 PAR INDEX 2022.xlsx",
        },
        {"rows": synthetic([PAR, "Hà Nội, ngày 19/4/2023", "Quyết định 12/2023/QĐ-BNV"])},
        # Two years in a title, one of them in the name of the file.
        {"rows": synthetic("PAR INDEX năm 2022 so với năm 2021"), "name": "par 2022.xlsx"},
    ],
    ids=lambda said: " ".join(str(value) for key, value in said.items() if key != "rows") or "rows",
)  # fmt: skip
def test_where_the_year_is_said(reader, tmp_path, said):
    said = dict(said)
    assert _years(_read(reader, tmp_path, said.pop("rows"), **said)) == [2022]


@pytest.mark.parametrize(
    ("said", "problem", "words"),
    [
        ({"rows": synthetic()}, "nothing says the year", ["'x.xlsx', 'Sheet1'", "year = ", "x.xlsx.toml"]),
        (
            {"rows": synthetic("Quyết định ngày 19 tháng 4 năm 2023")},
            "nothing says the year", ["Quyết định", "year = "],
        ),
        (
            {"rows": synthetic(), "name": "QD 2023 PAR 2022.xlsx"},
            "the year is not clear", ["file name: 2022, 2023", "year = 2023"],
        ),
        ({"rows": synthetic("PAR INDEX 2021, 2022")}, "the year is not clear", ["titles: 2021, 2022"]),
        (
            {"rows": synthetic(PAR), "name": "PAR 2021.xlsx"},
            "names and titles disagree on the year", ["file name: 2021", "titles: 2022"],
        ),
        (
            {"rows": synthetic(PAR), "sheet": "2020"},
            "names and titles disagree on the year", ["name of the sheet: 2020", "titles: 2022"],
        ),
        (
            {"rows": synthetic(), "sheet": "2021", "name": "par-2012-2020.xlsx"},
            "names and titles disagree on the year", ["name of the sheet: 2021", "2012"],
        ),
        (
            {"rows": synthetic(PAR, heads=("Tổng điểm 2021", "Xếp hạng 2021"))},
            "names and heads disagree on the year", ["titles: 2022", "heads: 2021"],
        ),
        (
            {"rows": synthetic(heads=("Tổng điểm 2021", "Xếp hạng"), component="Cải cách thể chế 2022")},
            "heads name several years", ["2021, 2022", "year = 2022"],
        ),
        (
            {"rows": synthetic(years=2021.0), "name": "par 2022.xlsx"},
            "rows and names disagree on the year", ["2021 / 2022", "year = 2021"],
        ),
        (
            {"rows": synthetic(years=2021.0), "note": "year = 2022"},
            "rows and names disagree on the year", ["2021 / 2022"],
        ),
        ({"rows": synthetic(years=("2021", "2022", None))}, "this is no year", ["blank", "D4"]),
        ({"rows": synthetic(years=("2022", "20x2"))}, "this is no year", ["20x2", "D3"]),
        ({"rows": synthetic(years=("2022", 2202.0))}, "this is no year", ["2202", "D3"]),
        ({"rows": synthetic("PAR INDEX 2034")}, "a year with no registry entry", ["2034", "2012 to 2024"]),
        ({"rows": synthetic(), "note": "year = 2202"}, "a year with no registry entry", ["2202", "2024"]),
        ({"rows": synthetic(years=1999.0)}, "a year with no registry entry", ["1999", "D2"]),
    ],
)  # fmt: skip
def test_years_that_disagree_or_are_missing(reader, tmp_path, said, problem, words):
    said = dict(said)
    error = _refusal(reader, tmp_path, said.pop("rows"), **said)
    assert error.problem == problem
    assert all(word in str(error) for word in words), str(error)
    assert error.sheet


def test_a_sheet_a_year_and_a_note_for_some_of_them(reader, tmp_path):
    sheets = {str(year): synthetic(seed=year) for year in (2020, 2021, 2022)}
    assert _years(_read(reader, tmp_path, sheets, name="par 2020-2022.xlsx")) == [2020, 2021, 2022]
    assert _years(_read(reader, tmp_path, sheets, note='sheets = ["2021"]')) == [2021]
    error = _refusal(reader, tmp_path, sheets, name="par 2012-2021.xlsx")
    assert (error.problem, error.sheet) == ("names and titles disagree on the year", "2022")


def test_a_merged_year_of_all_rows(reader, tmp_path):
    rows = synthetic(years=2022.0)
    for row in rows[2:]:
        row[-1] = None
    assert _years(_read(reader, tmp_path, rows)) == [2022]
    assert _refusal(reader, tmp_path, rows, name="par 2021.xlsx").problem == (
        "names and titles disagree on the year"
    )


def test_a_slip_in_a_head_is_one_only_where_the_parts_make_up_the_total(reader, tmp_path):
    """As in the PAPI workbook of 2011 to 2016, where a head of 2016 says 2015."""
    slugs = [slug for slug in reader.known["papi"].components_of(2016) if "." not in slug]
    names = [reader.known["papi"].component_name(slug, "en") for slug in slugs]
    draw = random.Random(1)
    rows = [["Province", *names, "PAPI 2015"]]
    for code in UNITS.codes:
        parts = [round(draw.uniform(4, 7), 4) for _ in names]
        rows.append([UNITS.name(code, "vi"), *parts, sum(parts)])
    reading = _read(reader, tmp_path, rows, index="papi", sheet="2016")
    assert _years(reading) == [2016]
    assert reading.sheets[0].remarks == [("year_slip", {"slip": 2015, "year": 2016})]
    for row in rows[1:]:
        row[-1] += 0.5
    error = _refusal(reader, tmp_path, rows, index="papi", sheet="2016")
    assert error.problem == "names and heads disagree on the year"
    error = _refusal(reader, tmp_path, rows, index="papi", sheet="2016", note="year = 2016")
    assert error.problem == "totals that are not the sums of their parts"
    assert "the parts add up to" in error.value and error.cell == "H2"


# --- the index ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name", "note", "folder"),
    [
        (PAR, "x.xlsx", None, "par"),
        ("NĂM 2022", "x.xlsx", None, "par"),
        ("NĂM 2022", "par index.xlsx", None, ""),
        (PAR, "x.xlsx", None, ""),
        ("NĂM 2022", "x.xlsx", 'index = "par"', ""),
        ("PAR INDEX VÀ SIPAS 2022", "x.xlsx", 'index = "par"', ""),
        ("PAR INDEX VÀ SIPAS 2022", "x.xlsx", None, "par"),
    ],
)
def test_where_the_index_is_said(reader, tmp_path, title, name, note, folder):
    assert _read(reader, tmp_path, synthetic(title), name, note, folder).index == "par"


@pytest.mark.parametrize(
    ("title", "name", "note", "folder", "problem", "words"),
    [
        ("NĂM 2022", "x.xlsx", None, "", "nothing says which index this is", ["papi, par", "x.xlsx.toml"]),
        ("PAR INDEX VÀ SIPAS 2022", "x.xlsx", None, "", "several indices are named", ["one of par, sipas"]),
        (
            "NĂM 2022", "SIPAS.xlsx", None, "par",
            "folder and file name disagree on the index", ["par / sipas", "data/raw/sipas", 'index = "par"'],
        ),
        (
            PAR, "x.xlsx", 'index = "sipas"', "par",
            "note and folder disagree on the index", ["sipas / par", "data/raw/sipas"],
        ),
        (
            PAR, "x.xlsx", 'index = "dti2"', "",
            "an index that is not in indices.toml", ["dti2", "one of par, papi"],
        ),
        (
            "SIPAS 2022", "x.xlsx", None, "par",
            "names and titles are of another index", ["SIPAS", 'index = "par"'],
        ),
        (PAR, "SIPAS.xlsx", None, "", "names and titles are of another index", ["PAR INDEX"]),
    ],
)  # fmt: skip
def test_indices_that_disagree_or_are_missing(reader, tmp_path, title, name, note, folder, problem, words):
    error = _refusal(reader, tmp_path, synthetic(title), name, note, folder)
    assert error.problem == problem
    assert all(word in str(error) for word in words), str(error)


# --- the note -------------------------------------------------------------------------------------------


def test_every_key_of_a_note(reader, tmp_path):
    shares = synthetic(component="Cột lạ")
    for row in shares[1:]:
        row[1] /= 100
    sheets = {"Bìa": synthetic(seed=4), "Bảng 1": shares}
    note = """
        index = "par"
        year = 2022
        sheets = ["Bảng 1"]
        basis = "secondary"
        source = "synthetic-source"
        share = true
        [columns]
        b = "total"
        C = "rank"
        D = "steering"
    """
    reading = _read(reader, tmp_path, sheets, "x.xlsx", f"\ufeff{note}", "")
    assert reading.basis == "secondary"
    assert set(reading.reports["basis"]) == {"secondary"}
    assert set(reading.reports["source"]) == {"synthetic-source"}
    total, steering = (reading.reports[reading.reports["component"] == slug] for slug in ("", "steering"))
    assert total["score"].round(6).tolist() == [round(100 * row[1], 6) for row in shares[1:]]
    assert total["rank"].tolist() == [row[2] for row in shares[1:]]
    assert steering["score"].tolist() == [row[3] for row in shares[1:]]


def test_a_note_may_leave_columns_out_and_name_ranks_of_a_field(reader, tmp_path):
    rows = synthetic(PAR, heads=("Tổng điểm", "x"), component="Cải cách thể chế")
    note = 'columns = { B = "-", C = "institutions rank", D = "-" }'
    reading = _read(reader, tmp_path, rows, note=note)
    assert set(reading.reports["component"]) == {"institutions"}
    assert reading.reports["rank"].tolist() == [row[2] for row in rows[2:]]


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("yaer = 2022", ["unknown key 'yaer'", "year"]),
        ('year = "2022"', ["'2022'", "without quotes"]),
        ("year = 2022.0", ["2022.0", "year = 2022"]),
        ("year = true", ["True", "year = 2022"]),
        ('sheets = "Sheet1"', ["'Sheet1'", "list"]),
        ("sheets = [1]", ["[1]", "quotes"]),
        ("sheets = []", ["[]", "names of sheets"]),
        ("index = 7", ["index = 7", "quotes"]),
        ('share = "yes"', ["'yes'", "true or false"]),
        ('columns = "C"', ["'C'", "columns = {"]),
        ("columns = { C = 1 }", ["1", "quotes"]),
        ('basis = "official"', ["'official'", "published, secondary, stated"]),
        ("year: 2022", ["line 1", "year = 2022"]),
    ],
)
def test_a_note_that_cannot_be_used(reader, tmp_path, note, words):
    error = _refusal(reader, tmp_path, synthetic(PAR), note=note)
    assert error.problem == "the note beside the table cannot be used"
    assert "x.xlsx.toml" in error.value
    assert all(word in str(error) for word in words), str(error)


@pytest.mark.parametrize(
    ("note", "problem", "words"),
    [
        ('sheets = ["Bảng 9"]', "a sheet that the note names is not there", ["Bảng 9", "'Sheet1'"]),
        ('columns = { Z = "-" }', "the note names a column that cannot be used", ["Z", "B, C"]),
        ('columns = { A = "total" }', "the note names a column that cannot be used", ["(A)", "B, C"]),
        ('columns = { B = "sterring" }', "the note names a component that is not known", ["one of total"]),
    ],
)  # fmt: skip
def test_a_note_about_what_is_not_there(reader, tmp_path, note, problem, words):
    error = _refusal(reader, tmp_path, synthetic(PAR), note=note)
    assert error.problem == problem
    assert all(word in str(error) for word in words), str(error)


def test_a_note_about_columns_of_one_sheet_of_several(reader, tmp_path):
    wide = synthetic(component="Cải cách thể chế")
    sheets = {"2021": synthetic(seed=2), "2022": wide}
    reading = _read(reader, tmp_path, sheets, note='columns = { D = "steering" }')
    assert set(reading.reports["component"]) == {"", "steering"}


def test_two_notes_beside_one_table(reader, tmp_path):
    (tmp_path / "x.toml").write_text("year = 2021", encoding="utf-8")
    error = _refusal(reader, tmp_path, synthetic(PAR), note="year = 2022")
    assert error.problem == "two notes beside one table"
    assert "x.xlsx.toml and x.toml" in error.value
    (tmp_path / "x.xlsx.toml").unlink()
    assert _years(reader.read(tmp_path / "x.xlsx", "par")) == [2021]


def test_a_note_in_another_encoding(reader, tmp_path):
    path = writers.write(tmp_path / "x.xlsx", synthetic(PAR), "xlsx")
    path.with_name("x.xlsx.toml").write_bytes('sheets = ["Bảng"]'.encode("utf-16"))
    with pytest.raises(TableError, match="the note beside the table cannot be used"):
        reader.read(path, "par")


def test_a_note_is_never_passed_over(reader, tmp_path):
    """A CSV table with the heads of the project's own layouts, and a note beside it: the note counts."""
    rows = [["province", "year", "score"], *([UNITS.name(c, "vi"), 2022, 80.5] for c in UNITS.codes)]
    path = writers.write(tmp_path / "x.csv", rows, "csv")
    path.with_name("x.csv.toml").write_text('basis = "secondary"', encoding="utf-8")
    assert reader.read(path, "par").basis == "secondary"


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (2022.0, 2022),
        (" 2022 ", 2022),
        ("2202", None),
        (2202.0, None),
        ("20x2", None),
        (2022.5, None),
        (True, None),
    ],
)
def test_cells_that_are_years(cell, year):
    assert identity.as_year(cell) == year


def test_a_rank_of_the_year_before_beside_this_years(root, tmp_path, places):
    """Only one of the columns names a year; it says nothing of the others."""
    rows = [["Tỉnh/Thành phố", "Điểm", "Xếp hạng", "Xếp hạng năm 2021"]]
    for number, code in enumerate(places.codes, 1):
        rows.append([places.name(code, "vi"), 95 - number / 4, float(number), float(64 - number)])
    path = writers.write(tmp_path / "PAR INDEX 2022.xlsx", rows, "xlsx")
    reports = tables.Reader(root / "data" / "raw").read(path).reports.set_index(["year", "gso_code"])
    first = places.codes[0]
    assert (reports.at[(2022, first), "score"], reports.at[(2022, first), "rank"]) == (94.75, 1)
    assert reports.at[(2021, first), "rank"] == 63
    assert len(reports) == 126


def test_a_note_may_say_that_a_column_holds_percentages(root, tmp_path, places):
    rows = [["Tỉnh/Thành phố", "Lĩnh vực 1"]]
    rows += [[places.name(code, "vi"), 60 + number / 2] for number, code in enumerate(places.codes)]
    path = writers.write(tmp_path / "PAR INDEX 2023.xlsx", rows, "xlsx")
    (tmp_path / "PAR INDEX 2023.toml").write_text('columns = { B = "steering %" }', encoding="utf-8")
    reports = tables.Reader(root / "data" / "raw").read(path).reports
    assert reports["percent"].all() and set(reports["max_score"]) == {100} and len(reports) == 63
