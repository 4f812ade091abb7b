"""The map of a province's briefing that shows where the province is."""

import re

from matplotlib import pyplot as plt
from matplotlib.patches import Circle, Rectangle

from helpers import cartography
from helpers.briefing_look import COUNTRY, OWN, REGION, SIZES, SMALL, say
from helpers.briefing_words import name_of
from helpers.charts import INK, apply_style, broken, frame
from helpers.publishing import PAGE_DPI

# Points: a province smaller than a square of this side has a ring around it, of this radius.
_SMALLEST, _RING = 6, 8
_SWATCH = 11, 6.5


def locator(facts, atlas, language):
    """
    Draw where a province is: itself, its region, the country.

    Parameters
    ----------
    facts : dict
        Of one province and year, from `helpers.briefing`.
    atlas : helpers.atlas.Atlas
    language : {"en", "vi"}

    Returns
    -------
    matplotlib.figure.Figure
        2.4 x 3.4 inches, in the units of the facts' year. A small province has a ring around it. The dots of
        an archipelago have the colour of the province that it belongs to.
    """
    country, code = atlas.country(facts["vintage"]), facts["province"]["gso_code"]
    members = _members(country, code)
    apply_style()
    figure = plt.figure(figsize=(2.4, 3.4), dpi=PAGE_DPI)
    bottom, top = frame(
        figure,
        say("locator_title", language, province=name_of(facts["province"], language)),
        say(f"locator_subtitle_{facts['vintage']}", language),
        _credits(country, language),
        SIZES,
    )
    top = _legend(figure, top, facts, len(country.units), len(members), language)
    layout = cartography.Layout(4, 0, (77, 44), (0, 0))
    sheet = cartography.Sheet(figure, bottom, top, country, layout)
    styles = {unit: {"facecolor": COUNTRY, "linewidth": 0.25} for unit in country.units.index}
    styles |= {unit: {"facecolor": REGION, "linewidth": 0.25} for unit in members}
    styles[code] = {"facecolor": OWN, "linewidth": 0.25}
    sheet.draw(styles)
    # By area: far islands make some provinces wide that are small.
    if country.shapes[code].area ** 0.5 / sheet.metres < _SMALLEST:
        ring = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.9, "zorder": 5, "gid": "ring"}
        sheet.axes.add_artist(Circle(sheet.place(country.centres[code]), _RING, **ring))
    sheet.islands(language)
    for text in sheet.axes.texts:
        if text.get_gid() == "islands-label":
            # No room for "(Paracel Islands)": the page of maps has it.
            text.set(fontsize=SMALL, text=re.sub(r" \(.*\)", "", text.get_text()))
    for line in sheet.axes.lines:
        if line.get_gid() == f"islands-{code}":
            line.set_color(OWN)
    for lines in sheet.axes.collections:
        if lines.get_gid() == "regions":
            lines.set_linewidth(0.4)
    return figure


def _members(country, code):
    """Codes of the region, the province among them."""
    regions = country.units["region6"]
    return list(regions.index[regions == regions[code]])


def _credits(country, language):
    parts = ["islands"] * (country.islands is not None) + ["neighbours"] * (country.neighbours is not None)
    drawing = [say("locator_boundaries", language)]
    if parts:
        drawing.append(say(f"locator_{'_and_'.join(parts)}", language))
    return [" ".join(drawing)]


def _legend(figure, top, facts, total, members, language):
    """Set swatches with their texts below the subtitle; give where they end, as a fraction of the height."""
    width, height = figure.get_size_inches() * 72
    province = facts["province"]
    region = name_of(province["region6"], language)
    rows = [
        (name_of(province, language), OWN, "bold"),
        (say("locator_region", language, region=region, n=members - 1), REGION, "normal"),
        (say("locator_others", language, n=total - members), COUNTRY, "normal"),
    ]
    y, indent = top * height - 2, SIZES.margin + _SWATCH[0] + 4
    for text, colour, weight in rows:
        swatch = Rectangle(
            (SIZES.margin / width, (y - _SWATCH[1] - 0.8) / height),
            _SWATCH[0] / width,
            _SWATCH[1] / height,
            facecolor=colour,
            edgecolor="#7f7f7f",
            linewidth=0.4,
            transform=figure.transFigure,
            gid="legend-swatch",
        )
        figure.add_artist(swatch)
        for line in broken(text, width - indent - SIZES.margin, SMALL, weight):
            at = indent / width, y / height
            figure.text(*at, line, fontsize=SMALL, fontweight=weight, va="top", gid="legend")
            y -= SMALL * SIZES.leading
    return (y - 1) / height


def describe_locator(facts, atlas, language):
    """
    Describe the map for those who do not see it.

    Parameters
    ----------
    facts : dict
    atlas : helpers.atlas.Atlas
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    country, province = atlas.country(facts["vintage"]), facts["province"]
    values = {"province": name_of(province, language), "region": name_of(province["region6"], language)}
    values |= {"n": len(_members(country, province["gso_code"])), "total": len(country.units)}
    alt = say("locator_alt", language, **values)
    return alt if country.islands is None else say("locator_alt_islands", language, alt=alt)
