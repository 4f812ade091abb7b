"""The heat map of correlations: parts of one index against the totals and parts of the others."""

import math
import textwrap
from itertools import groupby

from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from helpers import charts, indices
from helpers.publishing import PAGE_DPI
from helpers.resampling import LEVEL
from helpers.wording import MISSING, listing, number, text

WIDTHS = (6.3, 9.2)
# Narrowest, usual and widest cell; the first leaves room for 20 columns.
CELL_WIDTHS = (0.335, 0.8, 1.25)
_ROW, _GAP, _MARGIN, _SCALE = 0.4, 0.1, 0.12, 0.58
# Narrower columns have their names upright, and everything a little smaller.
_LEVEL = 0.75
# From here on a cell has room for bold figures and for "n = 63".
_ROOMY = 0.45
_GROUP_SIZE = 8.0
# Advance of DejaVu Sans as a share of its size, on the safe side; the bold face is wider.
_ADVANCE, _ADVANCE_BOLD = 0.6, 0.7
_LINE = 1.2
_BLACK, _WHITE = "#000000", "#ffffff"


def columns_of(table):
    """
    List what the columns of the heat map stand for.

    Parameters
    ----------
    table : pandas.DataFrame
        See `draw`.

    Returns
    -------
    list of (str, str)
        Slug of the index and component, in the order of the table, an index's columns together.
    """
    pairs = dict.fromkeys(zip(table["index_b"], table["component_b"], strict=True))
    order = list(dict.fromkeys(table["index_b"]))
    return sorted(pairs, key=lambda pair: order.index(pair[0]))


def draw(table, figures, registry, provinces, year, language, remark=""):
    """
    Draw correlations as a heat map, with the coefficient and n in every cell.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a cell: ``index_a`` (the same in all), ``component_a`` (rows), ``index_b``, ``component_b``
        (columns; "" is the total), ``n``, ``estimate`` (Spearman's ρ, NaN for none), ``p_adjusted``; with
        ``measure`` ("score" or "rank") where it is to be named. At least one row.
    figures : pandas.DataFrame
        Rows of ``indices.csv``, for what is held of each index.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    year : int
    language : {"en", "vi"}
    remark : str
        A further note at the bottom; "" for none.

    Returns
    -------
    matplotlib.figure.Figure
        6.3 to 9.2 inches wide, as its columns need; above 20 columns wider. Cells without an estimate are
        hatched; those with an adjusted p below 0.05 are framed, and bold where there is room.

    Raises
    ------
    ValueError
        If the rows are not of one index.
    """
    values = _values(table, registry, provinces, year, language)
    heads = _heads(table, registry, language)
    cell = _cell_width(heads)
    margin, size, _ = _sizes(cell)
    width = max(WIDTHS[0], margin + sum(cell + head["gap"] for head in heads) + _SCALE + _MARGIN)
    names = list(dict.fromkeys(table["component_a"]))
    room = int((margin - 0.2) * 72 / (size * _ADVANCE))
    own = registry[table["index_a"].iloc[0]]
    labels = [textwrap.wrap(_name(own, name, language, full=True), room) for name in names]
    row_height = max(_ROW, max(map(len, labels)) * size * _LINE / 72 + 0.06)
    _place(heads, cell)
    above = max(head["height"] for head in heads)
    below = row_height * len(names) + (_GAP if "" in names and len(names) > 1 else 0)

    charts.apply_style()
    level = number(LEVEL, language)
    notes = [text("heatmap.note", language), text("heatmap.note_bold", language, level=level)]
    notes += [remark] if remark else []
    notes.append(_sources(table, figures, registry, year, language))
    framed = (
        text("heatmap.title", language, **values),
        text("heatmap.subtitle" if values["estimated"] else "heatmap.subtitle_none", language, **values),
        notes,
    )
    # The frame takes as many inches as its texts need at this width, whatever the height.
    probe = plt.figure(figsize=(width, 10))
    bottom, top = charts.frame(probe, *framed)
    plt.close(probe)
    height = 10 * (bottom + 1 - top) + above + below + _MARGIN
    figure = plt.figure(figsize=(width, height), dpi=PAGE_DPI)
    bottom, top = charts.frame(figure, *framed)
    axes = figure.add_axes((0, 0, 1, 1))
    # In inches, downwards from the top.
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    axes.patch.set_visible(False)
    y = (1 - top) * height + _MARGIN / 2 + above
    _draw_heads(axes, heads, y, cell)
    cells = {(row.component_a, row.index_b, row.component_b): row for row in table.itertuples()}
    start = y
    for name, label in zip(names, labels, strict=True):
        style = {"fontsize": size, "fontweight": "normal" if name else "bold", "color": charts.INK}
        place = {"ha": "right", "va": "center", "linespacing": 1.05}
        axes.text(margin - 0.08, y + row_height / 2, "\n".join(label), **style, **place)
        for head in heads:
            found = cells.get((name, head["index"], head["component"]))
            _draw_cell(axes, head["x"], y, (cell, row_height), found, language)
        y += row_height + (_GAP if name == "" and len(names) > 1 else 0)
    _draw_scale(figure, heads[-1]["x"] + cell + 0.14, start, below, language)
    return figure


