"""Nothing is left untranslated, no Vietnamese word has lost its marks: texts, registry, tables, figures."""

import re
import tomllib
import unicodedata

import languages
import pictures
import pytest
import test_refusals
from matplotlib import text as artists

from helpers import account, maps, provinces, site, wording

TEXTS = wording.preload()
# Texts of both languages in the same words, and why.
SAME = {
    "models.column_p": "a symbol, and the name of a method",
    "reading.kind_pdf": "the name of a format",
    "spatial.brief": "the name of a statistic",
    "spatial.regression_clause": "the name of a statistic",
    "spatial.column_estimate": "the name of a statistic",
    "spatial.column_aic": "the name of a criterion",
}
# What a reader of English knows with its marks.
PEOPLE = ["Cramér"]
# A tone on the second vowel: "hoà" and "thuỷ". The texts put it on the first: "hòa" and "thủy".
MODERN_TONES = re.compile(r"\w*(?:o[àáảãạ]|o[èéẻẽẹ]|(?<!q)u[ỳýỷỹỵ])(?!\w)", re.IGNORECASE)
TONES = "\u0300\u0309\u0303\u0301\u0323"


@pytest.fixture(scope="module")
def names(root):
    """Names of provinces, old and new."""
    return [
        units.name(code, "vi")
        for units in (provinces.load(root / "data" / "raw", vintage) for vintage in provinces.VINTAGES)
        for code in units.codes
    ]


def _said(node, key=""):
    """Every text of a registry under a key of a language: (language, text)."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _said(value, name)
    elif isinstance(node, str) and key in wording.LANGUAGES:
        yield key, node


def _faults(text):
    """Say what is wrong with the letters of a Vietnamese text."""
    decomposed = unicodedata.normalize("NFD", text)
    found = []
    if text != unicodedata.normalize("NFC", text):
        found.append("decomposed letters")
    if re.search(rf"[{TONES}][\u0302\u0306\u031b]*[{TONES}]", decomposed):
        found.append("two tones on one letter")
    if MODERN_TONES.search(text):
        found.append("a tone on another vowel than elsewhere")
    return found


# --- the texts ---------------------------------------------------------------------------------------------


def test_both_languages_say_it_in_their_own_words():
    same = {
        key
        for key, said in TEXTS.items()
        if said["en"] == said["vi"] and re.search(r"[^\W\d_]{2,}", re.sub(r"\{.*?\}", "", said["en"]))
    }
    assert same == set(SAME)


def test_vietnamese_texts_hold_no_english_and_english_ones_no_vietnamese(names):
    assert {key: found for key, t in TEXTS.items() if (found := languages.english_in(t["vi"]))} == {}
    allowed = [*PEOPLE, *names]
    found = {key: languages.vietnamese_in(said["en"], allowed) for key, said in TEXTS.items()}
    # The name of a language is written in it.
    assert {key: words for key, words in found.items() if words and key != "site.language"} == {}


def test_no_syllable_has_lost_its_marks(names):
    found = {key: words for key, said in TEXTS.items() if (words := languages.bare_in(said["vi"], names))}
    assert found == {}, "right without a mark? then tests/data/bare_syllables.toml says so"


def test_letters_are_composed_and_tones_in_one_place(names):
    vietnamese = {key: said["vi"] for key, said in TEXTS.items()} | {name: name for name in names}
    assert {key: faults for key, text in vietnamese.items() if (faults := _faults(text))} == {}


def test_the_registry_is_in_both_languages(root, names):
    known = tomllib.loads((root / "data" / "raw" / "indices.toml").read_text(encoding="utf-8"))
    for language, text in _said(known):
        if language == "vi":
            assert not languages.english_in(text), text
            assert not languages.bare_in(text, names), text
            assert not _faults(text), text
        else:
            assert not languages.vietnamese_in(text, names), text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Nguyễn Hu" + unicodedata.normalize("NFD", "ệ"), "decomposed letters"),
        ("cả\u0301 nước", "two tones on one letter"),
        ("hoá đơn", "a tone on another vowel than elsewhere"),
        ("quý I, thủy lợi, loại, toàn tỉnh", None),
    ],
)
def test_faults_of_letters_are_noticed(text, fault):
    assert _faults(text) == ([fault] if fault else [])


def test_lost_marks_are_noticed():
    assert languages.bare_in("Tinh Bình Phước xếp thứ 56 trong ca nước nam 2022") == ["Tinh", "ca", "nam"]
    assert languages.bare_in("Việt Nam: giai đoạn 2011–2024, so với năm trước, điểm trung vị `rank`") == []


# --- pages -------------------------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html><html lang="{language}"><head><title>{text}</title><style>the of</style></head>
<body><p>{own} <code>the rank of</code> <span lang="{other}">{foreign}</span></p>
<figure><img src="x.png" alt="{alt}"></figure><table><caption>{own}</caption><tr><th scope="row">{own}</th>
<td>travinh-of-the-2023</td><td><a href="x.csv">change_the_rank.csv</a></td></tr></table>
<svg role="img" aria-label="{own}"><title>{own}</title><text>{drawn}</text></svg></body></html>"""


