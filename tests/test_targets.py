"""The file of targets: what is written is read, and every fault is told."""

import tomllib

import pytest

from helpers import targets
from helpers.targets import Goal, TargetError

GOOD = {
    "province": '"84"',
    "name": '"Trà Vinh"',
    "stated_in": "2022",
    "by": "2025",
    "source": '"travinh-2023"',
    "goals": '[{ index = "papi", rank = 20 }]',
}


def entry(**changed):
    """An entry of the file, with some values written differently or left out (None)."""
    values = {key: value for key, value in (GOOD | changed).items() if value is not None}
    return "[[target]]\n" + "\n".join(f"{key} = {value}" for key, value in values.items()) + "\n"


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


def test_a_target_written_twice_is_refused(raw, known):
    (raw / "targets.toml").write_text(entry() + entry(by="2024") + entry(), encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        targets.read(raw, known)
    assert caught.value.faults == ["targets.toml, target 3: the same as target 1; leave one of them."]


def test_all_faults_of_the_file_are_said_at_once(raw, known):
    text = entry(name='"Trà Vin"', goals='[{ index = "x", rank = 2 }, { index = "par", rank = 64 }]')
    (raw / "targets.toml").write_text(entry() + text + entry(by="2021"), encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        targets.read(raw, known)
    places = [fault.split(":")[0] for fault in caught.value.faults]
    second = "targets.toml, target 2 (Trà Vin)"
    assert places == [second, f"{second}, goal 1", f"{second}, goal 2", "targets.toml, target 3 (Trà Vinh)"]
    assert str(caught.value).split("\n") == caught.value.faults


def test_the_file_of_the_project_names_only_what_is_there(root, known):
    stated = targets.read(root / "data" / "raw", known)
    written = tomllib.loads((root / "data" / "raw" / "targets.toml").read_text(encoding="utf-8"))["target"]
    assert [(t.province, t.name, len(t.goals)) for t in stated] == [
        (t["province"], t["name"], len(t["goals"])) for t in written
    ]
