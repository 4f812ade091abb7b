"""Coefficients against other implementations and published values, their properties and refusals."""

import itertools
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import correlation
from helpers.coefficients import kendall, pearson, spearman

ESTIMATORS = [pearson, spearman, kendall]

# Hollander & Wolfe (1973), p. 187f., the example of R's cor.test: lightness and quality of canned tuna.
LIGHTNESS = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1]
QUALITY = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8]


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _real(indices_frame, year, measure, a="par", b="papi"):
    wide = correlation.totals(indices_frame, year, measure)
    return wide[[a, b]].dropna()


# --- published values and other implementations ------------------------------------------------------------


def test_pearson_is_the_published_output_of_cor_test():
    found = pearson(LIGHTNESS, QUALITY)
    assert found.n == 9
    assert found.estimate == pytest.approx(0.5711816, abs=5e-8)
    assert (found.ci_low, found.ci_high) == pytest.approx((-0.1497426, 0.8955795), abs=5e-8)
    assert found.p_value == pytest.approx(0.1081731, abs=5e-8)


def test_kendall_is_the_published_output_of_cor_test():
    found = kendall(LIGHTNESS, QUALITY)
    assert found.estimate == pytest.approx(0.4444444, abs=5e-8)
    # Published one-sided: 0.05972; the exact distribution is symmetric.
    assert found.p_value / 2 == pytest.approx(0.05972, abs=5e-6)


def test_spearman_is_the_published_value():
    # Intelligence and hours of television, the worked example of many textbooks: -29/165, p = 0.627188.
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    found = spearman(iq, hours)
    assert found.estimate == pytest.approx(-29 / 165, abs=1e-12)
    assert found.p_value == pytest.approx(0.627188, abs=5e-7)


@pytest.mark.parametrize("year", [2021, 2022])
@pytest.mark.parametrize("measure", correlation.MEASURES)
def test_coefficients_are_those_of_scipy_and_pandas(indices_frame, year, measure):
    both = _real(indices_frame, year, measure)
    x, y = both["par"], both["papi"]
    for estimator, reference in ((pearson, stats.pearsonr), (spearman, stats.spearmanr)):
        found, expected = estimator(x, y), reference(x, y)
        assert (found.estimate, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))
    expected = stats.kendalltau(x, y)
    assert kendall(x, y).estimate == pytest.approx(expected.statistic)
    assert kendall(x, y).p_value == pytest.approx(expected.pvalue)
    for estimator in ESTIMATORS:
        found = estimator(x, y)
        assert found.n == len(both)
        assert found.estimate == pytest.approx(x.corr(y, method=found.method), abs=1e-12)


@pytest.mark.parametrize("year", [2021, 2022])
def test_spearman_by_ranks_then_pearson(indices_frame, year):
    both = _real(indices_frame, year, "score")
    by_hand = np.corrcoef(both["par"].rank(), both["papi"].rank())[0, 1]
    assert spearman(both["par"], both["papi"]).estimate == pytest.approx(by_hand, abs=1e-12)


def test_kendall_by_counting_pairs(indices_frame):
    both = _real(indices_frame, 2022, "score").to_numpy()
    signs = [np.sign((p - q).prod()) for p, q in itertools.combinations(both, 2)]
    ties = [sum(p == q for p, q in itertools.combinations(column, 2)) for column in both.T]
    by_hand = sum(signs) / math.sqrt((len(signs) - ties[0]) * (len(signs) - ties[1]))
    assert kendall(*both.T).estimate == pytest.approx(by_hand, abs=1e-12)


def test_interval_of_pearson_is_scipys(indices_frame):
    both = _real(indices_frame, 2022, "score")
    found = pearson(both["par"], both["papi"])
    expected = stats.pearsonr(both["par"], both["papi"]).confidence_interval(0.95)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected), abs=1e-12)


