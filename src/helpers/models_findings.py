"""The findings of the models over several years, in words and tables for the page, in both languages."""

import math

import pandas as pd

from helpers.correlation import whole_of
from helpers.findings import interval_text, p_text, pair_name
from helpers.panel_models import (
    BETA,
    DIFFERENCES,
    FEW_CLUSTERS,
    FIXED,
    MINIMUM_PROVINCES,
    MIXED,
    SIGMA,
)
from helpers.resampling import DRAWS, LEVEL
from helpers.wording import listing, number, text

# A slope of ranks is said for so many places: a single one is less than any province would notice.
PLACES = 10
_PAIR = ["index_a", "index_b", "series"]


def reason_text(reason, language):
    """
    Say why there is no figure.

    Parameters
    ----------
    reason : str
        Key of the text; "" where there is a figure.
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    return text(reason, language, minimum=MINIMUM_PROVINCES) if reason else ""


def written(table):
    """
    Make the rows of the models ready to be kept as a file.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `helpers.panel.PANEL_COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        The same columns, ten decimals, and reasons as English phrases.
    """
    return table.round(10).assign(reason=[reason_text(reason, "en") for reason in table["reason"]])


def _row(group, analysis, term):
    return group[(group["analysis"] == analysis) & (group["term"] == term)].iloc[0]


def _groups(models, measure):
    shown = models[(models["measure"] == measure) & (models["index_b"] != "")]
    return [(key, group) for key, group in shown.groupby(_PAIR, sort=False)]


def _verdict(row, neutral=0.0):
    if row["ci_low"] <= neutral <= row["ci_high"]:
        return "unclear"
    return "positive" if row["estimate"] > neutral else "negative"


def _holm(rows):
    """Adjust the p-values of rows for one another (dict by position; NaN where there is none)."""
    from statsmodels.stats.multitest import multipletests

    tested = {key: row["p_value"] for key, row in rows.items() if not math.isnan(row["p_value"])}
    adjusted = dict.fromkeys(rows, math.nan)
    if tested:
        adjusted |= dict(zip(tested, multipletests(list(tested.values()), method="holm")[1], strict=True))
    return adjusted


def _years(span):
    return span.replace("-", "–")


# --- words -------------------------------------------------------------------------------------------------


def in_words(models, registry, measure, language):
    """
    Say in one hedged sentence whether indices move together within provinces.

    A slope whose 95 % interval contains 0 is "no evidence"; nothing is said of causes.

    Parameters
    ----------
    models : pandas.DataFrame
        As made by `helpers.panel_models.models_table`.
    registry : helpers.registry.Registry
    measure : {"rank", "score", "z"}
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph. Pairs without an estimate stand at its end with the reason; for scores only
        those that have none in any run of years.
    """
    groups = dict(_groups(models, measure))
    rows = {key: _row(group, FIXED, "slope") for key, group in groups.items()}
    adjusted = _holm(rows)
    found = {"positive": [], "negative": [], "unclear": []}
    for key, row in rows.items():
        if row["reason"]:
            continue
        remarks = []
        if _verdict(row) != "unclear" and adjusted[key] >= LEVEL:
            remarks.append(text("models.remark_holm", language, p=p_text(adjusted[key], language)))
        differences = _row(groups[key], DIFFERENCES, "slope")
        if not differences["reason"] and _verdict(differences) != _verdict(row):
            result = _result(differences, registry, measure, language)
            remarks.append(text("models.remark_differences", language, result=result))
        found[_verdict(row)].append(_clause(row, registry, measure, remarks, language))
    return _paragraph(f"models.finding_{measure}", "models.", found, rows, registry, language)


def between_in_words(models, registry, language):
    """
    Say in one hedged sentence whether provinces that rank high in one index rank high in the other.

    Parameters
    ----------
    models : pandas.DataFrame
        As made by `helpers.panel_models.models_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph, from the mixed model of the ranks over all years; with the test of whether
        the slope differs from that within provinces.
    """
    groups = dict(_groups(models, "rank"))
    rows = {key: _row(group, MIXED, "between") for key, group in groups.items()}
    adjusted = _holm(rows)
    found = {"positive": [], "negative": [], "unclear": []}
    for key, row in rows.items():
        if row["reason"]:
            continue
        apart = _row(groups[key], MIXED, "between_minus_within")
        remarks = []
        if _verdict(row) != "unclear":
            remark = "remark_not_apart" if _verdict(apart) == "unclear" else "remark_apart"
            remarks.append(text(f"models.{remark}", language, p=p_text(apart["p_value"], language)))
            if adjusted[key] >= LEVEL:
                remarks.append(text("models.remark_holm", language, p=p_text(adjusted[key], language)))
        found[_verdict(row)].append(_clause(row, registry, "rank", remarks, language))
    return _paragraph("models.finding_between", "models.between_", found, rows, registry, language)


def _paragraph(frame, prefix, found, rows, registry, language):
    clauses = [
        text(f"{prefix}{verdict}", language, pairs=listing(pairs, language))
        for verdict, pairs in found.items()
        if pairs
    ]
    estimated = {key[:2] for key, row in rows.items() if not row["reason"]}
    reasons = {}
    for key, row in rows.items():
        if key[:2] not in estimated:
            # The last run speaks for a pair that has no estimate in any: it is the nearest to today.
            reasons[key[:2]] = row["reason"]
    for reason in dict.fromkeys(reasons.values()):
        pairs = [
            pair_name(*(registry[slug] for slug in key)) for key, why in reasons.items() if why == reason
        ]
        said = reason_text(reason, language)
        clauses.append(text("models.refused", language, pairs=listing(pairs, language), reason=said))
    if not clauses:
        return text("models.nothing", language)
    return text(frame, language, clauses="; ".join(clauses))


def _clause(row, registry, measure, remarks, language):
    first, second = registry[row["index_a"]], registry[row["index_b"]]
    if measure != "rank" and (pair := whole_of(first, second)):
        whole, part = pair
        remarks = [text("models.remark_whole", language, whole=whole.short, part=part.short), *remarks]
    return text(
        "models.clause",
        language,
        pair=pair_name(first, second),
        result=_result(row, registry, measure, language),
        n=row["n"],
        provinces=row["provinces"],
        years=_years(row["years"]),
        remarks="".join(f"; {remark}" for remark in remarks),
    )


def _result(row, registry, measure, language):
    factor = PLACES if measure == "rank" else 1
    values = {"estimate": row["estimate"], "low": row["ci_low"], "high": row["ci_high"]}
    values = {name: number(factor * value, language) for name, value in values.items()}
    a, b = (registry[row[column]].short for column in ("index_a", "index_b"))
    return text(f"models.result_{measure}", language, a=a, b=b, **values)


def convergence_in_words(table, registry, language):
    """
    Say whether low provinces caught up, with the warning of regression to the mean.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.panel_models.convergence_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph.
    """
    said, others = [], {}
    for (slug, _), group in table.groupby(["index_a", "series"], sort=False):
        plain, ratio = _row(group, BETA, "slope"), _row(group, SIGMA, "sd_ratio")
        names = {"index": registry[slug].short, "years": _years(plain["years"])}
        if plain["reason"] and ratio["reason"]:
            others.setdefault(plain["reason"], []).append(" ".join(names.values()).strip())
            continue
        slope, spread = _slope_text(group, plain, language), _spread_text(group, ratio, language)
        said.append(text("models.convergence_run", language, slope=slope, spread=spread, **names))
    if said:
        paragraph = [text("models.finding_convergence", language, runs=" ".join(said))]
    else:
        paragraph = [text("models.convergence_none", language)]
    for reason, found in others.items():
        values = {"runs": listing(found, language), "reason": reason_text(reason, language)}
        paragraph.append(text("models.convergence_others", language, **values))
    return " ".join(paragraph)


def _running(row, language):
    return interval_text(row, language, "correlate.interval_running")


def _slope_text(group, plain, language):
    if plain["reason"]:
        return text("models.no_slope", language, reason=reason_text(plain["reason"], language))
    corrected = _row(group, BETA, "slope_corrected")
    values = {"plain": _running(plain, language)}
    if corrected["reason"]:
        reason = reason_text(corrected["reason"], language)
        return text("models.uncorrected_only", language, n=plain["n"], reason=reason, **values)
    keys = {"positive": "falling_behind", "negative": "catching_up", "unclear": "no_catching_up"}
    values |= {"result": _running(corrected, language), "n": corrected["n"]}
    return text(f"models.{keys[_verdict(corrected)]}", language, **values)


def _spread_text(group, ratio, language):
    if ratio["reason"]:
        return text("models.no_spread", language, reason=reason_text(ratio["reason"], language))
    keys = {"positive": "spread_widened", "negative": "spread_narrowed", "unclear": "spread_unclear"}
    first, last = (number(_row(group, SIGMA, term)["estimate"], language) for term in ("sd_first", "sd_last"))
    key = f"models.{keys[_verdict(ratio, neutral=1.0)]}"
    return text(key, language, first=first, last=last, result=_running(ratio, language))


def caution(language):
    """Say in two sentences what the slopes do not show (str)."""
    return text("models.caution", language)


def method(language):
    """Explain the models, their sources and what cannot be concluded from them (Markdown, str)."""
    values = {"minimum": MINIMUM_PROVINCES, "few": FEW_CLUSTERS}
    return text("models.method", language, replications=number(DRAWS, language, 0), **values)


# --- tables ------------------------------------------------------------------------------------------------


def readable(models, registry, measure, language):
    """
    Lay the models out for reading: one row a pair and run of years, the estimators side by side.

    Parameters
    ----------
    models : pandas.DataFrame
        As made by `helpers.panel_models.models_table`.
    registry : helpers.registry.Registry
    measure : {"rank", "score", "z"}
        The caption for it is the text ``models.table_<measure>``.
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns: pair, years, province-years, provinces, the three slopes within provinces and the one
        between them with their intervals, p and Holm's p of the first, province-years left out; a remark
        column if an estimate is lacking.
    """
    groups = dict(_groups(models, measure))
    adjusted = _holm({key: _row(group, FIXED, "slope") for key, group in groups.items()})
    # The same rows go into the models of scores in either unit; the table counts them once.
    counted = models[(models["term"] == "left_out") & ((models["measure"] == "rank") == (measure == "rank"))]
    left = counted.set_index(_PAIR)["n"].to_dict()
    rows = []
    for key, group in groups.items():
        first, second = (registry[slug] for slug in key[:2])
        fixed, differences = (_row(group, analysis, "slope") for analysis in (FIXED, DIFFERENCES))
        within, between = (_row(group, MIXED, term) for term in ("within", "between"))
        reasons = [fixed["reason"]] if fixed["reason"] else [differences["reason"], within["reason"]]
        rows.append(
            {
                "pair": _pair_text(first, second, measure, language),
                "years": _years(fixed["years"]),
                "n": fixed["n"],
                "provinces": fixed["provinces"],
                "two_way_fe": interval_text(fixed, language),
                "p": p_text(fixed["p_value"], language),
                "holm": p_text(adjusted[key], language),
                "first_differences": interval_text(differences, language),
                "within": interval_text(within, language),
                "between": interval_text(between, language),
                "left_out": left.get(key, 0),
                "remark": "; ".join(reason_text(reason, language) for reason in reasons if reason),
            }
        )
    columns = ["pair", "years", "n", "provinces", "two_way_fe", "p", "holm", "first_differences", "within"]
    return _worded(rows, [*columns, "between", "left_out", "remark"], language)


def _pair_text(first, second, measure, language):
    if measure == "rank" or not (pair := whole_of(first, second)):
        return pair_name(first, second)
    whole, part = pair
    names = {whole: text("models.remainder", language, whole=whole.short, part=part.short)}
    return " – ".join(names.get(index, index.short) for index in (first, second))


def _worded(rows, columns, language):
    frame = pd.DataFrame(rows, columns=columns)
    if not frame["remark"].any():
        frame = frame.drop(columns="remark")
    return frame.rename(columns=lambda column: text(f"models.column_{column}", language))


def readable_convergence(table, registry, language):
    """
    Lay the estimates of catching up out for reading: one row an index and run of years.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.panel_models.convergence_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns; a remark column if an estimate is lacking. Its caption is the text
        ``models.table_convergence``.
    """
    rows = []
    for (slug, _), group in table.groupby(["index_a", "series"], sort=False):
        by_term = {row.term: row for row in group.itertuples()}
        plain, ratio = by_term["slope"], by_term["sd_ratio"]
        corrected = by_term.get("slope_corrected", plain)
        spreads = {term: getattr(by_term.get(term), "estimate", math.nan) for term in ("sd_first", "sd_last")}
        reasons = dict.fromkeys(row.reason for row in (plain, corrected, ratio) if row.reason)
        rows.append(
            {"index": registry[slug].short, "years": _years(plain.years), "provinces": plain.n}
            | {"slope": interval_text(plain, language), "corrected": interval_text(corrected, language)}
            | {"corrected_n": corrected.n}
            | spreads
            | {"sd_ratio": interval_text(ratio, language), "p_ratio": p_text(ratio.p_value, language)}
            | {"remark": "; ".join(reason_text(reason, language) for reason in reasons)}
        )
    columns = ["index", "years", "provinces", "slope", "corrected_n", "corrected", "sd_first", "sd_last"]
    return _worded(rows, [*columns, "sd_ratio", "p_ratio", "remark"], language)
