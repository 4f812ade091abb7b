"""Whatever a page opens is known to be read by it: held against what the kernel of the system sees."""

import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

_OPENED = 0x20
_NOT_BLOCKING = os.O_NONBLOCK
CODE = """
import json, sys
from pathlib import Path
from helpers import making, planning
jobs = {job.page.path: job for job in planning.read_jobs(Path.cwd() / "reports", {})}
result = making.make_page(jobs[sys.argv[1]], "warm")
asked = [path for _, paths in result.queries.values() for path in paths]
print(json.dumps([result.status, result.error, sorted({*result.files, *asked})]))
"""


class Opened:
    """Files below a folder that any process opens, as inotify tells."""

    def __init__(self, folder):
        self.library = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.library.inotify_init1(_NOT_BLOCKING)
        self.folders = {}
        for place in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            number = self.library.inotify_add_watch(self.descriptor, os.fsencode(place), _OPENED)
            self.folders[number] = place

    def files(self):
        """Paths that were opened until now (set of pathlib.Path)."""
        found = set()
        while True:
            try:
                data = os.read(self.descriptor, 1 << 16)
            except BlockingIOError:
                os.close(self.descriptor)
                return {path for path in found if path.is_file()}
            while data:
                number, _, _, length = struct.unpack_from("iIII", data)
                name = data[16 : 16 + length].rstrip(b"\0").decode()
                found.add(self.folders[number] / name)
                data = data[16 + length :]


@pytest.fixture(scope="module")
def project(root, processed, tmp_path_factory):
    """The project with data of its own, so that nobody else opens it."""
    own = tmp_path_factory.mktemp("reads").resolve()
    shutil.copytree(root / "data" / "raw", own / "data" / "raw")
    shutil.copytree(processed, own / "data" / "processed")
    shutil.copytree(root / "notebooks", own / "notebooks")
    shutil.copy(root / "reports.toml", own)
    return own


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is of Linux")
@pytest.mark.parametrize(
    "page",
    [
        "en/clean.html",
        "vi/join.html",
        "en/2015/correlate.html",
        "vi/2015/map.html",
        "en/2022/provinces/70.html",
    ],
)
def test_every_file_of_the_data_that_a_page_opens_is_known(project, page):
    opened = Opened(project / "data")
    told = subprocess.run([sys.executable, "-c", CODE, page], cwd=project, capture_output=True, text=True)
    seen = opened.files()
    assert told.returncode == 0, told.stderr
    status, error, known = json.loads(told.stdout.splitlines()[-1])
    assert status == "made", error
    # What is written beside a file before it takes its place is none that is read.
    read = {path for path in seen if not path.name.startswith(".")}
    assert len(read) > 3
    assert read <= {Path(path) for path in known}
