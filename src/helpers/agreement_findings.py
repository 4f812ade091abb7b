"""What intervals of ranks and the agreement of two rankings say, in words and tables, in both languages."""

import math

import pandas as pd

from helpers import agreement, rank_intervals
from helpers.correlation import MINIMUM_PAIRS
from helpers.indices import held
from helpers.wording import listing, number, text


def _reason(key, language):
    fewest = MINIMUM_PAIRS if key == "agreement.reason_few_provinces" else agreement.MINIMUM_YEARS
    return text(key, language, minimum=fewest)


def _p(value, language):
    if value < 0.001:
        return f"<\u00a0{number(0.001, language, 3)}"
    return number(value, language, 3)


def span(years, language, short=False):
    """
    Write a span of years.

    Parameters
    ----------
    years : iterable of int
    language : {"en", "vi"}
    short : bool
        Without the word for a period.

    Returns
    -------
    str
        The year itself where there is only one.
    """
    first, last = min(years), max(years)
    if first == last:
        return str(first)
    return text(f"agreement.span{'_short' if short else ''}", language, first=first, last=last)


def source_note(figures, indices, years, language):
    """
    Name the sources of the figures, and whether they are published or reported.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    indices : list of helpers.registry.Index
    years : list of int
    language : {"en", "vi"}

    Returns
    -------
    str
        A line below a figure.
    """
    years, sources = set(years), []
    figures = figures[figures["component"] == ""]
    for index in indices:
        kinds = {held(figures, index, year) for year in years}
        key = "agreement.source_reported" if "reported" in kinds else "agreement.source_published"
        sources.append(text(key, language, index=index.short, publisher=index.publisher(language)))
    return f"{text('common.source', language)}: {'; '.join(sources)}."


# --- intervals of ranks ------------------------------------------------------------------------------------


