"""Pictures of a briefing: as the facts say, broken where series or figures end, nothing covered or cut."""

import dataclasses
import io
import itertools
import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import pictures
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from helpers import briefing_charts, briefing_look, publishing, wording

mpl.use("agg")

# Much, a city, some dimensions only, no PAPI, the longest name with every index.
CASES = [("70", 2022), ("01", 2022), ("77", 2016), ("24", 2022), ("22", 2021)]


@pytest.fixture(autouse=True)
def _clean():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def draw(book, facts_of, atlas):
    """Draw a picture of a real province: ``draw("course", "70", 2022, "vi")``."""

    def drawn(kind, code, year, language="en", slug="papi"):
        facts = facts_of(code, year)
        if kind == "locator":
            return briefing_charts.locator(facts, atlas, language)
        if kind == "course":
            return briefing_charts.course(facts, book.totals(code, year), book.registry, language)
        return briefing_charts.components(facts, book.components(year), book.registry, slug, language)

    return drawn


def _texts(figure):
    found = [*figure.texts]
    for axes in figure.axes:
        found += [*axes.texts, axes.title, axes._left_title]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted(limits)
            found += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    for legend in figure.legends:
        found += legend.get_texts()
    return [text for text in found if text.get_text().strip()]


@pytest.mark.parametrize(
    ("code", "year", "language"),
    [(*case, language) for case, language in zip(CASES, itertools.cycle(wording.LANGUAGES), strict=False)],
)
def test_no_text_is_small_cut_or_covered(draw, code, year, language):
    kinds = [("locator", ""), ("course", ""), ("components", "papi"), ("components", "par")]
    for kind, slug in kinds:
        figure = draw(kind, code, year, language, slug)
        if figure is None:
            continue
        figure.canvas.draw()
        texts = _texts(figure)
        renderer = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in texts]
        for text, box in zip(texts, boxes, strict=True):
            assert text.get_fontsize() >= 7, text
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
        for (a, p), (b, q) in itertools.combinations(zip(texts, boxes, strict=True), 2):
            overlap = min(p.x1, q.x1) - max(p.x0, q.x0), min(p.y1, q.y1) - max(p.y0, q.y0)
            assert min(overlap) < 1, (kind, a.get_text(), b.get_text())
        if kind == "locator":
            pictures.check_texts(figure)


def test_pictures_are_light_and_of_their_size(draw, tmp_path):
    sizes = {"locator": (2.4, 3.4), "course": (4.6, 3.4), "components": (6.94, 2.9)}
    for kind, size in sizes.items():
        figure = draw(kind, "48", 2024, "vi")
        assert figure.get_size_inches() == pytest.approx(size, abs=0.15)
        published = publishing.publish(figure, tmp_path, kind, "alt", formats="svg")
        assert len(published.address) < 60_000


# --- where it is -------------------------------------------------------------------------------------------


def _fills(figure):
    fills = {}
    for code, patch in pictures.patches(figure).items():
        fills.setdefault(colors.to_hex(patch.get_facecolor()), set()).add(code)
    return fills


def test_the_map_shows_the_province_its_region_and_the_rest(draw):
    fills = _fills(draw("locator", "70", 2022))
    assert fills[briefing_look.OWN] == {"70"}
    # The Southeast of the six regions: Tây Ninh, Bình Dương, Đồng Nai, Bà Rịa - Vũng Tàu, Hồ Chí Minh.
    assert fills[briefing_look.REGION] == {"72", "74", "75", "77", "79"}
    assert len(fills[briefing_look.COUNTRY]) == 57 and len(fills) == 3
    light = [pictures.luminance(fill) for fill in ("#01425f", "#8db4d6", "#e2e2e2")]
    assert np.diff(light).min() > 0.25, "apart in a grey print"


def test_small_provinces_have_a_ring_and_archipelagos_the_colour_of_their_province(draw):
    def ring(figure):
        return len(pictures.listed(figure, "ring"))

    def islands(figure):
        return {
            line.get_gid(): line.get_color()
            for line in figure.axes[0].lines
            if (line.get_gid() or "").startswith("islands-")
        }

    da_nang, nghe_an = draw("locator", "48", 2024), draw("locator", "40", 2024)
    assert (ring(da_nang), ring(nghe_an)) == (1, 0)
    assert islands(da_nang)["islands-48"] == briefing_look.OWN != islands(da_nang)["islands-56"]
    assert briefing_look.OWN not in islands(nghe_an).values() and len(islands(nghe_an)) == 2


