"""The facts of a briefing: the claims of the texts that founded the project, and what must hold for all."""

import dataclasses
import json
import re

import pytest

from helpers import briefing, provinces


@pytest.fixture(scope="module")
def facts(book, tmp_path_factory):
    """Facts as a reader of the JSON has them."""
    folder = tmp_path_factory.mktemp("facts")

    def of(code, year):
        path = folder / f"{year}-{code}.json"
        briefing.write(book.facts(code, year), path)
        return json.loads(path.read_text(encoding="utf-8"))

    return of


def _places(index):
    scopes = ("region6", "region8", "cities")
    return {scope: (index[scope]["rank"], index[scope]["of"]) for scope in scopes if index[scope]}


def test_tra_vinh_2022(facts):
    said = facts("84", 2022)
    par = said["indices"]["par"]
    assert (par["score"], par["max_score"], par["rank"], par["ranked"]) == (83.0, 100.0, 50, 63)
    assert par["rank_change"] == 2
    (target,) = said["targets"]
    assert (target["by"], target["source"]) == (2025, "travinh-2023")
    goals = {goal["index"]: goal for goal in target["goals"]}
    assert (goals["par"]["kind"], goals["par"]["from"], goals["par"]["goal"]) == ("group", "D", "C")
    assert (goals["papi"]["from"], goals["papi"]["goal"]) == ("low_average", "high_average")
    assert (goals["sipas"]["kind"], goals["sipas"]["goal"]) == ("score", 85)
    assert goals["pci"]["kind"] == "better"
    # The text and the limits of the groups contradict each other: 83.00 points are a B.
    assert (goals["par"]["now"], goals["par"]["from_ours"], goals["par"]["from_agrees"]) == ("B", "B", False)
    assert (goals["papi"]["from_ours"], goals["papi"]["from_agrees"]) == ("lowest", False)


def test_can_tho_2021(facts):
    said = facts("92", 2021)
    assert said["province"]["type"] == "city"
    par, sipas = said["indices"]["par"], said["indices"]["sipas"]
    assert (par["score"], par["rank"], par["rank_change"]) == (84.97, 51, -14)
    assert _places(par) == {"region6": (9, 13), "region8": (9, 13), "cities": (5, 5)}
    assert par["region8"]["basis"] == "stated"
    assert par["cities"]["basis"] == "computed"
    assert (sipas["score"], sipas["rank"], sipas["rank_change"]) == (85.54, 48, -10)


def test_ha_tinh_2021(facts):
    indices = facts("42", 2021)["indices"]
    par, sipas = indices["par"], indices["sipas"]
    assert (par["rank"], par["rank_change"]) == (8, 8)
    procedures, service = par["components"]["procedures"], par["components"]["civil_service"]
    assert (procedures["score_change"], procedures["rank_change"]) == (-0.52, -31)
    assert (service["score_change"], service["rank_change"]) == (-0.39, -12)
    assert procedures["rank_change_source"] == "tcnn-2022-06-23"
    assert par["falls"] == ["procedures", "civil_service"]
    assert (sipas["rank"], sipas["rank_change"]) == (5, 6)
    assert _places(sipas)["region8"] == (1, 6)
    assert sipas["region8"]["name"] == "Bắc Trung Bộ"


def test_binh_phuoc_2022(facts):
    indices = facts("70", 2022)["indices"]
    papi, par, sipas = indices["papi"], indices["par"], indices["sipas"]
    assert (papi["rank"], papi["ranked"], papi["rank_change"]) == (56, 61, -8)
    # The province counted six places; the page shows both.
    change = next(row for row in papi["claims"] if row["field"] == "rank_change")
    assert (change["stated"], change["possible"]) == (-6, True)
    governance = papi["components"]["e_governance"]
    assert (governance["rank"], governance["group"]) == (9, "highest")
    assert (par["rank"], par["rank_change"]) == (39, 10)
    assert (sipas["rank"], sipas["rank_change"]) == (56, 6)
    assert par["components"]["e_government"]["rank"] == 5
    assert par["components"]["civil_service"]["rank"] == 16


@pytest.mark.parametrize("year", [2022, 2023])
def test_tien_giang_wants_better_ranks(facts, year):
    (target,) = facts("82", year)["targets"]
    assert {(goal["index"], goal["kind"], goal["goal"]) for goal in target["goals"]} == {
        (index, "better", "rank") for index in ("papi", "par", "sipas")
    }


def test_every_number_leads_to_a_source(facts, known):
    """Walk through facts: whatever has a score, a rank or a change names a source that is described."""

    def walk(value, described):
        if isinstance(value, list):
            for part in value:
                walk(part, described)
        if not isinstance(value, dict):
            return
        for field, source in (
            ("score", "source"),
            ("rank", "rank_source"),
            ("rank_change", "rank_change_source"),
            ("score_change", "score_change_source"),
        ):
            if value.get(field) is not None and "basis" in value and "rank_basis" in value:
                assert value[source] in described, (field, value)
        for part in value.values():
            walk(part, described)

    for code, year in (("70", 2022), ("92", 2021), ("42", 2021), ("84", 2024), ("24", 2022), ("01", 2016)):
        said = facts(code, year)
        assert None not in said["sources"].values()
        walk(said["indices"], said["sources"])


