"""Maps: sorting provinces into classes, drawing a choropleth, and saying in words what it shows."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from helpers import charts, indices, wording

PROJECTION = "EPSG:3405"
PAGE = (6.3, 8.2)
SCHEMES = {"quantiles": "Quantiles", "fisher_jenks": "FisherJenks", "equal_interval": "EqualInterval"}
MEASURES = ("score", "rank")
LABELLED = 3
MAX_CLASSES = 9
# Names of up to this many provinces stand in a sentence; more are folded away.
NAMED = 12

# CIELAB lightness of the palest and the darkest class: off the white paper, and off black lines and letters.
PALEST, DARKEST = 86.0, 27.0
# White lines would vanish between two pale provinces: those without a colour get grey ones, drawn over white.
COLOURED = {"edgecolor": "#ffffff", "zorder": 1}
UNCOLOURED = {"edgecolor": "#9c9c9c", "zorder": 2}
NO_FIGURE = {"facecolor": "#f4f4f4", "hatch": "//////", "hatchcolor": "#9c9c9c"}
OTHER_MEASURE = {"facecolor": "#ffffff", "hatch": "......", "hatchcolor": "#8a8a8a"}
REGION_LINE = "#4a4a4a"
ISLAND = "#8c8c8c"


class NoFigureError(ValueError):
    """An index has nothing to map in a year."""


# --- classes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Classes:
    """
    The provinces of one index and year, sorted into classes.

    Attributes
    ----------
    index : helpers.registry.Index
    year : int
    measure : {"score", "rank"}
    scheme : str
        One of `SCHEMES`, or "each" where every value is a class of its own.
    table : pandas.DataFrame
        One row a unit, by ``gso_code``: score, rank, ranked, basis, source, rank_basis, rank_source, and
        ``class`` (Int64; 0 for the lowest values, missing where the measure is).
    limits : tuple of (float, float)
        Lower and upper limit of each class; the upper one belongs to it, the lower one to the class below
        (of the lowest class both do).
    """

    index: object
    year: int
    measure: str
    scheme: str
    table: pd.DataFrame = field(repr=False)
    limits: tuple

    @property
    def other(self):
        """The measure that is not mapped: "rank" or "score" (str)."""
        return MEASURES[self.measure == "score"]

    @property
    def n(self):
        """How many provinces are coloured (int)."""
        return int(self.table["class"].notna().sum())

    @property
    def counts(self):
        """How many provinces are in each class (list of int)."""
        return [int((self.table["class"] == number).sum()) for number in range(len(self.limits))]

    @property
    def only_other(self):
        """Codes of the provinces that have a figure of the other measure alone (list of str)."""
        return list(self.table.index[self.table["class"].isna() & self.table[self.other].notna()])

    @property
    def missing(self):
        """Codes of the provinces without any figure (list of str)."""
        return list(self.table.index[self.table[["score", "rank"]].isna().all(axis=1)])

    @property
    def best_first(self):
        """Codes of the coloured provinces, the best result first, equal results by code (list of str)."""
        known = self.table[self.table["class"].notna()]
        order = known[self.measure].sort_values(kind="stable", ascending=self.measure == "rank")
        return list(order.index)

    @property
    def labelled(self):
        """Codes of the provinces that the map names: the best and the worst, or all if few (list of str)."""
        codes = self.best_first
        return codes if len(codes) <= 2 * LABELLED else codes[:LABELLED] + codes[-LABELLED:]


def classify(figures, index, year, units, measure="score", scheme="quantiles", k=5):
    """
    Sort the provinces into classes by their total score or rank in a year.

    Parameters
    ----------
    figures : pandas.DataFrame
        The rows of ``indices.csv``.
    index : helpers.registry.Index
    year : int
    units : geopandas.GeoDataFrame
        One row a unit, by ``gso_code``; the vintage that the year belongs to.
    measure : {"score", "rank"}
    scheme : {"quantiles", "fisher_jenks", "equal_interval"}
        How limits are found, by mapclassify.
    k : int
        Number of classes, 2 to 9. With fewer distinct values every value is a class of its own; where values
        are equal, quantiles can coincide and leave fewer.

    Returns
    -------
    Classes

    Raises
    ------
    NoFigureError
        If no province has a figure of this measure.
    ValueError
        If a parameter is unknown, or a figure belongs to a unit that the map does not have.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure {measure!r} is not known; choose one of {', '.join(MEASURES)}")
    if scheme not in SCHEMES:
        raise ValueError(f"scheme {scheme!r} is not known; choose one of {', '.join(SCHEMES)}")
    if not 2 <= k <= MAX_CLASSES:
        raise ValueError(f"k is {k}: choose 2 to {MAX_CLASSES} classes, more cannot be told apart")
    columns = ["score", "rank", "ranked", "basis", "source", "rank_basis", "rank_source"]
    totals = figures[
        (figures["index"] == index.slug) & (figures["year"] == year) & (figures["component"] == "")
    ]
    table = totals.set_index("gso_code")[columns]
    if table.index.has_duplicates:
        raise ValueError(f"{index.slug} {year} has more than one total for a province; clean again")
    unknown = sorted(set(table.index) - set(units.index))
    if unknown:
        raise ValueError(
            f"{index.slug} {year} has figures of {', '.join(unknown)}, which the map does not have"
        )
    table = table.reindex(units.index)
    values = table[measure].dropna().astype(float)
    if values.empty:
        raise NoFigureError(f"{index.slug} has no {measure} for {year}: there is nothing to map")
    if values.nunique() <= k:
        scheme, breaks = "each", np.unique(values)
        lower = breaks
    else:
        breaks = _breaks(values.to_numpy(), scheme, k)
        lower = np.concatenate([[values.min()], breaks[:-1]])
    number = pd.Series(np.searchsorted(breaks, values, side="left"), index=values.index, dtype="Int64")
    table = table.assign(**{"class": number.reindex(table.index)})
    limits = tuple(zip(lower.tolist(), breaks.tolist(), strict=True))
    return Classes(index, year, measure, scheme, table, limits)