def test_intervals_of_rank_coefficients_by_the_formula_of_bonett_and_wright():
    half = {
        "spearman": 1.959964 * math.sqrt((1 + 0.6**2 / 2) / 6),
        "kendall": 1.959964 * math.sqrt(0.437 / 5),
    }
    for estimator in (spearman, kendall):
        found = estimator(LIGHTNESS, QUALITY)
        z = 0.5 * math.log((1 + found.estimate) / (1 - found.estimate))
        assert math.atanh(found.ci_low) == pytest.approx(z - half[found.method], abs=1e-6)
        assert math.atanh(found.ci_high) == pytest.approx(z + half[found.method], abs=1e-6)


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("x", "y", "n", "reason"),
    [
        (range(7), [3, 1, 2, 5, 4, 7, 6], 7, "few"),
        ([], [], 0, "few"),
        ([*range(7), math.nan], range(8), 7, "few"),
        ([5.0] * 10, range(10), 10, "constant"),
        (range(10), [0.1 + 0.2] * 10, 10, "constant"),
        ([*range(9), math.inf], range(10), 10, "infinite"),
    ],
)
def test_refused_with_n_and_a_reason(estimator, x, y, n, reason):
    found = estimator(list(x), list(y))
    assert (found.n, found.reason) == (n, f"correlate.reason_{reason}")
    assert all(map(math.isnan, (found.estimate, found.ci_low, found.ci_high, found.p_value)))


def test_a_spread_below_double_precision_is_no_spread_for_pearson():
    x = [1e9 + step * 1e-6 for step in range(10)]
    assert pearson(x, range(10)).reason == "correlate.reason_constant"


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_perfect_association_has_its_interval_at_the_end(estimator, sign):
    x = np.arange(12.0)
    found = estimator(x, sign * x)
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((sign, sign, sign), abs=1e-6)
    assert not found.reason


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_missing_figures_leave_the_pair_out(estimator):
    x = pd.Series([*range(10), None], dtype="Int64")
    y = pd.Series([3, 1, 2, 5, None, 4, 7, 6, 9, 8, 0], dtype="Int64")
    kept = (x.notna() & y.notna()).to_numpy()
    assert estimator(x, y) == estimator(x[kept], y[kept])
    assert estimator(x, y).n == 9


def test_columns_of_different_length_are_an_error():
    with pytest.raises(ValueError, match="x has 9 values, y has 8"):
        spearman(range(9), range(8))


# --- properties --------------------------------------------------------------------------------------------

_PAIRS = st.lists(st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)), min_size=8, max_size=40)


def _columns(rows):
    x, y = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    return x, y


@settings(max_examples=40, deadline=None)
@given(_PAIRS)
def test_symmetry_sign_flip_and_interval(rows):
    x, y = _columns(rows)
    for estimator in ESTIMATORS:
        found = estimator(x, y)
        other, flipped = estimator(y, x), estimator(-x, y)
        assert (other.estimate, other.ci_low) == pytest.approx((found.estimate, found.ci_low), abs=1e-9)
        assert flipped.estimate == pytest.approx(-found.estimate, abs=1e-9)
        assert (flipped.ci_low, flipped.ci_high) == pytest.approx((-found.ci_high, -found.ci_low), abs=1e-6)
        assert flipped.p_value == pytest.approx(found.p_value, abs=1e-9)
        assert -1 <= found.ci_low <= found.estimate + 1e-12
        assert found.estimate - 1e-12 <= found.ci_high <= 1
        assert 0 <= found.p_value <= 1


@settings(max_examples=40, deadline=None)
@given(_PAIRS)
def test_rank_coefficients_do_not_change_under_monotone_transforms(rows):
    x, y = _columns(rows)
    for estimator in (spearman, kendall):
        plain = estimator(x, y)
        # Whole numbers below 2^53 stay exact, so that no two values collapse into a tie.
        assert estimator(x**3 + 5 * x, 2 * y + 7) == plain
        assert estimator(np.arctan(x / 1000), y).estimate == pytest.approx(plain.estimate, abs=1e-12)
