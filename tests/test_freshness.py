"""What is made again, and what is not: one small project, changed step by step; each step is a run."""

import json
import os
import shutil

import pytest
from test_batch import make_project, run, write_notebook

from helpers import freshness
from helpers.files import project_root

# Reads one table as a whole, and asks for a part of another by its value.
READING = {
    "parameters": 'year = 2022\nlanguage = "en"\nk = 3\nraw = "data/raw"\nprocessed = "data/processed"\n'
    'reports = "reports"',
    "read": "from pathlib import Path\nfrom helpers import indices\n"
    "print(len(indices.of_years(processed, [year])), k)\n"
    "figures = Path(reports, language, str(year), 'figures')\nfigures.mkdir(parents=True, exist_ok=True)",
    "write": "from helpers.files import write_text\n"
    "write_text(figures / f'drawn_{k}.svg', '<svg></svg>')\n"
    "note = Path('data/note.txt')\nprint(note.read_text() if note.exists() else 'no note')",
}
PREPARING = {
    "parameters": 'language = "en"\nraw = "data/raw"\nprocessed = "data/processed"\nreports = "reports"',
    "copy": "import shutil\nfrom pathlib import Path\nfrom helpers.files import write_text\n"
    "write_text(Path(processed, 'indices.csv'), Path('data/figures.csv').read_text())",
}
HEAD = (
    "index,year,gso_code,component,score,max_score,rank,ranked,basis,source,series,"
    "group,rank_basis,rank_source"
)


def figures(**scores):
    """A synthetic table with a figure of each year."""
    rows = [f"papi,{year[1:]},01,,{score},,,,published,s,s,,," for year, score in scores.items()]
    return "\n".join([HEAD, *rows]) + "\n"


def made(done):
    """The pages that a run made, as its lines say."""
    lines = [line.partition("] ")[2] for line in done.stdout.splitlines() if "  made, " in line]
    return {line.partition("  made")[0] for line in lines}


ALL = {"prepare (en)", "prepare (vi)"} | {
    f"{year} show ({language})" for year in (2021, 2022, 2023) for language in ("en", "vi")
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("fresh") / "project")
    write_notebook(root / "notebooks" / "prepare.ipynb", PREPARING)
    write_notebook(root / "notebooks" / "show.ipynb", READING)
    (root / "data" / "figures.csv").write_text(figures(y2021=1, y2022=2, y2023=3))
    shutil.copy(project_root() / "requirements.lock", root)
    done = run(root)
    assert done.returncode == 0, done.stderr
    assert made(done) == ALL
    return root


def snapshot(folder):
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()
    }


def test_each_page_is_recorded_with_what_it_was_made_from(root):
    record = json.loads((root / "reports" / "run.json").read_text(encoding="utf-8"))
    pages = {page["path"]: page for page in record["pages"]}
    assert len(pages) == 8 and record["counts"] == {"made": 8}
    page = pages["vi/2022/show.html"]
    assert set(page["made_from"]) == {"notebook", "helpers", "lock", "asked"}
    assert page["files"] == []
    assert page["asked_files"] == ["data/processed/indices.csv", "data/raw/sources.csv"]
    # The figures of the notebook, and the date of the data that every page names.
    assert [json.loads(query) for query in page["asked"]] == [
        [
            "helpers.indices",
            "of_years",
            {"processed": "data/processed", "years": [2022], "totals": False},
        ],
        ["helpers.origins", "data_date", {"raw": "data/raw"}],
    ]
    assert page["written"] == [
        "reports/vi/2022/figures/drawn_5.svg",
        "reports/vi/2022/show.html",
        "reports/vi/2022/show.ipynb",
    ]
    assert pages["en/prepare.html"]["files"] == ["data/figures.csv"]


def test_nothing_is_made_where_only_times_changed(root):
    before = snapshot(root / "reports")
    for path in [*root.rglob("*.ipynb"), root / "data" / "figures.csv", root / "reports.toml"]:
        if "raw" not in path.parts and "reports" not in path.parts:
            os.utime(path)
    done = run(root)
    assert done.returncode == 0 and made(done) == set()
    assert done.stdout == "8 pages stand: nothing that they are made from changed.\n" and done.stderr == ""
    assert snapshot(root / "reports") == before


