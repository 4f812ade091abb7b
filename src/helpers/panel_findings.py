"""The description of all years in words and tables for the page, in both languages."""

import math

import pandas as pd

from helpers.coefficients import MINIMUM_PAIRS
from helpers.comparability import breaks
from helpers.correlation import whole_of
from helpers.findings import p_text, pair_name
from helpers.panel import COVERAGE, WITHIN_YEAR, by_lag, complete
from helpers.resampling import DRAWS, LEVEL
from helpers.wording import listing, number, text

_OPTIONAL = ("mean", "median", "sd", "quartiles", "published_mean")
# From this distance on two years count as far apart, if there are any.
DECADE = 10


def reason_text(reason, language):
    """
    Say why there is no estimate.

    Parameters
    ----------
    reason : str
        Key of a text; "" for none.
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    if not reason:
        return ""
    return text(reason, language, minimum=MINIMUM_PAIRS, share=_percent(COVERAGE, language))


def written(rows):
    """
    Make the long table of `helpers.panel` ready to be kept as a file.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns `helpers.panel.PANEL_COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        The same columns, ten decimals, and reasons as English phrases.
    """
    return rows.round(10).assign(reason=[reason_text(reason, "en") for reason in rows["reason"]])


# --- opening sentences -------------------------------------------------------------------------------------


def in_words(described, registry, language):
    """
    Say in four hedged sentences what the years show.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a paragraph each: how stable the order of the provinces is, how much of the variation lies
        between them, what the national level did within comparable years, what cannot be concluded.
    """
    sentences = (_order, _shares, _level, _cannot)
    return "\n\n".join(sentence(described, registry, language) for sentence in sentences)


def _order(described, registry, language):
    lags = by_lag(described.persistence)
    whole, clauses, named = complete(described.levels, registry), [], []
    for index in [*whole, *(index for index in registry if index not in whole)]:
        own = lags[lags["index"] == index.slug]
        near = own[own["lag"] == 1]
        if near.empty:
            continue
        found = _range(near, language)
        if index in whole and (medians := _medians(described, index, language)):
            found = text("panel.order_divided", language, range=found, **medians)
        clause = text("panel.order_near", language, index=index.short, range=found)
        if index not in whole:
            named.append(index.short)
        elif (own["lag"] >= DECADE).any():
            clause = _far(described, index, clause, language)
        clauses.append(clause)
    if not clauses:
        return text("panel.order_none", language, minimum=MINIMUM_PAIRS)
    caution = text("panel.order_caution", language, indices=listing(named, language)) if named else ""
    return text("panel.order", language, clauses="; ".join(clauses), caution=caution)


def _medians(described, index, language):
    """Medians of neighbouring years within a series and across a break, where there are two of each."""
    table = described.persistence
    near = table[(table["index"] == index.slug) & (table["last"] - table["first"] == 1)]
    known = near[near["reason"] == ""]
    across = known["series"] == WITHIN_YEAR
    if min(across.sum(), (~across).sum()) < 2:
        return {}
    medians = {
        "inside": known.loc[~across, "estimate"].median(),
        "across": known.loc[across, "estimate"].median(),
    }
    return {name: number(value, language) for name, value in medians.items()}


def _far(described, index, near, language):
    table = described.persistence
    gaps = table["last"] - table["first"]
    # All distant pairs together, not the medians of each distance.
    distant = table[(table["index"] == index.slug) & (gaps >= DECADE) & (table["reason"] == "")]
    together = by_lag(distant.assign(last=distant["first"] + DECADE))
    pairs, unclear = int(together["pairs"].iloc[0]), int(together["unclear"].iloc[0])
    remark = text("panel.order_unclear", language, unclear=unclear, pairs=pairs) if unclear else ""
    values = {"near": near, "lag": DECADE, "range": _range(together, language), "unclear": remark}
    return text("panel.order_far", language, **values)


def _range(summary, language):
    row = summary.iloc[0]
    values = {name: number(row[name], language) for name in ("low", "median", "high")}
    values |= {"n": _counts(row["n_low"], row["n_high"]), "pairs": row["pairs"]}
    return text("panel.order_single" if row["pairs"] == 1 else "panel.order_range", language, **values)


def _counts(low, high):
    return str(low) if low == high else f"{low}–{high}"


def _shares(described, registry, language):
    rows = described.rows
    known = rows[(rows["analysis"] == "icc") & (rows["term"] == "icc") & (rows["reason"] == "")]
    clauses = []
    for index in registry:
        own = known[known["index_a"] == index.slug]
        runs, overall = own[own["measure"] == "score"], own[own["measure"] == "rank"]
        for row in [*runs.tail(1).itertuples(), *overall.itertuples()]:
            values = {"index": index.short, "years": row.years.replace("-", "–"), "n": row.provinces}
            ends = {"share": row.estimate, "low": row.ci_low, "high": row.ci_high}
            values |= {name: _percent(value, language) for name, value in ends.items()}
            clauses.append(text(f"panel.share_{row.measure}", language, **values))
    if not clauses:
        return text("panel.shares_none", language, minimum=MINIMUM_PAIRS)
    return text("panel.shares", language, clauses=listing(clauses, language))


def _percent(share, language):
    return number(100 * share, language, 0)


def _level(described, registry, language):
    clauses = []
    for index in registry:
        own = described.levels[described.levels["index"] == index.slug]
        changes = described.rows[
            (described.rows["analysis"] == "level_change") & (described.rows["index_a"] == index.slug)
        ]
        known = changes[changes["reason"] == ""]
        if len(known):
            clauses.append(_change(known.iloc[-1], index, language))
        elif published := _published_runs(own, language):
            clauses.append(text("panel.level_published", language, index=index.short, **published[-1]))
    if not clauses:
        return text("panel.level_none", language)
    return text("panel.level", language, clauses="; ".join(clauses))


def _change(row, index, language):
    first, last = row["years"].split("-")
    values = {"index": index.short, "first": first, "last": last, "n": row["n"]}
    values |= {"low": number(row["ci_low"], language), "high": number(row["ci_high"], language)}
    values["change"] = number(abs(row["estimate"]), language)
    if row["ci_low"] <= 0 <= row["ci_high"]:
        return text("panel.level_unclear", language, **values)
    return text("panel.level_up" if row["estimate"] > 0 else "panel.level_down", language, **values)


def _published_runs(levels, language):
    """First and last published mean of every comparable run that has two."""
    found = []
    known = levels[levels["published_mean"].notna()].sort_values("year")
    for _, run in known.groupby("series", sort=False):
        if len(run) > 1:
            first, last = run.iloc[0], run.iloc[-1]
            values = {"first": first["year"], "last": last["year"]}
            means = {"before": first["published_mean"], "after": last["published_mean"]}
            found.append(values | {name: number(value, language) for name, value in means.items()})
    return found


def _cannot(described, registry, language):
    known = described.levels[described.levels["n"] > 0]
    entries = []
    for index in registry:
        if index.slug in set(known["index"]) and (found := _breaks(index)):
            years = listing((str(entry.year) for entry in found), language)
            key = "breaks_every" if _every(index, found) else "breaks_index"
            entries.append(text(f"panel.{key}", language, index=index.short, years=years))
    whole = complete(described.levels, registry)
    lacking = [index for index in registry if index.slug in set(known["index"]) and index not in whole]
    partial = ""
    if lacking:
        own = known[known["index"].isin([index.slug for index in lacking]) & (known["kind"] == "reported")]
        values = {"most": own["n"].max(), "of": own["of"].max()}
        names = listing((index.short for index in lacking), language)
        partial = text("panel.cannot_partial", language, indices=names, **values)
    listed = "; ".join(entries) or text("panel.breaks_none", language)
    return text("panel.cannot", language, breaks=listed, partial=partial)


def _breaks(index):
    return breaks(index, index.years[0], index.years[-1])


def _every(index, found):
    return len(found) == len(index.years) - 1 and len(found) > 1


def breaks_in_words(described, registry, language):
    """
    List where the series of the indices break, and what changed there.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown; indices without figures are left out.
    """
    known = set(described.levels.loc[described.levels["n"] > 0, "index"])
    lines = []
    for index in registry:
        if index.slug not in known or not (found := _breaks(index)):
            continue
        if _every(index, found):
            note = index.series_note(language)
            lines.append(text("panel.break_line_note", language, index=index.short, note=note))
        else:
            listed = "; ".join(entry.in_words(language) for entry in found)
            lines.append(text("panel.break_line", language, index=index.short, breaks=listed))
    listed = "\n".join(lines) or text("panel.breaks_none", language)
    return text("panel.section_breaks", language, breaks=listed)


def relations_in_words(rows, registry, language):
    """
    Say how the standings in two indices go together between provinces and within them.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns `helpers.panel.PANEL_COLUMNS`, with the analyses "between" and "within".
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a paragraph each; nothing is said of causes, and an interval that contains zero is "no
        evidence".
    """
    sentences = []
    for analysis in ("between", "within"):
        own = _with_holm(rows[rows["analysis"] == analysis])
        groups = {"positive": [], "negative": [], "unclear": [], "refused": []}
        for row in own.itertuples():
            first, second = registry[row.index_a], registry[row.index_b]
            groups[_verdict(row)].append(_relation(row, first, second, language))
        clauses = [
            text(f"panel.relation_{verdict}", language, pairs=listing(found, language))
            for verdict, found in groups.items()
            if found
        ]
        if clauses:
            sentences.append(text(f"panel.relations_{analysis}", language, clauses="; ".join(clauses)))
    return "\n\n".join(sentences) or text("panel.relations_none", language)


def _verdict(row):
    if row.reason or math.isnan(row.ci_low):
        return "refused"
    if row.ci_low <= 0 <= row.ci_high:
        return "unclear"
    return "positive" if row.estimate > 0 else "negative"


def _relation(row, first, second, language):
    name = pair_name(first, second)
    if row.reason:
        return text(
            "panel.relation_clause_refused", language, pair=name, reason=reason_text(row.reason, language)
        )
    remark = ""
    if found := whole_of(first, second):
        remark = text("panel.relation_built_in", language, whole=found[0].short, part=found[1].short)
    if _verdict(row) != "unclear" and row.p_adjusted >= LEVEL:
        remark += text("panel.relations_holm", language, p=p_text(row.p_adjusted, language))
    values = {"estimate": row.estimate, "low": row.ci_low, "high": row.ci_high}
    values = {key: number(value, language) for key, value in values.items()}
    counts = {"provinces": row.provinces, "n": row.n, "remark": remark}
    return text("panel.relation_clause", language, pair=name, **values, **counts)


def _with_holm(rows):
    """Holm's p-values for all pairs of one analysis."""
    from statsmodels.stats.multitest import multipletests

    tested = rows["p_value"].notna()
    adjusted = rows["p_value"].copy()
    if tested.any():
        adjusted[tested] = multipletests(rows.loc[tested, "p_value"], method="holm")[1]
    return rows.assign(p_adjusted=adjusted)


def method(language):
    """
    Explain methods and limits.

    Parameters
    ----------
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a list.
    """
    return text("panel.method", language, draws=number(DRAWS, language, 0))


# --- tables ------------------------------------------------------------------------------------------------


def level_table(described, index, language):
    """
    Lay out level and spread of an index by year.

    Parameters
    ----------
    described : helpers.panel.Description
    index : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns; years with neither a score nor a published mean are left out, as are columns that
        would be empty.
    """
    own = described.levels[described.levels["index"] == index.slug]
    own = own[(own["n"] > 0) | own["published_mean"].notna()]
    cells = [
        {
            "year": row.year,
            "series": row.series.replace("-", "–"),
            "scored": text("panel.of", language, n=row.n, of=row.of),
            "mean": row.mean,
            "median": row.median,
            "sd": row.sd,
            "quartiles": _between(row.q25, row.q75, language),
            "published_mean": row.published_mean,
            "remark": reason_text(row.reason, language),
        }
        for row in own.itertuples()
    ]
    return _worded(cells, language, optional=(*_OPTIONAL, "remark"))


def change_table(described, registry, language):
    """
    Lay out the mean changes within comparable runs.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns.
    """
    rows = described.rows[described.rows["analysis"] == "level_change"]
    cells = [
        {
            "index": registry[row.index_a].short,
            "years": row.years.replace("-", "–"),
            "n": row.n,
            "change": interval_text(row, language),
            "p": p_text(row.p_value, language),
            "remark": reason_text(row.reason, language),
        }
        for row in rows.itertuples()
    ]
    return _worded(cells, language, optional=("remark",))


def order_table(described, registry, language):
    """
    Lay out how far the order of two years agrees, by the number of years between them.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns.
    """
    lags = by_lag(described.persistence)
    cells = [
        {
            "index": index.short,
            "lag": row.lag,
            "pairs": row.pairs,
            "one_series": row.one_series,
            "median_rho": row.median,
            "range": _between(row.low, row.high, language),
            "unclear": row.unclear,
            "n": _counts(row.n_low, row.n_high),
        }
        for index in registry
        for row in lags[lags["index"] == index.slug].itertuples()
    ]
    return _worded(cells, language)


def concordance_table(described, registry, language):
    """
    Lay out Kendall's W by index and span.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns.
    """
    cells = []
    for w, relation in _joined(described.rows, "concordance", "W", "mean_spearman"):
        cells.append(
            {
                "index": registry[w.index_a].short,
                "years": w.years.replace("-", "–"),
                "series": _series(w, language),
                "provinces": w.provinces,
                "w": w.estimate,
                "mean_spearman": relation.estimate,
                "p": p_text(w.p_value, language),
                "remark": reason_text(w.reason, language),
            }
        )
    return _worded(cells, language, optional=("remark",))


def share_table(described, registry, language):
    """
    Lay out how much of the variation lies between provinces, by index and span.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns; shares in percent.
    """
    cells = []
    for (row,) in _joined(described.rows, "icc", "icc"):
        cells.append(
            {
                "index": registry[row.index_a].short,
                "years": row.years.replace("-", "–"),
                "series": _series(row, language),
                "measure": text(f"panel.measure_{row.measure}", language),
                "provinces": row.provinces,
                "share": interval_text(row, language, 100, 0),
                "remark": reason_text(row.reason, language),
            }
        )
    return _worded(cells, language, optional=("remark",))


def relation_table(described, registry, language):
    """
    Lay out the correlation of the standings in two indices, between and within provinces.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns; a pair of which one contains the other is marked as uncorrected.
    """
    cells = []
    analyses = (described.rows[described.rows["analysis"] == name] for name in ("between", "within"))
    for row in pd.concat(map(_with_holm, analyses)).sort_index().itertuples():
        first, second = registry[row.index_a], registry[row.index_b]
        name = pair_name(first, second)
        if whole_of(first, second):
            name = text("correlate.uncorrected", language, pair=name)
        cells.append(
            {
                "pair": name,
                "measure": text(f"panel.column_{row.analysis}", language),
                "years": row.years.replace("-", "–"),
                "provinces": row.provinces,
                "province_years": row.n,
                "r": interval_text(row, language),
                "p": p_text(row.p_value, language),
                "holm": p_text(row.p_adjusted, language),
                "remark": reason_text(row.reason, language),
            }
        )
    return _worded(cells, language, optional=("remark",))


def interval_text(row, language, factor=1, decimals=2):
    """
    Write an estimate with its interval.

    Parameters
    ----------
    row : pandas.Series or named tuple
        With ``estimate``, ``ci_low`` and ``ci_high``.
    language : {"en", "vi"}
    factor : float
        What to multiply with, 100 for percent.
    decimals : int

    Returns
    -------
    str
        A dash where there is no estimate, the estimate alone where there is no interval.
    """
    estimate = number(factor * row.estimate, language, decimals)
    if math.isnan(row.estimate) or math.isnan(row.ci_low):
        return estimate
    ends = {"low": row.ci_low, "high": row.ci_high}
    ends = {name: number(factor * value, language, decimals) for name, value in ends.items()}
    return text("panel.interval", language, estimate=estimate, **ends)


def _between(low, high, language):
    if math.isnan(low):
        return number(None, language)
    low, high = number(low, language), number(high, language)
    return low if low == high else text("panel.range", language, low=low, high=high)


def _series(row, language):
    if row.series == WITHIN_YEAR:
        return text("panel.within_year_series", language)
    return row.series.replace("-", "–")


def _joined(rows, analysis, *terms):
    """Rows of an analysis side by side, one of each term."""
    own = rows[rows["analysis"] == analysis]
    return list(zip(*(own[own["term"] == term].itertuples() for term in terms), strict=True))


def _worded(cells, language, optional=()):
    frame = pd.DataFrame(cells)
    empty = (None, "", number(None, language))
    for column in optional:
        if column in frame and all(cell in empty or cell != cell for cell in frame[column]):
            frame = frame.drop(columns=column)
    return frame.rename(columns=lambda column: text(f"panel.column_{column}", language))
