"""The sheet of a map: the country in its projection, insets, scale bar, legend, labels without overlaps."""

import contextlib
import functools
from dataclasses import dataclass, field

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from helpers import charts, palettes, publishing, rendering, wording

PROJECTION = "EPSG:3405"
# Where provinces are too small for their names: west, south, east, north in degrees.
WINDOWS = {"delta": (105.28, 19.88, 107.08, 21.42), "southeast": (105.88, 10.02, 107.62, 11.62)}

# White lines would vanish between two pale provinces: those without a colour get grey ones, drawn over white.
COLOURED = {"edgecolor": "#ffffff", "zorder": 1}
UNCOLOURED = {"edgecolor": "#9c9c9c", "zorder": 2}
REGION_LINE = "#4a4a4a"
CONTEXT = "#c4c4c4"
ISLAND = "#8c8c8c"
NAME_SIZE, NOTE_SIZE, LABEL_SIZE, LEGEND_SIZE = 5.5, 6.5, 7, 8


# What `Sheet.size` knows of texts.
_MEASURED = {}


class MapError(ValueError):
    """Units that cannot be drawn; the text says which, why, and what to do."""


@dataclass(frozen=True)
class Layout:
    """
    Where the parts of a map go at a size.

    Attributes
    ----------
    left : float
        Distance of the westernmost point of the country from the left edge, points.
    inset : float
        Width of the insets of the delta and the southeast, points; 0 for none.
    islands : (float, float)
        Width and height of the boxes of the archipelagos, points.
    histogram : (float, float)
        Width and height of the histogram, points.
    """

    left: float
    inset: float
    islands: tuple
    histogram: tuple


LAYOUTS = {
    "page": Layout(64, 132, (110, 60), (126, 36)),
    "half": Layout(186, 0, (96, 50), (110, 26)),
    "slide": Layout(240, 150, (108, 62), (126, 40)),
}


