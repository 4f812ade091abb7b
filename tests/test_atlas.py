"""What maps are made from: which units a year is of, weights, and years from 2025 on the 34 units."""

import dataclasses
import time

import numpy as np
import pandas as pd
import pictures
import pytest
from scipy import stats

from helpers import cartography, indices, inputs, maps, merging, provinces
from helpers.files import resolve

RAW = resolve("data/raw")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pictures.close()


@pytest.fixture(scope="module")
def of_2025(atlas, extended):
    """The atlas with 2025 in the registry, and synthetic figures of the 34 units."""
    rng, parts = np.random.default_rng(2025), [atlas.figures]
    for slug, codes in (("par", atlas.codes(2025)), ("papi", atlas.codes(2025)[2:])):
        rows = atlas.figures.query("index == @slug and year == 2024 and component == ''").iloc[
            [0] * len(codes)
        ]
        scores = np.round(70 + 5 * rng.standard_normal(len(codes)), 2) / (2 if slug == "papi" else 1)
        ranks = stats.rankdata(-scores, method="min").astype(int)
        parts.append(rows.assign(year=2025, gso_code=codes, score=scores, rank=ranks, ranked=len(codes)))
    figures = pd.concat(parts, ignore_index=True).astype(atlas.figures.dtypes.to_dict())
    return dataclasses.replace(atlas, figures=figures, registry=extended)


def test_a_year_is_shown_on_its_own_units(atlas):
    assert [atlas.units(year) for year in (2011, 2024, 2025, 2030)] == ["63", "63", "34", "34"]
    assert atlas.units(2022, "34") == "34" and atlas.units(2025, "34") == "34"
    assert (len(atlas.codes(2024)), len(atlas.codes(2025))) == (63, 34)
    with pytest.raises(ValueError, match="figures of 2025 are of the 34 units of July 2025, not of the 63"):
        atlas.units(2025, "63")
    for refuse in (atlas.country, lambda vintage: atlas.units(2022, vintage)):
        with pytest.raises(ValueError, match="boundaries '64' are not known; choose one of 63, 34"):
            refuse("64")


def test_the_country_is_projected_once(atlas):
    # What was written a moment ago could change unseen: it is not kept.
    time.sleep(2 * inputs._SETTLED)
    assert atlas.country("63") is atlas.country("63")
    assert sorted(atlas.country("63").units.index) == sorted(atlas.codes(2024))
    assert sorted(atlas.country("34").units.index) == sorted(atlas.codes(2025))


def test_full_borders_have_more_points(atlas):
    full = maps.open_atlas(RAW, atlas.processed, full=True).country("34")
    points = [
        sum(len(ring) for rings in country.rings.values() for ring in rings)
        for country in (atlas.country("34"), full)
    ]
    assert points[1] > 1.5 * points[0]


@pytest.mark.parametrize("islands", [True, False])
def test_what_is_prepared_is_what_maps_compute_themselves(atlas, islands):
    prepared, plain = (maps.open_atlas(RAW, atlas.processed, islands=islands) for _ in range(2))
    prepared.prepare()
    for vintage in ("63", "34"):
        country = prepared.country(vintage)
        assert {"rings", "centres", "region_lines", "context", "windows"} <= vars(country).keys()
        assert ("archipelagos" in vars(country)) == islands
        alone = cartography.Country(country.units, country.islands, country.neighbours)
        assert alone.rings.keys() == country.rings.keys()
        assert all((alone.centres[code] == centre).all() for code, centre in country.centres.items())
        assert plain.country(vintage) is country, "it is kept"
    if islands:
        metres = country.islands.to_crs(cartography.PROJECTION)
        assert country.archipelagos.geom_equals(metres.geometry).all()


def test_an_atlas_of_some_years_has_their_figures_alone(atlas):
    years = [2021, 2022]
    some = maps.open_atlas(RAW, atlas.processed, years=years).figures
    every = atlas.figures[atlas.figures["year"].isin(years)].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, every)
    assert maps.open_atlas(RAW, atlas.processed, years=[]).figures.empty