def _breaks(values, scheme, k):
    import mapclassify

    with warnings.catch_warnings():
        # It says that numba would be faster, which has no weight here, and that quantiles coincide, which the
        # legend shows.
        warnings.simplefilter("ignore", UserWarning)
        breaks = np.array(getattr(mapclassify, SCHEMES[scheme])(values, k=k).bins, dtype=float)
    breaks[-1] = values.max()
    return breaks


# --- colours ----------------------------------------------------------------------------------------------


def lightness(colours):
    """
    Measure how light colours look: what remains of them in a grey print.

    Parameters
    ----------
    colours : array_like, shape (n, 3) or (n, 4)
        sRGB from 0 to 1; an alpha channel is left aside.

    Returns
    -------
    numpy.ndarray, shape (n,)
        CIELAB L*, 0 (black) to 100 (white), of IEC 61966-2-1 (sRGB) and CIE 15 for the D65 white.
    """
    channels = np.asarray(colours, dtype=float)[:, :3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > 216 / 24389, 116 * np.cbrt(luminance) - 16, luminance * 24389 / 27)


def class_colours(name, count):
    """
    Take colours of even steps of lightness from a sequential map.

    Parameters
    ----------
    name : str
        A map of `cmcrameri.cm` that runs from light to dark.
    count : int

    Returns
    -------
    numpy.ndarray, shape (count, 4)
        The palest first. A single class gets the middle.
    """
    import cmcrameri.cm

    ramp = getattr(cmcrameri.cm, name)(np.linspace(0, 1, 256))
    wanted = np.linspace(PALEST, DARKEST, count) if count > 1 else np.array([(PALEST + DARKEST) / 2])
    # numpy interpolates over rising values: the ramp is turned round.
    position = np.interp(wanted, lightness(ramp)[::-1], np.arange(256)[::-1])
    return ramp[np.rint(position).astype(int)]


