"""The description of all years in words and tables for the page, in both languages."""

import math

import pandas as pd

from helpers.coefficients import MINIMUM_PAIRS
from helpers.comparability import breaks
from helpers.correlation import holm, whole_of
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


# --- words -------------------------------------------------------------------------------------------------


def order_in_words(described, registry, language):
    """
    Say how stable the order of the provinces is.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown: a line for each index, those with nearly all provinces first, and a caution for the others.
    """
    lags = by_lag(described.persistence)
    whole, lines, partial = complete(described.levels, registry), [], []
    for index in [*whole, *(index for index in registry if index not in whole)]:
        own = lags[lags["index"] == index.slug]
        near = own[own["lag"] == 1]
        if near.empty:
            continue
        values = {"range": _range(near, language), "divided": "", "far": ""}
        if index not in whole:
            partial.append(index.short)
        else:
            values["divided"] = _divided(described, index, language)
            if (own["lag"] >= DECADE).any():
                values["far"] = _far(described, index, language)
        pairs = _neighbouring(described, index)
        span = {"first": pairs["first"].min(), "last": pairs["last"].max()}
        lines.append(text("panel.order_line", language, index=index.short, **span, **values))
    if not lines:
        return text("panel.order_none", language, minimum=MINIMUM_PAIRS)
    said = ["\n".join(lines)]
    if partial:
        said.append(text("panel.order_caution", language, indices=listing(partial, language)))
    return "\n\n".join(said)


def _neighbouring(described, index):
    table = described.persistence
    near = table[(table["index"] == index.slug) & (table["last"] - table["first"] == 1)]
    return near[near["reason"] == ""]


def _divided(described, index, language):
    """Medians of neighbouring years within a series and across a break, where there are two of each."""
    known = _neighbouring(described, index)
    across = known["series"] == WITHIN_YEAR
    if min(across.sum(), (~across).sum()) < 2:
        return ""
    medians = {
        "inside": known.loc[~across, "estimate"].median(),
        "across": known.loc[across, "estimate"].median(),
    }
    medians = {name: number(value, language) for name, value in medians.items()}
    return text("panel.order_divided", language, **medians)


def _far(described, index, language):
    table = described.persistence
    gaps = table["last"] - table["first"]
    # All distant pairs together, not the medians of each distance.
    distant = table[(table["index"] == index.slug) & (gaps >= DECADE) & (table["reason"] == "")]
    together = by_lag(distant.assign(last=distant["first"] + DECADE))
    pairs, unclear = int(together["pairs"].iloc[0]), int(together["unclear"].iloc[0])
    remark = text("panel.order_unclear", language, unclear=unclear, pairs=pairs) if unclear else ""
    return text("panel.order_far", language, lag=DECADE, range=_range(together, language), unclear=remark)


def _range(summary, language):
    row = summary.iloc[0]
    values = {name: number(row[name], language) for name in ("low", "median", "high")}
    values |= {"n": _counts(row["n_low"], row["n_high"]), "pairs": row["pairs"]}
    return text("panel.order_single" if row["pairs"] == 1 else "panel.order_range", language, **values)


def _counts(low, high):
    return str(low) if low == high else f"{low}–{high}"


def shares_in_words(described, registry, language):
    """
    Say what share of the variation lies between provinces.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Scores of the latest comparable years with a share, and ranks over all years, of each index.
    """
    known = known_shares(described)
    clauses = []
    for index in registry:
        own = known[known["index_a"] == index.slug]
        latest = own[own["measure"] == "score"].tail(1)
        for _, row in pd.concat([latest, own[own["measure"] == "rank"]]).iterrows():
            values = share_values(row, index, language)
            clauses.append(text(f"panel.share_{row['measure']}", language, **values))
    if not clauses:
        return text("panel.shares_none", language, minimum=MINIMUM_PAIRS)
    return text("panel.shares", language, clauses=listing(clauses, language))


def known_shares(described):
    """Rows of `helpers.panel.decomposition` that hold a share between provinces (pandas.DataFrame)."""
    rows = described.rows
    return rows[(rows["analysis"] == "icc") & (rows["term"] == "icc") & (rows["reason"] == "")]


def share_values(row, index, language):
    """
    Write a share between provinces as the texts want it.

    Parameters
    ----------
    row : pandas.Series
        Of `known_shares`.
    index : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    dict of str
        ``index``, ``years``, ``n`` (provinces), ``share``, ``low`` and ``high`` in percent.
    """
    ends = {"share": row["estimate"], "low": row["ci_low"], "high": row["ci_high"]}
    ends = {name: _percent(value, language) for name, value in ends.items()}
    return {"index": index.short, "years": row["years"].replace("-", "–"), "n": row["provinces"]} | ends


