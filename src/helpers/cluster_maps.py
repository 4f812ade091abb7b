"""Maps of local clusters: which provinces and their neighbours are high or low together, beyond chance."""

import functools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers import cartography, measures, palettes, spatial, wording
from helpers import map_findings as findings
from helpers.choropleths import BLANKS, Map, stem
from helpers.resampling import LEVEL

KINDS = spatial.CLUSTERS[:-1]
NOT_SIGNIFICANT = spatial.CLUSTERS[-1]
STYLES = {kind: {"facecolor": colour} for kind, colour in palettes.CLUSTERS.items()}
# White lines would not part pale provinces from the paper.
_DRAWN = STYLES | {NOT_SIGNIFICANT: STYLES[NOT_SIGNIFICANT] | cartography.UNCOLOURED}
LABELLED = 6
# Room of the letters inside a unit, points.
_MARK = 11, 8


@dataclass(frozen=True)
class Clusters:
    """
    The local clusters of an index in a year.

    Attributes
    ----------
    layer : helpers.measures.Layer
        The score or the rank that they were computed of, for all units.
    found : pandas.DataFrame
        The rows of `helpers.spatial.clusters_table`, by ``gso_code``: the units with a figure.
    """

    layer: measures.Layer
    found: pd.DataFrame = field(repr=False)

    def codes(self, kind):
        """Codes of the units of a kind of cluster, the smallest p-value first (list of str)."""
        rows = self.found[self.found["cluster"] == kind]
        return list(rows.sort_values("p_value", kind="stable").index)

    @property
    def significant(self):
        """Codes of the units that stand out, the smallest p-value first (list of str)."""
        rows = self.found[self.found["cluster"] != NOT_SIGNIFICANT]
        return list(rows.sort_values("p_value", kind="stable").index)


def find(atlas, index, year, table=None):
    """
    Give the local clusters of an index in a year with the layer that they are mapped on.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    index : str
        Slug.
    year : int
    table : pandas.DataFrame, optional
        From `helpers.spatial.clusters_table` for this year; computed here by default.

    Returns
    -------
    Clusters

    Raises
    ------
    helpers.measures.NoFigureError, ValueError
        As in `clusters`.
    """
    entry, vintage = atlas.registry[index], atlas.units(year)
    if not entry.has_year(year):
        raise measures.NoFigureError("map.nothing_year", index=entry.short, year=year)
    if table is None:
        # With the borders of the pages, whatever the map is drawn with: they decide who is whose neighbour.
        borders = spatial.read_borders(atlas.processed, vintage, atlas.raw)
        figures = atlas.figures[atlas.figures["index"] == index]
        table = spatial.clusters_table(figures, atlas.registry, borders, year)
    found = table[table["index"] == index].set_index("gso_code")
    if found.empty:
        raise measures.NoFigureError("clusters.nothing_total", index=entry.short, year=year)
    if reason := found["reason"].iloc[0]:
        said = functools.partial(wording.text, reason, minimum=spatial.MINIMUM)
        raise measures.NoFigureError("clusters.nothing", index=entry.short, year=year, reason=said)
    layer = measures.measure(atlas.figures, entry, year, atlas.codes(year), found["measure"].iloc[0])
    values = layer.values
    same = set(values.index) == set(found.index) and np.allclose(
        found["value"].astype(float), values[found.index]
    )
    if not same:
        raise ValueError(
            f"the table of clusters was not made of the figures of {index} {year}; make it again with "
            "helpers.spatial.clusters_table"
        )
    return Clusters(layer, found)


