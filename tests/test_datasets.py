"""The joined data, read back with other programs: values as in indices.csv, credit stated, equal bytes."""

import csv
import json

import geopandas
import pandas as pd
import pyogrio
import pytest
import shapely

from helpers import boundaries, datasets, provinces, wording

YEARS = (2016, 2022)


@pytest.fixture(scope="module")
def raw_folder(root):
    return root / "data" / "raw"


@pytest.fixture(scope="module")
def written(raw_folder, processed, atlas, tmp_path_factory):
    """The data of two years in one language; `atlas` sees to it that the borders are in `processed`."""
    reports = tmp_path_factory.mktemp("reports")
    paths = datasets.write(reports, "vi", raw_folder, processed, YEARS)
    return {path.name: path for path in paths}


def _expected(figures, known, year, components):
    """Every cell of the figures of a year by unit and name of its column, missing ones left out."""
    cells = {}
    of_year = figures[figures["year"] == year]
    for name, (index, component, measure) in datasets.attributes(known, year).items():
        if component and not components:
            continue
        rows = of_year[(of_year["index"] == index) & (of_year["component"] == component)]
        for code, value in zip(rows["gso_code"], rows[measure], strict=True):
            if not pd.isna(value) and value != "":
                cells[code, name] = value
    return cells


def _held(records, known, year):
    names = datasets.attributes(known, year)
    return {
        (record["gso_code"], name): value
        for record in records
        for name, value in record.items()
        if name in names and value is not None and not pd.isna(value)
    }


def _with_repeated(held, expected):
    """Add basis and source of ranks where the file leaves them out, because they are those of the scores."""
    left_out = {name for _, name in expected} - {name for _, name in held}
    assert all(name.endswith(("_rank_basis", "_rank_source")) for name in left_out)
    for code, name in expected:
        if name in left_out:
            of_score = name.replace("_rank_basis", "_basis").replace("_rank_source", "_source")
            held[code, name] = held[code, of_score]
    return held


@pytest.mark.parametrize("year", YEARS)
def test_every_value_is_that_of_the_figures(written, indices_frame, known, year):
    path = written[f"provinces_{year}.geojson"]
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    in_json = [feature["properties"] for feature in features]
    in_package = geopandas.read_file(written["provinces.gpkg"], layer=f"provinces_{year}")
    for records, components in ((in_json, False), (in_package.to_dict("records"), True)):
        expected = _expected(indices_frame, known, year, components)
        assert _with_repeated(_held(records, known, year), expected) == expected
        assert len(records) == 63 and len(expected) > 900
    missing = [record["par_score"] for record in in_json if (record["gso_code"], "par_score") not in expected]
    assert missing and set(missing) == {None}


def test_borders_are_those_of_the_maps_and_valid(written, processed, raw_folder):
    units = boundaries.read(processed, "63", raw=raw_folder)
    for layer in (
        geopandas.read_file(written["provinces_2022.geojson"]),
        geopandas.read_file(written["provinces.gpkg"], layer="provinces_2022"),
    ):
        assert layer.crs.to_epsg() == 4326 and layer.geometry.is_valid.all()
        layer = layer.set_index("gso_code")
        assert layer.geometry.is_valid_coverage()
        # Rounding moves no point by more than half a millionth of a degree.
        assert (
            shapely.hausdorff_distance(
                *(shapes.geometry.values for shapes in (layer, units.loc[layer.index]))
            ).max()
            < 1e-6
        )


def test_credit_and_licence_go_with_the_borders(written):
    assert "ODbL" in datasets.CREDIT and "OpenStreetMap" in datasets.CREDIT
    head = json.loads(written["provinces_2022.geojson"].read_text(encoding="utf-8"))
    assert (head["credit"], head["licence"]) == (datasets.CREDIT, datasets.LICENCE)
    described = pyogrio.read_info(written["provinces.gpkg"], layer="provinces_2022")["layer_metadata"]
    assert datasets.CREDIT in str(described) and datasets.LICENCE in str(described)
    islands = geopandas.read_file(written["provinces.gpkg"], layer="islands")
    assert islands["gso_code"].tolist() == ["48", "56"]


