"""Fetching datasets, against a small hub on this machine; every figure in it is made up."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest

from helpers import cells, fetch
from helpers.files import write_text

FIRST, SECOND = "1" * 40, "2" * 40
# The columns are those of the real datasets, the figures are not.
PAR = (
    b"year,unit_type,unit_code,unit_name,par_index,par_rank,ranked,score_moha,score_survey\n"
    b"2031,province,01,Synthetic A,81.25,1,2,60.5,20.75\n2031,province,02,Synthetic B,71.5,2,2,50.5,21\n"
)
SIPAS = (
    b"year,geo_code,geo_name,geo_short,geo_system,sipas_rank,sipas_index\n"
    b"2031,01,Synthetic A,SA,gso,2,80.5\n2031,02,Synthetic B,SB,gso,1,85.25\n"
)
CARD = (
    b"---\nlicense: other\n---\n# Tables\n\n## License\n\nSynthetic terms: cite us.\n\n## Columns\n\nyear\n"
)


class _Hub(ThreadingHTTPServer):
    """A hub: `repos` holds, by dataset and revision, the files; the newest revision is the last one."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.repos, self.asked, self.headers, self.fault = {}, [], [], lambda path: None
        self.url = f"http://127.0.0.1:{self.server_port}"

    def serve(self, repo, files, revision=FIRST, card=CARD, licence="other"):
        self.repos.setdefault(repo, {})[revision] = {"README.md": card, ".gitattributes": b"", **files}
        self.licence = licence

    def handle_error(self, request, client_address):
        """A client that gives up is no fault here."""

    def downloads(self):
        return [path for method, path in self.asked if method == "GET" and "/resolve/" in path]


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path))
        self.server.headers.append(dict(self.headers))
        if self.server.fault(path) == "hang":
            time.sleep(30)
        found = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/revision/(.+))?", path)
        if found:
            return self._info(*found.groups())
        found = re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        return self._file(path, *found.groups()) if found else self._missing("RepoNotFound")

    do_HEAD = do_GET

    def _info(self, repo, revision):
        revisions = self.server.repos.get(repo)
        if not revisions:
            return self._missing("RepoNotFound", 401)
        sha = revision or list(revisions)[-1]
        if sha not in revisions:
            return self._missing("RevisionNotFound")
        files = [{"rfilename": name, "size": len(data)} for name, data in revisions[sha].items()]
        card = {"license": self.server.licence}
        return self._send(json.dumps({"id": repo, "sha": sha, "cardData": card, "siblings": files}).encode())

    def _file(self, path, repo, revision, name):
        data = self.server.repos.get(repo, {}).get(revision, {}).get(name)
        if data is None or self.server.fault(path) == 404:
            return self._missing("EntryNotFound")
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": revision}
        start = int(re.sub(r"\D", "", self.headers.get("Range", "0")))
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return self._send(data[start:], 206 if start else 200, headers, self.server.fault(path) == "break")

    def _missing(self, code, status=404):
        self._send(b"{}", status, {"X-Error-Code": code})

    def _send(self, data, status=200, headers=(), broken=False):
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **dict(headers)}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if broken else data)
        self.close_connection = self.close_connection or broken