def clusters(atlas, index, year, language="en", table=None, size="page", always=True):
    """
    Map the local clusters of an index in a year.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    index : str
        Slug.
    year : int
    language : {"en", "vi"}
    table : pandas.DataFrame, optional
        From `helpers.spatial.clusters_table` for this year and its units; computed here by default.
    size : {"page", "half", "slide"}
    always : bool
        Whether a map is drawn even if no unit stands out; else that is refused, in words for readers.

    Returns
    -------
    helpers.choropleths.Map
        Every unit is an artist with the gid ``province-<gso_code>``. Units that stand out have the letters of
        their kind in their label; those without a label have them printed inside, but never over another.

    Raises
    ------
    helpers.measures.NoFigureError
        If the index has no figures for the year, or clusters cannot be computed of them, or none stands out
        and the map was wanted only otherwise; the text says which.
    ValueError
        If `table` is not of these figures, or a parameter is unknown.

    Notes
    -----
    Local Moran's I (Anselin 1995, Geographical Analysis 27, 93-115), with a control of false discoveries; see
    `helpers.spatial.local`.
    """
    wording.check_language(language)
    made = find(atlas, index, year, table)
    layer = made.layer
    if not always and not made.significant:
        values = {"index": layer.index.short, "year": year, "n": len(made.found)}
        raise measures.NoFigureError("clusters.nothing_beyond_chance", **values)
    country = atlas.country(layer.vintage)
    words = findings.words(
        country,
        lambda each: title(made, each),
        lambda each: describe(made, country.names(each), each),
        lambda each: findings.source(layer, each),
    )
    heads = words["title"][language], subtitle(made, language)
    credits = [findings.source(layer, language), *findings.credits(country, language)]
    sheet = cartography.sheet(size, heads, [*notes(made, language), *credits], country)
    draw(sheet, made, language)
    names = country.names(language)
    table = tabulate(made, names)
    values = {"title": words["title"][language], "n": layer.n, "of": len(table)}
    return Map(
        stem("clusters", index, layer=layer, size=size),
        sheet.figure,
        language,
        words,
        wording.text("map.caption", language, **values),
        table,
        word_table(table, made, names, language),
        findings.tell_gaps(layer, names, language),
    )


# --- drawing ----------------------------------------------------------------------------------------------


def draw(sheet, made, language):
    """
    Draw clusters on a sheet: units, insets, islands, legend, labels, letters.

    Parameters
    ----------
    sheet : helpers.cartography.Sheet
    made : Clusters
    language : {"en", "vi"}
    """
    layer, kinds = made.layer, made.found["cluster"]
    states = layer.table["state"]
    styles = {
        code: _DRAWN[kinds[code]] if code in kinds.index else BLANKS[states[code]] for code in states.index
    }
    sheet.draw(styles)
    sheet.scale_bar()
    marks = {kind: letters(kind, language) for kind in KINDS}
    sheet.insets(styles, language, {code: marks[kinds[code]] for code in made.significant})
    sheet.islands(language)
    heading = wording.text("clusters.legend", language)
    note = wording.text("clusters.legend_note", language)
    sheet.legend(heading, legend(made, language), note, (sheet.layout.left / 2, sheet.height * 0.42))
    names = sheet.country.names(language)
    sheet.label({code: _label(made, code, names, language) for code in made.significant[:LABELLED]})
    written = {text.get_gid() for text in sheet.axes.texts}
    mark(sheet, made, [code for code in made.significant if f"label-{code}" not in written], language)


def letters(kind, language):
    """
    Give the letters of a kind of cluster: colours alone are lost in a grey print.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    language : {"en", "vi"}

    Returns
    -------
    str
        The province and its neighbours, H and L in English, C (cao) and T (thấp) in Vietnamese.
    """
    return wording.text(f"clusters.letters_{kind}", language)


def mark(sheet, made, codes, language):
    """
    Print the letters of their kind inside units, the first ones first, but none over another.

    Parameters
    ----------
    sheet : helpers.cartography.Sheet
    made : Clusters
    codes : list of str
    language : {"en", "vi"}
    """
    placed = []
    for code in codes:
        place = sheet.place(sheet.country.centres[code])
        if all((np.abs(place - other) >= _MARK).any() for other in placed):
            sheet.mark(letters(made.found.at[code, "cluster"], language), code)
            placed.append(place)


def legend(made, language):
    """
    Lay out the rows of the legend.

    Parameters
    ----------
    made : Clusters
    language : {"en", "vi"}

    Returns
    -------
    list of (str, dict)
        Text with count, and style: all kinds of clusters, also those that no unit is of, then the units
        without a figure.
    """
    rows = [
        (wording.text(f"clusters.row_{kind}", language, count=len(made.codes(kind))), STYLES[kind])
        for kind in spatial.CLUSTERS
    ]
    return rows + [
        (wording.text(f"map.state_{state}", language, count=len(codes)), BLANKS[state])
        for state, codes in made.layer.gaps.items()
    ]


def _label(made, code, names, language):
    return wording.text(
        "clusters.label",
        language,
        name=names[code],
        letters=letters(made.found.at[code, "cluster"], language),
        figures=findings.figures_of(made.layer, code, language),
    )


# --- words ------------------------------------------------------------------------------------------------


def _values(made, language):
    layer = made.layer
    return {
        "index": layer.index.short,
        "year": layer.year,
        "n": layer.n,
        "of": len(layer.table),
        "rate": wording.number(100 * LEVEL, language, 0),
        "measure": wording.text(f"clusters.measure_{layer.measure}", language),
    }


