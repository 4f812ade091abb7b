"""The findings of a year of correlations in words: they follow the numbers, in both languages."""

import itertools
import math

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
    }
    return pd.DataFrame([row | changes])[correlation.COLUMNS]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "higher scores in one tend to go with higher"),
        ({"estimate": -0.5, "ci_low": -0.7, "ci_high": -0.1}, "higher scores in one tend to go with lower"),
        ({"ci_low": -0.1}, "no clear association for"),
        ({"p_adjusted": 0.08}, "no longer clear once several comparisons are allowed for, Holm's p = 0.080"),
        (
            {"estimate": math.nan, "n": 5, "reason": "correlate.reason_few"},
            "too few provinces with both scores",
        ),
        ({"estimate": math.nan, "reason": "correlate.reason_constant"}, "no coefficient can be computed"),
        ({"measure": "rank"}, "the ranks tend to agree for"),
        ({"measure": "rank", "ci_low": -0.1}, "no clear agreement for"),
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
