"""Kernels for the batch: always of the running interpreter, forked from a warm server where that can be."""

import contextlib
import functools
import importlib
import multiprocessing
import os
import re
import signal
import sys
import threading
import types
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path

# Importing jsonschema, which nbformat does, builds a grammar of internet addresses if this package is there:
# 1.9 s in every process, and nothing here checks addresses. jsonschema does without it.
sys.modules.setdefault("rfc3987_syntax", None)

# What the notebooks of a year import, and dear to import: paid once by the server, not by each page. What
# 01_clean alone needs (pandera, seaborn) is left to it. The project's own modules cost little, and none of
# these starts a thread at import: a fork would lose it.
PRELOADED = [
    "ipykernel.kernelapp",
    "geopandas",
    "libpysal.weights",
    "mapclassify",
    "matplotlib.pyplot",
    "matplotlib_scalebar.scalebar",
    "pyogrio",
    "scipy.stats",
    "spreg",
    "statsmodels.stats.multitest",
    "textalloc",
]
_NAME = "warm-kernel"

# Most memory that a kernel of this process took, in KiB; a forked kernel is no child of this process.
most_memory = 0


def can_fork():
    """Say whether kernels can be forked from a server on this system (bool)."""
    return "forkserver" in multiprocessing.get_all_start_methods()


@functools.cache
def _server():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _serve(arguments, environment, folder):
    """Be a kernel, in a process forked from the server, for good."""
    # Its own group, as a started kernel has, so that it ends with everything that it started.
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder or ".")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Forked processes would all draw the same random numbers.
    importlib.import_module("numpy.random").seed()
    # Progress bars of a page need no lock between processes, which would outlive a kernel that is ended.
    importlib.import_module("tqdm").tqdm.set_lock(threading.RLock())
    from ipykernel.kernelapp import IPKernelApp

    # A started kernel learns from its environment whom to end with, but that was read long before the fork.
    sys.argv = ["ipykernel_launcher", *arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
    IPKernelApp.launch_instance()


@contextlib.contextmanager
def _no_main_program():
    """Hide the main program, which multiprocessing would import again in every kernel."""
    program = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


class _Process:
    """A process of multiprocessing with the methods of `subprocess.Popen` that a provisioner calls."""

    stdin = stdout = stderr = None

    def __init__(self, process):
        self._process, self.pid = process, process.pid

    def poll(self):
        return self._process.exitcode

    def wait(self):
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)


@functools.cache
def warm_kernel():
    """
    Give the provisioner that forks a kernel from the server.

    Returns
    -------
    type
        A `jupyter_client.provisioning.LocalProvisioner` that differs only in how the process begins.
    """
    from jupyter_client.provisioning import LocalProvisioner

    class WarmKernel(LocalProvisioner):
        async def launch_kernel(self, cmd, **kwargs):
            arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
            process = _server().Process(target=_serve, args=(arguments, kwargs["env"], kwargs.get("cwd")))
            with _no_main_program():
                process.start()
            self.process = _Process(process)
            # The group of the same number is made by the kernel itself; until then signals go to the process.
            self.pid = self.pgid = process.pid
            return self.connection_info

        async def kill(self, restart=False):
            _note_memory(self.pid)
            await super().kill(restart=restart)

    return WarmKernel


def _note_memory(pid):
    global most_memory
    status = Path(f"/proc/{pid}/status")
    if status.is_file() and (found := re.search(r"VmHWM:\s+(\d+)", status.read_text())):
        most_memory = max(most_memory, int(found[1]))


@functools.cache
def manager():
    """
    Give the class that starts kernels of the running interpreter.

    Returns
    -------
    type
        A `jupyter_client.AsyncKernelManager`. Kernels that the user has installed under the same name are
        not looked at; sockets are files in ``JUPYTER_RUNTIME_DIR`` where the system has them.
    """
    import jupyter_client
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.provisioning import KernelProvisionerFactory
    from traitlets import default

    folder = os.environ["JUPYTER_RUNTIME_DIR"]
    factory = KernelProvisionerFactory.instance()
    if can_fork():
        place = EntryPoint(_NAME, f"{__name__}:WARM_KERNEL", factory.GROUP_NAME)
        factory.provisioners[_NAME] = place

    class OwnSpecs(KernelSpecManager):
        def get_kernel_spec(self, kernel_name):
            spec = super().get_kernel_spec(kernel_name)
            if can_fork():
                spec.metadata["kernel_provisioner"] = {"provisioner_name": _NAME}
            return spec

    class OwnKernel(jupyter_client.AsyncKernelManager):
        @default("kernel_spec_manager")
        def _kernel_spec_manager_default(self):
            return OwnSpecs(kernel_dirs=[])

        # Several kernels that start at once can be given the same TCP port; file sockets cannot collide, but
        # their paths must be short.
        @default("transport")
        def _transport_default(self):
            return "ipc" if os.name == "posix" and len(folder) < 50 else "tcp"

        @default("connection_file")
        def _connection_file_default(self):
            return os.path.join(folder, f"kernel-{uuid.uuid4()}.json")

        async def _async_interrupt_kernel(self):
            # A shutdown interrupts the kernel before it ends it. One that is just done with its last cell
            # would report that as an error.
            if not self.shutting_down:
                await super()._async_interrupt_kernel()

    return OwnKernel


def __getattr__(name):
    if name == "WARM_KERNEL":
        return warm_kernel()
    raise AttributeError(name)
