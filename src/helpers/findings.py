"""The findings of a year of correlations, in words and tables for the page, in both languages."""

import math
from statistics import NormalDist

import pandas as pd

from helpers.coefficients import METHODS, MINIMUM_PAIRS
from helpers.correlation import (
    CORRECTED,
    MEASURES,
    PLAIN,
    POOLED,
    VARIANTS,
    WITHIN,
    WITHOUT,
    chosen,
    missing,
    share_known,
    totals,
    variant_name,
    whole_of,
)
from helpers.resampling import LEVEL
from helpers.wording import listing, number, text


def pair_name(first, second):
    """Name a pair of indices for tables and headings (str)."""
    return f"{first.short}\u00a0– {second.short}"


def p_text(value, language):
    """
    Write a p-value: three decimals, very small ones as a bound.

    Parameters
    ----------
    value : float
        NaN for none.
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    if value < 0.001:
        return f"<\u00a0{number(0.001, language, 3)}"
    return number(value, language, 3)


def interval_text(row, language, key="correlate.interval"):
    """
    Write an estimate with its interval.

    Parameters
    ----------
    row : pandas.Series or Estimate
        With ``estimate``, ``ci_low`` and ``ci_high``.
    language : {"en", "vi"}
    key : str
        Text with ``estimate``, ``low`` and ``high`` in braces.

    Returns
    -------
    str
        A dash where there is no estimate.
    """
    if math.isnan(row.estimate):
        return number(None, language)
    values = {"estimate": row.estimate, "low": row.ci_low, "high": row.ci_high}
    return text(key, language, **{name: number(value, language) for name, value in values.items()})


def readable(table, registry, measure, language, variant=PLAIN):
    """
    Lay estimates out for reading: one row a pair.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `pairs`.
    registry : helpers.registry.Registry
    measure : {"score", "rank"}
    language : {"en", "vi"}
    variant : str

    Returns
    -------
    pandas.DataFrame
        Worded columns: pair, n, the three coefficients with their intervals; of Spearman's also the bootstrap
        interval, the permutation p and Holm's p; a remark column if an estimate is lacking.
    """
    rows = []
    shown = table[(table["measure"] == measure) & (table["variant"] == variant)]
    for (a, b), group in shown.groupby(["index_a", "index_b"], sort=False):
        by_method = {row.method: row for row in group.itertuples()}
        rank_based = by_method["spearman"]
        name = _variant_name(registry[a], registry[b], variant, language)
        if variant == PLAIN and whole_of(registry[a], registry[b]):
            name = text("correlate.uncorrected", language, pair=name)
        cells = {"pair": name, "n": rank_based.n}
        cells |= {method: interval_text(by_method[method], language) for method in METHODS}
        cells["bootstrap"] = bootstrap_text(rank_based, language)
        cells |= {"p": p_text(rank_based.p_value, language), "holm": p_text(rank_based.p_adjusted, language)}
        reasons = dict.fromkeys(row.reason for row in by_method.values() if row.reason)
        rows.append(cells | {"remark": "; ".join(_reason_text(r, language) for r in reasons)})
    return _worded(rows, ["pair", "n", *METHODS, "bootstrap", "p", "holm", "remark"], language)


def _worded(rows, columns, language):
    frame = pd.DataFrame(rows, columns=columns)
    if not frame["remark"].any():
        frame = frame.drop(columns="remark")
    return frame.rename(columns=lambda column: text(f"correlate.column_{column}", language))


def bootstrap_text(row, language):
    """
    Write the bootstrap interval of an estimate.

    Parameters
    ----------
    row : pandas.Series or Estimate
        With ``boot_low`` and ``boot_high``.
    language : {"en", "vi"}

    Returns
    -------
    str
        A dash where there is none.
    """
    if math.isnan(row.boot_low):
        return number(None, language)
    ends = {"low": number(row.boot_low, language), "high": number(row.boot_high, language)}
    return text("correlate.interval_alone", language, **ends)


def robustness(table, influence, registry, places, measure, language):
    """
    Lay out how Spearman's coefficient of each pair changes with the provinces and the figures taken.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.correlation.pairs`.
    influence : pandas.DataFrame
        As made by `helpers.correlation.influence`.
    registry : helpers.registry.Registry
    places : helpers.provinces.Provinces
    measure : {"score", "rank"}
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns: pair, variant, n, the coefficient with its interval, the bootstrap interval, p and
        Holm's p; for each pair also the range over all provinces left out in turn, with the province that
        moves it most. Variants that nothing can be said of are left out of pairs without any estimate.
    """
    rows = []
    shown = table[(table["measure"] == measure) & (table["method"] == "spearman")]
    for (a, b), group in shown.groupby(["index_a", "index_b"], sort=False):
        first, second = registry[a], registry[b]
        by_variant = {row.variant: row for row in group.itertuples()}
        if all(row.reason for row in by_variant.values()):
            continue
        for corrected in (False, True):
            for base in VARIANTS:
                name = variant_name(base, corrected)
                if name not in by_variant or by_variant[name].reason == "correlate.reason_ranks":
                    continue
                rows.append(_variant_cells(by_variant[name], first, second, base, corrected, language))
                if base == PLAIN and not by_variant[name].reason:
                    left = _left_out(influence, by_variant[name], places, language)
                    rows.append({"pair": rows[-1]["pair"], "n": by_variant[name].n - 1} | left)
    return _worded(rows, ["pair", "variant", "n", "spearman", "bootstrap", "p", "holm", "remark"], language)


def _variant_cells(row, first, second, base, corrected, language):
    name = _variant_name(first, second, CORRECTED if corrected else PLAIN, language)
    key = f"correlate.variant_{base}{'_none' if base == POOLED and not row.years else ''}"
    variant = text(key, language, years=row.years)
    cells = {"pair": name, "variant": variant, "n": row.n, "spearman": interval_text(row, language)}
    if row.variant.endswith(POOLED) and not row.reason:
        cells["remark"] = text("correlate.remark_pooled", language, provinces=row.clusters)
    else:
        cells["remark"] = _reason_text(row.reason, language) if row.reason else ""
    # An interval made by bootstrap stands in the column of intervals already.
    dash = number(None, language)
    cells["bootstrap"] = dash if row.interval == "bca" else bootstrap_text(row, language)
    return cells | {"p": p_text(row.p_value, language), "holm": p_text(row.p_adjusted, language)}


def _left_out(influence, row, places, language):
    low, high, code = leave_one_out(influence, row)
    ends = {"low": number(low, language), "high": number(high, language)}
    dash = number(None, language)
    return {
        "variant": text("correlate.variant_leave_one_out", language),
        "spearman": text("correlate.range", language, **ends),
        "remark": text("correlate.remark_influential", language, province=places.name(code, language)),
    } | dict.fromkeys(("bootstrap", "p", "holm"), dash)


def leave_one_out(influence, row):
    """
    Find the range of an estimate over all provinces left out in turn.

    Parameters
    ----------
    influence : pandas.DataFrame
        As made by `helpers.correlation.influence`.
    row : pandas.Series or named tuple
        A row of the table of pairs with an estimate.

    Returns
    -------
    (float, float, str)
        Lowest and highest estimate, and the code of the province whose absence changes it most.
    """
    key = ["index_a", "index_b", "measure", "variant", "method"]
    found = influence[(influence[key] == [getattr(row, name) for name in key]).all(axis=1)]
    code = found.loc[found["most_influential"], "gso_code"].iloc[0]
    return found["estimate_without"].min(), found["estimate_without"].max(), code


def written(table):
    """
    Make the table of `helpers.correlation.pairs` ready to be kept as a file.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        The same columns, ten decimals, and reasons as English phrases.
    """
    reasons = [_reason_text(reason, "en") if reason else "" for reason in table["reason"]]
    return table.round(10).assign(reason=reasons)


def _reason_text(reason, language):
    return text(reason, language, minimum=MINIMUM_PAIRS)


def _variant_name(first, second, variant, language):
    if variant == PLAIN:
        return pair_name(first, second)
    whole, part = whole_of(first, second)
    names = {whole: text("correlate.remainder", language, whole=whole.short, part=part.short)}
    return " – ".join(names.get(index, index.short) for index in (first, second))


def in_words(table, registry, measure, year, language):
    """
    Say in one hedged sentence what the estimates of a measure show.

    A coefficient whose 95 % interval contains 0 is "no clear association"; nothing is said of causes. For
    scores of a pair of which one contains the other the corrected estimate speaks, where there is one.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `pairs`.
    registry : helpers.registry.Registry
    measure : {"score", "rank"}
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    groups = {"positive": [], "negative": [], "unclear": [], "constant": [], "few": []}
    shown = table[(table["measure"] == measure) & (table["method"] == "spearman")]
    for (a, b), group in shown.groupby(["index_a", "index_b"], sort=False):
        row = _speaking(group)
        groups[_verdict(row)].append(_clause(row, registry[a], registry[b], year, language))
    clauses = [
        text(
            f"correlate.{verdict}_{measure}", language, pairs=listing(found, language), minimum=MINIMUM_PAIRS
        )
        for verdict, found in groups.items()
        if found
    ]
    return text(f"correlate.finding_{measure}", language, clauses="; ".join(clauses))


