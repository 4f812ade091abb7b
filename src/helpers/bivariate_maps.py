"""Maps of two indices at once: nine colours show where the two agree and where they differ."""

import functools
import itertools
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from helpers import cartography, charts, correlation, measures, palettes, wording
from helpers import classes as classing
from helpers import map_findings as findings
from helpers.choropleths import Map, stem

MEASURES = ("score", "rank")
# Below this a class of the nine would have less than one unit on average.
MINIMUM = 9
SHOWN, ONLY_FIRST, ONLY_SECOND, NEITHER = "shown", "only_first", "only_second", "neither"
BLANKS = {
    ONLY_FIRST: palettes.OTHER_MEASURE,
    ONLY_SECOND: {"facecolor": "#ffffff", "hatch": "\\\\\\\\", "hatchcolor": "#8a8a8a"},
    NEITHER: palettes.NO_FIGURE,
}
# How many are named on each side of the map, and of each corner in the alternative text.
LABELLED, LISTED = 3, 6
LOW, MIDDLE, HIGH = range(3)
CORNERS = {"high_high": (HIGH, HIGH), "low_low": (LOW, LOW), "high_low": (HIGH, LOW), "low_high": (LOW, HIGH)}
# Side of a square of the legend, points; where there is less room the note stands below the map.
_SQUARE, _SMALL_SQUARE = 28, 24


@dataclass(frozen=True)
class Pair:
    """
    Two indices of a year, each cut at the thirds of the units that have both.

    Attributes
    ----------
    layers : (helpers.measures.Layer, helpers.measures.Layer)
        Of all units.
    classes : (helpers.classes.Classes, helpers.classes.Classes)
        Of the units that have both.
    table : pandas.DataFrame
        One row a unit, by ``gso_code``: ``value_first``, ``value_second`` (float), ``class_first``,
        ``class_second`` (Int64; 0 low, 1 middle, 2 high, the better the higher; missing where only one index
        has the unit) and ``state`` (`SHOWN`, `ONLY_FIRST`, `ONLY_SECOND` or `NEITHER`).
    """

    layers: tuple
    classes: tuple
    table: pd.DataFrame = field(repr=False)

    @property
    def indices(self):
        """The two indices (tuple of helpers.registry.Index)."""
        return tuple(layer.index for layer in self.layers)

    @property
    def measure(self):
        """What of them is shown: "score" or "rank" (str)."""
        return self.layers[0].measure

    @property
    def year(self):
        """The year (int)."""
        return self.layers[0].year

    @property
    def aggregated(self):
        """Whether the values are aggregates of merged provinces (bool)."""
        return self.layers[0].aggregated

    @property
    def n(self):
        """How many units have both (int)."""
        return len(self.codes(SHOWN))

    def codes(self, state):
        """Codes of the units in a state (list of str)."""
        return list(self.table.index[self.table["state"] == state])

    @functools.cached_property
    def members(self):
        """
        Codes of the units of each of the nine classes, by class of either index (dict of tuple to list).

        Where the two differ the most contrary come first, where they agree the most extreme; equals by code.
        """
        both = self.table[self.table["state"] == SHOWN]
        first, second = (
            both[f"value_{which}"].rank(ascending=self.measure == "score") for which in ("first", "second")
        )
        found = {}
        for place in itertools.product((LOW, MIDDLE, HIGH), repeat=2):
            inside = (both["class_first"] == place[0]) & (both["class_second"] == place[1])
            signs = [1 if each >= MIDDLE else -1 for each in place]
            extreme = (signs[0] * first + signs[1] * second)[inside]
            found[place] = list(extreme.sort_values(ascending=False, kind="stable").index)
        return found


