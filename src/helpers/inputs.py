"""What is read while a page is made, so that it is made again only if that has changed."""

import collections
import contextlib
import functools
import hashlib
import importlib
import inspect
import json
import os
import sys
import time
from pathlib import Path

from helpers.files import WRITTEN, project_root

# Files that changed less than this many seconds ago may change again without a trace in their times.
_SETTLED = 0.1
_KEPT = 8

_watchers = []
_hooked = False


class Watch:
    """
    What was read and written while it was open.

    Attributes
    ----------
    files : set of str
        Absolute paths of files that were opened for reading, and of folders that were listed.
    queries : dict
        Digest of the value of each query, and the files that it read, by its name and arguments as JSON.
    written : set of str
        Absolute paths that files were moved to, which is how this project writes.
    guard : callable or None
        Called with each path that is about to be written, made or removed; may raise.
    """

    def __init__(self, guard=None):
        self.files, self.queries, self.written, self.guard = set(), {}, set(), guard


@contextlib.contextmanager
def watching(guard=None):
    """
    Watch what this process reads and writes through Python.

    Parameters
    ----------
    guard : callable, optional
        See `Watch`.

    Yields
    ------
    Watch
        Filled as long as the block lasts. Files that a library opens by itself are seen only if the caller
        names them with `note`.
    """
    global _hooked
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    watch = Watch(guard)
    _watchers.append(watch)
    try:
        yield watch
    finally:
        _watchers.remove(watch)


# The flag that a file is opened for writing: os.O_WRONLY or os.O_RDWR; or it is made or emptied.
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Positions of the paths that an event is about to change, and of the folders that they are relative to.
_CHANGES = {
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.remove": ((0, 1),),
    "os.truncate": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.chmod": ((0, 2),),
    "shutil.rmtree": ((0, 1),),
}


def _audit(event, arguments):
    if not _watchers:
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING:
            _guarded(path)
        else:
            note(path)
    elif event in ("os.listdir", "os.scandir"):
        note(arguments[0] or ".")
    elif event == WRITTEN:
        _watchers[-1].written.add(_absolute(arguments[0]))
    elif event in _CHANGES:
        for place, folder in _CHANGES[event]:
            # What is relative to an open folder was guarded when that was.
            if folder is None or folder >= len(arguments) or arguments[folder] in (-1, None):
                _guarded(arguments[place])
        if event == "os.rename":
            _watchers[-1].written.add(_absolute(arguments[1]))


def _absolute(path):
    return os.path.abspath(os.fsdecode(path))


def _guarded(path):
    guard = next((watch.guard for watch in _watchers if watch.guard), None)
    if guard and isinstance(path, str | bytes | os.PathLike):
        guard(_absolute(path))


def note(path):
    """
    Say that a file is read that Python does not open itself.

    Parameters
    ----------
    path : str or pathlib.Path
    """
    if _watchers and isinstance(path, str | bytes | os.PathLike):
        _watchers[-1].files.add(_absolute(path))


# --- digests --------------------------------------------------------------------------------------------


def digest(path):
    """
    Tell the content of a file, or of the list of a folder, by 64 hexadecimal digits.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    str
        SHA-256; "" if there is nothing.
    """
    try:
        if os.path.isdir(path):
            content = "\n".join(sorted(name for name in os.listdir(path) if name[0] != ".")).encode()
        else:
            content = Path(path).read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(content).hexdigest()


def value_digest(value):
    """
    Tell a value by 64 hexadecimal digits: tables, numbers, texts, and lists and dictionaries of them.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
        SHA-256.
    """
    return hashlib.sha256(_written(value).encode()).hexdigest()


def _written(value):
    if hasattr(value, "to_wkb"):  # a table with shapes
        value = value.to_wkb(hex=True)
    if hasattr(value, "to_csv"):
        return f"table {value.to_csv()!r}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_written(part)}' for key, part in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return repr(value)


# --- queries --------------------------------------------------------------------------------------------


def query(function):
    """
    Make a page depend on the value of a function instead of on the files that it reads.

    Parameters
    ----------
    function : callable
        Of the top level of a module; its arguments are texts, numbers, paths and None, and its value is
        what `value_digest` takes.

    Returns
    -------
    callable
        Does the same; where something is watched, the digest of the value is noted.
    """

    @functools.wraps(function)
    def asked(*arguments, **options):
        if not _watchers:
            return function(*arguments, **options)
        outer = _watchers[-1]
        with watching() as inner:
            value = function(*arguments, **options)
        outer.queries[_name(function, arguments, options)] = (value_digest(value), sorted(inner.files))
        return value

    return asked


def _name(function, arguments, options):
    bound = inspect.signature(function).bind(*arguments, **options)
    bound.apply_defaults()
    plain = {key: str(v) if isinstance(v, Path) else v for key, v in bound.arguments.items()}
    return json.dumps([function.__module__, function.__qualname__, plain], ensure_ascii=False)


@functools.lru_cache(maxsize=4096)
def _asked_again(name, _generation):
    module, function, options = json.loads(name)
    return value_digest(getattr(importlib.import_module(module), function)(**options))


def still(queries, generation=0):
    """
    Ask queries again.

    Parameters
    ----------
    queries : dict of str
        Digests by name, as a `Watch` has them.
    generation : int
        Queries are asked once a generation.

    Returns
    -------
    bool
        Whether all have the same values.
    """
    try:
        return all(_asked_again(name, generation) == told for name, told in queries.items())
    except Exception:  # whatever it is, the page will run into it and report it
        return False


# --- what was read is kept ------------------------------------------------------------------------------


def kept(function):
    """
    Keep what a reader of files gave for as long as the files that it read are the same.

    Pages are made in processes forked from one that has read everything: what that one keeps, they have.

    Parameters
    ----------
    function : callable
        Reads all that its value is made of before it returns. Its arguments are texts, numbers, paths and
        None; nobody changes its value, unless it is a table: each caller gets a copy.

    Returns
    -------
    callable
        Does the same; what it read counts as read by each caller.
    """
    known = collections.OrderedDict()

    @functools.wraps(function)
    def reader(*arguments, **options):
        key = (project_root(), _name(function, arguments, options))
        if key not in known or any(_state(path) != state for path, state in known[key][2].items()):
            with watching() as seen:
                value = function(*arguments, **options)
            paths = {path for path in _all_files(seen) if not _is_code(path)}
            known[key] = value, seen, {path: _state(path) for path in paths}
        value, seen, states = known[key]
        known.move_to_end(key)
        if not all(_is_settled(state) for state in states.values()):
            known.pop(key)
        elif len(known) > _KEPT:
            known.popitem(last=False)
        if _watchers:
            _watchers[-1].files |= seen.files
            _watchers[-1].queries |= seen.queries
        return value.copy() if hasattr(value, "to_csv") else value

    return reader


def _all_files(watch):
    return watch.files.union(*(files for _, files in watch.queries.values()))


def _is_code(path):
    return path.endswith((".py", ".pyc")) or "site-packages" in path


def _is_settled(state):
    return time.time() - state[0] / 1e9 > _SETTLED


def _state(path):
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
