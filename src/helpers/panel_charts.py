"""Pictures of all years: level and spread by year, and how far the order of two years agrees."""

import itertools
import math

import numpy as np
from matplotlib import pyplot as plt

from helpers import comparability, wording
from helpers.charts import INK, MISSING, QUIET, apply_style, frame
from helpers.panel import COVERAGE, complete
from helpers.publishing import PAGE_DPI

# Fewer years make no picture.
MINIMUM_YEARS = 4
# Pictures are as narrow as their years allow, so that a phone shows them at nearly their own size.
_SMALL, _TITLE, _WIDTH = 7, 9, 4.4
# In inches, of a panel of the trends: left of its axis, its height, what its title and its years take.
_LEFT, _PANEL, _ABOVE, _BELOW = 0.46, 1.15, 0.42, 0.4
_LEVEL, _PUBLISHED = "#01425f", "#9c3b00"


def _sources(described, drawn, language):
    parts = []
    for index in drawn:
        values = {"index": index.short, "publisher": index.publisher(language)}
        parts.append(wording.text(f"correlate.source_{described.held[index.slug]}", language, **values))
    return f"{wording.text('common.source', language)}: {'; '.join(parts)}."


# --- level and spread --------------------------------------------------------------------------------------


def trends(described, registry, language):
    """
    Draw level and spread of each index by year, broken where its series breaks.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    matplotlib.figure.Figure or None
        4.4 inches wide; a panel for each scale of each index with figures, one below the other (PAPI has
        maxima of 60 and of 80). Mean as a line with points, median as a thin line, middle half as a
        band, only for years with `helpers.panel.COVERAGE` of the provinces; published national means as open
        diamonds in other years. Below each year the number of provinces with a score. None
        if no index has figures.
    """
    drawn = [index for index in registry if index.slug in described.held]
    if not drawn:
        return None
    panels = [(index, years) for index in drawn for years in _segments(index)]
    each = _PANEL + _ABOVE + _BELOW
    apply_style()
    figure = plt.figure(figsize=(_WIDTH, 2.75 + each * len(panels)), dpi=PAGE_DPI)
    whole = complete(described.levels, registry)
    partial = [index for index in drawn if index not in whole]
    notes = [wording.text("panel.trends_note", language, share=f"{COVERAGE:.0%}".rstrip("%"))]
    if partial:
        names = wording.listing((index.short for index in partial), language)
        notes.append(wording.text("panel.trends_note_partial", language, indices=names))
    notes.append(_sources(described, drawn, language))
    span = {"first": min(years[0] for _, years in panels), "last": max(years[-1] for _, years in panels)}
    bottom, top = frame(
        figure,
        wording.text("panel.trends_title", language, **span),
        wording.text("panel.trends_subtitle", language),
        notes,
    )
    height = figure.get_size_inches()[1]
    _legend(figure, top, language)
    top -= 0.56 / height
    # What titles and notes leave, whatever their number of lines.
    each = (top - bottom) / len(panels)
    # A year is as wide in every panel, so that the labels of the longest one have room.
    unit = (1 - (_LEFT + 0.06) / _WIDTH) / max(_calendar(years) for _, years in panels)
    for place, (index, years) in enumerate(panels):
        low, high = top - (place + 1) * each + _BELOW / height, top - place * each - _ABOVE / height
        box = (_LEFT / _WIDTH, low, unit * _calendar(years), high - low)
        _panel(figure, box, described, index, years, language)
    return figure


def _calendar(years):
    # A year that an index leaves out keeps its place.
    return years[-1] - years[0] + 1


def _legend(figure, top, language):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def say(key):
        return wording.text(f"panel.trends_{key}", language)

    handles = [
        Line2D([], [], color=_LEVEL, marker="o", markersize=3.5, linewidth=1.4, label=say("mean")),
        Line2D([], [], color=_LEVEL, linewidth=0.8, label=say("median")),
        Patch(facecolor=_LEVEL, alpha=0.22, linewidth=0, label=say("band")),
        Line2D([], [], label=say("published"), **_open_marker(), linestyle="none"),
        Line2D([], [], color=QUIET, linewidth=0.7, linestyle=(0, (6, 3)), label=say("break")),
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.12 / _WIDTH, top),
        ncols=2,
        frameon=False,
        fontsize=7.5,
        handletextpad=0.5,
        columnspacing=1.6,
        borderaxespad=0,
    )