def test_the_table_of_figures_is_the_same_and_every_source_is_listed(written, processed, indices_frame):
    assert written["indices.csv"].read_bytes() == (processed / "indices.csv").read_bytes()
    with written["sources.csv"].open(encoding="utf-8", newline="") as file:
        listed = {row["source"]: row["reference"] for row in csv.DictReader(file)}
    used = (set(indices_frame["source"]) | set(indices_frame["rank_source"])) - {""}
    assert listed.keys() == used and all(listed.values())
    sheets = pd.read_excel(
        written["indices.xlsx"], sheet_name=None, engine="calamine", dtype={"gso_code": str}
    )
    assert list(sheets) == ["indices", "sources", wording.text("downloads.sheet_columns", "vi")]
    assert len(sheets["sources"]) == len(used)
    read = sheets["indices"]
    assert read["gso_code"].tolist() == indices_frame["gso_code"].tolist()
    for column in ("score", "rank"):
        pd.testing.assert_series_equal(read[column], indices_frame[column], check_dtype=False)


def test_every_column_is_explained(written):
    with written["columns.csv"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row for row in rows if not row["meaning"]] == []
    told = {row["column"] for row in rows if row["table"] == "provinces"}
    for year in YEARS:
        layer = geopandas.read_file(written["provinces.gpkg"], layer=f"provinces_{year}")
        assert set(layer.columns) - {"geometry"} <= told


def test_both_languages_and_every_run_have_equal_bytes(written, raw_folder, processed, tmp_path):
    stale = tmp_path / "en" / "data" / "provinces_1999.geojson"
    stale.parent.mkdir(parents=True)
    stale.touch()
    again = {path.name: path for path in datasets.write(tmp_path, "en", raw_folder, processed, YEARS)}
    assert again.keys() == written.keys() and not stale.exists()
    differing = {name for name in again if again[name].read_bytes() != written[name].read_bytes()}
    assert differing == {"columns.csv", "indices.xlsx"}


def test_hostile_names_are_data_in_maps(atlas, indices_frame, known, processed):
    units = boundaries.shapes(processed, "63").reset_index()
    hostile = '=cmd|"</script>\u202e&'
    units.loc[0, "name_vi"] = hostile
    figures = indices_frame.assign(source=indices_frame["source"].replace("papi-published", "=1+1"))
    layer = datasets.join(units, figures, known, 2022)
    first = json.loads(datasets.as_geojson(layer, known, 2022))["features"][0]["properties"]
    assert (first["name_vi"], first["papi_source"]) == (hostile, "=1+1")


def test_from_2025_on_the_34_units(processed, atlas, indices_frame, extended, raw_folder):
    units = boundaries.shapes(processed, "34", raw=raw_folder).reset_index()
    one = indices_frame[(indices_frame["index"] == "papi") & (indices_frame["component"] == "")].iloc[:1]
    figures = one.assign(year=2025, gso_code=units["gso_code"][3], score=41.5)
    layer = datasets.join(units, figures, extended, 2025)
    assert len(layer) == 34 and provinces.vintage_of(2025) == "34"
    assert layer["papi_score"].dropna().tolist() == [41.5]
    wrong = figures.assign(gso_code="99")
    with pytest.raises(boundaries.BoundaryError, match="2025 for gso_code 99"):
        datasets.join(units, wrong, extended, 2025)


def test_before_the_data_stage_nothing_is_written(raw_folder, tmp_path):
    assert datasets.write(tmp_path, "en", raw_folder, tmp_path, YEARS) == []
    assert not (tmp_path / "en").exists()


def test_a_table_put_into_the_raw_folder_is_a_source(indices_frame, raw_folder):
    figures = indices_frame.iloc[:3].assign(source=["papi-published", "par/2025.xlsx", ""], rank_source="")
    rows = datasets.sources(figures, raw_folder).set_index("source")["reference"]
    assert list(rows.index) == ["papi-published", "par/2025.xlsx"]
    assert rows["par/2025.xlsx"] == "data/raw/par/2025.xlsx"
