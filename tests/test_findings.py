"""The findings of a year of correlations in words: they follow the numbers, in both languages."""

import itertools
import math
import re

import pandas as pd
import pytest

from helpers import correlation, findings


def test_the_provinces_left_out_are_named(indices_frame, known, places):
    named = findings.absent(indices_frame, places, known["papi"], known["sipas"], 2021, "vi")
    assert named[0] == ("PAPI, không có cả điểm số lẫn thứ hạng (3)", ["Quảng Ninh", "Bắc Giang", "Bắc Ninh"])


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
        ({}, "higher scores in one tend to go with higher"),
        ({"estimate": -0.5, "ci_low": -0.7, "ci_high": -0.1}, "higher scores in one tend to go with lower"),
        ({"ci_low": -0.1}, "no evidence of an association for"),
        (
            {"p_adjusted": 0.08},
            "no clear evidence once several comparisons are allowed for, Holm's p = 0.080",
        ),
        (
            {"estimate": math.nan, "n": 5, "reason": "correlate.reason_few"},
            "too few provinces with both scores",
        ),
        ({"estimate": math.nan, "reason": "correlate.reason_constant"}, "no coefficient can be computed"),
        ({"measure": "rank"}, "the ranks tend to agree for"),
        ({"measure": "rank", "ci_low": -0.1}, "no evidence that the ranks agree or disagree for"),
    ],
)
def test_sentences_follow_the_interval(known, changes, said):
    table = _table_of(**changes)
    sentence = findings.in_words(table, known, table["measure"][0], 2022, "en")
    assert said in sentence
    assert sentence.count("tend to") == ("tend to" in said or changes == {"p_adjusted": 0.08})


def test_every_year_is_worded_in_both_languages(tables, indices_frame, known, places):
    for (year, table), language in itertools.product(tables.items(), ("en", "vi")):
        spoken = [findings.in_words(table, known, m, year, language) for m in correlation.MEASURES]
        spoken.append(findings.coverage(indices_frame, known, places.codes, year, language))
        assert all("nan" not in text.lower() and "{" not in text for text in spoken)
        for measure in correlation.MEASURES:
            pairs = findings.readable(table, known, measure, language)
            assert len(pairs) == len(correlation.combinations(indices_frame, known, year))
            assert not pairs.astype(str).apply(lambda column: column.str.contains("nan")).any(axis=None)
    assert "0,65" in findings.in_words(tables[2022], known, "score", 2022, "vi")


def test_the_corrected_estimate_speaks_for_scores(tables, known):
    spoken = findings.in_words(tables[2022], known, "score", 2022, "en")
    assert "PAR INDEX without its SIPAS points" in spoken
    assert "partly built in" in findings.in_words(tables[2022], known, "rank", 2022, "en")


# --- the opening -------------------------------------------------------------------------------------------


def test_the_headline_is_the_first_pair_without_part_and_whole(tables, known):
    assert findings.leading_measure(tables[2022], known) == "rank"
    row = findings.headline(tables[2022], known, "rank")
    assert (row["index_a"], row["index_b"], row["variant"]) == ("par", "papi", "plain")
    row = findings.headline(tables[2014], known, "score")
    assert (row["index_a"], row["index_b"]) == ("papi", "pci")
    assert findings.headline(tables[2022].iloc[:0], known, "rank") is None


def test_the_meaning_follows_the_ends_of_the_interval(known):
    row = _table_of(ci_low=0.2, ci_high=0.7).iloc[0]
    assert "between 4 and 49 %" in findings.meaning(row, known, "en")
    # Fisher's z of 29 pairs has a standard error of about 0.2: 1.96 times that, a little more for ranks.
    unclear = _table_of(ci_low=-0.1, n=29).iloc[0]
    assert "beyond about ±0.38" in findings.meaning(unclear, known, "en")


def test_steadiness_names_the_most_influential_province(tables, indices_frame, known, places):
    influence = correlation.influence(indices_frame, known, 2022)
    row = findings.headline(tables[2022], known, "rank")
    low, high, code = findings.leave_one_out(influence, row)
    assert low < row["estimate"] < high
    said = findings.steadiness(row, tables[2022], influence, known, places, "vi")
    assert places.name(code, "vi") in said and "từng vùng" in said


def test_hedged_in_every_year(tables, indices_frame, known, places):
    wrong = re.compile(
        r"\bnan\b|[{}]|\b(?:prove[sn]?|causes?|affects?|leads to|improves?|drives)\b|no difference"
    )
    for year, table in tables.items():
        influence = correlation.influence(indices_frame, known, year)
        for language, measure in itertools.product(("en", "vi"), correlation.MEASURES):
            steady = findings.robustness(table, influence, known, places, measure, language)
            assert not any(wrong.search(cell) for cell in steady.astype(str).to_numpy().ravel())
            row = findings.headline(table, known, measure)
            if row is not None:
                said = findings.meaning(row, known, language)
                said += findings.steadiness(row, table, influence, known, places, language)
                said += findings.in_words(table, known, measure, year, language)
                assert not wrong.search(said), said
