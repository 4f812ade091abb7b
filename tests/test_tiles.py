"""The tile grid of the 63 provinces: how well it keeps the map, and how it refuses a damaged table."""

import shutil

import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.weights import Queen
from scipy import ndimage

from helpers import boundaries, provinces, tiles
from helpers.files import resolve

RAW = resolve("data/raw")
# Measured on the grid as it is: 128 of 135 pairs of neighbours touch, none stands in the opposite order.
KEPT_AT_LEAST = 0.93


@pytest.fixture(scope="module")
def grid():
    return tiles.load(RAW)


@pytest.fixture(scope="module")
def land():
    """Centres of the provinces in metres, and the pairs that share a border or a corner."""
    shapes = boundaries.load(RAW).set_index("gso_code")
    centres = shapes.to_crs("EPSG:3405").geometry.centroid
    weights = Queen.from_dataframe(shapes, use_index=True, silence_warnings=True)
    pairs = sorted((a, b) for a, near in weights.neighbors.items() for b in near if a < b)
    return geopandas.GeoSeries(centres), pairs


@pytest.fixture
def doctored(tmp_path):
    """Copy the tables of the provinces; gives a function that changes the lines of the grid."""
    shutil.copytree(RAW / "provinces", tmp_path / "provinces")
    path = tmp_path / "provinces" / "tiles63.csv"
    path.chmod(0o644)

    def change(edit):
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(edit(lines) or lines) + "\n", encoding="utf-8")
        return tmp_path

    return change


def kept(grid, pairs):
    """Share of the pairs whose tiles touch, at a side or a corner."""
    cells = grid[["row", "column"]].to_dict("index")
    apart = [max(abs(cells[a][key] - cells[b][key]) for key in ("row", "column")) for a, b in pairs]
    return np.mean([distance == 1 for distance in apart])


def reversed_orders(grid, centres, pairs):
    """Pairs that lie clearly north-south or east-west of each other, and the other way round in the grid."""
    wrong = []
    for a, b in pairs:
        east, north = centres[b].x - centres[a].x, centres[b].y - centres[a].y
        right = grid.at[b, "column"] - grid.at[a, "column"]
        up = grid.at[a, "row"] - grid.at[b, "row"]
        if (abs(north) > abs(east) / 2 and up * north < 0) or (
            abs(east) > abs(north) / 2 and right * east < 0
        ):
            wrong.append((a, b))
    return wrong


def parts(cells):
    """Number of groups of cells that hang together side by side."""
    rows, columns = zip(*cells, strict=True)
    mask = np.zeros((max(rows) + 1, max(columns) + 1), dtype=bool)
    mask[rows, columns] = True
    return ndimage.label(mask)[1]


def swapped(grid, a, b):
    other = grid.copy()
    other.loc[[a, b]] = grid.loc[[b, a]].to_numpy()
    return other


# --- the grid ---------------------------------------------------------------------------------------------


def test_every_province_has_a_tile_of_its_own(grid):
    assert list(grid.index) == provinces.load(RAW).codes
    assert list(grid.columns) == ["row", "column"] and (grid.dtypes == "int64").all()
    assert not grid.duplicated().any()
    assert grid.min().tolist() == [1, 1]
    assert grid["row"].max() <= 19 and grid["column"].max() <= 10


def test_neighbours_stay_neighbours(grid, land):
    _, pairs = land
    assert len(pairs) == 135
    assert kept(grid, pairs) >= KEPT_AT_LEAST


def test_no_pair_of_neighbours_stands_in_the_opposite_order(grid, land):
    centres, pairs = land
    assert reversed_orders(grid, centres, pairs) == []


