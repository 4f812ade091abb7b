"""The figures of the linked page: all years, totals and dimensions, as one structure for its script."""

import functools
import re
from dataclasses import dataclass

from helpers import classes as classing
from helpers import (
    comparability,
    correlation,
    indices,
    inputs,
    map_findings,
    measures,
    palettes,
    provinces,
    wording,
)
from helpers import registry as registry_
from helpers.coefficients import MINIMUM_PAIRS

MEASURES = correlation.MEASURES
# In the strings that hold a character for each province.
SHOWN, NO_CLASS = ".", "-"
_LETTERS = dict(zip(measures.STATES, "abcdefghijklmnopqrstuvwxyz", strict=False))
# Something is known of these provinces, though not what is shown.
_PARTLY = ("only_rank", "only_score", "other_scale", "some_components")


def figures(raw, processed, years, language):
    """
    Gather what the linked page shows.

    Parameters
    ----------
    raw, processed : str or pathlib.Path
    years : iterable of int
        Those of the 34 units are left out: a line or a point of theirs would be of another province.
    language : {"en", "vi"}
        Of names and labels.

    Returns
    -------
    dict
        To be written as JSON; equal for equal input. Provinces stand in the alphabetical order of the
        language, and every list or string of figures has one entry for each of them, in that order:

        years, left_out : list of int
        provinces : list of dict
            ``code``, ``name``, ``region`` (place in `regions`), ``words`` (what it is found by).
        regions : list of dict
            ``key`` (the same in all languages) and ``name``.
        sources : list of str
            Ids of ``sources.csv``, to which the figures refer by their place.
        basis, reasons, letters : dict of str to str
            How a figure was read; by letter why there is none; and the letter of each state.
        partly : str
            Letters of the states in which something else is known of a province.
        variables : list of dict
            One a total or first-level component that has a figure in the years: ``key``
            (``papi.e_governance``), ``index``, ``component``, ``short`` (of the index), ``name``, ``label``,
            ``kind`` ("total", "part", or "aside" for what is no part of the total), ``tints`` (colours by
            number of classes, the lowest first) and ``of``, by year. See `_of_year`.
        breaks : dict of str to list of (int, str)
            By index the first year of each new series, and what changed.
        overlaps : list of dict
            Pairs of variables of which one contains the other by its making: ``whole``, ``part``, ``note``.
        minimum : int
            Fewer pairs give no coefficient (`helpers.coefficients.MINIMUM_PAIRS`).
        start : dict
            What is shown first: ``year``, ``x``, ``y``.

    Raises
    ------
    helpers.indices.RawDataError
        If the figures have not been cleaned yet.
    ValueError
        If no year of the 63 provinces is asked for, or none has a figure.
    """
    wording.check_language(language)
    years = sorted(set(years))
    own = [year for year in years if provinces.vintage_of(year) == "63"]
    places, known = provinces.load(raw, "63"), registry_.load(raw)
    by_name = {places.name(code, language): code for code in places.codes}
    codes = [by_name[name] for name in wording.alphabetical(by_name, language)]
    sheets = _sheets(str(raw), str(processed), " ".join(map(str, own)))
    if not sheets:
        raise ValueError(
            f"no figure of the years {', '.join(map(str, years))} is of the 63 provinces: "
            "ask for years to 2024 that data/processed/indices.csv has"
        )
    regions = list(dict.fromkeys(row["region6"] for row in places.rows.values()))
    origins = (set(sheet.table[name]) for sheet in sheets.values() for name in ("source", "rank_source"))
    sources = sorted({name for names in origins for name in names if isinstance(name, str) and name})
    place_of = {source: place for place, source in enumerate(sources)}
    variables = [
        variable
        for index in known
        for component in ("", *(slug for slug in index.components if "." not in slug))
        if (variable := _variable(sheets, index, component, own, codes, place_of, language))["of"]
    ]
    return {
        "language": language,
        "years": own,
        "left_out": [year for year in years if year not in own],
        "provinces": [_province(places, code, regions, language) for code in codes],
        "regions": [_region(places, name, language) for name in regions],
        "sources": sources,
        "basis": {basis: known.basis_names[basis][language] for basis in known.basis},
        "reasons": {
            letter: wording.text(f"map.reason_{state}", language) for state, letter in _LETTERS.items()
        },
        "letters": _LETTERS,
        "partly": "".join(_LETTERS[state] for state in _PARTLY),
        "variables": variables,
        "breaks": {index.slug: _breaks(index, own, language) for index in known},
        "overlaps": _overlaps(variables, known, language),
        "minimum": MINIMUM_PAIRS,
        "start": _start(variables, own),
    }