# --- country ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Country:
    """
    The units of one vintage, projected once for all the maps that are drawn of them.

    Attributes
    ----------
    units : geopandas.GeoDataFrame
        One row a unit, by ``gso_code``: name_vi, name_en, region6, geometry.
    islands : geopandas.GeoDataFrame or None
        Hoàng Sa and Trường Sa, from `helpers.boundaries.read_islands`; None leaves them out.
    neighbours : geopandas.GeoDataFrame or None
        Lines around the country, from `helpers.boundaries.read_neighbours`.

    Raises
    ------
    MapError
        If the units are not 63 or 34, a code is doubled, the coordinate system is unknown, or a unit has no
        valid polygon.
    """

    units: object = field(repr=False)
    islands: object = field(default=None, repr=False)
    neighbours: object = field(default=None, repr=False)

    def __post_init__(self):
        units = self.units
        if len(units) not in (63, 34) or units.index.has_duplicates:
            doubled = sorted(set(units.index[units.index.duplicated()]))
            found = f"{len(units)} units" + (f", {', '.join(doubled)} more than once" if doubled else "")
            raise MapError(f"a map needs the 63 provinces or the 34 units, each once; found {found}")
        if units.crs is None:
            raise MapError("the units have no coordinate system; read them with helpers.boundaries.read")
        geometry = units.geometry
        usable = geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~geometry.is_empty & geometry.is_valid
        if not usable.all():
            raise MapError(
                f"units without a valid polygon: {', '.join(units.index[~usable])}; run `make data` again"
            )

    def names(self, language):
        """Names of the units in a language, by code (pandas.Series of str)."""
        return self.units[f"name_{language}"]

    @functools.cached_property
    def shapes(self):
        """The units in metres of the projection (geopandas.GeoSeries)."""
        return self.units.geometry.to_crs(PROJECTION)

    @functools.cached_property
    def rings(self):
        """Borders of each unit in metres: arrays of points, one a ring (dict of str to list)."""
        return {
            code: [np.asarray(ring.coords) for ring in _rings(shape)] for code, shape in self.shapes.items()
        }

    @functools.cached_property
    def centres(self):
        """The point of each unit that is farthest from its border, metres (dict of str to array)."""
        import shapely

        circles = shapely.maximum_inscribed_circle(self.shapes.values, tolerance=1500)
        return dict(zip(self.shapes.index, shapely.get_coordinates(circles)[::2], strict=True))

    @functools.cached_property
    def region_lines(self):
        """Borders of the six regions, metres (list of arrays)."""
        return self.outlines(self.units["region6"])

    def outlines(self, groups):
        """Borders of groups of units, given by unit (pandas.Series), in metres (list of arrays)."""
        import shapely

        merged = self.shapes.groupby(groups).apply(lambda shapes: shapely.coverage_union_all(shapes.values))
        return [np.asarray(ring.coords) for shape in merged for ring in _rings(shape)]

    @functools.cached_property
    def context(self):
        """Coast and borders of the neighbours, metres (list of arrays)."""
        if self.neighbours is None:
            return []
        lines = self.neighbours.geometry.to_crs(PROJECTION).explode(index_parts=False)
        return [np.asarray(line.coords) for line in lines]

    @functools.cached_property
    def archipelagos(self):
        """The islands in metres of the projection, in the order of `islands` (geopandas.GeoSeries)."""
        return self.islands.geometry.to_crs(PROJECTION)

    def prepare(self):
        """Compute at once what maps ask for one by one, for processes that are forked from this one."""
        shown = ["archipelagos"] if self.islands is not None else []
        for part in ("rings", "centres", "region_lines", "context", "windows", *shown):
            getattr(self, part)

    @functools.cached_property
    def windows(self):
        """Each inset, by its name (dict of str to Window)."""
        import geopandas
        import shapely

        made = {}
        for name, degrees in WINDOWS.items():
            frame = geopandas.GeoSeries([shapely.box(*degrees)], crs="EPSG:4326").to_crs(PROJECTION)
            cut = shapely.intersection(self.shapes.values, shapely.box(*frame.total_bounds))
            parts = {code: part for code, part in zip(self.shapes.index, cut, strict=True) if part.area > 0}
            rings = {code: [np.asarray(ring.coords) for ring in _rings(part)] for code, part in parts.items()}
            mostly = [code for code, part in parts.items() if part.area >= 0.5 * self.shapes[code].area]
            mostly.sort(key=lambda code, parts=parts: parts[code].area)
            circles = shapely.maximum_inscribed_circle([parts[code] for code in mostly], tolerance=500)
            centres = dict(zip(mostly, shapely.get_coordinates(circles)[::2], strict=True))
            made[name] = Window(frame.total_bounds, rings, centres)
        return made


@dataclass(frozen=True)
class Window:
    """
    What an inset shows, in metres of the projection.

    Attributes
    ----------
    bounds : numpy.ndarray, shape (4,)
        West, south, east, north.
    rings : dict of str to list of numpy.ndarray
        What lies in it of each unit.
    centres : dict of str to numpy.ndarray
        Where names go, of the units that lie in it with most of their land, the smallest first.
    """

    bounds: np.ndarray = field(repr=False)
    rings: dict = field(repr=False)
    centres: dict = field(repr=False)


def _rings(shape):
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type == "Polygon":
            yield part.exterior
            yield from part.interiors


def path_of(rings):
    """
    Make one path of the rings of a unit.

    Parameters
    ----------
    rings : list of numpy.ndarray, shape (n, 2)

    Returns
    -------
    matplotlib.path.Path
    """
    codes = [np.full(len(ring), Path.LINETO, Path.code_type) for ring in rings]
    for code in codes:
        code[0], code[-1] = Path.MOVETO, Path.CLOSEPOLY
    return Path(np.concatenate(rings), np.concatenate(codes))


# --- sheet ------------------------------------------------------------------------------------------------


