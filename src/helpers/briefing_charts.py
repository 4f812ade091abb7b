"""Every picture of a province's briefing, one function each, and its alternative text."""

import matplotlib as mpl
from matplotlib import pyplot as plt

from helpers import rendering
from helpers.briefing_components import components, describe_components
from helpers.briefing_course import course, describe_course
from helpers.briefing_locator import describe_locator, locator

__all__ = [
    "components",
    "course",
    "describe_components",
    "describe_course",
    "describe_locator",
    "locator",
    "prepare",
]


def prepare(shown, atlas, language):
    """
    Draw the pictures of one briefing, for the processes that are forked from this one.

    What that leaves behind serves all others: fonts, borders in metres, sizes of texts.

    Parameters
    ----------
    shown : dict
        From `helpers.briefing.shown`.
    atlas : helpers.atlas.Atlas
    language : {"en", "vi"}
    """
    facts = shown["facts"]
    with mpl.rc_context():
        figures = [locator(facts, atlas, language)]
        figures.append(course(facts, shown["totals"], atlas.registry, language))
        for slug in facts["indices"]:
            rows = shown["components"]
            figures.append(components(facts, rows, atlas.registry, slug, language, atlas.raw))
        for figure in filter(None, figures):
            rendering.Canvas(figure).draw()
            plt.close(figure)
