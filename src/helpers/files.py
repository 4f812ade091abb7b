"""Where the project stands on disk, and writing files so that none is ever half there."""

import contextlib
import filecmp
import os
import secrets
import sys
from pathlib import Path

# The event that tells of each file that was written; see `helpers.inputs`.
WRITTEN = "helpers.files.written"


def project_root():
    """
    Find the folder of the project.

    Returns
    -------
    pathlib.Path
        The nearest folder at or above the working directory that holds ``reports.toml`` and ``notebooks``;
        failing that, the folder from which this package was installed.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "reports.toml").is_file() and (folder / "notebooks").is_dir():
            return folder
    return Path(__file__).resolve().parents[2]


def resolve(path):
    """
    Read a path of the project: relative ones start at the project's folder, wherever the caller runs.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    pathlib.Path
        An absolute path.
    """
    path = Path(path)
    return path if path.is_absolute() else project_root() / path


@contextlib.contextmanager
def replacing(path):
    """
    Give a temporary path beside `path`; when the block ends without an error it takes the place of `path`.

    A reader sees the old file or the whole new one. On an error the temporary file is removed and the old
    file stays as it was; and so it does where the new one is equal, for those who keep what they read of it.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to write; missing folders above it are made.

    Yields
    ------
    pathlib.Path
        Where to write. It keeps the suffix of `path`, by which many writers choose their format.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Random bytes from the system, not from the process: pages seed their generators alike.
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(6)}{path.suffix}")
    try:
        yield temporary
        if not (path.is_file() and filecmp.cmp(temporary, path, shallow=False)):
            os.replace(temporary, path)
        sys.audit(WRITTEN, str(path))
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    """
    Write a UTF-8 text file, whole or not at all.

    Parameters
    ----------
    path : str or pathlib.Path
    text : str
        Written as it is, with ``\\n`` line ends on every system.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_table(path, frame):
    """
    Write a data frame as a UTF-8 CSV table, whole or not at all.

    Parameters
    ----------
    path : str or pathlib.Path
    frame : pandas.DataFrame
        Its index is not written; missing values become empty cells.
    """
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))
