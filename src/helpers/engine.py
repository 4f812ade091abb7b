"""
The engine "warm" of papermill: cells run in this process, in a real IPython kernel without sockets.

What differs from a stock kernel of the same interpreter, and why:

- Modules that the process has imported already are not imported anew: what they do at import (registering
  with the shell, warning) was done before. Their state is that of the process.
- Threads of sockets are missing, and asyncio has the tasks of the client too; `RecursionError` comes at
  another depth of the same limit.
- What programs write to the standard streams stands where it was written, and no letter of it is broken; a
  stock kernel reads it a little later, in pieces.
- Text that cannot be encoded as UTF-8 is lost in both, with another message.
- Output that a thread or task writes between two cells goes to the process's own streams; nbclient drops it.
- A cell's output is put into the notebook when the cell is done, and not while it runs.
- There is no connection file: nobody can connect, and debuggers and subshells cannot be had.
- An interrupt by hand while a cell runs reaches the cell.
"""

import asyncio
import contextlib
import contextvars
import functools
import os
import threading

_prepared = []


def available(kernel_name=None):
    """
    Say whether cells can run in this process.

    Parameters
    ----------
    kernel_name : str, optional
        Of the kernel that is asked for; only the interpreter's own can be had.

    Returns
    -------
    bool
        False outside the main thread, which signals need; in a running event loop; where files cannot be
        kept in memory (only Linux can); and for other kernels.
    """
    from jupyter_client.kernelspec import NATIVE_KERNEL_NAME

    try:
        asyncio.get_running_loop()
        return False
    except RuntimeError:
        pass
    return (
        hasattr(os, "memfd_create")
        and threading.current_thread() is threading.main_thread()
        and kernel_name in (None, NATIVE_KERNEL_NAME)
    )


def prepare():
    """
    Make the kernel of the next notebook already, for the processes that are forked from this one.

    No thread is started and no file descriptor opened that they would share. The notebook begins with the
    warning filters of now.
    """
    from helpers import local_kernel

    if not _prepared:
        _prepared.append(local_kernel.LocalKernel())


@functools.cache
def _engine():
    from nbclient.util import run_hook, run_sync
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine
    from papermill.log import logger
    from papermill.utils import remove_args

    class Client(PapermillNotebookClient):
        @contextlib.contextmanager
        def setup_kernel(self, **_):
            from helpers import local_kernel

            prepared = _prepared and not self.extra_arguments
            kernel = _prepared.pop() if prepared else local_kernel.LocalKernel(self.extra_arguments)
            with kernel.running() as self.kc:
                run_sync(run_hook)(self.on_notebook_start, notebook=self.nb)
                yield

        def execute_cell(self, cell, cell_index, **kwargs):
            self.kc.time_limit = self._get_timeout(cell)
            return super().execute_cell(cell, cell_index, **kwargs)

    class WarmEngine(NBClientEngine):
        """Runs cells in this process, or as papermill's own engine does where that cannot be."""

        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **kwargs):
            """
            Run the cells.

            Parameters
            ----------
            nb_man : papermill.engines.NotebookExecutionManager
            kernel_name : str
            **kwargs
                As for `papermill.engines.NBClientEngine`; with `interrupt_on_timeout` a stock kernel is used.
            """
            if not available(kernel_name) or kwargs.get("interrupt_on_timeout"):
                return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
            kwargs = remove_args(["input_path", "startup_timeout", "start_timeout"], **kwargs)
            limit = kwargs.pop("execution_timeout", None) or kwargs.pop("timeout", None)
            client = Client(nb_man, **{**kwargs, "timeout": limit, "kernel_name": kernel_name, "log": logger})
            # In a context without variables, as a new process has one.
            return contextvars.Context().run(client.execute)

    return WarmEngine


def __getattr__(name):
    # papermill asks for the engine while it is imported, so nothing of it is imported here before.
    if name == "WarmEngine":
        import papermill.engines  # noqa: F401

        return _engine()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