def _name(index, component, language, full=False):
    """Name of a component; of the total "Total", or with the index where it stands by itself."""
    name = index.component_name(component, language) if component else text("heatmap.total", language)
    if component or not full:
        return name
    return text("heatmap.column", language, index=index.short, component=name)


def _heads(table, registry, language):
    """What stands above each column, as far as it does not depend on its width."""
    heads = []
    for slug, group in groupby(columns_of(table), key=lambda pair: pair[0]):
        for place, (_, component) in enumerate(group):
            head = {"index": slug, "component": component, "short": registry[slug].short}
            head["name"] = _name(registry[slug], component, language)
            head["full"] = text("heatmap.column", language, index=head["short"], component=head["name"])
            heads.append(head | {"first": place == 0, "gap": _GAP if place == 0 and heads else 0})
    return heads


def _sizes(cell):
    """Inches for the names of the rows, and points for names and for coefficients, by the width of a cell."""
    return (1.95, 7.5, 8.5) if cell >= _LEVEL else (1.7, 6.8, 7.5 if cell >= _ROOMY else 6.5)


def _cell_width(heads):
    gaps = sum(head["gap"] for head in heads)
    cells = (CELL_WIDTHS[-1], CELL_WIDTHS[0])
    room = [w - _sizes(c)[0] - _SCALE - _MARGIN - gaps for w, c in zip(WIDTHS, cells, strict=True)]
    narrowest, usual, widest = CELL_WIDTHS
    if usual * len(heads) <= room[0]:
        return min(widest, room[0] / len(heads))
    return max(narrowest, min(usual, room[1] / len(heads)))


def _place(heads, cell):
    """Say where each column stands and what is written above it, in how many inches."""
    x, size, _ = _sizes(cell)
    for head in heads:
        x += head["gap"]
        head["x"] = x
        x += cell
    for _, group in groupby(heads, key=lambda head: head["index"]):
        group = list(group)
        span = group[-1]["x"] + cell - group[0]["x"]
        # A name that is wider than its columns stands before the name of each of them instead.
        fits = len(group[0]["short"]) * _GROUP_SIZE * _ADVANCE_BOLD / 72 <= span
        for head in group:
            head["span"] = span if fits else 0
            head["lines"] = lines = _lines(head["name" if fits else "full"], cell, size)
            head["height"] = 0.2 + _GROUP_SIZE * _LINE / 72
            if cell < _LEVEL:
                head["height"] += max(map(len, lines)) * size * _ADVANCE / 72
            else:
                head["height"] += len(lines) * size * _LINE / 72


