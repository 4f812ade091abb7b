"""Every kind of map, one function each."""

from helpers.atlas import open_atlas
from helpers.bivariate_maps import bivariate
from helpers.choropleths import (
    Map,
    change,
    choropleth,
    dimension,
    group,
    paper_against_citizens,
    rank,
    score,
    z_score,
)
from helpers.cluster_maps import clusters
from helpers.measures import NoFigureError
from helpers.tile_maps import tiles
from helpers.unit_maps import regions
from helpers.year_maps import years

__all__ = [
    "Map",
    "NoFigureError",
    "bivariate",
    "change",
    "choropleth",
    "clusters",
    "dimension",
    "group",
    "open_atlas",
    "paper_against_citizens",
    "rank",
    "regions",
    "score",
    "tiles",
    "years",
    "z_score",
]
