"""The pages of one whole year in a real browser without a network: how they open, lead on and behave."""

import contextlib
import csv
import io
import re
import shutil

import browser
import pagecheck
import pytest

from helpers import wording

YEAR = "2022"
KINDS = [
    *("index", "clean", "join", "panel", "atlas", "gallery", "explore", "data/index"),
    *(f"{YEAR}/{name}" for name in ("index", "correlate", "map", "provinces/index", "provinces/84")),
]
# Pages that look different on a wide screen, or have parts of their own.
WIDE = ("index", "explore", f"{YEAR}/correlate", f"{YEAR}/provinces/index", f"{YEAR}/provinces/84")
OTHER = {"en": "vi", "vi": "en"}
EVERY = [(language, kind) for language in wording.LANGUAGES for kind in KINDS]

pytestmark = browser.needs_browser


@pytest.fixture(scope="module")
def reports(newcomer):
    """The folder of the pages; tests only read it."""
    return newcomer / "reports"


@pytest.fixture(scope="module")
def outside(newcomer):
    """Addresses on the network that pages may name: where the sources stand."""
    with open(newcomer / "data" / "raw" / "sources.csv", encoding="utf-8") as file:
        return {row["reference"] for row in csv.DictReader(file)}


@pytest.fixture
def opened(reports, chromium):
    """A function that opens a page of the site, and asserts in the end that nothing went wrong in it."""
    with contextlib.ExitStack() as stack:
        seen = []

        def open_(name, **options):
            page, faults = stack.enter_context(browser.opened(chromium, reports / f"{name}.html", **options))
            seen.append(faults)
            return page

        yield open_
        assert [fault for faults in seen for fault in faults.faults()] == []


@pytest.mark.parametrize(("language", "kind"), EVERY)
def test_a_page_opens_without_a_network_for_everyone(opened, language, kind):
    page = opened(f"{language}/{kind}", width=1280)
    faults = []
    for width in reversed(browser.WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        faults += [f"{width} px: {fault}" for fault in pagecheck.sideways(page)]
    # Asking takes seconds: every kind of page is asked on a phone, some again with the contents beside them.
    if language == "vi":
        faults += pagecheck.violations(page)
    elif kind in WIDE:
        page.set_viewport_size({"width": 1440, "height": 900})
        faults += pagecheck.violations(page)
    assert faults + pagecheck.cut_in_print(page) == []


@pytest.mark.parametrize(("language", "kind"), EVERY)
def test_a_page_is_valid_stands_alone_and_leads_nowhere_in_vain(reports, outside, language, kind):
    path = reports / language / f"{kind}.html"
    name = "briefing" if kind.endswith("/84") else kind if kind == "explore" else ""
    assert [
        *pagecheck.structure(path, language),
        *pagecheck.loaded(path),
        *pagecheck.dead_links(path, reports, outside),
        *pagecheck.too_large(path, name),
    ] == []
    other = OTHER[language]
    assert pagecheck.other_languages(path) == {other: (reports / other / f"{kind}.html").resolve()}


def test_no_other_page_is_there_and_the_first_leads_to_both_languages(reports, chromium):
    made = {path.relative_to(reports).as_posix() for path in reports.rglob("*.html")}
    known = {f"{language}/{kind}.html" for language, kind in EVERY}
    # A second briefing is like the first.
    assert made - known == {"index.html", *(f"{one}/{YEAR}/provinces/70.html" for one in wording.LANGUAGES)}
    assert known <= made
    first = reports / "index.html"
    assert [
        *pagecheck.parsed(first)[1],
        *pagecheck.loaded(first),
        *pagecheck.dead_links(first, reports),
    ] == []
    with browser.opened(chromium, first, width=360) as (page, seen):
        assert pagecheck.sideways(page) + pagecheck.violations(page) + seen.faults() == []
        for language in wording.LANGUAGES:
            page.locator(f"main a[hreflang={language}]").click()
            page.wait_for_url(f"**/{language}/index.html")
            page.go_back()


def test_drawings_hold_nothing_but_a_drawing(reports):
    drawings = sorted(reports.rglob("*.svg"))
    assert len(drawings) > 20
    assert {path.name: faults for path in drawings if (faults := pagecheck.drawing(path))} == {}


# --- behaviour --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["tra vinh", "Trà Vinh", "TRAVINH", "trà  vi"])
def test_the_search_in_the_header_leads_to_a_province(opened, typed):
    page = opened("vi/index")
    form = page.locator("header form.places")
    form.locator("input").fill(typed)
    assert form.locator("ul a").all_text_contents() == ["Trà Vinh"]
    assert "Trà Vinh" in form.locator("[role=status]").inner_text()
    form.locator("input").press("Enter")
    page.wait_for_url(f"**/vi/{YEAR}/provinces/84.html")


def test_the_search_by_keyboard_alone_and_what_is_not_found(opened):
    page = opened(f"en/{YEAR}/map")
    field = page.locator("header form.places input")
    field.focus()
    page.keyboard.type("xyz")
    assert page.locator("header form.places a").count() == 0
    assert len(page.locator("header form.places [role=status]").inner_text()) > 5
    page.keyboard.press("Escape")
    assert field.input_value() == ""
    page.keyboard.type("b")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Binh Phuoc"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/en/{YEAR}/provinces/70.html")


