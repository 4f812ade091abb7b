"""Who is missing and what that means for the estimates, in words and tables, in both languages."""

import math

import pandas as pd

from helpers import selection
from helpers.correlation import MEASURES
from helpers.findings import interval_text, not_estimated, p_text
from helpers.resampling import LEVEL
from helpers.wording import alphabetical, listing, number, text

COMPARISONS = ("reference_mean", "reference_spread", "own_rank_mean", "own_rank_spread")
_LIMITS = {"with_": selection.MINIMUM_WITH, "without": selection.MINIMUM_WITHOUT}


def written(table):
    """
    Make the table of `helpers.selection.compare` ready to be kept as a file.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        The same columns, ten decimals, and reasons as English phrases.
    """
    reasons = [_reason(reason, "en") if reason else "" for reason in table["reason"]]
    return table.round(10).assign(reason=reasons)


def _reason(reason, language):
    return text(reason, language, **_LIMITS)


def reference_text(figures, registry, provinces, year, language):
    """
    Say on which index the provinces are compared, and which provinces it lacks itself.

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
    str
    """
    base = selection.reference(figures, registry, provinces, year)
    incomplete = selection.targets(figures, registry, provinces, year)
    total = len(provinces.codes)
    values = {"year": year, "total": total}
    if base is None:
        share = number(selection.WIDE * 100, language, 0)
        return text("selection.no_reference", language, share=share, **values)
    lacking = selection.without(figures, base, provinces, year)
    if not incomplete and not lacking:
        return text("selection.nothing_missing", language, **values)
    values |= {"reference": base.short, "n": total - len(lacking)}
    said = [text("selection.reference", language, **values)]
    if lacking:
        names = listing(
            alphabetical((provinces.name(code, language) for code in lacking), language), language
        )
        said.append(text("selection.reference_missing", language, names=names, **values))
    if not incomplete:
        said.append(text("selection.complete_but_reference", language, **values))
    return " ".join(said)


def measures_of(table, index):
    """
    Say which measures of an index are worth a paragraph of their own.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.selection.compare`.
    index : helpers.registry.Index

    Returns
    -------
    list of {"score", "rank"}
        Without a measure of which no province lacks a figure; "rank" alone where scores and ranks are known
        for the same provinces, as far as the numbers tell.
    """
    own = table[table["index"] == index.slug]
    parts = {measure: own[own["measure"] == measure] for measure in MEASURES}
    lacking = [
        m for m, part in parts.items() if (part["n_without"][part["comparison"] == "region"] > 0).any()
    ]
    compared = [part.drop(columns="measure").reset_index(drop=True) for part in parts.values()]
    return lacking[-1:] if compared[0].equals(compared[1]) else lacking


def opening(table, figures, registry, provinces, year, language):
    """
    Say who is missing and what that means, a clause an index, for the opening of the page.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.selection.compare`.
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph; each index by whichever of score and rank is known for more provinces, ranks
        if they are equally many; those of which the same can be said together.
    """
    groups, lacking, total = {}, [], len(provinces.codes)
    for slug in table["index"].unique():
        case, measure = _fullest(table, registry, provinces, slug, language)
        name = case.text(f"opening_{measure}")
        if (brief := case.briefly()) == "few_without":
            lacking.append((name, selection.without(figures, registry[slug], provinces, year, measure)))
        else:
            groups.setdefault(brief, []).append(name)
    said = [
        text(f"selection.brief_{brief}", language, indices=listing(indices, language), total=total)
        for brief, indices in groups.items()
    ]
    if base := selection.reference(figures, registry, provinces, year):
        codes = selection.without(figures, base, provinces, year)
        values = {"index": base.short, "n": total - len(codes), "total": total}
        lacking.append((text("selection.opening_score", language, **values), codes))
    for index, codes in lacking:
        if codes:
            named = alphabetical((provinces.name(code, language) for code in codes), language)
            said.append(
                text("selection.opening_lacking", language, index=index, names=listing(named, language))
            )
    if said:
        return text("selection.opening", language, sentences=" ".join(said))
    return text("selection.opening_complete", language, year=year, total=total)


def _fullest(table, registry, provinces, slug, language):
    """The case of whichever of score and rank more provinces have, ranks if equally many do."""
    measures = measures_of(table, registry[slug])
    cases = {m: _Case(table, registry, provinces, slug, m, language) for m in reversed(measures)}
    measure = max(cases, key=lambda m: cases[m].n)
    return cases[measure], measure


