"""The spatial statistics of a year in words and tables for the page, in both languages."""

import math

import pandas as pd

from helpers.correlation import CORRECTED, whole_of
from helpers.findings import interval_text, not_estimated, p_text
from helpers.resampling import LEVEL, SEED
from helpers.spatial import (
    BIVARIATE,
    CLUSTERS,
    MINIMUM,
    MINIMUM_MODELS,
    MORAN,
    PERMUTATIONS,
    REFINED_BELOW,
    REFINEMENT,
    RESIDUAL,
)
from helpers.wording import alphabetical, listing, number, text

MODELS = ("ols", "lag", "error")
_SPATIAL = {"lag": "rho", "error": "lambda"}


def _reason(reason, language):
    return text(reason, language, minimum=MINIMUM, minimum_models=MINIMUM_MODELS)


def written(table):
    """
    Make a table of `helpers.spatial` ready to be kept as a file.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `year_table` or `clusters_table`.

    Returns
    -------
    pandas.DataFrame
        The same columns, ten decimals, and reasons as English phrases.
    """
    reasons = [_reason(reason, "en") if reason else "" for reason in table["reason"]]
    return table.round(10).assign(reason=reasons)


def _rows(table, statistic):
    return list(table[table["statistic"] == statistic].itertuples(index=False))


def _p(value, language):
    written = p_text(value, language)
    return f"p\u00a0{written}" if written.startswith("<") else f"p\u00a0=\u00a0{written}"


def _measure(row, language):
    return text(f"spatial.measure_{row.measure}", language)


def _verdict(row):
    if row.reason:
        return "refused"
    if row.p_value >= LEVEL:
        return "unclear"
    return "positive" if row.estimate > row.expected else "negative"


def _told(rows, write, key, plural, language):
    """Texts ``<key><verdict>`` of the rows of each verdict; those without an estimate by their reason."""
    groups = {(verdict, ""): [] for verdict in ("positive", "negative", "unclear")}
    for row in rows:
        groups.setdefault((_verdict(row), row.reason), []).append(write(row))
    told = []
    for (verdict, reason), found in groups.items():
        if found:
            values = {plural: listing(found, language)}
            if reason:
                values["reason"] = _reason(reason, language)
            told.append(text(f"{key}{verdict}", language, **values))
    return told


def _clause(row, name, key, language):
    if row.reason:
        return text("spatial.clause_refused", language, name=name, n=row.n)
    remarks = ""
    if row.p_value < LEVEL <= row.p_fdr:
        remarks = text(f"{key}_fdr", language, p=_p(row.p_fdr, language))
    return text(
        key,
        language,
        name=name,
        measure=_measure(row, language),
        estimate=number(row.estimate, language),
        expected=number(row.expected, language),
        p=_p(row.p_value, language),
        n=row.n,
        remarks=remarks,
    )


def in_words(table, registry, language):
    """
    Say in hedged sentences, one a verdict, in which indices neighbours resemble each other.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        "No evidence" where p is 0.05 or more; indices without an estimate with their reason.
    """

    def write(row):
        return _clause(row, registry[row.index].short, "spatial.clause", language)

    said = _told(_rows(table, MORAN), write, "spatial.", "indices", language)
    return " ".join(said) or text("spatial.no_indices", language)


