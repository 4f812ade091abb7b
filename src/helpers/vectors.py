"""Drawings written short: an SVG of matplotlib that looks the same in half the room."""

import functools
import re

import lxml.etree
import numpy as np

SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
# DejaVu Sans and Verdana have nearly the same widths: where the first is not installed, lines keep theirs.
FAMILIES = "DejaVu Sans, Verdana, sans-serif"
# What no XML may hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBER = r"-?\d+\.?\d*"
# Names that matplotlib gives by itself, and identifiers that it makes of hashes.
_OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]*_\d+")
_HASH = re.compile(r"\b([mphC])[0-9a-f]{10}(_\w+)?\b")
# A second decimal point begins a second number.
_TWO_POINTS = re.compile(r"(?:(?<=\.\d)|(?<=\.\d\d)),(?=\.)")
_CURVED = re.compile(r"[^MLz\d.\s-]")
_BLANKS = str.maketrans("MLz", "   ")
# Hundredths of a point: long outlines are written in tenths, which is finer than any line of theirs.
_COARSE, _LONG, _WIDE = 10, 8, 300


def compact(written, name, title, description):
    """
    Write a drawing of matplotlib short, and give it a title and a description.

    Coordinates are rounded to hundredths of a point (those of long outlines to tenths, 0.035 mm), counted
    from one to the next; equal styles become classes; groups and clips that do nothing are left out. Texts
    stay texts, and groups keep the identifiers that artists were given.

    Parameters
    ----------
    written : str
        SVG as `matplotlib.backends.backend_svg` writes it.
    name : str
        What the identifiers of title and description begin with.
    title, description : str

    Returns
    -------
    bytes
        UTF-8, without a line break between elements; equal for equal arguments.
    """
    patterns = re.compile(r"<pattern\b.*?</pattern>", re.DOTALL)
    written = patterns.sub(lambda found: _with_arcs(found[0]), _CONTROL.sub("", written))
    # matplotlib's own comments and the type of document say nothing that a reader of SVG needs.
    parser = lxml.etree.XMLParser(
        remove_comments=True,
        remove_blank_text=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
    )
    root = lxml.etree.fromstring(written.encode(), parser)
    for about in root.findall(f"{SVG}metadata"):
        root.remove(about)
    _describe(root, name, _CONTROL.sub("", title), _CONTROL.sub("", description))
    _unwrap(root)
    for text in root.iter(f"{SVG}text", f"{SVG}tspan"):
        _place(text)
    for element in root.iter(f"{SVG}text", f"{SVG}tspan", f"{SVG}use", f"{SVG}rect", f"{SVG}image"):
        for key in ("x", "y", "width", "height"):
            if key in element.attrib:
                element.set(key, re.sub(_NUMBER, lambda found: _short(found[0]), element.get(key)))
    _write_paths(root)
    _classify(root)
    _rename(root)
    return lxml.etree.tostring(root, encoding="unicode").encode()


def _describe(root, name, title, description):
    ids = [f"{name}-title", f"{name}-description"]
    root.attrib.pop("version", None)
    root.set("role", "img")
    root.set("aria-labelledby", " ".join(ids))
    root.set("font-family", FAMILIES)
    for place, (tag, ident, text) in enumerate(
        zip(("title", "desc"), ids, (title, description), strict=True)
    ):
        element = lxml.etree.Element(f"{SVG}{tag}", id=ident)
        element.text = text
        root.insert(place, element)


# --- groups, clips, styles --------------------------------------------------------------------------------


def _unwrap(root):
    """Take groups away that draw nothing, have no name but matplotlib's own, or one that was there before."""
    known = set()
    for group in list(root.iter(f"{SVG}g")):
        name = group.get("id", "")
        if name and (_OWN_NAME.fullmatch(name) or name in known):
            del group.attrib["id"]
        known.add(name)
    # From the inside out: a group that held nothing but empty groups is empty.
    for group in reversed(list(root.iter(f"{SVG}g"))):
        parent = group.getparent()
        if len(group) and group.attrib:
            continue
        place = parent.index(group)
        parent[place : place + 1] = list(group)


def _place(text):
    """Write where a text stands without a turn that turns nothing."""
    turned = text.get("transform", "")
    if re.fullmatch(r"rotate\(-?0(?:\.0*)? \S+ \S+\)", turned):
        del text.attrib["transform"]
    elif "x" not in text.attrib and (found := re.fullmatch(rf"translate\(({_NUMBER}) ({_NUMBER})\)", turned)):
        del text.attrib["transform"]
        text.set("x", found[1])
        text.set("y", found[2])


