"""The findings of a year of correlations in words: they follow the numbers, in both languages."""

import itertools
import math
import re

import pandas as pd
import pytest

from helpers import correlation, findings


def test_the_provinces_of_a_pair_are_counted(tables, indices_frame, known):
    counted = findings.counted(tables[2021], known, "en")
    of_year = indices_frame[(indices_frame["year"] == 2021) & (indices_frame["component"] == "")]
    for column, measure in enumerate(correlation.MEASURES, start=1):
        held = of_year[of_year[measure].notna()].groupby("index")["gso_code"].agg(set)
        both = [len(held[a] & held[b]) for a, b in itertools.combinations(("par", "papi", "sipas"), 2)]
        assert counted.iloc[:, column].tolist() == both


def test_the_provinces_left_out_are_named_once(indices_frame, known, places):
    named = findings.absent(indices_frame, known, places, 2021, "vi")
    assert ("PAPI, không có cả điểm số lẫn thứ hạng (3)", ["Bắc Giang", "Bắc Ninh", "Quảng Ninh"]) in named
    for index in known:
        names = [name for head, found in named for name in found if head.startswith(f"{index.short},")]
        assert len(names) == len(set(names))


def test_reasons_are_kept_as_phrases(tables):
    written = findings.written(tables[2018])
    assert "fewer than 8 pairs: no coefficient" in set(written["reason"])
    assert "share unknown" in set(written["reason"])
    assert (written["reason"] == "").equals(tables[2018]["estimate"].notna())
    assert list(written.columns) == correlation.COLUMNS


def _table_of(**changes):
    row = dict.fromkeys(("component_a", "component_b"), "") | {
        "index_a": "par",
        "index_b": "papi",
        "measure": "score",
        "variant": "plain",
        "method": "spearman",
        "n": 30,
        "estimate": 0.5,
        "ci_low": 0.1,
        "ci_high": 0.7,
        "p_value": 0.01,
        "p_adjusted": 0.02,
        "reason": "",
        "interval": "bonett_wright",
        "boot_low": 0.1,
        "boot_high": 0.7,
        "p_theory": 0.01,
        "years": "",
        "clusters": 0,
    }
    return pd.DataFrame([row | changes])[correlation.COLUMNS]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Higher scores in one tend to go with higher"),
        ({"estimate": -0.5, "ci_low": -0.7, "ci_high": -0.1}, "Higher scores in one tend to go with lower"),
        ({"ci_low": -0.1}, "There is no evidence of an association for"),
        (
            {"p_adjusted": 0.08},
            "not clear once the other pairs are allowed for, Holm's p = 0.080",
        ),
        (
            {"estimate": math.nan, "n": 5, "reason": "correlate.reason_few"},
            "Too few provinces have both scores",
        ),
        ({"estimate": math.nan, "reason": "correlate.reason_constant"}, "No coefficient can be computed"),
        ({"measure": "rank"}, "The ranks tend to agree for"),
        ({"measure": "rank", "ci_low": -0.1}, "no evidence that the ranks agree or disagree for"),
    ],
)
def test_sentences_follow_the_interval(known, changes, said):
    table = _table_of(**changes)
    sentence = findings.in_words(table, known, table["measure"][0], 2022, "en")
    assert said in sentence.replace("\u00a0", " ")
    assert sentence.count("tend to") == ("tend to" in said or changes == {"p_adjusted": 0.08})


def test_every_year_is_worded_in_both_languages(tables, indices_frame, known, places):
    for (year, table), language in itertools.product(tables.items(), ("en", "vi")):
        spoken = [findings.in_words(table, known, m, year, language) for m in correlation.MEASURES]
        spoken.append(findings.coverage(indices_frame, known, places.codes, year, language))
        assert all("nan" not in text.lower() and "{" not in text for text in spoken)
        for measure in correlation.MEASURES:
            pairs, left_out = findings.readable(table, known, measure, language)
            refused = left_out.count("n\u00a0=\u00a0")
            assert len(pairs) + refused == len(correlation.combinations(indices_frame, known, year))
            assert not pairs.astype(str).apply(lambda column: column.str.contains("nan")).any(axis=None)
    assert "0,65" in findings.in_words(tables[2022], known, "score", 2022, "vi")


def test_the_corrected_estimate_speaks_for_scores(tables, known):
    spoken = findings.in_words(tables[2022], known, "score", 2022, "en")
    assert "PAR INDEX without its SIPAS points" in spoken
    assert "partly built in" in findings.in_words(tables[2022], known, "rank", 2022, "en")


# --- tables ------------------------------------------------------------------------------------------------


def test_what_has_no_estimate_stands_below_the_table(tables, indices_frame, known, places):
    rows, left_out = findings.readable(tables[2018], known, "rank", "en")
    assert len(rows) == 1 and "–" not in set(rows.iloc[:, 1])
    assert left_out.startswith("Not estimated: PAR INDEX") and left_out.count("fewer than 8 pairs") == 1
    assert findings.readable(tables[2022], known, "rank", "en")[1] == ""
    influence = correlation.influence(indices_frame, known, 2022)
    found = findings.robustness(tables[2022], influence, known, places, "score", "en")
    assert [name.replace("\u00a0", " ") for name, _, _ in found] == [
        "PAR INDEX – PAPI",
        "PAR INDEX – SIPAS",
        "PAR INDEX without its SIPAS points – SIPAS",
        "PAPI – SIPAS",
    ]
    _, rows, left_out = found[2]
    assert not rows.iloc[:, 1].eq("–").any() and rows.iloc[:, 0].str.contains("moves it most").sum() == 1
    assert "within the six regions" in left_out and "stated figures only" in left_out


