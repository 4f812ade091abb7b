"""What a map shows: a value for every unit of one year, or the reason why there is none."""

import functools
from dataclasses import dataclass, field, replace

import pandas as pd

from helpers import comparability, correlation, indices, merging, wording
from helpers.provinces import vintage_of

MEASURES = ("score", "rank", "change", "rank_change", "group", "z_score", "standing_gap")
SHOWN = "shown"
# Why a unit has no value, in the order in which legends list it.
STATES = (
    "only_rank",
    "only_score",
    "one_year",
    "one_index",
    "no_group",
    "other_scale",
    "some_parts",
    "some_components",
    "not_surveyed",
    "no_result",
    "not_reported",
    "neither",
)
_KEPT = ["score", "rank", "ranked", "max_score", "group", "basis", "source", "rank_basis", "rank_source"]


class NoFigureError(ValueError):
    """
    There is nothing to map.

    Parameters
    ----------
    key : str
        Of the text that says why, in both languages.
    **values
        What its braces stand for; a value may be a function of the language.
    """

    def __init__(self, key, **values):
        self.key, self.values = key, values
        super().__init__(self.in_words("en"))

    def in_words(self, language):
        """Say it in a language of the pages (str)."""
        values = {name: value(language) if callable(value) else value for name, value in self.values.items()}
        return wording.text(self.key, language, **values)


@dataclass(frozen=True)
class Layer:
    """
    The values of the units in a year, ready to be classed and drawn.

    Attributes
    ----------
    indices : tuple of helpers.registry.Index
        The index that is shown; for a gap the two that are compared.
    year : int
    measure : str
        One of `MEASURES`.
    component : str
        A slug, or "" for the total.
    vintage : {"63", "34"}
        The units: of a year to 2024 on "34", every value is an aggregate of the merged provinces.
    table : pandas.DataFrame
        One row a unit, by ``gso_code``: ``value`` (float, missing where there is none), ``state`` (`SHOWN` or
        one of `STATES`), and what the value was made of.
    """

    indices: tuple
    year: int
    measure: str
    component: str
    vintage: str
    table: pd.DataFrame = field(repr=False)

    @property
    def index(self):
        """The index, of a gap the first of the two (helpers.registry.Index)."""
        return self.indices[0]

    @property
    def aggregated(self):
        """Whether the values are aggregates of merged provinces (bool)."""
        return self.vintage != vintage_of(self.year)

    @functools.cached_property
    def values(self):
        """The values of the units that have one (pandas.Series of float)."""
        return self.table["value"].dropna()

    @functools.cached_property
    def n(self):
        """How many units have a value (int)."""
        return int(self.table["value"].notna().sum())

    @property
    def scale(self):
        """Order of the values: "sequential", "reversed" (the lowest is best), "diverging" or "ordinal"."""
        return {"score": "sequential", "rank": "reversed", "group": "ordinal"}.get(self.measure, "diverging")

    @functools.cached_property
    def decimals(self):
        """With how many decimals a value is written (int)."""
        if self.measure in ("rank", "rank_change"):
            return 1 if self.aggregated else 0
        if self.measure == "standing_gap":
            return 1
        if self.measure == "group":
            return 0
        return 2 if self.measure == "z_score" else self.score_decimals

    @functools.cached_property
    def score_decimals(self):
        """
        With how many decimals a score is written: fewer would hide the differences on a short scale (int).

        4 on a scale to 1 (DTI), 3 on one to less than 5 (parts of dimensions), else 2.
        """
        known = self.table["max_score"].dropna() if "max_score" in self.table else ()
        highest = max(known) if len(known) else self.index.max_score(self.year, self.component)
        if highest is None:
            return 2
        return 4 if highest <= 1 else 3 if highest < 5 else 2

    @property
    def group_names(self):
        """Identifiers of the published groups, the lowest first (list of str)."""
        grouping = self.index.groups(self.year)
        if grouping["kind"] == "quarters":
            return list(grouping["names"])[::-1]
        return [name for name, _ in grouping["limits"]][::-1]

    def codes(self, state):
        """Codes of the units in a state (list of str)."""
        return list(self.table.index[self.table["state"] == state])

    @functools.cached_property
    def gaps(self):
        """Codes of the units without a value by state, in the order of `STATES` (dict of str to list)."""
        found = set(self.table["state"])
        return {state: self.codes(state) for state in STATES if state in found}

    @functools.cached_property
    def best_first(self):
        """Codes of the units with a value, the best first, equal ones by code (list of str)."""
        # Within a published group the scores decide.
        values = (
            self.table["score"].where(self.table["value"].notna()) if self.measure == "group" else self.values
        )
        order = values.dropna().sort_values(kind="stable", ascending=self.scale == "reversed")
        return list(order.index)


