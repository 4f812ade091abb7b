"""What a page says of how it was made: by which code, from which data, with which packages."""

import csv
import functools
import importlib.metadata
import os
import platform
from pathlib import Path, PurePosixPath

from helpers import inputs, wording
from helpers.files import resolve

PACKAGES = ("numpy", "pandas", "geopandas", "matplotlib", "scipy", "statsmodels", "papermill", "nbconvert")
# As many digits of a digest tell all that ever was apart.
_DIGITS = 16


@functools.cache
def versions():
    """Versions of Python and of the packages that figures depend on, by name (dict of str)."""
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in PACKAGES
    }


@inputs.query
def data_date(raw):
    """
    Say when the newest source of figures was obtained.

    Parameters
    ----------
    raw : str or pathlib.Path

    Returns
    -------
    str
        As YYYY-MM-DD; "" if no source has a date.
    """
    try:
        with open(resolve(raw) / "sources.csv", encoding="utf-8-sig", newline="") as file:
            return max((row.get("obtained") or "" for row in csv.DictReader(file)), default="")
    except OSError:
        return ""


def told(job, notebook, watch, raw):
    """
    Gather what a page says of how it was made.

    Parameters
    ----------
    job : helpers.planning.Job
        With `made_from`, the digests of its code.
    notebook : nbformat.NotebookNode
        As it was run, its pictures still naming the files they are in.
    watch : helpers.inputs.Watch or None
        What was read; None where that is not known.
    raw : str or pathlib.Path

    Returns
    -------
    dict
        ``executed`` (name of the notebook with its outputs, beside the page), ``outputs`` (rows of ``cell``,
        ``kind``, ``title``, ``name`` and ``href``, one for each figure and table), ``facts`` (pairs of what
        it is, in words, and its value).
    """
    from helpers import embedding

    page = job.page

    def say(key, **words):
        return wording.text(f"site.{key}", page.language, **words)

    digests = {name: job.made_from[name] for name in ("notebook", "helpers", "lock") if name in job.made_from}
    if watch is not None:
        digests["data"] = _of_data(watch, job)
    facts = [(say("made_data_date"), data_date(raw))]
    facts += [(say(f"made_{name}"), digest[:_DIGITS]) for name, digest in digests.items() if digest]
    facts += [(say("made_versions"), ", ".join(f"{name} {number}" for name, number in versions().items()))]
    outputs = [
        {
            "cell": number,
            "kind": say(f"made_{kind}"),
            "title": title,
            "name": PurePosixPath(file).name,
            "href": os.path.relpath(resolve(file), (job.reports / page.path).parent.resolve()).replace(
                os.sep, "/"
            ),
        }
        for number, _, kind, file, title in embedding.made_by(notebook)
    ]
    return {
        "executed": Path(page.path).with_suffix(".ipynb").name,
        "outputs": outputs,
        "facts": [(name, value) for name, value in facts if value],
    }


def _of_data(watch, job):
    """One digest of all data that were read: of files, and of the answers of queries."""
    folders = tuple(
        os.path.join(resolve(job.folders.get(name, f"data/{name}")), "") for name in ("raw", "processed")
    )
    files = sorted(path for path in watch.files - watch.written if path.startswith(folders))
    answers = sorted(digest for digest, _ in watch.queries.values())
    return inputs.value_digest([*(inputs.digest(path) for path in files if os.path.isfile(path)), *answers])
