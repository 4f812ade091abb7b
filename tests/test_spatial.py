"""Spatial statistics against published values and other libraries; tables of the real years; the words."""

import contextlib
import itertools
import math
import re
import warnings

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import boundaries, spatial, spatial_findings
from helpers.spatial import Weights, bivariate, local, moran, regress, two_sided, weights

LANGUAGES = ("en", "vi")
NUMBERS = ["estimate", "expected", "p_value", "ci_low", "ci_high"]


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _opened(name):
    return contextlib.closing(libpysal.io.open(libpysal.examples.get_path(name)))


def _example(name):
    """Neighbours of example data that ship with libpysal."""
    with _opened(name) as file:
        full, codes = file.read().full()
    return Weights(tuple(codes), full > 0)


def _columns(name, *columns):
    with _opened(name) as file:
        return [np.array(file.by_col(column), dtype=float) for column in columns]


@pytest.fixture(scope="module")
def borders(root):
    return spatial.borders(boundaries.load(root / "data" / "raw").set_index("gso_code"))


@pytest.fixture(scope="module")
def found(indices_frame, known, borders):
    """Both tables of years with few, many and all provinces, with few permutations."""
    made = {}
    for year in (2011, 2012, 2015, 2018, 2020, 2022, 2023):
        taken = indices_frame[indices_frame["year"] == year]
        made[year] = (
            spatial.year_table(taken, known, borders, year, permutations=999),
            spatial.clusters_table(taken, known, borders, year, permutations=999),
        )
    return made


# --- published values and other libraries ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("neighbours", "file", "column", "published"),
    [
        # esda/tests/test_moran.py, TestMoran.test_moran and test_sids (the latter replicates OpenGeoDa).
        ("stl.gal", "stl_hom.txt", "HR8893", 0.24365582621771659),
        ("sids2.gal", "sids2.dbf", "SIDR74", 0.24772519320480135),
    ],
)
def test_moran_is_the_published_value(neighbours, file, column, published):
    (values,) = _columns(file, column)
    result = moran(values, _example(neighbours))
    assert result.estimate == pytest.approx(published, abs=1e-9)
    assert result.expected == pytest.approx(-1 / (len(values) - 1))
    # Published one-sided p-values under normality: 0.00014 and 0.00006; the figures have heavier tails.
    assert result.p_value < 0.01


def test_moran_of_real_figures_is_that_of_esda(indices_frame, borders):
    import esda

    scores = indices_frame.query("index == 'pci' and component == ''").pivot(
        index="gso_code", columns="year", values="score"
    )
    for year in (2008, 2012, 2015):
        made = weights(borders, scores.index)
        expected = esda.Moran(scores[year], made.w, permutations=0)
        result = moran(scores[year], made)
        assert (result.estimate, result.expected) == pytest.approx((expected.I, expected.EI), abs=1e-12)
        # The randomisation variance of Cliff and Ord is that of the permutations.
        assert result.p_value == pytest.approx(expected.p_rand, abs=0.02)


def test_local_moran_has_the_published_quadrants_and_moments():
    (values,) = _columns("desmith.txt", "z")
    result = local(values, _example("desmith.gal"))
    # esda.Moran_Local, docstring: 1 high-high, 2 low-high, 3 low-low, 4 high-low.
    quadrants = [4, 4, 4, 2, 3, 3, 1, 4, 3, 3]
    ours = np.where(result["z"] > 0, np.where(result["lag"] > 0, 1, 4), np.where(result["lag"] > 0, 2, 3))
    assert ours.tolist() == quadrants
    # esda/tests/test_moran.py, test_local_moments (Sokal 1998), without the factor (n - 1) / n of the I_i.
    published = [-0.00838113, -0.0243949, -0.07031778, -0.21520869, -0.16547163]
    published += [-0.00178435, -0.11531888, -0.36138555, -0.05471258, -0.09413562]
    assert (result["expected"] * 10 / 9).tolist() == pytest.approx(published, abs=1e-8)


