"""The account that the page of 01_clean gives of the cleaning: its sentences and tables."""

import pandas as pd

from helpers import provenance, wording
from helpers import provinces as provinces_
from helpers.checks import PRESS_TOLERANCE


def _headed(frame, language, columns):
    """Pick columns and give them their worded heads; `columns` maps a column to its text key."""
    return frame[list(columns)].rename(
        columns={column: wording.text(f"clean.col_{key}", language) for column, key in columns.items()}
    )


def _province(code, year, raw, language):
    return provinces_.load(raw, provinces_.vintage_of(year)).name(code, language)


def refusals(rejected, language):
    """
    Say in words of a language what was refused and what was expected.

    Parameters
    ----------
    rejected : pandas.DataFrame
        Columns field, value, problem and expected of ``rejected.csv``, in English; others stay as they are.
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        The same rows. What a file says by itself, in a cell or in the words of a library, is not translated.
    """
    phrases = {
        "field": "refusals.field_",
        "value": "refusals.value_",
        "problem": "clean.problem_",
        "expected": "refusals.expected_",
    }
    return rejected.assign(
        **{
            column: [wording.translated(prefix, str(said), language) for said in rejected[column]]
            for column, prefix in phrases.items()
        }
    )


def refused(cleaned, language):
    """
    Say how many rows were refused, and why.

    Parameters
    ----------
    cleaned : helpers.indices.Cleaned
    language : {"en", "vi"}

    Returns
    -------
    sentence : str
    table : pandas.DataFrame
        One row a refusal, with worded heads; empty when nothing was refused.
    """
    rejected = refusals(cleaned.rejected, language)
    counts = rejected["problem"].value_counts()
    problems = wording.listing(
        [problem if n == 1 else f"{problem} ({n})" for problem, n in counts.items()], language
    )
    key = {0: "refused_none", 1: "refused_one"}.get(len(rejected), "refused")
    sentence = wording.text(f"clean.{key}", language, rows=len(rejected), problems=problems)
    whole = [row.file for row in cleaned.files.itertuples() if row.refused and not row.rows]
    if whole:
        names = wording.listing(whole, language)
        sentence += " " + wording.text("clean.refused_files", language, n=len(whole), files=names)
    # What concerns a whole file comes first: it hides more than a row.
    rejected = rejected.sort_values("file", key=lambda files: ~files.isin(whole), kind="stable")
    columns = ("file", "sheet", "row", "field", "value", "problem", "expected", "nearest")
    if not rejected["sheet"].any():
        columns = tuple(column for column in columns if column != "sheet")
    return sentence, _headed(rejected, language, {column: column for column in columns})


def accepted(cleaned, raw, language):
    """
    Say whether the raw tables are those last accepted: row counts by index and year, and checksums.

    Parameters
    ----------
    cleaned : helpers.indices.Cleaned
    raw : pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    str
    """
    counts = cleaned.counts.fillna(0)
    moved = counts[
        (counts["reports"] != counts["expected_reports"])
        | (counts["provinces"] != counts["expected_provinces"])
    ]
    said = [
        wording.text("clean.counts_difference", language, **row._asdict())
        for row in moved.itertuples(index=False)
    ]
    said += [
        wording.text(f"clean.state_{row.state}", language, table=row.table)
        for row in provenance.differences(raw).itertuples()
    ]
    if not said:
        return wording.text("clean.counts_same", language)
    return wording.text("clean.counts_differ", language, differences="; ".join(said))


def coverage_alt(figures, registry, language):
    """
    Describe the picture of the coverage in words.

    Parameters
    ----------
    figures : pandas.DataFrame
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    str
        For each index the year with the fewest and with the most provinces.
    """
    totals = figures[figures["component"] == ""]
    counts = totals.groupby(["index", "year"]).size()
    said = []
    for index in registry:
        of_index = counts[index.slug].reindex(index.years, fill_value=0)
        said.append(
            wording.text(
                "clean.coverage_detail",
                language,
                index=index.short,
                least=of_index.min(),
                least_year=of_index.idxmin(),
                most=of_index.max(),
                most_year=of_index.idxmax(),
            )
        )
    return wording.text("clean.coverage_alt", language, details=" ".join(said))


def files(cleaned, registry, language):
    """
    List the raw tables that were read.

    Parameters
    ----------
    cleaned : helpers.indices.Cleaned
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
    """
    frame = cleaned.files.assign(index=[registry[slug].short for slug in cleaned.files["index"]])
    columns = ("file", "index", "rows", "reports", "refused")
    return _headed(frame, language, {column: column for column in columns})


