"""How a page, or all of them, is cited."""

import html
import re

from helpers import wording

# As CITATION.cff says; names are not translated.
FACTS = {
    "author": "The contributors of Provincial Governance",
    "title": "Provincial Governance: PAR INDEX, PAPI and SIPAS of the Vietnamese provinces",
    "year": "2026",
    "version": "0.1.0",
}


def cited(language, page=""):
    """
    Say how to cite.

    Parameters
    ----------
    language : {"en", "vi"}
    page : str
        Title of the page; "" for the whole.

    Returns
    -------
    dict of str
        "heading", "line" (the reference), "markup" (the same as HTML, with the language of the names),
        "publishers" (whom to name besides), "bibtex" and its label
        "bibtex_label".
    """
    line = wording.text("citation.page" if page else "citation.site", language, page=page, **FACTS)
    own = {name: _in_braces(text) for name, text in (FACTS | {"page": page}).items()}
    entry = [f"  author = {{{{{own['author']}}}}}"]
    entry += [f"  title = {{{{{own['page'] or own['title']}}}}}"]
    entry += [f"  booktitle = {{{{{own['title']}}}}}"] if page else []
    entry += [f"  year = {{{own['year']}}}", f"  version = {{{own['version']}}}"]
    kind = "incollection" if page else "misc"
    return {
        "heading": wording.text("citation.heading", language),
        "line": line,
        "markup": _spoken(line),
        "publishers": wording.text("citation.publishers", language),
        "bibtex_label": wording.text("citation.bibtex", language),
        "bibtex": f"@{kind}{{provincial-governance,\n" + ",\n".join(entry) + "\n}",
    }


def _spoken(line):
    written = html.escape(line)
    for name in ("author", "title"):
        words = html.escape(FACTS[name])
        written = written.replace(words, f'<span lang="en">{words}</span>')
    return written


def _in_braces(text):
    """What BibTeX and TeX would take for orders is written as what it shows."""
    return re.sub(r"([{}%#&$_])", r"\\\1", text.replace("\\", ""))
