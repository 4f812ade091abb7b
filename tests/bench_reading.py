"""Measure the reading of published tables: one workbook of 63 provinces and 30 columns, then 200 files."""

import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import writers

from helpers import provinces, registry
from helpers.files import project_root
from helpers.tables import Reader

FILES = 200


def synthetic(seed, known, units):
    """Make up a table in the layout of PAPI: 63 rows, 30 columns of figures (synthetic)."""
    index = known["papi"]
    year = 2016
    slugs = [slug for slug in index.components_of(year) if "." in slug]
    random = np.random.default_rng(seed)
    heads = ["STT", "Tỉnh/Thành phố", *(index.component_name(slug, "vi") for slug in slugs)]
    rows = [heads]
    for number, code in enumerate(units.codes, 1):
        scores = [float(random.uniform(0.3, 0.99) * index.max_score(year, slug)) for slug in slugs]
        rows.append([float(number), units.name(code, "vi"), *scores])
    extra = 30 - len(heads)
    return [[*row, *([f"Chỉ tiêu khác {n}" if row is heads else 1.5 for n in range(extra)])] for row in rows]


def main():
    """Measure and print one line."""
    root = project_root()
    known, units = registry.load(root / "data" / "raw"), provinces.load(root / "data" / "raw")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number in range(FILES):
            kind = ("xlsx", "xlsx", "xls", "csv")[number % 4]
            path = Path(folder) / f"PAPI_2016_{number:03d}.{kind}"
            paths.append(writers.write(path, synthetic(number, known, units), kind))
        reader = Reader(root / "data" / "raw", known)
        start = time.perf_counter()
        reader.read(paths[0], "papi")
        one = time.perf_counter() - start
        start = time.perf_counter()
        figures = sum(len(reader.read(path, "papi").reports) for path in paths)
        many = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"Reading published tables: a workbook of 63 provinces and 30 columns {one:.2f} s (the first), "
        f"{FILES} files {many:.1f} s ({figures:,} figures), most memory {memory:.0f} MiB."
    )


if __name__ == "__main__":
    main()
