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
    with pytest.raises(provinces.UnknownProvinceError, match="nearest known name: Bình Phước"):
        UNITS.code("Bình Phứơc")


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
