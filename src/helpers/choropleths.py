"""Choropleths of one index and year: from the figures to a picture with its words and its table."""

from dataclasses import dataclass, field

import pandas as pd

from helpers import cartography, measures, palettes, publishing, wording
from helpers import classes as classing
from helpers import map_findings as findings

DOTTED = palettes.OTHER_MEASURE
# States that one map can show side by side look different.
BLANKS = dict.fromkeys(measures.STATES, DOTTED) | {
    "no_group": {"facecolor": "#ffffff", "hatch": "++++", "hatchcolor": "#a0a0a0"},
    "other_scale": {"facecolor": "#ffffff", "hatch": "++++", "hatchcolor": "#a0a0a0"},
    "some_parts": {"facecolor": "#ffffff", "hatch": "||||||", "hatchcolor": "#b0b0b0"},
    "some_components": {"facecolor": "#ffffff", "hatch": "\\\\\\\\", "hatchcolor": "#8a8a8a"},
    "not_surveyed": {"facecolor": "#ffffff", "hatch": "xxxx", "hatchcolor": "#c0c0c0"},
    "no_result": palettes.NO_FIGURE,
    "not_reported": palettes.NO_FIGURE,
    "neither": palettes.NO_FIGURE,
}


@dataclass(frozen=True)
class Map:
    """
    A drawn map with everything that goes with it.

    Attributes
    ----------
    name : str
        Stem of its files.
    figure : matplotlib.figure.Figure
    language : {"en", "vi"}
        Of the figure.
    words : dict of str to dict
        ``title``, ``alt`` and ``credit`` by language: both, whatever the language of the figure.
    caption : str
        Short line below the picture.
    table : pandas.DataFrame
        The figures of the map, one row a unit.
    worded : pandas.DataFrame
        The same in the words of the page.
    gaps : list of (str, str)
        Sentences that name the units without a class, and what to fold below them.
    aggregated : bool
        Whether the figures are means of merged provinces.
    """

    name: str
    figure: object = field(repr=False)
    language: str
    words: dict = field(repr=False)
    caption: str
    table: pd.DataFrame = field(repr=False)
    worded: pd.DataFrame = field(repr=False)
    gaps: list = field(repr=False)
    aggregated: bool = False

    def publish(self, folder, formats=("png", "svg")):
        """
        Write the picture and close the figure.

        Parameters
        ----------
        folder : str or pathlib.Path
        formats : iterable of {"png", "svg", "print", "pdf"}

        Returns
        -------
        helpers.publishing.Published
            Shows itself in a notebook, with its alternative text.
        """
        alt, title = self.words["alt"][self.language], self.words["title"][self.language]
        return publishing.publish(self.figure, folder, self.name, alt, self.caption, title, formats)

    @property
    def table_caption(self):
        """What its table shows (str)."""
        key = "map.table_caption_merged" if self.aggregated else "map.table_caption"
        return wording.text(key, self.language, title=self.words["title"][self.language])

    @property
    def captions(self):
        """Its row of ``captions.csv`` (helpers.publishing.Caption)."""
        return publishing.Caption(self.name, **self.words)


# --- one index --------------------------------------------------------------------------------------------


def score(atlas, index, year, language="en", **options):
    """
    Map the total score of an index in a year.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    index : str
        Slug: "par", "papi", "sipas", ...
    year : int
    language : {"en", "vi"}
    **options
        As in `choropleth`.

    Returns
    -------
    Map
    """
    return choropleth(atlas, index, year, language, measure="score", **options)


def rank(atlas, index, year, language="en", **options):
    """Map the rank of an index in a year; parameters and result as in `score`."""
    return choropleth(atlas, index, year, language, measure="rank", **options)


def change(atlas, index, year, language="en", **options):
    """
    Map the change on the year before: of the score within a series, of the rank across a break.

    Parameters and result as in `score`. The title area says which of the two it is.
    """
    return choropleth(atlas, index, year, language, measure="change", **options)


def group(atlas, index, year, language="en", **options):
    """Map the published group of each unit; parameters and result as in `score`."""
    return choropleth(atlas, index, year, language, measure="group", **options)


def z_score(atlas, index, year, language="en", **options):
    """Map the distance from the mean in standard deviations; parameters and result as in `score`."""
    return choropleth(atlas, index, year, language, measure="z_score", **options)


