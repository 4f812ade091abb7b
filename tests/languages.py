"""What is left in the wrong language: checks of texts and pages that several test files share."""

import re
import tomllib
import unicodedata
from pathlib import Path

import html5lib

_MARKED = "ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9àảãáèéìíòóõùúýÀÁÈÉÌÍÒÓÕÙÚÝ"
_VIETNAMESE = re.compile(rf"[^\W\d_]*[{_MARKED}][^\W\d_]*")
_WORD = re.compile(r"[^\W\d_]+")
# What belongs to no language: values of a text, code, addresses, names of files, columns and sources.
_CODE = re.compile(
    r"\b[a-z]+/\{\w+\}|\{.*?\}|`.*?`|\"[a-z_]+\""
    r"|<[^<>\s][^<>]*>|(?:https?://|www\.)\S+|\b(?:data|reports|src|docs|make)[/ ][\w/.*-]+"
    r"|[\w/*-]+\.(?:csv|toml|html|ipynb|json|png|svg|pdf|xlsx|gpkg|org|vn|com)\b\S*"
    r"|\w+_\w+|\b\w*\d\w*\b|\b[a-z]+(?:-[a-z0-9]+)*-[0-9a-f]{4,}\b|\b\w+ = (?:\{[^}]*\}|\[[^\]]*\]|\S+)"
)
_ATTRIBUTES = ("alt", "title", "aria-label", "aria-description", "placeholder", "content")
_SILENT = ("script", "style", "code", "pre", "samp", "kbd", "template")
# Sources are cited by their identifiers, and some of these are made of words.
_SOURCE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+(?:\s*[|,]\s*[a-z0-9]+(?:-[a-z0-9]+)+)*")

_LISTED = tomllib.loads((Path(__file__).parent / "data" / "bare_syllables.toml").read_text(encoding="utf-8"))
_ALONE = frozenset(_LISTED["alone"].split())
_TOGETHER = [phrase.strip().split() for phrase in re.split(r"[/\n]", _LISTED["together"]) if phrase.strip()]
# Words of English that are no syllables of Vietnamese and no part of a name here.
_ENGLISH = frozenset(_LISTED["english"].split())
_NAMES = frozenset(_LISTED["names"].split())


def english_in(text):
    """English words in a Vietnamese text (list of str)."""
    return [word for word in _WORD.findall(_CODE.sub(" ", text)) if word.lower() in _ENGLISH]


def vietnamese_in(text, names=()):
    """Words with Vietnamese letters in an English text, but for those in some names (list of str)."""
    allowed = {word for name in names for word in _WORD.findall(name)}
    return [word for word in _VIETNAMESE.findall(_CODE.sub(" ", text)) if word not in allowed]


def bare_in(text, names=()):
    """Syllables of a Vietnamese text without any mark that may have lost it (list of str)."""
    words = _WORD.findall(_CODE.sub(" ", unicodedata.normalize("NFC", text)))
    allowed = _NAMES | {word for name in names for word in _WORD.findall(name)}
    small = [word.lower() for word in words]
    found = []
    for place, word in enumerate(words):
        if not word.isascii() or len(word) == 1 or small[place] in _ALONE or word in allowed:
            continue
        if not any(_stands_in(small, place, [part.lower().strip(",") for part in p]) for p in _TOGETHER):
            found.append(word)
    return found


def _stands_in(words, place, phrase):
    return any(
        words[place - at : place - at + len(phrase)] == phrase
        for at, part in enumerate(phrase)
        if part == words[place] and at <= place
    )


def visible(page):
    """
    Collect what a reader of a page sees or hears.

    Parameters
    ----------
    page : str
        HTML.

    Returns
    -------
    language : str
        Of the page.
    texts : list of str
        Texts of elements, in one piece each, and texts of attributes; without code and without elements that
        say that they are of another language.
    """
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    language = tree.get("lang")
    return language, list(_texts(tree, language))


def _texts(element, language):
    if (
        not isinstance(element.tag, str)
        or element.tag in _SILENT
        or element.get("lang", language) != language
    ):
        return
    for name in _ATTRIBUTES:
        # Of the meta elements only the description is for readers.
        value = element.get(name) if element.tag != "meta" or element.get("name") == "description" else ""
        if value and not _SOURCE.fullmatch(value):
            yield value
    own = " ".join([element.text or "", *(child.tail or "" for child in element)]).strip()
    if own and not _SOURCE.fullmatch(own):
        yield own
    for child in element:
        yield from _texts(child, language)


def untranslated(page, names=()):
    """
    Find what a page says in the language that is not its own.

    Parameters
    ----------
    page : str
        HTML; its element ``html`` says the language.
    names : iterable of str
        Names that English pages write with their marks.

    Returns
    -------
    list of str
        Of a Vietnamese page the texts with English words, of an English one those with Vietnamese letters.
    """
    language, texts = visible(page)
    if language == "vi":
        return [text for text in texts if english_in(text)]
    return [text for text in texts if vietnamese_in(text, names)]
