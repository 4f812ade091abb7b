"""Kernels for pages that are not made in the process of the batch: always of the running interpreter."""

import functools
import os
import uuid


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
    from traitlets import default

    folder = os.environ["JUPYTER_RUNTIME_DIR"]

    class OwnKernel(jupyter_client.AsyncKernelManager):
        @default("kernel_spec_manager")
        def _kernel_spec_manager_default(self):
            return KernelSpecManager(kernel_dirs=[])

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