def test_local_moran_is_that_of_esda():
    import esda
    from statsmodels.stats.multitest import multipletests

    (values,) = _columns("columbus.dbf", "CRIME")
    made = _example("columbus.gal")
    result = local(values, made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = esda.Moran_Local(values, made.w, permutations=9999, seed=7)
    assert result["local_i"].to_numpy() == pytest.approx(expected.Is, abs=1e-12)
    # esda's p is that of the nearer tail; both are drawn, with a standard error of 0.005 in the middle.
    assert result["p_value"].to_numpy() == pytest.approx(np.minimum(1, 2 * expected.p_sim), abs=0.03)
    rejected, adjusted = multipletests(result["p_value"], method="fdr_bh")[:2]
    assert result["p_fdr"].to_numpy() == pytest.approx(adjusted, abs=1e-12)
    assert ((result["cluster"] != "not_significant") == rejected).all() and rejected.any()
    assert ((result["p_value"] <= esda.fdr(result["p_value"], 0.05)) == rejected).all()
    named = pd.Series(quadrant[0] for quadrant in zip(expected.q[rejected], strict=True))
    classes = {1: "high_high", 2: "low_high", 3: "low_low", 4: "high_low"}
    assert named.map(classes).tolist() == result.loc[rejected, "cluster"].tolist()


def test_p_values_of_local_moran_are_the_exact_ones():
    (values,) = _columns("stl_hom.txt", "HR8893")
    made = _example("stl.gal")
    result = local(values, made)
    low = result["p_value"] < 0.01
    assert set(result.loc[low, "permutations"]) == {199_999} and set(result.loc[~low, "permutations"]) == {
        9999
    }
    z, counts = result["z"].to_numpy(), made.adjacency.sum(axis=1)
    few = np.flatnonzero(counts <= 3)
    assert len(few) >= 5 and low.iloc[few].any()
    for place in few:
        # Every set of neighbours that the others could make.
        sets = np.array(list(itertools.combinations(np.delete(z, place), counts[place])))
        drawn, observed = z[place] * sets.mean(axis=1), z[place] * result["lag"].iloc[place]
        tail = min((drawn >= observed - 1e-9).mean(), (drawn <= observed + 1e-9).mean())
        error = math.sqrt(tail * (1 - tail) / result["permutations"].iloc[place])
        assert result["p_value"].iloc[place] == pytest.approx(min(1, 2 * tail), abs=9 * error)


def test_bivariate_moran_is_the_published_value_and_that_of_esda():
    import esda

    later, earlier = _columns("sids2.dbf", "SIDR79", "SIDR74")
    made = _example("sids2.gal")
    result = bivariate(later, earlier, made)
    # esda.Moran_BV, docstring: 0.156, p 0.001 one-sided.
    assert result.estimate == pytest.approx(0.156, abs=5e-4)
    assert result.p_value < 0.01
    for x, y in itertools.permutations((later, earlier)):
        expected = esda.Moran_BV(x, y, made.w, permutations=0).I
        assert bivariate(x, y, made).estimate == pytest.approx(expected, abs=1e-12)


def test_residuals_of_columbus_are_the_published_ones():
    value, income, crime = _columns("columbus.dbf", "HOVAL", "INC", "CRIME")
    result = regress(value, np.column_stack([income, crime]), _example("columbus.gal")).residual
    # spreg.MoranRes, docstring.
    assert result.estimate == pytest.approx(0.1713, abs=5e-5)
    assert result.expected == pytest.approx(-0.0345, abs=5e-5)
    assert result.p_value == pytest.approx(0.0224, abs=5e-5)


def test_models_of_baltimore_are_the_published_ones():
    price, *columns = _columns("baltim.dbf", "PRICE", "NROOM", "AGE", "SQFT")
    ordinary, lag, error = regress(price, np.column_stack(columns), _example("baltim_q.gal")).models
    # spreg/tests/test_ml_lag.py and test_ml_error.py: slopes, standard errors, ρ and λ in the units of the
    # data, log-likelihood and AIC of the lag model; here all columns are standard scores.
    published = {
        lag: ([3.48995114, -0.20103955, 0.65462382], [1.19307022, 0.05367198, 0.17194162]),
        error: ([3.98928064, -0.16714232, 0.57336871], [1.156518, 0.066637, 0.170006]),
    }
    scale = np.std(columns, axis=1) / price.std()
    # By t and the mean square over n - k, where spreg has the normal distribution and n.
    degrees = len(price) - 5
    quantile = stats.t.ppf(0.975, degrees) * math.sqrt(len(price) / degrees)
    for model, (slopes, errors) in published.items():
        assert [s.estimate for s in model.slopes] == pytest.approx(np.array(slopes) * scale, rel=2e-4)
        halves = [(s.ci_high - s.ci_low) / 2 for s in model.slopes]
        assert halves == pytest.approx(quantile * np.array(errors) * scale, rel=2e-4)
    assert lag.spatial.estimate == pytest.approx(0.62351143, abs=1e-6)
    assert error.spatial.estimate == pytest.approx(0.71757002, abs=1e-5)
    half = (error.spatial.ci_high - error.spatial.ci_low) / 2
    assert half == pytest.approx(quantile * 0.059127, rel=1e-4)
    rescaled = len(price) * math.log(price.std())
    assert lag.log_likelihood - rescaled == pytest.approx(-875.92771143484833, abs=1e-5)
    # One parameter more than spreg counts: the variance.
    assert lag.aic + 2 * rescaled == pytest.approx(1761.8554228696967 + 2, abs=1e-5)
    assert error.aic == 2 * 6 - 2 * error.log_likelihood
    assert ordinary.spatial is None


def test_ordinary_regression_is_that_of_statsmodels():
    import statsmodels.formula.api as smf

    value, crime = _columns("columbus.dbf", "HOVAL", "CRIME")
    (ordinary, *_) = regress(value, crime, _example("columbus.gal")).models
    both = pd.DataFrame({"y": value, "x": crime}).apply(lambda v: (v - v.mean()) / v.std(ddof=0))
    expected = smf.ols("y ~ x", both).fit()
    (slope,) = ordinary.slopes
    assert slope.estimate == pytest.approx(expected.params["x"], abs=1e-9)
    assert (slope.ci_low, slope.ci_high) == pytest.approx(tuple(expected.conf_int().loc["x"]), abs=1e-9)
    assert slope.p_value == pytest.approx(expected.pvalues["x"], abs=1e-9)
    assert ordinary.log_likelihood == pytest.approx(expected.llf, abs=1e-9)
    assert ordinary.aic == pytest.approx(expected.aic + 2, abs=1e-9)


# --- neighbours --------------------------------------------------------------------------------------------


def _squares(*corners):
    """Invented provinces: squares of a tenth of a degree near the equator, by column and row."""
    import geopandas
    from shapely.geometry import box

    shapes = {
        f"{number:02d}": box(x / 10, y / 10, (x + 1) / 10, (y + 1) / 10)
        for number, (x, y) in enumerate(corners)
    }
    return geopandas.GeoDataFrame(geometry=geopandas.GeoSeries(shapes), crs="EPSG:4326")


def test_neighbours_of_real_provinces(borders, places):
    def neighbours(name, made):
        place = made.codes.index(places.code(name))
        return {places.name(made.codes[other], "vi") for other in np.flatnonzero(made.adjacency[place])}

    everyone = weights(borders, places.codes)
    assert (everyone.n, everyone.joined, everyone.reason) == (63, {}, "")
    assert neighbours("Cà Mau", everyone) == {"Bạc Liêu", "Kiên Giang"}
    around = {
        "Thái Nguyên",
        "Vĩnh Phúc",
        "Bắc Giang",
        "Bắc Ninh",
        "Hưng Yên",
        "Hà Nam",
        "Hòa Bình",
        "Phú Thọ",
    }
    assert neighbours("Hà Nội", everyone) == around
    without = weights(borders, set(places.codes) - {places.code(n) for n in ("Bạc Liêu", "Kiên Giang")})
    assert list(without.joined) == [places.code("Cà Mau")]
    assert without.n == 61 and without.w.n == 61
    assert without.matrix.sum(axis=1) == pytest.approx(1)
    assert (without.adjacency == without.adjacency.T).all()


def test_contiguity_counts_corners_and_islands_are_joined_to_the_nearest():
    # A block of 3 x 3, an island five squares to the right of its lower right corner, another beyond.
    units = _squares(*itertools.product(range(3), range(3)), (8, 0), (20, 0))
    found = spatial.borders(units)
    assert found.touching.sum() / 2 == 12 + 8
    assert found.distance("06", "09") == pytest.approx(6 * 11.132, rel=1e-3)
    made = weights(found, units.index)
    assert made.joined == {"09": "06", "10": "09"}
    assert made.shared == 20
    assert made.w.neighbors["06"] == ["03", "04", "07", "09"]
    # Two alone, each the other's nearest, make one pair.
    alone = weights(found, ["00", "09", "10"])
    assert alone.joined == {"00": "09", "09": "00", "10": "09"}
    assert alone.adjacency.sum() == 4 and alone.shared == 0


@pytest.mark.parametrize("vintage", ["63", "34"])
def test_borders_that_are_read_are_those_of_the_shapes(atlas, vintage):
    found = spatial.read_borders(atlas.processed, vintage)
    expected = spatial.borders(boundaries.read(atlas.processed, vintage))
    assert found.codes == expected.codes and len(found.codes) == int(vintage)
    assert (found.touching == expected.touching).all() and found.touching.any()
    assert np.array_equal(found.distance_km, expected.distance_km)


def test_too_few_or_scattered_provinces_are_refused():
    found = spatial.borders(_squares(*itertools.product(range(7), range(7))))
    few = [f"{number:02d}" for number in range(7)]
    assert weights(found, few).reason == "spatial.reason_few"
    # Every second square of every second row touches none.
    apart = [f"{7 * x + y:02d}" for x, y in itertools.product(range(0, 7, 2), repeat=2)]
    assert weights(found, apart).reason == "spatial.reason_scattered"
    # A block of 4 x 2 has enough borders, but too many others are joined to it.
    block = [f"{7 * x + y:02d}" for x, y in itertools.product(range(4), range(2))]
    lonely = ["03", "05", "17", "19"]
    assert weights(found, block + lonely).reason == ""
    assert weights(found, [*block, *lonely, "31"]).reason == "spatial.reason_scattered"
    assert weights(found, []).reason == "spatial.reason_few"


def test_a_code_without_a_boundary_is_named(borders):
    with pytest.raises(ValueError, match="no boundary for gso_code 05"):
        weights(borders, ["01", "05"])


# --- permutations and refusals -----------------------------------------------------------------------------


def test_two_sided_p_by_hand():
    drawn = np.arange(1.0, 100)
    # 3 of 99 are at least 97: twice (3 + 1) / 100.
    assert two_sided(97, drawn) == two_sided(3, drawn) == pytest.approx(0.08)
    assert two_sided(50, drawn) == 1
    assert two_sided(np.array([1000.0, 0.0]), np.tile(drawn, (2, 1))) == pytest.approx([0.02, 0.02])


def test_orders_are_equally_likely_and_the_same_in_every_run():
    orders = spatial._orders(4, 24_000, 3)
    _, counts = np.unique(orders, axis=1, return_counts=True)
    # 24 orders, 1000 each: the variance of a count is near 1000.
    assert len(counts) == 24 and np.abs(counts - 1000).max() < 4.5 * math.sqrt(1000)
    spatial._orders.cache_clear()
    assert (spatial._orders(4, 24_000, 3) == orders).all()
    assert (spatial._orders(4, 24_000, 3, 2) == orders[:2]).all()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda values: values * 0 + 0.3, "constant"),
        (lambda values: np.where(np.arange(49) == 5, math.inf, values), "infinite"),
        (lambda values: np.where(np.arange(49) == 5, math.nan, values), "infinite"),
    ],
)
def test_values_that_mean_nothing_are_refused(spoil, reason):
    made = _lattice()
    values = np.sin(np.arange(49.0))
    bad = spoil(values)
    results = [moran(bad, made), bivariate(bad, values, made), bivariate(values, bad, made)]
    results += [regress(bad, values, made).residual, regress(values, bad, made).residual]
    for result in results:
        assert (result.n, result.reason) == (49, f"spatial.reason_{reason}")
        assert math.isnan(result.estimate) and math.isnan(result.p_value)
    table = local(bad, made)
    assert (table["reason"] == f"spatial.reason_{reason}").all() and table["p_fdr"].isna().all()


