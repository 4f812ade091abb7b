"""What every map is made from, read once: figures, registry, the country in both sets of units."""

import functools
from dataclasses import dataclass, field
from pathlib import Path

from helpers import boundaries, cartography, indices, inputs, merging, provinces, registry
from helpers.files import resolve
from helpers.provinces import VINTAGES, vintage_of


@dataclass(frozen=True)
class Atlas:
    """
    Figures and borders, ready to be mapped.

    Attributes
    ----------
    raw, processed : pathlib.Path
        Folders of the raw and of the computed tables.
    figures : pandas.DataFrame
        The rows of ``indices.csv``.
    registry : helpers.registry.Registry
    islands : bool
        Whether Hoàng Sa and Trường Sa are shown, in boxes of their own.
    context : bool
        Whether coast and borders of the neighbours are drawn.
    full : bool
        Whether borders have every point, for print.
    weights : pandas.Series or None
        Of the 63 provinces, for means of merged ones.
    """

    raw: Path
    processed: Path
    figures: object = field(repr=False)
    registry: object = field(repr=False)
    islands: bool = True
    context: bool = True
    full: bool = False
    weights: object = field(default=None, repr=False)

    @functools.cached_property
    def crosswalk(self):
        """New code by old code (pandas.Series)."""
        return provinces.crosswalk(self.raw)

    def country(self, vintage):
        """
        Give the units of a vintage, projected once.

        Parameters
        ----------
        vintage : {"63", "34"}

        Returns
        -------
        helpers.cartography.Country

        Raises
        ------
        ValueError
            If there is no such vintage.
        helpers.boundaries.BoundaryError
            If the borders cannot be read.
        """
        if vintage not in VINTAGES:
            raise ValueError(f"boundaries {vintage!r} are not known; choose one of {', '.join(VINTAGES)}")
        return _country(self.raw, self.processed, vintage, self.islands, self.context, self.full)

    def prepare(self):
        """
        Compute what every map of this atlas asks for: both countries in their projection, places for names.

        Maps do so themselves where it has not been done. Processes that are forked after it need not.

        Raises
        ------
        helpers.boundaries.BoundaryError
            If the borders cannot be read.
        """
        for vintage in VINTAGES:
            self.country(vintage).prepare()

    def codes(self, year):
        """Codes of all units that a year's figures are of (list of str)."""
        return provinces.load(self.raw, vintage_of(year)).codes

    def units(self, year, boundaries=None):
        """
        Settle on which units a year is shown.

        Parameters
        ----------
        year : int
        boundaries : {"63", "34"}, optional
            By default those that the figures of the year are of: the 34 from 2025 on.

        Returns
        -------
        {"63", "34"}

        Raises
        ------
        ValueError
            If figures of the 34 units were to be shown on the 63.
        """
        own = vintage_of(year)
        chosen = boundaries or own
        if chosen not in VINTAGES:
            raise ValueError(f"boundaries {chosen!r} are not known; choose one of {', '.join(VINTAGES)}")
        if own == "34" and chosen == "63":
            raise ValueError(
                f"figures of {year} are of the 34 units of July 2025, not of the 63; choose '34'"
            )
        return chosen


@inputs.kept
def _country(raw, processed, vintage, islands, context, full):
    return cartography.Country(
        boundaries.shapes(processed, vintage, simplified=not full, raw=raw),
        boundaries.read_islands(raw) if islands else None,
        boundaries.read_neighbours(raw) if context else None,
    )


def open_atlas(
    raw="data/raw",
    processed="data/processed",
    islands=True,
    context=True,
    full=False,
    weights=None,
    years=None,
):
    """
    Read what maps are made from.

    Parameters
    ----------
    raw, processed : str or pathlib.Path
    islands, context, full : bool
        As in `Atlas`.
    weights : str or pathlib.Path, optional
        Table of weights of the 63 provinces; see `helpers.merging.read_weights`.
    years : list of int, optional
        Those whose figures are mapped: a page that says so is made again only if one of them changes. By
        default all; a map of the change from one year to the next needs both.

    Returns
    -------
    Atlas

    Raises
    ------
    helpers.indices.RawDataError
        If the figures have not been cleaned yet.
    ValueError
        If the table of weights cannot be used.
    """
    raw, processed = resolve(raw), resolve(processed)
    return Atlas(
        raw,
        processed,
        indices.read(processed) if years is None else indices.of_years(processed, years),
        registry.load(raw),
        islands,
        context,
        full,
        merging.read_weights(weights) if weights else None,
    )
