"""What the heads of published tables mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import headings


@pytest.fixture(scope="module")
def words(known):
    """The vocabulary of an index, by its slug."""
    return {index.slug: headings.Vocabulary(known, index) for index in known}


@pytest.mark.parametrize(
    ("slug", "text", "component"),
    [
        ("par", "Tổng điểm", ""),
        ("par", "Chỉ số CCHC năm 2022", ""),
        ("par", "PAR INDEX (2022)", ""),
        ("par", "3. Cải cách TTHC (13 điểm)", "procedures"),
        ("par", "Lĩnh vực II: Cải cách thể chế", "institutions"),
        ("par", "CẢI CÁCH THỂ CHẾ\nInstitutional reform", "institutions"),
        ("par", "Impact of PAR / Tác động của CCHC", "impact"),
        ("sipas", "Chỉ số SIPAS năm 2022 (%)", ""),
        ("sipas", "Mức độ hài lòng chung", ""),
        ("papi", "CSND 4: Kiểm soát tham nhũng", "corruption_control"),
        ("papi", "Dimension 8. E-Governance", "e_governance"),
        ("papi", "D1. Participation at Local Levels", "participation"),
        ("papi", "1.1. Tri thức công dân", "participation.civic_knowledge"),
        ("papi", "Un-weighted PAPI", ""),
        ("pci", "Sub-Index 5: Informal Charges", "informal"),
        ("pci", "Chi phi khong chinh thuc", "informal"),
        ("pci", "sub8_psd", "support"),
        ("pci", "PCI có trọng số", ""),
        ("pci", "Weighted Score", ""),
    ],
)
def test_components(words, slug, text, component):
    assert words[slug].read(text).component == component


@pytest.mark.parametrize(
    ("slug", "text"),
    [
        ("pci", "PCI chưa có trọng số"),
        ("pci", "PCI (unweighted)"),
        ("papi", "Weighted PAPI"),
        ("pci", "Population 2004"),
        ("pci", "Entry Costs and Land Access"),
        ("par", "Cải cách thể chế, cải cách TTHC"),
        ("par", "Điểm cộng"),
        ("pci", "d1"),
    ],
)
def test_what_is_no_component(words, slug, text):
    """Another weighting, two components in one head, and words that mean nothing here are never guessed."""
    meaning = words[slug].read(text)
    assert meaning.component is None
    assert meaning.number is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("Sub-Index 6", 6), ("CSTP6", 6), ("sub6", 6), ("Chỉ số thành phần 10", 10), ("Trục nội dung 2", 2)],
)
def test_numbers_of_components(words, text, number):
    assert words["pci"].read(text).number == number


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("STT", "numbering"),
        ("No. / STT", "numbering"),
        ("Tỉnh, thành phố\nProvince", "province"),
        ("Mã tỉnh", "code"),
        ("+/-", "change"),
        ("Tăng/giảm so với năm trước", "change"),
        ("Nhóm xếp hạng", "group"),
    ],
)
def test_roles(words, text, role):
    assert words["par"].read(text).role == role


@pytest.mark.parametrize(
    ("parts", "component", "field"),
    [
        ([("Cải cách thể chế", True), ("Điểm", False)], "institutions", "score"),
        ([("Cải cách thể chế", True), ("Thứ hạng", False)], "institutions", "rank"),
        ([("Xếp hạng", True), ("Cải cách thể chế", False)], "institutions", "rank"),
        ([("Năm 2022", True), ("Xếp hạng", False)], "", "rank"),
        ([("Tăng/giảm", True), ("Điểm", False)], "", "change"),
        ([("Institutional reform", False), ("Cải cách thể chế", False)], "institutions", None),
        ([("Kết quả các lĩnh vực", True), ("Cải cách TTHC", False)], "procedures", None),
        ([("Rank/Xếp hạng", False)], "", "rank"),
    ],
)
def test_heads_over_several_rows(words, parts, component, field):
    meaning, conflict = words["par"].column(parts)
    assert (meaning.component, meaning.field, conflict) == (component, field, "")


@pytest.mark.parametrize(
    "parts",
    [
        [("Cải cách thể chế", False), ("Cải cách TTHC", False)],
        # The total of the field, or of the table whose head has lost its merged cells.
        [("Cải cách thể chế", True), ("Tổng điểm", False)],
    ],
)
def test_heads_that_say_two_things(words, parts):
    meaning, conflict = words["par"].column(parts)
    assert meaning.component is None
    assert conflict


@pytest.mark.parametrize(
    ("parts", "bare"), [([("Điểm", False)], True), ([("2022", False)], True), ([("PAR INDEX", False)], False)]
)
def test_bare_heads(words, parts, bare):
    assert words["par"].column(parts)[0].bare is bare


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2022", {2022}),
        ("(Kèm theo Quyết định số 372/QĐ-BNV ngày 19 tháng 4 năm 2023)", set()),
        ("Quyết định 1012/QĐ-BNV ngày 24/6/2020", set()),
        ("PAPI_2011-2013", {2011, 2012, 2013}),
        ("ngày ... tháng ... năm 2023", set()),
    ],
)
def test_years(text, years):
    assert headings.years_in(text) == years


def test_year_of_a_method_is_no_data_year(words):
    assert words["pci"].read("Minh bạch (phương pháp 2005)").years == frozenset()
    assert words["pci"].read("PCI (2010)").years == {2010}


@pytest.mark.parametrize(
    ("text", "maximum"),
    [
        ("Cải cách thể chế (9,5 điểm)", 9.5),
        ("Cải cách thể chế\n(10)", 10),
        ("Cải cách thể chế (tối đa 12,5)", 12.5),
        ("Cải cách thể chế (2022)", None),
        ("Cải cách thể chế", None),
    ],
)
def test_maximum_points(words, text, maximum):
    meaning = words["par"].read(text)
    assert (meaning.component, meaning.maximum) == ("institutions", maximum)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sub-Index: Chi phí không chính thức", ({"informal"}, True)),
        ("Bảng 5. Các tỉnh có Chi phí không chính thức thấp nhất", ({"informal"}, False)),
        ("Chỉ số năng lực cạnh tranh cấp tỉnh năm 2011", (set(), False)),
    ],
)
def test_components_of_a_title(words, text, found):
    assert words["pci"].components_in(text) == found


def test_titles_name_indices(words):
    assert words["par"].names_in("Chỉ số SIPAS và PAR INDEX năm 2022") == {"sipas", "par"}
    assert words["par"].names_in("phụ lục kèm theo quyết định") == set()


@given(st.text(max_size=40))
def test_any_text_has_a_meaning(words, text):
    """A head that means nothing is unknown or empty, never an exception."""
    meaning = words["papi"].read(text)
    assert meaning == words["papi"].read(text)
