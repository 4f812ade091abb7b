"""Ids of headings and the table of contents."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from helpers import contents


def test_headings_get_ids_of_their_words_each_once():
    body, headings = contents.with_ids(
        "<h1>A</h1><h2>Đắk Lắk &amp; <em>Huế</em></h2><h2>Đắk Lắk &amp; Huế</h2>", ["a"]
    )
    assert [(h.level, h.name, h.words) for h in headings] == [
        (1, "a-2", "A"),
        (2, "dak-lak-hue", "Đắk Lắk & Huế"),
        (2, "dak-lak-hue-2", "Đắk Lắk & Huế"),
    ]
    assert re.findall(r' id="([^"]*)"', body) == [h.name for h in headings]
    assert "<em>Huế</em>" in body


@given(
    st.lists(st.tuples(st.integers(1, 6), st.text(max_size=20)), max_size=12), st.sets(st.text(max_size=5))
)
def test_ids_are_new_and_fit_an_address(found, taken):
    markup = "".join(f"<h{level}>{html.escape(words)}</h{level}>" for level, words in found)
    names = [heading.name for heading in contents.with_ids(markup, taken)[1]]
    assert len(names) == len(found) == len(set(names))
    assert not set(names) & taken
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_contents_hold_sections_and_what_they_are_divided_into():
    levels = [1, 3, 2, 3, 3, 4, 2]
    headings = [contents.Heading(level, f"h{place}", str(place)) for place, level in enumerate(levels)]
    listed = [(section.words, [h.words for h in below]) for section, below in contents.listed(headings)]
    # A third level before the first section belongs to none.
    assert listed == [("2", ["3", "4"]), ("6", [])]
    assert contents.listed(headings[:4]) == [], "two are seen at a glance"


def test_contents_stand_below_the_title():
    assert contents.inserted("<h1>T</h1><p>x</p>", "<nav></nav>") == "<h1>T</h1>\n<nav></nav>\n<p>x</p>"
    assert contents.inserted("<p>x</p>", "<nav></nav>").startswith("\n<nav></nav>")
    assert contents.inserted("<h1>T</h1>", "") == "<h1>T</h1>"
