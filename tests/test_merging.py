import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import merging, provinces
from helpers.files import resolve

RAW = resolve("data/raw")
CROSSWALK = provinces.crosswalk(RAW)
CODES = list(CROSSWALK.index)
# The codes that name one province before 1 July 2025 and another one since, in the words of the resolution of
# the National Assembly that merged them (202/2025/QH15): what each meant, what it means, and of which parts.
CHANGED = {
    "15": ("Yên Bái", "Lào Cai", {"Lào Cai", "Yên Bái"}),
    "24": ("Bắc Giang", "Bắc Ninh", {"Bắc Giang", "Bắc Ninh"}),
    "44": ("Quảng Bình", "Quảng Trị", {"Quảng Bình", "Quảng Trị"}),
    "52": ("Bình Định", "Gia Lai", {"Gia Lai", "Bình Định"}),
    "80": ("Long An", "Tây Ninh", {"Tây Ninh", "Long An"}),
    "82": ("Tiền Giang", "Đồng Tháp", {"Tiền Giang", "Đồng Tháp"}),
    "91": ("Kiên Giang", "An Giang", {"Kiên Giang", "An Giang"}),
}

numbers = st.one_of(st.none(), st.floats(-1e6, 1e6))
figures = st.dictionaries(st.sampled_from(CODES), numbers, min_size=0, max_size=63).map(
    lambda found: pd.Series(found, dtype="float64").reindex(CODES)
)
weighings = st.lists(st.floats(1e-3, 1e9), min_size=63, max_size=63).map(
    lambda found: pd.Series(found, index=CODES)
)


def synthetic(**values):
    """Make figures that are none of any index, by code: c24=1.0 is province 24."""
    return pd.Series({name[1:]: value for name, value in values.items()}, dtype="float64")


@pytest.fixture(scope="module")
def papi(indices_frame):
    totals = indices_frame.query("index == 'papi' and year == 2024 and component == ''")
    return totals.set_index("gso_code")["score"]


# --- real units -------------------------------------------------------------------------------------------


def test_papi_2024_as_computed_by_hand(papi):
    merged = merging.merge(papi, CROSSWALK)
    # Bắc Giang 44.685407 and Bắc Ninh 45.485667: 90.171074 / 2.
    assert merged.loc["24"].to_list() == [pytest.approx(45.085537), 44.685407, 45.485667, 2, 2, True]
    # Tiền Giang was not published: Đồng Tháp's 43.835712 is of one part, not of the unit.
    assert merged.loc["82"].to_list() == [43.835712, 43.835712, 43.835712, 1, 2, False]
    assert not merged.at["25", "complete"] and merged["complete"].sum() == 32
    assert merged["n"].sum() == papi.notna().sum() == 61


def test_a_weighted_mean_as_computed_by_hand(papi):
    # Invented weights 3 and 1: (3 * 44.685407 + 45.485667) / 4 = 179.541888 / 4.
    weights = pd.Series(1.0, index=CODES)
    weights["24"] = 3
    assert merging.merge(papi, CROSSWALK, weights).at["24", "value"] == pytest.approx(44.885472)
    # Of a known and an unknown part the known one stands alone, whatever the other weighs.
    weights["82"] = 1000
    assert merging.merge(papi, CROSSWALK, weights).at["82", "value"] == pytest.approx(43.835712)


@pytest.mark.parametrize("code", CHANGED)
def test_codes_that_changed_their_meaning_are_not_mixed_up(code):
    before, after, parts = CHANGED[code]
    old, new = provinces.load(RAW), provinces.load(RAW, "34")
    assert (old.name(code, "vi"), new.name(code, "vi")) == (before, after)
    for number, name in enumerate(sorted(parts)):
        merged = merging.merge(pd.Series({old.code(name): 50.0 + number}), CROSSWALK)
        assert list(merged.index[merged["n"] == 1]) == [code]
        assert merged.loc[code].to_list() == [50.0 + number] * 3 + [1, 2, False]


def test_every_unit_gets_the_parts_that_the_register_lists():
    register = provinces.load(RAW, "34").table
    values = pd.Series(np.arange(63.0) ** 2, index=CODES)
    merged = merging.merge(values, CROSSWALK)
    assert list(merged.index) == list(register.index) and merged.index.name == "gso_code"
    for code, listed in register["old_codes"].str.split("|").items():
        assert merged.at[code, "value"] == pytest.approx(values[listed].mean()), code
        assert merged.at[code, "parts"] == len(listed)
    assert merged["parts"].sum() == 63


