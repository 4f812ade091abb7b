"""Scores are compared within a series only; a raw difference across a break is refused by name."""

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpers import comparability, registry
from helpers.comparability import SeriesBreakError

PAPI_YEARS = range(2011, 2025)
# The first year of every run that the publisher's changes begin, as the sources of the registry give them.
PAPI_BREAKS = {2016, 2018, 2019, 2020, 2021}


@pytest.fixture(scope="module")
def complete(root):
    """The registry with its optional entries."""
    return registry.load(root / "data" / "raw", every=True)


@given(first=st.sampled_from(PAPI_YEARS), last=st.sampled_from(PAPI_YEARS))
def test_a_raw_difference_is_refused_across_every_break_and_only_there(indices_frame, known, first, last):
    papi = known["papi"]
    between = sorted(year for year in PAPI_BREAKS if min(first, last) < year <= max(first, last))
    if not between:
        assert len(comparability.difference(indices_frame, papi, first, last)) >= 58
        return
    with pytest.raises(SeriesBreakError) as refusal:
        comparability.difference(indices_frame, papi, first, last)
    assert [found.year for found in refusal.value.breaks] == between
    assert refusal.value.years == sorted((first, last))
    for year in between:
        assert f"{year}: " in str(refusal.value)


@given(first=st.sampled_from(PAPI_YEARS), last=st.sampled_from(PAPI_YEARS))
def test_every_pair_of_years_about_2018_is_refused_with_the_publishers_advice(known, first, last):
    assume(min(first, last) < 2018 <= max(first, last))
    with pytest.raises(SeriesBreakError, match=r"six dimensions became eight; papi\.org\.vn itself"):
        comparability.check_comparable(known["papi"], [first, last])


def test_a_component_breaks_where_its_index_does(indices_frame, known):
    with pytest.raises(SeriesBreakError, match="2021"):
        comparability.difference(indices_frame, known["papi"], 2020, 2024, "corruption_control")
    found = comparability.difference(indices_frame, known["papi"], 2021, 2024, "corruption_control")
    rows = indices_frame.query("index == 'papi' and component == 'corruption_control' and gso_code == '70'")
    scores = rows.set_index("year")["score"]
    assert found["70"] == scores[2024] - scores[2021]


def test_years_in_between_count_too(known):
    comparability.check_comparable(known["papi"], [2021, 2023, 2024])
    comparability.check_comparable(known["papi"], [])
    with pytest.raises(SeriesBreakError, match="PAPI in 2020, 2021, 2024"):
        comparability.check_comparable(known["papi"], [2024, 2020, 2021, 2020])


def test_a_year_that_the_registry_lacks_is_no_comparable_year(known):
    with pytest.raises(registry.RegistryError, match="2016"):
        comparability.check_comparable(known["sipas"], [2015, 2016])


def test_ranks_may_cross_a_break_and_a_rise_is_positive(indices_frame, known):
    found = comparability.rank_difference(indices_frame, known["par"], 2020, 2021)
    # Stated in the reports of the two provinces for 2021: Hà Tĩnh 8th, up 8; Cần Thơ 51st, down 14.
    assert found["42"] == 8 and found["92"] == -14
    across = comparability.rank_difference(indices_frame, known["papi"], 2017, 2018)
    assert len(across) == 61 and across.dtype == "int64"


def test_points_and_percentages_are_not_subtracted(known):
    rows = [("01", 2022, 9.0, 10.0), ("01", 2023, 95.0, 100.0)]
    rows += [("02", 2022, 8.0, None), ("02", 2023, 9.0, None)]
    columns = ["gso_code", "year", "score", "max_score"]
    synthetic = pd.DataFrame(rows, columns=columns).assign(index="par", component="steering")
    found = comparability.difference(synthetic, known["par"], 2022, 2023, "steering")
    assert found.to_dict() == {"02": 1.0}
    assert comparability.difference(synthetic, known["par"], 2022, 2022, "steering").eq(0).sum() == 2


def test_provinces_of_2024_and_2025_are_not_subtracted_by_code(indices_frame, known):
    papi = known["papi"]
    entry = papi.entry | {"scale": [{"years": [2011, 2025], "max": 80}]}
    entry["series"] = [*papi.entry["series"][:-1], {"id": "2021-2025", "years": [2021, 2025]}]
    longer = registry.Index("papi", entry)
    for subtract in (comparability.difference, comparability.rank_difference):
        with pytest.raises(comparability.UnitsChangedError, match="2024: 63, 2025: 34"):
            subtract(indices_frame, longer, 2024, 2025)
    assert comparability.runs(longer)[-2:] == [("2021-2025", [2021, 2022, 2023, 2024]), ("2021-2025", [2025])]
    assert comparability.common_runs(longer, longer)[-1] == [2025]


def test_common_runs_stay_within_both_series(known):
    found = comparability.common_runs(known["par"], known["papi"])
    assert found == [
        [2012, 2013, 2014, 2015],
        [2016, 2017],
        [2018],
        [2019],
        [2020],
        [2021],
        [2022, 2023, 2024],
    ]
    assert comparability.common_runs(known["sipas"], known["par"]) == [
        [2015],
        [2017, 2018, 2019, 2020, 2021],
        [2022, 2023, 2024],
    ]


def test_runs_hold_every_year_once_and_every_break_says_what_changed(complete):
    for index in complete:
        runs = comparability.runs(index)
        assert [year for _, years in runs for year in years] == index.years
        found = comparability.breaks(index, index.years[-1], index.years[0])
        assert len(found) == len(runs) - 1
        for entry, (name, years) in zip(found, runs[1:], strict=True):
            assert (entry.after, entry.year) == (name, years[0])
            assert len(entry.in_words("vi")) > 20 and entry.in_words("vi") != entry.in_words("en")
