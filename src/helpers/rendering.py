"""Renderers that draw exactly what those of matplotlib draw, but do once what these do again and again."""

import functools
import io
import pathlib

import numpy as np
from matplotlib import cbook
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font, LoadFlags, RenderMode
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, TransformedPath

# Points of a closed rectangle.
_CORNERS = 5
# Hatches of level and upright lines, whose tiles take less time than a picture.
_QUICK = set("-|+")
# How many words and lines are known at most, and the files of fonts.
_MOST, _FACES = 50_000, {}
# A sign for every letter that no font has.
_LAST_RESORT = cbook._get_data_path("fonts", "ttf", "LastResortHE-Regular.ttf")
# No turn, in the numbers of FreeType: 16 bits behind the point.
_UPRIGHT = np.array([[0x10000, 0], [0, 0x10000]])


# --- texts ------------------------------------------------------------------------------------------------
# FreeType takes 20 microseconds a letter to lay a text out, and matplotlib has it done three times and more.
# Lines seldom return, their words do, and a space has no influence on the letters around it.


def _face(font):
    """Read the files of a font, unless they are at hand."""
    # Fonts may change, and are equal where their hashes are: that is how matplotlib compares them.
    key = hash(font)
    if key not in _FACES:
        first, *others = [_in_memory(found) for found in fontManager._find_fonts_by_props(font)]
        last = FT2Font(io.BytesIO(_content(_LAST_RESORT)), _warn_if_used=True)
        last.set_charmap(0)
        _FACES[key] = FT2Font(
            first[0],
            face_index=first[1],
            _fallback_list=[*(FT2Font(file, face_index=number) for file, number in others), last],
        )
    return _FACES[key]


def _in_memory(found):
    """
    Give a font as a file in memory, and its number in it.

    Processes that are forked from one that has a file open share the place in it: each would move it under
    the others while they read letters. What is in memory, each has to itself.
    """
    path, number = (found.path, found.face_index) if hasattr(found, "face_index") else (found, 0)
    return io.BytesIO(_content(path)), number


@functools.cache
def _content(path):
    return pathlib.Path(path).read_bytes()


@functools.lru_cache(maxsize=_MOST)
def _word(face, size, dpi, flags, word):
    """
    Lay out a word: its letters, how far down and up they go, where it ends and where the next word begins.

    Letters are (face, number, right, up), all in pixels.
    """
    face.set_size(size, dpi)
    *laid, end, following = face._layout(f"{word} |", flags)
    letters = tuple((item.ft_object, item.glyph_index, item.x, item.y) for item in laid)
    face.set_text(word, 0.0, flags=flags)
    descent = face.get_descent() / 64
    return letters, -descent, face.get_width_height()[1] / 64 - descent, end.x, following.x


@functools.lru_cache(maxsize=_MOST)
def line(text, face, size, dpi, flags):
    """
    Lay out a line of text by its words.

    Parameters
    ----------
    text : str
        Without mathematics.
    face : matplotlib.ft2font.FT2Font
    size : float
        Points.
    dpi : float
    flags : matplotlib.ft2font.LoadFlags

    Returns
    -------
    letters : list of tuple
        Face, number of the letter, how far right and up it begins in pixels.
    width, height, descent : float
        Pixels, as `matplotlib.ft2font.FT2Font` measures them.
    """
    letters, begin = [], 0.0
    # A space stands on the line, where signs like "·" do not reach.
    low, high = ([0.0], [0.0]) if " " in text else ([], [])
    for word in text.split(" "):
        shapes, bottom, top, end, following = _word(face, size, dpi, flags, word)
        letters += [(of, letter, begin + right, up) for of, letter, right, up in shapes]
        low.append(bottom)
        high.append(top)
        width, begin = begin + end, begin + following
    return letters, width, max(high) - min(low), -min(low)


@functools.lru_cache(maxsize=256)
def _heights(face, size, dpi):
    """Tell how far letters of a font go up and down, and what lies between lines, in pixels."""
    scale = 1 / face.get_sfnt_table("head")["unitsPerEm"] * size * dpi / 72
    table = face.get_sfnt_table("OS/2")
    return table["sTypoAscender"] * scale, -table["sTypoDescender"] * scale, table["sTypoLineGap"] * scale


def extent(text, font):
    """
    Measure a line of text as drawings do, where letters are outlines and of one shape in all sizes.

    Parameters
    ----------
    text : str
        Without mathematics.
    font : matplotlib.font_manager.FontProperties

    Returns
    -------
    width, height, descent : float
        Points.
    """
    scale = font.get_size_in_points() / text_to_path.FONT_SCALE
    measured = line(text, _face(font), text_to_path.FONT_SCALE, text_to_path.DPI, LoadFlags.NO_HINTING)
    return tuple(scale * part for part in measured[1:])


