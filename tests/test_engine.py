"""Notebooks that the engine runs in its own process come out as those of a stock kernel."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import fidelity
import nbformat
import pytest

from helpers import engine

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the engine needs Linux")
ZOO = Path(__file__).with_name("zoo.json")

# Runs code in a process of its own: under pytest a stock kernel does not watch file descriptors.
START = """
import json, os, sys, threading, time
import nbformat, papermill
from papermill.engines import papermill_engines
from helpers import engine
papermill_engines.register("warm", engine.WarmEngine)

def run(cells, name="warm", **options):
    if isinstance(cells, list):
        cells = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    options = {"kernel_name": "python3", "progress_bar": False, "engine_name": name} | options
    try:
        papermill.execute_notebook(cells, "done.ipynb", **options)
        said = ""
    except Exception as problem:
        said = f"{type(problem).__name__}: {problem}"
    cells = nbformat.read("done.ipynb", as_version=4).cells
    return said, [cell.outputs for cell in cells if cell.cell_type == "code"]

def texts(cells, **options):
    said, outputs = run(cells, **options)
    return [said, *("".join(output.get("text", "") for output in cell) for cell in outputs)]
"""


def process(folder, code, timeout=60):
    """Run code after the start; give back what it printed last, read as JSON."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    environment |= {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_RUNTIME_DIR": str(folder)}
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", START + code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    assert "Task was destroyed" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """The zoo as a stock kernel runs it, and as the engine does."""
    done = {}
    for name in ("nbclient", "warm"):
        # The same folder, since outputs may say it.
        folder = tmp_path_factory.getbasetemp() / "zoo"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        code = f"print(json.dumps(run({str(ZOO)!r}, {name!r}, request_save_on_cell_execute=False)[0]))"
        said = process(folder, code, timeout=200)
        done[name] = said, nbformat.read(folder / "done.ipynb", as_version=4)
    return done


@pytest.mark.slow
def test_the_zoo_comes_out_as_from_a_stock_kernel(zoo):
    (said, stock), (also_said, warm) = zoo["nbclient"], zoo["warm"]
    assert fidelity.differences(stock, warm) == []
    assert said.splitlines()[-1] == also_said.splitlines()[-1]


@pytest.mark.slow
def test_differences_are_seen(zoo):
    _, stock = zoo["nbclient"]
    other = nbformat.from_dict(json.loads(json.dumps(stock)))
    next(cell for cell in other.cells if cell.get("id") == "streams").outputs[0]["text"] = "else"
    assert [said.split(":")[0] for said in fidelity.differences(stock, other)] == ["cell 'streams', outputs"]


def test_two_notebooks_in_one_process_know_nothing_of_each_other(tmp_path):
    code = """
cells = ["import sys, random, os\\nprint(globals().get('left'), sys.argv[3:], os.environ.get('LEFT'))",
         "left = 1; sys.argv = ['x']; os.environ['LEFT'] = 'x'; os.chdir('/'); print(random.random())",
         "import matplotlib.pyplot as plt\\nplt.rcParams['font.size'] = 3; plt.plot([1]); 1 + 1"]
first, second = run(cells), run(cells)
print(json.dumps([first, second]))
"""
    (said, first), (_, second) = process(tmp_path, code)
    assert said == ""
    assert first[0] == second[0]
    assert first[1] != second[1], "random numbers of its own"
    assert [sorted(output["data"]) for output in first[2]] == [["text/plain"], ["image/png", "text/plain"]]
    assert first[2][0] == second[2][0]


def test_the_process_is_put_back(tmp_path):
    code = """
import asyncio, builtins, logging, signal, warnings
from IPython import get_ipython
def state():
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals() - {9, 19}}
    handlers = {number: str(handler) for number, handler in handlers.items()}
    return [id(sys.stdout), id(sys.stderr), id(sys.displayhook), id(sys.excepthook), sys.argv, sys.path,
            id(sys.modules["__main__"]), dict(os.environ), os.getcwd(), str(handlers), get_ipython(),
            str(warnings.filters), logging.root.level, len(logging.root.handlers),
            hasattr(builtins, "display"),
            str([os.readlink(f"/proc/self/fd/{n}") for n in range(3)]), threading.active_count(),
            id(asyncio.get_event_loop_policy())]