# --- sheet ------------------------------------------------------------------------------------------------


class _Sheet:
    """The drawing space of a map in points (1/72 inch), and what on it is taken already."""

    margin = 8

    def __init__(self, figure, bottom, top, units, left):
        import shapely

        inches = figure.get_size_inches()
        self.figure = figure
        self.width, self.height = inches[0] * 72, inches[1] * 72 * (top - bottom)
        self.axes = figure.add_axes((0, bottom, 1, top - bottom))
        self.axes.set(xlim=(0, self.width), ylim=(0, self.height), aspect="equal")
        self.axes.axis("off")
        projected = units.geometry.to_crs(PROJECTION)
        west, south, _, north = projected.total_bounds
        self.metres = (north - south) / (self.height - self.margin)
        shift = (left - west / self.metres, 4 - south / self.metres)
        self.affine = [1 / self.metres, 0, 0, 1 / self.metres, *shift]
        self.shapes = projected.affine_transform(self.affine)
        self.land = shapely.coverage_union_all(self.shapes.values).simplify(0.5).buffer(4, quad_segs=2)
        shapely.prepare(self.land)
        self.taken = []

    def free(self, width, height, cost, count):
        """Find the cheapest places for a box that are neither on land nor taken: their lower left corners."""
        import shapely

        x = np.arange(self.margin, self.width - self.margin - width, 3.0)
        y = np.arange(4, self.height - 4 - height, 3.0)
        x, y = (grid.ravel() for grid in np.meshgrid(x, y))
        order = np.argsort(cost(x, y), kind="stable")
        found = np.empty((0, 2))
        for start in range(0, len(order), 128):
            part = order[start : start + 128]
            boxes = _boxes(x[part], y[part], width, height)
            open_ = ~shapely.intersects(self.land, boxes)
            for taken in self.taken:
                open_ &= ~shapely.intersects(taken, boxes)
            found = np.vstack([found, np.column_stack([x[part][open_], y[part][open_]])])
            if len(found) >= count:
                break
        return found[:count]

    def put(self, width, height, centre):
        """Take the free place nearest to a point for a box; gives its lower left corner."""

        def distance(x, y):
            return np.hypot(x + width / 2 - centre[0], y + height / 2 - centre[1])

        (corner,) = self.free(width, height, distance, 1)
        self.take(*corner, width, height)
        return corner

    def take(self, x, y, width, height):
        """Mark a box as taken."""
        import shapely

        self.taken.append(shapely.box(x, y, x + width, y + height))

    def size(self, text):
        """Measure a text artist: left, bottom, width, height in points, as it stands now."""
        extent = text.get_window_extent(self.figure.canvas.get_renderer())
        (x, y), scale = self.axes.transData.inverted().transform((extent.x0, extent.y0)), 72 / self.figure.dpi
        return x, y, extent.width * scale, extent.height * scale

    def label(self, texts):
        """
        Set texts beside the country, as near to their provinces as there is room, with a line to each.

        Who comes first takes the nearest place, so that several orders are tried; the one with the shortest
        lines in sum stands.
        """
        anchors = {code: self.centre(code) for code in texts}
        artists, extents, places = {}, {}, {}
        for code, text in texts.items():
            artist = self.axes.text(0, 0, text, fontsize=7, linespacing=1.2, va="bottom", zorder=6)
            artist.set(path_effects=_HALO, gid=f"label-{code}")
            artists[code], extents[code] = artist, self.size(artist)
            places[code] = self.places(*extents[code][2:], anchors[code])
        orders = [list(texts), list(texts)[::-1], sorted(texts, key=lambda code: places[code][2][0])]
        for axis in (0, 1):
            orders.append(sorted(texts, key=lambda code, axis=axis: anchors[code][axis]))
            orders.append(orders[-1][::-1])
        settled = min((_settle(order, places) for order in orders), key=lambda settled: settled[0])[1]
        for code, number in settled.items():
            (left, bottom, width, _), (corners, boxes, _, leaders) = extents[code], places[code]
            x, y = corners[number]
            side = "left" if x > anchors[code][0] else "right" if x + width < anchors[code][0] else "center"
            artists[code].set(position=(x - left, y - bottom), multialignment=side)
            self.taken += [boxes[number], leaders[number]]
            line = np.asarray(leaders[number].coords).T
            self.axes.plot(*line, color=charts.INK, linewidth=0.6, zorder=5, path_effects=_HALO)
            self.axes.plot(*anchors[code], "o", color=charts.INK, markersize=1.8, zorder=5)

    def places(self, width, height, anchor):
        """Find places for a label: corners, boxes, lengths of the lines to the province, these lines."""
        import shapely

        def length(x, y):
            aside = np.maximum(np.maximum(x - anchor[0], anchor[0] - x - width), 0)
            above = np.maximum(np.maximum(y - anchor[1], anchor[1] - y - height), 0)
            return np.hypot(aside, above)

        corners = self.free(width, height, length, 400)
        boxes = _boxes(*corners.T, width, height)
        leaders = shapely.shortest_line(boxes, shapely.Point(anchor))
        clear = np.ones(len(corners), dtype=bool)
        for taken in self.taken:
            clear &= ~shapely.intersects(taken, leaders)
        if not clear.any():
            clear[:] = True
        return corners[clear], boxes[clear], shapely.length(leaders[clear]), leaders[clear]

    def mark(self, text, code):
        """Print a short text inside a province."""
        x, y = self.centre(code)
        artist = self.axes.text(
            x, y, text, fontsize=5.5, ha="center", va="center_baseline", gid="mark", zorder=6, weight="bold"
        )
        artist.set_path_effects(_HALO)
        self.take(*self.size(artist))

    def centre(self, code):
        """Find the point of a province that is farthest from its border."""
        import shapely

        return shapely.maximum_inscribed_circle(self.shapes[code], tolerance=0.5).coords[0]

    def draw(self, styles):
        """Fill every unit by its style; each is an artist of its own, named by its code."""
        # add_artist: the limits of the axes are set, so that none need be computed as add_patch would.
        for code, shape in self.shapes.items():
            lines = UNCOLOURED if "hatch" in styles[code] else COLOURED
            self.axes.add_artist(
                PathPatch(_path(shape), gid=f"province-{code}", linewidth=0.35, **lines, **styles[code])
            )

    def outline(self, groups, colour, width):
        """Draw the borders of groups of units."""
        import shapely

        merged = self.shapes.groupby(groups).apply(lambda shapes: shapely.coverage_union_all(shapes.values))
        rings = [np.asarray(ring.coords) for shape in merged for ring in _rings(shape)]
        self.axes.add_collection(LineCollection(rings, colors=colour, linewidths=width, zorder=3))

    def scale_bar(self):
        """Set a bar of 200 km at the lower left."""
        from matplotlib_scalebar.scalebar import ScaleBar

        bar = ScaleBar(
            self.metres,
            "m",
            fixed_value=200,
            fixed_units="km",
            location="lower left",
            box_alpha=0,
            color=charts.QUIET,
            font_properties={"size": 7},
            width_fraction=0.004,
            border_pad=0.6,
        )
        self.axes.add_artist(bar)
        self.take(0, 0, 200_000 / self.metres + 20, 28)

    def legend(self, heading, rows, note, centre):
        """Set swatches with their texts in the free place nearest to a point."""
        texts = [
            self.axes.text(0, 0, heading, fontsize=8, weight="bold", va="baseline", gid="legend-heading")
        ]
        texts += [self.axes.text(0, 0, text, fontsize=8, va="baseline", gid="legend") for text, _ in rows]
        texts += [self.axes.text(0, 0, note, fontsize=6.5, color=charts.QUIET, va="top", gid="legend-note")]
        indents = [0, *[22] * len(rows), 0]
        width = max(indent + self.size(text)[2] for indent, text in zip(indents, texts, strict=True))
        below = 4 + self.size(texts[-1])[3]
        height = 14 * len(rows) + 18 + below
        x, y = self.put(width, height, centre)
        texts[-1].set_position((x, y + below - 4))
        texts[0].set_position((x, y + height - 10))
        for number, (text, (_, style)) in enumerate(zip(texts[1:-1], rows, strict=True)):
            base = y + height - 28 - 14 * number
            text.set_position((x + 22, base + 2.2))
            self.axes.add_artist(
                Rectangle((x, base), 16, 10, linewidth=0.4, edgecolor="#7f7f7f", gid="legend-swatch", **style)
            )

    def islands(self, islands, provinces, language):
        """Set the archipelagos in boxes at the right, each at the height of its place in the sea."""
        width, height, foot = 112, 74, 24
        placed = islands.geometry.to_crs(PROJECTION).affine_transform(self.affine)
        for row, shape in zip(islands.itertuples(), placed, strict=True):
            x, y = self.put(width, height, (self.width, shape.centroid.y))
            self.axes.add_artist(
                Rectangle(
                    (x, y), width, height, facecolor="none", edgecolor=ISLAND, linewidth=0.5, gid="inset"
                )
            )
            west, south, east, north = shape.bounds
            scale = min((width - 24) / (east - west), (height - foot - 16) / (north - south))
            for part in shape.geoms:
                # A few hundred metres of sand would not show: every island is at least a dot.
                self.axes.plot(
                    x + width / 2 + (part.centroid.x - (west + east) / 2) * scale,
                    y + foot + (height - foot) / 2 + (part.centroid.y - (south + north) / 2) * scale,
                    "o",
                    color=ISLAND,
                    markersize=2.2,
                    gid=f"islands-{row.gso_code}",
                )
            text = wording.text(
                "map.island_of",
                language,
                name=getattr(row, f"name_{language}"),
                province=provinces[row.gso_code],
            )
            self.axes.text(
                x + width / 2,
                y + 4,
                text,
                fontsize=6.5,
                color=charts.QUIET,
                ha="center",
                va="bottom",
                gid="islands-label",
            )


