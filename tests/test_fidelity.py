"""The notebooks of the project come out of a warm process as out of a stock kernel, with all their files."""

import concurrent.futures
import json
import multiprocessing
import os
import shutil
import subprocess
import sys

import fidelity
import nbformat
import pytest

from helpers import making, processes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not processes.can_fork(), reason="pages are not made in forked processes here"),
]
DATA = {"01_clean": {"language": "vi"}, "02_join": {"language": "en"}}
OTHERS = {
    "05_panel": {"language": "en"},
    "04_map": {"language": "vi", "year": 2022},
    "07_atlas": {"language": "vi"},
    "08_gallery": {"language": "en"},
    "03_correlate": {"language": "en", "year": 2015},
    "06_province": {"language": "vi", "year": 2022, "province": "70"},
}
FOLDERS = {"raw": "data/raw", "processed": "data/processed", "reports": "reports"}
STOCK = """
import json, sys, papermill
papermill.execute_notebook(*sys.argv[1:3], json.loads(sys.argv[3]), kernel_name="python3", progress_bar=False)
"""


def _paths(name):
    return f"notebooks/{name}.ipynb", f"{name}.ipynb"


def warm(name, parameters):
    """Execute a notebook in a process forked from this one, which has imported and read everything."""
    process = multiprocessing.get_context("fork").Process(target=_execute, args=(name, parameters))
    process.start()
    process.join()
    return process.exitcode


def _execute(name, parameters):
    import papermill

    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    papermill.execute_notebook(
        *_paths(name), parameters, kernel_name="python3", progress_bar=False, engine_name="warm"
    )


def _stock(root, environment, name, parameters):
    command = [sys.executable, "-c", STOCK, *_paths(name), json.dumps(parameters)]
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="module")
def projects(root, tmp_path_factory):
    """Two copies of the project: in one a warm process made everything, in the other stock kernels."""
    copies = {name: tmp_path_factory.mktemp(name) for name in ("warm", "stock")}
    for copy in copies.values():
        for part in ("data/raw", "notebooks"):
            shutil.copytree(root / part, copy / part)
        shutil.copy(root / "reports.toml", copy)
    scratch = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        # With it, a stock kernel does not watch what programs write.
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)
        with processes._environment(str(scratch)):
            environment = dict(os.environ)
        settings = processes.Settings(str(copies["warm"]), str(scratch), 1, "warm")
        with processes.Workers(settings) as workers, concurrent.futures.ThreadPoolExecutor(1) as pool:

            def execute(notebooks):
                stock = [
                    pool.submit(_stock, copies["stock"], environment, *each) for each in notebooks.items()
                ]
                for name, parameters in notebooks.items():
                    assert workers.run(warm, name, parameters) == 0, name
                for done in stock:
                    done.result()

            workers.start()
            execute(DATA)
            workers.run(processes._import, processes.REST)
            workers.run(making.read_ahead, FOLDERS)
            workers.run(making._prepare_year, FOLDERS, 2022, "01", {"en", "vi"})
            execute(OTHERS)
    return copies


@pytest.mark.parametrize("name", [*DATA, *OTHERS])
def test_a_notebook_is_that_of_a_stock_kernel(projects, name):
    done = []
    for folder in projects.values():
        text = (folder / f"{name}.ipynb").read_text(encoding="utf-8").replace(str(folder), "project")
        done.append(nbformat.reads(text, as_version=4))
        # Papermill draws a name for the cell that it puts in.
        next(c for c in done[-1].cells if "injected-parameters" in c.metadata.tags).id = "injected"
    assert fidelity.differences(*done) == []


def test_every_file_that_they_write_is_equal_to_the_byte(projects):
    files = {}
    for name, folder in projects.items():
        paths = [path for part in ("data/processed", "reports") for path in (folder / part).rglob("*")]
        files[name] = {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths if p.is_file()}
    assert len(files["warm"]) > 100
    assert files["warm"].keys() == files["stock"].keys()
    assert [path for path, content in files["warm"].items() if content != files["stock"][path]] == []