def opening(table, registry, language):
    """
    Say whether neighbours resemble each other, for the opening of the page.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph: the indices by verdict; then the pairs of which what the one does not share
        with the other is alike among neighbours, where there are any. "" without any figure.
    """

    def write(row):
        key = "spatial.brief" if _verdict(row) in ("positive", "negative") else "spatial.clause_refused"
        values = {"estimate": number(row.estimate, language), "p": _p(row.p_value, language)}
        remarks = text("spatial.brief_fdr", language) if row.p_value < LEVEL <= row.p_fdr else ""
        return text(key, language, name=registry[row.index].short, n=row.n, remarks=remarks, **values)

    groups = {verdict: [] for verdict in ("positive", "negative", "unclear", "refused")}
    for row in _rows(table, MORAN):
        groups[_verdict(row)].append(write(row))
    parts = [
        text(f"spatial.brief_{verdict}", language, indices=listing(found, language))
        for verdict, found in groups.items()
        if found
    ]
    if not parts:
        return ""
    sentence = "; ".join(parts)
    said = text("spatial.opening", language, parts=sentence[0].upper() + sentence[1:])
    dependent = [row for row in _rows(table, RESIDUAL) if _verdict(row) == "positive"]
    if dependent:
        pairs = (
            text("spatial.clause_refused", language, name=_couple(row, registry, language), n=row.n)
            for row in dependent
        )
        said += " " + text("spatial.opening_residual", language, pairs=listing(pairs, language))
    return said


def _couple(row, registry, language):
    # In the order of the registry, as pairs are named elsewhere; regressions name the explained index first.
    slugs = sorted((row.index, row.index_b), key=list(registry.indices).index)
    return "\u00a0– ".join(_name(row, registry, slug, language) for slug in slugs)


def _name(row, registry, slug, language):
    """An index, as it stands in a pair: the whole without the part that it contains."""
    index = registry[slug]
    if row.variant == CORRECTED and row.reason != "spatial.reason_share":
        whole, part = whole_of(registry[row.index], registry[row.index_b])
        if index == whole:
            return text("spatial.remainder", language, whole=whole.short, part=part.short)
    return index.short


def _regression(row, registry, language):
    return text(
        "spatial.regression",
        language,
        explained=_name(row, registry, row.index, language),
        explaining=_name(row, registry, row.index_b, language),
    )


def _fallen_short(table):
    """Why spatial models were called for and not estimated, by pair."""
    found = table[(table["statistic"] == "lag_slope") & (table["reason"] != "")]
    return {(row.index, row.index_b): row.reason for row in found.itertuples(index=False)}


def residuals_in_words(table, registry, language):
    """
    Say what neighbours mean for the correlations: whether the regressions leave a spatial pattern.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        One sentence or two for each verdict.
    """
    rows, short = _rows(table, RESIDUAL), _fallen_short(table)
    if not rows:
        return text("spatial.residual_none", language)

    def write(row):
        return _clause(row, _regression(row, registry, language), "spatial.regression_clause", language)

    alone = [row for row in rows if _verdict(row) == "positive" and (row.index, row.index_b) in short]
    others = [row for row in rows if _verdict(row) != "positive" or (row.index, row.index_b) not in short]
    said = _told(others, write, "spatial.residual_", "pairs", language)
    if alone:
        reasons = dict.fromkeys(_reason(short[row.index, row.index_b], language) for row in alone)
        values = {"pairs": listing(map(write, alone), language), "reasons": "; ".join(reasons)}
        said.insert(0, text("spatial.residual_positive_alone", language, **values))
    return " ".join(said)


def _worded(rows, columns, language):
    frame = pd.DataFrame(rows, columns=columns)
    return frame.rename(columns=lambda column: text(f"spatial.column_{column}", language))


def _cells(row, language):
    return {
        "measure": _measure(row, language),
        "n": row.n,
        "borders": row.borders,
        "joined": row.joined,
        "estimate": row.estimate,
        "expected": row.expected,
        "p": p_text(row.p_value, language),
        "p_fdr": p_text(row.p_fdr, language),
    }


_TESTED = ("estimate", "p", "n", "p_fdr", "expected", "measure", "borders", "joined")


def _laid_out(rows, named, columns, language):
    """The rows with an estimate as a table, the others in a line; `named` gives the first cells of a row."""
    shown = [named(row) | _cells(row, language) for row in rows if not row.reason]
    refused = [
        ("\u00a0– ".join(named(row).values()), row.n, _reason(row.reason, language))
        for row in rows
        if row.reason
    ]
    return _worded(shown, columns, language), not_estimated(refused, language)


