"""What maps say: exact sentences of a few; of all, that nothing is unfilled, missing or foreign."""

import functools
import re
import tomllib

import pandas as pd
import pytest

from helpers import classes, map_findings, measures, provinces, wording
from helpers.files import resolve

RAW = resolve("data/raw")
CODES = provinces.load(RAW).codes
CROSSWALK = provinces.crosswalk(RAW)
STYLES, BLANKS = [{}] * 9, {state: {} for state in measures.STATES}
# Short English words of the texts that are Vietnamese, or names, too.
SHARED = {"papi", "index", "sipas", "undp", "cecodes", "data", "fisher", "jenks", "openstreetmap", "province"}
PARTS = {"papi": "e_governance", "par": "procedures", "pci": "land", "sipas": ""}


@functools.cache
def names(language, vintage="63"):
    return provinces.load(RAW, vintage).table[f"name_{language}"]


def classed(figures, index, year, measure="score", component="", vintage="63"):
    layer = measures.measure(figures, index, year, CODES, measure, component)
    return classes.classify(measures.merged(layer, CROSSWALK) if vintage == "34" else layer)


def gap(figures, known, year):
    return classes.classify(
        measures.standing_gap(figures, known["par"], known["papi"], year, CODES), "quantiles", 6
    )


# --- exact sentences ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "year", "measure", "component", "title", "subtitle"),
    [
        (
            "papi",
            2022,
            "score",
            "",
            ("PAPI 2022: total score by province", "PAPI năm 2022: tổng điểm theo tỉnh, thành phố"),
            (
                "points, sum of the dimensions (max 80) · n = 61 of 63 provinces",
                "điểm, tổng các chỉ số nội dung (tối đa 80) · n = 61/63 tỉnh, thành phố",
            ),
        ),
        (
            "par",
            2021,
            "rank",
            "",
            ("PAR INDEX 2021: rank by province", "PAR INDEX năm 2021: thứ hạng theo tỉnh, thành phố"),
            (
                "rank among 63 (1 = best) · n = 37 of 63 provinces",
                "thứ hạng trong 63 tỉnh, thành phố (1 = tốt nhất) · n = 37/63 tỉnh, thành phố",
            ),
        ),
        (
            "papi",
            2022,
            "z_score",
            "e_governance",
            (
                "PAPI 2022, E-Governance: distance from the mean",
                "PAPI năm 2022, Quản trị điện tử: độ lệch so với trung bình",
            ),
            (
                "standard deviations (SD) from the mean of the provinces with a figure "
                "· n = 62 of 63 provinces",
                "số độ lệch chuẩn so với trung bình của các tỉnh, thành phố có số liệu "
                "· n = 62/63 tỉnh, thành phố",
            ),
        ),
    ],
)
def test_titles_and_subtitles(indices_frame, known, slug, year, measure, component, title, subtitle):
    found = classed(indices_frame, known[slug], year, measure, component)
    for language, head, below in zip(wording.LANGUAGES, title, subtitle, strict=True):
        assert map_findings.title(found.layer, language) == head
        assert map_findings.subtitle(found, language, measure) == below


def test_the_description_names_best_worst_and_gaps(indices_frame, known):
    found = classed(indices_frame, known["papi"], 2022)
    assert map_findings.describe(found, names("en"), "en") == (
        "Map of the 63 provinces coloured by total score, PAPI 2022, n = 61. Highest of these: Quang Ninh "
        "47.88, rank 1; Binh Duong 47.45, rank 2; Thanh Hoa 46.02, rank 3. Lowest of these: Dien Bien 39.67, "
        "rank 59; Tay Ninh 39.42, rank 60; Cao Bang 38.80, rank 61. Without a class: only some dimensions, "
        "no total (2)."
    )
    spoken = map_findings.describe(found, names("vi"), "vi")
    assert "Quảng Ninh 47,88, hạng 1" in spoken and spoken.endswith(
        "Không xếp lớp: chỉ có một số nội dung (2)."
    )


