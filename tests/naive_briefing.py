"""
The facts of a briefing once more: from the table of figures alone, by plain loops, without the package.

It shares no code with what it checks. What cannot be had from the figures (what sources claim, conflicts,
targets) is not in it. It takes the registry as TOML and the provinces as rows of their table.
"""

import csv
import math

COURSE = 5
FIRST_YEAR = 2005
# The middle of fewer scores says little of the country.
SCORES_FOR_A_MEDIAN = 8


def read(path):
    """Rows of ``indices.csv`` by (index, year, component), then by province; empty cells are None."""
    found = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            row = {key: text or None for key, text in row.items()}
            for key, kind in (("score", float), ("max_score", float), ("rank", int), ("ranked", int)):
                row[key] = None if row[key] is None else kind(row[key])
            table = found.setdefault((row["index"], int(row["year"]), row["component"] or ""), {})
            assert row["gso_code"] not in table, "two rows of one figure"
            table[row["gso_code"]] = row
    return found


def read_provinces(path):
    """Rows of the table of the 63 provinces by code."""
    with open(path, encoding="utf-8", newline="") as file:
        return {row["gso_code"]: row for row in csv.DictReader(file)}


# --- the registry ------------------------------------------------------------------------------------------


def _span(spans, year):
    for span in spans:
        if span["years"][0] <= year <= span["years"][1]:
            return span
    return None


def _indices(rows, registry):
    """Entries of the indices; an optional one counts only where there are figures of it."""
    with_figures = {index for index, _, _ in rows}
    return {
        slug: entry
        for slug, entry in registry.items()
        if slug not in ("basis", "headings") and (slug in with_figures or not entry.get("optional"))
    }


def _series(entry, year):
    return _span(entry["series"], year)["id"]


def _components(entry, year):
    """Entries of the components of a year in the order of the registry, sub-dimensions behind."""
    there = [
        part
        for part in entry.get("components", [])
        if part["years"][0] <= year <= part["years"][1] and year not in part.get("absent", [])
    ]
    return [part for part in there if "." not in part["slug"]] + [p for p in there if "." in p["slug"]]


def fields_of(entry, year):
    """Slugs of the fields: neither sub-dimensions, nor what stands beside the index, nor points by method."""
    beside = ("apart", "method")
    return [
        part["slug"]
        for part in _components(entry, year)
        if "." not in part["slug"] and not any(part.get(key) for key in beside)
    ]


def _group_names(entry, year, component):
    """Names of the published groups, best first; None where the figure is not grouped."""
    grouping = _span(entry.get("groups", []), year)
    if grouping is None or "." in component:
        return None
    if grouping["kind"] == "quarters":
        return list(grouping["names"])
    return None if component else [name for name, _ in grouping["limits"]]


def _same_grouping(entry, year, other):
    first, second = (_span(entry.get("groups", []), y) for y in (year, other))
    if first is None or second is None or first["kind"] != second["kind"]:
        return False
    key = "names" if first["kind"] == "quarters" else "limits"
    return first[key] == second[key]


# --- one figure and its standing ---------------------------------------------------------------------------


def _rounded(number):
    return None if number is None else round(number, 6)


def _ids(sources):
    """Single source ids, sorted, once each."""
    return sorted({one for many in sources if many for one in many.split("|")})


def _row(rows, slug, year, component, code):
    return rows.get((slug, year, component), {}).get(code)


def _figure(row, series):
    """What one row says; None everywhere where there is no row."""
    row = row or {}
    figure = {key: row.get(key) for key in ("rank", "ranked", "group", "rank_basis", "rank_source")}
    # A row with a rank alone says how the rank was read in these cells too; here they are of the score.
    scored = row if row.get("score") is not None else {}
    figure |= {"basis": scored.get("basis"), "source": scored.get("source")}
    figure |= {key: _rounded(row.get(key)) for key in ("score", "max_score")}
    return figure | {"series": series}


