"""
Processes that make pages: one that has imported everything and read the data, and one forked from it a page.

The imports are paid once a batch, and no page shares its process with another. The parent of the pages ends
what hangs, names what was killed, and ends what a page left behind.
"""

import collections
import contextlib
import ctypes
import functools
import gc
import importlib
import io
import multiprocessing
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path

from helpers import making

NUMERIC_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# What every page needs, and what notebooks import. None of these starts a thread, which a fork would lose.
FIRST = (
    "papermill",
    "nbconvert",
    "ipykernel.kernelapp",
    "pandas",
    "matplotlib.pyplot",
    "PIL.PngImagePlugin",
    "pandera.pandas",
    "seaborn",
    "cmcrameri",
)
REST = (
    "geopandas",
    "pyogrio",
    "scipy.stats",
    "libpysal.weights",
    "mapclassify",
    "matplotlib_scalebar.scalebar",
    "spreg",
    "linearmodels",
    "statsmodels.regression.mixed_linear_model",
    "textalloc",
    "PIL.ImageDraw",
    "helpers.maps",
    "helpers.briefing_charts",
    "helpers.briefing_page",
    "helpers.briefing_sentences",
    "helpers.spatial_findings",
    "helpers.selection_findings",
    "helpers.panel_opening",
    "helpers.panel_charts",
    "helpers.agreement_charts",
    "helpers.models_findings",
    "helpers.heatmaps",
)
# A page whose cells are all done has this long to be written before it counts as hanging, too.
_GRACE_SECONDS = 5
_DUMP_SECONDS = 0.2
_STOP_SECONDS = 1
_SET_DEATH_SIGNAL, _SET_SUBREAPER = 1, 36


def can_fork():
    """Say whether pages can be made in forked processes on this system (bool)."""
    return sys.platform == "linux"


@dataclass(frozen=True)
class Settings:
    """
    What the parent of the pages is told once.

    Attributes
    ----------
    root : str
        Folder of the project, in which it works.
    scratch : str
        Folder for files that are not kept.
    processes : int
        Pages at a time.
    engine : {"warm", "kernel"}
    first, rest : tuple of str
        Modules to import before the first page is made, and while it is.
    """

    root: str
    scratch: str
    processes: int
    engine: str
    first: tuple = FIRST
    rest: tuple = REST


# --- on the side of the batch ---------------------------------------------------------------------------


class Workers:
    """
    Makes pages in processes of their own; they end with the block that this is used in.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings):
        self.settings, self._process, self._pipe = settings, None, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process is not None:
            _end(self._process)
            self._pipe.close()

    def start(self):
        """Start the parent of the pages, which begins to import."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self.settings), daemon=False)
        with _environment(self.settings.scratch):
            self._process.start()
        theirs.close()

    def run(self, function, *arguments):
        """
        Call a function of the top level of a module where everything is imported.

        Parameters
        ----------
        function : callable
        *arguments

        Returns
        -------
        object
            What it returns.

        Raises
        ------
        Exception
            What it raises.
        """
        if self._process is None:
            return function(*arguments)
        self._pipe.send(("run", function, arguments))
        kind, value = self._pipe.recv()
        if kind == "raised":
            raise value
        return value

    def make(self, jobs, done, begun=None, warm=None):
        """
        Make pages in the order given, several at a time.

        Parameters
        ----------
        jobs : list of helpers.planning.Job
        done : callable
            Called with each `making.Result`.
        begun : callable, optional
            Called with the page that is started.
        warm : dict, optional
            Folders whose data is read before the first of them is made; see `making.read_ahead`.
        """
        if not jobs:
            return
        if self._process is None:
            self.start()
        left = dict(enumerate(jobs))
        try:
            self._pipe.send(("make", jobs, warm))
            while left:
                kind, number, *told = self._pipe.recv()
                if kind == "broken":
                    raise RuntimeError(f"The parent of the pages could not be prepared:\n{number}")
                if kind == "begun" and begun:
                    begun(left[number].page)
                elif kind == "done":
                    done(told[0])
                    del left[number]
        except (EOFError, OSError):
            # Nothing is known of pages under way, but that they are not there.
            for job in left.values():
                text = "the process that makes the pages was ended (out of memory?)"
                done(making.failure(job, text))
            self.__exit__()
            self._process = None