def _boxes(x, y, width, height, around=2):
    import shapely

    return shapely.box(x - around, y - around, x + width + around, y + height + around)


def _settle(order, places):
    """Give each label in turn the nearest place that the former ones leave: price in all, place by code."""
    import shapely

    price, settled, taken = 0.0, {}, []
    for code in order:
        _, boxes, lengths, leaders = places[code]
        close = crossing = np.zeros(len(boxes), dtype=bool)
        for box, leader in taken:
            crossing = crossing | shapely.intersects(boxes, box) | shapely.intersects(boxes, leader)
            crossing |= shapely.intersects(leaders, box) | shapely.intersects(leaders, leader)
            close = close | shapely.dwithin(leaders, leader, 5)
        # A line so near to another that it could be taken for it costs as much as a long one; a label without
        # any clear place costs more than any other order.
        prices = lengths + 60 * close + 1e6 * crossing
        number = int(np.argmin(prices))
        price += prices[number]
        settled[code] = number
        taken.append((boxes[number], leaders[number]))
    return price, settled


_HALO = [patheffects.withStroke(linewidth=1.8, foreground="white")]


def _rings(shape):
    for part in getattr(shape, "geoms", [shape]):
        yield part.exterior
        yield from part.interiors


def _path(shape):
    return Path.make_compound_path(*[Path(np.asarray(ring.coords), closed=True) for ring in _rings(shape)])