def test_reasons_are_named_once():
    refused = [("A", 3, "few"), ("B", 10, "constant"), ("C", 5, "few")]
    said = findings.not_estimated(refused, "en").replace("\u00a0", " ")
    assert said == "Not estimated: A (n = 3) and C (n = 5) – few; B (n = 10) – constant."
    assert findings.not_estimated([], "vi") == ""


# --- the opening -------------------------------------------------------------------------------------------


def test_the_headline_is_the_first_pair_without_part_and_whole(tables, known):
    assert findings.leading_measure(tables[2022], known) == "rank"
    row = findings.headline(tables[2022], known, "rank")
    assert (row["index_a"], row["index_b"], row["variant"]) == ("par", "papi", "plain")
    row = findings.headline(tables[2014], known, "score")
    assert (row["index_a"], row["index_b"]) == ("papi", "pci")
    assert findings.headline(tables[2022].iloc[:0], known, "rank") is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"ci_low": 0.2},
            "PAR INDEX and PAPI tend to (ρ = 0.50, 95 % CI 0.20 to 0.70, n = 30): the two orders",
        ),
        ({"ci_low": 0.2}, "share 4 to 49 % of their variation"),
        ({"ci_low": -0.8, "ci_high": 0.2, "estimate": -0.4}, "share no more than 64 %"),
        ({"ci_low": -0.8}, "there is no evidence that PAR INDEX and PAPI do"),
        ({"ci_low": -0.8, "ci_high": -0.2, "estimate": -0.6}, "in opposite order"),
        ({"p_adjusted": 0.08}, "n = 30; not clear once the other pairs are allowed for, Holm's p = 0.080)"),
        ({"estimate": math.nan, "n": 5, "reason": "correlate.reason_few"}, "This cannot be said"),
    ],
)
def test_the_opening_follows_the_interval(known, changes, said):
    spoken = findings.opening(_table_of(**changes), known, "score", 2022, "en").replace("\u00a0", " ")
    assert said in spoken
    assert ("Other pairs: too few provinces for PAR INDEX – PAPI (n = 5)." in spoken) == ("reason" in changes)


def test_the_opening_names_each_pair_once_and_flags_part_and_whole(tables, known):
    said = findings.opening(tables[2022], known, "rank", 2022, "en").replace("\u00a0", " ")
    others = said.split("Other pairs: ")[1]
    assert "PAR INDEX – PAPI" not in others and "PAPI – SIPAS (n = 20)" in others
    assert "PAR INDEX – SIPAS (n = 16; partly built in" in others
    unknown = _table_of(index_b="sipas")
    said = findings.in_words(unknown.assign(measure="rank"), known, "rank", 2017, "en")
    assert "with a share that is not known" in said


def test_what_few_provinces_could_have_shown(known):
    # Fisher's z of 29 pairs has a standard error of about 0.2: 1.96 times that, a little more for ranks.
    unclear = _table_of(ci_low=-0.1, n=29).iloc[0]
    assert "beyond about ±0.38" in findings.detectable(unclear, known, "en")
    assert (
        findings.detectable(_table_of().iloc[0], known, "en") == findings.detectable(None, known, "en") == ""
    )


def test_steadiness_names_the_most_influential_province(tables, indices_frame, known, places):
    influence = correlation.influence(indices_frame, known, 2022)
    row = findings.headline(tables[2022], known, "rank")
    low, high, code = findings.leave_one_out(influence, row)
    assert low < row["estimate"] < high
    said = findings.steadiness(row, tables[2022], influence, places, "vi")
    assert places.name(code, "vi") in said and "từng vùng" in said
    influence = correlation.influence(indices_frame, known, 2020)
    row = findings.headline(tables[2020], known, "rank")
    said = findings.steadiness(row, tables[2020], influence, places, "en")
    assert "evidence of agreement without the centrally run cities" in said
    assert "no evidence of an association within the six regions" in said


def test_hedged_in_every_year(tables, indices_frame, known, places):
    wrong = re.compile(
        r"\bnan\b|[{}]|\b(?:prove[sn]?|causes?|affects?|leads to|improves?|drives)\b|no difference"
    )
    for year, table in tables.items():
        influence = correlation.influence(indices_frame, known, year)
        for language, measure in itertools.product(("en", "vi"), correlation.MEASURES):
            steady = findings.robustness(table, influence, known, places, measure, language)
            for name, rows, left_out in steady:
                cells = [name, left_out, *rows.astype(str).to_numpy().ravel()]
                assert not any(wrong.search(cell) for cell in cells)
            said = findings.opening(table, known, measure, year, language)
            said += findings.in_words(table, known, measure, year, language)
            row = findings.headline(table, known, measure)
            if row is not None:
                said += " " + findings.steadiness(row, table, influence, places, language)
                said += " " + findings.detectable(row, known, language)
            assert not wrong.search(said), said
            assert longest(said) <= 45 * (1.4 if language == "vi" else 1), said


def longest(text):
    """Words of the longest sentence, without what stands in parentheses; Vietnamese ones are syllables."""
    plain = re.sub(r"\([^()]*\)", "", text)
    return max(len(sentence.split()) for sentence in re.split(r"[.?!]\**\s", plain + " "))
