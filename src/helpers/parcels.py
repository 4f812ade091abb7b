"""What travels between a batch and the workers of a cluster: what pages are made from, jobs, and pages."""

import contextlib
import importlib.metadata
import io
import json
import os
import pickle
import platform
import queue
import shutil
import threading
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from helpers import making, processes
from helpers.files import replacing
from helpers.origins import PACKAGES
from helpers.planning import FOLDERS

_SHIPPED = ("notebooks", "reports.toml", "requirements.lock", FOLDERS["raw"], FOLDERS["processed"])
_EARLIEST = 1980, 1, 1, 0, 0, 0
_FAST = 1


def bundle(root):
    """
    Pack what pages are made from: this package, notebooks, reports.toml, the lock, raw and computed tables.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the project.

    Returns
    -------
    bytes
        A ZIP archive of a folder like that of the project; equal files give equal bytes.
    """
    package = Path(__file__).resolve().parent
    files = {f"src/{package.name}/{name}": path.read_bytes() for name, path in _files(package)}
    files |= _entry_points(package.name)
    for shipped in _SHIPPED:
        for name, path in _files(root / shipped):
            files[os.path.join(shipped, name) if name else shipped] = path.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, _FAST)
    return packed.getvalue()


def _files(top):
    """Names below a folder, and paths; a file has the name ""."""
    if top.is_file():
        yield "", top
    for folder, _, names in os.walk(top):
        for name in names:
            path = Path(folder, name)
            below = path.relative_to(top)
            if "__pycache__" not in below.parts and not any(part.startswith(".") for part in below.parts):
                yield below.as_posix(), path


def _entry_points(package):
    """The account of the installed package by which papermill finds its engine."""
    for point in importlib.metadata.entry_points(group="papermill.engine"):
        if point.value.startswith(f"{package}."):
            name, version = point.dist.name.replace("-", "_"), point.dist.version
            texts = {name: point.dist.read_text(name) for name in ("METADATA", "entry_points.txt")}
            return {f"src/{name}-{version}.dist-info/{file}": text.encode() for file, text in texts.items()}
    return {}


def versions():
    """
    Tell what pages are made with.

    Returns
    -------
    dict of str
        Versions of Python and of `origins.PACKAGES`; None for one that is missing.
    """
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        found[name] = None
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def differences(there, here):
    """
    Name the versions that differ.

    Parameters
    ----------
    there, here : dict of str
        See `versions`.

    Returns
    -------
    list of str
    """
    return [
        f"{name} {there.get(name) or 'is missing'} (here {version})"
        for name, version in here.items()
        if there.get(name) != version
    ]