class Sheet:
    """
    The drawing space of a map in points (1/72 inch), and what on it is taken already.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    bottom, top : float
        Of the space to draw in, as fractions of the height of the figure (from `helpers.charts.frame`).
    country : Country
    layout : Layout
    """

    margin = 8
    # Points to a pixel of the image in which room is sought.
    grain = 2

    def __init__(self, figure, bottom, top, country, layout):
        inches = figure.get_size_inches()
        self.figure, self.country, self.layout = figure, country, layout
        self.width, self.height = inches[0] * 72, inches[1] * 72 * (top - bottom)
        self.axes = figure.add_axes((0, bottom, 1, top - bottom))
        self.axes.set(xlim=(0, self.width), ylim=(0, self.height), aspect="equal")
        self.axes.axis("off")
        west, south, _, north = country.shapes.total_bounds
        self.metres = (north - south) / (self.height - self.margin)
        self.shift = np.array([layout.left - west / self.metres, 4 - south / self.metres])
        self.taken = []
        self.ground, self.counted = self._land(), None

    def place(self, metres):
        """Turn metres of the projection into points of the sheet (numpy.ndarray, shape (..., 2))."""
        return np.asarray(metres) / self.metres + self.shift

    def _land(self):
        """Mark what is land in an image whose first row is at the bottom (PIL.Image)."""
        from PIL import Image, ImageDraw

        ground = Image.new("1", (int(self.width) // self.grain + 1, int(self.height) // self.grain + 1))
        pencil = ImageDraw.Draw(ground)
        for rings in self.country.rings.values():
            for ring in rings:
                pencil.polygon((self.place(ring) / self.grain).ravel().tolist(), fill=1, outline=1)
        return ground

    def _mark(self, x, y, width, height, filled=True):
        from PIL import ImageDraw

        box = [x / self.grain, y / self.grain, (x + width) / self.grain, (y + height) / self.grain]
        ImageDraw.Draw(self.ground).rectangle(box, fill=1 if filled else None, outline=1)
        self.counted = None

    # --- room -----------------------------------------------------------------------------------------

    def free(self, width, height, cost, count, around=3):
        """Find the cheapest places for a box that are neither on land nor taken: their lower left corners."""
        total = self._sums()
        x = np.arange(self.margin, self.width - self.margin - width, 2.0)
        y = np.arange(4, self.height - 4 - height, 2.0)
        left, right = self._pixels(x - around, x + width + around, self.ground.width)
        low, high = self._pixels(y - around, y + height + around, self.ground.height)
        inside = total[np.ix_(high, right)] - total[np.ix_(low, right)]
        inside -= total[np.ix_(high, left)] - total[np.ix_(low, left)]
        rows, columns = np.nonzero(inside == 0)
        corners = np.column_stack([x[columns], y[rows]])
        costs = cost(*corners.T)
        if len(costs) > count:
            # Places are many, those that are wanted few: only these are put in order.
            near = costs <= np.partition(costs, count - 1)[count - 1]
            corners, costs = corners[near], costs[near]
        return corners[np.argsort(costs, kind="stable")[:count]]

    def _sums(self):
        """Count what is land or taken left of and below each pixel (numpy.ndarray of int)."""
        if self.counted is None:
            self.counted = np.zeros((self.ground.height + 1, self.ground.width + 1), dtype=np.int32)
            np.cumsum(np.asarray(self.ground, dtype=np.int32), axis=0, out=self.counted[1:, 1:])
            np.cumsum(self.counted, axis=1, out=self.counted)
        return self.counted

    def _pixels(self, starts, ends, limit):
        """Pixels that begin and end what lies between two coordinates, for sums over an image."""
        first, last = np.floor(starts / self.grain), np.floor(ends / self.grain) + 1
        return np.clip(first, 0, limit).astype(int), np.clip(last, 0, limit).astype(int)

    def put(self, width, height, centre):
        """
        Take the free place nearest to a point for a box.

        Returns
        -------
        numpy.ndarray, shape (2,)
            Its lower left corner.

        Raises
        ------
        MapError
            If there is no room.
        """

        def distance(x, y):
            return np.hypot(x + width / 2 - centre[0], y + height / 2 - centre[1])

        found = self.free(width, height, distance, 1)
        if not len(found):
            raise MapError(f"no room is left on the sheet for a box of {width:.0f} by {height:.0f} points")
        self.take(*found[0], width, height)
        return found[0]

    def take(self, x, y, width, height):
        """Mark a box as taken."""
        import shapely

        self.taken.append(shapely.box(x, y, x + width, y + height))
        self._mark(x, y, width, height)

    def size(self, text):
        """
        Measure a text artist: left, bottom, width, height in points, as it stands now.

        Equal texts of one look are measured once: names and notes return on every map.
        """
        look = text.get_fontsize(), text.get_fontweight(), text.get_ha(), text.get_va(), text.get_gid()
        key = text.get_text(), text.get_rotation(), self.figure.dpi, *look
        x, y = text.get_position()
        if key not in _MEASURED:
            extent = text.get_window_extent(self.figure.canvas.get_renderer())
            corner = self.axes.transData.inverted().transform((extent.x0, extent.y0))
            scale = 72 / self.figure.dpi
            if len(_MEASURED) > 20_000:
                _MEASURED.clear()
            _MEASURED[key] = corner[0] - x, corner[1] - y, extent.width * scale, extent.height * scale
        left, bottom, width, height = _MEASURED[key]
        return x + left, y + bottom, width, height

    # --- land -----------------------------------------------------------------------------------------

    def draw(self, styles):
        """
        Fill every unit by its style; each is an artist of its own, its gid ``province-<gso_code>``.

        Parameters
        ----------
        styles : dict of str to dict
            What `matplotlib.patches.PathPatch` takes, by code of the unit.
        """
        # add_artist: the limits of the axes are set, so that none need be computed as add_patch would.
        for code, rings in self.country.rings.items():
            path = path_of([self.place(ring) for ring in rings])
            self.axes.add_artist(PathPatch(path, gid=f"province-{code}", **_drawn(styles[code])))
        self.lines(self.country.region_lines, REGION_LINE, 0.6, "regions")
        if self.country.context:
            self.lines(self.country.context, CONTEXT, 0.5, "context", zorder=0.5)

    def lines(self, rings, colour, width, name, zorder=3):
        """Draw lines given in metres."""
        placed = [self.place(ring) for ring in rings]
        self.axes.add_collection(
            LineCollection(placed, colors=colour, linewidths=width, zorder=zorder, gid=name), autolim=False
        )

    def insets(self, styles, language, marks=None, lines=None):
        """
        Draw the delta and the southeast larger, every unit in them named; frames show where they are.

        Parameters
        ----------
        styles : dict of str to dict
            As in `draw`.
        language : {"en", "vi"}
        marks : dict of str to str, optional
            Letters to print below the names of some units.
        lines : list of numpy.ndarray, optional
            In metres, instead of the borders of the regions.
        """
        if not self.layout.inset:
            return
        wanted = {"delta": (self.width, self.height), "southeast": (self.width, 0.3 * self.height)}
        # The name of Ho Chi Minh City, 79 in both vintages, is too long for its shape.
        names = self.country.names(language).replace(
            self.country.names(language)["79"], wording.text("map.short_79", language)
        )
        written = {code: _broken(name) for code, name in names.items()}
        written |= {code: f"{written[code]}\n{mark}" for code, mark in (marks or {}).items()}
        for name, window in self.country.windows.items():
            west, south, east, north = window.bounds
            metres = (east - west) / self.layout.inset
            width, height = self.layout.inset, (north - south) / metres
            times = wording.number(self.metres / metres, language, 1)
            corner = self.put(width, height + 10, wanted[name])
            self.axes.text(
                corner[0],
                corner[1] + height + 3,
                wording.text(f"map.inset_{name}", language, times=times),
                fontsize=NOTE_SIZE,
                color=charts.QUIET,
                gid=f"inset-title-{name}",
            )
            edge = {"linewidth": 0.6, "edgecolor": ISLAND}
            ground = Rectangle(corner, width, height, facecolor="white", zorder=2.5, gid="inset", **edge)
            self.axes.add_artist(ground)

            def place(metre, origin=window.bounds[:2], metres=metres, corner=corner):
                return (metre - origin) / metres + corner

            for code, rings in window.rings.items():
                style = _drawn(styles[code])
                style |= {"zorder": style["zorder"] + 3}
                path = path_of([place(ring) for ring in rings])
                self.axes.add_artist(PathPatch(path, gid=f"inset-{name}-{code}", **style))
            placed = [place(line) for line in (self.country.region_lines if lines is None else lines)]
            borders = LineCollection(placed, colors=REGION_LINE, linewidths=0.6, zorder=6)
            self.axes.add_collection(borders, autolim=False)
            borders.set_clip_path(ground)
            self.axes.add_artist(Rectangle(corner, width, height, facecolor="none", zorder=7, **edge))
            self._name(name, window, written, styles, place)
            self._frame(window.bounds)

    def _frame(self, bounds):
        """Show on the map itself what an inset holds; its lines are no place for a label."""
        (x, y), (right, top) = self.place(bounds[:2]), self.place(bounds[2:])
        style = {"facecolor": "none", "edgecolor": charts.QUIET, "linewidth": 0.4, "zorder": 3.5}
        self.axes.add_artist(Rectangle((x, y), right - x, top - y, **style))
        self._mark(x, y, right - x, top - y, filled=False)

    def _name(self, name, window, written, styles, place):
        """Write the names of the units of an inset where they fit."""
        import shapely

        taken = []
        for code, centre in window.centres.items():
            x, y = place(centre)
            fill = styles[code]["facecolor"]
            ink = charts.INK if blank(styles[code]) else palettes.ink_on(to_rgb(fill))
            ground = "white" if blank(styles[code]) else fill
            artist = self.axes.text(
                x,
                y,
                written[code],
                fontsize=NAME_SIZE,
                linespacing=0.95,
                ha="center",
                va="center",
                color=ink,
                zorder=8,
                gid=f"name-{name}-{code}",
                # Letters on a hatch need a quiet ground.
                bbox={"facecolor": ground, "edgecolor": "none", "pad": 0.4}
                if "hatch" in styles[code]
                else None,
            )
            box = shapely.box(*_corners(*self.size(artist)))
            if any(box.intersects(other) for other in taken):
                artist.remove()
            else:
                taken.append(box)

    # --- furniture --------------------------------------------------------------------------------------

    def scale_bar(self):
        """Set a bar of 200 km at the lower left, on wide sheets nearer to the country."""
        from matplotlib_scalebar.scalebar import ScaleBar

        x = max(0, self.layout.left - 130)
        self.take(x, 0, 200_000 / self.metres + 20, 28)
        self.axes.add_artist(
            ScaleBar(
                self.metres,
                "m",
                fixed_value=200,
                fixed_units="km",
                location="lower left",
                bbox_to_anchor=(x, 0, self.width - x, self.height),
                bbox_transform=self.axes.transData,
                box_alpha=0,
                color=charts.QUIET,
                font_properties={"size": LABEL_SIZE},
                width_fraction=0.004,
                border_pad=0.6,
            )
        )

    def islands(self, language):
        """Set the archipelagos in boxes at the right, each at the height of its place in the sea."""
        if self.country.islands is None:
            return
        width, height = self.layout.islands
        foot = 20
        names = self.country.names(language)
        for row, shape in zip(self.country.islands.itertuples(), self.country.archipelagos, strict=True):
            centre = self.place([shape.centroid.x, shape.centroid.y])
            x, y = self.put(width, height, (self.width, centre[1]))
            self.axes.add_artist(
                Rectangle(
                    (x, y), width, height, facecolor="white", edgecolor=ISLAND, linewidth=0.5, gid="inset"
                )
            )
            west, south, east, north = shape.bounds
            scale = min((width - 24) / (east - west), (height - foot - 14) / (north - south))
            # A few hundred metres of sand would not show: every island is a dot.
            dots = np.array([[part.centroid.x, part.centroid.y] for part in shape.geoms])
            dots = (dots - [(west + east) / 2, (south + north) / 2]) * scale
            dots += [x + width / 2, y + foot + (height - foot) / 2]
            self.axes.add_artist(
                Line2D(
                    *dots.T,
                    marker="o",
                    linestyle="",
                    color=ISLAND,
                    markersize=2.2,
                    gid=f"islands-{row.gso_code}",
                )
            )
            # Since July 2025 the islands belong to units that keep these two codes.
            name = wording.text(
                "map.island_of", language, name=getattr(row, f"name_{language}"), province=names[row.gso_code]
            )
            self.axes.text(
                x + width / 2,
                y + 4,
                name,
                fontsize=6 if width < 100 else NOTE_SIZE,
                color=charts.QUIET,
                ha="center",
                va="bottom",
                gid="islands-label",
            )

    def legend(self, heading, rows, note, centre, histogram=None):
        """
        Set swatches with their texts and a note in the free place nearest to a point, a histogram below.

        Parameters
        ----------
        heading, note : str
        rows : list of (str, dict)
            Text and style, from the top.
        centre : (float, float)
            In points of the sheet.
        histogram : Histogram, optional
            Set apart where there is no room for both together, left away where there is none at all.
        """
        for size, pitch, told in ((LEGEND_SIZE, 13, note), (7, 11, note), (6.5, 10, "")):
            texts = self._written(heading, rows, told, size)
            try:
                self._set(texts, rows, pitch, centre, histogram)
            except MapError:
                for text in texts:
                    text.remove()
            else:
                return
        raise MapError(
            f"no room is left for a legend of {len(rows)} rows; choose fewer classes or the size 'page'"
        )

    def _written(self, heading, rows, note, size):
        """Write the texts of a legend, to be measured and then set: heading, rows, note."""
        head = {"fontsize": size, "weight": "bold", "va": "baseline", "gid": "legend-heading"}
        row = {"fontsize": size, "va": "baseline", "gid": "legend"}
        small = {"fontsize": NOTE_SIZE, "color": charts.QUIET, "va": "top", "gid": "legend-note"}
        written = [(heading, head), *((text, row) for text, _ in rows), (note, small)]
        return [self.axes.text(0, 0, text, **style) for text, style in written]

    def _set(self, texts, rows, pitch, centre, histogram):
        """Find room for a legend, with its histogram or beside it, and set its texts and swatches."""
        indents = [0, *[22] * len(rows), 0]
        width = max(indent + self.size(text)[2] for indent, text in zip(indents, texts, strict=True))
        below = 4 + self.size(texts[-1])[3]
        height = pitch * len(rows) + 18 + below
        wide, high = self.layout.histogram
        foot = high + 24
        place = None
        if histogram:
            with contextlib.suppress(MapError):
                place = self._cleared(max(width, wide), height + foot, centre)
        if place is not None:
            x, y = place[0], place[1] + foot
        else:
            x, y = self._cleared(width, height, centre)
            if histogram:
                with contextlib.suppress(MapError):
                    place = self._cleared(wide, high + 12, (x, y - high))
        if place is not None:
            histogram.draw(self.axes, place[0], place[1] + 12, wide, high)
        texts[-1].set_position((x, y + below - 4))
        texts[0].set_position((x, y + height - 10))
        for number, (text, (_, style)) in enumerate(zip(texts[1:-1], rows, strict=True)):
            base = y + height - 14 - pitch * (number + 1)
            text.set_position((x + 22, base + 1.8))
            swatch = {"linewidth": 0.4, "edgecolor": "#7f7f7f", "gid": "legend-swatch", **style}
            self.axes.add_artist(Rectangle((x, base), 16, pitch - 3.5, **swatch))

    def _cleared(self, width, height, centre):
        """Take a place as `put` does and lay white on it: lines around the country run through no letters."""
        x, y = self.put(width, height, centre)
        ground = {"facecolor": "white", "edgecolor": "none", "zorder": 0.8}
        self.axes.add_artist(Rectangle((x - 4, y - 2), width + 8, height + 4, **ground))
        return x, y

    # --- labels -----------------------------------------------------------------------------------------

    def mark(self, text, code):
        """Print a short text inside a unit: at its middle, or beside it where a neighbour's text is there."""
        import shapely

        x, y = self.place(self.country.centres[code])
        artist = self.axes.text(
            x,
            y,
            text,
            fontsize=NAME_SIZE,
            ha="center",
            va="center_baseline",
            gid=f"mark-{code}",
            zorder=4,
            weight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.85},
        )
        left, bottom, width, height = self.size(artist)
        steps = np.stack(np.meshgrid(*[np.arange(-10.0, 11)] * 2), axis=-1).reshape(-1, 2)
        steps = steps[np.argsort(np.hypot(*steps.T), kind="stable")]
        metres = (np.add(steps, (x, y)) - self.shift) * self.metres
        low = np.add(steps, (left, bottom))
        clear = shapely.contains_xy(self.country.shapes[code], *metres.T)
        boxes = shapely.box(*low.T, *np.add(low, (width, height)).T)
        for taken in self.taken:
            clear &= ~shapely.intersects(boxes, taken)
        step = steps[clear.argmax()] if clear.any() else np.zeros(2)
        artist.set_position(np.add((x, y), step))
        self.take(*np.add((left, bottom), step), width, height)

    def label(self, texts):
        """
        Set texts beside the country, as near to their provinces as there is room, with a line to each.

        Who comes first takes the nearest place, so that several orders are tried; the one with the shortest
        lines in sum stands. A text that finds no room, or none that no other text or line crosses, is left
        away. The same texts always get the same places.

        Parameters
        ----------
        texts : dict of str to str
            By code of the unit.
        """
        anchors = {code: self.place(self.country.centres[code]) for code in texts}
        artists, extents, places = {}, {}, {}
        for code, text in texts.items():
            artist = self.axes.text(
                0, 0, text, fontsize=LABEL_SIZE, linespacing=1.2, va="bottom", zorder=6, gid=f"label-{code}"
            )
            # The lines around the country do not run through letters.
            artist.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.3})
            artists[code], extents[code] = artist, self.size(artist)
            places[code] = self._places(*extents[code][2:], anchors[code])
        texts = [code for code in texts if len(places[code][0])]
        orders = [texts, texts[::-1], sorted(texts, key=lambda code: places[code][2][0])]
        for axis in (0, 1):
            orders.append(sorted(texts, key=lambda code, axis=axis: anchors[code][axis]))
            orders.append(orders[-1][::-1])
        settled = min((_settle(order, places) for order in orders), key=lambda settled: settled[0])[1]
        for code, artist in artists.items():
            if code not in settled:
                artist.remove()
        strokes = []
        for code, number in settled.items():
            (left, bottom, width, height), (corners, boxes, _, leaders) = extents[code], places[code]
            x, y = corners[number]
            side = "left" if x > anchors[code][0] else "right" if x + width < anchors[code][0] else "center"
            artists[code].set(position=(x - left, y - bottom), multialignment=side)
            self.taken += [boxes[number], leaders[number]]
            self._mark(x, y, width, height)
            # The lines around the country do not run through letters.
            ground = {"facecolor": "white", "edgecolor": "none", "zorder": 0.8}
            self.axes.add_artist(Rectangle((x, y), width, height, **ground))
            strokes.append(np.asarray(leaders[number].coords))
        if not strokes:
            return
        for colour, line, order in (("white", 2.2, 4.5), (charts.INK, 0.6, 5)):
            drawn = LineCollection(strokes, colors=colour, linewidths=line, zorder=order, gid="leaders")
            self.axes.add_collection(drawn, autolim=False)
        dots = np.array([anchors[code] for code in settled])
        edge = {"markeredgecolor": "white", "markeredgewidth": 0.4, "markersize": 2.6}
        self.axes.add_artist(Line2D(*dots.T, marker="o", linestyle="", color=charts.INK, zorder=5.5, **edge))

    def _places(self, width, height, anchor):
        """Find places for a label: corners, boxes, lengths of the lines to the province, these lines."""
        import shapely

        def length(x, y):
            aside = np.maximum(np.maximum(x - anchor[0], anchor[0] - x - width), 0)
            above = np.maximum(np.maximum(y - anchor[1], anchor[1] - y - height), 0)
            return np.hypot(aside, above)

        corners = self.free(width, height, length, 400)
        x, y = corners.T
        boxes = shapely.box(x - 2, y - 2, x + width + 2, y + height + 2)
        leaders = shapely.shortest_line(boxes, shapely.Point(anchor))
        clear = np.ones(len(corners), dtype=bool)
        for taken in self.taken:
            clear &= ~shapely.intersects(taken, leaders)
        if not clear.any():
            clear[:] = True
        return corners[clear], boxes[clear], shapely.length(leaders[clear]), leaders[clear]


