import hashlib
import itertools
import json
import re
import shutil
import sqlite3
import warnings

import geopandas
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import boundaries, provinces
from helpers.files import resolve

RAW = resolve("data/raw")
# Centres of towns from gazetteers, and the province of 2011-2024 that each is the seat of.
TOWNS = {
    (105.8542, 21.0285): "01",  # Hà Nội
    (106.6881, 20.8449): "31",  # Hải Phòng
    (104.9784, 22.8233): "02",  # Hà Giang
    (107.5909, 16.4637): "46",  # Huế
    (108.2022, 16.0544): "48",  # Đà Nẵng
    (108.0378, 12.6667): "66",  # Buôn Ma Thuột, Đắk Lắk
    (106.6297, 10.8231): "79",  # Thành phố Hồ Chí Minh
    (105.7469, 10.0342): "92",  # Cần Thơ
    (105.1524, 9.1769): "96",  # Cà Mau
}


def synthetic(*rows):
    """Make figures: (index, year, gso_code, component, score, rank)."""
    columns = ["index", "year", "gso_code", "component", "score", "rank"]
    return pd.DataFrame(rows, columns=columns).astype({"score": float, "rank": "Int64", "year": int})


FIGURES = synthetic(
    ("papi", 2022, "01", "", 43.25, 7),
    ("papi", 2022, "79", "", 41.5, None),
    ("papi", 2022, "79", "participation", 4.5, 3),
    ("par", 2021, "48", "", None, 8),
    ("par", 2025, "01", "", 90.5, 2),
)


@pytest.fixture(scope="module")
def full():
    return boundaries.load(RAW)


@pytest.fixture(scope="module")
def layers():
    return boundaries.layers(RAW, FIGURES)


@pytest.fixture
def doctored(tmp_path):
    """Copy the raw boundaries; gives a function that changes their GeoJSON and returns the raw folder."""
    for name in ("boundaries", "provinces"):
        shutil.copytree(RAW / name, tmp_path / name)
    path = tmp_path / "boundaries" / "provinces63.geojson"
    path.chmod(0o644)

    def change(edit):
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(edit(content) or content), encoding="utf-8")
        return tmp_path

    return change


# --- reading ----------------------------------------------------------------------------------------------


def test_every_province_is_read_once_as_a_valid_polygon(full):
    assert list(full["gso_code"]) == provinces.load(RAW).codes
    assert full.crs.to_epsg() == 4326
    assert full.geometry.is_valid.all() and shapely.coverage_is_valid(full.geometry.values)


@pytest.mark.parametrize(("place", "code"), TOWNS.items())
def test_towns_lie_in_their_provinces(full, place, code):
    inside = full["gso_code"][full.geometry.contains(shapely.Point(place))]
    assert list(inside) == [code]


def first(content):
    return content["features"][0]


def set_code(code):
    def edit(content):
        first(content)["properties"]["gso_code"] = code

    return edit


def drop_first(content):
    content["features"] = content["features"][1:]


def one_more(code):
    """Edit that adds a 64th province, of the shape of the first."""

    def edit(content):
        content["features"].append({**first(content), "properties": {"gso_code": code}})

    return edit


def transformed(function):
    """Edit that maps every coordinate pair."""

    def walk(part):
        return list(function(*part)) if isinstance(part[0], float | int) else [walk(below) for below in part]

    def edit(content):
        for feature in content["features"]:
            feature["geometry"]["coordinates"] = walk(feature["geometry"]["coordinates"])

    return edit


def declare_projected(content):
    content["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3405"}}


def project(content):
    """Edit that transforms to EPSG:3405 but does not say so, as a GeoJSON of 2016 and later would."""
    transformed(pyproj.Transformer.from_crs(4326, 3405, always_xy=True).transform)(content)


def shaped(kind, coordinates):
    def edit(content):
        first(content)["geometry"] = {"type": kind, "coordinates": coordinates}

    return edit


BOW_TIE = [[105.0, 21.0], [106.0, 22.0], [106.0, 21.0], [105.0, 22.0], [105.0, 21.0]]
OVER_HA_NOI = [[105.0, 20.5], [106.5, 20.5], [106.5, 21.5], [105.0, 21.5], [105.0, 20.5]]