def test_an_atlas_of_nothing_is_refused(tmp_path):
    with pytest.raises(indices.RawDataError, match=r"indices\.csv"):
        maps.open_atlas(RAW, tmp_path)


def test_weights_are_read_used_and_named(atlas, tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text(
        "gso_code,weight\n"
        + "".join(f"{code},{number + 1}\n" for number, code in enumerate(atlas.codes(2022)))
    )
    weighted = maps.open_atlas(RAW, atlas.processed, weights=path)
    drawn = maps.score(weighted, "papi", 2011, boundaries="34")
    scores = atlas.figures.query("index == 'papi' and year == 2011 and component == ''").set_index("gso_code")
    old = [code for code in atlas.codes(2022) if atlas.crosswalk[code] == "08"]
    expected = np.average(
        scores.loc[old, "score"], weights=[atlas.codes(2022).index(code) + 1 for code in old]
    )
    assert drawn.table.set_index("gso_code").at["08", "value"] == pytest.approx(expected)
    written = " ".join(text.get_text() for text in drawn.figure.texts)
    assert ": weighted mean of the provinces" in written
    path.write_text("gso_code,weight\n01,-1\n")
    with pytest.raises(merging.MergingError, match="line 2, gso_code 01"):
        maps.open_atlas(RAW, atlas.processed, weights=path)


# --- years from 2025 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["score", "rank", "z_score", "group"])
@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_year_of_the_34_units_is_drawn_on_them(of_2025, measure, language):
    drawn = maps.choropleth(of_2025, "par", 2025, language, measure)
    assert sorted(pictures.patches(drawn.figure)) == provinces.load(RAW, "34").codes
    pictures.check_legend(drawn.figure, 34)
    pictures.check_texts(drawn.figure)
    # They are the figures of the units themselves, no means of provinces.
    assert "34" not in drawn.name and "n = 34" in drawn.words["alt"][language]
    written = " ".join(text.get_text() for text in drawn.figure.texts)
    assert "computed here" not in written and "tự tính" not in written
    if measure in ("score", "rank"):
        rows = of_2025.figures.query("index == 'par' and year == 2025").set_index("gso_code")[measure]
        values = rows.astype(float) * (-1 if measure == "rank" else 1)
        breaks = np.quantile(values if measure == "score" else -values, [0.2, 0.4, 0.6, 0.8])
        if measure == "score":
            expected = {code: int((value > breaks).sum()) for code, value in values.items()}
        else:
            expected = {code: 4 - int((-value > breaks).sum()) for code, value in values.items()}
        pictures.check_colours(drawn.figure, expected)


def test_gaps_of_2025_are_gaps_of_the_34_units(of_2025):
    drawn = maps.score(of_2025, "papi", 2025, "vi")
    pictures.check_legend(drawn.figure, 34)
    assert (
        drawn.words["alt"]["vi"].startswith("Bản đồ 34 tỉnh, thành phố")
        and "n = 32" in drawn.words["alt"]["vi"]
    )
    assert drawn.gaps == [("**Không công bố kết quả (2):** Cao Bằng và Hà Nội.", "")]


def test_two_indices_of_2025_are_compared_among_34(of_2025):
    drawn = maps.paper_against_citizens(of_2025, 2025)
    pictures.check_legend(drawn.figure, 34)
    assert "places of 34" in " ".join(text.get_text() for text in drawn.figure.texts)
    assert drawn.table["value"].abs().max() < 34


def test_2025_is_neither_compared_with_2024_nor_drawn_on_the_63(of_2025):
    with pytest.raises(maps.NoFigureError, match="different sets of units") as refused:
        maps.change(of_2025, "par", 2025)
    assert "hai hệ thống đơn vị khác nhau" in refused.value.in_words("vi")
    with pytest.raises(ValueError, match="of the 34 units of July 2025"):
        maps.score(of_2025, "par", 2025, boundaries="63")
    with pytest.raises(maps.NoFigureError, match="the registry of the indices has no figures for 2025"):
        maps.score(of_2025, "pci", 2025)
