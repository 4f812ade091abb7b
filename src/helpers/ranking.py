"""Ranking: sums of parts, ranks, runs of comparable years and published groups of the figures."""

import functools
import math

import numpy as np
import pandas as pd

from helpers.ledger import KEY, SCORE_DECIMALS

COLUMNS = [
    *KEY,
    "score",
    "max_score",
    "rank",
    "ranked",
    "basis",
    "source",
    "series",
    "group",
    "rank_basis",
    "rank_source",
]


def add_sums(figures, known):
    """
    Sum dimensions and totals from their parts, only where every part is there.

    Parameters
    ----------
    figures : pandas.DataFrame
        As `reconcile` gives them.
    known : helpers.registry.Registry
        Indices with ``sums = true`` are summed; a sum that a source states itself stays as stated.

    Returns
    -------
    pandas.DataFrame
    """
    added = [figures]
    for index in (index for index in known if index.sums):
        rows = _sums(figures[(figures["index"] == index.slug) & figures["score"].notna()], index, known.basis)
        if rows:
            added.append(pd.DataFrame(rows).astype({"max_score": "float64"}))
    return pd.concat(added, ignore_index=True)


def _sums(scored, index, basis_order):
    """Sum the dimensions of each province and year, then the total from stated and summed dimensions."""
    trust = {basis: place for place, basis in enumerate(basis_order)}
    known = {}
    for year, code, component, *values in scored[
        ["year", "gso_code", "component", "score", "basis", "source"]
    ].itertuples(index=False, name=None):
        known.setdefault((year, code), {})[component] = values
    wholes = {}
    added = []
    for (year, code), found in known.items():
        if year not in wholes:
            wholes[year] = [
                (whole, parts, index.max_score(year, whole))
                for whole in [*index.parts(year), ""]
                if (parts := index.parts(year, whole))
            ]
        for component, parts, maximum in wholes[year]:
            # A part that is missing leaves the sum missing: adding up the rest would put a province last.
            if component in found or not found.keys() >= set(parts):
                continue
            scores, bases, sources = zip(*(found[part] for part in parts), strict=True)
            # A sum is as trusted as its least trusted part.
            basis, source = max(bases, key=trust.get), _joined(sources)
            score = np.round(sum(scores), SCORE_DECIMALS)
            found[component] = score, basis, source
            added.append(
                {
                    "index": index.slug,
                    "year": year,
                    "gso_code": code,
                    "component": component,
                    "score": score,
                    "max_score": maximum,
                    "rank": math.nan,
                    "ranked": math.nan,
                    "basis": basis,
                    "source": source,
                    "rank_basis": "",
                    "rank_source": "",
                }
            )
    return added


@functools.cache
def _joined(sources):
    """Write the sources of the parts once each."""
    return "|".join(sorted(set("|".join(sources).split("|"))))


def add_ranks_and_groups(figures, known):
    """
    Rank where ranks are computed, give each figure its series and its published group, and sort.

    Parameters
    ----------
    figures : pandas.DataFrame
    known : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. Equal scores share the better rank. Quarters are cut at the 75th, 50th and 25th
        percentile (linear interpolation) of the provinces that have a score.
    """
    figures = figures.assign(group="", score=figures["score"].round(SCORE_DECIMALS))
    computed = figures["index"].map({index.slug: index.ranks_computed for index in known})
    computed &= figures["score"].notna()
    scores = figures[computed].groupby(["index", "year", "component"])["score"]
    figures.loc[computed, "rank"] = scores.rank(ascending=False, method="min")
    figures.loc[computed, "ranked"] = scores.transform("count")
    figures.loc[computed, "rank_basis"] = figures.loc[computed, "basis"]
    figures.loc[computed, "rank_source"] = figures.loc[computed, "source"]
    figures["group"] = _groups(figures, known)
    series = functools.cache(lambda slug, year: known[slug].series(year))
    figures["series"] = [series(*key) for key in zip(figures["index"], figures["year"], strict=True)]
    figures["max_score"] = figures["max_score"].round(SCORE_DECIMALS)
    figures = figures.astype({"rank": "Int64", "ranked": "Int64", "year": "int64"})
    return figures[COLUMNS].sort_values(KEY, kind="stable").reset_index(drop=True)


def _groups(figures, known):
    """Name the published group of every total and dimension that has one; "" elsewhere."""
    groups = pd.Series("", index=figures.index, dtype=object)
    grouped = figures[figures["score"].notna() & ~figures["component"].str.contains(".", regex=False)]
    for (slug, year, component), rows in grouped.groupby(["index", "year", "component"]):
        grouping = known[slug].groups(year)
        if grouping and grouping["kind"] == "quarters":
            groups[rows.index] = quarters(rows["score"], grouping["names"])
        elif grouping and not component:
            groups[rows.index] = [_by_limits(score, grouping["limits"]) for score in rows["score"]]
    return groups.astype(str)


def quarters(scores, names):
    """
    Put scores into the four published groups, cut at the 75th, 50th and 25th percentile.

    Parameters
    ----------
    scores : pandas.Series of float
    names : list of str
        Of the four groups, the highest first.

    Returns
    -------
    list of str
        A score on a cut belongs to the higher group.
    """
    cuts = np.percentile(scores, [75, 50, 25])
    return [names[place] for place in (np.asarray(scores)[:, None] < cuts).sum(axis=1)]


def _by_limits(score, limits):
    return next((name for name, limit in limits if score >= limit), "")