def global_table(table, registry, language):
    """
    Lay the Moran's I of each index out for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    (pandas.DataFrame, str)
        Worded columns; one row an index. Below it the line that names those without an estimate, which are
        not in the table; "" for none.
    """

    def named(row):
        return {"index": registry[row.index].short}

    return _laid_out(_rows(table, MORAN), named, ["index", *_TESTED], language)


def bivariate_table(table, registry, language):
    """
    Lay the bivariate Moran's I out for reading: one row an ordered pair.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    (pandas.DataFrame, str)
        As of `global_table`.
    """

    def named(row):
        return {
            "own": _name(row, registry, row.index, language),
            "other": _name(row, registry, row.index_b, language),
        }

    # 0 is expected of each.
    columns = ["own", "other", *(column for column in _TESTED if column != "expected")]
    return _laid_out(_rows(table, BIVARIATE), named, columns, language)


def residual_table(table, registry, language):
    """
    Lay the Moran's I of the residuals out for reading: one row a pair.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    (pandas.DataFrame, str)
        As of `global_table`.
    """

    def named(row):
        return {"pair": _regression(row, registry, language)}

    return _laid_out(_rows(table, RESIDUAL), named, ["pair", *_TESTED], language)


def _modelled(table):
    """Rows of the statistics of each pair that has spatial models, by pair."""
    pairs = table[(table["statistic"] == "lag_slope") & (table["reason"] == "")]
    for pair in pairs.itertuples(index=False):
        of_pair = table[(table["index"] == pair.index) & (table["index_b"] == pair.index_b)]
        yield pair, {row.statistic: row for row in of_pair.itertuples(index=False)}


def models_table(table, registry, language):
    """
    Lay the ordinary and the spatial regressions side by side.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns, three rows a pair; empty if no spatial model was estimated.
    """
    rows = []
    for pair, found in _modelled(table):
        for model in MODELS:
            spatial = found.get(f"{model}_{_SPATIAL.get(model)}")
            slope = found[f"{model}_slope"]
            rows.append(
                {
                    "pair": _regression(pair, registry, language),
                    "model": text(f"spatial.model_{model}", language),
                    "n": pair.n,
                    "slope": interval_text(slope, language),
                    "p": p_text(slope.p_value, language),
                    "spatial": interval_text(spatial, language) if spatial else number(None, language),
                    "p_spatial": p_text(spatial.p_value if spatial else math.nan, language),
                    "log_likelihood": found[f"{model}_log_likelihood"].estimate,
                    "aic": found[f"{model}_aic"].estimate,
                }
            )
    columns = ["pair", "model", "slope", "p", "n", "spatial", "p_spatial", "aic", "log_likelihood"]
    return _worded(rows, columns, language)


def models_in_words(table, registry, language):
    """
    Compare the slopes of the ordinary and the spatial regressions.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a paragraph a pair and how to read them; "" if no spatial model was estimated.
    """
    said = []
    for pair, found in _modelled(table):
        slopes = {model: found[f"{model}_slope"] for model in MODELS}
        best = min(MODELS, key=lambda model: found[f"{model}_aic"].estimate)
        said.append(
            text(
                "spatial.models_pair",
                language,
                pair=_regression(pair, registry, language),
                measure=_measure(pair, language),
                n=pair.n,
                verdict=text(f"spatial.models_{_agreement(slopes.values())}", language),
                best=text(f"spatial.model_{best}", language),
                **{model: interval_text(slope, language) for model, slope in slopes.items()},
            )
        )
    return "\n\n".join([*said, text("spatial.models_note", language)]) if said else ""


def _agreement(slopes):
    signs = {
        0 if slope.ci_low <= 0 <= slope.ci_high else math.copysign(1, slope.estimate) for slope in slopes
    }
    if signs == {0}:
        return "unclear"
    return "clear" if len(signs) == 1 else "mixed"


