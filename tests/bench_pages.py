"""
How fast pages answer: ``make bench``.

The linked page is opened in Chromium with its processor slowed down four times, as on a phone: until it
takes orders, and until a change of the region is shown. The notebook to play with: until a change of the year
is shown.
"""

import statistics
import tempfile
import time
from pathlib import Path

import browser

from helpers import exploring, linked_page, site
from helpers.files import project_root

SLOWER, ROUNDS = 4, 5
YEARS = range(2011, 2025)


def linked(chromium, path):
    """Milliseconds until the page is ready, and until it has answered."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    try:
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(path.as_uri())
        ready = page.evaluate("performance.getEntriesByName('explore-ready')[0].startTime")
        before = page.evaluate("performance.now()")
        page.select_option("#region", "southeast")
        return ready, page.evaluate("performance.now()") - before
    finally:
        context.close()


def main():
    """Print medians and spread."""
    root = project_root()
    folders = root / "data" / "raw", root / "data" / "processed"
    with tempfile.TemporaryDirectory() as folder, browser.chromium() as chromium:
        for language in ("en", "vi"):
            here = site.Page(
                "explore", language, None, f"{language}/explore.html", "Explore", "Explore", kind="explore"
            )
            path = linked_page.write(Path(folder), here, *folders, site.NO_LINKS, list(YEARS))
            rounds = [linked(chromium, path) for _ in range(ROUNDS)]
            for what, taken in zip(("ready", "answered"), zip(*rounds, strict=True), strict=True):
                spread = f"{statistics.median(taken):.0f} ms ({min(taken):.0f} to {max(taken):.0f})"
                size = f"{path.stat().st_size / 1e3:.0f} kB"
                print(f"linked page ({language}, {size}), {what}, {SLOWER} times slower: {spread}")
    explorer = exploring.Explorer(*folders)
    taken = []
    for year in (2023, 2021, 2020, 2019, 2018):
        began = time.perf_counter()
        explorer.set(year=year, index="papi", marked=["92", "79"])
        taken.append(time.perf_counter() - began)
    spread = f"{statistics.median(taken):.2f} s ({min(taken):.2f} to {max(taken):.2f})"
    print(f"notebook, a change of the year: {spread}")


if __name__ == "__main__":
    main()
