"""The site: tables and folded blocks for notebooks, pages of notebooks that were run, links between pages."""

import collections
import functools
import html
import html.parser
import json
import numbers
import os
import posixpath
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from helpers import citing, contents, provinces, wording

TEMPLATES = Path(__file__).parent / "page"
# Cells that the page does without: words for JupyterLab, and parameters, which its foot lists.
HIDDEN = {"lab", "parameters", "injected-parameters"}
# Longer texts of a table get a width of their own; otherwise a narrow page sets them a word a line.
LONG_TEXT = 14
# Name of the page that lists the provinces of a year; helpers.directory writes it.
LIST = "provinces"
# Pages that each language has once, and that are no notebooks either: file below the folder of the language.
EXTRAS = {"explore": "explore.html", "downloads": "data/index.html"}
# Ids of the parts that every page has.
OWN_IDS = ("main", "words", "places", "places-found", "made")
# What the script of every page says, in its words.
SCRIPT_WORDS = (
    "find_none",
    "find_one",
    "find_many",
    "sort",
    "filter",
    "filtered",
    "save",
    "gone",
    "gone_close",
)
_UNSAID = {name: f"{{{name}}}" for name in ("n", "all", "name", "year", "page")}
NO_LINKS = {
    "home": None,
    "top": "",
    "site": [],
    "years": [],
    "pages": [],
    "languages": [],
    "files": [],
    "places": "",
}
_NETWORK = re.compile(r"\s*(?:[a-z]+:)?//", re.IGNORECASE)
_NETWORK_CSS = re.compile(r"(?:@import|url\()\s*[\"']?\s*(?:[a-z]+:)?//", re.IGNORECASE)


class PageError(ValueError):
    """A notebook that makes no proper page; the text names the cell."""


@dataclass(frozen=True)
class Page:
    """
    A page of the site.

    Attributes
    ----------
    name : str
        What the pages of several years or languages have in common, for example ``map``.
    language : str
    year : int or None
    path : str
        Below the folder of reports, with forward slashes.
    title : str
    label : str
        Short name, for links.
    notebook : str
        Path of the notebook in the project; "" for pages that lead to others.
    parameters : dict
        What the notebook is run with.
    pictures : str
        Pattern of the names of the figures that may stand for the page on the front page; "" for none.
    stage : str
        "data" for pages on how the figures were made.
    province : str or None
        Code of the province that the page is about, among the units of the year.
    place : str
        Name of that province in the language; "" for other pages.
    kind : str
        Class of the page, by which its style may differ; "" for most.
    pdf : int
        On how many sheets it is printed to a PDF beside it, at most; 0 for no PDF.
    summary : str
        Id of the cell whose text sums the page up for pages that lead to it; "" for none.
    """

    name: str
    language: str
    year: int | None
    path: str
    title: str
    label: str
    notebook: str = ""
    parameters: dict = field(default_factory=dict, hash=False)
    pictures: str = ""
    stage: str = ""
    province: str | None = None
    place: str = ""
    kind: str = ""
    pdf: int = 0
    summary: str = ""

    @property
    def folder(self):
        """Folder of the page below the folder of reports (str)."""
        return self.path.rpartition("/")[0]

    @property
    def is_extra(self):
        """Whether it is one of `EXTRAS` (bool)."""
        return self.name in EXTRAS and not self.notebook

    @property
    def is_list(self):
        """Whether it is the list of the provinces of a year (bool)."""
        return self.name == LIST and not self.notebook


@dataclass(frozen=True)
class Block:
    """
    A piece of HTML that shows itself in a notebook and on the page.

    Attributes
    ----------
    markup : str
    """

    markup: str = field(repr=False)

    def _repr_html_(self):
        return self.markup


class Table(Block):
    """A table; made by `table`."""