def _open_marker():
    return {"marker": "D", "markersize": 4, "markerfacecolor": "white", "markeredgecolor": _PUBLISHED}


def _segments(index):
    """Years of one scale each, in the order of time."""
    return [list(years) for _, years in itertools.groupby(index.years, key=index.max_score)]


def _panel(figure, box, described, index, years, language):
    left, low, _, tall = box
    own = described.levels[described.levels["index"] == index.slug].set_index("year")
    values = {"index": index.short, "unit": index.unit(language)}
    key = "panel.trends_panel"
    if len(_segments(index)) > 1:
        key = "panel.trends_panel_scale"
        values["maximum"] = wording.number(index.max_score(years[0]), language, 0)
    height = figure.get_size_inches()[1]
    title = wording.text(key, language, **values)
    figure.text(0.12 / _WIDTH, low + tall + 0.18 / height, title, fontsize=_TITLE, fontweight="bold")
    found = comparability.breaks(index, index.years[0], index.years[-1])
    axes = figure.add_axes(box)
    part = own.loc[years]
    _draw_levels(axes, part, index)
    _axis(axes, part, years, language)
    if len(found) > 1 and len(found) == len(index.years) - 1:
        note = wording.text("panel.trends_breaks_every", language)
        figure.text(left, low + tall + 0.03 / height, note, fontsize=_SMALL, color=QUIET)
    else:
        _draw_breaks(axes, [entry.year for entry in found if entry.year in years], language)


def _draw_levels(axes, part, index):
    for run in _runs(part, "mean"):
        x = run.index.to_numpy()
        if len(run) == 1:
            axes.bar(
                x, run["iqr"], 0.34, run["q25"], color=_LEVEL, alpha=0.22, linewidth=0, zorder=1, gid="band"
            )
            axes.plot([x[0] - 0.17, x[0] + 0.17], [run["median"].iloc[0]] * 2, color=_LEVEL, linewidth=0.8)
        else:
            axes.fill_between(x, run["q25"], run["q75"], color=_LEVEL, alpha=0.22, linewidth=0, gid="band")
            axes.plot(x, run["median"], color=_LEVEL, linewidth=0.8, zorder=2)
        axes.plot(
            x, run["mean"], color=_LEVEL, linewidth=1.4, marker="o", markersize=3.5, zorder=3, gid="mean"
        )
    for run in _runs(part.assign(published_mean=_stand_in(part)), "published_mean"):
        style = {"color": _PUBLISHED, "linewidth": 0.8, "zorder": 3, "gid": "published"}
        axes.plot(run.index, run["published_mean"], **_open_marker(), **style)


def _stand_in(part):
    """Published means of the years without a mean of the provinces."""
    return part["published_mean"].where(part["mean"].isna())


def _runs(part, column):
    """Stretches of neighbouring years of one series and set of provinces in which a column is known."""
    known = part[part[column].notna()]
    new = (known["series"] != known["series"].shift()) | (known.index.to_series().diff() != 1)
    new |= known["of"] != known["of"].shift()
    return [run for _, run in known.groupby(new.cumsum())]


def _axis(axes, part, years, language):
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(years[0] - 0.6, years[-1] + 0.6)
    axes.set_xticks(years, [f"{year}\n{n}" for year, n in part["n"].items()])
    axes.tick_params(axis="both", labelsize=_SMALL, length=2, pad=1.5)
    # The second line of the labels holds the numbers of provinces.
    axes.annotate(
        wording.text("panel.column_n", language),
        (0, 0),
        (-3, -16.2),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=_SMALL,
        color=QUIET,
        ha="right",
        va="center",
    )
    values = part[["mean", "median", "q25", "q75"]].assign(published=_stand_in(part))
    low, high = values.min(axis=None), values.max(axis=None)
    if math.isnan(low):
        axes.set_yticks([])
        nothing = wording.text("panel.trends_nothing", language)
        axes.text(0.5, 0.5, nothing, transform=axes.transAxes, fontsize=7.5, color=QUIET, ha="center")
        return
    room = 0.12 * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)
    locator = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    ticks = locator.tick_values(low - room, high + room)
    step = ticks[1] - ticks[0]
    decimals = next(places for places in range(9) if math.isclose(round(step, places), step))
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.number(value, language, decimals)))
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.5)
    axes.set_axisbelow(True)


