"""Complete tables from Hugging Face: what ``data/raw/datasets.toml`` names, fetched whole or not at all."""

import argparse
import contextlib
import hashlib
import os
import queue
import re
import shutil
import signal
import sys
import tempfile
import threading
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from helpers.files import project_root, write_table, write_text

SOURCE_COLUMNS = ["source", "kind", "publisher", "reference", "obtained", "licence", "revision", "sha256"]
# A published table of 63 provinces over twenty years stays far below this.
LIMIT = 50 * 2**20
# Seconds that the hub may be silent; the hub's own setting, HF_HUB_DOWNLOAD_TIMEOUT, changes it.
PATIENCE = 20
# Bytes a second: a slower connection is given up, or a file that never ends would be waited for without end.
_SLOWEST = 20_000
_CARD_LINES = 40

_TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".html", ".htm", ".pdf"}
_UNREAD = {
    ".parquet": "Parquet",
    ".arrow": "Arrow",
    ".feather": "Feather",
    ".json": "JSON",
    ".jsonl": "JSON",
    ".geojson": "GeoJSON",
    ".zip": "a ZIP archive",
    ".gz": "a gzip archive",
    ".png": "an image",
    ".jpg": "an image",
    ".jpeg": "an image",
    ".svg": "an image",
    ".webp": "an image",
    ".py": "a program",
    ".ipynb": "a notebook",
}
_LICENCE_FILE = re.compile(r"(?:licen[cs]e|copying)(?:[-_.].*)?", re.IGNORECASE)
_LICENCE_HEADING = re.compile(r"(#{1,6})\s.*(?:licen[cs]|giấy phép|bản quyền)", re.IGNORECASE)
_MEANINGS = {
    401: "it is not there, or not public",
    403: "it is not public",
    404: "it is not there",
    429: "too many requests, try again later",
}


class FetchError(RuntimeError):
    """A dataset that is not fetched; the text is a sentence for the person who asked for it."""


class HubUnreachableError(FetchError):
    """The hub gives no answer."""


@dataclass(frozen=True)
class Dataset:
    """
    One entry of ``datasets.toml``.

    Attributes
    ----------
    name : str
        What its files are called here.
    repo : str
        Owner and name on the hub.
    index : str
        Slug of the index.
    revision : str
        The commit to take, "" if none is named.
    columns : tuple of str
        What its table must have, empty if not known.
    """

    name: str
    repo: str
    index: str
    revision: str = ""
    columns: tuple = ()

    @property
    def source(self):
        """Its identifier in ``sources.csv`` (str)."""
        return f"hf-{self.name}"


def read_datasets(raw):
    """
    Read which datasets there are.

    Parameters
    ----------
    raw : pathlib.Path
        Folder of the raw tables; its ``datasets.toml`` is read.

    Returns
    -------
    list of Dataset
        In the order of the file.

    Raises
    ------
    FetchError
        If the file is missing, is no TOML, or an entry is not as its first lines say.
    """
    datasets = []
    for name, entry in _read_toml(raw / "datasets.toml").items():
        if not re.fullmatch(r"[\w-]+", name) or not isinstance(entry, dict):
            raise FetchError(f"datasets.toml: {name!r} is no entry; expected a table such as [vn-par-master]")
        try:
            dataset = Dataset(name, **entry)
        except TypeError:
            raise FetchError(
                f"datasets.toml: [{name}] has the keys {', '.join(entry) or '(none)'}; expected repo and "
                "index, and where known revision and columns"
            ) from None
        texts = (dataset.repo, dataset.index, dataset.revision, *dataset.columns)
        if not all(isinstance(text, str) for text in texts) or not re.fullmatch(r"[\w-]+", dataset.index):
            raise FetchError(f"datasets.toml: [{name}] has a value that is no text; write it in quotes")
        datasets.append(dataset)
    return datasets


def _read_toml(path):
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FetchError(f"{path} is missing; restore it from the repository") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FetchError(f"{path} is no valid TOML: {error}") from None


