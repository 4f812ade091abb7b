"""Every page of reports.toml: checked, run with papermill, rendered, several at a time; see ``--help``."""

import argparse
import concurrent.futures
import contextlib
import datetime
import hashlib
import importlib.metadata
import itertools
import json
import logging
import multiprocessing
import os
import platform
import re
import resource
import signal
import string
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path

from helpers import kernels, site, wording
from helpers.files import project_root, write_text

FOLDERS = {"raw": "data/raw", "processed": "data/processed", "reports": "reports"}
NUMERIC_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PACKAGES = ("numpy", "pandas", "geopandas", "matplotlib", "scipy", "statsmodels", "papermill", "nbconvert")
KERNEL_START_SECONDS = 120
_TEXT = {"type": "string"}
_ENTRY = {
    "notebook": _TEXT,
    "stage": {"enum": ["data", "year"]},
    "output": {"type": "string", "pattern": r"^\{language\}/.*\.html$"},
    "title": _TEXT,
    "label": {"type": "object", "required": list(wording.LANGUAGES), "additionalProperties": _TEXT},
    "time_limit": {"type": "number", "exclusiveMinimum": 0},
    "parameters": {"type": "object", "additionalProperties": {"type": "object"}},
}
_ENTRIES = {
    "required": list(_ENTRY),
    "properties": {**_ENTRY, "pictures": _TEXT},
    "additionalProperties": False,
}
_FILE = {
    "languages": {"type": "array", "minItems": 1, "items": {"enum": list(wording.LANGUAGES)}},
    "years": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
    "page": {"type": "array", "minItems": 1, "items": _ENTRIES},
}
_SCHEMA = {"required": list(_FILE), "properties": _FILE, "additionalProperties": False}


class WrongInput(Exception):
    """What was asked for cannot be done, and nothing was started; one sentence for each fault."""


@dataclass(frozen=True)
class Job:
    """
    All that making one page takes.

    Attributes
    ----------
    page : site.Page
    stage : {"data", "year"}
    time_limit : float
        Seconds that a single cell may take.
    reports : pathlib.Path
        Folder that the page goes to.
    folders : dict
        Parameters of folders that differ from the notebook's own.
    links : dict
        Links of the head of the page.
    """

    page: site.Page
    stage: str
    time_limit: float
    reports: Path
    folders: dict = field(default_factory=dict)
    links: dict = field(default_factory=dict)

    @property
    def log(self):
        """Where the traceback goes if the page cannot be made (pathlib.Path)."""
        words = [self.page.language, self.page.year, Path(self.page.notebook).stem]
        return self.reports / "failed" / f"{'-'.join(str(word) for word in words if word is not None)}.log"


@dataclass(frozen=True)
class Result:
    """
    What became of a page.

    Attributes
    ----------
    page : site.Page
    status : {"made", "failed", "not made"}
    error : str
        Where it failed and why; "" for a page that was made.
    seconds : float
    warnings : int
        Warnings that the notebook gave.
    memory : tuple of int
        Most memory that a kernel, and the process that made the page, took so far, in KiB.
    """

    page: site.Page
    status: str
    error: str = ""
    seconds: float = 0.0
    warnings: int = 0
    memory: tuple = (0, 0)


# --- what to make ----------------------------------------------------------------------------------------


