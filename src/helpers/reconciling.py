"""Reconciling: one figure out of several reports of it, and every report that differs kept as a conflict."""

import math

import pandas as pd

from helpers.ledger import KEY, SCORE_DECIMALS, rejection

CONFLICT_COLUMNS = [
    *KEY,
    "field",
    "chosen",
    "chosen_basis",
    "chosen_source",
    "rival",
    "rival_basis",
    "rival_source",
    "difference",
    "decided_by",
]
CHANGE_COLUMNS = [*KEY, "score_change", "rank_change", "basis", "source"]


def derive_previous_ranks(reports, known):
    """
    Derive the rank of the year before where a report states a rank and its change.

    The derived report has the basis ``derived`` (or the basis it rests on, if that is less trusted), so
    that any better report of the same figure wins.

    Parameters
    ----------
    reports : pandas.DataFrame
    known : helpers.registry.Registry

    Returns
    -------
    derived : pandas.DataFrame
        Reports with the columns of `reports`.
    rejected : list of dict
        Changes that would lead to a rank that does not exist.
    """
    stated = reports[reports["rank"].notna() & reports["rank_change"].notna()].copy()
    # A positive change is a rise, and a rise makes the number smaller.
    stated["previous"] = stated["rank"] + stated["rank_change"]
    rejected, derived = [], []
    for report in stated.to_dict("records"):
        previous = report.pop("previous")
        index = known[report["index"]]
        if not index.has_year(report["year"] - 1):
            continue
        last = report["ranked"] if not math.isnan(report["ranked"]) else 63
        if not 1 <= previous <= last:
            problem = f"the change leads to rank {previous:g} in {report['year'] - 1}"
            rejected.append(
                rejection(
                    report["file"],
                    int(report["row"]),
                    "rank_change",
                    report["rank_change"],
                    problem,
                    f"a rank from 1 to {last:g} the year before; positive changes are rises",
                )
            )
            continue
        basis = max("derived", report["basis"], key=known.basis.index)
        derived.append(
            report
            | {
                "year": report["year"] - 1,
                "rank": previous,
                "basis": basis,
                "percent": False,
                "score": math.nan,
                "decimals": 0,
                "max_score": math.nan,
                "score_change": math.nan,
                "rank_change": math.nan,
            }
        )
    return pd.DataFrame(derived, columns=reports.columns).astype(reports.dtypes), rejected


def agree(a, a_decimals, b, b_decimals):
    """
    Say whether two reports give the same figure at the precision of the coarser one.

    Parameters
    ----------
    a, b : float
    a_decimals, b_decimals : int
        Decimals that were written.

    Returns
    -------
    bool
    """
    half = 0.5 * 10.0 ** -min(a_decimals, b_decimals)
    if a_decimals == b_decimals:
        return abs(a - b) < 0.1 * half
    return abs(a - b) <= half * (1 + 1e-9)


