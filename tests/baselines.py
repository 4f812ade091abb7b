"""
Pictures of every kind of map from synthetic figures, and how a picture is compared with its baseline.

``python tests/baselines.py`` draws the pictures in ``tests/baselines`` anew and says which of them changed:
run it after a change that was meant, look at what changed, and keep it. Scores, ranks and gaps are made up
(`synthetic`), so that no correction of the data touches a picture: the code, the borders, names and texts,
matplotlib and its DejaVu Sans decide.
"""

import io
import tempfile
from pathlib import Path
from random import Random

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from scipy import ndimage

from helpers import boundaries, files, maps, provinces, ranking, registry
from helpers.bivariate_maps import bivariate
from helpers.cluster_maps import clusters
from helpers.tile_maps import tiles
from helpers.year_maps import years

FOLDER = Path(__file__).resolve().parent / "baselines"
DPI = 80
SEED = 20250701
# What may differ: a colour by so many of 255 levels, and what is drawn by so many pixels from its place.
LEVELS, SHIFT = 5, 0.25
# Standard deviation, in pixels, of the spot in which colours are compared: the smallest province of a
# page is six times as wide.
SPOT = 1.5

# Each kind of figure, by the name of its baseline: (atlas) -> helpers.choropleths.Map.
KINDS = {
    "score": lambda atlas: maps.score(atlas, "papi", 2023),
    "score_vi": lambda atlas: maps.score(atlas, "par", 2023, "vi"),
    "score_half": lambda atlas: maps.score(atlas, "sipas", 2015, size="half"),
    "score_slide": lambda atlas: maps.score(
        atlas, "sipas", 2023, "vi", size="slide", scheme="equal_interval"
    ),
    "rank": lambda atlas: maps.rank(atlas, "par", 2023),
    "change": lambda atlas: maps.change(atlas, "papi", 2023),
    "rank_change": lambda atlas: maps.change(atlas, "par", 2022, "vi"),
    "group": lambda atlas: maps.group(atlas, "par", 2023),
    "z_score": lambda atlas: maps.z_score(atlas, "papi", 2023),
    "dimension": lambda atlas: maps.dimension(atlas, "par", 2023, "steering"),
    "paper_against_citizens": lambda atlas: maps.paper_against_citizens(atlas, 2023),
    "units34": lambda atlas: maps.score(atlas, "papi", 2023, boundaries="34"),
    "tiles": lambda atlas: tiles(atlas, "papi", 2023, "vi"),
    "years": lambda atlas: years(atlas, "papi"),
    "bivariate": lambda atlas: bivariate(atlas, "par", "papi", 2023),
    "clusters": lambda atlas: clusters(atlas, "papi", 2023),
    "regions": lambda atlas: maps.regions(atlas),
}


# --- figures ----------------------------------------------------------------------------------------------


def synthetic(known, codes):
    """
    Invent the figures of every index from 2011 to 2024: they fall from north to south, with noise.

    Missing ones are of every kind: an index of which every province has figures lacks two units altogether
    and the totals of two; of one that is reported 18 units have nothing, 6 a rank alone and 4 a score alone;
    where few were surveyed the others have nothing. Which they are changes from year to year. Of the first
    dimension three scores stand on another scale.

    Parameters
    ----------
    known : helpers.registry.Registry
    codes : list of str

    Returns
    -------
    pandas.DataFrame
        Columns as in ``indices.csv``.
    """
    # Of all generators `Random.random` alone promises the same numbers in every version.
    random = Random(SEED)
    spans = [(index, year) for index in known for year in index.years if 2011 <= year <= 2024]
    rows = [row for index, year in spans for row in _of_year(index, year, codes, random)]
    return pd.DataFrame(rows)[ranking.COLUMNS].astype({"rank": "Int64"})


def _of_year(index, year, codes, random):
    order = sorted(codes, key=lambda code: random.random())
    share = {code: 0.9 - 0.25 * n / 62 - 0.12 * random.random() for n, code in enumerate(codes)}
    basis = "published" if index.ranks_computed else "stated"
    only_rank = only_score = odd = ()
    if index.surveyed(year):
        first = first_of_parts = order[: index.surveyed(year)]
    elif index.ranks_computed:
        first, first_of_parts = order[4:], order[2:]
    else:
        first = first_of_parts = order[18:]
        only_rank, only_score, odd = order[18:24], order[24:28], order[30:33]
    grouping = index.groups(year)
    for part, shown in [("", first), *((part, first_of_parts) for part in index.parts(year)[:1])]:
        highest = index.max_score(year, part)
        tops = {code: 100 if part and code in odd else highest for code in shown}
        ranked = [code for code in sorted(shown, key=lambda code: -share[code]) if code not in only_score]
        for code in shown:
            score = None if code in only_rank else round(share[code] * (tops[code] or 10), 2)
            rank = None if code in only_score else ranked.index(code) + 1
            yield {
                "index": index.slug,
                "year": year,
                "gso_code": code,
                "component": part,
                "score": score,
                "max_score": tops[code],
                "rank": rank,
                "ranked": len(ranked),
                "basis": "" if score is None else basis,
                "source": "synthetic",
                "series": index.series(year),
                "group": "" if part or score is None else _group(grouping, score, rank, len(ranked)),
                "rank_basis": basis if rank else "",
                "rank_source": "synthetic",
            }


