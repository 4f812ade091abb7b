"""Publishing a figure: PNG, print, SVG and PDF files, the picture on the page, and the table of captions."""

import base64
import contextlib
import functools
import html
import io
import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import matplotlib as mpl
from matplotlib import pyplot as plt

from helpers.files import project_root, replacing, resolve, write_table
from helpers.wording import LANGUAGES

# Width and height in inches: a whole page, half of one, a slide of 16:9.
SIZES = {"page": (6.3, 8.2), "half": (6.3, 4.4), "slide": (10.0, 5.625)}
PAGE_DPI = 200
PRINT_DPI = 300
# What the name of a file ends in, by format.
FORMATS = {"png": ".png", "svg": ".svg", "print": "_print.png", "pdf": ".pdf"}

OUTPUT = {
    "svg.fonttype": "none",
    # Without a fixed salt the identifiers inside an SVG differ from run to run.
    "svg.hashsalt": "provincial-governance",
    # TrueType: text that can be searched and copied, and that print shops accept.
    "pdf.fonttype": 42,
    # At 200 dpi letters need no help to meet the pixels; without it they are as wide as in SVG and PDF.
    "text.hinting": "no_hinting",
}

# A colour of as many pixels as a small swatch has is one of an area: it stays as it is, to the last bit. The
# shades at the edges of letters and lines share the rest of the palette, a quarter of it at least.
_COLOURS, _AREA, _AREAS = 256, 200, 192


# Bytes of the address of a drawing from which on its pixels are tried: they may take less room.
_HEAVY = 200_000
# What may not stand in the address of a drawing, or in an attribute of HTML between double quotes.
_ESCAPED = {ord(sign): f"%{ord(sign):02X}" for sign in '%#<>{}[]|\\^`&" \t\n\r'}


@dataclass(frozen=True)
class Published:
    """
    A figure that was written; in a notebook it shows itself with its alternative text.

    Attributes
    ----------
    files : dict of pathlib.Path
        By format, as asked of `publish`.
    alt : str
    caption : str
        Short line below the picture; "" for none.
    title : str
    width, height : int
        In CSS pixels, 96 to the inch.
    address : str
        The picture itself, as an address that holds all of it ("data:...").
    """

    files: dict
    alt: str
    caption: str
    title: str
    width: int
    height: int
    address: str = field(repr=False, compare=False)

    @property
    def png(self):
        """The picture in pixels (pathlib.Path); None if it was not asked for."""
        return self.files.get("png")

    @property
    def svg(self):
        """The drawing (pathlib.Path); None if it was not asked for."""
        return self.files.get("svg")

    @property
    def shown(self):
        """Path below the project's folder, with forward slashes, of the file that the page shows (str)."""
        return PurePath(os.path.relpath(resolve(self.svg or self.png), project_root())).as_posix()

    def _repr_html_(self):
        below = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        # The height too, so that the page does not jump when the picture is there.
        return (
            f'<figure><img data-file="{html.escape(self.shown)}" data-title="{html.escape(self.title)}" '
            f'src="{self.address}" width="{self.width}" height="{self.height}" '
            f'alt="{html.escape(self.alt)}">{below}</figure>'
        )