def measure(figures, index, year, codes, measure="score", component=""):
    """
    Give the values of an index in a year.

    Parameters
    ----------
    figures : pandas.DataFrame
        The rows of ``indices.csv``.
    index : helpers.registry.Index
    year : int
    codes : list of str
        All units of the year.
    measure : {"score", "rank", "change", "rank_change", "group", "z_score"}
        change
            Score less the score of the year before; of years of different series the change of the rank.
        rank_change
            Places gained since the year before.
        group
            Place of the published group, 0 for the lowest.
        z_score
            Score less the mean of the units that have one, in their standard deviations (divided by n).
    component : str
        A slug, or "" for the total.

    Returns
    -------
    Layer
        Its measure is "rank_change" where a change of scores was asked for across a series break.

    Raises
    ------
    NoFigureError
        If no unit has a value; the text says why.
    ValueError
        If the measure or the component is unknown, a figure belongs to a unit that the map does not have, or
        a unit has two figures.
    """
    if measure not in MEASURES[:-1]:
        raise ValueError(f"measure {measure!r} is not known; choose one of {', '.join(MEASURES[:-1])}")
    if component and component not in index.components:
        raise ValueError(
            f"{index.slug} has no component {component!r}; choose one of {', '.join(index.components)}"
        )
    if not index.has_year(year):
        raise NoFigureError("map.nothing_year", index=index.short, year=year)
    table = _of_year(figures, index, year, codes, component)
    if measure in ("change", "rank_change"):
        return _changed(figures, index, year, table, measure, component)
    if measure == "group":
        return _grouped(index, year, table, component)
    value = table["rank" if measure == "rank" else "score"].astype(float)
    state = pd.Series(SHOWN, index=table.index).where(value.notna(), table["gap"])
    other = table["score"] if measure == "rank" else table["rank"]
    state[value.isna() & other.notna()] = "only_score" if measure == "rank" else "only_rank"
    if measure != "rank" and component:
        odd = _other_scale(table)
        value, state = value.mask(odd), state.mask(odd, "other_scale")
    if measure == "z_score" and value.notna().any():
        spread = value.std(ddof=0)
        value = (value - value.mean()) / spread if spread > 0 else value * 0
    return _layer((index,), year, measure, component, table, value, state)


def _of_year(figures, index, year, codes, component):
    """Figures of the units, one row each, and ``gap``: the reason why a unit has none."""
    # Years first: they are numbers, and texts take long to compare.
    of_year = figures[figures["year"] == year]
    of_year = of_year[of_year["index"] == index.slug]
    rows = of_year[of_year["component"] == component].set_index("gso_code")
    if rows.index.has_duplicates:
        raise ValueError(f"{index.slug} {year} has more than one figure for a province; clean again")
    unknown = sorted(set(rows.index) - set(codes))
    if unknown:
        raise ValueError(
            f"{index.slug} {year} has figures of {', '.join(unknown)}, which the map does not have"
        )
    table = rows[_KEPT].reindex(codes).rename_axis("gso_code")
    complete, surveyed = index.ranks_computed, index.surveyed(year)
    if surveyed is not None and len(rows) >= surveyed:
        kind = "not_surveyed"
    else:
        kind = "no_result" if complete else "not_reported"
    gap = pd.Series(kind, index=table.index)
    if complete and not component:
        gap[gap.index.isin(of_year["gso_code"])] = "some_components"
    return table.assign(gap=gap)


