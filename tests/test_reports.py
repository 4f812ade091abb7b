"""
`make reports YEAR=2022` on the real data, from an empty folder: what a newcomer gets.

Two provinces stand for the briefings of that year: the first run is without any, the second names these,
after some raw tables were spoilt.
"""

import json
import re
from urllib.parse import unquote

import html5lib
import languages
import pandas as pd
import pytest
from conftest import make

from helpers import coefficients, correlation, printing, wording

PAGES = [
    *("clean.html", "join.html", "panel.html", "atlas.html", "gallery.html", "index.html"),
    *("explore.html", "data/index.html"),
    *("2022/index.html", "2022/correlate.html", "2022/map.html"),
]
BRIEFINGS = ["2022/provinces/index.html", "2022/provinces/70.html", "2022/provinces/84.html"]


@pytest.fixture(scope="module")
def project(runs):
    """The project after both runs."""
    return runs[0]


def test_every_page_is_made_and_counted(runs):
    project, (run, briefed), records, _ = runs
    assert "14 of 14 pages made" in run.stdout and "8 of 8 pages made" in briefed.stdout
    assert run.stderr == briefed.stderr == ""
    for language in wording.LANGUAGES:
        for page in (*PAGES, *BRIEFINGS):
            assert (project / "reports" / language / page).is_file(), page
    assert not list((project / "reports").glob("failed/*"))
    for record in records:
        assert {page["status"] for page in record["pages"]} == {"made"}
        assert {page["warnings"] for page in record["pages"]} == {0}
        assert "par/reported.csv" in record["raw_sha256"]


def _trees(project):
    for path in sorted((project / "reports").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        yield path, text, html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def test_no_page_is_left_untranslated(project):
    checked = 0
    for path, text, _ in _trees(project):
        if path.relative_to(project / "reports").parts[0] in wording.LANGUAGES:
            # The page on cleaning shows the name that was spoilt here, and the one proposed for it.
            names = ["Cramér", "Bình Phứơc", "Bình Phước"]
            # Why a file that was spoilt here cannot be read is told in the words of the library.
            own = text.replace("unexpected end of data", "")
            assert languages.untranslated(own, names) == [], path
            checked += 1
    assert checked >= 2 * (len(PAGES) + len(BRIEFINGS))


def test_pages_are_valid_need_no_network_and_lead_nowhere_in_vain(project):
    # A reader may follow a source; nothing is loaded from there.
    references = set(pd.read_csv(project / "data" / "raw" / "sources.csv")["reference"])
    pages = 0
    for path, text, tree in _trees(project):
        pages += 1
        language = path.relative_to(project / "reports").parts[0]
        if language in wording.LANGUAGES:
            assert tree.get("lang") == language
        for picture in tree.iter("img"):
            assert len(picture.get("alt", "")) > 20, path
            assert picture.get("src").startswith(("data:image/svg+xml,", "data:image/webp;base64,"))
        assert not [script for script in tree.iter("script") if script.get("src")]
        # The list of the provinces alone has links in a drawing, its map.
        is_list = path.name == "index.html" and path.parent.name == "provinces"
        drawn = [link for link in tree.iter("{http://www.w3.org/2000/svg}a") if link.get("href")]
        assert is_list or not drawn
        for link in [*tree.iter("a"), *tree.iter("link"), *drawn]:
            target = link.get("href")
            if path.parent.name == "provinces" and target in references:
                continue
            assert not re.match(r"[a-z]+:(?!,)", target.replace("data:,", "")), target
            file, _, anchor = unquote(target).partition("#")
            if not target.startswith("data:"):
                there = (path.parent / file).resolve() if file else path
                assert there.is_file(), f"{path}: {target}"
                if anchor and there.suffix == ".html":
                    assert f'id="{anchor}"' in there.read_text(encoding="utf-8"), target
        assert str(project) not in text
    assert pages == 2 * len([*PAGES, *BRIEFINGS]) + 1


def test_the_facts_of_a_briefing_are_the_same_in_both_languages(project):
    for code in ("70", "84"):
        texts = [
            (project / "reports" / language / "2022" / "provinces" / f"{code}.json").read_bytes()
            for language in wording.LANGUAGES
        ]
        assert texts[0] == texts[1]
        facts = json.loads(texts[0])
        assert (facts["province"]["gso_code"], facts["year"]) == (code, 2022)
    # Trà Vinh, PAR INDEX 2022: 83.00 points, rank 50, up 2 (travinh.gov.vn, 2023).
    par = facts["indices"]["par"]
    assert (par["score"], par["rank"], par["rank_change"]) == (83.0, 50, 2)


@pytest.mark.skipif(printing.browser() is None, reason="no Chromium to print with")
def test_a_briefing_is_printed_on_two_pages_of_a4(project):
    import pdfplumber

    for language in wording.LANGUAGES:
        for code in ("70", "84"):
            with pdfplumber.open(project / f"reports/{language}/2022/provinces/{code}.pdf") as pdf:
                assert [(round(page.width), round(page.height)) for page in pdf.pages] == [(595, 842)] * 2


def test_the_tables_have_the_columns_that_others_rely_on(project):
    table = pd.read_csv(project / "reports/en/2022/tables/correlations.csv")
    assert list(table.columns) == correlation.COLUMNS
    assert set(table["measure"]) == {"score", "rank"}
    assert set(table["method"]) == {"pearson", "spearman", "kendall"}
    few = table[table["n"] < coefficients.MINIMUM_PAIRS]
    assert few["estimate"].isna().all() and few["reason"].notna().all()
    assert table.loc[table["estimate"].notna(), "ci_low"].notna().all()
    same = pd.read_csv(project / "reports/vi/2022/tables/correlations.csv")
    pd.testing.assert_frame_equal(table, same)


def test_every_table_is_described_and_the_same_in_both_languages(project, root):
    described = (root / "docs" / "tables.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `([^`\n]+)`\n(.*?)(?=^#|\Z)", described, re.MULTILINE | re.DOTALL))
    folder = project / "reports" / "en"
    tables = [*folder.glob("tables/*.csv"), *folder.glob("2022/tables/*.csv")]
    assert len(tables) > 10
    for path in tables:
        name = re.sub(r"^(map|change|clusters)_\w+", r"\1_<index>", path.name)
        name = re.sub(r"^years_\w+", "years_<index>_<measure>", name)
        name = re.sub(r"^gap_\w+", "gap_<paper>_<citizens>", name)
        name = re.sub(r"^pair_\w+", "pair_<first>_<second>", name)
        for column in pd.read_csv(path, nrows=0).columns:
            year = re.fullmatch(r"20\d\d", column)
            assert year or f"`{column}`" in sections[name], f"docs/tables.md, {name}: {column}"
        if name == path.name:
            other = project / "reports" / "vi" / path.relative_to(folder)
            assert other.read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(("language", "score"), [("en", "83.00"), ("vi", "83,00")])