def compare(atlas, first, second, year, measure="score", boundaries=None):
    """
    Put two indices of a year side by side and cut each at its thirds.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    first, second : str
        Slugs of two indices.
    year : int
    measure : {"score", "rank"}
    boundaries : {"63", "34"}, optional
        As in `bivariate`.

    Returns
    -------
    Pair

    Raises
    ------
    helpers.measures.NoFigureError, ValueError
        As in `bivariate`.

    Notes
    -----
    Limits are those of ``mapclassify.Quantiles`` with k = 3. Where equal values leave two classes these are
    the low and the high one.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure {measure!r} is not known; choose one of {', '.join(MEASURES)}")
    if first == second:
        raise ValueError(f"a map of two indices needs two, not {first} twice")
    vintage = atlas.units(year, boundaries)
    layers = [
        measures.measure(atlas.figures, atlas.registry[slug], year, atlas.codes(year), measure)
        for slug in (first, second)
    ]
    if layers[0].vintage != vintage:
        layers = [measures.merged(layer, atlas.crosswalk, atlas.weights) for layer in layers]
    values = [layer.table["value"] for layer in layers]
    known = [value.notna() for value in values]
    both = known[0] & known[1]
    said = {
        "first": layers[0].index.short,
        "second": layers[1].index.short,
        "year": year,
        "n": int(both.sum()),
    }
    said["measure"] = functools.partial(wording.text, f"bivariate.measure_{measure}")
    if both.sum() < MINIMUM:
        raise measures.NoFigureError("bivariate.nothing_few", minimum=MINIMUM, **said)
    classes = tuple(
        classing.classify(replace(layer, table=layer.table[both]), "quantiles", 3) for layer in layers
    )
    for layer, each in zip(layers, classes, strict=True):
        if len(each.limits) == 1:
            raise measures.NoFigureError("bivariate.nothing_equal", index=layer.index.short, **said)
    state = pd.Series(NEITHER, index=both.index)
    state[known[0] & ~known[1]], state[known[1] & ~known[0]], state[both] = ONLY_FIRST, ONLY_SECOND, SHOWN
    table = pd.DataFrame({"value_first": values[0], "value_second": values[1]})
    for which, each in zip(("first", "second"), classes, strict=True):
        table[f"class_{which}"] = _better(each).reindex(table.index)
    return Pair(tuple(layers), classes, table.assign(state=state))


def _better(classes):
    """The class of each unit, the better the higher; of two classes none is the middle."""
    last = len(classes.limits) - 1
    number = last - classes.number if classes.layer.scale == "reversed" else classes.number
    return number * (HIGH // last)


def bivariate(atlas, first, second, year, language="en", measure="score", boundaries=None, size="page"):
    """
    Map two indices of a year at once.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    first, second : str
        Slugs of two indices, for the horizontal and the vertical side of the legend.
    year : int
    language : {"en", "vi"}
    measure : {"score", "rank"}
    boundaries : {"63", "34"}, optional
        By default those of the year. A year to 2024 on "34" shows means of the merged provinces, and says so.
    size : {"page", "half", "slide"}

    Returns
    -------
    helpers.choropleths.Map
        Every unit is an artist with the gid ``province-<gso_code>``. Squares of the legend are
        ``legend-square-<class of first>-<class of second>``, their counts ``legend-count-...``. Its table has
        the classes as 1 (low) to 3 (high).

    Raises
    ------
    helpers.measures.NoFigureError
        If fewer than `MINIMUM` units have both, so many of these are equal in one of the two that it
        cannot be cut, or one has no figures.
    ValueError
        If a parameter is unknown, or the two are the same.
    """
    wording.check_language(language)
    pair = compare(atlas, first, second, year, measure, boundaries)
    country = atlas.country(pair.layers[0].vintage)
    words = findings.words(
        country,
        lambda each: title(pair, each),
        lambda each: describe(pair, country.names(each), each),
        lambda each: _source(pair, each),
    )
    heads = words["title"][language], subtitle(pair, language, atlas.weights is not None)
    small = size == "half"
    notes = [*_part_note(pair, language), _source(pair, language), *findings.credits(country, language)]
    if small:
        kind = "_rank" if _kind(pair) == "rank" else ""
        notes.insert(0, wording.text(f"bivariate.legend_note_small{kind}", language))
    sheet = cartography.sheet(size, heads, notes, country)
    draw(sheet, pair, language, small)
    names = country.names(language)
    table = tabulate(pair, names)
    values = {"title": words["title"][language], "n": pair.n, "of": len(table)}
    parts = ["pair", first, second, "rank" if measure == "rank" else ""]
    return Map(
        stem(*parts, layer=pair.layers[0], size=size),
        sheet.figure,
        language,
        words,
        wording.text("map.caption", language, **values),
        table,
        word_table(table, pair, language),
        tell_gaps(pair, names, language),
        pair.aggregated,
    )


# --- drawing ----------------------------------------------------------------------------------------------


def draw(sheet, pair, language, small=False):
    """
    Draw a pair on a sheet: units, insets, islands, legend, labels.

    Parameters
    ----------
    sheet : helpers.cartography.Sheet
    pair : Pair
    language : {"en", "vi"}
    small : bool
        As in `legend`.
    """
    colours = palettes.bivariate(*(index.colours for index in pair.indices))
    styles = {
        row.Index: {"facecolor": tuple(colours[row.class_first, row.class_second])}
        if row.state == SHOWN
        else BLANKS[row.state]
        for row in pair.table.itertuples()
    }
    sheet.draw(styles)
    sheet.scale_bar()
    sheet.insets(styles, language)
    sheet.islands(language)
    legend(sheet, pair, colours, language, small)
    names = sheet.country.names(language)
    sheet.label({code: _label(pair, code, names, language) for code in labelled(pair)})


def legend(sheet, pair, colours, language, small=False):
    """
    Set the nine squares with their counts, axes and limits, and then the units without a colour.

    Parameters
    ----------
    sheet : helpers.cartography.Sheet
    pair : Pair
    colours : numpy.ndarray, shape (3, 3, 4)
        By class of the first and of the second index.
    language : {"en", "vi"}
    small : bool
        Whether to draw the squares smaller and leave the note on them out.
    """
    square = _SMALL_SQUARE if small else _SQUARE
    side = 3 * square

    def written(text, gid, size=cartography.NOTE_SIZE, **style):
        return sheet.axes.text(0, 0, text, gid=gid, fontsize=size, **style)

    heading = wording.text(f"bivariate.legend{_merged(pair)}", language)
    heading = written(heading, "legend-heading", cartography.LEGEND_SIZE, weight="bold")
    note = "" if small else wording.text(f"bivariate.legend_note_{_kind(pair)}", language, n=pair.n)
    note = written(note, "legend-note", color=charts.QUIET, va="bottom")
    axes = [
        written(wording.text(f"bivariate.axis_{pair.measure}", language, index=index.short), "legend-axis")
        for index in pair.indices
    ]
    ticks = [
        [(at, written(text, "legend-limit", color=charts.QUIET)) for at, text in _limits(classes, language)]
        for classes in pair.classes
    ]

    # From the left: title of the vertical axis, its limits, squares; half a limit stands out at either side.
    deep = max(sheet.size(text)[2] for _, text in ticks[1])
    half = max(sheet.size(text)[2] for _, text in ticks[0]) / 2
    left = max(14 + deep, half)
    width = max(left + side + half, *(sheet.size(text)[2] for text in (heading, note)))
    foot = sheet.size(note)[3] + 30
    height = foot + side + 20
    rows = [(_blank(pair, state, language), BLANKS[state]) for state in BLANKS if pair.codes(state)]
    # The units without a colour and the scale bar go below.
    lowest = 0 if small else height / 2 + 68 + 13 * len(rows)
    x, y = sheet.put(width, height, (0, max(lowest, sheet.height * 0.52)))
    # The lines around the country do not run through letters.
    sheet.axes.add_artist(
        Rectangle((x - 4, y - 2), width + 8, height + 4, facecolor="white", edgecolor="none", zorder=0.8)
    )
    heading.set_position((x, y + height - 10))
    note.set_position((x, y))
    corner = np.array([x + left, y + foot])
    for place in itertools.product((LOW, MIDDLE, HIGH), repeat=2):
        _square(
            sheet,
            corner + square * np.array(place),
            square,
            colours[place],
            place,
            len(pair.members[place]),
        )
    for at, text in ticks[0]:
        text.set(position=(corner[0] + at * square, corner[1] - 3), ha="center", va="top")
    for at, text in ticks[1]:
        # The lowest limit of one axis stays clear of that of the other.
        text.set(
            position=(corner[0] - 3, corner[1] + at * square),
            ha="right",
            va={0: "bottom", 3: "top"}.get(at, "center"),
        )
    axes[0].set(position=(corner[0] + side / 2, corner[1] - 13), ha="center", va="top")
    axes[1].set(position=(corner[0] - deep - 6, corner[1] + side / 2), rotation=90, ha="right", va="center")
    if rows:
        beside = (x + 1.5 * width, y) if small else (0, y - 15 - 7 * len(rows))
        sheet.legend(wording.text(f"bivariate.legend_blank_{_kind(pair)}", language), rows, "", beside)


def _square(sheet, corner, square, colour, place, count):
    """Draw a class with its count."""
    name = "-".join(map(str, place))
    style = {"facecolor": tuple(colour), "edgecolor": "white", "linewidth": 0.8}
    sheet.axes.add_artist(Rectangle(corner, square, square, gid=f"legend-square-{name}", **style))
    sheet.axes.text(
        *(corner + square / 2),
        str(count),
        fontsize=cartography.LEGEND_SIZE,
        color=palettes.ink_on(colour),
        ha="center",
        va="center",
        gid=f"legend-count-{name}",
    )


def _limits(classes, language):
    """What stands at an axis, and where, in squares from the corner: limits, or the range of each class."""
    reverse, last = classes.layer.scale == "reversed", len(classes.limits) - 1
    order = range(last, -1, -1) if reverse else range(last + 1)
    if classes.layer.decimals == 0 or classes.fewer:
        # Whole numbers of two classes do not touch: no number says where one ends and the other begins.
        labels = [findings.class_label(classes, place, language).replace(" – ", "–") for place in order]
        return [(step * HIGH // last + 0.5, label) for step, label in enumerate(labels)]
    edges = [*classes.limits[0], *classes.limits[-1]]
    texts = [findings.number(edge, classes.layer, language) for edge in (edges[::-1] if reverse else edges)]
    return list(enumerate(texts))


def labelled(pair):
    """
    Choose the units that the map names: those that are high in one index and low in the other.

    Parameters
    ----------
    pair : Pair

    Returns
    -------
    list of str
        Codes, up to `LABELLED` of either kind, the most contrary first.
    """
    return [*pair.members[HIGH, LOW][:LABELLED], *pair.members[LOW, HIGH][:LABELLED]]


def _label(pair, code, names, language):
    values = {"first": pair.indices[0].short, "second": pair.indices[1].short, "name": names[code]}
    for which, layer in zip(("first", "second"), pair.layers, strict=True):
        value = findings.number(pair.table.at[code, f"value_{which}"], layer, language)
        if pair.measure == "rank" and not pair.aggregated:
            value = wording.text("map.rank", language, rank=value)
        values[f"value_{which}"] = value
    return wording.text("bivariate.label", language, **values)


# --- words ------------------------------------------------------------------------------------------------


def _values(pair):
    return {"first": pair.indices[0].short, "second": pair.indices[1].short, "year": pair.year}


def title(pair, language):
    """
    Write the title of a map.

    Parameters
    ----------
    pair : Pair
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    written = wording.text(f"bivariate.title_{pair.measure}", language, **_values(pair))
    return wording.text("map.title_merged", language, title=written) if pair.aggregated else written


