"""Ranks within a region as sources state them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import regional


@pytest.mark.parametrize(
    ("statement", "code", "expected"),
    [
        ("9/13 (region8: Đồng bằng sông Cửu Long)", "92", [("region8", 9, 13)]),
        ("9/13 ĐBSCL", "92", [("region6", 9, 13), ("region8", 9, 13)]),
        (" 5/5 (cities)", "92", [("cities", 5, 5)]),
        ("3/5 (thành phố trực thuộc Trung ương)", "48", [("cities", 3, 5)]),
        ("1/6 Bắc Trung Bộ", "42", [("region8", 1, 6)]),
        ("10 of 13 in Đồng bằng sông Cửu Long", "82", [("region6", 10, 13), ("region8", 10, 13)]),
        ("2 in Trung du miền núi phía Bắc (after Bắc Giang)", "19", [("region6", 2, None)]),
        ("5/14 TD&MNPB", "14", [("region6", 5, 14)]),
        # Another number of provinces than the region has, another region than the province's, none, no rank.
        ("2/8 Đông Nam Bộ", "74", []),
        ("1 Tây Bắc", "12", []),
        ("1/5 Tây Nguyên", "92", []),
        ("7/6 Bắc Trung Bộ", "42", []),
        ("5/5 (cities)", "42", []),
        ("3", "42", []),
        ("first in the region", "42", []),
    ],
)
def test_a_statement_is_understood_only_if_it_fits_the_province(places, statement, code, expected):
    assert regional.fitting(statement, code, places) == expected


@given(st.text(max_size=40))
def test_any_text_is_understood_or_not_but_never_fails(statement):
    from helpers import provinces

    for scope, rank, of in regional.fitting(statement, "92", provinces.load()):
        assert scope in ("region6", "region8", "cities")
        assert 1 <= rank <= (of or 13)


def test_statements_of_the_raw_tables_keep_their_sources(cleaned, known):
    frame = cleaned.regional
    assert len(frame) >= 90
    assert set(frame["index"]) == {"par", "sipas", "papi"}
    # What fits no set of provinces is kept with its words, and not used.
    assert set(frame.loc[frame["scope"] == "", "statement"]) == {
        "1 Tây Bắc",
        "1 Nam Trung Bộ",
        "2/8 Đông Nam Bộ",
        "1/8 Đông Nam Bộ",
    }
    own = frame.query("gso_code == '92' and scope == 'cities'").iloc[0]
    assert (own["year"], own["rank"], own["of"], own["source"]) == (2021, 5, 5, "tcnn-2022-06-23")


def test_no_statement_contradicts_the_national_ranks(book):
    """Sources and national ranks are independent: every regional rank stated is one that these allow."""
    compared = 0
    for row in book.regional[book.regional["scope"] != ""].to_dict("records"):
        layer = book.standing(row["index"], row["year"], row["component"])
        place = layer.among(row["gso_code"], row["scope"])
        best, worst = place["between"] or (place["rank"], place["rank"])
        if best is not None:
            assert best <= row["rank"] <= worst, row
            compared += best == worst
    assert compared >= 40


def test_a_row_that_a_correction_drops_states_nothing(raw, known):
    whole = regional.stated(raw, known)

    def without_can_tho(table):
        table.rows[:] = [(line, cells) for line, cells in table.rows if cells.get("gso_code") != "92"]

    assert len(regional.stated(raw, known, without_can_tho)) < len(whole)
