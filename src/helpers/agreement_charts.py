"""Charts of rank intervals, of two rankings in quadrants, and of the gap between them by province."""

import cmcrameri
from matplotlib import pyplot as plt

from helpers import agreement
from helpers import rank_intervals as intervals_
from helpers.charts import INK, QUIET, apply_style, frame, name_points
from helpers.publishing import PAGE_DPI
from helpers.wording import text

# So narrow that a phone shows the pictures at nearly their own size.
_WIDTH = 4.4
LABELS = 10
_SIZE = 7.5
_SMALL = 7
_FAINT = "#8c8c8c"
# The dark ends of a map whose ends differ in hue and are alike in lightness.
_ON_PAPER, _BY_CITIZENS = cmcrameri.cm.vik(0.08), cmcrameri.cm.vik(0.88)
_BAR = cmcrameri.cm.devon(0.62)


def rank_intervals(rows, index, period, language, provinces, notes, mean=False):
    """
    Draw the ranks of an index with their intervals, a line for each province, the best at the top.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one index and year, as made by `helpers.rank_intervals.table`, or of one run (`over_runs`); at
        least one row has a rank.
    index : helpers.registry.Index
    period : str
        Year or years, as `helpers.agreement_findings.span` writes them.
    language : {"en", "vi"}
    provinces : helpers.provinces.Provinces
    notes : list of str
        Sources, below the picture.
    mean : bool
        Whether the ranks are those of a mean over years.

    Returns
    -------
    matplotlib.figure.Figure
        4.4 inches wide and up to 10.8 high. A rank without an interval is a hollow dot.
    """
    rows = rows[rows["rank"].notna()].sort_values(["rank", "gso_code"])
    found = intervals_.summarise(rows)
    ranked = max(found.ranked, int(rows["rank"].max()))
    values = {"index": index.short, "year": period, "ranked": ranked, "n": found.n}
    values["total"] = len(provinces.codes)
    title = "figure_run_title" if mean else "figure_intervals_title"
    apply_style()
    height = 3.1 + 0.122 * len(rows)
    figure = plt.figure(figsize=(_WIDTH, height), dpi=PAGE_DPI)
    bottom, top = frame(
        figure,
        text(f"agreement.{title}", language, **values),
        text("agreement.figure_intervals_subtitle", language, **values),
        [_how_to_read(found, language), *notes],
    )
    given = rows["rank_low"].notna().to_numpy()
    # A legend of three entries takes two lines.
    above = 0.42 if given.all() else 0.6
    axes = figure.add_axes(
        (1.14 / _WIDTH, bottom + 0.4 / height, 3.14 / _WIDTH, top - bottom - (0.4 + above) / height)
    )
    places = range(len(rows))
    ranks, low, high = (rows[c].astype("float64").to_numpy() for c in ("rank", "rank_low", "rank_high"))
    at = [place for place in places if given[place]]
    handles = []
    if at:
        lines = axes.hlines(at, low[at] - 0.35, high[at] + 0.35, colors=[_BAR], linewidths=4.4, zorder=2)
        lines.set_label(text("agreement.legend_interval", language))
        dots = axes.plot(ranks[at], at, "o", color=INK, markersize=3, zorder=3, clip_on=False)
        dots[0].set_label(text("agreement.legend_rank", language))
        handles += [lines, *dots]
    alone = [place for place in places if not given[place]]
    if alone:
        dots = axes.plot(ranks[alone], alone, "o", markersize=3.4, zorder=3, clip_on=False)
        dots[0].set(markerfacecolor="white", markeredgecolor=QUIET, markeredgewidth=0.8)
        dots[0].set_label(text("agreement.legend_rank_alone", language))
        handles += dots
    names = [provinces.name(code, language) for code in rows["gso_code"]]
    axes.set(xlim=(0, ranked + 1), ylim=(len(rows) - 0.3, -0.7))
    axes.set_yticks(list(places), names, fontsize=_SMALL)
    axes.set_xticks([1, *range(10, ranked + 1, 10)] if ranked > 20 else range(1, ranked + 1))
    axes.tick_params(axis="x", labelsize=_SIZE, length=2, labeltop=len(rows) > 30, top=len(rows) > 30)
    axes.tick_params(axis="y", length=0, pad=3, labelcolor=INK)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(text("agreement.axis_rank", language), fontsize=_SIZE)
    # Above the ticks at the top, at a fixed distance whatever the height.
    _legend(figure, handles, 0.12 / _WIDTH, top, 2 if alone else 4)
    return figure


def _how_to_read(found, language):
    if found.method == intervals_.OWN_RANKS or not found.n:
        return text("agreement.figure_intervals_note_own", language)
    key = "published" if found.method == intervals_.PUBLISHED else "spread"
    error = text(f"agreement.figure_error_{key}", language)
    return text("agreement.figure_intervals_note", language, error=error)


