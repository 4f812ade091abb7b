"""The picture of a province's ranks over the years, for its briefing."""

import itertools
from dataclasses import dataclass

import pandas as pd
from matplotlib import pyplot as plt

from helpers import wording
from helpers.briefing_look import GRID, OWN, SIZES, SMALL, say, sources, span
from helpers.briefing_words import name_of, over
from helpers.charts import INK, QUIET, apply_style, frame, text_width
from helpers.provinces import vintage_of
from helpers.publishing import PAGE_DPI
from helpers.standing import WHOLE_SHARE

_DOTTED = {"color": QUIET, "linewidth": 0.8, "linestyle": (0, (1, 1.6))}


@dataclass(frozen=True)
class _Course:
    """Ranks of one index by year, of how many (None where that is not known), the series of all years."""

    index: object
    known: dict
    ranked: dict
    series: dict
    units: int

    @property
    def years(self):
        return list(self.series)

    @property
    def missing(self):
        return [year for year in self.series if year not in self.known]

    @property
    def breaks(self):
        """First years of new series."""
        pairs = itertools.pairwise(self.series.items())
        return [year for (_, before), (year, series) in pairs if series != before]

    @property
    def every(self):
        """Whether each year is a series of its own."""
        return len(self.series) > 2 and len(self.breaks) == len(self.series) - 1

    @property
    def runs(self):
        """Stretches of neighbouring years of one series with a rank (list of dict of rank by year)."""
        found, last = [], None
        for year, rank in self.known.items():
            if last is None or year != last + 1 or self.series[year] != self.series[last]:
                found.append({})
            found[-1][year] = rank
            last = year
        return found

    @property
    def partial(self):
        """Ranks of years in which far fewer provinces were ranked than there are (dict)."""
        few = WHOLE_SHARE * self.units
        return {y: rank for y, rank in self.known.items() if self.ranked[y] and self.ranked[y] < few}

    @property
    def whole(self):
        """Ranks of years in which nearly all were ranked: one among ten is neither best nor worst (dict)."""
        partial = self.partial
        return {year: rank for year, rank in self.known.items() if year not in partial}

    def extremes(self):
        """Best and worst rank with their years, or None for fewer than three ranks or no difference."""
        ranks = self.whole
        if len(ranks) < 3 or len(set(ranks.values())) == 1:
            return None
        return _ends(ranks)


def _ends(ranks):
    """Best and worst of ranks by year, each with its years."""
    ends = min(ranks.values()), max(ranks.values())
    return [(end, [year for year, rank in ranks.items() if rank == end]) for end in ends]


def _courses(facts, totals, registry):
    """Ranks of the province in every index of the year."""
    year, found = facts["year"], []
    for slug in facts["indices"]:
        index, own = registry[slug], totals[totals["index"] == slug]
        years = [y for y in index.years if y <= year and vintage_of(y) == vintage_of(year)]
        columns = (own[name].tolist() for name in ("year", "rank", "ranked"))
        at_hand = {y: (rank, of) for y, rank, of in zip(*columns, strict=True)}
        known = {y: int(at_hand[y][0]) for y in years if y in at_hand}
        ranked = {y: None if pd.isna(at_hand[y][1]) else int(at_hand[y][1]) for y in known}
        series = {y: index.series(y) for y in years}
        found.append(_Course(index, known, ranked, series, int(facts["vintage"])))
    return found


