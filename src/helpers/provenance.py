"""Where every raw table comes from: ``data/raw/tables.csv``, its checksums, and the list in the README."""

import hashlib
import io

import pandas as pd

from helpers.files import write_table, write_text

COLUMNS = ["table", "content", "publisher", "obtained", "date", "licence", "known_faults", "sha256"]
_BEGIN, _END = "<!-- tables: begin -->", "<!-- tables: end -->"
# Described by README.md itself, or by its own columns; they are the project's words, not somebody's figures.
_OWN = {"tables.csv", "sources.csv", "corrections.csv", "expected_counts.csv", "README.md"}


def digest(path):
    """
    Compute the checksum of a file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def described(folder):
    """
    Read what is said of the raw tables.

    Parameters
    ----------
    folder : pathlib.Path
        Of the raw tables.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, all str.
    """
    return pd.read_csv(folder / "tables.csv", dtype=str, keep_default_na=False)


def differences(folder):
    """
    Compare the raw tables with what was accepted.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    pandas.DataFrame
        Columns ``table`` and ``state``: "changed" since it was accepted, "undescribed" (a new table that
        tables.csv does not name) or "missing". Empty when all is as accepted.
    """
    known = described(folder).set_index("table")["sha256"]
    present = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    rows = [(table, "missing") for table in known.index if table not in present]
    for table, path in present.items():
        if table in _OWN or path.suffix in (".md", ".toml"):
            continue
        if table not in known.index:
            rows.append((table, "undescribed"))
        elif digest(path) != known[table]:
            rows.append((table, "changed"))
    return pd.DataFrame(rows, columns=["table", "state"])


def accept(folder):
    """
    Take over the checksums of the tables as they are, and bring the list in the README up to date.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    list of str
        What changed or still needs a person, a line each.
    """
    tables = described(folder)
    said = [f"{row.table}: {row.state}" for row in differences(folder).itertuples()]
    said += [
        f"{table}: describe it in data/raw/tables.csv (publisher, how obtained, date, licence)"
        for table in differences(folder).query("state == 'undescribed'")["table"]
    ]
    here = tables["table"].map(lambda table: (folder / table).is_file())
    tables.loc[here, "sha256"] = [digest(folder / table) for table in tables.loc[here, "table"]]
    if not tables.equals(described(folder)):
        write_table(folder / "tables.csv", tables)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    before, rest = readme.split(_BEGIN)
    after = rest.split(_END)[1]
    updated = f"{before}{_BEGIN}\n{_as_markdown(tables)}{_END}{after}"
    if updated != readme:
        write_text(folder / "README.md", updated)
    return said


def _as_markdown(tables):
    text = io.StringIO()
    for row in tables.itertuples():
        text.write(f"\n**`{row.table}`** – {row.content}\n\n")
        text.write(f"- publisher: {row.publisher}\n- obtained: {row.obtained}; {row.date}\n")
        text.write(f"- licence: {row.licence}\n- known faults: {row.known_faults or 'none known'}\n")
        text.write(f"- sha256: `{row.sha256}`\n")
    return text.getvalue() + "\n"
