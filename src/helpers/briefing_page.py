"""The page of a briefing: cards of key figures, paragraphs that lead to their sources, and the sources."""

import html
import itertools

from helpers import briefing_sentences, briefing_tables, provinces, site, wording
from helpers.briefing_words import capital

# More sources than these are one note, which lists them.
SINGLE_SOURCES = 3
# Sentences that belong together, by their keys; those named nowhere follow in a paragraph of their own.
PARAGRAPHS = (
    ("course", "record", "record_score"),
    ("components", "moves", "components_at_hand"),
)


def _escape(text):
    return html.escape(text, quote=True)


class Notes:
    """
    The sources of a page, numbered in the order in which the page comes to them.

    Parameters
    ----------
    facts : dict
        Facts of a briefing.
    language : {"en", "vi"}
    """

    def __init__(self, facts, language):
        self.described, self.language, self._numbers = facts["sources"], language, {}
        self.file = f"{facts['province']['gso_code']}.json"

    def marks(self, sources):
        """
        Refer to the sources of a sentence.

        Parameters
        ----------
        sources : iterable of str

        Returns
        -------
        str
            HTML: the numbers of the notes, as links; "" for no source.
        """
        sources = list(dict.fromkeys(sources))
        if not sources:
            return ""
        keys = [tuple(sources)] if len(sources) > SINGLE_SOURCES else [(source,) for source in sources]
        for key in keys:
            self._numbers.setdefault(tuple(sorted(key)), len(self._numbers) + 1)
        numbers = sorted(self._numbers[tuple(sorted(key))] for key in keys)
        spoken = _escape(wording.text("briefing_page.sources_of", self.language))
        links = [
            f'<a href="#source-{number}" aria-label="{spoken} {number}">{number}</a>' for number in numbers
        ]
        # Word joiners: a note never stands alone on a line.
        return f'\u2060<sup class="notes">[{", ".join(links)}]</sup>'

    def listed(self):
        """
        List the notes.

        Returns
        -------
        helpers.site.Block
        """
        items = []
        for key, number in self._numbers.items():
            if len(key) == 1:
                inside = self._described(key[0])
            else:
                # On paper the line alone is left, which names the file that lists them.
                values = {"count": len(key), "file": self.file}
                count = _escape(wording.text("briefing_page.many_sources", self.language, **values))
                named = ", ".join(f"<code>{_escape(source)}</code>" for source in key)
                inside = f"<details><summary>{count}</summary><p>{named}</p></details>"
            items.append(f'<li id="source-{number}">{inside}</li>')
        title = _escape(wording.text("briefing_page.sources", self.language))
        return site.Block(f'<h2>{title}</h2>\n<ol class="sources">{chr(10).join(items)}</ol>')

    def _described(self, source):
        described = self.described[source]
        publisher, reference = _escape(described["publisher"]), described["reference"]
        if reference.startswith(("http://", "https://")) and " " not in reference:
            reference = f'<a href="{_escape(reference)}">{_escape(reference)}</a>'
        else:
            reference = _escape(reference)
        told = reference if described["publisher"] in described["reference"] else f"{publisher}: {reference}"
        date = described["obtained"]
        if self.language == "vi":
            date = "/".join(reversed(date.split("-")))
        obtained = wording.text("briefing_page.obtained", self.language, date=date)
        # References are written in English, or are addresses.
        return f'<code>{_escape(source)}</code> <span lang="en">{told}</span> ({_escape(obtained)})'


def heading(facts, language, raw="data/raw"):
    """
    Open the page: what it is about, and where its facts lie as data.

    Parameters
    ----------
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    helpers.site.Block
    """
    code, year = facts["province"]["gso_code"], facts["year"]
    place = provinces.load(raw, facts["vintage"]).full_name(code, language)
    title = wording.text("briefing.title", language, place=place, year=year)
    data = wording.text("briefing_page.data", language)
    link = f'<a href="{code}.json" download>{_escape(data)}</a>'
    return site.Block(f'<h1>{_escape(capital(title))}</h1>\n<p class="downloads">{link}</p>')


def cards(facts, language, raw="data/raw"):
    """
    Show the key figures of each index, one card an index.

    Parameters
    ----------
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    helpers.site.Block
    """
    title = _escape(wording.text("briefing_page.key_figures", language))
    made = "".join(_card(figures, language) for figures in briefing_tables.key_figures(facts, language, raw))
    return site.Block(f'<h2 class="spoken">{title}</h2>\n<div class="cards">{made}</div>')