def test_a_perfect_line_leaves_nothing_to_be_tested():
    values = np.sin(np.arange(49.0))
    result = regress(3 - 2 * values, values, _lattice())
    assert result.residual.reason == "spatial.reason_perfect" and result.models == ()


def test_columns_of_another_length_are_an_error():
    with pytest.raises(ValueError, match="one value a province is needed: 49 provinces"):
        moran(np.arange(48.0), _lattice())


def _lattice(side=7, rook=False):
    full = libpysal.weights.lat2W(side, side, rook=rook).full()[0]
    return Weights(tuple(f"{number:02d}" for number in range(side * side)), full > 0)


def test_a_checkerboard_is_negative_and_a_gradient_positive():
    made = _lattice(rook=True)
    rows, columns = np.divmod(np.arange(49), 7)
    checkers = moran((rows + columns) % 2, made)
    assert checkers.estimate == pytest.approx(-1, abs=0.02) and checkers.p_value < 0.001
    gradient = moran(rows + 2 * columns, made)
    assert gradient.estimate > 0.8 and gradient.p_value < 0.001
    assert moran(np.random.default_rng(2).normal(size=49), made).p_value > 0.05


def test_each_kind_of_cluster_is_found_where_it_was_put():
    values = np.repeat(np.arange(9.0), 9)
    middle = {"high_low": 9 * 1 + 4, "low_high": 9 * 7 + 4}
    values[list(middle.values())] = 8, 0
    table = local(values, _lattice(9))
    for kind, place in middle.items():
        assert table["cluster"].iloc[place] == kind
    assert set(table["cluster"].iloc[1:3]) == {"low_low"} and set(table["cluster"].iloc[78:80]) == {
        "high_high"
    }
    assert (table["cluster"].iloc[36:45] == "not_significant").all()