def no_geometry(content):
    first(content)["geometry"] = None


def rename_property(content):
    for feature in content["features"]:
        feature["properties"] = {"code": feature["properties"]["gso_code"]}


def numbers_for_codes(content):
    for feature in content["features"]:
        feature["properties"]["gso_code"] = int(feature["properties"]["gso_code"])


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (set_code("05"), "gso_code 05 is none of the 63 provinces"),
        (set_code(1), "gso_code 1 is none of the 63 provinces"),
        (set_code(None), "gso_code (empty) is none of the 63 provinces"),
        (numbers_for_codes, "gso_code 1, 2, 4, 6, 8, 10, 11, 12 and 55 more is none of the 63 provinces"),
        (set_code("02"), "gso_code 02 stands there more than once"),
        (drop_first, "expected 63 provinces, found 62: gso_code 01 is missing"),
        (one_more("03"), "gso_code 03 is none of the 63 provinces"),
        (one_more("01"), "gso_code 01 stands there more than once"),
        (declare_projected, "found VN-2000 / UTM zone 48N; transform it to EPSG:4326"),
        (project, "01, 02, 04, 06, 08, 10, 11, 12 and 55 more outside the extent"),
        (transformed(lambda x, y: [y, x]), "the axes may be swapped"),
        (shaped("Polygon", [BOW_TIE]), "01: Self-intersection"),
        (shaped("Polygon", [OVER_HA_NOI]), "overlap or do not share their border"),
        (shaped("Polygon", []), "01: an empty Polygon"),
        (shaped("Point", [105.0, 21.0]), "01: a Point"),
        (no_geometry, "01: no geometry"),
        (rename_property, "with gso_code, geometry, found columns code, geometry"),
        (lambda content: {"type": "FeatureCollection", "features": []}, "found no feature"),
        (lambda content: ["no", "GeoJSON"], "cannot be read"),
    ],
)
def test_bad_boundaries_are_refused_with_the_reason(doctored, edit, told):
    with pytest.raises(boundaries.BoundaryError, match=r"provinces63\.geojson.*restore") as caught:
        boundaries.load(doctored(edit))
    assert told in str(caught.value)


def test_an_overlap_names_the_provinces_that_it_concerns(doctored):
    with pytest.raises(boundaries.BoundaryError, match="overlap") as caught:
        boundaries.load(doctored(shaped("Polygon", [OVER_HA_NOI])))
    assert {"01", "27", "33"} <= set(re.findall(r"\b\d\d\b", str(caught.value).split("provinces ")[1]))


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 50, b"gso_code,geometry\n01,\n"])
def test_what_is_no_geojson_is_named(tmp_path, content):
    shutil.copytree(RAW / "provinces", tmp_path / "provinces")
    path = tmp_path / "boundaries" / "provinces63.geojson"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(boundaries.BoundaryError, match=r"provinces63\.geojson cannot be read.*restore"):
        boundaries.load(tmp_path)


def test_a_missing_and_a_cut_file_are_named(tmp_path):
    shutil.copytree(RAW / "provinces", tmp_path / "provinces")
    with pytest.raises(boundaries.BoundaryError, match=r"provinces63\.geojson is missing.*restore"):
        boundaries.load(tmp_path)
    path = tmp_path / "boundaries" / "provinces63.geojson"
    path.parent.mkdir()
    whole = (RAW / "boundaries" / "provinces63.geojson").read_bytes()
    for length in (1, 50_000, len(whole) - 10):
        path.write_bytes(whole[:length])
        with pytest.raises(boundaries.BoundaryError, match=r"provinces63\.geojson.*restore"):
            boundaries.load(tmp_path)


def test_bad_boundaries_leave_the_old_file(doctored, tmp_path_factory):
    path = tmp_path_factory.mktemp("processed") / "provinces.gpkg"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(boundaries.BoundaryError, match="01: Self-intersection"):
        boundaries.write(path, boundaries.layers(doctored(shaped("Polygon", [BOW_TIE])), FIGURES))
    assert path.read_text(encoding="utf-8") == "old" and list(path.parent.iterdir()) == [path]


