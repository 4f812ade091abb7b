"""``reports/run.json``: what ran and what each page was made from; and whether a page is still just that."""

import datetime
import hashlib
import json
import os
import platform
import re
from pathlib import Path

from helpers import inputs, origins
from helpers.files import write_text

NAME = "run.json"
# Raised when entries come to mean something else: what is recorded otherwise is made again.
_LAYOUT = 1


class Sources:
    """
    Digests of everything that pages are made from, each taken once.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the project.
    folders : dict of pathlib.Path
        Its folders "raw", "processed" and "reports".
    """

    def __init__(self, root, folders):
        self.root, self.folders, self._known = root, folders, {}
        self.code = _tree_digest(Path(__file__).resolve().parent)
        self.lock = combined([inputs.digest(root / "requirements.lock"), platform.python_version()])
        # All at once and first: a table that changes while pages are made from it is found the next time.
        self.raw = self._tree("raw")

    def _tree(self, name):
        folder = self.folders[name]
        paths = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
        return {path.relative_to(folder).as_posix(): self.of(path) for path in paths}

    def of(self, path):
        """Digest of a file or of the list of a folder (str); a relative path starts at the project."""
        path = os.path.join(self.root, path)
        if path not in self._known:
            self._known[path] = inputs.digest(path)
        return self._known[path]

    def forget_processed(self):
        """Take the digests of computed tables anew from now on."""
        processed = os.path.join(self.folders["processed"], "")
        self._known = {path: told for path, told in self._known.items() if not path.startswith(processed)}

    def together(self, paths):
        """One digest of several files (str)."""
        return combined(self.of(path) for path in paths)

    def of_job(self, job):
        """
        What a page is made from, but for the data that it reads.

        Parameters
        ----------
        job : helpers.planning.Job

        Returns
        -------
        dict of str
            Digests: "notebook", "helpers", "lock", and "asked" of parameters and of what reports.toml says.
        """
        page = job.page
        asked = [page.path, page.title, page.notebook, page.kind, page.language, page.parameters, job.folders]
        return {
            "notebook": self.of(page.notebook),
            "helpers": self.code,
            "lock": self.lock,
            "asked": combined([json.dumps(asked, ensure_ascii=False)]),
        }

    def everything(self):
        """Paths of all data, for pages that were made unwatched (list of str)."""
        names = [("raw", name) for name in self.raw] + [("processed", n) for n in self._tree("processed")]
        return [self.relative(self.folders[folder] / name) for folder, name in names]

    def relative(self, path):
        """Path from the project's folder (str); as it is where it lies elsewhere."""
        path = str(path)
        start = os.path.join(self.root, "")
        return path.removeprefix(start)


