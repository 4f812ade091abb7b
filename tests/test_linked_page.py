"""The linked page: its figures, its coefficients, and what a reader does with it in a real browser."""

import contextlib
import copy
import csv
import io
import itertools
import json
import re
import urllib.parse

import browser
import pandas as pd
import pytest

from helpers import classes, directory, linked_page, map_findings, measures, site, wording

YEARS = range(2011, 2025)
HOSTILE = "<script>window.seized=1</script>\"'&amp;\u202e</script><img src=x onerror=seized=1>"


@pytest.fixture(scope="module")
def computed(atlas):
    """The computed tables, borders among them."""
    return atlas.processed


def _page(language):
    """The page as the site plans it."""
    plan = site.with_indexes(
        [site.Page("map", language, 2022, f"{language}/2022/map.html", "t", "l", "n.ipynb")]
    )
    return next(page for page in plan if page.name == "explore")


@pytest.fixture(scope="module")
def written(root, computed, tmp_path_factory):
    """The linked page of each language, by language."""
    reports = tmp_path_factory.mktemp("reports")
    pages = [_page(language) for language in wording.LANGUAGES]
    links_of = site.navigator(pages)
    return {
        here.language: linked_page.write(
            reports, here, root / "data" / "raw", computed, links_of(here), YEARS
        )
        for here in pages
    }


@pytest.fixture(scope="module")
def found(written):
    """What stands in the pages for their script, by language."""
    pattern = r'<script type="application/json" id="figures">(.*?)</script>'
    return {
        language: json.loads(re.search(pattern, path.read_text(encoding="utf-8"), re.DOTALL)[1])
        for language, path in written.items()
    }


@pytest.fixture
def at(chromium, written):
    """Opens the page at a fragment, and says at the end whether it did what no page may do."""
    with contextlib.ExitStack() as stack:
        opened = []

        def go(fragment="", language="en", width=1280, height=900, **options):
            address = written[language].as_uri() + (f"#{fragment}" if fragment else "")
            page, seen = stack.enter_context(browser.opened(chromium, address, width, height, **options))
            opened.append(seen)
            return page

        yield go
        assert [fault for seen in opened for fault in seen.faults()] == []


def _state(page):
    return dict(urllib.parse.parse_qsl(page.evaluate("location.hash.slice(1)")))


def _marked(page):
    """Codes that each panel shows as marked: ranking, scatter plot, chips."""
    return page.evaluate("""() => ({
        ranking: [...document.querySelectorAll('#ranking [aria-selected="true"]')]
            .map((option) => option.id.slice(7)).sort(),
        points: document.querySelectorAll('#points .marked').length,
        chips: document.querySelectorAll('#chips li').length,
        outlines: document.querySelectorAll('#map-marks .outline:not(.pointed)').length,
    })""")


def _entry(given, place):
    return given[place] if isinstance(given, list) else given


# --- figures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_figure_is_that_of_the_table_and_none_is_left_out(found, indices_frame, language):
    told = found[language]
    dimensions = indices_frame["component"].str.contains(".", regex=False)
    frame = indices_frame[indices_frame["year"].isin(YEARS) & ~dimensions]
    rows = {
        (row["index"], row["year"], row["component"], row["gso_code"]): row
        for row in frame.to_dict("records")
    }
    seen = {"score": 0, "rank": 0}
    for variable in told["variables"]:
        for year, of_year in variable["of"].items():
            for place, province in enumerate(told["provinces"]):
                key = variable["index"], int(year), variable["component"], province["code"]
                row = rows.get(key)
                score, rank = of_year["scores"][place], of_year["ranks"][place]
                if row is None:
                    assert score is rank is None, key
                    continue
                assert (score is None and pd.isna(row["score"])) or score == row["score"], key
                assert (rank is None and pd.isna(row["rank"])) or rank == row["rank"], key
                for name, kept in (("source", score), ("rank_source", rank)):
                    if kept is not None and row[name]:
                        assert told["sources"][_entry(of_year[name], place)] == row[name], key
                        assert (
                            _entry(of_year[name.replace("source", "basis")], place)
                            == row[name.replace("source", "basis")]
                        )
                if rank is not None:
                    assert _entry(of_year["ranked"], place) == row["ranked"], key
                seen["score"] += score is not None
                seen["rank"] += rank is not None
    assert seen == {"score": frame["score"].count(), "rank": frame["rank"].count()}
    assert seen["score"] > 7000


