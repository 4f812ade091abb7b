"""The look that all figures share, the frame of titles and notes, and charts of points and of coverage."""

import functools
import math
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib import pyplot as plt

from helpers import publishing, wording
from helpers.publishing import PAGE_DPI

INK = "#222222"
QUIET = "#595959"
MISSING = "#d9d9d9"

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "text.color": INK,
    "hatch.linewidth": 0.5,
    **publishing.OUTPUT,
}


def apply_style():
    """Set the shared look for every figure drawn after this call."""
    mpl.rcParams.update(STYLE)


@dataclass(frozen=True)
class Sizes:
    """
    Sizes of what is written around a drawing, in points.

    Attributes
    ----------
    title, subtitle, notes : float
        Of the letters.
    margin : float
        At the four edges of the figure.
    leading : float
        Height of a line, in sizes of its letters.
    above, below : float
        Between the drawing and the subtitle, and between it and the notes.
    """

    title: float = 12
    subtitle: float = 9
    notes: float = 6.5
    margin: float = 8.64
    leading: float = 1.35
    above: float = 2.88
    below: float = 4.32


SIZES = Sizes()


def frame(figure, title, subtitle, notes, sizes=SIZES):
    """
    Write the title, the line of units and counts, and the source and credit lines of a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    title : str
        What is shown, for which year; bold at the top left.
    subtitle : str
        Units and n; below the title.
    notes : list of str
        Source, credit and how to read it; small at the bottom left. Long lines are broken to the width.
    sizes : Sizes
        Other than usual for a small figure.

    Returns
    -------
    (float, float)
        Bottom and top of the space that is left for drawing, as fractions of the height of the figure.
    """
    width, height = figure.get_size_inches() * 72
    left = sizes.margin / width
    heads, foot = _framed(width, title, subtitle, notes, sizes)
    y = height - sizes.margin
    for line, size, weight, colour in heads:
        figure.text(
            left, y / height, line, fontsize=size, fontweight=weight, color=colour, va="top", ha="left"
        )
        y -= size * sizes.leading
    top = (y - sizes.above) / height
    y = sizes.margin
    for line in reversed(foot):
        figure.text(left, y / height, line, fontsize=sizes.notes, color=QUIET, va="bottom", ha="left")
        y += sizes.notes * sizes.leading
    return (y + sizes.below) / height, top


def frame_height(width, title, subtitle, notes, sizes=SIZES):
    """
    Say how high a figure is that has a frame and nothing in it.

    Parameters
    ----------
    width : float
        Of the figure, in points.
    title, subtitle, notes, sizes
        As for `frame`.

    Returns
    -------
    float
        Points.
    """
    heads, foot = _framed(width, title, subtitle, notes, sizes)
    letters = sum(size for _, size, _, _ in heads) + sizes.notes * len(foot)
    return letters * sizes.leading + 2 * sizes.margin + sizes.above + sizes.below


def _framed(width, title, subtitle, notes, sizes):
    """Break the texts of a frame into lines: those above with size, weight and colour, those below."""
    room = width - 2 * sizes.margin
    heads = [(line, sizes.title, "bold", INK) for line in broken(title, room, sizes.title, "bold")]
    heads += [(line, sizes.subtitle, "normal", QUIET) for line in broken(subtitle, room, sizes.subtitle)]
    return heads, [line for note in notes for line in broken(note, room, sizes.notes)]


def broken(text, room, size, weight="normal"):
    """
    Break a text into lines: at its separators (" · ") if that takes no more lines, else between words.

    Parameters
    ----------
    text : str
    room : float
        Width of a line in points.
    size : float
        Of the letters, in points.
    weight : {"normal", "bold"}

    Returns
    -------
    list of str
        At least one. A word that is wider than the room has a line of its own.
    """
    lines = _filled(text.split(" "), room, size, weight)
    if len(lines) > 1 and " · " in text:
        parts = text.split(" · ")
        parts = [f"{part} ·" for part in parts[:-1]] + parts[-1:]
        kept = _greedy(parts, room, size, weight)
        if len(kept) <= len(lines) and all(text_width(line, size, weight) <= room for line in kept):
            return [line.removesuffix(" ·") for line in kept]
    return lines


