"""The sentences of a briefing on what is missing or disputed, on peers, on targets, and on the figures."""

from helpers import wording
from helpers.briefing_words import cited, places_of
from helpers.provinces import SCOPES

SOURCE_KINDS = ("government", "report")

# How a figure may have been read without being stated as such.
INDIRECT = ("list_order", "derived", "inferred_year")


def remarks(words, slug, entry):
    """
    Say what is missing of an index, and where sources say something else.

    Parameters
    ----------
    words : helpers.briefing_words.Words
    slug : str
    entry : dict
        Facts of the index.

    Yields
    ------
    (str, str, tuple of str)
        Key, text and sources of a sentence.
    """
    yield from _missing(words, slug, entry)
    for claim in entry["claims"]:
        if claim["agrees"] is False:
            yield from _claim(words, slug, entry, claim)
    for conflict in entry["conflicts"]:
        yield _conflict(words, slug, entry, conflict)


def _missing(words, slug, entry):
    missing, coverage = entry["missing"], words.facts["coverage"][slug]
    reason, n, of = missing["reason"], missing["components_at_hand"], missing["components"]
    if reason:
        values = {"index": words.index(slug), "unit": words.unit, "place": words.place}
        values |= {"year": words.year, "of": of}
        text = words.say(f"missing_{reason}", scores=coverage["scores"], units=coverage["units"], **values)
        yield "missing", text, ()
    if reason in ("some_components", "no_result", "not_surveyed") or not of or n == of:
        return
    if n:
        yield "components_at_hand", words.say("components_some", index=words.index(slug), n=n, of=of), ()
    elif reason != "not_reported":
        yield "components_at_hand", words.say("components_none", index=words.index(slug)), ()


# --- claims and conflicts -----------------------------------------------------------------------------------


def _statement(words, slug, ours, name, value, decimals=None):
    """Say a claimed figure as a verb: "ranked 5th in the Southeast"; a score as precisely as it is (str)."""
    if name == "score":
        decimals = places_of(value) if decimals is None else decimals
        return words.say("said_score", value=words.score(slug, ours, value, decimals=decimals))
    if name in ("rank_change", "score_change"):
        rank = name == "rank_change"
        if not value:
            return words.say("said_stayed" if rank else "said_same_score", before=words.before)
        by = words.count("places", value) if rank else words.difference(slug, ours, value)
        move = words.say("rose" if value > 0 else "fell", by=by)
        return words.say("said_change", move=move, before=words.before)
    rank = words.say("rank_short", rank=words.ordinal(value))
    values = {"region": words.region(ours[name])} if name in SCOPES else {}
    return words.say(f"said_{name}", value=rank, **values)


def _ours(words, slug, ours, claim):
    """Say our figure beside a claimed one, as a verb, a score as precisely as the claim (str)."""
    name, decimals = claim["field"], max(words.decimals(ours), places_of(claim["stated"]))
    value = ours[name]["rank"] if name in SCOPES else ours[name]
    if name == "rank_change" and value:
        return words.rank_moved(ours)
    if name == "score_change" and value:
        return words.score_moved(slug, ours)
    return _statement(words, slug, ours, name, value, decimals)


def said(words, slug, ours, claim, value):
    """
    Write a claimed figure, or ours beside it, for a table: "39,93 điểm", "giảm 6 bậc", "thứ 9".

    Parameters
    ----------
    words : helpers.briefing_words.Words
    slug : str
    ours : dict
        Facts of the index or component.
    claim : dict
        From the facts.
    value : float

    Returns
    -------
    str
    """
    name = claim["field"]
    if name == "score":
        decimals = max(words.decimals(ours), places_of(claim["stated"]))
        return words.score(slug, ours, value, decimals=decimals)
    if name not in ("rank_change", "score_change"):
        return words.say("rank_short", rank=words.ordinal(value))
    by = words.count("places", value) if name == "rank_change" else words.difference(slug, ours, value)
    return words.say("moved_up" if value > 0 else "moved_down", by=by) if value else words.say("unmoved")


