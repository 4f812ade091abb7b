"""The sentences of a briefing: from its facts to text in both languages."""

from helpers import standing, wording
from helpers.briefing_remarks import of_peers, of_targets, on_figures, remarks
from helpers.briefing_words import Sentence, Words, cited, over
from helpers.provinces import SCOPES


def sentences(facts, language, raw="data/raw"):
    """
    Say in words what the facts of a briefing are.

    Parameters
    ----------
    facts : dict
        From `helpers.briefing.Book.facts`.
    language : {"en", "vi"}
    raw : str or pathlib.Path
        Folder of the raw tables, for the names of other provinces and what changed between series.

    Returns
    -------
    dict of list of helpers.briefing_words.Sentence
        By section, in the order of the page: "overview", the slug of each index, "peers", "targets", "notes";
        sections without a sentence are left out. Sections, keys and sources are the same in both languages.
    """
    words = Words(facts, language, raw)
    found = [Sentence("overview", f"overview_{slug}", *_overview(words, slug)) for slug in facts["indices"]]
    explained = False
    for slug in facts["indices"]:
        for key, text, sources in _of_index(words, slug, explained):
            found.append(Sentence(slug, key, text, sources))
            explained = explained or key == "median"
    for section, said in (("peers", of_peers), ("targets", of_targets), ("notes", on_figures)):
        found += [Sentence(section, *parts) for parts in said(words)]
    sections = {}
    for sentence in found:
        sections.setdefault(sentence.section, []).append(sentence)
    return sections