def reconcile(reports, known):
    """
    Choose one figure where several reports give it.

    Score and rank are decided apart, since sources often give only one. Points are preferred to a
    percentage of the maximum. Then, one after another: the order of `basis` in the registry; how many
    sources agree with the value; the more precise value; the value that contradicts fewer other scores and
    ranks of the year; the report that stands first. Every report that differs is kept as a conflict.

    Parameters
    ----------
    reports : pandas.DataFrame
        Valid ones.
    known : helpers.registry.Registry

    Returns
    -------
    figures : pandas.DataFrame
        One row per index, year, province and component; without sums, ranks and groups made here.
    conflicts : pandas.DataFrame
        Columns `CONFLICT_COLUMNS`.
    """
    order = {basis: place for place, basis in enumerate(known.basis)}
    repeated = reports.duplicated(KEY, keep=False)
    agreed, disputed = _part_agreed(reports, repeated)
    undisputed = _undisputed(reports, reports[disputed])
    rows, conflicts = [], []
    for key, group in reports[disputed].groupby(KEY, sort=True):
        scored, ranked = group[group["score"].notna()], group[group["rank"].notna()]
        if not scored["percent"].all():
            scored = scored[~scored["percent"]]
        if scored.empty and ranked.empty:
            continue
        others = undisputed.get((key[0], key[1], key[3]), {})
        others = {code: pair for code, pair in others.items() if code != key[2]}
        rank, rank_rivals, rank_decided = _choose(ranked, "rank", order, others, scored)
        score, score_rivals, score_decided = _choose(scored, "score", order, others, ranked)
        for field, chosen, rivals, decided in (
            ("score", score, score_rivals, score_decided),
            ("rank", rank, rank_rivals, rank_decided),
        ):
            conflicts += [
                (
                    *key,
                    field,
                    *(chosen[name] for name in (field, "basis", "source")),
                    *(rival[name] for name in (field, "basis", "source")),
                    round(rival[field] - chosen[field], SCORE_DECIMALS),
                    decided,
                )
                for rival in rivals
            ]
        first = score if score is not None else rank
        rows.append(
            (
                *key,
                score["score"] if score is not None else math.nan,
                score["max_score"] if score is not None else math.nan,
                rank["rank"] if rank is not None else math.nan,
                group["ranked"].max() if rank is not None else math.nan,
                first["basis"],
                first["source"],
                rank["basis"] if rank is not None else "",
                rank["source"] if rank is not None else "",
            )
        )
    columns = [*KEY, "score", "max_score", "rank", "ranked", "basis", "source", "rank_basis", "rank_source"]
    # An empty frame has no types of its own, and would take those of the others away.
    decided = pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(("score", "max_score", "rank", "ranked"), "float64")
    )
    single, agreed = _single(reports[~repeated])[columns], _of_one_voice(reports[agreed], order)[columns]
    figures = pd.concat([single, agreed, decided])
    return figures.reset_index(drop=True), pd.DataFrame(conflicts, columns=CONFLICT_COLUMNS)


def _part_agreed(reports, repeated):
    """Tell repeated reports that agree, at the precision of the coarser one, from those to decide between."""
    grouped = reports[repeated].groupby(KEY)
    spread = (
        grouped[["score", "rank"]].transform("max") - grouped[["score", "rank"]].transform("min")
    ).fillna(0)
    written = (
        reports.loc[repeated, "decimals"]
        .where(reports["score"].notna())
        .groupby([reports[name] for name in KEY])
    )
    finest, coarsest = written.transform("max"), written.transform("min")
    # As `agree` has it for a pair; of more than two, each pair has to agree.
    strict = (finest == coarsest) | (written.transform("count") > 2)
    allowed = 0.5 * 10.0**-coarsest * strict.map({True: 0.1, False: 1 + 1e-9})
    scored = grouped["score"].transform("count") > 1
    equal = ((spread["score"] < allowed) | ~scored) & (spread["rank"] == 0)
    agreed = repeated.copy()
    agreed[repeated] = equal & ~grouped["percent"].transform("any")
    return agreed, repeated & ~agreed


def _of_one_voice(reports, order):
    """Take each figure that several reports give alike from the most trusted, then most precise, of them."""
    spread = reports.groupby(KEY)["score"].transform("max") - reports.groupby(KEY)["score"].transform("min")
    trusted = reports.assign(
        trust=reports["basis"].map(order), coarseness=(-reports["decimals"]).where(spread > 0, 0)
    ).sort_values(["trust", "coarseness"], kind="stable")
    scores = trusted[trusted["score"].notna()].drop_duplicates(KEY)
    ranks = trusted[trusted["rank"].notna()].drop_duplicates(KEY)
    ranks = ranks.assign(
        ranked=ranks[KEY]
        .merge(reports.groupby(KEY)["ranked"].max().reset_index(), on=KEY)["ranked"]
        .to_numpy()
    )
    joined = scores[[*KEY, "score", "max_score", "basis", "source"]].merge(
        ranks[[*KEY, "rank", "ranked", "basis", "source"]], on=KEY, how="outer", suffixes=("", "_of_rank")
    )
    joined["rank_basis"], joined["rank_source"] = joined["basis_of_rank"], joined["source_of_rank"]
    for name in ("basis", "source"):
        joined[name] = joined[name].fillna(joined[f"{name}_of_rank"])
        joined[f"rank_{name}"] = joined[f"rank_{name}"].fillna("")
    return joined