# --- joining ----------------------------------------------------------------------------------------------


def test_unmatched_codes_of_both_sides_are_listed(full):
    renamed = full.assign(gso_code=full["gso_code"].replace({"01": "03", "02": "05"}))
    with pytest.raises(boundaries.BoundaryError) as caught:
        boundaries.join(renamed, provinces.load(RAW))
    assert "boundaries without a province: 03, 05;" in str(caught.value)
    assert "provinces without a boundary: 01, 02" in str(caught.value)


def test_doubled_codes_are_refused(full):
    with pytest.raises(boundaries.BoundaryError, match="boundaries have gso_code 96 more than once"):
        boundaries.join(pd.concat([full, full.tail(1)]), provinces.load(RAW))


def test_the_join_goes_by_code_even_if_names_are_exchanged(full):
    rows = provinces.load(RAW).rows
    exchanged = {
        code: rows[code] | {"name_vi": rows[other]["name_vi"]} for code, other in (("01", "79"), ("79", "01"))
    }
    joined = boundaries.join(full, provinces.Provinces("63", rows | exchanged)).set_index("gso_code")
    assert joined.at["01", "name_vi"] == "Hồ Chí Minh"
    assert joined.geometry["01"].contains(shapely.Point(105.8542, 21.0285))


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(63)))
def test_the_join_does_not_depend_on_the_order_of_rows(full, order):
    known = provinces.load(RAW)
    pd.testing.assert_frame_equal(
        pd.DataFrame(boundaries.join(full.iloc[order], known)), pd.DataFrame(boundaries.join(full, known))
    )


def test_geodesic_areas_agree_with_an_equal_area_projection_and_an_earlier_measurement(full):
    areas = boundaries.areas_km2(full.geometry)
    projected = full.to_crs("EPSG:6933").area / 1e6
    assert ((areas - projected).abs() / projected).max() < 1e-4
    assert areas.sum() == pytest.approx(boundaries.KNOWN_AREA_KM2, abs=boundaries.AREA_TOLERANCE_KM2)


def test_totals_stand_beside_their_province_and_their_vintage(layers):
    of63 = layers["provinces63"].set_index("gso_code")
    assert of63.at["01", "papi_score_2022"] == 43.25 and of63.at["01", "papi_rank_2022"] == 7
    assert of63.at["79", "papi_score_2022"] == 41.5 and pd.isna(of63.at["79", "papi_rank_2022"])
    assert pd.isna(of63.at["48", "par_score_2021"]) and of63.at["48", "par_rank_2021"] == 8
    assert of63["papi_score_2022"].notna().sum() == 2
    assert not [column for column in of63 if column.endswith("2025")]
    of34 = layers["provinces34"].set_index("gso_code")
    assert [column for column in of34 if "_score_" in column] == ["par_score_2025"]
    assert of34.at["01", "par_score_2025"] == 90.5 and of34["par_score_2025"].notna().sum() == 1


def test_figures_of_unknown_codes_are_refused(full):
    stray = synthetic(("papi", 2022, "01", "", 43.0, 1), ("par", 2021, "05", "", 80.0, 2))
    with pytest.raises(boundaries.BoundaryError, match=r"05 \(par 2021\)"):
        boundaries.add_totals(boundaries.join(full, provinces.load(RAW)), stray, "63")


def test_a_code_that_ended_with_the_63_is_refused_among_the_34():
    # 02 was Hà Giang, which is part of Tuyên Quang (08) since 1 July 2025.
    with pytest.raises(boundaries.BoundaryError, match=r"34 boundaries has: 02 \(par 2025\)"):
        boundaries.layers(RAW, synthetic(("par", 2025, "02", "", 80.0, 1)))


def test_two_totals_of_one_province_are_refused(full):
    twice = synthetic(("papi", 2022, "01", "", 43.0, 1), ("papi", 2022, "01", "", 44.0, 2))
    with pytest.raises(boundaries.BoundaryError, match="more than one total for papi 2022 of 01"):
        boundaries.add_totals(boundaries.join(full, provinces.load(RAW)), twice, "63")