def course(facts, totals, registry, language):
    """
    Draw the national rank of a province over the years, a panel for each index of the facts' year.

    Parameters
    ----------
    facts : dict
        Of one province and year, from `helpers.briefing`.
    totals : pandas.DataFrame
        From `helpers.briefing.Book.totals`.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    matplotlib.figure.Figure or None
        4.6 x 3.4 inches, higher for more than three indices. Rank 1 is at the top. The line joins
        neighbouring years of one series; a cross marks a year of the index without a rank at hand. Only
        years of the same set of units. None if no rank is at hand.
    """
    if not len(totals):
        return None
    courses = _courses(facts, totals, registry)
    apply_style()
    size = 4.6, 3.4 + 0.5 * max(0, len(courses) - 3)
    figure = plt.figure(figsize=size, dpi=PAGE_DPI)
    years = min(min(c.years) for c in courses), facts["year"]
    values = {"province": name_of(facts["province"], language), "years": span(years)}
    notes = [say("course_note", language)]
    partial = [
        say("course_partial", language, index=c.index.short, year=year, ranked=c.ranked[year])
        for c in courses
        for year in c.partial
    ]
    if partial:
        notes.append(say("course_note_partial", language, listed=", ".join(partial)))
    notes.append(sources(totals, registry, language))
    ranked = span(totals["ranked"].dropna()) if totals["ranked"].notna().any() else facts["vintage"]
    bottom, top = frame(
        figure,
        say("course_title", language, **values),
        say("course_subtitle", language, ranked=ranked),
        notes,
        SIZES,
    )
    width, height = figure.get_size_inches() * 72
    # Points: above each panel for its title, below the last for its years, between panels.
    title, below, apart = 13, 13, 5
    low = bottom + below / height
    each = (top - low) / len(courses)
    left, right = 20 / width, 1 - 34 / width
    for number, one in enumerate(courses):
        base = low + (len(courses) - 1 - number) * each + (apart if number < len(courses) - 1 else 0) / height
        tall = low + (len(courses) - number) * each - title / height - base
        axes = figure.add_axes((left, base, right - left, tall), gid=f"course-{one.index.slug}")
        _draw_course(axes, one, years, number == len(courses) - 1, language)
    return figure


def _draw_course(axes, one, years, last, language):
    slug = one.index.slug
    key = "course_panel_every" if one.every else "course_panel"
    title = say(key, language, index=one.index.short, n=len(one.known), of=len(one.series))
    # With its height said, none is sought above the ticks.
    axes.set_title(title, fontsize=SIZES.subtitle, fontweight="bold", loc="left", pad=3, y=1)
    _scale(axes, one, years, last)
    if not one.every:
        for year in one.breaks:
            axes.axvline(year - 0.5, **_DOTTED, zorder=1, gid=f"break-{slug}")
    if one.missing:
        ground = [0] * len(one.missing)
        cross = {"linestyle": "", "marker": "x", "markersize": 3.6, "markeredgewidth": 0.8, "color": QUIET}
        cross |= {"transform": axes.get_xaxis_transform(), "clip_on": False}
        axes.plot(one.missing, ground, gid=f"missing-{slug}", **cross)
    if not len(one.known):
        said = {"fontsize": SMALL, "color": QUIET, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, say("course_nothing", language), transform=axes.transAxes, **said)
        return
    point = {"color": OWN, "marker": "o", "clip_on": False}
    for run in one.runs:
        line = {"linewidth": 1.3, "markersize": 3.2, "zorder": 3, "gid": f"run-{slug}"}
        axes.plot(list(run), list(run.values()), **point, **line)
    year, rank = list(one.known.items())[-1]
    axes.plot([year], [rank], **point, linestyle="", markersize=5, zorder=4, gid=f"last-{slug}")
    if partial := one.partial:
        hollow = {"linestyle": "", "markerfacecolor": "white", "markersize": 3.4, "zorder": 4}
        axes.plot(list(partial), list(partial.values()), **point, **hollow, gid=f"partial-{slug}")
    label = over(rank, one.ranked[year])
    axes.annotate(
        label,
        (year, rank),
        (5, 0),
        textcoords="offset points",
        fontsize=SIZES.subtitle,
        fontweight="bold",
        color=OWN,
        va="center_baseline",
        gid=f"label-{slug}",
        # Where later years have no rank, breaks of series may be behind it.
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )
    _mark_extremes(axes, one, (year, rank, label))