def _other_scale(table):
    """Tell which scores are stated on another scale than most (percentages among points)."""
    scales = table["max_score"].fillna(-1).where(table["score"].notna())
    common = scales.mode()
    return scales.notna() & (scales != common.iloc[0]) if len(common) else scales.notna()


def _changed(figures, index, year, table, measure, component):
    before = year - 1
    if not index.has_year(before):
        raise NoFigureError("map.nothing_before", index=index.short, year=year, before=before)
    try:
        if measure == "change":
            value = comparability.difference(figures, index, before, year, component)
        else:
            value = comparability.rank_difference(figures, index, before, year, component)
    except comparability.SeriesBreakError:
        return _changed(figures, index, year, table, "rank_change", component)
    except comparability.UnitsChangedError as error:
        raise NoFigureError("map.nothing_units", index=index.short, year=year, before=before) from error
    column = "score" if measure == "change" else "rank"
    earlier = figures[figures["year"] == before]
    earlier = earlier[(earlier["index"] == index.slug) & (earlier["component"] == component)]
    earlier = earlier.set_index("gso_code")
    origin = "source" if measure == "change" else "rank_source"
    table = table.assign(
        before=earlier[column].astype(float).reindex(table.index),
        before_source=earlier[origin].reindex(table.index),
    )
    # Differences of equal decimals are equal, so that they fall into the same class.
    value = value.astype(float).round(9).reindex(table.index)
    state = pd.Series(SHOWN, index=table.index).where(value.notna(), table["gap"])
    state[value.isna() & (table[column].notna() | table["before"].notna())] = "one_year"
    return _layer((index,), year, measure, component, table, value, state)


def _grouped(index, year, table, component):
    grouping = index.groups(year)
    if grouping is None or "." in component or (component and grouping["kind"] == "limits"):

        def what(language):
            name = index.component_name(component, language)
            return f"{index.short}, {name}" if component else index.short

        raise NoFigureError("map.nothing_group", what=what, year=year)
    layer = Layer((index,), year, "group", component, vintage_of(year), table)
    places = {name: number for number, name in enumerate(layer.group_names)}
    value = table["group"].map(places).astype(float)
    state = pd.Series(SHOWN, index=table.index).where(value.notna(), table["gap"])
    state[value.isna() & table["rank"].notna()] = "only_rank"
    state[value.isna() & table["score"].notna()] = "no_group"
    return _layer((index,), year, "group", component, table, value, state)


def standing_gap(figures, first, second, year, codes):
    """
    Give by how many places of the country each unit does better in one index than in another.

    Parameters
    ----------
    figures : pandas.DataFrame
    first, second : helpers.registry.Index
        For "paper against citizens" the PAR INDEX and PAPI.
    year : int
    codes : list of str
        All units of the year.

    Returns
    -------
    Layer
        ``value``: rank in the second as a share of the units it ranks, less the same of the first, times the
        number of all units; positive where the first is better. ``rank_first`` and ``rank_second`` stand in
        the table.

    Raises
    ------
    NoFigureError
        If no unit is ranked by both.
    """
    if first.slug == second.slug:
        raise ValueError(f"{first.slug} cannot be compared with itself; name two indices")
    for index in (first, second):
        if not index.has_year(year):
            raise NoFigureError("map.nothing_year", index=index.short, year=year)
    points = correlation.points(figures, first, second, year, "rank")
    ranks = correlation.totals(figures, year, "rank").reindex(columns=[first.slug, second.slug])
    ranks.columns = ["rank_first", "rank_second"]
    table = ranks.reindex(codes).rename_axis("gso_code")
    value = (points["gap"].astype(float) * len(codes)).reindex(codes)
    known = table[["rank_first", "rank_second"]].notna().sum(axis=1)
    state = pd.Series(SHOWN, index=table.index)
    state[known == 1], state[known == 0] = "one_index", "neither"
    totals = figures[(figures["year"] == year) & (figures["component"] == "")]
    for place, index in (("first", first), ("second", second)):
        of_index = totals[totals["index"] == index.slug].set_index("gso_code")["rank_source"]
        table[f"source_{place}"] = of_index.reindex(table.index)
    held = [indices.held(figures, index, year) for index in (first, second)]
    table = table.assign(held="|".join(held))
    return _layer((first, second), year, "standing_gap", "", table, value, state)