def _filled(words, room, size, weight):
    """Put words on lines as long as they fit, then even the lines out so that no word is left alone."""
    lines = _greedy(words, room, size, weight)
    if len(lines) > 1 and text_width(lines[-1], size, weight) < room / 3:
        for narrower in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6):
            evened = _greedy(words, room * narrower, size, weight)
            if len(evened) > len(lines):
                break
            lines = evened
    return lines


def _greedy(words, room, size, weight):
    lines = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _fits(longer, room, size, weight):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _fits(line, room, size, weight):
    # Words return, lines do not: only a line that nearly fills the room is measured as a whole.
    words = line.split(" ")
    space = text_width("n n", size, weight) - text_width("nn", size, weight)
    rough = sum(text_width(word, size, weight) for word in words) + space * (len(words) - 1)
    if abs(rough - room) > 0.1 * room:
        return rough < room
    return text_width(line, size, weight) <= room


@functools.lru_cache(maxsize=8192)
def text_width(text, size, weight="normal"):
    """
    Measure a line of text.

    Parameters
    ----------
    text : str
    size : float
        Of the letters, in points.
    weight : {"normal", "bold"}

    Returns
    -------
    float
        Points; a little more than the outlines take, as letters are set on whole pixels.
    """
    from matplotlib.font_manager import FontProperties

    from helpers import rendering

    font = FontProperties(family=STYLE["font.family"], size=size, weight=weight)
    return 1.02 * rendering.extent(text, font)[0]


LABELS = 14
_LABEL_SIZE = 7.5
_POINT, _POINT_LABELLED = "#8c8c8c", INK


def scatter(points, first, second, year, measure, language, provinces, estimate, remark=""):
    """
    Draw two indices against each other, a point a province; the most extreme ones are named.

    Parameters
    ----------
    points : pandas.DataFrame
        As made by `helpers.correlation.points`: ``x``, ``y``, ``x_ranked``, ``y_ranked``, ``gap`` by
        ``gso_code``; at least one row.
    first, second : helpers.registry.Index
        On the horizontal and the vertical axis.
    year : int
    measure : {"score", "rank"}
        For ranks both axes run so that the best is at the top right; where both indices rank about as many
        provinces the scales are equal and a diagonal marks equal ranks.
    language : {"en", "vi"}
    provinces : helpers.provinces.Provinces
    estimate : helpers.coefficients.Estimate or pandas.Series
        Spearman's, for the line below the title.
    remark : str
        A further note at the bottom; "" for none.

    Returns
    -------
    matplotlib.figure.Figure
        6.3 x 6.2 inches, 6.7 for ranks. At most `LABELS` points are labelled, none over another and none cut.
    """
    from helpers.coefficients import MINIMUM_PAIRS
    from helpers.findings import result_text

    apply_style()
    ranks = measure == "rank"
    values = {"a": first.short, "b": second.short, "year": year, "n": len(points)}
    values |= {"total": len(provinces.codes), "result": result_text(estimate, language)}
    notes = [wording.text(f"correlate.figure_note_{measure}", language, **values)]
    notes += [remark] if remark else []
    held = [points[f"{axis}_held"].iloc[0] if len(points) else "reported" for axis in "xy"]
    notes.append(_sources((first, second), held, language))
    figure = plt.figure(figsize=(6.3, 6.7 if ranks else 6.2), dpi=PAGE_DPI)
    bottom, top = frame(
        figure,
        wording.text(f"correlate.figure_title_{measure}", language, **values),
        wording.text("correlate.figure_subtitle", language, **values),
        notes,
    )
    width, height = figure.get_size_inches()
    left, below, above = 0.7 / width, 0.46 / height, 0.3 / height
    space = (left, bottom + below, 1 - left - 0.14 / width, top - above - bottom - below)
    axes = figure.add_axes(space)
    for name, index, ranked in (("x", first, "x_ranked"), ("y", second, "y_ranked")):
        label = {"index": index.short, "unit": index.unit(language), "ranked": int(points[ranked].iloc[0])}
        axes.set(**{f"{name}label": wording.text(f"correlate.axis_{measure}", language, **label)})
    lines = (_rank_axes if ranks else _score_axes)(axes, points, language)
    if len(points) >= MINIMUM_PAIRS:
        lines += _medians(axes, points, language)
    handles = _draw_points(axes, points, provinces, language)
    axes.legend(
        handles=handles + lines,
        loc="lower left",
        bbox_to_anchor=(0, 1, 1, 0),
        ncols=4,
        frameon=False,
        fontsize=_LABEL_SIZE,
        handletextpad=0.4,
        columnspacing=1.2,
        borderaxespad=0.2,
    )
    _label(axes, points, provinces, language)
    return figure