def _scale(axes, one, years, last):
    """Set the axes: rank 1 at the top, the number ranked at the bottom, ticks that do not touch."""
    numbers = [*one.known.values(), *filter(None, one.ranked.values())]
    limit = max(numbers, default=one.units)
    room = 0.05 * limit
    axes.set_ylim(limit + room, 1 - room)
    tall = axes.get_position().height * axes.figure.get_size_inches()[1] * 72
    # Before there are ticks: each would be changed by itself. A tick under a cross looks like an asterisk.
    axes.tick_params(axis="x", labelsize=SMALL, length=0, pad=3.5)
    axes.tick_params(axis="y", labelsize=SMALL, length=2, pad=1.5)
    axes.grid(axis="y", **GRID)
    axes.set_axisbelow(True)
    steps = (step for step in (1, 5, 10, 20, 30, 60) if limit // step * SMALL * 1.35 < tall)
    step = next(steps, limit)
    axes.set_yticks(sorted({1, *range(step, limit + 1, step)} - ({2, 3, 4, 5} if step == 5 else set())))
    axes.set_xlim(years[0] - 0.5, years[1] + 0.5)
    # Counted from the last year, so that it always has its label.
    every = 2 if years[1] - years[0] > 6 else 1
    marked = list(range(years[1], years[0] - 1, -every)) if last else []
    axes.set_xticks(marked, [f"{year}" for year in marked])


def _mark_extremes(axes, one, last):
    """Write best and worst rank beside their points where nothing else is."""
    import shapely

    extremes = one.extremes()
    if not extremes:
        return
    to_points = axes.transData + axes.figure.dpi_scale_trans.inverted()

    def at(year, rank):
        return to_points.transform((year, rank)) * 72

    last_year, rank, label = last
    x, y = at(last_year, rank)
    taken = [shapely.box(x + 3, y - 4, x + 6 + text_width(label, SIZES.subtitle, "bold"), y + 4)]
    taken += [shapely.Point(at(*point)).buffer(2) for point in one.known.items()]
    taken += [shapely.LineString([at(*point) for point in run.items()]) for run in one.runs if len(run) > 1]
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    (left, low), (right, high) = at(left, bottom), at(right, top)
    if not one.every:
        lines = [at(year - 0.5, 1)[0] for year in one.breaks]
        taken += [shapely.box(x - 1, low, x + 1, high) for x in lines]
    # The crosses stand on the lower edge; the title is well above the upper one.
    space = shapely.box(left, low + 2, right + 30, high + 1)
    for (value, years), side in zip(extremes, (1, -1), strict=True):
        if last_year in years:
            continue
        width, tall = text_width(f"{value}", SMALL), SMALL * 0.9
        beside = width / 2 + 4
        steps = [(0, side * 7), (beside, side * 4), (-beside, side * 4), (beside, 0), (-beside, 0)]
        steps += [(0, -side * 7)]
        for year, step in itertools.product(reversed(years), steps):
            x, y = at(year, value) + step
            box = shapely.box(x - width / 2, y - tall / 2, x + width / 2, y + tall / 2)
            if space.covers(box) and not any(box.intersects(other) for other in taken):
                axes.annotate(
                    f"{value}",
                    (year, value),
                    step,
                    textcoords="offset points",
                    fontsize=SMALL,
                    color=INK,
                    ha="center",
                    va="center_baseline",
                    gid=f"extreme-{one.index.slug}",
                )
                taken.append(box)
                break


def describe_course(facts, totals, registry, language):
    """
    Describe the picture of the ranks for those who do not see it.

    Parameters
    ----------
    facts : dict
    totals : pandas.DataFrame
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        "" if there is no picture.
    """
    if not len(totals):
        return ""
    parts = []
    courses = _courses(facts, totals, registry)
    for one in courses:
        values = {"index": one.index.short, "n": len(one.known), "of": len(one.series)}
        if not len(one.known):
            parts.append(say("course_alt_nothing", language, **values))
            continue
        year, rank = list(one.known.items())[-1]
        ranked = one.ranked[year] or wording.MISSING
        values["last"] = say("course_alt_rank", language, year=year, rank=rank, ranked=ranked)
        values["missing"] = ""
        if one.missing:
            listed = ", ".join(map(str, one.missing))
            values["missing"] = say("course_alt_missing", language, years=listed)
        if len(one.known) == 1:
            parts.append(say("course_alt_one", language, **values))
            continue
        for key, (rank, years) in zip(("best", "worst"), _ends(one.whole or one.known), strict=True):
            of = ", ".join(map(str, years))
            values[key] = say("course_alt_ranks", language, rank=rank, years=of)
        parts.append(say("course_alt_index", language, **values))
    years = span([min(min(one.years) for one in courses), facts["year"]])
    values = {"province": name_of(facts["province"], language), "years": years}
    return say("course_alt", language, **values, parts=" ".join(parts))
