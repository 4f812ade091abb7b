"""The findings of the models over several years, in words and tables for the page, in both languages."""

import math

import pandas as pd

from helpers.correlation import holm, whole_of
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
    return dict(zip(rows, holm([row["p_value"] for row in rows.values()]), strict=True))


def _years(span):
    return span.replace("-", "–")


# --- words -------------------------------------------------------------------------------------------------


def in_words(models, registry, measure, language):
    """
    Say whether indices move together within provinces, in hedged sentences.

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
        Markdown, a question and a list: pairs whose interval excludes zero, or whose yearly changes say
        otherwise, with their figures; the other pairs with an estimate by name.
    """
    groups = dict(_groups(models, measure))
    rows = {key: _row(group, FIXED, "slope") for key, group in groups.items()}
    adjusted = _holm(rows)
    lines, unclear = [], []
    for key, row in rows.items():
        if row["reason"]:
            continue
        remarks = _holm_remark(row, adjusted[key], language)
        differences = _row(groups[key], DIFFERENCES, "slope")
        if not differences["reason"] and _verdict(differences) != _verdict(row):
            result = _result(differences, registry, measure, language)
            remarks.append(text("models.remark_differences", language, result=result))
        if _verdict(row) == "unclear" and not remarks:
            unclear.append(pair_name(*(registry[slug] for slug in key[:2])))
        else:
            lines.append(_line(row, registry, measure, "models.", remarks, language))
    return _paragraph(f"models.finding_{measure}", "models.", lines, unclear, language)


def headline(models, first, second):
    """
    Pick the slope of one pair's ranks within provinces over all years.

    Parameters
    ----------
    models : pandas.DataFrame
        As made by `helpers.panel_models.models_table`.
    first, second : helpers.registry.Index
        In any order.

    Returns
    -------
    (pandas.Series or None, float, int)
        The row of the two-way fixed effects (None where there is none), its p-value adjusted by Holm for all
        pairs tested, and their number.
    """
    rows = {key: _row(group, FIXED, "slope") for key, group in _groups(models, "rank")}
    adjusted = _holm(rows)
    tests = sum(not math.isnan(p) for p in adjusted.values())
    for key, row in rows.items():
        if set(key[:2]) == {first.slug, second.slug}:
            return row, adjusted[key], tests
    return None, math.nan, tests


def between_in_words(models, registry, language):
    """
    Say whether provinces that rank high in one index rank high in the other, in hedged sentences.

    Parameters
    ----------
    models : pandas.DataFrame
        As made by `helpers.panel_models.models_table`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a question and a list, from the mixed model of the ranks over all years; with the test of
        whether the slope differs from that within provinces.
    """
    groups = dict(_groups(models, "rank"))
    rows = {key: _row(group, MIXED, "between") for key, group in groups.items()}
    adjusted = _holm(rows)
    lines, unclear = [], []
    for key, row in rows.items():
        if row["reason"]:
            continue
        if _verdict(row) == "unclear":
            unclear.append(pair_name(*(registry[slug] for slug in key[:2])))
            continue
        apart = _row(groups[key], MIXED, "between_minus_within")
        remark = "remark_not_apart" if _verdict(apart) == "unclear" else "remark_apart"
        remarks = [text(f"models.{remark}", language, p=p_text(apart["p_value"], language))]
        remarks += _holm_remark(row, adjusted[key], language)
        lines.append(_line(row, registry, "rank", "models.between_", remarks, language))
    return _paragraph("models.finding_between", "models.between_", lines, unclear, language)


def _holm_remark(row, adjusted, language):
    if _verdict(row) == "unclear" or adjusted < LEVEL:
        return []
    return [text("models.remark_holm", language, p=p_text(adjusted, language))]


def _paragraph(frame, prefix, lines, unclear, language):
    if unclear:
        # The estimates of these pairs are in the table alone.
        values = {"count": len(unclear), "all": len(unclear) + len(lines)}
        lines = [*lines, text(f"{prefix}others", language, pairs=listing(unclear, language), **values)]
    if not lines:
        lines = [text("models.nothing", language)]
    return f"{text(frame, language)}\n\n{chr(10).join(lines)}"