def combined(digests):
    """One digest of several texts (str)."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _tree_digest(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return combined(f"{path.relative_to(folder).as_posix()} {inputs.digest(path)}" for path in paths)


class Record:
    """
    The account of all pages that there are, in ``run.json``.

    Parameters
    ----------
    sources : Sources

    Attributes
    ----------
    pages : dict of dict
        Entry of each page by its path below the folder of reports.
    """

    def __init__(self, sources):
        self.sources = sources
        self.path = sources.folders["reports"] / NAME
        self.told = self._read()
        self.pages = {entry["path"]: entry for entry in self.told.get("pages", ())}

    def _read(self):
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
            return told if told["layout"] == _LAYOUT else {}
        except (OSError, ValueError, KeyError, TypeError):
            # It says only what need not be made again; without it everything is.
            return {}

    def judge(self, job):
        """
        Say whether a page must be made.

        Parameters
        ----------
        job : helpers.planning.Job

        Returns
        -------
        bool or dict
            False if all that it was made from is the same; True if not; digests of queries if what it asked
            of the data has to be asked again to know.
        """
        entry = self.pages.get(job.page.path)
        if entry is None or entry["status"] != "made" or entry["made_from"] != self.sources.of_job(job):
            return True
        if not all(os.path.exists(os.path.join(self.sources.root, path)) for path in entry["written"]):
            return True
        if entry["tables"] != self._tables(entry["written"]):
            return True
        if entry["files_sha256"] != self.sources.together(entry["files"]):
            return True
        if entry["asked_files_sha256"] == self.sources.together(entry["asked_files"]):
            return False
        return entry["asked"]

    def _tables(self, written):
        """Digest of the computed tables among files: one that was changed by hand is made again."""
        start = os.path.join(self.sources.relative(self.sources.folders["processed"]), "")
        return self.sources.together(path for path in written if path.startswith(start))

    def enter(self, job, result):
        """
        Enter what became of a page.

        Parameters
        ----------
        job : helpers.planning.Job
        result : helpers.making.Result

        Returns
        -------
        list of str
            Paths of files that it wrote when it was made before, and no more.
        """
        page, sources = job.page, self.sources
        before = self.pages.get(page.path)
        entry = {"path": page.path, "notebook": page.notebook, "parameters": page.parameters}
        entry |= {"status": result.status, "seconds": result.seconds, "warnings": result.warnings}
        if result.status == "unchanged":
            # The tables that it asked changed, but none of the answers.
            before["asked_files_sha256"] = sources.together(before["asked_files"])
            return []
        if result.error:
            entry["error"] = result.error
        if result.left:
            entry["left_behind"] = list(result.left)
        if result.status != "made":
            entry["written"] = before["written"] if before else []
            self.pages[page.path] = entry
            return []
        files = sources.everything() if result.files is None else self._own(result.files)
        # What it reads of its own is a result, too.
        results = tuple(os.path.join(sources.folders[name], "") for name in ("reports", "processed"))
        # Python, too, keeps what it compiled, which is none of the page's.
        written = sorted(sources.relative(path) for path in result.written if path.startswith(results))
        files = sorted(set(files) - set(written))
        asked_files = self._own({path for _, paths in result.queries.values() for path in paths})
        entry["made"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        entry["made_from"] = sources.of_job(job)
        entry |= {"files": files, "files_sha256": sources.together(files)}
        entry["asked"] = {name: told for name, (told, _) in sorted(result.queries.items())}
        entry |= {"asked_files": asked_files, "asked_files_sha256": sources.together(asked_files)}
        entry |= {"written": written, "tables": self._tables(written)}
        self.pages[page.path] = entry
        return sorted(set(before["written"] if before else ()) - set(written))

    def _own(self, paths):
        """Paths of the project's own files, but code and pages, which are told otherwise or are results."""
        folders = self.sources.folders
        data = tuple(os.path.join(folders[name], "") for name in ("raw", "processed"))
        apart = tuple(
            os.path.join(folder, "")
            for folder in (
                *(self.sources.root / name for name in ("src", "notebooks", ".venv", ".git")),
                folders["reports"],
            )
        )
        start = os.path.join(self.sources.root, "")
        found = {path for path in paths if path.startswith(data) or f"{path}/" in data}
        found |= {path for path in paths if path.startswith(start) and not path.startswith(apart)}
        # What is written beside a file before it takes its place is none that is read.
        return sorted(
            self.sources.relative(path) for path in found if not re.search(r"/\.[^/]+$|__pycache__", path)
        )

    def write(self, asked_for, seconds, counts):
        """
        Write the account.

        Parameters
        ----------
        asked_for : dict
        seconds : float
        counts : dict of int
            Number of pages of this run by what became of them.
        """
        told = {
            "layout": _LAYOUT,
            "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 2),
            "asked_for": asked_for,
            "counts": counts,
            "versions": origins.versions(),
            "raw_sha256": self.sources.raw,
            **{key: self.told[key] for key in ("heads", "extras") if key in self.told},
            "pages": [self.pages[path] for path in sorted(self.pages)],
        }
        write_text(self.path, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
