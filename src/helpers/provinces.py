"""The provinces: names and codes of the 63 units (to 30 June 2025) and of the 34 units (since then)."""

import csv
import functools
import re
import unicodedata
from dataclasses import dataclass, field

from helpers import files, inputs, wording

# The sets of provinces of one vintage among which a place is given; the first two are columns of the tables.
SCOPES = ("region6", "region8", "cities")
VINTAGES = ("63", "34")
FIRST_YEAR_OF_34 = 2025

_PREFIX = re.compile(r"^(?:tỉnh|thành phố|thủ đô|tp|t p) ")
# Without diacritics "tinh" may begin a name of its own, so that a whole name must follow.
_ASCII_PREFIX = re.compile(r"^(?:tinh|thanh pho|thu do) (?=\S+ )|^(?:tp|t p) ")
_SUFFIX = re.compile(r" (?:province|city|municipality)$")
_CODE = re.compile(r"[0-9]+")
_SEPARATORS = re.compile(r"[-‐‑‒–—−.,\s]+")
# Letters that stand in for Đ in old files: Icelandic eth and African d.
_ETH = str.maketrans("ÐðƉɖ", "ĐđĐđ")
# The two spellings of a tone mark on oa, oe, uy: "hoà" and "hòa" are the same word.
_OLD = ["oà", "oá", "oả", "oã", "oạ", "oè", "oé", "oẻ", "oẽ", "oẹ", "uỳ", "uý", "uỷ", "uỹ", "uỵ"]
_NEW = ["òa", "óa", "ỏa", "õa", "ọa", "òe", "óe", "ỏe", "õe", "ọe", "ùy", "úy", "ủy", "ũy", "ụy"]
_TONES = dict(zip(_OLD, _NEW, strict=True))
_TONE = re.compile("|".join(_TONES) + r"(?!\w)")


class UnknownProvinceError(ValueError):
    """
    A name or code that belongs to no province of the vintage.

    Attributes
    ----------
    nearest : str
        The known name that looks most like it, as a proposal for a person; never used by itself.
    suggestions : list of (str, str)
        Codes and names of the provinces that look most like it, the nearest first.
    """

    def __init__(self, name, vintage, suggestions):
        self.name, self.vintage, self.suggestions = name, vintage, suggestions
        self.nearest = suggestions[0][1]
        known = ", ".join(f"{known} ({code})" for code, known in suggestions)
        super().__init__(f"{name!r} is none of the {vintage} provinces; nearest known: {known}")


class OtherUnitsError(ValueError):
    """A name or code of another set of units than the year's, or of different provinces before and after."""


def vintage_of(year):
    """
    Say which set of units the figures of a data year belong to.

    Parameters
    ----------
    year : int
        Data year, not the year of publication.

    Returns
    -------
    {"63", "34"}
        The 34 units of Resolution 202/2025/QH15 from 2025 on, the 63 before.
    """
    return "34" if year >= FIRST_YEAR_OF_34 else "63"


