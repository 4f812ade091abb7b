"""Attacks on the briefing: facts against the published tables by hand, sentences against each other."""

import copy
import csv
import random
import re
from html.parser import HTMLParser

import pytest

from helpers import briefing, briefing_page, briefing_sentences, indices, registry

HOSTILE = '"><script>alert(1)</script> & \u202e {x} $a$'


@pytest.fixture(scope="module")
def units(root):
    with open(root / "data/raw/provinces/provinces63.csv", encoding="utf-8") as file:
        return {row["gso_code"]: row for row in csv.DictReader(file)}


def _published(root, year):
    """Totals of PAPI as the published parts add up; without provinces that lack a part."""
    with open(root / f"data/raw/papi/{year}.csv", encoding="utf-8") as file:
        parts = {row.pop("gso_code"): list(row.values())[1:] for row in csv.DictReader(file)}
    return {code: sum(map(float, cells)) for code, cells in parts.items() if all(map(str.strip, cells))}


# Two provinces lack everything in 2014, and some parts in 2022.
@pytest.mark.parametrize("year", [2014, 2022])
def test_published_parts_give_rank_region_median_and_distances(root, units, book, year):
    totals = _published(root, year)
    middle = sorted(totals.values())
    middle = (middle[len(middle) // 2] + middle[(len(middle) - 1) // 2]) / 2
    for code in ["24", *list(units)[::4]]:
        entry, own = book.facts(code, year)["indices"]["papi"], totals.get(code)
        if own is None:
            assert (entry["score"], entry["rank"], entry["region6"]["rank"]) == (None, None, None)
            continue
        assert entry["score"] == pytest.approx(own, abs=2e-6)
        assert entry["rank"] == 1 + sum(other > own for other in totals.values())
        assert entry["ranked"] == len(totals)
        for scope in ("region6", "region8"):
            there = [totals[o] for o in totals if units[o][scope] == units[code][scope]]
            place = (entry[scope]["rank"], entry[scope]["of"])
            assert place == (1 + sum(other > own for other in there), len(there))
        assert entry["median"]["distance"] == pytest.approx(own - middle, abs=2e-6)
        above = [other for other in totals.values() if other > own]
        if above:
            assert entry["next_better"]["distance"] == pytest.approx(min(above) - own, abs=2e-6)
        else:
            assert entry["next_better"] is None


def test_bounds_in_a_region_are_all_that_the_free_ranks_allow(units, book):
    par = book.figures.query("index == 'par' and year == 2021 and component == ''").dropna(subset="rank")
    ranks = dict(zip(par["gso_code"], par["rank"].astype(int), strict=True))
    assert len(set(ranks.values())) == len(ranks) < 63
    free = set(range(1, 64)) - set(ranks.values())
    bounds = 0
    for code, own in list(ranks.items())[::2]:
        entry = book.facts(code, 2021)["indices"]["par"]
        for scope in ("region6", "region8"):
            place = entry[scope]
            members = [other for other in units if units[other][scope] == units[code][scope]]
            better = sum(ranks[other] < own for other in members if other in ranks)
            hidden = sum(other not in ranks for other in members)
            before, after = (sum(rank < own for rank in free), sum(rank > own for rank in free))
            possible = [better + k + 1 for k in range(hidden + 1) if k <= before and hidden - k <= after]
            ends = [min(possible), max(possible)]
            if place["rank"] is None:
                assert place["between"] == ends
                bounds += 1
            else:
                assert ends[0] <= place["rank"] <= ends[1]
    assert bounds > 5


def _numbers(text, language):
    """Numbers of a sentence, written alike."""
    if language == "vi":
        text = re.sub(r"(?<=\d),(?=\d)", ".", text.replace("thứ nhất", "thứ 1"))
    return sorted(re.findall(r"\d+(?:\.\d+)?", text))


def test_both_languages_say_the_same_numbers_and_no_broken_text(root, units, book):
    broken = {
        "vi": r" {2}|[{}]|None|\bnan\b|\.\.|(?i:\b(tỉnh|thành phố|vùng|chỉ số|thứ|năm) \1\b)",
        "en": r" {2}|[{}]|None|\bnan\b|\.\.|\b(the|in|of) \1\b|\b1 (places|groups)\b|\d*1[123](st|nd|rd)\b",
    }
    years = (2011, 2013, 2015, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024)
    for place, code in enumerate(list(units)[::3]):
        facts = book.facts(code, years[place % len(years)])
        said = {
            language: [
                sentence
                for section in briefing_sentences.sentences(facts, language, root / "data/raw").values()
                for sentence in section
            ]
            for language in broken
        }
        for en, vi in zip(said["en"], said["vi"], strict=True):
            assert (en.key, en.sources) == (vi.key, vi.sources)
            # Vietnamese names the number of all provinces twice where English names it once.
            if not en.key.startswith("coverage"):
                assert _numbers(en.text, "en") == _numbers(vi.text, "vi"), (code, vi.text)
            for sentence, language in ((en, "en"), (vi, "vi")):
                assert not re.search(broken[language], sentence.text), sentence.text


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_texts_of_sources_stay_texts(book, root):
    facts = copy.deepcopy(book.facts("84", 2022))
    for source in facts["sources"].values():
        source["publisher"], source["reference"] = HOSTILE, "https://e.vn/" + HOSTILE.replace(" ", "")
    notes = briefing_page.Notes(facts, "vi")
    said = briefing_sentences.sentences(facts, "vi", root / "data/raw")
    for section in said:
        briefing_page.section(section, said, facts, notes, "vi")
    tags = _Tags()
    tags.feed(notes.listed()._repr_html_())
    assert tags.names <= {"h2", "ol", "li", "code", "a", "span", "p", "details", "summary"}
    assert tags.attributes <= {"class", "id", "href", "lang"}


def test_a_synthetic_annex_with_ties(raw, units):
    draw = random.Random(6)
    scores = {code: round(draw.uniform(70, 95), 1) for code in units}
    ordered = sorted(scores, key=scores.get, reverse=True)
    # Two are first, three share a place in the middle, two are last.
    scores[ordered[1]] = scores[ordered[0]]
    scores[ordered[30]] = scores[ordered[31]] = scores[ordered[32]]
    scores[ordered[-2]] = scores[ordered[-1]]
    ranks = {code: 1 + sum(other > score for other in scores.values()) for code, score in scores.items()}
    lines = ['"Tỉnh, thành phố",Chỉ số CCHC năm 2022,Xếp hạng']
    lines += [f"{units[code]['name_vi']},{score:.2f},{ranks[code]}" for code, score in scores.items()]
    (raw / "par" / "synthetic-2022.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    cleaned = indices.clean(raw)
    figures = cleaned.figures
    beside = (cleaned.changes, cleaned.conflicts, cleaned.regional)
    book = briefing.Book(raw, figures, registry.load(raw), *beside, [])
    for code in ordered[:4] + ordered[29:34] + ordered[-3:]:
        facts = book.facts(code, 2022)
        entry = facts["indices"]["par"]
        assert (entry["score"], entry["rank"], entry["ranked"]) == (scores[code], ranks[code], 63)
        members = [o for o in units if units[o]["region6"] == units[code]["region6"]]
        assert entry["region6"]["rank"] == 1 + sum(scores[o] > scores[code] for o in members)
        above = [score for score in scores.values() if score > scores[code]]
        if above:
            nearest = sorted(o for o in scores if scores[o] == min(above))
            assert entry["next_better"]["provinces"] == nearest
            assert entry["next_better"]["distance"] == pytest.approx(min(above) - scores[code])
    (first,) = [
        sentence.text
        for sentence in briefing_sentences.sentences(book.facts(ordered[0], 2022), "en", raw)["par"]
        if sentence.key == "first"
    ]
    assert first.endswith(f"first in the country jointly with {units[ordered[1]]['name_en']}.")