def precision_text(precision, registry, language):
    """
    Say whether standard errors were published, and what stands in for them.

    Parameters
    ----------
    precision : pandas.DataFrame
        As made by `helpers.rank_intervals.read_precision`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    if precision.empty:
        return text("agreement.precision_absent", language)
    entries = [
        text("agreement.precision_entry", language, index=registry[slug].short, year=year, n=len(rows))
        for (slug, year), rows in precision.groupby(["index", "year"])
    ]
    return text("agreement.precision_present", language, listed=listing(entries, language))


def intervals_text(intervals, index, year, language):
    """
    Say how certain the ranks of an index and year are.

    Parameters
    ----------
    intervals : pandas.DataFrame
        As made by `helpers.rank_intervals.table`.
    index : helpers.registry.Index
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph.
    """
    rows = rank_intervals.of_year(intervals, index, year)
    values = {"index": index.short, "year": year, "rows": len(rows)}
    if rows.empty:
        return text("agreement.finding_absent", language, **values)
    found = rank_intervals.summarise(rows)
    if not found.n:
        reasons = [
            text("agreement.reason_count", language, reason=_reason(key, language), n=n)
            for key, n in rows["reason"].value_counts(sort=False).items()
        ]
        return text("agreement.finding_none", language, reasons="; ".join(reasons), **values)
    if found.method == rank_intervals.OWN_RANKS:
        half = (rows["rank_high"] - rows["rank_low"]).astype("float64").median() / 2
        return text(
            "agreement.finding_own_ranks",
            language,
            n=found.n,
            without=len(rows) - found.n,
            half=number(half, language, 0),
            minimum=rank_intervals.MINIMUM_YEARS,
            **values,
        )
    return text(
        "agreement.finding_scores",
        language,
        error=_error_text(rows, found, language),
        **_counts(found, language),
        **values,
    )


def _counts(found, language):
    return {
        "ranked": found.ranked,
        "n": found.n,
        "half": number(found.half_middle, language, 0),
        "neighbours": found.neighbours,
        "together": found.together,
        "pairs": found.pairs,
        "apart": found.apart,
        "top": found.top,
        "places": rank_intervals.TOP,
    }


def _error_text(rows, found, language):
    error = number(rows["standard_error"].median(), language)
    if found.method == rank_intervals.PUBLISHED:
        return text("agreement.error_published", language, error=error)
    of_spread = rows[rows["method"] == rank_intervals.SPREAD].iloc[0]
    return text(
        "agreement.error_spread",
        language,
        error=number(of_spread["standard_error"], language),
        precision=_precision_words(of_spread, language),
        degrees=number(of_spread["degrees"], language, 0),
    )


def _precision_words(row, language):
    # The table keeps an English phrase that ends in the years.
    first, last = row["precision"].rsplit(" ", 1)[1].split("-")
    return text("agreement.over", language, span=span([int(first), int(last)], language))


def runs_text(run_intervals, registry, language):
    """
    Say how certain the ranks of the means over runs of comparable years are.

    Parameters
    ----------
    run_intervals : pandas.DataFrame
        As made by `helpers.rank_intervals.over_runs`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph a run.
    """
    said = [
        text(
            "agreement.finding_run",
            language,
            index=registry[slug].short,
            span=span(years_of(rows), language),
            **_counts(rank_intervals.summarise(rows), language),
        )
        for (slug, _), rows in run_intervals.groupby(["index", "precision"], sort=False)
    ]
    return "\n\n".join(said) or text("agreement.run_none", language)


def years_of(rows):
    """
    Give the first and the last year of a run of comparable years.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of one run as made by `helpers.rank_intervals.over_runs`. The identifier of a series does not
        tell: the run ends where the set of provinces changes.

    Returns
    -------
    list of int
    """
    return [int(year) for year in rows["precision"].iloc[0].rsplit(" ", 1)[1].split("-")]


def readable_intervals(rows, provinces, language):
    """
    Lay the intervals of one ranking out for reading, the best rank first.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one index and year, or of one run.
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns: province, rank, interval, score, whether it is told apart from the next; a remark
        where an interval is lacking.
    """
    cells = []
    for row in rows.sort_values(["rank", "gso_code"]).itertuples():
        bounds = {"low": row.rank_low, "high": row.rank_high}
        interval = "" if pd.isna(row.rank_low) else text("agreement.ranks_interval", language, **bounds)
        apart = "" if pd.isna(row.apart_from_next) else "yes" if row.apart_from_next else "no"
        cells.append(
            {
                "province": provinces.name(row.gso_code, language),
                "rank": number(None if pd.isna(row.rank) else row.rank, language, 0),
                "interval": interval or number(None, language),
                "score": number(row.score, language),
                "apart": text(f"agreement.{apart}", language) if apart else number(None, language),
                "remark": _reason(row.reason, language) if row.reason else "",
            }
        )
    return _worded(cells, ["province", "rank", "interval", "score", "apart", "remark"], language)


def _worded(cells, columns, language):
    frame = pd.DataFrame(cells, columns=columns)
    if "remark" in columns and not frame["remark"].any():
        frame = frame.drop(columns="remark")
    return frame.rename(columns=lambda column: text(f"agreement.column_{column}", language))


def written(table):
    """
    Make a table of intervals or of agreement ready to be kept as a file.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `rank_intervals.table`, `rank_intervals.over_runs`, `agreement.table` or
        `agreement.by_year`.

    Returns
    -------
    pandas.DataFrame
        The same columns, ten decimals, and reasons as English phrases.
    """
    return table.round(10).assign(reason=[_reason(key, "en") if key else "" for key in table["reason"]])


# --- agreement of two rankings -----------------------------------------------------------------------------


def _verdict(row):
    if row.reason:
        return "without"
    if row.ci_low <= 0 <= row.ci_high or math.isnan(row.ci_low):
        return "unclear"
    return "closer" if row.kappa > 0 else "apart"


def year_text(yearly, paper, citizens, year, total, language):
    """
    Say how well two rankings agree in a year.

    Parameters
    ----------
    yearly : pandas.DataFrame
        As made by `helpers.agreement.by_year`.
    paper, citizens : helpers.registry.Index
    year : int
    total : int
        All provinces of the year.
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph.
    """
    values = {"paper": paper.short, "citizens": citizens.short, "year": year, "total": total}
    rows = yearly[yearly["year"] == year]
    if rows.empty:
        return text("agreement.year_absent", language, **values)
    row = rows.iloc[0]
    values["n"] = row["n"]
    if row["reason"]:
        return text("agreement.year_reason", language, reason=_reason(row["reason"], language), **values)
    return text(
        "agreement.year_kappa",
        language,
        mean=number(row["mean_difference"], language, 1),
        expected=number(row["expected_difference"], language, 1),
        verdict=text(f"agreement.year_{_verdict(row)}", language),
        kappa=number(row["kappa"], language),
        low=number(row["ci_low"], language),
        high=number(row["ci_high"], language),
        third=number(100 * row["same_third"], language, 0),
        third_expected=number(100 * row["same_third_expected"], language, 0),
        **values,
    )


def years_text(yearly, paper, citizens, language):
    """
    Sum up the agreement of two rankings over the years.

    Parameters
    ----------
    yearly : pandas.DataFrame
        As made by `helpers.agreement.by_year`.
    paper, citizens : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    str
        The years are counted by what their interval says; those with too few provinces are named by
        `readable_years`.
    """
    values = {"paper": paper.short, "citizens": citizens.short}
    verdicts = [_verdict(row) for row in yearly.itertuples()]
    if not set(verdicts) - {"without"}:
        return text("agreement.years_none", language, **values)
    counts = {name: verdicts.count(name) for name in ("closer", "unclear", "apart")}
    known = yearly[yearly["reason"] == ""]
    return text(
        "agreement.years_summary",
        language,
        years=len(known),
        span=span(known["year"], language, short=True),
        least=number(known["mean_difference"].min(), language, 1),
        most=number(known["mean_difference"].max(), language, 1),
        n=f"{known['n'].min()}–{known['n'].max()}",
        **counts,
        **values,
    )


def readable_years(yearly, language):
    """
    Lay the agreement of the years out for reading.

    Parameters
    ----------
    yearly : pandas.DataFrame
        As made by `helpers.agreement.by_year`.
    language : {"en", "vi"}

    Returns
    -------
    (pandas.DataFrame, list of tuple)
        Worded columns, one row a year with an estimate; the other years, as
        `helpers.panel_opening.not_estimated` takes them.
    """
    cells = [
        {
            "year": row.year,
            "kappa": _interval(row.kappa, row.ci_low, row.ci_high, language, 2),
            "n": row.n,
            "mean": number(row.mean_difference, language, 1),
            "expected": number(row.expected_difference, language, 1),
            "third": number(100 * row.same_third, language, 0),
            "third_expected": number(100 * row.same_third_expected, language, 0),
            "p": _p(row.p_value, language),
        }
        for row in yearly[yearly["reason"] == ""].itertuples()
    ]
    refused = [
        ("", str(row.year), row.n, _reason(row.reason, language))
        for row in yearly[yearly["reason"] != ""].itertuples()
    ]
    columns = ["year", "kappa", "n", "mean", "expected", "third", "third_expected", "p"]
    return _worded(cells, columns, language), refused


def _interval(estimate, low, high, language, decimals):
    if math.isnan(low):
        return number(estimate, language, decimals)
    values = {"estimate": estimate, "low": low, "high": high}
    written_ = {name: number(value, language, decimals) for name, value in values.items()}
    return text("agreement.interval", language, **written_)


def persistence_text(summary, paper, citizens, provinces, language):
    """
    Name the provinces that are persistently rated higher on one side, and say of how many nothing is known.

    Parameters
    ----------
    summary : pandas.DataFrame
        As made by `helpers.agreement.persistence`.
    paper, citizens : helpers.registry.Index
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown: lists of the provinces whose gap stays clear once all are allowed for, with their figures,
        and the names of those for which it does not.
    """
    given = summary[summary["reason"] == ""]
    counts = text(
        "agreement.persistent_counts",
        language,
        minimum=agreement.MINIMUM_YEARS,
        given=len(given),
        total=len(provinces.codes),
        unknown=len(provinces.codes) - len(given),
    )
    if given.empty:
        return f"{text('agreement.persistent_nobody', language)} {counts}"
    values = {"paper": paper.short, "citizens": citizens.short, "given": len(given)}
    said = [counts]
    for verdict in (agreement.PAPER, agreement.CITIZENS):
        rows = given[given["verdict"] == verdict]
        rows = rows.sort_values("difference", key=abs, ascending=False, kind="stable")
        lost = rows["p_adjusted"] >= agreement.LEVEL
        lines = [_persistent(row, provinces, language) for row in rows[~lost].itertuples()]
        if lost.any():
            names = [provinces.name(code, language) for code in rows.loc[lost, "gso_code"]]
            key = "agreement.persistent_adjusted"
            lines.append(text(key, language, names=listing(names, language), given=len(given)))
        lines = lines or [text("agreement.persistent_none", language)]
        said += [text(f"agreement.persistent_{verdict}", language, **values), "\n".join(lines)]
    unclear = int((given["verdict"] == agreement.UNCLEAR).sum())
    said.append(text("agreement.persistent_unclear", language, n=unclear))
    return "\n\n".join(said)


def _persistent(row, provinces, language):
    return text(
        "agreement.persistent_name",
        language,
        name=provinces.name(row.gso_code, language),
        difference=_signed(row.difference, language),
        low=number(row.ci_low, language, 1),
        high=number(row.ci_high, language, 1),
        years=row.years,
    )


def _signed(value, language):
    return f"{'+' if value > 0 else ''}{number(value, language, 1)}"


def readable_persistence(summary, provinces, language):
    """
    Lay the mean differences of the provinces out for reading, the highest on paper first.

    Parameters
    ----------
    summary : pandas.DataFrame
        As made by `helpers.agreement.persistence`.
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    (pandas.DataFrame, list of tuple)
        Worded columns, one row a province with an interval; the other provinces with the number of their
        years, as `helpers.panel_opening.not_estimated` takes them.
    """
    cells, refused = [], []
    for row in summary.sort_values("difference", ascending=False, kind="stable").itertuples():
        name = provinces.name(row.gso_code, language)
        if row.reason:
            refused.append((name, "", int(row.years), _reason(row.reason, language)))
            continue
        verdict = text(f"agreement.verdict_{row.verdict}", language)
        if row.verdict != agreement.UNCLEAR and row.p_adjusted >= agreement.LEVEL:
            verdict = text("agreement.verdict_unadjusted", language, verdict=verdict)
        cells.append(
            {
                "province": name,
                "difference": _interval(row.difference, row.ci_low, row.ci_high, language, 1),
                "years": int(row.years),
                "verdict": verdict,
                "p_adjusted": _p(row.p_adjusted, language),
                "p": _p(row.p_value, language),
            }
        )
    columns = ["province", "difference", "years", "verdict", "p_adjusted", "p"]
    return _worded(cells, columns, language), refused


# --- method and limits -------------------------------------------------------------------------------------


def method_text(paper, citizens, registry, total, language):
    """
    Say how intervals and agreement were computed and what they do not say.

    Parameters
    ----------
    paper, citizens : helpers.registry.Index
    registry : helpers.registry.Registry
    total : int
        All provinces.
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, a list.
    """
    minimum = agreement.MINIMUM_YEARS
    part = ""
    if contains := paper.entry.get("contains"):
        first, last = contains["years"]
        part = text(
            "agreement.agreement_part",
            language,
            paper=paper.short,
            part=registry[contains["index"]].short,
            share=number(100 * contains["share"], language, 0),
            first=first,
            last=last,
        )
    values = {"paper": paper.short, "citizens": citizens.short, "total": total, "part": part}
    ways = [
        text("agreement.intervals_method", language, minimum=minimum),
        text("agreement.agreement_method", language, minimum=minimum, **values),
    ]
    return "\n".join(ways)


# --- descriptions of the figures ---------------------------------------------------------------------------


def describe_intervals(rows, index, period, provinces, language):
    """
    Describe the chart of rank intervals for those who do not see it.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one index and year, or of one run.
    index : helpers.registry.Index
    period : str
        Year or years, as `span` writes them.
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    found = rank_intervals.summarise(rows)
    values = {"index": index.short, "year": period, "total": len(provinces.codes)}
    counts = _counts(found, language) | {"rows": found.rows}
    key = "agreement.alt_finding_scores" if found.top is not None else "agreement.alt_finding_own"
    finding = text(key, language, **counts)
    return text("agreement.alt_intervals", language, finding=finding, n=int(rows["rank"].count()), **values)


