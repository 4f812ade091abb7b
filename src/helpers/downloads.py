"""Tables to take away: each as CSV and as XLSX with the meaning of its columns, and links for the page."""

import html
import os
import re
from pathlib import PurePath

from helpers import dictionary, sheets, site, wording
from helpers.files import project_root, replacing, resolve

# What a spreadsheet takes for a formula where it begins a cell of a CSV file, after OWASP, "CSV Injection".
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def table(frame, folder, name, language, title=""):
    """
    Write a table as CSV and as XLSX, and hand back the line that links to both.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is not written; missing values become empty cells.
    folder : str or pathlib.Path
        Where the files go, usually ``reports/<language>/<year>/tables``.
    name : str
        Of the files, without an ending.
    language : {"en", "vi"}
        Of the line, and of the dictionary in the workbook.
    title : str
        What stands before the links; by default "Download this table".

    Returns
    -------
    helpers.site.Block
        Its links carry the path of their file below the project's folder in ``data-file``, so that whoever
        makes the page can write the address from there.

    Raises
    ------
    ValueError
        If `name` is no name of a file, or two columns have one name.
    """
    files = write(frame, folder, name, language)
    title = title or wording.text("downloads.this", language)
    return site.Block(f'<p class="downloads">{html.escape(title)}: {_links(files)}</p>')


def tables(frames, folder, language):
    """
    Write several tables, as `table` does, and hand back one list of links.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        By name.
    folder : str or pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    helpers.site.Block

    Raises
    ------
    ValueError
        As `table` does.
    """
    lines = []
    for name, frame in frames.items():
        links = _links(write(frame, folder, name, language))
        lines.append(f"<li>{html.escape(dictionary.title(name, language))}: {links}</li>")
    return site.Block(f'<ul class="downloads">\n{chr(10).join(lines)}\n</ul>')


def write(frame, folder, name, language):
    """
    Write a table as CSV and as XLSX.

    Parameters
    ----------
    frame, folder, name, language
        As for `table`.

    Returns
    -------
    list of pathlib.Path
        The two files.

    Raises
    ------
    ValueError
        As `table` does.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(f"table {name!r}: a name has letters, digits, _ . - alone, as files are called so")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"table {name}: two columns are called {twice!r}; rename one")
    folder = resolve(folder)
    explained = dictionary.sheet(frame.columns, language, name)
    contents = {
        folder / f"{name}.csv": as_csv(frame).encode("utf-8"),
        folder / f"{name}.xlsx": sheets.workbook({name: frame, **explained}, wrapped=explained),
    }
    for path, content in contents.items():
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return list(contents)


def _links(files):
    written = []
    for path in files:
        # Relative to the project, for a page does not know yet where it will stand.
        address = html.escape(PurePath(os.path.relpath(path, project_root())).as_posix())
        spoken = f'<span class="spoken"> {html.escape(path.name)}</span>'
        written.append(
            f'<a data-file="{address}" href="{address}" download>{path.suffix[1:].upper()}{spoken}</a>'
        )
    return " · ".join(written)


# --- CSV --------------------------------------------------------------------------------------------------


def as_csv(frame):
    """
    Write a table as CSV in which no text is a formula.

    Parameters
    ----------
    frame : pandas.DataFrame

    Returns
    -------
    str
        With decimal points and ``\\n`` line ends, as `helpers.files.write_table` writes it; texts that a
        spreadsheet would take for a formula have an apostrophe before them.
    """
    harmless = {}
    for column in frame.columns:
        if not _is_number(frame[column]):
            changed = {v: neutral(v) for v in frame[column].unique() if neutral(v) is not v}
            if changed:
                harmless[column] = [changed.get(value, value) for value in frame[column]]
    heads = {column: neutral(column) for column in frame.columns if neutral(column) is not column}
    if harmless:
        frame = frame.assign(**harmless)
    return frame.rename(columns=heads).to_csv(index=False, lineterminator="\n")


def neutral(value):
    """
    Put an apostrophe before a text that a spreadsheet would take for a formula; end its lines as the file's.

    Parameters
    ----------
    value : object
        Of a cell; what is no text stays, and so do texts that are plain numbers.

    Returns
    -------
    object
        `value` itself where nothing is to be done.
    """
    if not isinstance(value, str):
        return value
    if "\r" in value:
        # Readers take it for the end of a row, for it is not quoted as a line feed is.
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{value}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else value


def _is_number(column):
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column.dtype)