def test_the_description_of_the_standing_gap(indices_frame, known):
    told = map_findings.describe(gap(indices_frame, known, 2022), names("vi"), "vi")
    assert told.startswith(
        "Bản đồ 63 tỉnh, thành phố tô màu theo chênh lệch thứ hạng giữa PAR INDEX và PAPI (dấu + là thứ "
        "hạng theo PAR INDEX cao hơn), năm 2022, n = 32. "
        "Cao nhất trong số này: Long An +50,9 bậc; "
    )
    assert told.endswith("Bắc Kạn −30,0 bậc. Không xếp lớp: chỉ có ở một chỉ số (30); không có ở cả hai (1).")


def test_of_provinces_alike_no_one_is_called_the_lowest(indices_frame, known):
    found = classed(indices_frame, known["papi"], 2019, component="e_governance.e_responsiveness")
    lowest = found.layer.values.nsmallest(15)
    assert lowest.nunique() == 1 and not set(map_findings.labelled(found.layer)) & set(lowest.index)
    assert map_findings.describe(found, names("en"), "en").endswith(
        "Lowest of these: 15 provinces alike at 0.334."
    )


def test_all_alike_have_neither_best_nor_worst(known):
    value = pd.Series(40.0, index=pd.Index(CODES, name="gso_code"))
    table = pd.DataFrame({"value": value, "score": value, "rank": 1, "max_score": 80.0, "state": "shown"})
    layer = measures.Layer((known["papi"],), 2022, "score", "", "63", table)
    assert map_findings.labelled(layer) == []
    told = map_findings.describe(classes.classify(layer), names("en"), "en")
    assert told.count("63 provinces alike at 40.00") == 2


def test_an_aggregate_says_so_wherever_it_is_read(indices_frame, known):
    found = classed(indices_frame, known["papi"], 2022, vintage="34")
    told = map_findings.title(found.layer, "en"), map_findings.describe(found, names("en", "34"), "en")
    told += (map_findings.caption(found, "en"), map_findings.source(found.layer, "en"))
    assert all("computed" in text.lower() for text in told)
    assert "unweighted mean" in told[1] and "not published" in told[1]
    assert "sources" in map_findings.tabulate(found, names("en", "34"))


def test_gaps_are_named_and_many_are_folded(indices_frame, known):
    few = classed(indices_frame, known["papi"], 2022).layer
    assert map_findings.tell_gaps(few, names("vi"), "vi") == [
        ("**Chỉ công bố một số chỉ số nội dung, không có tổng điểm (2):** Bắc Giang và Bắc Ninh.", "")
    ]
    none = classed(indices_frame, known["papi"], 2011).layer
    assert map_findings.tell_gaps(none, names("en"), "en") == [("Every province has a figure.", "")]
    many = classed(indices_frame, known["par"], 2022).layer
    (line, nothing), (head, folded) = map_findings.tell_gaps(many, names("en"), "en")
    # Long An and Nghệ An wrote of their ranks.
    assert line.startswith("**Only a rank is reported (11):** Bac Kan (61), Binh Phuoc (39), ")
    assert "Long An (8), Nghe An (16)" in line and line.endswith(" and Yen Bai (14).") and nothing == ""
    assert head == "No figure in the sources at hand: 29 provinces"
    assert folded.count(",") == 27 and folded.endswith(" and Vinh Phuc.")