def _claim(words, slug, entry, claim):
    component, name = claim["component"], claim["field"]
    ours = entry["components"][component] if component else entry
    text = words.say(
        "claim",
        source=_kind_of_source(words, claim["source"]),
        unit=words.unit,
        subject=_subject(words, slug, ours, component, "subject"),
        stated=_statement(words, slug, ours, name, claim["stated"]),
        ours=_ours(words, slug, ours, claim),
    )
    # A text may be reported by several sources.
    key = f"claim_{component or 'total'}_{name}_{claim['source']}"
    yield key, text, cited(claim["source"], _own_source(ours, name))
    year, low = words.year, claim["ours"]
    if claim.get("previous_rank") is not None:
        year, low = words.before, claim["ours_previous"]
        implied = words.say("rank_short", rank=words.ordinal(claim["previous_rank"]))
        yield f"{key}_implies", words.say("claim_implies", unit=words.unit, previous=implied, before=year), ()
    others = claim.get("unranked")
    if not others:
        return
    if not claim["possible"]:
        yield f"{key}_why", words.say("claim_why_not"), ()
        return
    text = words.say(
        "claim_why",
        year=year,
        ranked=claim["ranked"],
        units=words.facts["coverage"][slug]["units"],
        others=words.named(others),
        unit=words.unit,
        low=words.ordinal(low),
        high=words.ordinal(low + len(others)),
    )
    yield f"{key}_why", text, ()


def _kind_of_source(words, source):
    kind = (words.facts["sources"].get(source) or {}).get("kind")
    return words.say(f"source_{kind}" if kind in SOURCE_KINDS else "source_other")


def _own_source(ours, name):
    if name in ("rank_change", "score_change"):
        return ours[f"{name}_source"]
    if name in ("score", "rank"):
        return ours["source" if name == "score" else "rank_source"]
    return ours[name].get("sources") or ours[name]["source"]


def _subject(words, slug, ours, component, key):
    """What a statement is about: the index, or a component of it (str)."""
    if not component:
        return words.say(key, index=words.index(slug))
    name = words.say("quoted", name=ours["name"][words.language])
    return words.say(f"{key}_component", component=name, index=words.index(slug))


def _conflict(words, slug, entry, conflict):
    component, name = conflict["component"], conflict["field"]
    ours = entry["components"].get(component, entry) if component else entry

    def written(value):
        if name == "rank":
            return words.say("rank_short", rank=words.ordinal(int(value)))
        return words.score(slug, ours, value, decimals=places_of(value))

    what = _subject(words, slug, ours, component, "goal_subject")
    text = words.say(
        "conflict",
        what=words.say(f"conflict_{name}", subject=what),
        chosen=written(conflict["chosen"]),
        rival=written(conflict["rival"]),
        why=wording.text(f"clean.decided_{conflict['decided_by']}", words.language),
    )
    key = f"conflict_{component or 'total'}_{name}"
    return key, text, cited(conflict["chosen_source"], conflict["rival_source"])


# --- peers --------------------------------------------------------------------------------------------------


def of_peers(words):
    """
    Name the provinces of the region whose results are most alike.

    Parameters
    ----------
    words : helpers.briefing_words.Words

    Yields
    ------
    (str, str, tuple of str)
        Key, text and sources of a sentence.
    """
    peers = words.facts["peers"]
    if not peers or not peers["provinces"]:
        return
    slug = peers["index"]
    entry = words.facts["indices"][slug]
    said = []
    for other in peers["provinces"]:
        name = other["name_en"] if words.language == "en" else words.places.full_name(other["gso_code"], "vi")
        details = []
        if other["score"] is not None:
            details.append(words.score(slug, entry, other["score"]))
        if other["rank"] is not None:
            details.append(words.ranked(other["rank"], entry["ranked"]))
        said.append(words.say("peer", name=name, details=", ".join(details)) if details else name)
    key = "peers_one" if len(said) == 1 else "peers_many"
    text = words.say(key, index=words.index(slug), unit=words.unit, others=words.listing(said), n=peers["n"])
    yield "peers", text, cited(*(other.get("source") for other in peers["provinces"]))


