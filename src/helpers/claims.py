"""What sources say of a province beside what the figures give, and whether missing results can explain it."""

import pandas as pd

from helpers.checks import PRESS_TOLERANCE
from helpers.ledger import SCORE_DECIMALS
from helpers.provinces import SCOPES

COLUMNS = ["index", "year", "gso_code", "component", "field", "stated", "source"]
FIELDS = ("score", "rank", "score_change", "rank_change")


def gather(folder, changes, regional):
    """
    Collect what sources say, one row a statement.

    Parameters
    ----------
    folder : pathlib.Path
        Of the raw tables; ``checks/<index>_press.csv`` are read.
    changes : pandas.DataFrame
        Columns `helpers.reconciling.CHANGE_COLUMNS`.
    regional : pandas.DataFrame
        Columns `helpers.regional.COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. ``field`` is one of `FIELDS`, or a scope for a rank within it. Scores and ranks of
        the raw tables are not among them: where these differ, they are conflicts.
    """
    parts = []
    for path in sorted((folder / "checks").glob("*_press.csv")):
        press = pd.read_csv(path, dtype={"gso_code": str, "component": str})
        parts.append(press.assign(index=path.name.removesuffix("_press.csv")))
    parts.append(changes)
    said = pd.concat(parts, ignore_index=True).fillna({"component": ""})
    key = ["index", "year", "gso_code", "component"]
    long = said.melt([*key, "source"], [name for name in FIELDS if name in said], "field", "stated")
    scoped = regional[regional["scope"] != ""].rename(columns={"scope": "field", "rank": "stated"})
    long = pd.concat([long, scoped[COLUMNS]], ignore_index=True).dropna(subset=["stated"])
    long["stated"] = long["stated"].astype(float)
    return long[COLUMNS].drop_duplicates().sort_values(COLUMNS, kind="stable").reset_index(drop=True)


def compare(said, ours, now, before, rank=None):
    """
    Hold one statement against the figures.

    Parameters
    ----------
    said : dict
        A row of `gather`.
    ours : dict
        Facts of the total or the component: the fields, and the scopes.
    now, before : helpers.standing.Standing or None
        All provinces of the year, and of the year before.
    rank : float, optional
        The rank that the same source states, from which its change counts; ours by default.

    Returns
    -------
    dict or None
        ``component``, ``field``, ``stated``, ``ours`` (None where the figures do not say), ``agrees`` (None
        then), ``source``. Where a rank or its change differs: ``ranked`` and ``unranked`` (codes of the
        provinces without a result) of the year that the difference may come from, ``possible``: whether ranks
        of these provinces could explain it, and for a change the ``previous_rank`` that it implies beside
        ``ours_previous``. None for a statement that is itself our figure.
    """
    name, stated = said["field"], said["stated"]
    scope = ours.get(name) if name in SCOPES else None
    if name in SCOPES:
        mine, own_source = (scope["rank"], scope["source"]) if scope else (None, None)
        is_own = bool(scope) and scope["basis"] != "computed" and scope["basis"] != "bounded"
    else:
        mine = ours[name]
        is_own = name in ("rank_change", "score_change") and ours[f"{name}_basis"] not in (None, "computed")
        own_source = ours.get(f"{name}_source")
    if is_own and own_source == said["source"]:
        return None
    whole = name not in ("score", "score_change")
    stated = int(stated) if whole else round(stated, SCORE_DECIMALS)
    tolerance = 0 if whole else PRESS_TOLERANCE
    agrees = None if mine is None else abs(mine - stated) <= tolerance
    found = {"component": said["component"], "field": name, "stated": stated, "ours": mine, "agrees": agrees}
    found["source"] = said["source"]
    if agrees is False and name == "rank":
        found |= _explained(now, mine, stated)
    if agrees is False and name == "rank_change" and ours["rank"] is not None:
        previous, ours_previous = int(ours["rank"] if rank is None else rank) + stated, ours["rank"] + mine
        # Where the year before is as it is here, the statement on this year's rank says all.
        if previous != ours_previous:
            found |= {"previous_rank": previous, "ours_previous": ours_previous}
            found |= _explained(before, ours_previous, previous) if before else {}
    return found


def _explained(standing, ours, stated):
    """Say whether provinces without a result could have pushed a province to the stated rank."""
    unranked = sorted(set(standing.units) - set(standing.ranks)) if standing.index.ranks_computed else []
    return {
        "ranked": standing.ranked,
        "unranked": unranked,
        "possible": bool(ours < stated <= ours + len(unranked)),
    }
