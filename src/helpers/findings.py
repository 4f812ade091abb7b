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
    share_known,
    totals,
    variant_name,
    whole_of,
)
from helpers.resampling import LEVEL
from helpers.wording import alphabetical, listing, number, text


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
    (pandas.DataFrame, str)
        Worded columns: pair, Spearman's coefficient with its interval, n, the permutation p, Holm's p and the
        bootstrap interval of it, the other coefficients with theirs. Below it the line that names the pairs
        without any estimate, which are not in the table; "" for none.
    """
    rows, refused = [], []
    shown = table[(table["measure"] == measure) & (table["variant"] == variant)]
    for (a, b), group in shown.groupby(["index_a", "index_b"], sort=False):
        by_method = {row.method: row for row in group.itertuples()}
        rank_based = by_method["spearman"]
        name = _variant_name(registry[a], registry[b], variant, language)
        if all(row.reason for row in by_method.values()):
            refused.append((name, rank_based.n, _reason_text(rank_based.reason, language)))
            continue
        if variant == PLAIN and whole_of(registry[a], registry[b]):
            name = text("correlate.uncorrected", language, pair=name)
        cells = {"pair": name, "n": rank_based.n}
        cells |= {method: interval_text(by_method[method], language) for method in METHODS}
        cells["bootstrap"] = bootstrap_text(rank_based, language)
        cells |= {"p": p_text(rank_based.p_value, language), "holm": p_text(rank_based.p_adjusted, language)}
        rows.append(cells)
    columns = ["pair", "spearman", "n", "p", "holm", "bootstrap", "pearson", "kendall"]
    return _worded(rows, columns, language), not_estimated(refused, language)


def _worded(rows, columns, language):
    frame = pd.DataFrame(rows, columns=columns)
    return frame.rename(columns=lambda column: text(f"correlate.column_{column}", language))


def not_estimated(refused, language):
    """
    Name in one line what has no estimate, instead of rows of dashes in a table.

    Parameters
    ----------
    refused : iterable of (str, int, str)
        Name, n, and the reason in words.
    language : {"en", "vi"}

    Returns
    -------
    str
        Plain text, those of the same reason together; "" for none.
    """
    groups = {}
    for name, n, reason in refused:
        groups.setdefault(reason, []).append(text("correlate.clause_n", language, pair=name, n=n))
    parts = [
        text("correlate.not_estimated_group", language, names=listing(names, language), reason=reason)
        for reason, names in groups.items()
    ]
    return text("correlate.not_estimated", language, groups="; ".join(parts)) if parts else ""


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
    list of (str, pandas.DataFrame, str)
        For each pair that has any estimate its name; a table of worded columns: provinces and figures, the
        coefficient with its interval, n, p, Holm's p, the bootstrap interval, with a row for the range over
        all provinces left out in turn; and the line that names the variants without an estimate. A pair of
        which one contains the other comes twice where it can be corrected.
    """
    found = []
    shown = table[(table["measure"] == measure) & (table["method"] == "spearman")]
    for (a, b), group in shown.groupby(["index_a", "index_b"], sort=False):
        by_variant = {row.variant: row for row in group.itertuples()}
        for corrected in (False, True):
            names = {base: variant_name(base, corrected) for base in VARIANTS}
            of_pair = {base: by_variant[name] for base, name in names.items() if name in by_variant}
            if all(row.reason for row in of_pair.values()):
                continue
            name = _variant_name(registry[a], registry[b], CORRECTED if corrected else PLAIN, language)
            rows, refused = [], []
            for base, row in of_pair.items():
                variant = _base_name(row, base, language)
                if row.reason:
                    refused.append((variant, row.n, _reason_text(row.reason, language)))
                    continue
                rows.append(_variant_cells(row, variant, language))
                if base == PLAIN:
                    rows.append(_left_out(influence, row, places, language))
            columns = ["variant", "spearman", "n", "p", "holm", "bootstrap"]
            found.append((name, _worded(rows, columns, language), not_estimated(refused, language)))
    return found


def _base_name(row, base, language):
    key = f"correlate.variant_{base}{'_none' if base == POOLED and row.reason else ''}"
    return text(key, language, years=row.years, provinces=row.clusters)


def _variant_cells(row, variant, language):
    # An interval made by bootstrap stands in the column of intervals already.
    bootstrap = number(None, language) if row.interval == "bca" else bootstrap_text(row, language)
    cells = {"variant": variant, "spearman": interval_text(row, language), "n": row.n}
    cells |= {"p": p_text(row.p_value, language), "holm": p_text(row.p_adjusted, language)}
    return cells | {"bootstrap": bootstrap}


