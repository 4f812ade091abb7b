"""Space: whether neighbouring provinces have similar figures, and what that means for the correlations."""

import functools
import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers import boundaries, inputs
from helpers.correlation import CORRECTED, PLAIN, combinations, part_whole, share_known, totals, whole_of
from helpers.resampling import LEVEL, SEED

PERMUTATIONS = 9_999
# The control of false discoveries among 63 provinces decides at p-values from 0.05 / 63 on, where 9,999 draws
# are too coarse for another seed to give the same clusters: low p-values are drawn again, this much finer.
REFINED_BELOW, REFINEMENT = 0.01, 20
MINIMUM = 8
# Maximum likelihood leans on large numbers: below this the models would claim more than they can show.
MINIMUM_MODELS = 20
MORAN, BIVARIATE, RESIDUAL = "moran", "bivariate_moran", "residual_moran"
CLUSTERS = ("high_high", "low_low", "high_low", "low_high", "not_significant")
COLUMNS = [
    *("index", "statistic", "estimate", "expected", "p_value", "permutations", "seed", "n"),
    *("index_b", "measure", "variant", "p_fdr", "ci_low", "ci_high"),
    *("borders", "joined", "joined_codes", "reason"),
]
CLUSTER_COLUMNS = [
    *("index", "gso_code", "measure", "value", "neighbours", "joined", "joined_km", "z", "lag"),
    *("local_i", "expected", "p_value", "p_fdr", "cluster", "n", "permutations", "seed", "reason"),
]
# Relative spread below which a column cannot be told from a constant in double precision.
_SPREAD = 1e-12
# Difference below which two statistics of standard scores are the same number.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Borders:
    """
    Which of all units share a border, and how far apart they are; made by `borders`.

    Attributes
    ----------
    codes : tuple of str
    touching : numpy.ndarray of bool, shape (units, units)
        Whether two units share a border or a corner (queen contiguity).
    distance_km : numpy.ndarray of float, shape (units, units)
        Between representative points, on the ellipsoid.
    """

    codes: tuple
    touching: np.ndarray = field(repr=False)
    distance_km: np.ndarray = field(repr=False)

    def distance(self, code, other):
        """Kilometres between two units; NaN if the other is None (float)."""
        if other is None:
            return math.nan
        return float(self.distance_km[self.codes.index(code), self.codes.index(other)])


def borders(units):
    """
    Find the shared borders of all units, once for every year and index.

    Parameters
    ----------
    units : geopandas.GeoDataFrame
        One row a unit, indexed by ``gso_code``, EPSG:4326; as read by `helpers.boundaries.read`.

    Returns
    -------
    Borders

    Notes
    -----
    Queen contiguity (`libpysal.weights.Queen`). Distances are geodesic (WGS 84, as PROJ computes them)
    between points that lie within each unit (`geopandas.GeoSeries.representative_point`).
    """
    import pyproj
    from libpysal.weights import Queen

    found = Queen.from_dataframe(units, use_index=True, silence_warnings=True)
    place = {code: position for position, code in enumerate(units.index)}
    touching = np.zeros((len(units), len(units)), dtype=bool)
    for code, neighbours in found.neighbors.items():
        touching[place[code], [place[other] for other in neighbours]] = True
    points = units.geometry.representative_point()
    x, y = points.x.to_numpy(), points.y.to_numpy()
    count = len(units)
    ends = np.repeat(x, count), np.repeat(y, count), np.tile(x, count), np.tile(y, count)
    metres = pyproj.Geod(ellps="WGS84").inv(*ends)[2]
    return Borders(tuple(units.index), touching, metres.reshape(count, count) / 1000)


@inputs.kept
def read_borders(processed="data/processed", vintage="63", raw="data/raw"):
    """
    Find the shared borders of all units on the borders of pages.

    Parameters
    ----------
    processed, vintage, raw
        As for `helpers.boundaries.read`.

    Returns
    -------
    Borders

    Raises
    ------
    helpers.boundaries.BoundaryError
        If the borders cannot be read.
    """
    return borders(boundaries.shapes(processed, vintage, raw=raw))


