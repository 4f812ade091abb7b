"""Every page of reports.toml: checked, run with papermill, rendered, several at a time; see ``--help``."""

import argparse
import contextlib
import datetime
import hashlib
import importlib.metadata
import itertools
import json
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

from helpers import front_pages, provinces, site, wording
from helpers.files import project_root, write_text
from helpers.making import Result, Workers
from helpers.planning import FOLDERS, WrongInput, narrowed, read_jobs

PACKAGES = ("numpy", "pandas", "geopandas", "matplotlib", "scipy", "statsmodels", "papermill", "nbconvert")


class _Progress:
    """Tells how far the pages are: one line that changes on a terminal, a line for each page elsewhere."""

    def __init__(self, total):
        self.total, self.results, self.started = total, [], time.monotonic()
        self.terminal = sys.stdout.isatty()

    def __call__(self, result):
        self.results.append(result)
        done, page = len(self.results), result.page
        left = round(self.seconds / done * (self.total - done))
        year = "" if page.year is None else f"{page.year} "
        name = page.name if page.province is None else f"{page.province} {page.place}"
        line = f"[{done:{len(str(self.total))}}/{self.total}] {year}{name} ({page.language})"
        if self.terminal:
            print(f"\r\x1b[K{line}  about {left} s left", end="", flush=True)
        else:
            print(f"{line}  {result.status}, {result.seconds:.1f} s", flush=True)
        if result.error:
            self.say(f"Failed: {result.error}")

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


def _make_all(jobs, root, processes, progress, sift):
    """Make the data stage in one language first and in order, then at once what `sift` leaves of the rest."""
    is_first = [job.stage == "data" and job.page.language == jobs[0].page.language for job in jobs]
    first, rest = (list(itertools.compress(jobs, chosen)) for chosen in (is_first, [not f for f in is_first]))
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="pages-", ignore_cleanup_errors=True)
        )
        workers = stack.enter_context(Workers(min(processes, len(jobs)), root, scratch))
        for place, job in enumerate(first):
            workers.make([job], progress)
            if progress.results[-1].status != "made":
                left = [*first[place + 1 :], *rest]
                for other in left:
                    progress(Result(other.page, "not made"))
                progress.say(
                    f"Not made, because they need what {job.page.notebook} makes: "
                    f"{', '.join(other.page.path for other in left) or 'nothing else'}."
                )
                return
        workers.make(sift(rest), progress)


class _Sift:
    """Leaves out the pages of provinces that have no figure in their year; known after the data stage."""

    def __init__(self, processed, raw, by_name, progress):
        self.processed, self.raw, self.by_name, self.progress = processed, raw, by_name, progress
        self.faults = []

    def __call__(self, jobs):
        from helpers import indices

        about = [job for job in jobs if job.page.province is not None]
        if not about or not (self.processed / "indices.csv").is_file():
            return jobs
        figures = indices.read(self.processed)
        at_hand = figures[figures["score"].notna() | figures["rank"].notna()]
        known = {(int(year), code) for year, code in zip(at_hand["year"], at_hand["gso_code"], strict=True)}
        without = [job for job in about if (job.page.year, job.page.province) not in known]
        self.progress.leave_out(len(without))
        for year in sorted({job.page.year for job in without}):
            self._tell(year, [job for job in without if job.page.year == year], known)
        left_out = {job.page.path for job in without}
        return [job for job in jobs if job.page.path not in left_out]

    def _tell(self, year, jobs, known):
        vintage = provinces.vintage_of(year)
        units = provinces.load(self.raw, vintage)
        codes = sorted({job.page.province for job in jobs})
        removed = [name for job in jobs if (name := _remove(job))]
        if self.by_name:
            for code in codes:
                years = [y for y, c in known if c == code and provinces.vintage_of(y) == vintage]
                latest = (
                    f"the latest year with one is {max(years)}" if years else "no other year has one either"
                )
                self.faults.append(
                    f"{units.name(code, 'vi')} ({code}) has no figure of any index for {year}; {latest}."
                )
        else:
            names = wording.listing((units.name(code, "vi") for code in codes), "en")
            self.progress.say(f"No briefing of {names} for {year}: no figure.", sys.stdout)
        if removed:
            self.progress.say(f"Removed, as their figures are gone: {', '.join(removed)}.", sys.stdout)