# --- targets ------------------------------------------------------------------------------------------------


def goal_subject(words, goal):
    """
    Name the index or component of a goal, also one without figures in the year.

    Parameters
    ----------
    words : helpers.briefing_words.Words
    goal : dict
        From the facts.

    Returns
    -------
    str
    """
    if not goal["component"]:
        return words.index(goal["index"])
    name = words.registry[goal["index"]].component_name(goal["component"], words.language)
    return words.say(
        "goal_subject_component", component=words.say("quoted", name=name), index=words.index(goal["index"])
    )


def goal_entry(words, goal):
    """
    Find the facts of the index or component of a goal.

    Parameters
    ----------
    words : helpers.briefing_words.Words
    goal : dict

    Returns
    -------
    dict
        Holds at least ``score`` and ``max_score``, by which scores are written.
    """
    entry = words.facts["indices"].get(goal["index"])
    if entry and goal["component"]:
        entry = entry["components"].get(goal["component"])
    if entry:
        return entry
    index = words.registry[goal["index"]]
    year = min(index.years, key=lambda known: abs(known - words.year))
    return {"score": None, "max_score": index.max_score(year, goal["component"])}


def goal_text(words, goal, stated_in):
    """
    Say what is to be reached: "Chỉ số SIPAS đạt từ 85% trở lên".

    Parameters
    ----------
    words : helpers.briefing_words.Words
    goal : dict
    stated_in : int

    Returns
    -------
    str
    """
    subject = goal_subject(words, goal)
    if goal["kind"] == "group":
        entry = words.facts["indices"].get(goal["index"]) or {}
        best = (entry.get("groups") or [None])[0] == goal["goal"]
        key = "goal_group_best" if best else "goal_group"
        return words.say(key, subject=subject, group=words.the_group(goal["goal"]))
    if goal["kind"] == "score":
        written = words.score(
            goal["index"], goal_entry(words, goal), goal["goal"], decimals=places_of(goal["goal"])
        )
        return words.say("goal_score", subject=subject, score=written)
    if goal["kind"] == "rank":
        return words.say("goal_rank", subject=subject, rank=goal["goal"])
    return words.say(f"goal_better_{goal['goal']}", subject=subject, stated_in=stated_in)


def goal_now(words, goal):
    """
    Write what a goal is held against: a group, a rank or a score.

    Parameters
    ----------
    words : helpers.briefing_words.Words
    goal : dict
        With ``now``.

    Returns
    -------
    str
    """
    entry, measure = goal_entry(words, goal), goal["goal"] if goal["kind"] == "better" else goal["kind"]
    if measure == "group":
        return words.group(goal["now"])
    if measure == "score":
        return words.score(goal["index"], entry, goal["now"])
    return words.ranked(goal["now"], entry.get("ranked"))


def of_targets(words):
    """
    Say what the province aims at, and how far it is from that.

    Parameters
    ----------
    words : helpers.briefing_words.Words

    Yields
    ------
    (str, str, tuple of str)
        Key, text and sources of a sentence.
    """
    for number, target in enumerate(words.facts["targets"], start=1):
        values = {"stated_in": target["stated_in"], "by": target["by"], "unit": words.unit}
        goals = [goal_text(words, goal, target["stated_in"]) for goal in target["goals"]]
        yield (
            f"target{number}",
            words.say("target", goals="; ".join(goals), **values),
            cited(target["source"]),
        )
        for place, goal in enumerate(target["goals"], start=1):
            for key, text in _goal(words, goal, target["stated_in"]):
                yield f"target{number}_{place}_{key}", text, cited(goal.get("sources"))


