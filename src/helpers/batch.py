"""Every page of reports.toml: checked, run with papermill, rendered, several at a time; see ``--help``."""

import argparse
import contextlib
import csv
import os
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from helpers import planning, processes, provinces, site, wording
from helpers.files import project_root
from helpers.finishing import finish, pdf_of, print_pdfs
from helpers.freshness import Record, Sources, combined
from helpers.making import Result
from helpers.planning import FOLDERS, WrongInput
from helpers.progress import Progress
from helpers.removing import remove, remove_files, remove_stale


class _Sift:
    """Leaves out the pages of provinces that have no figure in their year; known after the data stage."""

    def __init__(self, processed, raw, by_name, progress):
        self.processed, self.raw, self.by_name, self.progress = processed, raw, by_name, progress
        self.faults, self.left_out = [], set()

    def __call__(self, jobs):
        about = [job for job in jobs if job.page.province is not None]
        if not about or not (self.processed / "indices.csv").is_file():
            return jobs
        known = _with_figures(self.processed / "indices.csv")
        without = [job for job in about if (job.page.year, job.page.province) not in known]
        self.progress.leave_out(len(without))
        for year in sorted({job.page.year for job in without}):
            self._tell(year, [job for job in without if job.page.year == year], known)
        left_out = {job.page.path for job in without}
        self.left_out |= left_out
        return [job for job in jobs if job.page.path not in left_out]

    def _tell(self, year, jobs, known):
        vintage = provinces.vintage_of(year)
        units = provinces.load(self.raw, vintage)
        codes = sorted({job.page.province for job in jobs})
        removed = [name for job in jobs if (name := remove(job))]
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


