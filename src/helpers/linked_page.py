"""The linked page: map, scatter plot, ranking and time course in one file that needs nothing else."""

import functools
import itertools
import json
import re

from helpers import directory, inputs, linked_data, provinces, site, wording
from helpers.files import resolve, write_text

NAME = "explore"
# Texts that the script fills in; their braces stay in them.
SPOKEN = (
    *("search_none", "search_found", "copied", "copy_by_hand", "point_hint", "no_figure", "not_this_year"),
    *("read_score", "read_score_of", "read_rank", "read_rank_of", "read_source", "read_colon", "option_none"),
    *("what_score", "what_rank", "what_years_score", "what_years_rank", "map_alt", "scatter_alt"),
    *("course_alt", "course_empty", "course_some", "break_in", "legend", "legend_row", "coverage"),
    *("held_reported", "axis_score", "axis_rank_right", "axis_rank_up", "pairs", "rho", "rho_few"),
    *("rho_constant", "overlap_same", "missing_group", "ranking_label", "column_rank", "column_province"),
    *("column_score", "column_source", "column_of", "column_marked", "marked_none", "marked", "marked_many"),
    *("unmark", "table_caption", "yes", "address_fault", "state", "all_regions", "by_score"),
    *("by_rank", "copy"),
)
# What their braces may name: each is filled with itself.
_BRACES = {
    name: f"{{{name}}}"
    for name in (
        *("basis", "by", "change", "column", "label", "max", "minimum", "n", "name", "names", "nx", "ny"),
        *("of", "pairs", "parts", "rank", "ranked", "region", "rho", "said", "score", "shown", "source"),
        *("what", "x", "y", "year"),
    )
}


def write(reports, here, raw, processed, links, years):
    """
    Write the linked page of a language.

    Parameters
    ----------
    reports : pathlib.Path
    here : helpers.site.Page
        Its title is the heading.
    raw, processed : str or pathlib.Path
    links : dict
        Of the head of the page, as `helpers.site.navigator` makes it.
    years : iterable of int

    Returns
    -------
    pathlib.Path or None
        The page. None before the data stage was run: a page written before stays.

    Raises
    ------
    helpers.boundaries.BoundaryError
        If borders are damaged.
    ValueError
        If no year of the 63 provinces has a figure.
    helpers.site.PageError
        If the page would load something from the network, or has an id twice.
    """
    raw, processed = resolve(raw), resolve(processed)
    if not all((processed / name).is_file() for name in ("indices.csv", "provinces.gpkg")):
        return None
    path = reports / here.path
    found = data(raw, processed, years, here.language)
    write_text(path, render(here, found, _drawing(str(raw), str(processed)), raw, links))
    return path


@inputs.kept
def _drawing(raw, processed):
    return directory.draw(raw, processed, "63")


def data(raw, processed, years, language):
    """
    Gather everything that the script of the page works with.

    Parameters
    ----------
    raw, processed : str or pathlib.Path
    years : iterable of int
    language : {"en", "vi"}

    Returns
    -------
    dict
        As from `helpers.linked_data.figures`, and ``words``: texts by key, with their braces.

    Raises
    ------
    ValueError
        If no year of the 63 provinces has a figure.
    """
    return linked_data.figures(raw, processed, years, language) | {"words": _words(language)}


def _words(language):
    return {key: wording.text(f"explore.{key}", language, **_BRACES) for key in SPOKEN}


def render(here, found, drawing, raw, links):
    """
    Make the linked page.

    Parameters
    ----------
    here : helpers.site.Page
    found : dict
        As from `data`.
    drawing : helpers.directory.Drawing
        Of the 63 provinces.
    raw : str or pathlib.Path
    links : dict

    Returns
    -------
    str
        One HTML file that needs nothing from elsewhere.

    Raises
    ------
    helpers.site.PageError
        If it would load something from the network, or has an id twice.
    """
    import markupsafe

    language = here.language

    def tell(key, **values):
        return wording.text(f"explore.{key}", language, **values)

    made = site.fill(
        "explore.html.j2",
        language,
        kind=NAME,
        title=here.title,
        links=links,
        tell=tell,
        found=found,
        # Python's groupby keeps the order of the registry; Jinja's would sort.
        groups=[list(group) for _, group in itertools.groupby(found["variables"], lambda v: v["index"])],
        figures=_as_json(found),
        code=markupsafe.Markup((site.TEMPLATES / "explore.js").read_text(encoding="utf-8")),
        left_out=wording.listing(map(str, found["left_out"]), language),
        drawing=drawing,
        middles=middles(drawing.borders),
        enlarged=middles(drawing.delta),
        islands=[_labelled(island, raw, language) for island in drawing.islands],
        size=directory.SIZE,
    )
    site.check(made)
    return made


def _as_json(found):
    """Write data into a script element: no text of theirs can end it, or begin another."""
    import markupsafe

    written = json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return markupsafe.Markup(written)


def middles(paths):
    """
    Find where the number of a marked unit stands: the point of its largest part farthest from its border.

    Parameters
    ----------
    paths : dict of str to str
        SVG paths of `helpers.directory.Drawing`, by code.

    Returns
    -------
    dict of str to (int, int)
    """
    return {code: _middle(path) for code, path in paths.items()}


@functools.lru_cache(maxsize=256)
def _middle(path):
    import numpy as np
    import shapely

    rings = []
    for ring in re.findall(r"M([^z]*)z", path):
        steps = np.array(re.findall(r"-?\d+", ring), dtype=int).reshape(-1, 2)
        rings.append(shapely.make_valid(shapely.Polygon(steps.cumsum(axis=0))))
    largest = max(rings, key=lambda ring: ring.area)
    middle = shapely.get_coordinates(shapely.maximum_inscribed_circle(largest, tolerance=1))[0]
    return tuple(round(number) for number in middle.tolist())


def _labelled(island, raw, language):
    """Add the lines of its label to an archipelago."""
    of = provinces.load(raw, "63").name(island["code"], language)
    text = wording.text("map.island_of", language, name=island[f"name_{language}"], province=of)
    return island | {"lines": text.replace(" (", "\n(").replace("\n\n", "\n").split("\n")}