def conclusion(table, registry, provinces, index, language):
    """
    Say in short who is missing from an index and what that means for the estimates.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.selection.compare`.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    index : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph of at most four sentences: only the differences that are clear, by whichever
        of score and rank is known for more provinces.
    """
    case, measure = _fullest(table, registry, provinces, index.slug, language)
    if not (clauses := case.refused()):
        clear = "; ".join([*case.clear_means(), *case.clear_spreads()])
        clauses = [clear or case.text("clear_none"), case.effect(), *case.kind()]
    return case.text(f"paragraph_{measure}", sentences=_sentences(clauses))


def _sentences(clauses):
    return " ".join(f"{clause[0].upper()}{clause[1:]}." for clause in clauses)


def paragraph(table, registry, provinces, index, measure, language):
    """
    Say all that the comparisons of an index by one measure show.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.selection.compare`.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    index : helpers.registry.Index
    measure : {"score", "rank"}
        Which of its figures a province has or lacks.
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, one paragraph. A wider spread than among all provinces is said to go with larger
        correlations, a narrower one with smaller, one of each with neither; how large they would be is not
        said.
    """
    case = _Case(table, registry, provinces, index.slug, measure, language)
    if not (clauses := case.refused()):
        clauses = [case.mean(), *case.spread(), case.own_mean(), *case.own_spread(), *case.fifths()]
        clauses += [*case.regions(), *case.rule(), case.effect(), *case.kind()]
    return case.text(f"paragraph_{measure}", sentences=_sentences(clauses))