def _sources(pair, held, language):
    sources = []
    for index, kind in zip(pair, held, strict=True):
        values = {"index": index.short, "publisher": index.publisher(language)}
        sources.append(wording.text(f"correlate.source_{kind}", language, **values))
    return f"{wording.text('common.source', language)}: {'; '.join(sources)}."


def _rank_axes(axes, points, language):
    """Turn both axes so that rank 1 is at the top right; the equal-rank line, where ranks can be equal."""
    ranked = [int(points["x_ranked"].iloc[0]), int(points["y_ranked"].iloc[0])]
    # Rank 5 of 10 and rank 5 of 63 are not the same standing.
    comparable = min(ranked) > 0.9 * max(ranked)
    limits = [max(ranked)] * 2 if comparable else ranked
    for name, last in zip("xy", limits, strict=True):
        step = 10 if last > 20 else 1
        ticks = [1, *range(step, last + 1, step)] if step > 1 else range(1, last + 1)
        axes.set(**{f"{name}lim": (last + last * 0.08, 1 - last * 0.08), f"{name}ticks": list(ticks)})
    axes.set_box_aspect(1)
    axes.set_anchor("W")
    if not comparable:
        return []
    axes.set_aspect("equal")
    ends = [1, limits[0]]
    label = wording.text("correlate.legend_equal", language)
    return axes.plot(ends, ends, color=QUIET, linewidth=0.7, linestyle=(0, (6, 3)), zorder=1, label=label)