def blank(style):
    """Tell whether a style is that of a unit without a class: a coloured hatch on a pale ground (bool)."""
    return style.get("hatchcolor", "#ffffff") != "#ffffff"


def _drawn(style):
    # Between striped neighbours a thin white border would look like one more stripe.
    width = 0.6 if "hatch" in style and not blank(style) else 0.35
    return {"linewidth": width, **(UNCOLOURED if blank(style) else COLOURED), **style}


def _corners(x, y, width, height):
    return x, y, x + width, y + height


def _broken(name):
    """Break a long name after its middle word: "Thừa Thiên / Huế"."""
    words = name.replace(" - ", " – ").split(" ")
    if len(name) <= 7 or len(words) == 1:
        return name
    middle = min(
        range(1, len(words)), key=lambda at: abs(len(" ".join(words[:at])) - len(" ".join(words[at:])))
    )
    return " ".join(words[:middle]) + "\n" + " ".join(words[middle:])


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
        if crossing.all():
            # Dearer than any other order: left away only where all of them lack room.
            price += 1e6
            continue
        # A line so near to another that it could be taken for it costs as much as a long one.
        prices = np.where(crossing, np.inf, lengths + 60 * close)
        number = int(np.argmin(prices))
        price += prices[number]
        settled[code] = number
        taken.append((boxes[number], leaders[number]))
    return price, settled