def _layer(pair, year, measure, component, table, value, state):
    if value.notna().sum() == 0:
        if measure == "standing_gap":
            raise NoFigureError("map.nothing_pair", first=pair[0].short, second=pair[1].short, year=year)

        def what(language):
            kind = "_component" if component else ""
            name = pair[0].component_name(component, language)
            return wording.text(f"map.what_{measure}{kind}", language, component=name, before=year - 1)

        raise NoFigureError("map.nothing", index=pair[0].short, what=what, year=year)
    table = table.drop(columns="gap", errors="ignore")
    table.insert(0, "value", value.to_numpy(dtype=float))
    table.insert(1, "state", state.to_numpy())
    return Layer(pair, year, measure, component, vintage_of(year), table)


def merged(layer, crosswalk, weights=None):
    """
    Put the values of the 63 provinces together to the 34 units that they were merged to in July 2025.

    Parameters
    ----------
    layer : Layer
        Of a year to 2024.
    crosswalk : pandas.Series
        New code by old code, from `helpers.provinces.crosswalk`.
    weights : pandas.Series, optional
        By old code, from `helpers.merging.read_weights`; by default all provinces count alike.

    Returns
    -------
    Layer
        On "34": ``value`` is the mean of the merged provinces where all of them have one; ``low`` and
        ``high`` are the extremes, ``n`` counts the provinces with a value, ``parts`` all of the unit. Where
        only some have one, or only ranks are known, the state is "some_parts", and ``mean_of_some`` keeps the
        mean of those known for the table.

    Raises
    ------
    NoFigureError
        If the measure has no mean (a published group), or no unit is complete.
    ValueError
        If the layer is on the 34 units already.
    """
    if layer.vintage == "34":
        raise ValueError(f"the figures of {layer.year} are of the 34 units already")
    if layer.measure == "group":
        raise NoFigureError("map.nothing_group_34", index=layer.index.short, year=layer.year)
    parts = merging.merge(layer.table["value"], crosswalk, weights)
    value = parts["value"].where(parts["complete"])
    states = layer.table["state"].groupby(crosswalk.reindex(layer.table.index)).agg(_alike)
    state = pd.Series(SHOWN, index=parts.index).where(parts["complete"], states.reindex(parts.index))
    # Ranks of merged provinces are no rank of the unit that could be printed.
    state[(~parts["complete"] & (parts["n"] > 0)) | (state == "only_rank")] = "some_parts"
    table = parts[["low", "high", "n", "parts"]].assign(mean_of_some=parts["value"].mask(parts["complete"]))
    table["source"] = _sources(layer, crosswalk).reindex(table.index)
    held = layer.table["held"].iloc[0] if "held" in layer.table else indices.held_as(layer.table)
    table["held"] = held
    made = _layer(layer.indices, layer.year, layer.measure, layer.component, table, value, state)
    return replace(made, vintage="34")


def _sources(layer, crosswalk):
    """Sources of the values of all parts of a unit, once each (pandas.Series of str, by new code)."""
    columns = [
        name for name in ("source", "rank_source", "source_first", "source_second") if name in layer.table
    ]
    if layer.measure in ("rank", "rank_change"):
        columns = ["rank_source"]
    elif "source" in columns:
        columns = ["source"]
    columns += ["before_source"] * ("before_source" in layer.table)
    listed = layer.table[columns].fillna("").agg("|".join, axis=1)
    listed = listed.where(layer.table["value"].notna(), "")
    joined = listed.groupby(crosswalk.reindex(listed.index)).agg("|".join)
    return joined.map(lambda names: "|".join(sorted(set(names.split("|")) - {""})))


def _alike(states):
    """The state that all parts share; where they differ, the last in the order of `STATES`."""
    return max(states, key=lambda state: STATES.index(state) if state in STATES else -1)
