"""
A kernel in this very process: the classes of ipykernel, with a list where a stock kernel has sockets.

Nothing here imitates what a kernel does to a cell. The application, the kernel, the shell, the streams and
the display hooks are those of `ipykernel`; left out are sockets, heartbeat, control thread and connection
file.
"""

import asyncio
import atexit
import builtins
import codecs
import collections
import contextlib
import contextvars
import faulthandler
import logging
import os
import pdb
import pickle
import signal
import socket
import sys
import tempfile
import threading
import traceback
import uuid
import warnings
from queue import Empty

import ipykernel_launcher
from ipykernel import ipkernel, kernelapp
from ipykernel.iostream import CHILD, IOPubThread, OutStream
from ipykernel.kernelbase import Kernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core import debugger
from jupyter_core.utils import ensure_event_loop
from tornado.ioloop import IOLoop
from traitlets import DottedObjectName
from zmq import Frame

# What nbclient adds to the command line of a kernel, so that the history is not kept.
HISTORY = "--HistoryManager.hist_file=:memory:"
TIME_IS_UP = signal.SIGRTMAX
_READ_BYTES = 1 << 16
_ABSENT = object()


class _TimeIsUp(BaseException):
    """The time of a cell has run out."""


# --- what a kernel publishes -----------------------------------------------------------------------------


class Outbox(IOPubThread):
    """
    Where a kernel publishes: a list in place of a socket.

    Who has a message puts it there itself. The thread is for what comes by itself: flushes that are due,
    output of other programs, and messages of forked processes.

    Parameters
    ----------
    session : jupyter_client.session.Session
    """

    def __init__(self, session):
        self.messages = collections.deque()
        self._lock = threading.RLock()
        super().__init__(self.messages, pipe=True, session=session)

    def _setup_event_pipe(self):
        pass

    async def _run_event_pipe_gc(self):
        pass

    def _setup_pipe_in(self):
        self._from_children, self._to_parent = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._from_children.setblocking(False)
        self.watch(self._from_children.fileno(), self.take_from_children)

    def watch(self, descriptor, take):
        """Call `take` when there is something to read."""
        self.io_loop.add_handler(descriptor, lambda *_: self.schedule(take), IOLoop.READ)

    def schedule(self, f):
        """Do it now; a forked process has no use for a lock that another thread may have held."""
        with self._lock if self._is_master_process() else contextlib.nullcontext():
            f()

    def _really_send(self, msg, *args, **kwargs):
        if self.closed:
            return
        parts = [bytes(part) for part in msg]
        if self._check_mp_mode() == CHILD:
            # A message of any size goes over whole: as a file, of which the parent is sent the descriptor.
            with open(os.memfd_create("message"), "w+b") as file:
                pickle.dump(parts, file)
                file.flush()
                socket.send_fds(self._to_parent, [b"\0"], [file.fileno()])
        else:
            self.messages.append(parts)

    def take_from_children(self):
        """Add the messages of forked processes; these leave each other's to the kernel."""
        if not self._is_master_process():
            return
        with contextlib.suppress(BlockingIOError):
            while descriptors := socket.recv_fds(self._from_children, 1, 1)[1]:
                with open(descriptors[0], "rb") as file:
                    file.seek(0)
                    self.messages.append(pickle.load(file))

    def shut(self):
        """Take no more messages: what is published from now on is lost."""
        self.socket = None

    def stop(self):
        """End the thread, and take no more messages."""
        self.shut()
        super().stop()
        atexit.unregister(self.stop)
        self._to_parent.close()


class Stream(OutStream):
    """
    Standard output or error of a kernel, which catches what other programs and C code write in a cell.

    What was written first stands first: a pipe is read before anything is added. A stock kernel reads it in a
    thread, some time after.
    """

    def __init__(self, *args, watchfd=True, **kwargs):
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        super().__init__(*args, watchfd="force" if watchfd else False, **kwargs)

    def _setup_stream_redirects(self, name):
        self._original_stdstream_fd = {"stdout": 1, "stderr": 2}[name]
        self._original_stdstream_copy = os.dup(self._original_stdstream_fd)
        self._fid, self._pipe = os.pipe()
        os.set_blocking(self._fid, False)
        self.pub_thread.watch(self._fid, self._read)

    def _read(self):
        if self._fid is None or not self._is_master_process():
            return
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._fid, _READ_BYTES):
                # It belongs to the cell that runs, whoever reads it.
                contextvars.Context().run(super().write, self._decoder.decode(data))
                os.write(self._original_stdstream_copy, data)

    def redirect(self, into_cell):
        """Let the file descriptor lead into the cell, or to where it led before."""
        if self._fid is not None:
            os.dup2(self._pipe if into_cell else self._original_stdstream_copy, self._original_stdstream_fd)

    def write(self, string):
        """Write after what other programs wrote."""
        if not self.closed:
            self.pub_thread.schedule(self._read)
        return super().write(string)

    def flush(self):
        """Publish what was written until now, by whomever."""
        if not self.closed:
            self.pub_thread.schedule(self._flush_all)

    def _flush_all(self):
        self._read()
        self.pub_thread.take_from_children()
        self._flush()

    def _flush(self):
        try:
            super()._flush()
        except Exception:
            # What cannot be encoded is lost, and the cell goes on.
            traceback.print_exc()

    def _schedule_flush(self):
        if not self._flush_pending:
            self._flush_pending = True
            loop = self._io_loop
            loop.add_callback(loop.call_later, self.flush_interval, self.pub_thread.schedule, self._flush)

    def close(self):
        """Close the ends of the pipe that are not watched, and what leads to the process's own stream."""
        if self._fid is not None:
            self._fid = None
            os.close(self._pipe)
            os.close(self._original_stdstream_copy)
        self.pub_thread = None


