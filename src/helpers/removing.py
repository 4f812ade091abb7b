"""Removing pages whose source is gone, with everything that was written with them."""

import contextlib
import os
from pathlib import Path

from helpers import site

_BESIDE = (".html", ".ipynb", ".json", ".pdf")


def remove(job):
    """
    Remove a page of an earlier run with all that was written beside it.

    Parameters
    ----------
    job : helpers.planning.Job

    Returns
    -------
    str
        Its path below the folder of reports if it was there, otherwise "".
    """
    path = job.reports / job.page.path
    was_there = path.is_file()
    for suffix in _BESIDE:
        path.with_suffix(suffix).unlink(missing_ok=True)
    for figure in (path.parent / "figures").glob(f"{path.stem}_*"):
        figure.unlink()
    job.log.unlink(missing_ok=True)
    return job.page.path if was_there else ""


def remove_files(paths, root, reports):
    """
    Remove files that a page wrote, if they lie below the folder of reports, and folders left empty.

    Parameters
    ----------
    paths : iterable of str
        Relative ones start at `root`.
    root, reports : pathlib.Path
    """
    inside = os.path.join(reports, "")
    for path in (Path(root, path) for path in paths):
        if str(path).startswith(inside):
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                for folder in path.parents:
                    if folder == reports:
                        break
                    folder.rmdir()


def remove_stale(record, jobs, reports):
    """
    Remove the pages that reports.toml no longer has, and pages that lead to such ones alone.

    Parameters
    ----------
    record : helpers.freshness.Record
        Its entries of these pages go, too.
    jobs : list of helpers.planning.Job
        All that there can be.
    reports : pathlib.Path

    Returns
    -------
    list of str
        Paths of the pages that were there.
    """
    root = record.sources.root
    planned = {job.page.path for job in jobs}
    on_disk = {
        path.relative_to(reports).as_posix()
        for path in reports.rglob("*.html")
        # Everything that a batch makes has its notebook beside it; other files are not for it to judge.
        if path.with_suffix(".ipynb").is_file()
    }
    gone = sorted((on_disk | set(record.pages)) - planned)
    kept = {path for name, entry in record.pages.items() if name in planned for path in entry["written"]}
    removed = []
    for name in gone:
        entry, page = record.pages.pop(name, {}), reports / name
        if page.is_file():
            removed.append(name)
        beside = [page.with_suffix(suffix) for suffix in _BESIDE]
        remove_files([*(set(entry.get("written", ())) - kept), *beside], root, reports)
    logs = {job.log for job in jobs}
    for log in (reports / "failed").glob("*-*.log"):
        if log not in logs:
            log.unlink()
    known = {page.path for page in site.present(reports, [job.page for job in jobs])}
    fronts = [path for path in reports.rglob("index.html") if path.parent != reports]
    lone = [path for path in fronts if path.relative_to(reports).as_posix() not in known]
    remove_files(lone, root, reports)
    return removed
