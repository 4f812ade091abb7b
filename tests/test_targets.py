"""Targets of provinces: what the two founding texts give, every fault of the file, and raised scores."""

import json
import statistics
import tomllib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import ranking, targets
from helpers.targets import Goal, Target, TargetError

GOOD = {
    "province": '"84"',
    "name": '"Trà Vinh"',
    "stated_in": "2022",
    "by": "2025",
    "source": '"travinh-2023"',
    "goals": '[{ index = "papi", rank = 20 }]',
}
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


def entry(**changed):
    """An entry of the file, with some values written differently or left out (None)."""
    values = {key: value for key, value in (GOOD | changed).items() if value is not None}
    return "[[target]]\n" + "\n".join(f"{key} = {value}" for key, value in values.items()) + "\n"


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
    (found,) = targets.evaluate([target], code, year, table(rows), known)
    json.dumps(found)
    return found["goals"][0]


@pytest.fixture(scope="module")
def stated(root, known):
    return targets.read(root / "data" / "raw", known)


@pytest.fixture(scope="module")
def of_index(indices_frame, stated, known):
    """Goals of a province in a year by index."""

    def found(code, year):
        (target,) = targets.evaluate(stated, code, year, indices_frame, known)
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
        (found,) = targets.evaluate([target], row.gso_code, year, papi, known)[0]["goals"]
        assert found["needed"] == pytest.approx(cut, abs=1e-6)
        assert found["reached"] == (row.gso_code in set(inside["gso_code"])) == (row.score >= cut)
        assert found["distance"] == pytest.approx(max(0, cut - row.score), abs=1e-6)
        assert found["needed_rank"] == inside["rank"].max()


def test_targets_hold_to_the_last_year_of_the_63_provinces(stated, indices_frame, known):
    def years(code):
        return [
            year for year in range(2020, 2030) if targets.evaluate(stated, code, year, indices_frame, known)
        ]

    assert years("84") == [2022, 2023, 2024]
    # From 2025 on 82 is Đồng Tháp.
    assert years("82") == [2022, 2023]
    assert years("70") == []


# --- the file --------------------------------------------------------------------------------------------


def test_without_the_file_there_are_no_targets(raw, known):
    (raw / "targets.toml").unlink()
    assert targets.read(raw, known) == []


def test_what_is_written_is_what_is_read(raw, known):
    goals = (
        '[{ index = "papi", component = "procedures", group = "highest", from = "lowest" }, '
        '{ index = "par", rank = 20 }, { index = "sipas", score = 85.5 }, '
        '{ index = "pci", better = "score" }]'
    )
    (raw / "targets.toml").write_text(entry(goals=goals), encoding="utf-8-sig")
    (target,) = targets.read(raw, known)
    assert (target.province, target.stated_in, target.by) == ("84", 2022, 2025)
    assert target.goals == (
        Goal("papi", "procedures", "group", "highest", "lowest"),
        Goal("par", "", "rank", 20),
        Goal("sipas", "", "score", 85.5),
        Goal("pci", "", "better", "score"),
    )


