"""Publishing: sizes, exact colours, real text, whole sets of files, the same bytes in every run."""

import base64
import csv
import html
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from urllib.parse import unquote_to_bytes

import matplotlib as mpl
import numpy as np
import pdfplumber
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import path as mpath
from matplotlib import patheffects
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgb
from outlines import commands, points
from PIL import Image

from helpers import charts, embedding, front_pages, publishing
from helpers.publishing import Caption, publish, write_captions

mpl.use("agg")
SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["Thừa Thiên Huế", "Đắk Lắk", "Bà Rịa - Vũng Tàu", "Quảng Ngãi", "Hải Phòng & <63>"]
EVERY = tuple(publishing.FORMATS)


def assert_real_text(svg, texts):
    """Fail unless each text stands in an SVG as text, not as outlines of letters."""
    found = [" ".join("".join(element.itertext()).split()) for element in ET.parse(svg).iter(f"{SVG}text")]
    for text in texts:
        # matplotlib writes an element a line.
        for line in text.split("\n"):
            assert " ".join(line.split()) in found, f"{line!r} is no text of {svg}"


@pytest.fixture(autouse=True)
def _closed():
    charts.apply_style()
    yield
    plt.close("all")


CLASSES = [to_hex(colour) for colour in mpl.colormaps["viridis"](np.linspace(0.05, 0.95, 9))]


def sheet(size="half", dpi=100):
    """Draw an invented picture: nine areas, a hatch of dots, texts, lines of many shades, and an image."""
    figure = plt.figure(figsize=publishing.SIZES[size], dpi=dpi)
    axes = figure.add_axes((0.05, 0.05, 0.9, 0.9))
    axes.set(xlim=(0, 9), ylim=(0, 9))
    for number, colour in enumerate(CLASSES):
        axes.add_patch(plt.Rectangle((number + 0.1, 1), 0.8, 1, facecolor=colour, gid=f"class-{number}"))
    axes.add_patch(plt.Rectangle((0.1, 3), 2, 1, facecolor="white", hatch="......"))
    for number, name in enumerate(NAMES):
        axes.text(0.2, 5 + 0.6 * number, name, weight="bold" if number % 2 else "normal")
    # A ramp of lines and a photograph's worth of shades: more colours than a palette holds.
    for number, colour in enumerate(mpl.colormaps["plasma"](np.linspace(0, 1, 200))):
        axes.plot([4 + number / 50, 3 + number / 40], [4, 8], color=colour, linewidth=0.7)
    axes.imshow(np.outer(np.arange(30), np.arange(20)), extent=(6, 8, 2.2, 3.6), aspect="auto", zorder=3)
    return figure


ALT, CAPTION, TITLE = 'Mô tả "a" & <b> của Thừa Thiên Huế', "Chú thích <i>", "Bản đồ của Đắk Lắk"


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """The invented picture in every format."""
    charts.apply_style()
    return publish(sheet(), tmp_path_factory.mktemp("every"), "map_x", ALT, CAPTION, TITLE, EVERY)


# --- PNG ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "page", "printed"),
    [
        ("page", (1260, 1640), (1890, 2460)),
        ("half", (1260, 880), (1890, 1320)),
        ("slide", (2000, 1125), (3000, 1688)),
    ],
)
def test_pixels_and_their_density(tmp_path, size, page, printed):
    done = publish(sheet(size), tmp_path, "x", "alt", formats=("png", "print"))
    with Image.open(done.png) as picture, Image.open(done.files["print"]) as large:
        assert (picture.size, picture.mode) == (page, "P")
        # 5.625 inches are 1687.5 pixels: either side is right.
        assert np.abs(np.subtract(large.size, printed)).max() <= 1 and large.mode == "RGB"
        assert picture.info["dpi"] == pytest.approx((200, 200), abs=0.01)
        assert large.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    assert done.files["print"].name == "x_print.png"


