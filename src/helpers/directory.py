"""The list of the provinces of a year: a map to click on, a search and a sortable table, in one page."""

import json
import posixpath
import re
from dataclasses import dataclass, field

from helpers import boundaries, briefing, palettes, provinces, site, wording
from helpers.files import resolve, write_text

# More names than this do not help in a line; the table and the map show them.
MOST_NAMES = 12
# The map is drawn in kilometres, of which the country takes 778 by 1640.
SIZE, MARGIN = (1060, 1660), 10
# Corners of the boxes in the sea: the enlarged delta, and by code the archipelagos.
DELTA, DELTA_SCALE = (606, 345), 2.4
ISLANDS, ISLANDS_SIZE = {"48": (758, 775), "56": (758, 1320)}, (296, 190)


@dataclass(frozen=True)
class Drawing:
    """
    The parts of the map of a set of units, in kilometres from its upper left corner.

    Attributes
    ----------
    borders : dict of str to str
        SVG path of each unit, by code.
    regions : str
        Path of the borders of the regions.
    centres : dict of str to (int, int)
        Where the number of each region stands, by its Vietnamese name.
    window, frame : (int, int, int, int)
        Left, top, width, height of what is enlarged, and of the box that shows it.
    delta : dict of str to str
        Paths of the units in that box.
    islands : list of dict
        Of each archipelago ``box``, ``dots``, ``name_vi``, ``name_en`` and the ``code`` that it belongs to.
    """

    borders: dict = field(repr=False)
    regions: str = field(repr=False)
    centres: dict = field(repr=False)
    window: tuple
    frame: tuple
    delta: dict = field(repr=False)
    islands: list = field(repr=False)


def write(reports, pages, raw, processed, links_of):
    """
    Write ``<language>/<year>/provinces/index.html`` for every language and year that has briefings.

    Figures are those of the facts beside the briefings; of units without a briefing, or with facts that lack
    an index, they are computed.

    Parameters
    ----------
    reports : pathlib.Path
    pages : list of helpers.site.Page
        The pages that exist; those of no province are left aside.
    raw, processed : str or pathlib.Path
    links_of : callable
        Gives the links at the head of a page, as `helpers.site.navigator` makes it.

    Returns
    -------
    list of pathlib.Path
        The lists that were written. None before the data stage was run: lists written before stay.

    Raises
    ------
    helpers.boundaries.BoundaryError, helpers.indices.RawDataError, helpers.targets.TargetError
        If borders, figures or targets are damaged.
    """
    processed = resolve(processed)
    if not all((processed / name).is_file() for name in ("indices.csv", "provinces.gpkg")):
        return []
    briefings = {}
    for page in pages:
        if page.province is not None:
            briefings.setdefault(posixpath.dirname(page.path), {})[page.province] = page
    if not briefings:
        return []
    of_provinces = [page for of_list in briefings.values() for page in of_list.values()]
    lists = [page for page in site.with_indexes(of_provinces) if page.is_list]
    book, drawings, computed = briefing.open_book(raw, processed), {}, {}
    for here in lists:
        made, vintage = briefings[posixpath.dirname(here.path)], provinces.vintage_of(here.year)
        if vintage not in drawings:
            drawings[vintage] = draw(raw, processed, vintage)
        slugs = {index.slug for index in book.registry.of_year(here.year)}
        facts, without = {}, {}
        for code in provinces.load(raw, vintage).codes:
            if code in made:
                facts[code] = _beside(reports / made[code].path, slugs)
            else:
                without[code] = "not_made" if book.has_figure(code, here.year) else "no_figure"
            if facts.get(code) is None:
                if (code, here.year) not in computed:
                    computed[code, here.year] = book.outline(code, here.year)
                facts[code] = computed[code, here.year]
        write_text(reports / here.path, render(here, facts, without, drawings[vintage], raw, links_of(here)))
    return [reports / here.path for here in lists]


def _beside(page, slugs):
    """Read the facts beside a briefing; None if they are missing, damaged or of other indices."""
    try:
        facts = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return facts if set(facts.get("indices", ())) == slugs else None