@dataclass(frozen=True)
class Histogram:
    """
    How many units have which values, coloured by class.

    Attributes
    ----------
    values : list of numpy.ndarray
        Values of each class.
    styles : list of dict
        Of each class.
    write : callable
        Writes a value as text.
    bins : int
    """

    values: list
    styles: list
    write: object
    bins: int = 18

    def draw(self, axes, x, y, width, height):
        """Draw the bars with the lowest and the highest value below them, at a corner of the sheet."""
        together = np.concatenate(self.values)
        low, high = together.min(), together.max()
        edges = np.linspace(low, high, self.bins + 1) if high > low else np.array([low - 0.5, low + 0.5])
        counts = np.array([np.histogram(values, edges)[0] for values in self.values])
        tall, wide = counts.sum(axis=0).max(), width / (len(edges) - 1)
        base = np.zeros(len(edges) - 1)
        for row, style in zip(counts, self.styles, strict=True):
            for number in np.flatnonzero(row):
                axes.add_artist(
                    Rectangle(
                        (x + number * wide, y + base[number] / tall * height),
                        wide,
                        row[number] / tall * height,
                        linewidth=0.3,
                        edgecolor="#7f7f7f",
                        gid="histogram",
                        **style,
                    )
                )
            base += row
        axes.plot([x, x + width], [y, y], color=charts.QUIET, linewidth=0.5)
        written = {"fontsize": NOTE_SIZE, "color": charts.QUIET, "va": "top", "gid": "histogram-text"}
        axes.text(x, y - 2, self.write(low), ha="left", **written)
        if high > low:
            axes.text(x + width, y - 2, self.write(high), ha="right", **written)


def sheet(size, heads, notes, country):
    """
    Open a figure of a fixed size with its title, its notes and the space of a map.

    Parameters
    ----------
    size : {"page", "half", "slide"}
    heads : (str, str)
        Title, and the line of units and n.
    notes : list of str
        Source and credit lines.
    country : Country

    Returns
    -------
    Sheet
    """
    from matplotlib import pyplot as plt

    if size not in LAYOUTS:
        raise ValueError(f"size {size!r} is not known; choose one of {', '.join(LAYOUTS)}")
    charts.apply_style()
    figure = plt.figure(figsize=publishing.SIZES[size], dpi=publishing.PAGE_DPI)
    # Texts that other maps have measured are not measured again.
    rendering.Canvas(figure)
    bottom, top = charts.frame(figure, *heads, notes)
    return Sheet(figure, bottom, top, country, LAYOUTS[size])
