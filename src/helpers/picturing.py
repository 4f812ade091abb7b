"""
Pictures of real pages for README.md, taken with a browser: ``python -m helpers.picturing``.

Playwright, which drives the browser, is among the tools of developers; making pages needs none of it.
"""

import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from helpers import printing
from helpers.files import project_root, replacing

FOLDER = "docs"
# Bytes of a picture at most.
MOST = 120_000
# Between pages that stand side by side, in pixels, and behind them.
GAP, GROUND = 24, (222, 226, 230)
_YEAR = re.compile(r"\d{4}")


class NoPictureError(RuntimeError):
    """Pictures that cannot be made; the text says what is missing and what to do."""


@dataclass(frozen=True)
class View:
    """
    What a browser shows of a page.

    Attributes
    ----------
    page : str
        Path below the folder of reports; ``{year}`` stands for the newest year that has such a page.
    size : (int, int)
        Width and height of the window in pixels; those of the picture are the same.
    fragment : str
        Of the address: what is chosen on the page; "" for its beginning.
    top : str
        Selector of what the window begins with; "" for the beginning of the page.
    """

    page: str
    size: tuple = (1280, 800)
    fragment: str = ""
    top: str = ""


# What stands side by side in each picture, by the picture's name.
PORTRAITS = {
    "front": [View("en/index.html", (1000, 800))],
    "map": [View("en/{year}/map.html", (1000, 1100), top="#papi")],
    "explore": [
        View("en/explore.html", (1280, 900), "year=2022&x=papi&y=par&by=score&show=x&marked=70.84.48.22")
    ],
    "briefing": [
        View("vi/{year}/provinces/70.html", (360, 800)),
        View("en/{year}/provinces/70.html", (900, 800)),
    ],
    "provinces": [View("vi/{year}/provinces/index.html", (1280, 900))],
}


def take(reports, to, portraits=PORTRAITS):
    """
    Take pictures of pages as they stand on disk, without a network.

    Parameters
    ----------
    reports : pathlib.Path
        Folder of the pages.
    to : pathlib.Path
        Where the pictures go, as ``<name>.webp``; each has the sizes of its views, whatever the pages hold,
        and `MOST` bytes at most. Equal pages give equal bytes with the same browser and fonts.
    portraits : dict of list of View
        By name of the picture the views side by side in it.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    NoPictureError
        If a page, the browser or Playwright is missing, a page lacks what its view begins with, or a picture
        does not get small enough. Nothing was written then.
    """
    addresses = {name: [_address(reports, view) for view in views] for name, views in portraits.items()}
    program = printing.browser()
    if program is None:
        raise NoPictureError(
            "no Chromium, Chrome or Edge is on this machine; install one, or name one in the environment "
            "variable CHROMIUM"
        )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoPictureError(
            "Playwright is not installed; install what developers use: pip install -r requirements.lock"
        ) from error
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--font-render-hinting=none"]
        )
        taken = {
            name: [_shot(browser, *one) for one in zip(addresses[name], views, strict=True)]
            for name, views in portraits.items()
        }
        browser.close()
    small = {to / f"{name}.webp": _compressed(name, _side_by_side(shots)) for name, shots in taken.items()}
    for path, content in small.items():
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return list(small)


def _address(reports, view):
    years = sorted({path.name for path in reports.glob("*/*") if _YEAR.fullmatch(path.name)}, reverse=True)
    found = [view.page.format(year=year) for year in years] if "{year}" in view.page else [view.page]
    for page in found:
        path = reports / page
        if path.is_file():
            return path.resolve().as_uri() + (f"#{view.fragment}" if view.fragment else "")
    named = view.page.format(year="<year>")
    raise NoPictureError(f"the page {reports.name}/{named} is missing; make the pages first: make reports")


def _shot(browser, address, view):
    """Show a page and take the picture of its window (PNG, bytes)."""
    width, height = view.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, offline=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    if view.top:
        if not page.locator(view.top).count():
            raise NoPictureError(f"{view.page} has no {view.top!r}, which its picture begins with")
        page.locator(view.top).first.evaluate("one => window.scrollTo(0, one.getBoundingClientRect().top)")
    # Pictures inside a page are decoded after it was loaded.
    page.evaluate("Promise.all([...document.images].map(one => one.decode().catch(() => 0)))")
    shot = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return shot


def _side_by_side(shots):
    """Set pictures beside each other on a ground, alike at the top; a single one stays as it is."""
    from PIL import Image

    pictures = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots]
    if len(pictures) == 1:
        return pictures[0]
    width = sum(one.width for one in pictures) + GAP * (len(pictures) + 1)
    whole = Image.new("RGB", (width, max(one.height for one in pictures) + 2 * GAP), GROUND)
    left = GAP
    for one in pictures:
        whole.paste(one, (left, GAP))
        left += one.width + GAP
    return whole


def _compressed(name, picture):
    """Write a picture as WebP, without loss where that is small enough (bytes)."""
    for options in ({"lossless": True}, {"quality": 90}, {"quality": 75}, {"quality": 60}):
        buffer = io.BytesIO()
        picture.save(buffer, format="webp", method=6, **options)
        if buffer.tell() <= MOST:
            return buffer.getvalue()
    raise NoPictureError(
        f"the picture {name} has {buffer.tell():,} bytes at its smallest, more than {MOST:,}; show less of it"
    )


def main(arguments=None):
    """
    Take the pictures of `PORTRAITS` of the pages in ``reports`` into ``docs``, and say what they are.

    Parameters
    ----------
    arguments : list of str, optional
        The folder of reports; ``reports`` of the project where it is not given.

    Returns
    -------
    int
        0 if they were taken, 1 if not.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    root = project_root()
    try:
        paths = take(Path(arguments[0]) if arguments else root / "reports", root / FOLDER)
    except NoPictureError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    for path in paths:
        print(f"{path.relative_to(root).as_posix()}  {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
