"""Pictures of a province's briefing: its ranks over the years, and its components beside the country."""

import functools
import itertools
from dataclasses import dataclass

import pandas as pd
from matplotlib import pyplot as plt

from helpers import indices, provinces, wording
from helpers.charts import INK, QUIET, apply_style
from helpers.provinces import vintage_of
from helpers.publishing import PAGE_DPI

# The province, its region, the country: apart in hue, in lightness and, where they meet, in shape.
OWN, REGION, COUNTRY = "#01425f", "#8db4d6", "#e2e2e2"
# Points. The pictures are printed at their own size on A4.
TITLE, SUBTITLE, SMALL = 9.5, 7.5, 7
_MARGIN, _LEADING = 6, 1.3
# Width of the column of scores and ranks beside the components.
_COLUMN = 92

_OTHERS = "#a9a9a9"
_DOTTED = {"color": QUIET, "linewidth": 0.8, "linestyle": (0, (1, 1.6))}

# A median of fewer would be one of those that somebody reported on.
_ENOUGH = 0.5
# Fewer components make no picture.
_FEWEST = 2
# A rank among so much fewer provinces is not the same standing.
_PARTIAL = 0.9


# --- frame -------------------------------------------------------------------------------------------------


def heads(figure, title, subtitle, notes):
    """
    Write title, subtitle and notes as `helpers.charts.frame` does, in the sizes of a small picture.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    title, subtitle : str
    notes : list of str

    Returns
    -------
    (float, float)
        Bottom and top of the space that is left for drawing, as fractions of the height of the figure.
    """
    width, height = figure.get_size_inches() * 72
    room, left = width - 2 * _MARGIN, _MARGIN / width
    y = height - _MARGIN
    for text, size, weight, colour in (
        (title, TITLE, "bold", INK),
        (subtitle, SUBTITLE, "normal", QUIET),
    ):
        for line in broken(text, room, size, weight):
            figure.text(left, y / height, line, fontsize=size, fontweight=weight, color=colour, va="top")
            y -= size * _LEADING
    top = y / height
    y = _MARGIN
    for line in reversed([line for note in notes for line in broken(note, room, SMALL)]):
        figure.text(left, y / height, line, fontsize=SMALL, color=QUIET, va="bottom")
        y += SMALL * _LEADING
    return (y + 3) / height, top


def broken(text, room, size, weight="normal"):
    """
    Break a text into lines.

    Parameters
    ----------
    text : str
    room : float
        Width of a line in points.
    size : float
        Of the letters, in points.
    weight : str

    Returns
    -------
    list of str
    """
    lines = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _wide(longer, size, weight) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@functools.lru_cache(maxsize=8192)
def _wide(text, size, weight="normal"):
    """Measure a line in points; a little more is taken, as letters are set on whole pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return 1.02 * text_to_path.get_text_width_height_descent(text, font, False)[0]


def name_of(thing, language):
    """
    Name a province or a region of the facts.

    Parameters
    ----------
    thing : dict
        With ``name`` (Vietnamese) and ``name_en``.
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    return thing["name" if language == "vi" else "name_en"]


def _say(key, language, **values):
    return wording.text(f"briefing_charts.{key}", language, **values)


def _sources(rows, registry, language):
    """Name the publishers once each, and which of their figures others reported."""
    found = {}
    for slug in registry.indices:
        own = rows[rows["index"] == slug]
        if len(own):
            index = registry[slug]
            key = index.publisher(language), indices.held_as(own)
            found.setdefault(key, []).append(index.short)
    parts = [
        _say(f"source_{held}", language, publisher=publisher, indices=", ".join(names))
        for (publisher, held), names in found.items()
    ]
    return f"{wording.text('common.source', language)}: {'; '.join(parts)}."


def _span(values):
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low}–{high}"


def _place(rank, ranked):
    """Write a rank and among how many, where that is known."""
    return f"{rank}/{ranked}" if pd.notna(ranked) else f"{rank}"