@dataclass(frozen=True)
class Weights:
    """
    Who is whose neighbour among the provinces with a figure; made by `weights`.

    Attributes
    ----------
    codes : tuple of str
        The provinces, in the order of all units.
    adjacency : numpy.ndarray of bool, shape (n, n)
    joined : dict of str
        For each province whose neighbours all lack a figure (or that is an island) the nearest province with
        a figure, which it is joined to.
    """

    codes: tuple
    adjacency: np.ndarray = field(repr=False)
    joined: dict = field(default_factory=dict)

    @property
    def n(self):
        """Number of provinces (int)."""
        return len(self.codes)

    @property
    def shared(self):
        """Number of pairs of provinces that share a border; those joined by the rule do not count (int)."""
        made = {frozenset(pair) for pair in self.joined.items()}
        return int(self.adjacency.sum()) // 2 - len(made)

    @functools.cached_property
    def matrix(self):
        """Row-standardised weights: each row sums to 1 (numpy.ndarray, shape (n, n))."""
        return self.adjacency / self.adjacency.sum(axis=1, keepdims=True)

    @functools.cached_property
    def w(self):
        """The same weights for the functions of PySAL (libpysal.weights.W)."""
        from libpysal.weights import W

        neighbours = {
            code: [self.codes[other] for other in np.flatnonzero(row)]
            for code, row in zip(self.codes, self.adjacency, strict=True)
        }
        made = W(neighbours, id_order=list(self.codes), silence_warnings=True)
        made.transform = "r"
        return made

    @property
    def reason(self):
        """
        Key of the text that says why nothing can be estimated with these provinces; "" if it can (str).

        At least `MINIMUM` provinces are needed, at least half as many shared borders as provinces (so that a
        province has one true neighbour on average), and not more than a third of the provinces joined by the
        rule: else the result would mostly tell of neighbours that are none.
        """
        if self.n < MINIMUM:
            return "spatial.reason_few"
        if 2 * self.shared < self.n or 3 * len(self.joined) > self.n:
            return "spatial.reason_scattered"
        return ""


def weights(borders, codes):
    """
    Say who is whose neighbour among the provinces that have a figure.

    Parameters
    ----------
    borders : Borders
        Of all units of the vintage.
    codes : iterable of str
        Provinces with a figure.

    Returns
    -------
    Weights
        Queen contiguity among these provinces. One whose neighbours all lack a figure, or that has none, is
        joined, both ways, to the nearest one with a figure.

    Raises
    ------
    ValueError
        If a code is none of the units.
    """
    wanted = set(codes)
    if unknown := sorted(wanted - set(borders.codes)):
        raise ValueError(
            f"no boundary for gso_code {', '.join(unknown)}; units and figures differ in vintage"
        )
    places = [place for place, code in enumerate(borders.codes) if code in wanted]
    chosen = tuple(borders.codes[place] for place in places)
    adjacency = borders.touching[np.ix_(places, places)].copy()
    joined = {}
    if len(chosen) > 1:
        distance = borders.distance_km[np.ix_(places, places)] + np.diag(np.full(len(chosen), np.inf))
        for alone in np.flatnonzero(~adjacency.any(axis=1)):
            nearest = int(distance[alone].argmin())
            joined[chosen[alone]] = chosen[nearest]
            adjacency[alone, nearest] = adjacency[nearest, alone] = True
    return Weights(chosen, adjacency, joined)


@dataclass(frozen=True)
class Autocorrelation:
    """
    A Moran's I, or the reason why there is none.

    Attributes
    ----------
    n : int
        Number of provinces.
    estimate, expected : float
        The statistic, and its mean were the figures spread over the provinces by chance. NaN for none.
    p_value : float
        Two-sided.
    reason : str
        Key of the text that says why there is no estimate; "" where there is one.
    """

    n: int
    estimate: float = math.nan
    expected: float = math.nan
    p_value: float = math.nan
    reason: str = ""


def _refusal(weights, *columns):
    if weights.reason:
        return weights.reason
    if not all(np.isfinite(values).all() for values in columns):
        return "spatial.reason_infinite"
    if any(np.ptp(values) <= _SPREAD * np.abs(values).max() for values in columns):
        return "spatial.reason_constant"
    return ""


def _vector(values, weights):
    values = np.asarray(values, dtype=float)
    if values.shape != (weights.n,):
        raise ValueError(f"one value a province is needed: {weights.n} provinces, values of {values.shape}")
    return values


def _standard(values):
    return (values - values.mean(axis=0)) / values.std(axis=0)