def _changes(row, before, comparable):
    """Changes, with the source of the year before; an unknown maximum equals only another unknown one."""
    found = dict.fromkeys(
        f"{what}_change{tail}" for what in ("rank", "score") for tail in ("", "_basis", "_source")
    )
    if not row or not before:
        return found
    if row["rank"] is not None and before["rank"] is not None:
        found["rank_change"] = before["rank"] - row["rank"]
        found["rank_change_basis"] = "computed"
        found["rank_change_source"] = before["rank_source"]
    scored = row["score"] is not None and before["score"] is not None
    if scored and comparable and row["max_score"] == before["max_score"]:
        found["score_change"] = _rounded(row["score"] - before["score"])
        found["score_change_basis"] = "computed"
        found["score_change_source"] = before["source"]
    return found


def _ranked(table):
    """How many provinces are ranked: what the rows of the year say; None where none says it."""
    return max((row["ranked"] for row in table.values() if row["ranked"] is not None), default=None)


def places(ranks, ranked, units, region, code):
    """
    Best and worst place that a province can have among the ranked ones of a region.

    A rank of r says that r - 1 provinces are strictly better (equal ones share the better rank). Those of
    them whose rank is at hand are taken off; the rest are any of the provinces whose rank is not at hand, as
    many of the region as can be for the worst place, as many from elsewhere as can be for the best.

    Parameters
    ----------
    ranks : dict
        National ranks at hand by code.
    ranked : int
        How many provinces are ranked.
    units, region : set of str
        All provinces, and those of the region.
    code : str

    Returns
    -------
    (int, int) or None
        None without an own rank.
    """
    if code not in ranks:
        return None
    better = {other for other, rank in ranks.items() if rank < ranks[code]}
    # Sources that contradict each other can name more better provinces than the rank has room for.
    unnamed = max(0, ranks[code] - 1 - len(better))
    without = units - set(ranks)
    # Nobody without a rank can be better where all that are ranked are at hand.
    unnamed = min(unnamed, max(0, ranked - len(ranks)))
    inside = len(without & region)
    outside = len(without) - inside
    sure = 1 + len(better & region)
    return sure + max(0, unnamed - outside), sure + min(inside, unnamed)


def _region(table, provinces, code, members, names):
    """Standing among the ranked provinces of a region (or among the cities)."""
    ranks = {other: row["rank"] for other, row in table.items() if row["rank"] is not None}
    known = sorted(members & set(ranks))
    ranked = _ranked(table)
    all_ranked = ranked is not None and len(ranks) == ranked
    found = {**names, "rank": None, "between": None, "basis": None, "known": len(known)}
    used = known if code in ranks else []
    found["sources"] = _ids(table[other]["rank_source"] for other in used)
    if ranked is not None and ranked == len(provinces):
        found["of"] = len(members)
    else:
        found["of"] = len(known) if all_ranked else None
    bounds = places(ranks, ranked, set(provinces), members, code) if code in ranks else None
    if bounds is None:
        return found
    # With every rank of the region at hand its order is at hand; else the place follows by exclusion, from
    # all ranks of the country.
    if all_ranked or len(known) == len(members):
        return found | {"rank": bounds[0], "basis": "computed"}
    found["sources"] = _ids(table[other]["rank_source"] for other in ranks)
    if bounds[0] != bounds[1]:
        return found | {"between": list(bounds)}
    return found | {"rank": bounds[0], "basis": "bounded"}