# --- ranks over the years ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Course:
    """Ranks of one index: ``rank``, ``ranked`` (missing where none is at hand) and ``series`` by year."""

    index: object
    table: pd.DataFrame
    units: int

    @property
    def known(self):
        return self.table[self.table["rank"].notna()]

    @property
    def missing(self):
        return list(self.table.index[self.table["rank"].isna()])

    @property
    def breaks(self):
        """First years of new series."""
        series = self.table["series"]
        return list(series.index[1:][series.to_numpy()[1:] != series.to_numpy()[:-1]])

    @property
    def every(self):
        """Whether each year is a series of its own."""
        return len(self.table) > 2 and len(self.breaks) == len(self.table) - 1

    @property
    def runs(self):
        """Stretches of neighbouring years of one series with a rank (list of pandas.DataFrame)."""
        known = self.known
        new = (known["series"] != known["series"].shift()) | (known.index.to_series().diff() != 1)
        return [run for _, run in known.groupby(new.cumsum())]

    @property
    def partial(self):
        """Years in which far fewer provinces were ranked than there are."""
        return self.known[self.known["ranked"] < _PARTIAL * self.units]

    def extremes(self):
        """Best and worst rank with their years, or None for fewer than three ranks or no difference."""
        ranks = self.known["rank"]
        if len(ranks) < 3 or ranks.min() == ranks.max():
            return None
        return [(int(value), list(ranks.index[ranks == value])) for value in (ranks.min(), ranks.max())]


def _courses(facts, figures, registry):
    """Ranks of the province in every index of the year, and the rows that they are from."""
    code, year = facts["province"]["gso_code"], facts["year"]
    rows = figures[(figures["gso_code"] == code) & (figures["component"] == "") & (figures["year"] <= year)]
    # The same code is another province in another set of units.
    rows = rows[rows["year"].map(vintage_of) == vintage_of(year)]
    rows = rows[rows["index"].isin(facts["indices"]) & rows["rank"].notna()]
    found = []
    for slug in facts["indices"]:
        index = registry[slug]
        years = [y for y in index.years if y <= year and vintage_of(y) == vintage_of(year)]
        table = rows[rows["index"] == slug].set_index("year")[["rank", "ranked"]].astype("float64")
        table = table.reindex(years).assign(series=[index.series(y) for y in years])
        found.append(_Course(index, table, int(facts["vintage"])))
    return found, rows


