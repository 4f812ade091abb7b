"""Pages that misbehave: each is contained and told by name, and the others are made."""

import os
import pickle
import re
import signal
import subprocess
import sys

import nbformat
import psutil
import pytest
from test_batch import FOLDERS, write_notebook

from helpers import planning, processes, site

DECLARATION = """
languages = ["en"]
years = [2021]
"""
PAGE = """
[[page]]
notebook = "notebooks/{name}.ipynb"
stage = "year"
output = "{{language}}/{{year}}/{name}.html"
title = "site.year_title"
label = {{ en = "{name}", vi = "{name}" }}
time_limit = {limit}
[page.parameters]
language = {{ enum = ["en"] }}
year = {{ type = "integer" }}
"""
# What each notebook does in its one cell; those of `FINE` are made.
NOTEBOOKS = {
    "fine": "print('fine')",
    "exits": "import os\nos._exit(7)",
    "leaves": "raise SystemExit(3)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "hangs": "def wait_for_ever():\n    while True:\n        pass\nwait_for_ever()",
    # A loop in C that never looks for signals.
    "stuck": "import itertools\nsum(itertools.count())",
    "floods": "for _ in range(100):\n    print('x' * 1_000_000)",
    "strays": (
        "import subprocess, threading, time\nfrom pathlib import Path\n"
        "threading.Thread(target=time.sleep, args=(600,), name='straggler').start()\n"
        "sleeping = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "print(sleeping.pid)"
    ),
    "trespasses": "from pathlib import Path\nPath('data/raw/par/new.csv').write_text('index')",
    "escapes": "from pathlib import Path\nPath.home().joinpath('of-a-page.txt').write_text('index')",
    "neighbour": "from pathlib import Path\nPath(reports, 'en', '2020').mkdir()",
    "scratch": "import tempfile\nwith tempfile.TemporaryFile('w') as file:\n    file.write('well')",
    "last": "print('last')",
}
FINE = {"fine", "strays", "scratch", "last"}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """A run of all of them, and what was said and left of it."""
    root = tmp_path_factory.mktemp("processes")
    (root / "data" / "raw" / "par").mkdir(parents=True)
    declared = [PAGE.format(name=name, limit=3 if name == "stuck" else 4) for name in NOTEBOOKS]
    (root / "reports.toml").write_text(DECLARATION + "".join(declared), encoding="utf-8")
    for name, source in NOTEBOOKS.items():
        cells = {"parameters": f'year = 2021\nlanguage = "en"\n{FOLDERS}', "act": source}
        write_notebook(root / "notebooks" / f"{name}.ipynb", cells)
    before = set(psutil.pids())
    home = root / "home"
    home.mkdir()
    code = (
        "import sys, tempfile, pickle; from pathlib import Path; from helpers import planning, processes\n"
        "results = []\n"
        "if __name__ == '__main__':\n"
        "    jobs = planning.read_jobs(Path('reports').resolve(), {})\n"
        "    with tempfile.TemporaryDirectory() as scratch:\n"
        "        settings = processes.Settings(str(Path.cwd()), scratch, 2, 'warm')\n"
        "        with processes.Workers(settings) as workers:\n"
        "            workers.make(jobs, results.append)\n"
        "            print(workers.run(abs, -3))\n"
        "    Path('results').write_bytes(pickle.dumps(results))\n"
    )
    (root / "run.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "run.py"],
        cwd=root,
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    results = {result.page.name: result for result in pickle.loads((root / "results").read_bytes())}
    return root, results, done, before


def test_all_others_are_made(outcome):
    root, results, done, _ = outcome
    assert {name for name, result in results.items() if result.status == "made"} == FINE
    assert set(results) == set(NOTEBOOKS)
    made = {path.stem for path in (root / "reports").rglob("*.html")}
    assert made == FINE
    assert done.stdout == "3\n" and done.stderr == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exits", r"ended the interpreter with status 7"),
        ("leaves", r"SystemExit|DeadKernelError"),
        ("crashes", r"was ended by signal 11"),
        ("killed", r"was ended by signal 9 \(out of memory, or killed by hand\)"),
        ("hangs", r"CellTimeoutError: A cell timed out while it was being executed, after 4 seconds"),
        ("stuck", r"took more than its limit of 3 s and was ended"),
        ("floods", r"OutputError: the cell shows 100 MB; a page may have 20 MB of a cell"),
        (
            "trespasses",
            r"OutsideError: .*may write below reports/en/2021 alone, and tried to write .*new\.csv",
        ),
        ("escapes", r"OutsideError: .*of-a-page\.txt"),
        ("neighbour", r"OutsideError: .*reports/en/2020"),
    ],
)
def test_what_misbehaves_is_told_with_its_notebook_and_cell_and_logged(outcome, name, said):
    root, results, _, _ = outcome
    error = results[name].error
    assert re.search(said, error), error
    assert error.startswith(f"notebooks/{name}.ipynb (language en, year 2021), cell 2 'act': ")
    log = (root / "reports" / "failed" / f"en-2021-{name}.log").read_text(encoding="utf-8")
    assert log.startswith(error.splitlines()[0]) and NOTEBOOKS[name].splitlines()[-1] in log
    assert str(root) not in log


