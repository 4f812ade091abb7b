"""Fixtures that several test files share."""

import copy
import dataclasses
import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import briefing, correlation, indices, provinces, registry, targets
from helpers.registry import Index

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root():
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def environment(root, tmp_path_factory):
    """An environment for the Makefile that runs this interpreter, and for which nothing is installed."""
    folder = tmp_path_factory.mktemp("environment")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (folder / "bin" / "python").chmod(0o755)
    locked = [(root / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")]
    (folder / "installed").write_bytes(b"".join(locked))
    return folder


@pytest.fixture(scope="session")
def known():
    """The registry."""
    return registry.load(ROOT / "data" / "raw")


@pytest.fixture(scope="session")
def extended(known):
    """The registry with 2025 in the last series of every index that has 2024."""

    def longer(entry):
        if isinstance(entry, dict):
            return {key: longer(value) for key, value in entry.items()}
        if isinstance(entry, list):
            years = [2025 if value == 2024 else value for value in entry]
            return [longer(value) for value in years] if entry[-1:] == [2024] else [*map(longer, entry)]
        return entry

    longer_indices = {slug: Index(slug, longer(copy.deepcopy(known[slug].entry))) for slug in known.indices}
    return dataclasses.replace(known, indices=longer_indices)


@pytest.fixture(scope="session")
def cleaned():
    """The real raw tables, cleaned once."""
    return indices.clean(ROOT / "data" / "raw")


@pytest.fixture(scope="session")
def processed(cleaned, tmp_path_factory):
    """What 01_clean writes of the real raw tables; tests only read it."""
    folder = tmp_path_factory.mktemp("processed")
    indices.write(cleaned, folder)
    return folder


@pytest.fixture(scope="session")
def indices_frame(processed):
    """The table of figures as 02_join and the pages read it: written and read back."""
    return indices.read(processed)


@pytest.fixture(scope="session")
def atlas(processed, indices_frame):
    """What maps of the real figures are drawn from, with the layers of 02_join in `processed`."""
    from helpers import boundaries, maps

    layers = boundaries.layers(ROOT / "data" / "raw", indices_frame)
    boundaries.write(processed / "provinces.gpkg", layers)
    return maps.open_atlas(ROOT / "data" / "raw", processed)


@pytest.fixture(scope="session")
def book(indices_frame, cleaned, known):
    """What briefings are made from, of the real raw tables."""
    folder = ROOT / "data" / "raw"
    beside = (cleaned.changes, cleaned.conflicts, cleaned.regional)
    return briefing.Book(folder, indices_frame, known, *beside, targets.read(folder, known))


@pytest.fixture(scope="session")
def facts_of(book):
    """The facts of a province and year, worked out once; a test that changes them takes a copy."""
    return functools.cache(book.facts)


@pytest.fixture(scope="session")
def briefings(facts_of, places):
    """The facts of every province, each in another year than the one before it."""
    years = (2022, 2012, 2013, 2015, 2016, 2018, 2019, 2020, 2021, 2023, 2024)
    return [facts_of(code, years[place % len(years)]) for place, code in enumerate(places.codes)]


@pytest.fixture(scope="session")
def places():
    """The 63 provinces."""
    return provinces.load(ROOT / "data" / "raw")


@pytest.fixture(scope="session")
def tables(indices_frame, known, places):
    """The table of pairs of every year."""
    return {year: correlation.pairs(indices_frame, known, places, year) for year in range(2011, 2025)}


# Not for the session: while the browser is driven a loop of events runs, within which no notebook can be run.
@pytest.fixture(scope="module")
def chromium():
    """The browser of this machine, for tests of pages; they are skipped where there is none."""
    import browser

    if browser.PROGRAM is None:
        pytest.skip("no Chromium, Chrome or Edge is on this machine")
    with browser.chromium() as started:
        yield started


@pytest.fixture
def raw(tmp_path):
    """A copy of the raw tables that a test may spoil."""
    return Path(shutil.copytree(ROOT / "data" / "raw", tmp_path / "raw"))


# --- a whole year of real pages -------------------------------------------------------------------------


def copied(root, to):
    """Copy what the project is made of, without anything computed."""
    for part in ("data/raw", "notebooks", "src"):
        shutil.copytree(root / part, to / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("Makefile", "environment.yml", "reports.toml", "requirements.lock", "pyproject.toml"):
        shutil.copy(root / part, to)
    return to


def make(project, environment, *arguments):
    command = ["make", f"environment={environment}", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


def record(project):
    return json.loads((project / "reports" / "run.json").read_text(encoding="utf-8"))


def spoil(raw):
    """Add an unknown name and an impossible rank to a table, and break another."""
    with (raw / "par" / "reported.csv").open("a", encoding="utf-8") as ledger:
        ledger.write("2022,,Bình Phứơc,,80,100,,,,,,stated,travinh-2023\n")
        ledger.write("2022,01,Hà Nội,,,100,64,63,,,,stated,travinh-2023\n")
    with (raw / "papi" / "2013.csv").open("ab") as table:
        table.write(b'"')


@pytest.fixture(scope="session")
def runs(root, environment, tmp_path_factory):
    """
    The project after two runs for 2022, the runs, their records, and the page on cleaning of the first.

    The first run is without the pages of provinces, the second for two of them from spoilt raw tables.
    """
    project = copied(root, tmp_path_factory.mktemp("newcomer"))
    declared = project / "reports.toml"
    text = declared.read_text(encoding="utf-8")
    head, *entries = text.split("\n[[page]]\n")
    others = [entry for entry in entries if "{province}" not in entry]
    assert len(others) == len(entries) - 1
    declared.write_text("\n[[page]]\n".join([head, *others]), encoding="utf-8")
    run = make(project, environment, "reports", "YEAR=2022")
    assert run.returncode == 0, run.stdout + run.stderr
    records = [record(project)]
    cleaned = (project / "reports/en/clean.html").read_text(encoding="utf-8")
    spoil(project / "data" / "raw")
    declared.write_text(text, encoding="utf-8")
    briefed = make(project, environment, "reports", "YEAR=2022", "PROVINCE=70,Trà Vinh")
    assert briefed.returncode == 0, briefed.stdout + briefed.stderr
    return project, (run, briefed), [*records, record(project)], cleaned


@pytest.fixture(scope="session")
def newcomer(runs):
    """The folder of a project with the pages of 2022 and two briefings; tests only read it."""
    return runs[0]
