"""The words of a briefing: how its facts are named and its numbers written in each language."""

import functools
from dataclasses import dataclass

from helpers import provinces, registry, wording
from helpers.files import resolve


@dataclass(frozen=True)
class Sentence:
    """
    One sentence of a briefing.

    Attributes
    ----------
    section : str
        "overview", the slug of an index, "peers", "targets" or "notes".
    key : str
        What it says, the same in both languages, for example "median".
    text : str
    sources : tuple of str
        Identifiers in ``sources.csv`` of the figures that it states.
    """

    section: str
    key: str
    text: str
    sources: tuple = ()


@functools.lru_cache(maxsize=4)
def _registry(raw):
    return registry.load(raw)


class Words:
    """
    Names and numbers of one briefing in one language.

    Parameters
    ----------
    facts : dict
        From `helpers.briefing.Book.facts`.
    language : {"en", "vi"}
    raw : str or pathlib.Path
        Folder of the raw tables, for the names of other provinces and what changed between series.

    Attributes
    ----------
    year, before : int
        The year of the facts, and the one before it.
    place : str
        The province with its type, as within a sentence.
    unit, unit_start : str
        "the province" or "the city", within a sentence and at its beginning.
    """

    def __init__(self, facts, language, raw="data/raw"):
        wording.check_language(language)
        self.facts, self.language = facts, language
        self.year, self.before = facts["year"], facts["year"] - 1
        self.places = provinces.load(raw, facts["vintage"])
        self.registry = _registry(str(resolve(raw)))
        self.code = facts["province"]["gso_code"]
        self.place = self.places.full_name(self.code, language)
        self.unit = self.say(f"unit_{facts['province']['type']}")
        self.unit_start = capital(self.unit)

    def say(self, key, **values):
        """Look up a text of ``briefing.toml`` (str)."""
        return wording.text(f"briefing.{key}", self.language, **values)

    def listing(self, names):
        """Write names one after another (str)."""
        return wording.listing(names, self.language)

    # --- names ----------------------------------------------------------------------------------------------

    def index(self, slug):
        """Name an index as within a sentence (str)."""
        return self.say("index", index=self.registry[slug].short)

    def group(self, group):
        """Name a published group (str)."""
        try:
            return self.say(f"group_{group}")
        except KeyError:
            return self.say("group_named", group=group)

    def the_group(self, group):
        """Name a published group as what a province is in: "the lowest group", "group B" (str)."""
        known = self.group(group)
        named = known == self.say("group_named", group=group)
        return known if named else self.say("the_group", group=known)

    def region(self, place):
        """Name the region of a place among others; "" of a place among the cities (str)."""
        return name_of(place, self.language) if "name" in place else ""

    def named(self, codes):
        """
        Name other provinces within a sentence, provinces before centrally run cities.

        Parameters
        ----------
        codes : list of str

        Returns
        -------
        str
            "tỉnh Bắc Giang", "các tỉnh Bắc Giang, Bắc Ninh và thành phố Hải Phòng".
        """
        if self.language == "vi" and len(codes) == 1:
            return self.places.full_name(codes[0], "vi")
        cities = [code for code in codes if code in self.places.cities]
        parts = {"provinces": [code for code in codes if code not in cities], "cities": cities}
        kinds = {kind: members for kind, members in parts.items() if members}
        if self.language == "en":
            names = (self.places.name(code, "en") for code in codes)
            return self.listing(wording.alphabetical(names, "en"))
        said = []
        for kind, members in kinds.items():
            names = wording.alphabetical((self.places.name(code, "vi") for code in members), "vi")
            last = len(said) == len(kinds) - 1
            joined = self.listing(names) if last else ", ".join(names)
            said.append(self.say(f"{kind}_{'one' if len(names) == 1 else 'many'}", names=joined))
        return self.listing(said)

    def change_of_series(self, slug, series):
        """Say what changed when a series began, as part of a sentence (str)."""
        change = self.registry[slug].change(series, self.language).rstrip(".")
        if self.language == "vi":
            # It stands between "do" and "nên".
            change = change.replace(";", ",")
        return change[:1].lower() + change[1:]

    # --- numbers --------------------------------------------------------------------------------------------

    def count(self, kind, number):
        """Count places or groups: "1 place", "8 places" (str)."""
        return self.say(f"{kind}_{'one' if abs(number) == 1 else 'many'}", count=abs(number))

    def ordinal(self, number):
        """Write a rank alone: "56" and "nhất" in Vietnamese, where "thứ" stands before it, "56th" (str)."""
        if number == 1:
            return self.say("first_place")
        return self._counted(number)

    def _counted(self, number):
        if self.language == "vi":
            return str(number)
        teens = 10 < number % 100 < 14
        return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"

    def rank_of(self, rank, of, key="rank_of"):
        """Write a rank and among how many: "56/61", "56th of 61"; without the second if not known (str)."""
        if of is None:
            return self.ordinal(rank)
        return self.say(key, rank=self._counted(rank), ranked=of)

    def ranked(self, rank, of):
        """Write `rank_of` where Vietnamese has no "thứ" before it yet (str)."""
        return self.say("rank_short", rank=self.rank_of(rank, of))

    def years(self, years, key="in_year"):
        """Write years: "in 2013", "các năm 2013 và 2016"; with the key "plain_year" "2013" (str)."""
        return self.say(key if len(years) == 1 else f"{key}s", years=self.listing(map(str, years)))

    def in_percent(self, slug):
        """Whether the scores of an index are percentages (bool)."""
        return self.registry[slug].unit("vi") == "%"

    def kind(self, slug, entry):
        """
        Tell how the scores of an entry of the facts are written.

        Parameters
        ----------
        slug : str
            Index.
        entry : dict
            Facts of the index or of one of its components.

        Returns
        -------
        {"points", "percent", "share", "value"}
            "share": a component of an index in points that a source states as a percentage of its maximum;
            "value": on a scale to 1, which has no name.
        """
        if self.in_percent(slug):
            return "percent"
        if "parent" in entry and entry["max_score"] == 100:
            return "share"
        return "value" if (entry["max_score"] or 100) <= 1 else "points"

    def decimals(self, entry):
        """With how many decimals scores of an entry are written: more on a short scale (int)."""
        highest = entry["max_score"] or 100
        return 4 if highest <= 1 else 3 if highest < 5 else 2

    def number(self, entry, value):
        """Write a score without its unit (str)."""
        return wording.number(value, self.language, self.decimals(entry))

    def plain(self, value):
        """Write a number with as many decimals as it has (str)."""
        return wording.number(value, self.language, places_of(value))

    def score(self, slug, entry, value=None, decimals=None):
        """
        Write a score with its unit.

        Parameters
        ----------
        slug : str
        entry : dict
            Facts of the index or component, which decide unit and decimals.
        value : float, optional
            A score other than the entry's own.
        decimals : int, optional
            Other than usual.

        Returns
        -------
        str
            "39,93 điểm", "85,54%".
        """
        value = entry["score"] if value is None else value
        decimals = self.decimals(entry) if decimals is None else decimals
        return self.say(self.kind(slug, entry), value=wording.number(value, self.language, decimals))

    def difference(self, slug, entry, value):
        """Write the size of a difference of scores with its unit (str)."""
        size, decimals = abs(value), self.decimals(entry)
        if round(size, decimals) == 0 < size:
            least = self.with_unit(slug, entry, self.number(entry, 10**-decimals))
            return self.say("less_than", amount=least)
        return self.with_unit(slug, entry, self.number(entry, size))

    def with_unit(self, slug, entry, written):
        """Give a difference of scores, written as a number, its unit (str)."""
        kind = self.kind(slug, entry)
        return self.say("percentage_points" if kind in ("percent", "share") else kind, value=written)

    # --- movements ------------------------------------------------------------------------------------------

    def moved(self, change, by, ends=None):
        """
        Say a movement as a verb: "giảm 8 bậc (từ thứ 48/60 xuống thứ 56/61)".

        Parameters
        ----------
        change : float
        by : str
            Its size in words.
        ends : (str, str), optional
            Figure of the year before and of the year.

        Returns
        -------
        str
        """
        if not change:
            return self.say("stayed")
        verb = "rose" if change > 0 else "fell"
        if ends is None:
            return self.say(verb, by=by)
        return self.say(f"{verb}_from", by=by, first=ends[0], last=ends[1])

    def rank_moved(self, entry):
        """Say how the rank of an index or component moved on the year before (str)."""
        change, ends = entry["rank_change"], None
        if entry["rank_change_basis"] == "computed":
            ends = [
                self.say("rank_short", rank=over(of["rank"], of["ranked"]))
                for of in (entry["previous"], entry)
            ]
        return self.moved(change, self.count("places", change), ends)

    def score_moved(self, slug, entry):
        """Say how the score of an index or component moved on the year before (str)."""
        change, ends = entry["score_change"], None
        if entry["score_change_basis"] == "computed":
            ends = [self.number(entry, of["score"]) for of in (entry["previous"], entry)]
            if self.kind(slug, entry) in ("percent", "share"):
                ends = [self.say("percent", value=score) for score in ends]
        return self.moved(change, self.difference(slug, entry, change), ends)

    def noun(self, slug, own=False):
        """What is compared, within a sentence: "its score", as `own` "the score of the province" (str)."""
        kind = "percent" if self.in_percent(slug) else "points"
        return self.say(f"noun_of_{kind}", unit=self.unit) if own else self.say(f"noun_{kind}")


def name_of(thing, language):
    """
    Name a province or a region of the facts, without its type.

    Parameters
    ----------
    thing : dict
        With ``name`` (Vietnamese) and ``name_en``.
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    return thing["name" if language == "vi" else "name_en"]


def places_of(value):
    """
    Count the decimals that a score is stated with.

    Parameters
    ----------
    value : float

    Returns
    -------
    int
        At most six.
    """
    return len(f"{value:.6f}".rstrip("0").split(".")[1])


def over(rank, of):
    """
    Write a rank and among how many in figures: "56/61".

    Parameters
    ----------
    rank : int
    of : int or None

    Returns
    -------
    str
    """
    return str(rank) if of is None else f"{rank}/{of}"


def capital(text):
    """
    Begin a text with a capital letter.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return text[:1].upper() + text[1:]


def cited(*cells):
    """
    Collect sources.

    Parameters
    ----------
    *cells : str, list of str or None
        Identifiers; a cell may hold several, separated by ``|``.

    Returns
    -------
    tuple of str
        Each once, in the order given.
    """
    flat = [name for cell in cells for name in (cell if isinstance(cell, list | tuple) else [cell]) if name]
    return tuple(dict.fromkeys(name for cell in flat for name in cell.split("|")))
