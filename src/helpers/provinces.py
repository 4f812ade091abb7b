"""The provinces: names and codes of the 63 units (to 30 June 2025) and of the 34 units (since then)."""

import functools
import re
import unicodedata
from dataclasses import dataclass

import pandas as pd

from helpers.files import resolve

VINTAGES = ("63", "34")
FIRST_YEAR_OF_34 = 2025

_PREFIX = re.compile(r"^(?:tỉnh|thành phố|thủ đô|tp|t p) ")
# Without diacritics "tinh" may begin a name of its own, so that a whole name must follow.
_ASCII_PREFIX = re.compile(r"^(?:tinh|thanh pho|thu do) (?=\S+ )|^(?:tp|t p) ")
_SUFFIX = re.compile(r" (?:province|city|municipality)$")
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
    """

    def __init__(self, name, vintage, nearest):
        self.name, self.vintage, self.nearest = name, vintage, nearest
        super().__init__(f"{name!r} is none of the {vintage} provinces; nearest known name: {nearest}")


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
    table : pandas.DataFrame
        One row a unit, indexed by ``gso_code`` (two characters); columns as in
        ``data/raw/provinces/provinces63.csv`` and ``provinces34.csv``.
    """

    vintage: str
    table: pd.DataFrame

    @functools.cached_property
    def _codes_by_name(self):
        codes = {}
        for code, row in self.table.iterrows():
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
            If no province has this name; it proposes the nearest one.
        """
        code = self.find(name)
        if code is None:
            raise UnknownProvinceError(name, self.vintage, self.nearest(name))
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
        from rapidfuzz import process

        plain = {key: strip_diacritics(key) for key in self._codes_by_name}
        _, _, key = process.extractOne(strip_diacritics(fold(name)), plain)
        return self.table.at[self._codes_by_name[key], "name_vi"]

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
        return self.table.at[code, f"name_{language}"]

    @property
    def codes(self):
        """All codes of the vintage, in their order (list of str)."""
        return list(self.table.index)

    @property
    def cities(self):
        """Codes of the centrally run cities (list of str)."""
        return list(self.table.index[self.table["type"] == "thành phố trực thuộc trung ương"])


@functools.lru_cache(maxsize=8)
def _load(path, vintage):
    table = pd.read_csv(path, dtype=str, keep_default_na=False).set_index("gso_code")
    if len(table) != int(vintage) or table.index.has_duplicates:
        raise ValueError(f"{path}: expected {vintage} provinces, each once; found {len(table)} rows")
    return Provinces(vintage, table)


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
    return _load(str(resolve(raw) / "provinces" / f"provinces{vintage}.csv"), vintage)


@functools.lru_cache(maxsize=8)
def _former(path):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    names = {}
    for row in table.itertuples():
        for spelling in (row.name_vi, row.name_en, *filter(None, row.aliases.split("|"))):
            names[fold(spelling)] = names[fold(strip_diacritics(spelling))] = row.name_vi
    return names


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
    return _former(str(resolve(raw) / "provinces" / "former.csv"))


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
    table = pd.read_csv(resolve(raw) / "provinces" / "crosswalk_63_34.csv", dtype=str)
    return table.set_index("old_code")["new_code"].rename("new_code")