def read_jobs(reports, folders):
    """
    Read ``reports.toml`` in the working directory and check all of it.

    Parameters
    ----------
    reports : pathlib.Path
        Folder that the pages go to.
    folders : dict
        Parameters of folders that differ from the notebooks' own.

    Returns
    -------
    list of Job
        Every page that there can be, the data stage first.

    Raises
    ------
    WrongInput
        If the file is missing or wrong, a notebook is missing or lacks a parameter, or a value does not fit
        its schema.
    """
    import jsonschema

    try:
        asked = tomllib.loads(Path("reports.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WrongInput(
            f"{Path('reports.toml').resolve()} is missing: it says which pages there are."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongInput(f"reports.toml is no valid TOML: {error}.") from None
    faults = [_fault("reports.toml", e) for e in jsonschema.Draft202012Validator(_SCHEMA).iter_errors(asked)]
    if faults:
        raise WrongInput(*faults)
    jobs, faults = [], []
    for entry in sorted(asked["page"], key=lambda entry: entry["stage"] != "data"):
        found = [*_notebook_faults(entry, folders), *_value_faults(entry, asked)]
        faults += found
        if not found:
            for values in _combinations(entry, asked):
                page = _page(entry, values)
                jobs.append(Job(page, entry["stage"], entry["time_limit"], reports, folders))
    paths = [job.page.path for job in jobs]
    faults += [
        f"reports.toml: two pages go to {path}." for path in sorted(set(paths)) if paths.count(path) > 1
    ]
    if faults:
        raise WrongInput(*faults)
    return jobs


def _fault(where, error):
    place = ".".join(str(step) for step in error.absolute_path)
    return f"{where}{f', {place}' if place else ''}: {error.message}."


def _notebook_faults(entry, folders):
    import papermill

    name = entry["notebook"]
    if not Path(name).is_file():
        return [f"reports.toml names the notebook {name}, which is missing."]
    try:
        known = papermill.inspect_notebook(name)
    except Exception as error:
        return [f"{name} cannot be read as a notebook: {error}."]
    return [
        f"reports.toml: {name} has no parameter {parameter!r} in its cell tagged 'parameters' "
        f"(it has: {', '.join(known) or 'none'})."
        for parameter in (*entry["parameters"], *folders)
        if parameter not in known
    ]


def _combinations(entry, asked):
    choices = {"language": asked["languages"], "year": asked["years"]}
    names = list(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(entry["output"]) if name))
    if unknown := set(names) - set(choices):
        raise KeyError(", ".join(sorted(unknown)))
    for combination in itertools.product(*(choices[name] for name in names)):
        values = dict(zip(names, combination, strict=True))
        defaults = {k: schema["default"] for k, schema in entry["parameters"].items() if "default" in schema}
        yield {**values, **{name: value for name, value in defaults.items() if name not in values}}


def _value_faults(entry, asked):
    """Sentences on what the pages of an entry would be given; several pages may share one."""
    import jsonschema

    names = list(entry["parameters"])
    schema = {"properties": entry["parameters"], "required": names, "additionalProperties": False}
    where = f"reports.toml, {entry['notebook']}, parameters"
    faults = {}
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        for values in _combinations(entry, asked):
            found = list(jsonschema.Draft202012Validator(schema).iter_errors(values))
            faults.update(dict.fromkeys(_fault(where, error) for error in found))
            _page(entry, values)
    except jsonschema.SchemaError as error:
        faults[_fault(f"{where} (a JSON Schema)", error)] = None
    except KeyError as error:
        faults[f"reports.toml, {entry['notebook']}: the name or text {error} is not known."] = None
    return list(faults)


def _page(entry, values):
    language, year = values["language"], values.get("year")
    path = entry["output"].format(**values)
    title = wording.text(entry["title"], **values)
    label = entry["label"][language]
    name, pictures = Path(path).stem, entry.get("pictures", "")
    stage = entry["stage"]
    return site.Page(name, language, year, path, title, label, entry["notebook"], values, pictures, stage)


def narrowed(jobs, only=None, years=(), languages=()):
    """
    Take the jobs that were asked for; the data stage stays, because everything else reads what it makes.

    Parameters
    ----------
    jobs : list of Job
    only : str, optional
        A stage.
    years, languages : sequence of str
        As typed; all if empty.

    Returns
    -------
    list of Job

    Raises
    ------
    WrongInput
        If there is no such year or language.
    """
    faults = []
    for what, typed, known in (
        ("year", years, sorted({job.page.year for job in jobs if job.page.year is not None})),
        ("language", languages, list(dict.fromkeys(job.page.language for job in jobs))),
    ):
        choices = [str(choice) for choice in known]
        for word in typed:
            if word not in choices:
                faults.append(
                    f"There is no {what} {word!r} in reports.toml; choose from {', '.join(choices)}."
                )
    if only == "data" and years:
        faults.append("The data stage has no years: leave out --year, or --only data.")
    if faults:
        raise WrongInput(*faults)
    return [
        job
        for job in jobs
        if (only is None or job.stage == only)
        and (not languages or job.page.language in languages)
        and (not years or job.page.year is None or str(job.page.year) in years)
    ]


# --- one page --------------------------------------------------------------------------------------------


def make_page(job):
    """
    Run a notebook and write its page and the executed notebook; an older page stays if that fails.

    Parameters
    ----------
    job : Job

    Returns
    -------
    Result
    """
    import nbformat
    import papermill

    started = time.perf_counter()
    page, reached, count = job.page, [], 0
    try:
        notebook = papermill.execute_notebook(
            page.notebook,
            None,
            parameters={**page.parameters, **job.folders},
            kernel_name="python3",
            progress_bar=False,
            start_timeout=KERNEL_START_SECONDS,
            execution_timeout=job.time_limit,
            kernel_manager_class=kernels.manager(),
            shutdown_kernel="immediate",
            on_cell_start=lambda cell, cell_index: reached.append(cell),
        )
        reached.clear()
        notebook, count = site.cleaned(notebook)
        rendered = site.render(
            notebook, page.language, page.title, page.notebook, page.parameters, job.links or None
        )
        path = job.reports / page.path
        write_text(path.with_suffix(".ipynb"), nbformat.writes(notebook) + "\n")
        write_text(path, rendered)
        job.log.unlink(missing_ok=True)
        status, error = "made", ""
    except Exception as problem:
        status, error = "failed", _report_failure(job, problem, reached[-1] if reached else None)
    kernel, maker = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
    )
    memory = (max(kernel, kernels.most_memory), maker)
    return Result(page, status, error, round(time.perf_counter() - started, 2), count, memory)