@functools.lru_cache(maxsize=16)
def _orders(n, permutations, seed, length=None):
    """
    Draw random orders of n provinces, the same for every figure.

    Returns the first `length` places of each order (all by default), shape (length, permutations), by the
    first steps of Fisher and Yates' shuffle, for all orders at once.
    """
    draw = np.random.default_rng(seed)
    orders = np.repeat(np.arange(n, dtype=np.int16)[:, None], permutations, axis=1)
    every = np.arange(permutations)
    for place in range(n if length is None else length):
        taken = draw.integers(place, n, permutations)
        orders[place], orders[taken, every] = orders[taken, every], orders[place].copy()
    orders = orders[:length].copy()
    orders.setflags(write=False)
    return orders


def two_sided(observed, drawn):
    """
    Turn permutations into a two-sided p-value.

    Parameters
    ----------
    observed : float or numpy.ndarray, shape (m,)
    drawn : numpy.ndarray, shape (permutations,) or (m, permutations)
        The statistic after each permutation.

    Returns
    -------
    float or numpy.ndarray, shape (m,)
        Twice the smaller of the two tails, at most 1. A tail is (1 + the number of permutations at least as
        extreme) / (1 + permutations), the observed order being one of the possible ones (Davison & Hinkley
        1997, Bootstrap Methods and their Application, 4.11). It lies above 0.
    """
    observed = np.asarray(observed)
    # Sums of the same terms in another order count as equal.
    slack = _ROUNDING * np.maximum(np.abs(observed), 1)
    above = (drawn >= (observed - slack)[..., None]).sum(axis=-1)
    below = (drawn <= (observed + slack)[..., None]).sum(axis=-1)
    return np.minimum(1.0, 2 * (np.minimum(above, below) + 1) / (drawn.shape[-1] + 1))


def moran(values, weights, permutations=PERMUTATIONS, seed=SEED):
    """
    Measure by how much neighbours resemble each other: the global Moran's I.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        In the order of ``weights.codes``.
    weights : Weights
    permutations : int
    seed : int

    Returns
    -------
    Autocorrelation
        I = z'Wz / z'z for row-standardised W (Moran 1950, Biometrika 37, 17-23; Cliff & Ord 1981, Spatial
        Processes), expected -1 / (n - 1); p-value of `two_sided` over permutations of the values. Refused
        for a ``weights.reason``, equal values and infinite ones.

    Raises
    ------
    ValueError
        If there is not one value for every province.
    """
    values = _vector(values, weights)
    if reason := _refusal(weights, values):
        return Autocorrelation(weights.n, reason=reason)
    z = _standard(values)
    drawn = z[_orders(weights.n, permutations, seed)]
    sums = np.einsum("ip,ip->p", weights.matrix @ drawn, drawn)
    estimate = z @ weights.matrix @ z / weights.n
    p = two_sided(estimate, sums / weights.n)
    return Autocorrelation(weights.n, float(estimate), -1 / (weights.n - 1), float(p))


def bivariate(x, y, weights, permutations=PERMUTATIONS, seed=SEED):
    """
    Measure whether provinces high in one figure have neighbours high in another: the bivariate Moran's I.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        The province's own figure and that of its neighbours, in the order of ``weights.codes``.
    weights : Weights
    permutations : int
    seed : int

    Returns
    -------
    Autocorrelation
        I = zx'W zy / (n - 1) with standard scores by the sample standard deviation, as `esda.Moran_BV` has it
        (Anselin, Syabri & Smirnov 2002); the permutations reorder `y`, so that 0 is expected. It is not free
        of the correlation of the two in the same place: where x and y go together and either has a spatial
        pattern, it differs from 0 without any link across borders (Lee 2001, J. Geogr. Syst. 3, 369-385).

    Raises
    ------
    ValueError
        If there is not one value of each for every province.
    """
    x, y = _vector(x, weights), _vector(y, weights)
    if reason := _refusal(weights, x, y):
        return Autocorrelation(weights.n, reason=reason)
    # zx'W zy / (n - 1) with sample deviations equals the same over n with those of the population.
    own, other = _standard(x), _standard(y)
    pulled = weights.matrix.T @ own / weights.n
    estimate = other @ pulled
    p = two_sided(estimate, pulled @ other[_orders(weights.n, permutations, seed)])
    return Autocorrelation(weights.n, float(estimate), 0.0, float(p))