# --- merging and simplifying --------------------------------------------------------------------------------


def test_the_63_merge_to_34_valid_units_of_the_same_area(full, layers):
    merged = layers["provinces34"]
    assert list(merged["gso_code"]) == provinces.load(RAW, "34").codes
    assert merged.geometry.is_valid.all() and shapely.coverage_is_valid(merged.geometry.values)
    areas = boundaries.areas_km2(full.geometry)
    assert boundaries.areas_km2(merged.geometry).sum() == pytest.approx(areas.sum(), rel=1e-9)
    by_code = full.set_index("gso_code").geometry
    # provinces34.csv lists the old codes itself, apart from the crosswalk.
    for _, unit in merged.iterrows():
        parts = by_code[unit["old_codes"].split("|")]
        assert shapely.union_all(parts.values).equals(unit["geometry"]), unit["gso_code"]


def test_a_wrong_crosswalk_is_refused(full):
    crosswalk = provinces.crosswalk(RAW)
    with pytest.raises(boundaries.BoundaryError, match="differ in gso_code 01"):
        boundaries.dissolve(full, crosswalk.drop("01"))
    with pytest.raises(boundaries.BoundaryError, match="got 33"):
        boundaries.dissolve(full, crosswalk.replace("01", "04"))


def test_simplified_borders_fit_together_and_keep_the_shape(layers):
    for name in ("provinces63", "provinces34"):
        plain, simple = layers[name], layers[f"{name}_simplified"]
        assert list(simple["gso_code"]) == list(plain["gso_code"])
        assert simple.geometry.is_valid.all() and shapely.coverage_is_valid(simple.geometry.values)
        points = shapely.get_num_coordinates(simple.geometry.values).sum()
        assert points < 0.6 * shapely.get_num_coordinates(plain.geometry.values).sum()
        assert shapely.hausdorff_distance(plain.boundary.values, simple.boundary.values).max() < 0.05
        change = boundaries.areas_km2(simple.geometry) / boundaries.areas_km2(plain.geometry) - 1
        assert change.abs().max() < 0.02


def segments(shapes):
    """Take shapes to pieces: the set of their straight lines, whichever way each runs."""
    pieces = set()
    for ring in shapely.get_rings(shapes):
        pieces |= {frozenset(ends) for ends in itertools.pairwise(ring.coords)}
    return pieces


def test_every_line_of_the_34_is_a_line_of_the_63(layers):
    """Else a map of the 34 over the 63 has double lines, as where both are simplified apart."""
    crosswalk = provinces.crosswalk(RAW)
    for kind in ("", "_simplified"):
        fine, coarse = layers[f"provinces63{kind}"], layers[f"provinces34{kind}"]
        assert segments(coarse.geometry.values) < segments(fine.geometry.values)
        by_code = fine.set_index("gso_code").geometry
        for code, shape in zip(coarse["gso_code"], coarse.geometry, strict=True):
            parts = by_code[crosswalk.index[crosswalk == code]].values
            assert shapely.union_all(parts).equals(shape), (kind, code)
    apart = boundaries.simplify(layers["provinces34"]).geometry.values
    assert len(segments(apart) - segments(layers["provinces63_simplified"].geometry.values)) > 10


def test_overlapping_shapes_are_neither_merged_nor_simplified(full):
    spoilt = full.set_geometry([shapely.Polygon(OVER_HA_NOI), *full.geometry[1:]], crs=full.crs)
    with pytest.raises(boundaries.BoundaryError, match=r"crosswalk_63_34\.csv"):
        boundaries.dissolve(spoilt, provinces.crosswalk(RAW))
    with pytest.raises(boundaries.BoundaryError, match=r"simplified by 0\.02 degrees: .*overlap"):
        boundaries.simplify(spoilt)


# --- the file -----------------------------------------------------------------------------------------------


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_equal_layers_give_equal_bytes(tmp_path, layers):
    boundaries.write(tmp_path / "first.gpkg", layers)
    boundaries.write(tmp_path / "second.gpkg", boundaries.layers(RAW, FIGURES))
    assert digest(tmp_path / "first.gpkg") == digest(tmp_path / "second.gpkg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.gpkg", "second.gpkg"]
    changed = boundaries.layers(RAW, FIGURES.assign(score=FIGURES["score"] + 1))
    boundaries.write(tmp_path / "third.gpkg", changed)
    assert digest(tmp_path / "first.gpkg") != digest(tmp_path / "third.gpkg")