def _goal(words, goal, stated_in):
    subject = goal_subject(words, goal)
    values = {"year": words.year, "subject": subject}
    if goal["from_agrees"] is False:
        groups = {"stated": words.the_group(goal["from"]), "ours": words.the_group(goal["from_ours"])}
        text = words.say("goal_from", unit=words.unit, stated_in=stated_in, subject=subject, **groups)
        yield "from", text
    if goal["reached"] is None:
        reason = words.say(f"goal_unknown_{goal['reason']}")
        yield "status", words.say("goal_unknown", reason=reason, **values)
        return
    now = goal_now(words, goal) if goal["now"] is not None else words.say("not_at_hand")
    if goal["reached"]:
        yield "status", words.say("goal_reached", now=now, **values)
        return
    entry, slug = goal_entry(words, goal), goal["index"]
    if goal["needed"] is not None and goal["distance"]:
        needed = words.score(slug, entry, goal["needed"])
        distance = words.difference(slug, entry, goal["distance"])
        yield "status", words.say("goal_open_score", now=now, needed=needed, distance=distance, **values)
    elif goal["needed_rank"] is not None:
        yield "status", words.say("goal_open_rank", now=now, rank=goal["needed_rank"], **values)
    else:
        yield "status", words.say("goal_open", now=now, **values)
    if goal["closing"] is not None:
        yield "closing", _closing(words, goal, entry, subject)


def _closing(words, goal, entry, subject):
    """Say which components would close the distance at their best recent level (str)."""
    slug, enough = goal["index"], goal["gap_closed_by"]
    parts = goal["closing"][:enough]
    if not parts:
        return words.say("goal_closing_none", subject=subject, year=words.year)
    said = []
    for part in parts:
        component = words.facts["indices"][slug]["components"][part["component"]]
        best, score = (words.score(slug, component, part[name]) for name in ("best", "score"))
        details = words.say("closing", best=best, best_year=part["best_year"], score=score, year=words.year)
        name = component["name"][words.language]
        said.append(words.say("component", name=name, details=details))
    return words.say(
        "goal_closing" if enough else "goal_closing_not",
        components=words.listing(said),
        unit=words.unit,
        subject=subject,
        gain=words.difference(slug, entry, parts[-1]["cumulative"]),
    )


# --- on the figures -----------------------------------------------------------------------------------------


def on_figures(words):
    """
    Say how complete the figures of the year are.

    Parameters
    ----------
    words : helpers.briefing_words.Words

    Yields
    ------
    (str, str, tuple of str)
        Key, text and sources of a sentence.
    """
    for slug, coverage in words.facts["coverage"].items():
        index = words.registry[slug]
        scores, ranks, units = coverage["scores"], coverage["ranks"], coverage["units"]
        if not scores and not ranks:
            key = "none"
        elif scores == ranks == units:
            key = "full"
        elif scores == ranks == index.surveyed(words.year):
            key = "surveyed"
        else:
            key = "published" if index.ranks_computed else "reported"
        values = {"index": words.index(slug), "year": words.year, "units": units}
        yield f"coverage_{slug}", words.say(f"coverage_{key}", scores=scores, ranks=ranks, **values), ()
        yield from _readings(words, slug)
    yield "rounding", words.say("rounding"), ()


def _readings(words, slug):
    """Say of a total that no source states outright how it was read."""
    entry = words.facts["indices"][slug]
    read = {}
    for measure, basis, source in (("score", "basis", "source"), ("rank", "rank_basis", "rank_source")):
        if entry[measure] is not None and entry[basis] in INDIRECT:
            read.setdefault(entry[basis], []).append((measure, entry[source]))
    for basis, measures in read.items():
        what = words.listing(words.say(f"reading_{measure}") for measure, _ in measures)
        how = words.registry.basis_names[basis][words.language]
        text = words.say("reading", index=words.index(slug), what=what, how=how, year=words.year)
        yield f"reading_{slug}_{basis}", text, cited(*(source for _, source in measures))
