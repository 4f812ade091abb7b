"""
Measure the batch against other ways to run the same notebooks, and as a whole; run by ``make bench``.

Writes the tables of docs/performance.md. Everything is made in a folder that is removed; the pages of the
project stay as they are.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from helpers.files import project_root, write_text
from helpers.processes import NUMERIC_THREADS

ROOT = project_root()
YEARS = range(2011, 2025)
PROVINCES = ["01", "04", "12", "19", "26", "31", "38", "46", "52", "60", "68", "75", "84", "92"]
ENVIRONMENT = os.environ | dict.fromkeys(NUMERIC_THREADS, "1") | {"MPLBACKEND": "agg"}
PAGE = """
[[page]]
notebook = "{notebook}"
stage = "year"
output = "{output}"
title = "site.year_title"
label = {{ en = "Page", vi = "Trang" }}
time_limit = 300
{more}
[page.parameters]
language = {{ enum = ["en", "vi"] }}
year = {{ type = "integer" }}
"""
# A page as most batches have it: the stack is imported, a table read, one map drawn.
LIGHT = {
    "parameters": 'year = 2022\nlanguage = "en"\nraw = "data/raw"\nprocessed = "data/processed"\n'
    'reports = "reports"',
    "read": "import geopandas, matplotlib.pyplot, seaborn, statsmodels.formula.api\n"
    "from IPython.display import display\nfrom helpers import maps\nfrom helpers.files import resolve\n"
    "atlas = maps.open_atlas(raw, processed)",
    "draw": 'picture = maps.rank(atlas, "papi", year, language)\n'
    'display(picture.publish(resolve(reports) / language / str(year) / "figures"))',
}


# --- a project to measure in ----------------------------------------------------------------------------


def write_notebook(path, cells):
    """Write a notebook with a cell for each source."""
    import nbformat

    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for name, source in cells.items():
        cell = nbformat.v4.new_code_cell(source, id=name)
        cell.metadata["tags"] = ["parameters"] if name == "parameters" else []
        book.cells.append(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)


def make_project(root):
    """Lay out a copy of the project that shares its code."""
    shutil.copytree(ROOT / "data" / "raw", root / "data" / "raw")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    for name in ("reports.toml", "requirements.lock"):
        shutil.copy(ROOT / name, root)
    write_notebook(root / "notebooks" / "light.ipynb", LIGHT)


@contextlib.contextmanager
def declared(root, text):
    """Have another reports.toml for a while."""
    path = root / "reports.toml"
    before = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def declaration(notebook, output, more=""):
    """reports.toml of one kind of page in English."""
    head = f'languages = ["en"]\nyears = {list(YEARS)}\n'
    text = PAGE.format(notebook=notebook, output=output, more=more)
    if "{province}" in output:
        text += 'province = { type = "string" }\n'
    return head + text


# --- running --------------------------------------------------------------------------------------------


class Run:
    """What a command took: seconds, and most memory of all its processes together in MiB."""

    def __init__(self, command, root, memory=False):
        started = time.perf_counter()
        process = psutil.Popen(
            command, cwd=root, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.memory, ended = 0.0, threading.Event()
        watch = threading.Thread(target=self._watch, args=(process, ended))
        if memory:
            watch.start()
        self.output, _ = process.communicate()
        self.seconds = time.perf_counter() - started
        ended.set()
        if memory:
            watch.join()
        self.status = process.returncode

    def _watch(self, process, ended):
        while not ended.wait(0.25):
            total = 0
            with contextlib.suppress(psutil.Error):
                for one in [process, *process.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error, FileNotFoundError):
                        # What is shared counts in parts, so that the sum is right.
                        total += one.memory_full_info().pss
            self.memory = max(self.memory, total / 2**20)


def batch(root, *arguments, memory=False):
    """Run the batch; it must succeed."""
    run = Run([sys.executable, "-m", "helpers.batch", "--root", str(root), *arguments], root, memory)
    if run.status:
        raise RuntimeError(run.output[-3000:])
    return run


def by_commands(root, notebook, pages):
    """Route a: make, with the commands of papermill and nbconvert for each page."""
    tools = Path(sys.executable).parent
    lines = [f"all: {' '.join(f'page{number}' for number in range(len(pages)))}"]
    for number, parameters in enumerate(pages):
        given = " ".join(
            f"-r {key} {value}" if isinstance(value, str) else f"-p {key} {value}"
            for key, value in parameters.items()
        )
        lines += [
            f"page{number}:",
            f"\t@{tools}/papermill --no-progress-bar {notebook} out/{number}.ipynb {given} -p reports out/r",
            f"\t@{tools}/jupyter nbconvert --log-level ERROR --to html out/{number}.ipynb",
        ]
    (root / "out").mkdir(exist_ok=True)
    (root / "routes.mk").write_text("\n".join(lines) + "\n")
    return Run(["make", "-s", "-j2", "-f", "routes.mk"], root)


BY_FUNCTION = """
import concurrent.futures, json, pathlib, sys