def _left_out(influence, row, places, language):
    low, high, code = leave_one_out(influence, row)
    ends = {"low": number(low, language), "high": number(high, language)}
    variant = text("correlate.variant_leave_one_out", language, province=places.name(code, language))
    cells = {"variant": variant, "spearman": text("correlate.range", language, **ends), "n": row.n - 1}
    return cells | dict.fromkeys(("bootstrap", "p", "holm"), number(None, language))


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
    Say in hedged sentences, one a verdict, what the estimates of a measure show.

    A coefficient whose 95 % interval contains 0 is "no evidence"; nothing is said of causes. For scores of a
    pair of which one contains the other the corrected estimate speaks, where there is one. The intervals
    stand in the table of `readable`.

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
    groups = _by_verdict(table, registry, measure, year, language, "correlate.clause")
    sentences = [
        text(
            f"correlate.{verdict}_{measure}", language, pairs=listing(found, language), minimum=MINIMUM_PAIRS
        )
        for verdict, found in groups.items()
    ]
    return text(f"correlate.finding_{measure}", language, sentences=" ".join(sentences))


def _by_verdict(table, registry, measure, year, language, key, but=()):
    """The pairs of each verdict that occurs, worded; without the pair of slugs `but`."""
    groups = {verdict: [] for verdict in ("positive", "negative", "unclear", "constant", "few")}
    shown = table[(table["measure"] == measure) & (table["method"] == "spearman")]
    for (a, b), group in shown.groupby(["index_a", "index_b"], sort=False):
        if (a, b) != but:
            row = _speaking(group)
            clause = _clause(row, registry[a], registry[b], year, language, key)
            groups[_verdict(row)].append(clause)
    return {verdict: found for verdict, found in groups.items() if found}


def _speaking(group):
    corrected = group[(group["variant"] == CORRECTED) & (group["reason"] == "")]
    return (corrected if len(corrected) else group[group["variant"] == PLAIN]).iloc[0]


def _verdict(row):
    if row["reason"]:
        return "few" if row["reason"] == "correlate.reason_few" else "constant"
    if row["ci_low"] <= 0 <= row["ci_high"]:
        return "unclear"
    return "positive" if row["estimate"] > 0 else "negative"


def _clause(row, first, second, year, language, key):
    name = _variant_name(first, second, row["variant"], language)
    if row["reason"]:
        return text("correlate.clause_n", language, pair=name, n=row["n"])
    remarks = "".join(f"; {remark}" for remark in _remarks(row, first, second, year, language))
    estimate = number(row["estimate"], language)
    return text(key, language, pair=name, estimate=estimate, n=row["n"], remarks=remarks)


def _remarks(row, first, second, year, language):
    """What weakens an estimate: several comparisons, and that one index contains the other."""
    remarks = []
    if _verdict(row) != "unclear" and row["p_adjusted"] >= LEVEL:
        remarks.append(text("correlate.clause_holm", language, p=p_text(row["p_adjusted"], language)))
    found = whole_of(first, second)
    if found and row["variant"] == PLAIN:
        whole, part = found
        key = "clause_built_in" if share_known(whole, year) else "clause_built_in_unknown"
        remarks.append(text(f"correlate.{key}", language, whole=whole.short, part=part.short))
    return remarks


def leading_measure(table, registry):
    """
    Say whether ranks or scores tell more about a year.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.correlation.pairs`.
    registry : helpers.registry.Registry

    Returns
    -------
    {"score", "rank"}
        Of the first pair in the order of the registry that has an estimate of either, and of which neither
        index contains the other, whichever more provinces have; scores where as many have both.
    """
    rows = {measure: headline(table, registry, measure) for measure in MEASURES}
    order = list(table.groupby(["index_a", "index_b"], sort=False).groups)

    def told(measure):
        row = rows[measure]
        return (0, 0) if row is None else (-order.index((row["index_a"], row["index_b"])), row["n"])

    found = [measure for measure in MEASURES if rows[measure] is not None]
    return max(found, key=told, default=MEASURES[0])


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


