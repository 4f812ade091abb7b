"""Sentences of briefings: reviewed examples, grammar by situation, and properties over all provinces."""

import copy
import functools
import re

import pytest
import reviewed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import briefing_sentences, registry, wording

ENGLISH = re.compile(
    r"\b(the|of|and|in|with|at|not|rank|score|points|province|provinces|city|year|by)\b", re.I
)
VIETNAMESE = re.compile("[ăâđêôơư\u1ea0-\u1ef9]", re.IGNORECASE)
BROKEN = re.compile(r"None|nan\b|[{}]| {2}| [,.;)]|\( |\.\.|\(\)|“”|,,|[,;(]\.|tỉnh tỉnh|nhóm nhóm")


def said(facts, language="vi"):
    """All texts of a briefing by section and key."""
    found = briefing_sentences.sentences(facts, language)
    return {(s.section, s.key): s.text for sentences in found.values() for s in sentences}


@pytest.fixture
def facts(facts_of):
    """Facts of Bình Phước in 2022 that a test may change."""
    return copy.deepcopy(facts_of("70", 2022))


# --- reviewed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("situation", reviewed.SITUATIONS)
def test_briefings_read_as_they_were_reviewed(facts_of, situation, language):
    code, year = reviewed.SITUATIONS[situation]
    expected = reviewed.path(code, year, language).read_text(encoding="utf-8")
    assert reviewed.text(facts_of(code, year), language).splitlines() == expected.splitlines()


# --- grammar by situation -----------------------------------------------------------------------------------


def change(facts, **values):
    """Change facts of PAPI."""
    facts["indices"]["papi"] |= values
    return facts


@pytest.mark.parametrize(
    ("values", "english", "vietnamese"),
    [
        (
            {"rank_change": 1},
            "ranked 56th of 61 provinces, 1 place higher than in 2021 (48/60).",
            "xếp thứ 56/61 tỉnh, thành phố, tăng 1 bậc so với năm 2021 (48/60).",
        ),
        (
            {"rank_change": 0},
            "ranked 56th of 61 provinces, the same rank as in 2021 (48/60).",
            "xếp thứ 56/61 tỉnh, thành phố, giữ nguyên thứ hạng so với năm 2021 (48/60).",
        ),
        (
            {"rank_change": -2, "rank_change_basis": "stated"},
            "ranked 56th of 61 provinces, 2 places lower than in 2021.",
            "xếp thứ 56/61 tỉnh, thành phố, giảm 2 bậc so với năm 2021.",
        ),
        (
            {"rank_change": None, "ranked": None, "rank": 1},
            "In 2022, Binh Phuoc province scored 39.93 of 80 points in PAPI and ranked 1st.",
            "Năm 2022, Chỉ số PAPI của tỉnh Bình Phước đạt 39,93/80 điểm, xếp thứ nhất.",
        ),
        (
            {"rank_change": None, "rank": 61},
            "scored 39.93 of 80 points in PAPI and ranked 61st of 61 provinces.",
            "đạt 39,93/80 điểm, xếp thứ 61/61 tỉnh, thành phố.",
        ),
        (
            {"rank": None, "missing": {"reason": "only_score", "components_at_hand": 8, "components": 8}},
            "scored 39.93 of 80 points in PAPI; its rank is not at hand.",
            "đạt 39,93/80 điểm; không có số liệu về thứ hạng.",
        ),
    ],
)
def test_the_overview_by_situation(facts, values, english, vietnamese):
    change(facts, **values)
    assert said(facts, "en")["overview", "overview_papi"].endswith(english)
    assert said(facts, "vi")["overview", "overview_papi"].endswith(vietnamese)


@pytest.mark.parametrize(
    ("reason", "english", "vietnamese"),
    [
        ("no_result", "No PAPI result was published for", "của tỉnh Bình Phước không được công bố."),
        ("some_components", "results of only 8 of 8 components", "chỉ có kết quả của 8/8 chỉ số thành phần"),
        ("not_surveyed", "was not surveyed for PAPI.", "không nằm trong phạm vi khảo sát Chỉ số PAPI."),
        ("not_reported", "for 2022 are not at hand.", "Không có số liệu về điểm và thứ hạng Chỉ số PAPI"),
    ],
)
def test_a_missing_total_is_said_to_be_missing_and_why(facts, reason, english, vietnamese):
    change(facts, score=None, rank=None)["indices"]["papi"]["missing"]["reason"] = reason
    for language, part in (("en", english), ("vi", vietnamese)):
        texts = said(facts, language)
        assert part in texts["overview", "overview_papi"]
        assert ("papi", "missing") in texts


