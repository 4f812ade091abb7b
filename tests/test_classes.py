"""Classes of synthetic layers: properties, second libraries, and what the title area says of odd ones."""

import itertools
import math
import re
import warnings

import mapclassify
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import map_findings, measures, provinces, wording
from helpers.classes import classify, pooled
from helpers.files import resolve

CODES = provinces.load(resolve("data/raw")).codes
DIVERGING = ("change", "rank_change", "standing_gap")


@pytest.fixture(scope="module")
def papi(known):
    return known["papi"]


def layer_of(values, index=None, measure="score", year=2022):
    """Make a layer of invented values: {code: value}, or a list in the order of the codes."""
    values = values if isinstance(values, dict) else dict(zip(CODES, values, strict=False))
    value = pd.Series(values, dtype=float).reindex(CODES).rename_axis("gso_code")
    table = pd.DataFrame({"value": value, "score": value, "max_score": 80.0, "ranked": 63})
    table["state"] = np.where(value.notna(), "shown", "no_result")
    return measures.Layer((index,), year, measure, "", "63", table)


# --- properties ---------------------------------------------------------------------------------------------

NUMBERS = st.lists(
    st.one_of(st.none(), st.floats(-100, 100).map(lambda x: round(x, 2) + 0.0)), min_size=1, max_size=63
).filter(lambda values: any(value is not None for value in values))


@settings(max_examples=150, deadline=None)
@given(
    values=NUMBERS,
    k=st.integers(2, 9),
    scheme=st.sampled_from(["quantiles", "equal_interval", "fisher_jenks"]),
)
def test_every_value_lies_within_the_limits_of_its_class(values, k, scheme):
    layer = layer_of([math.nan if value is None else value for value in values])
    classes = classify(layer, scheme, k)
    assert classes.number.isna().equals(layer.table["value"].isna())
    assert sum(classes.counts) == layer.n and 1 <= len(classes.limits) <= k and classes.tones == ()
    for code, value in layer.values.items():
        number = classes.number[code]
        low, high = classes.limits[number]
        assert low <= value <= high and (number == 0 or low == high or value > low)
    assert all(low <= high for low, high in classes.limits)
    if classes.scheme == "each":
        assert classes.limits == tuple((value, value) for value in sorted(set(layer.values)))
    else:
        assert all(one[1] == two[0] for one, two in itertools.pairwise(classes.limits))


@settings(max_examples=150, deadline=None)
@given(
    values=NUMBERS,
    k=st.integers(2, 9),
    measure=st.sampled_from(DIVERGING),
    scheme=st.sampled_from(["quantiles", "equal_interval"]),
)
@example([0.0] * 5, 5, "change", "quantiles")
@example([1.0, 0.0, -1.0], 2, "rank_change", "quantiles")
def test_diverging_classes_mirror_each_other_and_zero_is_on_no_side(values, k, measure, scheme):
    layer = layer_of([math.nan if value is None else value for value in values], measure=measure)
    classes = classify(layer, scheme, k)
    limits = dict(zip(classes.tones, classes.limits, strict=True))
    assert list(classes.tones) == sorted(classes.tones) and sum(classes.counts) == layer.n
    for tone, (low, high) in limits.items():
        assert limits[-tone] == (-high, -low) or tone == 0
    assert (0 in limits) == bool((layer.values == 0).any()) and limits.get(0, (0, 0)) == (0, 0)
    assert len([tone for tone in limits if tone > 0]) <= min((k + 1) // 2, 4)
    for code, value in layer.values.items():
        tone = classes.tones[classes.number[code]]
        low, high = limits[abs(tone)]
        assert np.sign(tone) == np.sign(value)
        assert low <= abs(value) <= high and (low in (0, high) or abs(value) > low)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.floats(-6, 6), min_size=1, max_size=63))
