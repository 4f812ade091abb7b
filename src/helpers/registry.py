"""The registry of the indices: what ``data/raw/indices.toml`` says of each of them."""

import functools
import tomllib
from dataclasses import dataclass, field

from helpers import inputs
from helpers.files import resolve


class RegistryError(ValueError):
    """The registry lacks something or contradicts itself; the text says what and where."""


def _covers(span, year):
    return span["years"][0] <= year <= span["years"][1]


@dataclass(frozen=True)
class Index:
    """
    One index of the registry.

    Attributes
    ----------
    slug : str
        Its key, which is also the name of its folder in ``data/raw``.
    entry : dict
        Its entry as read.
    """

    slug: str
    entry: dict = field(repr=False, hash=False)

    @property
    def short(self):
        """Short name, the same in every language (str)."""
        return self.entry["short"]

    def name(self, language):
        """Full name in a language (str)."""
        return self.entry["name"][language]

    def publisher(self, language):
        """Who publishes it (str)."""
        return self.entry["publisher"][language]

    def unit(self, language):
        """Unit of its scores (str)."""
        return self.entry["unit"][language]

    def series_note(self, language):
        """What changed between its series (str)."""
        return self.entry["series_note"][language]

    @property
    def runs(self):
        """Identifiers and years of its series, in the order of time (list of (str, list of int))."""
        spans = sorted(self.entry["series"], key=lambda span: span["years"])
        return [(span["id"], [year for year in self.years if _covers(span, year)]) for span in spans]

    def change(self, series, language):
        """What changed when a series began; `series_note` where its entry does not say it (str)."""
        span = next(span for span in self.entry["series"] if span["id"] == series)
        return span.get("change", self.entry["series_note"])[language]

    @property
    def colours(self):
        """Name of its sequential colour map in `cmcrameri.cm` (str)."""
        return self.entry["colours"]

    @property
    def ranks_computed(self):
        """Whether ranks are computed here, because every surveyed province has a figure (bool)."""
        return self.entry["ranks"] == "computed"

    @property
    def sums(self):
        """Whether dimensions and totals are summed from their parts (bool)."""
        return self.entry.get("sums", False)

    @property
    def names(self):
        """Ways in which files and titles call it, its short name first (list of str)."""
        return [self.short, *self.entry.get("names", [])]

    @property
    def spellings(self):
        """Heads of a column that holds its total (list of str)."""
        return [*self.names, *self.entry["name"].values(), *self.entry.get("spellings", [])]

    @functools.cached_property
    def years(self):
        """Every year with a scale (list of int)."""
        return [y for span in self.entry["scale"] for y in range(span["years"][0], span["years"][1] + 1)]

    @functools.cached_property
    def components(self):
        """Entries of the components by slug, in the order of the registry (dict)."""
        return {component["slug"]: component for component in self.entry.get("components", [])}

    def components_of(self, year):
        """Slugs of the components that the index has in a year (list of str)."""
        return [
            slug
            for slug, component in self.components.items()
            if _covers(component, year) and year not in component.get("absent", [])
        ]

    def parts(self, year, component=""):
        """
        List the parts that a total or a dimension is made of.

        Parameters
        ----------
        year : int
        component : str
            A dimension, or "" for the total.

        Returns
        -------
        list of str
            Slugs one level below.
        """
        prefix = f"{component}." if component else ""
        return [
            slug
            for slug in self.components_of(year)
            if slug.startswith(prefix) and "." not in slug.removeprefix(prefix)
        ]

    def fields(self, year):
        """
        List the components that say where a province is strong or weak.

        Parameters
        ----------
        year : int

        Returns
        -------
        list of str
            Slugs of the dimensions or fields; neither their parts, nor what is no part of the index, nor
            points by how they were gathered (`method`), which cut across the fields.
        """
        return [
            slug
            for slug in self.components_of(year)
            if "." not in slug and not {"apart", "method"} & set(self.components[slug])
        ]

    def component_name(self, component, language):
        """Name of a component, or of the index itself for "" (str)."""
        return self.components[component]["name"][language] if component else self.short

    def max_score(self, year, component=""):
        """
        Give the highest possible score.

        Parameters
        ----------
        year : int
        component : str
            A slug, or "" for the total.

        Returns
        -------
        float or None
            None where no source states a maximum.
        """
        if not component:
            return float(self._span("scale", year)["max"])
        if "." in component and self.sums:
            dimension = component.split(".")[0]
            return self.max_score(year, dimension) / len(self.parts(year, dimension))
        spans = [span for span in self.components[component].get("max", []) if _covers(span, year)]
        return float(spans[0]["value"]) if spans else None

    def series(self, year):
        """Identifier of the run of comparable years that a year belongs to (str)."""
        return self._span("series", year)["id"]

    def surveyed(self, year):
        """How many provinces were surveyed where not all were, else None (int or None)."""
        span = next((span for span in self.entry.get("surveyed", []) if _covers(span, year)), None)
        return span["provinces"] if span else None

    def groups(self, year):
        """Entry of the published grouping in a year, or None where there is none (dict or None)."""
        return next((span for span in self.entry.get("groups", []) if _covers(span, year)), None)

    def _span(self, key, year):
        for span in self.entry[key]:
            if _covers(span, year):
                return span
        first, last = min(self.years), max(self.years)
        raise RegistryError(
            f"{self.slug} has no {key} for {year} in indices.toml (years from {first} to {last}); "
            "add the year there or correct the table"
        )

    def has_year(self, year):
        """Whether the registry knows the index in a year (bool)."""
        return year in self.years