@pytest.mark.parametrize(
    ("key", "values", "english", "vietnamese"),
    [
        (
            "first",
            {"rank": 1, "top": {"provinces": ["70"], "score": 40.0, "distance": 0.0, "sources": []}},
            "The province is first in the country.",
            "Tỉnh dẫn đầu cả nước.",
        ),
        (
            "first",
            {
                "rank": 1,
                "top": {"provinces": ["01", "26", "70"], "score": 40.0, "distance": 0.0, "sources": []},
            },
            "The province is first in the country jointly with Ha Noi and Vinh Phuc.",
            "Tỉnh cùng dẫn đầu cả nước với tỉnh Vĩnh Phúc và thành phố Hà Nội.",
        ),
        (
            "top",
            {"top": {"provinces": ["22", "91"], "score": 47.0, "distance": -7.066, "sources": []}},
            "Kien Giang and Quang Ninh, jointly first in the country, scored 47.00 points: the score of the "
            "province is 7.07 points lower.",
            "So với các tỉnh Kiên Giang và Quảng Ninh cùng dẫn đầu cả nước (47,00 điểm), điểm số của tỉnh "
            "thấp hơn 7,07 điểm.",
        ),
        (
            "next",
            {"next_better": {"provinces": ["79"], "rank": 3, "score": 40, "distance": 0.004, "sources": []}},
            "To draw level with Ho Chi Minh City, ranked just above (3rd, 40.00 points), the province "
            "would have needed less than 0.01 points more.",
            "Để ngang bằng với Thành phố Hồ Chí Minh xếp ngay trên (thứ 3, 40,00 điểm), tỉnh cần thêm chưa "
            "đến "
            "0,01 điểm.",
        ),
        (
            "median",
            {"median": {"value": 39.934429, "n": 23, "complete": False, "distance": 0.0, "sources": []}},
            "The median (the middle value: as many provinces are above it as below) of the 23 provinces "
            "with a score at hand is 39.93 points; the score of the province is the same.",
            "Trung vị (mức ở giữa: số địa phương cao hơn bằng số địa phương thấp hơn) của 23 tỉnh, thành "
            "phố có "
            "số liệu về điểm là 39,93 điểm; điểm số của tỉnh bằng mức này.",
        ),
        (
            "group",
            {"group": "low_average", "group_change": 1},
            "The province is in the low average group of PAPI, 1 group higher than in 2021 (lowest group).",
            "Tỉnh thuộc nhóm trung bình thấp về Chỉ số PAPI, lên 1 nhóm so với năm 2021 (nhóm thấp nhất).",
        ),
        (
            "group",
            {"group": None, "groups": ["A", "B", "C"]},
            "Its score is below the limit of the lowest published group (group C).",
            "Điểm số thấp hơn ngưỡng của nhóm thấp nhất được công bố (nhóm C).",
        ),
        (
            "change",
            {"score_change": 0.0, "rank_change": 0},
            "Compared with 2021, its score did not change and its rank did not change.",
            "So với năm 2021, điểm số không thay đổi, thứ hạng không thay đổi.",
        ),
        (
            "components",
            {"strongest": [], "weakest": []},
            None,
            None,
        ),
        (
            "moves",
            {"rises": ["e_governance"], "falls": []},
            "Compared with 2021, the rank rose most in “E-Governance” (up 2 places to 9th of 62, its score "
            "up 0.13 points); of the components at hand, it fell in none.",
            "So với năm 2021, thứ hạng tăng nhiều nhất ở “Quản trị điện tử” (tăng 2 bậc lên thứ 9/62, điểm "
            "số tăng 0,13 điểm); trong các chỉ số thành phần có số liệu, không có chỉ số nào giảm bậc.",
        ),
    ],
)
def test_sentences_by_situation(facts, key, values, english, vietnamese):
    # The median is explained where it comes first, which is not PAPI if another index stands before it.
    facts["indices"] = {"papi": facts["indices"]["papi"] | values}
    facts["coverage"] = {"papi": facts["coverage"]["papi"]}
    assert said(facts, "en").get(("papi", key)) == english
    assert said(facts, "vi").get(("papi", key)) == vietnamese


RECORD = {
    "sources": ["papi-published"],
    "years": 4,
    "since": 2011,
    "best": {"value": 56, "years": [2014, 2022]},
    "worst": {"value": 60, "years": [2011, 2012]},
}