def course(facts, figures, registry, language):
    """
    Draw the national rank of a province over the years, a panel for each index of the facts' year.

    Parameters
    ----------
    facts : dict
        Of one province and year, from `helpers.briefing`.
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    matplotlib.figure.Figure or None
        4.6 x 3.4 inches, higher for more than four indices. Rank 1 is at the top. The line joins
        neighbouring years of one series; a cross marks a year of the index without a rank at hand. Only
        years of the same set of units. None if no rank is at hand.
    """
    courses, rows = _courses(facts, figures, registry)
    if not len(rows):
        return None
    apply_style()
    size = 4.6, 3.4 + 0.5 * max(0, len(courses) - 3)
    figure = plt.figure(figsize=size, dpi=PAGE_DPI)
    years = min(min(c.table.index) for c in courses), facts["year"]
    values = {"province": name_of(facts["province"], language), "years": _span(years)}
    notes = [_say("course_note", language)]
    partial = [
        _say("course_partial", language, index=c.index.short, year=year, ranked=f"{ranked:.0f}")
        for c in courses
        for year, ranked in c.partial["ranked"].items()
    ]
    if partial:
        notes.append(_say("course_note_partial", language, listed=", ".join(partial)))
    notes.append(_sources(rows, registry, language))
    ranked = _span(rows["ranked"].dropna()) if rows["ranked"].notna().any() else facts["vintage"]
    bottom, top = heads(
        figure,
        _say("course_title", language, **values),
        _say("course_subtitle", language, ranked=ranked),
        notes,
    )
    width, height = figure.get_size_inches() * 72
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
    values = {"index": one.index.short, "n": len(one.known), "of": len(one.table)}
    axes.set_title(_say(key, language, **values), fontsize=SUBTITLE, fontweight="bold", loc="left", pad=3)
    numbers = one.known[["rank", "ranked"]].max(axis=None)
    limit = one.units if pd.isna(numbers) else int(numbers)
    tall = axes.get_position().height * axes.figure.get_size_inches()[1] * 72
    _scale(axes, limit, tall)
    axes.set_xlim(years[0] - 0.5, years[1] + 0.5)
    # Counted from the last year, so that it always has its label.
    step = 2 if years[1] - years[0] > 6 else 1
    marked = list(range(years[1], years[0] - 1, -step))
    axes.set_xticks(marked if last else [], [f"{year}" for year in marked] if last else [])
    # A tick under a cross would make it look like an asterisk.
    axes.tick_params(axis="x", labelsize=SMALL, length=0, pad=3.5)
    axes.tick_params(axis="y", labelsize=SMALL, length=2, pad=1.5)
    axes.grid(axis="y", color="#ececec", linewidth=0.5)
    axes.set_axisbelow(True)
    if not one.every:
        for year in one.breaks:
            axes.axvline(year - 0.5, **_DOTTED, zorder=1, gid=f"break-{slug}")
    if one.missing:
        cross = {"marker": "x", "markersize": 3.6, "markeredgewidth": 0.8, "color": QUIET}
        ground = [0] * len(one.missing)
        axes.plot(
            one.missing,
            ground,
            linestyle="",
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            gid=f"missing-{slug}",
            **cross,
        )
    if not len(one.known):
        said = {"fontsize": SMALL, "color": QUIET, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, _say("course_nothing", language), transform=axes.transAxes, **said)
        return
    for run in one.runs:
        axes.plot(
            run.index,
            run["rank"],
            color=OWN,
            linewidth=1.3,
            marker="o",
            markersize=3.2,
            clip_on=False,
            zorder=3,
            gid=f"run-{slug}",
        )
    year, rank, ranked = one.known.index[-1], *one.known.iloc[-1][["rank", "ranked"]]
    axes.plot([year], [rank], "o", color=OWN, markersize=5, zorder=4, clip_on=False, gid=f"last-{slug}")
    if len(one.partial):
        hollow = {"markerfacecolor": "white", "markeredgecolor": OWN, "markersize": 3.4}
        axes.plot(
            one.partial.index,
            one.partial["rank"],
            "o",
            **hollow,
            zorder=4,
            clip_on=False,
            gid=f"partial-{slug}",
        )
    label = f"{rank:.0f}/{ranked:.0f}" if pd.notna(ranked) else f"{rank:.0f}"
    axes.annotate(
        label,
        (year, rank),
        (5, 0),
        textcoords="offset points",
        fontsize=SUBTITLE,
        fontweight="bold",
        color=OWN,
        va="center_baseline",
        gid=f"label-{slug}",
        # Where later years have no rank, breaks of series may be behind it.
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )
    _mark_extremes(axes, one, (year, rank, label))


