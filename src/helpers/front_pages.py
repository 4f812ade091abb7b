"""The pages that lead to others: choice of language, front page of each language, page of each year."""

import html
import json
import re

from helpers import dictionary, provinces, wording
from helpers.embedding import small_picture
from helpers.files import write_text
from helpers.site import NO_LINKS, as_html, fill, link, navigator, present, table

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
    pages = [
        page
        for page in present(reports, plan)
        if not (page.is_list or page.is_extra) or (reports / page.path).is_file()
    ]
    fronts = [page for page in pages if (page.name, page.year) == ("index", None)]
    links_of = navigator(pages, reports, raw)
    for here in pages:
        links = links_of(here)
        if here.name != "index":
            _relink(reports / here.path, here.language, links)
        elif here.year is None:
            write_text(reports / here.path, _front(reports, plan, pages, here, links, processed, raw))
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


def _front(reports, plan, pages, here, links, processed, raw):
    own = [page for page in _linked(pages) if page.language == here.language]
    years = sorted({page.year for page in own if page.year is not None}, reverse=True)
    shown = next((found for year in years if (found := _pictures(reports, own, here, year))), [])
    lists = {page.year: page for page in own if page.is_list}
    extras = [page for page in own if page.is_extra]
    return fill(
        "front.html.j2",
        here.language,
        title=here.title,
        links={**links, "pages": []},
        findings=_findings(reports, own, here),
        pictures=shown,
        pictures_year=shown[0]["year"] if shown else None,
        list=link(here, lists[max(lists)], str(max(lists))) if lists else None,
        extras=[link(here, page, wording.text(f"site.front_{page.name}", here.language)) for page in extras],
        places=_places(pages, here, raw),
        years=[
            {
                "year": year,
                "href": f"{year}/index.html",
                "pages": [link(here, page, page.label) for page in own if page.year == year],
            }
            for year in years
        ],
        overview=[link(here, page, page.title) for page in own if (page.year, page.stage) == (None, "year")],
        tables=_files((reports / here.path).parent / "tables", ("csv",)),
        data_pages=[link(here, page, page.title) for page in own if page.stage == "data"],
        coverage=_coverage(processed, raw, here.language, years),
        missing=_missing(plan, pages, here.language),
    )


def _places(pages, here, raw):
    """Links to the pages of provinces of the newest year that has any, by the alphabet."""
    about = [page for page in pages if page.province is not None and page.language == here.language]
    if not about:
        return []
    year = max(page.year for page in about)
    units = provinces.load(raw, provinces.vintage_of(year))
    by_name = {units.name(page.province, here.language): page for page in about if page.year == year}
    return [link(here, by_name[name], name) for name in wording.alphabetical(by_name, here.language)]


def _missing(plan, pages, language):
    """Name the pages that could be there and are not, those of a year together; "" if there are none."""
    there = {page.path for page in pages}
    lacking = [
        page
        for page in plan
        if page.language == language and page.province is None and page.path not in there
    ]
    names = dict.fromkeys(page.title if page.year is None else str(page.year) for page in lacking)
    return wording.listing(names, language)


def _findings(reports, own, here):
    """What the pages of all years and the newest say first; for the page of a year all that its pages say."""
    chosen, newest = [], {}
    for page in own:
        if page.summary and here.year is None and page.year is not None:
            newest[page.name] = max(page, newest.get(page.name, page), key=lambda one: one.year)
        elif page.summary and page.year == here.year:
            chosen.append(page)
    found = []
    for page in [*newest.values(), *chosen]:
        said = _said(reports, page)
        text = said if here.year is not None else said[:1]
        if text:
            found.append({"text": _as_html(text), "title": page.title, "href": link(here, page, "")["href"]})
    return found


def _said(reports, page):
    """Paragraphs of the cell that sums a page up, from the executed notebook; none if it is not there."""
    try:
        notebook = json.loads((reports / page.path).with_suffix(".ipynb").read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell.get("id") == page.summary]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        texts = ["".join(output.get("data", {}).get("text/markdown", "")) for output in outputs]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    paragraphs = "\n\n".join(texts).split("\n\n")
    return [text for text in paragraphs if text.strip() and not text.startswith("#")]


def _as_html(paragraphs):
    import markupsafe

    return markupsafe.Markup(as_html("\n\n".join(paragraphs)))


def _linked(pages):
    """The pages that an index links to one by one; those of provinces have their list."""
    return [page for page in pages if page.name != "index" and page.province is None]


def _year(reports, pages, here, links):
    own = [p for p in _linked(pages) if (p.language, p.year) == (here.language, here.year)]
    folder = (reports / here.path).parent
    figures = _files(folder / "figures", ("png", "svg"))
    for figure in figures:
        figure["name"] = _described(folder / "figures" / f"{figure['name']}.svg")[0] or figure["name"]
    tables = _files(folder / "tables", ("csv", "xlsx"))
    for written in tables:
        written["title"] = dictionary.title(written["name"], here.language)
    return fill(
        "year.html.j2",
        here.language,
        title=here.title,
        links={**links, "pages": []},
        findings=_findings(reports, own, here),
        pages=[link(here, page, page.title) for page in own],
        pictures=_pictures(reports, own, here, here.year),
        figures=figures,
        tables=tables,
    )


def _files(folder, endings):
    """Files of a folder by their name, each with the links to what there is of it."""
    found = {}
    for ending in endings:
        for path in sorted(folder.glob(f"*.{ending}")):
            found.setdefault(path.stem, []).append(
                {"href": f"{folder.name}/{path.name}", "label": ending.upper()}
            )
    return [{"name": name, "links": found[name]} for name in sorted(found) if name != "captions"]


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