def test_classes_are_those_of_the_years_maps(found, indices_frame, known, places):
    told = found["vi"]
    by_key = {variable["key"]: variable for variable in told["variables"]}
    for slug, year, measure in (("papi", 2022, "score"), ("par", 2023, "rank"), ("sipas", 2019, "score")):
        layer = measures.measure(indices_frame, known[slug], year, places.codes, measure)
        sorted_ = classes.classify(layer)
        of_year = by_key[slug]["of"][str(year)][measure]
        numbers = dict(zip((p["code"] for p in told["provinces"]), of_year["number"], strict=True))
        assert {c: n for c, n in numbers.items() if n != "-"} == sorted_.number.dropna().astype(str).to_dict()
        labels = [map_findings.class_label(sorted_, place, "vi") for place in range(len(sorted_.limits))]
        assert of_year["labels"] == labels
        absent = [p["code"] for p, s in zip(told["provinces"], of_year["state"], strict=True) if s != "."]
        assert sorted(absent) == sorted(code for codes in layer.gaps.values() for code in codes)


def test_names_are_in_the_order_of_the_alphabet_and_texts_have_both_languages(found):
    for language, told in found.items():
        names = [province["name"] for province in told["provinces"]]
        assert names == wording.alphabetical(names, language) and len(names) == 63
    assert found["en"]["words"].keys() == found["vi"]["words"].keys()
    assert [r["key"] for r in found["en"]["regions"]] == [r["key"] for r in found["vi"]["regions"]]


def test_it_is_small_and_the_same_again(root, computed, written, tmp_path):
    assert max(path.stat().st_size for path in written.values()) < 1e6
    here = _page("vi")
    arguments = here, root / "data" / "raw", computed, site.NO_LINKS, [2022]
    first, again = (linked_page.write(tmp_path / name, *arguments) for name in "ab")
    assert again.read_bytes() == first.read_bytes()
    assert linked_page.write(tmp_path, here, root / "data" / "raw", tmp_path, {}, YEARS) is None


def test_years_of_the_34_units_are_left_out_and_named(root, computed):
    here = _page("en")
    told = linked_page.data(root / "data" / "raw", computed, [2024, 2025, 2026], "en")
    assert (told["years"], told["left_out"]) == ([2024], [2025, 2026])
    drawing = directory.draw(root / "data" / "raw", computed, "63")
    made = linked_page.render(here, told, drawing, root / "data" / "raw", site.NO_LINKS)
    assert "Left out here: 2025 and 2026." in made
    with pytest.raises(ValueError, match="ask for years to 2024"):
        linked_page.data(root / "data" / "raw", computed, [2025], "en")


# --- coefficients -----------------------------------------------------------------------------------------


def test_n_and_rho_are_those_of_the_tables_of_correlations(at, tables):
    page, compared = at(), 0
    for year, table in tables.items():
        rows = table[(table["variant"] == "plain") & (table["method"] == "spearman")]
        for row in rows.itertuples():
            # On either axis: the coefficient is the same.
            for x, y in ((row.index_a, row.index_b), (row.index_b, row.index_a)):
                told = page.evaluate(
                    """(fragment) => new Promise((done) => {
                        const told = () => done({...document.getElementById("pairs").dataset});
                        addEventListener("hashchange", () => setTimeout(told), {once: true});
                        location.hash = fragment;
                    })""",
                    f"year={year}&x={x}&y={y}&by={row.measure}&show=x",
                )
                assert int(told["n"]) == row.n, row
                if pd.isna(row.estimate):
                    assert told["rho"] == "", row
                else:
                    assert float(told["rho"]) == pytest.approx(row.estimate, abs=1e-12), row
                    compared += 1
    assert compared > 60
    page.evaluate("location.hash = 'year=2022&x=papi&y=par&by=rank&show=x'")
    page.wait_for_function("document.getElementById('year-shown').textContent === '2022'")
    row = tables[2022].query(
        "index_a == 'par' and index_b == 'papi' and measure == 'rank' and variant == 'plain'"
    )
    estimate = row[row["method"] == "spearman"].iloc[0]
    said = page.inner_text("#pairs")
    assert (
        f"n = {estimate['n']} of 63" in said
        and f"rho = {wording.number(estimate['estimate'], 'en')}." in said
    )