class _Case:
    """The rows of one index and measure, and the clauses that they give."""

    def __init__(self, table, registry, provinces, slug, measure, language):
        own = table[(table["index"] == slug) & (table["measure"] == measure)]
        self.rows = {(row.comparison, row.category): row for row in own.itertuples()}
        self.language = language
        whole = self.rows["region", ""]
        self.n, self.total = whole.n_with, whole.n_with + whole.n_without
        self.index = registry[slug].short
        self.reference = registry[whole.reference].short if whole.reference else ""
        english, spoken = selection.regions(provinces), selection.regions(provinces, language)
        self.names = dict(zip(english, spoken, strict=True))

    def text(self, key, **values):
        known = {"index": self.index, "reference": self.reference, "n": self.n, "total": self.total}
        return text(f"selection.{key}", self.language, **known | values)

    def _number(self, value, decimals=2):
        return number(value, self.language, decimals)

    def _p(self, value):
        written = p_text(value, self.language)
        return f"p\u00a0{written}" if written.startswith("<") else f"p\u00a0=\u00a0{written}"

    def _verdict(self, comparison, above, below):
        """Direction of a difference: on the reference by interval and p-value, of own ranks by p-value."""
        row = self.rows[comparison, ""]
        if row.reason:
            return "unknown"
        null = 1 if comparison.endswith("spread") else 0
        rare = row.p_value < LEVEL
        if comparison.startswith("reference"):
            if row.ci_low <= null <= row.ci_high:
                return "none"
            if not rare:
                return "weak"
        elif not rare:
            return "none"
        return above if row.estimate > null else below

    def _clause(self, key, comparison):
        row = self.rows[comparison, ""]
        values = {"n_with": row.n_with, "n_without": row.n_without, "ranked": row.n_with + row.n_without}
        values |= {"low": self._number(row.draw_low, 1), "high": self._number(row.draw_high, 1)}
        values |= {"value": self._number(row.value_with, 1), "p": self._p(row.p_value)}
        values["interval"] = interval_text(row, self.language, "selection.interval")
        values["reason"] = _reason(row.reason, self.language) if row.reason else ""
        return self.text(key, **values)

    def mean(self):
        verdict = self._verdict("reference_mean", "higher", "lower")
        return self._clause(f"mean_{verdict}", "reference_mean")

    def briefly(self):
        """Key of what the missing provinces mean, in a clause."""
        refused = self.rows["region", ""].reason.removeprefix("selection.reason_")
        return refused if refused in ("few_with", "few_without") else self._direction()

    def clear_means(self):
        """Brief clauses on the means, on the reference and of the known ranks, that differ clearly."""
        found = []
        for comparison, above, below in (
            ("reference_mean", "higher", "lower"),
            ("own_rank_mean", "worse", "better"),
        ):
            verdict = self._verdict(comparison, above, below)
            found += [self._clause(f"clear_{verdict}", comparison)] if verdict in (above, below) else []
        return found

    def own_mean(self):
        verdict = self._verdict("own_rank_mean", "worse", "better")
        if self.rows["own_rank_mean", ""].reason == "selection.reason_all":
            verdict = "all"
        return self._clause(f"own_mean_{verdict}", "own_rank_mean")

    def refused(self):
        """Clause for an index of which too few have, or too few lack, a figure; none for the others."""
        reason = self.rows["region", ""].reason
        if reason in ("selection.reason_few_with", "selection.reason_few_without"):
            return [self.text(reason.removeprefix("selection.").replace("reason", "refused"), **_LIMITS)]
        return []

    def spread(self):
        """Clause on the spread on the reference; none where it is unknown."""
        return self._spread("spread", "reference_spread", "unknown")

    def own_spread(self):
        """Clause on the spread of the known ranks; none where it is unknown."""
        return self._spread("own_spread", "own_rank_spread", "unknown")

    def clear_spreads(self):
        """Brief clauses on those of both that differ clearly."""
        unclear = ("none", "weak", "unknown")
        found = self._spread("clear", "reference_spread", *unclear)
        return found + self._spread("clear_own", "own_rank_spread", *unclear)

    def _spread(self, key, comparison, *passed_over):
        verdict = self._verdict(comparison, "wider", "narrower")
        return [] if verdict in passed_over else [self._clause(f"{key}_{verdict}", comparison)]

    def fifths(self):
        rows = [self.rows["own_rank_share", name] for name in selection.FIFTHS]
        if rows[0].reason:
            return []
        values = {}
        for name, row in zip(("top", "middle", "bottom"), rows, strict=True):
            values |= {name: self._number(row.value_with * 100, 0)}
            values |= {f"all_{name}": self._number(row.value_all * 100, 0)}
        return [self.text("fifths", **values)]

    def _region_rows(self):
        return [row for (name, category), row in self.rows.items() if name == "region" and category]

    def _named(self, rows):
        return listing(
            (
                self.text(
                    "region_of",
                    region=self.names[row.category],
                    n=row.n_with,
                    size=row.n_with + row.n_without,
                )
                for row in rows
            ),
            self.language,
        )

    def _uneven(self):
        """Regions with more and with fewer figures than random draws give, if the regions differ at all."""
        whole = self.rows["region", ""]
        if whole.reason or whole.p_value >= LEVEL:
            return [], []
        rows = self._region_rows()
        more = [row for row in rows if row.value_with > row.draw_high]
        return more, [row for row in rows if row.value_with < row.draw_low]

    def regions(self):
        """Clauses on regions and centrally run cities."""
        whole, rows = self.rows["region", ""], self._region_rows()
        values = {
            "k": len(rows),
            "value": self._number(whole.estimate),
            "high": self._number(whole.draw_high),
        }
        values["p"] = self._p(whole.p_value)
        if whole.reason:
            said = [self.text("region_unknown", reason=_reason(whole.reason, self.language))]
        else:
            said = [self.text("region_uneven" if whole.p_value < LEVEL else "region_none", **values)]
        more, fewer = self._uneven()
        empty = [row for row in rows if row.n_with == 0]
        fewer = [row for row in fewer if row.n_with]
        for key, found in (("over", more), ("under", fewer), ("empty", empty)):
            if found:
                said.append(self.text(f"region_{key}", regions=self._named(found)))
        cities = self.rows["cities", ""]
        size = cities.n_with + cities.n_without
        return ["; ".join(said), *([self.text("cities", n=cities.n_with, size=size)] if size else [])]

    def effect(self):
        """Clause on the direction in which the correlations are probably off."""
        return self.text(f"effect_{self._direction()}")

    def rule(self):
        """Clause on what a wider or narrower spread goes with; none where neither is seen."""
        direction = self._direction()
        return [] if direction in ("none", "unknown") else [self.text(f"rule_{direction}")]

    def _direction(self):
        verdicts = {self._verdict(f"{of}_spread", "wider", "narrower") for of in ("reference", "own_rank")}
        if {"wider", "narrower"} <= verdicts:
            return "conflict"
        if verdicts & {"wider", "narrower"}:
            return "larger" if "wider" in verdicts else "smaller"
        return "unknown" if verdicts == {"unknown"} else "none"

    def kind(self):
        """Clause on the kind of province for which the estimates speak; none where no difference is seen."""
        more, fewer = self._uneven()
        kinds = [self._verdict("reference_mean", "higher", "lower")]
        kinds.append(self._verdict("own_rank_mean", "worse", "better"))
        said = [self.text(f"kind_{kind}") for kind in kinds if kind not in ("none", "weak", "unknown")]
        if more or fewer:
            # Those with more say it; where every other region has fewer, naming these too would say it twice.
            names = listing((self.names[row.category] for row in more or fewer), self.language)
            said.append(self.text("kind_over" if more else "kind_under", regions=names))
        whole = self.rows["region", ""]
        if not (more or fewer or whole.reason) and whole.p_value < LEVEL:
            said.append(self.text("kind_uneven"))
        return [self.text("kind", kinds=listing(said, self.language))] if said else []


