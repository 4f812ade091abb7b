"""The boundaries of the provinces: read and checked, joined by code, merged to 34 units, stored."""

import pandas as pd

from helpers import provinces as registers
from helpers.files import replacing, resolve

CRS = "EPSG:4326"
# Everything of Viet Nam that the layer holds lies in here: west, south, east, north in degrees.
EXTENT = (102.0, 8.0, 110.0, 24.0)
# What another program measured on the same boundaries, and how far from it a measurement may be.
KNOWN_AREA_KM2, AREA_TOLERANCE_KM2 = 328_406, 1
SIMPLIFY_DEGREES = 0.02
# A GeoPackage carries the date of its making; a fixed one makes equal contents equal bytes.
STAMP = "2025-07-01T00:00:00.000Z"

_ATTRIBUTES = {
    "63": ["name_vi", "name_en", "type", "region6", "region8"],
    "34": ["name_vi", "name_en", "type", "region6", "old_codes"],
}


class BoundaryError(ValueError):
    """Boundaries that are missing, damaged or do not fit the provinces; the text says what to do."""


def load(raw="data/raw"):
    """
    Read the boundaries of the 63 provinces and check them.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables.

    Returns
    -------
    geopandas.GeoDataFrame
        63 rows in the order of the codes, columns ``gso_code`` and ``geometry`` (EPSG:4326): valid polygons
        that share their borders, without gaps within a border or overlaps.

    Raises
    ------
    BoundaryError
        If the file is missing or damaged, has another coordinate system, lacks, doubles or invents a
        province, or holds polygons that are invalid or overlap.
    """
    import geopandas

    path = resolve(raw) / "boundaries" / "provinces63.geojson"
    if not path.is_file():
        raise BoundaryError(f"{path} is missing: it holds the boundaries of the 63 provinces; restore it")
    try:
        frame = geopandas.read_file(path)
    except Exception as error:  # GDAL has many classes of error; each means: unreadable.
        raise BoundaryError(f"{path} cannot be read as GeoJSON ({error}); restore it") from error
    if "gso_code" not in frame or "geometry" not in frame or frame.crs is None:
        raise BoundaryError(
            f"{path}: expected polygons with the property gso_code, found columns {', '.join(frame.columns)}"
        )
    _check_system(path, frame)
    _check_codes(path, frame["gso_code"], registers.load(raw).codes)
    frame = frame[["gso_code", "geometry"]].sort_values("gso_code", ignore_index=True)
    _check_polygons(path, frame)
    return frame.set_crs(CRS, allow_override=True)


def _check_system(path, frame):
    if frame.crs.to_epsg() != 4326 and frame.crs.to_authority() != ("OGC", "CRS84"):
        raise BoundaryError(
            f"{path}: expected longitude and latitude in degrees ({CRS}), found {frame.crs.name}; "
            f"transform the file to {CRS}"
        )
    west, south, east, north = frame.total_bounds
    if not (EXTENT[0] <= west and EXTENT[1] <= south and east <= EXTENT[2] and north <= EXTENT[3]):
        raise BoundaryError(
            f"{path}: expected coordinates within longitudes {EXTENT[0]:g} to {EXTENT[2]:g} and latitudes "
            f"{EXTENT[1]:g} to {EXTENT[3]:g}, found {west:g} to {east:g} and {south:g} to {north:g}; "
            "the axes may be swapped or the system be another one"
        )


def _check_codes(path, found, known):
    wrong = [str(code) for code in found if code not in known]
    if wrong:
        raise BoundaryError(
            f"{path}: gso_code {', '.join(wrong)} is none of the 63 provinces of provinces63.csv; "
            "codes are texts of two characters such as '01'"
        )
    doubled = sorted(found[found.duplicated()].unique())
    if doubled:
        raise BoundaryError(
            f"{path}: gso_code {', '.join(doubled)} stands there more than once; keep one each"
        )
    absent = [code for code in known if code not in set(found)]
    if absent:
        raise BoundaryError(
            f"{path}: expected {len(known)} provinces, gso_code {', '.join(absent)} is missing"
        )


def _check_polygons(path, frame):
    import shapely

    geometry = frame.geometry
    usable = geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~geometry.is_empty & geometry.is_valid
    if not usable.all():
        reasons = "; ".join(
            f"{code}: {shapely.is_valid_reason(shape) if shape is not None else 'no geometry'}"
            for code, shape in zip(frame["gso_code"][~usable], geometry[~usable], strict=True)
        )
        raise BoundaryError(f"{path}: expected valid polygons, found {reasons}; repair or restore the file")
    if not geometry.is_valid_coverage():
        edges = geometry.invalid_coverage_edges()
        codes = frame["gso_code"][~edges.is_empty]
        raise BoundaryError(
            f"{path}: the provinces {', '.join(codes)} overlap or do not share their border exactly; "
            "repair or restore the file"
        )


