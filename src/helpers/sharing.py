"""All pages as one zip, to be sent or put on a stick: ``make share``; see ``--help``."""

import argparse
import datetime
import html
import json
import posixpath
import re
import sys
import urllib.parse
import zipfile
from dataclasses import dataclass
from pathlib import Path

from helpers import wording
from helpers.files import project_root, replacing

# Of the record of the run: what was made from what. When, how fast and on which machine is nobody's business.
_RECORDED = ("layout", "raw_sha256", "pages")
_RECORDED_OF_PAGE = ("path", "notebook", "parameters", "made_from", "files_sha256", "written")
# The first moment that a zip can tell: the same in every run.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_LINK = re.compile(r'<(?:a|img|link|source)\b[^<>]*?\s(?:href|src)="([^"]*)"')
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
# A link to a copy in pixels, with what parts it from the links beside it.
_PNG = r'<a\b[^<>]*\bclass="png"[^<>]*>.*?</a>'
_PNG_LINK = re.compile(rf"(?: · |, ){_PNG}(?=\s*</)|{_PNG}(?: · |, )?", re.DOTALL)
# Missing pages named in the message; more do not help.
_MOST_NAMED = 10


class NothingToShareError(ValueError):
    """There are no pages; the text says what to do."""


@dataclass(frozen=True)
class Shared:
    """
    A zip of all pages.

    Attributes
    ----------
    path : pathlib.Path
    pages, size : int
        Number of pages; bytes of the zip.
    left_out, left_out_size : int
        Pictures in pixels that were left out, and their bytes.
    dead : dict of str to list of str
        Files that pages lead to and that are not there, and the pages that do.
    """

    path: Path
    pages: int
    size: int
    left_out: int
    left_out_size: int
    dead: dict