def _draw_breaks(axes, years, language):
    for year in years:
        axes.axvline(year - 0.5, color=QUIET, linewidth=0.7, linestyle=(0, (6, 3)), zorder=0, gid="break")
        axes.annotate(
            str(year),
            (year - 0.5, 1),
            (0, 1.5),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize=_SMALL,
            color=QUIET,
            ha="center",
            va="bottom",
        )


def describe_trends(described, registry, language):
    """
    Describe the picture of level and spread for those who do not see it.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        "" if there is no picture.
    """
    if not described.held:
        return ""
    parts = []
    for index in registry:
        if index.slug not in described.held:
            continue
        own = described.levels[described.levels["index"] == index.slug].set_index("year")
        own = own.assign(published_mean=_stand_in(own))
        said = len(parts)
        for column, key in (("mean", "trends_alt_all"), ("published_mean", "trends_alt_published")):
            known = own.loc[own[column].notna(), "n"]
            if len(known):
                runs = ", ".join(_run_text(run[column], language) for run in _runs(own, column))
                values = {"index": index.short, "runs": runs, "n": _counts(known.min(), known.max())}
                parts.append(wording.text(f"panel.{key}", language, **values))
        if len(parts) == said:
            parts.append(wording.text("panel.trends_alt_nothing", language, index=index.short))
    return wording.text("panel.trends_alt", language, parts=". ".join(parts))


def _run_text(values, language):
    ends = {"first": values.index[0], "last": values.index[-1]}
    ends |= {
        "before": wording.number(values.iloc[0], language),
        "after": wording.number(values.iloc[-1], language),
    }
    key = "panel.trends_alt_year" if len(values) == 1 else "panel.trends_alt_run"
    return wording.text(key, language, **ends)


# --- persistence -------------------------------------------------------------------------------------------


def order_tables(described, registry):
    """
    Choose what the picture of persistence shows.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry

    Returns
    -------
    list of (Index, pandas.DataFrame)
        Indices with at least `MINIMUM_YEARS` years of kind "all" in the table of levels, of one set of
        provinces, and the rows of persistence between these years.
    """
    found = []
    for index in registry:
        levels = described.levels[described.levels["index"] == index.slug]
        years = set(levels.loc[levels["kind"] == "all", "year"])
        table = described.persistence
        table = table[(table["index"] == index.slug) & table["first"].isin(years) & table["last"].isin(years)]
        if len(set(table["first"]) | set(table["last"])) >= MINIMUM_YEARS:
            found.append((index, table))
    return found


def order_maps(described, registry, language):
    """
    Draw how far the order of the provinces in one year is that of another.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    matplotlib.figure.Figure or None
        A heat map for each index of `order_tables`, one below the other, earlier years across and later ones
        down, with Spearman's coefficient in each cell; pairs of years of one series are framed. 4.4 inches
        wide, wider where there are more than 14 years. None if there is no such index.
    """
    tables = order_tables(described, registry)
    if not tables:
        return None
    sizes = [len(set(table["first"]) | set(table["last"])) for _, table in tables]
    width = max(_WIDTH, 0.5 + 0.3 * (max(sizes) - 1))
    side = width - 0.5
    # Cells of one size, so that the map of few years is no larger.
    cell = side / (max(sizes) - 1)
    heights = [max(1.3, 0.86 * cell * (size - 1)) for size in sizes]
    apply_style()
    figure = plt.figure(figsize=(width, 1.85 + sum(heights) + 0.62 * len(tables)), dpi=PAGE_DPI)
    bottom, top = frame(
        figure,
        wording.text("panel.heat_title", language),
        wording.text("panel.heat_subtitle", language, n=_n(tables)),
        [
            wording.text("panel.heat_note", language, share=f"{COVERAGE:.0%}".rstrip("%")),
            _sources(described, [index for index, _ in tables], language),
        ],
    )
    height = figure.get_size_inches()[1]
    # What titles and notes leave, whatever their number of lines.
    scale = ((top - bottom) * height - 0.62 * len(tables)) / sum(heights)
    high = top
    for (index, table), size, tall in zip(tables, sizes, heights, strict=True):
        low = high - (tall * scale + 0.62) / height
        box = (0.4 / width, low + 0.3 / height, cell * (size - 1) / width, tall * scale / height)
        _draw_order(figure, figure.add_axes(box), index, table, language)
        high = low
    return figure


def _n(tables):
    counts = [n for _, table in tables for n in table["n"]]
    return _counts(min(counts), max(counts))