def test_nothing_known_is_missing_and_not_zero():
    for nothing in (pd.Series(dtype=object), pd.Series(math.nan, index=CODES)):
        merged = merging.merge(nothing, CROSSWALK)
        assert len(merged) == 34 and merged["parts"].sum() == 63
        assert merged[["value", "low", "high"]].isna().all(axis=None)
        assert (merged["n"] == 0).all() and not merged["complete"].any()


# --- properties -------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(values=figures, weights=st.one_of(st.none(), weighings))
def test_the_mean_lies_between_the_parts_and_counts_are_whole(values, weights):
    merged = merging.merge(values, CROSSWALK, weights)
    known = merged[merged["n"] > 0]
    assert ((known["low"] <= known["value"]) & (known["value"] <= known["high"])).all()
    assert merged.loc[merged["n"] == 0, ["value", "low", "high"]].isna().all(axis=None)
    assert merged["n"].sum() == values.notna().sum() and merged["parts"].sum() == 63
    assert (merged["complete"] == (merged["n"] == merged["parts"])).all()


@settings(max_examples=30, deadline=None)
@given(values=figures, weight=st.floats(1e-300, 1e300))
def test_equal_weights_give_the_plain_mean(values, weight):
    equal = merging.merge(values, CROSSWALK, pd.Series(weight, index=CODES))
    pd.testing.assert_frame_equal(equal, merging.merge(values, CROSSWALK), check_exact=True)


@settings(max_examples=30, deadline=None)
@given(values=figures, weights=weighings, order=st.permutations(CODES))
def test_the_order_of_rows_does_not_matter(values, weights, order):
    pd.testing.assert_frame_equal(
        merging.merge(values[order], CROSSWALK[order[::-1]], weights[order]),
        merging.merge(values.dropna(), CROSSWALK, weights),
        check_exact=True,
    )


@settings(max_examples=30, deadline=None)
@given(values=figures, weights=weighings)
def test_a_second_computation_agrees(values, weights):
    rows = pd.DataFrame({"new": CROSSWALK, "x": values, "w": weights}).dropna()
    summed = rows.groupby("new")["x"].agg(low="min", high="max", n="count")
    means = {code: np.average(part["x"], weights=part["w"]) for code, part in rows.groupby("new")}
    expected = summed.assign(value=pd.Series(means, dtype=float))[["value", "low", "high", "n"]]
    merged = merging.merge(values, CROSSWALK, weights)
    found = merged.loc[merged["n"] > 0, ["value", "low", "high", "n"]].astype(float)
    # Parts may cancel: what is left is compared with the size of what was added.
    np.testing.assert_allclose(found, expected.astype(float), rtol=1e-9, atol=1e-8)
    plain = rows.groupby("new")["x"].mean()
    unweighted = merging.merge(values, CROSSWALK)["value"].dropna()
    np.testing.assert_allclose(unweighted, plain, rtol=1e-9, atol=1e-8)


def test_equal_parts_stay_what_they_are():
    # 0.1 + 0.1 + 0.1 is not 3 * 0.1 in binary: the mean would lie above its largest part.
    merged = merging.merge(pd.Series(0.1, index=CODES), CROSSWALK)
    assert (merged["value"] == 0.1).all()


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (synthetic(c05=1.0), "'05' is none of the 63 provinces"),
        (pd.Series({24: 1.0}), "24 is none of the 63 provinces"),
        (pd.concat([synthetic(c24=1.0), synthetic(c24=1.0)]), "24 stands there more than once"),
        (synthetic(c24=math.inf), "finite number for gso_code 24, found inf"),
        (pd.Series({"24": "44,7"}), "finite number for gso_code 24, found 44,7"),
        (pd.Series(1.0, index=sorted(set(CROSSWALK))), "these are the codes of the 34 units"),
    ],
)
def test_bad_figures_are_refused_with_the_code(values, told):
    with pytest.raises(merging.MergingError, match="values: ") as caught:
        merging.merge(values, CROSSWALK)
    assert told in str(caught.value)


