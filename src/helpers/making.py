"""Making one page: its notebook run with papermill, rendered and written, and an account of how it went."""

import collections
import contextlib
import functools
import importlib
import os
import re
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from helpers import inputs
from helpers.files import write_text

KERNEL_START_SECONDS = 120
# More text than this is no page: it would not open on a phone.
OUTPUT_LIMIT = 20_000_000
WORTH_PREPARING = 12


@dataclass(frozen=True)
class Result:
    """
    What became of a page.

    Attributes
    ----------
    page : site.Page
    status : {"made", "unchanged", "failed", "not made"}
    error : str
        Where it failed and why; "" for a page that was made.
    seconds : float
    warnings : int
        Warnings that the notebook gave.
    memory : int
        Most memory that the process of the page took, in KiB.
    left : tuple of str
        Threads and processes that the notebook left behind, which were ended.
    files, queries, written : list, dict, list
        What it read and wrote; see `helpers.inputs.Watch`. `files` is None if it was not watched.
    """

    page: object
    status: str
    error: str = ""
    seconds: float = 0.0
    warnings: int = 0
    memory: int = 0
    left: tuple = ()
    files: list | None = field(default=None, repr=False)
    queries: dict = field(default_factory=dict, repr=False)
    written: list = field(default_factory=list, repr=False)


class OutputError(Exception):
    """A cell prints more than a page can hold."""


class OutsideError(PermissionError):
    """A notebook writes where its page does not belong."""


def warm_up(engine):
    """
    Make ready, in the parent of all pages, what every page needs.

    Parameters
    ----------
    engine : {"warm", "kernel"}
    """
    from helpers import site, wording

    wording.preload()
    site.preload()
    importlib.import_module("xlsxwriter")
    # Progress bars of a page need no lock between processes, which would outlive a page that is ended.
    importlib.import_module("tqdm").tqdm.set_lock(threading.RLock())
    if engine == "warm":
        importlib.import_module("helpers.engine").prepare()


def read_ahead(folders):
    """
    Read, in the parent of all pages, the tables that pages read; each reader keeps what it read.

    Parameters
    ----------
    folders : dict of str
        The folders "raw" and "processed".
    """
    from helpers import maps, spatial

    # What is wrong with a table is said by the page that reads it.
    with contextlib.suppress(Exception):
        maps.open_atlas(folders["raw"], folders["processed"]).prepare()
        spatial.read_borders(folders["processed"], "63", folders["raw"])


def chores(folders, jobs):
    """
    List what else is worth doing in the parent of all pages, while the first ones are made.

    Parameters
    ----------
    folders : dict of str
        The folders "raw" and "processed".
    jobs : list of helpers.planning.Job
        Pages to be made.

    Returns
    -------
    list of callable
    """
    about, drawn = collections.defaultdict(list), collections.defaultdict(list)
    for job in jobs:
        page = job.page
        if page.province is not None:
            about[page.year].append(page)
        elif page.year is not None:
            drawn[page.language].append(page.year)
    # For a few pages it would take longer than it saves.
    return [
        functools.partial(_draw_year, folders, max(years), language)
        for language, years in sorted(drawn.items())
        if len(years) >= WORTH_PREPARING
    ] + [
        functools.partial(_prepare_year, folders, year, pages[0].province, {page.language for page in pages})
        for year, pages in sorted(about.items())
        if len(pages) >= WORTH_PREPARING
    ]


def _draw_year(folders, year, language):
    """Draw a map and a scatter plot: their words are laid out, and need not be again."""
    from helpers import charts, coefficients, correlation, maps, provinces, publishing

    with contextlib.suppress(Exception):
        raw = folders["raw"]
        atlas = maps.open_atlas(raw, folders["processed"], years=[year - 1, year])
        known = atlas.registry.of_year(year)
        publishing.prepare(maps.choropleth(atlas, known[0].slug, year, language=language).figure)
        points = correlation.points(atlas.figures, known[0], known[1], year, "score")
        estimate = coefficients.spearman(points["x"].to_numpy(), points["y"].to_numpy())
        places = provinces.load(raw, provinces.vintage_of(year))
        publishing.prepare(
            charts.scatter(points, known[0], known[1], year, "score", language, places, estimate)
        )


def _prepare_year(folders, year, code, languages):
    from helpers import briefing, briefing_charts, maps

    with contextlib.suppress(Exception):
        briefing.open_book(folders["raw"], folders["processed"]).prepare(year)
        shown = briefing.shown(code, year, folders["raw"], folders["processed"])
        atlas = maps.open_atlas(folders["raw"], folders["processed"], years=[])
        for language in sorted(languages):
            briefing_charts.prepare(shown, atlas, language)


def is_still(job):
    """
    Say whether everything that a page asked of the data has the same answer.

    Parameters
    ----------
    job : helpers.planning.Job
        With `ask`, the digests of the answers.

    Returns
    -------
    bool
    """
    return inputs.still(job.ask)