def _legend(figure, handles, left, top, columns=4):
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(left, top),
        ncols=columns,
        frameon=False,
        fontsize=_SIZE,
        handletextpad=0.4,
        columnspacing=1.2,
        borderaxespad=0,
        borderpad=0,
    )


def quadrants(points, paper, citizens, period, language, provinces, notes, minimum=1):
    """
    Draw the places of the provinces in two rankings, cut in quadrants at the middle of the rankings.

    Parameters
    ----------
    points : pandas.DataFrame
        As made by `helpers.agreement.positions`; at least one row.
    paper, citizens : helpers.registry.Index
        On the horizontal and the vertical axis, the best at the right and at the top.
    period : str
        Year or years.
    language : {"en", "vi"}
    provinces : helpers.provinces.Provinces
    notes : list of str
        Sources, below the picture.
    minimum : int
        Years that each province is known in; 1 for a single year.

    Returns
    -------
    matplotlib.figure.Figure
        4.4 x 6.8 inches. At most `LABELS` points are labelled, none over another and none cut.
    """
    total = len(provinces.codes)
    values = {"paper": paper.short, "citizens": citizens.short, "year": period}
    values |= {"n": len(points), "total": total, "minimum": minimum}
    many = "years" if minimum > 1 else "year"
    apply_style()
    height = 6.8
    figure = plt.figure(figsize=(_WIDTH, height), dpi=PAGE_DPI)
    bottom, top = frame(
        figure,
        text("agreement.figure_quadrants_title", language, **values),
        text(f"agreement.figure_quadrants_subtitle_{many}", language, **values),
        [text("agreement.figure_quadrants_note", language, **values), *notes],
    )
    low, above = bottom + 0.44 / height, 0.46 / height
    side = min((top - above - low) * height, _WIDTH - 0.62)
    axes = figure.add_axes((0.5 / _WIDTH, low, side / _WIDTH, side / height))
    room = 0.09 * total
    ticks = [1, *range(10, total + 1, 10)]
    for name, index in (("x", paper), ("y", citizens)):
        label = text("agreement.axis_place", language, index=index.short, total=total)
        axes.set(**{f"{name}lim": (total + room, 1 - room), f"{name}ticks": ticks, f"{name}label": label})
    middle = (total + 1) / 2
    axes.axvline(middle, color=QUIET, linewidth=0.8, zorder=1)
    line = axes.axhline(middle, color=QUIET, linewidth=0.8, zorder=1)
    line.set_label(text("agreement.legend_middle", language))
    equal = axes.plot([1, total], [1, total], color=QUIET, linewidth=0.7, linestyle=(0, (6, 3)), zorder=1)
    equal[0].set_label(text("agreement.legend_equal", language))
    taken = _corner_names(axes, total, room, language)
    handles = _draw_points(axes, points, provinces, language)
    _legend(figure, [*handles, line, *equal], 0.12 / _WIDTH, top, 2)
    _label(axes, points, provinces, language, taken)
    return figure


def _corner_names(axes, total, room, language):
    """Name the quadrants at the rim; give the lines along which the names stand, for labels to avoid."""
    lines = []
    corners = {"citizens": (0, 1), "both": (1, 1), "neither": (0, 0), "paper": (1, 0)}
    for name, (right, up) in corners.items():
        axes.text(
            0.99 if right else 0.01,
            0.99 if up else 0.01,
            text(f"agreement.quadrant_{name}", language),
            transform=axes.transAxes,
            ha="right" if right else "left",
            va="top" if up else "bottom",
            fontsize=_SIZE + 0.5,
            fontweight="bold",
            color=QUIET,
        )
        start, end = (1 - room, 1) if right else (total + room, total)
        end = start + (end - start) / room * (total + 2 * room) * 0.42
        # Through the middle of the name and along its inner rim.
        for share in (0.75, 0.3):
            height = 1 - room * share if up else total + room * share
            lines.append(([start, end], [height, height]))
    return lines


def _standouts(points):
    """Codes to name: best and worst on either axis, then the widest gaps."""
    ends = []
    for column in ("x", "y"):
        order = list(points[column].sort_values(kind="stable").index)
        ends += order[:2] + order[::-1][:2]
    gaps = (points["y"] - points["x"]).abs().sort_values(ascending=False, kind="stable").index
    return list(dict.fromkeys([*ends, *gaps]))[:LABELS]


def _draw_points(axes, points, provinces, language):
    named = set(_standouts(points))
    handles = []
    cities = points.index.isin(provinces.cities)
    for marker, chosen, key in (("o", ~cities, "legend_province"), ("D", cities, "legend_city")):
        if chosen.any():
            part = points[chosen]
            colours = [INK if code in named else _FAINT for code in part.index]
            axes.scatter(part["x"], part["y"], s=24, c=colours, marker=marker, linewidths=0, zorder=3)
            label = text(f"agreement.{key}", language)
            handles += axes.plot([], [], marker, color=INK, markersize=4.5, label=label)
    return handles