def test_the_region_filter_counts_its_provinces_alone(at, found):
    page = at("year=2022&x=papi&y=par&by=rank")
    page.select_option("#region", "mekong-river-delta")
    place = next(p for p, r in enumerate(found["en"]["regions"]) if r["key"] == "mekong-river-delta")
    own = [at_ for at_, province in enumerate(found["en"]["provinces"]) if province["region"] == place]
    of = {v["key"]: v["of"]["2022"]["ranks"] for v in found["en"]["variables"] if v["key"] in ("papi", "par")}
    both = sum(of["papi"][at_] is not None and of["par"][at_] is not None for at_ in own)
    assert page.get_attribute("#pairs", "data-n") == str(both)
    assert page.locator("#ranking [role=option]").count() == len(own) == 13
    assert _state(page)["region"] == "mekong-river-delta"


# --- what a reader does -----------------------------------------------------------------------------------


def test_a_rectangle_in_the_scatter_plot_marks_the_same_provinces_everywhere(at):
    page = at("year=2022&x=papi&y=par&by=rank")
    box = page.locator("#scatter").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] * 0.5, steps=4)
    page.mouse.up()
    marked = _marked(page)
    codes = _state(page)["marked"].split(".")
    assert 3 < len(codes) < 32
    assert marked == {
        "ranking": sorted(codes),
        "points": len(codes),
        "chips": len(codes),
        "outlines": len(codes),
    }
    inside = page.evaluate(
        """([x0, y0, x1, y1]) => [...document.querySelectorAll('#points circle')]
        .filter((c) => c.getAttribute('display') !== 'none').map((c) => c.getBoundingClientRect())
        .map((r) => [r.x + r.width / 2, r.y + r.height / 2])
        .filter(([x, y]) => x > x0 && y > y0 && x < x1 && y < y1).length""",
        [
            box["x"] + box["width"] * 0.55,
            box["y"] + 5,
            box["x"] + box["width"] - 2,
            box["y"] + box["height"] * 0.5,
        ],
    )
    assert inside == len(codes)
    assert "marked" in page.inner_text("#spoken").lower()
    page.go_back()
    page.wait_for_function("document.querySelectorAll('#chips li').length === 0")
    assert _marked(page)["ranking"] == []


def test_slider_axes_and_measures_change_the_panels_and_the_address(at):
    page = at("year=2022&x=papi&y=par&by=score&show=x")
    page.focus("#year")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#year-shown") == "2021" and _state(page)["year"] == "2021"
    page.select_option("#y", "sipas")
    page.check("input[name=by][value=rank]")
    page.check("input[name=show][value=y]")
    assert _state(page) == {"year": "2021", "x": "papi", "y": "sipas", "by": "rank", "show": "y"}
    assert "SIPAS, 2021: rank" in page.inner_text("#map-what")
    assert "SIPAS, 2021: rank" in page.inner_text("#ranking-what")
    assert "1 = best, at the right" in page.text_content("#scatter")
    page.click("#reset")
    start = page.evaluate("JSON.parse(document.getElementById('figures').textContent).start")
    assert _state(page) == {
        "year": str(start["year"]),
        "x": start["x"],
        "y": start["y"],
        "by": "score",
        "show": "x",
    }


def test_better_is_right_and_up_for_ranks_too(at, found):
    for by in ("score", "rank"):
        page = at(f"year=2022&x=papi&y=par&by={by}")
        spots = page.locator("#points circle:not([display=none])").evaluate_all("""(circles) => circles.map(
            (circle) => [circle.place, ["cx", "cy"].map((name) => Number(circle.getAttribute(name)))])""")
        assert len(spots) > 20
        of = {v["key"]: v["of"]["2022"] for v in found["en"]["variables"] if v["key"] in ("papi", "par")}
        sign = 1 if by == "score" else -1
        for (a, one), (b, other) in itertools.combinations(spots, 2):
            for key, move in (("papi", one[0] - other[0]), ("par", other[1] - one[1])):
                better = sign * (of[key][f"{by}s"][a] - of[key][f"{by}s"][b])
                assert better == 0 or abs(move) < 0.11 or (better > 0) == (move > 0)


def test_the_whole_state_comes_back_from_the_address(at):
    fragment = "year=2019&x=papi.e_governance&y=sipas&by=rank&show=y&region=southeast&marked=79.01.48"
    page = at(fragment)
    page.select_option("#y", "par")
    page.select_option("#y", "sipas")
    assert page.evaluate("location.hash.slice(1)") == fragment
    assert _marked(page)["chips"] == 3
    assert page.inner_text("#fault") == ""
    assert page.get_attribute("header.site a[hreflang=vi]", "href") == f"../vi/explore.html#{fragment}"


