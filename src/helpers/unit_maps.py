"""The map of the units themselves: 63 provinces by region, and the 34 units over them."""

import pandas as pd

from helpers import cartography, charts, palettes, provinces, wording
from helpers import map_findings as findings
from helpers.choropleths import Map


def regions(atlas, language="en", size="page"):
    """
    Map which region each of the 63 provinces belongs to, with the borders of the 34 units over it.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
    language : {"en", "vi"}
    size : {"page", "half", "slide"}

    Returns
    -------
    helpers.choropleths.Map
        Named ``join_units``.
    """
    wording.check_language(language)
    table = provinces.load(atlas.raw).table
    country, merged = atlas.country("63"), atlas.country("34")
    words = findings.words(
        country,
        lambda each: wording.text("join.figure_title", each),
        lambda each: wording.text("join.alt", each, regions=", ".join(_names(table, each).unique())),
    )
    names = _names(table, language)
    subtitle = wording.text("join.figure_subtitle", language, n=len(names))
    heads = words["title"][language], subtitle
    sheet = cartography.sheet(size, heads, findings.credits(country, language), country)
    north = pd.Series({code: centre[1] for code, centre in country.centres.items()})
    found = list(dict.fromkeys(names[north.sort_values(ascending=False).index]))
    tints = palettes.regions(len(found))
    styles = {region: {"facecolor": tuple(tint)} for region, tint in zip(found, tints, strict=True)}
    unit_styles = {code: styles[names[code]] for code in names.index}
    sheet.draw(unit_styles)
    lines = merged.outlines(pd.Series(merged.units.index, index=merged.units.index))
    sheet.lines(lines, charts.INK, 0.9, "units34", zorder=4)
    sheet.scale_bar()
    sheet.insets(unit_styles, language, lines=lines)
    sheet.islands(language)
    counts = names.value_counts()
    rows = [(f"{region} ({counts[region]})", styles[region]) for region in found]
    heading, note = wording.text("join.legend", language), wording.text("join.lines", language)
    sheet.legend(heading, rows, note, (sheet.layout.left / 2, sheet.height * 0.42))
    kept = pd.DataFrame({"gso_code": names.index, "province": country.names(language), "region6": names})
    kept = kept.reset_index(drop=True)
    caption = words["title"][language]
    worded = kept[["province", "gso_code", "region6"]].set_axis(
        [
            wording.text(key, language)
            for key in ("map.column_province", "map.column_gso_code", "join.column_region")
        ],
        axis="columns",
    )
    return Map("join_units", sheet.figure, language, words, caption, kept, worded, [])


def _names(table, language):
    return table["region6" if language == "vi" else "region6_en"]