def test_two_far_provinces_exchanged_are_noticed(grid, land):
    """Synthetic: Hà Nội where Cần Thơ is."""
    centres, pairs = land
    wrong = swapped(grid, "01", "92")
    assert kept(wrong, pairs) < KEPT_AT_LEAST
    assert reversed_orders(wrong, centres, pairs)
    regions = provinces.load(RAW).table["region6"]
    assert parts(wrong[regions == regions["01"]].itertuples(index=False, name=None)) > 1


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_exchange_of_far_provinces_is_better(grid, land, data):
    _, pairs = land
    a, b = data.draw(st.lists(st.sampled_from(list(grid.index)), min_size=2, max_size=2, unique=True))
    if abs(grid.loc[a] - grid.loc[b]).max() > 2:
        assert kept(swapped(grid, a, b), pairs) < kept(grid, pairs)


def test_the_country_and_its_regions_hang_together_without_holes(grid):
    cells = set(grid.itertuples(index=False, name=None))
    assert parts(cells) == 1
    for _, codes in provinces.load(RAW).table.groupby("region6").groups.items():
        assert parts(grid.loc[codes].itertuples(index=False, name=None)) == 1
    rows, columns = grid.max()
    outside = {(r, c) for r in range(rows + 2) for c in range(columns + 2)} - cells
    assert parts(outside) == 1
    for _, row in grid.groupby("row")["column"]:
        assert sorted(row) == list(range(row.min(), row.max() + 1))


def test_a_reader_finds_the_ends_of_the_country(grid):
    row, column = grid["row"], grid["column"]
    assert row["02"] == 1, "Hà Giang is in the north"
    assert row["96"] == row.max(), "Cà Mau is in the south"
    assert column["96"] == column[row == row.max()].min(), "Cà Mau is the corner"
    assert column["11"] == 1, "Điện Biên is in the west"
    assert column["22"] == column[row <= 6].max(), "Quảng Ninh is in the north-east"
    coast = ["44", "46", "48", "51", "52", "54", "56", "58", "60"]
    last = grid.groupby("row")["column"].max()
    assert [code for code in coast if column[code] != last[row[code]]] == ["46"], (
        "the coast is on the right; only Huế has Đà Nẵng beside it"
    )


# --- damaged tables ---------------------------------------------------------------------------------------


def test_a_missing_table_is_named(tmp_path):
    shutil.copytree(RAW / "provinces", tmp_path / "provinces", ignore=shutil.ignore_patterns("tiles63.csv"))
    with pytest.raises(tiles.TileError, match=r"tiles63\.csv is missing"):
        tiles.load(tmp_path)


def replaced(number, line):
    """Synthetic: put another line at the place `number` of the file, counted from 1."""
    return lambda lines: [line if at == number else old for at, old in enumerate(lines, 1)]


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (replaced(2, "1,4,4"), r"tiles63\.csv, line 2: gso_code '1' is none of the 63"),
        (replaced(2, ""), r"gso_code 01 \(Hà Nội\) is missing"),
        (lambda lines: [*lines, "01,30,9"], r"line 65: gso_code 01 \(Hà Nội\) stands there a second time"),
        (lambda lines: [*lines[:3], "", *lines[3:], "xx,30,9"], "line 66: gso_code 'xx'"),
        (replaced(2, "01,4.5,4"), "line 2: row is '4.5', expected a whole number"),
        (replaced(2, "01,4,0"), "line 2: column is '0', expected a whole number"),
        (replaced(2, "01,4"), "line 2: column is ''"),
        (replaced(2, "01,1,4"), "Hà Nội and Hà Giang stand on one tile, row 1, column 4"),
        (
            replaced(1, "code,row,column"),
            "expected the columns gso_code, row, column, found code, row, column",
        ),
        (replaced(2, "01,4,4,5,6"), r"tiles63\.csv cannot be read .*Expected 3 fields in line 2, saw 5"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(doctored, edit, sentence):
    with pytest.raises(tiles.TileError, match=sentence):
        tiles.load(doctored(edit))


def test_a_file_that_is_no_text_is_refused(doctored):
    raw = doctored(lambda lines: None)
    (raw / "provinces" / "tiles63.csv").write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(tiles.TileError, match=r"tiles63\.csv cannot be read"):
        tiles.load(raw)