def test_the_address_is_copied_or_shown_to_be_copied(at):
    page = at("year=2022&x=papi&y=par")
    page.click("#copy")
    page.wait_for_function("document.getElementById('spoken').textContent.includes('address')")
    if page.is_visible("#address"):
        copied = page.input_value("#address")
    else:
        page.context.grant_permissions(["clipboard-read"])
        copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url and "year=2022" in copied


def test_nonsense_in_the_address_is_left_aside_part_by_part(at):
    page = at("year=1999&x=papi&y=%E0%A4%A&by=money&marked=01.99.01&<b>=1&constructor=2&region=southeast")
    said = page.inner_text("#fault")
    for part in ("year=1999", "by=money", "marked=99", "constructor=2"):
        assert part in said
    assert "%3Cb%3E" in said or "<b>" in said
    assert "southeast" not in said and "x=papi" not in said
    assert page.input_value("#region") == "southeast" and _marked(page)["ranking"] in ([], ["01"])
    assert _marked(page)["chips"] == 1


def test_the_keyboard_alone_finds_marks_and_unmarks(at):
    page = at("year=2022&x=papi&y=par&by=score")
    page.focus("#search")
    page.keyboard.type("da nang")
    assert page.get_attribute("#search", "aria-expanded") == "true"
    page.keyboard.press("Enter")
    assert _state(page)["marked"] == "48"
    page.keyboard.type("tp hcm")
    page.keyboard.press("Enter")
    assert _state(page)["marked"] == "48.79"
    page.focus("#ranking")
    for key in ("Home", "Space", "ArrowDown", "ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    listed = page.evaluate(
        "[...document.querySelectorAll('#ranking [role=option]')].slice(0, 4).map((o) => o.id.slice(7))"
    )
    assert _state(page)["marked"].split(".") == ["48", "79", listed[0], listed[2], listed[3]]
    assert page.get_attribute("#ranking", "aria-activedescendant") == f"option-{listed[3]}"
    assert "papi-published" in page.inner_text("#readout")
    page.keyboard.press("Escape")
    assert "marked" not in _state(page)
    # No trap: the next stop is further down the page.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "ranking"


def test_a_missing_figure_is_hatched_listed_and_never_plotted(at, found):
    page = at("year=2022&x=papi&y=par&by=score&show=y")
    variable = next(v for v in found["en"]["variables"] if v["key"] == "par")["of"]["2022"]
    absent = [
        p["code"]
        for p, score in zip(found["en"]["provinces"], variable["scores"], strict=True)
        if score is None
    ]
    hatched = page.locator("#map [data-code][fill^=url]:not([data-inset])").evaluate_all(
        "(shapes) => shapes.map((shape) => shape.dataset.code)"
    )
    listed = page.locator("#unranked [role=option]").evaluate_all(
        "(options) => options.map((option) => option.id.slice(7))"
    )
    assert sorted(hatched) == sorted(listed) == sorted(absent)
    assert f"({len(absent)})" in page.inner_text("#unranked-head")
    assert f"{63 - len(absent)} of 63" in page.inner_text("#coverage")
    drawn = page.locator("#points circle:not([display=none])").count()
    assert str(drawn) == page.get_attribute("#pairs", "data-n")


def test_scores_are_not_joined_across_a_break_and_ranks_are(at):
    for by, across in (("score", False), ("rank", True)):
        page = at(f"year=2022&x=papi&y=par&by={by}&marked=01")
        steps = page.get_attribute("#course .line", "d").count("L")
        # PAPI 2011-2024 of Hà Nội is complete: 13 steps, of which 5 begin a new series.
        assert steps == (13 if across else 8)


def test_the_table_and_its_download_hold_the_figures_shown(at, found):
    page = at("year=2022&x=papi&y=par&marked=01", language="vi")
    page.click("#shown > summary")
    rows = page.locator("#shown-table tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [row.dataset.code, ...[...row.cells].map((cell) => cell.textContent)])"
    )
    of = {v["key"]: v["of"]["2022"] for v in found["vi"]["variables"] if v["key"] in ("papi", "par")}
    assert len(rows) == 63
    for place, row in enumerate(rows):
        for key, column in (("papi", 3), ("par", 6)):
            assert row[column] == wording.number(of[key]["scores"][place], "vi", of[key]["places"])
    with page.expect_download() as caught:
        page.click("#download")
    assert caught.value.suggested_filename == "explore-2022-papi-par.csv"
    text = caught.value.path().read_text(encoding="utf-8-sig")
    table = pd.read_csv(io.StringIO(text), dtype={"gso_code": str})
    for key, axis in (("papi", "x"), ("par", "y")):
        assert [None if pd.isna(s) else s for s in table[f"{axis}_score"]] == of[key]["scores"]
        assert [None if pd.isna(r) else int(r) for r in table[f"{axis}_rank"]] == of[key]["ranks"]