def opening(table, registry, measure, year, language):
    """
    Say whether the indices rank the provinces alike, for the opening of the page.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.correlation.pairs`.
    registry : helpers.registry.Registry
    measure : {"score", "rank"}
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph: the pair of `headline` with its interval and what the squares of the ends of
        that interval say about one index standing in for the other; the other pairs by verdict.
    """
    row, but, said = headline(table, registry, measure), (), []
    if row is None:
        said.append(text("correlate.opening_none", language, minimum=MINIMUM_PAIRS))
    else:
        but, verdict = (row["index_a"], row["index_b"]), _verdict(row)
        first, second = (registry[slug] for slug in but)
        remarks = _remarks(row, first, second, year, language)
        low, high = sorted(100 * end**2 for end in (row["ci_low"], row["ci_high"]))
        values = {"a": first.short, "b": second.short, "n": row["n"]}
        values["measure"] = text(f"correlate.measure_{measure}", language)
        values["estimate"] = interval_text(row, language, "correlate.interval_running")
        values["remarks"] = "".join(f"; {remark}" for remark in remarks)
        ends = {"low": number(low, language, 0), "high": number(high, language, 0)}
        said.append(text(f"correlate.opening_{verdict}", language, **values, **ends))
    groups = _by_verdict(table, registry, measure, year, language, "correlate.clause_brief", but)
    if groups:
        parts = [
            text(f"correlate.others_{verdict}", language, pairs=listing(found, language))
            for verdict, found in groups.items()
        ]
        said.append(text("correlate.others", language, parts="; ".join(parts)))
    return " ".join(said)


def detectable(row, registry, language):
    """
    Say, where an interval contains zero, what so few provinces could have shown.

    Parameters
    ----------
    row : pandas.Series or None
        As picked by `headline`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        One sentence; "" where the interval excludes zero, and for None.
    """
    if row is None or _verdict(row) != "unclear":
        return ""
    pair = pair_name(registry[row["index_a"]], registry[row["index_b"]])
    least = number(_least(row["n"]), language)
    return text("correlate.detectable", language, pair=pair, n=row["n"], least=least)


def _least(n):
    """Smallest Spearman coefficient whose interval by Bonett & Wright would exclude zero (float)."""
    estimate = 0.0
    for _ in range(20):
        estimate = math.tanh(NormalDist().inv_cdf(1 - LEVEL / 2) * math.sqrt((1 + estimate**2 / 2) / (n - 3)))
    return estimate


def steadiness(row, table, influence, places, language):
    """
    Say how an estimate fares within regions, without the cities and without single provinces.

    Parameters
    ----------
    row : pandas.Series
        As picked by `headline`.
    table, influence : pandas.DataFrame
        As made by `helpers.correlation.pairs` and `helpers.correlation.influence`.
    places : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a paragraph of two sentences.
    """
    key = ["index_a", "index_b", "measure", "method"]
    same = table[(table[key] == row[key]).all(axis=1)].set_index("variant")
    groups = {verdict: [] for verdict in ("positive", "negative", "unclear", "few")}
    for base in (WITHIN, WITHOUT):
        other = same.loc[base]
        where = text(f"correlate.where_{base}", language)
        values = {"where": where, "estimate": number(other["estimate"], language), "n": other["n"]}
        verdict = "few" if other["reason"] else _verdict(other)
        key = "correlate.where_refused" if other["reason"] else "correlate.where"
        groups[verdict].append(text(key, language, **values))
    parts = [
        text(f"correlate.steady_{verdict}", language, where=listing(found, language))
        for verdict, found in groups.items()
        if found
    ]
    low, high, code = leave_one_out(influence, row)
    said = "; ".join(parts)
    return text(
        "correlate.steady",
        language,
        parts=said[0].upper() + said[1:],
        n=row["n"] - 1,
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


def counted(table, registry, language):
    """
    Count the provinces that each pair of indices has in common.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.correlation.pairs`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns: pair, provinces with both scores, with both ranks.
    """
    shown = table[(table["variant"] == PLAIN) & (table["method"] == "spearman")]
    rows = []
    for (a, b), group in shown.groupby(["index_a", "index_b"], sort=False):
        n = group.set_index("measure")["n"]
        rows.append({"pair": pair_name(registry[a], registry[b]), "scores": n["score"], "ranks": n["rank"]})
    return _worded(rows, ["pair", "scores", "ranks"], language)


def absent(figures, registry, provinces, year, language):
    """
    Name the provinces that each index lacks, every province once an index.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    year : int
    language : {"en", "vi"}

    Returns
    -------
    list of (str, list of str)
        What is missing (score and rank, or only one of them), with its count, and the names in
        alphabetical order.
    """
    tables = {m: totals(figures, year, m).reindex(index=provinces.codes) for m in MEASURES}
    found = []
    for index in registry:
        if index.slug not in tables["score"]:
            continue
        no_score, no_rank = (tables[measure][index.slug].isna() for measure in MEASURES)
        cases = {"both": no_score & no_rank, "score": no_score & ~no_rank, "rank": ~no_score & no_rank}
        for what, lacking in cases.items():
            if names := [provinces.name(code, language) for code in lacking.index[lacking]]:
                head = text(f"correlate.missing_{what}", language, index=index.short, n=len(names))
                found.append((head, alphabetical(names, language)))
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
