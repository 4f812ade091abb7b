"""Small multiples: one little map a year, all on one scale."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from helpers import cartography, charts, choropleths, comparability, measures, publishing, rendering, wording
from helpers import classes as classing
from helpers import map_findings as findings

MEASURES = ("score", "rank", "change", "z_score")
FIRST_YEAR, MOST_YEARS = 2011, 20
# What is finer than this on the paper does not show on a small panel (points).
FINEST = 0.7
# Ranks among fewer than this share of the most are set on the scale of the most.
COMPARABLE_RANKED = 0.9
NAMED = 6
# Of fewer units than these the mean says little of the country.
FEW = 10

EDGE, EDGE_WIDTH, REGION_WIDTH = "#ffffff", 0.15, 0.3
# An edge of white would vanish between units without a colour, which are many in some years.
BLANK_EDGE = "#b4b4b4"
YEAR_SIZE, TEXT_SIZE = 7, 6
MARGIN = 9
SCALE_BAR = 20


@dataclass(frozen=True)
class Layout:
    """
    The column at the right of the panels, at a size.

    Attributes
    ----------
    column : float
        Its width, points.
    boxes : (float, float)
        Width and height of the boxes of the archipelagos, points.
    beside : bool
        Whether these stand side by side.
    """

    column: float
    boxes: tuple
    beside: bool


LAYOUTS = {
    "page": Layout(98, (72, 50), False),
    "half": Layout(104, (50, 46), True),
    "slide": Layout(140, (66, 52), True),
}


@dataclass(frozen=True)
class Series:
    """
    The years of an index by one measure.

    Attributes
    ----------
    index : helpers.registry.Index
    measure : {"score", "rank", "change", "z_score"}
    component : str
        A slug, or "" for the total.
    vintages : dict of int to str
        By year, every year shown: the units of its panel.
    classes : dict of int to helpers.classes.Classes
        By year, those with a figure, all of the same limits.
    few : dict of int to int
        Units ranked, of years that rank fewer than the others.
    most : int
        Units ranked in the years that rank most; 0 for another measure than ranks.
    """

    index: object
    measure: str
    component: str
    vintages: dict
    classes: dict = field(repr=False)
    few: dict = field(default_factory=dict)
    most: int = 0

    @property
    def years(self):
        """Every year shown (list of int)."""
        return list(self.vintages)

    @property
    def empty(self):
        """Years without any figure (list of int)."""
        return [year for year in self.years if year not in self.classes]

    @property
    def begins(self):
        """Years shown at which a new series begins since the one shown before (list of int)."""
        pairs = zip(self.years[:-1], self.years[1:], strict=True)
        return [after for before, after in pairs if comparability.breaks(self.index, before, after)]

    @property
    def aggregated(self):
        """Whether any year is shown as an aggregate of merged provinces (bool)."""
        return any(classes.layer.aggregated for classes in self.classes.values())

    @property
    def scale(self):
        """Classes that say limits and words for all years: an aggregate first, for its decimals."""
        every = list(self.classes.values())
        return max(every, key=lambda classes: classes.layer.decimals)

    @property
    def counts(self):
        """How many units have a value, by year shown (dict of int to int)."""
        return {year: self.classes[year].layer.n if year in self.classes else 0 for year in self.years}


def years(
    atlas,
    index,
    language="en",
    measure="rank",
    years=None,
    component="",
    scheme="quantiles",
    k=5,
    boundaries=None,
    size="page",
):
    """
    Map an index in many years, each in a panel of its own, all on one scale.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    index : str
        Slug.
    language : {"en", "vi"}
    measure : {"rank", "z_score", "score", "change"}
        Scores and their changes only where all years are of one series.
    years : iterable of int, optional
        1 to 20 of them. By default all that the registry has of the index, or of the component, from 2011 on;
        of changes those with a year before them.
    component : str
        A slug, or "" for the total.
    scheme : {"quantiles", "fisher_jenks", "equal_interval"}
        How the limits are found, of all years together.
    k : int
        Number of classes, 2 to 9.
    boundaries : {"63", "34"}, optional
        By default those of each year; "34" shows means of merged provinces for years to 2024, and says so.
    size : {"page", "half", "slide"}

    Returns
    -------
    helpers.choropleths.Map
        The units of a panel are one artist with the gid ``year-<year>``, in the order of their codes. A year
        without any figure has its panel all the same, hatched.

    Raises
    ------
    helpers.comparability.SeriesBreakError
        If scores of different series were to be compared.
    helpers.measures.NoFigureError
        If no year has a figure.
    ValueError
        If a parameter is unknown, the registry does not know a year, or there are too many.

    Notes
    -----
    A rank among ten is no rank among 63: where a year ranks less than nine tenths as many units as another,
    its ranks are multiplied by the ratio before they are classed, and the figure says so. The table has them
    as published.
    """
    wording.check_language(language)
    series = _series(atlas, atlas.registry[index], measure, years, component, scheme, k, boundaries)
    parts = ["years", index, component.replace(".", "_"), measure, "34" if series.aggregated else ""]
    parts += ["" if size == "page" else size]
    words = {"title": {}, "alt": {}, "credit": {}}
    main = atlas.country(_main(series))
    for each in wording.LANGUAGES:
        words["title"][each] = title(series, each)
        words["alt"][each] = describe(series, main.names(each), each)
        words["credit"][each] = " ".join(_credits(series, main, each))
    countries = {vintage: atlas.country(vintage) for vintage in dict.fromkeys(series.vintages.values())}
    figure = draw(series, countries, language, size, atlas.weights is not None)
    table = tabulate(series, countries, language)
    heads = {
        "units": "year_maps.column_units",
        "gso_code": "map.column_gso_code",
        "province": "map.column_province",
    }
    worded = table[["province", *table.columns.drop("province")]]
    return choropleths.Map(
        "_".join(part for part in parts if part),
        figure,
        language,
        words,
        wording.text(
            "year_maps.caption", language, title=title(series, language), n=_range(series, language)
        ),
        table,
        worded.rename(columns=lambda name: wording.text(heads[name], language) if name in heads else name),
        _gaps(series, countries, language),
    )


# --- figures ----------------------------------------------------------------------------------------------


def _series(atlas, index, measure, years, component, scheme, k, boundaries):
    """Give every year its classes."""
    if measure not in MEASURES:
        raise ValueError(f"measure {measure!r} is not known; choose one of {', '.join(MEASURES)}")
    classing.check(scheme, k)
    if scheme not in classing.SCHEMES:
        raise ValueError(
            f"scheme {scheme!r} has no common limits of years; choose {', '.join(classing.SCHEMES)}"
        )
    if component and component not in index.components:
        raise ValueError(
            f"{index.slug} has no component {component!r}; choose one of {', '.join(index.components)}"
        )
    chosen = _chosen(index, measure, years, component)
    if measure in ("score", "change"):
        before = [year - 1 for year in chosen if measure == "change" and index.has_year(year - 1)]
        comparability.check_comparable(index, [*chosen, *before])
    vintages = {year: atlas.units(year, boundaries) for year in chosen}
    layers = {}
    for year in chosen:
        try:
            layers[year] = measures.measure(atlas.figures, index, year, atlas.codes(year), measure, component)
        except measures.NoFigureError:
            # Its panel stays, hatched.
            continue
    few, most = {}, 0
    if measure == "rank":
        layers, few, most = _on_one_scale(layers)
    for year, layer in layers.items():
        if layer.vintage != vintages[year]:
            try:
                layers[year] = measures.merged(layer, atlas.crosswalk, atlas.weights)
            except measures.NoFigureError:
                layers[year] = None
    layers = {year: layer for year, layer in layers.items() if layer is not None}
    if not layers:
        raise measures.NoFigureError(
            "year_maps.nothing_any",
            what=lambda language: _what(index, measure, component, language),
            index=index.short,
            years=lambda language: _named(chosen, language),
        )
    few = {year: ranked for year, ranked in few.items() if year in layers}
    pooled = classing.pooled(list(layers.values()), scheme, k)
    classes = dict(zip(layers, pooled, strict=True))
    return Series(index, measure, component, vintages, classes, few, most)


def _chosen(index, measure, years, component):
    """Settle on the years."""
    known = [year for year in index.years if not component or component in index.components_of(year)]
    if years is None:
        chosen = [year for year in known if year >= FIRST_YEAR]
        if measure == "change":
            chosen = [year for year in chosen if year - 1 in known]
    else:
        chosen = sorted(set(years))
        unknown = [str(year) for year in chosen if not index.has_year(year)]
        if unknown:
            raise ValueError(
                f"{index.slug} has no year {', '.join(unknown)} in indices.toml; choose among "
                f"{', '.join(map(str, index.years))}"
            )
    if not 1 <= len(chosen) <= MOST_YEARS:
        raise ValueError(f"{index.slug}: {len(chosen)} years to show; choose 1 to {MOST_YEARS}")
    return chosen


def _on_one_scale(layers):
    """Stretch the ranks of years that rank fewer units: layers, how many such years rank, the most ranked."""
    ranked = {year: int(layer.table["ranked"].max()) for year, layer in layers.items()}
    most = max(ranked.values(), default=0)
    few = {year: count for year, count in ranked.items() if count < COMPARABLE_RANKED * most}
    stretched = {
        year: replace(
            layers[year], table=layers[year].table.assign(value=layers[year].table["value"] * most / count)
        )
        for year, count in few.items()
    }
    return layers | stretched, few, most


# --- drawing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Outline:
    """A country drawn coarsely, in metres: shape and path of each unit, a path of the regions' borders."""

    shapes: object
    paths: dict
    regions: Path

    @classmethod
    def of(cls, country, tolerance):
        import shapely

        shapes = country.shapes.simplify_coverage(tolerance)
        regions = shapes.groupby(country.units["region6"]).apply(
            lambda part: shapely.coverage_union_all(part.values)
        )
        paths = {code: _path(shape) for code, shape in shapes.items()}
        return cls(shapes, paths, Path.make_compound_path(*(_path(shape) for shape in regions)))

    def whole(self, codes):
        """Make one path of several units, without the borders between them."""
        import shapely

        return _path(shapely.coverage_union_all(self.shapes[codes].values))