@contextlib.contextmanager
def _environment(scratch):
    """Have variables that are read when an interpreter starts, or by what it starts."""
    wanted = dict.fromkeys(NUMERIC_THREADS, "1")
    wanted |= {"MPLBACKEND": "agg", "PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    # Neither the user's IPython start-up files nor sockets in the home folder.
    wanted |= {"IPYTHONDIR": f"{scratch}/ipython", "JUPYTER_RUNTIME_DIR": scratch, "TMPDIR": scratch}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end(process):
    """End a process and all that descends from it, at once."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        # Held, so that it starts nothing while its descendants are counted.
        parent.suspend()
        for child in [*parent.children(recursive=True), parent]:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.join(_STOP_SECONDS)


# --- the parent of the pages ----------------------------------------------------------------------------


def serve(pipe, settings):
    """
    Be the parent of the pages until the pipe is closed.

    Parameters
    ----------
    pipe : multiprocessing.connection.Connection
        On which lists of jobs come, each with the folders to read ahead or None, and results go.
    settings : Settings
    """
    _prepare(settings)
    try:
        parent = _Parent(pipe, settings)
    except Exception:
        pipe.send(("broken", traceback.format_exc()))
        raise SystemExit(1) from None
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        parent.run()
    parent.end()


def _prepare(settings):
    os.chdir(settings.root)
    # An interrupt is for the process that was started by hand; it ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if can_fork():
        # What a page's child leaves behind becomes a child of this process, which ends it.
        ctypes.CDLL(None).prctl(_SET_SUBREAPER, 1, 0, 0, 0)


class _Parent:
    def __init__(self, pipe, settings):
        self.pipe, self.settings = pipe, settings
        self.forking = can_fork()
        self.context = multiprocessing.get_context("fork" if self.forking else "spawn")
        # What the parent does while pages are made.
        self.chores = collections.deque(
            functools.partial(_import, [name]) for name in (settings.rest if self.forking else ())
        )
        self.waiting, self.running = collections.deque(), {}
        if self.forking:
            self._do(functools.partial(_import, settings.first))
            self._do(functools.partial(making.warm_up, settings.engine))

    def run(self):
        while True:
            while self.waiting and len(self.running) < self.settings.processes:
                self._begin(*self.waiting.popleft())
            if self.chores and not self._readable(0):
                self._do(self.chores.popleft())
                continue
            for ready in self._readable(self._time_left()):
                if ready is self.pipe:
                    kind, *told = self.pipe.recv()
                    self._take(*told) if kind == "make" else self._call(*told)
                else:
                    self._hear(self.running[ready])
            for page in [page for page in self.running.values() if time.monotonic() > page.deadline]:
                self._end_hanging(page)

    def _readable(self, seconds):
        return connection.wait([self.pipe, *self.running], seconds)

    def _time_left(self):
        if not self.running:
            return None
        return max(0.0, min(page.deadline for page in self.running.values()) - time.monotonic())

    def _take(self, jobs, warm):
        if warm is not None and self.forking:
            while self.chores:
                self._do(self.chores.popleft())
            self._do(functools.partial(making.read_ahead, warm))
            self.chores.extend(making.chores(warm, jobs))
        self.waiting.extend(enumerate(jobs))

    def _do(self, chore):
        # What libraries warn of when they are imported is not for those who wait for pages.
        with contextlib.redirect_stderr(io.StringIO()):
            chore()
        # Forked processes have what is here without a copy, unless the collector looks at it.
        gc.collect()
        gc.freeze()

    def _call(self, function, arguments):
        try:
            told = "returned", function(*arguments)
        except Exception as error:
            told = "raised", error
        self.pipe.send(told)

    def _begin(self, number, job):
        if job.ask is not None and making.is_still(job):
            self.pipe.send(("done", number, making.Result(job.page, "unchanged")))
            return
        ours, theirs = self.context.Pipe(duplex=False)
        page = _Running(number, job, ours, self.settings.scratch)
        inherited = [self.pipe, *self.running, ours] if self.forking else []
        page.process = self.context.Process(
            target=_make, args=(job, theirs, page.trace, self.settings, inherited), daemon=False
        )
        page.process.start()
        theirs.close()
        self.running[ours] = page
        self.pipe.send(("begun", number))

    def _hear(self, page):
        try:
            kind, told = page.pipe.recv()
        except (EOFError, OSError):
            self._close(page)
            code = page.process.exitcode
            how = f"was ended by signal {-code}" if code < 0 else f"ended the interpreter with status {code}"
            killed = " (out of memory, or killed by hand)" if code == -signal.SIGKILL else ""
            self._fail(page, f"its process {how}{killed}")
            return
        if kind == "cell":
            page.cell = told
        else:
            self._close(page)
            self.pipe.send(("done", page.number, told))

    def _end_hanging(self, page):
        if self.forking:
            with contextlib.suppress(ProcessLookupError):
                os.kill(page.process.pid, signal.SIGUSR1)
            time.sleep(_DUMP_SECONDS)
        self._close(page)
        self._fail(page, f"it took more than its limit of {page.job.time_limit:g} s and was ended")

    def _fail(self, page, text):
        trace = Path(page.trace).read_text(errors="replace") if Path(page.trace).is_file() else ""
        self.pipe.send(("done", page.number, making.failure(page.job, text, page.cell, trace)))

    def _close(self, page):
        """End the process of a page with everything that it started."""
        import psutil

        del self.running[page.pipe]
        page.pipe.close()
        descendants = []
        with contextlib.suppress(psutil.NoSuchProcess):
            descendants = psutil.Process(page.process.pid).children(recursive=True)
        if self.forking:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(page.process.pid, signal.SIGKILL)
        page.process.kill()
        page.process.join()
        orphans = [] if self.running else psutil.Process().children(recursive=True)
        for left in [*descendants, *orphans]:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
        if self.forking:
            with contextlib.suppress(ChildProcessError):
                while not self.running and os.waitpid(-1, os.WNOHANG)[0]:
                    pass

    def end(self):
        """End all pages that are under way."""
        for page in list(self.running.values()):
            self._close(page)


class _Running:
    """A page that is being made."""

    def __init__(self, number, job, pipe, scratch):
        self.number, self.job, self.pipe, self.cell, self.process = number, job, pipe, None, None
        self.deadline = time.monotonic() + job.time_limit + _GRACE_SECONDS
        self.trace = os.path.join(scratch, f"trace-{number}-{os.urandom(4).hex()}")


def _import(names):
    for name in names:
        # A notebook that needs it says better what is wrong.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


# --- the process of a page ------------------------------------------------------------------------------


def _make(job, pipe, trace, settings, inherited):
    """Make a page, tell of it, and end without waiting for what the notebook left behind."""
    for other in inherited:
        other.close()
    if can_fork():
        # A group of its own, so that it ends with everything that it started; and never outlives its parent.
        os.setsid()
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == 1:
            os._exit(1)
    else:
        _prepare(settings)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    _trace_into(trace)

    def tell(kind, what):
        pipe.send((kind, what))

    result = making.make_page(job, settings.engine, settings.scratch, lambda cell: tell("cell", cell))
    tell("done", result)
    os._exit(0)


def _trace_into(path):
    """Have a traceback written there if the interpreter crashes, or is asked by a signal where it hangs."""
    import faulthandler

    file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - open as long as the process is
    faulthandler.enable(file)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, file)
