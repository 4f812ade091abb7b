"""Which years of an index may be compared, and changes from one year to another that respect it."""

from dataclasses import dataclass

from helpers import wording
from helpers.provinces import VINTAGES, vintage_of
from helpers.registry import Index


@dataclass(frozen=True)
class Break:
    """
    The beginning of a new series: what is measured, or how, is no longer what it was.

    Attributes
    ----------
    index : helpers.registry.Index
    year : int
        First year of the new series.
    before, after : str
        Identifiers of the series that ends and of the one that begins.
    """

    index: Index
    year: int
    before: str
    after: str

    def in_words(self, language):
        """Year and what changed (str)."""
        return f"{self.year}: {self.index.change(self.after, language)}"


class SeriesBreakError(ValueError):
    """
    Years of different series were to be compared by score.

    Attributes
    ----------
    index : helpers.registry.Index
    years : list of int
    breaks : list of Break
        Every break between the first and the last of the years.
    """

    def __init__(self, index, years, breaks):
        self.index, self.years, self.breaks = index, sorted(set(years)), list(breaks)
        super().__init__(self.in_words("en"))

    def in_words(self, language):
        """Say it in a language of the pages (str)."""
        return wording.text(
            "comparability.series",
            language,
            index=self.index.short,
            years=", ".join(map(str, self.years)),
            breaks="; ".join(entry.in_words(language) for entry in self.breaks),
        )


class UnitsChangedError(ValueError):
    """
    Provinces of different sets of units were to be compared: the same code is another province in each.

    Attributes
    ----------
    years : list of int
    """

    def __init__(self, years):
        self.years = sorted(years)
        super().__init__(self.in_words("en"))

    def in_words(self, language):
        """Say it in a language of the pages (str)."""
        of = ", ".join(f"{year}: {vintage_of(year)}" for year in self.years)
        return wording.text("comparability.units", language, years=of)


def runs(index):
    """
    List the runs of comparable years of an index.

    Parameters
    ----------
    index : helpers.registry.Index

    Returns
    -------
    list of (str, list of int)
        Identifier and years of each series, in the order of time; a series that outlives its set of
        provinces is two runs. The registry knows one division for an index, its total and all its components.
    """
    found = {}
    for name, years in index.runs:
        for year in years:
            found.setdefault((name, vintage_of(year)), []).append(year)
    return [(name, years) for (name, _), years in found.items()]


def breaks(index, first, last):
    """
    List the series breaks between two years.

    Parameters
    ----------
    index : helpers.registry.Index
    first, last : int
        In either order.

    Returns
    -------
    list of Break
        In the order of time; empty where both years are of one series.

    Raises
    ------
    helpers.registry.RegistryError
        If the registry does not know the index in one of the years.
    """
    identifiers = [name for name, _ in index.runs]
    start, end = sorted(identifiers.index(index.series(year)) for year in (first, last))
    years = dict(index.runs)
    return [
        Break(index, min(years[after]), before, after)
        for before, after in zip(identifiers[start:end], identifiers[start + 1 : end + 1], strict=True)
    ]


def check_comparable(index, years):
    """
    Refuse years whose scores cannot be compared.

    Parameters
    ----------
    index : helpers.registry.Index
    years : iterable of int

    Raises
    ------
    SeriesBreakError
        If the years are not all of one series; it names every break between them.
    helpers.registry.RegistryError
        If the registry does not know the index in one of the years.
    """
    years = sorted(set(years))
    if years and (found := breaks(index, years[0], years[-1])):
        raise SeriesBreakError(index, years, found)


def difference(figures, index, first, last, component=""):
    """
    Compute by how much the score of each province changed between two comparable years.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    index : helpers.registry.Index
    first, last : int
    component : str
        A slug, or "" for the total.

    Returns
    -------
    pandas.Series of float, shape (n,)
        Score of `last` less score of `first` by ``gso_code``, sorted, in the units of the index. Only
        provinces with both scores on the same scale: some sources state a component in points, others as a
        percentage.

    Raises
    ------
    SeriesBreakError
        If the years are of different series.
    UnitsChangedError
        If the provinces of the years are of different sets.
    helpers.registry.RegistryError
        If the registry does not know the index in one of the years.
    """
    check_comparable(index, [first, last])
    check_units([first, last])
    scores, scales = (_by_province(figures, index, component, c) for c in ("score", "max_score"))
    both = _two_years(scores, first, last).dropna()
    # Two unknown maxima count as the same: within a series the points of a component do not change.
    scales = _two_years(scales, first, last).reindex(both.index).fillna(-1)
    both = both[scales["first"] == scales["last"]]
    return (both["last"] - both["first"]).rename("difference")


def rank_difference(figures, index, first, last, component=""):
    """
    Compute how many places each province rose between two years, comparable by score or not.

    Across a series break this says how the order changed, which may be due to the change of what is measured.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    index : helpers.registry.Index
    first, last : int
    component : str
        A slug, or "" for the total.

    Returns
    -------
    pandas.Series of int, shape (n,)
        Rank in `first` less rank in `last` by ``gso_code``, sorted: positive is a rise. Only provinces with
        both ranks; the number of provinces ranked may differ between the years.

    Raises
    ------
    UnitsChangedError
        If the provinces of the years are of different sets.
    helpers.registry.RegistryError
        If the registry does not know the index in one of the years.
    """
    for year in (first, last):
        index.series(year)
    check_units([first, last])
    both = _two_years(_by_province(figures, index, component, "rank"), first, last).dropna()
    return (both["first"] - both["last"]).astype("int64").rename("rank_difference")


def common_runs(first, second):
    """
    List the runs of years in which two indices both stay within one series, and the provinces within one set.

    Parameters
    ----------
    first, second : helpers.registry.Index

    Returns
    -------
    list of list of int
        In the order of time, runs of a single year among them; only years that the registry knows of both.
    """
    found = {}
    for year in sorted(set(first.years) & set(second.years)):
        found.setdefault((first.series(year), second.series(year), vintage_of(year)), []).append(year)
    return list(found.values())


def one_set(years):
    """
    Choose years over which provinces can be followed: a code of two sets of units names two provinces.

    Parameters
    ----------
    years : iterable of int

    Returns
    -------
    list of int
        Sorted, without repetition: the years of the set of units that has most of them, of the later set if
        both have as many.
    """
    years = sorted(set(years))
    sets = [[year for year in years if vintage_of(year) == vintage] for vintage in reversed(VINTAGES)]
    return max(sets, key=len)


def check_units(years):
    """
    Refuse years whose provinces are of different sets of units.

    Parameters
    ----------
    years : iterable of int

    Raises
    ------
    UnitsChangedError
    """
    years = sorted(set(years))
    if years and vintage_of(years[0]) != vintage_of(years[-1]):
        raise UnitsChangedError(years)


def _by_province(figures, index, component, column):
    rows = figures[(figures["index"] == index.slug) & (figures["component"] == component)]
    return rows.pivot(index="gso_code", columns="year", values=column).astype("float64").sort_index()


def _two_years(table, first, last):
    return table.reindex(columns=[first, last]).set_axis(["first", "last"], axis=1)