def _speaking(group):
    corrected = group[(group["variant"] == CORRECTED) & (group["reason"] == "")]
    return (corrected if len(corrected) else group[group["variant"] == PLAIN]).iloc[0]


def _verdict(row):
    if row["reason"]:
        return "few" if row["reason"] == "correlate.reason_few" else "constant"
    if row["ci_low"] <= 0 <= row["ci_high"]:
        return "unclear"
    return "positive" if row["estimate"] > 0 else "negative"


def _clause(row, first, second, year, language):
    name = _variant_name(first, second, row["variant"], language)
    if row["reason"]:
        return text("correlate.clause_n", language, pair=name, n=row["n"])
    remarks = []
    if _verdict(row) != "unclear" and row["p_adjusted"] >= LEVEL:
        remarks.append(text("correlate.clause_holm", language, p=p_text(row["p_adjusted"], language)))
    found = whole_of(first, second)
    if found and row["variant"] == PLAIN and share_known(found[0], year):
        whole, part = found
        remarks.append(text("correlate.clause_built_in", language, whole=whole.short, part=part.short))
    estimate = interval_text(row, language, "correlate.interval_running")
    return text(
        "correlate.clause",
        language,
        pair=name,
        estimate=estimate,
        n=row["n"],
        remarks="".join(f"; {remark}" for remark in remarks),
    )


