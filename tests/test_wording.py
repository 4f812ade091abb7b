"""Texts in both languages, and numbers as each language writes them."""

import itertools
import random
import string
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import wording

TEXTS = wording.preload()
# Names and syllables in the order of ICU's collator, not of this project; the file says which.
COLLATED = (Path(__file__).parent / "data" / "collation_vi.txt").read_text(encoding="utf-8").splitlines()[1:]
# Letters, marks and signs of Vietnamese names, for random ones.
letters = st.text(st.sampled_from("aăâàáạAÀÁđĐdeêềệEiìoôơờợOuưứU -1\u0301\u0323\u0302"), max_size=6)


def _names(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_every_text_is_whole_in_both_languages(key):
    texts = TEXTS[key]
    assert set(texts) == set(wording.LANGUAGES)
    assert _names(texts["en"]) == _names(texts["vi"]), "both languages use the same values"
    for language, text in texts.items():
        assert text.strip(), language
        assert text == unicodedata.normalize("NFC", text)


def test_texts_read_one_by_one_are_those_of_the_whole_files():
    folder = Path(wording.__file__).parent / "texts"
    whole = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.toml")}
    assert {f"{file}.{key}": texts for file, found in whole.items() for key, texts in found.items()} == TEXTS


@pytest.mark.parametrize("key", ["map.no_such_text", "no_such_file.title", "title", ""])
def test_a_text_that_is_not_there_is_named(key):
    with pytest.raises(KeyError, match=f"'{key}'"):
        wording.text(key, "en")


@pytest.mark.parametrize(
    ("value", "decimals", "english", "vietnamese"),
    [
        (83, 2, "83.00", "83,00"),
        (-0.4, 1, "−0.4", "−0,4"),
        (-0.001, 2, "0.00", "0,00"),
        (328406.4, 0, "328,406", "328.406"),
        (None, 2, "–", "–"),
        (float("nan"), 2, "–", "–"),
    ],
)
def test_numbers(value, decimals, english, vietnamese):
    assert wording.number(value, "en", decimals) == english
    assert wording.number(value, "vi", decimals) == vietnamese


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_written_number_reads_back(value, decimals):
    english = wording.number(value, "en", decimals).replace(",", "").replace("−", "-")
    vietnamese = wording.number(value, "vi", decimals).replace(".", "").replace(",", ".").replace("−", "-")
    assert float(english) == float(vietnamese) == pytest.approx(value, abs=0.5001 * 10**-decimals)


def test_listing():
    assert wording.listing(["Hà Nội"], "vi") == "Hà Nội"
    assert wording.listing(["a", "b", "c"], "en") == "a, b and c"
    assert wording.listing(["a", "b", "c"], "vi") == "a, b và c"
    assert wording.listing([], "en") == ""


def test_vietnamese_sorts_as_in_a_dictionary(places):
    assert len(COLLATED) > 350 and {*places.table["name_vi"], "Huế"} <= set(COLLATED)
    assert sorted(COLLATED, key=wording.collation_key) == COLLATED
    shuffled = random.Random(1).sample(COLLATED, len(COLLATED))
    assert wording.alphabetical(shuffled, "vi") == COLLATED
    decomposed = [unicodedata.normalize("NFD", name) for name in shuffled]
    assert [unicodedata.normalize("NFC", n) for n in wording.alphabetical(decomposed, "vi")] == COLLATED


def test_each_language_has_its_alphabet():
    names = ["Đà Nẵng", "Đồng Nai", "Điện Biên", "Đắk Lắk", "Gia Lai", "Cà Mau", "Cao Bằng", "An Giang"]
    assert wording.alphabetical(names, "vi") == [
        "An Giang", "Cà Mau", "Cao Bằng", "Đà Nẵng", "Đắk Lắk", "Điện Biên", "Đồng Nai", "Gia Lai"
    ]  # fmt: skip
    english = ["Gia Lai", "Da Nang", "Ha Noi", "Dak Lak", "Can Tho", "Ba Ria - Vung Tau", "Bac Lieu"]
    assert wording.alphabetical(english, "en") == [
        "Ba Ria - Vung Tau", "Bac Lieu", "Can Tho", "Da Nang", "Dak Lak", "Gia Lai", "Ha Noi"
    ]  # fmt: skip
    # The dictionary has ă after every a, and "Đ" as a letter of its own.
    assert wording.alphabetical(["Bắc Kạn", "Bàn Cờ", "dưa", "đa"], "vi") == [
        "Bàn Cờ",
        "Bắc Kạn",
        "dưa",
        "đa",
    ]
    assert wording.alphabetical(["Bắc Kạn", "Bàn Cờ", "dưa", "đa"], "en") == [
        "Bắc Kạn",
        "Bàn Cờ",
        "đa",
        "dưa",
    ]


@given(letters, letters)
def test_equal_texts_alone_have_equal_keys(first, second):
    composed, other = (unicodedata.normalize("NFC", text) for text in (first, second))
    assert wording.collation_key(first) == wording.collation_key(composed)
    assert (wording.collation_key(first) == wording.collation_key(second)) == (composed == other)


@given(st.text())
def test_any_text_has_a_key(text):
    assert wording.collation_key(text) == wording.collation_key(unicodedata.normalize("NFC", text))
    assert wording.collation_key(text) >= wording.collation_key("")


@given(letters, letters, st.sampled_from("bcghkv"))
def test_what_follows_equal_beginnings_decides(first, second, beginning):
    keys = [wording.collation_key(text) for text in (first, second)]
    longer = [wording.collation_key(f"{beginning} {text}") for text in (first, second)]
    # A mark at the beginning would join the space; marks never begin a name.
    if not any(text and unicodedata.combining(text[0]) for text in (first, second)):
        assert (keys[0] < keys[1]) == (longer[0] < longer[1])


def test_phrases_of_tables_are_translated_with_what_they_hold():
    def said(english):
        return wording.translated("refusals.expected_", english, "vi")

    assert said("a score, a rank or a change") == "điểm, thứ hạng hoặc mức thay đổi"
    assert said("a score from 0 to 6.5") == "điểm từ 0 đến 6,5"
    # A phrase inside a phrase.
    assert said("a file that can be read: save it without a password") == (
        "tệp đọc được: hãy lưu tệp không có mật khẩu"
    )
    assert said("something that no text has") == "something that no text has"
    assert wording.translated("refusals.expected_", "a score from 0 to 6.5", "en") == "a score from 0 to 6.5"
    with pytest.raises(ValueError, match="'fr' is not known"):
        wording.translated("refusals.expected_", "a score from 0 to 6.5", "fr")


def test_a_phrase_means_one_thing():
    """No English phrase has two translations under one beginning of keys."""
    for beginning in ("clean.problem_", "refusals.expected_", "refusals.value_", "refusals.field_"):
        texts = [said for key, said in TEXTS.items() if key.startswith(beginning)]
        assert len(texts) > 8
        for first, second in itertools.combinations(texts, 2):
            assert first["en"] != second["en"], first


def test_an_unknown_language_is_named():
    with pytest.raises(ValueError, match="'fr' is not known; choose one of en, vi"):
        wording.text("common.and", "fr")