def test_what_is_written_is_read_again(tmp_path, layers):
    boundaries.write(tmp_path / "provinces.gpkg", layers)
    assert {name for name, _ in pyogrio.list_layers(tmp_path / "provinces.gpkg")} == set(layers)
    for vintage in ("63", "34"):
        for simplified in (True, False):
            name = f"provinces{vintage}" + ("_simplified" if simplified else "")
            read, made = boundaries.read(tmp_path, vintage, simplified), layers[name].set_index("gso_code")
            assert read.crs.to_epsg() == 4326 and list(read.index) == list(made.index)
            # The file holds multipolygons throughout; a multipolygon of one part is the same shape.
            assert read.geometry.geom_equals(made.geometry).all()
            columns = made.columns.drop("geometry")
            pd.testing.assert_frame_equal(
                pd.DataFrame(read[columns]), pd.DataFrame(made[columns]), check_dtype=False
            )


def test_missing_figures_are_null_in_the_file(tmp_path, layers):
    boundaries.write(tmp_path / "provinces.gpkg", layers)
    with sqlite3.connect(tmp_path / "provinces.gpkg") as database:
        query = (
            "SELECT typeof(papi_score_2022), typeof(papi_rank_2022), count(*) FROM provinces63 GROUP BY 1, 2"
        )
        assert sorted(database.execute(query)) == [
            ("null", "null", 61),
            ("real", "integer", 1),
            ("real", "null", 1),
        ]
    database.close()


def test_a_failed_write_leaves_the_old_file(tmp_path, layers):
    path = tmp_path / "provinces.gpkg"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(AttributeError):
        boundaries.write(path, {"provinces63": layers["provinces63"], "provinces34": None})
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_proof_counts_what_was_joined(tmp_path, layers):
    boundaries.write(tmp_path / "provinces.gpkg", layers)
    proof = boundaries.prove(tmp_path, FIGURES)
    assert proof.to_numpy().tolist() == [
        ["63", "papi", 3, 3, 0, 0],
        ["63", "par", 1, 1, 0, 0],
        ["34", "par", 2, 2, 0, 0],
    ]


@pytest.mark.parametrize(
    ("edit", "lost", "doubled"),
    [
        (lambda figures: figures.iloc[1:], 0, 2),
        (lambda figures: pd.concat([figures, synthetic(("papi", 2021, "04", "", 39.0, 9))]), 2, 0),
        (lambda figures: figures.assign(score=figures["score"] * 2), 2, 0),
        (lambda figures: figures.replace({"gso_code": {"79": "80"}}), 1, 1),
    ],
)
def test_the_proof_fails_where_the_file_and_the_figures_differ(tmp_path, layers, edit, lost, doubled):
    boundaries.write(tmp_path / "provinces.gpkg", layers)
    with pytest.raises(boundaries.BoundaryError, match=rf"papi +\d+ +\d+ +{lost} +{doubled}"):
        boundaries.prove(tmp_path, edit(FIGURES))


def test_the_survey_counts_points_and_valid_polygons(full):
    bad = full.copy()
    bow_tie_ = shapely.Polygon([(105, 21), (106, 22), (106, 21), (105, 22)])
    bad.geometry = [bow_tie_, *full.geometry[1:]]
    survey = boundaries.survey({"good": full, "bad": bad}).set_index("layer")
    assert survey.loc["good", ["units", "valid", "points"]].tolist() == [63, 63, 7461]
    assert survey.loc["bad", ["units", "valid"]].tolist() == [63, 62]


# --- reading the file of pages ------------------------------------------------------------------------------