def test_standard_scores_keep_their_limits_in_every_year(values):
    classes = classify(layer_of(values, measure="z_score"))
    assert classes.tones == (-2, -1, 0, 1, 2)
    assert [high for _, high in classes.limits[:-1]] == [-1.5, -0.5, 0.5, 1.5]
    for value, number in zip(values, classes.number.dropna(), strict=True):
        assert number == sum(value > limit for limit in (-1.5, -0.5, 0.5, 1.5))


# --- second libraries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "other"),
    [("quantiles", "Quantiles"), ("equal_interval", "EqualInterval"), ("fisher_jenks", "FisherJenks")],
)
@pytest.mark.parametrize("k", [3, 5, 7])
def test_classes_are_those_of_mapclassify(scheme, other, k):
    rng = np.random.default_rng(63)
    years = [rng.normal(40, 2, 63).round(4) for _ in range(3)]
    # mapclassify pools columns of equal length: nothing is missing.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = mapclassify.Pooled(np.column_stack(years), other, k=k)
    found = pooled([layer_of(values) for values in years], scheme, k)
    for classes, reference in zip(found, expected.col_classifiers, strict=True):
        assert classes.number.tolist() == reference.yb.tolist()
        assert [high for _, high in classes.limits] == pytest.approx(expected.global_classifier.bins.tolist())
    assert found[0].limits == found[1].limits == found[2].limits


def test_natural_breaks_are_the_best_of_all_partitions():
    scores = [1.0, 1.2, 1.1, 4.0, 4.1, 4.4, 4.2, 9.0, 9.9, 5.6]
    ordered = sorted(scores)

    def spread(parts):
        return sum(((np.array(part) - np.mean(part)) ** 2).sum() for part in parts)

    cuts = itertools.combinations(range(1, 10), 2)
    best = min(([ordered[:a], ordered[a:b], ordered[b:]] for a, b in cuts), key=spread)
    classes = classify(layer_of(scores), "fisher_jenks", 3)
    assert classes.counts == [len(part) for part in best]
    assert [high for _, high in classes.limits] == [part[-1] for part in best]


def test_quantiles_that_coincide_leave_fewer_classes():
    values = [50.0] * 50 + [float(60 + i) for i in range(13)]
    classes = classify(layer_of(values), "quantiles", 5)
    breaks = np.unique(np.quantile(values, [0.2, 0.4, 0.6, 0.8]))
    assert len(classes.limits) == len(breaks) + 1 < 5
    assert classes.number.tolist() == [int((value > breaks).sum()) for value in values]


def test_equal_intervals_have_equal_width_and_may_be_empty():
    classes = classify(layer_of([0.0, 1.0, 2.0, 3.0, 4.0, 100.0]), "equal_interval", 5)
    assert np.allclose(classes.limits, [(0, 20), (20, 40), (40, 60), (60, 80), (80, 100)])
    assert classes.counts == [5, 0, 0, 0, 1]


# --- odd layers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "counts", "english", "vietnamese"),
    [
        ([70.0] * 63, [63], "all of them have the same value", "tất cả có cùng một giá trị"),
        ([70.0], [1], "a single province has a figure", "chỉ một tỉnh, thành phố có số liệu"),
        (
            [70.0] * 30 + [60.0] * 20 + [80.0] * 13,
            [20, 30, 13],
            "only 3 different values: each is a class",
            "chỉ có 3 giá trị khác nhau: mỗi giá trị là một lớp",
        ),
    ],
)
def test_the_title_area_tells_of_fewer_classes(papi, values, counts, english, vietnamese):
    classes = classify(layer_of(values, papi))
    assert classes.counts == counts and classes.all_equal == (len(counts) == 1)
    assert map_findings.subtitle(classes, "en").endswith(f" · {english}")
    assert map_findings.subtitle(classes, "vi").endswith(f" · {vietnamese}")
    full = classify(layer_of(np.linspace(60, 80, 63), papi))
    assert map_findings.subtitle(full, "en").endswith("n = 63 of 63 provinces")