def test_a_changed_year_makes_its_own_pages_again_and_no_other(root):
    (root / "data" / "figures.csv").write_text(figures(y2021=1, y2022=2.5, y2023=3))
    assert made(run(root)) == {"prepare (en)", "prepare (vi)", "2022 show (en)", "2022 show (vi)"}
    assert made(run(root)) == set()


def test_a_table_that_is_written_otherwise_and_says_the_same_changes_no_page(root):
    text = figures(y2021=1, y2022=2.5, y2023=3)
    (root / "data" / "figures.csv").write_text(text.replace("2.5", "2.50"))
    assert made(run(root)) == {"prepare (en)", "prepare (vi)"}
    assert made(run(root)) == set()


def test_a_page_that_is_missing_or_changed_by_hand_in_the_data_is_made_again(root):
    (root / "reports" / "en" / "2021" / "figures" / "drawn_5.svg").unlink()
    (root / "reports" / "vi" / "2023" / "show.html").unlink()
    assert made(run(root)) == {"2021 show (en)", "2023 show (vi)"}
    (root / "data" / "processed" / "indices.csv").write_text("spoilt by hand")
    # Once it is mended, the same page in the other language stands.
    assert made(run(root)) == {"prepare (en)"}


def test_a_changed_notebook_parameter_or_lock_makes_its_pages_again(root):
    write_notebook(root / "notebooks" / "show.ipynb", {**READING, "more": "print('more')"})
    declared = (root / "reports.toml").read_text(encoding="utf-8")
    assert made(run(root, "--year", "2021")) == {"2021 show (en)", "2021 show (vi)"}
    # A narrowed run leaves the account of the others.
    assert len(json.loads((root / "reports" / "run.json").read_text())["pages"]) == 8
    (root / "reports.toml").write_text(declared.replace("default = 5", "default = 6"), encoding="utf-8")
    assert len(made(run(root))) == 6
    # What it drew with the other parameter is gone with it.
    assert [path.name for path in (root / "reports/en/2021/figures").iterdir()] == ["drawn_6.svg"]
    with (root / "requirements.lock").open("a") as lock:
        lock.write("# another\n")
    assert made(run(root)) == ALL


def test_everything_is_made_again_when_that_is_asked_for(root):
    assert made(run(root, "--force", "--language", "vi")) == {page for page in ALL if "(vi)" in page}


def test_what_has_no_source_any_more_is_removed(root):
    declared = (root / "reports.toml").read_text(encoding="utf-8")
    (root / "reports.toml").write_text(
        declared.replace("[2021, 2022, 2023]", "[2022, 2023]"), encoding="utf-8"
    )
    (root / "reports" / "en" / "2021" / "of-a-reader.txt").write_text("kept")
    done = run(root)
    assert made(done) == set() and done.returncode == 0
    assert "Removed, as their source is gone: en/2021/show.html, vi/2021/show.html." in done.stdout
    assert not (root / "reports" / "vi" / "2021").exists()
    left = [path.name for path in (root / "reports" / "en" / "2021").rglob("*")]
    assert left == ["of-a-reader.txt"]
    head = (root / "reports" / "en" / "2022" / "show.html").read_text(encoding="utf-8")
    assert "2021" not in head[head.index('<header class="site">') : head.index("</header>")]
    record = json.loads((root / "reports" / "run.json").read_text(encoding="utf-8"))
    assert len(record["pages"]) == 6


def test_an_account_that_cannot_be_read_only_costs_time(tmp_path):
    folders = {name: tmp_path / name for name in ("raw", "processed", "reports")}
    folders["reports"].mkdir()
    sources = freshness.Sources(tmp_path, folders)
    for text in ("", "{", "[]", '{"layout": 0, "pages": []}'):
        (folders["reports"] / "run.json").write_text(text)
        assert freshness.Record(sources).pages == {}


def test_a_run_without_anything_to_do_imports_nothing_heavy(root):
    import subprocess
    import sys

    heavy = ("pandas", "numpy", "matplotlib", "papermill", "nbconvert", "jsonschema", "nbformat", "psutil")
    code = (
        "import sys; from helpers import batch\n"
        "status = batch.main(['--root', '.'])\n"
        f"print(status, [name for name in {heavy!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert told.stdout.splitlines()[-1] == "0 []", told.stdout + told.stderr