def test_hostile_names_are_text(root, computed, chromium, tmp_path):
    told = linked_page.data(root / "data" / "raw", computed, [2021, 2022], "en")
    told = copy.deepcopy(told)
    told["provinces"][0]["name"] = HOSTILE
    told["provinces"][1]["name"] = '=HYPERLINK("http://x")'
    told["regions"][0]["name"] = told["variables"][0]["label"] = told["variables"][0]["short"] = HOSTILE
    told["sources"] = [f"{HOSTILE}{place}" for place in range(len(told["sources"]))]
    told["start"] = {"year": 2022, "x": "papi", "y": "par"}
    drawing = directory.draw(root / "data" / "raw", computed, "63")
    made = linked_page.render(_page("en"), told, drawing, root / "data" / "raw", site.NO_LINKS)
    path = tmp_path / "explore.html"
    path.write_text(made, encoding="utf-8")
    with browser.opened(chromium, f"{path.as_uri()}#year=2022&x=papi&y=par&marked=89.77") as (page, seen):
        page.click("#shown > summary")
        page.hover("#option-89")
        assert page.evaluate("window.seized") is None
        assert page.evaluate("document.querySelectorAll('main img, main bdi script').length") == 0
        assert HOSTILE in page.text_content("#ranking") and HOSTILE in page.text_content("#readout")
        with page.expect_download() as caught:
            page.click("#download")
        rows = list(csv.reader(io.StringIO(caught.value.path().read_text(encoding="utf-8-sig"))))
        assert rows[1][1] == HOSTILE and rows[2][1] == '\'=HYPERLINK("http://x")'
        assert seen.faults() == []


# --- for everyone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_axe_finds_nothing_serious(at, language):
    from axe_playwright_python.sync_playwright import Axe

    for width in (360, 1280):
        page = at("year=2022&x=papi&y=par&show=y&marked=01.48.79", language, width)
        page.click("#shown > summary")
        page.hover("#option-01")
        faults = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        assert [(fault["id"], [node["html"][:120] for node in fault["nodes"]][:3]) for fault in faults] == []


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_no_width_scrolls_sideways(at, width):
    for language in wording.LANGUAGES:
        page = at(
            "year=2023&x=papi.service_delivery&y=par.public_finance&by=rank&marked=01.77.79", language, width
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width == 1280:
            ends = page.locator("#map, #scatter, #course, #ranking, #readout").evaluate_all(
                "(parts) => parts.map((part) => part.getBoundingClientRect().bottom)"
            )
            assert len(ends) == 5 and max(ends) <= 900


def test_a_finger_scrolls_over_map_and_plot_and_draws_only_when_asked(at):
    page = at("year=2022&x=papi&y=par", width=360, height=740, has_touch=True, is_mobile=True)
    style = "(id) => getComputedStyle(document.getElementById(id)).touchAction"
    assert page.evaluate(style, "map") == "auto" and page.evaluate(style, "scatter") == "pan-y pinch-zoom"
    spot = page.locator("#points circle:not([display=none])").first
    spot.scroll_into_view_if_needed()
    box = spot.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert _marked(page)["chips"] == 1
    page.tap("#area")
    assert page.get_attribute("#area", "aria-pressed") == "true" and page.evaluate(style, "scatter") == "none"


def test_on_paper_the_controls_are_gone_and_the_state_is_said(at):
    page = at("year=2022&x=papi&y=par&marked=01")
    page.emulate_media(media="print")
    assert not page.is_visible("#controls") and not page.is_visible("#area")
    assert page.is_visible("#map") and page.is_visible("#ranking")
    assert "2022" in page.inner_text("#state") and "PAPI" in page.inner_text("#state")


def test_it_says_what_it_needs_where_scripts_are_off(chromium, written):
    with browser.opened(chromium, written["vi"], java_script_enabled=False) as (page, seen):
        assert "JavaScript" in page.inner_text("main") and not page.is_visible("#controls")
        assert seen.faults() == []
