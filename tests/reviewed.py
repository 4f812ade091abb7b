"""
Briefings in words that a person has read: ``tests/reviewed/<code>-<year>.<language>.txt``.

``python tests/reviewed.py`` writes them anew. Run it after a change that was meant, read every sentence that
changed (the Vietnamese ones aloud), and keep the files.
"""

import tempfile
from pathlib import Path

from helpers import briefing, briefing_sentences, files, indices, registry, targets, wording

FOLDER = Path(__file__).resolve().parent / "reviewed"
# Provinces by what is special about them.
SITUATIONS = {
    "a city, ranks in its region stated by a source": ("92", 2021),
    "no PAPI result, first in SIPAS, only ranks": ("22", 2021),
    "components of which only changes are stated": ("42", 2021),
    "a new low, a claim that differs, only ranks": ("70", 2022),
    "targets, of which one is reached": ("84", 2022),
    "only some dimensions of PAPI": ("24", 2022),
    "sources in conflict": ("31", 2023),
    "first in PAPI in the first year of a series": ("46", 2021),
    "a target that components would close": ("82", 2023),
    "a pilot of ten provinces, four indices": ("01", 2015),
}


def text(facts, language):
    """All sentences of a briefing, one a line, below the names of their sections."""
    lines = []
    for section, said in briefing_sentences.sentences(facts, language).items():
        lines += [f"## {briefing_sentences.heading(section, facts, language)}"]
        lines += [sentence.text for sentence in said]
    return "\n".join(lines) + "\n"


def path(code, year, language):
    """Where the reviewed text of a briefing stands."""
    return FOLDER / f"{code}-{year}.{language}.txt"


def _book():
    raw, known = files.resolve("data/raw"), registry.load()
    cleaned = indices.clean(raw)
    with tempfile.TemporaryDirectory() as folder:
        indices.write(cleaned, folder)
        figures = indices.read(folder)
    beside = (cleaned.changes, cleaned.conflicts, cleaned.regional)
    return briefing.Book(raw, figures, known, *beside, targets.read(raw, known))


def _write():
    book = _book()
    for code, year in SITUATIONS.values():
        facts = book.facts(code, year)
        for language in wording.LANGUAGES:
            files.write_text(path(code, year, language), text(facts, language))


if __name__ == "__main__":
    _write()
