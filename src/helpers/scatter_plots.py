"""Scatter plots of any two indices or components, with their words: one call from the figures to the plot."""

import functools
from dataclasses import dataclass, field, replace

import pandas as pd

from helpers import (
    charts,
    coefficients,
    correlation,
    findings,
    marking,
    measures,
    provinces,
    publishing,
    wording,
)
from helpers.measures import NoFigureError
from helpers.registry import Index

_LABEL_SIZE = 7


@dataclass(frozen=True)
class Plot:
    """
    A scatter plot with everything that goes with it.

    Attributes
    ----------
    name : str
        Stem of its files.
    figure : matplotlib.figure.Figure
    points : pandas.DataFrame
        One row a province with both figures; see `helpers.correlation.points`.
    estimate : helpers.coefficients.Estimate
        Spearman's, with its interval and its permutation p-value.
    alt : str
        What it says, for those who do not see it.
    caption : str
        Short line below the picture.
    """

    name: str
    figure: object = field(repr=False)
    points: pd.DataFrame = field(repr=False)
    estimate: coefficients.Estimate
    alt: str = field(repr=False)
    caption: str

    def publish(self, folder, formats=("png", "svg")):
        """
        Write the picture and close the figure; parameters and result as in `helpers.choropleths.Map`.

        Parameters
        ----------
        folder : str or pathlib.Path
        formats : iterable of {"png", "svg", "print", "pdf"}

        Returns
        -------
        helpers.publishing.Published
        """
        return publishing.publish(self.figure, folder, self.name, self.alt, self.caption, formats=formats)


def scatter(atlas, first, second, year, language="en", measure="score", marked=()):
    """
    Draw two indices, or two components of any indices, against each other.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    first, second : (str, str)
        Slug of an index, and of its component or "" for its total; on the horizontal and vertical axis.
    year : int
    language : {"en", "vi"}
    measure : {"score", "rank"}
    marked : iterable of str
        Codes of provinces to ring and name.

    Returns
    -------
    Plot
        Of two totals it has the n and the coefficient of the page of correlations: the same functions make
        both, with the same seed.

    Raises
    ------
    helpers.measures.NoFigureError
        If one of the two has no such figure in the year, or no province has both.
    ValueError
        If the two are one and the same, or a parameter is unknown.
    """
    wording.check_language(language)
    if tuple(first) == tuple(second):
        raise NoFigureError("exploring.same_twice")
    if measure not in correlation.MEASURES:
        raise ValueError(f"measure {measure!r} is not known; choose one of {', '.join(correlation.MEASURES)}")
    places = provinces.load(atlas.raw, provinces.vintage_of(year))
    alone = [_alone(atlas, *side, year, measure) for side in (first, second)]
    pair, figures = [index for index, _ in alone], pd.concat([rows for _, rows in alone], ignore_index=True)
    points = correlation.points(figures, *pair, year, measure)
    if not len(points):
        names = {"first": functools.partial(_called, atlas, *first)}
        names["second"] = functools.partial(_called, atlas, *second)
        raise NoFigureError(f"exploring.no_pair_{measure}", year=year, **names)
    # Scores are known where nobody ranks; the number ranked is said on axes of ranks alone.
    points = points.fillna(dict.fromkeys(("x_ranked", "y_ranked"), len(places.codes)))
    pair = [_worded(index, atlas, side, language) for index, side in zip(pair, (first, second), strict=True)]
    estimate = coefficients.resampled("spearman", points["x"], points["y"])
    remark = _remark(atlas, first, second, pair, year, measure, language)
    figure = charts.scatter(points, *pair, year, measure, language, places, estimate, remark)
    _fit(figure)
    marking.on_scatter(figure, points, marked, places, language)
    caption = wording.text(
        f"correlate.caption_{measure}",
        language,
        pair=findings.pair_name(*pair),
        year=year,
        n=len(points),
    )
    alt = findings.describe(points, *pair, year, measure, estimate, places, language)
    name = "_".join(["scatter", *(part.replace(".", "_") for part in (*first, *second) if part), measure])
    return Plot(name, figure, points, estimate, alt, caption)


def _alone(atlas, slug, component, year, measure):
    """An index, or one component of it as if it were an index of its own; and its rows as totals."""
    index = atlas.registry[slug]
    try:
        layer = measures.measure(atlas.figures, index, year, atlas.codes(year), measure, component)
    except NoFigureError as error:
        name = functools.partial(_called, atlas, slug, component)
        raise NoFigureError(f"exploring.no_{measure}", name=name, year=year) from error
    figures = atlas.figures
    rows = figures[(figures["year"] == year) & (figures["index"] == slug)]
    rows = rows[rows["component"] == component]
    if not component:
        return index, rows
    # Percentages among points would be no points of one plot.
    rows = rows[~rows["gso_code"].isin(layer.codes("other_scale"))]
    single = Index(f"{slug}.{component}", {**index.entry, "contains": {}})
    return single, rows.assign(index=single.slug, component="")


def _called(atlas, slug, component, language):
    index = atlas.registry[slug]
    if not component:
        return index.short
    name = index.component_name(component, language)
    return wording.text("exploring.component_of", language, index=index.short, component=name)


def _worded(index, atlas, side, language):
    """Give a component taken for an index the words of one."""
    if not side[1]:
        return index
    unit = {language: wording.text("exploring.points", language)}
    return replace(index, entry={**index.entry, "short": _called(atlas, *side, language), "unit": unit})


def _remark(atlas, first, second, pair, year, measure, language):
    """Warn of a pair of which one is part of the other."""
    if first[0] == second[0]:
        return wording.text("exploring.same_index", language, index=atlas.registry[first[0]].short)
    whole_and_part = correlation.whole_of(atlas.registry[first[0]], atlas.registry[second[0]])
    if not whole_and_part:
        return ""
    whole, part = whole_and_part
    values = {"whole": whole.short, "part": part.short, "year": year}
    if first[1] or second[1] or measure == "rank":
        return wording.text("exploring.part_of", language, **values)
    if not correlation.share_known(whole, year):
        return wording.text("correlate.figure_note_part_unknown", language, **values)
    left = correlation.paired(atlas.figures, *pair, year, measure, corrected=True)
    corrected = coefficients.resampled("spearman", left["x"], left["y"])
    result = findings.result_text(corrected, language)
    return wording.text("correlate.figure_note_part", language, result=result, **values)


def _fit(figure):
    """Break the name of the vertical axis where it is longer than the axis."""
    (axes,) = figure.axes[:1]
    room = axes.get_position().height * figure.get_figheight() * 72
    label = axes.yaxis.label
    if charts.text_width(label.get_text(), label.get_fontsize()) > room:
        lines = charts.broken(label.get_text(), room, _LABEL_SIZE)
        axes.set_ylabel("\n".join(lines), fontsize=_LABEL_SIZE, labelpad=1)
    label = axes.xaxis.label
    wide = axes.get_position().width * figure.get_figwidth() * 72
    if charts.text_width(label.get_text(), label.get_fontsize()) > wide:
        label.set_fontsize(_LABEL_SIZE)
