"""Bootstrap and permutation against scipy, brute force and known distributions."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import resampling

METHODS = ("pearson", "spearman", "kendall")
SCIPY = {
    "pearson": lambda x, y: stats.pearsonr(x, y).statistic,
    "spearman": lambda x, y: stats.spearmanr(x, y).statistic,
    "kendall": lambda x, y: stats.kendalltau(x, y).statistic,
}


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _synthetic(n=24, seed=3, ties=True):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=n)
    y = 0.5 * x + draw.normal(size=n)
    return (x.round(1), y.round(1)) if ties else (x, y)


# --- weighted coefficients ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ties", [True, False])
def test_a_weighting_is_the_coefficient_of_the_resample(method, ties):
    x, y = _synthetic(ties=ties)
    counts = resampling.resamples(len(x), 50, 9)
    found = resampling.coefficient(method, x, y, weights=counts)
    for weights, value in zip(counts.astype(int), found, strict=True):
        copies = np.repeat(np.arange(len(x)), weights)
        assert value == pytest.approx(SCIPY[method](x[copies], y[copies]), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_leaving_one_out_by_hand(method):
    x, y = _synthetic()
    found = resampling.leave_one_out(method, x, y)
    by_hand = [SCIPY[method](np.delete(x, place), np.delete(y, place)) for place in range(len(x))]
    assert found == pytest.approx(by_hand, abs=1e-12)


def test_tau_within_groups_counts_the_pairs_of_each_group():
    x, y = _synthetic(ties=False)
    groups = np.arange(len(x)) % 4
    concordant = total = 0
    for i, j in itertools.combinations(range(len(x)), 2):
        if groups[i] == groups[j]:
            concordant += np.sign((x[i] - x[j]) * (y[i] - y[j]))
            total += 1
    assert resampling.coefficient("kendall", x, y, groups)[0] == pytest.approx(concordant / total, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_weighting_gives_none(method):
    x, y = np.arange(10.0), np.arange(10.0)
    weights = np.zeros((2, 10))
    weights[0, 3], weights[1] = 10, 1
    found = resampling.coefficient(method, x, y, weights=weights)
    assert math.isnan(found[0]) and found[1] == pytest.approx(1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.floats(0.01, 1e6), st.floats(-1e6, 1e6))
def test_unit_and_origin_do_not_matter(seed, method, factor, shift):
    x, y = _synthetic(seed=seed, ties=False)
    groups = np.arange(len(x)) % 3
    plain = resampling.coefficient(method, x, y, groups)[0]
    assert -1 <= plain <= 1
    assert resampling.coefficient(method, factor * x + shift, y, groups)[0] == pytest.approx(plain, abs=1e-6)
    assert resampling.coefficient(method, y, x, groups)[0] == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("grouped", [False, True])
def test_units_of_a_cluster_share_its_weight(method, grouped):
    x, y = _synthetic()
    clusters, groups = np.arange(len(x)) % 7, (np.arange(len(x)) // 12 if grouped else None)
    counts = resampling.resamples(7, 40, 2)
    found = resampling.coefficient(method, x, y, groups, counts, clusters)
    expected = resampling.coefficient(method, x, y, groups, counts[:, clusters])
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)
    # Without weights each counts once, whatever the clusters are.
    alone = resampling.coefficient(method, x, y, groups, None, clusters)
    assert alone == pytest.approx(resampling.coefficient(method, x, y, groups), abs=1e-12)


# --- bootstrap ---------------------------------------------------------------------------------------------


def test_resamples_are_multinomial_and_the_same_each_time():
    counts = resampling.resamples(20, 4000, 1)
    assert (counts.sum(axis=1) == 20).all()
    assert counts.mean() == 1 and counts.var() == pytest.approx(0.95, abs=0.02)
    resampling.resamples.cache_clear()
    assert (resampling.resamples(20, 4000, 1) == counts).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_interval_is_scipys_on_the_same_replicates(method):
    x, y = _synthetic(40)
    counts = resampling.resamples(len(x), 2000, 4)
    replicates = resampling.coefficient(method, x, y, weights=counts)

    class Before:
        bootstrap_distribution = replicates

    # The level that Student's t with 39 degrees of freedom asks for, instead of 95 %.
    widened = math.sqrt(40 / 39) * 2.0226909
    expected = stats.bootstrap(
        (x, y),
        lambda a, b, axis: np.apply_along_axis(
            lambda both: SCIPY[method](both[: len(both) // 2], both[len(both) // 2 :]),
            axis,
            np.concatenate([a, b], axis=axis),
        ),
        paired=True,
        n_resamples=0,
        method="BCa",
        confidence_level=1 - 2 * stats.norm.sf(widened),
        bootstrap_result=Before,
    ).confidence_interval
    found = resampling.bootstrap(method, x, y, draws=2000, seed=4)
    assert found == pytest.approx(tuple(expected), abs=1e-7)


def test_the_interval_is_near_scipys_own_draws():
    x, y = _synthetic(40)
    expected = stats.bootstrap(
        (x, y),
        lambda a, b: stats.pearsonr(a, b).statistic,
        paired=True,
        vectorized=False,
        method="BCa",
        n_resamples=2000,
        rng=np.random.default_rng(0),
    )
    assert resampling.bootstrap("pearson", x, y) == pytest.approx(
        tuple(expected.confidence_interval), abs=0.04
    )


def test_clusters_are_drawn_whole():
    x, y = _synthetic(12, ties=False)
    # Every province twice, alike: nothing is learnt from the copies.
    clusters = np.tile(np.arange(12), 2)
    doubled = resampling.bootstrap("pearson", np.tile(x, 2), np.tile(y, 2), clusters=clusters)
    assert doubled == pytest.approx(resampling.bootstrap("pearson", x, y), abs=1e-9)


def test_no_interval_where_resamples_fail():
    replicates = np.full(100, math.nan)
    replicates[:80] = np.linspace(0, 1, 80)
    assert all(map(math.isnan, resampling.bca_interval(0.5, replicates, np.ones(9))))
    assert all(map(math.isnan, resampling.bca_interval(1.0, np.ones(100), np.ones(9))))


# --- permutations ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ties", [True, False])
def test_permutation_p_is_the_exact_one_of_all_orders(method, ties):
    x, y = _synthetic(7, seed=11, ties=ties)
    observed = abs(SCIPY[method](x, y))
    every = [abs(SCIPY[method](x, y[list(order)])) for order in itertools.permutations(range(7))]
    exact = np.mean(np.array(every) >= observed - 1e-9)
    # Four standard errors of 10,000 draws.
    assert resampling.permutation_p(method, x, y) == pytest.approx(exact, abs=4 * math.sqrt(exact / 10_000))


@pytest.mark.parametrize("method", METHODS)
def test_permutation_p_is_near_scipys(method):
    x, y = _synthetic(30)
    expected = stats.permutation_test(
        (y,),
        lambda z: SCIPY[method](x, z),
        permutation_type="pairings",
        n_resamples=2000,
        rng=np.random.default_rng(0),
    ).pvalue
    assert resampling.permutation_p(method, x, y) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_values_are_exchanged_within_groups_only(method):
    # Two regions far apart, nothing within them: among all a strong association, within none.
    draw = np.random.default_rng(8)
    groups = np.arange(40) % 2
    x, y = draw.normal(size=(2, 40)) + 50 * groups
    assert resampling.permutation_p(method, x, y) < 0.001
    assert resampling.permutation_p(method, x, y, groups) > 0.1


def test_tau_with_ties_by_brute_force():
    x, y = (values.round(0) for values in _synthetic(14))
    orders = resampling._orders((14,), 200, 5)
    observed, drawn = resampling._permuted_tau(x, y, np.zeros(14, dtype=int), orders)

    def balance(z):
        return sum(np.sign((x[i] - x[j]) * (z[i] - z[j])) for i, j in itertools.combinations(range(14), 2))

    assert observed == balance(y)
    assert drawn.tolist() == [balance(y[order]) for order in orders]


def test_signs_are_flipped_for_every_unit():
    contributions = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 1.5, 2.5, 6.0])
    every = [abs(np.dot(signs, contributions)) for signs in itertools.product((-1, 1), repeat=8)]
    exact = np.mean(np.array(every) >= contributions.sum() - 1e-9)
    assert resampling.sign_flip_p(contributions) == pytest.approx(exact, abs=0.004)
    assert resampling.sign_flip_p(contributions * np.tile([1, -1], 4)) > 0.3
