"""The boundaries of the provinces: read and checked, joined by code, merged to 34 units, stored."""

import re

import numpy as np
import pandas as pd

from helpers import inputs
from helpers import provinces as registers
from helpers.files import replacing, resolve

CRS = "EPSG:4326"
# Everything of Viet Nam that the layer holds lies in here: west, south, east, north in degrees.
EXTENT = (102.0, 8.0, 110.0, 24.0)
# What another program measured on the same boundaries, and how far from it a measurement may be.
KNOWN_AREA_KM2, AREA_TOLERANCE_KM2 = 328_406, 1
SIMPLIFY_DEGREES = 0.02
# Where each archipelago lies, by the code of the province that it belongs to.
ISLANDS = {"48": (111.0, 15.0, 113.5, 17.5), "56": (109.0, 6.0, 118.0, 12.5)}
# The window of the neighbours' lines round Viet Nam, and what these lines are.
NEIGHBOURS_EXTENT, NEIGHBOURS_KINDS = (101.0, 7.5, 112.0, 24.5), ("coast", "border")
# A GeoPackage carries the date of its making; a fixed one makes equal contents equal bytes.
STAMP = "2025-07-01T00:00:00.000Z"

_ATTRIBUTES = {
    "63": ["name_vi", "name_en", "type", "region6", "region8"],
    "34": ["name_vi", "name_en", "type", "region6", "old_codes"],
}
# What a page needs of every unit; the register of the units says it too.
_NEEDED = ["name_vi", "name_en", "region6"]
_REMAKE = "run `make data` (notebook 02_join)"


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
    path = resolve(raw) / "boundaries" / "provinces63.geojson"
    remedy = "repair or restore the file"
    frame = _open(path, ["gso_code"], "the boundaries of the 63 provinces", remedy)
    _check_codes(path, frame["gso_code"], registers.load(raw).codes, "provinces63.csv", remedy)
    frame = frame[["gso_code", "geometry"]].sort_values("gso_code", ignore_index=True)
    _check_units(path, frame, remedy)
    return frame.set_crs(CRS, allow_override=True)


def _open(path, columns, what, remedy, layer=None):
    """Read one layer that has features, these columns and longitudes and latitudes in degrees."""
    import geopandas

    if not path.is_file():
        raise BoundaryError(f"{path} is missing: it holds {what}; {remedy}")
    where = _where(path, layer)
    inputs.note(path)
    try:
        frame = geopandas.read_file(path, layer=layer, engine="pyogrio")
    except Exception as error:  # GDAL has many classes of error; each means: unreadable.
        raise BoundaryError(f"{where} cannot be read ({error}); {remedy}") from error
    absent = [column for column in [*columns, "geometry"] if column not in frame]
    if absent or not len(frame):
        found = f"columns {', '.join(frame.columns)}" if len(frame) else "no feature at all"
        raise BoundaryError(
            f"{where}: expected {what} with {', '.join([*columns, 'geometry'])}, found {found}; {remedy}"
        )
    system = frame.crs
    if system is None or (system.to_epsg() != 4326 and system.to_authority() != ("OGC", "CRS84")):
        raise BoundaryError(
            f"{where}: expected longitude and latitude in degrees ({CRS}), found "
            f"{system.name if system else 'no coordinate system'}; transform it to {CRS}, or {remedy}"
        )
    return frame


def _where(path, layer):
    return f"{path}: layer {layer}" if layer else str(path)


def _listed(codes, most=8):
    """Write codes, the first ones if there are many."""
    codes = list(map(str, codes))
    more = f" and {len(codes) - most} more" if len(codes) > most else ""
    return ", ".join(codes[:most]) + more


def _check_codes(where, found, known, register, remedy):
    wrong = ["(empty)" if pd.isna(code) else code for code in found if code not in known]
    if wrong:
        raise BoundaryError(
            f"{where}: gso_code {_listed(wrong)} is none of the {len(known)} provinces of {register}; "
            f"codes are texts of two characters such as '01'; {remedy}"
        )
    doubled = sorted(found[found.duplicated()].unique())
    if doubled:
        raise BoundaryError(
            f"{where}: gso_code {_listed(doubled)} stands there more than once; keep one each, or {remedy}"
        )
    absent = [code for code in known if code not in set(found)]
    if absent:
        raise BoundaryError(
            f"{where}: expected {len(known)} provinces, found {len(found)}: gso_code {_listed(absent)} "
            f"is missing; {remedy}"
        )


