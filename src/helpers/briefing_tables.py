"""The tables and key figures of a briefing, with labels and numbers in each language."""

import pandas as pd

from helpers import wording
from helpers.briefing_remarks import goal_entry, goal_now, goal_subject, goal_text, said
from helpers.briefing_words import Words, capital, name_of, over, places_of

UP, DOWN, SAME = "▲", "▼", "="


def components(facts, slug, language, parts=False, raw="data/raw"):
    """
    Set the components of an index below each other.

    Parameters
    ----------
    facts : dict
    slug : str
        Index.
    language : {"en", "vi"}
    parts : bool
        Whether to list the parts of each component below it.
    raw : str or pathlib.Path

    Returns
    -------
    pandas.DataFrame
        A row a component in the order of the registry; components without any figure are left out, and so are
        columns that hold nothing. No rows where no component has a figure.
    """
    words = Words(facts, language, raw)
    entries = facts["indices"][slug]["components"]
    rows = []
    for name in _ordered(entries, parts):
        entry = entries[name]
        # A space that a browser keeps sets parts off from what they are parts of.
        indent = "\u2003" if entry["parent"] else ""
        median = entry["median"]
        rows.append(
            {
                words.say("column_component"): indent + entry["name"][language],
                words.say("column_percent" if words.in_percent(slug) else "column_score"): _number(
                    words, slug, entry, entry["score"]
                ),
                _before(words, "score_change"): _score_change(words, slug, entry),
                words.say("column_rank"): _rank(entry),
                _before(words, "rank_change"): _rank_change(entry),
                words.say("column_group"): _group(words, entry),
                words.say("column_region"): _place(words, entry["region6"]),
                words.say("column_median"): _number(words, slug, entry, median["value"]) if median else None,
            }
        )
    return _filled(rows)


def _ordered(entries, parts):
    for name, entry in entries.items():
        if entry["parent"] is None:
            yield name
            if parts:
                yield from (part for part, below in entries.items() if below["parent"] == name)


def course(facts, language, raw="data/raw"):
    """
    Set the ranks of the last five years beside each other.

    Parameters
    ----------
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    pandas.DataFrame
        A row an index, a column a year: "56/61", empty where no rank is at hand. Indices without any rank in
        these years are left out.
    """
    words = Words(facts, language, raw)
    years = sorted({cell["year"] for entry in facts["indices"].values() for cell in entry["course"]})
    rows = []
    for entry in facts["indices"].values():
        cells = {cell["year"]: _rank(cell) for cell in entry["course"]}
        if any(cells.values()):
            rows.append({words.say("column_index"): entry["short"]} | {str(y): cells.get(y) for y in years})
    return pd.DataFrame(rows, dtype=object)


def peers(facts, language, raw="data/raw"):
    """
    List the province and those of its region that are most like it.

    Parameters
    ----------
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    pandas.DataFrame
        A row a province, the province itself first; no rows where there is no profile to compare.
    """
    words = Words(facts, language, raw)
    found = facts["peers"]
    if not found:
        return pd.DataFrame()
    slug = found["index"]
    own = facts["indices"][slug]
    itself = {**facts["province"], "distance": None, "score": own["score"], "rank": own["rank"]}
    rows = []
    for other in [itself, *found["provinces"]]:
        distance = other["distance"]
        rows.append(
            {
                words.say("column_province"): name_of(other, language),
                words.say("column_distance"): None
                if distance is None
                else wording.number(distance, language),
                words.say("column_score"): _number(words, slug, own, other["score"]),
                words.say("column_rank"): None
                if other["rank"] is None
                else over(other["rank"], own["ranked"]),
            }
        )
    return pd.DataFrame(rows, dtype=object)


def targets(facts, language, raw="data/raw"):
    """
    Set what the province aims at beside where it is.

    Parameters
    ----------
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    pandas.DataFrame
        A row a goal; no rows without targets.
    """
    words = Words(facts, language, raw)
    years = words.listing(str(year) for year in sorted({target["by"] for target in facts["targets"]}))
    rows = []
    for target in facts["targets"]:
        for goal in target["goals"]:
            text = capital(goal_text(words, goal, target["stated_in"]))
            now = None if goal["now"] is None else goal_now(words, goal)
            lacking = None
            if goal["distance"]:
                lacking = words.difference(goal["index"], goal_entry(words, goal), goal["distance"])
            reached = {True: "yes", False: "no", None: "unknown"}[goal["reached"]]
            rows.append(
                {
                    words.say("column_goal", by=years): text,
                    words.say("column_now", year=words.year): now,
                    words.say("column_needed"): _needed(words, goal),
                    words.say("column_missing"): lacking,
                    words.say("column_reached"): words.say(reached),
                }
            )
    return _filled(rows)


