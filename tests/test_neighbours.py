"""The lines of the neighbouring countries: what they are, where they are, and what they must not hold."""

import itertools
import json

import geopandas
import pytest
import shapely

from helpers import boundaries
from helpers.files import resolve

PATH = resolve("data/raw/boundaries/neighbours.geojson")
FRAME = shapely.box(101, 7.5, 112, 24.5)
HOANG_SA, TRUONG_SA = shapely.box(111, 15.5, 113, 17.5), shapely.box(111, 6, 118, 12)


@pytest.fixture(scope="module")
def lines():
    return geopandas.read_file(PATH)


@pytest.fixture(scope="module")
def country():
    return boundaries.load().geometry.union_all()


def ends(lines):
    return [shapely.Point(line.coords[at]) for line in lines.geometry for at in (0, -1)]


def test_the_file_holds_valid_lines_of_two_kinds(lines):
    assert lines.crs.to_epsg() == 4326
    assert list(lines.columns) == ["kind", "geometry"]
    assert lines["kind"].value_counts().to_dict() == {"border": 7, "coast": 4}
    assert (lines.geom_type == "LineString").all()
    assert lines.is_valid.all() and lines.is_simple.all()
    assert lines.within(FRAME).all()


def test_the_file_is_small_and_of_three_decimals():
    assert PATH.stat().st_size < 25_000
    content = json.loads(PATH.read_text(encoding="utf-8"))
    coordinates = [xy for part in content["features"] for xy in part["geometry"]["coordinates"]]
    assert all(round(value, 3) == value for value in itertools.chain(*coordinates))


def test_nothing_of_the_islands_of_the_east_sea_is_there(lines):
    assert not lines.intersects(HOANG_SA.union(TRUONG_SA)).any()
    # East of Hainan and south of 18 degrees there is open sea alone.
    assert not lines.intersects(shapely.box(108, 6, 120, 18)).any()


def test_no_line_runs_in_viet_nam_or_beside_its_border(lines, country):
    together = lines.geometry.union_all()
    assert together.intersection(country).length < 1e-9
    joints = shapely.MultiPoint([end for end in ends(lines) if end.distance(country) < 1e-9])
    assert together.difference(joints.buffer(0.25)).distance(country) > 0.12


def test_four_lines_end_on_the_border_as_it_is_drawn(lines, country):
    """Where China's coast, China and Laos, Laos and Cambodia, and Cambodia's coast meet Viet Nam."""
    meeting = sorted(round(end.x, 1) for end in ends(lines) if end.distance(country) < 1e-9)
    assert meeting == [102.1, 104.4, 107.6, 108.0]
    drawn = boundaries.simplify(boundaries.load()).geometry.union_all()
    assert all(end.distance(drawn) < 1e-9 for end in ends(lines) if end.distance(country) < 1e-9)


def test_lines_meet_each_other_or_leave_the_frame(lines, country):
    """No end hangs in the air: it is on the frame, on Viet Nam, or on the end of another line."""
    found = ends(lines)
    for at, end in enumerate(found):
        on_frame = end.distance(FRAME.exterior) < 1e-9
        on_another = any(end.equals(other) for number, other in enumerate(found) if number != at)
        assert on_frame or end.distance(country) < 1e-9 or on_another, end


def test_places_known_from_gazetteers_lie_near_the_lines(lines):
    """Towns on a border or a coast, against a line moved or of swapped axes: degrees, generous."""
    borders = lines[lines["kind"] == "border"].geometry.union_all()
    coasts = lines[lines["kind"] == "coast"].geometry.union_all()
    # Vientiane and Savannakhet on the Mekong, Poipet.
    for town in [(102.60, 17.96), (104.75, 16.55), (102.56, 13.66)]:
        assert shapely.Point(town).distance(borders) < 0.1
    # Sihanoukville, Haikou, Sanya, Beihai.
    for town in [(103.53, 10.61), (110.33, 20.04), (109.50, 18.25), (109.12, 21.48)]:
        assert shapely.Point(town).distance(coasts) < 0.1