def page(task):
    import nbconvert, papermill
    number, notebook, parameters = task
    path = f"out/{number}.ipynb"
    for left in (2, 1, 0):
        try:
            papermill.execute_notebook(notebook, path, {**parameters, "reports": "out/r"}, progress_bar=False)
            break
        except RuntimeError:
            # Kernels that start at the same moment may be given the same port; one of them dies.
            if not left:
                raise
    body, _ = nbconvert.HTMLExporter().from_filename(path)
    pathlib.Path(f"out/{number}.html").write_text(body, encoding="utf-8")

if __name__ == "__main__":
    notebook, pages = json.loads(sys.argv[1])
    pathlib.Path("out").mkdir(exist_ok=True)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        list(pool.map(page, [(number, notebook, given) for number, given in enumerate(pages)]))
"""
# The parent of the pages as the batch has it, but what is forked calls what the cells call, and no more.
BOUND = """
import concurrent.futures, gc, json, multiprocessing, os, sys

def page(task):
    source, parameters = task
    quiet = open(os.devnull, "w")
    sys.stdout = sys.stderr = quiet
    names = {"__name__": "__main__"}
    first, *others = source
    exec(compile(first, "parameters", "exec"), names)
    names.update({**parameters, "reports": "out/r"})
    for cell in others:
        exec(compile(cell, "cell", "exec"), names)
    os._exit(0)

if __name__ == "__main__":
    notebook, pages = json.loads(sys.argv[1])
    from helpers import making, processes
    processes._import((*processes.FIRST, *processes.REST))
    making.read_ahead({"raw": "data/raw", "processed": "data/processed"})
    cells = json.load(open(notebook, encoding="utf-8"))["cells"]
    source = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    context = multiprocessing.get_context("fork")
    gc.collect()
    gc.freeze()
    running = []
    for given in pages:
        if len(running) == 2:
            multiprocessing.connection.wait([process.sentinel for process in running])
            running = [process for process in running if process.is_alive()]
        process = context.Process(target=page, args=((source, given),))
        process.start()
        running.append(process)
    for process in running:
        process.join()
"""


def by_script(root, script, notebook, pages):
    """Routes b and d: a Python script that is given the pages."""
    (root / "route.py").write_text(script)
    return Run([sys.executable, "route.py", json.dumps([notebook, pages])], root)


def routes(root, rounds, chosen):
    """Measure all routes on the same pages, in turn; give back a row for each kind that is chosen."""
    years = [{"year": year, "language": "en"} for year in YEARS]
    of_provinces = [{"year": 2022, "language": "en", "province": code} for code in PROVINCES]
    kinds = {
        "one map a page": ("notebooks/light.ipynb", years, "{language}/{year}/page.html", []),
        "briefing of a province": (
            "notebooks/06_province.ipynb",
            of_provinces,
            "{language}/{year}/provinces/{province}.html",
            ["--year", "2022", "--province", *PROVINCES, "--no-pdf"],
        ),
        "correlations of a year": ("notebooks/03_correlate.ipynb", years, "{language}/{year}/page.html", []),
    }
    rows = []
    for kind, (notebook, pages, output, narrowing) in list(kinds.items())[:chosen]:
        seconds = {name: [] for name in "abcd"}
        with declared(root, declaration(notebook, output)):
            for _ in range(rounds):
                for name, run, given in (
                    ("a", by_commands, (root, notebook, pages)),
                    ("b", by_script, (root, BY_FUNCTION, notebook, pages)),
                    ("c", batch, (root, "--force", "--jobs", "2", *narrowing)),
                    ("d", by_script, (root, BOUND, notebook, pages)),
                ):
                    done = run(*given)
                    if done.status:
                        raise RuntimeError(f"route {name}: {done.output[-3000:]}")
                    seconds[name].append(done.seconds)
                    shutil.rmtree(root / "out", ignore_errors=True)
                    print(f"{kind}, {name}: {done.seconds:.1f} s", flush=True)
        shutil.rmtree(root / "reports", ignore_errors=True)
        rows.append((kind, len(pages), seconds))
    return rows


# --- the batch as a whole -------------------------------------------------------------------------------


def whole(root):
    """Measure a run of everything, one without anything to do, and one after a figure was changed."""
    rows = []
    everything = batch(root, "--no-pdf", memory=True)
    rows.append(("everything in both languages, with the briefings of the newest year", everything))
    rows.append(("their PDFs", batch(root, memory=True)))
    rows += [("again, with nothing to do", batch(root, memory=True)) for _ in range(3)]
    table = root / "data" / "raw" / "papi" / "2022.csv"
    before = table.read_text(encoding="utf-8")
    lines = before.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if changed_score(line) != line)
    table.write_text(
        "".join([*lines[:place], changed_score(lines[place]), *lines[place + 1 :]]), encoding="utf-8"
    )
    rows.append(("a score of a dimension in 2022 changed", batch(root, "--no-pdf")))
    table.write_text(before, encoding="utf-8")
    rows.append(("changed back", batch(root, "--no-pdf")))
    return rows


def growth(root, counts=(1, 4, 14)):
    """Measure briefings of more and more years, of all provinces, in English."""
    rows = []
    output = "{language}/{year}/provinces/{province}.html"
    with declared(root, declaration("notebooks/06_province.ipynb", output)):
        few = ["--year", "2022", "--province", *PROVINCES]
        rows.append((len(PROVINCES), batch(root, "--force", "--no-pdf", *few, memory=True)))
        for count in counts:
            years = [str(year) for year in list(YEARS)[-1 - count : -1] or [2022]]
            years = [str(year) for year in YEARS] if count == len(YEARS) else years
            run = batch(root, "--force", "--no-pdf", "--year", *years, memory=True)
            made = int(run.output.rpartition(" pages made")[0].split()[-1])
            rows.append((made, run))
            print(f"{made} briefings: {run.seconds:.1f} s", flush=True)
    return rows


def changed_score(line):
    """A row of a table of scores with its third number larger by a tenth; other rows as they are."""
    cells = line.split(",")
    try:
        cells[2] = f"{float(cells[2]) + 0.1:.6f}"
    except (IndexError, ValueError):
        return line
    return ",".join(cells)


# --- the account ----------------------------------------------------------------------------------------


def machine():
    """Describe the machine in a sentence."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} processors ({model}), {memory:.0f} GiB of memory, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def table(head, rows):
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def spread(seconds):
    """Median with the least and the most."""
    return f"{statistics.median(seconds):.1f} ({min(seconds):.1f}–{max(seconds):.1f})"