def share(root, today, png=False):
    """
    Write ``reports-<date>.zip`` with the folder ``reports`` and a text that says how to open it.

    Logs of failures and hidden files stay away; the record of the run keeps what each page was made from.

    Parameters
    ----------
    root : str or pathlib.Path
        Folder of the project.
    today : datetime.date
        For the name alone: equal pages give equal bytes on any day.
    png : bool
        Whether copies in pixels of figures that are there as drawings go in. Without them, the links to them
        are taken out of the zipped pages.

    Returns
    -------
    Shared

    Raises
    ------
    NothingToShareError
        If there is no page.
    """
    root = Path(root)
    reports = root / "reports"
    files = {path.relative_to(root).as_posix(): path for path in _files(reports)}
    pages = sum(name.endswith(".html") for name in files)
    if not pages:
        raise NothingToShareError(f"there is no page in {reports.name}; run `make reports` first")
    copies = set() if png else {name for name in files if _is_copy(name, files)}
    left_out = sum(files[name].stat().st_size for name in copies)
    known, dead = files.keys() - copies, {}
    target = root / f"reports-{today.isoformat()}.zip"
    with (
        replacing(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        _add(archive, "README.txt", _readme(pages, bool(copies)))
        for name in sorted(known):
            content = _content(name, files[name], copies)
            if name.endswith(".html"):
                for missing in _missing(name, content.decode("utf-8"), known):
                    dead.setdefault(missing, []).append(name)
            _add(archive, name, content)
    return Shared(target, pages, target.stat().st_size, len(copies), left_out, dict(sorted(dead.items())))


def _files(reports):
    for path in sorted(reports.rglob("*")):
        inside = path.relative_to(reports).parts
        if path.is_file() and inside[0] != "failed" and not any(part.startswith(".") for part in inside):
            yield path


def _is_copy(name, files):
    stem, ending = posixpath.splitext(name)
    return ending == ".png" and f"{stem}.svg" in files


def _content(name, path, copies):
    content = path.read_bytes()
    if name == "reports/run.json":
        return _record(content)
    if copies and b'class="png"' in content and name.endswith(".html"):
        return _without_copies(content.decode("utf-8"), name, copies).encode("utf-8")
    if copies and b'class=\\"png\\"' in content and name.endswith(".ipynb"):
        notebook = json.loads(content)
        for cell in notebook["cells"]:
            for output in cell.get("outputs", []):
                markup = output.get("data", {}).get("text/html")
                if markup is not None:
                    output["data"]["text/html"] = _without_copies("".join(markup), name, copies)
        return (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    return content


def _record(content):
    """Keep of the record of the run what is the same in every run."""
    try:
        record = json.loads(content)
        kept = {key: record[key] for key in _RECORDED if key in record}
        kept["pages"] = [
            {key: page[key] for key in _RECORDED_OF_PAGE if key in page} for page in kept["pages"]
        ]
    except (ValueError, KeyError, TypeError):
        kept = {}
    return (json.dumps(kept, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _without_copies(markup, name, copies):
    """Take links to pictures that are left out of a page."""

    def kept(found):
        return "" if any(target in copies for _, target in _targets(name, found[0])) else found[0]

    return _PNG_LINK.sub(kept, markup)


def _targets(name, markup):
    """Files that a page leads to: address as written, and path below the project's folder."""
    for address in _LINK.findall(markup):
        # Pictures inside a page are long addresses, which lead nowhere.
        if address.startswith(("data:", "#")):
            continue
        parts = urllib.parse.urlsplit(html.unescape(address))
        if parts.scheme or parts.netloc or not parts.path:
            continue
        path = urllib.parse.unquote(parts.path)
        yield address, posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _missing(name, markup, known):
    found = {target for _, target in _targets(name, _SCRIPT.sub("", markup))}
    return sorted(found - known)


def _add(archive, name, content):
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    archive.writestr(entry, content)


def _readme(pages, without_copies):
    """How to open the pages, in all languages; with the mark and the line ends that every Windows knows."""
    keys = ["readme", "readme_png"] if without_copies else ["readme"]
    parts = [
        "\n".join(wording.text(f"sharing.{key}", language, pages=pages).strip() for key in keys)
        for language in reversed(wording.LANGUAGES)
    ]
    return f"\n\n{'-' * 70}\n\n".join(parts).replace("\n", "\r\n").encode("utf-8-sig") + b"\r\n"


def told(shared):
    """
    Say what was written, in a line, and what it lacks.

    Parameters
    ----------
    shared : Shared

    Returns
    -------
    (str, str)
        What was written; which links lead nowhere, "" for none.
    """
    said = f"{shared.path.name}: {shared.pages} pages, {shared.size / 1e6:.1f} MB."
    if shared.left_out:
        said += (
            f" Left out: {shared.left_out} PNG copies of figures that are there as SVG "
            f"({shared.left_out_size / 1e6:.1f} MB); PNG=1 takes them in."
        )
    if not shared.dead:
        return said, ""
    lines = [
        f"  {missing}, from {pages[0]}" + (f" and {len(pages) - 1} more" if len(pages) > 1 else "")
        for missing, pages in list(shared.dead.items())[:_MOST_NAMED]
    ]
    more = len(shared.dead) - len(lines)
    lines += [f"  and {more} more"] if more else []
    head = "Pages lead to files that are not there; `make reports` makes them, or their links go:"
    return said, "\n".join([head, *lines])


def main(arguments=None):
    """
    Run the command line.

    Parameters
    ----------
    arguments : list of str, optional

    Returns
    -------
    int
        0 where a zip was written, 2 where there is nothing to write.
    """
    parser = argparse.ArgumentParser(prog="make share", description=__doc__)
    parser.add_argument("--png", action="store_true", help="take in PNG copies of figures that are SVG, too")
    parser.add_argument("--root", type=Path, help="folder of the project")
    given = parser.parse_args(arguments)
    try:
        shared = share(given.root or project_root(), datetime.date.today(), given.png)
    except (NothingToShareError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    said, lacking = told(shared)
    print(said)
    if lacking:
        print(lacking, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
