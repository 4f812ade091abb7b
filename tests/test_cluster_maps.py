"""Maps of local clusters, measured on the drawn figure against the table of the clusters."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pictures
import pytest
from matplotlib import colors

from helpers import boundaries, cluster_maps, measures, palettes, provinces, spatial
from helpers.files import resolve

RAW = resolve("data/raw")
CODES = provinces.load(RAW).codes
ENGLISH = {"HH": "high_high", "LL": "low_low", "HL": "high_low", "LH": "low_high"}
VIETNAMESE = {"CC": "high_high", "TT": "low_low", "CT": "high_low", "TC": "low_high"}
KINDS = ENGLISH | VIETNAMESE


@pytest.fixture(scope="module")
def plain(atlas):
    """Without islands and neighbours a map is drawn sooner."""
    return replace(atlas, islands=False, context=False)


@pytest.fixture(scope="module")
def units(atlas):
    return boundaries.read(atlas.processed, "63")


@pytest.fixture(scope="module")
def borders(units):
    return spatial.borders(units)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pictures.close()


def check(figure, rows):
    """Compare all units, in the main map and in the insets, and the legend with the rows of the table."""
    drawn = pictures.patches(figure)
    assert sorted(drawn) == CODES
    kinds = rows.set_index("gso_code")["cluster"]
    for code, patch in drawn.items():
        if code in kinds.index:
            assert patch.get_hatch() is None, f"{code} has a figure and is hatched"
            wanted = colors.to_rgba(palettes.CLUSTERS[kinds[code]])
            assert patch.get_facecolor() == wanted, f"{code} is not drawn as {kinds[code]}"
        else:
            assert patch.get_hatch(), f"{code} has no figure and no hatch"
            assert min(patch.get_facecolor()[:3]) > 0.95, f"{code} has no figure and is coloured"
    for window in ("delta", "southeast"):
        for code, patch in pictures.with_gid(figure, f"inset-{window}-").items():
            assert pictures.style(patch) == pictures.style(drawn[code])
    pictures.check_legend(figure, 63)
    listed = [text.get_text() for text in pictures.texts(figure, "legend") if text.get_gid() == "legend"]
    for letters, kind in (ENGLISH if any(row.startswith("HH:") for row in listed) else VIETNAMESE).items():
        (row,) = [row for row in listed if row.startswith(f"{letters}:")]
        assert int(re.search(r"\((\d+)\)$", row)[1]) == (kinds == kind).sum()


def lettered(figure):
    """Letters that the map gives units, in labels and marks, by code."""
    found = {}
    for text in pictures.texts(figure, "label", "mark"):
        (letters,) = re.findall(rf"\b(?:{'|'.join(KINDS)})\b", text.get_text())
        found[text.get_gid().split("-")[1]] = letters
    return found


def said(figure):
    """Title, subtitle and notes, whatever lines they are broken into."""
    lines = sorted(figure.texts, key=lambda text: -text.get_position()[1])
    return " ".join(line.get_text() for line in lines)


def synthetic(atlas, values, year=2022):
    """Give the atlas invented scores of PAPI: {code: score}."""
    figures = pd.DataFrame({"gso_code": list(values), "score": [float(value) for value in values.values()]})
    figures = figures.assign(
        index="papi", year=year, component="", max_score=80.0, group="", basis="stated", source="s"
    ).assign(rank=pd.NA, ranked=pd.NA, rank_basis="", rank_source="")
    return replace(atlas, figures=figures.astype({"rank": "Int64", "ranked": "Int64"}))


# --- the maps of the report --------------------------------------------------------------------------------


@pytest.mark.parametrize("year", range(2011, 2025))
def test_every_index_of_a_year_is_drawn_as_the_table_says(plain, known, borders, year):
    table = spatial.clusters_table(plain.figures, known, borders, year)
    assert len(table)
    for slug, rows in table.groupby("index"):
        if rows["reason"].iloc[0]:
            with pytest.raises(measures.NoFigureError):
                cluster_maps.clusters(plain, slug, year, table=table)
            continue
        # The smallest size has no insets; the others are looked at below.
        made = cluster_maps.clusters(plain, slug, year, "vi", table, "half")
        check(made.figure, rows)
        stands_out = rows[rows["cluster"] != "not_significant"]
        expected = {row.gso_code: row.cluster for row in stands_out.itertuples()}
        assert {code: KINDS[letters] for code, letters in lettered(made.figure).items()} == expected
        assert ("không có cụm nào" in said(made.figure)) == stands_out.empty
        pictures.close()


@pytest.mark.parametrize(
    ("index", "year", "language", "size"),
    [
        ("papi", 2019, "vi", "page"),
        ("papi", 2020, "en", "slide"),
        ("pci", 2012, "en", "half"),
        ("par", 2022, "vi", "page"),
    ],
)
def test_texts_neither_overlap_nor_are_cut(atlas, known, borders, index, year, language, size):
    made = cluster_maps.clusters(atlas, index, year, language, size=size)
    table = spatial.clusters_table(atlas.figures, known, borders, year)
    check(made.figure, table[table["index"] == index])
    pictures.check_texts(made.figure)


def test_letters_agree_with_the_means_of_the_neighbours(plain, units):
    made = cluster_maps.clusters(plain, "papi", 2020)
    rows = plain.figures[(plain.figures["index"] == "papi") & (plain.figures["year"] == 2020)]
    scores = rows[rows["component"] == ""].set_index("gso_code")["score"]
    found = lettered(made.figure)
    assert found
    for code, letters in found.items():
        around = units.index[units.touches(units.geometry[code])].intersection(scores.index)
        highs = "HL"[int(scores[code] < scores.mean())], "HL"[int(scores[around].mean() < scores.mean())]
        assert "".join(highs) == letters


@pytest.fixture
def papi(plain, known, borders):
    table = spatial.clusters_table(plain.figures, known, borders, 2019)
    figure = cluster_maps.clusters(plain, "papi", 2019, table=table).figure
    rows = table[table["index"] == "papi"]
    check(figure, rows)
    return figure, rows


def test_the_check_notices_two_units_with_exchanged_colours(papi):
    figure, rows = papi
    low = rows["gso_code"][rows["cluster"] == "low_low"].iloc[0]
    drawn = pictures.patches(figure)
    colour = drawn[low].get_facecolor()
    drawn[low].set_facecolor(drawn["01"].get_facecolor())
    drawn["01"].set_facecolor(colour)
    with pytest.raises(AssertionError, match="is not drawn as"):
        check(figure, rows)


def test_the_check_notices_a_wrong_count(papi):
    figure, rows = papi
    (row,) = [text for text in pictures.texts(figure, "legend") if text.get_text().startswith("LL:")]
    row.set_text(re.sub(r"\d+", "9", row.get_text()))
    with pytest.raises(AssertionError):
        check(figure, rows)


# --- invented figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["page", "half", "slide"])
def test_letters_stand_in_their_units_where_more_stand_out_than_are_named(atlas, units, size):
    north = dict(units.geometry.representative_point().y)
    made = cluster_maps.clusters(synthetic(atlas, north), "papi", 2022, size=size)
    table = made.table.set_index("gso_code")
    check(made.figure, made.table)
    expected = {code: kind for code, kind in table["cluster"].items() if kind != "not_significant"}
    assert len(expected) > 20
    found = lettered(made.figure)
    assert {code: KINDS[letters] for code, letters in found.items()}.items() <= expected.items()
    labels, marks = (pictures.texts(made.figure, kind) for kind in ("label", "mark"))
    named = {text.get_gid().removeprefix("label-") for text in labels}
    assert 4 <= len(named) <= 6 and marks
    smallest = table.loc[list(expected), "p_value"].nsmallest(6)
    assert table.loc[list(named), "p_value"].max() <= smallest.max()
    drawn = pictures.patches(made.figure)
    for mark in marks:
        assert drawn[mark.get_gid().split("-")[1]].get_path().contains_point(mark.get_position())
    pictures.check_texts(made.figure)


def test_provinces_joined_to_the_nearest_one_are_counted(atlas, units):
    known = units.index[units.geometry.representative_point().y > 18].drop("24")
    alone = "96"
    values = {code: number * 7 % 31 for number, code in enumerate(known)} | {alone: 5}
    made = cluster_maps.clusters(synthetic(atlas, values), "papi", 2022)
    joined = made.table.set_index("gso_code")["joined"]
    assert joined[alone] and (joined.fillna("") != "").sum() == 1
    assert "as none of their neighbours has one: 1." in said(made.figure)
    check(made.figure, made.table.dropna(subset="cluster"))


# --- words -------------------------------------------------------------------------------------------------


def test_words_say_significance_permutations_and_n_in_both_languages(plain):
    for language, pieces in {
        "en": ["false discovery rate 5 %", "n = 63 of 63", "9,999 permutations", "a pattern, not a cause"],
        "vi": ["tỷ lệ phát hiện sai 5 %", "n = 63/63", "9.999 lần hoán vị", "không cho biết nguyên nhân"],
    }.items():
        made = cluster_maps.clusters(plain, "papi", 2013, language)
        for piece in pieces:
            assert piece in said(made.figure)
    assert "có cụm nào vượt mức ngẫu nhiên" in said(made.figure)
    assert all(set(texts) == {"en", "vi"} and all(texts.values()) for texts in made.words.values())
    assert "No province stands out beyond chance. No evidence of a cluster: 63." in made.words["alt"]["en"]
    assert made.name == "clusters_papi" and "n = 63" in made.caption
    found = cluster_maps.clusters(plain, "papi", 2019)
    assert "Low among low: 3 (" in found.words["alt"]["en"]
    assert "Thấp, lân cận thấp: 3 (" in found.words["alt"]["vi"]
    assert "no cluster beyond chance" not in said(found.figure)
    assert list(found.worded)[:2] == ["Province", "GSO code"] and len(found.worded) == 63


def test_a_map_of_ranks_says_so_and_names_its_gaps(plain):
    made = cluster_maps.clusters(plain, "par", 2022)
    assert "by national rank (1 = best)" in said(made.figure)
    assert made.table["value"].notna().sum() == made.table["cluster"].notna().sum() == 33
    assert made.gaps[0][0].startswith("**A score, but no rank (1):**")
    assert np.isfinite(made.table.loc[made.table["state"] == "shown", "p_fdr"]).all()


def test_refusals_say_what_is_wrong(plain, known, borders):
    with pytest.raises(measures.NoFigureError, match="PAR INDEX for 2013: fewer than 8 provinces") as caught:
        cluster_maps.clusters(plain, "par", 2013)
    assert "dưới 8 tỉnh, thành phố" in caught.value.in_words("vi")
    with pytest.raises(measures.NoFigureError, match="too few of the provinces with figures share a border"):
        cluster_maps.clusters(plain, "par", 2024)
    with pytest.raises(measures.NoFigureError, match="no figures for 2020"):
        cluster_maps.clusters(plain, "pci", 2020)
    with pytest.raises(measures.NoFigureError, match="no figures of the total"):
        cluster_maps.clusters(synthetic(plain, {}), "papi", 2022)
    other = spatial.clusters_table(plain.figures, known, borders, 2021)
    with pytest.raises(ValueError, match="was not made of the figures of papi 2022"):
        cluster_maps.clusters(plain, "papi", 2022, table=other)


def test_a_map_without_any_cluster_is_drawn_only_if_wanted(plain):
    assert cluster_maps.clusters(plain, "papi", 2022).caption
    with pytest.raises(measures.NoFigureError, match=r"PAPI 2022 .*n = 61.*no map of clusters") as refused:
        cluster_maps.clusters(plain, "papi", 2022, always=False)
    assert "n = 61" in refused.value.in_words("vi")
    assert cluster_maps.clusters(plain, "papi", 2020, always=False).caption


def test_two_runs_give_the_same_bytes(atlas, tmp_path):
    first, second = (
        cluster_maps.clusters(atlas, "papi", 2019).publish(tmp_path / folder) for folder in ("a", "b")
    )
    assert first.png.read_bytes() == second.png.read_bytes()
    assert first.svg.read_bytes() == second.svg.read_bytes()