def _card(figures, language):
    lines = []
    if figures["rank"]:
        rank, _, ranked = figures["rank"].partition("/")
        word = _escape(wording.text("briefing_page.rank", language))
        of = _escape(wording.text("briefing_page.of", language, ranked=ranked)) if ranked else ""
        lines.append(f'<p class="figure"><small>{word} </small>{_escape(rank)}<small>{of}</small></p>')
    else:
        lines.append(f'<p class="figure none">{wording.MISSING}</p>')
    if figures["rank_change"]:
        lines.append(f"<p>{_escape(figures['rank_change'])}</p>")
    score = figures["score"]
    if score and figures["score_change"]:
        score = f"{score} ({figures['score_change']})"
    lines += [f"<p>{_escape(line)}</p>" for line in (score, figures["group"], figures["region"]) if line]
    if figures["missing"]:
        lines.append(f'<p class="none">{_escape(capital(figures["missing"]))}</p>')
    return f'<section class="card"><h3>{_escape(figures["short"])}</h3>{"".join(lines)}</section>'


def beside(*pictures):
    """
    Set pictures side by side where there is room.

    Parameters
    ----------
    *pictures : helpers.publishing.Published or None
        None is left out.

    Returns
    -------
    helpers.site.Block
    """
    return site.Block(f'<div class="beside">{"".join(map(_focusable, filter(None, pictures)))}</div>')


def _focusable(picture):
    """A picture that can be moved sideways by keyboard where it is wider than the screen."""
    name = _escape(picture.title)
    return picture._repr_html_().replace("<figure>", f'<figure tabindex="0" aria-label="{name}">', 1)


def section(name, said, facts, notes, language):
    """
    Set the sentences of a section below its heading, those that belong together as one paragraph.

    Parameters
    ----------
    name : str
        As in `helpers.briefing_sentences.sentences`.
    said : dict of list of helpers.briefing_words.Sentence
    facts : dict
    notes : Notes
    language : {"en", "vi"}

    Returns
    -------
    helpers.site.Block
        Empty for a section without a sentence.
    """
    if name not in said:
        return site.Block("")
    title = _escape(briefing_sentences.heading(name, facts, language))
    parts = itertools.groupby(said[name], key=lambda sentence: _part(sentence.key))
    written = (f"<p>{' '.join(_noted(list(sentences), notes))}</p>" for _, sentences in parts)
    return site.Block("\n".join([f"<h2>{title}</h2>", *written]))


def _part(key):
    """Number of the paragraph that a sentence belongs to; what sources say otherwise has its own."""
    if key.startswith(("claim_", "conflict_")):
        return len(PARAGRAPHS)
    return next((number for number, keys in enumerate(PARAGRAPHS) if key in keys), None)


def _noted(sentences, notes):
    for sentence, following in zip(sentences, [*sentences[1:], None], strict=True):
        # Sentences that rest on the same sources share the note after the last of them.
        shared = following and sorted(following.sources) == sorted(sentence.sources)
        yield _escape(sentence.text) + ("" if shared else notes.marks(sentence.sources))


def table(name, facts, language, raw="data/raw", fold=False):
    """
    Show a table of `helpers.briefing_tables`.

    Parameters
    ----------
    name : {"course", "targets", "peers", "claims"}
    facts : dict
    language : {"en", "vi"}
    raw : str or pathlib.Path
    fold : bool
        Whether to fold it away below its caption; on paper it is left out then.

    Returns
    -------
    helpers.site.Block
        Empty for a table without a row.
    """
    frame = getattr(briefing_tables, name)(facts, language, raw)
    peers = facts["peers"]
    index = facts["indices"][peers["index"]]["short"] if peers else ""
    return _table(frame, _caption(name, language, year=facts["year"], index=index), language, fold)


def component_tables(facts, slug, language, raw="data/raw"):
    """
    Show the components of an index as a table, and with their parts as a folded one.

    Parameters
    ----------
    facts : dict
    slug : str
        Of the index; other sections have no such tables.
    language : {"en", "vi"}
    raw : str or pathlib.Path

    Returns
    -------
    list of helpers.site.Block
        Without the tables that would have no row, or no part.
    """
    if slug not in facts["indices"]:
        return []
    entry = facts["indices"][slug]
    values = {"year": facts["year"], "index": entry["short"]}
    blocks = []
    for name, parts in (("components", False), ("parts", True)):
        if parts and not any(component["part"] for component in entry["components"].values()):
            continue
        frame = briefing_tables.components(facts, slug, language, parts, raw)
        blocks.append(_table(frame, _caption(name, language, **values), language, fold=parts))
    return blocks


def _caption(name, language, **values):
    return wording.text(f"briefing_page.{name}_caption", language, **values)


def _table(frame, caption, language, fold):
    if not len(frame):
        return site.Block("")
    shown = site.table(frame, language, caption)
    return site.details(caption, shown) if fold else shown