def table(frame, language, caption="", decimals=None, code=()):
    """
    Make an HTML table of a data frame.

    Parameters
    ----------
    frame : pandas.DataFrame
        Column labels and texts as the reader shall see them; its index is not shown. Texts of the first
        column head their rows.
    language : {"en", "vi"}
    caption : str
        What the table shows, above it.
    decimals : dict of int, optional
        Decimals by column label; 2 where a column is not named. Integers have none, and no separator up to
        four digits, so that a year stays a year.
    code : collection of str
        Labels of columns that hold names of columns and files, which no language changes.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If `decimals` names a column that `frame` does not have.
    """
    import pandas as pd

    decimals = decimals or {}
    unknown = [str(label) for label in decimals if label not in frame.columns]
    if unknown:
        raise ValueError(f"decimals are given for columns that the table does not have: {', '.join(unknown)}")
    places = [decimals.get(label, 2) for label in frame.columns]
    numeric = [
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in frame.dtypes
    ]

    def cell(value, position):
        missing = value is None or pd.isna(value)
        written = wording.MISSING if missing else _written(value, language, places[position])
        number = numeric[position] or _is_number(value)
        kind = "number" if number else "long" if len(written) > LONG_TEXT else ""
        tag, scope = ("th", ' scope="row"') if position == 0 and not number else ("td", "")
        inside = html.escape(written)
        if frame.columns[position] in code:
            inside = f"<code>{inside}</code>"
        return f"<{tag}{scope}{_class(kind)}>{inside}</{tag}>"

    heads = "".join(
        f'<th scope="col"{_class("number" if number else "")}>{html.escape(str(label))}</th>'
        for label, number in zip(frame.columns, numeric, strict=True)
    )
    rows = "\n".join(
        f"<tr>{''.join(cell(value, position) for position, value in enumerate(row))}</tr>"
        for row in frame.itertuples(index=False, name=None)
    )
    spoken = html.escape(caption or wording.text("site.table", language))
    above = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return Table(
        f'<div class="table" tabindex="0" role="region" aria-label="{spoken}"><table>{above}\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _class(name):
    return f' class="{name}"' if name else ""


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _written(value, language, places):
    if not _is_number(value):
        return str(value)
    if isinstance(value, numbers.Integral):
        return wording.number(value, language, 0) if abs(value) > 9999 else str(value).replace("-", "−")
    return wording.number(value, language, places)


def details(summary, *blocks):
    """
    Fold blocks away below a line that opens them.

    Parameters
    ----------
    summary : str
        The line that is always seen.
    *blocks : object or str
        What shows itself as HTML (tables, figures), or plain text, which becomes a paragraph.

    Returns
    -------
    Block

    Raises
    ------
    TypeError
        If a block is neither text nor has an HTML form.
    """
    inside = []
    for block in blocks:
        if isinstance(block, str):
            inside.append(f"<p>{html.escape(block)}</p>")
        elif hasattr(block, "_repr_html_"):
            inside.append(block._repr_html_())
        else:
            raise TypeError(f"a block must be text or have an HTML form, not {type(block).__name__}")
    return Block(f"<details><summary>{html.escape(summary)}</summary>\n{chr(10).join(inside)}\n</details>")


def cleaned(notebook):
    """
    Take out of an executed notebook what differs between runs or tells of the machine.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.

    Returns
    -------
    (nbformat.NotebookNode, int)
        The notebook, and how many warnings it gave.
    """
    count = 0
    notebook.metadata.pop("papermill", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = neutral(output.text)
                count += output.text.count("Warning: ") if output.name == "stderr" else 0
                continue
            # The plain text of a table or figure is its Python name, which says nothing and holds addresses.
            if len(output.get("data", {})) > 1:
                output.data.pop("text/plain", None)
            for kind, text in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output.data[kind] = neutral(text)
    return notebook, count


def neutral(text):
    """
    Write folders of this machine, process numbers and memory addresses as what they stand for.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        The project's folder (the working directory) becomes ``.``, the home folder ``~``.
    """
    # Fixed letters are looked for first: pictures make a text very long.
    text = re.sub(rf"{re.escape(tempfile.gettempdir())}/ipykernel_\d+/\d+\.py", "<cell>", text)
    if " at 0x" in text:
        text = re.sub(r"(?<= at )0x[0-9a-f]{6,}", "0x…", text)
    for folder, name in ((os.getcwd(), "."), (sys.prefix, "<environment>"), (str(Path.home()), "~")):
        if len(folder) > 1 and folder in text:
            # Never inside a picture, where the same letters can stand by chance.
            text = re.sub(rf"(?<![\w+/=]){re.escape(folder)}(?![\w+=-])", name, text)
    return text


@functools.cache
def _environment():
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )

    @functools.cache
    def css(kind):
        sheets = (TEMPLATES / f"{name}.css" for name in ("style", kind) if name)
        return markupsafe.Markup("\n".join(p.read_text(encoding="utf-8") for p in sheets if p.is_file()))

    @functools.cache
    def script():
        return markupsafe.Markup((TEMPLATES / "page.js").read_text(encoding="utf-8"))

    @functools.cache
    def words(language, top):
        said = {key: wording.text(f"site.{key}", language, **_UNSAID) for key in SCRIPT_WORDS}
        return markupsafe.Markup(in_script(said | {"top": top}))

    environment.globals |= {"css": css, "script": script, "words": words, "cited": citing.cited}
    return environment


def in_script(value):
    """
    Write what a script in a page reads, so that no text in it ends the script or opens a comment.

    Parameters
    ----------
    value : object
        What JSON can hold.

    Returns
    -------
    str
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def fill(template, language, kind="", **values):
    """
    Fill a template of the folder ``page``.

    Parameters
    ----------
    template : str
        File name. One that extends ``layout.html.j2`` needs ``title`` and ``links`` (see `navigator`).
    language : {"en", "vi"}
    kind : str
        Class of the page; ``page/<kind>.css``, where there is one, follows the styles of all pages.
    **values
        What the template names. In it, ``say(key, ...)`` is the text ``site.<key>``.

    Returns
    -------
    str
    """

    def say(key, **words):
        return wording.text(f"site.{key}", language, **words)

    template = _environment().get_template(template)
    return template.render(language=language, say=say, kind=kind, **values)


def as_html(markdown):
    """
    Make HTML of Markdown. Markup in it stays text: names of provinces and sources stand in it.

    Parameters
    ----------
    markdown : str

    Returns
    -------
    str
    """
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    return MarkdownWithMath(renderer=renderer).render(markdown)


@functools.cache
def _exporter():
    from nbconvert.exporters import HTMLExporter, TemplateExporter
    from nbconvert.filters import Highlight2HTML
    from traitlets.config import Config

    class Exporter(HTMLExporter):
        def from_notebook_node(self, nb, resources=None, **kw):
            # The parent's own parses the whole page and writes it again, for what these pages do not have:
            # pictures without alternative texts, and cells of JupyterLab.
            language = nb.metadata.get("language_info", {})
            lexer = language.get("pygments_lexer", language.get("name"))
            self.register_filter("highlight_code", Highlight2HTML(pygments_lexer=lexer, parent=self))
            self.register_filter("markdown2html", as_html)
            return TemplateExporter.from_notebook_node(self, nb, resources, **kw)

    shown = ["text/html", "text/markdown", "image/png", "image/jpeg", "text/plain"]
    settings = Config(
        HTMLExporter={
            "template_name": "cells",
            "extra_template_basedirs": [str(TEMPLATES)],
            "exclude_anchor_links": True,
        },
        TagRemovePreprocessor={"enabled": True, "remove_cell_tags": sorted(HIDDEN)},
        NbConvertBase={"display_data_priority": shown},
    )
    return Exporter(config=settings)


def render(notebook, language, title, source="", parameters=None, links=None, kind="", origin=None):
    """
    Make the page of a notebook that was run.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        With its outputs. Cells tagged as in `HIDDEN` are left out, code is folded, warnings are not shown.
    language : {"en", "vi"}
    title : str
        Title of the page; also its heading if the notebook has none of the first level.
    source : str
        Path of the notebook in the project, named at the foot of the page.
    parameters : dict, optional
        What the notebook was run with, listed at the foot of the page.
    links : dict, optional
        Links of the head of the page, from `navigator`.
    kind : str
        Class of the page, by which its style may differ.
    origin : dict, optional
        How the page was made, from `helpers.origins.told`; shown at its end.

    Returns
    -------
    str
        One HTML file that needs nothing from elsewhere; the same for the same arguments.

    Raises
    ------
    PageError
        If a picture has no alternative text, something would be loaded from the network, or two elements
        have the same id.
    """
    import markupsafe

    code_cells = [
        cell.get("id", "")
        for cell in notebook.cells
        if cell.cell_type == "code" and not HIDDEN & set(cell.metadata.get("tags", []))
    ]
    words = {
        "code": wording.text("site.code", language),
        "numbers": {name: place for place, name in enumerate(code_cells, start=1)},
    }
    body, _ = _exporter().from_notebook_node(notebook, resources=words)
    body = _begun_with_words(body)
    body, headings = contents.with_ids(body, {*OWN_IDS, *check(body)})
    if sections := contents.listed(headings):
        body = contents.inserted(body, fill("contents.html.j2", language, sections=sections))
    return fill(
        "page.html.j2",
        language,
        title=title,
        body=markupsafe.Markup(body),
        notebook=source,
        origin=origin,
        parameters=parameters or {},
        links=links or NO_LINKS,
        kind=kind,
    )


def _begun_with_words(body):
    """Put the code of cells that show nothing, where a page begins with it, below what is said first."""
    cells = re.split(r'(?=<div class="cell" data-cell=)', body)
    silent = 1
    while silent < len(cells) and re.search(r'data-cell="[^"]*">\s*<details class="code">', cells[silent]):
        silent += 1
    if silent in (1, len(cells)):
        return body
    said, fold, code = cells[silent].rpartition('<details class="code">')
    return "".join([cells[0], said, *cells[1:silent], fold, code, *cells[silent + 1 :]])


def preload():
    """Import and compile what rendering takes now, for the processes that are forked from this one."""
    from nbformat import v4

    cells = [v4.new_markdown_cell("# A"), v4.new_code_cell("1", outputs=[v4.new_output("stream", text="1")])]
    render(v4.new_notebook(cells=cells), "en", "A")


def check(body):
    """
    Refuse what no page may have.

    Parameters
    ----------
    body : str
        HTML of a page, or of what goes into one.

    Returns
    -------
    set of str
        The ids of its elements.

    Raises
    ------
    PageError
        If a picture has no alternative text, something would be loaded from the network, or two elements
        have the same id.
    """
    return _Checker(body).ids


class _Checker(html.parser.HTMLParser):
    """Refuses what no page may have."""

    # What a browser loads by itself; the links of a text are followed by a person.
    LOADING = ("src", "srcset", "poster", "data", "background")

    def __init__(self, body):
        super().__init__()
        self.cell, self.ids, self.style = "", set(), False
        self.feed(body)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = {name: value or "" for name, value in attributes}
        self.cell = values.get("data-cell", self.cell)
        self.style = tag == "style"
        if tag == "img" and not values.get("alt", "").strip():
            self._refuse("shows a picture without an alternative text; give one with publishing.publish")
        loaded = [values[name] for name in self.LOADING if name in values]
        if tag != "a":
            loaded += [values[name] for name in ("href", "xlink:href") if name in values]
        if any(_NETWORK.match(address) for address in loaded) or _NETWORK_CSS.search(values.get("style", "")):
            self._refuse(f"has a <{tag}> that loads something from the network; pages must stand alone")
        if self.cell and (tag == "script" or any(name.startswith("on") for name in values)):
            self._refuse(f"has a <{tag}> that runs a script; pages run their own alone")
        if any(values.get(name, "").strip().lower().startswith("javascript:") for name in ("href", "src")):
            self._refuse(f"has a <{tag}> whose address is a script")
        name = values.get("id")
        if name in self.ids:
            self._refuse(f"has a second element with the id {name!r}")
        if name:
            self.ids.add(name)

    def handle_data(self, data):
        if self.style and _NETWORK_CSS.search(data):
            self._refuse("has a style that loads something from the network; pages must stand alone")

    def _refuse(self, what):
        raise PageError(f"{f'cell {self.cell!r}' if self.cell else 'the page'} {what}")


def with_indexes(plan):
    """
    Add the pages that are no notebooks: the front page of each language, its linked page and downloads, the
    page of each year, and the list of the provinces of a year.

    Parameters
    ----------
    plan : list of Page

    Returns
    -------
    list of Page
        `plan` followed by the pages named ``index``, `EXTRAS` and the lists.
    """
    indexes = {}
    for page in plan:
        language, year = page.language, page.year
        if (language, None) not in indexes:
            title = wording.text("site.name", language)
            indexes[language, None] = Page("index", language, None, f"{language}/index.html", title, title)
            for name, file in EXTRAS.items():
                title, label = (wording.text(f"site.{name}{part}", language) for part in ("_title", ""))
                indexes[language, name] = Page(
                    name, language, None, f"{language}/{file}", title, label, kind=name
                )
        if year is not None and (language, year) not in indexes:
            title = wording.text("site.year_title", language, year=year)
            path = f"{language}/{year}/index.html"
            indexes[language, year] = Page("index", language, year, path, title, str(year))
        if page.province is not None:
            path = f"{page.folder}/index.html"
            if path not in indexes:
                title = wording.text("provinces.list_title", language, year=year)
                label = wording.text("provinces.list", language)
                indexes[path] = Page(LIST, language, year, path, title, label)
    return [*plan, *indexes.values()]


def present(reports, plan, asked=()):
    """
    List the pages that can be linked to: those on disk, those about to be made, and their indexes.

    Parameters
    ----------
    reports : pathlib.Path
    plan : list of Page
    asked : iterable of Page
        Pages about to be made.

    Returns
    -------
    list of Page
    """
    asked = {page.path for page in asked}
    made = [page for page in plan if page.path in asked or (reports / page.path).is_file()]
    return with_indexes(made)


def navigator(pages, reports=None, raw=None):
    """
    Prepare the links at the heads of pages.

    Parameters
    ----------
    pages : list of Page
        The pages that can be linked to, from `present`.
    reports : pathlib.Path, optional
        Where PDFs are looked for.
    raw : str or pathlib.Path, optional
        Folder of the raw tables, which has the names that provinces are searched by; without it there is no
        search.

    Returns
    -------
    callable
        Called with a page it gives a dict: ``home`` (address or None) and lists of links: ``site`` (what the
        language has besides), ``years`` (the same
        page a year before and after; of a province only within one set of units), ``pages`` (those of the
        same folder; on pages of a province, and their list, those of the year), ``languages`` (the same page
        in the others), ``files`` (its PDF, if it is there). A link without an address is the page itself.
        Besides ``top`` (address of the folder of reports) and ``places``, JSON of what the search of
        provinces leads to: the briefings of the same year, or of the newest with any; "" if there are none.
    """
    same, indexes, folders, languages = {}, {}, collections.defaultdict(list), collections.defaultdict(list)
    about, extras = collections.defaultdict(dict), collections.defaultdict(list)
    for page in pages:
        languages[page.name, page.year, page.province].append(page)
        if page.province is not None:
            about[page.language].setdefault(page.year, []).append(page)
        if page.name == "index":
            indexes[page.language, page.year] = page
        elif page.is_extra:
            extras[page.language].append(page)
        elif page.province is None:
            folders[_folder(page)].append(page)
        if page.year is not None:
            same.setdefault(_series(page), {})[page.year] = page

    @functools.cache
    def places_in(language, year):
        return in_script(
            _places(about[language][year], provinces.load(raw, provinces.vintage_of(year)), language)
        )

    def places_for(here):
        years = about[here.language] if raw is not None else ()
        if not years:
            return ""
        year = here.year if here.year in years else max(years)
        folder = in_script(_address(here, years[year][0]).rpartition("/")[0])
        # Of a page in the same folder the address has no folder.
        folder = folder if folder == '""' else folder[:-1] + '/"'
        return f'{{"folder":{folder},"year":{year},"places":{places_in(here.language, year)}}}'

    def links_of(here):
        home = indexes.get((here.language, None))
        years = []
        if here.year is not None:
            others = same.get(_series(here), {})
            before = max((year for year in others if year < here.year), default=None)
            after = min((year for year in others if year > here.year), default=None)
            index = indexes.get((here.language, here.year))
            years += [link(here, others[before], f"← {before}", rel="prev")] if before else []
            years += [link(here, index, str(here.year))] if index else []
            years += [link(here, others[after], f"{after} →", rel="next")] if after else []
        return {
            "home": link(here, home, "")["href"] if home and home != here else None,
            "top": "../" * here.path.count("/"),
            "places": places_for(here),
            "site": [link(here, page, page.label) for page in extras[here.language]],
            "years": years,
            "pages": [link(here, page, page.label) for page in folders[_folder(here)]],
            "languages": [
                link(here, page, wording.text("site.language", page.language), language=page.language)
                for page in languages[here.name, here.year, here.province]
                if page.language != here.language
            ],
            "files": _files(here, reports) if here.pdf and reports else [],
        }

    return links_of


def _places(pages, units, language):
    """Code, name, and everything that it is found by, of the provinces that have a page; by the alphabet."""
    by_name = {units.name(page.province, language): page.province for page in pages}
    return [
        [by_name[name], name, "|".join(provinces.search_words(units.rows[by_name[name]]))]
        for name in wording.alphabetical(by_name, language)
    ]


def _files(here, reports):
    path = PurePosixPath(here.path).with_suffix(".pdf")
    known = (reports / path).is_file()
    return [{"href": path.name, "label": "PDF", "language": None, "rel": None}] if known else []


def _series(page):
    """What the pages of several years have in common: a code means the same province in one set of units."""
    units = None if page.province is None else provinces.vintage_of(page.year)
    return page.language, page.name, page.province, units


def _folder(page):
    """The folder of a page; pages of provinces and their list count to that of their year."""
    folder = page.folder
    return folder.rpartition("/")[0] if page.is_list or page.province is not None else folder


def link(here, page, label, language=None, rel=None):
    """
    Lead from one page to another.

    Parameters
    ----------
    here, page : Page
        From and to.
    label : str
    language : str, optional
        Of the other page, where it differs.
    rel : {"prev", "next"}, optional

    Returns
    -------
    dict
        ``href`` (None from a page to itself), ``label``, ``language``, ``rel``.
    """
    href = None if page.path == here.path else _address(here, page)
    return {"href": href, "label": label, "language": language, "rel": rel}


def _address(here, page):
    """The address of a page from another; `posixpath.relpath` would ask for the working folder each time."""
    folder, steps = here.path.split("/")[:-1], page.path.split("/")
    shared = len(posixpath.commonprefix([folder, steps]))
    return "/".join([".."] * (len(folder) - shared) + steps[shared:])