def test_the_switch_of_languages_stays_on_the_page(opened):
    page = opened(f"vi/{YEAR}/provinces/84")
    page.locator("header nav.languages a").click()
    page.wait_for_url(f"**/en/{YEAR}/provinces/84.html")
    assert page.evaluate("document.documentElement.lang") == "en"


def _shown(table):
    return table.evaluate(
        """one => [...one.tBodies[0].rows].filter(row => row.checkVisibility()).map(row =>
        [...row.cells].map(cell => cell.textContent.trim()))"""
    )


def _figure(text):
    found = re.match(r"−?[\d.,]+", text)
    return float(found[0].replace(".", "").replace(",", ".").replace("−", "-")) if found else None


@pytest.fixture
def table(opened):
    """The table below the first map, of PAPI or PAR, in Vietnamese."""
    page = opened(f"vi/{YEAR}/map")
    found = page.locator("details:has(.table .number) > summary").first
    found.focus()
    page.keyboard.press("Enter")
    return found.locator("..").locator(".table table").first


def test_tables_are_sorted_by_their_heads_missing_last(table):
    before = _shown(table)
    assert len(before) > 11
    heads = table.locator("thead th")
    column = heads.evaluate_all("all => all.findIndex(one => one.className === 'number')")
    head = table.locator("thead th").nth(column)
    orders = {}
    for order in ("ascending", "descending"):
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == order
        assert table.locator("th[aria-sort]").count() == 1
        orders[order] = [_figure(row[column]) for row in _shown(table)]
    known = [_figure(row[column]) for row in before if _figure(row[column]) is not None]
    gaps = [None] * (len(before) - len(known))
    assert orders["ascending"] == sorted(known) + gaps
    assert orders["descending"] == sorted(known, reverse=True) + gaps
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") is None and _shown(table) == before


def test_names_are_sorted_as_the_language_has_it(table):
    first = table.locator("thead th").first
    first.locator("button").click()
    names = [row[0] for row in _shown(table)]
    assert names == wording.alphabetical(names, "vi") and len(names) > 11


def test_rows_are_found_and_what_is_shown_is_saved(table):
    page, tools = table.page, table.locator("xpath=../preceding-sibling::*[contains(@class, 'tools')][1]")
    field = tools.get_by_role("searchbox")
    every = _shown(table)
    field.fill("binh")
    rows = _shown(table)
    assert 0 < len(rows) < len(every)
    assert all("Bình" in " ".join(row) for row in rows)
    assert str(len(rows)) in tools.locator("[role=status]").inner_text()
    with page.expect_download() as saved:
        table.locator("xpath=../following-sibling::button[contains(@class, 'save')][1]").click()
    assert saved.value.suggested_filename.endswith(".csv")
    text = saved.value.path().read_bytes().decode("utf-8-sig")
    heads = table.locator("thead th").all_text_contents()
    assert list(csv.reader(io.StringIO(text))) == [[head.strip() for head in heads], *rows]
    field.fill("")
    assert _shown(table) == every


