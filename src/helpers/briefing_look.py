"""What the pictures of a province's briefing share: colours, sizes, and how they name and cite."""

from helpers import indices, wording
from helpers.charts import Sizes

# The province, its region, the country: apart in hue, in lightness and, where they meet, in shape.
OWN, REGION, COUNTRY = "#01425f", "#8db4d6", "#e2e2e2"
GRID = {"color": "#ececec", "linewidth": 0.5}
# The pictures are printed at their own size on A4.
SIZES = Sizes(title=9.5, subtitle=7.5, notes=7, margin=6, leading=1.3, above=0, below=3)
SMALL = SIZES.notes


def say(key, language, **values):
    """Look up a text of ``briefing_charts.toml`` (str)."""
    return wording.text(f"briefing_charts.{key}", language, **values)


def sources(rows, registry, language):
    """
    Name the publishers once each, and which of their figures others reported.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of ``indices.csv`` that a picture shows.
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    found = {}
    for slug in registry.indices:
        own = rows[rows["index"] == slug]
        if len(own):
            index = registry[slug]
            key = index.publisher(language), indices.held_as(own)
            found.setdefault(key, []).append(index.short)
    parts = [
        say(f"source_{held}", language, publisher=publisher, indices=", ".join(names))
        for (publisher, held), names in found.items()
    ]
    return f"{wording.text('common.source', language)}: {'; '.join(parts)}."


def span(values):
    """
    Write the least and the greatest of some numbers: "61", "60–63".

    Parameters
    ----------
    values : iterable of int

    Returns
    -------
    str
    """
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low}–{high}"
