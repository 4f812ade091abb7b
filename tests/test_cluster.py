"""Making pages on a Dask cluster, on a small synthetic project and workers of this machine."""

import contextlib
import json
import socketserver
import threading
import time
from pathlib import Path

import distributed
import psutil
import pytest
from test_batch import FOLDERS, SHOW, make_project, write_notebook

from helpers import batch, cluster, inputs, parcels, planning, processes

SHOWN = {**SHOW, "read": SHOW["read"].replace('sys.executable == Path("interpreter").read_text()', "1")}
SHOWN["draw"] = f"""
import pandas
from helpers import registry
from helpers.files import write_table
print(len(registry.load(raw).indices) > 0)
write_table(f"{{reports}}/{{language}}/{{year}}/figures/table.csv", pandas.DataFrame({{"n": [year]}}))
{SHOW["draw"]}"""
# Where the page is made can be asked, and where it may write; nothing else is known here.
WAITING = """
import os, time
from pathlib import Path
import helpers
assert Path(helpers.__file__).is_relative_to(Path.cwd()), "other helpers than those that were sent"
mine = Path(reports, language, str(year), "waiting")
mine.parent.mkdir(parents=True, exist_ok=True)
mine.with_suffix(".part").write_text(str(os.getpid()))
mine.with_suffix(".part").rename(mine)
while year == 2022 and not Path({go!r}).exists():
    time.sleep(0.02)
mine.unlink()
"""
KILLING = "import psutil\nif year == 2023:\n    psutil.Process().parents()[2].kill()"