def _scale(axes, limit, tall):
    """Set the axis of ranks: 1 at the top, the number ranked at the bottom, ticks that do not touch."""
    room = 0.05 * limit
    axes.set_ylim(limit + room, 1 - room)
    steps = (step for step in (1, 5, 10, 20, 30, 60) if limit // step * SMALL * 1.35 < tall)
    step = next(steps, limit)
    axes.set_yticks(sorted({1, *range(step, limit + 1, step)} - ({2, 3, 4, 5} if step == 5 else set())))


def _mark_extremes(axes, one, last):
    """Write best and worst rank beside their points where nothing else is."""
    import shapely

    extremes = one.extremes()
    if not extremes:
        return
    to_points = axes.transData + axes.figure.dpi_scale_trans.inverted()

    def at(year, rank):
        return to_points.transform((year, rank)) * 72

    year, rank, label = last
    x, y = at(year, rank)
    taken = [shapely.box(x + 3, y - 4, x + 6 + _wide(label, SUBTITLE, "bold"), y + 4)]
    taken += [shapely.Point(at(y, r)).buffer(2) for y, r in one.known["rank"].items()]
    taken += [
        shapely.LineString([at(y, r) for y, r in run["rank"].items()]) for run in one.runs if len(run) > 1
    ]
    (left, low), (right, high) = (at(x, y) for x, y in zip(axes.get_xlim(), axes.get_ylim(), strict=True))
    if not one.every:
        lines = [at(y - 0.5, 1)[0] for y in one.breaks]
        taken += [shapely.box(x - 1, low, x + 1, high) for x in lines]
    # The crosses stand on the lower edge; the title is well above the upper one.
    space = shapely.box(left, low + 2, right + 30, high + 1)
    for (value, years), side in zip(extremes, (1, -1), strict=True):
        if year in years:
            continue
        text = f"{value}"
        wide, tall = _wide(text, SMALL), SMALL * 0.9
        beside = wide / 2 + 4
        steps = [(0, side * 7), (beside, side * 4), (-beside, side * 4), (beside, 0), (-beside, 0)]
        steps += [(0, -side * 7)]
        for own, (across, up) in itertools.product(reversed(years), steps):
            x, y = at(own, value)
            box = shapely.box(
                x + across - wide / 2, y + up - tall / 2, x + across + wide / 2, y + up + tall / 2
            )
            if space.covers(box) and not any(box.intersects(other) for other in taken):
                axes.annotate(
                    text,
                    (own, value),
                    (across, up),
                    textcoords="offset points",
                    fontsize=SMALL,
                    color=INK,
                    ha="center",
                    va="center_baseline",
                    gid=f"extreme-{one.index.slug}",
                )
                taken.append(box)
                break


def describe_course(facts, figures, registry, language):
    """
    Describe the picture of the ranks for those who do not see it.

    Parameters
    ----------
    facts : dict
    figures : pandas.DataFrame
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        "" if there is no picture.
    """
    courses, rows = _courses(facts, figures, registry)
    if not len(rows):
        return ""
    parts = []
    for one in courses:
        values = {"index": one.index.short, "n": len(one.known), "of": len(one.table)}
        if not len(one.known):
            parts.append(_say("course_alt_nothing", language, **values))
            continue
        year, (rank, ranked) = one.known.index[-1], one.known.iloc[-1][["rank", "ranked"]].astype("Int64")
        if pd.isna(ranked):
            ranked = wording.MISSING
        values["last"] = _say("course_alt_rank", language, year=year, rank=rank, ranked=ranked)
        values["missing"] = ""
        if one.missing:
            listed = ", ".join(map(str, one.missing))
            values["missing"] = _say("course_alt_missing", language, years=listed)
        if len(one.known) == 1:
            parts.append(_say("course_alt_one", language, **values))
            continue
        ranks = one.known["rank"].astype(int)
        for key, rank in (("best", ranks.min()), ("worst", ranks.max())):
            of = ", ".join(map(str, ranks.index[ranks == rank]))
            values[key] = _say("course_alt_ranks", language, rank=rank, years=of)
        parts.append(_say("course_alt_index", language, **values))
    years = _span([min(min(one.table.index) for one in courses), facts["year"]])
    values = {"province": name_of(facts["province"], language), "years": years}
    return _say("course_alt", language, **values, parts=" ".join(parts))


# --- components --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Field:
    """
    A component: its own figures, where they are on the axis (or None), and the other provinces'.

    `country` and `region` hold the places on the axis of all provinces and of those of the region.
    """

    slug: str
    name: str
    own: dict
    at: float
    country: pd.Series
    region: pd.Series
    region_size: int
    of: int

    @property
    def has_figure(self):
        return self.own.get("score") is not None or self.own.get("rank") is not None

    @property
    def median(self):
        return self.country.median() if len(self.country) >= _ENOUGH * self.of else None

    @property
    def region_median(self):
        return self.region.median() if len(self.region) >= _ENOUGH * self.region_size else None


@dataclass(frozen=True)
class _Profile:
    """What a picture of components shows: fields, "score" or "rank", the end of the axis, the rows."""

    index: object
    measure: str
    scale: float
    common: bool
    fields: list
    rows: pd.DataFrame


def _profile(facts, figures, registry, slug, raw, language):
    """Settle how the components can be placed on one axis; None if fewer than half of them can."""
    if slug not in facts["indices"]:
        known = ", ".join(facts["indices"])
        raise ValueError(f"index {slug!r} is not among the facts of {facts['year']}; choose one of {known}")
    index, year, code = registry[slug], facts["year"], facts["province"]["gso_code"]
    own = {field: facts["indices"][slug]["components"].get(field, {}) for field in index.fields(year)}
    shares = {field: it["share"] for field, it in own.items() if it.get("share") is not None}
    ranks = {field: it["rank"] for field, it in own.items() if it.get("rank") is not None}
    measure, chosen = ("rank", ranks) if len(ranks) > len(shares) else ("score", shares)
    if len(chosen) < max(_FEWEST, len(own) / 2):
        return None
    maxima = {own[field]["max_score"] for field in shares}
    common = measure == "score" and len(maxima) == 1
    if measure == "rank":
        known = [own[field]["ranked"] for field in ranks if own[field]["ranked"] is not None]
        scale = max([*known, *ranks.values()])
    else:
        scale = maxima.pop() if common else 100.0
    units = provinces.load(raw, facts["vintage"]).table
    members = units.index[units["region6"] == units.at[code, "region6"]]
    rows = figures[
        (figures["index"] == slug) & (figures["year"] == year) & figures["component"].isin(list(own))
    ]
    placed = rows.assign(at=rows["score"] / rows["max_score"] * scale)
    placed = placed[placed["at"].notna() & (measure == "score")]
    fields = []
    for field, it in own.items():
        at = chosen.get(field)
        if at is not None and measure == "score":
            at *= scale
        country = placed[placed["component"] == field].set_index("gso_code")["at"]
        fields.append(
            _Field(
                field,
                index.component_name(field, language),
                it,
                at,
                country,
                country[country.index.isin(members)],
                len(members),
                len(units),
            )
        )
    return _Profile(index, measure, scale, common, fields, rows)


def _label(profile, field, language):
    """Write score and national rank of a component as they stand in the column at the right."""
    score, maximum = field.own.get("score"), field.own.get("max_score")
    rank = field.own.get("rank")
    if score is None and rank is None:
        return _say("components_no_figure", language)
    place = _place(rank, field.own.get("ranked")) if rank is not None else wording.MISSING
    if score is None and profile.measure == "rank":
        return place
    written = wording.number(score, language)
    if not profile.common and maximum is not None:
        written = f"{written}/{wording.number(maximum, language, len(f'{maximum:g}'.partition('.')[2]))}"
    return f"{written} ({place})"


def components(facts, figures, registry, index_slug, language, raw="data/raw"):
    """
    Draw the components of an index: the province among all others, a row each in the registry's order.

    Parameters
    ----------
    facts : dict
        Of one province and year, from `helpers.briefing`.
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    index_slug : str
        One of ``facts["indices"]``.
    language : {"en", "vi"}
    raw : str or pathlib.Path
        Folder of the raw tables, for the provinces of the region.

    Returns
    -------
    matplotlib.figure.Figure or None
        6.9 inches wide, about 2.9 high for eight rows. Scores in points where all maxima are equal, else in
        percent of the maximum; national ranks where more components have a rank than a score with its
        maximum. Medians only of at least half of the provinces. None if fewer than half of the components, or
        than two, can be placed: sentences and tables then say all.

    Raises
    ------
    ValueError
        If the index is not among the facts.
    """
    profile = _profile(facts, figures, registry, index_slug, raw, language)
    if profile is None:
        return None
    apply_style()
    width, left, right, row = 500, 200, _COLUMN, 14
    names = [broken(field.name, left - 2 * _MARGIN, SMALL) for field in profile.fields]
    heights = [max(row, len(lines) * SMALL * 1.15 + 2) for lines in names]
    notes = _components_notes(facts, profile, registry, language)
    head = len(broken(_title(facts, profile, language), width - 2 * _MARGIN, TITLE, "bold"))
    head = head * TITLE + len(broken(_units(profile, language), width - 2 * _MARGIN, SUBTITLE)) * SUBTITLE
    foot = sum(len(broken(note, width - 2 * _MARGIN, SMALL)) for note in notes) * SMALL
    # Of legend and head of the column above the rows, and of the ticks below them.
    above, below = 24, 15
    height = sum(heights) + (head + foot) * _LEADING + 2 * _MARGIN + 3 + above + below
    figure = plt.figure(figsize=(width / 72, height / 72), dpi=PAGE_DPI)
    bottom, top = heads(figure, _title(facts, profile, language), _units(profile, language), notes)
    axes = figure.add_axes(
        (
            left / width,
            bottom + below / height,
            (width - left - right) / width,
            top - bottom - (above + below) / height,
        ),
        gid=f"components-{index_slug}",
    )
    axes.set_ylim(sum(heights), 0)
    handles = _draw_fields(axes, profile, heights, names, facts, language)
    _components_axis(axes, profile, language)
    legend = figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(_MARGIN / width, top - 2.5 / height),
        ncols=len(handles),
        frameon=False,
        fontsize=SMALL,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=1.4,
        borderaxespad=0,
        borderpad=0.1,
    )
    legend.set_gid("legend")
    key = "components_column"
    if profile.measure == "rank" and all(field.own.get("score") is None for field in profile.fields):
        key = "components_column_rank"
    axes.annotate(
        _say(key, language),
        (1, 1),
        (right - _MARGIN, 2.5),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=SMALL,
        color=QUIET,
        ha="right",
        gid="column",
    )
    return figure