def _single(reports):
    """Take over figures that only one report gives (reports of a mere change give none)."""
    single = reports[reports[["score", "rank"]].notna().any(axis=1)].copy()
    unranked, unscored = single["rank"].isna(), single["score"].isna()
    single.loc[unscored, "max_score"] = math.nan
    single.loc[unranked, "ranked"] = math.nan
    single["rank_basis"] = single["basis"].mask(unranked, "")
    single["rank_source"] = single["source"].mask(unranked, "")
    return single


def _undisputed(reports, disputed):
    """Pairs (score, rank) of provinces whose reports of a year all agree, to hold disputed ones against."""
    component = ["index", "year", "component"]
    points = reports[~reports["percent"]].merge(disputed[component].drop_duplicates(), on=component)
    grouped = points.groupby(["index", "year", "component", "gso_code"])[["score", "rank"]]
    spread = grouped.nunique()
    single = grouped.first()[(spread <= 1).all(axis=1)]
    pairs = {}
    for (index, year, component, code), score, rank in single.itertuples():
        pairs.setdefault((index, year, component), {})[code] = (score, rank)
    return pairs


def _contradictions(score, rank, others):
    """Count provinces that have the same rank, or a better score with a worse rank, or the reverse."""
    # Comparisons with a missing number are false, so that an unknown score or rank contradicts nothing.
    return sum(
        rank == other_rank or (score - other_score) * (rank - other_rank) > 0
        for other_score, other_rank in others.values()
    )


def _choose(candidates, field, order, others, partners):
    """Choose among reports of a figure: the chosen one, those that differ, and the rule that decided."""
    if candidates.empty:
        return None, [], ""
    reports = candidates.to_dict("records")
    decimals = [report["decimals"] if field == "score" else 0 for report in reports]
    if len({report[field] for report in reports}) == 1:
        # All say the same: the most trusted source stands for it.
        return min(reports, key=lambda report: order[report["basis"]]), [], ""
    partner_field = "rank" if field == "score" else "score"
    partner = partners[partner_field].iloc[0] if partners[partner_field].nunique() == 1 else math.nan

    def ways(place):
        report = reports[place]
        support = {
            other["source"]
            for other, digits in zip(reports, decimals, strict=True)
            if agree(report[field], decimals[place], other[field], digits)
        }
        pair = (report[field], partner) if field == "score" else (partner, report[field])
        return (
            order[report["basis"]],
            -len(support),
            -decimals[place],
            _contradictions(*pair, others),
            place,
        )

    ranking = sorted((ways(place), place) for place in range(len(reports)))
    best = ranking[0][1]
    rivals = [
        (key, place)
        for key, place in ranking[1:]
        if not agree(reports[place][field], decimals[place], reports[best][field], decimals[best])
    ]
    decided = ""
    if rivals:
        names = ("basis", "agreement", "precision", "consistency", "order")
        pairs = zip(names, ranking[0][0], rivals[0][0], strict=True)
        decided = next(name for name, a, b in pairs if a != b)
    return reports[best], [reports[place] for _, place in rivals], decided


def stated_changes(reports):
    """
    List the changes on the year before as the sources state them.

    Parameters
    ----------
    reports : pandas.DataFrame
        Valid ones.

    Returns
    -------
    pandas.DataFrame
        Columns `CHANGE_COLUMNS`; equal statements of several sources stay apart.
    """
    stated = reports[reports[["score_change", "rank_change"]].notna().any(axis=1)]
    stated = stated[CHANGE_COLUMNS].sort_values([*KEY, "source"], kind="stable")
    return stated.astype({"rank_change": "Int64"}).reset_index(drop=True)