def _label(axes, points, provinces, language, taken):
    """Name the points that stand out."""
    named = points.loc[_standouts(points)]
    names = [provinces.name(code, language) for code in named.index]
    lines = {"x_lines": [x for x, _ in taken], "y_lines": [y for _, y in taken]}
    name_points(axes, named, names, points, textsize=_SMALL, margin=0.014, min_distance=0.018, **lines)


def gaps(summary, paper, citizens, period, language, provinces, notes):
    """
    Draw the mean difference of the places of each province with its interval, the highest on paper on top.

    Parameters
    ----------
    summary : pandas.DataFrame
        As made by `helpers.agreement.persistence`; at least one row has an interval.
    paper, citizens : helpers.registry.Index
    period : str
        Years.
    language : {"en", "vi"}
    provinces : helpers.provinces.Provinces
    notes : list of str
        Sources, below the picture.

    Returns
    -------
    matplotlib.figure.Figure
        4.4 inches wide and up to 12 high. Only provinces with an interval.
    """
    rows = summary[summary["reason"] == ""].sort_values("difference", ascending=False, kind="stable")
    total = len(provinces.codes)
    values = {"paper": paper.short, "citizens": citizens.short, "year": period, "n": len(rows)}
    values |= {"total": total, "minimum": agreement.MINIMUM_YEARS}
    apply_style()
    height = 3.2 + 0.138 * len(rows)
    figure = plt.figure(figsize=(_WIDTH, height), dpi=PAGE_DPI)
    bottom, top = frame(
        figure,
        text("agreement.figure_gaps_title", language, **values),
        text("agreement.figure_gaps_subtitle", language, **values),
        [text("agreement.figure_gaps_note", language, **values), *notes],
    )
    axes = figure.add_axes(
        (1.34 / _WIDTH, bottom + 0.56 / height, 2.96 / _WIDTH, top - bottom - (0.56 + 0.46) / height)
    )
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    for place, row in enumerate(rows.itertuples()):
        _draw_gap(axes, place, row)
    names = [
        text("agreement.gap_label", language, name=provinces.name(row.gso_code, language), years=row.years)
        for row in rows.itertuples()
    ]
    most = total - 1
    axes.set(xlim=(-most - 1, most + 1), ylim=(len(rows) - 0.3, -0.7))
    axes.set_yticks(range(len(rows)), names, fontsize=_SMALL)
    ticks = range(-most // 20 * 20 + 20, most + 1, 20)
    axes.set_xticks(ticks, [_tick(tick) for tick in ticks])
    axes.tick_params(axis="x", labelsize=_SIZE, length=2)
    axes.tick_params(axis="y", length=0, pad=3, labelcolor=INK)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(text("agreement.axis_gap", language, total=total), fontsize=_SIZE, labelpad=12)
    _sides(axes, language)
    _legend(figure, _gap_handles(axes, rows, language), 0.12 / _WIDTH, top, 2)
    return figure


def _sides(axes, language):
    """Say at the ends of the axis of gaps what they mean."""
    for key, end, side in (("axis_citizens", 0, "left"), ("axis_paper", 1, "right")):
        axes.annotate(
            text(f"agreement.{key}", language),
            (end, 0),
            (0, -15),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=_SIZE,
            ha=side,
            va="top",
        )


def _draw_gap(axes, place, row):
    clear = row.verdict != agreement.UNCLEAR
    colour = {agreement.PAPER: _ON_PAPER, agreement.CITIZENS: _BY_CITIZENS}.get(row.verdict, _FAINT)
    line = {"color": colour, "linewidth": 1.6 if clear else 1, "solid_capstyle": "butt", "zorder": 2}
    axes.plot([row.ci_low, row.ci_high], [place] * 2, **line)
    axes.plot(row.difference, place, zorder=3, **_gap_marker(clear, row.p_adjusted, colour))


def _gap_marker(clear, p_adjusted, colour):
    kept = clear and p_adjusted < agreement.LEVEL
    return {
        "marker": "D" if kept else "o",
        "markersize": 4.6,
        "markerfacecolor": colour if clear else "white",
        "markeredgecolor": colour,
        "markeredgewidth": 1,
        "linestyle": "none",
    }


def _gap_handles(axes, rows, language):
    clear = rows["verdict"] != agreement.UNCLEAR
    kept = clear & (rows["p_adjusted"] < agreement.LEVEL)
    handles = []
    for shown, key, marker in (
        (~clear, "legend_unclear", _gap_marker(False, 1, _FAINT)),
        (clear & ~kept, "legend_clear", _gap_marker(True, 1, INK)),
        (kept, "legend_adjusted", _gap_marker(True, 0, INK)),
    ):
        if shown.any():
            handles += axes.plot([], [], label=text(f"agreement.{key}", language), **marker)
    return handles


def _tick(value):
    return f"+{value}" if value > 0 else str(value).replace("-", "−")
