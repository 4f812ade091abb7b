"""Pages that kernels make, started one a page, are those that the process of the batch makes itself."""

import json
import os
import re

import pytest
from test_batch import make_project, run, write_notebook

from helpers import kernels, wording

# What a page may do: streams in order, values, display, a figure, a top-level await, a warning, an error.
CELLS = {
    "parameters": 'year = 2022\nlanguage = "en"\nk = 3\nraw = processed = reports = ""',
    "streams": "import os, sys, warnings\nprint('out'); print('err', file=sys.stderr); print('out again')",
    "value": "1 + 1",
    "display": "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\nNone",
    "magic": "%pprint\n__name__",
    "await": "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "warning": "warnings.warn('careful')",
    "state": "hash('tỉnh'), os.environ['MPLBACKEND'], os.getcwd(), sys.executable",
    "figure": """
import io
import matplotlib.pyplot as plt
from IPython.display import Image
plt.plot([1, year])
plt.savefig(drawn := io.BytesIO())
plt.close()
Image(drawn.getvalue(), alt="a line")
""",
    "failure": "1 / (year - 2023)",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What a batch made and said with each engine, and what it recorded."""
    outcome = {}
    # The same folder, since outputs may name it.
    root = make_project(tmp_path_factory.mktemp("kernels") / "project")
    write_notebook(root / "notebooks" / "show.ipynb", CELLS)
    for engine in ("warm", "kernel"):
        told = run(root, "--engine", engine, "--language", "en", "--year", "2022", "2023")
        assert told.returncode == 1, told.stderr
        reports = (root / "reports").rename(root / f"reports-{engine}")
        pages = [path for path in reports.rglob("*") if path.is_file() and path.suffix != ".log"]
        files = {path.relative_to(reports).as_posix(): path.read_bytes() for path in pages}
        record = json.loads(files.pop("run.json"))
        said = [line for line in told.stderr.splitlines() if "ZeroDivisionError" in line]
        outcome[engine] = files, {page["path"]: page for page in record["pages"]}, said
    return outcome


def test_pages_and_notebooks_are_equal_to_the_byte(made):
    (warm, *_), (kernel, *_) = made["warm"], made["kernel"]
    assert {"en/2022/show.html", "en/2022/show.ipynb", "en/prepare.html"} <= warm.keys()
    assert warm.keys() == kernel.keys()
    # What is read is not known of a kernel: its pages lack the digest of that.
    data = wording.text("site.made_data", "en")
    row = re.compile(rb'<tr><th scope="row">' + re.escape(data).encode() + rb"</th>.*?</tr>\n")
    assert row.search(warm["en/2022/show.html"]) and not row.search(kernel["en/2022/show.html"])
    assert [path for path in warm if row.sub(b"", warm[path]) != kernel[path]] == []
    assert b"data:image/png;base64," in kernel["en/2022/show.html"]


def test_failures_and_warnings_are_told_alike(made):
    (_, warm, said), (_, kernel, also_said) = made["warm"], made["kernel"]
    assert said and "cell 10 'failure': ZeroDivisionError: division by zero" in said[0]
    assert [re.sub(r"\d+ s", "", line) for line in said] == [re.sub(r"\d+ s", "", line) for line in also_said]
    assert {path: page["warnings"] for path, page in warm.items()} == {
        path: page["warnings"] for path, page in kernel.items()
    }


def test_a_page_that_was_not_watched_depends_on_all_data(made):
    _, warm, _ = made["warm"]
    _, kernel, _ = made["kernel"]
    assert warm["en/2022/show.html"]["files"] == []
    assert "data/processed/prepared.txt" in kernel["en/2022/show.html"]["files"]
    assert "data/raw/indices.toml" in kernel["en/2022/show.html"]["files"]


@pytest.mark.skipif(os.name != "posix", reason="sockets are files on POSIX alone")
@pytest.mark.parametrize(("folder", "transport"), [("/tmp/short", "ipc"), ("/tmp/" + 50 * "x", "tcp")])
def test_sockets_are_files_where_their_paths_are_short(monkeypatch, folder, transport):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", folder)
    manager = kernels.manager.__wrapped__()()
    assert manager.transport == transport
    assert manager.connection_file.startswith(folder)
    assert manager.kernel_spec_manager.kernel_dirs == []