def test_reading_says_what_is_missing(tmp_path, layers):
    with pytest.raises(boundaries.BoundaryError, match=r"provinces\.gpkg is missing.*make data"):
        boundaries.read(tmp_path)
    boundaries.write(tmp_path / "provinces.gpkg", {"provinces63": layers["provinces63"].head(3)})
    with pytest.raises(
        boundaries.BoundaryError, match=r"layer provinces63: expected 63 provinces, found 3.*make data"
    ):
        boundaries.read(tmp_path, simplified=False)
    with pytest.raises(boundaries.BoundaryError, match=r"layer provinces34 cannot be read.*make data"):
        boundaries.read(tmp_path, "34", simplified=False)
    with pytest.raises(ValueError, match="vintage '35' is not known"):
        boundaries.read(tmp_path, "35")


def reshaped(shape):
    """Edit of a layer that gives the first unit another shape."""
    return lambda units: units.set_geometry([shape, *units.geometry[1:]], crs=4326)


def recoded(*codes):
    return lambda units: units.assign(gso_code=[*codes, *units["gso_code"][len(codes) :]])


def swapped(units):
    flipped = shapely.transform(units.geometry.values, lambda pairs: pairs[:, ::-1])
    return units.set_geometry(flipped, crs=4326)


def renamed(name):
    return lambda units: units.assign(name_vi=[name, *units["name_vi"][1:]])


@pytest.mark.parametrize("vintage", provinces.VINTAGES)
@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda units: units.iloc[1:], "gso_code 01 is missing"),
        (lambda units: pd.concat([units, units.tail(1)]), "gso_code 96 stands there more than once"),
        (recoded("05"), "gso_code 05 is none of the"),
        (lambda units: pd.concat([units, recoded("05")(units).head(1)]), "gso_code 05 is none of the"),
        (recoded("04"), "gso_code 04 stands there more than once"),
        (lambda units: units.assign(gso_code=units["gso_code"].astype(int)), "gso_code 1, "),
        (lambda units: units.to_crs(3405), "found VN-2000 / UTM zone 48N"),
        (lambda units: units.to_crs(3405).set_crs(4326, allow_override=True), "outside the extent"),
        (lambda units: units.set_crs(None, allow_override=True), "coordinate system"),
        (swapped, "the axes may be swapped"),
        (reshaped(shapely.Polygon(BOW_TIE)), "01: Self-intersection"),
        (reshaped(shapely.MultiPolygon()), "01: an empty MultiPolygon"),
        (reshaped(None), "01: no geometry"),
        (reshaped(shapely.Point(105, 21)), "01: a "),
        (reshaped(shapely.Polygon(OVER_HA_NOI)), "overlap or do not share their border"),
        (lambda units: units.drop(columns="region6"), "region6"),
        (lambda units: pd.DataFrame(units.drop(columns="geometry")), "region6, geometry, found columns"),
        (renamed(None), "name_vi of gso_code 01 is missing, expected 'Hà Nội' as in provinces"),
        (renamed("Hà Tây"), "name_vi of gso_code 01 is 'Hà Tây', expected 'Hà Nội' as in provinces"),
    ],
)
def test_bad_layers_are_refused_with_the_reason(tmp_path, layers, vintage, edit, told):
    units = edit(layers[f"provinces{vintage}"][["gso_code", "name_vi", "name_en", "region6", "geometry"]])
    path = tmp_path / "provinces.gpkg"
    if isinstance(units, geopandas.GeoDataFrame):
        with warnings.catch_warnings():
            # That a layer has no coordinate system is the point.
            warnings.simplefilter("ignore", UserWarning)
            units.to_file(path, layer=f"provinces{vintage}", driver="GPKG", engine="pyogrio")
    else:
        pyogrio.write_dataframe(units, path, layer=f"provinces{vintage}", driver="GPKG")
    where = rf"provinces\.gpkg: layer provinces{vintage}\b.*make data"
    with pytest.raises(boundaries.BoundaryError, match=where) as caught:
        boundaries.read(tmp_path, vintage, simplified=False)
    assert told in str(caught.value)