def heading(section, facts, language):
    """
    Name a section of `sentences`.

    Parameters
    ----------
    section : str
    facts : dict
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    if section in facts["indices"]:
        return wording.text("briefing.index", language, index=facts["indices"][section]["short"])
    return wording.text(f"briefing.section_{section}", language)


def _of_index(words, slug, explained):
    """Say everything about one index; `explained`: the reader knows already what a median is."""
    entry = words.facts["indices"][slug]
    yield from _change(words, slug, entry)
    yield from _group(words, slug, entry)
    yield from _regions(words, entry)
    yield from _distances(words, slug, entry, explained)
    yield from _course(words, entry)
    yield from _record(words, entry)
    yield from _components(words, slug, entry)
    yield from remarks(words, slug, entry)


def _overview(words, slug):
    entry = words.facts["indices"][slug]
    score, rank, reason = entry["score"], entry["rank"], entry["missing"]["reason"]
    values = {"year": words.year, "place": words.place, "index": words.index(slug)}
    if score is None and rank is None:
        values |= {"n": entry["missing"]["components_at_hand"], "of": entry["missing"]["components"]}
        return words.say(f"overview_{reason}", **values), ()
    sources = cited(entry["source"], entry["rank_source"])
    if score is not None:
        values["score"] = _score_of(words, slug, entry)
    if rank is None:
        return words.say("overview_only_score", **values), sources
    values["rank"] = words.rank_of(rank, entry["ranked"], "rank_of_provinces")
    values["change"] = _rank_clause(words, entry)
    if entry["rank_change"] is not None:
        sources = cited(*sources, entry["rank_change_source"])
    return words.say("overview_only_rank" if score is None else "overview_both", **values), sources


def _score_of(words, slug, entry):
    """The score of an index with the highest possible one, where its unit does not say it already."""
    if words.kind(slug, entry) != "points" or entry["max_score"] is None:
        return words.score(slug, entry)
    return words.say(
        "points_of", value=words.number(entry, entry["score"]), highest=words.plain(entry["max_score"])
    )


def _rank_clause(words, entry):
    """The change of the rank on the year before, to be added to a sentence; "" where it is not known."""
    change, previous = entry["rank_change"], entry["previous"]
    if change is None:
        return ""
    was = ""
    if previous and previous["rank"] is not None and entry["rank_change_basis"] == "computed":
        was = words.say("was", rank=over(previous["rank"], previous["ranked"]))
    key = "change_up" if change > 0 else "change_down" if change else "change_none"
    return words.say(key, places=words.count("places", change), before=words.before, was=was)


# --- on the year before -------------------------------------------------------------------------------------


def _change(words, slug, entry):
    score, rank = entry["score_change"], entry["rank_change"]
    # Of a rank alone the overview says all.
    said = None if score is None and entry["rank"] is not None else rank
    values, sources = {"before": words.before}, ()
    if score is not None:
        values |= {"noun": words.noun(slug), "score": words.score_moved(slug, entry)}
        sources = cited(entry["score_change_source"], entry["source"])
    if said is not None:
        values["rank"] = words.rank_moved(entry)
        sources = cited(*sources, entry["rank_change_source"], entry["rank_source"])
    if score is not None and said is not None:
        yield "change", words.say("change_both", **values), sources
    elif score is not None:
        yield "change", words.say("change_score", **values), sources
    elif said is not None:
        yield "change", words.say("change_rank", **values), sources
    before = next((year for year in entry["course"] if year["year"] == words.before), None)
    if before is None:
        return
    lost = []
    comparable = before["series"] == entry["series"]
    if entry["score"] is not None and before["score"] is None and score is None and comparable:
        lost.append("score")
    if entry["rank"] is not None and before["rank"] is None and rank is None:
        lost.append("rank")
    if lost:
        key = "no_before_both" if len(lost) > 1 else f"no_before_{lost[0]}"
        yield "no_before", words.say(key, before=words.before), ()
    if entry["score"] is not None and before["score"] is not None and not comparable:
        change = words.change_of_series(slug, entry["series"])
        yield "break", words.say("break", year=words.year, before=words.before, change=change), ()


def _group(words, slug, entry):
    group, change = entry["group"], entry["group_change"]
    values = {"index": words.index(slug), "unit_start": words.unit_start}
    if group is None:
        if entry["groups"] and entry["score"] is not None:
            text = words.say("group_below", group=words.group(entry["groups"][-1]))
            yield "group", text, cited(entry["source"])
        return
    values["group"] = words.the_group(group)
    if change is None:
        yield "group", words.say("group", **values), cited(entry["source"])
        return
    key = "group_up" if change > 0 else "group_down" if change else "group_same"
    values |= {"before": words.before, "groups": words.count("groups", change)}
    values["was"] = words.group(entry["group_before"])
    yield "group", words.say(key, **values), cited(entry["source"], entry["previous"]["source"])


# --- among others -------------------------------------------------------------------------------------------


def _places(entry):
    """Places of an entry by scope, without the older region where it has the same provinces."""
    found = {scope: entry[scope] for scope in SCOPES if entry[scope]}
    same = ("name", "rank", "of", "known", "between")
    if {"region6", "region8"} <= set(found):
        first, second = found["region6"], found["region8"]
        if all(first[name] == second[name] for name in same):
            del found["region8"]
    return found


def _regions(words, entry):
    # A place of one says nothing.
    places = {scope: place for scope, place in _places(entry).items() if place["of"] != 1}
    known = {scope: place for scope, place in places.items() if place["rank"] is not None}
    if known:
        said, names = [], [place["name"] for place in known.values() if "name" in place]
        alike = len(set(names)) < len(names)
        all_bounded = all(place["basis"] == "bounded" for place in known.values())
        for scope, place in known.items():
            rank = words.rank_of(place["rank"], place["of"])
            key = "place_region6_of_six" if alike and scope == "region6" else f"place_{scope}"
            place_said = words.say(key, rank=rank, region=words.region(place))
            if place["basis"] == "bounded" and not all_bounded:
                place_said = words.say("place_bounded", place=place_said)
            said.append(place_said)
        key = "places_bounded" if all_bounded else "places"
        text = words.say(key, unit_start=words.unit_start, places=words.listing(said))
        yield "places", text, cited(*(place.get("sources") or place["source"] for place in known.values()))
    for scope, place in places.items():
        if not place["between"]:
            continue
        low, high = place["between"]
        size = place["of"] or _size(words, scope)
        # Bounds that leave most places open say nothing.
        if 2 * (high - low + 1) > size:
            continue
        where = words.say(f"where_{scope}", region=words.region(place))
        ends = {"low": words.ordinal(low), "high": words.ordinal(high)}
        text = words.say("between", where=where, unit=words.unit, known=place["known"], **ends)
        yield f"between_{scope}", text, cited(place.get("sources") or place["source"])


def _size(words, scope):
    if scope == "cities":
        return len(words.places.cities)
    column = words.places.table[scope]
    return int((column == column[words.code]).sum())


def _distances(words, slug, entry, explained):
    median, top, above = entry["median"], entry["top"], entry["next_better"]
    noun, own = words.noun(slug, own=True), cited(entry["source"])
    if median and median["distance"] is not None and median["n"] > 1:
        distance = median["distance"]
        key = "above" if distance > 0 else "below" if distance else "level"
        text = words.say(
            "median",
            median_word=words.say("median_word" if explained else "median_explained"),
            among=words.say("among_all" if median["complete"] else "among_some", n=median["n"]),
            median=words.score(slug, entry, median["value"]),
            noun=noun,
            position=words.say(key, by=words.difference(slug, entry, distance)),
        )
        yield "median", text, cited(*own, median["sources"])
    units, ranked = words.facts["coverage"][slug]["units"], entry["ranked"]
    whole = ranked is None or ranked >= standing.WHOLE_SHARE * units
    where = words.say("in_country") if whole else words.say("among_ranked", n=ranked)
    values = {"unit_start": words.unit_start, "noun": noun, "where": where}
    if entry["rank"] == 1:
        others = [code for code in (top or {}).get("provinces", []) if code != words.code]
        key, values["others"] = "first_shared" if others else "first", words.named(others)
        yield "first", words.say(key, **values), cited(entry["rank_source"])
    elif top and top["distance"] is not None and top["distance"] < 0:
        values |= {"others": words.named(top["provinces"]), "score": words.score(slug, entry, top["score"])}
        values["distance"] = words.difference(slug, entry, top["distance"])
        key = "top" if len(top["provinces"]) == 1 else "top_shared"
        yield "top", words.say(key, **values), cited(*own, top["sources"])
    if above and above["rank"] > 1 and above["distance"]:
        text = words.say(
            "next",
            others=words.named(above["provinces"]),
            rank=words.ordinal(above["rank"]),
            score=words.score(slug, entry, above["score"]),
            unit=words.unit,
            distance=words.difference(slug, entry, above["distance"]),
        )
        yield "next", text, cited(*own, above["sources"])


# --- over time ----------------------------------------------------------------------------------------------


def _course(words, entry):
    course = entry["course"]
    if len(course) < 2:
        return
    ranked = [year for year in course if year["rank"] is not None]
    lost = [year["year"] for year in course if year["rank"] is None]
    values = {"first": course[0]["year"], "year": words.year, "unit": words.unit}
    sources = cited(*(year["rank_source"] for year in ranked))
    if not ranked:
        # Where nothing of the index is at hand, that was said.
        if entry["score"] is not None:
            yield "course", words.say("course_none", **values), ()
    elif len(ranked) == 1:
        values |= {"known": ranked[0]["year"]}
        values["rank"] = words.say("rank_short", rank=over(ranked[0]["rank"], ranked[0]["ranked"]))
        yield "course", words.say("course_one", **values), sources
    else:
        ranks = [
            words.say("of_year", rank=over(year["rank"], year["ranked"]), year=year["year"])
            for year in ranked
        ]
        missing = ""
        if lost:
            missing = words.say("course_missing", years=words.years(lost, "plain_year"))
        yield "course", words.say("course", ranks=words.listing(ranks), missing=missing, **values), sources


def _record(words, entry):
    record = entry["record"] or {}
    if found := record.get("rank"):
        ends = {name: words.say("rank_short", rank=words.ordinal(found[name]["value"])) for name in _ENDS}
        years = {name: words.years(found[name]["years"]) for name in _ENDS}
        values = {"year": words.year, "count": found["years"], "since": found["since"]}
        sides = [name for name in _ENDS if found[f"is_{name}"]]
        if len(sides) > 1:
            text = words.say("record_same", **values)
        elif sides:
            other = _ENDS[sides[0]]
            earlier = [year for year in found[sides[0]]["years"] if year != words.year]
            key = f"record_{sides[0]}_again" if earlier else f"record_{sides[0]}"
            same = words.years(earlier, "plain_year")
            text = words.say(key, other=ends[other], years=years[other], same=same, **values)
        else:
            ends |= {f"{name}_years": said for name, said in years.items()}
            text = words.say("record_between", **ends, **values)
        yield "record", text, cited(*found["sources"])
    found = record.get("score")
    if found and found["is_best"] != found["is_worst"]:
        key = "record_score_best" if found["is_best"] else "record_score_worst"
        text = words.say(key, year=words.year, count=found["years"], since=found["since"])
        yield "record_score", text, cited(*found["sources"])


_ENDS = {"best": "worst", "worst": "best"}


# --- components ---------------------------------------------------------------------------------------------


def _components(words, slug, entry):
    """Say which components are the strongest and the weakest, and which rose and fell most."""
    # Neither parts of these nor points of a part of the method.
    fields = {
        name: component
        for name, component in entry["components"].items()
        if component["parent"] is None and not component.get("method")
    }
    ranked = [name for name, component in fields.items() if component["rank"] is not None]

    def listed(names, of_one):
        return words.listing(of_one(words, slug, fields[name]) for name in names)

    def of(names, *columns):
        return cited(*(fields[name][column] for name in names for column in columns))

    strongest, weakest = entry["strongest"], entry["weakest"]
    if strongest and weakest:
        values = {"strongest": listed(strongest, _standing), "weakest": listed(weakest, _standing)}
        text = words.say("extremes", count=len(ranked), unit=words.unit, **values)
        yield "components", text, of([*strongest, *weakest], "source", "rank_source")
    elif len(ranked) == 1:
        text = words.say("only_component", component=listed(ranked, _standing))
        yield "components", text, of(ranked, "source", "rank_source")
    rises, falls = entry["rises"], entry["falls"]
    if rises or falls:
        key = "moves" if rises and falls else "moves_up" if rises else "moves_down"
        values = {"rises": listed(rises, _movement), "falls": listed(falls, _movement)}
        text = words.say(key, before=words.before, **values)
        yield "moves", text, of([*rises, *falls], "rank_change_source", "score_change_source")


def _standing(words, slug, component):
    """Name a component with its score, rank and group (str)."""
    details = []
    if component["score"] is not None:
        details.append(words.score(slug, component))
    details.append(words.ranked(component["rank"], component["ranked"]))
    if component["group"] is not None:
        details.append(words.group(component["group"]))
    return _named(words, component, details)


def _movement(words, slug, component):
    """Name a component with how its rank, and its score, moved on the year before (str)."""
    change, rank, points = (component[name] for name in ("rank_change", "rank", "score_change"))
    places = words.count("places", change)
    way = "moved_up" if change > 0 else "moved_down"
    if rank is None:
        details = [words.say(way, by=places)]
    else:
        details = [words.say(f"{way}_to", by=places, rank=words.ranked(rank, component["ranked"]))]
    if points is not None:
        by = words.difference(slug, component, points)
        move = (
            words.say("moved_up" if points > 0 else "moved_down", by=by) if points else words.say("unmoved")
        )
        details.append(words.say("moved_score", noun=words.noun(slug), move=move))
    return _named(words, component, details)


def _named(words, component, details):
    return words.say("component", name=component["name"][words.language], details=", ".join(details))
