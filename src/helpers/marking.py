"""Marking provinces on a picture that is drawn already: an outline on a map, a ring in a scatter plot."""

import numpy as np
from matplotlib.patches import PathPatch

from helpers import charts

# The most provinces that can be marked before names cover what they name.
MOST = 8
_NAME_SIZE = 7
_CASING, _OUTLINE, _RING = 3.4, 1.7, 110


def on_map(drawn, codes):
    """
    Outline units on a map, also in its insets, and name those that have no label yet.

    Parameters
    ----------
    drawn : helpers.choropleths.Map
        Its figure is changed.
    codes : iterable of str
        Codes of units, at most `MOST`.

    Returns
    -------
    helpers.choropleths.Map
        The same map.

    Raises
    ------
    ValueError
        If a code is not a unit of the map, or there are too many.
    """
    (axes,) = drawn.figure.axes[:1]
    names = drawn.table.set_index("gso_code")["province"]
    codes = _checked(codes, names.index, "the map")
    artists = [artist for artist in axes.get_children() if isinstance(artist, PathPatch)]
    named = {text.get_gid() for text in axes.texts}
    # All units, not only those to name: a name shall cover none of them in its middle.
    units = {artist.get_gid(): artist for artist in artists}
    places = {code: _inside(units[f"province-{code}"].get_path()) for code in names.index}
    for code in codes:
        for artist in artists:
            gid = artist.get_gid() or ""
            if gid == f"province-{code}" or (gid.startswith("inset-") and gid.endswith(f"-{code}")):
                _outline(axes, artist, code)
    wanted = [code for code in codes if f"label-{code}" not in named]
    _name(axes, wanted, [names[code] for code in wanted], places)
    return drawn


def on_scatter(figure, points, codes, places, language):
    """
    Ring provinces in a scatter plot, and name those that have no name in it yet.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `helpers.charts.scatter`; it is changed.
    points : pandas.DataFrame
        What it shows: columns ``x`` and ``y`` by ``gso_code``.
    codes : iterable of str
        Codes of provinces, at most `MOST`; those without a point are passed over.
    places : helpers.provinces.Provinces
    language : {"en", "vi"}

    Raises
    ------
    ValueError
        If a code is no province of the year, or there are too many.
    """
    (axes,) = figure.axes[:1]
    shown = [code for code in _checked(codes, places.codes, "the year") if code in points.index]
    if not shown:
        return
    at = points.loc[shown]
    look = {"facecolors": "none", "edgecolors": charts.INK, "linewidths": 1.4}
    axes.scatter(at["x"], at["y"], s=_RING, zorder=3.5, gid="marked", **look)
    written = {text.get_text() for text in axes.texts}
    names = {code: places.name(code, language) for code in shown}
    wanted = [code for code in shown if names[code] not in written]
    spots = {code: (points.at[code, "x"], points.at[code, "y"]) for code in points.index}
    _name(axes, wanted, [names[code] for code in wanted], spots)


def _checked(codes, known, where):
    codes = list(dict.fromkeys(codes))
    if unknown := [code for code in codes if code not in known]:
        raise ValueError(f"{unknown[0]!r} is no unit of {where}; use codes such as {', '.join(known[:3])}")
    if len(codes) > MOST:
        raise ValueError(f"{len(codes)} provinces are to be marked; choose at most {MOST}")
    return codes


def _outline(axes, artist, code):
    """Draw the border of a unit anew, dark on a light casing: it stands out on every colour and hatch."""
    inset = not artist.get_gid().startswith("province-")
    for colour, width, step in (("white", _CASING, 0.1), (charts.INK, _OUTLINE, 0.2)):
        # Above the borders of the regions, below the labels.
        order = 6 + step if inset else 3 + step
        line = PathPatch(
            artist.get_path(),
            facecolor="none",
            edgecolor=colour,
            linewidth=width,
            joinstyle="round",
            zorder=order,
            gid=f"marked-{code}",
        )
        axes.add_artist(line)
        if inset and artist.get_clip_path() is not None:
            line.set_clip_path(artist.get_clip_path())


def _inside(path):
    """A point in the largest part of a unit."""
    import shapely

    parts = [shapely.Polygon(ring) for ring in path.to_polygons() if len(ring) > 3]
    point = max(parts, key=lambda part: part.area).representative_point()
    return point.x, point.y


def _name(axes, codes, names, places):
    """Write names beside places, clear of what is written on the axes already."""
    import pandas as pd

    if not codes:
        return
    renderer = axes.figure.canvas.get_renderer()
    back = axes.transData.inverted()
    boxes = []
    for text in axes.texts:
        extent = text.get_window_extent(renderer)
        corners = [(extent.x0, extent.y0), (extent.x1, extent.y0), (extent.x1, extent.y1)]
        corners += [(extent.x0, extent.y1), (extent.x0, extent.y0), (extent.x1, extent.y1)]
        boxes.append(back.transform(np.array(corners)))
    frame = pd.DataFrame.from_dict(places, orient="index", columns=["x", "y"])
    before = set(axes.texts)
    charts.name_points(
        axes,
        frame.loc[codes],
        names,
        frame,
        textsize=_NAME_SIZE,
        margin=0.009,
        min_distance=0.018,
        x_lines=[box[:, 0] for box in boxes],
        y_lines=[box[:, 1] for box in boxes],
    )
    for text in set(axes.texts) - before:
        text.set(gid="marked-name", zorder=9)