def _percent(share, language):
    return number(100 * share, language, 0)


def level_in_words(described, registry, language):
    """
    Say how the national level moved within the latest comparable years of each index.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a list; published means stand in where too few provinces have a score.
    """
    clauses = []
    for index in registry:
        own = described.levels[described.levels["index"] == index.slug]
        known = known_changes(described, index)
        if len(known):
            clauses.append(change_in_words(known.iloc[-1], index, language))
        elif published := _published_runs(own, language):
            clauses.append(text("panel.level_published", language, index=index.short, **published[-1]))
    if not clauses:
        return text("panel.level_none", language)
    lines = [text("panel.level_line", language, clause=clause[0].upper() + clause[1:]) for clause in clauses]
    return text("panel.level", language, lines="\n".join(lines))


def known_changes(described, index):
    """Rows of `helpers.panel.level_changes` of an index that hold a change, by time (pandas.DataFrame)."""
    rows = described.rows
    own = rows[(rows["analysis"] == "level_change") & (rows["index_a"] == index.slug)]
    return own[own["reason"] == ""]


def change_in_words(row, index, language):
    """
    Say by how much the mean score changed, as a clause; no evidence where the interval contains zero.

    Parameters
    ----------
    row : pandas.Series
        Of `known_changes`.
    index : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    str
    """
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
            entries = (text("panel.break_entry", language, entry=entry.in_words(language)) for entry in found)
            listed = "\n".join(entries)
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
        Markdown, a question and a list each: pairs whose interval excludes zero with their figures, the
        others by name; nothing is said of causes.
    """
    paragraphs = []
    for analysis in ("between", "within"):
        own = _with_holm(rows[rows["analysis"] == analysis])
        lines, unclear = [], []
        for row in own[own["reason"] == ""].itertuples():
            first, second = registry[row.index_a], registry[row.index_b]
            if (verdict := _verdict(row)) == "unclear":
                unclear.append(pair_name(first, second))
                continue
            clause, remarks = _relation(row, first, second, language)
            lines.append(text(f"panel.relation_{verdict}", language, clause=clause, remarks=remarks))
        if unclear:
            values = {"count": len(unclear), "all": len(unclear) + len(lines)}
            pairs = listing(unclear, language)
            lines.append(text("panel.relation_unclear", language, pairs=pairs, **values))
        if len(own):
            lines = lines or [text("panel.relation_refused", language)]
            paragraphs += [text(f"panel.relations_{analysis}", language), "\n".join(lines)]
    return "\n\n".join(paragraphs) or text("panel.relations_none", language)


def _verdict(row):
    if math.isnan(row.ci_low) or row.ci_low <= 0 <= row.ci_high:
        return "unclear"
    return "positive" if row.estimate > 0 else "negative"


def _relation(row, first, second, language):
    remarks = ""
    if found := whole_of(first, second):
        remarks = text("panel.relation_built_in", language, whole=found[0].short, part=found[1].short)
    if row.p_adjusted >= LEVEL:
        remarks += text("panel.relations_holm", language, p=p_text(row.p_adjusted, language))
    values = {"estimate": row.estimate, "low": row.ci_low, "high": row.ci_high}
    values = {key: number(value, language) for key, value in values.items()}
    values |= {"provinces": row.provinces, "n": row.n, "years": row.years.replace("-", "–")}
    return text("panel.relation_clause", language, pair=pair_name(first, second), **values), remarks


def _with_holm(rows):
    """Holm's p-values for all pairs of one analysis."""
    return rows.assign(p_adjusted=holm(rows["p_value"]))


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
# Each gives the rows with an estimate, and what is left out as (name, years, number of provinces, reason).


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
    (pandas.DataFrame, list of tuple)
        Worded columns, those that would be empty left out; years with neither a mean nor a published one are
        no rows. The years of which level and spread are not given, as `helpers.panel_opening.not_estimated`
        takes them.
    """
    own = described.levels[described.levels["index"] == index.slug]
    own = own[(own["n"] > 0) | own["published_mean"].notna()]
    shown = own[own["mean"].notna() | own["published_mean"].notna()]
    cells = [
        {
            "year": row.year,
            "mean": row.mean,
            "published_mean": row.published_mean,
            "sd": row.sd,
            "median": row.median,
            "quartiles": _between(row.q25, row.q75, language),
            "scored": text("panel.of", language, n=row.n, of=row.of),
            "series": row.series.replace("-", "–"),
        }
        for row in shown.itertuples()
    ]
    refused = []
    known = own[own["reason"] != ""]
    # One entry for years that follow each other: a list of all would say the same thing many times.
    stretch = (known["year"].diff() != 1).cumsum()
    for _, rows in known.groupby([stretch, "reason"], sort=False):
        years = _counts(rows["year"].min(), rows["year"].max())
        reason = reason_text(rows["reason"].iloc[0], language)
        name = text("panel.level_left_out", language, index=index.short)
        refused.append((name, years, _counts(rows["n"].min(), rows["n"].max()), reason))
    return _worded(cells, language, optional=_OPTIONAL), refused


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
    (pandas.DataFrame, list of tuple)
        Worded columns; the runs left out, as for `level_table`.
    """
    rows = described.rows[described.rows["analysis"] == "level_change"]
    cells = [
        {
            "index": registry[row.index_a].short,
            "years": row.years.replace("-", "–"),
            "change": interval_text(row, language),
            "n": row.n,
            "p": p_text(row.p_value, language),
        }
        for row in rows[rows["reason"] == ""].itertuples()
    ]
    refused = []
    for row in rows[rows["reason"] != ""].itertuples():
        ends = [int(year) for year in row.years.split("-")]
        own = described.levels[described.levels["index"] == row.index_a]
        # No changes were taken; what is lacking are provinces with a score in these years.
        scored = own.loc[own["year"].between(ends[0], ends[-1]), "n"]
        name, reason = registry[row.index_a].short, reason_text(row.reason, language)
        refused.append((name, row.years.replace("-", "–"), _counts(scored.min(), scored.max()), reason))
    return _worded(cells, language), refused


