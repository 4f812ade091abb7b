"""Texts in both languages, and numbers as each language writes them."""

import re
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import wording

TEXTS = wording._texts()


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


def test_vietnamese_texts_carry_diacritics():
    plain = []
    for key, texts in TEXTS.items():
        words = re.sub(r"\{.*?\}|`.*?`|https?\S+", "", texts["vi"])
        # A text of several common words without a single diacritic was left untranslated or unaccented.
        if len(re.findall(r"[a-z]{2,}", words)) >= 4 and words.isascii():
            plain.append(key)
    assert plain == []


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


def test_an_unknown_language_is_named():
    with pytest.raises(ValueError, match="'fr' is not known; choose one of en, vi"):
        wording.text("common.and", "fr")
