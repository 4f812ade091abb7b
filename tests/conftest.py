"""Fixtures that several test files share."""

import copy
import dataclasses
import shutil
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
def indices_frame(cleaned, tmp_path_factory):
    """The table of figures as 02_join and the pages read it: written and read back."""
    folder = tmp_path_factory.mktemp("processed")
    indices.write(cleaned, folder)
    return indices.read(folder)


@pytest.fixture(scope="session")
def book(indices_frame, cleaned, known):
    """What briefings are made from, of the real raw tables."""
    folder = ROOT / "data" / "raw"
    beside = (cleaned.changes, cleaned.conflicts, cleaned.regional)
    return briefing.Book(folder, indices_frame, known, *beside, targets.read(folder, known))


@pytest.fixture(scope="session")
def places():
    """The 63 provinces."""
    return provinces.load(ROOT / "data" / "raw")


@pytest.fixture(scope="session")
def tables(indices_frame, known, places):
    """The table of pairs of every year."""
    return {year: correlation.pairs(indices_frame, known, places, year) for year in range(2011, 2025)}


@pytest.fixture
def raw(tmp_path):
    """A copy of the raw tables that a test may spoil."""
    return Path(shutil.copytree(ROOT / "data" / "raw", tmp_path / "raw"))