def _path(shape):
    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return cartography.path_of([np.asarray(ring.coords) for ring in rings])


class _Sheet:
    """A space in points, whose texts can be measured, with a column at the right."""

    def __init__(self, figure, bottom, top, layout):
        inches = figure.get_size_inches()
        self.figure, self.layout = figure, layout
        self.width, self.height = inches[0] * 72, inches[1] * 72 * (top - bottom)
        self.axes = figure.add_axes((0, bottom, 1, top - bottom))
        self.axes.set(xlim=(0, self.width), ylim=(0, self.height), aspect="equal")
        self.axes.axis("off")
        self.left = self.width - MARGIN - layout.column
        self.aside = False

    def settle(self, legend):
        """Make the column wider where a legend of this height leaves no room for what stands below it."""
        high = (1 if self.layout.beside else 2) * (self.layout.boxes[1] + 4)
        self.aside = legend + SCALE_BAR + high > self.height
        if self.aside:
            self.left -= self.layout.boxes[0] + 6

    def box(self, number, count):
        """Place a box of the archipelagos: its lower left corner."""
        width, height = self.layout.boxes
        up = SCALE_BAR + (count - 1 - number) * (height + 4)
        if self.aside:
            return self.width - MARGIN - width, up
        if self.layout.beside:
            return self.left + number * (width + 4), SCALE_BAR
        return self.left, up

    def wide(self, text, size, weight="normal"):
        """Measure the width of a line in points."""
        from matplotlib.font_manager import FontProperties

        renderer = self.figure.canvas.get_renderer()
        font = FontProperties(size=size, weight=weight)
        return renderer.get_text_width_height_descent(text, font, False)[0] * 72 / self.figure.dpi

    def broken(self, text, width, size):
        """Break a text into lines of a width."""
        lines = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.wide(longer, size) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def write(self, x, y, text, size, gid, **style):
        """Write a line with its foot at y."""
        return self.axes.text(x, y, text, fontsize=size, gid=gid, **({"va": "baseline"} | style))

    def add(self, artist):
        """Put an artist on the sheet unclipped: a clip is named by its address in memory, which differs."""
        self.axes.add_artist(artist)
        artist.set_clip_path(None)
        artist.set_clip_box(None)