def _province(places, code, regions, language):
    row = places.rows[code]
    aliases = filter(None, row.get("aliases", "").split("|"))
    names = dict.fromkeys(plain(provinces.fold(name)) for name in (row["name_vi"], row["name_en"], *aliases))
    together = [name.replace(" ", "") for name in names]
    # Other spellings may hold the type of another time: Thừa Thiên Huế was no city.
    before = ("thanh pho", "tp") if code in places.cities else ("tinh",)
    typed = [f"{word} {name}" for word in before for name in names]
    return {
        "code": code,
        "name": places.name(code, language),
        "region": regions.index(row["region6"]),
        "words": "|".join(dict.fromkeys([code, *names, *together, *typed])),
    }


def _region(places, name, language):
    english = next(row["region6_en"] for row in places.rows.values() if row["region6"] == name)
    return {"key": plain(english).replace(" ", "-"), "name": name if language == "vi" else english}


def plain(text):
    """
    Write a text in small plain letters and digits alone, words parted by single spaces.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        The script of the page does the same to what is typed.
    """
    return re.sub(r"[^a-z0-9]+", " ", provinces.strip_diacritics(text).lower()).strip()


@dataclass(frozen=True)
class _Sheet:
    """The figures of a variable in a year: rows of all provinces by code, classes by measure."""

    table: object
    classes: dict


@inputs.kept
def _sheets(raw, processed, years):
    """Sort the figures of every variable and year into classes, for all languages at once."""
    years, codes = [int(year) for year in years.split()], provinces.load(raw, "63").codes
    figures = indices.read(processed)
    figures = figures[figures["year"].isin(years) & ~figures["component"].str.contains(".", regex=False)]
    known, sheets = registry_.load(raw), {}
    for (slug, year), rows in figures.groupby(["index", "year"]):
        for component, own in rows.groupby("component"):
            classes = {}
            for measure in MEASURES:
                try:
                    layer = measures.measure(rows, known[slug], year, codes, measure, component)
                except measures.NoFigureError:
                    continue
                classes[measure] = classing.classify(layer)
            table = own.set_index("gso_code").reindex(codes)
            sheets[slug, component, year] = _Sheet(table, classes)
    return sheets


def _variable(sheets, index, component, years, codes, sources, language):
    name = index.component_name(component, language) if component else index.name(language)
    of = {
        str(year): _of_year(sheets[index.slug, component, year], index, year, codes, sources, language)
        for year in years
        if (index.slug, component, year) in sheets
    }
    counts = {len(made[measure]["labels"]) for made in of.values() for measure in MEASURES if measure in made}
    apart = component and {"method", "apart"} & set(index.components[component])
    return {
        "key": f"{index.slug}.{component}" if component else index.slug,
        "index": index.slug,
        "component": component,
        "short": index.short,
        "name": name,
        "label": f"{index.short}: {name}" if component else index.short,
        "kind": "aside" if apart else "part" if component else "total",
        "tints": {str(count): _tints(index.colours, count) for count in sorted(counts)},
        "of": of,
    }


@functools.cache
def _tints(colours, count):
    return [
        "#" + "".join(f"{round(255 * channel):02x}" for channel in colour[:3])
        for colour in palettes.sequential(colours, count)
    ]