class NoInput:
    """Standard input of a kernel, which has come to its end for all programs that a cell starts."""

    def __init__(self):
        self._nothing, self._original = os.open(os.devnull, os.O_RDONLY), os.dup(0)

    def redirect(self, into_cell):
        """Let the file descriptor lead to nothing, or to where it led before."""
        os.dup2(self._nothing if into_cell else self._original, 0)

    def close(self):
        """Close what leads to the process's own input."""
        os.close(self._nothing)
        os.close(self._original)


# --- what belongs to the notebook, and what to the process -----------------------------------------------


def _singletons():
    kinds = [kernelapp.IPKernelApp, ipkernel.IPythonKernel, ZMQInteractiveShell]
    # Imported with matplotlib, which not every notebook needs.
    if inline := sys.modules.get("matplotlib_inline.config"):
        kinds.append(inline.InlineBackend)
    for kind in kinds:
        for parent in kind._walk_mro():
            yield parent, "_instance"


class World:
    """
    What there is once in a process, for the notebook: in force while a cell runs, put away between cells.

    Used as a context. What the process has outside stays as it was, and what cells change is there again in
    the next cell.
    """

    def __init__(self):
        log = logging.root
        path = sys.path[:]
        script = getattr(sys.modules["__main__"], "__file__", None) or ""
        if path and path[0] in ("", os.getcwd(), os.path.dirname(script)):
            # A stock kernel does not have the folder of the script that starts it.
            del path[0]
        wanted = {
            (sys, "argv"): [ipykernel_launcher.__file__],
            (sys, "path"): path,
            (sys, "stdout"): sys.stdout,
            (sys, "stderr"): sys.stderr,
            (sys, "displayhook"): sys.__displayhook__,
            (sys, "excepthook"): sys.__excepthook__,
            (sys, "unraisablehook"): sys.__unraisablehook__,
            (threading, "excepthook"): threading.__excepthook__,
            (builtins, "display"): _ABSENT,
            (builtins, "_"): _ABSENT,
            (builtins, "__IPYTHON__"): _ABSENT,
            (pdb, "Pdb"): pdb.Pdb,
            (pdb, "set_trace"): pdb.set_trace,
            (debugger, "Pdb"): debugger.Pdb,
            (faulthandler, "enable"): faulthandler.enable,
            (faulthandler, "register"): faulthandler.register,
            (log, "handlers"): [],
            (log, "level"): logging.WARNING,
            (log.manager, "disable"): logging.NOTSET,
            (ipkernel, "_comm_manager"): None,
        }
        wanted.update(dict.fromkeys(_singletons()))
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            wanted[pyplot, "_backend_mod"] = None
            wanted[pyplot, "_REPL_DISPLAYHOOK"] = pyplot._ReplDisplayHook.NONE
        self._attributes = wanted
        # These look for the shell when they are imported.
        names = ["__main__", "tqdm.auto", "tqdm.autonotebook", "matplotlib_inline.backend_inline"]
        self._modules = dict.fromkeys(names, _ABSENT) | {"__main__": sys.modules["__main__"]}
        self._environment = {**os.environ, "JPY_PARENT_PID": str(os.getppid())}
        self._folder = os.getcwd()
        self.streams = []

    def __enter__(self):
        for stream in (sys.__stdout__, sys.__stderr__):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        self._swap(True)
        return self

    def __exit__(self, *_):
        self._swap(False)

    def _swap(self, into_cell):
        for stream in self.streams:
            stream.redirect(into_cell)
        for (owner, name), value in self._attributes.items():
            self._attributes[owner, name] = getattr(owner, name, _ABSENT)
            if value is not _ABSENT:
                setattr(owner, name, value)
            elif hasattr(owner, name):
                delattr(owner, name)
        for name, value in self._modules.items():
            self._modules[name] = sys.modules.get(name, _ABSENT)
            if value is not _ABSENT:
                sys.modules[name] = value
            else:
                sys.modules.pop(name, None)
        logging.root.manager._clear_cache()
        environment, self._environment = self._environment, dict(os.environ)
        for name in self._environment.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(
            {name: value for name, value in environment.items() if self._environment.get(name) != value}
        )
        folder, self._folder = self._folder, os.getcwd()
        os.chdir(folder)