def _lines(name, cell, size):
    if cell >= _LEVEL:
        return textwrap.wrap(name, int((cell - 0.06) * 72 / (size * _ADVANCE)))
    most = max(1, int(cell * 72 / (size * _LINE)))
    # The shortest lines of whole words of which no more than fit beside each other are needed.
    wraps = (textwrap.wrap(name, room, break_long_words=False) for room in range(10, len(name) + 10))
    return next(lines for lines in wraps if len(lines) <= most)


def _draw_heads(axes, heads, y, cell):
    tallest = max(head["height"] for head in heads)
    upright = cell < _LEVEL
    style = {"fontsize": _sizes(cell)[1], "color": charts.INK, "linespacing": 1.05, "ha": "center"}
    style |= {"rotation": 90, "multialignment": "left"} if upright else {"multialignment": "center"}
    line = y - tallest + _GROUP_SIZE * _LINE / 72 + 0.05
    for head in heads:
        axes.text(head["x"] + cell / 2, y - 0.06, "\n".join(head["lines"]), va="bottom", **style)
        if head["first"] and head["span"]:
            bold = {"fontsize": _GROUP_SIZE, "fontweight": "bold", "ha": "center", "va": "bottom"}
            axes.text(head["x"] + head["span"] / 2, line - 0.04, head["short"], **bold)
            ends = [head["x"] + 0.02, head["x"] + head["span"] - 0.02]
            axes.plot(ends, [line, line], color=charts.QUIET, linewidth=0.8, solid_capstyle="butt")


def colours(estimate):
    """
    Choose the colour of a cell and of the text in it.

    Parameters
    ----------
    estimate : float
        From -1 to 1.

    Returns
    -------
    (str, str)
        Hexadecimal; the text is black or white, whichever stands out more: a contrast of 4.5 or more.
    """
    import cmcrameri
    from matplotlib.colors import to_hex

    shade = cmcrameri.cm.vik((estimate + 1) / 2)
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # Where both contrasts of WCAG 2 are equal: (L + 0.05) / 0.05 = 1.05 / (L + 0.05).
    return to_hex(shade), _BLACK if luminance + 0.05 > math.sqrt(1.05 * 0.05) else _WHITE


def _draw_cell(axes, x, y, size, row, language):
    width, height = size
    known = row is not None and not math.isnan(row.estimate)
    fill, ink = colours(row.estimate) if known else (_WHITE, _BLACK)
    look = {"edgecolor": "none"} if known else {"edgecolor": charts.MISSING, "hatch": "//////"}
    inner = (x + 0.015, y + 0.015), width - 0.03, height - 0.03
    axes.add_patch(Rectangle(*inner, facecolor=fill, linewidth=0.4, **look))
    clear = known and row.p_adjusted < LEVEL
    if clear:
        # Black on the edge: beside the white gap it is seen around dark cells too.
        axes.add_patch(Rectangle(*inner, facecolor="none", edgecolor=_BLACK, linewidth=1.3, zorder=2))
    style = {"ha": "center", "va": "center", "color": ink}
    roomy = width >= _ROOMY
    weight = "bold" if clear and roomy else "normal"
    written = number(row.estimate, language) if known else MISSING
    number_style = {"fontsize": _sizes(width)[2], "fontweight": weight}
    axes.text(x + width / 2, y + height * 0.35, written, **number_style, **style)
    if row is not None:
        count = text("heatmap.n" if roomy else "heatmap.n_short", language, n=row.n)
        axes.text(x + width / 2, y + height * 0.72, count, fontsize=6.5, **style)


def _draw_scale(figure, x, y, tall, language):
    import cmcrameri

    width, height = figure.get_size_inches()
    long = min(tall, 2.4)
    axes = figure.add_axes((x / width, 1 - (y + long) / height, 0.12 / width, long / height))
    steps = [[1 - step / 127.5] for step in range(256)]
    axes.imshow(steps, cmap=cmcrameri.cm.vik, vmin=-1, vmax=1, aspect="auto", extent=(0, 1, -1, 1))
    ticks = [-1, -0.5, 0, 0.5, 1]
    labels = [number(tick, language, 0 if tick == int(tick) else 1) for tick in ticks]
    axes.set(xticks=[], yticks=ticks, yticklabels=labels)
    axes.yaxis.tick_right()
    axes.tick_params(labelsize=7, length=2)
    axes.set_title(text("heatmap.colourbar", language), fontsize=8, pad=3)
    axes.spines[:].set_visible(False)


