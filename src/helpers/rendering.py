"""Renderers that draw exactly what those of matplotlib draw, but do once what these do again and again."""

import functools

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.ft2font import RenderMode
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, TransformedPath

# Points of a closed rectangle.
_CORNERS = 5
# Hatches of level and upright lines, whose tiles take less time than a picture.
_QUICK = set("-|+")
# What is known of texts: names and notes return on every figure, and each is asked for several times.
_EXTENTS, _LINES, _MOST = {}, {}, 50_000
# No turn, in the numbers of FreeType: 16 bits behind the point.
_UPRIGHT = np.array([[0x10000, 0], [0, 0x10000]])


def _remembered(renderer, measure, text, font, ismath):
    """Measure a text, unless one of its look has been measured by a renderer of the kind and resolution."""
    # Fonts are equal where their hashes are: that is how matplotlib compares them.
    key = type(renderer), getattr(renderer, "dpi", None), mpl.rcParams["text.hinting"], text, hash(font)
    if key not in _EXTENTS:
        if len(_EXTENTS) >= _MOST:
            _EXTENTS.clear()
        _EXTENTS[key] = measure(text, font, ismath)
    return _EXTENTS[key]


class Drawing(RendererSVG):
    """Draws an SVG; parameters as of `matplotlib.backends.backend_svg.RendererSVG`."""

    def get_text_width_height_descent(self, s, prop, ismath):
        """Measure a text: width, height, descent in points."""
        return _remembered(self, super().get_text_width_height_descent, s, prop, ismath)


class Picture(RendererAgg):
    """Draws pixels; parameters as of `matplotlib.backends.backend_agg.RendererAgg`."""

    def get_text_width_height_descent(self, s, prop, ismath):
        """Measure a text: width, height, descent in pixels."""
        return _remembered(self, super().get_text_width_height_descent, s, prop, ismath)

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        """Draw a text; letters return, at the same place within a pixel, more often than not."""
        special = mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())
        if ismath or angle or special or not gc.get_antialiased():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        flags = get_hinting_flag()
        key = s, hash(prop), self.dpi, flags
        if key not in _LINES:
            if len(_LINES) >= _MOST:
                _LINES.clear()
            laid = self._prepare_font(prop)._layout(s, flags)
            _LINES[key] = [(item.ft_object, item.glyph_index, item.x, item.y) for item in laid]
        look = prop.get_size_in_points(), self.dpi, flags
        for face, letter, right, up in _LINES[key]:
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
