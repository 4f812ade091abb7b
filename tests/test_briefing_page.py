"""The page of a briefing: cards, paragraphs that lead to their sources, folded tables."""

import re

import pytest

from helpers import briefing_page, briefing_sentences


@pytest.fixture(scope="module")
def page(facts_of):
    """Markup of all sections of a page by name, and its notes."""

    def of(code, year, language):
        facts = facts_of(code, year)
        said = briefing_sentences.sentences(facts, language)
        notes = briefing_page.Notes(facts, language)
        names = ("overview", *facts["indices"], "targets", "peers", "notes")
        sections = {name: briefing_page.section(name, said, facts, notes, language).markup for name in names}
        return facts, said, sections, notes.listed().markup

    return of


def _text(markup):
    plain = re.sub(r"\u2060?<sup.*?</sup>", "", markup)
    return re.sub(r"<[^>]+>", " ", plain)


@pytest.mark.parametrize(("code", "year"), [("70", 2022), ("84", 2022), ("92", 2021), ("22", 2021)])
@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_sentence_is_shown_once_and_leads_to_its_sources(page, code, year, language):
    facts, said, sections, listed = page(code, year, language)
    shown = sections
    for name, sentences in said.items():
        for sentence in sentences:
            assert _text(shown[name]).count(sentence.text) == 1
    referred = {int(n) for markup in shown.values() for n in re.findall(r'href="#source-(\d+)"', markup)}
    notes = re.findall(r'<li id="source-(\d+)">(.*?)</li>', listed)
    assert [int(number) for number, _ in notes] == list(range(1, len(notes) + 1))
    assert referred == {int(number) for number, _ in notes}
    # Every source of a sentence is among the notes, and none that nothing refers to.
    named = {source for _, note in notes for source in re.findall(r"<code>(.*?)</code>", note)}
    assert named == {source for sentences in said.values() for one in sentences for source in one.sources}
    assert named <= set(facts["sources"])


def test_what_sources_say_otherwise_has_a_paragraph_of_its_own(page):
    _, _, shown, _ = page("70", 2022, "vi")
    paragraphs = re.findall(r"<p>(.*?)</p>", shown["papi"])
    (own,) = [text for text in paragraphs if "giảm 6 bậc" in text]
    assert "giảm 8 bậc" in own
    assert "Trung vị" not in own
    assert "từ thứ 48 đến thứ 51" in own


def test_sentences_on_the_same_sources_share_one_note(page):
    _, said, shown, _ = page("70", 2022, "en")
    assert len(said["papi"]) > shown["papi"].count("<sup")


def test_a_section_without_a_sentence_is_not_there(page):
    assert page("70", 2022, "en")[2]["targets"] == ""


def test_cards_say_what_is_missing(facts_of):
    cards = briefing_page.cards(facts_of("84", 2022), "vi").markup
    par, papi, sipas = re.findall(r"<section.*?</section>", cards)
    assert "50<small>/63</small>" in par
    assert "▲ 7 bậc" in papi
    assert "40,72 điểm" in papi
    assert "Không có số liệu" in sipas
    assert re.search(r'class="figure none">–<', sipas)


def test_the_page_opens_with_the_place_and_its_data(facts_of):
    opened = briefing_page.heading(facts_of("92", 2021), "vi").markup
    assert "năm 2021 của thành phố Cần Thơ</h1>" in opened
    assert 'href="92.json"' in opened
    assert "Can Tho city, 2021" in briefing_page.heading(facts_of("92", 2021), "en").markup


def test_parts_of_components_are_folded(facts_of):
    shown, folded = briefing_page.component_tables(facts_of("70", 2022), "papi", "vi")
    assert shown.markup.count("<tr>") == 9
    assert folded.markup.startswith("<details>")
    assert folded.markup.count("<tr>") == 9 + 28
    assert briefing_page.component_tables(facts_of("70", 2022), "overview", "vi") == []
    assert briefing_page.table("targets", facts_of("70", 2022), "vi").markup == ""


def test_names_are_shown_as_text(facts_of):
    facts = facts_of("70", 2022)
    hostile = {"papi-published": facts["sources"]["papi-published"] | {"reference": '<script>"&'}}
    notes = briefing_page.Notes(facts | {"sources": hostile}, "en")
    notes.marks(["papi-published"])
    assert "<script" not in notes.listed().markup
    assert "&lt;script&gt;&quot;&amp;" in notes.listed().markup