def describe_quadrants(points, paper, citizens, period, provinces, language):
    """
    Describe the quadrant chart for those who do not see it.

    Parameters
    ----------
    points : pandas.DataFrame
        As made by `helpers.agreement.positions`; at least one row.
    paper, citizens : helpers.registry.Index
    period : str
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    total = len(provinces.codes)
    counts = agreement.quadrant(points, total).value_counts()
    apart = (points["y"] - points["x"]).abs().idxmax()
    return text(
        "agreement.alt_quadrants",
        language,
        paper=paper.short,
        citizens=citizens.short,
        year=period,
        n=len(points),
        total=total,
        both=int(counts.get("both", 0)),
        paper_only=int(counts.get("paper", 0)),
        citizens_only=int(counts.get("citizens", 0)),
        neither=int(counts.get("neither", 0)),
        apart=provinces.name(apart, language),
        x=number(points.at[apart, "x"], language, 0),
        y=number(points.at[apart, "y"], language, 0),
    )


def describe_gaps(summary, paper, citizens, period, provinces, language):
    """
    Describe the chart of mean differences for those who do not see it.

    Parameters
    ----------
    summary : pandas.DataFrame
        As made by `helpers.agreement.persistence`.
    paper, citizens : helpers.registry.Index
    period : str
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    given = summary[summary["reason"] == ""]

    def names(verdict):
        rows = given[given["verdict"] == verdict].sort_values("difference", key=abs, ascending=False)
        listed = [provinces.name(code, language) for code in rows["gso_code"]]
        return listing(listed, language) or text("agreement.nobody", language)

    return text(
        "agreement.alt_gaps",
        language,
        paper=paper.short,
        citizens=citizens.short,
        year=period,
        n=len(given),
        total=len(provinces.codes),
        minimum=agreement.MINIMUM_YEARS,
        on_paper=names(agreement.PAPER),
        by_citizens=names(agreement.CITIZENS),
        unclear=int((given["verdict"] == agreement.UNCLEAR).sum()),
    )