run(["1"])
before, files = state(), len(os.listdir("/proc/self/fd"))
run(["import signal, sys, os, warnings, logging\\nsignal.signal(signal.SIGTERM, lambda *a: 1); os.chdir('/')",
     "sys.argv = []; os.environ['X'] = '1'; sys.path.append('x'); import warnings",
     "warnings.simplefilter('error')",
     "logging.basicConfig(level=1); logging.disable(); 1 / 0"])
print(json.dumps([before, state(), files, len(os.listdir("/proc/self/fd"))]))
"""
    before, after, files, files_after = process(tmp_path, code)
    assert before == after
    assert files == files_after


def test_a_cell_that_takes_too_long_is_ended_as_by_a_stock_kernel(tmp_path):
    code = """
slow = {"sleep": "import time\\nprint('begun', flush=True); time.sleep(60)",
        "await": "import asyncio\\nprint('begun', flush=True); await asyncio.sleep(60)",
        "loop": "while True: pass"}
said = {name: run(["1", cell, "2"], execution_timeout=1) for name, cell in slow.items()}
said["stock"] = run(["1", slow["sleep"], "2"], "nbclient", execution_timeout=1,
                    shutdown_kernel="immediate")
print(json.dumps(said))
"""
    said = process(tmp_path, code)
    assert said["sleep"] == said["stock"]
    assert "CellTimeoutError" in said["sleep"][0]
    assert said["await"][1] == said["stock"][1]
    assert "CellTimeoutError" in said["loop"][0]


def test_exit_ends_the_kernel_and_not_the_process(tmp_path):
    cells = ["exit()", "import asyncio\nawait asyncio.sleep(5)", "print('not here')"]
    code = f"print(json.dumps([run({cells!r}), run({cells!r}, 'nbclient')]))"
    warm, stock = process(tmp_path, code)
    assert warm == stock
    assert "DeadKernelError" in warm[0]


def test_processes_forked_from_a_prepared_one(tmp_path):
    """The parent has one thread, and every child its own kernel and random numbers."""
    code = """
engine.prepare()
threads = threading.active_count(), len(os.listdir("/proc/self/task"))
cells = ["import os, random, numpy as n\\nprint(os.getpid(), random.random(), n.random.rand())\\n__name__",
         "1 / 0"]
said = []
for number in range(2):
    read, write = os.pipe()
    if not os.fork():
        os.write(write, json.dumps([os.getpid(), run(cells)]).encode())
        os._exit(0)
    os.wait()
    said.append(json.loads(os.read(read, 100_000)))
print(json.dumps([threads, said]))
"""
    threads, said = process(tmp_path, code)
    assert threads[0] == 1
    numbers = []
    for pid, (problem, outputs) in said:
        assert "ZeroDivisionError" in problem
        own, *drawn = outputs[0][0]["text"].split()
        assert int(own) == pid
        numbers += drawn
        assert outputs[0][1]["data"]["text/plain"] == "'__main__'"
    assert len(set(numbers)) == 4


@pytest.mark.parametrize("last", ["os._exit(7)", "os.kill(os.getpid(), 11)"])
def test_a_process_that_dies_does_not_hang(tmp_path, last):
    code = f"""
child = os.fork()
if not child:
    run(["import os", {last!r}])
_, status = os.waitpid(child, 0)
print(json.dumps(os.waitstatus_to_exitcode(status)))
"""
    assert process(tmp_path, code) == (7 if "exit" in last else -11)


def test_hooks_name_the_cell_that_runs(tmp_path):
    code = """
seen = []
options = {"on_cell_start": lambda cell, cell_index: seen.append(["start", cell_index]),
           "on_cell_executed": lambda cell, cell_index, execute_reply: seen.append(["done", cell_index])}
run(["1", "2"], **options)
print(json.dumps(seen))
"""
    assert process(tmp_path, code) == [["start", 0], ["done", 0], ["start", 1], ["done", 1]]


def test_what_other_programs_write_stands_where_it_was_written(tmp_path):
    cells = ["import os\nfor n in range(50):\n    print('a', n); os.write(1, f'b {n} ồ\\n'.encode())"]
    assert process(tmp_path, f"print(json.dumps(texts({cells!r})))")[1].split("\n")[:-1] == [
        line for n in range(50) for line in (f"a {n}", f"b {n} ồ")
    ]


def test_not_available_where_it_cannot_work():
    import asyncio
    import concurrent.futures

    async def within():
        return engine.available()

    assert engine.available()
    assert not engine.available("ir")
    assert not asyncio.run(within())
    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert not pool.submit(engine.available).result()
