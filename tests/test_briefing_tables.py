"""Tables and key figures of briefings: of provinces whose figures are known, and what all cells must be."""

import functools
import re

import pandas as pd

from helpers import briefing_tables as tables
from helpers import site, wording


def row(table, first):
    """The row that begins with a text, as a list."""
    return table[table.iloc[:, 0] == first].iloc[0].tolist()


def test_components_in_the_order_of_the_registry(facts_of):
    table = tables.components(facts_of("70", 2022), "papi", "en")
    assert table["Component"].tolist()[0] == "Participation at Local Levels"
    assert row(table, "E-Governance") == [
        "E-Governance",
        "3.40",
        "+0.13",
        "9/62",
        "▲ 2",
        "highest group",
        "2/6",
        "3.03",
    ]


def test_parts_stand_below_what_they_are_parts_of(facts_of):
    facts = facts_of("70", 2022)
    names = tables.components(facts, "papi", "en", parts=True)["Component"].tolist()
    assert len(names) == len(facts["indices"]["papi"]["components"])
    assert names[1] == "\u2003Civic Knowledge"
    assert [name for name in names if name[0] != "\u2003"] == tables.components(facts, "papi", "en")[
        "Component"
    ].tolist()


def test_components_of_which_only_ranks_or_changes_are_known(facts_of):
    ranks = tables.components(facts_of("70", 2022), "par", "en")
    assert list(ranks.columns) == ["Component", "Rank"] and len(ranks) == 2
    changes = tables.components(facts_of("42", 2021), "par", "en")
    assert list(changes.columns) == ["Component", "Score", "Change on 2020", "Places on 2020"]
    assert changes.values.tolist() == [
        ["Reform of administrative procedures", None, "−0.52", "▼ 31"],
        ["Civil service reform", None, "−0.39", "▼ 12"],
        ["Points from SIPAS (part of the method)", "9.12", None, None],
    ]


def test_the_course_leaves_years_without_a_rank_empty(facts_of):
    table = tables.course(facts_of("70", 2022), "en")
    assert list(table.columns) == ["Index", "2018", "2019", "2020", "2021", "2022"]
    assert row(table, "PAPI")[1:] == ["27/61", "30/63", "42/63", "48/60", "56/61"]
    assert row(table, "PAR INDEX")[1:] == [None, None, None, "49/63", "39/63"]
    assert tables.course(facts_of("84", 2022), "en")["Index"].tolist() == ["PAR INDEX", "PAPI"]


def test_targets_beside_where_the_province_is(facts_of):
    table = tables.targets(facts_of("84", 2022), "vi")
    assert row(table, "Chỉ số PAPI thuộc nhóm trung bình cao trở lên")[1:] == [
        "nhóm thấp nhất",
        "42,24 điểm",
        "1,52 điểm",
        "chưa đạt",
    ]
    assert row(table, "Chỉ số PAR INDEX thuộc nhóm C trở lên")[1] == "nhóm B"
    assert row(table, "Chỉ số SIPAS đạt từ 85% trở lên")[1:] == [None, "85%", None, "chưa đánh giá được"]
    assert tables.targets(facts_of("70", 2022), "vi").empty


def test_claims_that_differ_stand_first(facts_of):
    table = tables.claims(facts_of("70", 2022), "en")
    assert table.iloc[0].tolist() == [
        "PAPI: change of rank",
        "down 6 places",
        "down 8 places",
        "different",
        "binhphuoc-2023-05-24",
    ]
    assert set(table["Agreement"][1:]) == {"the same"}


def test_key_figures(facts_of):
    par, papi, sipas = tables.key_figures(facts_of("84", 2022), "vi")
    assert papi == {
        "slug": "papi",
        "short": "PAPI",
        "rank": "48/61",
        "rank_change": "▲ 7 bậc so với năm 2021",
        "direction": "up",
        "score": "40,72 điểm",
        "score_change": "+0,91 điểm",
        "group": "Nhóm thấp nhất",
        "region": "Thứ 9/13 trong vùng Đồng bằng sông Cửu Long",
        "missing": "",
    }
    assert par["rank"] == "50/63" and par["score"] == "83,00 điểm" and par["region"] == ""
    assert sipas["missing"] == "không có số liệu" and sipas["rank"] == sipas["score"] == ""
    assert tables.key_figures(facts_of("31", 2023), "en")[0]["rank_change"] == "= same rank as in 2022"
    some = tables.key_figures(facts_of("24", 2022), "en")[1]
    assert some["missing"] == "only 4 of 8 components, no total"


MAKERS = (tables.course, tables.peers, tables.targets, tables.claims)


def test_tables_of_all_provinces_are_whole_in_both_languages(briefings):
    for facts in briefings:
        makers = [*MAKERS]
        for slug in facts["indices"]:
            makers.append(functools.partial(_of_components, slug=slug))
        for make in makers:
            made = {language: make(facts, language) for language in wording.LANGUAGES}
            english, vietnamese = made["en"], made["vi"]
            assert english.shape == vietnamese.shape
            assert (english.notna().values == vietnamese.notna().values).all()
            for language, table in made.items():
                assert not table.columns.has_duplicates
                texts = [text for text in [*table.columns, *table.values.ravel()] if not _missing(text)]
                assert all(isinstance(text, str) and text for text in texts)
                assert not any(re.search(r"None|nan\b|[{}]", text) for text in texts)
                if len(table):
                    site.table(table, language)


def _of_components(facts, language, slug):
    return tables.components(facts, slug, language, parts=True)


def _missing(cell):
    return cell is None or cell is pd.NA or cell != cell