@contextlib.contextmanager
def local(folder, **options):
    options |= {"threads_per_worker": 1, "host": "127.0.0.1", "protocol": "tcp://"}
    # No pages of its own on a port that another may have.
    options |= {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(local_directory=str(folder), **options) as found:
        yield found


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """Two workers that are processes; what is left in their folders in the end is looked at."""
    folder = tmp_path_factory.mktemp("workers")
    with local(folder, n_workers=2) as found:
        found.folder = folder
        yield found


def make_shown(root, **cells):
    make_project(root)
    (root / "interpreter").unlink()
    write_notebook(root / "notebooks" / "show.ipynb", cells or SHOWN)
    return root


def run(root, address, *arguments):
    scheduler = ["--scheduler", address] if address else []
    return batch.main(["--root", str(root), "--no-pdf", "--engine", "warm", *scheduler, *arguments])


def content(root):
    reports = root / "reports"
    return {
        path.relative_to(reports).as_posix(): path.read_bytes()
        for path in reports.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def entries(root):
    pages = json.loads((root / "reports" / "run.json").read_text(encoding="utf-8"))["pages"]
    # What it was made from is told on this side alone, and helpers may be edited meanwhile.
    apart = ("seconds", "made", "made_from")
    return [{key: told for key, told in page.items() if key not in apart} for page in pages]


def leftovers(folder):
    return [path for path in folder.rglob("pages-*") if path.is_dir()]


def until(test, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := test()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.skipif(not processes.can_fork(), reason="pages are made in other ways where nothing is forked")
def test_all_is_as_if_it_had_been_made_here(workers, tmp_path, monkeypatch, capsys):
    here, there = make_shown(tmp_path / "here"), make_shown(tmp_path / "there")
    years = ("--year", "2021", "2022")
    assert run(here, None, *years) == 1
    first = capsys.readouterr()
    assert run(there, workers.scheduler_address, *years) == 1
    second = capsys.readouterr()
    made = content(there)
    assert len([name for name in made if name.endswith("show.html")]) == 3
    assert made == content(here) and "failed/vi-2022-show.log" in made
    assert (there / "data/processed/prepared.txt").read_text() == "prepared"
    assert entries(there) == entries(here)
    assert any(entry.get("files") for entry in entries(there))
    assert second.err == first.err and "ValueError: a synthetic failure" in second.err
    # What was made there stands here.
    assert run(there, "tcp://127.0.0.1:1", "--year", "2021") == 0
    until(lambda: not leftovers(workers.folder))


def test_the_pages_of_a_killed_worker_are_made_on_another(workers, tmp_path, monkeypatch, capsys):
    go = tmp_path / "go"
    cells = {"parameters": f'year = 1\nlanguage = "en"\nk = 3\n{FOLDERS}'}
    root = make_shown(tmp_path / "project", **cells, wait=WAITING.format(go=str(go)), kill=KILLING)

    def waiting():
        # Folders of pages that are done vanish while they are looked through.
        with contextlib.suppress(FileNotFoundError):
            return list(workers.folder.rglob("reports/en/2022/waiting"))

    def kill():
        (found,) = until(waiting)
        page = psutil.Process(int(found.read_text()))
        pids = {nanny.pid for nanny in workers.workers.values()}
        (worker,) = [process for process in page.parents() if process.pid in pids]
        descendants = worker.children(recursive=True)
        worker.kill()
        _, alive = psutil.wait_procs(descendants, timeout=5)
        killed.append([process.pid for process in alive])
        until(lambda: not found.exists(), 5)
        go.touch()

    killed, watching = [], threading.Thread(target=kill)
    watching.start()
    status = run(root, workers.scheduler_address, "--language", "en", "--year", "2021", "2022")
    watching.join()
    assert killed == [[]]
    assert status == 0, capsys.readouterr().err
    assert {"en/2021/show.html", "en/2022/show.html"} <= set(content(root))
    capsys.readouterr()
    # One that ends each worker that it is given to is given up, and the others are made.
    workers.scheduler.allowed_failures = 0
    status = run(root, workers.scheduler_address, "--language", "en")
    told = capsys.readouterr().err
    assert status == 1 and told.count("Failed: ") == 1
    assert "year 2023, k 5): each worker that it was given to was ended (1 in turn" in told
    assert (root / "reports/failed/en-2023-show.log").is_file()
    assert {entry["path"]: entry["status"] for entry in entries(root)} == {
        "en/prepare.html": "made",
        "en/2021/show.html": "made",
        "en/2022/show.html": "made",
        "en/2023/show.html": "failed",
    }


# --- what is refused -------------------------------------------------------------------------------------


def refused(capsys, root, address):
    assert run(root, address) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("Error: ") and told.err.count("\n") == 1
    assert not (root / "reports").exists() and not (root / "data/processed").exists()
    return told.err


def test_without_a_scheduler_nothing_is_done(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    root = make_shown(tmp_path / "project")
    error = refused(capsys, root, "tcp://127.0.0.1:1")
    assert "No Dask scheduler answers at tcp://127.0.0.1:1: start one with `dask scheduler`" in error
    for address, why in (
        ("tcp://127.0.0.1", "missing port"),
        ("smoke://hill:1", "unknown address scheme"),
        ("tls://127.0.0.1:1", "check your TLS configuration"),
    ):
        error = refused(capsys, root, address)
        assert f"{address!r} cannot be used as the address" in error and why in error


def test_something_else_at_the_address_is_no_scheduler(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
        assert "No Dask scheduler answers" in refused(capsys, make_shown(tmp_path / "project"), address)
        server.shutdown()


def test_without_workers_or_with_other_versions_nothing_is_done(tmp_path, monkeypatch, capsys):
    root = make_shown(tmp_path / "project")
    monkeypatch.setattr(cluster, "_WORKER_SECONDS", 0.5)
    with local(tmp_path, n_workers=0) as found:
        address = found.scheduler_address
        assert f"The Dask scheduler at {address} had no worker for 0.5 s" in refused(capsys, root, address)
    ours = parcels.versions()
    monkeypatch.setattr(parcels, "versions", lambda: {**ours, "pandas": "0.0.1"})
    with local(tmp_path, n_workers=1, processes=False) as found:
        error = refused(capsys, root, found.scheduler_address)
        assert f"has other versions: pandas {ours['pandas']} (here 0.0.1)" in error


# --- the end of a cluster --------------------------------------------------------------------------------


@pytest.fixture
def waiting(tmp_path, monkeypatch):
    """A worker in this process, and jobs for it of which the first takes too long."""
    cells = {"parameters": f'year = 1\nlanguage = "en"\nk = 3\n{FOLDERS}'}
    root = make_shown(tmp_path / "project", **cells, wait=WAITING.format(go=str(tmp_path / "go")))
    monkeypatch.chdir(root)
    jobs = planning.narrowed(planning.read_jobs(root / "reports", {}), None, ["2022"])
    settings = processes.Settings(str(root), str(tmp_path), 1, "warm")
    with local(tmp_path / "worker", n_workers=1, processes=False) as found:
        yield found, jobs[2:], settings


def test_the_pages_of_a_lost_cluster_fail_by_name(waiting):
    found, jobs, settings = waiting
    results, before = [], {process.pid for process in psutil.Process().children(recursive=True)}
    with cluster.Cluster(found.scheduler_address, settings) as workers:
        ending = threading.Timer(0.2, found.close)
        workers.make(jobs, results.append, lambda page: ending.start())
    assert [result.page for result in results] == [job.page for job in jobs] and len(jobs) == 2
    for result in results:
        assert result.status == "failed" and "the connection to the Dask scheduler at" in result.error
        assert Path(settings.root) not in Path(result.error).parents
    assert len(list(Path("reports/failed").iterdir())) == 2
    until(lambda: {process.pid for process in psutil.Process().children(recursive=True)} <= before, 5)


def test_an_interrupt_ends_all_at_once(waiting, tmp_path):
    found, jobs, settings = waiting
    before = {process.pid for process in psutil.Process().children(recursive=True)}

    def interrupt(page):
        interrupted.append(time.monotonic())
        raise KeyboardInterrupt

    interrupted = []
    with pytest.raises(KeyboardInterrupt), cluster.Cluster(found.scheduler_address, settings) as workers:
        workers.make(jobs, print, interrupt)
    assert time.monotonic() - interrupted[0] < 2
    until(lambda: {process.pid for process in psutil.Process().children(recursive=True)} <= before, 3)
    assert not leftovers(tmp_path) and not Path("reports").exists()


# --- what travels ----------------------------------------------------------------------------------------


def test_equal_projects_make_equal_bundles_without_results(tmp_path):
    first, second = make_shown(tmp_path / "first"), make_shown(tmp_path / "second")
    (second / "reports").mkdir()
    (second / "reports" / "page.html").write_text("of an earlier run")
    (second / ".git").mkdir()
    (second / ".git" / "config").write_text("private")
    assert parcels.bundle(first) == parcels.bundle(second)
    (second / "reports.toml").write_text("other")
    assert parcels.bundle(first) != parcels.bundle(second)


def test_what_a_page_asked_is_known_by_the_folder_of_here():
    asked = json.dumps(["helpers.indices", "read", {"folder": "/there/data", "language": "/therefore"}])
    moved = parcels._query(asked, "/there", "/here/đây")
    assert json.loads(moved)[2] == {"folder": "/here/đây/data", "language": "/therefore"}
    name = inputs._name(json.loads, ("/here/đây/data",), {})
    assert parcels._query(name.replace("/here/đây", "/there"), "/there", "/here/đây") == name