def _check_units(where, units, remedy):
    """Refuse units that are not valid polygons within Viet Nam which share their borders."""
    names, geometry = units["gso_code"], units.geometry
    _check_shapes(where, names, geometry, remedy)
    _check_extent(where, names, geometry, EXTENT, remedy)
    _check_coverage(where, names, geometry, remedy)


def _check_shapes(where, names, geometry, remedy, kind="Polygon"):
    """Refuse what is not valid polygons, or lines if `kind` is LineString; `names` tell which shape it is."""
    usable = geometry.geom_type.isin([kind, f"Multi{kind}"]) & ~geometry.is_empty & geometry.is_valid
    if not usable.all():
        wrong = zip(names[~usable], geometry[~usable], strict=True)
        reasons = _listed(f"{name}: {_fault(shape)}" for name, shape in wrong)
        raise BoundaryError(f"{where}: expected each a valid {kind}, found {reasons}; {remedy}")


def _fault(shape):
    import shapely

    if shape is None:
        return "no geometry"
    if shape.is_empty:
        return f"an empty {shape.geom_type}"
    return f"a {shape.geom_type}" if shape.is_valid else shapely.is_valid_reason(shape)


def _check_extent(where, names, geometry, extents, remedy):
    """Refuse shapes that leave their extent: west, south, east, north, one for all or one each."""
    bounds = geometry.bounds.to_numpy()
    limits = np.broadcast_to(np.array(extents, dtype=float), bounds.shape)
    outside = (bounds[:, :2] < limits[:, :2]).any(axis=1) | (bounds[:, 2:] > limits[:, 2:]).any(axis=1)
    if outside.any():
        first = int(outside.argmax())
        (west, south, east, north), limit = bounds[first], limits[first]
        raise BoundaryError(
            f"{where}: {_listed(names[outside])} outside the extent: expected {names.iloc[first]} within "
            f"longitudes {limit[0]:g} to {limit[2]:g} and latitudes {limit[1]:g} to {limit[3]:g}, found "
            f"{west:g} to {east:g} and {south:g} to {north:g}; the axes may be swapped or the system be "
            f"another one; {remedy}"
        )


