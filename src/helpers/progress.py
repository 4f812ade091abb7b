"""Telling how far the pages are."""

import collections
import sys
import time


class Progress:
    """
    Tells how far the pages are: one line that changes on a terminal, a line for each page elsewhere.

    Parameters
    ----------
    total : int
        Pages to be made.
    processes : int
        Pages at a time.
    expected : dict of float, optional
        Seconds that each page took the last time, by its path.

    Attributes
    ----------
    results : list of helpers.making.Result
    """

    def __init__(self, total, processes=1, expected=None):
        self.total, self.processes, self.expected = total, processes, expected or {}
        self.results, self.started, self.waiting = [], time.monotonic(), {}
        self.under_way, self.terminal = {}, sys.stdout.isatty()
        self._taken = collections.defaultdict(list)

    def expect(self, pages):
        """Say which pages are about to be made, for the time that is left (iterable of site.Page)."""
        self.waiting |= {page.path: page for page in pages}

    def begun(self, page):
        """Say that a page is being made (site.Page)."""
        self.under_way[page.path] = page
        self._show()

    def __call__(self, result):
        """Count a page (helpers.making.Result)."""
        self.results.append(result)
        self.under_way.pop(result.page.path, None)
        self.waiting.pop(result.page.path, None)
        if result.status == "made":
            self._taken[result.page.notebook].append(result.seconds)
        if not self.terminal:
            print(
                f"{self._count()} {_name(result.page)}  {result.status}, {result.seconds:.1f} s", flush=True
            )
        if result.error:
            self.say(f"Failed: {result.error}")
        if result.left:
            self.say(
                f"{result.page.notebook} left behind, in {result.page.path}: {', '.join(result.left)}; ended."
            )
        self._show()

    def _count(self):
        return f"[{len(self.results):{len(str(self.total))}}/{self.total}]"

    def _show(self):
        if self.terminal:
            pages = ", ".join(_name(page) for page in self.under_way.values())
            left = self.seconds_left()
            about = "" if left is None else f"  about {_duration(left)} left"
            print(f"\r\x1b[K{self._count()} {pages}{about}", end="", flush=True)

    def seconds_left(self):
        """
        Estimate the time until all pages are made.

        Returns
        -------
        float or None
            In seconds; None as long as nothing is known.
        """
        every = [seconds for taken in self._taken.values() for seconds in taken]
        mean = sum(every) / len(every) if every else None

        def seconds(page):
            taken = self._taken.get(page.notebook)
            return sum(taken) / len(taken) if taken else self.expected.get(page.path, mean)

        expected = [seconds(page) for page in self.waiting.values()]
        if not expected or None in expected:
            return None
        return sum(expected) / min(self.processes, len(expected))

    def say(self, line, file=None):
        """Write a line about pages that were not made, to the standard error if not elsewhere."""
        self.clear()
        print(line, file=file or sys.stderr, flush=True)

    def leave_out(self, number):
        """Count pages less: they are not made after all."""
        self.total -= number

    def clear(self):
        """Remove the line that changes."""
        if self.terminal:
            print("\r\x1b[K", end="", flush=True)

    @property
    def seconds(self):
        """Time since the start (float)."""
        return time.monotonic() - self.started


def _name(page):
    year = "" if page.year is None else f"{page.year} "
    name = page.name if page.province is None else f"{page.province} {page.place}"
    return f"{year}{name} ({page.language})"


def _duration(seconds):
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
