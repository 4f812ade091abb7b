"""Names and codes of the provinces."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import provinces

UNITS = provinces.load()
# Codes that mean another province since 1 July 2025 (Resolution 202/2025/QH15, old and new code tables).
REUSED = ["15", "24", "44", "52", "80", "82", "91"]


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("TP. Hồ Chí Minh", "79"),
        ("TP.HCM", "79"),
        ("HCMC", "79"),
        ("TT-Huế", "46"),
        ("TT-Hue", "46"),
        ("Thừa Thiên – Huế", "46"),
        ("BRVT", "77"),
        ("BR.VT", "77"),
        ("Bà Rịa – Vũng Tàu", "77"),
        ("Bà Rịa-Vũng Tàu", "77"),
        ("Hoà Bình", "17"),
        ("Hòa Bình", "17"),
        ("Thanh Hoá", "38"),
        ("Khánh Hoà", "56"),
        ("Đắk Lắk", "66"),
        ("Đăk Lăk", "66"),
        ("Dak Lak", "66"),
        ("Dac Lac", "66"),
        ("Hà Tĩnh", "42"),
        ("Tỉnh Hà Tĩnh", "42"),
        ("tỉnh  HÀ TĨNH ", "42"),
        ("Ha Tinh", "42"),
        ("Ha Tinh province", "42"),
        ("Thành phố Cần Thơ", "92"),
        ("Can Tho City", "92"),
        ("Ðà Nẵng", "48"),  # Icelandic eth instead of Đ
        ("TP Đà Nẵng", "48"),
        ("Tp.Đà Nẵng", "48"),
        ("Kontum", "62"),
        ("Bắc Cạn", "06"),
    ],
)
def test_spellings_seen_in_the_wild(spelling, code):
    assert UNITS.code(spelling) == code
    assert UNITS.code(unicodedata.normalize("NFD", spelling)) == code


@pytest.mark.parametrize("name", ["Hà Tinh", "Ha Noii", "Tỉnh", "", "Cả nước", "Sai Gon 2", "Quảng"])
def test_nothing_is_guessed(name):
    with pytest.raises(provinces.UnknownProvinceError) as caught:
        UNITS.code(name)
    assert caught.value.nearest in set(UNITS.table["name_vi"])


def test_the_nearest_name_is_proposed():
    with pytest.raises(provinces.UnknownProvinceError, match=r"nearest known: Bình Phước \(70\), ") as caught:
        UNITS.code("Bình Phứơc")
    assert caught.value.nearest == "Bình Phước"
    assert len(caught.value.suggestions) == len(set(caught.value.suggestions)) == 3


_VARIANTS = [
    str.upper,
    str.lower,
    lambda name: f"  {name}\u00a0",
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: f"Tỉnh {name}",
    lambda name: name.replace(" - ", " – "),
    lambda name: name.replace(" - ", "-"),
    provinces.strip_diacritics,
    lambda name: name.replace(" ", "  "),
    lambda name: name.replace("òa", "oà"),
]


@given(st.sampled_from(UNITS.codes), st.lists(st.sampled_from(_VARIANTS), max_size=4, unique=True))
def test_variants_of_spelling_lead_to_the_same_province(code, changes):
    name = UNITS.name(code, "vi")
    for change in changes:
        name = change(name)
    assert UNITS.code(name) == code


@given(st.text(max_size=40))
def test_any_text_is_a_province_or_refused_with_a_proposal(text):
    try:
        assert UNITS.code(text) in UNITS.codes
    except provinces.UnknownProvinceError as error:
        assert error.nearest


def test_both_vintages_and_the_crosswalk_fit():
    old, new = provinces.load(vintage="63"), provinces.load(vintage="34")
    crosswalk = provinces.crosswalk()
    assert set(crosswalk.index) == set(old.codes)
    assert set(crosswalk) == set(new.codes)
    for code, row in new.table.iterrows():
        assert set(row["old_codes"].split("|")) == set(crosswalk.index[crosswalk == code])


def test_a_code_means_another_province_by_vintage():
    old, new = provinces.load(vintage="63"), provinces.load(vintage="34")
    differing = [c for c in new.codes if c in old.codes and old.name(c, "vi") != new.name(c, "vi")]
    # Huế (46) changed its name and type, not its place.
    assert differing == sorted([*REUSED, "46"])
    assert provinces.vintage_of(2024) == "63"
    assert provinces.vintage_of(2025) == "34"


def test_huế_is_a_province_to_2024_and_a_city_after():
    assert "46" not in provinces.load(vintage="63").cities
    assert len(provinces.load(vintage="63").cities) == 5
    assert "46" in provinces.load(vintage="34").cities


def test_an_unknown_vintage_is_named():
    with pytest.raises(ValueError, match="'64' is not known"):
        provinces.load(vintage="64")


@pytest.mark.parametrize(
    ("vintage", "code", "en", "vi"),
    [
        ("63", "70", "Binh Phuoc province", "tỉnh Bình Phước"),
        ("63", "92", "Can Tho city", "thành phố Cần Thơ"),
        ("63", "79", "Ho Chi Minh City", "Thành phố Hồ Chí Minh"),
        ("63", "46", "Thua Thien Hue province", "tỉnh Thừa Thiên Huế"),
        ("34", "46", "Hue city", "thành phố Huế"),
    ],
)
def test_a_full_name_has_the_type_of_its_time(vintage, code, en, vi):
    units = provinces.load(vintage=vintage)
    assert (units.full_name(code, "en"), units.full_name(code, "vi")) == (en, vi)


# --- the province that somebody typed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "year", "code"),
    [
        ("70", 2022, "70"),
        (" Bình Phước ", 2022, "70"),
        ("binh phuoc", 2011, "70"),
        ("Tỉnh Bình Phước", 2024, "70"),
        ("TP. Hồ Chí Minh", 2022, "79"),
        ("82", 2024, "82"),
        ("Tiền Giang", 2022, "82"),
        ("Đồng Tháp", 2022, "87"),
        ("Đồng Tháp", 2025, "82"),
        ("Huế", 2022, "46"),
        ("46", 2025, "46"),
        ("08", 2025, "08"),
    ],
)
def test_a_code_or_any_spelling_leads_to_the_province_of_the_year(typed, year, code):
    assert provinces.resolve("data/raw", typed, year) == code


@pytest.mark.parametrize(
    ("typed", "year", "said"),
    [
        ("71", 2022, r"none of the 63 .*: Bình Phước \(70\), Tây Ninh \(72\), "),
        ("1", 2022, r"none of the 63 .*: Hà Nội \(01\), "),
        ("Bin Phuok", 2022, r"'Bin Phuok' is none of the 63 .*: Bình Phước \(70\), "),
        ("Hà Tây", 2022, r"Hà Tây was merged into Hà Nội \(01\) in 2008"),
        (
            "82",
            2025,
            "82 was Tiền Giang until 30 June 2025 and is Đồng Tháp since then; for 2025 write the name",
        ),
        ("70", 2025, r"70 was Bình Phước until 30 June 2025 and is part of Đồng Nai \(75\) since then"),
        ("Bình Phước", 2025, r"^Bình Phước was .* until 30 June 2025 and is part of Đồng Nai \(75\) since"),
        ("71", 2025, r"none of the 34 .*: Đồng Nai \(75\), "),
    ],
)
def test_what_is_no_province_of_the_year_is_refused_in_a_sentence(typed, year, said):
    with pytest.raises((provinces.UnknownProvinceError, provinces.OtherUnitsError), match=said):
        provinces.resolve("data/raw", typed, year)


def test_exactly_the_reused_codes_are_refused_as_ambiguous_from_2025_on():
    refused = []
    for code in provinces.load(vintage="34").codes:
        try:
            assert provinces.resolve("data/raw", code, 2025) == code
        except provinces.OtherUnitsError as error:
            refused.append(code)
            assert provinces.load(vintage="63").name(code, "vi") in str(error)
            assert provinces.load(vintage="34").name(code, "vi") in str(error)
    assert refused == REUSED


@given(st.sampled_from(UNITS.codes), st.sampled_from(["code", "name_vi", "name_en"]), st.integers(2025, 2035))
def test_a_province_of_before_is_found_after_the_merger_only_where_it_lives_on(code, how, year):
    typed = code if how == "code" else UNITS.table.at[code, how]
    now = provinces.load(vintage="34")
    try:
        found = provinces.resolve("data/raw", typed, year)
    except provinces.OtherUnitsError as error:
        assert UNITS.name(code, "vi") in str(error) or typed in str(error)
        assert now.name(provinces.crosswalk()[code], "vi") in str(error) or code in REUSED
    else:
        assert code in now.table.at[found, "old_codes"].split("|")
        assert now.name(found, "vi") == UNITS.name(code, "vi") or code == found == "46"


def test_a_synthetic_unit_of_after_is_refused_for_the_years_before(raw):
    table = raw / "provinces" / "provinces34.csv"
    text = table.read_text(encoding="utf-8")
    assert "\n96,Cà Mau,Ca Mau," in text
    table.write_text(text.replace("\n96,Cà Mau,Ca Mau,", "\n97,Đất Mũi,Dat Mui,"), encoding="utf-8")
    for typed, said in (("97", "97 is Đất Mũi, which exists only"), ("Đất Mũi", "Đất Mũi exists only")):
        with pytest.raises(provinces.OtherUnitsError, match=f"{said} since 1 July 2025"):
            provinces.resolve(raw, typed, 2024)


@given(st.text(max_size=20))
def test_any_text_typed_is_resolved_or_refused(typed):
    try:
        assert provinces.resolve("data/raw", typed, 2022) in UNITS.codes
    except (provinces.UnknownProvinceError, provinces.OtherUnitsError) as error:
        assert str(error)