def test_areas_keep_their_colours_and_the_rest_is_hardly_changed(tmp_path):
    reference = io.BytesIO()
    sheet().savefig(reference, format="png", dpi=200)
    full = np.asarray(Image.open(reference).convert("RGB")).astype(int)
    done = publish(sheet(), tmp_path, "x", "alt")
    with Image.open(done.png) as picture:
        assert len(picture.getcolors()) > 200
        drawn = np.asarray(picture.convert("RGB")).astype(int)
    assert len(Image.fromarray(full.astype("u1")).getcolors(2**24)) > 1000, "no palette holds them all"
    for colour in CLASSES:
        wanted = np.rint(np.array(to_rgb(colour)) * 255).astype(int)
        area = (full == wanted).all(axis=2)
        assert area.sum() > 5_000
        assert (drawn[area] == wanted).all()
    difference = np.abs(drawn - full).max(axis=2)
    assert difference.max() <= 40 and difference.mean() < 3
    assert done.png.stat().st_size < 0.6 * len(reference.getvalue())


def _opaque(pixels):
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, dtype="u1")])


@settings(max_examples=30, deadline=None)
@given(
    colours=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=256, unique=True),
    width=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_palette_of_few_colours_loses_nothing(colours, width, seed):
    chosen = np.random.default_rng(seed).integers(len(colours), size=(30, width))
    pixels = np.array(colours, dtype="u1")[chosen]
    indexed = publishing._paletted(_opaque(pixels))
    assert (np.asarray(indexed.convert("RGB")) == pixels).all()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.integers(40, 255), areas=st.integers(1, 192))