def _counts(low, high):
    return str(low) if low == high else f"{low}–{high}"


def _draw_order(figure, axes, index, table, language):
    import cmcrameri

    years = sorted(set(table["first"]) | set(table["last"]))
    place = {year: position for position, year in enumerate(years)}
    cells = np.full((len(years) - 1, len(years) - 1), np.nan)
    for row in table.itertuples():
        cells[place[row.last] - 1, place[row.first]] = row.estimate
    shades = cmcrameri.cm.devon_r.with_extremes(bad="none")
    edges = np.arange(len(years))
    mesh = axes.pcolormesh(
        edges, edges, cells, cmap=shades, vmin=0, vmax=1, edgecolors="white", linewidth=0.8
    )
    # The clip path of a mesh is named by its address in memory, which differs from run to run.
    mesh.set_clip_path(None)
    for row in table.itertuples():
        down, across = place[row.last] - 0.5, place[row.first] + 0.5
        if math.isnan(row.estimate):
            corner = (across - 0.5, down - 0.5)
            axes.add_patch(plt.Rectangle(corner, 1, 1, facecolor=MISSING, edgecolor="white", linewidth=0.8))
        label, colour = wording.number(row.estimate, language), _readable(shades, row.estimate)
        axes.text(across, down, label, fontsize=_SMALL, color=colour, ha="center", va="center")
    for name, run in comparability.runs(index):
        inside = [place[year] for year in run if year in place]
        if len(inside) > 1:
            axes.plot(
                *_stairs(inside[0], inside[-1]), color=INK, linewidth=1.4, gid=f"series {name}", zorder=4
            )
    axes.set(xlim=(-0.05, len(years) - 0.95), ylim=(len(years) - 0.95, -0.05))
    axes.set_xticks(np.arange(len(years) - 1) + 0.5, [str(year) for year in years[:-1]])
    axes.set_yticks(np.arange(len(years) - 1) + 0.5, [str(year) for year in years[1:]])
    axes.tick_params(length=0, labelsize=_SMALL, pad=2)
    axes.spines[:].set_visible(False)
    span = f"{years[0]}–{years[-1]}"
    title = wording.text("panel.heat_panel", language, index=index.short, years=span)
    axes.set_title(title, fontsize=_TITLE, fontweight="bold", loc="left", pad=4)
    bar = axes.inset_axes((0.62, 0.93, 0.36, 0.025))
    colours = figure.colorbar(mesh, cax=bar, orientation="horizontal")
    colours.outline.set_visible(False)
    colours.solids.set_clip_path(None)
    ticks = [0, 0.5, 1]
    colours.set_ticks(ticks, labels=[wording.number(tick, language, 1) for tick in ticks])
    bar.tick_params(labelsize=_SMALL, length=2, pad=1)
    bar.set_title(wording.text("panel.heat_bar", language), fontsize=7.5, pad=2)


def _readable(shades, value):
    """White or ink, whichever stands out more (relative luminance of the WCAG, guideline 1.4.3)."""
    if math.isnan(value):
        return INK
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shades(value)[:3]]
    luminance = np.dot(linear, (0.2126, 0.7152, 0.0722))
    # The luminance of the ink is 0.016.
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.066 else INK


def _stairs(first, last):
    """Outline of the cells that compare years of one series, as x and y."""
    points = [(first, first)]
    for step in range(first, last):
        points += [(step + 1, step), (step + 1, step + 1)]
    points += [(first, last), (first, first)]
    return zip(*points, strict=True)


def describe_order(described, registry, language):
    """
    Describe the picture of persistence for those who do not see it.

    Parameters
    ----------
    described : helpers.panel.Description
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        "" if there is no picture.
    """
    tables = order_tables(described, registry)
    if not tables:
        return ""
    parts = []
    for index, table in tables:
        gaps = table["last"] - table["first"]
        ends = {"near": table[gaps == gaps.min()], "far": table[gaps == gaps.max()]}
        ends = {name: _extent(rows["estimate"], language) for name, rows in ends.items()}
        parts.append(
            wording.text("panel.heat_alt_index", language, index=index.short, lag=gaps.max(), **ends)
        )
    return wording.text("panel.heat_alt", language, parts="; ".join(parts), n=_n(tables))


def _extent(values, language):
    low, high = (wording.number(value, language) for value in (values.min(), values.max()))
    return low if low == high else wording.text("panel.range", language, low=low, high=high)