def areas_km2(geometry):
    """
    Measure areas on the ellipsoid of WGS 84, without a projection.

    Parameters
    ----------
    geometry : geopandas.GeoSeries
        Polygons in EPSG:4326.

    Returns
    -------
    pandas.Series
        Square kilometres, by the index of `geometry`.

    Notes
    -----
    Geodesic area after Karney (2013), Algorithms for geodesics, as PROJ computes it.
    """
    import pyproj

    ellipsoid = pyproj.Geod(ellps="WGS84")
    areas = [abs(ellipsoid.geometry_area_perimeter(shape)[0]) / 1e6 for shape in geometry]
    return pd.Series(areas, index=geometry.index, name="area_km2")


def join(boundaries, provinces):
    """
    Give every boundary the attributes of its province, by code alone.

    Parameters
    ----------
    boundaries : geopandas.GeoDataFrame
        Columns ``gso_code`` and ``geometry``.
    provinces : helpers.provinces.Provinces
        The units of the same vintage.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a unit, in the order of the codes: gso_code, name_vi, name_en, type, regions, area_km2
        (geodesic), geometry.

    Raises
    ------
    BoundaryError
        If a boundary has no province, a province no boundary, or a code stands on one side twice.
    """
    table = provinces.table[_ATTRIBUTES[provinces.vintage]].reset_index()
    for side, codes in (("boundaries", boundaries["gso_code"]), ("provinces", table["gso_code"])):
        doubled = sorted(codes[codes.duplicated()].unique())
        if doubled:
            raise BoundaryError(
                f"the {side} have gso_code {', '.join(doubled)} more than once; keep one each"
            )
    merged = boundaries.merge(table, on="gso_code", how="outer", validate="one_to_one", indicator="side")
    without_province = merged["gso_code"][merged["side"] == "left_only"]
    without_boundary = merged["gso_code"][merged["side"] == "right_only"]
    if len(without_province) or len(without_boundary):
        raise BoundaryError(
            f"boundaries and provinces of the {provinces.vintage} units do not match: boundaries without a "
            f"province: {', '.join(without_province) or 'none'}; provinces without a boundary: "
            f"{', '.join(without_boundary) or 'none'}"
        )
    merged = merged.sort_values("gso_code", ignore_index=True)
    merged["area_km2"] = areas_km2(merged.geometry).round(3)
    return merged[["gso_code", *table.columns.drop("gso_code"), "area_km2", "geometry"]]


def add_totals(units, figures, vintage):
    """
    Set the totals of every index and year beside the boundaries, a column each.

    Parameters
    ----------
    units : geopandas.GeoDataFrame
        One row a unit, with ``gso_code``.
    figures : pandas.DataFrame
        The rows of ``indices.csv``; those of years of the other vintage are left aside.
    vintage : {"63", "34"}
        Which units these are.

    Returns
    -------
    geopandas.GeoDataFrame
        `units` with ``<index>_score_<year>`` and ``<index>_rank_<year>`` before the geometry. A figure that
        nobody reported is missing, never zero.

    Raises
    ------
    BoundaryError
        If a figure's code has no boundary, or a province has two totals of one index and year.
    """
    totals = _totals(figures, vintage)
    lost = sorted(set(totals["gso_code"]) - set(units["gso_code"]))
    if lost:
        where = totals[totals["gso_code"].isin(lost)].groupby("gso_code")[["index", "year"]].first()
        named = ", ".join(f"{code} ({row['index']} {row['year']})" for code, row in where.iterrows())
        raise BoundaryError(
            f"indices.csv has figures of codes that none of the {vintage} boundaries has: {named}; "
            "correct the code in data/raw and clean again"
        )
    key = ["gso_code", "index", "year"]
    doubled = totals[totals.duplicated(key)]
    if len(doubled):
        named = ", ".join(
            f"{row['index']} {row['year']} of {row['gso_code']}" for _, row in doubled.iterrows()
        )
        raise BoundaryError(f"indices.csv has more than one total for {named}; clean again")
    columns = {}
    for (index, year), rows in totals.groupby(["index", "year"]):
        for measure, kind in (("score", "float64"), ("rank", "Int64")):
            by_code = rows.set_index("gso_code")[measure].reindex(units["gso_code"])
            columns[f"{index}_{measure}_{year}"] = by_code.astype(kind).array
    wide = pd.DataFrame(columns, index=units.index)
    joined = pd.concat([units.drop(columns="geometry"), wide], axis=1)
    return units[["geometry"]].join(joined)[[*joined.columns, "geometry"]]