def local(values, weights, permutations=PERMUTATIONS, seed=SEED):
    """
    Find the provinces that resemble, or differ from, their neighbours: local Moran's I.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        In the order of ``weights.codes``.
    weights : Weights
    permutations : int
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row a province (``gso_code``): ``z`` (standard score), ``lag`` (mean standard score of the
        neighbours), ``local_i``, ``expected`` (given the province's own figure), ``p_value``, ``p_fdr``,
        ``permutations``, ``cluster`` (one of `CLUSTERS`, at 5 % of ``p_fdr``) and ``reason``. With a reason
        the rest is empty.

    Raises
    ------
    ValueError
        If there is not one value for every province.

    Notes
    -----
    I_i = (n - 1) / n · z_i · Σ_j w_ij z_j (Anselin 1995, Geographical Analysis 27, 93-115, as
    `esda.Moran_Local` has it). Conditional permutation: the province keeps its figure, its neighbours get
    those of others; p-value of `two_sided`. Where it is below `REFINED_BELOW` it is that of `REFINEMENT`
    times as many fresh draws; whatever the first draws said, it stays valid. ``expected`` is the exact mean
    of these permutations (Sokal, Oden & Thomson 1998, Geographical Analysis 30, 331-354). ``p_fdr`` is
    Benjamini & Hochberg's (1995, J. R. Stat. Soc. B 57, 289-300) over all provinces; for local statistics see
    Caldas de Castro & Singer (2006, Geographical Analysis 38, 180-208).
    """
    values = _vector(values, weights)
    table = pd.DataFrame(index=pd.Index(weights.codes, name="gso_code"))
    if reason := _refusal(weights, values):
        empty = dict.fromkeys(("z", "lag", "local_i", "expected", "p_value", "p_fdr"), math.nan)
        return table.assign(**empty, permutations=permutations, cluster="", reason=reason)
    from scipy.stats import false_discovery_control

    n, z = weights.n, _standard(values)
    lag = weights.matrix @ z
    counts = weights.adjacency.sum(axis=1)
    most = int(counts.max())

    def p_values(places, orders):
        drawn = np.empty((len(places), orders.shape[1]))
        for row, place in enumerate(places):
            # The province keeps its figure, the first so many of the others become its neighbours.
            others = np.delete(z, place)
            drawn[row] = z[place] * others[orders[: counts[place]]].sum(axis=0) / counts[place]
        return two_sided((z * lag)[places], drawn)

    p = p_values(np.arange(n), _orders(n - 1, permutations, seed, most))
    low = np.flatnonzero(p < REFINED_BELOW)
    finer = REFINEMENT * (permutations + 1) - 1
    if len(low):
        p[low] = p_values(low, _orders(n - 1, finer, (seed, 1), most))
    adjusted = false_discovery_control(p, method="bh")
    high, among_high = z > 0, lag > 0
    quadrants = [high & among_high, ~high & ~among_high, high & ~among_high, ~high & among_high]
    kinds = np.select(quadrants, CLUSTERS[:4], "")
    return table.assign(
        z=z,
        lag=lag,
        local_i=(n - 1) / n * z * lag,
        expected=-(z**2) / n,
        p_value=p,
        p_fdr=adjusted,
        permutations=np.where(np.isin(np.arange(n), low), finer, permutations),
        cluster=np.where(adjusted < LEVEL, kinds, CLUSTERS[-1]),
        reason="",
    )


@dataclass(frozen=True)
class Coefficient:
    """
    A coefficient of a regression.

    Attributes
    ----------
    estimate, ci_low, ci_high, p_value : float
        With the 95 % interval and the two-sided p-value of its being 0.
    """

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float


@dataclass(frozen=True)
class Model:
    """
    A regression.

    Attributes
    ----------
    kind : {"ols", "lag", "error"}
    slopes : tuple of Coefficient
        Of each explaining column, without the constant.
    spatial : Coefficient or None
        ρ of the lag model, λ of the error model.
    log_likelihood, aic : float
        AIC counts the constant, the slopes, the spatial coefficient and the variance of all models alike.
    """

    kind: str
    slopes: tuple
    spatial: Coefficient | None
    log_likelihood: float
    aic: float