def _of_2025(code):
    """Facts of a unit of the 34, written by hand; a synthetic year."""
    province = {"gso_code": code, "name": "Bắc Ninh", "name_en": "Bac Ninh"}
    province["region6"] = {"name": "Đồng bằng sông Hồng", "name_en": "Red River Delta"}
    return {"year": 2025, "vintage": "34", "province": province, "indices": {"papi": {"components": {}}}}


def test_from_2025_on_the_map_is_of_the_34_units(atlas):
    fills = _fills(briefing_charts.locator(_of_2025("24"), atlas, "vi"))
    assert sum(map(len, fills.values())) == 34 and fills[briefing_look.OWN] == {"24"}
    # Resolution 202/2025/QH15 leaves Hà Nội, Hải Phòng, Hưng Yên, Ninh Bình and Quảng Ninh beside it.
    assert len(fills[briefing_look.REGION]) == 5
    assert "34" in briefing_charts.describe_locator(_of_2025("24"), atlas, "vi")


# --- ranks over the years ----------------------------------------------------------------------------------


def _panel(figure, slug):
    return next(axes for axes in figure.axes if axes.get_gid() == f"course-{slug}")


def _lines(axes, gid):
    return [line for line in axes.lines if line.get_gid() == gid]


def _ranks(book, slug, code, year):
    rows = book.figures.query("index == @slug and gso_code == @code and component == '' and year <= @year")
    return rows.dropna(subset="rank").set_index("year")["rank"].astype(int).to_dict()


@pytest.mark.parametrize(("code", "year"), [*CASES, ("42", 2021), ("84", 2024)])
def test_lines_join_neighbouring_years_of_one_series_alone(draw, book, code, year):
    figure = draw("course", code, year)
    for slug in book.facts(code, year)["indices"]:
        index, axes = book.registry[slug], _panel(figure, slug)
        drawn = {}
        for line in _lines(axes, f"run-{slug}"):
            years = [int(value) for value in line.get_xdata()]
            assert years == list(range(years[0], years[-1] + 1)), "a line over a year without a rank"
            assert len({index.series(value) for value in years}) == 1, "a line over a break"
            drawn |= dict(zip(years, map(int, line.get_ydata()), strict=True))
        assert drawn == _ranks(book, slug, code, year)
        crosses = [value for line in _lines(axes, f"missing-{slug}") for value in line.get_xdata()]
        assert sorted([*crosses, *drawn]) == [value for value in index.years if value <= year]
        low, high = axes.get_ylim()
        assert low > max(drawn.values(), default=0) and high < 1, "rank 1 at the top"


def test_years_without_papi_are_crosses(draw):
    # Bắc Giang had no result in 2014 and 2021 and only some dimensions in 2022; Quảng Ninh in 2021 and 2018.
    for code, year, missing in (("24", 2022, [2014, 2021, 2022]), ("22", 2021, [2018, 2021])):
        axes = _panel(draw("course", code, year), "papi")
        assert list(_lines(axes, "missing-papi")[0].get_xdata()) == missing


def test_breaks_of_series_are_dotted_but_not_where_every_year_is_one(draw):
    figure = draw("course", "77", 2016)
    assert [line.get_xdata()[0] for line in _lines(_panel(figure, "papi"), "break-papi")] == [2015.5]
    assert [line.get_xdata()[0] for line in _lines(_panel(figure, "par"), "break-par")] == [2015.5]
    pci = _panel(figure, "pci")
    assert not _lines(pci, "break-pci") and "each a series of its own" in pci._left_title.get_text()
    papi = _panel(draw("course", "84", 2024), "papi")
    assert [line.get_xdata()[0] + 0.5 for line in _lines(papi, "break-papi")] == [
        2016,
        2018,
        2019,
        2020,
        2021,
    ]


def _said(axes, gid):
    return [text.get_text() for text in axes.texts if text.get_gid() == gid]


