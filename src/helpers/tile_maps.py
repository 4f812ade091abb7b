"""Tile maps: each of the 63 provinces an equal square, so that small ones weigh as much as large ones."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from helpers import cartography, charts, choropleths, measures, palettes, publishing, rendering, wording
from helpers import classes as classing
from helpers import map_findings as findings
from helpers import tiles as grids
from helpers.provinces import vintage_of

# A square of the grid in metres of the map: any number, the sheet fits it to its height.
SIDE = 100_000
REGION_WIDTH = 1.5
NAME_SIZE, CODE_SIZE, KEY_SIZE = 5.5, 6, 5.5
MOST_LINES = 3


# Where the parts go, and in how many columns names are listed where squares are too small for them.
LAYOUTS = {
    "page": (cartography.Layout(130, 0, (0, 0), (126, 36)), 0),
    "half": (cartography.Layout(10, 0, (0, 0), (110, 26)), 3),
    "slide": (cartography.Layout(60, 0, (0, 0), (126, 40)), 3),
}


def tiles(
    atlas, index, year, language="en", measure="score", component="", scheme="quantiles", k=5, size="page"
):
    """
    Map an index in a year on squares of equal size, one a province.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    index : str
        Slug.
    year : int
        To 2024: the grid is of the 63 provinces.
    language : {"en", "vi"}
    measure, component, scheme, k
        As in `helpers.choropleths.choropleth`; classes, colours and legend are the same as there.
    size : {"page", "half", "slide"}
        The squares hold names and values on a page, else codes, with a list of the names beside them.

    Returns
    -------
    helpers.choropleths.Map
        Every unit is an artist with the gid ``province-<gso_code>``.

    Raises
    ------
    helpers.measures.NoFigureError
        If there is nothing to map, or the year is of the 34 units.
    helpers.tiles.TileError
        If the grid cannot be read.
    ValueError
        If a parameter is unknown.
    """
    wording.check_language(language)
    entry = atlas.registry[index]
    classing.check(scheme, k)
    if size not in LAYOUTS:
        raise ValueError(f"size {size!r} is not known; choose one of {', '.join(LAYOUTS)}")
    if vintage_of(year) != "63":
        raise measures.NoFigureError("tile_maps.nothing_34", index=entry.short, year=year)
    asked = "group" if (measure, scheme) == ("score", "published") else measure
    layer = measures.measure(atlas.figures, entry, year, atlas.codes(year), asked, component)
    classes = classing.classify(layer, "quantiles" if scheme == "published" else scheme, k)
    country = atlas.country("63")
    words = {"title": {}, "alt": {}, "credit": {}}
    for each in wording.LANGUAGES:
        words["title"][each] = wording.text("tile_maps.title", each, title=findings.title(layer, each))
        described = findings.describe(classes, country.names(each), each)
        words["alt"][each] = wording.text("tile_maps.alt", each, text=described)
        words["credit"][each] = f"{findings.source(layer, each)} {wording.text('tile_maps.note', each)}"
    heads = words["title"][language], findings.subtitle(classes, language, asked)
    figure = draw(classes, country, grids.load(atlas.raw), heads, language, size)
    parts = ("tiles", index, component.replace(".", "_"), "" if asked == "score" else layer.measure)
    name = choropleths.stem(*parts, layer=layer, size=size)
    caption = wording.text("tile_maps.caption", language, text=findings.caption(classes, language))
    return choropleths.complete(atlas, name, figure, classes, language, words, caption)


def squares(country, grid):
    """
    Make the grid a country of its own, to be drawn as any other.

    Parameters
    ----------
    country : helpers.cartography.Country
        Of the 63 provinces: names and regions.
    grid : pandas.DataFrame
        From `helpers.tiles.load`.

    Returns
    -------
    helpers.cartography.Country
        Every unit a square with sides of `SIDE` metres; without archipelagos and neighbours.
    """
    import geopandas
    import shapely

    place = grid.loc[country.units.index]
    x, y = (place["column"] - 1) * SIDE, -place["row"] * SIDE
    shapes = geopandas.GeoSeries(
        shapely.box(x, y, x + SIDE, y + SIDE), index=place.index, crs=cartography.PROJECTION
    )
    # Without the old geometry: its coordinate system is another.
    table = pd.DataFrame(country.units.drop(columns="geometry"))
    return cartography.Country(geopandas.GeoDataFrame(table, geometry=shapes))


def draw(classes, country, grid, heads, language, size="page"):
    """
    Draw a classed layer on squares: units, regions, names and values, legend, archipelagos.

    Parameters
    ----------
    classes : helpers.classes.Classes
    country : helpers.cartography.Country
        Of the 63 provinces.
    grid : pandas.DataFrame
        From `helpers.tiles.load`.
    heads : (str, str)
        Title and subtitle.
    language : {"en", "vi"}
    size : {"page", "half", "slide"}

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    layer, (layout, key) = classes.layer, LAYOUTS[size]
    charts.apply_style()
    figure = plt.figure(figsize=publishing.SIZES[size], dpi=publishing.PAGE_DPI)
    rendering.Canvas(figure)
    written = {code: _value(layer, code, language) for code in layer.table.index}
    notes = [wording.text("tile_maps.note", language)]
    # Five signs are as wide as a square of a slide; a plus or a minus is wider than a figure.
    narrow = all(len(value) <= 5 and not value.startswith(("+", "−")) for value in written.values())
    fits = not key or (size == "slide" and narrow)
    if key:
        notes[0] += " " + wording.text(f"tile_maps.note_codes{'_values' if fits else ''}", language)
    bottom, top = charts.frame(figure, *heads, [*notes, findings.source(layer, language)])
    sheet = cartography.Sheet(figure, bottom, top, squares(country, grid), layout)
    colours = choropleths.class_styles(classes)
    styles = choropleths.unit_styles(classes, colours)
    sheet.draw(styles)
    sheet.lines(
        sheet.country.region_lines, cartography.REGION_LINE, REGION_WIDTH, "region-outlines", zorder=3.2
    )
    names = country.names(language)
    for code in names.index:
        _write(sheet, code, "" if key else names[code], written[code] if fits else "", styles[code])
    if key:
        _key(sheet, key, names, language)
    else:
        _islands(sheet, country, grid, language)
    heading, rows, note = findings.legend(classes, colours, choropleths.BLANKS, language)
    if not fits:
        count = len(layer.codes("only_rank"))
        printed = wording.text("map.state_only_rank", language, count=count)
        plain = wording.text("tile_maps.state_only_rank", language, count=count)
        rows = [(plain if text == printed else text, style) for text, style in rows]
    centre = (sheet.width * 0.6, 0) if key else (0, sheet.height * 0.42)
    sheet.legend(heading, rows, note, centre, choropleths.histogram(classes, colours, language))
    if key:
        # The larger boxes first: there is little room.
        _islands(sheet, country, grid, language)
    return figure