def _remove(job):
    """Remove a page of an earlier run with all that was written beside it; say which it was."""
    path = job.reports / job.page.path
    was_there = path.is_file()
    for suffix in (".html", ".ipynb", ".json", ".pdf"):
        path.with_suffix(suffix).unlink(missing_ok=True)
    for figure in (path.parent / "figures").glob(f"{path.stem}_*"):
        figure.unlink()
    job.log.unlink(missing_ok=True)
    return job.page.path if was_there else ""


def _print(results, reports, processes):
    """Print the PDFs of the pages that were made; give back what became of each, by path of the page."""
    from helpers import printing

    printable = (r.page for r in results if r.status == "made" and r.page.pdf)
    # Relative to the project, because the sentences on failures name them.
    pages = {Path(os.path.relpath(reports / page.path)): page for page in printable}
    if not pages:
        return {}
    started = time.monotonic()
    try:
        printed = [
            result
            for sheets in sorted({page.pdf for page in pages.values()})
            for result in printing.print_pages(
                [path for path, page in pages.items() if page.pdf == sheets], processes=processes, most=sheets
            )
        ]
    except printing.NoBrowserError as error:
        print(f"PDFs were not made: {error}. Pages print from any browser; --no-pdf leaves this line out.")
        return {}
    for _, error in printed:
        if error:
            print(f"Failed: {error}", file=sys.stderr)
    made = sum(not error for _, error in printed)
    print(f"{made} of {len(printed)} PDFs made in {time.monotonic() - started:.0f} s.")
    return {pages[path].path: error or "made" for path, error in printed}