@pytest.mark.parametrize(
    ("code", "year", "labels"),
    [
        ("70", 2022, {"par": "39/63", "papi": "56/61", "sipas": "56/63"}),
        ("92", 2021, {"par": "51/63", "sipas": "48/63"}),
        ("42", 2021, {"par": "8/63", "sipas": "5/63"}),
    ],
)
def test_the_last_rank_is_the_one_that_the_province_reported(draw, code, year, labels):
    figure = draw("course", code, year)
    for slug, label in labels.items():
        assert _said(_panel(figure, slug), f"label-{slug}") == [label]


def test_best_and_worst_ranks_are_those_of_the_record(draw, book):
    figure = draw("course", "01", 2022)
    record = book.facts("01", 2022)["indices"]["papi"]["record"]["rank"]
    found = {f"{record['best']['value']}", f"{record['worst']['value']}"}
    assert set(_said(_panel(figure, "papi"), "extreme-papi")) == found
    # Of a record of this year the last label speaks, of two years none.
    assert _said(_panel(draw("course", "70", 2022), "papi"), "extreme-papi") == ["8"]
    assert _said(_panel(draw("course", "70", 2022), "par"), "extreme-par") == []


def test_ranks_among_few_provinces_are_hollow(draw):
    # SIPAS of 2015 was a pilot in 10 provinces.
    figure = draw("course", "01", 2022)
    axes = _panel(figure, "sipas")
    assert list(_lines(axes, "partial-sipas")[0].get_xdata()) == [2015]
    assert any("(SIPAS 2015: 10)" in text.get_text() for text in figure.texts)
    assert not _lines(_panel(figure, "papi"), "partial-papi")


def test_years_of_other_units_are_left_out(book, extended, indices_frame):
    # Code 24 was Bắc Giang before and is Bắc Ninh from 2025 on; the row of 2025 is synthetic.
    row = indices_frame.query("index == 'papi' and gso_code == '42' and year == 2024 and component == ''")
    figures = pd.concat([indices_frame, row.assign(year=2025, gso_code="24", rank=7, ranked=34)])
    longer = dataclasses.replace(book, figures=figures, registry=extended)
    ranks = longer.totals("24", 2025), extended, "vi"
    lines = _lines(_panel(briefing_charts.course(_of_2025("24"), *ranks), "papi"), "run-papi")
    assert [list(line.get_xdata()) for line in lines] == [[2025]]
    none = longer.totals("27", 2025), extended, "vi"
    assert briefing_charts.course(_of_2025("27"), *none) is None
    assert briefing_charts.describe_course(_of_2025("27"), *none) == ""


# --- components --------------------------------------------------------------------------------------------


def _marks(figure, gid):
    return {
        line.get_gid().removeprefix(f"{gid}-"): line.get_xdata()
        for line in figure.axes[0].lines
        if line.get_gid().startswith(f"{gid}-")
    }


@pytest.mark.parametrize(("code", "year"), [("70", 2022), ("01", 2022), ("24", 2022), ("84", 2024)])
def test_dots_and_medians_are_those_of_the_facts(draw, book, places, code, year):
    figure = draw("components", code, year)
    fields = book.facts(code, year)["indices"]["papi"]["components"]
    fields = {slug: it for slug, it in fields.items() if "." not in slug}
    own, country = _marks(figure, "own"), _marks(figure, "country")
    assert {slug: x[0] for slug, x in own.items()} == pytest.approx(
        {slug: it["score"] for slug, it in fields.items()}, abs=2e-5
    )
    region = places.table["region6"]
    members = region.index[region == region[code]]
    frame = book.figures.query("index == 'papi' and year == @year").dropna(subset="score")
    for slug in book.registry["papi"].fields(year):
        scores = frame[frame["component"] == slug].set_index("gso_code")["score"]
        assert sorted(_marks(figure, "others")[slug]) == pytest.approx(
            sorted(scores.drop(code, errors="ignore"))
        )
        if slug in fields:
            assert country[slug][0] == pytest.approx(fields[slug]["median"]["value"], abs=1e-6)
        among = scores.reindex(members).dropna()
        assert _marks(figure, "region")[slug][0] == pytest.approx(np.median(among))


