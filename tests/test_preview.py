"""``make check``: what a person is shown of a table before it is used. The tables here are synthetic."""

import pytest
import writers

from helpers import indices, preview, registry, tables, understanding

HEADS = ["STT", "Tỉnh/Thành phố", "Tổng điểm", "Xếp hạng", "Ghi nhận"]


@pytest.fixture
def annex(tmp_path, places):
    """A synthetic table of PAR INDEX 2022: every province 0.5 points below the one before."""
    rows = [["CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2022"], HEADS]
    for number, code in enumerate(places.codes, 1):
        rows.append([float(number), places.name(code, "vi"), 95.25 - 0.5 * number, float(number), "tốt"])
    rows.append([None, "Cả nước", 79.25])
    width = len(HEADS)
    rows = [[*row, *([None] * (width - len(row)))] for row in rows]
    return writers.write(tmp_path / "PAR INDEX 2022.xlsx", rows, "xlsx", sheet="Phụ lục 1")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_what_was_understood_is_shown_and_what_would_change(annex, raw, language):
    text, accepted = preview.show(annex, raw, language)
    assert accepted
    said = {
        "en": ["rows of the head", "total: score", "total: rank", "left out: numbers", "a mean, compared"],
        "vi": ["dòng tiêu đề", "tổng điểm: điểm", "tổng điểm: thứ hạng", "số thứ tự", "giá trị trung bình"],
    }[language]
    for phrase in [*said, "phụ lục 1", "c3 d3", "cả nước", "data/raw/par/"]:
        assert phrase in text.lower(), phrase
    assert not list((raw / "par").glob("*.xlsx")), "looking at a table does not put it among the raw tables"


def test_counts_against_the_present_data(annex, raw, known):
    gathered = indices.gather(raw)
    before = indices.assemble(gathered, raw)
    reading = tables.Reader(raw).read(annex)
    after = indices.assemble(gathered.with_table(reading), raw)
    compared = preview.compare(before.figures, after.figures, reading, known)
    now = before.figures[(before.figures["index"] == "par") & (before.figures["year"] == 2022)]
    now = now[now["component"] == ""]
    assert len(compared) == 126
    assert (compared["outcome"] == "new").sum() == 126 - now["score"].notna().sum() - now[
        "rank"
    ].notna().sum()
    # The publisher's complete table beats what the press reported, and every difference is kept.
    assert "loses" not in set(compared["outcome"])
    used = after.figures[after.figures["source"] == reading.file]
    assert len(used) == 63 and set(used["basis"]) == {"published"}
    differing = compared[compared["outcome"] == "wins"]
    conflicts = after.conflicts[after.conflicts["chosen_source"] == reading.file]
    assert len(differing) > 20
    assert set(zip(differing["gso_code"], differing["field"], strict=True)) == set(
        zip(conflicts["gso_code"], conflicts["field"], strict=True)
    )
    assert set(conflicts["decided_by"]) == {"basis"}


def test_a_file_among_the_raw_tables_is_held_against_the_others(annex, raw):
    inside = annex.rename(raw / "par" / annex.name)
    text, accepted = preview.show(inside, raw)
    assert accepted
    assert "the present data are those without it" in text
    outside, _ = preview.show(inside.rename(annex), raw)
    count = [line for line in text.splitlines() if line.startswith("Against")]
    assert count == [line for line in outside.splitlines() if line.startswith("Against")]


def test_a_refused_file_says_where_what_and_what_to_do(tmp_path, root, capsys):
    path = tmp_path / "districts.csv"
    path.write_text("Huyện,Điểm\n" + "".join(f"Huyện Số {n},{n}\n" for n in range(40)), encoding="utf-8")
    assert preview.main([str(path), "--root", str(root)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "This file is refused; nothing of it is used."
    assert lines[1].startswith("Where: districts.csv")
    assert lines[-1].startswith("Expected: ")
    assert preview.main([str(tmp_path / "none.xlsx"), "--root", str(root)]) == 1
    assert "none.xlsx" in capsys.readouterr().out


def test_sheets_with_the_same_columns_are_described_once(tmp_path, places, root):
    heads = ["Tỉnh", "Tri thức công dân"]
    rows = [heads, *([places.name(code, "vi"), 1.0 + n / 100] for n, code in enumerate(places.codes))]
    path = writers.write(tmp_path / "PAPI.xlsx", {"2022": rows, "2023": rows, "Ghi chú": [["trống"]]}, "xlsx")
    known = registry.load(root / "data" / "raw")
    reading = tables.Reader(root / "data" / "raw").read(path)
    columns = understanding.columns(reading, known, "vi")
    assert columns["Trang tính"].tolist() == ["2022, 2023"] * 2
    sheets = understanding.sheets(reading, known, "vi")
    assert sheets["Số liệu được lấy"].tolist() == [63, 63, 0]
    assert sheets["Lưu ý"].iloc[2] == "Không có bảng số liệu theo tỉnh, thành phố."


def test_every_word_that_the_reader_uses_is_there_in_both_languages(root):
    """Keys made up in the code (reasons, kinds of rows, remarks) have their texts."""
    import re

    from helpers import wording

    folder = root / "src" / "helpers"
    code = "".join(
        (folder / f"{name}.py").read_text(encoding="utf-8")
        for name in ("layouts", "columns", "extraction", "tables")
    )
    wanted = {f"remark_{key}" for key in re.findall(r'remarks?\.append\(\(\s*"(\w+)"', code)}
    wanted |= {f"sheet_{key}" for key in re.findall(r'\breason="(\w+)"', code)}
    wanted |= {f"left_{key}" for key in re.findall(r'\.reason(?:, column\.named)? = "(\w+)"', code)}
    wanted |= {f"row_{key}" for key in re.findall(r'left_out\.append\(\(row, [^"]*"(\w+)"\)\)', code)}
    assert len(wanted) > 15
    for key in wanted:
        for language in wording.LANGUAGES:
            try:
                wording.text(f"reading.{key}", language)
            except KeyError as error:
                assert error.args[0] != f"reading.{key}", key