def _totals(figures, vintage):
    of_vintage = figures["year"].map(registers.vintage_of) == vintage
    return figures[(figures["component"] == "") & of_vintage]


def prove(processed, figures):
    """
    Show that the join lost and doubled nothing: compare ``provinces.gpkg`` with what went into it.

    Parameters
    ----------
    processed : str or pathlib.Path
        Folder with ``provinces.gpkg``, which is read again from the disk.
    figures : pandas.DataFrame
        The rows of ``indices.csv``.

    Returns
    -------
    pandas.DataFrame
        One row for each set of units and index that has totals: ``units`` ("63" or "34"), ``index``,
        ``figures`` (scores and ranks of totals), ``joined`` (those of them found again: same index, year,
        province and value), ``lost``, ``doubled`` (values beside a boundary that `figures` does not have).

    Raises
    ------
    BoundaryError
        If anything was lost or doubled.
    """
    rows = []
    for vintage in registers.VINTAGES:
        totals = _totals(figures, vintage)
        units = read(processed, vintage, simplified=False)
        for index, given in totals.groupby("index"):
            rows.append([vintage, index, *_compare(_cells(given), _found(units, index))])
    proof = pd.DataFrame(rows, columns=["units", "index", "figures", "joined", "lost", "doubled"])
    wrong = proof[(proof["lost"] > 0) | (proof["doubled"] > 0)]
    if len(wrong):
        raise BoundaryError(
            f"{processed}/provinces.gpkg does not hold what indices.csv says; run 02_join again:\n{wrong}"
        )
    return proof


def _compare(given, found):
    joined = sum(found.get(cell) == value for cell, value in given.items())
    return len(given), joined, len(given) - joined, len(set(found) - set(given))


def _found(units, index):
    return {
        (code, measure, int(year)): float(value)
        for column in units.columns
        for name, measure, year in [_parsed(column)]
        if name == index
        for code, value in units[column].dropna().items()
    }


def _parsed(column):
    parts = column.rsplit("_", 2)
    return parts if len(parts) == 3 and parts[1] in ("score", "rank") else (None, None, None)


def _cells(totals):
    cells = totals.melt(["gso_code", "year"], ["score", "rank"], "measure", "value").dropna(subset="value")
    keys = zip(cells["gso_code"], cells["measure"], cells["year"], strict=True)
    return dict(zip(keys, cells["value"].astype(float), strict=True))


def survey(made):
    """
    Measure the layers.

    Parameters
    ----------
    made : dict of str to geopandas.GeoDataFrame
        From `layers`.

    Returns
    -------
    pandas.DataFrame
        One row a layer: ``layer``, ``units``, ``valid`` (how many of them are valid polygons), ``points``
        (vertices), ``area`` (geodesic, square kilometres, of the shapes as they are in this layer).
    """
    import shapely

    rows = []
    for name, units in made.items():
        points = int(shapely.get_num_coordinates(units.geometry.values).sum())
        valid, area = int(units.geometry.is_valid.sum()), float(areas_km2(units.geometry).sum())
        rows.append([name, len(units), valid, points, area])
    return pd.DataFrame(rows, columns=["layer", "units", "valid", "points", "area"])


def dissolve(boundaries, crosswalk):
    """
    Merge the boundaries of the 63 provinces to those of the 34 units of 1 July 2025.

    Parameters
    ----------
    boundaries : geopandas.GeoDataFrame
        63 rows, with ``gso_code`` and ``geometry``, sharing their borders.
    crosswalk : pandas.Series
        New code by old code, from `helpers.provinces.crosswalk`.

    Returns
    -------
    geopandas.GeoDataFrame
        34 rows in the order of the new codes: ``gso_code``, ``geometry``.

    Raises
    ------
    BoundaryError
        If a province has no new unit or an unknown one is merged, or the result is not 34 valid polygons
        of the same area.
    """
    unmatched = sorted(set(boundaries["gso_code"]) ^ set(crosswalk.index))
    if unmatched:
        raise BoundaryError(
            f"crosswalk_63_34.csv and the boundaries differ in gso_code {', '.join(unmatched)}"
        )
    new = boundaries["gso_code"].map(crosswalk)
    merged = boundaries[["geometry"]].dissolve(by=new.rename("gso_code"), method="coverage")
    if len(merged) != 34 or not merged.geometry.is_valid.all():
        raise BoundaryError(
            f"crosswalk_63_34.csv: expected 34 valid polygons, got {len(merged)}, "
            f"of which {int((~merged.geometry.is_valid).sum())} invalid"
        )
    before = areas_km2(boundaries.geometry).groupby(new.values).sum()
    change = (areas_km2(merged.geometry) - before).abs() / before
    if change.max() > 1e-6:
        raise BoundaryError(f"merging changes the area of {change.idxmax()} by {change.max():.2%}")
    return merged.reset_index()