def fold(name):
    """
    Reduce a spelling of a name to what decides identity; diacritics stay.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        NFC, lower case, a space for dashes, dots and commas, the tone mark on its modern place, without a
        leading "Tỉnh", "Thành phố" or "TP." and without a closing "province" or "city". "Tỉnh Hà Tĩnh"
        becomes "hà tĩnh".
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", str(name)).translate(_ETH))
    folded = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    folded = _SEPARATORS.sub(" ", folded).strip().casefold()
    folded = _SUFFIX.sub("", folded)
    shorter = (_ASCII_PREFIX if folded.isascii() else _PREFIX).sub("", folded)
    return modern_tones(shorter)


def modern_tones(text):
    """
    Put the tone marks of oa, oe and uy on their modern places, so that both spellings of a word are equal.

    Parameters
    ----------
    text : str
        Lower case, NFC.

    Returns
    -------
    str
    """
    return _TONE.sub(lambda found: _TONES[found.group()], text)


def strip_diacritics(name):
    """
    Write a name in plain ASCII letters: "Đắk Lắk" becomes "Dak Lak".

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    decomposed = unicodedata.normalize("NFD", str(name).translate(_ETH)).translate(str.maketrans("Đđ", "Dd"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@dataclass(frozen=True)
class Provinces:
    """
    One vintage of the provinces.

    Attributes
    ----------
    vintage : {"63", "34"}
    rows : dict of dict
        Cells by ``gso_code`` (two characters) and column, "" where empty; columns as in
        ``data/raw/provinces/provinces63.csv`` and ``provinces34.csv``.
    """

    vintage: str
    rows: dict = field(repr=False, hash=False)

    @functools.cached_property
    def table(self):
        """The rows as a table indexed by ``gso_code`` (pandas.DataFrame of str)."""
        import pandas as pd

        return pd.DataFrame.from_dict(self.rows, orient="index", dtype=str).rename_axis("gso_code")

    @functools.cached_property
    def _codes_by_name(self):
        codes = {}
        for code, row in self.rows.items():
            aliases = row["aliases"].split("|") if row.get("aliases") else []
            for spelling in (row["name_vi"], row["name_en"], *aliases):
                for key in {fold(spelling), fold(strip_diacritics(spelling))}:
                    if codes.setdefault(key, code) != code:
                        raise ValueError(f"{spelling!r} names both {codes[key]} and {code}")
        return codes

    def code(self, name):
        """
        Find the province that a name belongs to.

        Exact spellings and listed aliases decide, after `fold`; a name without any diacritics is compared
        with the names stripped of theirs. Nothing is guessed.

        Parameters
        ----------
        name : str

        Returns
        -------
        str
            Two-character code of the General Statistics Office.

        Raises
        ------
        UnknownProvinceError
            If no province has this name; it proposes the nearest ones.
        """
        code = self.find(name)
        if code is None:
            raise UnknownProvinceError(name, self.vintage, self._named(self.near(name)))
        return code

    def find(self, name):
        """
        Find the province that a name belongs to, as `code` does, without proposing another.

        Parameters
        ----------
        name : str

        Returns
        -------
        str or None
        """
        return self._codes_by_name.get(fold(name))

    def nearest(self, name):
        """
        Propose the known name that looks most like a name.

        Parameters
        ----------
        name : str

        Returns
        -------
        str
            A Vietnamese name, for an error text.
        """
        return self.name(self.near(name)[0], "vi")

    def near(self, typed, count=3):
        """
        Find the provinces whose names, or whose codes, look most like what somebody typed.

        Parameters
        ----------
        typed : str
            A name, or a code (digits alone).
        count : int

        Returns
        -------
        list of str
            Codes, the nearest first: by the fewest letters changed, codes then by the smallest difference.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import Levenshtein

        if _CODE.fullmatch(typed):
            return sorted(
                self.codes, key=lambda c: (Levenshtein.distance(typed, c), abs(int(typed) - int(c)))
            )[:count]
        plain = {key: strip_diacritics(key) for key in self._codes_by_name}
        found = process.extract(strip_diacritics(fold(typed)), plain, limit=None)
        return list(dict.fromkeys(self._codes_by_name[key] for _, _, key in found))[:count]

    def _named(self, codes):
        return [(code, self.name(code, "vi")) for code in codes]

    def name(self, code, language):
        """
        Name a province.

        Parameters
        ----------
        code : str
        language : {"en", "vi"}

        Returns
        -------
        str
        """
        return self.rows[code][f"name_{language}"]

    def full_name(self, code, language):
        """
        Name a province with its type, as within a sentence: "tỉnh Bình Phước", "thành phố Cần Thơ".

        Parameters
        ----------
        code : str
        language : {"en", "vi"}

        Returns
        -------
        str
            "Binh Phuoc province", "Can Tho city" in English.
        """
        kind = "city" if code in self.cities else "province"
        # Ho Chi Minh City has the word in its name, which the English one shows.
        if self.name(code, "en").endswith(" City"):
            kind = "city_in_name"
        return wording.text(f"provinces.{kind}", language, name=self.name(code, language))

    @property
    def codes(self):
        """All codes of the vintage, in their order (list of str)."""
        return list(self.rows)

    @property
    def cities(self):
        """Codes of the centrally run cities (list of str)."""
        return [code for code, row in self.rows.items() if row["type"] == "thành phố trực thuộc trung ương"]


def search_words(row):
    """
    List what a province is searched by.

    Parameters
    ----------
    row : dict of str
        Of `Provinces.rows`.

    Returns
    -------
    list of str
        Its names and their other spellings, in small letters without marks; each also in one word.
    """
    names = [row["name_vi"], row["name_en"], *filter(None, row["aliases"].split("|"))]
    plain = [re.sub(r"[^a-z0-9]+", " ", strip_diacritics(fold(name)).lower()).strip() for name in names]
    return list(dict.fromkeys([*plain, *(name.replace(" ", "") for name in plain)]))


def _rows(path):
    """The rows of a table of provinces, as dicts; nothing here needs the weight of pandas."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, restval="", strict=True))


def _refuse_marks(path, table):
    """Refuse letters that are not seen: marks of direction would turn round what stands beside a name."""
    for row in table:
        for column, cell in row.items():
            for character in cell:
                if unicodedata.category(character) in ("Cc", "Cf"):
                    raise ValueError(
                        f"{path}: {column} of {row['gso_code']} holds the unseen character "
                        f"U+{ord(character):04X}; type the name again without it"
                    )


@functools.lru_cache(maxsize=8)
def _load(path, vintage):
    table = _rows(path)
    _refuse_marks(path, table)
    rows = {row.pop("gso_code"): row for row in table}
    if not len(rows) == len(table) == int(vintage):
        raise ValueError(f"{path}: expected {vintage} provinces, each once; found {len(table)} rows")
    return Provinces(vintage, rows)


def load(raw="data/raw", vintage="63"):
    """
    Read one vintage of the provinces.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables.
    vintage : {"63", "34"}

    Returns
    -------
    Provinces

    Raises
    ------
    ValueError
        If the vintage is unknown or its table does not have that many units.
    """
    if vintage not in VINTAGES:
        raise ValueError(f"vintage {vintage!r} is not known; choose one of {', '.join(VINTAGES)}")
    path = files.resolve(raw) / "provinces" / f"provinces{vintage}.csv"
    inputs.note(path)
    return _load(str(path), vintage)


@functools.lru_cache(maxsize=8)
def _former(path):
    rows = {}
    for row in _rows(path):
        for spelling in (row["name_vi"], row["name_en"], *filter(None, row["aliases"].split("|"))):
            rows[fold(spelling)] = rows[fold(strip_diacritics(spelling))] = row
    return rows


def _former_rows(raw):
    path = files.resolve(raw) / "provinces" / "former.csv"
    inputs.note(path)
    return _former(str(path))


def former(raw="data/raw"):
    """
    Read the provinces that were merged before any of the vintages, such as Hà Tây (into Hà Nội in 2008).

    Parameters
    ----------
    raw : str or pathlib.Path

    Returns
    -------
    dict
        Vietnamese name by folded spelling (see `fold`).
    """
    return {spelling: row["name_vi"] for spelling, row in _former_rows(raw).items()}


def crosswalk(raw="data/raw"):
    """
    Read which of the 34 units each of the 63 became part of on 1 July 2025.

    Parameters
    ----------
    raw : str or pathlib.Path

    Returns
    -------
    pandas.Series
        New code by old code (63 rows).
    """
    import pandas as pd

    table = pd.read_csv(files.resolve(raw) / "provinces" / "crosswalk_63_34.csv", dtype=str)
    return table.set_index("old_code")["new_code"].rename("new_code")


def resolve(raw, typed, year):
    """
    Find the province of a data year that somebody asks for by its code or any spelling of its name.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables.
    typed : str
        "70", "Bình Phước", "binh phuoc", "Tỉnh Bình Phước".
    year : int
        Data year, which decides the set of units.

    Returns
    -------
    str
        Two-character code among the units of that year.

    Raises
    ------
    UnknownProvinceError
        If there is no such province; it proposes the nearest ones with their codes.
    OtherUnitsError
        If the province is not one of that year's units, or the code meant another province before
        1 July 2025 than it does since; the text says what to write instead.
    """
    typed, units = str(typed).strip(), load(raw, vintage_of(year))
    if _CODE.fullmatch(typed):
        return _resolve_code(raw, typed, year, units)
    code = units.find(typed)
    if code is not None:
        return code
    if merged := _former_rows(raw).get(fold(typed)):
        into = f"{units.name(merged['part_of'], 'vi')} ({merged['part_of']})"
        raise OtherUnitsError(
            f"{merged['name_vi']} was merged into {into} in {merged['to_year']}: name that province"
        )
    other = load(raw, _other(units.vintage))
    if (code := other.find(typed)) is not None:
        raise OtherUnitsError(_gone(raw, other.name(code, "vi"), code, other, units))
    raise UnknownProvinceError(typed, units.vintage, units._named(units.near(typed)))


def _other(vintage):
    return next(other for other in VINTAGES if other != vintage)


def _resolve_code(raw, code, year, units):
    known = code in units.rows
    # The 63 had their codes for as long as there are figures: no year of theirs leaves a doubt.
    if known and units.vintage == VINTAGES[0]:
        return code
    other = load(raw, _other(units.vintage))
    before = other.name(code, "vi") if code in other.rows else None
    if not known and before is None:
        raise UnknownProvinceError(code, units.vintage, units._named(units.near(code)))
    if not known:
        raise OtherUnitsError(_gone(raw, code, code, other, units))
    now = units.name(code, "vi")
    # A single province that took another name, as Thừa Thiên Huế became Huế, is still the same one.
    renamed = units.rows[code]["old_codes"] == code
    if before is not None and before != now and not renamed:
        raise OtherUnitsError(
            f"{code} was {before} until 30 June 2025 and is {now} since then; "
            f"for {year} write the name instead of the code: {now}"
        )
    return code


def _gone(raw, called, code, other, units):
    """Say that `called`, a name or code of the `other` units, is none of the `units`."""
    name = other.name(code, "vi")
    is_code = called == code
    if other.vintage != VINTAGES[0]:
        is_what = f"{called} is {name}, which exists" if is_code else f"{called} exists"
        return f"{is_what} only since 1 July 2025: name one of the {units.vintage} provinces of before"
    into = crosswalk(raw)[code]
    was = f"{called} was {name}" if is_code else f"{called} was a province of its own"
    return (
        f"{was} until 30 June 2025 and is part of {units.name(into, 'vi')} ({into}) since then: "
        "name that province, or ask for a year before 2025"
    )