def test_a_claim_stands_on_the_page(project, language, score):
    """Trà Vinh, PAR INDEX 2022: 83.00 points, rank 50 (travinh.gov.vn, 2023)."""
    page = (project / "reports" / language / "2022" / "map.html").read_text(encoding="utf-8")
    row = re.search(
        rf"<tr>(?:(?!</tr>).)*(?:Tra Vinh|Trà Vinh)(?:(?!</tr>).)*>{score}<.*?</tr>", page, re.DOTALL
    )
    assert row and ">50<" in row[0] and "travinh-2023" in row[0]


def test_the_clean_page_says_at_its_top_what_was_refused(runs):
    page = runs[-1]
    assert page.index("One row was refused") < page.index("<h2")
    assert "13.14" in page


def test_bad_rows_stop_nothing_and_are_told(project):
    """The second run was with an unknown name, a broken file and an impossible rank."""
    rejected = pd.read_csv(project / "data/processed/rejected.csv", keep_default_na=False)
    told = dict(zip(rejected["problem"], rejected["nearest"], strict=True))
    assert told["an unknown province name"] == "Bình Phước"
    assert "rank above the number ranked" in told
    assert any(problem.startswith("broken CSV") for problem in told)
    page = (project / "reports/en/clean.html").read_text(encoding="utf-8")
    assert "4 rows were refused" in page[: page.index("<h2")]
    assert "papi/2013.csv changed" in page[: page.index("<h2")]


def test_missing_raw_data_is_one_sentence_and_keeps_the_pages(project, environment):
    page = project / "reports/en/2022/map.html"
    before = page.read_bytes()
    (project / "data/raw").rename(project / "data/away")
    try:
        run = make(project, environment, "reports", "YEAR=2022")
    finally:
        (project / "data/away").rename(project / "data/raw")
    assert run.returncode != 0
    said = [line for line in run.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1 and said[0].startswith("Error: The folder of the raw tables, data/raw, is missing")
    assert page.read_bytes() == before