def draw(series, countries, language, size="page", weighted=False):
    """
    Draw the panels with their titles, the common legend, the archipelagos and the scale bar.

    Parameters
    ----------
    series : Series
    countries : dict of str to helpers.cartography.Country
        By vintage.
    language : {"en", "vi"}
    size : {"page", "half", "slide"}
    weighted : bool
        Whether merged provinces were weighted.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the size is unknown.
    """
    from matplotlib import pyplot as plt

    if size not in LAYOUTS:
        raise ValueError(f"size {size!r} is not known; choose one of {', '.join(LAYOUTS)}")
    charts.apply_style()
    figure = plt.figure(figsize=publishing.SIZES[size], dpi=publishing.PAGE_DPI)
    rendering.Canvas(figure)
    country = countries[series.vintages[series.years[0]]]
    credits = _credits(series, country, language)
    notes = [
        *_notes(series, language),
        *([" ".join(_ended(line) for line in credits)] if size == "half" else credits),
    ]
    bottom, top = charts.frame(figure, title(series, language), subtitle(series, language, weighted), notes)
    sheet = _Sheet(figure, bottom, top, LAYOUTS[size])
    legend = _Legend.of(sheet, series, language)
    sheet.settle(legend.height)
    metres = _panels(sheet, series, countries, language)
    _legend(sheet, legend)
    _furniture(sheet, country, metres, language)
    return figure