def test_a_palette_keeps_the_colours_of_areas_among_many(seed, spread, areas):
    pixels = np.random.default_rng(seed).integers(0, spread + 1, size=(192, 240, 3)).astype("u1")
    pixels[:areas, :200] = [[(number, 255 - number, number // 2)] for number in range(areas)]
    indexed = np.asarray(publishing._paletted(_opaque(pixels)).convert("RGB"))
    assert (indexed[:areas, :200] == pixels[:areas, :200]).all()
    assert len(Image.fromarray(indexed).getcolors()) <= 256


# --- SVG ---------------------------------------------------------------------------------------------------


def test_a_drawing_has_title_description_and_real_text(every):
    root = ET.parse(every.svg).getroot()
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert (title.text, description.text) == (TITLE, ALT)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert_real_text(every.svg, NAMES)
    assert root.get("font-family") == "DejaVu Sans, Verdana, sans-serif"
    assert every.svg.read_text(encoding="utf-8").count("font-family") == 1, "nothing says otherwise"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_letters_drawn_as_outlines_are_noticed(tmp_path):
    figure = plt.figure()
    text = figure.text(0.5, 0.5, "Huế")
    text.set_path_effects([patheffects.withStroke(linewidth=2, foreground="white")])
    done = publish(figure, tmp_path, "x", "alt")
    with pytest.raises(AssertionError, match="'Huế' is no text"):
        assert_real_text(done.svg, ["Huế"])


def test_shorter_numbers_are_where_the_long_ones_were(tmp_path):
    rng = np.random.default_rng(5)
    ring = rng.uniform(0, 1, (400, 2))
    figure = plt.figure(figsize=(6, 5))
    patch = plt.Polygon(ring, transform=figure.transFigure, gid="province-01")
    figure.add_artist(patch)
    done = publish(figure, tmp_path, "x", "alt")
    (drawn,) = ET.parse(done.svg).getroot().findall(f".//{SVG}g[@id='province-01']/{SVG}path")
    ((found, closed),) = points(drawn.get("d"))
    # A long outline: tenths of a point, however many steps there are before.
    assert closed and found[:400] == pytest.approx(
        np.column_stack([ring[:, 0] * 432, (1 - ring[:, 1]) * 360]), abs=0.0501
    )


@pytest.mark.parametrize("hatch", [".", "oo", "*", "//"])
def test_dots_of_a_hatch_are_where_matplotlib_has_them(tmp_path, hatch):
    figure = plt.figure()
    figure.add_artist(plt.Rectangle((0, 0), 1, 1, hatch=hatch, transform=figure.transFigure))
    done = publish(figure, tmp_path, "x", "alt")
    (drawn,) = ET.parse(done.svg).getroot().findall(f".//{SVG}pattern/{SVG}path")
    path = mpath.Path.hatch(hatch, 6)
    starts = np.flatnonzero(path.codes == mpath.Path.MOVETO)
    # The last vertex of a part closes it and has no place.
    parts = [part[:-1] * 72 for part in np.split(path.vertices, starts[1:])]
    told = commands(drawn.get("d"))
    assert sum(letter in "Mm" for letter, _ in told) == len(parts)
    circles = [
        [*start, *first, *second]
        for (_, start), (letter, first), (_, second) in zip(told, told[1:], told[2:], strict=False)
        if letter == "a" and len(start) == 2
    ]
    circles = np.array(circles, dtype=float)
    # The second half of the parts of "o" are holes, which are no true circles.
    round_ = {".": parts, "o": parts[::2]}.get(hatch[0], [])
    assert len(circles) == len(round_)
    if round_:
        x, low, *radii = circles.T[[0, 1, 2, 3, 9, 10]]
        up, down = circles.T[[8, 15]]
        assert (up == -down).all() and (up < 0).all()
        for radius in radii:
            assert radius == pytest.approx([np.ptp(part[:, 0]) / 2 for part in round_], abs=0.011)
        # A hatch counts upwards, an SVG downwards.
        centres = [(part.min(axis=0) + part.max(axis=0)) / 2 for part in round_]
        assert x == pytest.approx([centre[0] for centre in centres], abs=0.011)
        assert low + up / 2 == pytest.approx([72 - centre[1] for centre in centres], abs=0.016)


def test_dense_dots_are_repeated_by_a_smaller_tile(tmp_path):
    figure = plt.figure()
    figure.add_artist(plt.Rectangle((0, 0), 1, 1, hatch="......", transform=figure.transFigure))
    done = publish(figure, tmp_path, "x", "alt")
    (pattern,) = ET.parse(done.svg).getroot().findall(f".//{SVG}pattern")
    assert pattern.get("width") == pattern.get("height") == "12"
    path = mpath.Path.hatch("......", 6)
    parts = np.split(path.vertices, np.flatnonzero(path.codes == mpath.Path.MOVETO)[1:])
    # A hatch counts upwards, an SVG downwards.
    centres = [(part[:-1].min(axis=0) + part[:-1].max(axis=0)) * 36 for part in parts]
    expected = {(round(x, 2) % 12, round(72 - y, 2) % 12) for x, y in centres}
    told = commands(pattern.find(f"{SVG}path").get("d"))
    drawn = [
        (*numbers, after[0]) for (letter, numbers), (_, after) in itertools.pairwise(told) if letter == "M"
    ]
    found = {(round(x, 2), round(low - radius, 2)) for x, low, radius in drawn}
    # All that the tile holds, and no other; those on its edges are on both sides.
    assert {(x % 12, y % 12) for x, y in found} == expected
    assert {x for x, _ in found} >= {0, 12} and {y for _, y in found} >= {0, 12}
    assert len(found) * 20 < len(centres)


def test_the_densest_dots_keep_a_drawing_small(every):
    assert every.svg.stat().st_size < 200_000


# --- PDF ---------------------------------------------------------------------------------------------------


def test_a_pdf_has_its_words_size_and_no_date(every):
    with pdfplumber.open(every.files["pdf"]) as document:
        assert document.metadata == {"Title": TITLE, "Subject": ALT}
        (page,) = document.pages
        assert (page.width, page.height) == pytest.approx((453.6, 316.8))
        # To the right, lines of the picture stand in the way of words.
        written = page.crop((0, 0, 190, 316)).extract_text()
    for name in NAMES:
        assert name in written


@pytest.mark.skipif(not shutil.which("pdffonts"), reason="pdffonts (poppler-utils) is not installed")
def test_fonts_are_inside_a_pdf_as_subsets(every):
    told = subprocess.run(["pdffonts", every.files["pdf"]], capture_output=True, text=True, check=True).stdout
    fonts = [line.split() for line in told.splitlines()[2:]]
    assert {font[0].split("+")[1] for font in fonts} == {"DejaVuSans", "DejaVuSans-Bold"}
    for font in fonts:
        # name, type in two words, encoding, embedded, subset, text can be read back
        assert font[1:3] == ["CID", "TrueType"] and font[4:7] == ["yes", "yes", "yes"]


# --- sets of files -----------------------------------------------------------------------------------------


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_are_the_same_in_every_process(every, tmp_path):
    code = (
        "from test_publishing import *; charts.apply_style(); "
        f"publish(sheet(dpi=150), {str(tmp_path)!r}, 'map_x', ALT, CAPTION, TITLE, EVERY[::-1])"
    )
    apart = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.path.dirname(__file__)}
    subprocess.run([sys.executable, "-c", code], env=apart, check=True)
    here = _bytes(every.png.parent)
    assert sorted(here) == ["map_x.pdf", "map_x.png", "map_x.svg", "map_x_print.png"]
    assert here == _bytes(tmp_path), "neither the process nor the order of formats matters"


def test_a_format_that_fails_leaves_the_files_of_the_last_run(tmp_path, monkeypatch):
    publish(plt.figure(), tmp_path, "x", "alt", "the old set", formats=EVERY)
    before = _bytes(tmp_path)
    figure = plt.figure(facecolor="navy")
    save = figure.savefig

    def failing(target, *, format, **options):
        if format == "pdf":
            raise RuntimeError("no fonts")
        save(target, format=format, **options)

    figure.savefig = failing
    with pytest.raises(RuntimeError, match="no fonts"):
        publish(figure, tmp_path, "x", "alt", formats=EVERY)
    assert _bytes(tmp_path) == before
    assert not plt.fignum_exists(figure.number), "the figure is closed all the same"

    write = publishing.Path.write_bytes

    def full(path, data):
        if path.suffix == ".pdf":
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(publishing.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        publish(plt.figure(facecolor="navy"), tmp_path, "x", "alt", formats=EVERY)
    assert _bytes(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ("png", "tiff")}, "format 'tiff' is not known; choose among png, svg, print, pdf"),
        ({"formats": ("print", "pdf")}, "add 'svg' to the formats"),
        ({"alt": "  "}, "figure x has no alternative text"),
        ({"name": "../x"}, "figure '../x': a name has letters"),
    ],
)
def test_what_cannot_be_published_is_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        publish(plt.figure(), tmp_path, **{"name": "x", "alt": "alt", **options})
    assert list(tmp_path.iterdir()) == []


