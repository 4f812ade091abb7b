"""Files beside a page: links to them, which cell made them, notebooks that show them, and small copies."""

import base64
import copy
import html
import io
import os
import re
import urllib.parse
from pathlib import PurePath

from helpers import site
from helpers.files import project_root, resolve

# Pixels in width of a picture among others.
SMALL_WIDTH = 480
_QUALITY = 80
# As publishing and downloads write them; values are escaped, so that no sign of a tag is in them.
_TAG = re.compile(r'<(a|img)\b([^<>]*? )data-file="([^"<>]*)"([^<>]*)>')
_TITLE = re.compile(r' data-title="([^"<>]*)"')
_TABLES = {".csv", ".xlsx"}


def on_page(markup, reports, here):
    """
    Let a page lead to the files beside it: what they are called in ``data-file`` becomes their address.

    Parameters
    ----------
    markup : str
        HTML, in which a link or picture has ``data-file``: a path below the project's folder, or a whole one.
    reports : str or pathlib.Path
    here : str
        Path of the page below `reports`, with forward slashes.

    Returns
    -------
    str
        Without ``data-file`` and ``data-title``; the ``href`` of links starts at the folder of the page.

    Raises
    ------
    helpers.site.PageError
        If a link leads out of the folder of reports, from which pages are never parted.
    """

    def written(found):
        tag, before, file, after = found.groups()
        rest = _TITLE.sub("", f"{before}{after}")
        if tag == "img":
            return f"<img{_spaced(rest)}>"
        return f'<a href="{_relative(html.unescape(file), reports, here)}"{_spaced(_without(rest, "href"))}>'

    return _TAG.sub(written, markup)


def beside(notebook, reports, here):
    """
    Take the pictures out of a notebook that was run, and let it show the files beside it instead.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    reports : str or pathlib.Path
    here : str
        Path of its page below `reports`, with forward slashes; the notebook stands in the same folder.

    Returns
    -------
    nbformat.NotebookNode
        A copy. A picture whose file is missing, or lies elsewhere, stays inside.
    """

    def written(found):
        tag, before, file, after = found.groups()
        rest, file = _TITLE.sub("", f"{before}{after}"), html.unescape(file)
        name = "src" if tag == "img" else "href"
        if not _below(file, reports) or not resolve(project_root() / file).is_file():
            return f"<{tag}{_spaced(rest)}>"
        return f'<{tag} {name}="{_relative(file, reports, here)}"{_spaced(_without(rest, name))}>'

    notebook = copy.deepcopy(notebook)
    for data in _shown(notebook):
        data["text/html"] = _TAG.sub(written, data["text/html"])
    return notebook


def made_by(notebook):
    """
    Tell which cell made each figure and each table.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        That was run, with ``data-file`` in what it shows.

    Returns
    -------
    list of (int, str, str, str, str)
        Number of the cell as the page shows it, its identifier, "figure" or "table", the file as given in
        ``data-file``, the title. A file that is there in two formats is named once.
    """
    made, number = [], 0
    for cell in notebook.cells:
        if cell.cell_type != "code" or site.HIDDEN & set(cell.metadata.get("tags", [])):
            continue
        number += 1
        known = set()
        for data in _shown_by(cell):
            markup = data["text/html"]
            for found in _TAG.finditer(markup):
                tag, before, file, after = found.groups()
                kind = "figure" if tag == "img" else "table"
                stem, ending = os.path.splitext(file)
                if stem in known or (kind == "table" and ending not in _TABLES):
                    continue
                known.add(stem)
                title = _TITLE.search(before + after)
                title = html.unescape(title[1]) if title else _words_before(markup, found.start())
                made.append((number, cell.get("id", ""), kind, html.unescape(file), title))
    return made


def contact_sheet(shown):
    """
    Set small pictures side by side, each with its title, the call that made it, and links to its files.

    Parameters
    ----------
    shown : list of (helpers.publishing.Published, str)
        Published figures and the calls.

    Returns
    -------
    helpers.site.Block
    """
    cards = []
    for published, call in shown:
        small = _small(published)
        links = " · ".join(_link(kind, path) for kind, path in published.files.items())
        cards.append(
            f'<figure><img data-file="{html.escape(published.shown)}" '
            f'data-title="{html.escape(published.title)}" src="{small["address"]}" '
            f'width="{small["width"]}" height="{small["height"]}" alt="{html.escape(published.alt)}">'
            f"<figcaption>{html.escape(published.caption)} {links}</figcaption>"
            f"<pre><code>{html.escape(call)}</code></pre></figure>"
        )
    return site.Block(f'<div class="contacts">{chr(10).join(cards)}</div>')


def small_picture(path):
    """
    Make a picture small enough to be shown beside others.

    Parameters
    ----------
    path : pathlib.Path
        A PNG.

    Returns
    -------
    dict
        ``data`` (base64 of a WebP), ``width`` (`SMALL_WIDTH`) and ``height`` in pixels.
    """
    from PIL import Image

    with Image.open(path) as picture:
        height = round(picture.height * SMALL_WIDTH / picture.width)
        # Halved first where that leaves enough: all years have such pictures.
        halved = picture.convert("RGB").reduce(2 if picture.width >= 2 * SMALL_WIDTH else 1)
        small = halved.resize((SMALL_WIDTH, height), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    small.save(buffer, format="webp", quality=_QUALITY, method=2)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"data": data, "width": SMALL_WIDTH, "height": height}


def _small(published):
    """The small copy of a picture; the drawing itself where there are no pixels."""
    if published.png:
        small = small_picture(published.png)
        return small | {"address": f"data:image/webp;base64,{small['data']}"}
    height = round(published.height * SMALL_WIDTH / published.width)
    return {"address": published.address, "width": SMALL_WIDTH, "height": height}


# --- parts ------------------------------------------------------------------------------------------------


def _shown(notebook):
    """The outputs of a notebook that are HTML."""
    return [data for cell in notebook.cells for data in _shown_by(cell)]


def _shown_by(cell):
    outputs = (output.get("data", {}) for output in cell.get("outputs", []))
    return [data for data in outputs if "text/html" in data]


def _words_before(markup, end):
    """The words of a line before a link."""
    start = max(markup.rfind(f"<{tag}", 0, end) for tag in ("p", "li", "summary", "figcaption"))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", markup[max(start, 0) : end])).split()).rstrip(":")


def _link(kind, path):
    """A link to a file of a figure; copies in pixels are marked, for zips that go without them."""
    file = html.escape(PurePath(os.path.relpath(resolve(path), project_root())).as_posix())
    marked = ' class="png"' if path.suffix == ".png" else ""
    return f'<a{marked} data-file="{file}" href="{file}">{kind.upper()}</a>'


def _without(attributes, name):
    return re.sub(rf'(?:^| ){name}="[^"]*"', "", attributes, count=1)


def _spaced(attributes):
    """Attributes as they follow the name of a tag: a space before each, none behind the last."""
    attributes = attributes.strip()
    return f" {attributes}" if attributes else ""


def _below(file, reports):
    inside = os.path.join(os.path.abspath(resolve(reports)), "")
    return os.path.abspath(project_root() / file).startswith(inside)


def _relative(file, reports, here):
    """The address of a file from the folder of a page, escaped."""
    if not _below(file, reports):
        raise site.PageError(
            f"the page leads to {file}, which is outside of the folder of reports; write it beside the page"
        )
    folder = os.path.dirname(os.path.join(os.path.abspath(resolve(reports)), here))
    path = PurePath(os.path.relpath(os.path.abspath(project_root() / file), folder)).as_posix()
    return html.escape(urllib.parse.quote(path))