@dataclass(frozen=True)
class Regression:
    """
    An ordinary regression, whether its residuals resemble each other between neighbours, and what follows.

    Attributes
    ----------
    residual : Autocorrelation
    models : tuple of Model
        The ordinary one; with the lag and the error model where ``residual.p_value`` is below 0.05.
    reason : str
        Key of the text that says why the spatial models were called for and are not there; "" otherwise.
    """

    residual: Autocorrelation
    models: tuple = ()
    reason: str = ""


def regress(y, x, weights):
    """
    Regress one figure on another and test the residuals for a spatial pattern.

    Parameters
    ----------
    y : array-like of float, shape (n,)
        In the order of ``weights.codes``.
    x : array-like of float, shape (n,) or (n, columns)
    weights : Weights

    Returns
    -------
    Regression
        All columns enter as standard scores, so that a slope says by how many standard deviations `y` differs
        where a column of `x` differs by one. Refused as in `moran`, and where nothing is left to be
        explained.

    Raises
    ------
    ValueError
        If there is not one value of each for every province.

    Notes
    -----
    Moran's I of the residuals with the expectation, variance and normal approximation of Cliff & Ord (1981,
    pp. 200-203; `spreg.MoranRes`), two-sided. Where p < 0.05, and at least `MINIMUM_MODELS` provinces have
    both figures: the spatial lag model y = ρWy + a + xb + e and the spatial error model y = a + xb + u,
    u = λWu + e by maximum likelihood (Anselin 1988, Spatial Econometrics; spreg's `ML_Lag`, `ML_Error`).
    All intervals and p-values are by t with n - k degrees of freedom, k counting the constant, the slopes and
    ρ or λ. Maximum likelihood divides the squared residuals by n, which is too little for few provinces (Bao
    & Ullah 2007, Journal of Econometrics 137, 396-413): its variances are multiplied by n / (n - k), as
    spreg's ``sig2n_k`` does where it has the choice.
    """
    y = _vector(y, weights)
    x = np.asarray(x, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if len(x) != len(y):
        raise ValueError(f"one value a province is needed: {len(y)} of y, {len(x)} of x")
    if reason := _refusal(weights, y, *x.T):
        return Regression(Autocorrelation(weights.n, reason=reason))
    from spreg import MoranRes
    from spreg.ols import BaseOLS

    y, x = _standard(y)[:, None], np.column_stack([np.ones(len(y)), _standard(x)])
    # Of n standard scores the squares sum to n.
    if np.linalg.lstsq(x, y, rcond=None)[1].sum() <= _ROUNDING * len(y):
        return Regression(Autocorrelation(weights.n, reason="spatial.reason_perfect"))
    ordinary = BaseOLS(y, x)
    found = MoranRes(ordinary, weights.w, z=True)
    figures = (float(np.squeeze(value)) for value in (found.I, found.eI, found.p_norm))
    residual = Autocorrelation(weights.n, *figures)
    slopes = _coefficients(ordinary, len(y) - x.shape[1])[1:]
    # The log-likelihood at its maximum, where the variance is the mean square.
    likelihood = -len(y) / 2 * (math.log(2 * math.pi * float(np.mean(ordinary.u**2))) + 1)
    models = [Model("ols", slopes, None, likelihood, _aic(likelihood, len(slopes) + 2))]
    if residual.p_value >= LEVEL:
        return Regression(residual, tuple(models))
    if weights.n < MINIMUM_MODELS:
        return Regression(residual, tuple(models), "spatial.reason_few_models")
    spatial = [_likeliest(kind, y, x, weights) for kind in ("lag", "error")]
    if None in spatial:
        return Regression(residual, tuple(models), "spatial.reason_unstable")
    return Regression(residual, (*models, *spatial))


def _aic(likelihood, parameters):
    return 2 * parameters - 2 * likelihood


def _coefficients(fitted, degrees, inflation=1.0):
    """Estimates of a regression of spreg with their intervals; None where a variance is not positive."""
    from scipy import stats

    estimates, variances = fitted.betas.ravel(), inflation * np.diag(fitted.vm)
    if not (np.isfinite(estimates).all() and np.isfinite(variances).all() and (variances > 0).all()):
        return None
    errors, half = np.sqrt(variances), stats.t.ppf(1 - LEVEL / 2, degrees)
    p_values = 2 * stats.t.sf(np.abs(estimates / errors), degrees)
    rows = zip(estimates, estimates - half * errors, estimates + half * errors, p_values, strict=True)
    return tuple(Coefficient(*map(float, row)) for row in rows)


def _likeliest(kind, y, x, weights):
    import warnings

    from spreg.ml_error import BaseML_Error
    from spreg.ml_lag import BaseML_Lag

    with warnings.catch_warnings():
        # spreg hands the minimiser a tolerance by a name that it takes for an absolute one, as it is meant.
        warnings.filterwarnings("ignore", "Method 'bounded' does not support relative tolerance")
        try:
            fitted = (BaseML_Lag if kind == "lag" else BaseML_Error)(y, x, weights.w)
        except np.linalg.LinAlgError:
            return None
        except Exception as error:
            # Near ρ = 1 the expansion of the inverse may not converge; spreg has no class for that.
            if "power expansion" not in str(error):
                raise
            return None
    degrees = len(y) - x.shape[1] - 1
    found = _coefficients(fitted, degrees, len(y) / degrees)
    if found is None:
        return None
    _, *slopes, spatial = found
    likelihood = float(np.squeeze(fitted.logll))
    return Model(kind, tuple(slopes), spatial, likelihood, _aic(likelihood, len(found) + 1))


def year_table(figures, registry, borders, year, seed=SEED, permutations=PERMUTATIONS):
    """
    Compute the spatial statistics of all indices of a year and of all their pairs.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    borders : Borders
        Of the units of the year's vintage.
    year : int
    seed : int
    permutations : int

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. ``statistic`` is ``moran`` (each index); ``bivariate_moran`` (each ordered pair:
        ``index`` in the province, ``index_b`` among its neighbours); ``residual_moran`` (each pair: the
        second in the order of the registry, ``index``, regressed on the first, ``index_b``); and, where the
        residuals have a pattern, ``<model>_slope``, ``lag_rho``, ``error_lambda``,
        ``<model>_log_likelihood`` and ``<model>_aic`` of the models ``ols``, ``lag`` and ``error``. Ranks
        enter with their sign turned, so that more is better. ``p_fdr`` is Benjamini-Hochberg's within the
        same statistic of the year. A row without an estimate has its ``reason``.

    Notes
    -----
    The measure is the one that more provinces have, the score if as many. Of a pair of which one index
    contains the other, the points of the part are taken out of the score of the whole
    (`helpers.correlation.part_whole`); where its share is not known nothing is estimated.
    """
    tables = _measures(figures, year)
    draws = {"permutations": permutations, "seed": seed}
    rows = []
    for index in _present(tables, registry):
        measure, values = _values(tables, index)
        made = weights(borders, values.index)
        found = moran(values.loc[list(made.codes)], made, **draws)
        rows.append(_row(MORAN, found, made, index, measure=measure) | draws)
    for first, second in combinations(figures, registry, year):
        rows += _pair_rows(figures, tables, borders, first, second, year, draws)
    whole = {"permutations": "Int64", "seed": "Int64", "n": "int64", "borders": "Int64", "joined": "Int64"}
    numbers = dict.fromkeys(("estimate", "expected", "p_value", "p_fdr", "ci_low", "ci_high"), "float64")
    return _with_fdr(pd.DataFrame(rows, columns=COLUMNS).astype(whole | numbers))


def _measures(figures, year):
    # Of ranks the smaller is the better; everywhere else more is better.
    return {"score": totals(figures, year, "score"), "rank": -totals(figures, year, "rank")}


def _present(tables, registry):
    return [index for index in registry if index.slug in tables["score"]]


def _most(tables, slugs):
    """The measure in which more provinces have all of the indices, the score if as many, and its values."""
    found = {measure: table[slugs].dropna() for measure, table in tables.items()}
    measure = max(found, key=lambda name: len(found[name]))
    return measure, found[measure]


def _values(tables, index):
    measure, values = _most(tables, [index.slug])
    return measure, values[index.slug]


def _pair_values(figures, tables, first, second, year):
    """What a pair is compared by: measure, variant, values (a column an index) and a reason for none."""
    slugs = [first.slug, second.slug]
    if not (found := whole_of(first, second)):
        measure, values = _most(tables, slugs)
        return measure, PLAIN, values, ""
    whole, part = found
    if not share_known(whole, year):
        return "score", CORRECTED, tables["score"][slugs].dropna(), "spatial.reason_share"
    corrected = part_whole(figures, whole, part, year)
    values = pd.DataFrame({whole.slug: corrected["remainder"], part.slug: corrected["part"]})[slugs]
    return "score", CORRECTED, values.astype("float64"), ""


def _pair_rows(figures, tables, borders, first, second, year, draws):
    measure, variant, values, reason = _pair_values(figures, tables, first, second, year)
    made = weights(borders, values.index)
    of = {"measure": measure, "variant": variant}
    ordered = [(first, second), (second, first)]
    if reason:
        none = Autocorrelation(made.n, reason=reason)
        rows = [_row(BIVARIATE, none, made, a, b, **of) | draws for a, b in ordered]
        return [*rows, _row(RESIDUAL, none, made, second, first, **of)]
    values = values.loc[list(made.codes)]
    rows = [
        _row(BIVARIATE, bivariate(values[a.slug], values[b.slug], made, **draws), made, a, b, **of) | draws
        for a, b in ordered
    ]
    fitted = regress(values[second.slug], values[first.slug], made)
    rows.append(_row(RESIDUAL, fitted.residual, made, second, first, **of))
    # Of the ordinary model alone a reader learns nothing that the correlation does not say.
    if len(fitted.models) > 1:
        for model in fitted.models:
            for name, estimate in _model_estimates(model):
                rows.append(_row(f"{model.kind}_{name}", estimate, made, second, first, **of))
    elif fitted.reason:
        none = Autocorrelation(made.n, reason=fitted.reason)
        rows += [_row(f"{kind}_slope", none, made, second, first, **of) for kind in ("lag", "error")]
    return rows


def _model_estimates(model):
    yield "slope", model.slopes[0]
    if model.spatial:
        yield ("rho" if model.kind == "lag" else "lambda"), model.spatial
    for name in ("log_likelihood", "aic"):
        yield name, Coefficient(getattr(model, name), math.nan, math.nan, math.nan)


def _row(statistic, found, made, index, other=None, measure="", variant=PLAIN):
    names = ("estimate", "expected", "p_value", "ci_low", "ci_high")
    return {
        "index": index.slug,
        "statistic": statistic,
        "n": made.n,
        "index_b": other.slug if other else "",
        "measure": measure,
        "variant": variant,
        "borders": made.shared,
        "joined": len(made.joined),
        "joined_codes": " ".join(made.joined),
        "reason": getattr(found, "reason", ""),
    } | {name: getattr(found, name, math.nan) for name in names}


def _with_fdr(table):
    from scipy.stats import false_discovery_control

    tested = table[table["statistic"].isin([MORAN, BIVARIATE, RESIDUAL]) & table["p_value"].notna()]
    for _, family in tested.groupby("statistic", sort=False):
        table.loc[family.index, "p_fdr"] = false_discovery_control(family["p_value"], method="bh")
    return table


def clusters_table(figures, registry, borders, year, seed=SEED, permutations=PERMUTATIONS):
    """
    Find the local clusters of every index of a year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    borders : Borders
        Of the units of the year's vintage.
    year : int
    seed : int
    permutations : int

    Returns
    -------
    pandas.DataFrame
        Columns `CLUSTER_COLUMNS`: one row an index and province with a figure; ``value`` is the score, or
        the national rank (1 = best) where more provinces have one; ``joined`` the code of the province that
        it was joined to, if its neighbours have no figure, and ``joined_km`` how far it is; the rest as in
        `local`. The better side is "high", also of ranks.
    """
    tables = _measures(figures, year)
    parts = []
    for index in _present(tables, registry):
        measure, values = _values(tables, index)
        made = weights(borders, values.index)
        values = values.loc[list(made.codes)]
        found = local(values, made, permutations, seed).reset_index()
        parts.append(
            found.assign(
                index=index.slug,
                measure=measure,
                value=values.abs().to_numpy() if measure == "rank" else values.to_numpy(),
                neighbours=made.adjacency.sum(axis=1),
                joined=[made.joined.get(code, "") for code in made.codes],
                joined_km=[borders.distance(code, made.joined.get(code)) for code in made.codes],
                n=made.n,
                seed=seed,
            )
        )
    if not parts:
        return pd.DataFrame(columns=CLUSTER_COLUMNS)
    return pd.concat(parts, ignore_index=True)[CLUSTER_COLUMNS]