def title(made, language):
    """
    Write the title of a map.

    Parameters
    ----------
    made : Clusters
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    return wording.text("clusters.title", language, **_values(made, language))


def subtitle(made, language):
    """
    Write the line below the title: that there is no cluster if there is none, measure, significance and n.

    Parameters
    ----------
    made : Clusters
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    none = [] if made.significant else [wording.text("clusters.none", language)]
    return " · ".join([*none, wording.text("clusters.subtitle", language, **_values(made, language))])


def notes(made, language):
    """
    Say how the clusters were found and what they do not show.

    Parameters
    ----------
    made : Clusters
    language : {"en", "vi"}

    Returns
    -------
    list of str
        Method; how many would stand out without the control of false discoveries; how many have no true
        neighbour.
    """
    found, values = made.found, _values(made, language)
    permutations, finer = (int(found["permutations"].agg(which)) for which in ("min", "max"))
    often = wording.number(finer, language, 0)
    said = wording.text(
        "clusters.note_method",
        language,
        permutations=wording.number(permutations, language, 0),
        finer=wording.text("clusters.finer", language, finer=often) if finer > permutations else "",
    )
    level = wording.number(LEVEL, language)
    single, chance = int((found["p_value"] < LEVEL).sum()), wording.number(LEVEL * len(found), language, 0)
    told = [
        said,
        wording.text("clusters.note_single", language, single=single, chance=chance, level=level, **values),
    ]
    if joined := int((found["joined"] != "").sum()):
        told.append(wording.text("clusters.note_joined", language, count=joined))
    return told


def describe(made, names, language):
    """
    Say what a map shows, for those who do not see it.

    Parameters
    ----------
    made : Clusters
    names : pandas.Series
        Names of the units in the language, by code.
    language : {"en", "vi"}

    Returns
    -------
    str
        Subject, n, the units of each kind of cluster by name, how many have no figure and why.
    """
    told = [
        wording.text(
            "clusters.alt_found",
            language,
            kind=wording.text(f"clusters.kind_{kind}", language),
            count=len(codes),
            names=", ".join(names[code] for code in codes),
        )
        for kind in KINDS
        if (codes := made.codes(kind))
    ]
    found = " ".join(told) or wording.text("clusters.alt_none", language)
    rest = len(made.codes(NOT_SIGNIFICANT))
    said = [wording.text("clusters.alt", language, found=found, rest=rest, **_values(made, language))]
    if gaps := made.layer.gaps:
        listed = [
            wording.text(f"map.state_{state}", language, count=len(codes)) for state, codes in gaps.items()
        ]
        said.append(wording.text("map.alt_gaps", language, gaps="; ".join(listed)))
    return " ".join(said)


_COLUMNS = ["cluster", "neighbours", "joined", "p_value", "p_fdr"]


def tabulate(made, names):
    """
    Lay out what a map shows as a table.

    Parameters
    ----------
    made : Clusters
    names : pandas.Series
        Names of the units, by code.

    Returns
    -------
    pandas.DataFrame
        One row a unit: gso_code, province, value, cluster, neighbours, joined, p_value, p_fdr, state.
    """
    table = made.layer.table[["value", "state"]].join(made.found[_COLUMNS])
    table["neighbours"] = table["neighbours"].astype("Int64")
    return table.assign(province=names).reset_index()[["gso_code", "province", "value", *_COLUMNS, "state"]]


def word_table(table, made, names, language):
    """
    Put the table of a map into the words of the page.

    Parameters
    ----------
    table : pandas.DataFrame
        From `tabulate`.
    made : Clusters
    names : pandas.Series
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        The same rows, the province first, kinds, reasons and p-values in words; columns without any entry are
        left out.
    """
    layer = made.layer
    kinds = {kind: wording.text(f"clusters.kind_{kind}", language) for kind in spatial.CLUSTERS}
    reasons = {state: wording.text(f"map.reason_{state}", language) for state in layer.gaps}
    written = {
        column: [wording.number(p, language, 4) for p in table[column]] for column in ("p_value", "p_fdr")
    }
    worded = table.assign(
        cluster=table["cluster"].map(kinds),
        joined=table["joined"].map(names),
        state=table["state"].map(reasons),
        **written,
    ).dropna(axis="columns", how="all")
    heads = {name: wording.text(f"map.column_{name}", language) for name in ("province", "gso_code", "state")}
    heads |= {name: wording.text(f"clusters.column_{name}", language) for name in _COLUMNS}
    heads["value"] = wording.text(f"clusters.column_value_{layer.measure}", language)
    return worded[["province", *worded.columns.drop("province")]].rename(columns=heads)