def dimension(atlas, index, year, component, language="en", measure="score", **options):
    """
    Map a dimension or sub-dimension of an index.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    index : str
    year : int
    component : str
        Slug: "e_governance", "participation.village_elections", ...
    language : {"en", "vi"}
    measure : str
        Any of `choropleth`.
    **options
        As in `choropleth`.

    Returns
    -------
    Map
    """
    return choropleth(atlas, index, year, language, measure=measure, component=component, **options)


def choropleth(
    atlas,
    index,
    year,
    language="en",
    measure="score",
    component="",
    scheme="quantiles",
    k=5,
    boundaries=None,
    size="page",
):
    """
    Map an index in a year by any measure.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    index : str
        Slug.
    year : int
    language : {"en", "vi"}
    measure : {"score", "rank", "change", "rank_change", "group", "z_score"}
        See `helpers.measures.measure`.
    component : str
        A slug, or "" for the total.
    scheme : {"quantiles", "fisher_jenks", "equal_interval", "published"}
        How class limits are found; "published" takes the published groups of a score.
    k : int
        Number of classes, 2 to 9.
    boundaries : {"63", "34"}, optional
        By default those of the year. A year to 2024 on "34" shows means of the merged provinces, and says so.
    size : {"page", "half", "slide"}

    Returns
    -------
    Map
        Every unit is an artist with the gid ``province-<gso_code>``; those without a value are hatched, by
        the reason, and counted in the legend.

    Raises
    ------
    helpers.measures.NoFigureError
        If there is nothing to map.
    ValueError
        If a parameter is unknown.
    """
    entry = atlas.registry[index]
    classing.check(scheme, k)
    asked = "group" if (measure, scheme) == ("score", "published") else measure
    vintage = atlas.units(year, boundaries)
    layer = measures.measure(atlas.figures, entry, year, atlas.codes(year), asked, component)
    if layer.vintage != vintage:
        layer = measures.merged(layer, atlas.crosswalk, atlas.weights)
    parts = ["map" if asked == "score" else asked, index, component.replace(".", "_")]
    name = stem(*parts, layer=layer, size=size)
    scheme = "quantiles" if scheme == "published" else scheme
    return _mapped(atlas, layer, name, language, scheme, k, size, asked)


def paper_against_citizens(
    atlas,
    year,
    language="en",
    paper="par",
    citizens="papi",
    scheme="quantiles",
    k=6,
    boundaries=None,
    size="page",
):
    """
    Map by how many places each unit stands better on paper than with its citizens.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    year : int
    language : {"en", "vi"}
    paper, citizens : str
        Slugs of the index of the administration's work and of the survey of citizens.
    scheme, k, boundaries, size
        As in `choropleth`.

    Returns
    -------
    Map

    Raises
    ------
    helpers.measures.NoFigureError
        If no unit is ranked by both.
    """
    pair = atlas.registry[paper], atlas.registry[citizens]
    vintage = atlas.units(year, boundaries)
    layer = measures.standing_gap(atlas.figures, *pair, year, atlas.codes(year))
    if layer.vintage != vintage:
        layer = measures.merged(layer, atlas.crosswalk, atlas.weights)
    name = stem("gap", paper, citizens, layer=layer, size=size)
    return _mapped(atlas, layer, name, language, scheme, k, size)


def stem(*parts, layer, size):
    """
    Name the files of a map, so that different maps have different names.

    Parameters
    ----------
    *parts : str
        Kind, index, component; empty ones are left out.
    layer : helpers.measures.Layer
    size : str

    Returns
    -------
    str
        "map_papi", "change_papi_e_governance", "map_papi_34_slide".
    """
    parts += ("34" if layer.aggregated else "", "" if size == "page" else size)
    return "_".join(part for part in parts if part)


def _mapped(atlas, layer, name, language, scheme, k, size, asked=None):
    """Class a layer, draw it, and put it into words."""
    wording.check_language(language)
    classes = classing.classify(layer, scheme, k)
    country = atlas.country(layer.vintage)
    weighted = atlas.weights is not None
    words = findings.words(
        country,
        lambda each: findings.title(layer, each),
        lambda each: findings.describe(classes, country.names(each), each, weighted),
        lambda each: findings.source(layer, each),
    )
    heads = words["title"][language], findings.subtitle(classes, language, asked, weighted)
    notes = [findings.source(layer, language), *findings.credits(country, language)]
    sheet = cartography.sheet(size, heads, notes, country)
    draw(sheet, classes, language)
    return complete(atlas, name, sheet.figure, classes, language, words, findings.caption(classes, language))


