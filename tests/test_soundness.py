"""Checks of whole tables: ranks against scores, columns that have moved, means. Figures are synthetic."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.soundness import is_turned, looks_like_ranks, rank_problem, summary_agrees, sums_up

MOVED = "scores or ranks that have moved by a row"
CONTRADICT = "ranks that contradict the scores"


def _ranked(scores):
    """Rank as publishers do: equal scores share the better place."""
    return {code: 1 + sum(other > score for other in scores.values()) for code, score in scores.items()}


def _scores(n=63, seed=1):
    drawn = random.Random(seed).sample(range(6000, 9500), n)
    return {f"{code:02}": score / 100 for code, score in enumerate(drawn)}


scores_of_provinces = st.lists(st.integers(0, 400), min_size=20, max_size=63).map(
    lambda values: {f"{code:02}": value / 4 for code, value in enumerate(values)}
)


@given(scores_of_provinces)
def test_ranks_made_from_scores_are_never_refused(scores):
    """Ties, of which many are drawn, share a place or follow one another."""
    ranks, order = _ranked(scores), list(scores)
    by_score = sorted(scores, key=scores.get, reverse=True)
    dense = sorted(set(scores.values()), reverse=True)
    assert rank_problem(scores, ranks, 63, order) is None
    assert rank_problem(scores, ranks, 63, by_score) is None
    assert rank_problem(scores, {code: place for place, code in enumerate(by_score, 1)}, 63, order) is None
    assert rank_problem(scores, {c: 1 + dense.index(s) for c, s in scores.items()}, 63, order) is None


def test_rounded_scores_do_not_contradict_ranks_of_the_exact_ones():
    scores = _scores()
    rounded = {code: round(score) for code, score in scores.items()}
    assert rank_problem(rounded, _ranked(scores), 63, list(scores)) is None


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("n", [63, 61, 34])
def test_a_column_moved_by_a_row_is_always_found(n, seed, ordered):
    """Up or down, with the last figure coming in at the other end or getting lost; n of 63 provinces."""
    scores = _scores(63, seed)
    ranks = _ranked(scores)
    kept = random.Random(seed).sample(sorted(scores), n)
    order = sorted(kept, key=ranks.get) if ordered else kept
    for column in (scores, ranks):
        values = [column[code] for code in order]
        for moved in ([*values[1:], values[0]], [values[-1], *values[:-1]]):
            other = dict(zip(order, moved, strict=True))
            pair = (other, ranks) if column is scores else (scores, other)
            pair = [{code: numbers[code] for code in order} for numbers in pair]
            assert rank_problem(*pair, 63, order) is not None
        for moved in ([*values[1:], None], [None, *values[:-1]]):
            other = {c: v for c, v in zip(order, moved, strict=True) if v is not None}
            pair = (other, ranks) if column is scores else (scores, other)
            pair = [{code: numbers[code] for code in order if code in numbers} for numbers in pair]
            assert rank_problem(*pair, 63, order) is not None


def test_what_else_ranks_cannot_be():
    scores = _scores()
    ranks, order = _ranked(scores), list(scores)
    assert rank_problem(scores, {c: 64 - r for c, r in ranks.items()}, 63, order)[0] == (
        "ranks that rise with the scores"
    )
    for wrong in (64, 0, 2.5, -1):
        assert rank_problem(scores, ranks | {"07": wrong}, 63, order) == ("ranks that are no ranks", "07")
    assert rank_problem(scores, ranks | {"07": 64}, 64, order) is None
    quarters = {code: 1 + rank // 16 for code, rank in ranks.items()}
    assert rank_problem(scores, quarters, 63, order)[0] == CONTRADICT
    assert rank_problem({}, quarters, 63, order)[0] == "ranks that are no ranks"
    assert rank_problem({}, ranks, 63, order) is None
    assert rank_problem(scores, dict(zip(order, sorted(ranks.values()), strict=True)), 63, order)[0] == (
        CONTRADICT
    )


def test_slips_of_single_figures_are_left_to_a_person():
    scores = _scores()
    ranks, order = _ranked(scores), list(scores)
    by_rank = sorted(order, key=ranks.get)
    assert rank_problem(scores | {"07": 38.91}, ranks, 63, order) is None
    for rows in (order, by_rank):
        swapped = ranks | {by_rank[20]: 22, by_rank[21]: 21}
        assert rank_problem(scores, swapped, 63, rows) is None
    twisted = ranks | dict(zip(by_rank[20:24], (24, 23, 22, 21), strict=True))
    assert rank_problem(scores, twisted, 63, order)[0] == CONTRADICT


def test_provinces_without_a_figure():
    scores = _scores()
    ranks = _ranked(scores)
    order = sorted(scores, key=ranks.get)
    without = [code for code in order if code not in {"07", "30"}]
    fewer = {code: scores[code] for code in without}
    assert rank_problem(fewer, _ranked(fewer), 63, order) is None
    first_ten = {code: ranks[code] for code in order[:10]}
    assert rank_problem(scores, first_ten, 63, order) is None
    # The first is not ranked: a blank cell looks as if the column had moved, a mark does not.
    others = {code: ranks[code] - 1 for code in order[1:]}
    assert rank_problem(scores, others, 63, order) == (MOVED, order[0])
    assert rank_problem(scores, others, 63, order[1:]) is None


@given(st.lists(st.integers(0, 400), min_size=20, max_size=63, unique=True), st.booleans())
def test_a_turned_column_is_one_that_is_sorted_when_turned_back(values, falling):
    values = sorted(values, reverse=falling)
    assert is_turned(values[1:] + values[:1]) and is_turned(values[-1:] + values[:-1])
    assert not is_turned(values) and not is_turned(values[2:] + values[:2])
    assert not is_turned((values[1:] + values[:1])[:10])


def test_scores_that_are_ranks():
    numbers = [float(n) for n in range(1, 64)]
    assert looks_like_ranks(numbers[::-1], 63)
    assert looks_like_ranks([*numbers[:60], 60.0], 63)
    assert looks_like_ranks(numbers[::2], 63)
    assert not looks_like_ranks([*numbers[:62], 63.5], 63)
    assert not looks_like_ranks([float(50 + n % 13) for n in range(63)], 63)
    assert not looks_like_ranks([n + 20 for n in numbers], 63)
    assert not looks_like_ranks(numbers[:10], 63)


def test_stated_means_and_extremes():
    values = list(_scores().values())
    mean, spread = sum(values) / 63, max(values) - min(values)
    assert summary_agrees("mean", round(mean, 2), 2, values)
    assert summary_agrees("mean", mean + 2, 2, values), "weighted by people"
    assert not summary_agrees("mean", mean + spread / 2, 2, values)
    assert summary_agrees("maximum", round(max(values), 1), 1, values)
    assert not summary_agrees("maximum", sorted(values)[-2], 2, values)
    assert not summary_agrees("minimum", sorted(values)[1], 2, values)
    assert summary_agrees("median", sorted(values)[31], 2, values)
    assert not summary_agrees("median", sorted(values)[30], 2, values)
    assert not summary_agrees("region", max(values) + 1, 2, values)


def test_what_sums_a_column_up():
    values = list(_scores().values())
    for stated in (sum(values) / 63, max(values), min(values), sorted(values)[31], sum(values)):
        assert sums_up(round(stated, 2), 2, values)
    assert not sums_up(round(sum(values) / 63 + 0.5, 2), 2, values)