# --- the kernel ------------------------------------------------------------------------------------------


class _ShellChannel:
    """What stands for the thread of the shell channel, its manager, its loop and its socket."""

    def __init__(self, kernel):
        self.kernel, self.replies = kernel, collections.deque()
        self.parent_thread = threading.main_thread()
        self.manager = self.io_loop = self

    def get_subshell_to_shell_channel_socket(self, subshell_id):
        return self

    def send_multipart(self, parts, **_):
        self.replies.append(parts)

    def add_callback(self, *_):
        # Asked for after an error, when requests that wait have been dropped: none waits here.
        self.kernel._aborting = False


class _Loop:
    """The loop of a kernel, which `exit` stops in a cell: that ends the kernel, and not the loop."""

    def __init__(self, loop, stop):
        self._loop, self.stop = loop, stop

    def __getattr__(self, name):
        return getattr(self._loop, name)


class IPKernelApp(kernelapp.IPKernelApp):
    """The application of ipykernel without sockets; its name is that of the sections of configurations."""

    outstream_class = DottedObjectName(f"{__name__}.Stream", allow_none=True).tag(config=True)

    def _configure_logging(self):
        # It would close the log files of the process.
        pass

    def build(self, arguments):
        """Make kernel and shell; no thread is started, and nothing that a fork would share is opened."""
        # As jupyter_client names it; there is no such file.
        self.connection_file = os.path.join(tempfile.gettempdir(), f"tmp{uuid.uuid4().hex[:8]}.json")
        arguments = ["-f", self.connection_file, HISTORY, *arguments]
        sys.argv += arguments
        super(kernelapp.IPKernelApp, self).initialize(arguments)
        self.init_pdb()
        # Messages do not leave the process, so nobody has to sign them.
        self.session.key = b""
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        # It is there so that sockets are done before the reply.
        self.kernel._execute_sleep = 0
        self.init_shell()

    def begin(self):
        """Connect kernel and shell, and do the rest of what a kernel does at its start."""
        kernel, shell = self.kernel, self.shell
        self.session.pid = os.getpid()
        self.iopub_thread = Outbox(self.session)
        self.iopub_socket = self.iopub_thread.background_socket
        kernel.iopub_thread, kernel.iopub_socket = self.iopub_thread, self.iopub_socket
        shell.displayhook.pub_socket = shell.display_pub.pub_socket = self.iopub_socket
        kernel.shell_channel_thread = _ShellChannel(kernel)
        self.init_io()
        self.displayhook.get_execution_count = lambda: kernel.execution_count
        kernel._stdout, kernel._stderr = sys.stdout, sys.stderr
        self.iopub_thread.start()
        self.init_path()
        self.init_gui_pylab()
        self.init_extensions()
        self.init_code()
        sys.stdout.flush()
        sys.stderr.flush()