def publish(figure, folder, name, alt, caption="", title=None, formats=("png", "svg")):
    """
    Write a figure in the formats asked for, close it, and hand back what shows it on the page.

    All files are made before the first is written: where one of them fails, the files of the last run stay.
    Equal figures give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    folder : str or pathlib.Path
        Where the files go, usually ``reports/<language>/<year>/figures``.
    name : str
        What the names of the files begin with; letters, digits, ``_``, ``.`` and ``-``.
    alt : str
        What the picture says, for those who do not see it: subject, main result, n, missing.
    caption : str
    title : str, optional
        Title of the SVG and PDF for screen readers; `alt` is their description. By default the caption, or
        else the first sentence of `alt`.
    formats : iterable of str
        "svg": ``<name>.svg``, which the page shows where there is one; "png": ``<name>.png`` at 200 dpi in a
        palette of 256 colours, which it shows otherwise; "print": ``<name>_print.png`` at 300 dpi in full
        colour; "pdf": ``<name>.pdf`` with its fonts inside. Texts stay text in SVG and PDF, but for those
        with path effects: matplotlib draws outlines of their letters.

    Returns
    -------
    Published

    Raises
    ------
    ValueError
        If a format is unknown, neither "svg" nor "png" is asked for, `alt` is empty, or `name` is no name
        of a file.
    """
    formats = [formats] if isinstance(formats, str) else list(formats)
    unknown = [kind for kind in formats if kind not in FORMATS]
    if unknown:
        raise ValueError(
            f"figure {name}: format {unknown[0]!r} is not known; choose among {', '.join(FORMATS)}"
        )
    if not {"png", "svg"} & set(formats):
        raise ValueError(f"figure {name}: the page shows the SVG or the PNG; add 'svg' to the formats")
    if not alt.strip():
        raise ValueError(f"figure {name} has no alternative text")
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(f"figure {name!r}: a name has letters, digits, _ . - alone, as files are called so")
    # The first sentence of the description says what it is a picture of.
    title = title or caption or re.split(r"[.:;](?=\s|$)", alt.strip())[0]
    width, height = (round(inches * 96) for inches in figure.get_size_inches())
    pixels = functools.cache(lambda: _paletted(_pixels(figure, PAGE_DPI)))
    makers = {
        "png": lambda: _png(pixels(), PAGE_DPI),
        "svg": lambda: _svg(figure, name, title, alt),
        "print": lambda: _png(_full(_pixels(figure, PRINT_DPI)), PRINT_DPI),
        "pdf": lambda: _pdf(figure, title, alt),
    }
    try:
        with mpl.rc_context(OUTPUT):
            contents = {kind: makers[kind]() for kind in formats}
            address = _address(contents, pixels)
    finally:
        plt.close(figure)
    files = {kind: Path(folder) / f"{name}{FORMATS[kind]}" for kind in contents}
    with contextlib.ExitStack() as stack:
        for kind, content in contents.items():
            stack.enter_context(replacing(files[kind])).write_bytes(content)
    return Published(files, alt, caption, title, width, height, address)


