"""Where the table of provinces lies in a sheet."""

import pytest

from helpers import layouts, provinces
from helpers.cells import Sheet

UNITS = provinces.load()
NAMES = [UNITS.name(code, "vi") for code in UNITS.codes]


@pytest.fixture(scope="module")
def places(root, known):
    return layouts.Places(root / "data" / "raw", known.headings)


@pytest.fixture
def survey(places):
    """Survey rows, filled up to the same width."""

    def survey(rows, merged=()):
        width = max(map(len, rows))
        filled = [[*row, *[None] * (width - len(row))] for row in rows]
        return layouts.survey(Sheet("Sheet1", filled, list(merged)), places)

    return survey


def body(names=NAMES, first=50.0):
    """Rows of synthetic figures."""
    return [[float(n), name, first + n / 10] for n, name in enumerate(names, 1)]


HEAD = ["STT", "Tỉnh", "Điểm"]


def test_plain_table(survey):
    layout = survey([HEAD, *body()])
    assert (layout.names, layout.head, layout.rows) == ([1], [0], list(range(1, 64)))
    assert layout.parts[2] == [("Điểm", False)]


def test_no_table_of_provinces(survey):
    assert survey([HEAD, *body(["Bộ Nội vụ", "Bộ Tư pháp", "Quận 1", "Hà Nội"] * 10)]) is None


def test_rows_that_are_no_province(survey):
    """Blank rows, region heads, means, extremes, repeated heads, column numbers and notes."""
    rows = [
        HEAD,
        ["(1)", "(2)", "(3)"],
        [None, "Trung bình cả nước", 53.2],
        ["I", "Đồng bằng sông Hồng"],
        *body(NAMES[:20]),
        [],
        HEAD,
        ["II", "Vùng Tây Nguyên", 52.0],
        *body(NAMES[20:], 52.0),
        [999.0, "Điểm cao nhất", 56.3],
        ["Ghi chú: số liệu giả định"],
    ]
    layout = survey(rows)
    assert len(layout.rows) == 63
    assert layout.aggregates == [(2, "mean"), (70, "maximum")]
    left_out = {kind for _, _, kind in layout.left_out}
    assert left_out >= {"region", "head", "mean", "maximum", "note"}
    assert (layout.problem, layout.unknown) == (None, [])


def test_unknown_name_among_provinces_is_noted(survey):
    rows = [HEAD, *body()]
    rows[30][1] = "Hà Nộii"
    layout = survey(rows)
    assert layout.unknown == [(30, 1)]
    assert 30 not in layout.rows


def test_unknown_name_in_the_first_row_is_noted(survey):
    rows = [HEAD, *body()]
    rows[1][1] = "Hà Nộii"
    layout = survey(rows)
    assert (layout.unknown, layout.head) == ([(1, 1)], [0])


def test_ministries_between_head_and_provinces(survey):
    ministries = [[float(n), "Bộ Nội vụ", 80.0] for n in range(1, 31)]
    layout = survey([["PHỤ LỤC"], HEAD, *ministries, *body()])
    assert (layout.head, layout.titles) == ([1], ["PHỤ LỤC"])
    assert len(layout.rows) == 63


