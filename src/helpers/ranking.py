"""Ranking: sums of parts, ranks, runs of comparable years and published groups of the figures."""

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
        of_index = figures[figures["index"] == index.slug]
        for year, found in of_index.groupby("year"):
            added += _sums_of_year(found, index, year, known.basis)
    return pd.concat(added, ignore_index=True)


def _sums_of_year(found, index, year, basis_order):
    """Sum the dimensions of one index and year, then the total from stated and summed dimensions."""
    trust = {basis: place for place, basis in enumerate(basis_order)}
    scored = found[found["score"].notna()]
    score = scored.pivot(index="gso_code", columns="component", values="score")
    place = scored.assign(place=scored["basis"].map(trust)).pivot(
        index="gso_code", columns="component", values="place"
    )
    source = scored.pivot(index="gso_code", columns="component", values="source")
    added = []
    for component in [*index.parts(year), ""]:
        parts = index.parts(year, component)
        if not parts or not set(parts) <= set(score.columns):
            continue
        # A part that is missing leaves the sum missing: adding up what is there would put a province last.
        sums = score[parts].sum(axis=1, skipna=False).round(SCORE_DECIMALS).dropna()
        if component in score.columns:
            sums = sums[score.loc[sums.index, component].isna()]
        if sums.empty:
            continue
        # A sum is as trusted as its least trusted part.
        places = place.loc[sums.index, parts].max(axis=1)
        sources = source.loc[sums.index, parts].agg(_joined, axis=1)
        for wide, values in ((score, sums), (place, places), (source, sources)):
            wide[component] = values if component not in wide else wide[component].fillna(values)
        added.append(
            pd.DataFrame(
                {
                    "index": index.slug,
                    "year": year,
                    "gso_code": sums.index,
                    "component": component,
                    "score": sums.to_numpy(),
                    "max_score": index.max_score(year, component),
                    "rank": math.nan,
                    "ranked": math.nan,
                    "basis": [basis_order[int(number)] for number in places],
                    "source": sources.to_numpy(),
                    "rank_basis": "",
                    "rank_source": "",
                }
            )
        )
    return added


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
    figures["series"] = [
        known[slug].series(year) for slug, year in zip(figures["index"], figures["year"], strict=True)
    ]
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
    return [names[int((score < cuts).sum())] for score in scores]


def _by_limits(score, limits):
    return next((name for name, limit in limits if score >= limit), "")
