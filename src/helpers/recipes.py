"""The lines of Python that make what `helpers.exploring` shows: they are run as they are printed."""

from dataclasses import dataclass

# Where the figures of the best unit stand in the table of a map, and whether they run upwards.
_ORDER = {
    "score": ("score", False),
    "rank": ("rank", True),
    "change": ("value", False),
    "group": ("score", False),
    "z_score": ("value", False),
}
MEASURES = tuple(_ORDER)


@dataclass(frozen=True)
class Choice:
    """
    What somebody chose to see.

    Attributes
    ----------
    index, component : str
        Slugs; the component is "" for the total.
    year : int
    measure : str
        One of `MEASURES`.
    scheme : str
        One of `helpers.classes.SCHEMES`.
    k : int
        Number of classes.
    second, second_component : str
        Of the vertical axis of the scatter plot.
    marked : tuple of str
        Codes of provinces.
    language : {"en", "vi"}
    """

    index: str
    year: int
    second: str
    component: str = ""
    measure: str = "score"
    scheme: str = "quantiles"
    k: int = 5
    second_component: str = ""
    marked: tuple = ()
    language: str = "en"


def opening(choice, raw="data/raw", processed="data/processed"):
    """
    Write what stands before the lines of map and scatter plot.

    Parameters
    ----------
    choice : Choice
    raw, processed : str or pathlib.Path

    Returns
    -------
    str
    """
    names = ["maps", *(["marking"] if choice.marked else []), "scatter_plots"]
    return (
        f"from helpers import {', '.join(names)}\n\natlas = maps.open_atlas({str(raw)!r}, {str(processed)!r})"
    )


def of_map(choice):
    """
    Write what draws the map and lays out its table, the best first.

    Parameters
    ----------
    choice : Choice

    Returns
    -------
    str
        Lines that need ``atlas`` and set ``drawn`` (helpers.choropleths.Map) and ``table``
        (pandas.DataFrame).
    """
    given = [f"{choice.index!r}, {choice.year}"]
    if choice.component:
        given += [repr(choice.component), repr(choice.language)]
        given += [] if choice.measure == "score" else [f"measure={choice.measure!r}"]
    else:
        given.append(repr(choice.language))
    given.append(f"scheme={choice.scheme!r}, k={choice.k}")
    kind = "dimension" if choice.component else choice.measure
    lines = [f"drawn = maps.{kind}(atlas, {', '.join(given)})"]
    if choice.marked:
        lines.append(f"marking.on_map(drawn, {list(choice.marked)!r})")
    # Of a year whose series begins anew a change is one of ranks: its value runs upwards all the same.
    column, upwards = _ORDER[choice.measure]
    order = f"drawn.table.sort_values({column!r}, ascending={upwards}, kind='stable').index"
    return "\n".join([*lines, f"table = drawn.worded.loc[{order}]"]).replace("'", '"')


def of_scatter(choice):
    """
    Write what draws the scatter plot.

    Parameters
    ----------
    choice : Choice

    Returns
    -------
    str
        Lines that need ``atlas`` and set ``plot`` (helpers.scatter_plots.Plot): of ranks where the map shows
        ranks, else of scores.
    """
    measure = "rank" if choice.measure == "rank" else "score"
    first, second = (choice.index, choice.component), (choice.second, choice.second_component)
    given = f"atlas, {first!r}, {second!r}, {choice.year}, {choice.language!r}, measure={measure!r}"
    marked = f", marked={list(choice.marked)!r}" if choice.marked else ""
    return f"plot = scatter_plots.scatter({given}{marked})".replace("'", '"')


def run(code, **values):
    """
    Run lines of this module.

    Parameters
    ----------
    code : str
    **values
        What the lines need.

    Returns
    -------
    dict
        What they set, and the values.
    """
    from helpers import maps, marking, scatter_plots

    space = {"maps": maps, "marking": marking, "scatter_plots": scatter_plots, **values}
    exec(compile(code, "<the lines shown>", "exec"), space)
    return space