def render(here, facts, without, drawing, raw, links):
    """
    Make the list of one language and year.

    Parameters
    ----------
    here : helpers.site.Page
        Its title is the heading.
    facts : dict of str to dict
        Facts of every unit of the year by code, as `helpers.briefing.Book.facts` makes them.
    without : dict of str to str
        Codes of the units that have no briefing, and why: "no_figure" or "not_made".
    drawing : Drawing
    raw : str or pathlib.Path
    links : dict
        Of the head of the page.

    Returns
    -------
    str
        One HTML file that needs nothing from elsewhere.

    Raises
    ------
    helpers.site.PageError
        If it would load something from the network, or has an id twice.
    """
    language = here.language
    own = "name" if language == "vi" else "name_en"

    def tell(key, **values):
        return wording.text(f"directory.{key}", language, of=len(facts), year=here.year, **values)

    table = provinces.load(raw, provinces.vintage_of(here.year)).table
    known = next(iter(facts.values()))["indices"]
    numbers = {}
    for place in facts.values():
        numbers.setdefault(place["province"]["region6"]["name"], len(numbers) + 1)
    by_name = {place["province"][own]: code for code, place in facts.items()}
    units = []
    for name in wording.alphabetical(by_name, language):
        code = by_name[name]
        place = facts[code]["province"]
        region = place["region6"][own]
        kind = f"map_{without[code]}" if code in without else "map_place"
        units.append(
            {
                "code": code,
                "name": name,
                "href": None if code in without else f"{code}.html",
                "region": region,
                "number": numbers[place["region6"]["name"]],
                "spoken": tell(kind, name=name, region=region),
                "words": _words(place, table.at[code, "aliases"]),
                "cells": [cell for slug in known for cell in _cells(facts[code]["indices"][slug], language)],
            }
        )
    page = site.fill(
        "provinces.html.j2",
        language,
        kind="directory",
        title=here.title,
        links=links,
        tell=tell,
        units=units,
        notes=[tell("count", n=len(facts) - len(without)), *_absent(units, without, tell, language)],
        heads=[
            {"label": tell(measure, index=found["short"]), "first": first}
            for found in known.values()
            for measure, first in (("rank", "ascending"), ("score", "descending"))
        ],
        at_hand=[_at_hand(facts, slug, language, tell) for slug in known],
        tints=_tints(len(numbers)),
        regions=[_region(name, number, units, drawing) for name, number in numbers.items()],
        without=len(without),
        drawing=drawing,
        islands=[_labelled(island, facts, own, language) for island in drawing.islands],
        size=SIZE,
    )
    site.check(page)
    return page


def _absent(units, without, tell, language):
    """Sentences on the units without a briefing, by the reason."""
    for reason in ("no_figure", "not_made"):
        names = [unit["name"] for unit in units if without.get(unit["code"]) == reason]
        if reason == "not_made" and len(names) > MOST_NAMES:
            yield tell("not_made_many", n=len(names))
        elif names:
            yield tell(reason, names=wording.listing(names, language))


def _cells(found, language):
    """Rank and score of a unit in an index: text, value to sort by, source; or the reason why not."""
    reason = found["missing"]["reason"]
    rank, score, ranked = found["rank"], found["score"], found["ranked"]
    written = f"{rank}/{ranked}" if ranked else str(rank)
    decimals = 4 if found["max_score"] is not None and found["max_score"] <= 1 else 2
    return [
        {"key": value, "text": text, "source": source}
        if value is not None
        else {"key": None, "reason": wording.text(f"map.reason_{reason}", language)}
        for value, text, source in (
            (rank, written, found["rank_source"]),
            (score, wording.number(score, language, decimals), found["source"]),
        )
    ]


def _at_hand(facts, slug, language, tell):
    """The sentence on how many units have a rank and a score in an index."""
    found = [place["indices"][slug] for place in facts.values()]
    ranks, scores = (sum(one[measure] is not None for one in found) for measure in ("rank", "score"))
    return tell(
        "at_hand", index=found[0]["short"], unit=found[0]["unit"][language], ranks=ranks, scores=scores
    )


def _words(place, aliases):
    """Everything that a unit is found by: names, region, code, names with its type; plain letters alone."""
    names = [place["name"], place["name_en"], *filter(None, aliases.split("|"))]
    # Other spellings may hold the type of another time: Thừa Thiên Huế was no city.
    names = list(dict.fromkeys(_plain(provinces.fold(name)) for name in names))
    before, after = {"province": (["tinh"], "province"), "city": (["thanh pho", "tp"], "city")}[place["type"]]
    typed = [f"{word} {names[0]}" for word in before] + [f"{names[0]} {after}"]
    together = [name.replace(" ", "") for name in names]
    region = [_plain(place["region6"][own]) for own in ("name", "name_en")]
    return "|".join(dict.fromkeys([place["gso_code"], *names, *together, *typed, *region]))