def _title(facts, profile, language):
    values = {"province": name_of(facts["province"], language), "year": facts["year"]}
    return _say("components_title", language, index=profile.index.short, **values)


def _units(profile, language):
    if profile.measure == "rank":
        ranked = sum(field.at is not None for field in profile.fields)
        values = {"ranked": profile.scale, "n": ranked, "of": len(profile.fields)}
        return _say("components_subtitle_rank", language, **values)
    n = _span([len(field.country) for field in profile.fields])
    # Of a maximum of 100 nobody says whether it is one of points or of percent.
    if profile.common and profile.scale != 100:
        return _say(
            "components_subtitle_points", language, n=n, max=wording.number(profile.scale, language, 0)
        )
    return _say("components_subtitle_share", language, n=n)


def _components_notes(facts, profile, registry, language):
    notes = []
    if profile.measure == "rank":
        notes.append(_say("components_note_rank", language))
    elif all(field.median is None for field in profile.fields):
        notes.append(_say("components_note_few", language))
    else:
        region = name_of(facts["province"]["region6"], language)
        n = _span([len(field.region) for field in profile.fields])
        notes.append(_say("components_note_medians", language, region=region, n=n))
    if any(field.at is None and field.has_figure for field in profile.fields):
        notes.append(_say(f"components_note_unplaced_{profile.measure}", language))
    notes.append(_sources(profile.rows, registry, language))
    return notes