class Drawing(RendererSVG):
    """Draws an SVG; parameters as of `matplotlib.backends.backend_svg.RendererSVG`."""

    def get_text_width_height_descent(self, s, prop, ismath):
        """Measure a text: width, height, descent in points."""
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)
        return extent(s, prop)

    def _get_font_height_metrics(self, prop):
        return _heights(_face(prop), prop.get_size_in_points(), 72)


class Picture(RendererAgg):
    """Draws pixels; parameters as of `matplotlib.backends.backend_agg.RendererAgg`."""

    def get_text_width_height_descent(self, s, prop, ismath):
        """Measure a text: width, height, descent in pixels."""
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)
        return line(s, _face(prop), prop.get_size_in_points(), self.dpi, get_hinting_flag())[1:]

    def _get_font_height_metrics(self, prop):
        return _heights(_face(prop), prop.get_size_in_points(), self.dpi)

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        """Draw a text; letters return, at the same place within a pixel, more often than not."""
        special = mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())
        if ismath or angle or special or not gc.get_antialiased():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        look = prop.get_size_in_points(), self.dpi, get_hinting_flag()
        for face, letter, right, up in line(s, _face(prop), *look)[0]:
            # FreeType places letters to the 64th of a pixel, from the bottom.
            pixel, part = divmod(round(64 * (x + right)), 64)
            row, above = divmod(round(64 * (self.height - y + up)), 64)
            shape, left, top = _letter(face, letter, *look, part, above)
            low = int(self.height) - row - top + len(shape)
            self._renderer.draw_text_image(shape, pixel + left, low, 0, gc)

    def draw_path(self, gc, path, transform, rgbFace=None):
        """
        Draw a path; a hatch is laid on as a picture within it.

        matplotlib draws the tile of a hatch anew for each path: thousands of dots for each of 63 provinces.
        """
        draw = super().draw_path
        # Rectangles are set on whole pixels by the width of their line: those stay with matplotlib.
        plain = set(gc.get_hatch() or "") <= _QUICK or len(path) <= _CORNERS
        if plain or gc.get_clip_path()[0] is not None:
            draw(gc, path, transform, rgbFace)
            return
        tile = _tile(gc.get_hatch(), gc.get_hatch_color(), gc.get_hatch_linewidth(), self.dpi)
        part = self.new_gc()
        part.copy_properties(gc)
        part.set_hatch(None)
        part.set_linewidth(0)
        if rgbFace is not None:
            draw(part, path, transform, rgbFace)
        points = transform.transform(path.vertices)
        left, low = np.maximum(np.floor(points.min(axis=0)) - 1, 0).astype(int)
        right, high = np.minimum(np.ceil(points.max(axis=0)) + 1, (self.width, self.height)).astype(int)
        if left < right and low < high:
            # Tiles are counted from the upper left corner of the figure; pictures begin at the bottom.
            rows = np.arange(int(self.height) - low, int(self.height) - high, -1) - 1
            piece = tile.take(rows % len(tile), axis=0).take(np.arange(left, right) % len(tile), axis=1)
            part.set_clip_path(TransformedPath(path, transform))
            self.draw_image(part, left, low, piece)
            part.set_clip_path(None)
        part.set_linewidth(gc.get_linewidth())
        draw(part, path, transform)
        part.restore()


@functools.lru_cache(maxsize=30_000)
def _letter(face, letter, size, dpi, flags, part, above):
    """Draw a letter that begins at 64ths of a pixel: its shades, and how far left and up they begin."""
    face.set_size(size, dpi)
    face._set_transform(_UPRIGHT, [part, above])
    bitmap = face._render_glyph(letter, flags, RenderMode.NORMAL)
    return np.array(bitmap.buffer), bitmap.left, bitmap.top


@functools.lru_cache(maxsize=64)
def _tile(hatch, colour, width, dpi):
    """Draw the tile of a hatch: a square inch of pixels, rows from the top; red, green, blue, alpha."""
    renderer = RendererAgg(int(dpi), int(dpi), dpi)
    gc = renderer.new_gc()
    gc.set_hatch(hatch)
    gc.set_hatch_color(colour)
    gc.set_hatch_linewidth(width)
    gc.set_linewidth(0)
    renderer.draw_path(gc, Path.unit_rectangle(), Affine2D().scale(int(dpi)))
    return np.array(renderer.buffer_rgba())


class Canvas(FigureCanvasAgg):
    """The canvas of a figure whose pixels a `Picture` draws."""

    def get_renderer(self):
        """Give the renderer, a new one where the figure has changed its size or resolution."""
        key = *self.get_width_height(physical=True), self.figure.dpi
        if key != self._lastKey:
            self.renderer, self._lastKey = Picture(*key), key
        return self.renderer