def _plain(text):
    return re.sub(r"[^a-z0-9]+", " ", provinces.strip_diacritics(text).lower()).strip()


# --- map --------------------------------------------------------------------------------------------------


def draw(raw, processed, vintage):
    """
    Draw the parts of the map from the simplified borders.

    Parameters
    ----------
    raw, processed : str or pathlib.Path
    vintage : {"63", "34"}

    Returns
    -------
    Drawing

    Raises
    ------
    helpers.boundaries.BoundaryError
        If the borders, or the outlines of the archipelagos, are missing or damaged.
    """
    import shapely

    from helpers import cartography

    archipelagos = boundaries.read_islands(raw)
    country = cartography.Country(boundaries.read(processed, vintage, raw=raw), archipelagos)
    west, _, _, north = country.shapes.total_bounds

    def place(metres):
        return (metres - (west, north)) / (1000, -1000) + MARGIN

    window = country.windows["delta"]
    x0, y1, x1, y0 = place(window.bounds.reshape(2, 2)).ravel()

    def enlarged(metres):
        return (place(metres) - (x0, y0)) * DELTA_SCALE + DELTA

    parts = country.shapes.groupby(country.units["region6"]).apply(
        lambda shapes: shapely.coverage_union_all(shapes.values)
    )
    middles = shapely.get_coordinates(shapely.maximum_inscribed_circle(parts.values, tolerance=2000))[::2]
    return Drawing(
        borders={code: _path(map(place, rings)) for code, rings in country.rings.items()},
        regions=_path(map(place, country.region_lines)),
        centres={name: _whole(place(middle)) for name, middle in zip(parts.index, middles, strict=True)},
        window=_whole((x0, y0, x1 - x0, y1 - y0)),
        frame=_whole((*DELTA, (x1 - x0) * DELTA_SCALE, (y1 - y0) * DELTA_SCALE)),
        delta={code: _path(map(enlarged, rings)) for code, rings in window.rings.items()},
        islands=[_archipelago(row) for row in archipelagos.to_crs(cartography.PROJECTION).itertuples()],
    )


def _whole(numbers):
    return tuple(round(float(number)) for number in numbers)


def _path(rings):
    """Write rings as an SVG path of whole numbers, each point from the one before."""
    written = []
    for ring in rings:
        points = [_whole(point) for point in ring]
        steps, last = [], points[0]
        for point in points[1:-1]:
            if point != last:
                steps.append(f"{point[0] - last[0]} {point[1] - last[1]}")
                last = point
        # An islet that is a single point in whole kilometres stays, as a dot of a kilometre.
        written.append(f"M{points[0][0]} {points[0][1]}l{' '.join(steps) or '1 0 0 1'}z")
    return "".join(written).replace(" -", "-")


def _archipelago(row):
    """Set the dots of an archipelago into its box, spread out: to scale they would be too small."""
    x, y = ISLANDS[row.gso_code]
    width, height = ISLANDS_SIZE
    west, south, east, north = row.geometry.bounds
    scale = min((width - 60) / (east - west), 60 / (north - south))
    middles = (
        (part.centroid.x - (west + east) / 2, part.centroid.y - (south + north) / 2)
        for part in row.geometry.geoms
    )
    dots = [_whole((x + width / 2 + across * scale, y + 45 - up * scale)) for across, up in middles]
    box = (x, y, width, height)
    return {"code": row.gso_code, "name_vi": row.name_vi, "name_en": row.name_en, "box": box, "dots": dots}


def _labelled(island, facts, own, language):
    """Add the lines of its label to an archipelago."""
    # Since July 2025 they belong to units that keep these two codes.
    of = facts[island["code"]]["province"][own]
    text = wording.text("map.island_of", language, name=island[f"name_{language}"], province=of)
    return island | {"lines": text.replace(" (", "\n(").replace("\n\n", "\n").split("\n")}


def _tints(count):
    # Half as strong as on maps for print: here thin borders and the numbers of the regions lie on them.
    return [
        "#" + "".join(f"{round(255 * (1 + channel) / 2):02x}" for channel in tint[:3])
        for tint in palettes.regions(count)
    ]


def _region(name, number, units, drawing):
    own = [unit for unit in units if unit["number"] == number]
    return {"number": number, "name": own[0]["region"], "n": len(own), "centre": drawing.centres[name]}