def test_figures_of_34_provinces_of_old_are_merged_if_the_absent_ones_are_given():
    values = pd.Series(1.0, index=sorted(set(CROSSWALK))).reindex(CODES)
    assert merging.merge(values, CROSSWALK)["n"].sum() == 34


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (synthetic(c24=1), "gso_code 27 has a value but no weight"),
        (synthetic(c24=1, c27=math.nan), "gso_code 27 has a value but no weight"),
        (synthetic(c24=1, c27=-1), "gso_code 27 is negative"),
        (synthetic(c24=1, c27=1, c01=-1), "gso_code 01 is negative"),
        (synthetic(c24=1, c27=math.inf), "finite number for gso_code 27"),
        (synthetic(c24=0, c27=0), "known parts of 24 sum to zero"),
        (synthetic(c24=1, c27=1, c03=1), "'03' is none of the 63"),
        (pd.concat([synthetic(c24=1, c27=1)] * 2), "24, 27 stands there more than once"),
    ],
)
def test_bad_weights_are_refused_with_the_code(weights, told):
    with pytest.raises(merging.MergingError, match=re.escape(told)):
        merging.merge(synthetic(c24=44.0, c27=45.0), CROSSWALK, weights)


@pytest.mark.parametrize(
    "crosswalk",
    [
        CROSSWALK.drop("01"),
        CROSSWALK.replace("01", "04"),
        CROSSWALK.replace("01", None),
        CROSSWALK.rename({"01": "04"}),
    ],
)
def test_a_crosswalk_that_does_not_lead_from_63_to_34_is_refused(crosswalk):
    with pytest.raises(merging.MergingError, match=r"crosswalk_63_34\.csv: expected 63 old codes"):
        merging.merge(synthetic(c24=1.0), crosswalk)


# --- weights from a file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_weights_are_read_by_code(tmp_path, start):
    path = tmp_path / "population.csv"
    path.write_text(
        start + 'name,gso_code,weight\n"Hà Nội, city",01,8500000\nHà Giang, 02 , 1.5e3\n\nCao Bằng,04,0\n',
        encoding="utf-8",
    )
    weights = merging.read_weights(path)
    assert weights.to_dict() == {"01": 8_500_000.0, "02": 1500.0, "04": 0.0}
    assert weights.name == "weight" and weights.index.name == "gso_code"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found an empty file"),
        ("gso_code;weight\n01;5\n", "divided by commas, found gso_code;weight"),
        ("code,weight\n01,5\n", "found code, weight"),
        ("gso_code,weight,weight\n01,5,5\n", "once each"),
        ("gso_code,weight\n", "holds no weight"),
        ("gso_code,weight\n01,5\n1,5\n", "line 3: gso_code '1' is not two digits"),
        ("gso_code,weight\n01,5\n\n01,6\n", "line 4: gso_code 01 stands there a second time"),
        ("gso_code,weight\n01,1234,5\n", "line 2: expected 2 cells, found 3; write a decimal point"),
        ('gso_code,weight\n01,"1234,5"\n', "line 2, gso_code 01: weight '1234,5' has a comma"),
        ("gso_code,weight\n01,\n", "zero or more such as 1234.5, found ''"),
        ("gso_code,weight\n01,-3\n", "found '-3'"),
        ("gso_code,weight\n01,nan\n", "found 'nan'"),
        ("gso_code,weight\n01,1e999\n", "found '1e999'"),
        ("gso_code,weight\n01,1.234.567\n", "found '1.234.567'"),
        ("gso_code,weight\n01,1_000\n", "found '1_000'"),
        ('gso_code,weight\n01,"5\n', "cannot be read"),
    ],
)
def test_bad_files_of_weights_are_refused_with_the_line(tmp_path, text, told):
    path = tmp_path / "population.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(merging.MergingError, match=r"population\.csv") as caught:
        merging.read_weights(path)
    assert told in str(caught.value)


def test_no_file_a_folder_and_another_encoding_are_named(tmp_path):
    path = tmp_path / "population.csv"
    with pytest.raises(merging.MergingError, match=r"population\.csv is missing.*gso_code, weight"):
        merging.read_weights(path)
    path.write_bytes("gso_code,weight,name\n01,5,Hà Nội\n".encode("utf-16"))
    with pytest.raises(merging.MergingError, match=r"population\.csv cannot be read.*UTF-8"):
        merging.read_weights(path)
    with pytest.raises(merging.MergingError, match="cannot be read"):
        merging.read_weights(tmp_path)
