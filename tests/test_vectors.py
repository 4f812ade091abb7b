"""Short drawings: every point where matplotlib has it, the same to look at, names and texts kept."""

import io
import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from browser import needs_browser
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from outlines import points
from PIL import Image

from helpers import vectors

mpl.use("agg")
SVG = "{http://www.w3.org/2000/svg}"
SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
HEAD = f"<svg {SPACES}><defs><style>*{{}}</style>"


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def written(figure):
    """Write a figure as matplotlib does."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "x"}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def compact(body, name="x", title="T", description="D"):
    """Write elements short that stand in a drawing: the root of what comes of it."""
    return ET.fromstring(vectors.compact(f"{HEAD}</defs>{body}</svg>", name, title, description))


def invented():
    """An invented map: outlines that a window cuts, an islet, marks, a hatch, a dashed line, turned words."""
    rng = np.random.default_rng(8)
    figure = plt.figure(figsize=(5, 5))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set(xlim=(0, 100), ylim=(0, 100))
    turns = np.linspace(0, 2 * np.pi, 200)
    for number, (x, y) in enumerate([(20, 20), (60, 30), (95, 70), (40, 75)]):
        radius = 12 + rng.uniform(-1, 1, 200)
        ring = np.column_stack([x + radius * np.cos(turns), y + radius * np.sin(turns)])
        axes.add_patch(plt.Polygon(ring, facecolor=f"C{number}", edgecolor="white", gid=f"province-{number}"))
    axes.add_patch(plt.Rectangle((5, 40), 20, 10, hatch="....", facecolor="none"))
    axes.add_patch(plt.Circle((80, 10), 0.4))
    axes.plot(rng.uniform(0, 100, 30), rng.uniform(0, 100, 30), "o", markersize=4)
    axes.plot([0, 100], [0, 100], linewidth=0.5, linestyle="--")
    axes.text(50, 50, "Thừa Thiên <Huế>", rotation=30, color="#444444")
    axes.set_ylabel("Điểm & hạng")
    return figure


@needs_browser
def test_a_short_drawing_looks_as_the_long_one(chromium, tmp_path):
    long = written(invented())
    short = vectors.compact(long, "x", "T", "D")
    assert len(short) < 0.6 * len(long.encode())
    (tmp_path / "long.svg").write_text(long, encoding="utf-8")
    (tmp_path / "short.svg").write_bytes(short)
    page = chromium.new_page(viewport={"width": 480, "height": 480}, device_scale_factor=2)
    seen = []
    for name in ("long", "short"):
        page.goto((tmp_path / f"{name}.svg").as_uri())
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        seen.append(np.asarray(picture).astype(int))
    page.close()
    assert seen[0].min() < 100, "something was drawn"
    difference = np.abs(seen[0] - seen[1]).max(axis=2)
    # At edges a twentieth of a point shows as a shade; nothing is elsewhere, or missing.
    assert difference.mean() < 0.6 and (difference > 128).mean() < 0.0005


coordinates = st.floats(0, 500, width=32).map(lambda number: round(number, 6))
rings = st.lists(
    st.tuples(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=30), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(paths=st.lists(rings, min_size=1, max_size=3))
def test_every_point_is_where_it_was(paths):
    def path(parts):
        lines = ("L".join(f"{x:f} {y:f} \n" for x, y in places) for places, _ in parts)
        return "".join(f"M {line}{'z' * closed}\n" for line, (_, closed) in zip(lines, parts, strict=True))

    root = compact("".join(f'<path d="{path(parts)}"/>' for parts in paths))
    for element, parts in zip(root.iter(f"{SVG}path"), paths, strict=True):
        found = points(element.get("d"))
        assert [closed for _, closed in found] == [closed for _, closed in parts]
        for (places, _), (expected, _) in zip(found, parts, strict=True):
            expected = np.array(expected)
            allowed = 0.0501 if len(expected) > 8 else 0.00501
            # Points that fall together are written once.
            for one, other in ((places, expected), (expected, places)):
                apart = np.abs(one[:, None] - other[None]).max(axis=2).min(axis=1)
                assert apart.max() <= allowed
            assert np.abs(places[0] - expected[0]).max() <= allowed


def test_an_islet_keeps_hundredths():
    root = compact('<path d="M 10.01 10.01L 10.06 10.02L 10.03 10.07z"/>')
    ((places, _),) = points(root.find(f"{SVG}path").get("d"))
    assert places == pytest.approx(np.array([[10.01, 10.01], [10.06, 10.02], [10.03, 10.07]]))


def test_names_of_artists_stay_and_those_of_matplotlib_go():
    root = ET.fromstring(vectors.compact(written(invented()), "x", "T", "D"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert {f"province-{number}" for number in range(4)} <= set(ids)
    assert len(ids) == len(set(ids))
    assert not [name for name in ids if re.fullmatch(r"\w+_\d+|[a-z][0-9a-f]{10}", name)]
    used = set(re.findall(r"#([\w-]+)\)", ET.tostring(root, encoding="unicode")))
    links = {element.get("{http://www.w3.org/1999/xlink}href", "")[1:] for element in root.iter(f"{SVG}use")}
    assert used | links and used | links <= set(ids)


def test_only_clips_that_cut_nothing_go():
    clip = '<clipPath id="p0123456789"><rect x="10" y="10" width="80" height="80"/></clipPath>'
    style = 'clip-path="url(#p0123456789)" style="fill: none; stroke-width: 2"'
    root = compact(
        f'{clip}<path id="in" {style} d="M 14 14L 86 86"/><path id="near" {style} d="M 13.9 14L 86 86"/>'
        f'<path id="out" {style} d="M 0 0L 50 50"/><path id="bare" d="M 0 0L 50 50"/>'
        f'<g transform="scale(2)"><path id="moved" {style} d="M 20 20L 60 60"/></g>'
    )
    clipped = {path.get("id") for path in root.iter(f"{SVG}path") if path.get("clip-path")}
    assert clipped == {"near", "out", "moved"}


def test_texts_stand_where_they_stood():
    root = compact(
        '<text x="1.234567" y="2.5" transform="rotate(-0 1.234567 2.5)" style="text-anchor: start">a</text>'
        '<text transform="translate(3.14159 0.5)" style="text-anchor: end; '
        "font-family: 'DejaVu Sans'\">b</text>"
        '<text x="1" y="2" transform="rotate(-90 1 2)">c  d</text>'
    )
    first, second, third = root.iter(f"{SVG}text")
    assert (first.attrib, first.text) == ({"x": "1.23", "y": "2.5"}, "a")
    assert (second.get("x"), second.get("y"), second.get("transform")) == ("3.14", ".5", None)
    assert root.find(f".//{SVG}style").text.endswith(f".{second.get('class')}{{text-anchor:end}}")
    assert (third.get("transform"), third.text) == ("rotate(-90 1 2)", "c  d")


@pytest.mark.parametrize(
    "text", ['<script>alert("1")</script>', "a & b", "'=1+1'", "\u202eabc", "x\x00\x0by]]>"]
)
def test_hostile_words_are_words(text):
    figure = plt.figure(figsize=(2, 2))
    figure.text(0.1, 0.5, text.replace("\x00", "").replace("\x0b", ""), parse_math=False)
    root = ET.fromstring(vectors.compact(written(figure), "x", text, text))
    plain = re.sub("[\x00\x0b]", "", text)
    assert (root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text) == (plain, plain)
    assert plain in ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    assert not list(root.iter(f"{SVG}script"))