class LocalKernel:
    """
    A kernel in this process, with the methods of a kernel client that nbclient calls.

    Parameters
    ----------
    arguments : list of str
        More command line arguments of the kernel.

    Attributes
    ----------
    time_limit : float or None
        Seconds that the next cell may take.
    """

    allow_stdin = False

    def __init__(self, arguments=()):
        self.world, self.context, self.time_limit = World(), contextvars.Context(), None
        filters = warnings.filters[:]
        with self.world:
            self.app = IPKernelApp()
            for kind in type(self.app)._walk_mro():
                kind._instance = self.app
            self.context.run(self.app.build, list(arguments))
        self._filters, warnings.filters[:] = warnings.filters[:], filters
        warnings._filters_mutated()
        # The process may come to its end without a notebook, or after it was forked.
        atexit.unregister(self.app.shell.atexit_operations)
        self.session = self.app.session
        self.shell_channel = self.iopub_channel = None

    @contextlib.contextmanager
    def running(self):
        """
        Be ready for cells within the block, and put back in the end what was changed in the process.

        Yields
        ------
        LocalKernel
            Itself.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(_keep_signals())
            undo.callback(_keep_warnings(self._filters))
            undo.callback(_keep_matplotlib())
            undo.callback(asyncio.set_event_loop_policy, asyncio.get_event_loop_policy())
            asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
            self._loop = ensure_event_loop()
            undo.callback(self._close)
            signal.signal(TIME_IS_UP, self._interrupt)
            _forget_random_state()
            with self.world:
                self.context.run(self.app.begin)
                _use_backend(os.environ["MPLBACKEND"])
                kernel = self.app.kernel
                Kernel.start(kernel)
                self.world.streams = [NoInput(), sys.stdout, sys.stderr]
            self._ended, self._expired, self._running = asyncio.Future(loop=self._loop), False, None
            kernel.io_loop = _Loop(kernel.io_loop, self._end)
            self._channel, self._requests = kernel.shell_channel_thread, collections.deque()
            self.shell_channel = _Channel(self._next_reply)
            self.iopub_channel = _Channel(self._next_message)
            yield self

    def _close(self):
        for task in asyncio.all_tasks(self._loop):
            # A kernel that is ended says nothing of tasks that it leaves.
            task._log_destroy_pending = False
        outbox = self.app.iopub_thread
        with self.world:
            self.app.shell.atexit_operations()
            streams, self.world.streams = self.world.streams, []
            for stream in streams:
                stream.redirect(False)
        for stream in streams:
            stream.close()
        outbox.stop()
        self._loop.close()

    # --- what nbclient asks ---

    def is_alive(self):
        """Say whether no cell has ended the kernel (bool)."""
        return not self._ended.done()

    async def execute(self, code, store_history=True, stop_on_error=True):
        """
        Run a cell to its end; what it published waits in the channels.

        Returns
        -------
        str
            Identifier of the request.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        request = self.session.msg("execute_request", content)
        if self.is_alive():
            await self._dispatch(request)
        return request["msg_id"]

    def kernel_info(self):
        """Ask for the description of the kernel; the reply waits in the shell channel."""
        request = self.session.msg("kernel_info_request")
        self._requests.append(request)
        return request["msg_id"]

    async def _dispatch(self, request):
        frames = [Frame(part) for part in self.session.serialize(request)]
        limit, clock = self.time_limit, self.app.iopub_thread.io_loop
        with self.world:
            if limit:
                clock.add_callback(clock.call_later, limit, self._ring, request)
            self._running = request
            cell = self._loop.create_task(self.app.kernel.dispatch_shell(frames), context=self.context)
            await asyncio.wait({cell, self._ended}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            self._running = None
            if not cell.done():
                self._expired = self.is_alive()
                # A stock kernel has ended now, and publishes no traceback.
                self.app.iopub_thread.shut()
                cell.cancel()
            elif not self._expired:
                cell.result()

    def _ring(self, request):
        if self._running is request:
            signal.pthread_kill(threading.main_thread().ident, TIME_IS_UP)

    def _interrupt(self, *_):
        # A cell that awaits is left by `_dispatch`.
        if self._running and asyncio.current_task(self._loop):
            self._expired = True
            self.app.iopub_thread.shut()
            raise _TimeIsUp

    def _end(self):
        if self.is_alive():
            self._ended.set_result(None)

    async def _next_reply(self):
        if self._expired:
            raise Empty
        while self._requests and self.is_alive():
            await self._dispatch(self._requests.popleft())
        if not self._channel.replies and self.is_alive():
            raise RuntimeError("the kernel gave no reply; a cell may have put something else for sys.stdout")
        return await self._first(self._channel.replies)

    async def _next_message(self):
        return await self._first(self.app.iopub_thread.messages)

    async def _first(self, messages):
        if not messages:
            # None will come: cells run to their end before they are asked after.
            await asyncio.Future()
        _, parts = self.session.feed_identities(messages.popleft())
        return self.session.deserialize(parts)


class _Channel:
    def __init__(self, take):
        self._take = take

    async def get_msg(self, timeout=None):
        return await self._take()


# --- what modules keep -----------------------------------------------------------------------------------


def _keep_signals():
    numbers = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    before = {number: signal.getsignal(number) for number in numbers}

    def put_back():
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)

    return put_back


def _keep_warnings(filters):
    before, warnings.filters[:] = warnings.filters[:], filters
    # Which warnings were given is forgotten with this, as in a process that has just begun.
    warnings._filters_mutated()

    def put_back():
        warnings.filters[:] = before
        warnings._filters_mutated()

    return put_back


def _keep_matplotlib():
    matplotlib = sys.modules.get("matplotlib")
    before = dict(matplotlib.rcParams) if matplotlib else None

    def put_back():
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
        if matplotlib := sys.modules.get("matplotlib"):
            dict.update(matplotlib.rcParams, before or matplotlib.rcParamsOrig)

    return put_back


def _use_backend(name):
    # Read from the environment when matplotlib is imported; here that may be long done.
    if matplotlib := sys.modules.get("matplotlib"):
        matplotlib.rcParams["backend"] = name


def _forget_random_state():
    # Forked processes would all draw the same numbers.
    if "random" in sys.modules:
        sys.modules["random"].seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