def _sources(table, figures, registry, year, language):
    sources = []
    figures = figures[figures["year"] == year]
    for slug in dict.fromkeys([*table["index_a"], *(slug for slug, _ in columns_of(table))]):
        index = registry[slug]
        values = {"index": index.short, "publisher": index.publisher(language)}
        sources.append(text(f"correlate.source_{indices.held(figures, index, year)}", language, **values))
    return f"{text('common.source', language)}: {'; '.join(sources)}."


def _values(table, registry, provinces, year, language):
    """What titles and descriptions say of the whole table."""
    rows = table["index_a"].unique()
    if len(rows) != 1:
        raise ValueError(f"the rows of a heat map are those of one index, not of {len(rows)}")
    columns = columns_of(table)
    known = table[table["estimate"].notna()]
    measures = sorted(set(table["measure"])) if "measure" in table else ["score"]
    shorts = dict.fromkeys(registry[slug].short for slug, _ in columns)
    return {
        "rows": registry[rows[0]].short,
        "columns": listing(shorts, language),
        "year": year,
        "total": len(provinces.codes),
        "measure": text(f"heatmap.measure_{'_'.join(measures)}", language),
        "estimated": len(known),
        "cells": table["component_a"].nunique() * len(columns),
        "row_count": table["component_a"].nunique(),
        "column_count": len(columns),
        "n": "–".join(str(n) for n in sorted({known["n"].min(), known["n"].max()})) if len(known) else "",
    }


def caption(table, registry, year, language):
    """
    Write the short line below the heat map.

    Parameters
    ----------
    table : pandas.DataFrame
        See `draw`.
    registry : helpers.registry.Registry
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    columns = listing(dict.fromkeys(registry[slug].short for slug, _ in columns_of(table)), language)
    rows = registry[table["index_a"].iloc[0]].short
    return text("heatmap.caption", language, rows=rows, columns=columns, year=year)


def describe(table, registry, provinces, year, language):
    """
    Describe the heat map for those who do not see it.

    Parameters
    ----------
    table : pandas.DataFrame
        See `draw`; with ``ci_low`` and ``ci_high``.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    year : int
    language : {"en", "vi"}

    Returns
    -------
    str
        Subject, cells with an estimate and their n, the highest and the lowest coefficient with interval and
        n, and in how many cells there is evidence of an association.
    """
    values = _values(table, registry, provinces, year, language)
    known = table[table["estimate"].notna()]
    if known.empty:
        return text("heatmap.alt_none", language, **values)
    ends = {}
    for end, place in (("high", known["estimate"].idxmax()), ("low", known["estimate"].idxmin())):
        row = known.loc[place]
        numbers = {key: number(row[key], language) for key in ("estimate", "ci_low", "ci_high")}
        sides = {"row": ("index_a", "component_a"), "column": ("index_b", "component_b")}
        for side, (index, component) in sides.items():
            whole = registry[row[index]]
            name = _name(whole, row[component], language)
            numbers[side] = text("heatmap.column", language, index=whole.short, component=name)
        ends[end] = text("heatmap.alt_cell", language, n=row["n"], **numbers)
    strongest = text("heatmap.alt_range" if len(known) > 1 else "heatmap.alt_one", language, **ends)
    clear = int((known["p_adjusted"] < LEVEL).sum())
    evidence = "heatmap.alt_evidence" if clear else "heatmap.alt_no_evidence"
    evidence = text(evidence, language, n=clear, level=number(LEVEL, language))
    return text("heatmap.alt", language, strongest=strongest, evidence=evidence, **values)
