"""A table that somebody drops into the notebook: how it is understood, and beside the official figures."""

import functools
import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import ipywidgets as widgets
import pandas as pd

from helpers import (
    account,
    blocks,
    indices,
    ledger,
    preview,
    provinces,
    registry,
    tables,
    understanding,
    wording,
)

LIMIT = 20 * 2**20
# A person reads so many rows; all of them are kept for who wants them.
MOST_ROWS = 200
# In bytes, with room for the end of a note's name.
_LONGEST_NAME = 180
_ACCEPTED = ".xlsx,.xlsm,.xls,.ods,.csv,.tsv,.txt,.html,.htm,.mht,.mhtml,.pdf"
_FIRST = {"wins": 0, "loses": 1, "new": 2, "same": 3}


def read(name, content, raw="data/raw", index=None, year=None):
    """
    Read a table from memory as `helpers.tables.read` reads a file outside the folder of the raw tables.

    Parameters
    ----------
    name : str
        Of the file; index and year are looked for in it, too.
    content : bytes-like
    raw : str or pathlib.Path
        Nothing is written into it: the file lies in a temporary folder as long as it is read.
    index : str, optional
        Slug, where the table itself does not say it; as a note beside the file would.
    year : int, optional
        The same.

    Returns
    -------
    helpers.tables.Reading

    Raises
    ------
    helpers.ledger.TableError
        If nothing of the table can be used.
    """
    with tempfile.TemporaryDirectory(prefix="table-") as folder:
        path = Path(folder) / _plain(name)
        path.write_bytes(content)
        said = [f'index = "{index}"'] * bool(index) + [f"year = {year}"] * bool(year)
        if said:
            note = path.with_name(f"{path.name}.toml")
            note.write_text("\n".join(said) + "\n", encoding="utf-8")
        return tables.read(path, raw)


def _plain(name):
    """Keep of a name what can be the name of a file, whatever the browser sent."""
    last = PurePosixPath(str(name).replace("\\", "/")).name.replace("\0", "").strip()
    path = PurePosixPath(last.lstrip(".") or "table")
    stem = path.stem.encode("utf-8", "ignore")[:_LONGEST_NAME].decode("utf-8", "ignore")
    return f"{stem}{path.suffix[:12]}"


@dataclass(frozen=True)
class Beside:
    """
    A table beside the official figures.

    Attributes
    ----------
    compared : pandas.DataFrame
        One row a score or rank of the table, differences first: columns of `helpers.preview.compare`, and
        ``difference`` (here less now).
    absent : dict of (str, int, str) to list of str
        By index, year and component the codes of provinces with an official figure, but none in the table.
    rejected : pandas.DataFrame
        Columns `helpers.ledger.REJECTED_COLUMNS`: cells and rows of the table that were refused.
    """

    compared: pd.DataFrame = field(repr=False)
    absent: dict = field(repr=False)
    rejected: pd.DataFrame = field(repr=False)


def beside(reading, figures, raw="data/raw", gathered=None):
    """
    Hold a table against the official figures.

    Parameters
    ----------
    reading : helpers.tables.Reading
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    raw : str or pathlib.Path
    gathered : helpers.indices.Gathered, optional
        What the raw tables report, where it has been read already.

    Returns
    -------
    Beside

    Raises
    ------
    helpers.indices.RawDataError
        If the raw tables cannot be read.
    """
    gathered = gathered or indices.gather(raw)
    after = indices.assemble(gathered.with_table(reading), raw)
    compared = preview.compare(figures, after.figures, reading, registry.load(raw))
    order = compared["outcome"].map(_FIRST)
    compared = compared.assign(difference=compared["here"] - compared["now"], order=order)
    compared = compared.sort_values(["order", *ledger.KEY], kind="stable").drop(columns="order")
    rejected = after.rejected[after.rejected["file"] == reading.file]
    absent = {}
    for (index, year, component), rows in reading.reports.groupby(["index", "year", "component"]):
        official = figures[(figures["index"] == index) & (figures["year"] == year)]
        official = official.loc[official["component"] == component, "gso_code"]
        if missing := sorted(set(official) - set(rows["gso_code"])):
            absent[index, int(year), component] = missing
    return Beside(compared.reset_index(drop=True), absent, rejected.reset_index(drop=True))


