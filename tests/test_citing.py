"""How pages are cited: the facts of CITATION.cff, in both languages."""

import re

import yaml

from helpers import citing


def test_the_facts_are_those_of_the_citation_file(root):
    facts = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    for language in ("en", "vi"):
        line = citing.cited(language)["line"]
        for said in (
            facts["authors"][0]["name"],
            facts["title"],
            facts["version"],
            facts["date-released"].year,
        ):
            assert str(said) in line


def test_a_page_is_cited_with_its_title():
    cited = citing.cited("vi", "Bản đồ năm 2022")
    assert "Bản đồ năm 2022. Trong: Provincial Governance" in cited["line"]
    assert cited["bibtex"].startswith("@incollection{") and "title = {{Bản đồ năm 2022}}" in cited["bibtex"]
    assert "booktitle = {{Provincial Governance" in cited["bibtex"]
    assert "PAPI" in cited["publishers"]


def test_a_title_gives_tex_no_orders():
    title = citing.cited("en", r"50 % & {x} \input{y} #1 $a_b$")["bibtex"]
    inside = re.search(r"  title = \{\{(.*)\}\},", title)[1]
    assert inside == r"50 \% \& \{x\} input\{y\} \#1 \$a\_b\$"


def test_names_say_their_language_and_titles_are_text():
    markup = citing.cited("vi", "<b>Bản đồ</b>")["markup"]
    assert markup.count('<span lang="en">') == 2 and "&lt;b&gt;Bản đồ" in markup
