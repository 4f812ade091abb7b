"""Validating: taking out the reports that cannot be right, and holding the result to its promises."""

import math

from helpers.ledger import KEY, rejection


def report_schema(known, sources):
    """
    Describe a valid report of a figure.

    Parameters
    ----------
    known : helpers.registry.Registry
    sources : set of str
        Identifiers in ``sources.csv``.

    Returns
    -------
    pandera.DataFrameSchema
        Its checks apply to single rows; the name of each check says what was expected.
    """
    import pandera.pandas as pa

    scale = pa.Check(
        lambda frame: (
            frame["score"].isna()
            | frame["score"].between(0, frame["max_score"].where(frame["max_score"].notna(), 100) + 1e-9)
        ),
        name="score outside the scale",
        error="a score from 0 to the maximum of the scale (max_score, or the registry's)",
    )
    rank = pa.Check(
        lambda frame: (
            frame["rank"].isna()
            | frame["rank"].between(1, frame["ranked"].where(frame["ranked"].notna(), 63))
        ),
        name="rank above the number ranked",
        error="a rank from 1 to the number ranked (rank_of)",
    )
    something = pa.Check(
        lambda frame: frame[["score", "rank", "score_change", "rank_change"]].notna().any(axis=1),
        name="no figure",
        error="a score, a rank or a change",
    )
    return pa.DataFrameSchema(
        {
            "basis": pa.Column(
                str,
                pa.Check.isin(known.basis, name="unknown basis", error=f"one of {', '.join(known.basis)}"),
            ),
            "source": pa.Column(
                str,
                pa.Check(
                    lambda column: column.isin(sources),
                    name="unknown source",
                    error="an identifier of sources.csv; add the source there",
                ),
            ),
            "year": pa.Column(int),
            "gso_code": pa.Column(str, pa.Check.str_length(2, 2)),
        },
        checks=[scale, rank, something],
    )


def validate(reports, known, sources):
    """
    Take out the reports that cannot be right.

    Parameters
    ----------
    reports : pandas.DataFrame
        As `ledger.reports` gives them.
    known : helpers.registry.Registry
    sources : set of str

    Returns
    -------
    valid : pandas.DataFrame
    rejected : list of dict
        Rows of ``rejected.csv``; every row that breaks a rule, once a rule. A province that stands twice
        in one sheet for the same figure is refused where the two rows differ; of equal rows one is kept.
    """
    import pandera.pandas as pa

    rejected, bad = [], set()
    try:
        report_schema(known, sources).validate(reports, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            for position in sorted(set(_rows_of(error))):
                bad.add(position)
                rejected.append(_refused(reports.loc[position], error.check.name, error.check.error))
    same = ["file", "sheet", *KEY, "percent", "basis", "source"]
    valued = reports[reports[["score", "rank"]].notna().any(axis=1)].drop(index=list(bad), errors="ignore")
    for _, group in valued[valued.duplicated(same, keep=False)].groupby(same):
        equal = len(group[["score", "rank"]].drop_duplicates()) == 1
        for position in group.index[1:] if equal else group.index:
            bad.add(position)
            rows = ", ".join(str(row) for row in group["row"])
            expected = f"the province once for this figure (it stands in rows {rows})"
            rejected.append(_refused(reports.loc[position], "duplicate province", expected))
    return reports.drop(index=list(bad)).reset_index(drop=True), rejected


def _rows_of(error):
    cases = error.failure_cases
    return [int(row) for row in cases["index"].dropna()] if hasattr(cases, "columns") else []


_FIELD_OF_PROBLEM = {
    "score outside the scale": "score",
    "rank above the number ranked": "rank",
    "unknown basis": "basis",
    "unknown source": "source",
    "duplicate province": "gso_code",
}


def _refused(report, problem, expected):
    field = _FIELD_OF_PROBLEM.get(problem, "")
    value = report[field] if field else ""
    if field == "score":
        limit = report["max_score"]
        expected = f"a score from 0 to {limit:g}" if not math.isnan(limit) else "a score from 0 to 100"
    elif field == "rank":
        limit = report["ranked"]
        expected = f"a rank from 1 to {limit:g}" if not math.isnan(limit) else "a rank from 1 to 63"
    place = f"{field} {report['cell']}".strip()
    return rejection(
        report["file"], int(report["row"]), place, value, problem, expected, sheet=report["sheet"]
    )


def check_figures(figures):
    """
    Assert the promises of the table of figures; a failure is a fault of the code, not of the data.

    Parameters
    ----------
    figures : pandas.DataFrame
        As `helpers.ranking.add_ranks_and_groups` gives them.

    Returns
    -------
    pandas.DataFrame
        The same.

    Raises
    ------
    pandera.errors.SchemaError
        If a promise is broken.
    """
    import pandera.pandas as pa

    schema = pa.DataFrameSchema(
        {
            "score": pa.Column(float, pa.Check.ge(0), nullable=True),
            "rank": pa.Column("Int64", pa.Check.ge(1), nullable=True),
            "ranked": pa.Column("Int64", nullable=True),
            "series": pa.Column(str, pa.Check.str_length(min_value=1)),
            "source": pa.Column(str, pa.Check.str_length(min_value=1)),
        },
        checks=[
            pa.Check(
                lambda frame: ~(frame["rank"] > frame["ranked"]).fillna(False), name="rank within ranked"
            ),
            pa.Check(lambda frame: frame[["score", "rank"]].notna().any(axis=1), name="a figure in each row"),
        ],
        unique=KEY,
    )
    return schema.validate(figures)