def subtitle(pair, language, weighted=False):
    """
    Write the line below the title: what is cut, n, and classes that are fewer than three.

    Parameters
    ----------
    pair : Pair
    language : {"en", "vi"}
    weighted : bool
        Whether merged provinces were weighted.

    Returns
    -------
    str
    """
    values = {
        "units": wording.text(f"bivariate.units_{pair.measure}", language),
        "n": pair.n,
        "of": len(pair.table),
    }
    if pair.aggregated:
        mean = wording.text(f"map.mean_{'weighted' if weighted else 'unweighted'}", language)
        parts = [wording.text("map.subtitle_merged", language, mean=mean, **values)]
    else:
        parts = [wording.text("bivariate.subtitle", language, **values)]
    for index, classes in zip(pair.indices, pair.classes, strict=True):
        few = {"index": index.short, "count": len(classes.limits)}
        if classes.fewer:
            parts.append(wording.text("bivariate.remark_each", language, **few))
        elif len(classes.limits) < 3:
            parts.append(wording.text("bivariate.remark_tied", language, **few))
    return " · ".join(parts)


def _source(pair, language):
    kinds = [kind for layer in pair.layers for kind in findings.held(layer)]
    return findings.sources(pair.indices, kinds, language)


def _merged(pair):
    return "_merged" if pair.aggregated else ""