def _classify(root):
    """Write each style once, as a class."""
    names = {}
    for element in root.iter():
        style = element.attrib.pop("style", None)
        if style is None:
            continue
        parts = (part.partition(":") for part in style.split(";"))
        said = {key.strip(): re.sub(r"(?<![\w#.])0(?=\.\d)", "", value.strip()) for key, _, value in parts}
        if said.get("text-anchor") == "start":
            del said["text-anchor"]
        if said.get("font-family") in ("'DejaVu Sans'", FAMILIES):
            del said["font-family"]
        rule = ";".join(f"{key}:{value}" for key, value in said.items() if key)
        if rule:
            element.set("class", names.setdefault(rule, _letters(len(names))))
    sheet = next(root.iter(f"{SVG}style"))
    sheet.attrib.pop("type", None)
    rules = "".join(f".{name}{{{rule}}}" for rule, name in names.items())
    sheet.text = sheet.text.replace(": ", ":").replace("; ", ";").strip() + rules


def _letters(number):
    """Count a, b, ... z, aa, ab, ..."""
    written = ""
    number += 1
    while number:
        number, place = divmod(number - 1, 26)
        written = chr(ord("a") + place) + written
    return written


def _rename(root):
    """Number clips, hatches and marks; matplotlib names them by hashes of ten digits."""
    taken, names = {element.get("id") for element in root.iter()}, {}

    def short(found):
        if found[0] not in names:
            number = len(names) + 1
            while f"{found[1]}{number}" in taken:
                number += 1
            names[found[0]] = f"{found[1]}{number}"
            taken.add(names[found[0]])
        return names[found[0]]

    hashes = {name for name in taken if name and _HASH.fullmatch(name)}

    def written_short(text):
        return _HASH.sub(lambda found: short(found) if found[0] in hashes else found[0], text)

    for element in root.iter():
        for key in ("id", "clip-path", _LINK):
            if key in element.attrib:
                element.set(key, written_short(element.get(key)))
        if element.tag == f"{SVG}style":
            element.text = written_short(element.text)


# --- paths ------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1 << 16)
def _short(number):
    """Write a number in hundredths at most: 12.50 as 12.5, -0.31 as -.31."""
    return _hundredths(round(float(number) * 100))


@functools.lru_cache(maxsize=1 << 16)
def _hundredths(count):
    """Write a whole number of hundredths."""
    whole, part = divmod(abs(count), 100)
    digits = f"{part:02d}".rstrip("0")
    return ("-" if count < 0 else "") + (f"{whole or ''}.{digits}" if digits else str(whole))


def _tight(written):
    """Leave commas out where something else parts two numbers."""
    return _TWO_POINTS.sub("", written).replace(",-", "-")