def _needed(words, goal):
    needed, place = goal["needed"], goal["needed_rank"]
    if needed is None:
        return None if place is None else words.say("rank_short", rank=words.ordinal(place))
    # A score that a text states is written as it states it.
    decimals = places_of(needed) if goal["kind"] == "score" else None
    return words.score(goal["index"], goal_entry(words, goal), needed, decimals=decimals)


def claims(facts, language, raw="data/raw"):
    """
    Set what sources say of the province beside the figures here, those that differ first.

    Parameters
    ----------
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    pandas.DataFrame
        A row a statement; no rows where sources say nothing besides the figures.
    """
    words = Words(facts, language, raw)
    rows = []
    for slug, entry in facts["indices"].items():
        for claim in entry["claims"]:
            component, mine = claim["component"], claim["ours"]
            ours = entry["components"][component] if component else entry
            subject = goal_subject(words, {"index": slug, "component": component})
            field = words.say(f"field_{claim['field']}")
            agrees = {True: "agrees", False: "differs", None: "unknown_here"}[claim["agrees"]]
            row = {
                words.say("column_subject"): words.say("claim_subject", subject=subject, field=field),
                words.say("column_stated"): said(words, slug, ours, claim, claim["stated"]),
                words.say("column_ours"): None if mine is None else said(words, slug, ours, claim, mine),
                words.say("column_agrees"): words.say(agrees),
                words.say("column_source"): claim["source"],
            }
            rows.append((claim["agrees"] is not False, row))
    rows.sort(key=lambda row: row[0])
    return pd.DataFrame([row for _, row in rows], dtype=object)


def key_figures(facts, language, raw="data/raw"):
    """
    Give the few figures of each index that a reader looks for first.

    Parameters
    ----------
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    list of dict of str
        For each index ``slug``, ``short``, ``rank`` ("56/61"), ``rank_change`` ("▼ 8 bậc"), ``direction``
        ("up", "down", "same"), ``score`` ("39,93 điểm"), ``score_change`` ("−0,46 điểm"), ``group``,
        ``region`` ("5/6 trong vùng Đông Nam Bộ") and ``missing``: what is not there, and why. Empty texts for
        what is not known.
    """
    words = Words(facts, language, raw)
    cards = []
    for slug, entry in facts["indices"].items():
        change, place = entry["rank_change"], entry["region6"]
        direction = "" if change is None else "up" if change > 0 else "down" if change else "same"
        region = ""
        if place and place["rank"] is not None:
            region = words.say("card_region", rank=_place(words, place), region=words.region(place))
        cards.append(
            {
                "slug": slug,
                "short": entry["short"],
                "rank": _rank(entry) or "",
                "rank_change": words.say(
                    f"card_{direction}", places=words.count("places", change), before=words.before
                )
                if direction
                else "",
                "direction": direction,
                "score": _score(words, slug, entry) or "",
                "score_change": _score_change(words, slug, entry, unit=True) or "",
                "group": capital(_group(words, entry) or ""),
                "region": region,
                "missing": _why(words, entry),
            }
        )
    return cards


def _why(words, entry):
    reason, missing = entry["missing"]["reason"], entry["missing"]
    key = {None: None, "only_rank": "no_score", "only_score": "no_rank"}.get(reason, reason)
    if key is None:
        return ""
    return words.say(f"card_{key}", n=missing["components_at_hand"], of=missing["components"])


# --- cells --------------------------------------------------------------------------------------------------


def _rank_change(entry):
    """Write the places that an index or component rose or fell: "▲ 8", "▼ 8"; None where not known."""
    change = entry["rank_change"]
    if change is None:
        return None
    return f"{UP if change > 0 else DOWN} {abs(change)}" if change else SAME


def _score_change(words, slug, entry, unit=False):
    """Write by how much a score changed, with its sign; None where not known."""
    change = entry["score_change"]
    if change is None:
        return None
    written = words.number(entry, change)
    sign = "+" if change > 0 and any(digit in written for digit in "123456789") else ""
    return words.with_unit(slug, entry, sign + written) if unit else sign + written


def _score(words, slug, entry):
    return None if entry["score"] is None else words.score(slug, entry)


def _number(words, slug, entry, value):
    """A score without the unit that its column states."""
    if value is None:
        return None
    number = words.number(entry, value)
    return words.say("share", value=number) if words.kind(slug, entry) == "share" else number


def _rank(entry):
    return None if entry["rank"] is None else over(entry["rank"], entry["ranked"])


def _group(words, entry):
    return words.group(entry["group"]) if entry["group"] else None


def _place(words, place):
    return over(place["rank"], place["of"]) if place and place["rank"] is not None else None


def _before(words, name):
    return words.say(f"column_{name}", before=words.before)


def _filled(rows):
    """Make a frame of rows without the columns that hold nothing."""
    table = pd.DataFrame(rows, dtype=object)
    return table.loc[:, table.notna().any()] if len(table) else table