# --- the page ----------------------------------------------------------------------------------------------


def test_the_picture_of_the_page_has_its_size_and_words(every):
    shown = every._repr_html_()
    assert f'width="605" height="422" alt="{html.escape(ALT)}"' in shown
    assert "<figcaption>Chú thích &lt;i&gt;</figcaption>" in shown
    address = re.search('src="([^"]*)"', shown)[1]
    assert address.startswith("data:image/svg+xml,<".replace("<", "%3C"))
    assert f'data-title="{html.escape(TITLE)}"' in shown


def test_the_address_of_a_drawing_is_the_drawing(every):
    """Read back as the URL standard has it; quotes of attributes may be of the other kind."""
    address = publishing.drawing_address(every.svg.read_bytes())
    assert not re.search(r"[^!$&'()*+,\-./:;=?@_~%A-Za-z0-9\u00a0-\U0010fffd]", address), (
        "URL code points alone"
    )
    read = unquote_to_bytes(address.removeprefix("data:image/svg+xml,"))
    assert ET.canonicalize(read.decode()) == ET.canonicalize(every.svg.read_text(encoding="utf-8"))


def test_a_picture_without_a_drawing_is_shown_in_pixels(tmp_path):
    done = publish(sheet(), tmp_path, "x", "alt", formats="png")
    kind, data = re.search('src="data:image/(webp|png);base64,([^"]*)"', done._repr_html_()).groups()
    with Image.open(io.BytesIO(base64.b64decode(data))) as inside, Image.open(done.png) as written:
        assert inside.format.lower() == kind
        assert (np.asarray(inside.convert("RGB")) == np.asarray(written.convert("RGB"))).all()
    assert (
        base64.b64decode(data) == done.png.read_bytes()
        or len(base64.b64decode(data)) < done.png.stat().st_size
    )