@pytest.fixture
def hub(monkeypatch):
    with _Hub() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "2")
        monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "2")
        server.serve("someone/synthetic-par", {"data/train-00000.csv": PAR})
        server.serve("someone/synthetic-sipas", {"table": SIPAS})
        yield server
        server.shutdown()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the least that fetching needs, and a table that nothing may touch."""
    write_text(
        tmp_path / "data/raw/datasets.toml",
        '[synthetic-par]\nrepo = "someone/synthetic-par"\nindex = "par"\nrevision = ""\n'
        'columns = ["year", "unit_name", "par_index"]\n'
        '[synthetic-sipas]\nrepo = "someone/synthetic-sipas"\nindex = "sipas"\n'
        'columns = ["year", "geo_name", "sipas_index"]\n',
    )
    write_text(tmp_path / "data/raw/indices.toml", '[par]\nshort = "PAR"\n[sipas]\nshort = "SIPAS"\n')
    write_text(
        tmp_path / "data/raw/sources.csv",
        'source,kind,publisher,reference,obtained\nmade-up,report,"a, b",https://example.org,2030-01-01\n',
    )
    write_text(tmp_path / "data/raw/par/reported.csv", "year,province\n2031,Synthetic A\n")
    # What the project's own reader says of a table is not what is tested here.
    monkeypatch.setattr(fetch, "_own_reader", lambda raw: lambda path, index: None)
    return tmp_path


def _state(project):
    return {path: path.is_file() and path.read_bytes() for path in project.rglob("*")}


def _run(project, *options, accept=True):
    return fetch.main(["--root", str(project), *(["--accept-licences"] if accept else []), *options])


def _row(project, source="hf-synthetic-par"):
    with (project / "data/raw/sources.csv").open(encoding="utf-8", newline="") as file:
        return next((row for row in csv.DictReader(file) if row["source"] == source), None)


def _answer(monkeypatch, *answers):
    """Answer in turn; a question too many is an error."""
    left = list(answers)
    monkeypatch.setattr("builtins.input", lambda question: left.pop(0))
    return left


def _command(project, *options, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "helpers.fetch", "--root", str(project), *options],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_tables_are_recognised_by_their_columns_and_recorded(hub, project):
    assert _run(project) == 0
    raw = project / "data/raw"
    assert (raw / "par/synthetic-par.csv").read_bytes() == PAR
    assert (raw / "sipas/synthetic-sipas.csv").read_bytes() == SIPAS
    note = (raw / "par/synthetic-par.csv.toml").read_text()
    assert note == 'index = "par"\nbasis = "secondary"\nsource = "hf-synthetic-par"\n'
    row = _row(project)
    digest = hashlib.sha256(b"Synthetic terms: cite us.").hexdigest()[:12]
    assert row["licence"] == f"other; text sha256 {digest}"
    assert (row["revision"], row["sha256"]) == (FIRST, hashlib.sha256(PAR).hexdigest())
    assert (row["kind"], row["publisher"]) == ("dataset", "huggingface.co")
    assert row["reference"] == "https://huggingface.co/datasets/someone/synthetic-par"
    assert _row(project, "made-up")["publisher"] == "a, b"
    assert not list(raw.glob(".*"))


def test_a_second_run_asks_the_hub_nothing(hub, project, capsys):
    _run(project)
    before = _state(project)
    hub.asked.clear()
    assert _run(project, accept=False) == 0
    assert hub.asked == []
    assert _state(project) == before
    assert f"already here, revision {FIRST}" in capsys.readouterr().out


def test_no_token_and_nothing_about_the_machine_is_sent_or_kept(hub, project, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    private = {"HF_TOKEN": "hf_synthetic", "HOME": str(home), "HF_HOME": str(home / "hub")}
    _command(project, "--accept-licences", **private).communicate(timeout=20)
    assert hub.downloads()
    assert not [headers for headers in hub.headers if "authorization" in {key.lower() for key in headers}]
    assert not [path for _, path in hub.asked if "someone/synthetic-" not in path]
    assert not list(home.rglob("*"))


def test_the_licence_is_shown_and_asked_about_once(hub, project, monkeypatch, capsys):
    left = _answer(monkeypatch, "y", "")
    assert _run(project, accept=False) == 1
    said = capsys.readouterr()
    assert "Synthetic terms: cite us." in said.out and "other" in said.out
    assert "someone/synthetic-sipas is not fetched: its licence was not accepted." in said.err
    assert left == [] and (project / "data/raw/par/synthetic-par.csv").exists()
    assert not (project / "data/raw/sipas").exists()
    (project / "data/raw/par/synthetic-par.csv").unlink()
    assert _run(project, "--only", "par", accept=False) == 0


def test_changed_terms_are_asked_about_again(hub, project, monkeypatch):
    _run(project)
    hub.serve("someone/synthetic-par", {"a.csv": PAR, "LICENSE": b"Synthetic terms: pay."}, SECOND)
    _answer(monkeypatch, "no")
    before = _state(project)
    assert _run(project, "--update", "--only", "par", accept=False) == 1
    assert _state(project) == before
    _answer(monkeypatch, "yes")
    assert _run(project, "--update", "--only", "par", accept=False) == 0
    assert _row(project)["licence"].endswith(hashlib.sha256(b"Synthetic terms: pay.").hexdigest()[:12])


def test_with_nobody_to_ask_the_licence_must_have_been_accepted(hub, project, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    before = _state(project)
    assert _run(project, accept=False) == 1
    assert "make fetch ACCEPT=1" in capsys.readouterr().err
    assert _state(project) == before


def test_a_text_of_terms_cannot_steer_the_terminal(hub, project, capsys):
    hub.serve("someone/synthetic-par", {"a.csv": PAR, "LICENSE": b"free\x1b[2J\x07 to use"})
    _run(project, "--only", "par")
    assert "\x1b" not in (said := capsys.readouterr().out) and "free[2J to use" in said


@pytest.mark.parametrize("fault", ["break", 404, "hang"])
def test_a_download_that_fails_changes_nothing(hub, project, capsys, fault):
    hub.fault = lambda path: fault if path.endswith("train-00000.csv") else None
    before = _state(project)
    started = time.monotonic()
    assert _run(project, "--only", "par") == 1
    assert time.monotonic() - started < 6
    assert _state(project) == before
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "someone/synthetic-par is not fetched" in said
    assert "train-00000.csv" in said


def test_one_dataset_that_is_gone_does_not_keep_the_others(hub, project, capsys):
    del hub.repos["someone/synthetic-par"]
    assert _run(project) == 1
    assert "answered 401 (it is not there, or not public)" in capsys.readouterr().err
    assert (project / "data/raw/sipas/synthetic-sipas.csv").exists() and not _row(project)


def test_a_broken_download_is_resumed(hub, project):
    broken = iter(["break", None, None])
    hub.fault = lambda path: (
        next(broken, None) if path.endswith(".csv") and hub.asked[-1][0] == "GET" else None
    )
    assert _run(project, "--only", "par") == 0
    assert (project / "data/raw/par/synthetic-par.csv").read_bytes() == PAR


def test_a_changed_file_of_a_recorded_revision_is_refused(hub, project, capsys):
    _run(project, "--only", "par")
    (project / "data/raw/par/synthetic-par.csv").unlink()
    changed = PAR.replace(b"81.25", b"99.99")
    hub.serve("someone/synthetic-par", {"data/train-00000.csv": changed})
    before = _state(project)
    for option in ([], ["--update"]):
        assert _run(project, "--only", "par", *option) == 1
        assert _state(project) == before
        said = capsys.readouterr().err
        assert hashlib.sha256(PAR).hexdigest() in said and hashlib.sha256(changed).hexdigest() in said


def test_a_table_changed_by_hand_stays(hub, project, capsys):
    _run(project)
    hub.serve("someone/synthetic-par", {"a.csv": PAR + b"2032,province,01,Synthetic A,1,1,2,1,0\n"}, SECOND)
    (project / "data/raw/par/synthetic-par.csv").write_bytes(PAR.replace(b"81.25", b"82"))
    before = _state(project)
    for option in ([], ["--update"]):
        assert _run(project, "--only", "par", *option) == 1
        assert _state(project) == before
        assert "remove it to fetch it again" in capsys.readouterr().err


def test_a_file_of_that_name_that_was_not_fetched_stays(hub, project, capsys):
    write_text(project / "data/raw/par/synthetic-par.csv", "mine\n")
    before = _state(project)
    assert _run(project, "--only", "par") == 1
    assert _state(project) == before
    assert "rename it" in capsys.readouterr().err


def test_the_recorded_revision_stays_until_an_update(hub, project):
    _run(project)
    newer = PAR.replace(b"81.25", b"81.5")
    hub.serve("someone/synthetic-par", {"one.csv": newer, "two.csv": PAR}, SECOND)
    (project / "data/raw/par/synthetic-par.csv").unlink()
    assert _run(project) == 0
    assert (project / "data/raw/par/synthetic-par.csv").read_bytes() == PAR
    assert _run(project, "--update") == 0
    folder = project / "data/raw/par"
    names = ["reported.csv", "synthetic-par-one.csv", "synthetic-par-two.csv"]
    assert sorted(path.name for path in folder.glob("*.csv")) == names
    assert len(list(folder.glob("*.toml"))) == 2
    row = _row(project)
    assert row["revision"] == SECOND
    assert row["sha256"] == "|".join(
        f"synthetic-par-{name}.csv={hashlib.sha256(data).hexdigest()}"
        for name, data in (("one", newer), ("two", PAR))
    )


def test_a_revision_in_datasets_toml_is_the_one_taken(hub, project, capsys):
    hub.serve("someone/synthetic-par", {"a.csv": PAR + b"2032,province,01,Synthetic A,1,1,2,1,0\n"}, SECOND)
    path = project / "data/raw/datasets.toml"
    write_text(path, path.read_text().replace('revision = ""', f'revision = "{FIRST}"'))
    for option in ([], ["--update"]):
        assert _run(project, "--only", "par", *option) == 0
        assert _row(project)["revision"] == FIRST
        (project / "data/raw/par/synthetic-par.csv").unlink()
    write_text(path, path.read_text().replace(FIRST, "3" * 40))
    assert _run(project, "--only", "par") == 1
    assert "answered 404" in capsys.readouterr().err


def test_what_no_reader_knows_is_said_file_by_file(hub, project, capsys):
    before = _state(project)
    hub.serve("someone/synthetic-par", {"data/train.parquet": b"PAR1", "picture.png": b""})
    hub.serve("someone/synthetic-sipas", {"other.csv": b"year,geo_name\n2031,Synthetic A\n"})
    assert _run(project) == 1
    said = capsys.readouterr().err
    assert "data/train.parquet: Parquet, which this project does not read" in said
    assert "other.csv: its head lacks sipas_index" in said
    assert _state(project) == before
    assert not [path for path in hub.downloads() if "parquet" in path]


def test_the_reader_has_the_last_word(hub, project, monkeypatch, capsys):
    def reader(path, index):
        if index == "par":
            raise cells.FileError(path.name, "no province in it")

    monkeypatch.setattr(fetch, "_own_reader", lambda raw: reader)
    assert _run(project) == 1
    assert "(data/train-00000.csv: no province in it)" in capsys.readouterr().err
    assert _row(project, "hf-synthetic-sipas")


def test_an_index_that_is_not_registered_is_passed_over(hub, project, capsys):
    write_text(project / "data/raw/indices.toml", "[par]\n")
    assert _run(project) == 0
    assert "no index sipas in indices.toml: add an entry to fetch it" in capsys.readouterr().out


@pytest.mark.parametrize("failing", ["synthetic-par.csv", "synthetic-par.csv.toml", "sources.csv"])
def test_a_disk_that_fails_half_way_changes_nothing(hub, project, monkeypatch, capsys, failing):
    _run(project)
    hub.serve("someone/synthetic-par", {"a.csv": PAR + b"2032,province,01,Synthetic A,1,1,2,1,0\n"}, SECOND)
    before, replace = _state(project), os.replace

    def fails(source, target):
        if (
            os.path.basename(target) == failing
            and "kept-" not in str(source)
            and ".fetch-" not in str(target)
        ):
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails)
    assert _run(project, "--update", "--only", "par") == 1
    assert _state(project) == before
    assert "No space left on device" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said(hub, project, monkeypatch, capsys):
    # Permissions would not keep root from writing.
    def refuses(*arguments):
        raise OSError(30, "Read-only file system", "data/raw")

    monkeypatch.setattr("tempfile.mkdtemp", refuses)
    before = _state(project)
    assert _run(project) == 1
    assert _state(project) == before
    assert "cannot be written (Read-only file system)" in capsys.readouterr().err


def test_the_projects_own_reader_recognises_both_layouts(hub, tmp_path, root, places):
    raw = shutil.copytree(root / "data/raw", tmp_path / "data/raw")
    par, sipas = ([line.split(b"\n")[0].decode()] for line in (PAR, SIPAS))
    for rank, (code, name) in enumerate(places.table["name_vi"].items(), start=1):
        par.append(f"2022,province,{code},{name},{90 - rank / 4},{rank},63,{60 - rank / 4},30")
        sipas.append(f"2022,{code},{name},{name},gso,{rank},{90 - rank / 8}")
    hub.serve("letrinhan/vn-par-master", {"data/part": "\n".join(par).encode()})
    hub.serve("letrinhan/vn-sipas-provincial", {"b.tsv": "\n".join(sipas).replace(",", "\t").encode()})
    before = len((raw / "sources.csv").read_text().splitlines())
    assert _run(tmp_path, "--only", "par", "--only", "sipas") == 0
    assert (raw / "par/vn-par-master.csv").exists() and (raw / "sipas/vn-sipas-provincial.tsv").exists()
    lines = (raw / "sources.csv").read_text().splitlines()
    assert (lines[0], len(lines)) == (",".join(fetch.SOURCE_COLUMNS), before + 2)


def test_without_a_hub_one_sentence_and_status_3(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        before = _state(project)
        command = _command(project, HF_ENDPOINT=f"http://someone:secret@{host}")
        out, err = command.communicate(timeout=20)
    assert command.returncode == 3
    assert err == f"The hub {host} cannot be reached from here; what is in data/raw stays as it is.\n"
    assert out == "" and _state(project) == before


@pytest.mark.parametrize("name", ["no-such-host.invalid", "no host"])
def test_a_hub_without_an_address_is_out_of_reach(project, monkeypatch, capsys, name):
    monkeypatch.setenv("HF_ENDPOINT", f"http://{name}")
    assert _run(project) == 3
    assert name in capsys.readouterr().err


def test_a_hub_that_never_answers_is_given_up(hub, project, capsys):
    hub.fault = lambda path: "hang"
    started = time.monotonic()
    assert _run(project) == 3
    assert time.monotonic() - started < 5
    assert capsys.readouterr().err.count("\n") == 1


def test_what_is_here_needs_no_hub(hub, project, monkeypatch):
    _run(project)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert _run(project) == 0
    assert _run(project, "--update") == 3


def test_an_answer_that_is_no_hubs_is_said(hub, project, monkeypatch, capsys):
    monkeypatch.setattr(
        _Answers, "_info", lambda self, *_: self._send(b"<html>Log in to this network</html>")
    )
    assert _run(project) == 1
    assert "cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_download_leaves_nothing(hub, project, number):
    hub.fault = lambda path: "hang" if path.endswith("train-00000.csv") else None
    before = _state(project)
    command = _command(project, "--accept-licences", HF_HUB_DOWNLOAD_TIMEOUT="20")
    while not any(path.endswith("train-00000.csv") for _, path in hub.asked):
        assert command.poll() is None, command.communicate()
        time.sleep(0.05)
    command.send_signal(number)
    _, err = command.communicate(timeout=10)
    assert command.returncode == 130
    assert err.strip() == "Stopped: what was fetched before is whole, and nothing else has changed."
    assert _state(project) == before


def test_wrong_use_is_status_2(project, capsys):
    with pytest.raises(SystemExit) as ended:
        _run(project, "--only", "gdp")
    assert ended.value.code == 2
    assert "of par, sipas" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["[a", '[x]\nindex = "par"', '[x]\nrepo = 1\nindex = "par"', '["../x"]\nrepo=""']
)
def test_a_list_of_datasets_that_cannot_be_used_is_said(project, capsys, text):
    write_text(project / "data/raw/datasets.toml", text)
    assert _run(project) == 1
    assert "datasets.toml" in capsys.readouterr().err


def test_the_datasets_of_the_project_are_described(root):
    datasets = {dataset.index: dataset for dataset in fetch.read_datasets(root / "data/raw")}
    assert set(datasets) == {"par", "sipas", "papi", "pci", "dti"}
    assert set(datasets["par"].columns) == set(PAR.decode().splitlines()[0].split(","))
    assert set(datasets["sipas"].columns) == set(SIPAS.decode().splitlines()[0].split(","))


def test_importing_it_does_not_import_the_library():
    code = "import sys, helpers.fetch; sys.exit('huggingface_hub' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