def test_the_units_of_one_vintage_do_not_pass_for_the_other(tmp_path, layers):
    boundaries.write(tmp_path / "provinces.gpkg", {"provinces34": layers["provinces63"]})
    with pytest.raises(boundaries.BoundaryError, match=r"gso_code 02, 06.* none of the 34 provinces"):
        boundaries.read(tmp_path, "34", simplified=False)
    # 24 was Bắc Giang and is Bắc Ninh: right codes with the names of before are still the wrong provinces.
    old = provinces.load(RAW).table["name_vi"]
    mixed = layers["provinces34"].assign(name_vi=layers["provinces34"]["gso_code"].map(old))
    boundaries.write(tmp_path / "provinces.gpkg", {"provinces34": mixed})
    with pytest.raises(boundaries.BoundaryError, match="gso_code 15 is 'Yên Bái', expected 'Lào Cai'"):
        boundaries.read(tmp_path, "34", simplified=False)


def test_a_damaged_geopackage_is_named(tmp_path, layers):
    path = tmp_path / "provinces.gpkg"
    boundaries.write(path, layers)
    whole = path.read_bytes()
    for content in (b"", b"old", whole[:1000], whole[: len(whole) // 2], whole[:100] + whole[5000:]):
        path.write_bytes(content)
        with pytest.raises(boundaries.BoundaryError, match=r"provinces\.gpkg: layer provinces34.*make data"):
            boundaries.read(tmp_path, "34", simplified=False)


# --- islands and neighbours ---------------------------------------------------------------------------------


def test_islands_belong_to_da_nang_and_khanh_hoa():
    islands = boundaries.read_islands(RAW).set_index("gso_code")
    assert islands["name_vi"].to_dict() == {"48": "Quần đảo Hoàng Sa", "56": "Quần đảo Trường Sa"}
    assert isinstance(islands, geopandas.GeoDataFrame) and islands.crs.to_epsg() == 4326
    # Phú Lâm of Hoàng Sa and Trường Sa Lớn of Trường Sa, from gazetteers; the outlines are coarse.
    for code, place in (("48", (112.34, 16.83)), ("56", (111.92, 8.64))):
        west, south, east, north = boundaries.ISLANDS[code]
        assert west < place[0] < east and south < place[1] < north


@pytest.fixture
def islands(tmp_path):
    """A writable copy of the islands; gives a function that changes it and returns the raw folder."""
    path = tmp_path / "boundaries" / "islands.geojson"
    path.parent.mkdir()

    def change(edit):
        content = json.loads((RAW / "boundaries" / "islands.geojson").read_text(encoding="utf-8"))
        path.write_text(json.dumps(edit(content) or content), encoding="utf-8")
        return tmp_path

    return change


def exchange_codes(content):
    one, other = (feature["properties"] for feature in content["features"])
    one["gso_code"], other["gso_code"] = other["gso_code"], one["gso_code"]


def no_name(content):
    first(content)["properties"]["name_en"] = None


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (drop_first, "expected the gso_code 48 and 56 once each, as texts, found '56'"),
        (set_code("56"), "found '56', '56'"),
        (numbers_for_codes, "found 48, 56"),
        (exchange_codes, "48, 56 outside the extent"),
        (declare_projected, "VN-2000 / UTM zone 48N"),
        (transformed(lambda x, y: [y, x]), "the axes may be swapped"),
        (shaped("Polygon", [BOW_TIE]), "48: Self-intersection"),
        (no_geometry, "48: no geometry"),
        (no_name, "gso_code 48 lacks name_vi or name_en"),
        (rename_property, "found columns code, geometry"),
        (lambda content: {"type": "FeatureCollection", "features": []}, "found no feature"),
        (lambda content: "islands", "cannot be read"),
    ],
)
def test_bad_islands_are_refused_with_the_reason(islands, edit, told):
    with pytest.raises(boundaries.BoundaryError, match=r"islands\.geojson.*without islands") as caught:
        boundaries.read_islands(islands(edit))
    assert told in str(caught.value)


def test_missing_islands_are_named(tmp_path):
    with pytest.raises(boundaries.BoundaryError, match=r"islands\.geojson is missing.*without islands"):
        boundaries.read_islands(tmp_path)


def line(kind, *pairs, shape="LineString"):
    """Make a synthetic feature of neighbours.geojson."""
    coordinates = [list(pair) for pair in pairs]
    geometry = {"type": shape, "coordinates": [coordinates] if shape == "MultiLineString" else coordinates}
    return {"type": "Feature", "properties": {"kind": kind}, "geometry": geometry}