def test_a_drawing_of_more_room_than_its_pixels_gives_way_to_them(tmp_path):
    figure = plt.figure(figsize=(4, 4))
    rng = np.random.default_rng(3)
    # Twenty thousand short lines, one above the other: pixels do not count them.
    figure.add_artist(plt.Polygon(rng.uniform(0.4, 0.6, (40_000, 2)), transform=figure.transFigure))
    done = publish(figure, tmp_path, "x", "alt")
    assert 'src="data:image/webp;base64,' in done._repr_html_() or "image/png" in done._repr_html_()
    assert done.shown.endswith("x.svg"), "the better copy all the same"


def test_a_drawing_alone_costs_no_pixels(tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "_pixels", None)
    done = publish(sheet(), tmp_path, "x", "A sheet: nine areas.", formats="svg")
    assert [path.name for path in tmp_path.iterdir()] == ["x.svg"] and done.png is None
    assert done.title == "A sheet"


def test_the_front_page_finds_words_and_a_small_picture(every):
    assert front_pages._described(every.svg) == (TITLE, ALT)
    small = embedding.small_picture(every.png)
    assert (small["width"], small["height"]) == (480, 335)
    with Image.open(io.BytesIO(base64.b64decode(small["data"]))) as picture:
        middle = picture.convert("RGB").getpixel(
            (round(480 * (0.05 + 0.9 * 8.5 / 9)), round(335 * (0.95 - 0.9 * 1.5 / 9)))
        )
    assert np.abs(np.subtract(middle, np.array(to_rgb(CLASSES[-1])) * 255)).max() < 10


# --- captions ----------------------------------------------------------------------------------------------


def _both(text):
    return {"en": text, "vi": f"{text}, Đắk Lắk"}


def test_captions_are_a_table_in_both_languages(tmp_path):
    path = tmp_path / "figures" / "captions.csv"
    write_captions(path, [Caption(name, _both("T"), _both('A "b"\nc'), _both("C")) for name in ("b", "a")])
    assert not path.read_bytes().startswith(b"\xef\xbb\xbf"), "as all tables of the project"
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    assert list(rows[0]) == ["figure", "title_en", "title_vi", "alt_en", "alt_vi", "credit_en", "credit_vi"]
    assert [row["figure"] for row in rows] == ["b", "a"]
    assert (rows[0]["alt_en"], rows[0]["title_vi"]) == ('A "b"\nc', "T, Đắk Lắk")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"figure": "a"}, "captions.csv: figure a has two captions"),
        ({"figure": " "}, "names no figure"),
        ({"alt": {"en": "A"}}, "figure b has no alt in 'vi'; write one"),
        ({"credit": {"en": " ", "vi": "C"}}, "figure b has no credit in 'en'"),
        ({"title": {**_both("T"), "fr": "T"}}, "figure b has a title in 'fr'; the languages are en, vi"),
    ],
)
def test_captions_with_gaps_are_refused_and_the_old_ones_stay(tmp_path, changed, message):
    texts = {"title": _both("T"), "alt": _both("A"), "credit": _both("C")}
    path = tmp_path / "captions.csv"
    write_captions(path, [Caption("a", **texts)])
    before = path.read_bytes()
    with pytest.raises(ValueError, match=re.escape(message)):
        write_captions(path, [Caption("a", **texts), Caption(**{"figure": "b", **texts, **changed})])
    assert path.read_bytes() == before