def worded(found, known, raw, language):
    """
    Put the comparison into the words of a page.

    Parameters
    ----------
    found : Beside
    known : helpers.registry.Registry
    raw : str or pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        The first `MOST_ROWS` rows of ``compared``, with worded heads.
    """
    say = functools.partial(wording.text, language=language)
    rows = []
    for row in found.compared.head(MOST_ROWS).to_dict("records"):
        units = provinces.load(raw, provinces.vintage_of(row["year"]))
        places = 0 if row["field"] == "rank" else min(max(row["decimals"], 2), 4)
        numbers = (wording.number(row[name], language, places) for name in ("now", "here", "difference"))
        component = known[row["index"]].component_name(row["component"], language)
        rows.append(
            (
                units.name(row["gso_code"], language),
                str(row["year"]),
                component if row["component"] else say("reading.total"),
                say(f"clean.field_{row['field']}"),
                *numbers,
                say(f"exploring.outcome_{row['outcome']}"),
            )
        )
    heads = [say(f"reading.col_{name}") for name in ("province", "year", "component", "field")]
    heads += [say(f"exploring.col_{name}") for name in ("official", "table", "difference", "outcome")]
    return pd.DataFrame(rows, columns=heads)


class Drop:
    """
    Where a table is dropped, and what is said of it; as the last line of a cell it shows itself.

    Parameters
    ----------
    atlas : helpers.atlas.Atlas
        The official figures.
    explorer : helpers.exploring.Explorer
        Whose language, index and year are chosen.

    Attributes
    ----------
    file : ipywidgets.FileUpload
    index, year : ipywidgets.Dropdown
        What the table is of where it does not say so itself; "" and 0 by default.
    reading : helpers.tables.Reading or None
        The table dropped last, if it could be read.
    compared : pandas.DataFrame or None
        Each of its figures beside the official one; see `Beside`.
    """

    def __init__(self, atlas, explorer):
        self.atlas, self._explorer = atlas, explorer
        self.reading = self.compared = None
        self._found = self._gathered = self._language = None
        self._renaming = False
        # What is said of the table, to be said again in another language.
        self._say = lambda say: blocks.paragraph(say("exploring.drop_none"))
        style = {"description_width": "11em"}
        wide = widgets.Layout(width="30em", max_width="100%")
        self.file = widgets.FileUpload(accept=_ACCEPTED, multiple=False, layout=widgets.Layout(width="16em"))
        self.index = widgets.Dropdown(style=style, layout=wide)
        self.year = widgets.Dropdown(style=style, layout=wide)
        self._help, self._result = widgets.HTML(), widgets.HTML()
        self._name()
        for control in (self.file, self.index, self.year):
            control.observe(self._read, names="value")

    @property
    def _words(self):
        return functools.partial(wording.text, language=self._explorer.language.value)

    def follow(self):
        """Say everything in the language that is chosen now, and against what is chosen."""
        if self._explorer.language.value != self._language:
            self._name()
        self._tell()

    def _name(self):
        say = self._words
        self._language = self._explorer.language.value
        itself = say("exploring.drop_itself")
        known = self.atlas.registry
        years = sorted({year for index in known for year in index.years}, reverse=True)
        for control, options in (
            (self.index, [(itself, ""), *((index.short, index.slug) for index in known)]),
            (self.year, [(itself, 0), *((str(year), year) for year in years)]),
        ):
            chosen = control.value or options[0][1]
            self._renaming = True
            control.options = options
            control.value = chosen
            self._renaming = False
        self.file.description = say("exploring.drop_button")
        self.index.description, self.year.description = (
            say("exploring.drop_index"),
            say("exploring.drop_year"),
        )
        said = blocks.paragraph(say("exploring.drop_help"))
        self._help.value = blocks.STYLE + blocks.shown(blocks.heading(say("exploring.drop")), said)

    def _tell(self):
        said = blocks.shown(self._say(self._words))
        if self._result.value != said:
            self._result.value = said

    def _read(self, _):
        if self._renaming or not self.file.value:
            return
        (dropped,) = self.file.value[:1]
        name, content = dropped["name"], dropped["content"]
        self.reading = self.compared = self._found = None
        self._result.value = blocks.shown(blocks.paragraph(self._words("exploring.drop_reading", file=name)))
        # Even a fault that nobody thought of is told here: nobody reads the log behind a control.
        try:
            self._say = self._understood(name, content)
        except ledger.TableError as error:
            self._say = functools.partial(_refused, error, name)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            self._say = lambda say: blocks.paragraph(
                say("exploring.drop_fault", file=name, fault=fault), True
            )
        self._tell()

    def _understood(self, name, content):
        """Read the table and hold it against the official figures; give what tells of it."""
        if len(content) > LIMIT:
            return functools.partial(_too_large, name, len(content))
        self.reading = read(name, content, self.atlas.raw, self.index.value, self.year.value)
        # The comparison takes seconds: what the table was taken for is told before.
        summary = understanding.summary(self.reading, self.atlas.registry, self._language)
        self._result.value += blocks.shown(blocks.paragraph(summary, True))
        try:
            self._gathered = self._gathered or indices.gather(self.atlas.raw)
            self._found = beside(self.reading, self.atlas.figures, self.atlas.raw, self._gathered)
        except indices.RawDataError as error:
            return functools.partial(self._told, str(error))
        self.compared = self._found.compared
        return functools.partial(self._told, "")

    def _told(self, fault, say):
        language, known, reading = self._language, self.atlas.registry, self.reading
        parts = [blocks.paragraph(understanding.summary(reading, known, language), True), self._other(say)]
        if fault:
            parts.append(blocks.paragraph(say("exploring.drop_not_compared", fault=fault), True))
        else:
            parts += self._compared(say, language, known)
        for caption, frame in understanding.blocks(reading, known, self.atlas.raw, language):
            parts.append(blocks.folded(caption, blocks.table(frame, language, caption)))
        parts.append(blocks.paragraph(say("exploring.drop_kept", folder=reading.index)))
        return "".join(parts)

    def _other(self, say):
        """Say so where the table is of something else than what is chosen above."""
        chosen = self._explorer.index.value, self._explorer.year.value
        years = sorted({int(year) for year in self.reading.reports["year"]})
        if chosen[0] == self.reading.index and chosen[1] in years:
            return ""
        listed = wording.listing(map(str, years), self._language)
        short = self.atlas.registry[self.reading.index].short
        table = say("exploring.drop_of", index=short, years=listed)
        above = say("exploring.drop_of", index=self.atlas.registry[chosen[0]].short, years=chosen[1])
        return blocks.paragraph(say("exploring.drop_other", table=table, chosen=above))

    def _compared(self, say, language, known):
        found, counts = self._found, self._found.compared["outcome"].value_counts()
        numbers = {"n": len(found.compared), "new": counts.get("new", 0), "same": counts.get("same", 0)}
        numbers["differing"] = counts.get("wins", 0) + counts.get("loses", 0)
        numbers = {name: wording.number(count, language, 0) for name, count in numbers.items()}
        parts = [blocks.paragraph(say("exploring.drop_beside", **numbers))]
        if len(found.rejected):
            caption = say("exploring.drop_rejected", n=len(found.rejected))
            parts.append(blocks.table(_refusals(found.rejected, language), language, caption))
        shown = worded(found, known, self.atlas.raw, language)
        parts.append(blocks.table(shown, language, say("exploring.drop_beside_caption")))
        if (more := len(found.compared) - len(shown)) > 0:
            parts.append(blocks.paragraph(say("exploring.drop_more", n=wording.number(more, language, 0))))
        for (index, year, component), codes in found.absent.items():
            # Parts of parts would fill pages.
            if component and len(found.absent) > 3:
                continue
            units = provinces.load(self.atlas.raw, provinces.vintage_of(year))
            what = say("exploring.drop_of", index=known[index].short, years=year)
            if component:
                name = known[index].component_name(component, language)
                what = say("exploring.component_of", index=what, component=name)
            names = wording.alphabetical((units.name(code, language) for code in codes), language)
            listed = wording.listing(names, language)
            parts.append(blocks.paragraph(say("exploring.drop_absent", what=what, names=listed)))
        return parts

    @functools.cached_property
    def box(self):
        """The controls and what is said of the table (ipywidgets.VBox)."""
        flow = widgets.Layout(display="flex", flex_flow="row wrap", width="100%")
        controls = widgets.Box([self.file, self.index, self.year], layout=flow)
        return widgets.VBox([self._help, controls, self._result])

    def _repr_mimebundle_(self, **kwargs):
        return self.box._repr_mimebundle_(**kwargs)


def _too_large(name, size, say):
    # Rounded up, so that what is too large never looks as large as the limit.
    values = {"size": math.ceil(size / 2**20), "limit": LIMIT // 2**20}
    return blocks.paragraph(say("exploring.drop_large", file=name, **values), True)


def _refused(error, name, say):
    language = say.keywords["language"]
    table = _refusals(pd.DataFrame([error.rejection()]), language)
    said = blocks.paragraph(say("exploring.drop_refused", file=name), True)
    return said + blocks.table(table, language, say("exploring.drop_refused_caption"))


def _refusals(rejected, language):
    frame = account.refusals(rejected, language)
    columns = [name for name in ledger.REJECTED_COLUMNS[1:] if (frame[name].astype(str) != "").any()]
    heads = {name: wording.text(f"clean.col_{name}", language) for name in columns}
    return frame[columns].astype(str).rename(columns=heads)
