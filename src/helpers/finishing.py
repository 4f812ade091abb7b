"""What is made when the pages are there: PDFs, lists of provinces, and the pages that lead to others."""

import os
import sys
import time
import traceback
from pathlib import Path

from helpers import front_pages, site
from helpers.files import write_text


def finish(place, plan, anew=True):
    """
    Write the list of provinces of each year that has pages of any, the linked page and the downloads of each
    language, then the pages that lead to others.

    Parameters
    ----------
    place : dict of pathlib.Path
        Folders "raw", "processed" and "reports".
    plan : list of helpers.site.Page
        All pages that there can be.
    anew : bool
        Whether the linked pages and the joined data are written where they are there, too; else their tables,
        years and code are those that they were made from.

    Returns
    -------
    str
        What could not be written, in a sentence; "" if all was.
    """
    reports = place["reports"]
    years = sorted({page.year for page in plan if page.year is not None})
    pages = site.present(reports, plan)
    steps = {
        "provinces": ("the list of provinces", lambda: _write_lists(place, pages)),
        "explore": ("the linked page", lambda: _write_linked(place, pages, years, anew)),
        "data": ("the joined data", lambda: _write_data(place, pages, years, anew)),
        "downloads": ("the page of downloads", lambda: _write_downloads(place, pages)),
        # Last: it links to what the others wrote.
        "front": (
            "the pages that lead to others",
            lambda: front_pages.write(reports, plan, place["processed"], place["raw"]),
        ),
    }
    faults = [_tried(reports / "failed" / f"{name}.log", *step) for name, step in steps.items()]
    return "; ".join(filter(None, faults))


def _tried(log, called, write):
    """Write something; say in a sentence what went wrong, with a log, and go on."""
    try:
        write()
    except Exception as error:
        write_text(log, site.neutral("".join(traceback.format_exception(error))))
        return site.neutral(f"{called}: {type(error).__name__}: {error}")
    log.unlink(missing_ok=True)
    return ""


def _write_lists(place, pages):
    about = [page for page in pages if page.province is not None]
    if about:
        from helpers import directory

        links_of = site.navigator(pages, raw=place["raw"])
        directory.write(place["reports"], about, place["raw"], place["processed"], links_of=links_of)


def _extras(place, pages, name):
    """The pages of a name that can be made, with the links at their heads: after the data stage alone."""
    if all((place["processed"] / file).is_file() for file in ("indices.csv", "provinces.gpkg")):
        links_of = site.navigator(pages, raw=place["raw"])
        for here in pages:
            if here.is_extra and here.name == name:
                yield here, links_of(here)


def _write_linked(place, pages, years, anew):
    for here, links in _extras(place, pages, "explore"):
        if anew or not (place["reports"] / here.path).is_file():
            from helpers import linked_page

            linked_page.write(place["reports"], here, place["raw"], place["processed"], links, years)


def _write_data(place, pages, years, anew):
    for here, _ in _extras(place, pages, "downloads"):
        if anew or not (place["reports"] / here.path).with_name("indices.csv").is_file():
            from helpers import datasets

            datasets.write(place["reports"], here.language, place["raw"], place["processed"], years)


def _write_downloads(place, pages):
    for here, links in _extras(place, pages, "downloads"):
        from helpers import data_page

        data_page.write(place["reports"], here, place["raw"], place["processed"], links, pages)


def pdf_of(page, reports):
    """Where the PDF of a page goes (pathlib.Path); `page` is a helpers.site.Page."""
    return (reports / page.path).with_suffix(".pdf")


def print_pdfs(pages, reports, processes):
    """
    Print pages to PDF, and say how many it was.

    Parameters
    ----------
    pages : list of helpers.site.Page
        Pages that exist, with `pdf`.
    reports : pathlib.Path
    processes : int
        Browsers at a time.

    Returns
    -------
    dict of str
        "made", or why not, by path of the page; nothing where there is no browser.
    """
    from helpers import printing

    # Relative to the project, because the sentences on failures name them.
    paths = {Path(os.path.relpath(reports / page.path)): page for page in pages}
    started = time.monotonic()
    try:
        printed = [
            result
            for sheets in sorted({page.pdf for page in pages})
            for result in printing.print_pages(
                [path for path, page in paths.items() if page.pdf == sheets], processes=processes, most=sheets
            )
        ]
    except printing.NoBrowserError as error:
        print(f"PDFs were not made: {error}. Pages print from any browser; --no-pdf leaves this line out.")
        return {}
    for _, error in printed:
        if error:
            print(f"Failed: {error}", file=sys.stderr)
    made = sum(not error for _, error in printed)
    print(f"{made} of {len(printed)} PDFs made in {time.monotonic() - started:.0f} s.")
    return {paths[path].path: error or "made" for path, error in printed}