def _value(layer, code, language):
    """Write what stands in a square below the name; empty where there is nothing."""
    row = layer.table.loc[code]
    if row["state"] == "only_rank":
        return str(row["rank"])
    if pd.isna(row["value"]):
        return ""
    if layer.measure == "group":
        return wording.number(row["score"], language, layer.score_decimals)
    return findings.number(row["value"], layer, language)


def _write(sheet, code, name, value, style):
    """Write the name, or else the code, and the value into a square."""
    x, y = sheet.place(sheet.country.shapes[code].bounds[:2])
    side = SIDE / sheet.metres
    fill, blank = style["facecolor"], cartography.blank(style)
    written = {
        "ha": "center",
        "zorder": 4,
        "color": charts.INK if blank else palettes.ink_on(to_rgb(fill)),
        # Letters on a hatch need a quiet ground.
        "bbox": {"facecolor": fill, "edgecolor": "none", "pad": 0.4} if "hatch" in style else None,
    }
    if not name:
        foot = y + side * (0.56 if value else 0.5)
        va = "bottom" if value else "center_baseline"
        sheet.axes.text(x + side / 2, foot, code, fontsize=CODE_SIZE, va=va, gid=f"code-{code}", **written)
        if value:
            at = x + side / 2, y + side * 0.12
            sheet.axes.text(*at, value, fontsize=NAME_SIZE, va="baseline", gid=f"value-{code}", **written)
        return
    lines = _broken(sheet, name, side - 2)
    low = y + 8.5 if value else y
    sheet.axes.text(
        x + side / 2,
        (low + y + side - 0.5) / 2,
        "\n".join(lines),
        fontsize=NAME_SIZE,
        linespacing=0.92 if len(lines) == MOST_LINES else 1.05,
        va="center",
        gid=f"name-{code}",
        **written,
    )
    if value:
        at = x + side / 2, y + 2.4
        sheet.axes.text(
            *at, value, fontsize=NAME_SIZE, weight="bold", va="baseline", gid=f"value-{code}", **written
        )