@dataclass
class Hub:
    """
    A hub that speaks the protocol of Hugging Face; every call ends, whatever the other side does.

    Attributes
    ----------
    endpoint : str
        Its address; the environment's HF_ENDPOINT, else that of Hugging Face.
    patience : int
        Seconds that it may be silent.
    reached : bool
        Whether it has answered at all.
    """

    endpoint: str = field(default_factory=lambda: os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    patience: int = PATIENCE
    reached: bool = False

    def __post_init__(self):
        written = os.environ.get("HF_HUB_DOWNLOAD_TIMEOUT") or str(self.patience)
        if not re.fullmatch(r"[1-9]\d{0,4}", written):
            raise FetchError(f"HF_HUB_DOWNLOAD_TIMEOUT is {written!r}; expected a whole number of seconds")
        self.patience = int(written)
        # Read by the library when it is imported. Its own transfer protocol (Xet) goes to other hosts, which
        # a network that reaches the hub or a mirror of it may not allow.
        os.environ.update(
            HF_HUB_DISABLE_TELEMETRY="1",
            HF_HUB_DISABLE_XET="1",
            HF_HUB_DISABLE_PROGRESS_BARS="1",
            HF_HUB_VERBOSITY="critical",
            HF_HUB_DOWNLOAD_TIMEOUT=written,
            HF_HUB_ETAG_TIMEOUT=written,
        )

    @property
    def host(self):
        """Name and port of the hub, without anything secret (str)."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2] or self.endpoint

    def info(self, repo, revision):
        """
        Ask for a dataset's revision, card and files.

        Parameters
        ----------
        repo : str
        revision : str
            A commit, or "" for the newest.

        Returns
        -------
        huggingface_hub.DatasetInfo

        Raises
        ------
        FetchError
            If the hub answers that it has no such dataset or revision, or answers nothing of use.
        HubUnreachableError
            If it does not answer.
        """
        where = f"revision {revision}: " if revision else ""

        def ask(api):
            # Sizes come with `files_metadata`.
            return api.dataset_info(
                repo, revision=revision or None, timeout=self.patience, files_metadata=True
            )

        info = self._call(where, ask, self.patience)
        if not info.sha or info.siblings is None:
            raise FetchError(f"{where}the answer of {self.host} names no revision or no files")
        return info

    def download(self, repo, info, name, folder):
        """
        Download one file of a revision.

        Parameters
        ----------
        repo : str
        info : huggingface_hub.DatasetInfo
            What `info` gave for the revision.
        name : str
            Path of the file in the dataset.
        folder : pathlib.Path
            Gets the file, under the same path, and what the library needs beside it.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        FetchError
            If the file is not there or breaks off.
        HubUnreachableError
            If the hub does not answer.
        """
        size = next(file.size for file in info.siblings if file.rfilename == name) or 0

        def ask(api):
            return api.hf_hub_download(
                repo,
                name,
                repo_type="dataset",
                revision=info.sha,
                local_dir=folder,
                cache_dir=folder / ".cache",
                etag_timeout=self.patience,
            )

        return Path(self._call(f"file {_plain(name)}: ", ask, self.patience + size / _SLOWEST))

    def _call(self, what, ask, seconds):
        from huggingface_hub import HfApi

        try:
            answer = _within(seconds, lambda: ask(HfApi(endpoint=self.endpoint, token=False)))
        except Exception as error:
            # Errors of the library, of its HTTP client (another one in each of its last versions) and of the
            # system arrive here: what the hub answered, if it did, says which sentence is due.
            raise self._explained(what, error) from error
        self.reached = True
        return answer

    def _explained(self, what, error):
        # A file that cannot be asked for is reported as missing here, with the true reason as its cause.
        if isinstance(error, FileNotFoundError) and error.__cause__ is not None:
            error = error.__cause__
        response = getattr(error, "response", None)
        if response is not None:
            self.reached = True
            status = response.status_code
            meaning = _MEANINGS.get(status, "a fault there, try again later" if status >= 500 else "")
            return FetchError(f"{what}{self.host} answered {status}{meaning and f' ({meaning})'}")
        if isinstance(error, (ConnectionError, TimeoutError)):
            return HubUnreachableError(f"{what}{self.host} does not answer")
        if isinstance(error, OSError) and error.errno:
            return FetchError(f"{what}{_sentence(error)}")
        if isinstance(error, (OSError, ValueError, TypeError, KeyError, AttributeError)):
            self.reached = True
            said = (str(error).splitlines() or [""])[0]
            return FetchError(f"{what}the answer of {self.host} cannot be used ({_plain(said)})")
        return HubUnreachableError(f"{what}{self.host} does not answer, or breaks off")


def _within(seconds, call):
    """
    Give what `call` returns, or TimeoutError when it takes longer.

    Every address of a name is tried in turn, and the library resumes a broken download without end as long
    as some bytes come; no timeout of a socket bounds that.
    """
    answers = queue.SimpleQueue()

    def work():
        try:
            answers.put((call(), None))
        except Exception as error:
            answers.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds + 0.5)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return answer


def _plain(text):
    """Drop what would steer a terminal: the text is a stranger's."""
    return "".join(sign for sign in text if sign in "\n\t" or sign.isprintable())


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Licence:
    """
    Terms of a dataset.

    Attributes
    ----------
    name : str
        As its card says, for example "other".
    text : str
        Its licence file; failing that the card's section on it, and the link.
    """

    name: str
    text: str

    @property
    def cell(self):
        """How ``sources.csv`` records it (str): with a digest, so that changed terms are noticed."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:12]
        return f"{self.name}; text sha256 {digest}" if self.text else self.name


def read_licence(hub, dataset, info, folder):
    """
    Read the terms of a dataset.

    Parameters
    ----------
    hub : Hub
    dataset : Dataset
    info : huggingface_hub.DatasetInfo
    folder : pathlib.Path
        Where files of the dataset may be downloaded to.

    Returns
    -------
    Licence

    Raises
    ------
    FetchError
        If a file cannot be downloaded.
    """
    card = info.card_data.to_dict() if hasattr(info.card_data, "to_dict") else {}
    stated = card.get("license") or "not stated"
    named = [*(stated if isinstance(stated, list) else [stated]), *filter(None, [card.get("license_name")])]
    name = " ".join(_plain(", ".join(map(str, named))).split())
    files = sorted(file.rfilename for file in info.siblings)

    def text_of(file):
        return _plain(hub.download(dataset.repo, info, file, folder).read_text("utf-8", errors="replace"))

    for file in files:
        if _LICENCE_FILE.fullmatch(file):
            return Licence(name, text_of(file).strip())
    lines = _licence_section(text_of("README.md")) if "README.md" in files else []
    return Licence(name, "\n".join([*lines, *filter(None, [_plain(str(card.get("license_link") or ""))])]))


def _licence_section(card):
    lines = card.splitlines()
    for start, line in enumerate(lines):
        if heading := _LICENCE_HEADING.match(line):
            ends = re.compile(rf"#{{1,{len(heading[1])}}}\s")
            rest = lines[start + 1 :]
            length = next((n for n, other in enumerate(rest) if ends.match(other)), len(rest))
            return [line for line in rest[:length] if line.strip()][:_CARD_LINES]
    return []


def _agree(dataset, licence, recorded, accepted):
    """Show the terms and ask, unless the same ones were accepted before."""
    if licence.cell == recorded.get("licence"):
        return
    changed = " (not the terms accepted before)" if recorded.get("licence") else ""
    print(f"\n{dataset.repo} is offered under this licence{changed}: {licence.name}\n")
    print(licence.text or "Its card gives no text.")
    print(flush=True)
    if accepted:
        return
    try:
        answer = input("Use it under these terms? [y/N] ")
    except EOFError:
        raise FetchError(
            "its licence has not been accepted, and there is nobody to ask; read it above and run again with "
            "--accept-licences (make fetch ACCEPT=1)"
        ) from None
    if answer.strip().casefold() not in {"y", "yes"}:
        raise FetchError("its licence was not accepted")


def _candidates(info):
    """Files that may be tables, and why the others are not (a dict by file)."""
    files, refused = [], {}
    for file in info.siblings:
        path = PurePosixPath(file.rfilename)
        about = path.stem.casefold() == "readme" or path.suffix == ".md" or _LICENCE_FILE.fullmatch(path.name)
        if about or path.name.startswith("."):
            continue
        if kind := _UNREAD.get(path.suffix.lower()):
            refused[file.rfilename] = f"{kind}, which this project does not read"
        elif (file.size or 0) > LIMIT:
            refused[file.rfilename] = f"{file.size / 2**20:.0f} MB, more than {LIMIT // 2**20}"
        else:
            files.append(file.rfilename)
    return files, refused


def _suffix(path, kind):
    """Suffix that a table gets here: its own where that is one of a table, else that of its content."""
    return path.suffix.lower() if path.suffix.lower() in _TABLES else f".{kind}"


def _check_columns(book, columns):
    """Refuse a table of which no row names all the columns that it must have."""
    heads = [{str(cell).strip().casefold() for cell in row} for sheet in book.sheets for row in sheet.rows]
    wanted = {column.casefold() for column in columns}
    best = max(heads, key=lambda head: len(wanted & head), default=set())
    if lacking := [column for column in columns if column.casefold() not in best]:
        raise ValueError(f"its head lacks {', '.join(lacking)}")


def _own_reader(raw):
    """The check of the project's own reader of tables."""
    from helpers.tables import recognise

    return lambda path, index: recognise(path, index, raw)


def _recognised(hub, dataset, info, folder, reader):
    """Download what may be a table and keep what the reader recognises: (path, suffix here) by file."""
    from helpers import formats

    names, refused = _candidates(info)
    found = {}
    for name in names:
        path = hub.download(dataset.repo, info, name, folder)
        try:
            book = formats.read(path, LIMIT)
            _check_columns(book, dataset.columns)
            reader(path, dataset.index)
            found[name] = (path, _suffix(path, book.kind))
        except ValueError as error:
            # The file's name in the dataset is said already, and where it lies now is nobody's business.
            file = str(getattr(error, "file", path.name))
            refused[name] = str(error).removeprefix(file).lstrip(":, ")
    said = "; ".join(f"{_plain(name)}: {reason}" for name, reason in sorted(refused.items()))
    if not found:
        raise FetchError(f"no file of it is a table of {dataset.index} ({said or 'it has none'})")
    if said:
        print(f"{dataset.index}: left out of {dataset.repo}: {said}")
    return found


def _local_names(dataset, found):
    """What the files are called here, by file of the dataset."""
    if len(found) == 1:
        return {file: f"{dataset.name}{suffix}" for file, (_, suffix) in found.items()}
    stems = {file: PurePosixPath(file).stem for file in found}
    if len(set(stems.values())) < len(stems):
        stems = {file: file for file in found}
    cleaned = {file: re.sub(r"[^\w.-]+", "-", stem).strip("-.") for file, stem in stems.items()}
    names = {file: f"{dataset.name}-{cleaned[file]}{suffix}" for file, (_, suffix) in found.items()}
    if len(set(names.values())) < len(names):
        raise FetchError(f"its files cannot be told apart by their names: {', '.join(map(_plain, names))}")
    return names


def _checksums(cell):
    """Checksums of a row of ``sources.csv`` (set of str)."""
    return {part.rpartition("=")[2] for part in cell.split("|") if part}


def _fetched_before(raw, dataset):
    """Tables in the folder of the index whose notes name the dataset as their source."""
    tables = []
    for note in sorted((raw / dataset.index).glob("*.toml")):
        with contextlib.suppress(FetchError):
            if _read_toml(note).get("source") == dataset.source:
                tables.append(note.with_suffix(""))
    return tables


def _note(path):
    """The file beside a table that says what it is."""
    return path.with_name(f"{path.name}.toml")


def _read_sources(raw):
    import pandas as pd

    try:
        table = pd.read_csv(raw / "sources.csv", dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise FetchError(f"{raw / 'sources.csv'} is missing; restore it from the repository") from None
    return table.reindex(columns=SOURCE_COLUMNS, fill_value="")


def _recorded(raw, dataset):
    """The row of the dataset in ``sources.csv`` as a dict, empty if it was never fetched."""
    table = _read_sources(raw)
    rows = table[table["source"] == dataset.source].to_dict("records")
    return rows[0] if rows else {}


def _with_row(raw, row):
    """``sources.csv`` with one row renewed, or added at the end."""
    import pandas as pd

    table = _read_sources(raw)
    place = table.index[table["source"] == row["source"]]
    if len(place):
        table.loc[place[0]] = pd.Series(row)
        return table
    return pd.concat([table, pd.DataFrame([row])], ignore_index=True)


def _put_in_place(new, old, folder):
    """
    Let new files take their places and drop old ones: all of it or, on any failure, nothing.

    Parameters
    ----------
    new : list of (pathlib.Path, pathlib.Path)
        Files and where they belong, in this order.
    old : list of pathlib.Path
        Files that go.
    folder : pathlib.Path
        Takes copies while it is not certain that everything succeeds.
    """
    with contextlib.ExitStack() as undo:
        for number, (file, path) in enumerate([*new, *((None, path) for path in old)]):
            if not path.parent.exists():
                path.parent.mkdir()
                undo.callback(path.parent.rmdir)
            if path.exists():
                copy = folder / f"kept-{number}"
                shutil.copy2(path, copy)
                undo.callback(os.replace, copy, path)
            else:
                undo.callback(path.unlink, missing_ok=True)
            if file:
                os.replace(file, path)
            else:
                path.unlink(missing_ok=True)
        undo.pop_all()


def _fetch_one(hub, raw, dataset, update, accepted, reader):
    """Fetch one dataset; gives the line that says what was done."""
    recorded = _recorded(raw, dataset)
    checksums = _checksums(recorded.get("sha256", ""))
    before = _fetched_before(raw, dataset)
    present = [path for path in before if path.is_file()]
    for path in present:
        if _digest(path) not in checksums:
            raise FetchError(
                f"{path.relative_to(raw).as_posix()} is not as it was fetched (changed by hand?) and stays "
                "as it is; remove it to fetch it again"
            )
    complete = bool(checksums) and {_digest(path) for path in present} == checksums
    recorded_revision = recorded.get("revision", "")
    here = f"{dataset.index}: {dataset.repo} is already here, revision {recorded_revision}"
    if update and dataset.revision:
        here += " (named in datasets.toml: change it there to update)"
    if complete and recorded_revision.startswith(dataset.revision) and (dataset.revision or not update):
        return here
    info = hub.info(dataset.repo, dataset.revision or ("" if update else recorded_revision))
    if complete and info.sha == recorded_revision:
        return here
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=raw, ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        licence = read_licence(hub, dataset, info, folder / "hub")
        _agree(dataset, licence, recorded, accepted)
        found = _recognised(hub, dataset, info, folder / "hub", reader)
        names = _take(raw, dataset, info.sha, licence, found, recorded, before, folder)
    return f"{dataset.index}: fetched {dataset.repo}, revision {info.sha}: {', '.join(names)}"


def _take(raw, dataset, revision, licence, found, recorded, before, folder):
    """Check what was found against what is recorded and here, and put it in place; gives the new names."""
    checksums = _checksums(recorded.get("sha256", ""))
    names = _local_names(dataset, found)
    sums = {names[file]: _digest(path) for file, (path, _) in found.items()}
    if revision == recorded.get("revision") and not checksums <= set(sums.values()):
        raise FetchError(
            f"revision {revision} has changed, which a revision never does: expected sha256 "
            f"{', '.join(sorted(checksums))}, found {', '.join(sorted(sums.values()))}; nothing is taken"
        )
    new, targets = [], [raw / dataset.index / name for name in names.values()]
    for (path, _), target in zip(found.values(), targets, strict=True):
        if target.exists() and target not in before and _digest(target) not in checksums:
            raise FetchError(
                f"{target.relative_to(raw).as_posix()} is there already and was not fetched; rename it "
                "to fetch this one"
            )
        note = folder / f"{target.name}.toml"
        write_text(note, f'index = "{dataset.index}"\nbasis = "secondary"\nsource = "{dataset.source}"\n')
        # The note first: a table without it would count as the publisher's own.
        new += [(note, _note(target)), (path, target)]
    row = {
        "source": dataset.source,
        "kind": "dataset",
        "publisher": "huggingface.co",
        "reference": f"https://huggingface.co/datasets/{dataset.repo}",
        "obtained": date.today().isoformat(),
        "licence": licence.cell,
        "revision": revision,
        "sha256": _joined(sums),
    }
    write_table(folder / "sources.csv", _with_row(raw, row))
    new.append((folder / "sources.csv", raw / "sources.csv"))
    gone = [path for path in before if path not in targets]
    _put_in_place(new, [*gone, *map(_note, gone)], folder)
    return sorted(sums)


def _joined(sums):
    if len(sums) == 1:
        return next(iter(sums.values()))
    return "|".join(f"{name}={digest}" for name, digest in sorted(sums.items()))


def fetch(root=None, update=False, accept_licences=False, only=(), reader=None):
    """
    Fetch every dataset of ``datasets.toml`` that is not here yet.

    What happens is printed, a line a dataset; what fails goes to standard error, and the others are fetched.

    Parameters
    ----------
    root : str or pathlib.Path, optional
        Folder of the project.
    update : bool
        Whether to ask for the newest revision. A revision named in ``datasets.toml`` stays.
    accept_licences : bool
        Whether licences, which are shown in any case, count as accepted.
    only : sequence of str
        Slugs of indices; empty for all.
    reader : callable, optional
        Called with a path and the slug of an index; raises ValueError with the reason for a file that is no
        table of it. The project's own reader by default.

    Returns
    -------
    list of str
        What failed or was refused, a sentence each.

    Raises
    ------
    HubUnreachableError
        If the hub does not answer at all; nothing is changed.
    FetchError
        If ``datasets.toml`` or ``indices.toml`` cannot be used.
    LookupError
        If `only` names an index of no dataset.
    """
    raw = Path(root or project_root()).resolve() / "data" / "raw"
    datasets = read_datasets(raw)
    known = {dataset.index for dataset in datasets}
    if unknown := sorted(set(only) - known):
        raise LookupError(
            f"datasets.toml has no dataset of {', '.join(unknown)} (of {', '.join(sorted(known))})"
        )
    # The registry leaves optional indices out until they have a table, which may be what is fetched here.
    indices = _read_toml(raw / "indices.toml")
    hub, reader, failed = Hub(), reader or _own_reader(raw), []
    for dataset in datasets:
        if only and dataset.index not in only:
            continue
        if dataset.index not in indices:
            print(f"{dataset.index}: no index {dataset.index} in indices.toml: add an entry to fetch it")
            continue
        try:
            print(_fetch_one(hub, raw, dataset, update, accept_licences, reader), flush=True)
        except (FetchError, OSError) as error:
            if isinstance(error, HubUnreachableError) and not hub.reached:
                raise HubUnreachableError(
                    f"The hub {hub.host} cannot be reached from here; what is in data/raw stays as it is."
                ) from error
            failed.append(f"{dataset.index}: {dataset.repo} is not fetched: {_sentence(error)}.")
            print(failed[-1], file=sys.stderr, flush=True)
    return failed


def _sentence(error):
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'data/raw'} cannot be written ({error.strerror})"
    return str(error)


def main(arguments=None):
    """
    Run from the command line.

    Parameters
    ----------
    arguments : list of str, optional
        As typed; those of the process by default.

    Returns
    -------
    int
        0 if all datasets are here, 1 if one is not, 3 if the hub cannot be reached, 130 if stopped.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.fetch",
        description="Download the complete tables that data/raw/datasets.toml names into data/raw, from "
        "Hugging Face or the hub that HF_ENDPOINT names.",
        epilog="Exit status: 0 all are here, 1 some are not (each is named), 2 wrong use, 3 no hub in reach.",
    )
    parser.add_argument("--update", action="store_true", help="ask for the newest revision and record it")
    parser.add_argument(
        "--accept-licences", action="store_true", help="accept the licences, which are shown, without asking"
    )
    parser.add_argument("--only", action="append", default=[], metavar="INDEX", help="this index alone")
    parser.add_argument("--root", type=Path, help="folder of the project")
    options = parser.parse_args(arguments)
    try:
        failed = fetch(options.root, options.update, options.accept_licences, options.only)
    except HubUnreachableError as error:
        print(error, file=sys.stderr)
        return 3
    except FetchError as error:
        print(f"{error}.", file=sys.stderr)
        return 1
    except LookupError as error:
        parser.error(error.args[0])
    except KeyboardInterrupt:
        print("\nStopped: what was fetched before is whole, and nothing else has changed.", file=sys.stderr)
        return 130
    return 1 if failed else 0


def _stop(number, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    # Ended politely (by a time limit, by a system going down), it cleans up as after Ctrl-C.
    signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    sys.exit(main())
