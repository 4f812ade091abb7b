"""Every page of reports.toml: checked, run with papermill, rendered, several at a time; see ``--help``."""

import argparse
import collections
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

from helpers import kernels, provinces, site, wording
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
    "properties": {
        **_ENTRY,
        "pictures": _TEXT,
        "years": {"enum": ["newest"]},
        "kind": {"type": "string", "pattern": "^[a-z]+$"},
        "pdf": {"type": "boolean"},
    },
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
    newest : bool
        Whether it is made only for the newest year unless years are asked for.
    """

    page: site.Page
    stage: str
    time_limit: float
    reports: Path
    folders: dict = field(default_factory=dict)
    links: dict = field(default_factory=dict)
    newest: bool = False

    @property
    def log(self):
        """Where the traceback goes if the page cannot be made (pathlib.Path)."""
        page = self.page
        words = [page.language, page.year, Path(page.notebook).stem, page.province]
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


def read_jobs(reports, folders, raw=FOLDERS["raw"]):
    """
    Read ``reports.toml`` in the working directory and check all of it.

    Parameters
    ----------
    reports : pathlib.Path
        Folder that the pages go to.
    folders : dict
        Parameters of folders that differ from the notebooks' own.
    raw : str or pathlib.Path
        Folder of the raw tables, which has the provinces.

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
        pages, found = _pages(entry, asked, raw)
        faults += [*_notebook_faults(entry, folders), *found]
        stage, limit, newest = entry["stage"], entry["time_limit"], "years" in entry
        jobs += [Job(page, stage, limit, reports, folders, newest=newest) for page in pages]
    paths = collections.Counter(job.page.path for job in jobs)
    faults += [f"reports.toml: two pages go to {path}." for path in sorted(paths) if paths[path] > 1]
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


def _pages(entry, asked, raw):
    """The pages of an entry, and sentences on what is wrong with it; several pages may share a fault."""
    import jsonschema

    where = f"reports.toml, {entry['notebook']}"
    try:
        jsonschema.Draft202012Validator.check_schema({"properties": entry["parameters"]})
        combinations = list(_combinations(entry, asked, raw))
        faults = _value_faults(entry, combinations, f"{where}, parameters")
        places = _places(combinations, raw)
        pages = [] if faults else [_page(entry, values, places) for values in combinations]
    except jsonschema.SchemaError as error:
        return [], [_fault(f"{where}, parameters (a JSON Schema)", error)]
    except KeyError as error:
        return [], [f"{where}: the name or text {error} is not known."]
    except WrongInput as wrong:
        return [], [f"{where}: {fault}" for fault in wrong.args]
    except FileNotFoundError as error:
        return [], [f"{where} needs {error.filename}, which is missing: restore it from the repository."]
    return pages, faults


def _combinations(entry, asked, raw):
    names = list(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(entry["output"]) if name))
    if unknown := set(names) - {"language", "year", "province"}:
        raise KeyError(", ".join(sorted(unknown)))
    if "province" in names and "year" not in names:
        raise WrongInput("an output with {province} needs {year}, which decides what provinces there are.")
    defaults = {key: schema["default"] for key, schema in entry["parameters"].items() if "default" in schema}
    years = asked["years"] if "year" in names else [None]
    for language, year in itertools.product(asked["languages"], years):
        codes = provinces.load(raw, provinces.vintage_of(year)).codes if "province" in names else [None]
        for code in codes:
            found = {"language": language, "year": year, "province": code}
            values = {name: found[name] for name in names}
            yield {**values, **{name: value for name, value in defaults.items() if name not in values}}


def _value_faults(entry, combinations, where):
    """Sentences on the values of an entry; each value is judged once, however many pages have it."""
    import jsonschema

    parameters = entry["parameters"]
    anything = {"properties": dict.fromkeys(parameters, True)}
    names = {**anything, "required": list(parameters), "additionalProperties": False}
    found = list(jsonschema.Draft202012Validator(names).iter_errors(combinations[0]))
    for name, schema in parameters.items():
        validator = jsonschema.Draft202012Validator({"properties": {name: schema}})
        values = {repr(values[name]): values[name] for values in combinations if name in values}
        found += [error for value in values.values() for error in validator.iter_errors({name: value})]
    return list(dict.fromkeys(_fault(where, error) for error in found))


def _places(combinations, raw):
    """Name, and name with type, of each province by set of units, code and language; looked up once."""
    places = {}
    for values in combinations:
        if "province" in values:
            vintage, code, language = key = _place_key(values)
            if key not in places:
                units = provinces.load(raw, vintage)
                places[key] = units.name(code, language), units.full_name(code, language)
    return places


def _place_key(values):
    return provinces.vintage_of(values["year"]), values["province"], values["language"]


def _page(entry, values, places):
    language, year, code = values["language"], values.get("year"), values.get("province")
    path = entry["output"].format(**values)
    place, full = ("", "") if code is None else places[_place_key(values)]
    title = wording.text(entry["title"], **{**values, "place": full})
    return site.Page(
        # What the pages of all provinces have in common is the word in the braces.
        name=Path(entry["output"]).stem.strip("{}"),
        language=language,
        year=year,
        path=path,
        title=title[:1].upper() + title[1:],
        label=entry["label"][language],
        notebook=entry["notebook"],
        parameters=values,
        pictures=entry.get("pictures", ""),
        stage=entry["stage"],
        province=code,
        place=place,
        kind=entry.get("kind", ""),
        pdf=entry.get("pdf", False),
    )