# --- maps -------------------------------------------------------------------------------------------------


def choropleth(classes, units, language, islands=None):
    """
    Draw the map of an index in a year for a page.

    Parameters
    ----------
    classes : Classes
        From `classify`.
    units : geopandas.GeoDataFrame
        One row a unit, by ``gso_code``: names, region6, simplified borders in EPSG:4326.
    language : {"en", "vi"}
    islands : geopandas.GeoDataFrame, optional
        Hoàng Sa and Trường Sa from `helpers.boundaries.read_islands`, set in boxes of a neutral colour;
        None leaves them out.

    Returns
    -------
    matplotlib.figure.Figure
        6.3 x 8.2 inches, projected to VN-2000 / UTM zone 48N. Every unit is an artist whose ``gid`` is
        ``province-<gso_code>``. The darker a unit, the better its result; units without any figure and units
        with a figure of the other measure alone are hatched, each in its own way, and counted.
    """
    charts.apply_style()
    figure = plt.figure(figsize=PAGE, dpi=charts.PAGE_DPI)
    bottom, top = charts.frame(figure, *_heads(classes, language), _notes(classes, language, islands))
    sheet = _Sheet(figure, bottom, top, units, left=78)
    styles = _styles(classes)
    names = units[f"name_{language}"]
    sheet.draw({code: styles[key] for code, key in _keys(classes).items()})
    sheet.outline(units["region6"], REGION_LINE, 0.6)
    sheet.scale_bar()
    sheet.legend(*_legend(classes, styles, language), centre=(0, sheet.height * 0.43))
    if islands is not None:
        sheet.islands(islands, names, language)
    if classes.measure == "score":
        for code in classes.only_other:
            sheet.mark(str(classes.table.at[code, "rank"]), code)
    sheet.label({code: f"{names[code]}\n{_figures(classes, code, language)}" for code in classes.labelled})
    return figure