def test_a_province_without_any_figure_has_facts_of_nulls(book):
    assert not book.has_figure("82", 2024)
    assert book.last_year("82", 2024) == 2023
    indices = book.facts("82", 2024)["indices"]
    assert indices["papi"]["missing"]["reason"] == "no_result"
    assert indices["par"]["missing"]["reason"] == "not_reported"
    assert {index["score"] for index in indices.values()} == {None}
    assert book.facts("82", 2024)["peers"] is None


@pytest.mark.parametrize(
    ("code", "year", "index", "reason", "at_hand"),
    [
        ("24", 2022, "papi", "some_components", 4),
        ("22", 2021, "papi", "no_result", 0),
        ("92", 2022, "sipas", "only_rank", 0),
        ("10", 2015, "sipas", "not_surveyed", 0),
        ("70", 2022, "papi", None, 8),
    ],
)
def test_what_is_missing_has_its_reason(book, code, year, index, reason, at_hand):
    missing = book.facts(code, year)["indices"][index]["missing"]
    assert (missing["reason"], missing["components_at_hand"]) == (reason, at_hand)


def test_a_dimension_at_hand_is_kept_where_the_total_is_missing(book):
    # Bắc Giang 2022: summing what is there would put it last; its dimensions are ranked all the same.
    papi = book.facts("24", 2022)["indices"]["papi"]
    assert papi["score"] is None
    assert papi["rank"] is None
    assert all(papi["components"][slug]["rank"] for slug in papi["strongest"])


def test_a_code_of_other_units_is_refused(book):
    with pytest.raises(provinces.UnknownProvinceError):
        book.facts("03", 2022)
    with pytest.raises(provinces.UnknownProvinceError):
        book.facts("70", 2025)


def test_every_key_is_described(book, root):
    """docs/briefing.md names every key that facts have."""
    described = set(re.findall(r"`([a-z0-9_]+)`", (root / "docs" / "briefing.md").read_text("utf-8")))
    described |= {"en", "vi", "rank_change_basis", "rank_change_source"}
    described |= {"score_change_basis", "score_change_source", "chosen_source", "rival_source"}

    def keys(value, above=""):
        if isinstance(value, list):
            return set().union(*(keys(part, above) for part in value))
        if not isinstance(value, dict):
            return set()
        # Below these, keys are slugs, sources and codes.
        own = set() if above in ("indices", "components", "coverage", "sources") else set(value)
        return own.union(*(keys(part, name) for name, part in value.items()))

    found = set()
    for code, year in (("70", 2022), ("84", 2022), ("92", 2021), ("60", 2023), ("22", 2020)):
        found |= keys(book.facts(code, year))
    assert found - described == set()


@pytest.mark.parametrize(("code", "year"), [("70", 2022), ("24", 2022), ("82", 2024), ("10", 2015)])
def test_an_outline_says_what_the_facts_say(book, code, year):
    outline, facts = book.outline(code, year), book.facts(code, year)
    assert outline["province"] == facts["province"]
    assert list(outline["indices"]) == list(facts["indices"])
    for slug, index in outline["indices"].items():
        assert index == {name: facts["indices"][slug][name] for name in index}


def test_facts_are_the_same_every_time_and_plain_json(book):
    first = json.dumps(book.facts("01", 2023), allow_nan=False)
    assert first == json.dumps(book.facts("01", 2023), allow_nan=False)


def test_places_of_a_year_to_come_do_not_reach_back(book, extended, indices_frame):
    """Synthetic 2025: the code 82 is another province then, and nothing of 2024 is compared with it."""
    import dataclasses

    import pandas as pd

    row = indices_frame.query("index == 'papi' and year == 2023 and gso_code == '82' and component == ''")
    synthetic = pd.concat([indices_frame, row.assign(year=2025, rank=3, ranked=34)], ignore_index=True)
    later = dataclasses.replace(book, figures=synthetic, registry=extended)
    said = later.facts("82", 2025)
    assert said["province"]["name"] == "Đồng Tháp"
    papi = said["indices"]["papi"]
    assert (papi["rank"], papi["rank_change"], papi["previous"]) == (3, None, None)
    assert [point["year"] for point in papi["course"]] == [2025]
    assert papi["record"]["rank"] is None
    assert papi["region8"] is None
    assert later.last_year("82", 2025) == 2025


def test_a_figure_of_an_old_year_is_shown_for_its_province_alone(book):
    figures = book.figures.copy()
    place = figures.query("index == 'papi' and year == 2018 and gso_code == '70' and component == ''").index
    figures.loc[place, ["score", "rank"]] = [40.0, 30]
    changed = dataclasses.replace(book, figures=figures)

    def shown(book, code):
        tables = book.totals(code, 2022), book.components(2022)
        return json.dumps(book.facts(code, 2022)), [table.to_csv() for table in tables]

    assert all(shown(changed, code) == shown(book, code) for code in ("01", "24", "92"))
    said, (ranks, of_all) = shown(changed, "70")
    assert said != shown(book, "70")[0]
    assert (ranks, of_all) != shown(book, "70")[1] and of_all == shown(book, "70")[1][1]


def test_what_is_prepared_changes_no_fact(book, facts_of):
    prepared = dataclasses.replace(book)
    prepared.prepare(2022)
    assert briefing.Book.components.cache_info().currsize
    for code in ("01", "70", "92"):
        assert json.dumps(prepared.facts(code, 2022)) == json.dumps(facts_of(code, 2022))
    # A year without any figure has nothing to prepare.
    prepared.prepare(1999)
    assert prepared.components(1999).empty