def test_changes_that_are_all_zero_are_unchanged(papi):
    classes = classify(layer_of([0.0] * 9, papi, "change"))
    assert classes.limits == ((0.0, 0.0),) and classes.tones == (0,) and classes.counts == [9]
    assert map_findings.class_label(classes, 0, "en") == "unchanged"
    assert "all of them have the same value" in map_findings.subtitle(classes, "en")


def test_changes_to_one_side_only_still_show_both(papi):
    classes = classify(layer_of(np.linspace(1, 9, 40), papi, "change"))
    assert classes.tones == (-3, -2, -1, 1, 2, 3) and classes.counts[:3] == [0, 0, 0]


@pytest.mark.parametrize("k", [2, 4, 5, 9])
def test_classes_of_ranks_are_written_without_touching(papi, k):
    classes = classify(layer_of(range(1, 64), papi, "rank"), k=k)
    written = [map_findings.class_label(classes, number, "en") for number in range(k)]
    numbers = [tuple(map(int, label.split(" – "))) for label in written]
    assert numbers[0][0] == 1 and numbers[-1][1] == 63
    assert all(high + 1 == low for (_, high), (low, _) in itertools.pairwise(numbers))
    assert [high - low + 1 for low, high in numbers] == classes.counts


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.integers(-62, 62), min_size=1, max_size=63), k=st.integers(2, 9))
def test_classes_of_places_gained_are_written_as_they_are(known, values, k):
    classes = classify(layer_of(values, known["par"], "rank_change"), k=k)
    for place, (tone, count) in enumerate(zip(classes.tones, classes.counts, strict=True)):
        label = map_findings.class_label(classes, place, "en")
        if tone == 0:
            assert label == "unchanged"
            continue
        ends = [int(number.replace("−", "-")) for number in re.findall(r"[+−]\d+|\b0\b", label)]
        low, high = min(ends), max(ends)
        inside = [value for value in values if low <= value <= high and value]
        assert len(inside) == count, (label, classes.limits)


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_limits_are_written_as_the_language_writes_numbers(papi, language):
    classes = classify(layer_of(np.linspace(60.123, 80.456, 63), papi))
    label = map_findings.class_label(classes, 0, language)
    assert label == {"en": "60.12 – 64.19", "vi": "60,12 – 64,19"}[language]


def test_what_is_no_scheme_and_no_number_of_classes_is_refused():
    layer = layer_of([1.0, 2.0])
    with pytest.raises(ValueError, match="scheme 'jenks' is not known; choose one of quantiles"):
        classify(layer, "jenks")
    for k in (1, 10):
        with pytest.raises(ValueError, match=f"k is {k}: choose 2 to 9 classes"):
            classify(layer, k=k)


def test_a_limit_that_means_a_value_is_that_value():
    # Interpolated by numpy, the eighth of nine quantiles of these falls one float short of 0.334.
    values = [0.334] * 21 + [0.334 + step / 100 for step in range(1, 43)]
    for k in range(2, 10):
        classes = classify(layer_of(values), "quantiles", k)
        assert len({classes.number[code] for code in CODES[:21]}) == 1
        upper = [high for _, high in classes.limits]
        assert np.diff(upper).min() > 1e-9


def test_whole_numbers_leave_no_class_without_any(papi):
    values = [1, 2, 42, 42, 43, 44]
    classes = classify(layer_of(values, papi, "rank_change"), "quantiles", 7)
    assert all(high > low or high == low for low, high in classes.limits)
    labels = [map_findings.class_label(classes, place, "en") for place in range(len(classes.limits))]
    ends = [list(map(int, re.findall(r"\d+", label))) for label in labels]
    assert all(pair == sorted(pair) or set(label) & {"−"} for pair, label in zip(ends, labels, strict=True))


@pytest.mark.parametrize("k", [2.5, 1, 10, "5"])
def test_a_number_of_classes_that_is_none_is_refused(k):
    with pytest.raises(ValueError, match="choose 2 to 9 classes"):
        classify(layer_of([1.0, 2.0, 3.0]), "quantiles", k)
