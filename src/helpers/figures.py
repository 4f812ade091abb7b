"""A figure as a table writes it: decimal commas, percentages, ranks such as 50/63, marks of a missing one."""

import re
from dataclasses import dataclass

MISSING_MARKS = {"", "-", "–", "—", "n/a", "na", "null", "…", "..."}
_NUMBER = re.compile(r"([+-]?\d{1,9})(?:[.,](\d{1,12}))?\s*(%?)", re.ASCII)
_OF = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})", re.ASCII)


@dataclass(frozen=True)
class Number:
    """
    A number as a table writes it.

    Attributes
    ----------
    value : float
    decimals : int
        How many decimals were written: the precision of the report.
    percent : bool
        Whether a percent sign followed.
    of : int or None
        The second number of a rank written as "50/63".
    """

    value: float
    decimals: int = 0
    percent: bool = False
    of: int | None = None


def parse_number(text):
    """
    Read a number in the ways Vietnamese and English tables write it.

    Parameters
    ----------
    text : str
        For example ``83,00``, ``83.00``, ``84,97%``, ``50/63``, ``50``. A comma is a decimal comma:
        no index reaches a thousand.

    Returns
    -------
    Number or None
        None for an empty cell and for the usual marks of a missing figure (``-``, ``n/a``, ...).

    Raises
    ------
    ValueError
        If the text is neither a number nor a mark of a missing one.
    """
    # Most cells are plain numbers, and need no cleaning.
    if not (found := _NUMBER.fullmatch(str(text))):
        text = " ".join(str(text).replace("−", "-").split())
        if text.casefold() in MISSING_MARKS:
            return None
        if found := _OF.fullmatch(text):
            return Number(float(found[1]), of=int(found[2]))
        found = _NUMBER.fullmatch(text)
    if found:
        whole, decimals, percent = found.groups(default="")
        return Number(float(f"{whole}.{decimals or 0}"), len(decimals), bool(percent))
    raise ValueError(f"{text!r} is no number")