def _report_failure(job, problem, cell):
    """Write the log of a page that failed; return the sentence on it."""
    import nbformat

    where, source = "", ""
    if cell is not None:
        ids = [known.id for known in nbformat.read(job.page.notebook, as_version=4).cells]
        place = f"{ids.index(cell.id) + 1} {cell.id!r}" if cell.id in ids else "with the parameters"
        where, source = f", cell {place}", cell.source
    name = getattr(problem, "ename", None) or type(problem).__name__
    # The first line of a time-out says all; the rest repeats the cell.
    text = getattr(problem, "evalue", None) or str(problem)
    lines = [line for line in text.strip().splitlines() if line.strip()]
    lines = lines[:1] if isinstance(problem, TimeoutError) else lines[-3:]
    values = ", ".join(f"{key} {value}" for key, value in job.page.parameters.items())
    sentence = f"{job.page.notebook} ({values}){where}: {name}: {' / '.join(lines)}"
    trace = "\n".join(getattr(problem, "traceback", None) or traceback.format_exception(problem))
    trace = re.sub(r"\x1b\[[0-9;]*m", "", trace)
    write_text(job.log, site.neutral(f"{sentence}\n\n{source}\n\n{trace}\n"))
    return site.neutral(sentence)


# --- all pages -------------------------------------------------------------------------------------------


def _prepare_worker(root, scratch):
    os.chdir(root)
    os.environ.update(dict.fromkeys(NUMERIC_THREADS, "1"))
    os.environ.update(MPLBACKEND="agg", PYTHONHASHSEED="0", PYDEVD_DISABLE_FILE_VALIDATION="1")
    # Neither the user's IPython start-up files nor sockets in the home folder.
    os.environ.update(IPYTHONDIR=f"{scratch}/ipython", JUPYTER_RUNTIME_DIR=scratch)
    # An interrupt is for the process that was started by hand; it ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