def _check_coverage(where, names, geometry, remedy):
    if not geometry.is_valid_coverage():
        edges = geometry.invalid_coverage_edges()
        raise BoundaryError(
            f"{where}: the provinces {_listed(names[~edges.is_empty])} overlap or do not share their border "
            f"exactly; {remedy}"
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
    wide_by = {
        measure: totals.pivot(index="gso_code", columns=["index", "year"], values=measure)
        .reindex(units["gso_code"])
        .astype(kind)
        for measure, kind in (("score", "float64"), ("rank", "Int64"))
    }
    columns = {
        f"{index}_{measure}_{year}": wide_by[measure][index, year].array
        for index, year in sorted(set(zip(totals["index"], totals["year"], strict=True)))
        for measure in wide_by
    }
    wide = pd.DataFrame(columns, index=units.index)
    joined = pd.concat([units.drop(columns="geometry"), wide], axis=1)
    return units[["geometry"]].join(joined)[[*joined.columns, "geometry"]]


def _totals(figures, vintage):
    totals = figures[figures["component"] == ""]
    return totals[totals["year"].map(registers.vintage_of) == vintage]


def prove(processed, figures, raw="data/raw"):
    """
    Show that the join lost and doubled nothing: compare ``provinces.gpkg`` with what went into it.

    Parameters
    ----------
    processed : str or pathlib.Path
        Folder with ``provinces.gpkg``, which is read again from the disk.
    figures : pandas.DataFrame
        The rows of ``indices.csv``.
    raw : str or pathlib.Path
        Folder of the raw tables, which say what the units are.

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
        units = read(processed, vintage, simplified=False, raw=raw)
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
        of the same area that share their borders.
    """
    unmatched = sorted(set(boundaries["gso_code"]) ^ set(crosswalk.index))
    if unmatched:
        raise BoundaryError(
            f"crosswalk_63_34.csv and the boundaries differ in gso_code {', '.join(unmatched)}"
        )
    new = boundaries["gso_code"].map(crosswalk)
    merged = boundaries[["geometry"]].dissolve(by=new.rename("gso_code"), method="coverage")
    merged = merged.reset_index()
    if len(merged) != 34:
        raise BoundaryError(f"crosswalk_63_34.csv: expected 34 units, got {len(merged)}; restore the file")
    where, remedy = "the 63 provinces merged by crosswalk_63_34.csv", "restore that table and the boundaries"
    _check_units(where, merged, remedy)
    before = areas_km2(boundaries.geometry).groupby(new.values).sum()
    change = (areas_km2(merged.set_index("gso_code").geometry) - before).abs() / before
    if change.max() > 1e-6:
        raise BoundaryError(f"merging changes the area of {change.idxmax()} by {change.max():.2%}")
    return merged


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

    Raises
    ------
    BoundaryError
        If the result is no longer valid polygons that share their borders.
    """
    simple = units.set_geometry(units.geometry.simplify_coverage(tolerance))
    _check_units(f"borders simplified by {tolerance:g} degrees", simple, "choose a smaller tolerance")
    return simple


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
        ``provinces63``, ``provinces34``, ``provinces63_simplified``, ``provinces34_simplified``. Every line
        of the 34 is one of the 63, in the full and in the simplified layers.

    Raises
    ------
    BoundaryError
        If the boundaries, the crosswalk or the figures do not fit one another.
    """
    boundaries, crosswalk = {"63": load(raw)}, registers.crosswalk(raw)
    boundaries["34"] = dissolve(boundaries["63"], crosswalk)
    made = {
        f"provinces{vintage}": add_totals(join(shapes, registers.load(raw, vintage)), figures, vintage)
        for vintage, shapes in boundaries.items()
    }
    simple = simplify(made["provinces63"])
    # Simplified apart, the lines of the 34 would leave those of the 63: the fewer borders fix fewer points.
    merged = dissolve(simple[["gso_code", "geometry"]], crosswalk)
    return made | {
        "provinces63_simplified": simple,
        "provinces34_simplified": made["provinces34"].set_geometry(merged.geometry),
    }


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


def read(processed="data/processed", vintage="63", simplified=True, raw="data/raw"):
    """
    Read the provinces with their boundaries, attributes and totals, and check them as `load` does.

    Parameters
    ----------
    processed : str or pathlib.Path
        Folder of the computed tables.
    vintage : {"63", "34"}
    simplified : bool
        Borders for pages; False for full ones.
    raw : str or pathlib.Path
        Folder of the raw tables, which say what the units are.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a unit, indexed by ``gso_code`` in its order; EPSG:4326.

    Raises
    ------
    BoundaryError
        If the file or the layer is missing or damaged, has another coordinate system, lacks, doubles or
        invents a unit, names one otherwise than its register, or holds polygons that are invalid or overlap.
    ValueError
        If the vintage is unknown.
    """
    path = resolve(processed) / "provinces.gpkg"
    layer = f"provinces{vintage}{'_simplified' if simplified else ''}"
    where, known, register = _where(path, layer), registers.load(raw, vintage), f"provinces{vintage}.csv"
    units = _open(path, ["gso_code", *_NEEDED], f"the {vintage} units", _REMAKE, layer)
    _check_codes(where, units["gso_code"], known.codes, register, _REMAKE)
    units = units.sort_values("gso_code", ignore_index=True)
    # A code can mean one province before July 2025 and another after it: names show a layer of the wrong one.
    for column in _NEEDED:
        stored, expected = units[column], known.table[column].loc[units["gso_code"]].array
        if (differs := stored.isna() | (stored != expected)).any():
            first = int(differs.argmax())
            found = "missing" if pd.isna(stored[first]) else repr(stored[first])
            raise BoundaryError(
                f"{where}: {column} of gso_code {units['gso_code'][first]} is {found}, expected "
                f"{expected[first]!r} as in {register}; {_REMAKE}"
            )
    _check_units(where, units, _REMAKE)
    return units.set_index("gso_code")


@inputs.query
@inputs.kept
def shapes(processed="data/processed", vintage="63", simplified=True, raw="data/raw"):
    """
    Read the provinces with their boundaries alone, for pages that take figures from elsewhere.

    Parameters
    ----------
    processed, vintage, simplified, raw
        As for `read`.

    Returns
    -------
    geopandas.GeoDataFrame
        As from `read`, without the totals of any index.

    Raises
    ------
    BoundaryError
        As `read` does.
    """
    units = read(processed, vintage, simplified, raw)
    return units[[name for name in units if not re.search(r"_\d{4}$", name)]]


def read_islands(raw="data/raw"):
    """
    Read the outlines of Hoàng Sa and Trường Sa, for symbolic insets beside a map.

    Parameters
    ----------
    raw : str or pathlib.Path

    Returns
    -------
    geopandas.GeoDataFrame
        Two rows: ``name_vi``, ``name_en``, ``gso_code`` of the province each belongs to (48 Đà Nẵng, 56
        Khánh Hòa), ``geometry`` (EPSG:4326).

    Raises
    ------
    BoundaryError
        If the file is missing or damaged, does not have these two each once, or one does not lie where it
        belongs.
    """
    path = resolve(raw) / "boundaries" / "islands.geojson"
    columns, remedy = ["name_vi", "name_en", "gso_code"], "restore it or map without islands"
    islands = _open(path, columns, "the outlines of Hoàng Sa and Trường Sa", remedy)
    codes = islands["gso_code"]
    if sorted(map(str, codes)) != list(ISLANDS) or not all(isinstance(code, str) for code in codes):
        raise BoundaryError(
            f"{path}: expected the gso_code {' and '.join(ISLANDS)} once each, as texts, found "
            f"{_listed(codes.map(repr))}; {remedy}"
        )
    islands = islands[[*columns, "geometry"]].sort_values("gso_code", ignore_index=True)
    unnamed = islands["gso_code"][islands[columns].isna().any(axis=1) | (islands[columns] == "").any(axis=1)]
    if len(unnamed):
        raise BoundaryError(f"{path}: gso_code {_listed(unnamed)} lacks name_vi or name_en; {remedy}")
    names, geometry = islands["gso_code"], islands.geometry
    _check_shapes(path, names, geometry, remedy)
    _check_extent(path, names, geometry, [ISLANDS[code] for code in names], remedy)
    return islands


def read_neighbours(raw="data/raw"):
    """
    Read the coasts and borders of the countries round Viet Nam, thin lines of context on a map.

    Parameters
    ----------
    raw : str or pathlib.Path

    Returns
    -------
    geopandas.GeoDataFrame
        Columns ``kind`` ("coast" or "border") and ``geometry`` (lines, EPSG:4326), in the order of the file.

    Raises
    ------
    BoundaryError
        If the file is missing or damaged, has another coordinate system, a line of another kind, or anything
        but lines in the window round Viet Nam.
    """
    path = resolve(raw) / "boundaries" / "neighbours.geojson"
    remedy = "restore it or map without context lines"
    lines = _open(path, ["kind"], "coasts and borders of the neighbours", remedy)
    names = pd.Series([f"feature {number + 1}" for number in range(len(lines))])
    if (unknown := ~lines["kind"].isin(NEIGHBOURS_KINDS)).any():
        found = _listed(names[unknown] + ": " + lines["kind"][unknown].map(repr))
        kinds = " or ".join(NEIGHBOURS_KINDS)
        raise BoundaryError(f"{path}: expected the kind {kinds}, found {found}; {remedy}")
    _check_shapes(path, names, lines.geometry, remedy, "LineString")
    _check_extent(path, names, lines.geometry, NEIGHBOURS_EXTENT, remedy)
    return lines[["kind", "geometry"]]