def complete(atlas, name, figure, classes, language, words, caption):
    """
    Put what goes with a drawn layer beside its figure.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    name : str
        Stem of its files.
    figure : matplotlib.figure.Figure
    classes : helpers.classes.Classes
    language : {"en", "vi"}
    words : dict of str to dict
    caption : str

    Returns
    -------
    Map
    """
    names = atlas.country(classes.layer.vintage).names(language)
    table = findings.tabulate(classes, names)
    worded = findings.word_table(table, classes, atlas.registry.basis_names, language)
    gaps = findings.tell_gaps(classes.layer, names, language)
    return Map(name, figure, language, words, caption, table, worded, gaps, classes.layer.aggregated)


def draw(sheet, classes, language):
    """
    Draw a classed layer on a sheet: units, insets, islands, legend with its histogram, labels.

    Parameters
    ----------
    sheet : helpers.cartography.Sheet
    classes : helpers.classes.Classes
    language : {"en", "vi"}
    """
    layer, colours = classes.layer, class_styles(classes)
    styles = unit_styles(classes, colours)
    names = sheet.country.names(language)
    sheet.draw(styles)
    sheet.scale_bar()
    sheet.insets(styles, language)
    sheet.islands(language)
    centre = sheet.layout.left / 2, sheet.height * 0.42
    sheet.legend(
        *findings.legend(classes, colours, BLANKS, language), centre, histogram(classes, colours, language)
    )
    # The smallest first: a large unit has other places for its number.
    for code in sorted(layer.codes("only_rank"), key=sheet.country.shapes.area.get):
        sheet.mark(str(layer.table.at[code, "rank"]), code)
    sheet.label(
        {
            code: f"{names[code]}\n{findings.figures_of(layer, code, language)}"
            for code in findings.labelled(layer)
        }
    )


def histogram(classes, colours, language):
    """
    Make the histogram that stands beside a legend.

    Parameters
    ----------
    classes : helpers.classes.Classes
    colours : list of dict
        From `class_styles`.
    language : {"en", "vi"}

    Returns
    -------
    helpers.cartography.Histogram or None
        None where it would say nothing: of groups, of one value, of ranks that all occur once.
    """
    layer = classes.layer
    flat = layer.measure == "rank" and layer.index.ranks_computed and not layer.aggregated
    if layer.measure == "group" or flat or layer.values.nunique() == 1:
        return None
    of_class = classes.number[layer.values.index]
    values = [layer.values[of_class == place].to_numpy() for place in range(len(colours))]
    return cartography.Histogram(values, colours, lambda value: findings.number(value, layer, language))


def class_styles(classes):
    """
    Choose the style of each class.

    Parameters
    ----------
    classes : helpers.classes.Classes

    Returns
    -------
    list of dict
        The lowest class first: the family of the index, the darker the better; on a diverging scale rises in
        that family, falls in slate with stripes.
    """
    name, count = classes.layer.index.colours, len(classes.limits)
    if classes.tones:
        falls, rises = (sum((tone * side) > 0 for tone in classes.tones) for side in (-1, 1))
        chosen = palettes.diverging(name, falls, rises)
        middle = [{"facecolor": tuple(chosen.middle)}] * (0 in classes.tones)
        striped = [{"facecolor": tuple(colour), **palettes.FALL_HATCH} for colour in chosen.falls]
        return [*striped, *middle, *({"facecolor": tuple(colour)} for colour in chosen.rises)]
    colours = palettes.sequential(name, count)
    # The first rank is the best: it gets the darkest colour.
    colours = colours[::-1] if classes.layer.scale == "reversed" else colours
    return [{"facecolor": tuple(colour)} for colour in colours]


def unit_styles(classes, colours):
    """
    Give every unit the style of its class or of the reason why it has none.

    Parameters
    ----------
    classes : helpers.classes.Classes
    colours : list of dict
        From `class_styles`.

    Returns
    -------
    dict of str to dict
        By code.
    """
    states = classes.layer.table["state"]
    return {
        code: BLANKS[states[code]] if pd.isna(place) else colours[place]
        for code, place in classes.number.items()
    }