def _write_record(place, asked_for, results, pdfs, seconds):
    raw = [path for path in sorted(place["raw"].rglob("*")) if path.is_file()]
    pages = sorted(results, key=lambda result: result.page.path)
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    record = {
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "asked_for": asked_for,
        "versions": {"python": platform.python_version(), **versions},
        "raw_sha256": {
            path.relative_to(place["raw"]).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in raw
        },
        "pages": [
            {"path": result.page.path, "notebook": result.page.notebook, "parameters": result.page.parameters}
            | {"status": result.status, "seconds": result.seconds, "warnings": result.warnings}
            | ({"error": result.error} if result.error else {})
            | ({"pdf": pdfs[result.page.path]} if result.page.path in pdfs else {})
            for result in pages
        ],
    }
    write_text(place["reports"] / "run.json", json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def _preflight(raw):
    """Refuse raw tables that nothing can be made of."""
    from helpers import indices, registry, targets

    try:
        indices.preflight(raw)
    except indices.RawDataError as error:
        raise WrongInput(str(error)) from None
    try:
        targets.read(raw, registry.load(raw))
    except targets.TargetError as error:
        raise WrongInput(*error.faults) from None


def _write_lists(place, plan):
    """Write the list of provinces of each year that has pages of any; say whether it could be done."""
    from helpers import directory

    pages = site.present(place["reports"], plan)
    about = [page for page in pages if page.province is not None]
    if not about:
        return True
    log = place["reports"] / "failed" / "provinces.log"
    try:
        directory.write(
            place["reports"], about, place["raw"], place["processed"], links_of=site.navigator(pages)
        )
    except Exception as error:
        write_text(log, site.neutral("".join(traceback.format_exception(error))))
        text = f"Failed: the list of provinces: {type(error).__name__}: {error}"
        print(site.neutral(text), file=sys.stderr)
        return False
    log.unlink(missing_ok=True)
    return True


def _run(options, root, folders):
    place = {name: root / folders.get(name, default) for name, default in FOLDERS.items()}
    _preflight(FOLDERS["raw"])
    jobs = read_jobs(place["reports"], folders)
    plan = [job.page for job in jobs]
    asked = narrowed(jobs, options.only, options.year, options.language, options.province)
    pages = site.present(place["reports"], plan, [job.page for job in asked])
    links_of = site.navigator(pages, place["reports"])
    asked = [replace(job, links=links_of(job.page)) for job in asked]
    progress = _Progress(len(asked))
    sift = _Sift(place["processed"], place["raw"], bool(options.province), progress)
    try:
        _make_all(asked, root, options.jobs, progress, sift)
    finally:
        progress.clear()
    listed = _write_lists(place, plan)
    seconds, total = progress.seconds, progress.total
    made = sum(result.status == "made" for result in progress.results)
    memory = [(0, 0), *(result.memory for result in progress.results)]
    kernel, maker = (max(sizes) // 1024 for sizes in zip(*memory, strict=True))
    print(
        f"{made} of {total} pages made in {seconds:.0f} s ({seconds / max(total, 1):.2f} s a page, "
        f"{options.jobs} at a time); most memory: {kernel} MiB in a kernel, {maker} MiB in a page's process."
    )
    pdfs = _print(progress.results, place["reports"], options.jobs) if options.pdf else {}
    # Last, because the heads of pages link to the PDFs beside them.
    front_pages.write(place["reports"], plan, place["processed"], place["raw"])
    names = ("only", "year", "language", "province", "pdf", "jobs", "bench")
    asked_for = {name: getattr(options, name) for name in names}
    _write_record(place, asked_for, progress.results, pdfs, progress.seconds)
    if made < total and not options.bench:
        print(f"The others stayed as they were. Why: {FOLDERS['reports']}/failed/", file=sys.stderr)
    for fault in sift.faults:
        print(f"Error: {fault}", file=sys.stderr)
    if made < total or not listed or set(pdfs.values()) - {"made"}:
        return 1
    return 2 if sift.faults else 0


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise WrongInput(f"{message[:1].upper()}{message[1:]}; --help lists what can be asked for.")


def _processes(typed):
    if not typed.isdecimal() or int(typed) < 1:
        raise argparse.ArgumentTypeError(f"{typed!r} is not a whole number from 1 on")
    return int(typed)


def _options(argv):
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser = _Parser(prog="python -m helpers.batch", description="Make the pages of reports.toml.")
    parser.add_argument("--only", choices=["data"], help="only the data stage: clean and join")
    parser.add_argument("--year", nargs="+", default=[], help="only these years, and the data stage")
    parser.add_argument(
        "--province",
        nargs="+",
        default=[],
        help="only the briefings of these provinces (codes or names), of the years asked for or the newest",
    )
    parser.add_argument(
        "--pdf",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="print briefings to PDF, too (default: where a Chromium is found)",
    )
    parser.add_argument("--language", nargs="+", default=[], help="only these languages")
    parser.add_argument(
        "--jobs", type=_processes, default=processors, help="pages at a time (default: %(default)s)"
    )
    parser.add_argument("--root", type=Path, default=project_root(), help="folder of the project")
    parser.add_argument(
        "--bench", action="store_true", help="make the pages in folders that are removed, to measure"
    )
    return parser.parse_args(argv)


def main(argv=None):
    """
    Make pages as the command line asks.

    Parameters
    ----------
    argv : list of str, optional

    Returns
    -------
    int
        0 if every page asked for was made, 1 if one was not, 2 for wrong input, 130 if interrupted.
    """

    def interrupt(*_):
        raise KeyboardInterrupt

    # The end of a terminal, or of a job on a server, is an interrupt too, unless it was told to be ignored.
    ends = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {end: signal.getsignal(end) for end in ends if signal.getsignal(end) is signal.SIG_DFL}
    for end in before:
        signal.signal(end, interrupt)
    try:
        options = _options(argv)
        root = options.root.resolve()
        if not root.is_dir():
            raise WrongInput(f"The folder {options.root} does not exist.")
        with contextlib.chdir(root):
            if not options.bench:
                return _run(options, root, {})
            with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
                return _run(options, root, {name: f"{scratch}/{name}" for name in ("processed", "reports")})
    except WrongInput as wrong:
        for fault in wrong.args:
            print(f"Error: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. The pages that were made are kept.", file=sys.stderr)
        return 130
    finally:
        for end, handler in before.items():
            signal.signal(end, handler)


if __name__ == "__main__":
    sys.exit(main())
