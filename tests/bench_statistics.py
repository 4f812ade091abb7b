"""Measure the computing of 03_correlate and 05_panel on the real figures, after the imports."""

import importlib
import os
import time

# One thread, as the batch gives to each page; read when numpy is imported.
os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})

import numpy as np

from helpers import (
    agreement,
    boundaries,
    correlation,
    indices,
    panel,
    panel_models,
    provinces,
    rank_intervals,
    registry,
    resampling,
    selection,
    spatial,
)

LIBRARIES = [
    *("scipy.stats", "statsmodels.stats.multitest", "statsmodels.regression.mixed_linear_model"),
    *("libpysal.weights", "linearmodels", "spreg", "spreg.ml_error", "spreg.ml_lag", "pyproj"),
]


def _seconds(compute):
    resampling.resamples.cache_clear()
    resampling._orders.cache_clear()
    start = time.perf_counter()
    compute()
    return time.perf_counter() - start


def one_pair(method):
    """Bootstrap interval and permutation p of one synthetic pair of 63 provinces."""
    x, y = np.random.default_rng(1).normal(size=(2, 63))
    resampling.bootstrap(method, x, y)
    resampling.permutation_p(method, x, y)


def one_year(figures, known, places, borders, year):
    """Compute all that 03_correlate shows of a year."""
    correlation.pairs(figures, known, places, year)
    correlation.influence(figures, known, year)
    selection.compare(figures, known, places, year)
    spatial.year_table(figures, known, borders, year)
    spatial.clusters_table(figures, known, borders, year)
    for index in correlation.dissected(figures, known, year):
        correlation.components(figures, index, known, year)


def all_years(figures, known):
    """Compute all that 05_panel shows."""
    pair = known["par"], known["papi"]
    panel.describe(figures, known)
    panel_models.models_table(figures, known)
    panel_models.convergence_table(figures, known)
    rank_intervals.table(figures, known)
    rank_intervals.over_runs(figures, known)
    gaps = agreement.differences(figures, *pair)
    agreement.persistence(gaps, *pair)
    agreement.by_year(gaps, *pair)


def main():
    """Measure and print three lines."""
    for library in LIBRARIES:
        importlib.import_module(library)
    known, places, figures = registry.load(), provinces.load(), indices.read()
    borders = spatial.borders(boundaries.read())
    pairs = {method: _seconds(lambda m=method: one_pair(m)) for method in ("pearson", "spearman", "kendall")}
    years = {
        year: _seconds(lambda y=year: one_year(figures, known, places, borders, y))
        for year in range(2011, 2025)
    }
    listed = ", ".join(f"{method} {seconds:.2f} s" for method, seconds in pairs.items())
    draws = f"{resampling.DRAWS:,}"
    print(f"One pair of 63 provinces, {draws} resamples and {draws} permutations: {listed}.")
    slowest = max(years, key=years.get)
    print(
        f"03_correlate, computing for one year: {sum(years.values()) / len(years):.2f} s on average, "
        f"{years[slowest]:.2f} s for the slowest ({slowest})."
    )
    print(f"05_panel, computing for all years: {_seconds(lambda: all_years(figures, known)):.1f} s.")


if __name__ == "__main__":
    main()
