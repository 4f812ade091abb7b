"""What is made when the pages are there: PDFs, lists of provinces, and the pages that lead to others."""

import os
import sys
import time
import traceback
from pathlib import Path

from helpers import front_pages, site
from helpers.files import write_text


def finish(place, plan):
    """
    Write the list of provinces of each year that has pages of any, then the pages that lead to others.

    Parameters
    ----------
    place : dict of pathlib.Path
        Folders "raw", "processed" and "reports".
    plan : list of helpers.site.Page
        All pages that there can be.

    Returns
    -------
    str
        What could not be written, in a sentence; "" if all was.
    """
    fault = _write_lists(place, plan)
    front_pages.write(place["reports"], plan, place["processed"], place["raw"])
    return fault


def _write_lists(place, plan):
    from helpers import directory

    pages = site.present(place["reports"], plan)
    about = [page for page in pages if page.province is not None]
    if not about:
        return ""
    log = place["reports"] / "failed" / "provinces.log"
    try:
        links_of = site.navigator(pages)
        directory.write(place["reports"], about, place["raw"], place["processed"], links_of=links_of)
    except Exception as error:
        write_text(log, site.neutral("".join(traceback.format_exception(error))))
        return site.neutral(f"the list of provinces: {type(error).__name__}: {error}")
    log.unlink(missing_ok=True)
    return ""


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
