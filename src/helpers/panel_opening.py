"""The sentences that open the page of all years, and the line below a table that left rows out."""

import math

from helpers import agreement
from helpers.coefficients import MINIMUM_PAIRS
from helpers.findings import p_text
from helpers.models_findings import PLACES, headline
from helpers.models_findings import reason_text as model_reason
from helpers.panel import complete
from helpers.panel_findings import (
    DECADE,
    change_in_words,
    known_changes,
    known_shares,
    share_values,
)
from helpers.resampling import LEVEL
from helpers.wording import listing, number, text

# So many provinces of one side are named; the others are counted.
NAMED = 6


def opening(described, models, lasting, paper, citizens, registry, provinces, years, language):
    """
    Say in a few hedged sentences what all years show.

    Parameters
    ----------
    described : helpers.panel.Description
    models : pandas.DataFrame
        As made by `helpers.panel_models.models_table`.
    lasting : pandas.DataFrame
        As made by `helpers.agreement.persistence` of `paper` and `citizens`.
    paper, citizens : helpers.registry.Index
        The headline pair.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    years : iterable of int
        In which both ranks of the pair are known.
    language : {"en", "vi"}

    Returns
    -------
    str
        Markdown, five paragraphs: whether the order of the provinces lasts, whether differences last and how
        the level moved, whether the ranks of the pair rise and fall together, who stands persistently higher
        in one of them, what cannot be concluded.
    """
    pair = (paper, citizens)
    paragraphs = [
        _order(described, registry, language),
        _shares(described, pair, registry, language),
        _together(models, pair, language),
        _lasting(lasting, pair, provinces, years, language),
        _cannot(described, registry, language),
    ]
    return "\n\n".join(paragraphs)


def _order(described, registry, language):
    sentences = []
    for index in complete(described.levels, registry):
        rows = described.persistence
        rows = rows[(rows["index"] == index.slug) & (rows["reason"] == "")]
        rows = rows[rows["last"] == rows["last"].max()]
        gaps = rows["last"] - rows["first"]
        clauses = [
            _pair_of_years(row, language) for gap in (1, DECADE) for _, row in rows[gaps == gap].iterrows()
        ]
        if clauses:
            said = "; ".join(clauses)
            sentences.append(text("panel.opening_order_index", language, index=index.short, clauses=said))
    if not sentences:
        return text("panel.opening_order_none", language)
    return text("panel.opening_order", language, sentences=" ".join(sentences))


def _verdict(row):
    if math.isnan(row["ci_low"]) or row["ci_low"] <= 0 <= row["ci_high"]:
        return "unclear"
    return "positive" if row["estimate"] > 0 else "negative"


def _ends(row, language, factor=1, decimals=2):
    ends = {"estimate": row["estimate"], "low": row["ci_low"], "high": row["ci_high"]}
    return {
        name.removeprefix("ci_"): number(factor * value, language, decimals) for name, value in ends.items()
    }


def _pair_of_years(row, language):
    result = text("panel.opening_order_result", language, n=row["n"], **_ends(row, language))
    values = {"first": row["first"], "last": row["last"], "result": result}
    return text(f"panel.opening_order_{_verdict(row)}", language, **values)


def _shares(described, pair, registry, language):
    known = known_shares(described)
    # The indices of the headline pair have their say; another one only where neither can be estimated.
    for indices in (pair, registry):
        sentences = [
            sentence
            for index in indices
            if (sentence := _share(described, known[known["index_a"] == index.slug], index, language))
        ]
        if sentences:
            return text("panel.opening_shares", language, sentences=" ".join(sentences))
    return text("panel.opening_shares_none", language, minimum=MINIMUM_PAIRS)


def _share(described, shares, index, language):
    if shares.empty:
        return ""
    scores = shares[shares["measure"] == "score"]
    row = (shares if scores.empty else scores).iloc[-1]
    said = text(f"panel.opening_share_{row['measure']}", language, **share_values(row, index, language))
    changes = known_changes(described, index)
    changes = changes[changes["years"] == row["years"]]
    if row["measure"] == "score" and len(changes):
        level = change_in_words(changes.iloc[-1], index, language)
        said = f"{said} {text('panel.opening_level', language, level=level)}"
    return said


def _together(models, pair, language):
    row, adjusted, tests = headline(models, *pair)
    names = {"paper": pair[0].short, "citizens": pair[1].short}
    if row is None or row["reason"]:
        reason = model_reason("models.reason_few" if row is None else row["reason"], language)
        sentence = text("panel.opening_together_refused", language, reason=reason)
        return text("panel.opening_together", language, sentence=sentence, **names)
    ends = _ends(row, language, PLACES)
    result = text(
        "panel.opening_together_result",
        language,
        low=ends["low"],
        high=ends["high"],
        provinces=row["provinces"],
        n=row["n"],
        years=row["years"].replace("-", "–"),
    )
    verdict = _verdict(row)
    # A direction said in words needs no sign; one that is not said does.
    said = verdict != "unclear" and adjusted < LEVEL
    estimate = number(abs(PLACES * row["estimate"]), language) if said else _signed(ends["estimate"])
    if verdict != "unclear" and adjusted >= LEVEL:
        verdict = "holm"
    by_slug = {index.slug: index.short for index in pair}
    sentence = text(
        f"panel.opening_together_{verdict}",
        language,
        a=by_slug[row["index_a"]],
        b=by_slug[row["index_b"]],
        estimate=estimate,
        result=result,
        **({"tests": tests, "p": p_text(adjusted, language)} if verdict == "holm" else {}),
    )
    return text("panel.opening_together", language, sentence=sentence, **names)


