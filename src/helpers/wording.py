"""Every text that a reader sees, in English and Vietnamese, and numbers as each language writes them."""

import functools
import math
import tomllib
from pathlib import Path

LANGUAGES = ("en", "vi")
MISSING = "–"


@functools.cache
def _texts():
    texts = {}
    for path in sorted((Path(__file__).parent / "texts").glob("*.toml")):
        for key, translations in tomllib.loads(path.read_text(encoding="utf-8")).items():
            texts[f"{path.stem}.{key}"] = translations
    return texts


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
    return _texts()[key][language].format(**values)


def translated(prefix, english, language):
    """
    Say an English phrase of a table in another language.

    Parameters
    ----------
    prefix : str
        How the keys of the phrases begin, for example ``clean.problem_``.
    english : str
        The phrase, as the English text of one of these keys.
    language : {"en", "vi"}

    Returns
    -------
    str
        The English phrase itself where no text has it: phrases may hold values of a table.
    """
    check_language(language)
    phrases = (texts for key, texts in _texts().items() if key.startswith(prefix))
    return next((texts[language] for texts in phrases if texts["en"] == english), english)


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