def _panels(sheet, series, countries, language):
    """Draw all panels; metres to a point."""
    bounds = np.array([country.shapes.total_bounds for country in countries.values()])
    (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    width, height = sheet.left - 2 * MARGIN, sheet.height - 4
    heads = {year: _head(series, year, language, "") for year in series.years}
    head, columns, metres = _grid(sheet, heads.values(), width, height, (east - west, north - south))
    if head > 12:
        heads = {year: _head(series, year, language, "_narrow") for year in series.years}
    outlines = {vintage: _Outline.of(country, FINEST * metres) for vintage, country in countries.items()}
    rows = -(-len(heads) // columns)
    cell = np.array([width / columns, height / rows])
    styles = choropleths.class_styles(series.scale)
    begins, places = series.begins, {vintage: [] for vintage in countries}
    for number, year in enumerate(series.years):
        row, column = divmod(number, columns)
        corner = np.array([MARGIN + column * cell[0], sheet.height - (row + 1) * cell[1]])
        foot = corner + np.array([0, cell[1] - head - (north - south) / metres])
        place = _placed(metres, foot - np.array([west, south]) / metres)
        _panel(
            sheet, outlines[series.vintages[year]], place, year, _unit_styles(series, year, countries, styles)
        )
        places[series.vintages[year]].append(place)
        top = corner[1] + cell[1]
        sheet.write(
            corner[0],
            top - 1,
            heads[year],
            YEAR_SIZE if head < 12 else TEXT_SIZE + 0.5,
            f"panel-{year}",
            va="top",
        )
        if year in begins:
            line = [(corner[0] - 3.5, top - 1), (corner[0] - 3.5, foot[1])]
            sheet.add(LineCollection([line], colors=charts.QUIET, linewidths=0.6, gid=f"series-{year}"))
        if year in series.empty:
            centre = foot + np.array([east - west, north - south]) / metres * (0.3, 0.5)
            nothing = wording.text("year_maps.nothing", language)
            ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            sheet.write(
                *centre,
                nothing,
                TEXT_SIZE,
                f"empty-{year}",
                ha="center",
                va="center",
                color=charts.QUIET,
                bbox=ground,
                zorder=5,
            )
    for vintage, transforms in places.items():
        _regions(sheet, outlines[vintage].regions, transforms)
    return metres


def _placed(metres, shift):
    from matplotlib.transforms import Affine2D

    return Affine2D().scale(1 / metres).translate(*shift)


def _head(series, year, language, narrow):
    mark = "*" if year in series.begins else ""
    values = {"year": year, "mark": mark, "n": series.counts[year]}
    return wording.text(f"year_maps.panel{narrow}", language, **values)


def _grid(sheet, heads, width, height, extent):
    """Find the columns that make panels largest: height of a title, number of columns, metres to a point."""
    widest = max(sheet.wide(text, YEAR_SIZE) for text in heads)
    best = None
    for columns in range(1, len(heads) + 1):
        rows = -(-len(heads) // columns)
        head = 12 if widest + 5 <= width / columns else 19
        room = width / columns - 6, height / rows - head - 5
        metres = max(extent[0] / room[0], extent[1] / room[1]) if min(room) > 0 else np.inf
        if best is None or metres < best[2] * 0.999:
            best = head, columns, metres
    return best


def _unit_styles(series, year, countries, styles):
    """Style of every unit of a panel, by code."""
    if year in series.classes:
        return choropleths.unit_styles(series.classes[year], styles)
    blank = choropleths.BLANKS["no_result"]
    return dict.fromkeys(countries[series.vintages[year]].units.index, blank)


def _panel(sheet, outline, place, year, styles):
    """Fill the units of a year: one artist of colours, and one of each hatch over it."""
    codes = list(outline.paths)
    paths = [place.transform_path(outline.paths[code]) for code in codes]
    blank = [cartography.blank(styles[code]) for code in codes]
    sheet.add(
        PathCollection(
            paths,
            facecolors=[styles[code]["facecolor"] for code in codes],
            edgecolors=[BLANK_EDGE if pale else EDGE for pale in blank],
            linewidths=EDGE_WIDTH,
            gid=f"year-{year}",
        )
    )
    hatched = {}
    for code in codes:
        hatch = {key: value for key, value in styles[code].items() if key != "facecolor"}
        if hatch:
            hatched.setdefault(tuple(sorted(hatch.items())), []).append(code)
    for number, (hatch, group) in enumerate(hatched.items()):
        whole = place.transform_path(outline.whole(group))
        plain = {"facecolor": "none", "edgecolor": "none", "linewidth": 0, "zorder": 1.1}
        sheet.add(PathPatch(whole, gid=f"hatch-{year}-{number}", **plain, **dict(hatch)))


def _regions(sheet, path, places):
    """Draw the borders of the regions in all panels of a vintage: one path, set down many times."""
    if not places:
        return
    from matplotlib.transforms import Affine2D

    first = places[0]
    shifts = [place.get_matrix()[:2, 2] - first.get_matrix()[:2, 2] for place in places]
    collection = PathCollection(
        [first.transform_path(path)],
        offsets=shifts,
        offset_transform=Affine2D().scale(1 / 72) + sheet.figure.dpi_scale_trans,
        facecolors="none",
        edgecolors=cartography.REGION_LINE,
        linewidths=REGION_WIDTH,
        zorder=2,
        gid="regions",
    )
    sheet.add(collection)


@dataclass(frozen=True)
class _Legend:
    """Heading, rows (lines and style) and note (lines) of the legend, broken to the width of the column."""

    heading: str
    rows: list
    note: list

    @classmethod
    def of(cls, sheet, series, language):
        classes, width = series.scale, sheet.layout.column
        styles, order = choropleths.class_styles(classes), range(len(classes.limits))
        rows = [
            (findings.class_label(classes, place, language), styles[place])
            for place in (order if classes.layer.scale == "reversed" else reversed(order))
        ]
        rows += _blank_rows(series, language)
        return cls(
            wording.text(f"year_maps.legend_{series.measure}", language),
            [(sheet.broken(text, width - 20, TEXT_SIZE + 0.5), style) for text, style in rows],
            sheet.broken(wording.text(f"year_maps.scale_{_scale(classes)}", language), width, TEXT_SIZE),
        )

    @property
    def heights(self):
        """Of the rows, points (list of float)."""
        return [max(11, 8 * len(lines) + 4) for lines, _ in self.rows]

    @property
    def height(self):
        """Of all, points (float)."""
        return 22 + sum(self.heights) + 8 * len(self.note)


def _legend(sheet, legend):
    """Write limits, reasons for gaps, and how the limits were found, from the top of the column."""
    x, y = sheet.left, sheet.height - 14
    sheet.write(x, y + 5, legend.heading, 8, "legend-heading", weight="bold")
    for (lines, style), height in zip(legend.rows, legend.heights, strict=True):
        # As in the panels the hatch lies on the fill: one pattern serves both.
        hatch = {key: value for key, value in style.items() if key != "facecolor"}
        layers = [{"facecolor": style["facecolor"]}] + ([{"facecolor": "none", **hatch}] if hatch else [])
        for layer in layers:
            edge = {"linewidth": 0.4, "edgecolor": "#7f7f7f", "gid": "legend-swatch"}
            sheet.axes.add_artist(Rectangle((x, y - 9), 14, 8, **edge, **layer))
        sheet.write(x + 19, y - 1, "\n".join(lines), TEXT_SIZE + 0.5, "legend", va="top", linespacing=1.1)
        y -= height
    sheet.write(x, y - 2, "\n".join(legend.note), TEXT_SIZE, "legend-note", va="top", color=charts.QUIET)


def _scale(classes):
    if classes.scheme == "deviations":
        return "deviations"
    if classes.scheme == "quantiles" and not classes.tones and classes.layer.decimals == 0:
        # Limits of whole numbers do not touch: nobody asks which class they belong to.
        return "quantiles_whole"
    return "diverging" if classes.tones else classes.scheme


def _blank_rows(series, language):
    """Reasons for which units have no class in any year, those of one style together: texts and styles."""
    states = [
        state for state in measures.STATES if any(state in c.layer.gaps for c in series.classes.values())
    ]
    if series.empty and not any(
        choropleths.BLANKS[state] == choropleths.BLANKS["no_result"] for state in states
    ):
        states.append("no_result" if series.index.ranks_computed else "not_reported")
    rows = []
    for state in states:
        text, style = wording.text(f"year_maps.state_{state}", language), choropleths.BLANKS[state]
        same = next((row for row in rows if row[1] == style), None)
        if same:
            same[0] += f"; {text}"
        else:
            rows.append([text, style])
    return [tuple(row) for row in rows]


def _furniture(sheet, country, metres, language):
    """Set the archipelagos and the scale bar at the foot of the column."""
    from matplotlib_scalebar.scalebar import ScaleBar

    sheet.axes.add_artist(
        ScaleBar(
            metres,
            "m",
            fixed_value=200,
            fixed_units="km",
            location="lower left",
            bbox_to_anchor=(sheet.left, 0),
            bbox_transform=sheet.axes.transData,
            box_alpha=0,
            color=charts.QUIET,
            font_properties={"size": TEXT_SIZE},
            width_fraction=0.004,
            border_pad=0,
            pad=0,
        )
    )
    if country.islands is None:
        return
    width, height = sheet.layout.boxes
    names = country.names(language)
    rows = list(
        zip(
            country.islands.itertuples(), country.islands.to_crs(cartography.PROJECTION).geometry, strict=True
        )
    )
    for number, (row, shape) in enumerate(rows):
        x, y = sheet.box(number, len(rows))
        sheet.axes.add_artist(
            Rectangle(
                (x, y),
                width,
                height,
                facecolor="white",
                edgecolor=cartography.ISLAND,
                linewidth=0.5,
                gid="inset",
            )
        )
        words = wording.text(
            "map.island_of", language, name=getattr(row, f"name_{language}"), province=names[row.gso_code]
        )
        lines = [line for part in words.split("\n") for line in sheet.broken(part, width - 4, TEXT_SIZE)]
        sheet.write(
            x + width / 2,
            y + 2,
            "\n".join(lines),
            TEXT_SIZE,
            "islands-label",
            va="bottom",
            ha="center",
            color=charts.QUIET,
            linespacing=1.05,
        )
        foot = 4 + 7.6 * len(lines)
        west, south, east, north = shape.bounds
        scale = min((width - 12) / (east - west), (height - foot - 6) / (north - south))
        points = np.array([(part.centroid.x, part.centroid.y) for part in shape.geoms])
        middle = np.array([(west + east) / 2, (south + north) / 2])
        dots = (points - middle) * scale + (x + width / 2, y + foot + (height - foot) / 2)
        sheet.axes.plot(*dots.T, "o", color=cartography.ISLAND, markersize=1.8, gid=f"islands-{row.gso_code}")


def _ended(line):
    return line if line.endswith(".") else f"{line}."


# --- words ------------------------------------------------------------------------------------------------


def _main(series):
    """The units that most of the years are of (str)."""
    shown = list(series.vintages.values())
    return max(dict.fromkeys(reversed(shown)), key=shown.count)


def _named(years, language):
    return wording.listing(map(str, years), language)


def _what(index, measure, component, language):
    name = index.component_name(component, language) if component else ""
    key = f"year_maps.what_{measure}{'_component' if component else ''}"
    return wording.text(key, language, component=name)


def _span(series):
    first, last = series.years[0], series.years[-1]
    return str(first) if first == last else f"{first}–{last}"


def _range(series, language):
    counts = sorted(series.counts[year] for year in series.classes)
    if counts[0] == counts[-1]:
        return str(counts[0])
    return wording.text("year_maps.counts", language, low=counts[0], high=counts[-1])


def _source(series, language):
    kinds = {kind for classes in series.classes.values() for kind in findings.held(classes.layer)}
    return findings.sources([series.index], ["published" if kinds == {"published"} else "reported"], language)


def _credits(series, country, language):
    """Source and credit lines; the panels have no lines of the neighbours."""
    return [_source(series, language), *findings.credits(replace(country, neighbours=None), language)]


def title(series, language):
    """
    Write the title.

    Parameters
    ----------
    series : Series
    language : {"en", "vi"}

    Returns
    -------
    str
        What is shown, of which years; that it is an aggregate where it is one.
    """
    index, component = series.index, series.component
    name = index.component_name(component, language) if component else ""
    key = f"year_maps.title_{series.measure}{'_component' if component else ''}"
    written = wording.text(key, language, index=index.short, component=name, years=_span(series))
    return wording.text("map.title_merged", language, title=written) if series.aggregated else written


def subtitle(series, language, weighted=False):
    """
    Write the line below the title: the unit, that the scale is common, n.

    Parameters
    ----------
    series : Series
    language : {"en", "vi"}
    weighted : bool
        Whether merged provinces were weighted.

    Returns
    -------
    str
    """
    if series.measure == "score":
        units = findings.units_of(series.scale.layer, language)
    else:
        units = wording.text(f"year_maps.units_{series.measure}", language)
    mean = wording.text(f"map.mean_{'weighted' if weighted else 'unweighted'}", language)
    key = f"year_maps.subtitle{'_merged' if series.aggregated else ''}"
    return wording.text(key, language, units=units, n=_range(series, language), mean=mean)


def _notes(series, language):
    """A note at the foot that says what makes years unlike one another."""
    told = []
    if series.begins:
        key = "note_series_all" if len(series.begins) == len(series.years) - 1 > 1 else "note_series"
        told.append(wording.text(f"year_maps.{key}", language, years=_named(series.begins, language)))
    if series.measure == "z_score" and (small := [year for year, n in series.counts.items() if 0 < n < FEW]):
        told.append(wording.text("year_maps.note_small", language, years=_named(small, language), few=FEW))
    for year, ranked in series.few.items():
        told.append(wording.text("year_maps.note_few", language, year=year, ranked=ranked, of=series.most))
    if series.empty:
        told.append(wording.text("year_maps.note_empty", language, years=_named(series.empty, language)))
    absent = [year for year in range(series.years[0], series.years[-1]) if not series.index.has_year(year)]
    if absent:
        told.append(wording.text("year_maps.note_absent", language, years=_named(absent, language)))
    if len(set(series.vintages.values())) > 1:
        told.append(wording.text("year_maps.note_units", language))
    return [" ".join(told)] if told else []


def describe(series, names, language):
    """
    Say what the panels show, for those who do not see them.

    Parameters
    ----------
    series : Series
    names : pandas.Series
        Names in the language of the units that most years are of, by code.
    language : {"en", "vi"}

    Returns
    -------
    str
        Subject, years, n, who is in the best and in the worst class in at least half of the years, where new
        series begin, which years have no figure.
    """
    what = _what(series.index, series.measure, series.component, language)
    values = {
        "what": what,
        "index": series.index.short,
        "years": _span(series),
        "n": _range(series, language),
    }
    kind = "_merged" if series.aggregated else "_one" if len(series.years) == 1 else ""
    told = [wording.text(f"year_maps.alt{kind}", language, panels=len(series.years), **values)]
    best, worst, count = _ends(series)
    for key, times in (("best", best), ("worst", worst)):
        listed = [
            wording.text("year_maps.name_years", language, name=names[code], count=number)
            for code, number in times[:NAMED]
        ]
        if len(times) > NAMED:
            listed.append(wording.text("year_maps.more", language, count=len(times) - NAMED))
        who = wording.listing(listed, language) or wording.text("year_maps.none", language)
        told.append(wording.text(f"year_maps.alt_{key}", language, count=count, units=len(names), names=who))
    if series.begins:
        told.append(wording.text("year_maps.alt_series", language, years=_named(series.begins, language)))
    if series.empty:
        told.append(wording.text("year_maps.alt_empty", language, years=_named(series.empty, language)))
    return " ".join(told)


def _ends(series):
    """Codes with the number of years in the best, and in the worst class; how many years were looked at."""
    of_main = [classes for year, classes in series.classes.items() if series.vintages[year] == _main(series)]
    last = len(series.scale.limits) - 1
    places = (0, last) if series.scale.layer.scale == "reversed" else (last, 0)
    found = []
    for place in places:
        times = sum((classes.number == place).fillna(False).astype(int) for classes in of_main)
        often = times[2 * times >= len(of_main)] if last else times[:0]
        found.append(list(often.sort_values(ascending=False, kind="stable").items()))
    return *found, len(of_main)


def tabulate(series, countries, language):
    """
    Lay out the figures as a table.

    Parameters
    ----------
    series : Series
    countries : dict of str to helpers.cartography.Country
        By vintage.
    language : {"en", "vi"}
        Of the names.

    Returns
    -------
    pandas.DataFrame
        One row a unit in the order of the codes: gso_code, province, and a column a year, missing where there
        is no value; ranks as published. Where years are of different sets of units those of each have their
        rows, and ``units`` ("63" or "34") says which.
    """
    tables = []
    for vintage, country in countries.items():
        table = pd.DataFrame({"province": country.names(language)})
        for year in series.years:
            own = series.vintages[year] == vintage and year in series.classes
            values = series.classes[year].layer.table["value"] if own else pd.Series(dtype=float)
            stretched = series.most / series.few[year] if year in series.few else 1
            table[str(year)] = (values / stretched).reindex(table.index)
        tables.append(table.rename_axis("gso_code").reset_index().assign(units=vintage))
    whole = pd.concat(tables, ignore_index=True)
    if len(tables) == 1:
        return whole.drop(columns="units")
    return whole[["units", *whole.columns.drop("units")]]


def _gaps(series, countries, language):
    """Sentences that name the units without a class, year by year, with what to fold below them."""
    told = []
    for year in series.years:
        if year in series.empty:
            told.append((wording.text("year_maps.gap_empty", language, year=year), ""))
            continue
        layer, names = series.classes[year].layer, countries[series.vintages[year]].names(language)
        for state, codes in layer.gaps.items():
            listed = wording.listing(wording.alphabetical(names[codes], language), language)
            many = len(codes) > findings.NAMED
            values = {"reason": wording.text(f"map.reason_{state}", language), "count": len(codes)}
            line = wording.text(f"map.gap_{'many' if many else 'few'}", language, names=listed, **values)
            told.append(
                (wording.text("year_maps.gap", language, year=year, text=line), f"{listed}." if many else "")
            )
    return told or [(wording.text("map.missing_none", language), "")]
