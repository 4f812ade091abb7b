"""Measure how long maps take to draw and save, and how large they are; run by ``make bench``."""

import statistics
import tempfile
import time
from pathlib import Path

from helpers import maps

YEARS = range(2011, 2025)


def timed(make, folder, formats, runs):
    """Median seconds for drawing and saving, and the files of the last run."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        published = make().publish(folder, formats)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), published


def main():
    """Print a line for each kind of map: PNG alone, and PNG with SVG."""
    atlas = maps.open_atlas()
    kinds = {
        "choropleth, a page": lambda: maps.score(atlas, "papi", 2022),
        "change, a page": lambda: maps.change(atlas, "papi", 2022, "vi"),
        "fourteen small multiples": lambda: maps.years(atlas, "papi", years=list(YEARS)),
        "two indices": lambda: maps.bivariate(atlas, "par", "papi", 2022),
        "clusters": lambda: maps.clusters(atlas, "papi", 2022),
        "equal squares": lambda: maps.tiles(atlas, "papi", 2022),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, make in kinds.items():
            make().publish(Path(folder))
            alone, _ = timed(make, Path(folder), ("png",), 7)
            both, published = timed(make, Path(folder), ("png", "svg"), 3)
            sizes = published.png.stat().st_size / 1000, published.svg.stat().st_size / 1000
            print(
                f"{name}: {alone:.2f} s drawn and saved as PNG ({sizes[0]:.0f} kB), "
                f"{both:.2f} s with SVG ({sizes[1]:.0f} kB)"
            )


if __name__ == "__main__":
    main()