def make_page(job, engine="warm", scratch=None, tell=None):
    """
    Run a notebook and write its page and the executed notebook; an older page stays if that fails.

    Parameters
    ----------
    job : helpers.planning.Job
    engine : {"warm", "kernel"}
        Whether the cells run in this process, or in a kernel that is started for them.
    scratch : str, optional
        Folder for files that are not kept; everything may be written there. By default the system's.
    tell : callable, optional
        Called with the position of each cell that is started, and its source.

    Returns
    -------
    Result
    """
    import papermill

    from helpers import embedding, origins, site

    started = time.perf_counter()
    page, reached, count, left = job.page, [], 0, ()

    def begin(cell, cell_index):
        reached.append(cell)
        if tell:
            tell((cell.id, cell.source))

    with inputs.watching(_guard(job, scratch)) as watch:
        try:
            notebook = papermill.execute_notebook(
                page.notebook,
                None,
                parameters={**page.parameters, **job.folders},
                kernel_name="python3",
                progress_bar=False,
                start_timeout=KERNEL_START_SECONDS,
                execution_timeout=job.time_limit,
                on_cell_start=begin,
                on_cell_executed=_refuse_floods,
                **_engine(engine),
            )
            reached.clear()
            notebook, count = site.cleaned(notebook)
            raw = job.folders.get("raw", "data/raw")
            origin = origins.told(job, notebook, None if engine == "kernel" else watch, raw)
            rendered = site.render(
                notebook,
                page.language,
                page.title,
                page.notebook,
                page.parameters,
                job.links or None,
                page.kind,
                origin,
            )
            rendered = embedding.on_page(rendered, job.reports, page.path)
            _write_page(job, embedding.beside(notebook, job.reports, page.path), rendered)
            job.log.unlink(missing_ok=True)
            status, error = "made", ""
        except Exception as problem:
            status, error = "failed", _report(job, problem, reached[-1] if reached else None)
    left = _left_behind()
    return Result(
        page,
        status,
        error,
        round(time.perf_counter() - started, 2),
        count,
        _most_memory(),
        left,
        None if engine == "kernel" else sorted(watch.files),
        watch.queries,
        sorted(watch.written),
    )


def _engine(engine):
    from helpers import kernels

    if engine == "warm":
        return {"engine_name": "warm"}
    return {"kernel_manager_class": kernels.manager(), "shutdown_kernel": "immediate"}


def _guard(job, scratch):
    """Refuse writing but in the folders of the page."""
    page = job.page
    own = job.reports / page.language / ("" if page.year is None else str(page.year))
    folders = [own, job.log.parent, Path("/dev"), Path(scratch or tempfile.gettempdir())]
    if job.stage == "data":
        folders.append(Path(job.folders.get("processed", "data/processed")))
    allowed = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)

    def guard(path):
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        # What Python keeps of modules that it compiles, and folders above its own.
        if (
            real.startswith(allowed)
            or "__pycache__" in real
            or any(a.startswith(f"{real}/") for a in allowed)
        ):
            return
        raise OutsideError(
            f"{page.notebook} may write below {os.path.relpath(own)} alone, and tried to write {path}: "
            "take the folder from its parameters."
        )

    return guard


def _refuse_floods(cell, cell_index, execute_reply):
    size = sum(
        len(output.get("text", "")) + sum(len(data) for data in output.get("data", {}).values())
        for output in cell.get("outputs", ())
    )
    if size > OUTPUT_LIMIT:
        raise OutputError(
            f"the cell shows {size / 1e6:.0f} MB; a page may have {OUTPUT_LIMIT / 1e6:.0f} MB of a cell: "
            "write a file instead, or show less."
        )


def _most_memory():
    with contextlib.suppress(ImportError):  # not everywhere
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0


def _left_behind():
    """Name the threads and processes that were started and not ended."""
    import psutil

    threads = [
        thread.name
        for thread in threading.enumerate()
        if thread is not threading.main_thread() and not thread.daemon
    ]
    processes = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                processes.append(process.name())
    return tuple([f"thread {name!r}" for name in threads] + [f"process {name!r}" for name in processes])


def _write_page(job, notebook, rendered):
    import nbformat

    path = job.reports / job.page.path
    if job.page.pdf and not (path.is_file() and path.read_text(encoding="utf-8") == rendered):
        # It would show what the page no longer says, were it not printed anew.
        path.with_suffix(".pdf").unlink(missing_ok=True)
    write_text(path.with_suffix(".ipynb"), nbformat.writes(notebook) + "\n")
    write_text(path, rendered)


# --- failures -------------------------------------------------------------------------------------------


def failure(job, text, cell=None, trace=""):
    """
    Account for a page whose process was ended.

    Parameters
    ----------
    job : helpers.planning.Job
    text : str
        What happened.
    cell : tuple of str, optional
        Identifier and source of the cell that was reached.
    trace : str
        Where the interpreter was.

    Returns
    -------
    Result
    """
    ident, source = cell or ("", "")
    return Result(job.page, "failed", _log(job, text, ident, source, trace))


def _report(job, problem, cell):
    """Write the log of a page that failed; return the sentence on it."""
    name = getattr(problem, "ename", None) or type(problem).__name__
    # The first line of a time-out says all; the rest repeats the cell.
    text = getattr(problem, "evalue", None) or str(problem)
    lines = [line for line in text.strip().splitlines() if line.strip()]
    lines = lines[:1] if isinstance(problem, TimeoutError) else lines[-3:]
    trace = "\n".join(getattr(problem, "traceback", None) or traceback.format_exception(problem))
    ident, source = ("", "") if cell is None else (cell.id, cell.source)
    return _log(job, f"{name}: {' / '.join(lines)}", ident, source, trace)


def _log(job, text, ident, source, trace):
    import nbformat

    from helpers import site

    where = ""
    if ident:
        ids = [known.id for known in nbformat.read(job.page.notebook, as_version=4).cells]
        where = f", cell {ids.index(ident) + 1} {ident!r}" if ident in ids else ", cell with the parameters"
    values = ", ".join(f"{key} {value}" for key, value in job.page.parameters.items())
    sentence = f"{job.page.notebook} ({values}){where}: {text}"
    trace = re.sub(r"\x1b\[[0-9;]*m", "", trace)
    write_text(job.log, site.neutral(f"{sentence}\n\n{source}\n\n{trace}\n"))
    return site.neutral(sentence)