def _broken(sheet, name, width):
    """Break a name into the fewest lines that are narrow enough, at most `MOST_LINES`."""
    from matplotlib.font_manager import FontProperties

    font, renderer = FontProperties(size=NAME_SIZE), sheet.figure.canvas.get_renderer()

    def widest(lines):
        widths = [renderer.get_text_width_height_descent(line, font, False)[0] for line in lines]
        return max(widths) * 72 / sheet.figure.dpi

    words = name.replace(" - ", "\N{NO-BREAK SPACE}– ").split(" ")
    found = [
        [" ".join(words[start:end]) for start, end in itertools.pairwise((0, *cuts, len(words)))]
        for count in range(min(MOST_LINES, len(words)))
        for cuts in itertools.combinations(range(1, len(words)), count)
    ]
    # Among as many lines the most even ones; where none is narrow enough, the narrowest.
    return min(found, key=lambda lines: (max(widest(lines) - width, 0), len(lines), widest(lines)))


def _islands(sheet, country, grid, language):
    """Set a square of no colour for each archipelago at the right, at about its latitude: no data."""
    if country.islands is None:
        return
    middle = country.units.geometry.representative_point().y
    slope, foot = np.polyfit(middle, grid.loc[middle.index, "row"], 1)
    side, names = SIDE / sheet.metres, country.names(language)
    right = sheet.place([grid["column"].max() * SIDE, 0])[0]
    for row in country.islands.itertuples():
        of = wording.text(
            "map.island_of", language, name=getattr(row, f"name_{language}"), province=names[row.gso_code]
        )
        label = sheet.axes.text(
            0,
            0,
            of,
            fontsize=CODE_SIZE,
            color=charts.QUIET,
            va="bottom",
            linespacing=1.1,
            gid="islands-label",
        )
        left, low, width, height = sheet.size(label)
        level = sheet.place([0, -(slope * row.geometry.centroid.y + foot) * SIDE])[1]
        x, y = sheet.put(max(width, side), side + height + 2, (right + 30 + width / 2, level + side / 2))
        label.set_position((x - left, y - low))
        square = Rectangle(
            (x, y + height + 2),
            side,
            side,
            facecolor="white",
            edgecolor=cartography.ISLAND,
            linewidth=0.6,
            gid="inset",
        )
        sheet.axes.add_artist(square)


def _key(sheet, columns, names, language):
    """List codes and names in columns beside the squares."""
    rows, pitch = -(-len(names) // columns), KEY_SIZE * 1.32
    texts = [
        sheet.axes.text(
            0,
            0,
            wording.text("tile_maps.key", language, code=code, name=name.replace(" - ", " – ")),
            fontsize=KEY_SIZE,
            color=charts.INK,
            va="baseline",
            gid=f"key-{code}",
        )
        for code, name in names.items()
    ]
    widths = [
        max(sheet.size(text)[2] for text in texts[start : start + rows]) + 6
        for start in range(0, len(texts), rows)
    ]
    x, y = sheet.put(sum(widths), rows * pitch, (sheet.width, sheet.height))
    for number, text in enumerate(texts):
        column, row = divmod(number, rows)
        text.set_position((x + sum(widths[:column]), y + (rows - row) * pitch - KEY_SIZE))
