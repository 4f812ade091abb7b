"""The facts of briefings against a second implementation that was written from the table of figures alone."""

import dataclasses
import itertools
import random
import tomllib
from collections import Counter

import naive_briefing
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.files import write_table

YEARS = range(2011, 2025)
BRIEFINGS = 200
SEED = 20221121
# Both sides compute and then round to six decimals, which may fall to either side.
TOLERANCE = 1.000001e-6
# What the figures alone do not say.
ELSEWHERE = {"format", "sources", "targets", "claims", "conflicts"}
# Where a figure follows from others; any other basis says how a source gave it.
OWN = {None, "computed", "bounded"}
CHANGES = [(what, f"{what}_change") for what in ("rank", "score")]


@pytest.fixture(scope="module")
def registry(root):
    return tomllib.loads((root / "data" / "raw" / "indices.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def listed(root):
    return naive_briefing.read_provinces(root / "data" / "raw" / "provinces" / "provinces63.csv")


def _as_rows(figures, folder):
    write_table(folder / "indices.csv", figures)
    return naive_briefing.read(folder / "indices.csv")


# --- the comparison ----------------------------------------------------------------------------------------


class Comparison:
    """Fields compared, by name, and where the two sides differ."""

    def __init__(self):
        self.fields = Counter()
        self.differences = []

    def compare(self, naive, ours, path):
        if isinstance(naive, dict) and isinstance(ours, dict):
            for key in sorted(naive.keys() | (ours.keys() - ELSEWHERE)):
                if key in ours and key in naive:
                    self.compare(naive[key], ours[key], f"{path}.{key}")
                else:
                    self.differences.append(f"{path}.{key}: only {'naive' if key in naive else 'helpers'}")
        elif isinstance(naive, list) and isinstance(ours, list) and len(naive) == len(ours) > 0:
            for place, pair in enumerate(zip(naive, ours, strict=True)):
                self.compare(*pair, f"{path}[{place}]")
        else:
            name = path.rsplit(".", 1)[-1].split("[")[0]
            self.require(_equal(naive, ours), path, f"naive {naive!r}, helpers {ours!r}", name)

    def require(self, holds, path, text, name="rules"):
        self.fields[name] += 1
        if not holds:
            self.differences.append(f"{path}: {text}")

    def report(self):
        shown = "\n".join(self.differences[:40])
        return f"{len(self.differences)} of {self.fields.total()} differ\n{shown}"


def _equal(naive, ours):
    if type(naive) is not type(ours):
        return False
    return abs(naive - ours) <= TOLERANCE if isinstance(naive, float) else naive == ours


def _without_stated(naive, ours, path, seen):
    """Take over what only a source states, once it was held against what the figures allow."""
    for what, change in CHANGES:
        if ours[f"{change}_basis"] not in OWN:
            # A rank of the year before that was derived from a stated change leads back to that statement.
            derived = what == "rank" and (naive["previous"] or {}).get("rank_basis") == "derived"
            known = naive[change] is None or (derived and naive[change] == ours[change])
            seen.require(known, path, f"{change} is stated, but can be computed")
            if what == "rank" and ours["rank"] is not None:
                before = ours["rank"] + ours[change]
                seen.require(1 <= before <= 63, path, f"a change from rank {before}")
            naive |= {key: ours[key] for key in (change, f"{change}_basis", f"{change}_source")}
    for key in ("region6", "region8", "cities"):
        mine, region, where = naive[key], ours[key], f"{path}.{key}"
        if region and region["basis"] not in OWN:
            seen.require(mine["basis"] != "computed", where, "stated, but all ranks are at hand")
            # Where the place follows from the ranks at hand, what a source states must be that place.
            low, high = mine["between"] or (mine["rank"] or 1, mine["rank"] or mine["of"] or 63)
            seen.require(low <= region["rank"] <= high, where, f"{region['rank']} not in {low}..{high}")
            seen.require(mine["of"] in (None, region["of"]), where, f"of {region['of']}, not {mine['of']}")
            seen.compare(mine["known"], region["known"], f"{where}.known")
            naive[key] = region
        elif region:
            naive[key] = mine | {"source": mine["sources"][0] if mine["sources"] else None}


def _says_nothing_but_changes(component):
    bases = {component[f"{change}_basis"] for _, change in CHANGES}
    return component["score"] is component["rank"] is None and not bases & {"computed"}


def _compare(naive, ours, registry, seen):
    here = f"{ours['province']['gso_code']}/{ours['year']}"
    for slug in naive["indices"].keys() & ours["indices"].keys():
        index, theirs, path = naive["indices"][slug], ours["indices"][slug], f"{here}.{slug}"
        _without_stated(index, theirs, path, seen)
        for name, component in theirs["components"].items():
            if name not in index["components"]:
                # Of such a component the table holds nothing that could be computed anew.
                allowed = _says_nothing_but_changes(component)
                seen.require(allowed, f"{path}.{name}", "a figure that the table does not hold")
                index["components"][name] = component
            else:
                _without_stated(index["components"][name], component, f"{path}.{name}", seen)
        order = [part["slug"] for part in registry[slug].get("components", [])]
        in_order = sorted(theirs["components"], key=lambda name: ("." in name, order.index(name)))
        seen.require(list(theirs["components"]) == in_order, path, "components in another order")
        # The lists follow from the changes, stated ones among them.
        fields = naive_briefing.fields_of(registry[slug], naive["year"])
        index["rises"], index["falls"] = naive_briefing.rises_and_falls(index["components"], fields)
    seen.compare(naive, ours, here)
    lacking = set(_sources(naive)) - set(ours["sources"])
    seen.require(not lacking, here, f"sources without an entry: {lacking}")


def _sources(facts):
    """Give every source id that facts name."""
    for key, value in facts.items():
        if key == "sources" or key.endswith("source"):
            for text in value if isinstance(value, list) else [value or ""]:
                yield from filter(None, text.split("|"))
        else:
            for below in value if isinstance(value, list) else [value]:
                if isinstance(below, dict):
                    yield from _sources(below)


# --- the tests ---------------------------------------------------------------------------------------------


def test_two_hundred_briefings_agree_field_by_field(book, indices_frame, registry, listed, tmp_path):
    rows = _as_rows(indices_frame, tmp_path)
    seen = Comparison()
    pairs = list(itertools.product(sorted(listed), YEARS))
    for code, year in random.Random(SEED).sample(pairs, BRIEFINGS):
        naive = naive_briefing.facts(rows, code, year, registry, listed)
        _compare(naive, book.facts(code, year), registry, seen)
    assert not seen.differences, seen.report()
    assert seen.fields.total() > 500_000
    for name in ("score", "rank", "distance", "between", "group_change", "weakest", "is_worst", "reason"):
        assert seen.fields[name] >= BRIEFINGS, name


def test_they_agree_on_other_figures_too(book, indices_frame, registry, listed, tmp_path):
    """Scores made worse, ranks exchanged and rows left out, so that more can contradict or be missing."""
    choose = random.Random(SEED)
    changed = indices_frame.copy()
    recent = changed["year"] >= 2020
    for row in choose.sample(list(changed.index[recent & changed["score"].notna()]), 600):
        changed.loc[row, "score"] = round(changed.loc[row, "score"] * choose.uniform(0.9, 1.0), 6)
    reported = changed.index[recent & changed["rank"].notna() & changed["index"].isin(["par", "sipas"])]
    for row in choose.sample(list(reported), 60):
        changed.loc[row, "rank"] = choose.randint(1, 63)
    changed = changed.drop(index=choose.sample(list(changed.index[recent]), 600)).reset_index(drop=True)
    rows = _as_rows(changed, tmp_path)
    # What sources state was stated of the figures as they were.
    unstated = {"changes": book.changes.head(0), "regional": book.regional.head(0)}
    other = dataclasses.replace(book, figures=changed, **unstated)
    seen = Comparison()
    for code, year in choose.sample(list(itertools.product(sorted(listed), range(2020, 2025))), 40):
        naive = naive_briefing.facts(rows, code, year, registry, listed)
        _compare(naive, other.facts(code, year), registry, seen)
    assert not seen.differences, seen.report()
    assert seen.fields.total() > 80_000


@st.composite
def _countries(draw):
    """Draw ranks of a few provinces, some of them not ranked, some ranks not at hand, and a region."""
    scores = draw(st.lists(st.integers(0, 5), min_size=3, max_size=5))
    units = [str(number) for number in range(len(scores))]
    ranked = draw(st.sets(st.sampled_from(units), min_size=1)) | {"0"}
    ranks = _ranks({unit: score for unit, score in zip(units, scores, strict=True) if unit in ranked})
    at_hand = draw(st.sets(st.sampled_from(sorted(ranked)))) | {"0"}
    region = draw(st.sets(st.sampled_from(units))) | {"0"}
    return units, ranks, {unit: ranks[unit] for unit in at_hand}, region


def _ranks(scores):
    return {unit: 1 + sum(other > score for other in scores.values()) for unit, score in scores.items()}


@settings(max_examples=80, deadline=None)
@given(country=_countries())
def test_the_bounds_are_those_of_every_ranking_that_fits(country):
    """Every ranking of as many provinces that agrees with the ranks at hand is tried out."""
    units, ranks, at_hand, region = country
    places = set()
    rest = [unit for unit in units if unit not in at_hand]
    for more in itertools.combinations(rest, len(ranks) - len(at_hand)):
        ranked = [*at_hand, *more]
        for scores in itertools.product(range(len(ranked)), repeat=len(ranked)):
            tried = _ranks(dict(zip(ranked, scores, strict=True)))
            if all(tried[unit] == rank for unit, rank in at_hand.items()):
                places.add(1 + sum(tried[unit] < tried["0"] for unit in region & set(ranked)))
    found = naive_briefing.places(at_hand, len(ranks), set(units), region, "0")
    assert found == (min(places), max(places))
    assert 1 + sum(ranks[unit] < ranks["0"] for unit in region & set(ranks)) in places
