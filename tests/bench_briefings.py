"""Measure the facts, sentences and key figures of all briefings in one process; run by ``make bench``."""

import os
import time

# One thread, as the batch gives to each page; read when numpy is imported.
os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})

from helpers import briefing, briefing_sentences, briefing_tables, provinces
from helpers.provinces import vintage_of

YEARS = range(2011, 2025)


def timed(name, work):
    """Print how long some work takes; give back what it gives."""
    start = time.perf_counter()
    made = work()
    print(f"{name}: {time.perf_counter() - start:.1f} s")
    return made


def main():
    """Print a line for each step."""
    book = timed("the tables read", briefing.open_book)
    keys = [(code, year) for year in YEARS for code in provinces.load(vintage=vintage_of(year)).codes]
    facts = timed(f"facts of {len(keys)} briefings", lambda: [book.facts(*key) for key in keys])
    for language in ("en", "vi"):
        timed(
            f"their sentences ({language})",
            lambda language=language: [briefing_sentences.sentences(found, language) for found in facts],
        )
    timed("their key figures (vi)", lambda: [briefing_tables.key_figures(found, "vi") for found in facts])


if __name__ == "__main__":
    main()