def simplify(units, tolerance=SIMPLIFY_DEGREES):
    """
    Draw borders with fewer points, every shared border alike on both of its sides.

    Parameters
    ----------
    units : geopandas.GeoDataFrame
    tolerance : float
        In degrees; 0.02 halves the points without a loss that shows at page size.

    Returns
    -------
    geopandas.GeoDataFrame
        The same rows and columns; areas stay those of the full boundaries.
    """
    return units.set_geometry(units.geometry.simplify_coverage(tolerance))


def layers(raw, figures):
    """
    Make every layer of ``provinces.gpkg``.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables.
    figures : pandas.DataFrame
        The rows of ``indices.csv``.

    Returns
    -------
    dict of str to geopandas.GeoDataFrame
        ``provinces63``, ``provinces34``, ``provinces63_simplified``, ``provinces34_simplified``.
    """
    boundaries = {"63": load(raw)}
    boundaries["34"] = dissolve(boundaries["63"], registers.crosswalk(raw))
    made = {
        f"provinces{vintage}": add_totals(join(shapes, registers.load(raw, vintage)), figures, vintage)
        for vintage, shapes in boundaries.items()
    }
    return made | {f"{name}_simplified": simplify(units) for name, units in made.items()}


def write(path, made):
    """
    Write layers to one GeoPackage, whole or not at all; equal layers give equal bytes.

    Parameters
    ----------
    path : str or pathlib.Path
        Usually ``data/processed/provinces.gpkg``.
    made : dict of str to geopandas.GeoDataFrame
        Layers by name.
    """
    import pyogrio

    with replacing(path) as temporary:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
        try:
            for name, units in made.items():
                units.to_file(temporary, layer=name, driver="GPKG", engine="pyogrio", promote_to_multi=True)
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def read(processed="data/processed", vintage="63", simplified=True):
    """
    Read the provinces with their boundaries, attributes and totals.

    Parameters
    ----------
    processed : str or pathlib.Path
        Folder of the computed tables.
    vintage : {"63", "34"}
    simplified : bool
        Borders for pages; False for full ones.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a unit, indexed by ``gso_code`` in its order; EPSG:4326.

    Raises
    ------
    BoundaryError
        If the file or the layer is missing or does not have that many units.
    """
    import geopandas

    path = resolve(processed) / "provinces.gpkg"
    layer = f"provinces{vintage}{'_simplified' if simplified else ''}"
    if not path.is_file():
        raise BoundaryError(f"{path} is missing: make it with `make data` (notebook 02_join)")
    try:
        units = geopandas.read_file(path, layer=layer, engine="pyogrio")
    except Exception as error:  # GDAL has many classes of error; each means: unreadable.
        raise BoundaryError(
            f"{path}: cannot read the layer {layer} ({error}); make it with `make data`"
        ) from error
    if len(units) != int(vintage):
        raise BoundaryError(
            f"{path}: layer {layer} has {len(units)} units, expected {vintage}; run `make data`"
        )
    return units.set_index("gso_code").sort_index()


def read_islands(raw="data/raw"):
    """
    Read the outlines of Hoàng Sa and Trường Sa, for symbolic insets beside a map.

    Parameters
    ----------
    raw : str or pathlib.Path

    Returns
    -------
    geopandas.GeoDataFrame
        Two rows: ``name_vi``, ``name_en``, ``gso_code`` of the province each belongs to, ``geometry``.

    Raises
    ------
    BoundaryError
        If the file is missing or damaged.
    """
    import geopandas

    path = resolve(raw) / "boundaries" / "islands.geojson"
    try:
        islands = geopandas.read_file(path)
        return islands[["name_vi", "name_en", "gso_code", "geometry"]]
    except Exception as error:  # GDAL has many classes of error; each means: unreadable.
        raise BoundaryError(f"{path} cannot be read ({error}); restore it or map without islands") from error