def _signed(written):
    return written if written.startswith("−") else f"+{written}"


def _lasting(lasting, pair, provinces, years, language):
    given = lasting[lasting["reason"] == ""]
    if given.empty:
        sentences = [text("panel.opening_lasting_none", language, minimum=agreement.MINIMUM_YEARS)]
    else:
        clear = given[given["p_adjusted"] < LEVEL]
        span = f"{min(years)}–{max(years)}"
        sentences = [
            _side(clear[clear["verdict"] == verdict], verdict, len(given), provinces, span, language)
            for verdict in (agreement.PAPER, agreement.CITIZENS)
        ]
        named = clear["verdict"].isin([agreement.PAPER, agreement.CITIZENS]).sum()
        stand_out = given["verdict"].isin([agreement.PAPER, agreement.CITIZENS]).sum()
        counts = {"others": len(given) - named, "unadjusted": stand_out - named, "given": len(given)}
        counts |= {"total": len(provinces.codes), "unknown": len(provinces.codes) - len(given)}
        minimum = agreement.MINIMUM_YEARS
        sentences.append(text("panel.opening_others", language, minimum=minimum, **counts))
    names = {"paper": pair[0].short, "citizens": pair[1].short}
    return text("panel.opening_lasting", language, sentences=" ".join(sentences), **names)


def _side(rows, verdict, given, provinces, span, language):
    if rows.empty:
        return text(f"panel.opening_none_{verdict}", language, years=span, given=given)
    rows = rows.sort_values("difference", key=abs, ascending=False, kind="stable")
    names = [provinces.name(code, language) for code in rows["gso_code"]]
    shown = names if len(names) <= NAMED + 1 else names[:NAMED]
    if len(shown) < len(names):
        shown = [*shown, text("panel.opening_more", language, n=len(names) - NAMED)]
    widest = rows.iloc[0]
    # The side is said in words: its gap and the ends of its interval need no sign.
    ends = sorted(abs(widest[end]) for end in ("ci_low", "ci_high"))
    return text(
        f"panel.opening_{verdict}",
        language,
        years=span,
        names=listing(shown, language),
        widest=text("panel.opening_widest", language, name=names[0]) if len(names) > 1 else "",
        difference=number(abs(widest["difference"]), language, 1),
        total=len(provinces.codes),
        low=number(ends[0], language, 1),
        high=number(ends[1], language, 1),
    )


def _cannot(described, registry, language):
    known = set(described.levels.loc[described.levels["n"] > 0, "index"])
    whole = complete(described.levels, registry)
    lacking = [index.short for index in registry if index.slug in known and index not in whole]
    partial = ""
    if lacking:
        partial = text("panel.opening_partial", language, indices=listing(lacking, language))
    return text("panel.opening_cannot", language, partial=partial)


def not_estimated(refused, language, unit="provinces"):
    """
    Name in one line what a table leaves out for want of an estimate.

    Parameters
    ----------
    refused : list of tuple
        ``(name, years, count, reason)``: what was not estimated ("" where the years say it), for which years
        ("" for none), with how many provinces or years (int or str), and the worded reason.
    language : {"en", "vi"}
    unit : {"provinces", "years"}
        What is counted.

    Returns
    -------
    str
        "" for nothing. What has the same reason stands together, as do the years of one name.
    """
    if not refused:
        return ""
    by_reason, counted = {}, False
    for name, years, count, reason in refused:
        spans = by_reason.setdefault(reason, {}).setdefault(name, [])
        # Nothing was counted where there are neither years nor provinces.
        if years or count:
            spans.append(text("panel.omitted_count", language, years=years, n=count).strip())
            counted = True
    items = []
    for reason, names in by_reason.items():
        parts = [
            text("panel.omitted_name", language, name=name, spans=listing(spans, language)).strip()
            for name, spans in names.items()
        ]
        # Names whose years hold an "and" are set apart by more than a comma.
        many = any(len(spans) > 1 for spans in names.values())
        joined = ", ".join(parts) if many else listing(parts, language)
        items.append(text("panel.omitted_item", language, names=joined, reason=reason))
    brackets = text(f"panel.omitted_{unit}", language) if counted else ""
    return text("panel.omitted", language, brackets=brackets, items="; ".join(items))