def _draw_fields(axes, profile, heights, names, facts, language):
    """Draw the rows; give the entries of the legend."""
    code = facts["province"]["gso_code"]
    region = name_of(facts["province"]["region6"], language)
    found = {}
    low = 0
    for field, tall, lines in zip(profile.fields, heights, names, strict=True):
        y = low + tall / 2
        low += tall
        said = {"fontsize": SMALL, "va": "center", "linespacing": 1.15}
        axes.annotate(
            "\n".join(lines),
            (0, y),
            (-8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            multialignment="right",
            gid=f"name-{field.slug}",
            **said,
        )
        axes.annotate(
            _label(profile, field, language),
            (1, y),
            (_COLUMN - _MARGIN, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            gid=f"label-{field.slug}",
            color=OWN if field.has_figure else QUIET,
            weight="bold" if field.has_figure else "normal",
            style="normal" if field.has_figure else "italic",
            **said,
        )
        if profile.measure == "rank" and field.at is not None:
            ends = [1, profile.scale]
            drawn = axes.plot(ends, [y, y], color=_OTHERS, linewidth=0.8, zorder=1, gid=f"span-{field.slug}")
            found.setdefault("span", drawn[0])
        elif len(field.country):
            ends = [field.country.min(), field.country.max()]
            axes.plot(ends, [y, y], color=COUNTRY, linewidth=0.8, zorder=1, gid=f"span-{field.slug}")
            others = field.country.drop(code, errors="ignore")
            marks = {"linestyle": "", "marker": "|", "markersize": 6, "markeredgewidth": 0.6}
            drawn = axes.plot(
                others, [y] * len(others), color=_OTHERS, zorder=2, gid=f"others-{field.slug}", **marks
            )
            if len(others):
                found.setdefault("others", drawn[0])
        if field.median is not None:
            marks = {"linestyle": "", "marker": "|", "markersize": 12, "markeredgewidth": 1.8}
            drawn = axes.plot([field.median], [y], color=INK, zorder=3, gid=f"country-{field.slug}", **marks)
            found.setdefault("country", drawn[0])
        if field.region_median is not None:
            # Above the row, where no other mark covers it.
            marks = {"linestyle": "", "marker": "v", "markersize": 4.8, "markeredgewidth": 0.7}
            drawn = axes.plot(
                [field.region_median],
                [y - 5.4],
                markerfacecolor=REGION,
                markeredgecolor=INK,
                zorder=4,
                gid=f"region-{field.slug}",
                **marks,
            )
            found.setdefault("region", drawn[0])
        if field.at is not None:
            drawn = axes.plot(
                [field.at], [y], "o", color=OWN, markersize=6.4, zorder=5, gid=f"own-{field.slug}"
            )
            drawn[0].set(markeredgecolor="white", markeredgewidth=0.6)
            found.setdefault("own", drawn[0])
    labels = {
        "own": name_of(facts["province"], language),
        "country": _say("legend_country", language),
        "region": _say("legend_region", language, region=region),
        "others": _say("legend_others", language),
        "span": _say("legend_span", language),
    }
    for key in found:
        found[key].set_label(labels[key])
    return [found[key] for key in labels if key in found]


def _components_axis(axes, profile, language):
    from matplotlib.ticker import MaxNLocator

    if profile.measure == "rank":
        last = int(profile.scale)
        axes.set_xlim(last + 0.04 * last, 1 - 0.04 * last)
        step = 10 if last > 20 else 5
        ticks, decimals = [1, *range(step, last + 1, step)], 0
    else:
        values = pd.concat([field.country for field in profile.fields])
        low, high = values.min(), values.max()
        room = 0.05 * (high - low) or 1.0
        axes.set_xlim(low - room, high + room)
        ticks = MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(low, high)
        ticks = [tick for tick in ticks if low - room <= tick <= high + room]
        decimals = 0 if all(float(tick).is_integer() for tick in ticks) else 1
    axes.set_xticks(ticks, [wording.number(tick, language, decimals) for tick in ticks])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=SMALL, length=2, pad=2)
    axes.grid(axis="x", color="#ececec", linewidth=0.5)
    axes.set_axisbelow(True)


def describe_components(facts, figures, registry, index_slug, language, raw="data/raw"):
    """
    Describe the picture of the components for those who do not see it.

    Parameters
    ----------
    facts : dict
    figures : pandas.DataFrame
    registry : helpers.registry.Registry
    index_slug : str
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    str
        "" if there is no picture.

    Raises
    ------
    ValueError
        If the index is not among the facts.
    """
    profile = _profile(facts, figures, registry, index_slug, raw, language)
    if profile is None:
        return ""
    parts = []
    for field in profile.fields:
        values = {"component": field.name, "label": _label(profile, field, language)}
        key = "components_alt_part"
        if field.median is not None:
            key, values["median"] = "components_alt_median", wording.number(field.median, language)
        parts.append(_say(key, language, **values))
    values = {"index": profile.index.short, "year": facts["year"], "parts": "; ".join(parts)}
    return _say("components_alt", language, province=name_of(facts["province"], language), **values)