def _part_note(pair, language):
    """A line, if one index contains the other: they agree in part whatever the provinces do."""
    if not (found := correlation.whole_of(*pair.indices)):
        return []
    whole, part = found
    values = {"whole": whole.short, "part": part.short, "year": pair.year}
    if not correlation.share_known(whole, pair.year):
        return [wording.text("bivariate.part_of_whole_unknown", language, **values)]
    maximum = whole.max_score(pair.year)
    points = whole.entry["contains"]["share"] * maximum
    values |= {"points": wording.number(points, language, 0), "maximum": wording.number(maximum, language, 0)}
    return [wording.text("bivariate.part_of_whole", language, **values)]


def _kind(pair):
    """Suffix of the texts that say what a unit lacks."""
    return "merged" if pair.aggregated else pair.measure


def _only(pair, state):
    return {} if state == NEITHER else {"index": pair.indices[0 if state == ONLY_FIRST else 1].short}


def _blank(pair, state, language):
    key = "neither" if state == NEITHER else "only"
    return wording.text(f"bivariate.{key}", language, count=len(pair.codes(state)), **_only(pair, state))


def describe(pair, names, language):
    """
    Say what a map shows, for those who do not see it.

    Parameters
    ----------
    pair : Pair
    names : pandas.Series
        Names of the units in the language, by code.
    language : {"en", "vi"}

    Returns
    -------
    str
        Subject, n, the four corners with up to `LISTED` names each, how many have no colour and why.
    """
    values = _values(pair)
    corners, inside = [], 0
    for corner, place in CORNERS.items():
        codes = pair.members[place]
        inside += len(codes)
        listed = ", ".join(names[code] for code in codes[:LISTED])
        key = "found_more" if len(codes) > LISTED else "found"
        found = wording.text(f"bivariate.{key}", language, count=len(codes), names=listed) if codes else "0"
        corners.append(wording.text(f"bivariate.corner_{corner}", language, found=found, **values))
    gaps = [_blank(pair, state, language) for state in BLANKS if pair.codes(state)]
    return wording.text(
        f"bivariate.alt{_merged(pair)}",
        language,
        of=len(pair.table),
        n=pair.n,
        measure=wording.text(f"bivariate.measure_{pair.measure}", language),
        corners=" ".join(corners),
        between=pair.n - inside,
        gaps="; ".join(gaps) or wording.text("bivariate.no_gaps", language),
        **values,
    )