# --- properties --------------------------------------------------------------------------------------------

_VALUES = st.lists(st.integers(-1000, 1000), min_size=16, max_size=16)


def _spread(values):
    values = np.array(values, dtype=float)
    assume(np.ptp(values) > 0)
    return values


@settings(max_examples=30, deadline=None)
@given(_VALUES, st.floats(0.01, 100), st.floats(-100, 100))
def test_scale_and_origin_do_not_matter(values, factor, shift):
    values, made = _spread(values), _lattice(4)
    for turn in (factor, -factor):
        plain, other = moran(values, made, 99), moran(turn * values + shift, made, 99)
        assert other.estimate == pytest.approx(plain.estimate, abs=1e-8)
        assert other.p_value == plain.p_value
    assert 0 < plain.p_value <= 1
    table = local(values, made, 99)
    assert table["p_value"].between(0, 1, inclusive="right").all()
    assert (table["p_fdr"] >= table["p_value"] - 1e-12).all()
    # The mean of the local statistics is the global one, but for esda's factor.
    assert table["local_i"].mean() == pytest.approx(plain.estimate * 15 / 16, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(_VALUES, st.permutations(range(16)))
def test_the_order_of_the_provinces_does_not_matter(values, order):
    values, made, order = _spread(values), _lattice(4), list(order)
    shuffled = Weights(tuple(made.codes[place] for place in order), made.adjacency[np.ix_(order, order)])
    one, other = moran(values, made, 99), moran(values[order], shuffled, 99)
    assert other.estimate == pytest.approx(one.estimate, abs=1e-10)
    x = np.sin(np.arange(16.0))
    one, other = bivariate(x, values, made, 99), bivariate(x[order], values[order], shuffled, 99)
    assert other.estimate == pytest.approx(one.estimate, abs=1e-10)
    table, moved = local(values, made, 99), local(values[order], shuffled, 99)
    assert moved["local_i"].reindex(table.index).to_numpy() == pytest.approx(
        table["local_i"].to_numpy(), abs=1e-9
    )


# --- the tables of the real years --------------------------------------------------------------------------


def test_columns_keys_and_reasons_of_every_year(found, known):
    for year, (table, clusters) in found.items():
        assert list(table.columns) == spatial.COLUMNS and list(clusters.columns) == spatial.CLUSTER_COLUMNS
        assert not table.duplicated(["index", "index_b", "statistic"]).any()
        assert not clusters.duplicated(["index", "gso_code"]).any()
        refused = table["reason"] != ""
        assert table.loc[refused, NUMBERS].isna().all(axis=None), year
        assert table.loc[~refused, "estimate"].notna().all(), year
        drawn = table["statistic"].isin(["moran", "bivariate_moran"])
        assert table["seed"].notna().equals(drawn) and (table.loc[drawn, "permutations"] == 999).all()
        assert (table.loc[~refused, "n"] >= spatial.MINIMUM).all()
        assert (2 * table.loc[~refused, "borders"] >= table.loc[~refused, "n"]).all()
        present = table.loc[table["statistic"] == "moran", "index"].tolist()
        assert present == [index.slug for index in known if index.slug in present]
        counts = clusters["index"].value_counts()
        assert table[table["statistic"] == "moran"].set_index("index")["n"].to_dict() == counts.to_dict()


def test_models_stand_there_if_and_only_if_the_residuals_have_a_pattern(found):
    called = 0
    for table, _ in found.values():
        residual = table[table["statistic"] == "residual_moran"].set_index(["index", "index_b"])
        lag = table[table["statistic"] == "lag_slope"].set_index(["index", "index_b"])
        assert set(lag.index) == set(residual.index[residual["p_value"] < 0.05])
        few = lag["n"] < spatial.MINIMUM_MODELS
        assert (lag["reason"] == "spatial.reason_few_models").equals(few)
        called += len(lag)
    assert called


def test_the_measure_is_the_one_that_more_provinces_have(found, indices_frame):
    for year, (table, _) in found.items():
        figures = indices_frame[(indices_frame["year"] == year) & (indices_frame["component"] == "")]
        counts = figures.groupby("index")[["score", "rank"]].count()
        for slug, measure, n in table.loc[table["statistic"] == "moran", ["index", "measure", "n"]].values:
            assert measure == ("rank" if counts.at[slug, "rank"] > counts.at[slug, "score"] else "score")
            assert n == counts.loc[slug].max()


def test_part_and_whole(found, indices_frame, known):
    from helpers.correlation import part_whole

    for year, (table, _) in found.items():
        rows = table[table["variant"] == "part_whole_corrected"]
        pairs = set(rows[["index", "index_b"]].itertuples(index=False, name=None))
        assert pairs <= {("par", "sipas"), ("sipas", "par")}
        if len(rows) and year < 2019:
            assert (rows["reason"] == "spatial.reason_share").all()
        elif len(rows):
            both = part_whole(indices_frame, known["par"], known["sipas"], year)
            assert set(rows["n"]) == {len(both)} and set(rows["measure"]) == {"score"}
            assert not (rows["reason"] == "spatial.reason_share").any()
    assert len(rows)


def test_high_is_the_better_side_of_ranks(found):
    clusters = found[2022][1].query("index == 'par'")
    assert set(clusters["measure"]) == {"rank"}
    assert clusters["value"].corr(clusters["z"]) == pytest.approx(-1)


def test_results_are_the_same_in_every_run(found, indices_frame, known, borders):
    spatial._orders.cache_clear()
    table, clusters = found[2020]
    arguments = (indices_frame, known, borders, 2020)
    pd.testing.assert_frame_equal(spatial.year_table(*arguments, permutations=999), table)
    pd.testing.assert_frame_equal(spatial.clusters_table(*arguments, permutations=999), clusters)
    assert not spatial.year_table(*arguments, seed=1, permutations=999)["p_value"].equals(table["p_value"])


def test_a_year_without_figures(indices_frame, known, borders, places):
    table = spatial.year_table(indices_frame, known, borders, 1999)
    clusters = spatial.clusters_table(indices_frame, known, borders, 1999)
    assert table.empty and clusters.empty
    for language in LANGUAGES:
        spoken = _spoken(table, clusters, known, places, language)
        assert spoken[0] and not spoken[1] and spoken[2]


# --- words -------------------------------------------------------------------------------------------------


def _spoken(table, clusters, known, places, language):
    return [
        spatial_findings.in_words(table, known, language),
        spatial_findings.opening(table, known, language),
        spatial_findings.residuals_in_words(table, known, language),
        spatial_findings.models_in_words(table, known, language),
        spatial_findings.clusters_in_words(clusters, known, language),
        spatial_findings.method(table, clusters, known, places, language),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_year_is_worded(found, known, places, language):
    for table, clusters in found.values():
        spoken = _spoken(table, clusters, known, places, language)
        for text in spoken:
            assert not re.search(r"\bnan\b", text) and "{" not in text
            assert not any(word in text.lower() for word in ("prove", "affect", "leads to", "no difference"))
        for lay in ("global_table", "bivariate_table", "residual_table", "models_table"):
            frame = getattr(spatial_findings, lay)(table, known, language)
            if isinstance(frame, tuple):
                frame, left_out = frame
                statistic = {"global": "moran", "residual": "residual_moran", "bivariate": "bivariate_moran"}
                rows = table[table["statistic"] == statistic[lay.removesuffix("_table")]]
                assert len(frame) == (rows["reason"] == "").sum()
                assert left_out.count("n\u00a0=\u00a0") == (rows["reason"] != "").sum()
            texts = frame.select_dtypes(exclude="number")
            assert texts.notna().all(axis=None) and not texts.isin(["nan"]).any(axis=None)
        named = spatial_findings.clusters_named(clusters, known, places, language)
        marked = (clusters["reason"] == "") & (clusters["cluster"] != spatial.CLUSTERS[-1])
        assert named.iloc[:, 3].sum() == marked.sum()


def _table_of(**changes):
    row = dict.fromkeys(spatial.COLUMNS, math.nan) | {
        "index": "papi",
        "statistic": "moran",
        "estimate": 0.3,
        "expected": -0.02,
        "p_value": 0.01,
        "p_fdr": 0.02,
        "n": 63,
        "index_b": "par",
        "measure": "score",
        "variant": "plain",
        "reason": "",
    }
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Neighbouring provinces tend to have similar figures in PAPI (by score, Moran's I = 0.30"),
        ({"estimate": -0.3}, "Neighbouring provinces tend to have unlike figures in PAPI"),
        ({"p_value": 0.05}, "There is no evidence that neighbouring provinces resemble"),
        ({"p_value": 0.0004}, "p < 0.001, n = 63)"),
        ({"p_fdr": 0.07}, "no longer clear once the indices tested together are allowed for, p = 0.070"),
        (
            {"estimate": math.nan, "p_value": math.nan, "n": 5, "reason": "spatial.reason_few"},
            "Nothing can be said of PAPI (n = 5): fewer than 8 provinces",
        ),
    ],
)
def test_sentences_follow_the_numbers(known, changes, said):
    sentence = spatial_findings.in_words(_table_of(**changes), known, "en")
    assert said in sentence.replace("\u00a0", " ")
    assert ("tend to" in sentence) == (changes.get("p_value", 0.01) < 0.05)


def test_the_opening_follows_the_numbers(known):
    def said(**changes):
        return spatial_findings.opening(_table_of(**changes), known, "en").replace("\u00a0", " ")

    assert "They tend to in PAPI (Moran's I = 0.30, p = 0.010, n = 63)." in said()
    assert "They tend to differ in PAPI" in said(estimate=-0.3)
    assert "There is no evidence of it in PAPI (n = 63)." in said(p_value=0.2)
    assert "not clear once the other indices" in said(p_fdr=0.07)
    assert "Too few neighbouring provinces" in said(reason="spatial.reason_few")
    table = pd.concat([_table_of(), _table_of(statistic="residual_moran", index_b="par")])
    said = spatial_findings.opening(table, known, "en").replace("\u00a0", " ")
    assert "For PAR INDEX – PAPI (n = 63), what one index does not share" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "should be read with the spatial models below"),
        ({"estimate": -0.3}, "unlike among neighbours, more than by chance, for PAPI on PAR INDEX"),
        ({"p_value": 0.2, "p_fdr": 0.2}, "That does not show that the provinces are independent"),
    ],
)
def test_sentences_on_residuals_follow_the_numbers(known, changes, said):
    table = _table_of(statistic="residual_moran", **changes)
    assert said in spatial_findings.residuals_in_words(table, known, "en")


