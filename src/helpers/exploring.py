"""Controls for JupyterLab: choose what to see; map, scatter plot, table and their lines of code follow."""

import base64
import contextlib
import functools
import html
import io
from dataclasses import dataclass

import ipywidgets as widgets
import matplotlib as mpl
from matplotlib import pyplot as plt

from helpers import (
    blocks,
    boundaries,
    classes,
    indices,
    maps,
    marking,
    provinces,
    publishing,
    recipes,
    wording,
)
from helpers.dropping import Drop
from helpers.registry import RegistryError

# Half as many pixels again as a screen of 96 to the inch has.
_DPI = 144
_START = {"measure": "score", "scheme": "quantiles", "k": 5, "component": "", "second_component": ""}
# Two columns where there is room for them, else one.
_HALF = {"flex": "1 1 400px", "min_width": "280px", "max_width": "660px"}


class NotReadyError(RuntimeError):
    """The computed tables are not there; a notebook shows the one sentence that says what to do."""

    def _render_traceback_(self):
        return [str(self)]


@dataclass(frozen=True)
class Picture:
    """
    A picture as it is shown.

    Attributes
    ----------
    png : bytes
    alt : str
        What it says, for those who do not see it.
    caption : str
    width : int
        In CSS pixels.
    """

    png: bytes
    alt: str
    caption: str
    width: int

    @property
    def html(self):
        """The picture inside a page (str)."""
        data = base64.b64encode(self.png).decode("ascii")
        return (
            f'<figure><img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" '
            f'style="max-width:{self.width}px">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


def picture(figure, alt, caption):
    """
    Turn a figure into a picture, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt, caption : str

    Returns
    -------
    Picture
        Equal figures give equal bytes.
    """
    made = io.BytesIO()
    with mpl.rc_context(publishing.OUTPUT):
        figure.savefig(made, format="png", dpi=_DPI, metadata={"Software": None})
    plt.close(figure)
    return Picture(made.getvalue(), alt, caption, round(figure.get_figwidth() * 96))


class Explorer:
    """
    The controls and what follows them; as the last line of a cell it shows itself.

    Parameters
    ----------
    raw, processed : str or pathlib.Path
        Folders of the raw and of the computed tables; nothing is written into either.
    language : {"en", "vi"}
        To begin with.
    **choices
        Values of other controls to begin with, as in `set`.

    Attributes
    ----------
    index, year, component, measure, scheme, k, second, second_component, marked, language : Dropdown, ...
        The controls, widgets of ipywidgets, each with its ``value``.
    atlas : helpers.atlas.Atlas
    drawn : helpers.choropleths.Map or None
        The map that is shown; None where there is none to show, and `figures` lacks it.
    table : pandas.DataFrame or None
        Its table, the best first.
    plot : helpers.scatter_plots.Plot or None
    figures : dict of Picture
        What is shown: "map" and "scatter", as far as there is something to show.
    upload : helpers.dropping.Drop
        Where a table of one's own is dropped; shows itself in a cell of its own.

    Raises
    ------
    NotReadyError
        If the figures or the borders have not been made yet.
    ValueError
        If a choice is not on offer.
    """

    def __init__(self, raw="data/raw", processed="data/processed", language="en", **choices):
        wording.check_language(language)
        try:
            self.atlas = maps.open_atlas(raw, processed)
            self.atlas.country("63")
        except (indices.RawDataError, boundaries.BoundaryError, RegistryError) as error:
            raise NotReadyError(wording.text("exploring.not_ready", language, reason=error)) from None
        self._folders = raw, processed
        self.drawn = self.table = self.plot = None
        self.figures, self._ran, self._held = {}, {}, False
        self._make(language)
        self.upload = Drop(self.atlas, self)
        fullest = max(self._indices, key=lambda index: self._known(index.slug)).slug
        self.set(
            **{**_START, "index": fullest, "year": self._newest, "second": self._other(fullest), **choices}
        )

    # --- controls -----------------------------------------------------------------------------------------

    def _make(self, language):
        drop = functools.partial(widgets.Dropdown, style={"description_width": "11em"}, layout=_wide())
        self.language = drop(options=[("English", "en"), ("Tiếng Việt", "vi")], value=language)
        self.index = drop(options=[(index.short, index.slug) for index in self._indices])
        self.year, self.component, self.measure, self.scheme = drop(), drop(), drop(), drop()
        self.k = drop(options=range(2, classes.MAX_CLASSES + 1))
        self.second = drop(options=self.index.options)
        self.second_component = drop()
        self.marked = widgets.SelectMultiple(
            rows=5, style={"description_width": "11em"}, layout=_wide(height="auto")
        )
        self._controls = {
            name: getattr(self, name)
            for name in (
                *("language", "index", "year", "component", "measure", "k", "scheme"),
                *("second", "second_component", "marked"),
            )
        }
        for control in self._controls.values():
            control.observe(self._follow, names="value")
        self._heads = {name: widgets.HTML() for name in ("choose", "map", "scatter", "table", "code")}
        self._shown = {name: widgets.HTML() for name in ("map", "scatter", "table", "code", "help")}

    @functools.cached_property
    def _indices(self):
        """Indices with any figure."""
        present = set(self.atlas.figures["index"])
        return [index for index in self.atlas.registry if index.slug in present]

    def _years(self, slug):
        figures = self.atlas.figures
        return sorted(figures.loc[figures["index"] == slug, "year"].unique().tolist())

    def _components(self, slug, year):
        """The total and the components that have figures, in the order of the registry."""
        figures = self.atlas.figures
        present = set(figures.loc[(figures["year"] == year) & (figures["index"] == slug), "component"])
        return ["", *(name for name in self.atlas.registry[slug].components if name in present)]

    @functools.cached_property
    def _newest(self):
        return int(self.atlas.figures["year"].max())

    def _known(self, slug):
        """How many totals of the newest year are known: to begin with a full map."""
        figures = self.atlas.figures
        rows = figures[(figures["year"] == self._newest) & (figures["component"] == "")]
        return int((rows["index"] == slug).sum())

    def _other(self, slug):
        return next((index.slug for index in self._indices if index.slug != slug), slug)

    def _offer(self, wanted):
        """Lay out what can be chosen next to what is chosen, and choose `wanted` as far as it is offered."""
        say = functools.partial(wording.text, language=wanted.get("language", self.language.value))

        def offer(name, options):
            control, value = self._controls[name], wanted.get(name, self._controls[name].value)
            options = list(options)
            if list(control.options) != options:
                control.options = options
            return control, value, [option[1] if isinstance(option, tuple) else option for option in options]

        for name in ("language", "index", "second", "k"):
            control = self._controls[name]
            _choose(name, *offer(name, control.options))
        control, year, years = offer("year", self._years(self.index.value))
        # A year that this index has not: the nearest one, of two the newer.
        control.value = min(years, key=lambda known: (abs(known - (year or known)), -known))
        for name, slug in (("component", self.index.value), ("second_component", self.second.value)):
            known = self._components(slug, self.year.value)
            control, value, found = offer(name, [(self._component(slug, each, say), each) for each in known])
            control.value = value if value in found else ""
        for name, values in (("measure", recipes.MEASURES), ("scheme", classes.SCHEMES)):
            _choose(name, *offer(name, [(say(f"exploring.{name}_{each}"), each) for each in values]))
        self._offer_provinces(wanted, say)
        for name, control in self._controls.items():
            control.description = say(f"exploring.{'classes' if name == 'k' else name}")
        for name, head in self._heads.items():
            heading = say("exploring.choose" if name == "choose" else f"exploring.{name}_heading")
            style = blocks.STYLE if name == "choose" else ""
            head.value = style + blocks.shown(blocks.heading(heading))
        count = {"most": marking.MOST, "n": len(self.marked.value)}
        said = blocks.paragraph(say("exploring.marked_help", **count))
        many = (
            blocks.paragraph(say("exploring.marked_too_many", **count), True)
            if count["n"] > count["most"]
            else ""
        )
        self._tell("help", said, many)

    def _component(self, slug, component, say):
        if not component:
            return say("exploring.total")
        # Parts stand below their dimension, a little to the right: spaces that a list does not swallow.
        name = self.atlas.registry[slug].component_name(component, **say.keywords)
        return "\u2003" * component.count(".") + name

    def _offer_provinces(self, wanted, say):
        language = say.keywords["language"]
        places = provinces.load(self.atlas.raw, provinces.vintage_of(self.year.value))
        names = {places.name(code, language): code for code in places.codes}
        options = [(name, names[name]) for name in wording.alphabetical(names, language)]
        value = [code for code in wanted.get("marked", self.marked.value) if code in places.codes]
        if list(self.marked.options) != options:
            self.marked.options = options
        self.marked.value = value

    def set(self, **choices):
        """
        Choose several things at once; everything is drawn once.

        Parameters
        ----------
        **choices
            Values by name of the control: ``index="papi", year=2020, marked=["92"]``.

        Raises
        ------
        ValueError
            If there is no such control, or no such value of it. A year or component that the index has not
            gives way to the nearest year and the total, as it does when the index is changed by hand.
        """
        if unknown := set(choices) - set(self._controls):
            raise ValueError(
                f"there is no control {sorted(unknown)[0]!r}; choose among {', '.join(self._controls)}"
            )
        with self._hold():
            self._offer(choices)
        self._draw()

    @contextlib.contextmanager
    def _hold(self):
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before

    def _follow(self, change):
        # Choices that give way to others change on their own: all is drawn when they have settled.
        if self._held:
            return
        same = (self.index.value, self.component.value) == (self.second.value, self.second_component.value)
        # The index that was compared with comes to the front: what was in front is compared with it.
        self.set(**({"second": change["old"]} if same and change["owner"] is self.index else {}))

    # --- what follows -------------------------------------------------------------------------------------

    @property
    def choice(self):
        """What is chosen now (helpers.recipes.Choice)."""
        values = {name: control.value for name, control in self._controls.items()}
        return recipes.Choice(**{**values, "marked": tuple(self.marked.value[: marking.MOST])})

    def code(self):
        """
        Write the lines of Python that make what is shown.

        Returns
        -------
        str
            They set ``drawn`` and ``table`` where there is a map, ``plot`` where there is a scatter plot.
        """
        parts = [recipes.opening(self.choice, *self._folders)]
        parts += [recipes.of_map(self.choice)] if self.drawn else []
        parts += [recipes.of_scatter(self.choice)] if self.plot else []
        return "\n\n".join(parts) + "\n"

    def _draw(self):
        """Draw what has changed: a picture is made by its lines, and anew only if these are others."""
        language = self.language.value
        if self._changed("map", recipes.of_map(self.choice)):
            self._draw_map(language)
        if self._changed("scatter", recipes.of_scatter(self.choice)):
            self._draw_scatter()
        said = blocks.paragraph(wording.text("exploring.code_help", language))
        self._tell("code", blocks.code(self.code()), said)
        self.upload.follow()

    def _changed(self, name, code):
        before = self._ran.get(name)
        self._ran[name] = code
        return before != code

    def _tell(self, name, *parts):
        self._shown[name].value = blocks.shown(*parts)

    def _run(self, name, code):
        """Run the lines; give what they set, or None and say why there is nothing to show."""
        self.figures.pop(name, None)
        try:
            return recipes.run(code, atlas=self.atlas)
        except maps.NoFigureError as error:
            self._tell(name, blocks.paragraph(error.in_words(self.language.value), True))
            return None

    def _draw_map(self, language):
        done = self._run("map", self._ran["map"])
        self.drawn, self.table = (done["drawn"], done["table"]) if done else (None, None)
        if not done:
            self._tell("table", blocks.paragraph(wording.text("exploring.no_table", language), True))
            return
        drawn = self.drawn
        self.figures["map"] = picture(drawn.figure, drawn.words["alt"][language], drawn.caption)
        names = wording.text("exploring.gap_names", language)
        gaps = [
            blocks.paragraph(line) + (blocks.folded(names, blocks.paragraph(folded)) if folded else "")
            for line, folded in drawn.gaps
        ]
        self._tell("map", self.figures["map"].html, *gaps)
        tables = [blocks.table(self.table, language, drawn.table_caption)]
        if self.choice.marked:
            marked = drawn.table.index[drawn.table["gso_code"].isin(self.choice.marked)]
            rows = self.table.loc[[row for row in self.table.index if row in marked]]
            caption = wording.text("exploring.marked_caption", language)
            tables.insert(0, blocks.table(rows, language, caption))
        self._tell("table", *tables)

    def _draw_scatter(self):
        done = self._run("scatter", self._ran["scatter"])
        self.plot = done["plot"] if done else None
        if done:
            self.figures["scatter"] = picture(self.plot.figure, self.plot.alt, self.plot.caption)
            self._tell("scatter", self.figures["scatter"].html)

    # --- layout -------------------------------------------------------------------------------------------

    @functools.cached_property
    def box(self):
        """All controls and what follows them (ipywidgets.Box)."""
        flow = widgets.Layout(display="flex", flex_flow="row wrap", width="100%", align_items="flex-start")
        names = [name for name in self._controls if name != "marked"]
        chosen = widgets.Box([self._controls[name] for name in names], layout=flow)
        marks = widgets.Box([self.marked, self._shown["help"]], layout=flow)
        self._shown["help"].layout.margin = "0 0 0 1em"
        halves = [
            widgets.VBox([self._heads[name], self._shown[name]], layout=widgets.Layout(**_HALF))
            for name in ("map", "scatter")
        ]
        below = [part for name in ("table", "code") for part in (self._heads[name], self._shown[name])]
        return widgets.VBox([self._heads["choose"], chosen, marks, widgets.Box(halves, layout=flow), *below])

    def _repr_mimebundle_(self, **kwargs):
        return self.box._repr_mimebundle_(**kwargs)


def _wide(**others):
    return widgets.Layout(width="30em", max_width="100%", **others)


def _choose(name, control, value, options):
    if value is None:
        value = options[0]
    if value not in options:
        raise ValueError(f"{name} {value!r} is not offered; choose one of {', '.join(map(repr, options))}")
    control.value = value