def tell_gaps(pair, names, language):
    """
    Name the units that a map does not colour, by the reason.

    Parameters
    ----------
    pair : Pair
    names : pandas.Series
    language : {"en", "vi"}

    Returns
    -------
    list of (str, str)
        As of `helpers.map_findings.tell_gaps`.
    """
    told = []
    for state in BLANKS:
        if not (codes := pair.codes(state)):
            continue
        listed = wording.listing(wording.alphabetical(names[codes], language), language)
        values = {"reason": _reason(pair, state, language), "count": len(codes)}
        if len(codes) > findings.NAMED:
            told.append((wording.text("map.gap_many", language, **values), f"{listed}."))
        else:
            told.append((wording.text("map.gap_few", language, names=listed, **values), ""))
    return told or [(wording.text("bivariate.none_missing", language), "")]


def _reason(pair, state, language):
    key = "neither" if state == NEITHER else "only"
    return wording.text(f"bivariate.reason_{key}_{_kind(pair)}", language, **_only(pair, state))


def tabulate(pair, names):
    """
    Lay out the figures of a map as a table.

    Parameters
    ----------
    pair : Pair
    names : pandas.Series
        Names of the units, by code.

    Returns
    -------
    pandas.DataFrame
        One row a unit: gso_code, province, value_first, value_second, class_first, class_second (1 low to 3
        high), state, source_first, source_second.
    """
    table = pair.table.assign(province=names)
    table[["class_first", "class_second"]] += 1
    for which, layer in zip(("first", "second"), pair.layers, strict=True):
        ranks = layer.measure == "rank" and not layer.aggregated
        table[f"source_{which}"] = layer.table["rank_source" if ranks else "source"]
    columns = ["province", "value_first", "value_second", "class_first", "class_second", "state"]
    columns += ["source_first", "source_second"]
    return table[columns].reset_index()


def word_table(table, pair, language):
    """
    Put the table of a map into the words of the page.

    Parameters
    ----------
    table : pandas.DataFrame
        From `tabulate`.
    pair : Pair
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        The same rows, the province first, classes and states in words.
    """
    classes = {number: wording.text(f"bivariate.class_{number}", language) for number in (1, 2, 3)}
    reasons = {state: _reason(pair, state, language) for state in BLANKS}
    heads = {name: wording.text(f"map.column_{name}", language) for name in ("province", "gso_code", "state")}
    worded = table.assign(state=table["state"].map(reasons))
    for which, index in zip(("first", "second"), pair.indices, strict=True):
        worded[f"class_{which}"] = worded[f"class_{which}"].map(classes)
        heads[f"class_{which}"] = wording.text("bivariate.column_class", language, index=index.short)
        heads[f"source_{which}"] = wording.text("bivariate.column_source", language, index=index.short)
        worded[f"source_{which}"] = worded[f"source_{which}"].mask(worded[f"source_{which}"] == "")
        heads[f"value_{which}"] = wording.text(
            f"bivariate.column_value_{pair.measure}", language, index=index.short
        )
    if pair.n == len(table):
        worded = worded.drop(columns="state")
    return worded[["province", *worded.columns.drop("province")]].rename(columns=heads)