def readable(table, registry, index, language):
    """
    Lay the comparisons of an index out for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.selection.compare`.
    registry : helpers.registry.Registry
    index : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    (pandas.DataFrame, str)
        Worded columns: comparison, the estimate with its interval, p, n with and without, the value of those
        with, those without and all, the range of random draws. Below it the line that names the comparisons
        without an estimate, which are not in the table; "" for none.
    """
    own = table[(table["index"] == index.slug) & table["comparison"].isin(COMPARISONS)]
    rows, refused = [], []
    for row in own[own["measure"].isin(measures_of(table, index))].itertuples():
        reference = registry[row.reference].short if row.reference else number(None, language)
        key = f"selection.row_{row.comparison}_{row.measure}"
        name = text(key, language, reference=reference, index=index.short)
        if row.reason:
            refused.append((row.measure, name, row.n_with, _reason(row.reason, language)))
            continue
        cells = {"comparison": name, "n_with": row.n_with, "n_without": row.n_without}
        cells |= {key: getattr(row, key) for key in ("value_with", "value_without", "value_all")}
        cells["draws"] = _range(row.draw_low, row.draw_high, language)
        bare = math.isnan(row.ci_low)
        cells["estimate"] = number(row.estimate, language) if bare else interval_text(row, language)
        rows.append(cells | {"p": p_text(row.p_value, language)})
    values = ["value_with", "value_without", "value_all"]
    columns = ["comparison", "estimate", "p", "n_with", "n_without", *values, "draws"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.rename(columns=lambda column: text(f"selection.column_{column}", language))
    return frame, not_estimated(_together(refused, language), language)


def _together(refused, language):
    """Name, n and reason of what is refused; all comparisons by a measure as one if for the same reason."""
    found = []
    for measure in dict.fromkeys(measure for measure, *_ in refused):
        own = [case for case in refused if case[0] == measure]
        if len(own) == len(COMPARISONS) and len({reason for *_, reason in own}) == 1:
            n = max(n for _, _, n, _ in own)
            own = [(measure, text(f"selection.row_all_{measure}", language), n, own[0][-1])]
        found += [case[1:] for case in own]
    return found


def _range(low, high, language, decimals=2):
    if math.isnan(low):
        return number(None, language)
    low, high = (number(value, language, decimals) for value in (low, high))
    return text("selection.range", language, low=low, high=high)


def by_region(table, provinces, index, language):
    """
    Count the provinces with a figure of an index by region.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `helpers.selection.compare`.
    provinces : helpers.provinces.Provinces
    index : helpers.registry.Index
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Worded columns: region, its provinces, those with a score and with a rank, each with what 95 % of
        random draws of as many provinces give; a last row for the centrally run cities.
    """
    own = table[table["index"] == index.slug]
    shown = own[((own["comparison"] == "region") & (own["category"] != "")) | (own["comparison"] == "cities")]
    names = dict(zip(selection.regions(provinces), selection.regions(provinces, language), strict=True))
    n = own[(own["comparison"] == "region") & (own["category"] == "")].set_index("measure")["n_with"]
    rows = []
    for (_, category), group in shown.groupby(["comparison", "category"], sort=False):
        group = group.set_index("measure")
        cells = {"region": names[category] if category else text("selection.row_cities", language)}
        cells["size"] = int(group.iloc[0][["n_with", "n_without"]].sum())
        for measure, row in group.iterrows():
            cells[measure] = int(row["n_with"])
            drawn = row["draw_low"] * n[measure], row["draw_high"] * n[measure]
            cells[f"{measure}_draws"] = _range(*drawn, language, decimals=0)
        rows.append(cells)
    frame = pd.DataFrame(
        rows, columns=["region", "size", *(f"{m}{end}" for m in MEASURES for end in ("", "_draws"))]
    )
    return frame.rename(columns=lambda column: text(f"selection.column_{column}", language))


def method_text(language, draws=selection.DRAWS, seed=selection.SEED):
    """
    Say how the provinces were compared, for the section on method.

    Parameters
    ----------
    language : {"en", "vi"}
    draws, seed : int
        As given to `helpers.selection.compare`.

    Returns
    -------
    str
        Markdown, a section.
    """
    return text("selection.method", language, draws=number(draws, language, 0), seed=seed, **_LIMITS)