def _group(grouping, score, rank, ranked):
    if grouping is None:
        return ""
    if grouping["kind"] == "quarters":
        return grouping["names"][(rank - 1) * 4 // ranked]
    return next((name for name, low in grouping["limits"] if score >= low), "")


def open_atlas(folder, raw="data/raw"):
    """
    Open an atlas of the real borders and the synthetic figures.

    Parameters
    ----------
    folder : pathlib.Path
        Where tables of it may be written.
    raw : str or pathlib.Path

    Returns
    -------
    helpers.atlas.Atlas
    """
    figures = synthetic(registry.load(raw), provinces.load(raw).codes)
    files.write_table(folder / "indices.csv", figures)
    boundaries.write(folder / "provinces.gpkg", boundaries.layers(raw, figures.iloc[:0]))
    return maps.open_atlas(raw, folder)


# --- pictures ---------------------------------------------------------------------------------------------


def path(kind):
    """Where the baseline of a kind stands (pathlib.Path)."""
    return FOLDER / f"synthetic_{kind}.png"


def render(figure):
    """Draw a figure at `DPI` (numpy.ndarray of uint8, shape (rows, columns, 3))."""
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    # Snapped to pixels, the edge of a box would jump by a whole one where its place differs by a trifle.
    with mpl.rc_context({"path.snap": False}):
        canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def encode(picture):
    """Make a PNG of 256 colours of a picture (bytes)."""
    few = Image.fromarray(picture).quantize(
        256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
    )
    buffer = io.BytesIO()
    few.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def decode(png):
    """Read a picture from a file or its bytes (numpy.ndarray of uint8, shape (rows, columns, 3))."""
    with Image.open(io.BytesIO(png) if isinstance(png, bytes) else png) as image:
        return np.array(image.convert("RGB"))


def differences(found, expected):
    """
    Measure spot by spot how far a picture is from its baseline.

    Parameters
    ----------
    found, expected : numpy.ndarray of uint8, shape (rows, columns, 3)

    Returns
    -------
    numpy.ndarray of float, shape (rows, columns)
        Difference of the mean colours round each pixel, in the channel where it is largest, as a multiple of
        what is allowed: `LEVELS`, and what a shift by `SHIFT` pixels makes of the edges there. More than 1 is
        wrong.

    Notes
    -----
    One number for the whole picture would not show a province in the colour of the next class. Absolute
    differences of pixels would show it less than a letter that moved by a tenth of a pixel; mean colours,
    weighted by a Gaussian of `SPOT`, change with that by no more than their slope times the shift.
    """
    expected = expected.astype(float)
    away = np.abs(ndimage.gaussian_filter(found - expected, (SPOT, SPOT, 0), mode="nearest"))
    slopes = [
        ndimage.gaussian_filter(expected, (SPOT, SPOT, 0), order=order, mode="nearest")
        for order in ((1, 0, 0), (0, 1, 0))
    ]
    # What moved here may come from the pixel beside.
    steepest = ndimage.maximum_filter(np.hypot(*slopes), (3, 3, 1))
    return (away / (LEVELS + SHIFT * steepest)).max(axis=2)


def check(found, kind, folder):
    """
    Compare a picture with its baseline.

    Parameters
    ----------
    found : numpy.ndarray of uint8, shape (rows, columns, 3)
    kind : str
        One of `KINDS`.
    folder : pathlib.Path
        Gets the picture, its baseline and a picture of the differences if it is another.

    Raises
    ------
    AssertionError
        If there is no baseline, or the picture is not like it; the text names the folder and what to do.
    """
    accept = "if the change is meant, run `python tests/baselines.py` and look at the new baseline"
    assert path(kind).is_file(), f"{kind}: {path(kind).name} is missing; run `python tests/baselines.py`"
    expected = decode(path(kind))
    if found.shape != expected.shape:
        Image.fromarray(found).save(folder / f"{kind}.png")
        raise AssertionError(
            f"{kind}: {found.shape[1]} by {found.shape[0]} pixels, expected {expected.shape[1]} by "
            f"{expected.shape[0]}; the new picture is in {folder}; {accept}"
        )
    away = differences(found, expected)
    if away.max() <= 1:
        return
    grey = expected.mean(axis=2, keepdims=True) // 4 + 191
    shown = np.where(away[..., None] > 1, [220, 0, 0], np.repeat(grey, 3, axis=2)).astype("uint8")
    for name, picture in (("", found), ("_expected", expected), ("_difference", shown)):
        Image.fromarray(picture).save(folder / f"{kind}{name}.png")
    row, column = np.unravel_index(away.argmax(), away.shape)
    raise AssertionError(
        f"{kind}: {(away > 1).sum()} pixels differ by more than is allowed, most of all (by {away.max():.1f} "
        f"times) at {column} from the left and {row} from the top; see {kind}.png and {kind}_difference.png "
        f"in {folder}; {accept}"
    )


def main():
    """Draw every baseline anew, and say which changed."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        if old not in [path(kind) for kind in KINDS]:
            old.unlink()
            print(f"{old.name} removed")
    with tempfile.TemporaryDirectory() as folder:
        atlas = open_atlas(Path(folder))
        for kind, make in KINDS.items():
            figure = make(atlas).figure
            png = encode(render(figure))
            plt.close(figure)
            changed = not path(kind).is_file() or path(kind).read_bytes() != png
            with files.replacing(path(kind)) as temporary:
                temporary.write_bytes(png)
            print(f"{path(kind).name}: {'changed' if changed else 'as before'}, {len(png) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
