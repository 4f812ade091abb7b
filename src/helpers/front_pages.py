"""The pages that lead to others: choice of language, front page of each language, page of each year."""

import html
import re

from helpers import wording
from helpers.files import write_text
from helpers.site import NO_LINKS, fill, link, navigator, present, small_picture, table

# The header of a page stands behind its styles, far before this.
_HEAD_BYTES = 65536


def write(reports, plan, processed, raw):
    """
    Write the pages that lead to others, and mend the links at the head of every page that exists.

    Writes ``index.html`` (choice of language), ``<language>/index.html`` and
    ``<language>/<year>/index.html``. They link to nothing that does not exist.

    Parameters
    ----------
    reports : pathlib.Path
    plan : list of helpers.site.Page
        All pages that there can be.
    processed, raw : pathlib.Path
        Where the coverage is read from; it is left out while there is no ``indices.csv``.
    """
    pages = [page for page in present(reports, plan) if not page.is_list or (reports / page.path).is_file()]
    fronts = [page for page in pages if (page.name, page.year) == ("index", None)]
    links_of = navigator(pages, reports)
    for here in pages:
        links = links_of(here)
        if here.name != "index":
            _relink(reports / here.path, here.language, links)
        elif here.year is None:
            write_text(reports / here.path, _front(reports, pages, here, links, processed, raw))
        else:
            write_text(reports / here.path, _year(reports, pages, here, links))
    if fronts:
        first = fronts[0]
        languages = [
            {
                "href": page.path,
                "language": page.language,
                "label": wording.text("site.language", page.language),
            }
            for page in fronts
        ]
        chosen = fill(
            "choose.html.j2", first.language, title=first.title, languages=languages, links=NO_LINKS
        )
        write_text(reports / "index.html", chosen)


def _relink(path, language, links):
    head = fill("header.html.j2", language, links=links).strip()
    with path.open("rb") as file:
        beginning = file.read(_HEAD_BYTES)
    if head.encode() in beginning:
        return
    page = path.read_text(encoding="utf-8")
    mended = re.sub(r'<header class="site">.*?</header>', lambda _: head, page, count=1, flags=re.DOTALL)
    if mended != page:
        write_text(path, mended)


def _front(reports, pages, here, links, processed, raw):
    own = [page for page in _linked(pages) if page.language == here.language]
    years = sorted({page.year for page in own if page.year is not None}, reverse=True)
    shown = next((found for year in years if (found := _pictures(reports, own, here, year))), [])
    return fill(
        "front.html.j2",
        here.language,
        title=here.title,
        links={**links, "pages": []},
        pictures=shown,
        pictures_year=shown[0]["year"] if shown else None,
        years=[
            {
                "year": year,
                "href": f"{year}/index.html",
                "pages": [link(here, page, page.label) for page in own if page.year == year],
            }
            for year in years
        ],
        overview=[link(here, page, page.title) for page in own if (page.year, page.stage) == (None, "year")],
        tables=_tables((reports / here.path).parent),
        data_pages=[link(here, page, page.title) for page in own if page.stage == "data"],
        coverage=_coverage(processed, raw, here.language, years),
    )


def _linked(pages):
    """The pages that an index links to one by one; those of provinces have their list."""
    return [page for page in pages if page.name != "index" and page.province is None]


def _year(reports, pages, here, links):
    own = [p for p in _linked(pages) if (p.language, p.year) == (here.language, here.year)]
    folder = (reports / here.path).parent
    figures = []
    for picture in sorted((folder / "figures").glob("*.png")):
        drawing = picture.with_suffix(".svg")
        files = [path for path in (picture, drawing) if path.is_file()]
        figures.append(
            {
                "name": _described(drawing)[0] or picture.stem,
                "links": [{"href": f"figures/{p.name}", "label": p.suffix[1:].upper()} for p in files],
            }
        )
    return fill(
        "year.html.j2",
        here.language,
        title=here.title,
        links={**links, "pages": []},
        pages=[link(here, page, page.title) for page in own],
        figures=figures,
        tables=_tables(folder),
    )


def _tables(folder):
    paths = sorted((folder / "tables").glob("*.csv"))
    return [{"href": f"tables/{path.name}", "label": path.name} for path in paths]


def _described(drawing):
    """Title and description that publishing.publish wrote into an SVG; empty where there are none."""
    if not drawing.is_file():
        return "", ""
    text = drawing.read_text(encoding="utf-8")[:20000]
    found = (re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", text, re.DOTALL) for tag in ("title", "desc"))
    return tuple(html.unescape(match[1]) if match else "" for match in found)


def _pictures(reports, own, here, year):
    shown = []
    for page in own:
        if page.year != year or not page.pictures:
            continue
        for path in sorted(((reports / page.path).parent / "figures").glob(f"{page.pictures}.png")):
            alt = _described(path.with_suffix(".svg"))[1]
            if alt:
                shown.append(
                    {"year": year, "href": link(here, page, "")["href"], "alt": alt, **small_picture(path)}
                )
    return shown


def _coverage(processed, raw, language, years):
    import markupsafe
    import pandas as pd

    from helpers import indices, registry

    if not (processed / "indices.csv").is_file():
        return ""
    frame = indices.read(processed)
    totals = frame[(frame["component"] == "") & (frame["score"].notna() | frame["rank"].notna())]
    counts = totals.groupby(["year", "index"])["gso_code"].nunique().unstack()
    counts = counts.reindex(sorted(years)).astype("Int64")
    known = [index for index in registry.load(raw) if index.slug in counts]
    columns = {wording.text("site.year_column", language): [str(year) for year in counts.index]}
    columns |= {index.short: counts[index.slug].array for index in known}
    caption = wording.text("site.coverage_caption", language)
    return markupsafe.Markup(table(pd.DataFrame(columns), language, caption).markup)