COAST = line("coast", (109.0, 21.5), (110.0, 21.4), (110.5, 20.5))
BORDER = line("border", (102.0, 22.0), (101.5, 21.5), shape="MultiLineString")


@pytest.fixture
def neighbours(tmp_path):
    """Write synthetic neighbours from features; gives the raw folder."""
    path = tmp_path / "boundaries" / "neighbours.geojson"
    path.parent.mkdir()

    def write(*features, **members):
        content = {"type": "FeatureCollection", "features": features} | members
        path.write_text(json.dumps(content), encoding="utf-8")
        return tmp_path

    return write


def test_neighbours_are_lines_of_two_kinds(neighbours):
    lines = boundaries.read_neighbours(neighbours(COAST, BORDER))
    assert list(lines.columns) == ["kind", "geometry"] and list(lines["kind"]) == ["coast", "border"]
    assert list(lines.geom_type) == ["LineString", "MultiLineString"] and lines.crs.to_epsg() == 4326


def test_the_real_neighbours_are_read():
    assert set(boundaries.read_neighbours(RAW)["kind"]) == set(boundaries.NEIGHBOURS_KINDS)


@pytest.mark.parametrize(
    ("features", "members", "told"),
    [
        ([], {}, "found no feature"),
        ([COAST, line("river", (105, 20), (106, 21))], {}, "found feature 2: 'river'"),
        ([COAST, line(None, (105, 20), (106, 21))], {}, "found feature 2: "),
        ([{**COAST, "properties": {"name": "coast"}}], {}, "found columns name, geometry"),
        ([{**COAST, "geometry": None}, BORDER], {}, "feature 1: no geometry"),
        ([BORDER, line("coast", (105, 20), (105, 20))], {}, "feature 2: Too few points"),
        ([line("coast", shape="MultiLineString")], {}, "feature 1: an empty MultiLineString"),
        ([{**COAST, "geometry": {"type": "Point", "coordinates": [105, 20]}}], {}, "feature 1: a Point"),
        ([BORDER, line("coast", (113.0, 22.0), (112.0, 22.0))], {}, "feature 2 outside the extent"),
        ([line("coast", (21.5, 109.0), (21.4, 110.0))], {}, "the axes may be swapped"),
        ([COAST], {"crs": {"type": "name", "properties": {"name": "EPSG:3405"}}}, "VN-2000 / UTM zone 48N"),
    ],
)
def test_bad_neighbours_are_refused_with_the_reason(neighbours, features, members, told):
    with pytest.raises(
        boundaries.BoundaryError, match=r"neighbours\.geojson.*without context lines"
    ) as caught:
        boundaries.read_neighbours(neighbours(*features, **members))
    assert told in str(caught.value)


def test_missing_and_cut_neighbours_are_named(neighbours, tmp_path):
    path = tmp_path / "boundaries" / "neighbours.geojson"
    with pytest.raises(boundaries.BoundaryError, match=r"neighbours\.geojson is missing.*restore"):
        boundaries.read_neighbours(tmp_path)
    neighbours(COAST, BORDER)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(boundaries.BoundaryError, match=r"neighbours\.geojson.*restore"):
        boundaries.read_neighbours(tmp_path)


@pytest.mark.parametrize("vintage", ["63", "34"])
@pytest.mark.parametrize("simplified", [True, False])
def test_shapes_are_what_is_read_without_totals(tmp_path, layers, vintage, simplified):
    boundaries.write(tmp_path / "provinces.gpkg", layers)
    everything = boundaries.read(tmp_path, vintage, simplified)
    shapes = boundaries.shapes(tmp_path, vintage, simplified)
    totals = [name for name in everything if name not in shapes]
    assert totals and all(re.fullmatch(r"(papi|par)_(score|rank)_\d{4}", name) for name in totals)
    assert shapes.crs == everything.crs and list(shapes.index) == list(everything.index)
    assert shapes.geometry.geom_equals_exact(everything.geometry, 0).all()
    assert (shapes["region6"] == everything["region6"]).all()
