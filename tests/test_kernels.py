"""Kernels forked from the warm server behave like those that the system starts."""

import json
import re
import subprocess
import sys

import psutil
import pytest

from helpers import kernels

pytestmark = pytest.mark.skipif(not kernels.can_fork(), reason="this system cannot fork kernels")

# What a page may do: streams in order, values, display, magics, a top-level await, a warning, a traceback.
ZOO = [
    "import os, sys, warnings\nprint('out'); print('err', file=sys.stderr); print('out again')",
    "1 + 1",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\nNone",
    "%timeit -n1 -r1 pass\n__name__",
    "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "warnings.warn('careful')",
    "os.system('echo from a subprocess')",
    "hash('tỉnh'), os.environ['MPLBACKEND'], os.getcwd()",
    "import matplotlib; matplotlib.get_backend()",
    "1 / 0",
]
MARK = [
    "import os, numpy as np\nmark = globals().get('mark', 0) + 1\nprint(os.getpid(), np.random.rand(), mark)"
]
THREADS = ["import os, psutil\nprint(psutil.Process(os.getppid()).num_threads())"]
LEFT = ["import os, subprocess\nprint(os.getpid(), subprocess.Popen(['sleep', '300']).pid)"]

# Runs notebooks one after another in one process, as the batch does.
RUN = """
import json, sys
import nbformat, papermill
from helpers import kernels, making

if __name__ == "__main__":
    here, notebooks, how = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    making._prepare_worker(here, here)
    if how == "started":
        kernels.can_fork = lambda: False
    done = []
    for cells in notebooks:
        cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), "asked.ipynb")
        try:
            papermill.execute_notebook(
                "asked.ipynb", "done.ipynb", kernel_name="python3", progress_bar=False,
                kernel_manager_class=kernels.manager(), shutdown_kernel="immediate",
            )
        except papermill.PapermillExecutionError:
            pass
        cells = nbformat.read("done.ipynb", as_version=4).cells
        done.append([cell.outputs for cell in cells if cell.cell_type == "code"])
    print(json.dumps({"done": done, "memory": kernels.most_memory}))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Outputs by notebook of forked kernels and of started ones."""
    said = {}
    for how, notebooks in (("forked", [ZOO, MARK, MARK, THREADS, LEFT]), ("started", [ZOO])):
        # The same folder, since outputs may name it.
        folder = tmp_path_factory.getbasetemp() / "kernels"
        folder.mkdir(exist_ok=True)
        (folder / "run.py").write_text(RUN, encoding="utf-8")
        command = [sys.executable, "run.py", str(folder), json.dumps(notebooks), how]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        assert "Warning" not in run.stderr, run.stderr
        said[how] = json.loads(run.stdout.splitlines()[-1])
    return said


def _comparable(outputs):
    """Take out what differs between two stock kernels: times and process numbers."""
    text = json.dumps(outputs, sort_keys=True, ensure_ascii=False)
    text = re.sub(r"ipykernel_\d+/\d+", "ipykernel", text)
    return json.loads(re.sub(r"\d+(\.\d+)? (n|µ|μ|m)?s\b", "time", text))


@pytest.mark.parametrize("cell", range(1, len(ZOO) + 1))
def test_outputs_equal_those_of_a_started_kernel(ran, cell):
    forked, started = (_comparable(ran[how]["done"][0][-cell]) for how in ("forked", "started"))
    assert started, "the cell says something"
    assert forked == started


def test_an_error_keeps_its_traceback(ran):
    error = ran["forked"]["done"][0][-1][-1]
    assert (error["output_type"], error["ename"]) == ("error", "ZeroDivisionError")
    assert "1 / 0" in re.sub(r"\x1b\[[\d;]*m", "", "".join(error["traceback"]))


def test_the_memory_of_a_forked_kernel_is_known(ran):
    assert ran["forked"]["memory"] > 50_000


def test_each_page_has_a_process_and_random_numbers_of_its_own(ran):
    said = [outputs[-1][-1]["text"].split() for outputs in ran["forked"]["done"][1:3]]
    processes, numbers, marks = (set(column) for column in zip(*said, strict=True))
    assert len(processes) == len(numbers) == 2
    assert marks == {"1"}


def test_the_server_has_one_thread_when_it_forks(ran):
    """Other threads would be lost in the kernels, with the locks that they hold."""
    assert ran["forked"]["done"][3][-1][-1]["text"].split() == ["1"]


def test_nothing_is_left_running(ran):
    pids = [int(pid) for pid in ran["forked"]["done"][4][-1][-1]["text"].split()]
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=5)
    assert alive == []