def conflicts(cleaned, registry, raw, language):
    """
    List the figures that sources report differently.

    Parameters
    ----------
    cleaned : helpers.indices.Cleaned
    registry : helpers.registry.Registry
    raw : pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
    """
    frame = cleaned.conflicts
    named = pd.DataFrame(
        {
            "index": [registry[slug].short for slug in frame["index"]],
            "year": frame["year"].astype(str),
            "province": [
                _province(code, year, raw, language)
                for code, year in zip(frame["gso_code"], frame["year"], strict=True)
            ],
            "component": [
                registry[slug].component_name(component, language)
                if component
                else wording.text("clean.total", language)
                for slug, component in zip(frame["index"], frame["component"], strict=True)
            ],
            "field": [wording.text(f"clean.field_{field}", language) for field in frame["field"]],
            **{
                column: [
                    wording.number(value, language, 0 if field == "rank" else 2)
                    for value, field in zip(frame[column], frame["field"], strict=True)
                ]
                for column in ("chosen", "rival")
            },
            "chosen_source": frame["chosen_source"],
            "rival_source": frame["rival_source"],
            "decided": [wording.text(f"clean.decided_{rule}", language) for rule in frame["decided_by"]],
        }
    )
    columns = ("index", "year", "province", "component", "field", "chosen", "chosen_source", "rival")
    columns += ("rival_source", "decided")
    return _headed(named, language, {column: column for column in columns})


def means(cleaned, registry, language):
    """
    Set published national means beside the means of the provinces at hand.

    Parameters
    ----------
    cleaned : helpers.indices.Cleaned
    registry : helpers.registry.Registry
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
    """
    frame = cleaned.checks[cleaned.checks["check"] == "mean"]
    words = {True: "clean.yes", False: "clean.no", "": "clean.selection"}
    named = frame.assign(
        index=[registry[slug].short for slug in frame["index"]],
        year=frame["year"].astype(str),
        agrees=[wording.text(words[value], language) for value in frame["agrees"]],
    )
    columns = ("index", "year", "published", "ours", "n", "difference", "agrees", "source")
    return _headed(named, language, {column: column for column in columns})


def press(cleaned, raw, language):
    """
    Compare the computed PAPI totals and ranks with those of the press.

    Parameters
    ----------
    cleaned : helpers.indices.Cleaned
    raw : pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    sentence : str
    table : pandas.DataFrame
        Those that differ.
    """
    frame = cleaned.checks[(cleaned.checks["check"] == "press") & (cleaned.checks["agrees"] != "")]
    differing = frame[frame["agrees"] == False]  # noqa: E712 - the column holds booleans and blanks
    sentence = wording.text(
        "clean.press",
        language,
        n=len(frame),
        agree=len(frame) - len(differing),
        differ=len(differing),
        tolerance=wording.number(PRESS_TOLERANCE, language, 2),
    )
    named = _worded_values(differing, ("published", "ours", "difference"), language).assign(
        province=[
            _province(code, year, raw, language)
            for code, year in zip(differing["gso_code"], differing["year"], strict=True)
        ],
    )
    columns = ("year", "province", "field", "published", "ours", "difference", "source")
    return sentence, _headed(named, language, {column: column for column in columns})


def contradictions(cleaned, registry, raw, language):
    """
    List reported ranks that two provinces share, and ranks that contradict the scores.

    Parameters
    ----------
    cleaned : helpers.indices.Cleaned
    registry : helpers.registry.Registry
    raw : pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    pandas.DataFrame
        One row a pair of provinces, each with its value, with worded heads.
    """
    frame = cleaned.checks[cleaned.checks["check"].isin(["shared_rank", "order"])]
    words = {"shared_rank": "clean.shared_rank", "order": "clean.swapped"}
    values = _worded_values(frame, ("published", "ours"), language)
    pairs = [
        [_province(code, year, raw, language) for code in codes.split("|")]
        for codes, year in zip(frame["gso_code"], frame["year"], strict=True)
    ]
    named = values.assign(
        index=[registry[slug].short for slug in frame["index"]],
        check=[wording.text(words[check], language) for check in frame["check"]],
        first=[f"{pair[0]}: {value}" for pair, value in zip(pairs, values["published"], strict=True)],
        second=[f"{pair[1]}: {value}" for pair, value in zip(pairs, values["ours"], strict=True)],
    )
    columns = ("index", "year", "check", "first", "second", "source")
    return _headed(named, language, {column: column for column in columns})


def _worded_values(frame, columns, language):
    """Write scores with their decimals and ranks without, and the field and the year as words."""
    ranks = frame["field"] == "rank"
    worded = {
        column: [
            wording.number(value, language, 0 if rank else 2)
            for value, rank in zip(frame[column], ranks, strict=True)
        ]
        for column in columns
    }
    fields = [wording.text(f"clean.field_{field}", language) for field in frame["field"]]
    return frame.assign(**worded, field=fields, year=frame["year"].astype(str))