def _score_axes(axes, points, language):
    """Leave room for labels around the points; write ticks as the language does."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis, column in ((axes.xaxis, "x"), (axes.yaxis, "y")):
        low, high = points[column].min(), points[column].max()
        room = 0.1 * (high - low) or 1.0
        axes.set(**{f"{column}lim": (low - room, high + room)})
        locator = MaxNLocator(7, steps=[1, 2, 2.5, 5, 10])
        ticks = locator.tick_values(low - room, high + room)
        step = ticks[1] - ticks[0]
        decimals = next(places for places in range(9) if math.isclose(round(step, places), step))
        axis.set_major_locator(locator)
        axis.set_major_formatter(
            FuncFormatter(lambda value, _, places=decimals: wording.number(value, language, places))
        )
    return []


def _medians(axes, points, language):
    label = wording.text("correlate.legend_median", language)
    style = {"color": QUIET, "linewidth": 0.6, "linestyle": (0, (1, 2)), "zorder": 1}
    axes.axvline(points["x"].median(), **style)
    return [axes.axhline(points["y"].median(), label=label, **style)]


def _draw_points(axes, points, provinces, language):
    named = set(_standouts(points))
    handles = []
    cities = points.index.isin(provinces.cities)
    for marker, size, chosen, key in (
        ("o", 24, ~cities, "legend_province"),
        ("D", 26, cities, "legend_city"),
    ):
        if chosen.any():
            part = points[chosen]
            colours = [_POINT_LABELLED if code in named else _POINT for code in part.index]
            label = wording.text(f"correlate.{key}", language)
            axes.scatter(part["x"], part["y"], s=size, c=colours, marker=marker, linewidths=0, zorder=3)
            handles += axes.plot([], [], marker, color=_POINT_LABELLED, markersize=4.5, label=label)
    return handles


def _standouts(points):
    """Codes to name, the most telling first: best and worst on either axis, then the widest gaps."""
    ends = []
    for column in ("x", "y"):
        order = list(points[column].sort_values(kind="stable").index)
        ends += [*zip(order[:2], order[::-1][:2], strict=True)]
    gaps = points["gap"].abs().sort_values(ascending=False, kind="stable").index
    return list(dict.fromkeys([code for pair in ends for code in pair] + list(gaps)))[:LABELS]


def _label(axes, points, provinces, language):
    """Name the points that stand out."""
    named = points.loc[_standouts(points)]
    names = [provinces.name(code, language) for code in named.index]
    name_points(axes, named, names, points, textsize=_LABEL_SIZE, margin=0.009, min_distance=0.011)


class _OfData:
    """Transforms like the data of the axes, in the one form that textalloc takes a transformation in."""

    def _as_mpl_transform(self, axes):
        return axes.transData


def name_points(axes, named, names, points, **options):
    """
    Write names beside points; one that fits nowhere without covering another is left away.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With its limits set.
    named : pandas.DataFrame
        Columns ``x`` and ``y``; the points to name, the most telling first.
    names : list of str
    points : pandas.DataFrame
        All points, which no name covers.
    **options
        Further ones of `textalloc.allocate`: size of the letters, distances, lines to keep clear of.
    """
    from textalloc import allocate

    # Without a transformation textalloc draws the whole figure, to know where the axes lie.
    axes.apply_aspect()
    allocate(
        axes,
        named["x"].to_numpy(),
        named["y"].to_numpy(),
        names,
        x_scatter=points["x"].to_numpy(),
        y_scatter=points["y"].to_numpy(),
        transform=_OfData(),
        max_distance=0.15,
        nbr_candidates=100,
        draw_all=False,
        linecolor=QUIET,
        linewidth=0.5,
        avoid_crossing_label_lines=True,
        va="bottom",
        zorder=4,
        # A box, not an outline: outlined text would be no text in the SVG, and takes longer.
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        **options,
    )


def coverage(figures, registry, language, notes):
    """
    Draw how many provinces have a figure, by index and year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    language : {"en", "vi"}
    notes : list of str
        As for `frame`.

    Returns
    -------
    matplotlib.figure.Figure
        A heat map, indices down and years across; in each cell the provinces with a score above those with a
        rank. White where the registry has no such year.
    """
    import cmcrameri
    import pandas as pd
    import seaborn as sns

    totals = figures[figures["component"] == ""].groupby(["index", "year"])
    counts = totals.agg(score=("score", "count"), rank=("rank", "count"), rows=("gso_code", "size"))
    years = range(
        min(min(index.years) for index in registry), max(max(index.years) for index in registry) + 1
    )
    names = [index.short for index in registry]
    shades = pd.DataFrame(float("nan"), names, years)
    written = pd.DataFrame("", names, years)
    for index in registry:
        for year in index.years:
            row = counts.loc[(index.slug, year)] if (index.slug, year) in counts.index else None
            shades.at[index.short, year] = 0 if row is None else row["rows"]
            written.at[index.short, year] = "0\n0" if row is None else f"{row['score']}\n{row['rank']}"
    apply_style()
    figure = plt.figure(figsize=(9.2, 1.35 + 0.72 * len(names)))
    bottom, top = frame(
        figure,
        wording.text("clean.coverage_title", language, first=years[0], last=years[-1]),
        wording.text("clean.coverage_units", language),
        notes,
    )
    low, high = bottom + 0.1, top - 0.03
    axes = figure.add_axes((0.09, low, 0.83, high - low))
    sns.heatmap(
        shades,
        ax=axes,
        cbar_ax=figure.add_axes((0.935, low, 0.012, high - low)),
        cmap=cmcrameri.cm.devon_r,
        vmin=0,
        vmax=63,
        annot=written,
        fmt="",
        annot_kws={"fontsize": 7.5, "linespacing": 1.15},
        linewidths=1.2,
        linecolor="white",
    )
    # The clip path of a mesh is named by its address in memory, which differs from run to run.
    axes.collections[0].set_clip_path(None)
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="x", rotation=0)
    axes.tick_params(axis="y", rotation=0, labelcolor=INK)
    figure.axes[1].tick_params(labelsize=7, length=2)
    return figure
