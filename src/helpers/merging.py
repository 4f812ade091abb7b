"""Figures of the 63 provinces averaged over the 34 units of 1 July 2025: aggregates that nobody published."""

import csv
import math
import re

import pandas as pd

from helpers.files import resolve

OLD_UNITS, NEW_UNITS = 63, 34

_CODE = re.compile(r"[0-9]{2}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class MergingError(ValueError):
    """Figures, weights or a crosswalk that cannot be merged; the text names the code and says what to do."""


def merge(values, crosswalk, weights=None):
    """
    Average the figures of the 63 provinces over the 34 units that they became part of.

    Nobody published the result: a page that shows it says that it is an average of the merged provinces.

    Parameters
    ----------
    values : pandas.Series of float, shape (n,), n <= 63
        A figure by ``gso_code`` of the 63 provinces; absent and NaN both mean that there is none.
    crosswalk : pandas.Series of str, shape (63,)
        New code by old code, from `helpers.provinces.crosswalk`.
    weights : pandas.Series of float, optional
        Weight by ``gso_code`` of the 63 provinces, in any one unit (persons, for example), as read by
        `read_weights`; at least for every province that has a value. By default all weigh the same.

    Returns
    -------
    pandas.DataFrame, shape (34, 6)
        By new ``gso_code``, in its order:

        - ``value``: mean of the parts that have a value, NaN where none has;
        - ``low``, ``high``: the smallest and the largest of these parts, whatever they weigh;
        - ``n``: how many parts have a value;
        - ``parts``: how many provinces were merged;
        - ``complete`` (bool): whether all parts have a value. If not, ``value`` is of the known parts alone
          and is not the figure of the whole unit.

    Raises
    ------
    MergingError
        If a code is none of the 63 or stands there twice; if the codes of `values` are exactly those of the
        34 units; if a value is no finite number; if a weight is absent, negative or not finite, or the
        weights of the known parts of a unit sum to zero; if the crosswalk does not lead from 63 to 34.

    Notes
    -----
    value = sum(w * x) / sum(w) over the parts with a value. A code may name one province among the 63 and
    another among the 34 (24 was Bắc Giang and is Bắc Ninh): codes of `values` are always those of the 63.
    """
    crosswalk = _checked_crosswalk(crosswalk)
    values = _checked_numbers(values, "values", crosswalk).dropna()
    known = pd.DataFrame({"new": crosswalk, "value": values.reindex(crosswalk.index)})
    known["weight"] = 1.0 if weights is None else _checked_weights(weights, values.index, crosswalk)
    known = known[known["value"].notna()]
    grouped = known.groupby("new")
    # Relative to the largest of the unit, so that very large and very small weights keep their precision.
    share = known["weight"] / grouped["weight"].transform("max")
    if weightless := sorted(known["new"][share.isna()].unique()):
        raise MergingError(
            f"the weights of the known parts of {', '.join(weightless)} sum to zero: give at least one of "
            f"gso_code {', '.join(known.index[share.isna()])} a weight above 0"
        )
    total = share.groupby(known["new"]).sum()
    parts = crosswalk.groupby(crosswalk).size().rename_axis("gso_code")
    merged = pd.DataFrame(
        {
            "value": (share * known["value"]).groupby(known["new"]).sum() / total,
            "low": grouped["value"].min(),
            "high": grouped["value"].max(),
        },
        index=parts.index,
    )
    # Rounding can carry the mean of equal values past them by a last digit.
    merged["value"] = merged["value"].clip(merged["low"], merged["high"])
    n = grouped.size().reindex(parts.index, fill_value=0)
    return merged.assign(n=n, parts=parts, complete=n == parts)


def read_weights(path):
    """
    Read weights of the 63 provinces, their population for example.

    Parameters
    ----------
    path : str or pathlib.Path
        UTF-8 text, cells divided by commas, with a head that names the columns ``gso_code`` (two characters)
        and ``weight`` (zero or more, any one unit, a decimal point, no signs between thousands). Further
        columns, a name or a source for instance, are left aside.

    Returns
    -------
    pandas.Series of float
        ``weight`` by ``gso_code``, in the order of the file.

    Raises
    ------
    MergingError
        If the file is missing, is no such table or holds no weight; a code is not of two digits or stands
        there twice; a weight is no number, negative or not finite. It names the file and the line.
    """
    path = resolve(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except FileNotFoundError as error:
        raise MergingError(
            f"{path} is missing: expected a table of weights with the columns gso_code, weight"
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MergingError(
            f"{path} cannot be read ({error}): save it as UTF-8 text with commas between the cells"
        ) from error
    head = [cell.strip() for cell in lines[0][1]] if lines else []
    if head.count("gso_code") != 1 or head.count("weight") != 1:
        raise MergingError(
            f"{path}: expected the columns gso_code and weight in the first line, once each and divided by "
            f"commas, found {', '.join(head) or 'an empty file'}"
        )
    weights = {}
    for line, row in lines[1:]:
        where = f"{path}, line {line}"
        if len(row) != len(head):
            raise MergingError(
                f"{where}: expected {len(head)} cells, found {len(row)}; write a decimal point (1234.5), no "
                "decimal comma, and put a text that holds a comma in quotes"
            )
        cells = dict(zip(head, map(str.strip, row), strict=True))
        code, weight = cells["gso_code"], cells["weight"]
        if not _CODE.fullmatch(code):
            raise MergingError(
                f"{where}: gso_code {code!r} is not two digits such as '01'; a spreadsheet may have dropped "
                "the leading zero"
            )
        if code in weights:
            raise MergingError(f"{where}: gso_code {code} stands there a second time; keep one line each")
        weights[code] = _weight(f"{where}, gso_code {code}", weight)
    if not weights:
        raise MergingError(f"{path} holds no weight: expected one line a province below the head")
    return pd.Series(weights, name="weight", dtype="float64").rename_axis("gso_code")


def _weight(where, text):
    if "," in text:
        raise MergingError(
            f"{where}: weight {text!r} has a comma; write a decimal point (1234.5) and no signs between "
            "thousands"
        )
    # What float() also takes, such as 1_000, nan or digits of other scripts, is no weight.
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number) or number < 0:
        raise MergingError(f"{where}: expected a weight of zero or more such as 1234.5, found {text!r}")
    return number


def _checked_crosswalk(crosswalk):
    old, new = crosswalk.index, crosswalk.dropna().nunique()
    if len(old) != OLD_UNITS or old.has_duplicates or crosswalk.isna().any() or new != NEW_UNITS:
        raise MergingError(
            f"crosswalk_63_34.csv: expected {OLD_UNITS} old codes, each once with its new code, of "
            f"{NEW_UNITS} units; found {len(old)} rows, {old.nunique()} old and {new} new codes; restore "
            "the file"
        )
    return crosswalk.sort_index()


def _checked_numbers(given, what, crosswalk):
    """Give finite numbers or NaN by code, after checking the codes."""
    unknown = [repr(code) for code in given.index if code not in crosswalk.index]
    if unknown:
        raise MergingError(
            f"{what}: gso_code {', '.join(unknown)} is none of the {OLD_UNITS} provinces before 1 July 2025; "
            "codes are texts of two characters such as '01'"
        )
    if given.index.has_duplicates:
        doubled = sorted(given.index[given.index.duplicated()].unique())
        raise MergingError(
            f"{what}: gso_code {', '.join(doubled)} stands there more than once; keep one each"
        )
    if set(given.index) == set(crosswalk):
        raise MergingError(
            f"{what}: these are the codes of the {NEW_UNITS} units since 1 July 2025, which need no merging "
            f"and where a code may name another province; if they are of the {OLD_UNITS} provinces, give the "
            "absent ones too, as NaN"
        )
    numbers = pd.to_numeric(given, errors="coerce").astype("float64")
    wrong = (given.notna() & numbers.isna()) | numbers.abs().eq(math.inf)
    if wrong.any():
        code = given.index[wrong][0]
        raise MergingError(f"{what}: expected a finite number for gso_code {code}, found {given[code]}")
    return numbers


def _checked_weights(weights, needed, crosswalk):
    numbers = _checked_numbers(weights, "weights", crosswalk)
    absent = sorted(needed.difference(numbers.dropna().index))
    if absent:
        raise MergingError(
            f"weights: gso_code {', '.join(absent)} has a value but no weight; give one, or merge unweighted"
        )
    if negative := sorted(numbers.index[numbers < 0]):
        raise MergingError(f"weights: gso_code {', '.join(negative)} is negative; weights are zero or more")
    return numbers
