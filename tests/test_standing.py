"""Standing of one province among others; the provinces and scores made up here are synthetic."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import standing


def _row(score=None, rank=None, ranked=None, maximum=100.0, **more):
    row = dict.fromkeys(("group", "series", "basis", "rank_basis"))
    return row | {
        "score": score,
        "max_score": maximum,
        "rank": rank,
        "ranked": ranked,
        "source": "synthetic" if score is not None else None,
        "rank_source": "synthetic" if rank is not None else None,
        **more,
    }


def _synthetic(known, ranks, units, ranked, slug="par"):
    rows = {code: _row(rank=rank, ranked=ranked) for code, rank in ranks.items()}
    return standing.Standing(known[slug], 2022, "", rows, units)


def _units(number, size):
    return {
        f"{k:02}": {"region6": "A" if k < size else "B", "region8": "", "cities": ""} for k in range(number)
    }


def _possible(ranks, units, code, name):
    """Every rank in the region that some complete order of the country with these ranks gives."""
    codes = list(units)
    free = [code for code in codes if code not in ranks]
    open_places = [place for place in range(1, len(codes) + 1) if place not in ranks.values()]
    found = set()
    for order in itertools.permutations(open_places):
        whole = ranks | dict(zip(free, order, strict=True))
        members = [other for other in codes if units[other]["region6"] == name]
        found.add(1 + sum(whole[other] < whole[code] for other in members))
    return found


@given(st.data())
def test_bounds_are_what_every_possible_order_allows(known, data):
    units = _units(7, data.draw(st.integers(1, 6)))
    order = data.draw(st.permutations(range(1, 8)))
    whole = dict(zip(units, order, strict=True))
    shown = data.draw(st.sets(st.sampled_from(list(units)), min_size=1))
    ranks = {code: whole[code] for code in sorted(shown)}
    own = data.draw(st.sampled_from(sorted(shown)))
    place = _synthetic(known, ranks, units, 7).among(own, "region6")
    possible = _possible(ranks, units, own, units[own]["region6"])
    if place["between"]:
        assert place["between"] == [min(possible), max(possible)]
        assert place["rank"] is None
    else:
        assert {place["rank"]} == possible
    assert place["of"] == sum(unit["region6"] == units[own]["region6"] for unit in units.values())


def test_a_statement_stands_where_ranks_do_not_decide(known):
    said = {"rank": 2, "of": 3, "basis": "stated", "source": "a-report"}
    units = _units(6, 3)
    open_ = _synthetic(known, {"00": 3, "03": 1}, units, 6)
    assert open_.among("00", "region6")["between"] == [1, 2]
    place = open_.among("00", "region6", said)
    assert (place["rank"], place["basis"], place["sources"]) == (2, "stated", ["a-report"])
    whole = _synthetic(known, {f"{k:02}": k + 1 for k in range(6)}, units, 6)
    assert whole.among("00", "region6", said)["basis"] == "computed"
    assert whole.among("00", "region6", said)["rank"] == 1
    assert whole.among("00", "cities") is None


def test_distances_are_to_provinces_on_the_same_scale(known):
    rows = {
        "01": _row(90.0, 1, 9),
        "02": _row(80.0, 2, 9),
        "03": _row(80.0, 2, 9),
        "04": _row(71.5, 4, 9),
        "05": _row(0.9, None, None, maximum=1.0),
        "06": _row(rank=5, ranked=9),
        **{f"1{k}": _row(60.0 + k) for k in range(5)},
    }
    layer = standing.Standing(known["par"], 2022, "", rows, {})
    assert layer.median("04")["value"] == np.median([90, 80, 80, 71.5, 60, 61, 62, 63, 64])
    assert layer.median("04") | {"sources": []} == {
        "value": 64.0,
        "n": 9,
        "complete": True,
        "distance": 7.5,
        "sources": [],
    }
    assert layer.median("05") is None
    assert layer.top("04")["distance"] == -18.5
    assert layer.top("06")["distance"] is None
    assert layer.next_better("04") == {
        "provinces": ["02", "03"],
        "rank": 2,
        "score": 80.0,
        "distance": 8.5,
        "sources": ["synthetic"],
    }
    assert layer.next_better("01") is None
    assert layer.next_better("06") is None


def test_the_next_better_rank_must_be_sure(known):
    rows = {"01": _row(90.0, 1, 9), "02": _row(70.0, 3, 9)}
    assert standing.Standing(known["par"], 2022, "", rows, {}).next_better("02") is None
    rows["02"] = _row(70.0, 2, 9)
    assert standing.Standing(known["par"], 2022, "", rows, {}).next_better("02")["distance"] == 20
    # A score above that of a better rank contradicts it: no distance is made of that.
    rows["02"] = _row(95.0, 2, 9)
    assert standing.Standing(known["par"], 2022, "", rows, {}).next_better("02") is None


def test_scores_are_subtracted_only_within_a_series_and_scale(known):
    papi, now, before = known["papi"], _row(40.0, 5, 61, 80.0), _row(41.0, 9, 63, 80.0)
    within = standing.change(papi, 2022, now, before)
    assert (within["rank_change"], within["score_change"]) == (4, -1)
    assert within["score_change_basis"] == "computed"
    across = standing.change(papi, 2021, now, before)
    assert (across["rank_change"], across["score_change"]) == (4, None)
    said = {"score_change": {"value": 0.5, "basis": "stated", "source": "a-report"}}
    assert standing.change(papi, 2021, now, None, said)["score_change"] is None
    assert standing.change(papi, 2022, now, None, said)["score_change_source"] == "a-report"
    assert standing.change(papi, 2022, now, _row(41.0, maximum=60.0))["score_change"] is None
    assert standing.change(papi, 2011, now, None)["rank_change"] is None


def test_groups_move_only_where_the_grouping_is_the_same(known):
    def move(slug, year, before, now):
        return standing.change(known[slug], year, _row(group=now), _row(group=before))["group_change"]

    assert move("papi", 2022, "lowest", "highest") == 3
    assert move("papi", 2021, "highest", "low_average") == -2
    assert move("par", 2020, "B", "B") == 0
    # In 2018 an A began at 80 points, from 2019 on at 90.
    assert move("par", 2019, "A", "B") is None
    assert move("papi", 2022, None, "lowest") is None
    # The same limits, but other criteria: what a score is worth is no longer the same.
    assert move("par", 2022, "B", "A") is None


def test_records_name_the_years():
    ranks = {2011: 5, 2012: 3, 2013: 9, 2014: 3}
    sources = {2011: "b", 2012: "a", 2013: "b", 2014: "a"}
    assert standing.record(ranks, min, sources) == {
        "sources": ["a", "b"],
        "years": 4,
        "since": 2011,
        "best": {"value": 3, "years": [2012, 2014]},
        "worst": {"value": 9, "years": [2013]},
        "is_best": True,
        "is_worst": False,
    }
    assert standing.record({2011: 1.0, 2012: 3.0, 2013: 0.5}, max, sources)["is_worst"]
    assert standing.record({2011: 1, 2012: 2}, min, sources) is None


def test_peers_are_near_in_standard_deviations():
    profiles = pd.DataFrame({"x": [0.0, 2.0, 4.0, 6.0], "y": [1.0, 1.0, 1.0, 1.0]}, index=list("abcd"))
    distances = standing.similar(profiles, "b", ["a", "c", "d", "z"])
    assert list(distances.index) == ["a", "c", "d"]
    # A dimension in which all are equal tells nobody apart; the spread of x is the square root of 5.
    assert distances["d"] == pytest.approx(4 / 5**0.5)
    assert standing.similar(profiles, "z", ["a"]).empty