def _with_figures(path):
    """Years and codes of provinces that have a figure of any index; pandas would take longer to import."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {(int(row["year"]), row["gso_code"]) for row in rows if row["score"] or row["rank"]}


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


class _Run:
    """One run: what was asked for, what has to be made of it, and what became of it."""

    def __init__(self, options, root):
        self.options, self.root = options, root
        self.place = {name: root / folder for name, folder in FOLDERS.items()}
        self.reports, self.raw = self.place["reports"], FOLDERS["raw"]
        self.counts = dict.fromkeys(("made", "unchanged", "failed", "not made"), 0)
        self.pdfs, self.fault, self.removed, self.asked_again = {}, "", [], False
        self.led = False

    def prepare(self):
        """Check all that was asked for, before anything is started."""
        if not self.place["raw"].is_dir():
            _preflight(self.raw)
        self.jobs = planning.read_jobs(self.reports, {})
        self.plan = [job.page for job in self.jobs]
        options = self.options
        asked = planning.narrowed(self.jobs, options.only, options.year, options.language, options.province)
        self.sources = Sources(self.root, self.place)
        self.record = Record(self.sources)
        self.checked = self.record.told.get("raw_sha256") == self.sources.raw
        if not self.checked or options.force:
            _preflight(self.raw)
        links_of = site.navigator(
            site.present(self.reports, self.plan, [job.page for job in asked]), self.reports, self.raw
        )
        self.asked = [replace(job, links=links_of(job.page)) for job in asked]
        expected = {path: entry["seconds"] for path, entry in self.record.pages.items()}
        self.progress = Progress(len(asked), options.jobs, expected)
        self.sift = _Sift(self.place["processed"], self.raw, bool(options.province), self.progress)

    def make(self, workers):
        """Make what has to be made: the data stage in one language first and in order, then all the rest."""
        language = self.asked[0].page.language
        first = [job for job in self.asked if job.stage == "data" and job.page.language == language]
        rest = [job for job in self.asked if job not in first]
        for place, job in enumerate(first):
            self._make([job], workers)
            if self.record.pages[job.page.path]["status"] != "made":
                self._not_made([*first[place + 1 :], *rest], job)
                return
        rest = self.sift(rest)
        # The pages of all years are the longest: begun last, they would be waited for.
        self._make(sorted(rest, key=lambda job: job.page.year is not None), workers, warm=True)

    def _make(self, jobs, workers, warm=False):
        waiting = []
        for job in jobs:
            verdict = True if self.options.force else self.record.judge(job)
            if verdict is False:
                self.counts["unchanged"] += 1
                self.progress.leave_out(1)
            else:
                ask = verdict if isinstance(verdict, dict) else None
                waiting.append(replace(job, ask=ask, made_from=self.sources.of_job(job)))
        by_path = {job.page.path: job for job in waiting}

        def done(result):
            job = by_path[result.page.path]
            if job.stage == "data":
                self.sources.forget_processed()
            stale = self.record.enter(job, result)
            remove_files(stale, self.root, self.reports)
            self.counts[result.status] += 1
            if result.status == "unchanged":
                self.asked_again = True
                self.progress.leave_out(1)
            else:
                self.progress(result)

        self.progress.expect(job.page for job in waiting)
        # As notebooks name them: what is read ahead is kept by that.
        folders = {name: FOLDERS[name] for name in ("raw", "processed")}
        workers.make(waiting, done, self.progress.begun, folders if warm else None)

    def _not_made(self, jobs, needed):
        for job in jobs:
            result = Result(job.page, "not made")
            self.record.enter(job, result)
            self.counts["not made"] += 1
            self.progress(result)
        self.progress.say(
            f"Not made, because they need what {needed.page.notebook} makes: "
            f"{', '.join(job.page.path for job in jobs) or 'nothing else'}."
        )

    def finish(self, workers):
        """Remove what has no source any more; write what leads to pages; print."""
        self.removed = remove_stale(self.record, self.jobs, self.reports)
        if self.removed:
            print(f"Removed, as their source is gone: {', '.join(self.removed)}.")
        if self.options.pdf:
            self._print()
        # Last, because the heads of pages link to the PDFs beside them.
        if self.changed or self._heads() != self.record.told.get("heads"):
            extras = self._extras()
            self.fault = workers.run(finish, self.place, self.plan, extras != self.record.told.get("extras"))
            self.record.told |= {"heads": self._heads(), "extras": "" if self.fault else extras}
            self.led = True
            if self.fault:
                print(f"Failed: {self.fault}", file=sys.stderr)

    @property
    def changed(self):
        """Whether anything was made, removed or tried (bool)."""
        return bool(self.progress.results or self.removed or self.pdfs or self.asked_again or self.led)

    def _heads(self):
        """All that the pages that lead to others, and the heads of pages, are made from."""
        present = site.present(self.reports, self.plan)
        pages = [
            (page.path, page.title, page.label, (self.reports / page.path).is_file()) for page in present
        ]
        pdfs = [page.path for page in self.plan if page.pdf and pdf_of(page, self.reports).is_file()]
        tables = [self.sources.of(self.place["processed"] / "indices.csv"), self.sources.code]
        return combined([*map(repr, pages), *pdfs, *tables])

    def _extras(self):
        """All that the linked pages and the joined data are made from."""
        sources, processed = self.sources, self.place["processed"]
        tables = [sources.of(processed / name) for name in ("indices.csv", "provinces.gpkg")]
        years = {str(page.year) for page in self.plan if page.year is not None}
        return combined([*tables, *sorted(years), *map(str, sorted(sources.raw.items())), sources.code])

    def _print(self):
        """Print the pages that were made, or have no PDF yet."""
        made = {result.page.path for result in self.progress.results if result.status == "made"}
        pages = [
            job.page
            for job in self.asked
            if job.page.pdf
            and job.page.path not in self.sift.left_out
            and (self.reports / job.page.path).is_file()
            and (job.page.path in made or not pdf_of(job.page, self.reports).is_file())
            and self.record.pages.get(job.page.path, {}).get("status") == "made"
        ]
        if pages:
            self.pdfs = print_pdfs(pages, self.reports, self.options.jobs)
            for path, told in self.pdfs.items():
                self.record.pages[path]["pdf"] = told

    def close(self):
        """Write the account of the run, if it changed anything."""
        if self.changed:
            asked_for = {name: getattr(self.options, name) for name in _ASKED}
            counts = {name: number for name, number in self.counts.items() if number}
            self.record.write(asked_for, self.progress.seconds, counts)

    def summary(self):
        """Say what became of the pages, and give back the status to end with."""
        counts, seconds = self.counts, self.progress.seconds
        number = counts["made"] + counts["failed"]
        total = number + counts["not made"]
        memory = max((result.memory for result in self.progress.results), default=0) // 1024
        if total:
            print(
                f"{counts['made']} of {total} pages made in {seconds:.0f} s "
                f"({seconds / max(number, 1):.2f} s a page, {self.options.jobs} at a time); "
                f"most memory of a page: {memory} MiB."
            )
        if counts["unchanged"]:
            others = "other " if total else ""
            print(f"{counts['unchanged']} {others}pages stand: nothing that they are made from changed.")
        if counts["made"] < total:
            print(f"The others stayed as they were. Why: {FOLDERS['reports']}/failed/", file=sys.stderr)
        for fault in self.sift.faults:
            print(f"Error: {fault}", file=sys.stderr)
        if counts["made"] < total or self.fault or set(self.pdfs.values()) - {"made"}:
            return 1
        return 2 if self.sift.faults else 0


_ASKED = ("only", "year", "language", "province", "pdf", "jobs", "engine", "scheduler", "force")


def _run(options, root):
    run = _Run(options, root)
    run.prepare()
    with contextlib.ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="pages-", ignore_cleanup_errors=True)
        scratch = stack.enter_context(folder)
        settings = processes.Settings(str(root), scratch, options.jobs, options.engine)
        workers = stack.enter_context(_workers(options.scheduler, settings))
        try:
            run.make(workers)
            run.finish(workers)
        finally:
            run.progress.clear()
            run.close()
    return run.summary()


def _workers(scheduler, settings):
    if scheduler is None:
        return processes.Workers(settings)
    from helpers import cluster

    return cluster.Cluster(scheduler, settings)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise WrongInput(f"{message[:1].upper()}{message[1:]}; --help lists what can be asked for.")


def _number(typed):
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
        "--jobs", type=_number, default=processors, help="pages at a time (default: %(default)s)"
    )
    parser.add_argument("--root", type=Path, default=project_root(), help="folder of the project")
    parser.add_argument(
        "--engine",
        choices=["warm", "kernel"],
        default="warm" if processes.can_fork() else "kernel",
        help="run cells in a process forked from one that has imported everything, or in a kernel that is "
        "started for each page (default: %(default)s)",
    )
    parser.add_argument(
        "--scheduler", help="send the pages to a Dask cluster, for example tcp://host:8786 (default: none)"
    )
    parser.add_argument(
        "--force", action="store_true", help="make pages again that nothing has changed for, too"
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
            return _run(options, root)
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