def test_titles_and_letterhead_are_no_head(survey):
    rows = [
        ["BỘ NỘI VỤ", None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        [],
        ["CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2022"],
        ["(Kèm theo Quyết định số 372/QĐ-BNV)"],
        HEAD,
        *body(),
    ]
    layout = survey(rows)
    assert layout.head == [4]
    assert "CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2022" in layout.titles


@pytest.mark.parametrize("merged", [[(0, 2, 0, 3)], []])
def test_head_over_two_columns(survey, merged):
    """A head spans its columns, also where the file has lost the merged cells."""
    rows = [["STT", "Tỉnh", "Năm 2022", None], [None, None, "Điểm", "Hạng"]]
    layout = survey([*rows, *[[*row, float(n)] for n, row in enumerate(body(), 1)]], merged)
    assert layout.parts[2] == [("Năm 2022", True), ("Điểm", False)]
    assert layout.parts[3] == [("Năm 2022", True), ("Hạng", False)]


def test_years_as_heads(survey):
    rows = [[HEAD[0], HEAD[1], "2021", 2022.0], *[[*row, 60.0] for row in body()]]
    layout = survey(rows)
    assert layout.head == [0]
    assert [text for text, _ in (*layout.parts[2], *layout.parts[3])] == ["2021", "2022"]


def test_maximum_points_in_a_row(survey):
    layout = survey([HEAD, [None, "Điểm tối đa", 100.0], *body()])
    assert (layout.head, layout.maxima) == ([0], 1)


def test_second_table_below(survey):
    layout = survey([HEAD, *body(), [], ["STT", "Tỉnh", "Xếp hạng"], *body()])
    assert layout.problem[0] == "two tables in one sheet"


def test_block_that_looks_one_province_up(survey):
    """Below its table a workbook shows the figures of one province that a reader chooses."""
    layout = survey([HEAD, *body(), [], HEAD, [None, "Yên Bái", 51.5], [None, "Hạng", 41.0]])
    assert (len(layout.rows), layout.problem) == (63, None)


def test_names_in_two_languages_are_twins(survey):
    rows = [["Tỉnh", "Province", "Điểm"]]
    rows += [[UNITS.name(code, "vi"), UNITS.name(code, "en"), 50.0] for code in UNITS.codes]
    layout = survey(rows)
    assert (layout.names, layout.twins) == ([0], {1: 0})
    assert layout.owner(2) == 0


@pytest.mark.parametrize(
    ("shape", "lead", "owners"),
    [
        ("ns ns", 0, {1: 0, 4: 3}),
        ("sn sn", 1, {0: 1, 3: 4}),
        ("srn srn", 2, {0: 2, 1: 2, 4: 6, 5: 6}),
        ("rns rns", 1, {0: 1, 2: 1, 4: 5, 6: 5}),
        ("nsr nsr", 0, {1: 0, 2: 0, 5: 4, 6: 4}),
        ("i ns nsr", 0, {3: 2, 6: 5, 7: 5}),
        ("i sn snr", 1, {2: 3, 5: 6, 7: 6}),
    ],
)
def test_whose_figures_stand_beside_which_names(survey, shape, lead, owners):
    """Pairs of a name (n), score (s) and rank (r), each in its own order; i is a running number."""
    heads = {"n": "Tỉnh", "s": "Điểm", "r": "Hạng", "i": "STT", " ": None}
    rows = [[heads[field] for field in shape]]
    for n in range(63):
        forward, cells = True, []
        for field in shape:
            name = NAMES[n] if forward else NAMES[62 - n]
            cells.append({"n": name, "s": 50.5 + n / 10, "r": n + 1.0, "i": n + 1.0, " ": None}[field])
            forward = forward and field != " "
        rows.append(cells)
    if shape.startswith("i"):
        for row in rows[1:]:
            row[shape.index("n")] = NAMES[int(row[0] * 5) % 63]
    layout = survey(rows)
    assert (layout.lead, layout.problem) == (lead, None)
    assert {column: layout.owner(column) for column in owners} == owners


def test_figures_on_both_sides_of_the_names(survey):
    rows = [["Điểm", "Tỉnh", "Điểm", "Tỉnh", "Điểm"]]
    rows += [[50.5, NAMES[n], 60.5, NAMES[62 - n], 70.5] for n in range(63)]
    assert survey(rows).problem[0] == "figures between two columns of names"


def test_list_of_the_best_beside_the_table(survey):
    rows = [[*HEAD, None, "Tỉnh", "Điểm"], *body()]
    for n in range(1, 4):
        rows[n] += [None, NAMES[40 + n], 60.5]
    layout = survey(rows)
    assert (layout.names, layout.beside, layout.owner(5)) == ([1], [4], None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("TP. Hà Nội", "province"),
        ("Tỉnh Hà Tĩnh", "province"),
        ("T. Hà Giang", "province"),
        ("12. BẮC KẠN*", "province"),
        ("01 - Hà Nội", "province"),
        ("Hà Nội (Ha Noi)", "province"),
        ("Hà Nội / Hà Nam", ""),
        ("Hà Nội (Hà Nam)", ""),
        ("Hà Tây", "former"),
        ("Vùng Tây Nguyên", "region"),
        ("IV. ĐÔNG NAM BỘ", "region"),
        ("Giá trị trung bình", "mean"),
        ("Highest", "maximum"),
        ("Bộ Nội vụ", "ministry"),
        ("Huyện Đông Anh", "district"),
        ("Ghi chú: x", "note"),
        ("Hà Nộii", ""),
    ],
)
def test_kinds_of_names(places, text, kind):
    assert places.kind(text) == kind