def test_short_tables_have_no_field_to_find_rows_in(opened):
    page = opened(f"vi/{YEAR}/map")
    few = page.evaluate(
        """() => [...document.querySelectorAll('.tools + .table')].filter(box =>
        box.querySelectorAll('tbody tr').length < 12).length"""
    )
    assert page.locator(".tools + .table").count() > 0
    assert few == 0


def test_code_is_folded_and_opens_by_keyboard(opened):
    page = opened(f"en/{YEAR}/correlate")
    code = page.locator("details.code")
    assert code.count() > 3 and page.locator("details.code[open]").count() == 0
    code.first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert code.first.locator("pre").is_visible()


def test_the_table_of_contents_leads_to_every_heading_of_the_second_level(opened):
    page = opened(f"en/{YEAR}/correlate")
    contents = page.locator("nav.contents")
    contents.locator("summary").press("Enter")
    links = contents.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    heads = page.locator("main h2[id]:not(#made)").evaluate_all("all => all.map(one => '#' + one.id)")
    assert len(heads) > 2 and [link for link in links if link in heads] == heads
    last = contents.locator(f"a[href='{heads[-1]}']")
    last.press("Enter")
    assert page.url.endswith(heads[-1]) and page.locator(heads[-1]).is_visible()


def test_a_link_into_a_fold_opens_it(reports, chromium):
    address = (reports / "en" / YEAR / "map.html").resolve().as_uri() + "#made"
    with browser.opened(chromium, address) as (page, seen):
        assert page.locator("section.origin details").get_attribute("open") is not None
        assert page.locator("#made").is_visible() and seen.faults() == []


def test_the_keyboard_finds_the_way_past_the_header_and_sees_where_it_is(opened):
    page = opened("vi/index", width=360)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside, line = page.evaluate(
        """() => [document.activeElement.closest('main') !== null,
        getComputedStyle(document.activeElement).outlineStyle]"""
    )
    assert inside and line == "solid"


def test_who_asks_for_less_motion_sees_none(opened):
    page = opened("vi/explore", reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll('*')].filter(one => {
      const style = getComputedStyle(one);
      return parseFloat(style.transitionDuration) > 0.01 || parseFloat(style.animationDuration) > 0.01
        || style.scrollBehavior === 'smooth';
    }).map(one => one.tagName)"""
    assert page.evaluate(moving) == []


# --- a folder that went on a journey ----------------------------------------------------------------------


def test_a_folder_copied_elsewhere_with_a_page_lost_still_works_and_says_what_is_missing(
    reports, chromium, tmp_path
):
    moved = tmp_path / "Gửi sở Nội vụ #2, 100%" / "báo cáo"
    kept = shutil.ignore_patterns("*.ipynb", "*.png", "*.gpkg", "*.pdf")
    shutil.copytree(reports, moved, ignore=kept)
    (moved / "vi" / YEAR / "map.html").unlink()
    with browser.opened(chromium, moved / "index.html") as (page, seen):
        page.locator("main a[hreflang=vi]").click()
        page.wait_for_url("**/vi/index.html")
        page.locator(f"main a[href='{YEAR}/index.html']").first.click()
        page.wait_for_url(f"**/vi/{YEAR}/index.html")
        page.locator("main a[href='map.html']").first.click()
        told = page.locator("[role=alert]")
        told.wait_for()
        assert f"vi/{YEAR}/map.html" in told.inner_text()
        assert page.url.endswith(f"/vi/{YEAR}/index.html")
        told.get_by_role("button").click()
        assert told.count() == 0
        page.locator("main a[href='correlate.html']").first.click()
        page.wait_for_url("**/correlate.html")
        # The page that is not there could not be loaded: that is said in words, and by the browser.
        assert [fault for fault in seen.faults() if "map.html" not in fault] == []
