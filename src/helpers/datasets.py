"""The joined data to take away: every figure with its source, and provinces with boundaries and figures."""

import json

from helpers import boundaries, dictionary, downloads, indices, provinces, registry, sheets, wording
from helpers.files import replacing, resolve, write_text

FOLDER, GEOPACKAGE = "data", "provinces.gpkg"
# What is kept of a figure, in the order of the columns.
MEASURES = ("score", "max_score", "rank", "ranked", "group", "basis", "source", "rank_basis", "rank_source")
TEXTS = ("group", "basis", "source", "rank_basis", "rank_source")
# A tenth of a metre, as RFC 7946 recommends; the borders are simplified far more.
DECIMALS = 6
LICENCE = "Open Database License 1.0, https://opendatacommons.org/licenses/odbl/1-0/"
CREDIT = "Province boundaries: © OpenStreetMap contributors, ODbL 1.0; simplified"
CREDIT_ISLANDS = "Hoàng Sa and Trường Sa: Natural Earth, public domain; symbolic, not for measuring"


def write(reports, language, raw, processed, years):
    """
    Write everything that can be downloaded besides the tables of the pages, to ``<language>/data/``.

    These are ``indices.csv`` and ``indices.xlsx`` (all figures; the workbook also has their sources and the
    dictionary), ``sources.csv``, ``columns.csv``, ``provinces_<year>.geojson`` (units with simplified borders
    and totals) and ``provinces.gpkg`` (a layer a year, with components, and the archipelagos).

    Parameters
    ----------
    reports : pathlib.Path
    language : {"en", "vi"}
        Of the dictionary; everything else is the same in both.
    raw, processed : str or pathlib.Path
    years : iterable of int
        Data years that get a map; from 2025 on they have the 34 units.

    Returns
    -------
    list of pathlib.Path
        The files that were written; maps of other years are removed. None before the data stage was run:
        what was written before stays.

    Raises
    ------
    helpers.indices.RawDataError, helpers.boundaries.BoundaryError
        If figures or boundaries are damaged.
    """
    processed, folder = resolve(processed), reports / language / FOLDER
    if not all((processed / name).is_file() for name in ("indices.csv", "provinces.gpkg")):
        return []
    figures, known, years = indices.read(processed), registry.load(raw), sorted(years)
    units = {
        vintage: boundaries.shapes(processed, vintage, raw=raw).reset_index()
        for vintage in sorted({provinces.vintage_of(year) for year in years})
    }
    layers = {year: join(units[provinces.vintage_of(year)], figures, known, year) for year in years}
    named = sources(figures, raw)
    explained = columns(layers, figures, named, known, language)
    texts = {
        "indices.csv": downloads.as_csv(figures),
        "sources.csv": downloads.as_csv(named),
        "columns.csv": downloads.as_csv(explained),
        **{f"provinces_{year}.geojson": as_geojson(layer, known, year) for year, layer in layers.items()},
    }
    for path in folder.glob("provinces_*.geojson"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        write_text(folder / name, text)
    sheet = wording.text("downloads.sheet_columns", language)
    book = sheets.workbook({"indices": figures, "sources": named, sheet: explained}, wrapped=[sheet])
    with replacing(folder / "indices.xlsx") as temporary:
        temporary.write_bytes(book)
    write_geopackage(folder / GEOPACKAGE, layers, boundaries.read_islands(raw))
    return [folder / name for name in (*texts, "indices.xlsx", GEOPACKAGE)]


def join(units, figures, known, year):
    """
    Set the figures of a year beside the units, a column for each measure of an index or component.

    Parameters
    ----------
    units : geopandas.GeoDataFrame
        One row a unit, with ``gso_code``.
    figures : pandas.DataFrame
        The rows of ``indices.csv``.
    known : helpers.registry.Registry
    year : int

    Returns
    -------
    geopandas.GeoDataFrame
        `units` with ``<index>_<measure>`` and ``<index>_<component>_<measure>`` (components of the first
        level) before the geometry, as `attributes` names them. What nobody reported is missing. Columns
        without any value are left out, but for score and rank of an index that the registry has in the year;
        so are basis and source of the ranks where they are those of the scores.

    Raises
    ------
    helpers.boundaries.BoundaryError
        If a figure's code has no boundary.
    """
    import pandas as pd

    of_year = figures[(figures["year"] == year) & ~figures["component"].str.contains(".", regex=False)]
    if lost := sorted(set(of_year["gso_code"]) - set(units["gso_code"])):
        raise boundaries.BoundaryError(
            f"indices.csv has figures of {year} for gso_code {', '.join(lost)}, which none of the boundaries "
            "has; correct the code in data/raw and clean again"
        )
    of_year = of_year.assign(**{name: of_year[name].replace("", None) for name in TEXTS})
    codes = units["gso_code"]
    cells = {
        key: rows.set_index("gso_code")[list(MEASURES)].reindex(codes)
        for key, rows in of_year.groupby(["index", "component"])
    }
    wide, nothing = {}, of_year.set_index("gso_code")[list(MEASURES)].iloc[:0].reindex(codes)
    held = {key: set(rows.columns[rows.notna().any()]) for key, rows in cells.items()}
    for name, (index, component, measure) in attributes(known, year).items():
        found = cells.get((index, component), nothing)
        always = not component and measure in ("score", "rank")
        if always or (measure in held.get((index, component), ()) and not _repeats(found, measure)):
            wide[name] = found[measure].array
    joined = pd.concat([units.drop(columns="geometry"), pd.DataFrame(wide, index=units.index)], axis=1)
    return units[["geometry"]].join(joined)[[*joined.columns, "geometry"]]


def _repeats(found, measure):
    """Whether a column says of the ranks what another says of the scores."""
    if not measure.startswith("rank_"):
        return False
    own, of_score = found[measure], found[measure.removeprefix("rank_")]
    return bool((own.isna() | (own == of_score)).all())


def attributes(known, year):
    """
    Name the columns of figures that the units of a year can have.

    Parameters
    ----------
    known : helpers.registry.Registry
    year : int

    Returns
    -------
    dict of str to (str, str, str)
        Index, component and measure by name of the column, for example "papi_e_governance_score".
    """
    return {
        "_".join(filter(None, (index.slug, component, measure))): (index.slug, component, measure)
        for index in known.of_year(year)
        for component in ("", *(slug for slug in index.components_of(year) if "." not in slug))
        for measure in MEASURES
    }


def sources(figures, raw):
    """
    List the sources that figures name.

    Parameters
    ----------
    figures : pandas.DataFrame
        The rows of ``indices.csv``.
    raw : str or pathlib.Path
        Folder with ``sources.csv``.

    Returns
    -------
    pandas.DataFrame
        Columns of ``sources.csv``, all str; of a source that is a table put into `raw` the path is given.
    """
    import pandas as pd

    listed = pd.read_csv(resolve(raw) / "sources.csv", dtype=str, keep_default_na=False)
    used = sorted((set(figures["source"]) | set(figures["rank_source"])) - {""})
    rows = listed.set_index("source").reindex(used).rename_axis("source").reset_index()
    own = ~rows["source"].isin(listed["source"])
    rows.loc[own, "reference"] = "data/raw/" + rows["source"][own]
    return rows[listed.columns].fillna("")


def columns(layers, figures, named, known, language):
    """
    Make the dictionary of the joined data.

    Parameters
    ----------
    layers : dict of int to geopandas.GeoDataFrame
        By year, from `join`.
    figures, named : pandas.DataFrame
        The rows of ``indices.csv``, and `sources` of them.
    known : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        Columns ``table`` ("indices", "sources" or "provinces"), ``column`` and ``meaning``.
    """
    import pandas as pd

    own = {"indices": figures.columns, "sources": named.columns}
    rows = [
        (table, column, dictionary.meaning(column, language, table))
        for table, heads in own.items()
        for column in heads
    ]
    found = {}
    for year, layer in layers.items():
        of_year = attributes(known, year)
        for column in layer.columns.drop("geometry"):
            if column not in of_year:
                found.setdefault(column, dictionary.meaning(column, language, "provinces"))
                continue
            slug, component, measure = of_year[column]
            index = known[slug]
            name = f"{index.short}, {index.component_name(component, language)}" if component else index.short
            found[column] = f"{name}: {dictionary.meaning(measure, language, 'provinces')}"
    rows += [("provinces", column, meaning) for column, meaning in found.items()]
    return pd.DataFrame(rows, columns=["table", "column", "meaning"])


# --- files with boundaries --------------------------------------------------------------------------------


def as_geojson(layer, known, year):
    """
    Write the units of a year with their totals as GeoJSON (RFC 7946).

    Parameters
    ----------
    layer : geopandas.GeoDataFrame
        From `join`; components stay in the GeoPackage, for fourteen years of them weigh as much as all else.
    known : helpers.registry.Registry
    year : int

    Returns
    -------
    str
        A feature a line, ``null`` where there is no figure.
    """
    parts = {name for name, (_, component, _) in attributes(known, year).items() if component}
    kept = [name for name in layer.columns.drop("geometry") if name not in parts]
    columns = [_plain(layer[name]) for name in kept]
    features = [
        f'{{"type": "Feature", "properties": {_json(dict(zip(kept, values, strict=True)))}, '
        f'"geometry": {geometry}}}'
        for *values, geometry in zip(*columns, _geometries(layer), strict=True)
    ]
    head = {"type": "FeatureCollection", "name": f"provinces_{year}", "credit": CREDIT, "licence": LICENCE}
    return f'{_json(head)[:-1]}, "features": [\n{f",{chr(10)}".join(features)}\n]}}\n'


def _json(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _plain(column):
    """The values of a column as JSON has them."""
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def _geometries(layer):
    import numpy as np
    import shapely

    rounded = shapely.transform(layer.geometry.values, lambda points: np.round(points, DECIMALS))
    return shapely.to_geojson(shapely.orient_polygons(rounded))


def write_geopackage(path, layers, islands):
    """
    Write the units of all years to one GeoPackage, with credit and licence; equal layers give equal bytes.

    Parameters
    ----------
    path : str or pathlib.Path
    layers : dict of int to geopandas.GeoDataFrame
        By year, from `join`; they are called ``provinces_<year>``.
    islands : geopandas.GeoDataFrame
        The archipelagos, which the borders do not have; the layer ``islands``.
    """
    import pyogrio

    described = {f"provinces_{year}": (layer, f"{CREDIT}. {LICENCE}") for year, layer in layers.items()}
    with replacing(path) as temporary:
        # Nobody sees the file before it is whole, so that its every step need not reach the disk.
        options = {"OGR_CURRENT_DATE": boundaries.STAMP, "OGR_SQLITE_SYNCHRONOUS": "OFF"}
        pyogrio.set_gdal_config_options(options)
        try:
            for name, (layer, credit) in (described | {"islands": (islands, CREDIT_ISLANDS)}).items():
                pyogrio.write_dataframe(
                    layer,
                    temporary,
                    layer=name,
                    driver="GPKG",
                    promote_to_multi=True,
                    # 63 shapes are found without an index, which would take as much room as they do.
                    layer_options={"SPATIAL_INDEX": "NO", "DESCRIPTION": credit},
                )
        finally:
            pyogrio.set_gdal_config_options(dict.fromkeys(options))