def test_the_legend_lists_the_best_first(indices_frame, known):
    score = map_findings.legend(classed(indices_frame, known["papi"], 2022), STYLES, BLANKS, "en")
    assert [text for text, _ in score[1]] == [
        "43.85 – 47.88 (12)",
        "42.76 – 43.85 (12)",
        "41.77 – 42.76 (12)",
        "40.71 – 41.77 (12)",
        "38.80 – 40.71 (13)",
        "only some dimensions, no total (2)",
    ]
    rank = map_findings.legend(classed(indices_frame, known["par"], 2021, "rank"), STYLES, BLANKS, "vi")
    assert [text.split(" – ")[0] for text, _ in rank[1]][:5] == ["1", "9", "19", "35", "49"]
    group = map_findings.legend(classed(indices_frame, known["par"], 2018, "group"), STYLES, BLANKS, "en")
    labels = [text.rsplit(" (", 1)[0] for text, _ in group[1]][:4]
    assert labels == ["A: 80 and more", "B: 75 to below 80", "C: 70 to below 75", "D: below 70"]
    z = map_findings.legend(classed(indices_frame, known["papi"], 2022, "z_score"), STYLES, BLANKS, "vi")
    labels = [text.rsplit(" (", 1)[0] for text, _ in z[1]][:5]
    assert labels == ["trên +1,5", "+0,5 – +1,5", "−0,5 – +0,5", "−1,5 – −0,5", "từ −1,5 trở xuống"]


def test_the_table_holds_every_province_and_the_ranks_that_provinces_reported(indices_frame, known):
    found = classed(indices_frame, known["papi"], 2022)
    table = map_findings.tabulate(found, names("vi"))
    assert list(table["gso_code"]) == CODES
    by_name = table.set_index("province")
    # Bình Phước's own report on 2022 says that it was 56th.
    assert by_name.at["Bình Phước", "rank"] == 56
    assert by_name.loc["Bắc Giang", ["score", "rank", "class"]].isna().all()
    assert by_name.at["Quảng Ninh", "class"] == 5 and by_name.at["Cao Bằng", "class"] == 1
    worded = map_findings.word_table(table, found, known.basis_names, "vi").set_index("Tỉnh, thành phố")
    assert worded.at["Quảng Ninh", "Lớp"] == map_findings.class_label(found, 4, "vi")
    assert worded.at["Quảng Ninh", "Căn cứ của điểm"] == "bảng số liệu của đơn vị công bố"
    reason = "Chỉ công bố một số chỉ số nội dung, không có tổng điểm"
    assert worded.at["Bắc Giang", "Lý do không xếp lớp"] == reason and pd.isna(worded.at["Bắc Giang", "Lớp"])


def test_the_table_of_a_change_holds_both_years(indices_frame, known):
    table = map_findings.tabulate(classed(indices_frame, known["papi"], 2022, "change"), names("en"))
    both = table.dropna(subset="value")
    assert (both["value"] - (both["score"] - both["before"])).abs().max() < 1e-8
    ranks = map_findings.tabulate(gap(indices_frame, known, 2022), names("en")).set_index("gso_code")
    assert ranks.loc["80", ["rank_first", "rank_second"]].tolist() == [8, 57]


def test_sources_are_the_publishers_own_or_what_others_reported(indices_frame, known):
    own, told = (classed(indices_frame, known[slug], 2022).layer for slug in ("papi", "sipas"))
    assert "reported" not in map_findings.source(own, "en")
    assert "as far as press and provinces reported it" in map_findings.source(told, "en")
    # Of two indices each is told apart: PAPI has the publisher's own figures.
    first, second = map_findings.source(gap(indices_frame, known, 2022).layer, "en").split("; PAPI: ")
    assert "PAR INDEX: Ministry of Home Affairs, as far as press and provinces reported it" in first
    assert second == "UNDP, CECODES and partners."


# --- all of them --------------------------------------------------------------------------------------------


def every(figures, known, vintage):
    """Classes of every kind of map: of every second year, on the 34 units of every third."""
    for index in known:
        for year in [
            year for year in index.years if year >= 2011 and year % (2 if vintage == "63" else 3) == 0
        ]:
            of_years = figures[(figures["index"] == index.slug) & figures["year"].isin([year - 1, year])]
            for component in {"", PARTS[index.slug] if year % 3 == 0 else ""}:
                for measure in measures.MEASURES[:-1]:
                    try:
                        yield classed(of_years, index, year, measure, component, vintage), measure
                    except measures.NoFigureError as error:
                        yield error, measure
    if vintage == "63":
        for year in range(2012, 2025):
            yield gap(figures, known, year), "standing_gap"