def prepare(figure):
    """
    Draw a figure as `publish` does, write nothing, and close it.

    Processes that are forked from this one need not lay its words out and draw its letters again.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    try:
        with mpl.rc_context(OUTPUT):
            _pixels(figure, PAGE_DPI)
            _svg(figure, "prepared", "", "")
    finally:
        plt.close(figure)


# --- pixels -----------------------------------------------------------------------------------------------


def _pixels(figure, dpi):
    """Draw a figure: rows of pixels of red, green, blue and an alpha that says nothing."""
    import numpy as np

    from helpers import rendering

    figure.set_dpi(dpi)
    canvas = rendering.Canvas(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def _full(pixels):
    """Make a picture of full colour."""
    from PIL import Image

    return Image.fromarray(pixels).convert("RGB")


def _png(picture, dpi):
    buffer = io.BytesIO()
    picture.save(buffer, format="png", dpi=(dpi, dpi))
    return buffer.getvalue()


def _webp(picture):
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, format="webp", lossless=True, method=2)
    return buffer.getvalue()


def _paletted(pixels):
    """
    Make a picture of at most 256 colours: those of areas as they are, shades by the nearest.

    Pillow's own methods move the colours of areas, or take twice the time: they look at every pixel. In a
    drawing nearly all pixels are as their left neighbour, so that runs of equal pixels are few.
    """
    import numpy as np
    import pandas as pd
    from PIL import Image

    height, width, _ = pixels.shape
    line = np.ascontiguousarray(pixels).reshape(-1).view("<u4") & 0xFFFFFF
    starts = np.flatnonzero(np.concatenate([[True], line[1:] != line[:-1]]))
    lengths = np.diff(starts, append=len(line))
    number, found = pd.factorize(line[starts], sort=True)
    counts = np.bincount(number, weights=lengths)
    order = np.argsort(-counts, kind="stable")
    colours = found[order].view("u1").reshape(-1, 4)[:, :3]
    place = np.arange(len(colours))
    if len(colours) > _COLOURS:
        areas = min(int((counts >= _AREA).sum()), _AREAS)
        rest = colours[areas:]
        # Each shade once: those of thin letters count as much as those of a long coast.
        shades = Image.fromarray(rest[np.newaxis]).quantize(
            _COLOURS - areas, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        shades = np.array(shades.getpalette(), dtype="u1").reshape(-1, 3)[: _COLOURS - areas]
        colours = np.vstack([colours[:areas], shades])
        palette, rest = colours.astype("f4"), rest.astype("f4")
        # The square of the distance, but for a term that is the same for all colours of the palette.
        place[areas:] = np.argmin((palette**2).sum(axis=1) - 2 * rest @ palette.T, axis=1)
    of_colour = np.empty(len(found), dtype="u1")
    of_colour[order] = place
    indexed = Image.frombytes("P", (width, height), np.repeat(of_colour[number], lengths).tobytes())
    indexed.putpalette(colours.tobytes())
    return indexed


# --- addresses --------------------------------------------------------------------------------------------


def _address(contents, pixels):
    """Put the smallest form of a picture into an address: the drawing, or its pixels where those are less."""
    drawing = drawing_address(contents["svg"]) if "svg" in contents else None
    if drawing and len(drawing) < _HEAVY:
        return drawing
    pictures = {"webp": _webp(pixels())} | {kind: contents[kind] for kind in ("png",) if kind in contents}
    kind = min(pictures, key=lambda kind: len(pictures[kind]))
    picture = f"data:image/{kind};base64,{base64.b64encode(pictures[kind]).decode('ascii')}"
    return min(filter(None, (drawing, picture)), key=len)


def drawing_address(drawing):
    """
    Put a drawing into an address, with as few escapes as the rules of addresses and of HTML allow.

    Parameters
    ----------
    drawing : bytes
        SVG as `publish` writes it.

    Returns
    -------
    str
        ``data:image/svg+xml,...``; it can stand between double quotes in HTML as it is.

    Notes
    -----
    URL Standard (WHATWG), "URL code points": letters beyond ASCII may stand for themselves.
    """
    text = drawing.decode()
    # Single quotes need no escape; in an attribute that holds one, and in texts, double ones stay.
    text = re.sub(r"<[^'<>]*>", lambda tag: tag[0].replace('"', "'"), text)
    return f"data:image/svg+xml,{text.translate(_ESCAPED)}"


# --- drawings ---------------------------------------------------------------------------------------------


def _svg(figure, name, title, alt):
    from matplotlib.backends.backend_mixed import MixedModeRenderer

    from helpers import rendering, vectors

    drawing = io.StringIO()
    # Points are the unit of the format.
    figure.set_dpi(72)
    size = figure.get_size_inches() * 72
    unsaid = {"Date": None, "Creator": None}
    drawn = rendering.Drawing(*size, drawing, image_dpi=PAGE_DPI, metadata=unsaid)
    # A bar of 256 shades is a picture within the drawing.
    renderer = MixedModeRenderer(figure, *figure.get_size_inches(), PAGE_DPI, drawn)
    figure.draw(renderer)
    renderer.finalize()
    return vectors.compact(drawing.getvalue(), name, title, alt)


def _pdf(figure, title, alt):
    buffer = io.BytesIO()
    # Neither when nor by which program: equal figures give equal bytes.
    said = {"Title": title, "Subject": alt, "CreationDate": None, "Creator": None, "Producer": None}
    figure.savefig(buffer, format="pdf", dpi=PRINT_DPI, metadata=said)
    return buffer.getvalue()


# --- captions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Caption:
    """
    What stands with a figure wherever it is shown.

    Attributes
    ----------
    figure : str
        Name of its files without their endings.
    title, alt, credit : dict of str
        By language: the title, the alternative text, and whom to name as the source.
    """

    figure: str
    title: dict
    alt: dict
    credit: dict


def write_captions(path, rows):
    """
    Write the table of captions: a row a figure, in the order given.

    Parameters
    ----------
    path : str or pathlib.Path
        Usually ``captions.csv`` beside the figures.
    rows : iterable of Caption

    Raises
    ------
    ValueError
        If a text is missing or empty in a language, a language is unknown, or a figure is there twice; no
        file is written then.
    """
    import pandas as pd

    table, columns = {}, ["figure"]
    columns += [f"{part}_{language}" for part in ("title", "alt", "credit") for language in LANGUAGES]
    for row in rows:
        if not row.figure.strip():
            raise ValueError(f"{path}: a caption names no figure; give the name of its files")
        if row.figure in table:
            raise ValueError(f"{path}: figure {row.figure} has two captions; leave one")
        table[row.figure] = {"figure": row.figure}
        for part in ("title", "alt", "credit"):
            texts = getattr(row, part)
            unknown = sorted(set(texts) - set(LANGUAGES))
            if unknown:
                raise ValueError(
                    f"{path}: figure {row.figure} has a {part} in {unknown[0]!r}; the languages are "
                    f"{', '.join(LANGUAGES)}"
                )
            for language in LANGUAGES:
                if not texts.get(language, "").strip():
                    raise ValueError(f"{path}: figure {row.figure} has no {part} in {language!r}; write one")
                table[row.figure][f"{part}_{language}"] = texts[language]
    write_table(path, pd.DataFrame(table.values(), columns=columns))