def _middle(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _on_scale(table, row):
    """Rows with a score, without an own score on any scale, else on the scale of the own one."""
    scored = {code: other for code, other in table.items() if other["score"] is not None}
    if row and row["score"] is not None:
        return {c: other for c, other in scored.items() if other["max_score"] == row["max_score"]}
    return scored


def _median(table, row):
    scored = _on_scale(table, row)
    one_scale = len({other["max_score"] for other in scored.values()}) == 1
    if len(scored) < SCORES_FOR_A_MEDIAN or not one_scale:
        return None
    middle = _middle([other["score"] for other in scored.values()])
    own = row["score"] if row else None
    return {
        "value": _rounded(middle),
        "n": len(scored),
        "complete": len(scored) == _ranked(table),
        "distance": None if own is None else _rounded(own - middle),
        "sources": _ids(other["source"] for other in scored.values()),
    }


def _holders(table, row, rank):
    """Provinces of a rank, and their score on the own scale where it is one and the same."""
    holders = sorted(code for code, other in table.items() if other["rank"] == rank)
    scored = _on_scale({code: table[code] for code in holders}, row)
    scores = {other["score"] for other in scored.values()}
    sources = _ids(other["source"] for other in scored.values())
    return holders, scores.pop() if len(scores) == 1 else None, sources


def _top(table, row):
    holders, score, sources = _holders(table, row, 1)
    if score is None:
        return None
    own = row["score"] if row else None
    distance = None if own is None else _rounded(own - score)
    return {"provinces": holders, "score": _rounded(score), "distance": distance, "sources": sources}


def _next_better(table, row):
    """The next better rank that exists, where nobody whose rank is not at hand can stand between."""
    if not row or row["rank"] is None or row["score"] is None:
        return None
    better = [other["rank"] for other in table.values() if other["rank"] and other["rank"] < row["rank"]]
    if not better:
        return None
    rank = max(better)
    if rank + better.count(rank) < row["rank"]:
        return None
    holders, score, sources = _holders(table, row, rank)
    if score is None:
        return None
    distance = _rounded(score - row["score"])
    if distance < 0:
        # Reported ranks and scores that contradict each other: there is no distance to state.
        return None
    found = {"provinces": holders, "rank": rank, "score": _rounded(score)}
    return found | {"distance": distance, "sources": sources}


def _standing(rows, entry, slug, year, component, code, provinces):
    """Everything from the score to the next better one, of a total or of a component."""
    table = rows.get((slug, year, component), {})
    row, before = table.get(code), _row(rows, slug, year - 1, component, code)
    known_before = _span(entry["scale"], year - 1) is not None
    comparable = known_before and _series(entry, year - 1) == _series(entry, year)
    found = _figure(row, _series(entry, year))
    names = _group_names(entry, year, component)
    found["group_before"] = before["group"] if before else None
    found["group_change"] = None
    # Limits are scores, and scores compare within a series alone; quarters are of their year.
    alike = comparable or "quarters" in {g.get("kind") for g in entry.get("groups", [])}
    if found["group"] and found["group_before"] and alike and _same_grouping(entry, year, year - 1):
        found["group_change"] = names.index(found["group_before"]) - names.index(found["group"])
    found |= _changes(row, before, comparable)
    found["previous"] = None
    if before:
        found["previous"] = {"year": year - 1, "comparable": comparable}
        found["previous"] |= _figure(before, _series(entry, year - 1))
    own = provinces[code]
    for key in ("region6", "region8"):
        members = {other for other, place in provinces.items() if place[key] == own[key]}
        names = {"name": own[key], "name_en": own[f"{key}_en"]}
        found[key] = _region(table, provinces, code, members, names)
    cities = {other for other, place in provinces.items() if _is_city(place)}
    found["cities"] = _region(table, provinces, code, cities, {}) if code in cities else None
    found["median"], found["top"] = _median(table, row), _top(table, row)
    found["next_better"] = _next_better(table, row)
    found["record"] = _record(rows, entry, slug, year, component, code)
    return found


def _is_city(place):
    return place["type"] == "thành phố trực thuộc trung ương"


# --- over the years and over the components ----------------------------------------------------------------


def _course(rows, entry, slug, year, code):
    course = []
    for then in range(year - COURSE + 1, year + 1):
        if _span(entry["scale"], then):
            figure = _figure(_row(rows, slug, then, "", code), _series(entry, then))
            course.append({"year": then} | figure)
    return course


def _extremes(values, year, lower_is_better):
    """Best and worst of values by year; None without this year's or with fewer than three years."""
    if year not in values or len(values) < 3:
        return None
    low, high = min(values.values()), max(values.values())
    best, worst = (low, high) if lower_is_better else (high, low)

    def when(value):
        return {"value": value, "years": sorted(then for then in values if values[then] == value)}

    found = {"years": len(values), "since": min(values), "best": when(best), "worst": when(worst)}
    return found | {"is_best": values[year] == best, "is_worst": values[year] == worst}


def _record(rows, entry, slug, year, component, code):
    ranks, scores = {}, {}
    for then in range(FIRST_YEAR, year + 1):
        table = rows.get((slug, then, component), {})
        if code in table:
            ranked = table[code]["ranked"]
            # A rank of a pilot in ten provinces is no best or worst rank in the country.
            if table[code]["rank"] is not None and (ranked is None or 10 * ranked >= 9 * 63):
                ranks[then] = table[code]["rank"]
            if table[code]["score"] is not None and _series(entry, then) == _series(entry, year):
                scores[then] = _rounded(table[code]["score"])
    found = {"rank": _extremes(ranks, year, True), "score": _extremes(scores, year, False)}
    for kind, years, column in (("rank", ranks, "rank_source"), ("score", scores, "source")):
        if found[kind]:
            named = (rows[slug, then, component][code][column] for then in years)
            found[kind]["sources"] = _ids(named)
    return found


def strongest_and_weakest(components, fields):
    """Fields by national rank: the best and the worst ones, never one in both lists."""
    at_hand = [(slug, components[slug]["rank"]) for slug in fields if slug in components]
    ranks = [(rank, place, slug) for place, (slug, rank) in enumerate(at_hand) if rank is not None]
    k = min(3, len(ranks) // 2)
    strongest = [slug for _, _, slug in sorted(ranks)[:k]]
    from_worst = sorted(ranks, key=lambda entry: (-entry[0], entry[1]))
    return strongest, [slug for _, _, slug in from_worst if slug not in strongest][:k]


def rises_and_falls(components, fields):
    """Fields that rose and that fell, the largest change first, at most three each."""
    changes = [(slug, components[slug]["rank_change"]) for slug in fields if slug in components]
    # Sorting keeps the order of the registry among equal ones.
    rises = sorted((c for c in changes if c[1] is not None and c[1] > 0), key=lambda c: -c[1])
    falls = sorted((c for c in changes if c[1] is not None and c[1] < 0), key=lambda c: c[1])
    return [slug for slug, _ in rises[:3]], [slug for slug, _ in falls[:3]]


def _missing(rows, entry, slug, year, code, components):
    row = _row(rows, slug, year, "", code)
    fields = fields_of(entry, year)
    at_hand = len([field for field in fields if field in components])
    surveyed = _span(entry.get("surveyed", []), year)
    if row:
        reason = "only_rank" if row["score"] is None else "only_score" if row["rank"] is None else None
    elif at_hand and entry["ranks"] == "computed":
        reason = "some_components"
    elif surveyed and len(rows.get((slug, year, ""), {})) >= surveyed["provinces"]:
        reason = "not_surveyed"
    else:
        reason = "no_result" if entry["ranks"] == "computed" else "not_reported"
    return {"reason": reason, "components_at_hand": at_hand, "components": len(fields)}


def _index(rows, entry, slug, year, code, provinces):
    found = {key: entry[key] for key in ("name", "short", "unit")}
    found |= _standing(rows, entry, slug, year, "", code, provinces)
    found["course"] = _course(rows, entry, slug, year, code)
    found["groups"] = _group_names(entry, year, "")
    found["components"] = {}
    for part in _components(entry, year):
        if _row(rows, slug, year, part["slug"], code):
            one = _standing(rows, entry, slug, year, part["slug"], code, provinces)
            share = None
            if one["score"] is not None and one["max_score"]:
                row = _row(rows, slug, year, part["slug"], code)
                share = _rounded(row["score"] / row["max_score"])
            parent = part["slug"].split(".")[0] if "." in part["slug"] else None
            one |= {"name": part["name"], "parent": parent, "part": parent is not None, "share": share}
            one["method"] = part.get("method", False)
            found["components"][part["slug"]] = one
    fields = fields_of(entry, year)
    found["strongest"], found["weakest"] = strongest_and_weakest(found["components"], fields)
    found["rises"], found["falls"] = rises_and_falls(found["components"], fields)
    found["missing"] = _missing(rows, entry, slug, year, code, found["components"])
    return found


def _peers(rows, indices, year, code, provinces):
    """Provinces of the region with the nearest profile of dimensions, in national standard deviations."""
    slug, entry = next((slug, entry) for slug, entry in indices.items() if entry.get("sums"))
    if not _span(entry["scale"], year):
        return None
    dimensions = fields_of(entry, year)
    tables = [rows.get((slug, year, dimension), {}) for dimension in dimensions]
    # Deviations are of the provinces with a full profile, all of which are compared in the same space.
    full = [
        other
        for other in provinces
        if all(other in table and table[other]["score"] is not None for table in tables)
    ]
    if code not in full:
        return None
    squares = {other: [] for other in full}
    for table in tables:
        scores = {other: table[other]["score"] for other in full}
        mean = sum(scores.values()) / len(scores)
        # All provinces, not a sample of them: the divisor is their number.
        variance = sum((score - mean) ** 2 for score in scores.values()) / len(scores)
        for other in full:
            squares[other].append((scores[other] - scores[code]) ** 2 / variance)
    near = []
    for other, parts in squares.items():
        same = provinces[other]["region6"] == provinces[code]["region6"]
        if other != code and same:
            near.append((math.sqrt(sum(parts) / len(parts)), other))
    if not near:
        return None
    listed = []
    for distance, other in sorted(near)[:3]:
        place, total = provinces[other], _row(rows, slug, year, "", other)
        entry = {"gso_code": other, "name": place["name_vi"], "name_en": place["name_en"]}
        entry |= {"distance": _rounded(distance)}
        listed.append(entry | {key: total[key] if total else None for key in ("score", "rank", "source")})
    return {"index": slug, "n": len(near), "provinces": listed}


def facts(rows, code, year, registry, provinces):
    """
    Facts of one province and year that the table of figures alone gives.

    Parameters
    ----------
    rows : dict
        As `read` gives them.
    code : str
    year : int
    registry : dict
        ``indices.toml`` as tomllib reads it.
    provinces : dict
        As `read_provinces` gives them.

    Returns
    -------
    dict
        Like the facts of a briefing, without claims, conflicts, targets and sources; what only a source
        states is None. Positive changes are rises; scores and distances in the index's points.
    """
    indices = _indices(rows, registry)
    of_year = {slug: entry for slug, entry in indices.items() if _span(entry["scale"], year)}
    place = provinces[code]
    totals = {slug: rows.get((slug, year, ""), {}).values() for slug in of_year}
    return {
        "year": year,
        "vintage": str(len(provinces)),
        "province": {
            "gso_code": code,
            "name": place["name_vi"],
            "name_en": place["name_en"],
            "type": "city" if _is_city(place) else "province",
            "region6": {"name": place["region6"], "name_en": place["region6_en"]},
            "region8": {"name": place["region8"], "name_en": place["region8_en"]},
        },
        "indices": {
            slug: _index(rows, entry, slug, year, code, provinces) for slug, entry in of_year.items()
        },
        "peers": _peers(rows, indices, year, code, provinces),
        "coverage": {
            slug: {
                "units": len(provinces),
                "scores": len([row for row in table if row["score"] is not None]),
                "ranks": len([row for row in table if row["rank"] is not None]),
            }
            for slug, table in totals.items()
        },
    }
