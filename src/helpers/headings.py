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
_WORDS = re.compile(r"tối đa|điểm chuẩn|thang điểm|max(?:imum)?|tổng điểm", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+|\d+|%")
_NUMBERED = re.compile(
    r"^(?P<kind>(?:chỉ số|trục|nội dung|lĩnh vực|dimension|subindex|subdimension|subcomponent|component|chi so"
    r"|truc|noi dung|linh vuc)(?: (?:thành phần|nội dung|thanh phan|noi dung|index))? |(?:dim|d|s|c|q|sub) )?"
    r"(?P<number>\d+(?: \d+)?|(?:x{0,2}(?:ix|iv|v?i{0,3}))) (?=\S)"
)
_ONLY_NUMBER = re.compile(
    r"^(?:chỉ số|trục|nội dung|lĩnh vực|dimension|subindex|component|chi so|truc|noi dung|linh vuc)"
    r"(?: (?:thành phần|nội dung|thanh phan|noi dung))? (\d{1,2})$"
)


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
        self._spellings, self._plain = {}, {}
        for spelling in index.spellings:
            self._learn(spelling, "")
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
        text = _YEAR.sub(" ", _DATE.sub(" ", str(text).replace("_", " ")))
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
            role = self._roles.get(self._expand(folded).replace(" ", ""))
            if role and not self._find(folded):
                return replace(meaning, role=role, field=role if role in FIELDS else None)
        for folded in dict.fromkeys((whole, outer)):
            for candidate in dict.fromkeys((folded, _NUMBERED.sub("", folded))):
                for field, rest in self._split(candidate):
                    slugs = self._of_year(self._find(rest), year) if rest else set()
                    if len(slugs) == 1:
                        (slug,) = slugs
                        percent = meaning.percent or field == "percent" or slug.endswith("%")
                        return replace(meaning, component=slug.rstrip("%"), field=field, percent=percent)
        if numbered := _ONLY_NUMBER.match(outer):
            return replace(meaning, number=int(numbered[1]))
        for field, rest in self._split(outer):
            bare = self._drop(self._expand(rest), self._neutral).replace(" ", "")
            if bare in self._others:
                return replace(meaning, other=self._others[bare], field=field)
            if not bare:
                percent = meaning.percent or field == "percent"
                return replace(meaning, field=field or ("score" if outer else None), percent=percent)
        return replace(meaning, unknown=True)

    def _weighs(self, text):
        padded = f" {fold(text)} "
        return any(f" {phrase} " in padded for phrase in self._weighting)

    def _split(self, folded):
        """Ways to take the head apart into a field and the words that remain, the plain head first."""
        yield None, folded
        for field in FIELDS:
            for phrase in self._fields[field]:
                if f" {phrase} " in f" {folded} ":
                    yield field, self._drop(folded, [phrase])

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
        field = next((m.field for m, _ in reversed(read) if m.field), None)
        found = Meaning(
            years=years,
            field=field,
            percent=any(m.percent for m, _ in read),
            maximum=next((m.maximum for m, _ in reversed(read) if m.maximum is not None), None),
        )
        if roles := [m.role for m in own if m.role]:
            return replace(found, role=roles[-1]), ""
        named = {m.component for m in own if m.component is not None}
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
        return replace(found, component=""), ""

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