class _Workers:
    """Processes that make pages, each with a warm server of kernels. A page that ends one is named."""

    def __init__(self, processes, root, scratch):
        self.processes, self.start, self.pool = processes, (str(root), scratch), None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            _end_children()
        self._close()

    def make(self, jobs, done):
        """Make pages in any order and call `done` with each result."""
        for job in self._attempt(jobs, done):
            # Which page ended the process is not known, so those that were left are made one by one.
            if self._attempt([job], done):
                text = f"{job.page.notebook} ({job.page.path}): the process that made it was ended (memory?)"
                write_text(job.log, f"{text}\n")
                done(Result(job.page, "failed", text))

    def _attempt(self, jobs, done):
        """Make pages; give back the jobs that were left when a process was ended."""
        if self.pool is None:
            # A server that has the heavy modules hands them to each process; elsewhere each imports them.
            context = multiprocessing.get_context("forkserver" if kernels.can_fork() else "spawn")
            if kernels.can_fork():
                context.set_forkserver_preload(["helpers.kernels", "helpers.site", "papermill", "nbconvert"])
            self.pool = concurrent.futures.ProcessPoolExecutor(
                self.processes, context, _prepare_worker, self.start
            )
        futures = {self.pool.submit(make_page, job): job for job in jobs}
        left = []
        for future in concurrent.futures.as_completed(futures):
            if isinstance(future.exception(), concurrent.futures.BrokenExecutor):
                left.append(futures[future])
            else:
                done(future.result())
        if left:
            self._close()
        return left

    def _close(self):
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)
            self.pool = None


def _end_children():
    import psutil

    for worker in multiprocessing.active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(worker.pid)
            for kernel in process.children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    kernel.kill()
            process.kill()


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
        line = f"[{done:{len(str(self.total))}}/{self.total}] {year}{page.name} ({page.language})"
        if self.terminal:
            print(f"\r\x1b[K{line}  about {left} s left", end="", flush=True)
        else:
            print(f"{line}  {result.status}, {result.seconds:.1f} s", flush=True)
        if result.error:
            self.say(f"Failed: {result.error}")

    def say(self, line):
        """Write a line about pages that were not made."""
        self.clear()
        print(line, file=sys.stderr, flush=True)

    def clear(self):
        """Remove the line that changes."""
        if self.terminal:
            print("\r\x1b[K", end="", flush=True)

    @property
    def seconds(self):
        """Time since the start (float)."""
        return time.monotonic() - self.started


def _make_all(jobs, root, processes, progress):
    """Make the data stage in one language first and in order, then everything else at once."""
    first = [job for job in jobs if job.stage == "data" and job.page.language == jobs[0].page.language]
    rest = [job for job in jobs if job not in first]
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="pages-", ignore_cleanup_errors=True)
        )
        workers = stack.enter_context(_Workers(min(processes, len(jobs)), root, scratch))
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
        workers.make(rest, progress)


def _write_record(place, asked_for, results, seconds):
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
            for result in pages
        ],
    }
    write_text(place["reports"] / "run.json", json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def _run(options, root, folders):
    from helpers import indices

    place = {name: root / folders.get(name, default) for name, default in FOLDERS.items()}
    jobs = read_jobs(place["reports"], folders)
    plan = [job.page for job in jobs]
    asked = narrowed(jobs, options.only, options.year, options.language)
    try:
        indices.preflight(FOLDERS["raw"])
    except indices.RawDataError as error:
        raise WrongInput(str(error)) from None
    pages = site.present(place["reports"], plan, [job.page for job in asked])
    asked = [replace(job, links=site.navigation(pages, job.page)) for job in asked]
    progress = _Progress(len(asked))
    try:
        _make_all(asked, root, options.jobs, progress)
    finally:
        progress.clear()
    site.write_index(place["reports"], plan, place["processed"], place["raw"])
    seconds = progress.seconds
    asked_for = {name: getattr(options, name) for name in ("only", "year", "language", "jobs", "bench")}
    _write_record(place, asked_for, progress.results, seconds)
    made = sum(result.status == "made" for result in progress.results)
    kernel, maker = (max(sizes) // 1024 for sizes in zip(*(r.memory for r in progress.results), strict=True))
    print(
        f"{made} of {len(asked)} pages made in {seconds:.0f} s ({seconds / len(asked):.2f} s a page, "
        f"{options.jobs} at a time); most memory: {kernel} MiB in a kernel, {maker} MiB in a page's process."
    )
    if made < len(asked) and not options.bench:
        print(f"The others stayed as they were. Why: {FOLDERS['reports']}/failed/", file=sys.stderr)
    return 0 if made == len(asked) else 1


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