@pytest.mark.parametrize(
    ("best", "worst", "english", "vietnamese"),
    [
        (
            True,
            False,
            "The rank of 2022 equals that of 2014 and is the best of the 4 years at hand since 2011; the "
            "worst was 60th (in 2011 and 2012).",
            "Thứ hạng năm 2022 bằng năm 2014 và là cao nhất trong 4 năm có số liệu kể từ năm 2011; thấp "
            "nhất là thứ 60 (các năm 2011 và 2012).",
        ),
        (
            False,
            False,
            "In the 4 years at hand since 2011, the best rank was 56th (in 2014 and 2022), the worst 60th "
            "(in 2011 and 2012).",
            "Trong 4 năm có số liệu kể từ năm 2011, thứ hạng cao nhất là thứ 56 (các năm 2014 và 2022), "
            "thấp nhất là thứ 60 (các năm 2011 và 2012).",
        ),
        (
            True,
            True,
            "The rank was the same in all 4 years at hand since 2011.",
            "Thứ hạng không thay đổi trong cả 4 năm có số liệu kể từ năm 2011.",
        ),
    ],
)
def test_records(facts, best, worst, english, vietnamese):
    change(facts, record={"rank": RECORD | {"is_best": best, "is_worst": worst}, "score": None})
    assert said(facts, "en")["papi", "record"] == english
    assert said(facts, "vi")["papi", "record"] == vietnamese


def test_a_change_across_a_break_of_series_is_not_stated_in_points(facts_of):
    texts = said(facts_of("92", 2021))
    assert ("papi", "change") not in texts
    assert texts["papi", "break"] == (
        "Do bỏ phần về cấp phép xây dựng và thay đổi thang điểm của một số phần nên không so sánh điểm năm "
        "2021 với điểm năm 2020."
    )


def test_a_city_is_called_a_city(facts_of):
    texts = said(facts_of("92", 2021))
    assert texts["par", "places"] == (
        "Thành phố xếp thứ 9/13 trong vùng Đồng bằng sông Cửu Long và thứ 5/5 trong các thành phố trực "
        "thuộc trung ương."
    )
    assert not any(re.search(r"(của|,) tỉnh\b(?! [A-ZĐ]|, thành)", text) for text in texts.values())


def test_a_claim_that_differs_stands_beside_the_figures_with_what_can_explain_it(facts_of):
    facts = facts_of("70", 2022)
    for language, parts in (
        ("vi", ("giảm 6 bậc", "giảm 8 bậc (từ thứ 48/60 xuống thứ 56/61)", "60/63", "từ thứ 48 đến thứ 51")),
        (
            "en",
            ("fell by 6 places", "fell by 8 places (from 48/60 to 56/61)", "60 of 63", "from 48th to 51st"),
        ),
    ):
        texts = " ".join(text for (_, key), text in said(facts, language).items() if key.startswith("claim"))
        for part in parts:
            assert part in texts
        for province in ("Bắc Giang", "Bắc Ninh", "Quảng Ninh") if language == "vi" else ("Bac Ninh",):
            assert province in texts


def test_every_reason_of_a_target_has_its_words(facts_of):
    facts = copy.deepcopy(facts_of("84", 2022))
    goal = facts["targets"][0]["goals"][1]
    reasons = ["no_figure", "no_result", "some_components", "not_surveyed", "not_reported", "only_rank"]
    reasons += ["only_score", "other_scale", "no_group", "start", "no_start", "series_break", "top_at_start"]
    for language in wording.LANGUAGES:
        texts = set()
        for reason in reasons:
            goal |= {"reached": None, "reason": reason}
            texts.add(said(facts, language)["targets", "target1_2_status"])
        assert len(texts) == len(reasons)


def test_an_index_on_a_scale_to_one_has_four_decimals_and_no_unit(facts):
    entry = facts["indices"]["papi"]
    entry |= {
        "score": 0.6512,
        "max_score": 1.0,
        "score_change": 0.01,
        "previous": entry["previous"] | {"score": 0.6412},
    }
    assert "scored 0.6512 in PAPI" in said(facts, "en")["overview", "overview_papi"]
    assert "tăng 0,0100 (từ 0,6412 lên 0,6512)" in said(facts, "vi")["papi", "change"]


def test_a_language_that_there_is_not_is_refused(facts):
    with pytest.raises(ValueError, match="'fr' is not known"):
        briefing_sentences.sentences(facts, "fr")