def test_the_log_says_where_the_interpreter_was(outcome):
    logs = outcome[0] / "reports" / "failed"
    assert "wait_for_ever" in (logs / "en-2021-hangs.log").read_text()
    assert "line 2 in <module>" in (logs / "en-2021-stuck.log").read_text()
    assert "Segmentation fault" in (logs / "en-2021-crashes.log").read_text()


def test_what_is_left_behind_is_named_and_ended(outcome):
    root, results, _, before = outcome
    assert results["strays"].left == ("thread 'straggler'", "process 'sleep'")
    book = nbformat.read(root / "reports" / "en" / "2021" / "strays.ipynb", as_version=4)
    pid = int(next(cell for cell in book.cells if cell.id == "act").outputs[0].text)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    names = [psutil.Process(pid).name() for pid in set(psutil.pids()) - before if psutil.pid_exists(pid)]
    assert "sleep" not in names


def test_nothing_is_written_elsewhere(outcome):
    root = outcome[0]
    assert list((root / "data" / "raw" / "par").iterdir()) == []
    assert not (root / "home" / "of-a-page.txt").exists()
    assert [path.name for path in (root / "reports" / "en").iterdir()] == ["2021"]
    assert not list((root / "reports").rglob("floods*"))


def test_parent_of_pages_has_one_thread_and_is_gone_with_the_batch(tmp_path):
    settings = processes.Settings(str(tmp_path), str(tmp_path), 2, "warm", ("numpy", "pandas"), ())
    with processes.Workers(settings) as workers:
        workers.start()
        assert workers.run(abs, -3) == 3
        parent = workers._process.pid
        assert len(os.listdir(f"/proc/{parent}/task")) == 1
        with pytest.raises(ValueError, match="invalid literal"):
            workers.run(int, "x")
    assert not psutil.pid_exists(parent)


def test_a_parent_that_is_killed_names_the_pages_that_were_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_notebook(
        tmp_path / "notebooks" / "long.ipynb",
        {"parameters": "year = 2021", "act": "import time\ntime.sleep(600)"},
    )
    page = site.Page(
        "long", "en", 2021, "en/2021/long.html", "T", "L", "notebooks/long.ipynb", {"year": 2021}
    )
    job = planning.Job(page, "year", 60, tmp_path / "reports")
    results = []
    with processes.Workers(processes.Settings(str(tmp_path), str(tmp_path), 1, "warm")) as workers:
        children = []

        def begun(_):
            children.extend(psutil.Process(workers._process.pid).children())
            os.kill(workers._process.pid, signal.SIGKILL)

        workers.make([job], results.append, begun)
    assert [result.status for result in results] == ["failed"]
    assert "the process that makes the pages was ended" in results[0].error
    _, alive = psutil.wait_procs(children, timeout=2)
    assert children and not alive