def leading_measure(table, registry):
    """
    Say whether ranks or scores tell more about a year: those that more provinces of the headline pair have.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.correlation.pairs`.
    registry : helpers.registry.Registry

    Returns
    -------
    {"score", "rank"}
        Scores where as many provinces have both.
    """
    rows = {measure: headline(table, registry, measure) for measure in MEASURES}
    counts = {measure: 0 if row is None else row["n"] for measure, row in rows.items()}
    return max(MEASURES, key=lambda measure: counts[measure])


def headline(table, registry, measure):
    """
    Pick the estimate that the opening of the page explains.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.correlation.pairs`.
    registry : helpers.registry.Registry
    measure : {"score", "rank"}

    Returns
    -------
    pandas.Series or None
        Spearman's of the first pair, in the order of the registry, that has one and of which neither
        contains the other; None where there is no such pair.
    """
    shown = table[(table["measure"] == measure) & (table["method"] == "spearman")]
    for _, row in shown[(shown["variant"] == PLAIN) & shown["estimate"].notna()].iterrows():
        if whole_of(registry[row["index_a"]], registry[row["index_b"]]) is None:
            return row
    return None


def meaning(row, registry, language):
    """
    Say what an estimate means for the question whether two indices measure the same thing.

    Parameters
    ----------
    row : pandas.Series
        As picked by `headline`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        One sentence: how much of the order of the provinces the pair shares, from the squares of the ends
        of its interval; or, where the interval contains zero, what so few provinces could have shown.
    """
    pair = pair_name(registry[row["index_a"]], registry[row["index_b"]])
    if _verdict(row) == "unclear":
        least = number(_least(row["n"]), language)
        return text("correlate.meaning_none", language, pair=pair, n=row["n"], least=least)
    low, high = sorted(100 * end**2 for end in (row["ci_low"], row["ci_high"]))
    ends = {"low": number(low, language, 0), "high": number(high, language, 0)}
    return text("correlate.meaning", language, pair=pair, **ends)


def _least(n):
    """Smallest Spearman coefficient whose interval by Bonett & Wright would exclude zero (float)."""
    estimate = 0.0
    for _ in range(20):
        estimate = math.tanh(NormalDist().inv_cdf(1 - LEVEL / 2) * math.sqrt((1 + estimate**2 / 2) / (n - 3)))
    return estimate


def steadiness(row, table, influence, registry, places, language):
    """
    Say how an estimate fares within regions, without the cities and without single provinces.

    Parameters
    ----------
    row : pandas.Series
        As picked by `headline`.
    table, influence : pandas.DataFrame
        As made by `helpers.correlation.pairs` and `helpers.correlation.influence`.
    registry : helpers.registry.Registry
    places : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
        One sentence.
    """
    key = ["index_a", "index_b", "measure", "method"]
    same = table[(table[key] == row[key]).all(axis=1)].set_index("variant")
    parts = []
    for base in (WITHIN, WITHOUT):
        other = same.loc[base]
        if other["reason"]:
            parts.append(text(f"correlate.steady_{base}_refused", language, n=other["n"]))
            continue
        estimate = interval_text(other, language, "correlate.interval_running")
        evidence = text(f"correlate.steady_{_verdict(other)}", language)
        parts.append(text(f"correlate.steady_{base}", language, estimate=estimate, evidence=evidence))
    low, high, code = leave_one_out(influence, row)
    return text(
        "correlate.steady",
        language,
        pair=pair_name(registry[row["index_a"]], registry[row["index_b"]]),
        parts="; ".join(parts),
        low=number(low, language),
        high=number(high, language),
        province=places.name(code, language),
    )