def test_a_model_that_is_lacking_has_its_reason(known):
    short = {"statistic": "lag_slope", "reason": "spatial.reason_few_models"}
    table = pd.concat([_table_of(statistic="residual_moran"), _table_of(**short)])
    said = spatial_findings.residuals_in_words(table, known, "en")
    assert "No spatial model stands beside it: fewer than 20 provinces" in said and "below" not in said


def test_models_are_compared_by_their_intervals(found, known):
    said = spatial_findings.models_in_words(found[2011][0], known, "en")
    assert "PCI on PAPI" in said and "All three intervals contain 0" in said
    assert len(spatial_findings.models_table(found[2011][0], known, "vi")) == 3
    table = found[2011][0].copy()
    slopes = table["statistic"].str.endswith("_slope")
    table.loc[slopes, "ci_low"] = 0.01
    assert "None of the three intervals" in spatial_findings.models_in_words(table, known, "en")
    table.loc[table["statistic"] == "ols_slope", "ci_low"] = -0.01
    assert "do not agree" in spatial_findings.models_in_words(table, known, "en")


def test_joined_provinces_are_named_with_their_distance(found, known, places):
    table, clusters = found[2023]
    joined = clusters[(clusters["joined"] != "") & (clusters["reason"] == "")]
    assert len(joined)
    said = spatial_findings.method(table, clusters, known, places, "vi")
    for row in joined.itertuples(index=False):
        assert f"{places.name(row.gso_code, 'vi')} với {places.name(row.joined, 'vi')}, " in said
    counts = table[table["statistic"] == "moran"].set_index("index")["joined"]
    assert joined.groupby("index").size().to_dict() == counts[counts > 0].to_dict()


def test_files_hold_reasons_as_phrases(found):
    table, clusters = (spatial_findings.written(made) for made in found[2018])
    assert "fewer than 8 provinces" in set(table["reason"]) & set(clusters["reason"])
    assert list(table.columns) == spatial.COLUMNS
