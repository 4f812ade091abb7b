"""A real browser for tests: Chromium without a network, which tells all that goes wrong in a page."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from helpers import printing

PROGRAM = printing.browser()
needs_browser = pytest.mark.skipif(PROGRAM is None, reason="no Chromium, Chrome or Edge is on this machine")
# The widths that pages are looked at: a phone, a tablet, a screen.
WIDTHS = (360, 768, 1280)


@dataclass
class Seen:
    """What a page did that it should not: messages on the console, errors of scripts, requests."""

    console: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def faults(self):
        """All of it, in words (list of str)."""
        return [*self.console, *(f"asked for {address}" for address in self.requests)]


@contextlib.contextmanager
def chromium():
    """
    Start the browser of this machine.

    Yields
    ------
    playwright.sync_api.Browser
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def opened(browser, path, width=1280, height=900, **options):
    """
    Open a page from disk, without a network.

    Parameters
    ----------
    browser : playwright.sync_api.Browser
    path : str or pathlib.Path
        The file, or its address with a fragment (``file:///...#...``).
    width, height : int
        Of the window, in CSS pixels.
    **options
        Of the browser's context, for example ``locale`` or ``reduced_motion``.

    Yields
    ------
    (playwright.sync_api.Page, Seen)
        The page, loaded; and what it did, which goes on being filled. Files of the page itself and what it
        carries inside are no requests.
    """
    address = str(path) if str(path).startswith("file:") else Path(path).resolve().as_uri()
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
    try:
        page, seen = context.new_page(), Seen()
        page.on("console", lambda said: said.type in ("error", "warning") and seen.console.append(said.text))
        page.on("pageerror", lambda error: seen.console.append(str(error)))

        def asked(request):
            inside = request.url.startswith(("data:", "blob:", "about:"))
            if not inside and not request.is_navigation_request():
                seen.requests.append(request.url)

        page.on("request", asked)
        page.goto(address)
        yield page, seen
    finally:
        context.close()