def clusters_in_words(clusters, registry, language):
    """
    Say for each index how many provinces stand out, before and after the control of false discoveries.

    Parameters
    ----------
    clusters : pandas.DataFrame
        As made by `helpers.spatial.clusters_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a paragraph an index; a last line for those without an estimate.
    """
    said, refused = [], []
    for slug, rows in clusters.groupby("index", sort=False):
        values = {"index": registry[slug].short, "n": len(rows)}
        if reason := rows["reason"].iloc[0]:
            refused.append((values["index"], values["n"], _reason(reason, language)))
            continue
        counts = rows["cluster"].value_counts()
        kinds = [
            text("spatial.kind_count", language, kind=text(f"spatial.{kind}", language), n=counts[kind])
            for kind in CLUSTERS[:-1]
            if kind in counts
        ]
        key = "spatial.clusters_found" if kinds else "spatial.clusters_none"
        values |= {
            "measure": text(f"spatial.measure_{rows['measure'].iloc[0]}", language),
            "found": len(rows) - counts.get(CLUSTERS[-1], 0),
            "single": int((rows["p_value"] < LEVEL).sum()),
            "chance": number(LEVEL * len(rows), language, 0),
        }
        said.append(text(key, language, kinds=listing(kinds, language), **values))
    return "\n\n".join(filter(None, [*said, not_estimated(refused, language)]))


def clusters_named(clusters, registry, provinces, language):
    """
    Name the provinces of each kind of cluster.

    Parameters
    ----------
    clusters : pandas.DataFrame
        As made by `helpers.spatial.clusters_table`.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns: index, kind, names, how many; one row an index and kind that occurs. Empty if no
        province stands out.
    """
    rows = []
    marked = clusters[(clusters["reason"] == "") & (clusters["cluster"] != CLUSTERS[-1])]
    for (slug, kind), found in marked.groupby(["index", "cluster"]):
        names = [_with_mark(row, provinces, language) for row in found.itertuples(index=False)]
        rows.append(
            {
                "index": registry[slug].short,
                "cluster": text(f"spatial.{kind}", language),
                "count": len(found),
                "names": ", ".join(alphabetical(names, language)),
                "order": (list(registry.indices).index(slug), CLUSTERS.index(kind)),
            }
        )
    rows.sort(key=lambda row: row.pop("order"))
    return _worded(rows, ["index", "cluster", "names", "count"], language)


def _with_mark(row, provinces, language):
    name = provinces.name(row.gso_code, language)
    return text("spatial.joined_mark", language, province=name) if row.joined else name


def method(table, clusters, registry, provinces, language):
    """
    Explain how neighbours, chance and clusters are dealt with.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.spatial.year_table`.
    clusters : pandas.DataFrame
        As made by `helpers.spatial.clusters_table`.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a section; names the provinces joined by the rule, of each index with an estimate.
    """
    joined = clusters[(clusters["joined"] != "") & (clusters["reason"] == "")]
    parts = []
    for slug, rows in joined.groupby("index", sort=False):
        names = [
            text(
                "spatial.joined_pair",
                language,
                province=provinces.name(row.gso_code, language),
                nearest=provinces.name(row.joined, language),
                distance=number(row.joined_km, language, 0),
            )
            for row in rows.itertuples(index=False)
        ]
        values = {
            "index": registry[slug].short,
            "n": len(rows),
            "names": "; ".join(alphabetical(names, language)),
        }
        parts.append(text("spatial.joined_index", language, **values))
    drawn = table[table["statistic"] == MORAN]
    permutations, seed = (
        int(drawn[name].iloc[0]) if len(drawn) else default
        for name, default in (("permutations", PERMUTATIONS), ("seed", SEED))
    )
    return text(
        "spatial.method",
        language,
        joined="; ".join(parts) or text("spatial.joined_none", language),
        minimum=MINIMUM,
        permutations=number(permutations, language, 0),
        refined=number(REFINED_BELOW, language),
        finer=number(REFINEMENT * (permutations + 1) - 1, language, 0),
        seed=seed,
    )
