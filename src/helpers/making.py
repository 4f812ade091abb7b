"""Making pages: one from its notebook with papermill, and several at a time in processes of their own."""

import concurrent.futures
import contextlib
import logging
import multiprocessing
import os
import re
import resource
import signal
import time
import traceback
import warnings
from dataclasses import dataclass

from helpers import kernels, site
from helpers.files import write_text

NUMERIC_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
KERNEL_START_SECONDS = 120


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


# --- one page --------------------------------------------------------------------------------------------


def make_page(job):
    """
    Run a notebook and write its page and the executed notebook; an older page stays if that fails.

    Parameters
    ----------
    job : helpers.planning.Job

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


# --- several pages ---------------------------------------------------------------------------------------


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


class Workers:
    """
    Processes that make pages, each with a warm server of kernels; ended with the block that they are used in.

    Parameters
    ----------
    processes : int
        How many at most.
    root : pathlib.Path
        Folder of the project, in which they work.
    scratch : str
        Folder for files of theirs that are not kept.
    """

    def __init__(self, processes, root, scratch):
        self.processes, self.start, self.pool = processes, (str(root), scratch), None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            _end_children()
        self._close()

    def make(self, jobs, done):
        """
        Make pages in any order; a page that ends its process is named as failed.

        Parameters
        ----------
        jobs : list of helpers.planning.Job
        done : callable
            Called with each `Result`.
        """
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
                context.set_forkserver_preload(["helpers.making", "papermill", "nbconvert"])
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