def _line(row, registry, measure, prefix, remarks, language):
    first, second = registry[row["index_a"]], registry[row["index_b"]]
    if measure != "rank" and (pair := whole_of(first, second)):
        whole, part = pair
        remarks = [text("models.remark_whole", language, whole=whole.short, part=part.short), *remarks]
    return text(
        f"{prefix}{_verdict(row)}",
        language,
        pair=pair_name(first, second),
        result=_result(row, registry, measure, language),
        n=row["n"],
        provinces=row["provinces"],
        years=_years(row["years"]),
        remarks="".join(f" {remark}" for remark in remarks),
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
        Markdown, a line for each run that can be estimated.
    """
    lines = []
    for (slug, _), group in table.groupby(["index_a", "series"], sort=False):
        plain, ratio = _row(group, BETA, "slope"), _row(group, SIGMA, "sd_ratio")
        if plain["reason"] and ratio["reason"]:
            continue
        names = {"index": registry[slug].short, "years": _years(plain["years"])}
        slope, spread = _slope_text(group, plain, language), _spread_text(group, ratio, language)
        lines.append(text("models.convergence_run", language, slope=slope, spread=spread, **names))
    if not lines:
        return text("models.convergence_none", language)
    return text("models.finding_convergence", language, runs="\n".join(lines))


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
    return text(key, language, first=first, last=last, n=ratio["n"], result=_running(ratio, language))


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
    (pandas.DataFrame, list of tuple)
        Worded columns: pair, the slope of fixed effects with its interval, Holm's p, years, provinces,
        province-years, the other slopes within and between provinces, p, province-years left out; a remark
        column if one of the estimates is lacking. Pairs and years without any estimate, as
        `helpers.panel_opening.not_estimated` takes them.
    """
    groups = dict(_groups(models, measure))
    adjusted = _holm({key: _row(group, FIXED, "slope") for key, group in groups.items()})
    # The same rows go into the models of scores in either unit; the table counts them once.
    counted = models[(models["term"] == "left_out") & ((models["measure"] == "rank") == (measure == "rank"))]
    left = counted.set_index(_PAIR)["n"].to_dict()
    cells, refused = [], []
    for key, group in groups.items():
        name = _pair_text(*(registry[slug] for slug in key[:2]), measure, language)
        fixed, differences = (_row(group, analysis, "slope") for analysis in (FIXED, DIFFERENCES))
        within, between = (_row(group, MIXED, term) for term in ("within", "between"))
        rows = (fixed, differences, within, between)
        if all(row["reason"] for row in rows):
            reason = reason_text(fixed["reason"], language)
            refused.append((name, _years(fixed["years"]), fixed["provinces"], reason))
            continue
        reasons = dict.fromkeys(row["reason"] for row in rows if row["reason"])
        cells.append(
            {
                "pair": name,
                "two_way_fe": interval_text(fixed, language),
                "holm": p_text(adjusted[key], language),
                "years": _years(fixed["years"]),
                "provinces": fixed["provinces"],
                "n": fixed["n"],
                "between": interval_text(between, language),
                "first_differences": interval_text(differences, language),
                "within": interval_text(within, language),
                "p": p_text(fixed["p_value"], language),
                "left_out": left.get(key, 0),
                "remark": "; ".join(reason_text(reason, language) for reason in reasons),
            }
        )
    return _worded(cells, language), refused


def _pair_text(first, second, measure, language):
    if measure == "rank" or not (pair := whole_of(first, second)):
        return pair_name(first, second)
    whole, part = pair
    names = {whole: text("models.remainder", language, whole=whole.short, part=part.short)}
    return " – ".join(names.get(index, index.short) for index in (first, second))


def _worded(cells, language):
    frame = pd.DataFrame(cells)
    if "remark" in frame and not frame["remark"].any():
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
    (pandas.DataFrame, list of tuple)
        Worded columns; a remark column if one of the estimates is lacking. Runs without any estimate, as for
        `readable`. The caption is the text ``models.table_convergence``.
    """
    cells, refused = [], []
    for (slug, _), group in table.groupby(["index_a", "series"], sort=False):
        by_term = {row.term: row for row in group.itertuples()}
        plain, ratio = by_term["slope"], by_term["sd_ratio"]
        corrected = by_term.get("slope_corrected", plain)
        names = (registry[slug].short, _years(plain.years))
        if all(row.reason for row in (plain, corrected, ratio)):
            refused.append((*names, plain.n, reason_text(plain.reason, language)))
            continue
        spreads = {term: getattr(by_term.get(term), "estimate", math.nan) for term in ("sd_first", "sd_last")}
        reasons = dict.fromkeys(row.reason for row in (plain, corrected, ratio) if row.reason)
        cells.append(
            dict(zip(("index", "years"), names, strict=True))
            | {"corrected": interval_text(corrected, language), "corrected_n": corrected.n}
            | {"sd_ratio": interval_text(ratio, language)}
            | spreads
            | {"provinces": plain.n, "slope": interval_text(plain, language)}
            | {"p_ratio": p_text(ratio.p_value, language)}
            | {"remark": "; ".join(reason_text(reason, language) for reason in reasons)}
        )
    return _worded(cells, language), refused
