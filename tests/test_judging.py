"""Goals held against the figures: what the two founding texts give, what is left open, and raised scores."""

import json
import statistics

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import judging, ranking, targets
from helpers.targets import Goal, Target

EIGHT = (
    "participation",
    "transparency",
    "accountability",
    "corruption_control",
    "procedures",
    "service_delivery",
    "environment",
    "e_governance",
)


def figure(code, index="papi", year=2022, component="", **values):
    """A synthetic row of the table of figures."""
    row = dict.fromkeys(ranking.COLUMNS, "") | dict.fromkeys(["score", "max_score", "rank", "ranked"])
    return row | {"index": index, "year": year, "gso_code": code, "component": component} | values


def table(rows):
    types = {"score": "float64", "max_score": "float64", "rank": "Int64", "ranked": "Int64", "year": "int64"}
    return pd.DataFrame(rows, columns=ranking.COLUMNS).astype(types)


def judge(rows, known, goal, year=2022, stated_in=2022, code="84"):
    """The only goal of the only target."""
    target = Target(code, "Trà Vinh", stated_in, 2024, "travinh-2023", (goal,))
    (found,) = judging.evaluate([target], code, year, table(rows), known)
    json.dumps(found)
    return found["goals"][0]


@pytest.fixture(scope="module")
def stated(root, known):
    return targets.read(root / "data" / "raw", known)


@pytest.fixture(scope="module")
def of_index(indices_frame, stated, known):
    """Goals of a province in a year by index."""

    def found(code, year):
        (target,) = judging.evaluate(stated, code, year, indices_frame, known)
        json.dumps(target)
        return {goal["index"]: goal for goal in target["goals"]}

    return found


# --- what the founding texts give ------------------------------------------------------------------------


def test_tra_vinh_2022_is_already_past_its_goal_for_par_and_short_of_that_for_papi(of_index):
    found = of_index("84", 2022)
    par, papi = found["par"], found["papi"]
    assert (par["goal"], par["from"], par["from_ours"], par["from_agrees"]) == ("C", "D", "B", False)
    assert (par["now"], par["needed"], par["reached"], par["distance"]) == ("B", 70, True, 0)
    assert (papi["from"], papi["from_ours"], papi["from_agrees"]) == ("low_average", "lowest", False)
    assert (papi["now"], papi["reached"], papi["reason"]) == ("lowest", False, None)
    assert papi["closing"] == [
        {
            "component": "environment",
            "score": 3.157342,
            "best": 3.223779,
            "best_year": 2021,
            "gain": 0.066437,
            "cumulative": 0.066437,
            "closes": False,
        }
    ]
    assert papi["gap_closed_by"] is None
    assert (found["sipas"]["needed"], found["sipas"]["reason"]) == (85, "not_reported")
    assert (found["pci"]["reached"], found["pci"]["reason"]) == (None, "no_figure")


def test_the_components_of_tra_vinh_2023_do_not_reach_the_upper_half_together(of_index):
    papi = of_index("84", 2023)["papi"]
    gains = {part["component"]: part["gain"] for part in papi["closing"]}
    assert gains == {
        "transparency": 0.431867,  # 4.838112 in 2022, 4.406245 in 2023
        "service_delivery": 0.248398,
        "participation": 0.181297,
        "e_governance": 0.109727,
    }
    assert list(gains.values()) == sorted(gains.values(), reverse=True)
    assert papi["closing"][-1]["cumulative"] == 0.971289 < papi["distance"]
    assert papi["gap_closed_by"] is None
    assert papi["sources"] == ["papi-published"]