def _write_paths(root):
    """Write paths short, those of lines as steps from point to point, and without clips that cut nothing."""
    drawn = {path: path.get("d", "") for path in root.iter(f"{SVG}path")}
    for path in [path for path, d in drawn.items() if _CURVED.search(d) or "M" not in d]:
        path.set("d", _shortened(drawn.pop(path)))
    if not drawn:
        return
    # All at once: a map has a thousand outlines, most of them of a few points.
    parts = [d.split("M")[1:] for d in drawn.values()]
    lengths = np.array([part.count("L") + 1 for of_path in parts for part in of_path])
    closed = np.array(["z" in part for of_path in parts for part in of_path])
    begins, heads = _begins(lengths), _begins([len(of_path) for of_path in parts])
    points = np.array("".join(drawn.values()).translate(_BLANKS).split(), dtype=float).reshape(-1, 2)
    low, high = (extreme.reduceat(points, begins[heads]) for extreme in (np.minimum, np.maximum))
    _free(root, list(drawn), low, high)
    steps = _steps(points, begins, lengths, closed, heads)
    numbers = list(map(_hundredths, steps.ravel().tolist()))
    pairs = [f"{x},{y}" for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    written = []
    for begin, length, ends in zip(begins.tolist(), lengths.tolist(), closed.tolist(), strict=True):
        line = ",".join(pair for pair in pairs[begin + 1 : begin + length] if pair != "0,0")
        written.append(f"m{pairs[begin]}{'l' if line else ''}{line}{'z' if ends else ''}")
    for path, begin, count in zip(drawn, heads.tolist(), map(len, parts), strict=True):
        # The first start of a path is a place, whatever the case of its letter.
        path.set("d", "M" + _tight("".join(written[begin : begin + count]))[1:])


def _begins(lengths):
    return np.cumsum(lengths) - lengths


def _steps(points, begins, lengths, closed, heads):
    """
    Count points from one to the next, in hundredths of a point.

    Parameters
    ----------
    points : numpy.ndarray, shape (points, 2)
    begins, lengths, closed : numpy.ndarray
        Of each part: number of its first point, how many it has, and whether it returns to the first.
    heads : numpy.ndarray
        Of each path: number of its first part.

    Returns
    -------
    numpy.ndarray of int, shape (points, 2)
        From the point before; of the first of a part from where the part before left the pen, and of the
        first of a path from the upper left corner of the drawing.
    """
    places = np.rint(points * 100).astype(int)
    extent = np.maximum.reduceat(places, begins) - np.minimum.reduceat(places, begins)
    coarse = np.repeat((lengths > _LONG) & (extent.max(axis=1) > _WIDE), lengths)
    places[coarse] = np.rint(points[coarse] * (100 / _COARSE)).astype(int) * _COARSE
    steps = np.diff(places, axis=0, prepend=[[0, 0]])
    pen = np.roll(places[np.where(closed, begins, begins + lengths - 1)], 1, axis=0)
    pen[heads] = 0
    steps[begins] = places[begins] - pen
    return steps


def _free(root, paths, low, high):
    """Take clips away from paths that lie, with their lines, inside of them."""
    boxes = {}
    for clip in root.iter(f"{SVG}clipPath"):
        if len(clip) == 1 and clip[0].tag == f"{SVG}rect":
            x, y, width, height = (float(clip[0].get(key)) for key in ("x", "y", "width", "height"))
            boxes[f"url(#{clip.get('id')})"] = (x, y, x + width, y + height)
    for path, (left, top), (right, bottom) in zip(paths, low.tolist(), high.tolist(), strict=True):
        box = boxes.get(path.get("clip-path"))
        if box is None or any("transform" in above.attrib for above in (path, *path.iterancestors())):
            continue
        width = re.search(rf"stroke-width: ({_NUMBER})", path.get("style", ""))
        # A mitre reaches four half widths of its line from the corner.
        reach = 2 * (float(width[1]) if width else 1)
        inside = (left - box[0], top - box[1], box[2] - right, box[3] - bottom)
        if min(inside) >= reach:
            del path.attrib["clip-path"]


def _shortened(d):
    """Write the numbers of a path short, and nothing between them that need not be there."""
    return "".join(
        letter + _tight(",".join(map(_short, re.findall(_NUMBER, numbers))))
        for letter, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", d)
    )


# --- hatches ----------------------------------------------------------------------------------------------

# The circle of matplotlib: from its lowest point by eight curves, the second of which stops at its right end.
_CURVE = r"C \S+ \S+ \S+ \S+ {0}\S+{1} {0}\S+{1} \n"
_PASSED, _KEPT = _CURVE.format("", ""), _CURVE.format("(", ")")
_CIRCLE = re.compile(rf"M (\S+) (\S+) \n{_PASSED}{_KEPT}(?:{_PASSED}){{6}}z")


@functools.lru_cache(maxsize=64)
def _with_arcs(pattern):
    """Write the dots of a hatch as arcs: as curves, the densest make a tile of 600 kB."""

    def circle(curves):
        x, low, right, middle = (float(number) for number in curves.groups())
        radius = right - x
        if abs(low - middle - radius) > 0.005:
            # The hole of a ring, which matplotlib draws by a path that is no true circle.
            return curves[0]
        across = f"a{radius:.2f} {radius:.2f} 0 1 0 0"
        return f"M {x:.2f} {low:.2f}{across} {-2 * radius:.2f}{across} {2 * radius:.2f}z"

    return _without_repeats(_CIRCLE.sub(circle, pattern))


# Points of a side: of the tile of any hatch of matplotlib, and of a smaller one that dense dots repeat.
_WHOLE, _PART = 72, 12
_DOT = re.compile(r"M (\S+) ([\d.-]+)(a([\d.]+) .*?z)")


def _without_repeats(pattern):
    """Keep of the dots of a hatch those of a small tile, if it holds nothing but dots that repeat in it."""
    path = re.search(r' d="([^"]*)"', pattern)
    if path is None or _DOT.sub("", path[1]).strip():
        return pattern
    dots = [(float(x), float(low) - float(r), arcs) for x, low, arcs, r in _DOT.findall(path[1])]
    every = {(round(x % _WHOLE, 2) % _WHOLE, round(y % _WHOLE, 2) % _WHOLE) for x, y, _ in dots}
    part = {(round(x % _PART, 2) % _PART, round(y % _PART, 2) % _PART) for x, y in every}
    if not dots or len(every) != len(part) * (_WHOLE // _PART) ** 2:
        return pattern
    arcs, radius = dots[0][2], float(_DOT.search(path[1])[4])
    reach = (0, _PART)
    kept = [(x + i, y + j) for x, y in sorted(part) for i in reach for j in reach]
    drawn = "".join(f"M {x:.2f} {y + radius:.2f}{arcs}" for x, y in kept if max(x, y) <= _PART + radius)
    sides = f'width="{_WHOLE}" height="{_WHOLE}"', f'width="{_PART}" height="{_PART}"'
    return pattern.replace(path[0], f' d="{drawn}"').replace(*sides, 1)
