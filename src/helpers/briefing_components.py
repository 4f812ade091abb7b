"""The picture of a province's components among those of all provinces, for its briefing."""

from dataclasses import dataclass

import pandas as pd
from matplotlib import pyplot as plt

from helpers import provinces, wording
from helpers.briefing_look import COUNTRY, GRID, OWN, REGION, SIZES, SMALL, say, sources, span
from helpers.briefing_words import name_of, over
from helpers.charts import INK, QUIET, apply_style, broken, frame, frame_height
from helpers.publishing import PAGE_DPI

# Points: the picture, the names at its left, the column of scores and ranks at its right; a row; legend and
# head of the column above the rows, ticks below them.
_WIDTH, _NAMES, _COLUMN, _ROW, _ABOVE, _BELOW = 500, 200, 92, 14, 24, 15
_OTHERS = "#a9a9a9"
# A median of fewer would be one of those that somebody reported on.
_ENOUGH = 0.5
# Fewer components make no picture.
_FEWEST = 2


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
    rows = figures[figures["index"] == slug]
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
        return say("components_no_figure", language)
    place = over(rank, field.own.get("ranked")) if rank is not None else wording.MISSING
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
        From `helpers.briefing.Book.components`, of the year of the facts.
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
    names = [broken(field.name, _NAMES - 2 * SIZES.margin, SMALL) for field in profile.fields]
    heights = [max(_ROW, len(lines) * SMALL * 1.15 + 2) for lines in names]
    framed = (
        _title(facts, profile, language),
        _units(profile, language),
        _notes(facts, profile, registry, language),
        SIZES,
    )
    height = frame_height(_WIDTH, *framed) + sum(heights) + _ABOVE + _BELOW
    figure = plt.figure(figsize=(_WIDTH / 72, height / 72), dpi=PAGE_DPI)
    bottom, top = frame(figure, *framed)
    low, tall = bottom + _BELOW / height, top - bottom - (_ABOVE + _BELOW) / height
    place = _NAMES / _WIDTH, low, (_WIDTH - _NAMES - _COLUMN) / _WIDTH, tall
    axes = figure.add_axes(place, gid=f"components-{index_slug}")
    axes.set_ylim(sum(heights), 0)
    handles = _draw_fields(axes, profile, heights, names, facts, language)
    _scale(axes, profile, language)
    legend = figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(SIZES.margin / _WIDTH, top - 2.5 / height),
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
        say(key, language),
        (1, 1),
        (_COLUMN - SIZES.margin, 2.5),
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
    return say("components_title", language, index=profile.index.short, **values)


def _units(profile, language):
    if profile.measure == "rank":
        ranked = sum(field.at is not None for field in profile.fields)
        values = {"ranked": profile.scale, "n": ranked, "of": len(profile.fields)}
        return say("components_subtitle_rank", language, **values)
    n = span([len(field.country) for field in profile.fields])
    # Of a maximum of 100 nobody says whether it is one of points or of percent.
    if profile.common and profile.scale != 100:
        return say(
            "components_subtitle_points", language, n=n, max=wording.number(profile.scale, language, 0)
        )
    return say("components_subtitle_share", language, n=n)


def _notes(facts, profile, registry, language):
    notes = []
    if profile.measure == "rank":
        notes.append(say("components_note_rank", language))
    elif all(field.median is None for field in profile.fields):
        notes.append(say("components_note_few", language))
    else:
        region = name_of(facts["province"]["region6"], language)
        n = span([len(field.region) for field in profile.fields])
        notes.append(say("components_note_medians", language, region=region, n=n))
    if any(field.at is None and field.has_figure for field in profile.fields):
        notes.append(say(f"components_note_unplaced_{profile.measure}", language))
    notes.append(sources(profile.rows, registry, language))
    return notes


def _draw_fields(axes, profile, heights, names, facts, language):
    """Draw the rows; give the entries of the legend."""
    code = facts["province"]["gso_code"]
    found = {}
    low = 0
    for field, tall, lines in zip(profile.fields, heights, names, strict=True):
        y = low + tall / 2
        low += tall
        _write_field(axes, y, lines, _label(profile, field, language), field)
        for kind, drawn in _draw_field(axes, y, field, profile, code).items():
            found.setdefault(kind, drawn)
    labels = {
        "own": name_of(facts["province"], language),
        "country": say("legend_country", language),
        "region": say("legend_region", language, region=name_of(facts["province"]["region6"], language)),
        "others": say("legend_others", language),
        "span": say("legend_span", language),
    }
    handles = {kind: found[kind] for kind in labels if kind in found}
    for kind, drawn in handles.items():
        drawn.set_label(labels[kind])
    return list(handles.values())


def _write_field(axes, y, name, label, field):
    said = {"textcoords": "offset points", "fontsize": SMALL, "linespacing": 1.15, "ha": "right"}
    said |= {"xycoords": ("axes fraction", "data"), "va": "center"}
    axes.annotate("\n".join(name), (0, y), (-8, 0), multialignment="right", gid=f"name-{field.slug}", **said)
    look = {"color": OWN, "weight": "bold"} if field.has_figure else {"color": QUIET, "style": "italic"}
    axes.annotate(label, (1, y), (_COLUMN - SIZES.margin, 0), gid=f"label-{field.slug}", **look, **said)


def _draw_field(axes, y, field, profile, code):
    """Draw the marks of a row; give those that the legend explains, by kind."""
    found = {}

    def mark(kind, values, height=y, **look):
        gid = f"{kind}-{field.slug}"
        (found[kind],) = axes.plot(values, [height] * len(values), linestyle="", gid=gid, **look)

    line = {"linewidth": 0.8, "zorder": 1, "gid": f"span-{field.slug}"}
    if profile.measure == "rank" and field.at is not None:
        (found["span"],) = axes.plot([1, profile.scale], [y, y], color=_OTHERS, **line)
    elif len(field.country):
        axes.plot([field.country.min(), field.country.max()], [y, y], color=COUNTRY, **line)
        others = field.country.drop(code, errors="ignore")
        if len(others):
            mark("others", others, color=_OTHERS, marker="|", markersize=6, markeredgewidth=0.6, zorder=2)
    if field.median is not None:
        mark("country", [field.median], color=INK, marker="|", markersize=12, markeredgewidth=1.8, zorder=3)
    if field.region_median is not None:
        look = {
            "marker": "v",
            "markersize": 4.8,
            "markeredgewidth": 0.7,
            "markeredgecolor": INK,
            "zorder": 4,
            "clip_on": False,
        }
        # Above the row, where no other mark covers it.
        mark("region", [field.region_median], y - 5.4, markerfacecolor=REGION, **look)
    if field.at is not None:
        look = {"marker": "o", "markersize": 6.4, "markeredgecolor": "white", "markeredgewidth": 0.6}
        mark("own", [field.at], color=OWN, zorder=5, **look)
    return found


def _scale(axes, profile, language):
    from matplotlib.ticker import MaxNLocator

    # Before there are ticks: each would be changed by itself.
    axes.tick_params(labelsize=SMALL, length=2, pad=2)
    axes.grid(axis="x", **GRID)
    axes.set_axisbelow(True)
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
        parts.append(say(key, language, **values))
    values = {"index": profile.index.short, "year": facts["year"], "parts": "; ".join(parts)}
    return say("components_alt", language, province=name_of(facts["province"], language), **values)