def coverage(figures, registry, codes, year, language):
    """
    Say for how many provinces each index of a year has a figure.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    codes : list of str
        All provinces of the year.
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
        One sentence.
    """
    scores, ranks = (totals(figures, year, measure) for measure in MEASURES)
    parts = []
    for index in registry:
        if index.slug in scores:
            scored, ranked = scores[index.slug].notna(), ranks[index.slug].notna()
            key = "correlate.coverage_same" if scored.equals(ranked) else "correlate.coverage_index"
            values = {
                "n": int((scored | ranked).sum()),
                "scores": int(scored.sum()),
                "ranks": int(ranked.sum()),
            }
            parts.append(text(key, language, index=index.short, **values))
    return text("correlate.coverage", language, year=year, total=len(codes), parts=listing(parts, language))


def part_whole_text(corrected, whole, part, year, language):
    """
    Explain that one index contains another, and what was taken out of it.

    Parameters
    ----------
    corrected : pandas.DataFrame
        As made by `part_whole`.
    whole, part : helpers.registry.Index
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown: with the counts of stated and estimated points, or that the share is not known.
    """
    contains = whole.entry["contains"]
    values = {"whole": whole.short, "part": part.short, "year": year, "first": contains["years"][0]}
    values["maximum"] = number(whole.max_score(year), language, 0)
    values["points"] = number(contains["share"] * whole.max_score(year), language, 0)
    if not share_known(whole, year):
        return text("correlate.part_whole_unknown", language, **values)
    stated = int(corrected["stated"].sum())
    values |= {"n": len(corrected), "stated": stated, "estimated": len(corrected) - stated}
    return text(
        "correlate.part_whole", language, share=number(contains["share"] * 100, language, 0), **values
    )


def part_note(table, first, second, year, measure, language):
    """
    Warn, below a scatter plot, of a pair of which one index contains the other.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `pairs`.
    first, second : helpers.registry.Index
    year : int
    measure : {"score", "rank"}
    language : {"en", "vi"}

    Returns
    -------
    str
        For scores with the corrected coefficient; "" where neither contains the other.
    """
    if not (found := whole_of(first, second)):
        return ""
    whole, part = found
    values = {"whole": whole.short, "part": part.short, "year": year}
    if not share_known(whole, year):
        return text("correlate.figure_note_part_unknown", language, **values)
    corrected = result_text(chosen(table, first, second, measure, variant=CORRECTED), language)
    key = "figure_note_part" if measure == "score" else "figure_note_part_rank"
    return text(f"correlate.{key}", language, result=corrected, **values)


def absent(figures, provinces, first, second, year, language):
    """
    Name the provinces that a pair of indices leaves out.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    provinces : helpers.provinces.Provinces
    first, second : helpers.registry.Index
    year : int
    language : {"en", "vi"}

    Returns
    -------
    list of (str, list of str)
        What is missing, with its count, and the names; scores and ranks apart where they differ.
    """
    by_measure = {m: missing(figures, provinces.codes, first, second, year, m) for m in MEASURES}
    found = []
    for index in (first, second):
        lists = {measure: by_measure[measure][index.slug] for measure in MEASURES}
        if lists["score"] == lists["rank"]:
            lists = {"both": lists["score"]}
        for what, codes in lists.items():
            if codes:
                head = text(f"correlate.missing_{what}", language, index=index.short, n=len(codes))
                found.append((head, [provinces.name(code, language) for code in codes]))
    return found


def describe(shown, first, second, year, measure, estimate, provinces, language):
    """
    Describe a scatter plot for those who do not see it.

    Parameters
    ----------
    shown : pandas.DataFrame
        As made by `points`.
    first, second : helpers.registry.Index
    year : int
    measure : {"score", "rank"}
    estimate : pandas.Series or Estimate
        Spearman's.
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
        Subject, n, main result, the best province on either axis and the one that differs most.
    """
    best = "idxmin" if measure == "rank" else "idxmax"
    names = {
        "best_x": getattr(shown["x"], best)(),
        "best_y": getattr(shown["y"], best)(),
        "apart": shown["gap"].abs().idxmax(),
    }
    return text(
        f"correlate.alt_{measure}",
        language,
        a=first.short,
        b=second.short,
        year=year,
        n=len(shown),
        total=len(provinces.codes),
        result=result_text(estimate, language),
        **{key: provinces.name(code, language) for key, code in names.items()},
    )


def result_text(estimate, language):
    """
    Write Spearman's coefficient with its interval, or why there is none.

    Parameters
    ----------
    estimate : pandas.Series or Estimate
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    if estimate.reason:
        return _reason_text(estimate.reason, language)
    return text(
        "correlate.result", language, result=interval_text(estimate, language, "correlate.interval_running")
    )