# --- on the side of the batch ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """
    What the maker of pages on a worker is told.

    Attributes
    ----------
    job : helpers.planning.Job or None
        None to get ready; there is no answer to that.
    settings : helpers.processes.Settings
        With the folder of the project on the side of the batch.
    warm : dict, optional
        See `processes.Workers.make`.
    versions : dict of str
        What the batch runs with.
    """

    job: object
    settings: object
    warm: dict | None = None
    versions: dict = field(default_factory=versions)

    def pack(self):
        """Make it bytes that only the interpreter with the same helpers has to understand."""
        return pickle.dumps(self)


def receive(answer, job, root):
    """
    Write what was made on a worker where it belongs.

    Parameters
    ----------
    answer : bytes
        Of `serve`.
    job : helpers.planning.Job
    root : str
        Folder of the project.

    Returns
    -------
    helpers.making.Result
        As if the page had been made here.
    """
    result, files, gone = pickle.loads(zlib.decompress(answer))
    page = os.path.relpath(job.reports / job.page.path, root)
    if job.page.pdf and page in files and not _holds(Path(root, page), files[page]):
        # It would show what the page no longer says, were it not printed anew.
        Path(root, page).with_suffix(".pdf").unlink(missing_ok=True)
    for name in gone:
        Path(root, name).unlink(missing_ok=True)
    # The page last, which says that the others are there.
    for name in sorted(files, key=lambda name: (name == page, name)):
        with replacing(Path(root, name)) as temporary:
            temporary.write_bytes(files[name])
    if result.status == "made":
        job.log.unlink(missing_ok=True)
    return result


def _holds(path, content):
    return path.is_file() and path.read_bytes() == content


# --- on the side of a worker ----------------------------------------------------------------------------


def serve():
    """
    Make pages of the unpacked project in the working directory, as asked on the standard input.

    Each order is the pickle of an `Order` in bytes, and so is each answer on the standard output. When the
    input ends, all processes end, and the folder above the working directory is removed.
    """
    source, answers = (os.fdopen(os.dup(stream), mode) for stream, mode in ((0, "rb"), (1, "wb")))
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(quiet, stream)
    maker, orders = _Maker(Path.cwd()), queue.SimpleQueue()

    def listen():
        with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                orders.put(pickle.load(source))
        maker.end()
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    try:
        while True:
            order = pickle.loads(orders.get())
            if order.job is None:
                maker.get_ready(order)
            else:
                pickle.dump(maker.make(order), answers)
                answers.flush()
    finally:
        # Without waiting for what was started; that there is no answer says enough.
        maker.end()
        os._exit(1)


class _Maker:
    """Makes one page at a time in a folder of its own."""

    def __init__(self, root):
        self.root, self.scratch = root, root.parent / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self.workers, self.warmed = None, False

    def get_ready(self, order):
        self.workers = processes.Workers(self._settings(order.settings))
        self.workers.start()

    def make(self, order):
        theirs, ours = order.settings.root, str(self.root)
        job, before, found = _job(order.job, theirs, ours), self._tables(), []
        if other := differences(versions(), order.versions):
            text = f"a worker of the cluster has other versions: {', '.join(other)}"
            found.append(making.failure(job, f"{text}; install requirements.lock there"))
        else:
            warm = order.warm and {name: _path(path, theirs, ours) for name, path in order.warm.items()}
            self.workers.make([job], found.append, warm=None if self.warmed else warm)
            self.warmed = self.warmed or warm is not None
        after = self._tables()
        changed = [name for name, state in after.items() if before.get(name) != state]
        files = {name: (self.root / name).read_bytes() for name in changed}
        pages = os.path.relpath(job.reports, self.root)
        files |= {os.path.join(pages, name): path.read_bytes() for name, path in _files(job.reports)}
        # Everything below is of the next page then.
        shutil.rmtree(job.reports, ignore_errors=True)
        gone = sorted(set(before) - set(after))
        return zlib.compress(pickle.dumps((_result(found[0], ours, theirs), files, gone)), _FAST)

    def _settings(self, settings):
        engine = settings.engine if processes.can_fork() else "kernel"
        return replace(settings, root=str(self.root), scratch=str(self.scratch), processes=1, engine=engine)

    def _tables(self):
        """State of each computed table; only pages of the data stage change any."""
        found = {}
        for name, path in _files(self.root / FOLDERS["processed"]):
            state = path.stat()
            found[os.path.join(FOLDERS["processed"], name)] = state.st_mtime_ns, state.st_size, state.st_ino
        return found

    def end(self):
        if self.workers is not None:
            self.workers.__exit__(None, None, None)
        shutil.rmtree(self.root.parent, ignore_errors=True)


# --- folders of one side in terms of the other ----------------------------------------------------------


def _path(path, old, new):
    """A path below one folder, below the other (str); as it is where it lies elsewhere."""
    path = str(path)
    return new + path[len(old) :] if path == old or path.startswith(os.path.join(old, "")) else path


def _paths(paths, old, new):
    """Paths below one folder, below the other; those elsewhere are none of the project's."""
    return [moved for path in paths if (moved := _path(path, old, new)) != path]


def _query(name, old, new):
    """The name of a query, with its paths below the other folder."""
    module, function, options = json.loads(name)
    moved = {key: _path(v, old, new) if isinstance(v, str) else v for key, v in options.items()}
    return json.dumps([module, function, moved], ensure_ascii=False)


def _job(job, old, new):
    return replace(
        job,
        reports=Path(_path(job.reports, old, new)),
        folders={name: _path(path, old, new) for name, path in job.folders.items()},
        ask=job.ask and {_query(name, old, new): told for name, told in job.ask.items()},
    )


def _result(result, old, new):
    return replace(
        result,
        files=None if result.files is None else _paths(result.files, old, new),
        queries={
            _query(name, old, new): (told, _paths(paths, old, new))
            for name, (told, paths) in result.queries.items()
        },
        written=_paths(result.written, old, new),
    )