def route_table(rows):
    """The routes side by side, and how many times faster the batch is."""
    written = []
    for kind, number, seconds in rows:
        middle = {name: statistics.median(taken) for name, taken in seconds.items()}
        ratios = [
            f"{middle['a'] / middle['c']:.1f}",
            f"{middle['b'] / middle['c']:.1f}",
            f"{middle['c'] / middle['d']:.2f}",
        ]
        written.append([kind, number, *(spread(seconds[name]) for name in "abcd"), *ratios])
    return table(["pages", "number", "a", "b", "c", "d", "a / c", "b / c", "c / d"], written)


def made_of(output):
    """What the batch says of its pages, in a few words."""
    return "; ".join(
        line.partition(" in ")[0] if " made in " in line else line.partition(":")[0]
        for line in output.splitlines()
        if " made in " in line or line.endswith("changed.")
    )


def run_table(rows):
    """Runs of the batch with time, memory and what was made."""
    written = [
        [name, f"{run.seconds:.1f}", f"{run.memory:.0f}" if run.memory else "", made_of(run.output)]
        for name, run in rows
    ]
    return table(["run", "seconds", "MiB at most", "what was made"], written)


def growth_table(rows):
    """Briefings, the time they take and the time of each."""
    written = [
        [number, f"{run.seconds:.1f}", f"{1000 * run.seconds / number:.0f}", f"{run.memory:.0f}"]
        for number, run in rows
    ]
    return table(["briefings", "seconds", "milliseconds a briefing", "MiB at most"], written)


def write(path, tables):
    """Put tables in the places of docs/performance.md that are marked for them."""
    text = path.read_text(encoding="utf-8")
    for name, made in tables.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        if not rest or end not in rest:
            raise SystemExit(f"{path} has no place marked {begin.strip()}: restore it from the repository.")
        text = before + begin + made + end + rest.partition(end)[2]
    write_text(path, text)


def main():
    """Measure what is asked for, print it and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the routes (default: %(default)s)")
    parser.add_argument("--kinds", type=int, default=3, help="kinds of pages (default: %(default)s)")
    parser.add_argument("--only", nargs="+", default=["whole", "growth", "routes"], help="parts to measure")
    options = parser.parse_args()
    place = ROOT / "docs" / "performance.md"
    parts = {
        "whole": lambda root: run_table(whole(root)),
        "growth": lambda root: growth_table(growth(root)),
        "routes": lambda root: route_table(routes(root, options.rounds, options.kinds)),
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        root = Path(folder).resolve()
        make_project(root)
        if "whole" not in options.only:
            batch(root, "--only", "data")
        for name in options.only:
            made = {name: parts[name](root)}
            made["machine"] = f"Measured on {datetime.date.today():%Y-%m-%d}: {machine()}."
            print(f"\n{name}\n{made[name]}", flush=True)
            write(place, made)


if __name__ == "__main__":
    main()