def test_tien_giang_fell_and_three_components_would_have_bettered_its_rank(of_index, indices_frame):
    assert of_index("82", 2022)["papi"]["reason"] == "start"
    papi = of_index("82", 2023)["papi"]
    assert (papi["start"], papi["now"], papi["reached"], papi["needed_rank"]) == (45, 59, False, 44)
    totals = indices_frame.query("index == 'papi' and year == 2023 and component == ''")
    assert papi["needed"] == totals.loc[totals["rank"] == 44, "score"].item()
    assert papi["gap_closed_by"] == 3
    assert of_index("82", 2023)["sipas"]["reason"] == "not_reported"


@pytest.mark.parametrize("year", [2014, 2021])
def test_a_group_is_reached_where_the_published_group_says_so(indices_frame, known, year):
    papi = indices_frame.query("index == 'papi' and year == @year and component == ''")
    cut = statistics.quantiles(papi["score"], n=4, method="inclusive")[1]
    inside = papi[papi["group"].isin(["highest", "high_average"])]
    for row in papi.itertuples():
        target = Target(row.gso_code, "", year, year, "", (Goal("papi", "", "group", "high_average"),))
        (found,) = judging.evaluate([target], row.gso_code, year, papi, known)[0]["goals"]
        assert found["needed"] == pytest.approx(cut, abs=1e-6)
        assert found["reached"] == (row.gso_code in set(inside["gso_code"])) == (row.score >= cut)
        assert found["distance"] == pytest.approx(max(0, cut - row.score), abs=1e-6)
        assert found["needed_rank"] == inside["rank"].max()


def test_targets_hold_to_the_last_year_of_the_63_provinces(stated, indices_frame, known):
    def years(code):
        return [
            year for year in range(2020, 2030) if judging.evaluate(stated, code, year, indices_frame, known)
        ]

    assert years("84") == [2022, 2023, 2024]
    # From 2025 on 82 is Đồng Tháp.
    assert years("82") == [2022, 2023]
    assert years("70") == []


# --- what cannot be said ---------------------------------------------------------------------------------

PAR = {"index": "par", "max_score": 100.0, "source": "a", "rank_source": "a", "ranked": 63}
BETTER = {measure: Goal("papi", "", "better", measure) for measure in ("rank", "score")}


def scored(code, score, rank=None, year=2022, **values):
    top = 60.0 if year < 2018 else 80.0
    return figure(code, year=year, score=score, max_score=top, rank=rank, ranked=61, source="p", **values)


UNKNOWN = {
    "only_rank": ([figure("84", rank=50, **PAR)], Goal("par", "", "group", "C"), 2022, 2022),
    "only_score": ([figure("84", score=83, **PAR)], Goal("par", "", "rank", 20), 2022, 2022),
    "not_reported": ([figure("70", score=83, **PAR)], Goal("par", "", "rank", 20), 2022, 2022),
    "no_result": ([scored("70", 40)], Goal("papi", "", "score", 40), 2022, 2022),
    "some_components": (
        [scored("70", 40), figure("84", component="procedures", score=7, max_score=10.0)],
        Goal("papi", "", "score", 40),
        2022,
        2022,
    ),
    "not_surveyed": (
        [figure(f"{code}", index="sipas", year=2015, score=80, max_score=100.0) for code in range(10, 20)],
        Goal("sipas", "", "score", 85),
        2015,
        2015,
    ),
    "other_scale": (
        [figure("84", component="procedures", score=80, **PAR)],
        Goal("par", "procedures", "score", 10),
        2022,
        2022,
    ),
    "no_figure": ([], Goal("pci", "", "better", "rank"), 2023, 2022),
    "no_group": ([figure("84", year=2019, score=72, **PAR)], Goal("par", "", "group", "D"), 2019, 2018),
    "start": ([scored("84", 40, 50)], BETTER["rank"], 2022, 2022),
    "no_start": ([scored("84", 40, 50, 2023)], BETTER["rank"], 2023, 2022),
    "series_break": ([scored("84", 40, 50, 2020), scored("84", 41, 40)], BETTER["score"], 2022, 2020),
    "top_at_start": ([scored("84", 47, 1), scored("84", 48, 1, 2023)], BETTER["rank"], 2023, 2022),
}