def texts_of(found, asked, known, language, vintage):
    if isinstance(found, measures.NoFigureError):
        return [found.in_words(language)]
    layer, named = found.layer, names(language, vintage)
    heading, rows, note = map_findings.legend(found, STYLES, BLANKS, language)
    table = map_findings.tabulate(found, named)
    heads = map_findings.word_table(table, found, known.basis_names, language).columns
    # Names of sources are no words.
    table = table[[column for column in table if "source" not in column]]
    worded = map_findings.word_table(table, found, known.basis_names, language)
    cells = [cell for column in worded for cell in worded[column].unique() if isinstance(cell, str)]
    told = [part for line in map_findings.tell_gaps(layer, named, language) for part in line]
    subtitle = map_findings.subtitle(found, language, asked, weighted=False)
    described = map_findings.describe(found, named, language)
    assert re.search(rf"n = {layer.n}\b", subtitle) and f"n = {layer.n}." in described
    return [
        map_findings.title(layer, language),
        subtitle,
        described,
        map_findings.caption(found, language),
        map_findings.source(layer, language).replace("data/raw", ""),
        heading,
        note,
        *[text for text, _ in rows],
        *told,
        *heads,
        *cells,
    ]


def english_words(known):
    """Words of four letters and more of the English texts of maps that no Vietnamese text has."""
    written = {language: set() for language in wording.LANGUAGES}
    for texts in tomllib.loads(resolve("src/helpers/texts/map.toml").read_text(encoding="utf-8")).values():
        for language, text in texts.items():
            text = re.sub(r"\{\w*\}", " ", text)
            written[language] |= set(re.findall(r"[a-zà-ỹđ]{4,}", text.lower()))
    for entry in known.basis_names.values():
        for language, text in entry.items():
            written[language] |= set(re.findall(r"[a-zà-ỹđ]{4,}", text.lower()))
    assert {"rank", "score", "province", "published"} <= written["en"] - written["vi"]
    return written["en"] - written["vi"]


@pytest.mark.parametrize("vintage", ["63", "34"])
def test_nothing_is_unfilled_missing_or_foreign_in_any_text(indices_frame, known, vintage):
    foreign, count = english_words(known) - SHARED, 0
    for found, asked in every(indices_frame, known, vintage):
        count += not isinstance(found, measures.NoFigureError)
        for language in wording.LANGUAGES:
            for text in texts_of(found, asked, known, language, vintage):
                assert not re.search(r"[{}]|\bnan\b|NaN|None|<NA>", text), text
                assert not re.search(r"(?<![\w–])-\d", text), f"no true minus: {text}"
                if language == "vi":
                    words = set(re.findall(r"[a-zà-ỹđ]{4,}", text.lower()))
                    assert not words & foreign, f"{words & foreign} in {text!r}"
                    assert not re.search(r"\d\.\d", text), f"no decimal comma: {text!r}"
                else:
                    assert not re.search(r"\d,\d", text), f"no decimal point: {text!r}"
    assert count > (100 if vintage == "63" else 60)


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_what_is_computed_here_says_so(indices_frame, known, language):
    found = classed(indices_frame, known["papi"], 2022, vintage="34")
    weighted = map_findings.subtitle(found, language, weighted=True)
    plain = map_findings.subtitle(found, language)
    words = {"en": ("unweighted mean", "weighted mean"), "vi": ("không trọng số", "có trọng số")}[language]
    assert words[0] in plain and words[1] in weighted and words[0] not in weighted
    assert {"en": "not published", "vi": "không phải số công bố"}[language] in plain
