"""Reading raw tables: numbers, the two layouts, and what is refused."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import ledger
from helpers.figures import Number, parse_number

LEDGER_HEAD = "year,gso_code,province,component,score,max_score,rank,rank_of,rank_change,basis,source\n"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("83,00", Number(83.0, 2)),
        ("83.00", Number(83.0, 2)),
        ("84,97%", Number(84.97, 2, percent=True)),
        ("84.97 %", Number(84.97, 2, percent=True)),
        ("50/63", Number(50, of=63)),
        ("50", Number(50)),
        (" 9 / 13 ", Number(9, of=13)),
        ("−14", Number(-14)),
        ("+6", Number(6)),
        ("\u00a083,5\u00a0", Number(83.5, 1)),
        (" - ", None),
        ("–", None),
        ("n/a", None),
        ("N/A", None),
        ("", None),
        ("…", None),
    ],
)
def test_numbers_as_tables_write_them(text, number):
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text", ["83,00,1", "1.234,5", "abc", "12a", "50/", "/63", "0x1F", "1e5", "٣", "--", "nan"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="is no number"):
        parse_number(text)


@given(st.decimals(0, 100, places=4), st.sampled_from(".,"), st.sampled_from(["", "%", " %"]))
def test_a_written_number_is_read_back_with_its_precision(value, mark, percent):
    number = parse_number(str(value).replace(".", mark) + percent)
    assert number == Number(float(value), 4, bool(percent))


@given(st.text(max_size=30))
def test_any_cell_is_a_number_a_missing_mark_or_refused(text):
    try:
        number = parse_number(text)
    except ValueError:
        return
    assert number is None or abs(number.value) < 1e10


def _read(tmp_path, root, known, slug, name, text, encoding="utf-8"):
    """Write a synthetic table beside the real provinces, read it, and give reports and refusals."""
    folder = tmp_path / slug
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text.encode(encoding))
    provinces = tmp_path / "provinces"
    if not provinces.exists():
        provinces.symlink_to(root / "data" / "raw" / "provinces")
    table = ledger.read_csv(folder / name, tmp_path)
    reports, rejected = ledger.reports(table, known[slug], tmp_path)
    return reports, pd.DataFrame(rejected, columns=ledger.REJECTED_COLUMNS)


def test_a_ledger_row(tmp_path, root, known):
    row = '2022,84,Trà Vinh,,"83,00",100,50/63,,2,stated,travinh-2023\n'
    reports, rejected = _read(tmp_path, root, known, "par", "reported.csv", LEDGER_HEAD + row)
    assert rejected.empty
    report = reports.iloc[0]
    assert (report.year, report.gso_code, report.component) == (2022, "84", "")
    assert (report.score, report.decimals, report.max_score) == (83.0, 2, 100)
    assert (report["rank"], report.ranked, report.rank_change) == (50, 63, 2)
    assert (report.file, report.row) == ("par/reported.csv", 2)


def test_a_wide_table_takes_its_year_from_the_file_name(tmp_path, root, known):
    text = '\ufeffprovince,civic_knowledge,e_portals\nHuế,"1,25",-\nTP.HCM,1.5,0.4\n'
    reports, rejected = _read(tmp_path, root, known, "papi", "2022.csv", text)
    assert rejected.empty
    got = reports.set_index(["gso_code", "component"])["score"]
    assert got.to_dict() == {
        ("46", "participation.civic_knowledge"): 1.25,
        ("79", "participation.civic_knowledge"): 1.5,
        ("79", "e_governance.e_portals"): 0.4,
    }
    assert set(reports["source"]) == {"papi-published"}


@pytest.mark.parametrize("spelling", ["procedures_percent", "procedures"])
def test_a_percentage_is_another_scale_than_points(tmp_path, root, known, spelling):
    row = f"2023,17,,{spelling},99.93,100,1,63,,stated,travinh-2023\n"
    reports, _ = _read(tmp_path, root, known, "par", "reported.csv", LEDGER_HEAD + row)
    assert reports.loc[0, ["component", "percent", "max_score"]].tolist() == ["procedures", True, 100]


@pytest.mark.parametrize(
    ("row", "field", "problem", "nearest"),
    [
        ("2022,,Trà Vình,,83,,,,,stated,s", "province", "unknown province name", "Trà Vinh"),
        ("2022,99,,,83,,,,,stated,s", "gso_code", "unknown province code", ""),
        ("2022,70,Bình Định,,83,,,,,stated,s", "gso_code", "disagree", ""),
        ("2022,,,,83,,,,,stated,s", "province", "no province", ""),
        ("2031,70,,,83,,,,,stated,s", "year", "no registry entry", ""),
        ("20x2,70,,,83,,,,,stated,s", "year", "no year", ""),
        ("2022,70,,magic,83,,,,,stated,s", "component", "unknown component", ""),
        ("2022,70,,,eighty,,,,,stated,s", "score", "score is no number", ""),
        ("2022,70,,,83,,5.5,,,stated,s", "rank", "rank is no number", ""),
        ("2022,70,,,83", "", "the row has 5 cells", ""),
    ],
)
def test_a_bad_row_stops_nothing_but_itself(tmp_path, root, known, row, field, problem, nearest):
    text = f"{LEDGER_HEAD}{row}\n2022,84,,,83,,50,63,,stated,s\n"
    reports, rejected = _read(tmp_path, root, known, "par", "reported.csv", text)
    assert reports["gso_code"].tolist() == ["84"]
    (refusal,) = rejected.to_dict("records")
    assert (refusal["file"], refusal["row"], refusal["field"]) == ("par/reported.csv", 2, field)
    assert problem in refusal["problem"]
    assert refusal["expected"]
    assert refusal["nearest"] == nearest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LEDGER_HEAD + '2022,84,"Trà Vinh,,83\n', "broken CSV"),
        ("year,score\n2022,83\n", "no column of provinces"),
        ("year,province,score,score\n2022,Huế,1,2\n", "there twice"),
        ("year,province,score,mood\n2022,Huế,1,2\n", "unknown column 'mood'"),
    ],
)
def test_a_broken_table_is_refused_as_a_whole(tmp_path, root, known, text, problem):
    with pytest.raises(ledger.TableError, match=problem):
        _read(tmp_path, root, known, "par", "reported.csv", text)


def test_another_encoding_is_named_with_its_line(tmp_path, root, known):
    with pytest.raises(ledger.TableError, match=r"row 2: the file is not UTF-8 text"):
        _read(tmp_path, root, known, "par", "x.csv", LEDGER_HEAD + "2022,84,Huế…\n", encoding="utf-16-le")
    with pytest.raises(ledger.TableError, match=r"row 2: the file is not UTF-8 text"):
        _read(tmp_path, root, known, "par", "x.csv", LEDGER_HEAD + "2022,17,Hoà,\n", encoding="latin-1")


def test_an_unknown_column_of_a_wide_table_is_said_once(tmp_path, root, known):
    text = "gso_code,civic_knowledge,hapiness\n01,1,2\n02,1,2\n"
    reports, rejected = _read(tmp_path, root, known, "papi", "2022.csv", text)
    assert len(reports) == 2
    assert rejected["field"].tolist() == ["hapiness"]
    assert rejected["row"].tolist() == [1]
