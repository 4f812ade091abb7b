"""Checking: counts against those accepted, figures against published ones, ranks against scores."""

import itertools
import math

import pandas as pd

COUNT_COLUMNS = ["index", "year", "reports", "provinces"]
CHECK_COLUMNS = [
    "check",
    "index",
    "year",
    "gso_code",
    "field",
    "published",
    "ours",
    "n",
    "difference",
    "agrees",
    "source",
]
PRESS_TOLERANCE = 0.0105
MEAN_TOLERANCE = 0.02


def count(reports, figures, folder):
    """
    Count reports and provinces by index and year, beside the numbers last accepted.

    Parameters
    ----------
    reports, figures : pandas.DataFrame
    folder : pathlib.Path
        Of the raw tables; ``expected_counts.csv`` holds what was accepted.

    Returns
    -------
    pandas.DataFrame
        Columns `COUNT_COLUMNS`, ``expected_reports`` and ``expected_provinces``, all numbers Int64; missing
        where there is nothing, or nothing was expected.
    """
    totals = figures[figures["component"] == ""].groupby(["index", "year"]).size().rename("provinces")
    counts = reports.groupby(["index", "year"]).size().rename("reports").to_frame().join(totals, how="outer")
    path = folder / "expected_counts.csv"
    expected = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=COUNT_COLUMNS)
    expected = expected.rename(columns={"reports": "expected_reports", "provinces": "expected_provinces"})
    merged = counts.reset_index().merge(expected, on=["index", "year"], how="outer")
    numbers = [column for column in merged.columns if column != "index"]
    merged = merged.sort_values(["index", "year"]).astype(dict.fromkeys(numbers, "Int64"))
    return merged.reset_index(drop=True)


def run_checks(figures, folder, known):
    """
    Compare the figures with what was published elsewhere, and ranks with scores.

    Parameters
    ----------
    figures : pandas.DataFrame
    folder : pathlib.Path
        Of the raw tables; ``checks/national_means.csv`` and ``checks/<index>_press.csv`` are read if there.
    known : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        Columns `CHECK_COLUMNS`. ``mean``: published national mean against the mean of the provinces at
        hand; ``agrees`` is empty where fewer than 60 of 63 are at hand, since a mean over a selection says
        nothing. ``press``: figures in the press against the computed ones (`PRESS_TOLERANCE`) and their
        ranks. ``shared_rank``: reported ranks that two provinces hold. ``order``: a higher score with a
        worse reported rank.
    """
    totals = figures[figures["component"] == ""]
    rows = _check_means(totals, folder / "checks" / "national_means.csv")
    for path in sorted((folder / "checks").glob("*_press.csv")):
        rows += _check_press(figures, path)
    for index in known:
        if not index.ranks_computed:
            rows += _check_order(totals[totals["index"] == index.slug])
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def _check_means(totals, path):
    if not path.is_file():
        return []
    rows = []
    for said in pd.read_csv(path).itertuples():
        scores = totals.loc[(totals["index"] == said.index) & (totals["year"] == said.year), "score"].dropna()
        mean = round(scores.mean(), 4) if len(scores) else math.nan
        difference = round(mean - said.mean, 4)
        agrees = "" if len(scores) < 60 else abs(difference) <= MEAN_TOLERANCE
        row = ("mean", said.index, said.year, "", "score", said.mean, mean)
        rows.append((*row, len(scores), difference, agrees, said.source))
    return rows


def _check_press(figures, path):
    slug = path.name.removesuffix("_press.csv")
    of_index = figures[figures["index"] == slug].astype({"rank": "float64"})
    keys = zip(of_index["component"], of_index["year"], of_index["gso_code"], strict=True)
    ours = dict(zip(keys, of_index[["score", "rank"]].to_dict("records"), strict=True))
    counts = of_index.groupby(["component", "year"]).size()
    rows = []
    for said in pd.read_csv(path, dtype={"gso_code": str}).fillna({"component": ""}).itertuples():
        key = (said.component, said.year, said.gso_code)
        for field in ("score", "rank"):
            published = getattr(said, field)
            if math.isnan(published):
                continue
            mine = ours.get(key, {}).get(field, math.nan)
            difference = round(mine - published, 4)
            tolerance = PRESS_TOLERANCE if field == "score" else 0
            agrees = "" if math.isnan(mine) else abs(difference) <= tolerance
            row = ("press", slug, said.year, said.gso_code, field, published, mine)
            n = int(counts.get(key[:2], 0))
            rows.append((*row, n, difference, agrees, said.source))
    return rows


def _check_order(totals):
    rows = []
    for (slug, year), group in totals[totals["rank"].notna()].groupby(["index", "year"]):
        fields = ["gso_code", "rank", "score", "rank_source"]
        pairs = itertools.combinations(group.sort_values(["rank", "gso_code"])[fields].itertuples(), 2)
        for better, worse in pairs:
            shared = better.rank == worse.rank
            swapped = better.rank < worse.rank and better.score < worse.score
            if shared or swapped:
                check, field = ("shared_rank", "rank") if shared else ("order", "score")
                sources = f"{better.rank_source}|{worse.rank_source}"
                values = (getattr(better, field), getattr(worse, field))
                row = (check, slug, year, f"{better.gso_code}|{worse.gso_code}", field, *values)
                rows.append((*row, len(group), round(float(values[1] - values[0]), 4), False, sources))
    return rows