def _of_year(sheet, index, year, codes, sources, language):
    """
    Give the figures of a variable in a year.

    Returns
    -------
    dict
        ``series``, ``held`` ("published" or "reported"), ``max`` (of most scores; None where no source says
        it), ``scales`` (of each), ``ranked``, ``places`` (decimals of a score); ``scores`` and ``ranks``
        (None where missing); ``source``, ``rank_source`` (places in the list of sources), ``basis``,
        ``rank_basis``. What is equal for all that have it is given once instead of a list. By measure, where
        any province has it: ``state`` (a character for each province: `SHOWN`, or the letter of the reason),
        ``number`` (its class, from the lowest, as on the year's maps), ``labels`` (limits of the classes).
    """
    own = sheet.table.reindex(codes)
    scales = own["max_score"][own["score"].notna()]
    common = scales.fillna(-1).mode()
    made = {
        "series": index.series(year),
        "held": indices.held_as(own),
        "max": None if common.empty or common.iloc[0] < 0 else float(common.iloc[0]),
        "scales": _alike(_listed(own["max_score"], float)),
        "ranked": _alike(_listed(own["ranked"], int)),
        "places": next((classes.layer.score_decimals for classes in sheet.classes.values()), 2),
        "scores": _listed(own["score"], float),
        "ranks": _listed(own["rank"], int),
        "source": _alike([sources.get(name) for name in own["source"]]),
        "rank_source": _alike([sources.get(name) for name in own["rank_source"]]),
        "basis": _alike([name or None for name in _listed(own["basis"], str)]),
        "rank_basis": _alike([name or None for name in _listed(own["rank_basis"], str)]),
    }
    for measure, classes in sheet.classes.items():
        numbers = _listed(classes.number.reindex(codes), str)
        states = classes.layer.table["state"].reindex(codes)
        made[measure] = {
            "state": "".join(_LETTERS.get(state, SHOWN) for state in states),
            "number": "".join(NO_CLASS if number is None else number for number in numbers),
            "labels": [
                map_findings.class_label(classes, place, language) for place in range(len(classes.limits))
            ],
        }
    return made


def _listed(column, kind):
    """Values of a column, None where there is none."""
    return [None if missing else kind(value) for value, missing in zip(column, column.isna(), strict=True)]


def _alike(entries):
    """One entry where all that there are agree, else all: most years of an index come from one source."""
    found = {entry for entry in entries if entry is not None}
    return entries if len(found) > 1 else next(iter(found), None)


def _breaks(index, years, language):
    known = [year for year in years if index.has_year(year)]
    if not known:
        return []
    return [
        [entry.year, index.change(entry.after, language)]
        for entry in comparability.breaks(index, known[0], known[-1])
    ]


def _overlaps(variables, known, language):
    """Pairs that agree partly by arithmetic: an index and its parts, or an index inside another."""
    keys = {variable["key"]: variable for variable in variables}
    found = []
    for variable in variables:
        if variable["component"] and variable["kind"] == "part":
            note = wording.text("explore.overlap_part", language, whole=variable["short"])
            found.append({"whole": variable["index"], "part": variable["key"], "note": note})
    for index in known:
        contains = index.entry.get("contains")
        if not contains or contains["index"] not in keys:
            continue
        note = wording.text(
            "explore.overlap_index", language, whole=index.short, part=known[contains["index"]].short
        )
        for key in (index.slug, f"{index.slug}.{contains['component']}"):
            if key in keys:
                found.append({"whole": key, "part": contains["index"], "note": note})
    return found


def _start(variables, years):
    """The newest year in which two totals have enough pairs of scores; the fullest of them lies on x."""
    totals = [variable for variable in variables if not variable["component"]]

    def having(variable, year):
        scores = variable["of"].get(str(year), {}).get("scores", [])
        return {place for place, score in enumerate(scores) if score is not None}

    best = None
    for year in reversed(years):
        found = sorted(totals, key=lambda variable, year=year: -len(having(variable, year)))
        # Sorting is stable: of equally full ones the registry's order decides.
        first, others = found[0], found[1:]
        second = max(others, key=lambda o, y=year, f=first: len(having(f, y) & having(o, y)), default=first)
        pairs = len(having(first, year) & having(second, year))
        best = best or {"year": year, "x": first["key"], "y": second["key"]}
        if pairs >= MINIMUM_PAIRS:
            return {"year": year, "x": first["key"], "y": second["key"]}
    return best