FAULTS = {
    "no TOML": ("[[target]", ["no valid TOML"]),
    "another table": ('[targets]\nprovince = "84"', ["'targets'", "[[target]]"]),
    "a single table": ('[target]\nprovince = "84"', ["[[target]]"]),
    "unknown key": (entry(note='"x"'), ["target 1 (Trà Vinh)", "'note'"]),
    "missing key": (entry(source=None), ["source is missing"]),
    "code no text": (entry(province="84"), ["province is 84", "in quotes"]),
    "unknown code": (entry(province='"99"'), ["'99'", "'84'"]),
    "unknown name": (entry(name='"Trà Vin"'), ["'Trà Vin'", "'Trà Vinh'"]),
    "name of another": (entry(name='"Vĩnh Long"'), ["'84' is Trà Vinh", "Vĩnh Long has '86'"]),
    "code of the 34": (
        entry(province='"82"', name='"Đồng Tháp"'),
        ["'82' is Tiền Giang", "Đồng Tháp has '87'", "July 2025"],
    ),
    "year no integer": (entry(by='"2025"'), ["by is '2025'", "without quotes"]),
    "year a truth": (entry(stated_in="true"), ["stated_in is True"]),
    "years reversed": (entry(by="2021"), ["by is 2021", "2022"]),
    "year of the 34": (entry(stated_in="2025"), ["stated_in is 2025", "before 2025"]),
    "unknown source": (
        entry(source='"travin-2023"'),
        ["'travin-2023'", "nearest: 'travinh-2023'", "sources.csv"],
    ),
    "no goals": (entry(goals="[]"), ["goals is []"]),
    "goal no table": (entry(goals='["papi"]'), ["goal 1", "'papi' is no goal"]),
    "unknown key of a goal": (
        entry(goals='[{ index = "papi", rank = 2, to = 3 }]'),
        ["goal 1", "'to' is no key"],
    ),
    "no kind": (entry(goals='[{ index = "papi" }]'), ["goal 1", "group, score, rank, better"]),
    "two kinds": (entry(goals='[{ index = "papi", rank = 2, score = 40 }]'), ["score and rank"]),
    "no index": (entry(goals="[{ rank = 2 }]"), ["index is missing", "par, papi, sipas, pci"]),
    "unknown index": (entry(goals='[{ index = "pappi", rank = 2 }]'), ["'pappi'", "nearest: 'papi'"]),
    "index no text": (entry(goals="[{ index = [1], rank = 2 }]"), ["goal 1", "[1]"]),
    "unknown component": (
        entry(goals='[{ index = "papi", component = "procedure", rank = 2 }]'),
        ["'procedure'", "nearest: 'procedures'", "2022", "environment, e_governance;"],
    ),
    "component of other years": (
        entry(goals='[{ index = "papi", component = "procedures.construction_permits", rank = 2 }]'),
        [
            "'procedures.construction_permits'",
            "in 2022",
            "one of procedures.certification, procedures.land_titles",
        ],
    ),
    "unknown group": (
        entry(goals='[{ index = "papi", group = "high average" }]'),
        ["'high average'", "nearest: 'high_average'", "highest, high_average, low_average, lowest"],
    ),
    "group of other years": (entry(goals='[{ index = "par", group = "D" }]'), ["'D'", "A, B, C;"]),
    "unknown from": (entry(goals='[{ index = "par", group = "C", from = "E" }]'), ["'E'", "A, B, C, D;"]),
    "from no text": (entry(goals='[{ index = "par", group = "C", from = {} }]'), ["goal 1", "{}"]),
    "index without groups": (entry(goals='[{ index = "sipas", group = "A" }]'), ["SIPAS has no published"]),
    "component without groups": (
        entry(goals='[{ index = "par", component = "steering", group = "A" }]'),
        ["'steering' of PAR INDEX has no published groups"],
    ),
    "score too high": (entry(goals='[{ index = "papi", score = 85 }]'), ["score is 85", "0 to 80"]),
    "score of a component": (
        entry(goals='[{ index = "papi", component = "procedures", score = 11 }]'),
        ["0 to 10"],
    ),
    "score below 0": (entry(goals='[{ index = "papi", score = -1 }]'), ["score is -1"]),
    "score not finite": (entry(goals='[{ index = "papi", score = nan }]'), ["score is nan"]),
    "score no number": (entry(goals='[{ index = "papi", score = "40" }]'), ["score is '40'"]),
    "rank 0": (entry(goals='[{ index = "papi", rank = 0 }]'), ["rank is 0", "1 to 63"]),
    "rank no integer": (entry(goals='[{ index = "papi", rank = 2.5 }]'), ["rank is 2.5"]),
    "better in what": (entry(goals='[{ index = "papi", better = "group" }]'), ["better is 'group'"]),
    "set twice": (
        entry(goals='[{ index = "papi", rank = 2 }, { index = "papi", rank = 3 }]'),
        ["goal 2", "twice"],
    ),
}


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_one_sentence_that_says_where_and_what_was_expected(raw, known, text, said):
    (raw / "targets.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        targets.read(raw, known)
    (fault,) = caught.value.faults
    assert fault.startswith("targets.toml")
    assert fault.endswith(".") and "\n" not in fault
    for words in said:
        assert words in fault


def test_an_index_that_waits_for_its_table_is_told_from_an_unknown_one(raw, known):
    (raw / "targets.toml").write_text(entry(goals='[{ index = "dti", rank = 2 }]'), encoding="utf-8")
    with pytest.raises(TargetError, match="'dti' has no table in its folder yet"):
        targets.read(raw, known)


def test_all_faults_of_the_file_are_said_at_once(raw, known):
    text = entry(name='"Trà Vin"', goals='[{ index = "x", rank = 2 }, { index = "par", rank = 64 }]')
    (raw / "targets.toml").write_text(entry() + text + entry(by="2021"), encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        targets.read(raw, known)
    places = [fault.split(":")[0] for fault in caught.value.faults]
    second = "targets.toml, target 2 (Trà Vin)"
    assert places == [second, f"{second}, goal 1", f"{second}, goal 2", "targets.toml, target 3 (Trà Vinh)"]
    assert str(caught.value).split("\n") == caught.value.faults


def test_the_file_of_the_project_names_only_what_is_there(root, stated):
    written = tomllib.loads((root / "data" / "raw" / "targets.toml").read_text(encoding="utf-8"))["target"]
    assert [(t.province, t.name, len(t.goals)) for t in stated] == [
        (t["province"], t["name"], len(t["goals"])) for t in written
    ]


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