def _keys(classes):
    """What each unit is drawn as: the number of its class, "other" or "missing"."""
    keys = classes.table["class"].astype(object)
    keys[classes.only_other] = "other"
    keys[classes.missing] = "missing"
    return keys


def _styles(classes):
    colours = class_colours(classes.index.colours, len(classes.limits))
    if classes.measure == "rank":
        # The first rank is the best: it gets the darkest colour.
        colours = colours[::-1]
    styles = {number: {"facecolor": tuple(colour)} for number, colour in enumerate(colours)}
    return styles | {"other": OTHER_MEASURE, "missing": NO_FIGURE}


def _heads(classes, language):
    index, year, table = classes.index, classes.year, classes.table
    title = wording.text(f"map.figure_title_{classes.measure}", language, index=index.short, year=year)
    if classes.measure == "rank":
        ranked = wording.listing(sorted({str(count) for count in table["ranked"].dropna()}), language)
        units = wording.text("map.units_rank", language, ranked=ranked)
    elif index.max_score(year) == 100:
        # The unit of a scale to 100 says so itself.
        units = index.unit(language)
    else:
        units = wording.text(
            "map.units_score_max", language, unit=index.unit(language), max=f"{index.max_score(year):g}"
        )
    return title, wording.text("map.subtitle", language, units=units, n=classes.n, of=len(table))


def _notes(classes, language, islands):
    kind = indices.held_as(classes.table)
    source = wording.text(f"map.source_{kind}", language, publisher=classes.index.publisher(language))
    return [source, *_credits(language, islands)]


def _credits(language, islands):
    drawing = [wording.text("map.projection", language)]
    if islands is not None:
        drawing.append(wording.text("map.islands_credit", language))
    return [wording.text("map.credit", language), " ".join(drawing)]


def _limit(value, measure, language):
    return wording.number(value, language, 0 if measure == "rank" else 2)


def class_label(classes, number, language):
    """
    Write the limits of a class.

    Parameters
    ----------
    classes : Classes
    number : int
        0 for the lowest values.
    language : {"en", "vi"}

    Returns
    -------
    str
        "40.71 – 41.95", or the value alone where every value is a class. Classes of ranks hold whole numbers
        and do not touch: "1 – 13", "14 – 25".
    """
    low, high = classes.limits[number]
    if classes.measure == "rank":
        low, high = (low if number == 0 or low == high else np.floor(low) + 1), np.floor(high)
    if low == high:
        return _limit(high, classes.measure, language)
    return f"{_limit(low, classes.measure, language)} – {_limit(high, classes.measure, language)}"