def test_a_component_without_a_figure_keeps_its_row_and_says_so(draw):
    # Bắc Giang 2022 has four of the eight dimensions.
    axes = draw("components", "24", 2022, "vi").axes[0]
    missing = ["participation", "transparency", "corruption_control", "procedures"]
    for slug in missing:
        assert _said(axes, f"label-{slug}") == ["không có số liệu"] and _said(axes, f"name-{slug}")
        assert not _lines(axes, f"own-{slug}")
    assert len([line for line in axes.lines if line.get_gid().startswith("own-")]) == 4


def test_labels_are_score_and_rank_of_how_many(draw):
    axes = draw("components", "70", 2022, "vi").axes[0]
    assert _said(axes, "label-e_governance") == ["3,40 (9/62)"]
    assert _said(draw("components", "70", 2022, "en").axes[0], "label-e_governance") == ["3.40 (9/62)"]


def test_where_only_ranks_are_known_the_axis_is_one_of_ranks(draw):
    # Bắc Ninh reported the ranks of all fields of PAR INDEX 2021, and no points.
    figure = draw("components", "27", 2021, "en", "par")
    own = {slug: x[0] for slug, x in _marks(figure, "own").items()}
    assert len(own) == 8 and (own["procedures"], own["public_finance"]) == (1, 63)
    left, right = figure.axes[0].get_xlim()
    assert left > 63 and right < 1, "the best at the right"
    assert not _marks(figure, "country") and not _marks(figure, "others")
    assert any("best at the right" in text.get_text() for text in figure.texts)


def test_scores_that_few_report_have_no_median(draw):
    # Đồng Tháp alone gives its fields of PAR INDEX 2019 as shares of the maximum.
    figure = draw("components", "87", 2019, "en", "par")
    assert _marks(figure, "own")["steering"][0] == pytest.approx(94.12)
    assert not _marks(figure, "country") and not _marks(figure, "region")
    assert any("Fewer than half" in text.get_text() for text in figure.texts)


def test_too_few_components_are_no_picture(draw, book):
    assert draw("components", "22", 2021) is None
    assert draw("components", "42", 2021, slug="par") is None
    assert draw("components", "70", 2022, slug="par") is None, "two of eight"
    facts = book.facts("22", 2021)
    assert (
        briefing_charts.describe_components(facts, book.components(2021), book.registry, "papi", "vi") == ""
    )


def test_an_index_of_another_year_is_refused(draw):
    with pytest.raises(
        ValueError, match="'pci' is not among the facts of 2022; choose one of par, papi, sipas"
    ):
        draw("components", "70", 2022, slug="pci")


# --- for those who do not see them -------------------------------------------------------------------------


def test_alternative_texts_say_the_main_numbers(book, atlas):
    facts = book.facts("70", 2022)
    made = facts, book.totals("70", 2022), book.registry
    vietnamese = briefing_charts.describe_course(*made, "vi")
    assert "PAPI, n = 12/12 năm: 56/61 năm 2022; cao nhất 8 (2012), thấp nhất 56 (2022)." in vietnamese
    english = briefing_charts.describe_course(*made, "en")
    assert "SIPAS, n = 2 of 7 years: 56/63 in 2022" in english
    assert "no rank in 2015, 2017, 2018, 2019, 2020" in english
    said = briefing_charts.describe_components(facts, book.components(2022), book.registry, "papi", "vi")
    assert "Quản trị điện tử: 3,40 (9/62), trung vị cả nước 3,03" in said
    of_bac_ninh = book.facts("27", 2021), book.components(2021), book.registry
    assert "Civil service reform: 23/63" in briefing_charts.describe_components(*of_bac_ninh, "par", "en")
    assert "6 provinces of the region Southeast" in briefing_charts.describe_locator(facts, atlas, "en")


def test_drawing_ahead_leaves_no_figure_and_no_setting(book, facts_of, atlas):
    shown = {"facts": facts_of("70", 2022), "totals": book.totals("70", 2022)}
    before = mpl.rcParams.copy()
    briefing_charts.prepare(shown | {"components": book.components(2022)}, atlas, "vi")
    assert not plt.get_fignums() and mpl.rcParams == before


@pytest.mark.parametrize("kind", ["locator", "course", "components"])
def test_the_same_bytes_every_time(draw, kind):
    written = []
    for _ in range(2):
        buffer = io.StringIO()
        draw(kind, "70", 2022).savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        written.append(buffer.getvalue())
    assert written[0] == written[1]