def _refused(rows, registry, language):
    return [
        (
            registry[row.index_a].short,
            row.years.replace("-", "–"),
            row.provinces,
            reason_text(row.reason, language),
        )
        for row in rows[rows["reason"] != ""].itertuples()
    ]


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
            "median_rho": row.median,
            "range": _between(row.low, row.high, language),
            "n": _counts(row.n_low, row.n_high),
            "pairs": row.pairs,
            "unclear": row.unclear,
            "one_series": row.one_series,
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
    (pandas.DataFrame, list of tuple)
        Worded columns; the spans left out, as for `level_table`.
    """
    cells = [
        {
            "index": registry[w.index_a].short,
            "years": _span(w, language),
            "mean_spearman": relation.estimate,
            "w": w.estimate,
            "provinces": w.provinces,
            "p": p_text(w.p_value, language),
        }
        for w, relation in _joined(described.rows, "concordance", "W", "mean_spearman")
        if not w.reason
    ]
    rows = described.rows
    rows = rows[(rows["analysis"] == "concordance") & (rows["term"] == "W")]
    return _worded(cells, language), _refused(rows, registry, language)


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
    (pandas.DataFrame, list of tuple)
        Worded columns, shares in percent; the spans left out, as for `level_table`.
    """
    cells = [
        {
            "index": registry[row.index_a].short,
            "years": _span(row, language),
            "share": interval_text(row, language, 100, 0),
            "provinces": row.provinces,
            "measure": text(f"panel.measure_{row.measure}", language),
        }
        for row in known_shares(described).itertuples()
    ]
    rows = described.rows[(described.rows["analysis"] == "icc") & (described.rows["term"] == "icc")]
    return _worded(cells, language), _refused(rows, registry, language)


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
    (pandas.DataFrame, list of tuple)
        Worded columns; a pair of which one contains the other is marked as uncorrected. The estimates left
        out, as for `level_table`.
    """
    cells, refused = [], []
    analyses = (described.rows[described.rows["analysis"] == name] for name in ("between", "within"))
    for row in pd.concat(map(_with_holm, analyses)).sort_index().itertuples():
        first, second = registry[row.index_a], registry[row.index_b]
        name, years = pair_name(first, second), row.years.replace("-", "–")
        kind = text(f"panel.column_{row.analysis}", language)
        if row.reason:
            label = text("panel.relation_left_out", language, pair=name, kind=kind.lower())
            refused.append((label, years, row.provinces, reason_text(row.reason, language)))
            continue
        if whole_of(first, second):
            name = text("correlate.uncorrected", language, pair=name)
        cells.append(
            {
                "pair": name,
                "measure": kind,
                "r": interval_text(row, language),
                "holm": p_text(row.p_adjusted, language),
                "provinces": row.provinces,
                "province_years": row.n,
                "years": years,
                "p": p_text(row.p_value, language),
            }
        )
    return _worded(cells, language), refused


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


def _span(row, language):
    years = row.years.replace("-", "–")
    return text("panel.across_series", language, years=years) if row.series == WITHIN_YEAR else years


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