def _legend(classes, styles, language):
    """Heading, rows of (text, style) and note of the legend."""
    order = range(len(classes.limits))
    rows = [
        (f"{class_label(classes, number, language)} ({classes.counts[number]})", styles[number])
        for number in (order if classes.measure == "rank" else reversed(order))
    ]
    for key, codes in ((f"only_{classes.other}", classes.only_other), ("missing", classes.missing)):
        if codes:
            text = wording.text(f"map.legend_{key}", language, count=len(codes))
            rows.append((text, styles["missing" if key == "missing" else "other"]))
    note = "equal" if len(classes.limits) == 1 else classes.scheme
    heading = wording.text(f"map.legend_{classes.measure}", language)
    return heading, rows, wording.text(f"map.legend_{note}", language)


def _figures(classes, code, language):
    """Write the score and the rank of a province, as far as both are known."""
    score, rank = classes.table.at[code, "score"], classes.table.at[code, "rank"]
    written = [] if pd.isna(score) else [wording.number(score, language)]
    if not pd.isna(rank):
        written.append(wording.text("map.rank", language, rank=rank))
    return " · ".join(written if classes.measure == "score" else reversed(written))


def regions(units, outer, names, language, islands=None):
    """
    Draw which region each province belongs to, with the borders of larger units over it.

    Parameters
    ----------
    units : geopandas.GeoDataFrame
        The 63 provinces by ``gso_code``, simplified.
    outer : geopandas.GeoDataFrame
        The 34 units, simplified: thick lines.
    names : pandas.Series
        Name of the region in the language of the page, by ``gso_code``.
    language : {"en", "vi"}
    islands : geopandas.GeoDataFrame, optional
        As in `choropleth`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import cmcrameri.cm

    charts.apply_style()
    figure = plt.figure(figsize=PAGE, dpi=charts.PAGE_DPI)
    title = wording.text("join.figure_title", language)
    subtitle = wording.text("join.figure_subtitle", language, n=len(units))
    bottom, top = charts.frame(figure, title, subtitle, _credits(language, islands))
    sheet = _Sheet(figure, bottom, top, units, left=78)
    found = list(dict.fromkeys(names[sheet.shapes.centroid.y.sort_values(ascending=False).index]))
    # Half way to white: lines and letters stay legible on them.
    tints = 0.45 + 0.55 * cmcrameri.cm.batlow(np.linspace(0.05, 0.8, len(found)))[:, :3]
    styles = {region: {"facecolor": tuple(tint)} for region, tint in zip(found, tints, strict=True)}
    sheet.draw({code: styles[names[code]] for code in units.index})
    sheet.outline(pd.Series(units.index, index=units.index), "#ffffff", 0.5)
    rings = outer.geometry.to_crs(PROJECTION).affine_transform(sheet.affine)
    lines = [np.asarray(ring.coords) for shape in rings for ring in _rings(shape)]
    sheet.axes.add_collection(LineCollection(lines, colors=charts.INK, linewidths=0.9, zorder=4))
    sheet.scale_bar()
    counts = names.value_counts()
    rows = [(f"{region} ({counts[region]})", styles[region]) for region in found]
    sheet.legend(
        wording.text("join.legend", language),
        rows,
        wording.text("join.lines", language),
        (0, sheet.height * 0.43),
    )
    if islands is not None:
        sheet.islands(islands, units[f"name_{language}"], language)
    return figure


# --- words ------------------------------------------------------------------------------------------------


def describe(classes, units, language):
    """
    Say what a map shows, for those who do not see it.

    Parameters
    ----------
    classes : Classes
    units : geopandas.GeoDataFrame
        With the names of the units, by ``gso_code``.
    language : {"en", "vi"}

    Returns
    -------
    str
        Subject, n, the best and the worst with their figures, how many have no figure.
    """
    items = [
        f"{units.at[code, f'name_{language}']} {_figures(classes, code, language).replace(' · ', ', ')}"
        for code in classes.labelled
    ]
    if classes.n > 2 * LABELLED:
        top, last = "; ".join(items[:LABELLED]), "; ".join(items[LABELLED:])
        ends = wording.text("map.alt_ends", language, top=top, bottom=last)
    else:
        ends = wording.text("map.alt_all", language, top="; ".join(items))
    others = [
        wording.text(f"map.alt_{key}", language, count=len(codes))
        for key, codes in ((f"only_{classes.other}", classes.only_other), ("missing", classes.missing))
        if codes
    ]
    subject = wording.text(
        "map.alt",
        language,
        index=classes.index.short,
        year=classes.year,
        what=wording.text(f"map.what_{classes.measure}", language),
        n=classes.n,
        of=len(classes.table),
    )
    return " ".join([subject, ends, *others])


def tell_gaps(classes, units, language):
    """
    Name the provinces that a map does not colour.

    Parameters
    ----------
    classes : Classes
    units : geopandas.GeoDataFrame
    language : {"en", "vi"}

    Returns
    -------
    list of (str, str)
        For each kind of gap a line and, where it names too many to stand in a line, what to fold below it;
        else "". One line that there is none, if there is none.
    """
    names = units[f"name_{language}"]
    written = {code: names[code] for code in classes.missing + classes.only_other}
    if classes.other == "rank":
        ranks = classes.table["rank"]
        written |= {code: f"{names[code]} ({ranks[code]})" for code in classes.only_other}
    told = []
    for key, codes in ((f"only_{classes.other}", classes.only_other), ("missing", classes.missing)):
        listed = wording.listing([written[code] for code in codes], language)
        if len(codes) > NAMED:
            told.append((wording.text(f"map.{key}_many", language, count=len(codes)), f"{listed}."))
        elif codes:
            told.append((wording.text(f"map.{key}_few", language, count=len(codes), names=listed), ""))
    return told or [(wording.text("map.missing_none", language), "")]


def tabulate(classes, units, language):
    """
    Lay out the figures of a map as a table.

    Parameters
    ----------
    classes : Classes
    units : geopandas.GeoDataFrame
    language : {"en", "vi"}
        Of the names.

    Returns
    -------
    pandas.DataFrame
        One row a unit in the order of the codes: gso_code, province, score, rank, class (1 for the lowest
        values), basis, source, rank_basis, rank_source.
    """
    table = classes.table.assign(province=units[f"name_{language}"]).reset_index()
    table["class"] += 1
    kinds = ["basis", "source", "rank_basis", "rank_source"]
    return table[["gso_code", "province", "score", "rank", "class", *kinds]]


def word_table(table, classes, basis_names, language):
    """
    Put the table of a map into the words of the page.

    Parameters
    ----------
    table : pandas.DataFrame
        From `tabulate`.
    classes : Classes
    basis_names : dict
        Texts by basis and language, from the registry.
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        The same rows, the province first, limits of the class in place of its number, worded heads.
    """
    limits = {number + 1: class_label(classes, number, language) for number in range(len(classes.limits))}
    bases = {basis: names[language] for basis, names in basis_names.items()}
    worded = table.assign(
        **{"class": table["class"].map(limits)},
        basis=table["basis"].map(bases),
        rank_basis=table["rank_basis"].map(bases),
        source=table["source"].mask(table["source"] == ""),
        rank_source=table["rank_source"].mask(table["rank_source"] == ""),
    )
    columns = ["province", *worded.columns.drop("province")]
    return worded[columns].rename(columns=lambda name: wording.text(f"map.column_{name}", language))