def narrowed(jobs, only=None, years=(), languages=(), typed=(), raw=FOLDERS["raw"]):
    """
    Take the jobs that were asked for; the data stage stays, because everything else reads what it makes.

    Parameters
    ----------
    jobs : list of Job
    only : str, optional
        A stage.
    years, languages : sequence of str
        As typed; all if empty, and of pages that are made for the newest year only, that one.
    typed : sequence of str
        Codes or names of provinces as typed, several with commas between them. Where there are any, only
        their pages are taken, of the newest year if `years` is empty.
    raw : str or pathlib.Path
        Folder of the raw tables, which has the provinces.

    Returns
    -------
    list of Job

    Raises
    ------
    WrongInput
        If there is no such year, language or province.
    """
    faults = []
    for what, words, known in (
        ("year", years, sorted({job.page.year for job in jobs if job.page.year is not None})),
        ("language", languages, list(dict.fromkeys(job.page.language for job in jobs))),
    ):
        choices = [str(choice) for choice in known]
        for word in words:
            if word not in choices:
                faults.append(
                    f"There is no {what} {word!r} in reports.toml; choose from {', '.join(choices)}."
                )
    for option, words in (("year", years), ("province", typed)):
        if only == "data" and words:
            faults.append(f"The data stage has no {option}s: leave out --{option}, or --only data.")
    if faults:
        raise WrongInput(*faults)
    newest = max((job.page.year for job in jobs if job.page.year is not None), default=None)
    wanted = {int(year) for year in years}
    named = _resolved(jobs, typed, wanted or {newest}, raw) if typed else set()

    def is_wanted(job):
        page = job.page
        if (only and job.stage != only) or (languages and page.language not in languages):
            return False
        if typed:
            return job.stage == "data" or (page.year, page.province) in named
        return page.year is None or page.year in (wanted or ({newest} if job.newest else {page.year}))

    return [job for job in jobs if is_wanted(job)]


def _resolved(jobs, typed, years, raw):
    """Years and codes of the provinces that were typed."""
    if all(job.page.province is None for job in jobs):
        raise WrongInput("No page of reports.toml is about a province: leave out --province.")
    words = [word.strip() for text in typed for word in text.split(",") if word.strip()]
    # Codes are also told apart by spaces, as years are; a name may have some.
    words = [part for word in words for part in (word.split() if re.fullmatch(r"[\d\s]+", word) else [word])]
    named, faults = set(), [] if words else ["--province names no province."]
    for year, word in itertools.product(sorted(years), dict.fromkeys(words)):
        try:
            named.add((year, provinces.resolve(raw, word, year)))
        except provinces.UnknownProvinceError as error:
            near = [f"{name} ({code})" for code, name in error.suggestions]
            faults.append(
                f"There is no province {word!r} among the {error.vintage} of {year}; "
                f"did you mean {', '.join(near[:-1])} or {near[-1]}?"
            )
        except provinces.OtherUnitsError as error:
            faults.append(f"{error}.")
    if faults:
        raise WrongInput(*faults)
    return named


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
            notebook, page.language, page.title, page.notebook, page.parameters, job.links or None, page.kind
        )
        _write_page(job, notebook, rendered)
        job.log.unlink(missing_ok=True)
        status, error = "made", ""
    except Exception as problem:
        status, error = "failed", _report_failure(job, problem, reached[-1] if reached else None)
    kernel, maker = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
    )
    memory = (max(kernel, kernels.most_memory), maker)
    return Result(page, status, error, round(time.perf_counter() - started, 2), count, memory)


def _write_page(job, notebook, rendered):
    import nbformat

    path = job.reports / job.page.path
    if job.page.pdf and not (path.is_file() and path.read_text(encoding="utf-8") == rendered):
        # It would show what the page no longer says, were it not printed anew.
        path.with_suffix(".pdf").unlink(missing_ok=True)
    write_text(path.with_suffix(".ipynb"), nbformat.writes(notebook) + "\n")
    write_text(path, rendered)


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
        printed = printing.print_pages(list(pages), processes=processes)
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
    links_of = site.navigator(pages)
    asked = [replace(job, links=links_of(job.page)) for job in asked]
    progress = _Progress(len(asked))
    sift = _Sift(place["processed"], place["raw"], bool(options.province), progress)
    try:
        _make_all(asked, root, options.jobs, progress, sift)
    finally:
        progress.clear()
    listed = _write_lists(place, plan)
    site.write_index(place["reports"], plan, place["processed"], place["raw"])
    seconds, total = progress.seconds, progress.total
    made = sum(result.status == "made" for result in progress.results)
    memory = [(0, 0), *(result.memory for result in progress.results)]
    kernel, maker = (max(sizes) // 1024 for sizes in zip(*memory, strict=True))
    print(
        f"{made} of {total} pages made in {seconds:.0f} s ({seconds / max(total, 1):.2f} s a page, "
        f"{options.jobs} at a time); most memory: {kernel} MiB in a kernel, {maker} MiB in a page's process."
    )
    pdfs = _print(progress.results, place["reports"], options.jobs) if options.pdf else {}
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