@dataclass(frozen=True)
class Registry:
    """
    All indices and the vocabulary of `basis`.

    Attributes
    ----------
    indices : dict
        `Index` by slug, in the order of the file.
    basis : list of str
        How a figure may have been read, the more trusted first.
    basis_names : dict
        Texts by basis and language.
    headings : dict
        Words that heads and rows of published tables use, by what they mean (table ``[headings]``).
    """

    indices: dict
    basis: list
    basis_names: dict
    headings: dict

    def __getitem__(self, slug):
        try:
            return self.indices[slug]
        except KeyError:
            known = ", ".join(self.indices)
            raise RegistryError(f"index {slug!r} is not in indices.toml (known: {known})") from None

    def __iter__(self):
        return iter(self.indices.values())

    def of_year(self, year):
        """Indices that the registry knows in a year (list of Index)."""
        return [index for index in self if index.has_year(year)]


_REQUIRED = ("short", "name", "publisher", "unit", "colours", "ranks", "scale", "series", "series_note")


def _check(slug, entry):
    missing = [key for key in _REQUIRED if key not in entry]
    if missing:
        raise RegistryError(f"indices.toml: [{slug}] lacks {', '.join(missing)}")
    if entry["ranks"] not in ("computed", "reported"):
        raise RegistryError(f"indices.toml: [{slug}] ranks must be 'computed' or 'reported'")
    index = Index(slug, entry)
    for year in index.years:
        index.series(year)
    return index


@inputs.kept
def load(raw="data/raw", every=False):
    """
    Read the registry.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables.
    every : bool
        Whether to keep the entries marked ``optional`` whose folder holds no file yet.

    Returns
    -------
    Registry

    Raises
    ------
    RegistryError
        If the file is missing, is no TOML, or an entry lacks a key.
    """
    path = resolve(raw) / "indices.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RegistryError(f"{path} is missing: it says which indices there are; restore it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} is no valid TOML: {error}") from None
    if "basis" not in entries:
        raise RegistryError(f"{path} lacks the table [basis]")
    basis = entries.pop("basis")
    order = basis.pop("order")
    headings = entries.pop("headings", {})
    indices = {
        slug: _check(slug, entry)
        for slug, entry in entries.items()
        if every or not entry.get("optional") or any(path.parent.glob(f"{slug}/[!.]*"))
    }
    return Registry(indices, order, basis, headings)