# --- properties ---------------------------------------------------------------------------------------------


def numbers_of(value):
    """All numbers of facts, and the lengths of their lists."""
    if isinstance(value, dict):
        yield len(value)
        for part in value.values():
            yield from numbers_of(part)
    elif isinstance(value, list):
        yield len(value)
        for part in value:
            yield from numbers_of(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield abs(value)


@functools.cache
def noted(slug):
    """Numbers in what the registry says of the series of an index."""
    return set(re.findall(r"\d+", str(registry.load()[slug].entry["series"])))


def check(facts):
    """Refuse what no sentence may be."""
    found = {language: briefing_sentences.sentences(facts, language) for language in wording.LANGUAGES}
    shape = {
        language: [(s.section, s.key, s.sources) for said in sections.values() for s in said]
        for language, sections in found.items()
    }
    assert shape["en"] == shape["vi"]
    assert len({(section, key) for section, key, _ in shape["en"]}) == len(shape["en"])
    said_of_series = set().union(*map(noted, facts["indices"]))
    values = set(numbers_of(facts)) | {1, worst_counted_in(facts)}
    written = {}
    for language, sections in found.items():
        for sentence in (s for said in sections.values() for s in said):
            text = sentence.text
            where = f"{facts['province']['gso_code']} {facts['year']} {sentence.key}: {text}"
            assert not BROKEN.search(text), where
            assert text.endswith(".") and text[0] == text[0].upper(), where
            assert text.count("(") == text.count(")") and text.count("“") == text.count("”"), where
            assert not (ENGLISH if language == "vi" else VIETNAMESE).search(text), where
            assert set(sentence.sources) <= set(facts["sources"]), where
            plain = re.sub(r"“.*?”|papi\.org\.vn", "", text)
            for token in re.findall(r"\d+(?:[.,]\d+)?", plain):
                decimals = len(re.split("[.,]", token)[1]) if re.search("[.,]", token) else 0
                if decimals not in written:
                    written[decimals] = {f"{value:.{decimals}f}" for value in values}
                # A difference too small for its decimals is said to be less than the least of them.
                least = f"{10**-decimals:.{decimals}f}"
                number = token.replace(",", ".")
                assert number in written[decimals] or token in said_of_series or number == least, (
                    f"{token} in {where}"
                )


def worst_counted_in(facts):
    """The worst rank that provinces without a result could have pushed the province to."""
    claims = [
        claim for entry in facts["indices"].values() for claim in entry["claims"] if claim.get("unranked")
    ]
    return next((c.get("ours_previous", c["ours"]) + len(c["unranked"]) for c in claims), 0)


def test_sentences_of_all_provinces_are_whole_and_their_numbers_are_facts(briefings):
    for facts in briefings:
        check(facts)


maybe = functools.partial(st.one_of, st.none())


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    score=maybe(st.floats(8, 80)),
    ranks=maybe(st.tuples(st.integers(1, 63), maybe(st.just(63)))),
    rank_change=maybe(st.integers(-62, 62)),
    score_change=maybe(st.floats(-5, 5)),
    group=maybe(st.sampled_from(["highest", "lowest"])),
    group_change=maybe(st.integers(-3, 3)),
    between=maybe(st.tuples(st.integers(1, 2), st.integers(3, 3))),
)
def test_whatever_is_missing_the_sentences_stay_whole(
    facts_of, score, ranks, rank_change, score_change, group, group_change, between
):
    facts = copy.deepcopy(facts_of("92", 2022))
    facts["indices"] = {"papi": facts["indices"]["papi"]}
    facts["coverage"] = {"papi": facts["coverage"]["papi"]}
    entry = facts["indices"]["papi"]
    rank, ranked = ranks or (None, None)
    entry |= {"score": score, "rank": rank, "ranked": ranked, "rank_change": rank_change, "record": None}
    entry |= {"rank_change_basis": "stated", "score_change_basis": "stated", "score_change": score_change}
    entry |= {"group": group, "group_change": group_change}
    if score is None:
        entry |= {name: None for name in ("group", "group_change")} | {
            name: entry[name] and entry[name] | {"distance": None} for name in ("median", "top")
        }
        entry |= {"next_better": None}
    if between:
        entry["region6"] |= {"rank": None, "between": list(between)}
    reasons = {(True, True): "no_result", (True, False): "only_rank", (False, True): "only_score"}
    entry["missing"]["reason"] = reasons.get((score is None, rank is None))
    check(facts)
