"""Every text that a reader sees, in English and Vietnamese, and numbers as each language writes them."""

import functools
import math
import re
import string
import sys
import tomllib
import unicodedata
from pathlib import Path

LANGUAGES = ("en", "vi")
MISSING = "–"
_FOLDER = Path(__file__).parent / "texts"

# The order of Vietnamese as the Unicode CLDR has it ("vi", and the root order for what is no letter).
_BEFORE_LETTERS = " _-–—,;:!?….·'’\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_PLACES = {character: place for place, character in enumerate(_BEFORE_LETTERS + _LETTERS, start=1)}
# Of one letter: no mark, then huyền, hỏi, ngã, sắc, nặng.
_TONES = {tone: place for place, tone in enumerate("\u0300\u0309\u0303\u0301\u0323", start=2)}


@functools.cache
def _sections(file):
    """The tables of ``texts/<file>.toml`` by their heads, as written: a process says few of the texts."""
    path = _FOLDER / f"{file}.toml"
    written = path.read_text(encoding="utf-8") if path.is_file() else ""
    _, *parts = re.split(r"^\[(\w+)\]$", written, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


@functools.cache
def _translations(key):
    """A text in every language (dict)."""
    file, _, name = key.partition(".")
    sections = _sections(file)
    if name not in sections:
        raise KeyError(key)
    return tomllib.loads(sections[name])


def preload():
    """
    Read every text now, for the processes that are forked from this one.

    Returns
    -------
    dict
        Texts by key and language, ``{"map.title": {"en": ..., "vi": ...}}``.
    """
    keys = (f"{path.stem}.{name}" for path in sorted(_FOLDER.glob("*.toml")) for name in _sections(path.stem))
    return {key: _translations(key) for key in keys}


def check_language(language):
    """
    Refuse a language that the texts do not have.

    Parameters
    ----------
    language : str

    Raises
    ------
    ValueError
        If `language` is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not known; choose one of {', '.join(LANGUAGES)}")


def text(key, language, **values):
    """
    Look up a text.

    Parameters
    ----------
    key : str
        ``<file>.<key>`` of ``texts/<file>.toml``, for example ``map.title``.
    language : {"en", "vi"}
    **values
        What the braces of the text stand for.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the language is unknown.
    KeyError
        If there is no such text, or a value for one of its braces is not given.
    """
    check_language(language)
    return _translations(key)[language].format(**values)


def translated(prefix, english, language):
    """
    Say an English phrase of a table in another language.

    Parameters
    ----------
    prefix : str
        How the keys of the phrases begin, for example ``clean.problem_``.
    english : str
        The phrase, as the English text of one of these keys. What its braces stand for may be such a phrase
        too; else it is taken over, decimal numbers as the language writes them.
    language : {"en", "vi"}

    Returns
    -------
    str
        The English phrase itself where no text has it: tables also hold what files say.
    """
    check_language(language)
    if language == "en":
        return english
    for pattern, said in _phrases(prefix, language):
        if found := pattern.fullmatch(english):
            values = {name: _taken_over(prefix, value, language) for name, value in found.groupdict().items()}
            return said.format(**values)
    return english


@functools.cache
def _phrases(prefix, language):
    """Patterns of the English phrases with their translations: whole phrases first."""
    found = []
    file, _, start = prefix.partition(".")
    for texts in (_translations(f"{file}.{name}") for name in _sections(file) if name.startswith(start)):
        parts = [
            re.escape(text) + (f"(?P<{name}>.+?)" if name else "")
            for text, name, _, _ in string.Formatter().parse(texts["en"])
        ]
        found.append((re.compile("".join(parts), re.DOTALL), texts[language]))
    return sorted(found, key=lambda phrase: phrase[0].groups > 0)


def _taken_over(prefix, value, language):
    if language == "vi" and re.fullmatch(r"-?\d+\.\d+", value):
        return value.replace(".", ",")
    return translated(prefix, value, language)


def number(value, language, decimals=2):
    """
    Write a number as the language does: 83.00 in English, 83,00 in Vietnamese.

    Parameters
    ----------
    value : float or None
    language : {"en", "vi"}
    decimals : int

    Returns
    -------
    str
        A dash where `value` is missing; a true minus sign before negative numbers, none before a zero.
    """
    check_language(language)
    if value is None or math.isnan(value):
        return MISSING
    written = f"{value:,.{decimals}f}"
    if float(written.replace(",", "")) == 0:
        written = written.lstrip("-")
    if language == "vi":
        written = written.translate(str.maketrans(",.", ".,"))
    return written.replace("-", "−")


def listing(names, language):
    """
    Write names one after another: "a, b and c", "a, b và c".

    Parameters
    ----------
    names : iterable of str
    language : {"en", "vi"}

    Returns
    -------
    str
        Empty for no names.
    """
    names = list(names)
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {text('common.and', language)} {names[-1]}"


def collation_key(text):
    """
    Make the key by which Vietnamese texts sort as in a dictionary: ``sorted(names, key=collation_key)``.

    Parameters
    ----------
    text : str
        Composed or decomposed: both have the same key.

    Returns
    -------
    str
        Letters decide first (a ă â b c d đ e ê ... o ô ơ ... u ư ... y; a space before a hyphen before digits
        before letters), then tones (none, huyền, hỏi, ngã, sắc, nặng), then capitals after small letters.
        Equal texts alone have equal keys.

    Notes
    -----
    The collation "vi" of the Unicode Common Locale Data Repository, which browsers and offices follow too.
    Characters that Vietnamese does not use come after z, by code point; other marks after the tones.
    """
    composed = unicodedata.normalize("NFC", text)
    letters, marks, cases = [], [], []
    for cluster in _clusters(composed):
        # The marks of ă â ê ô ơ ư make letters of their own; they may stand behind a tone.
        base, own = cluster[0].lower(), cluster[1:]
        for mark in cluster[1:]:
            if unicodedata.normalize("NFC", base + mark) in _PLACES:
                base, own = unicodedata.normalize("NFC", base + mark), own.replace(mark, "", 1)
                break
        letters.append(_PLACES.get(base) or min(len(_PLACES) + ord(base[0]), sys.maxunicode))
        marks += [1, *(_TONES.get(mark, len(_TONES) + ord(mark)) for mark in own)]
        cases.append(1 + cluster[0].isupper())
    return "\0".join(["".join(map(chr, level)) for level in (letters, marks, cases)] + [composed])


def _clusters(text):
    """Part a text into characters with the marks that belong to them."""
    clusters = []
    for character in unicodedata.normalize("NFD", text):
        if clusters and unicodedata.combining(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def alphabetical(names, language):
    """
    Sort names as a reader of the language looks for them.

    Parameters
    ----------
    names : iterable of str
    language : {"en", "vi"}

    Returns
    -------
    list of str
        In Vietnamese by `collation_key`; in English by letters alone, without marks and capitals.
    """
    check_language(language)
    return sorted(names, key=collation_key if language == "vi" else _plain_key)


def _plain_key(name):
    bare = "".join(cluster[0] for cluster in _clusters(name)).casefold().replace("đ", "d")
    return bare, name


def speaker(language):
    """
    Make the function by which a notebook speaks to its reader.

    Parameters
    ----------
    language : {"en", "vi"}

    Returns
    -------
    callable
        ``say(key, **values)`` shows the text as Markdown in the notebook and on the page.
    """
    check_language(language)

    def say(key, **values):
        from IPython.display import Markdown, display

        display(Markdown(text(key, language, **values)))

    return say