@pytest.mark.parametrize("where", ["text", "alt", "drawn", "own"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_untranslated_words_of_a_page_are_found_wherever_they_stand(language, where):
    own, foreign = "Thứ hạng của tỉnh", "The rank of the province"
    if language == "en":
        own, foreign = foreign, own
    said = dict.fromkeys(("text", "alt", "drawn", "own"), own)
    values = {"language": language, "other": "en" if language == "vi" else "vi", "foreign": foreign}
    assert languages.untranslated(PAGE.format(**values, **said)) == []
    said[where] = foreign
    assert set(languages.untranslated(PAGE.format(**values, **said))) == {foreign}


def test_names_of_provinces_may_keep_their_marks_in_english():
    page = '<html lang="en"><p>Thừa Thiên Huế is a province; so is Huế.</p></html>'
    assert languages.untranslated(page, ["Thừa Thiên Huế"]) == []
    assert languages.untranslated(page)


# --- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", test_refusals.BAD)
def test_every_refusal_is_said_in_vietnamese(tmp_path, name):
    rows, problem, _, _ = test_refusals.BAD[name]
    error = test_refusals._refusal(test_refusals._save(tmp_path / f"{name}.xlsx", rows))
    for prefix, english in (
        ("clean.problem_", problem),
        ("refusals.expected_", error.expected),
        ("refusals.value_", error.value),
    ):
        vietnamese = wording.translated(prefix, english, "vi")
        assert not languages.english_in(vietnamese), vietnamese
        assert wording.translated(prefix, english, "en") == english


def test_the_table_of_refusals_is_in_the_language_of_the_page(cleaned):
    sentence, table = account.refused(cleaned, "vi")
    made = site.table(table, "vi", "Các dòng bị loại").markup
    page = f'<html lang="vi"><p>{sentence}</p>{made}</html>'
    assert languages.untranslated(page) == []
    assert "điểm từ 0 đến 6,5" in page and ">13.14<" in page, "what a file says is told as it stands there"
    _, table = account.refused(cleaned, "en")
    assert "a score from 0 to 6.5" in table.to_string()


# --- figures -----------------------------------------------------------------------------------------------


DRAWN = {
    "score": lambda atlas, language: maps.score(atlas, "papi", 2022, language),
    "rank": lambda atlas, language: maps.rank(atlas, "par", 2022, language),
    "change": lambda atlas, language: maps.change(atlas, "papi", 2022, language),
    "group": lambda atlas, language: maps.group(atlas, "papi", 2022, language),
    "gap": lambda atlas, language: maps.paper_against_citizens(atlas, 2022, language),
    "pair": lambda atlas, language: maps.bivariate(atlas, "par", "papi", 2022, language, "rank"),
    "clusters": lambda atlas, language: maps.clusters(atlas, "papi", 2020, language),
    "tiles": lambda atlas, language: maps.tiles(atlas, "papi", 2022, language),
    "years": lambda atlas, language: maps.years(atlas, "sipas", language),
    "units": lambda atlas, language: maps.regions(atlas, language),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_figures_speak_the_language_of_their_page(atlas, names, kind):
    for language in wording.LANGUAGES:
        made = DRAWN[kind](atlas, language)
        said = [text.get_text() for text in made.figure.findobj(artists.Text)]
        said += [texts[language] for texts in made.words.values()]
        said += [made.caption, *(part for gap in made.gaps for part in gap), *map(str, made.worded.columns)]
        pictures.close()
        if language == "vi":
            assert [text for text in said if languages.english_in(text)] == []
            assert {text: bare for text in said if (bare := languages.bare_in(text, names))} == {}
        else:
            assert [text for text in said if languages.vietnamese_in(text, names)] == []


@pytest.mark.parametrize("kind", DRAWN)
def test_an_unknown_language_is_refused_at_the_door(atlas, kind):
    with pytest.raises(ValueError, match="language 'fr' is not known; choose one of en, vi"):
        DRAWN[kind](atlas, "fr")
