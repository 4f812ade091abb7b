"""
Making the pages of a batch on a Dask cluster, through the executor of ``distributed``.

The address of a scheduler is one to which the project's code and data go, and from which whatever comes is
believed: everybody who can reach the scheduler can run code on its workers and, through what they answer,
here. Use a cluster in a network that you trust, or addresses that begin with ``tls://`` with certificates as
Dask's configuration names them.
"""

import collections
import contextlib
import gc
import io
import logging
import os
import pickle
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import warnings
import zipfile
from pathlib import Path

import cloudpickle
import distributed

from helpers import making, parcels
from helpers.planning import WrongInput

_CONNECT_SECONDS = 8
_WORKER_SECONDS = 30
_LOOK_SECONDS = 1
_STOP_SECONDS = 1.5
# Files of an earlier time count as at rest: readers keep what they read of them.
_AT_REST_SECONDS = 60


class _LostError(Exception):
    """The cluster is no more; the text says what of it."""


class Cluster:
    """
    Makes pages on the workers of a Dask cluster; what it put there is gone with the block it is used in.

    Parameters
    ----------
    address : str
        Of the scheduler, for example ``tcp://127.0.0.1:8786``. See above on what may go wrong.
    settings : helpers.processes.Settings
        As for `helpers.processes.Workers`; `processes` is not looked at, the cluster has as many pages at a
        time as its workers have threads.
    """

    def __init__(self, address, settings):
        self.address, self.settings = address, settings
        self._client, self._plugin, self._number = None, None, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._client is None:
            return
        # Whoever does not answer now is not waited for.
        leaving = threading.Thread(target=self._leave, daemon=True)
        leaving.start()
        leaving.join(_STOP_SECONDS)
        self._client = self._plugin = None

    def _leave(self):
        with contextlib.suppress(Exception):
            if self._client.status == "running":
                self._executor.shutdown(wait=False)
                if self._plugin:
                    self._client.unregister_worker_plugin(self._plugin)
        with contextlib.suppress(Exception):
            self._client.close(timeout=_STOP_SECONDS)

    def start(self):
        """
        Connect to the scheduler, and see that there are workers with the versions of here.

        Raises
        ------
        helpers.planning.WrongInput
            If nothing answers at the address, there is no worker, or one has other versions.
        """
        for name in ("distributed", "distributed.client"):
            # All that goes wrong is said in the sentences of this module.
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        fault = self._connect()
        if fault:
            # What distributed leaves of the attempt closes itself when it is collected. Left to chance, that
            # can be while a lock is held that it needs.
            gc.collect()
            raise WrongInput(f"{fault}, or leave SCHEDULER out.")
        self._executor = self._client.get_executor()
        try:
            self._client.wait_for_workers(1, timeout=_WORKER_SECONDS)
        except TimeoutError:
            raise WrongInput(
                f"The Dask scheduler at {self.address} had no worker for {_WORKER_SECONDS} s: start one with "
                f"`dask worker {self.address}`, or leave SCHEDULER out."
            ) from None
        self._compare_versions()

    def _connect(self):
        """Connect; return what is wrong and what to do, "" if nothing is."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._client = distributed.Client(
                    self.address, timeout=_CONNECT_SECONDS, set_as_default=False
                )
            except (ValueError, TypeError) as error:
                said = f"{self.address!r} cannot be used as the address of a Dask scheduler: {error}"
                return f"{said}; give one like tcp://127.0.0.1:8786"
            # Something else may listen there, whose answers distributed takes for anything.
            except Exception:
                return f"No Dask scheduler answers at {self.address}: start one with `dask scheduler`"
        return ""

    def _compare_versions(self):
        told = self._client.get_versions(packages=parcels.PACKAGES)["workers"]
        faults = []
        for worker, found in sorted(told.items()):
            there = {**found["packages"], "python": ".".join(found["packages"]["python"].split(".")[:3])}
            if other := parcels.differences(there, parcels.versions()):
                faults.append(
                    f"The worker {worker} has other versions: {', '.join(other)}. "
                    "Install requirements.lock there."
                )
        if faults:
            raise WrongInput(*faults)

    def run(self, function, *arguments):
        """
        Call a function here.

        Parameters
        ----------
        function : callable
        *arguments

        Returns
        -------
        object
            What it returns.
        """
        return function(*arguments)

    def make(self, jobs, done, begun=None, warm=None):
        """
        Make pages in the order given, as many at a time as the workers have threads.

        What they are made from goes to the workers first; what the pages write comes back to where it would
        have been written here. A page whose worker ends is made again on another; pages that can no longer
        be made, because the cluster is lost, fail.

        Parameters
        ----------
        jobs : list of helpers.planning.Job
        done : callable
            Called with each `making.Result`.
        begun : callable, optional
            Called with the page that is sent.
        warm : dict, optional
            Folders whose data is read before the first of them is made; see `making.read_ahead`.

        Raises
        ------
        helpers.planning.WrongInput
            See `start`.
        """
        if not jobs:
            return
        if self._client is None:
            self.start()
        waiting, under_way, events = collections.deque(jobs), {}, queue.SimpleQueue()
        self._threads, self._looked, self._had = 0, 0, time.monotonic()
        try:
            self._ship()
            while waiting or under_way:
                self._look()
                # No more than can be made now: the end of a worker is counted against all that it was sent.
                while waiting and len(under_way) < self._threads:
                    future = self._send(waiting[0], warm)
                    under_way[future] = waiting.popleft()
                    future.add_done_callback(events.put)
                    if begun:
                        begun(under_way[future].page)
                with contextlib.suppress(queue.Empty):
                    future = events.get(timeout=_LOOK_SECONDS)
                    result = self._result(future, under_way[future])
                    del under_way[future]
                    done(result)
        except _LostError as lost:
            for job in [*under_way.values(), *waiting]:
                done(making.failure(job, str(lost)))
            self.__exit__()

    def _ship(self):
        """Give all workers, and those that come later, what pages are made from now."""
        content = parcels.bundle(Path(self.settings.root))
        name = f"pages-{uuid.uuid4().hex}"
        with self._speaking():
            ready = parcels.Order(None, self.settings).pack()
            self._client.register_plugin(_Unpacked(content, ready, self._plugin), name=name)
            earlier, self._plugin = self._plugin, name
            if earlier:
                self._client.unregister_worker_plugin(earlier)

    def _send(self, job, warm):
        order = parcels.Order(job, self.settings, warm).pack()
        self._number += 1
        with self._speaking():
            key = f"{self._plugin}-{self._number}"
            return self._executor.submit(_maker(), self._plugin, order, key=key)

    def _result(self, future, job):
        if future.cancelled():
            raise self._lost()
        problem = future.exception()
        if problem is None:
            return parcels.receive(future.result(), job, self.settings.root)
        if isinstance(problem, distributed.scheduler.KilledWorker):
            times = problem.allowed_failures + 1
            text = f"each worker that it was given to was ended ({times} in turn; out of memory?)"
            return making.failure(job, text)
        said = str(problem) if isinstance(problem, ChildProcessError) else type(problem).__name__
        return making.failure(job, f"a worker of the cluster could not make it: {said}")

    def _look(self):
        """See now and then what workers there are."""
        now = time.monotonic()
        if self._threads and now < self._looked + _LOOK_SECONDS:
            return
        with self._speaking():
            workers = self._client.scheduler_info()["workers"].values()
        self._looked, self._threads = now, sum(worker["nthreads"] for worker in workers)
        if self._threads:
            self._had = now
        elif now > self._had + _WORKER_SECONDS:
            raise _LostError(f"the Dask scheduler at {self.address} had no worker for {_WORKER_SECONDS} s")

    @contextlib.contextmanager
    def _speaking(self):
        """Say in own words that the cluster does not do what it should."""
        try:
            yield
        except distributed.comm.CommClosedError as error:
            raise self._lost() from error
        except Exception as error:
            if self._client.status != "running":
                raise self._lost() from error
            raise _LostError(f"the Dask cluster at {self.address} failed ({type(error).__name__})") from error

    def _lost(self):
        return _LostError(f"the connection to the Dask scheduler at {self.address} was lost")


# --- on a worker: sent there as code, because other helpers or none may be installed ---------------------

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def _maker():
    # A function inside another is sent as code whatever it is packed with.
    def make_page(plugin, order):
        return distributed.get_worker().plugins[plugin].make(order)

    return make_page


class _Unpacked(distributed.WorkerPlugin):
    """
    Has interpreters, one a thread, that make pages of what was sent in folders of the worker's own.

    Parameters
    ----------
    content : bytes
        Of `parcels.bundle`.
    ready : bytes
        First order of each interpreter.
    earlier : str or None
        Name of the plugin that has been this until now; its interpreters go on.
    """

    def __init__(self, content, ready, earlier):
        self.content, self.ready, self.earlier = content, ready, earlier

    def setup(self, worker):
        self.place, self.ending = worker.local_directory, False
        self.all, self.idle = [], queue.SimpleQueue()
        if earlier := worker.plugins.get(self.earlier):
            while not earlier.idle.empty():
                interpreter = earlier.idle.get()
                earlier.all.remove(interpreter)
                interpreter.unpack(self.content)
                self._add(interpreter)
        while len(self.all) < worker.state.nthreads:
            self._add(_Interpreter(self.place, self.content, self.ready))

    def _add(self, interpreter):
        self.all.append(interpreter)
        self.idle.put(interpreter)

    def teardown(self, worker):
        self.ending = True
        for interpreter in self.all:
            interpreter.ask_to_end()
        for interpreter in self.all:
            interpreter.end()

    def make(self, order):
        """Have a page made; bytes for bytes, see `parcels.serve`."""
        interpreter = self.idle.get()
        try:
            answer = interpreter.make(order)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            if self.ending:
                raise distributed.Reschedule from None
            interpreter.end()
            self.all.remove(interpreter)
            self._add(_Interpreter(self.place, self.content, self.ready))
            raise ChildProcessError("the interpreter of the pages was ended (out of memory?)") from None
        self.idle.put(interpreter)
        return answer


class _Interpreter:
    """A fresh interpreter that makes pages with the helpers that were unpacked for it."""

    def __init__(self, place, content, ready):
        # As processes see their working directory, by which it is known in what they tell.
        self.folder = Path(tempfile.mkdtemp(prefix="pages-", dir=place)).resolve()
        self.project = self.folder / "project"
        self.unpack(content)
        # Before whatever is installed, also for what the interpreter starts.
        first = [str(self.project / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from helpers import parcels; parcels.serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.project,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(first)},
            start_new_session=True,
        )
        self._send(ready)

    def unpack(self, content):
        """Make the folder of the project hold just what was sent."""
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = set(archive.namelist())
        for path in [path for path in self.project.rglob("*") if path.is_file()]:
            name = path.relative_to(self.project).as_posix()
            if name not in names and "__pycache__" not in path.parts:
                path.unlink()
        at_rest = time.time() - _AT_REST_SECONDS
        for name in names:
            path, sent = self.project / name, archive.read(name)
            if not (path.is_file() and path.read_bytes() == sent):
                path.unlink(missing_ok=True)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(sent)
            if path.stat().st_mtime > at_rest:
                os.utime(path, (at_rest, at_rest))

    def _send(self, order):
        with contextlib.suppress(BrokenPipeError):
            # That it has ended is seen where an answer is waited for.
            pickle.dump(order, self.process.stdin)
            self.process.stdin.flush()

    def make(self, order):
        self._send(order)
        return pickle.load(self.process.stdout)

    def ask_to_end(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def end(self):
        self.ask_to_end()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