@pytest.mark.parametrize("reason", UNKNOWN)
def test_what_cannot_be_judged_is_left_open_with_the_reason(known, reason):
    rows, goal, year, stated_in = UNKNOWN[reason]
    found = judge(rows, known, goal, year, stated_in)
    assert found["reason"] == reason
    assert found["reached"] is None
    assert found["distance"] is None and found["closing"] is None


def test_ranks_are_compared_across_a_break_of_the_series(known):
    rows = [scored("84", 40, 50, 2020), scored("84", 41, 50), scored("70", 42, 49)]
    found = judge(rows, known, BETTER["rank"], 2022, 2020)
    assert (found["reached"], found["start"], found["needed"], found["distance"]) == (False, 50, 42, 1)


def test_the_same_score_is_not_a_better_one(known):
    rows = [
        *(scored("84", 40, 9, year) for year in (2022, 2023)),
        *(figure("84", component=part, year=2023, score=5, max_score=10.0) for part in EIGHT),
        figure("84", component="procedures", score=5.5, max_score=10.0),
    ]
    found = judge(rows, known, BETTER["score"], 2023)
    assert (found["reached"], found["distance"], found["gap_closed_by"]) == (False, 0, 1)
    rows[0]["score"] = 40.5
    level = judge(rows, known, BETTER["score"], 2023)
    assert (level["distance"], level["closing"][0]["gain"], level["gap_closed_by"]) == (0.5, 0.5, None)


def test_a_score_below_every_limit_has_reached_no_group(known):
    found = judge([figure("84", score=69.99, **PAR)], known, Goal("par", "", "group", "C", "D"))
    assert (found["now"], found["reached"], found["distance"]) == (None, False, 0.01)
    assert (found["from_ours"], found["from_agrees"]) == (None, None)


PLACES = {
    "there": ([(20, 84.0)], 84.0),
    "shared": ([(20, 84.0), (20, 84.0)], 84.0),
    "shared by the place before": ([(19, 84.5), (19, 84.5)], 84.5),
    "only better ones at hand": ([(19, 84.5)], None),
    "without a score": ([(20, None)], None),
    "only worse ones at hand": ([(21, 83.9)], None),
}


@pytest.mark.parametrize(("others", "needed"), PLACES.values(), ids=PLACES)
def test_a_place_takes_the_score_of_the_province_there_or_nothing_is_said(known, others, needed):
    rows = [figure(f"{10 + n}", rank=rank, score=score, **PAR) for n, (rank, score) in enumerate(others)]
    found = judge([*rows, figure("84", rank=50, score=83, **PAR)], known, Goal("par", "", "rank", 20))
    assert (found["reached"], found["needed"], found["needed_rank"]) == (False, needed, 20)
    assert found["distance"] == (None if needed is None else pytest.approx(needed - 83))
    assert found["closing_reason"] == ("some_components" if needed else "no_distance")


def test_reports_that_contradict_each_other_have_no_distance(known):
    rows = [figure("10", rank=20, score=84, **PAR), figure("84", rank=21, score=84.5, **PAR)]
    found = judge(rows, known, Goal("par", "", "rank", 20))
    assert (found["reached"], found["needed"], found["distance"]) == (False, 84, None)
    assert found["closing_reason"] == "no_distance"


def test_a_place_behind_the_last_ranked_takes_the_last_score(known):
    rows = [scored("70", 45, 1), scored("10", 41, 60), scored("11", 40, 61)]
    assert judge(rows, known, Goal("papi", "", "rank", 63), code="10")["needed"] == 40


