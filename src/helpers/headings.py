"""The heads of published tables: what a column holds, by the spellings of ``data/raw/indices.toml``."""

import re
import unicodedata
from dataclasses import dataclass, replace

from helpers import provinces

# What a head may say of its column besides the component, the more telling first.
FIELDS = ("change", "group", "ranked", "rank", "percent", "score")
# Columns that are known by their whole head.
ROLES = (
    "province",
    "numbering",
    "code",
    "year",
    "vintage",
    "unit_type",
    "maximum",
    "ranked",
    "group",
    "change",
)

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
# "của năm 2022" says no more than "2022".
_YEAR_PHRASE = re.compile(
    r"\b(?:(?:của|trong|cho)\s+)?(?:năm|the year|year|in|for|of)\s+(?=(?:19|20)\d\d(?!\d))", re.IGNORECASE
)
# A day is not a data year: decisions are dated in the year after the one that they are about.
_DATE = re.compile(
    r"ngày\s*(?:\d{1,2}|\.+)\s*(?:tháng|/)\s*(?:\d{1,2}|\.+)\s*(?:năm|/)\s*\d{4}|tháng\s*\d{1,2}\s*(?:năm|/)\s*\d{4}"
    r"|\d{1,2}\s*[/.-]\s*\d{1,2}\s*[/.-]\s*\d{4}|\d{4}-\d{2}-\d{2}|\d+\s*/\s*\d{4}\s*/|\d+\s*/\s*(?:q[đd]|nq|bc|tb|cv)\b[^\s,;)]*",
    re.IGNORECASE,
)
_ONLY_YEAR = re.compile(r"\s*(?:năm|year)?\s*(?:19|20)\d\d\s*", re.IGNORECASE)
_ONLY_PERCENT = re.compile(
    r"\s*(?:đơn vị|đvt|unit)?\s*:?\s*(?:tỷ lệ|tỉ lệ)?\s*(?:%|percent)\s*", re.IGNORECASE
)
_RANGE = re.compile(r"(?<!\d)((?:19|20)\d\d)\s*[-–—_]\s*((?:19|20)\d\d)(?!\d)")
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_PREFIXED = re.compile(r"\b(un|sub|non|e)\s*-\s*(?=\w)")
_POINTS = r"(\d{1,3}(?:[.,]\d{1,3})?)\s*(?:điểm|đ|points?|pts?)?"
_MAXIMUM_WORDS = r"(?:tối đa|điểm chuẩn|điểm tối đa|thang điểm|max\.?|maximum|maximum points|out of|trên)"
_BRACKETED_MAXIMUM = re.compile(
    rf"\s*(?:{_MAXIMUM_WORDS}\s*:?\s*)?{_POINTS}(?:\s*{_MAXIMUM_WORDS})?\s*", re.IGNORECASE
)
_WORDED_MAXIMUM = re.compile(rf"{_MAXIMUM_WORDS}\s*:?\s*{_POINTS}", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+|\d+|%")
_COUNTED = (
    r"(?:(?:chỉ số|thành phần|trục|nội dung|lĩnh vực|chi so|thanh phan|truc|noi dung|linh vuc|dimension"
    r"|component|index|subindex|subdimension|subcomponent|sub|dim) )"
)
_NUMBERED = re.compile(
    rf"^(?:{_COUNTED}+|[dscq] )?(?P<number>\d+(?: \d+)?|(?:x{{0,2}}(?:ix|iv|v?i{{0,3}}))) (?=\S)"
)
_ONLY_NUMBER = re.compile(rf"^{_COUNTED}+(\d{{1,2}})$")


@dataclass(frozen=True)
class Meaning:
    """
    What one text of a head says.

    Attributes
    ----------
    component : str or None
        Slug, "" for the total, None where it names none.
    number : int or None
        Of a component that is only numbered ("Sub-Index 6").
    field : str or None
        One of `FIELDS`.
    role : str or None
        One of `ROLES`, for the head of a column that holds no figure.
    other : str or None
        Slug of another index that it names.
    years : frozenset of int
    percent : bool
    maximum : float or None
        The maximum points that it states.
    unknown : bool
        Whether words are left that mean nothing here.
    bare : bool
        Whether it names neither index nor component, only a field or a year ("Điểm", "Xếp hạng", "2022").
    """

    component: str | None = None
    number: int | None = None
    field: str | None = None
    role: str | None = None
    other: str | None = None
    years: frozenset = frozenset()
    percent: bool = False
    maximum: float | None = None
    unknown: bool = False
    bare: bool = False


def fold(text):
    """
    Reduce a head to its words: lower case, no punctuation, tone marks on their modern places.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Words and numbers with one space between.
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", str(text))).casefold()
    text = _PREFIXED.sub(r"\1", text.replace("ð", "đ"))
    return " ".join(provinces.modern_tones(word) for word in _WORDS.findall(text))


def years_in(text):
    """
    Find the data years that a text names; dates and numbers of decisions are no data years.

    Parameters
    ----------
    text : str

    Returns
    -------
    set of int
        A span such as "2011-2016" counts with every year of it.
    """
    text = _DATE.sub(" ", str(text).replace("_", " "))
    years = {int(year) for year in _YEAR.findall(text)}
    for first, last in _RANGE.findall(text):
        years |= set(range(int(first), int(last) + 1))
    return years


class Vocabulary:
    """
    The words of the heads of one index.

    Parameters
    ----------
    registry : helpers.registry.Registry
    index : helpers.registry.Index
    """

    def __init__(self, registry, index):
        self.index = index
        words = registry.headings
        self._abbreviations = {fold(key): fold(full) for key, full in words.get("abbreviations", {}).items()}
        self._neutral = sorted((fold(word) for word in words.get("neutral", [])), key=len, reverse=True)
        self._fields = {field: self._phrases(words.get(field, [])) for field in FIELDS}
        self._roles = {self._whole(word): role for role in ROLES for word in words.get(role, [])}
        self._weighting = self._phrases([*words.get("unweighted", []), *words.get("weighted", [])])
        self._spellings, self._plain, self._phrased = {}, {}, {}
        for spelling in index.spellings:
            self._learn(spelling, "")
        for spelling in words.get("total", []):
            self._keep(self._whole(spelling), "")
        for slug, entry in index.components.items():
            own = [slug, slug.rpartition(".")[2], *entry["name"].values(), *entry.get("spellings", [])]
            for spelling in own:
                self._learn(spelling, slug)
            for spelling in entry.get("spellings_percent", []):
                self._learn(spelling, f"{slug}%")
        self._others, self._titles = {}, {}
        for other in registry:
            for name in (*other.names, *other.entry["name"].values()):
                title = self._expand(fold(name))
                self._titles[title] = self._titles[provinces.strip_diacritics(title)] = other.slug
                if other.slug != index.slug:
                    self._others.setdefault(self._bare(name), other.slug)

    def _phrases(self, words):
        folded = {fold(word) for word in words} | {provinces.strip_diacritics(fold(word)) for word in words}
        return sorted(filter(None, folded), key=len, reverse=True)

    def _whole(self, text):
        """Key of a whole head."""
        return self._expand(fold(text)).replace(" ", "")

    def _expand(self, folded):
        return " ".join(self._abbreviations.get(word, word) for word in folded.split())

    def _bare(self, text):
        """Key of a head without the words that mean nothing by themselves."""
        return self._drop(self._expand(fold(text)), self._neutral).replace(" ", "")

    @staticmethod
    def _drop(folded, phrases):
        padded = f" {folded} "
        for phrase in phrases:
            while f" {phrase} " in padded:
                padded = padded.replace(f" {phrase} ", " ")
        return padded.strip()

    def _learn(self, spelling, slug):
        for key in {self._whole(spelling), self._bare(spelling)} - {""}:
            self._keep(key, slug)
        # One word of a title ("land", "time") is no mention of a component.
        if slug and " " in (phrase := self._expand(fold(spelling))):
            self._phrased.setdefault(phrase, set()).add(slug.rstrip("%"))

    def _keep(self, key, slug):
        self._spellings.setdefault(key, set()).add(slug)
        self._plain.setdefault(provinces.strip_diacritics(key), set()).add(slug)

    def _find(self, folded):
        """Slugs that some words spell (set): whole, then without neutral words."""
        expanded = self._expand(folded)
        for key in (expanded, self._drop(expanded, self._neutral)):
            key = key.replace(" ", "")
            found = self._plain.get(key) if key.isascii() else self._spellings.get(key)
            if found:
                return found
        return set()

    def read(self, text, year=None):
        """
        Read one text of a head.

        Parameters
        ----------
        text : str
        year : int, optional
            Where spellings belong to different components in different years.

        Returns
        -------
        Meaning
        """
        # "Transparency (method of 2005)" is no figure of 2005; "PAR INDEX (2022)" is one of 2022.
        told = _BRACKETS.sub(lambda found: found[1] if _ONLY_YEAR.fullmatch(found[1]) else " ", str(text))
        years = frozenset(years_in(told))
        text = _YEAR.sub(" ", _YEAR_PHRASE.sub(" ", _DATE.sub(" ", str(text).replace("_", " "))))
        bare = _BRACKETS.sub(" ", text)
        # Brackets explain, but "(chưa có trọng số)" makes it another figure.
        outside = _BRACKETS.sub(lambda found: found[1] if self._weighs(found[1]) else " ", text)
        meaning = Meaning(
            years=years,
            percent="%" in bare or any(map(_ONLY_PERCENT.fullmatch, _BRACKETS.findall(text))),
            maximum=_maximum(_BRACKETS.findall(text), bare),
        )
        whole, outer = fold(text).replace("%", "").strip(), fold(outside).replace("%", "").strip()
        if text.strip() in {"+/-", "±", "+/ -"}:
            return replace(meaning, role="change")
        for folded in (whole, outer):
            role = self._agreed(self._expand(folded), lambda words: self._roles.get(words.replace(" ", "")))
            if role and not self._find(folded):
                return replace(meaning, role=role, field=role if role in FIELDS else None)
        for folded in dict.fromkeys((whole, outer)):
            for field, rest in self._split(self._expand(folded)):
                slug = self._agreed(rest, lambda words: self._one(words, year)) if rest else None
                if slug is not None:
                    percent = meaning.percent or field == "percent" or slug.endswith("%")
                    return replace(meaning, component=slug.rstrip("%"), field=field, percent=percent)
        for field, rest in self._split(self._expand(outer)):
            if numbered := _ONLY_NUMBER.match(rest):
                return replace(meaning, number=int(numbered[1]), field=field)
        for field, rest in self._split(outer):
            bare = self._drop(self._expand(rest), self._neutral).replace(" ", "")
            if bare in self._others:
                return replace(meaning, other=self._others[bare], field=field)
            if not bare:
                percent = meaning.percent or field == "percent"
                return replace(meaning, field=field or ("score" if outer else None), percent=percent)
        return replace(meaning, unknown=True)

    def _one(self, folded, year):
        """Slug that some words spell in a year, with or without a number, None for none or several."""
        for words in dict.fromkeys((folded, _NUMBERED.sub("", folded))):
            slugs = self._of_year(self._find(words), year)
            if len(slugs) == 1:
                return next(iter(slugs))
        return None

    @staticmethod
    def _agreed(folded, lookup):
        """Look words up, whole or as two texts that say the same (Vietnamese and English in one cell)."""
        found = lookup(folded)
        words = folded.split()
        for cut in range(1, len(words) if found is None else 0):
            first = lookup(" ".join(words[:cut]))
            if first is not None and first == lookup(" ".join(words[cut:])):
                return first
        return found

    def _weighs(self, text):
        padded = f" {fold(text)} "
        return any(f" {phrase} " in padded for phrase in self._weighting)

    def _split(self, folded):
        """Ways to take the head apart into a field and the words that remain, the plain head first."""
        yield None, folded
        for field in FIELDS:
            for phrase in self._fields[field]:
                if f" {phrase} " in f" {folded} ":
                    rest = self._drop(folded, [phrase])
                    yield field, rest
                    # "Xếp hạng / Rank" says it twice.
                    if rest != (bare := self._drop(rest, self._fields[field])):
                        yield field, bare

    def _of_year(self, slugs, year):
        if len(slugs) < 2 or year is None:
            return slugs
        present = {"", *self.index.components_of(year)}
        return {slug for slug in slugs if slug.rstrip("%") in present}

    def column(self, parts, year=None):
        """
        Read the head of a column out of its texts.

        Parameters
        ----------
        parts : list of (str, bool)
            Texts from the top down; whether each spans several columns.
        year : int, optional

        Returns
        -------
        meaning : Meaning
        conflict : str
            What two texts of the head say differently, "" where they agree.
        """
        read = [(self.read(text, year), spans) for text, spans in parts]
        own = [meaning for meaning, spans in read if not spans]
        above = [meaning for meaning, spans in read if spans]
        years = next((m.years for m, _ in reversed(read) if m.years), frozenset())
        # "Điểm" below "Tăng, giảm" is a change, whatever else it is.
        said = [m.field for m, _ in reversed(read) if m.field]
        field = next((field for field in said if field in ("change", "group")), said[0] if said else None)
        found = Meaning(
            years=years,
            field=field,
            percent=any(m.percent for m, _ in read),
            maximum=next((m.maximum for m, _ in reversed(read) if m.maximum is not None), None),
        )
        if roles := [m.role for m in own if m.role]:
            return replace(found, role=roles[-1]), ""
        named = {m.component for m in own if m.component is not None}
        # "Tổng điểm" below "Thủ tục hành chính" may be the total of the field or of the table.
        named |= {m.component for m in above[-1:] if m.component} if named == {""} else set()
        # A head over several columns names what they share; each of them may be something else below it.
        bare = not any(m.unknown or m.other for m in own)
        if not named and bare and not any(m.number for m in own):
            named = {m.component for m in above[-1:] if m.component is not None}
            bare = not any(m.unknown or m.other for m in above[-1:])
        if len(named) > 1:
            spelled = {self.index.component_name(slug, "vi") for slug in named}
            return replace(found, unknown=True), " / ".join(sorted(spelled))
        if named:
            return replace(found, component=named.pop()), ""
        numbers = {m.number for m in own if m.number}
        if len(numbers) == 1:
            return replace(found, number=numbers.pop()), ""
        others = {m.other for m in (*own, *above[-1:]) if m.other}
        if others:
            return replace(found, other=others.pop()), ""
        if not bare or not read:
            return replace(found, unknown=True), ""
        # Only a field ("Điểm", "Xếp hạng") or a year: the table is about the index itself.
        return replace(found, component="", bare=True), ""

    def components_in(self, text, year=None):
        """
        Find the components that a title or the name of a sheet mentions.

        Parameters
        ----------
        text : str
        year : int, optional

        Returns
        -------
        components : set of str
            Slugs.
        whole : bool
            Whether the text names one of them and says nothing else.
        """
        slug = self.read(text, year).component
        if slug:
            return {slug}, True
        text = _YEAR_PHRASE.sub(" ", _DATE.sub(" ", str(text).replace("_", " ")))
        padded = f" {self._expand(fold(text))} "
        found = [slugs for phrase, slugs in self._phrased.items() if f" {phrase} " in padded]
        return set().union(*found), False

    def names_in(self, text):
        """
        Find the indices that a title or a name of a file or sheet mentions.

        Parameters
        ----------
        text : str

        Returns
        -------
        set of str
            Slugs, of this index or another.
        """
        padded = f" {self._expand(fold(text.replace('_', ' ')))} "
        plain = provinces.strip_diacritics(padded)
        return {
            slug
            for title, slug in self._titles.items()
            if f" {title} " in padded or (title.isascii() and f" {title} " in plain)
        }


def _maximum(brackets, outside):
    """Read the maximum points out of a head: "(9,5 điểm)", "tối đa 10"."""
    found = [match for text in brackets if (match := _BRACKETED_MAXIMUM.fullmatch(text))]
    found += [match for match in [_WORDED_MAXIMUM.search(outside)] if match]
    values = [float(match[1].replace(",", ".")) for match in found]
    return next((value for value in values if 1 < value <= 100), None)
