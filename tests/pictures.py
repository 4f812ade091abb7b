"""Checks of drawn maps that several test files share; they measure the figure and ask the modules nothing."""

import itertools
import re

import numpy as np
import shapely
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib_scalebar.scalebar import ScaleBar

# How a unit without a class is hatched, by the reason.
HATCHES = {
    "only_rank": "......",
    "only_score": "......",
    "one_year": "......",
    "one_index": "......",
    "no_group": "++++",
    "other_scale": "++++",
    "some_parts": "||||||",
    "some_components": "\\\\\\\\",
    "not_surveyed": "xxxx",
    "no_result": "//////",
    "not_reported": "//////",
    "neither": "//////",
}
FALL = "-----"
OUTSIDE = ("label", "legend", "islands", "inset", "histogram")


def with_gid(figure, beginning):
    """Give patches by what follows the beginning of their gid."""
    found = {}
    for patch in figure.axes[0].patches:
        if (patch.get_gid() or "").startswith(beginning):
            found[patch.get_gid().removeprefix(beginning)] = patch
    return found


def patches(figure):
    """Units of the main map by code."""
    return with_gid(figure, "province-")


def listed(figure, gid):
    """All patches of one gid."""
    return [patch for patch in figure.axes[0].patches if patch.get_gid() == gid]


def texts(figure, *kinds):
    """Texts whose gid begins with one of the words; all of the map for none."""
    return [
        text
        for text in figure.axes[0].texts
        if text.get_text() and (not kinds or (text.get_gid() or "").split("-")[0] in kinds)
    ]


def style(patch):
    """What tells one class from another: fill and hatch."""
    return patch.get_facecolor(), patch.get_hatch()


def luminance(colour):
    """Relative luminance of WCAG 2.2, written from its text: the second implementation for lightness."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colors.to_rgb(colour)]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def outlines(patch):
    """Read what an artist covers back as a shape, in pixels."""
    rings = patch.get_path().to_polygons(patch.get_transform())
    return shapely.GeometryCollection([shapely.Polygon(ring) for ring in rings if len(ring) > 3])


def check_colours(figure, expected):
    """
    Compare what is drawn with a classification that was made apart from the module.

    ``expected`` has the class of each unit (the higher, the better; below zero for falls) or the reason why
    it has none, by code.
    """
    drawn = patches(figure)
    assert sorted(drawn) == sorted(expected)
    of_class = {}
    for code, patch in drawn.items():
        if isinstance(expected[code], str):
            assert patch.get_hatch() == HATCHES[expected[code]], f"{code} is not drawn as {expected[code]}"
            assert min(patch.get_facecolor()[:3]) > 0.95, f"{code} has no value and is coloured"
        else:
            hatch = FALL if expected[code] < 0 else None
            assert patch.get_hatch() == hatch, f"{code} is of class {expected[code]} and hatched otherwise"
            of_class.setdefault(expected[code], set()).add(patch.get_facecolor())
    assert all(len(found) == 1 for found in of_class.values()), "one class is drawn in several colours"
    chosen = {number: next(iter(found)) for number, found in of_class.items()}
    assert len(set(chosen.values())) == len(chosen), "two classes have the same colour"
    for side in (1, -1):
        light = [luminance(chosen[number]) for number in sorted(chosen, key=abs) if number * side >= 0]
        assert all(a > b for a, b in itertools.pairwise(light)), "a better or stronger class must be darker"
    for window in ("delta", "southeast"):
        for code, patch in with_gid(figure, f"inset-{window}-").items():
            assert style(patch) == style(drawn[code]), f"{code} has another colour in the inset {window}"


def check_legend(figure, total):
    """Every row of the legend counts the units drawn as its swatch; no two swatches are alike."""
    swatches = [style(swatch) for swatch in listed(figure, "legend-swatch")]
    rows = [text.get_text() for text in texts(figure, "legend") if text.get_gid() == "legend"]
    assert len(rows) == len(swatches), "rows and swatches are not as many"
    assert len(set(swatches)) == len(swatches), f"two swatches are alike: {rows}"
    drawn = [style(patch) for patch in patches(figure).values()]
    counts = [int(re.search(r"\((\d+)\)$", row)[1]) for row in rows]
    assert counts == [drawn.count(swatch) for swatch in swatches], rows
    assert sum(counts) == len(drawn) == total, "the legend does not count every unit once"


def check_texts(figure):
    """No text is cut or overlaps another, and each lies where it may: off the land, off insets, off bars."""
    renderer = figure.canvas.get_renderer()

    def extent(artist):
        return artist.get_window_extent(renderer)

    boxes = [(text, text.get_text(), extent(text)) for text in [*figure.texts, *texts(figure)]]
    boxes += [(bar, "the scale bar", extent(bar)) for bar in figure.findobj(ScaleBar)]
    for _, name, box in boxes:
        inside = figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert inside and figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, f"{name!r} is cut"
    shapes = shapely.box(*np.array([box.extents for _, _, box in boxes]).T)
    for first, second in zip(*shapely.STRtree(shapes).query(shapes, predicate="intersects"), strict=True):
        if first < second and shapes[first].intersection(shapes[second]).area > 0:
            raise AssertionError(f"{boxes[first][1]!r} overlaps {boxes[second][1]!r}")
    kinds = np.array([(artist.get_gid() or "").split("-")[0] for artist, _, _ in boxes])
    bars = np.array([isinstance(artist, ScaleBar) for artist, _, _ in boxes])
    off_land = np.isin(kinds, OUTSIDE) | bars
    land = {code: outlines(patch) for code, patch in patches(figure).items()}
    tree = shapely.STRtree(list(land.values()))
    for place in np.flatnonzero(off_land):
        on = [list(land)[hit] for hit in tree.query(shapes[place], predicate="intersects")]
        assert not on, f"{boxes[place][1]!r} lies on {', '.join(on)}"
    insets = [shapely.box(*extent(patch).extents) for patch in listed(figure, "inset")]
    for inset in insets:
        on = [list(land)[hit] for hit in tree.query(inset, predicate="intersects")]
        assert not on, f"an inset lies on {', '.join(on)}"
        for place in np.flatnonzero(np.isin(kinds, ("label", "mark", "legend", "histogram")) | bars):
            assert not inset.intersects(shapes[place]), f"{boxes[place][1]!r} lies on an inset"
        for place in np.flatnonzero(np.isin(kinds, ("name", "islands"))):
            assert not inset.boundary.crosses(shapes[place]), f"{boxes[place][1]!r} leaves its inset"
    for first, second in itertools.combinations(insets, 2):
        assert not first.intersects(second), "two insets overlap"
    covers = [patch for patch in figure.axes[0].patches if patch.get_gid() in ("histogram", "legend-swatch")]
    covers = shapely.union_all([shapely.box(*extent(patch).extents) for patch in covers])
    for inset in insets:
        assert not inset.intersects(covers), "an inset lies on the legend"
    for shape, (_, name, _) in zip(shapes, boxes, strict=True):
        assert shape.intersection(covers).area == 0, f"{name!r} lies on a swatch or a bar of the histogram"


def close():
    """Close every figure."""
    plt.close("all")