def test_components_that_do_not_add_up_to_the_total_close_nothing(known):
    fields = known["par"].fields(2017)
    points = {part: known["par"].max_score(2017, part) - 1.5 for part in fields}

    def found(total):
        rows = [
            figure("84", year=2017, score=total, **PAR),
            figure("84", "par", 2016, "steering", score=9.5, max_score=10.0, source="b"),
            *(
                figure("84", "par", 2017, part, score=score, max_score=score + 1.5, source="c")
                for part, score in points.items()
            ),
        ]
        return judge(rows, known, Goal("par", "", "score", 89), 2017, 2017)

    assert sum(points.values()) == 88
    (part,) = found(88)["closing"]
    assert (part["component"], part["gain"], part["closes"]) == ("steering", 1, True)
    assert found(88)["sources"] == ["a", "b", "c"]
    assert (found(87)["closing"], found(87)["closing_reason"]) == (None, "no_sum")


# --- raised scores ---------------------------------------------------------------------------------------

HUNDREDTHS = st.integers(100, 1000).map(lambda number: number / 100)


@st.composite
def countries(draw):
    """Synthetic PAPI of three years of one series: dimensions of one province, totals of some others."""
    own = {year: draw(st.lists(HUNDREDTHS, min_size=8, max_size=8)) for year in (2021, 2022, 2023)}
    others = draw(st.lists(st.integers(1500, 7500).map(lambda n: n / 100), min_size=3, max_size=12))
    return own, others


def place(score, others):
    return 1 + sum(round(other - score, 6) > 0 for other in others)


@settings(max_examples=40, deadline=None)
@given(countries(), st.data())
def test_the_gains_reach_the_goal_exactly_where_it_says_so(known, country, data):
    own, others = country
    totals = {year: round(sum(parts), 2) for year, parts in own.items()}
    everyone = [*others, totals[2023]]
    rows = [scored("84", total, 9, year) for year, total in totals.items() if year < 2023]
    for n, score in enumerate(everyone):
        code = "84" if n == len(others) else f"{10 + n}"
        (group,) = ranking.quarters(pd.Series(everyone), known["papi"].groups(2023)["names"])[n : n + 1]
        rows.append(scored(code, score, place(score, everyone), 2023, group=group))
    for year, parts in own.items():
        for part, score in zip(EIGHT, parts, strict=True):
            rows.append(figure("84", component=part, year=year, score=score, max_score=10.0))

    kind = data.draw(st.sampled_from(["group", "score", "rank", "better"]))
    cuts = statistics.quantiles(everyone, n=4, method="inclusive")
    if kind == "group":
        goal = data.draw(st.sampled_from(["highest", "high_average", "low_average"]))
        limit = cuts[["low_average", "high_average", "highest"].index(goal)]
        fulfils = lambda score: round(score - limit, 6) >= 0  # noqa: E731
    elif kind == "score":
        goal = data.draw(st.integers(20, 75))
        fulfils = lambda score: round(score - goal, 6) >= 0  # noqa: E731
    elif kind == "rank":
        goal = data.draw(st.integers(1, len(others)))
        fulfils = lambda score: place(score, others) <= goal  # noqa: E731
    else:
        goal = "score"
        fulfils = lambda score: round(score - totals[2022], 6) > 0  # noqa: E731

    found = judge(rows, known, Goal("papi", "", kind, goal), 2023)
    now = totals[2023]
    assert found["reached"] == fulfils(now)
    if found["reached"]:
        assert (found["distance"], found["closing"]) == (0, None)
        return
    assert found["distance"] == pytest.approx(found["needed"] - now, abs=1e-6)
    raised, steps = now, []
    for part in found["closing"]:
        levels = [own[year][EIGHT.index(part["component"])] for year in own]
        assert part["best"] == max(levels) and part["score"] == levels[-1]
        raised += max(levels) - levels[-1]
        steps.append(fulfils(raised))
        assert part["closes"] == steps[-1]
    better = [max(levels) > levels[-1] for levels in zip(*own.values(), strict=True)]
    assert len(found["closing"]) == sum(better)
    assert found["gap_closed_by"] == (steps.index(True) + 1 if True in steps else None)
