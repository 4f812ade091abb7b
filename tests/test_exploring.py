"""The notebook to play with: controls driven, what follows them, and tables dropped in (synthetic ones)."""

import datetime
import html
import random
import re
import tempfile

import languages
import nbformat
import pandas as pd
import pytest
import writers
from matplotlib import pyplot as plt

from helpers import correlation, exploring, maps, marking, recipes, scatter_plots, wording
from helpers.dropping import LIMIT


@pytest.fixture(autouse=True)
def no_figure_is_open():
    """Figures that another test left open are none of these tests'."""
    plt.close("all")


@pytest.fixture
def explore(root, atlas):
    """Make explorers of the real figures."""

    def made(language="en", **choices):
        return exploring.Explorer(root / "data" / "raw", atlas.processed, language, **choices)

    return made


@pytest.fixture
def still(monkeypatch, explore):
    """Make explorers that draw nothing, where only controls and dropped tables are looked at."""
    monkeypatch.setattr(exploring.Explorer, "_draw", lambda explorer: explorer.upload.follow())
    return explore


@pytest.fixture
def runs(monkeypatch):
    """The lines that are run, one after another."""
    ran, run = [], recipes.run
    monkeypatch.setattr(recipes, "run", lambda code, **values: ran.append(code) or run(code, **values))
    return ran


def _said(widget):
    """What a reader sees of a control that shows HTML."""
    return " ".join(
        html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", widget.value, flags=re.S)).split()
    )


def _everything(explorer):
    def all_of(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from all_of(child)

    return [widget for box in (explorer.box, explorer.upload.box) for widget in all_of(box)]


def _shown(explorer, text):
    return any(text in _said(widget) for widget in _everything(explorer) if type(widget).__name__ == "HTML")


# --- what is shown -----------------------------------------------------------------------------------------


def test_begins_with_a_full_map_of_the_newest_year(explore, indices_frame):
    explorer = explore()
    assert (explorer.index.value, explorer.year.value) == ("papi", 2024)
    assert set(explorer.figures) == {"map", "scatter"}
    assert "n = 61 of 63" in explorer.figures["map"].caption
    assert explorer.figures["map"].png.startswith(b"\x89PNG")
    scores = explorer.drawn.table.loc[explorer.table.index, "score"].dropna()
    assert scores.is_monotonic_decreasing and len(explorer.table) == 63
    assert _shown(explorer, "No result was published (2): Tien Giang and Vinh Phuc.")
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in (bundle[0] if isinstance(bundle, tuple) else bundle)


@pytest.fixture(scope="module")
def estimates(indices_frame, known, places):
    """The table of pairs of one year, as the page of correlations has it."""
    return correlation.pairs(indices_frame, known, places, 2022)


@pytest.mark.parametrize("measure", ["score", "rank"])
@pytest.mark.parametrize(("first", "second"), [("par", "papi"), ("papi", "sipas"), ("par", "sipas")])
def test_the_scatter_plot_of_two_totals_is_that_of_the_page(
    explore, estimates, known, measure, first, second
):
    explorer = explore(index=first, year=2022, second=second, measure=measure)
    wanted = correlation.chosen(estimates, known[first], known[second], measure)
    shown = explorer.plot.estimate
    for name in ("n", "estimate", "ci_low", "ci_high", "p_value"):
        assert getattr(shown, name) == pytest.approx(wanted[name], abs=1e-12), name
    assert f"n = {wanted['n']}" in explorer.figures["scatter"].caption


def test_components_are_drawn_against_each_other_by_their_own_figures(atlas, indices_frame):
    plot = scatter_plots.scatter(atlas, ("papi", "e_governance"), ("par", "e_government"), 2022, "vi", "rank")
    rows = indices_frame[indices_frame["year"] == 2022].set_index(["index", "component", "gso_code"])["rank"]
    assert len(plot.points) >= 3, "too few for a coefficient, not for a plot"
    for code, point in plot.points.iterrows():
        assert point["x"] == rows["papi", "e_governance", code]
        assert point["y"] == rows["par", "e_government", code]
    (axes,) = plot.figure.axes
    assert "PAPI (Quản trị điện tử)" in axes.get_xlabel()
    assert languages.english_in(plot.alt.replace("Spearman", "")) == []
    plt.close(plot.figure)


def test_a_pair_of_which_one_is_part_of_the_other_says_so(explore):
    explorer = explore(index="par", year=2022, second="sipas")
    written = " ".join(text.get_text() for text in explorer.plot.figure.texts).replace("\n", " ")
    assert "SIPAS is part of PAR INDEX. Without the SIPAS points:" in written
    explorer.set(index="papi", component="transparency", second="papi", second_component="")
    written = " ".join(text.get_text() for text in explorer.plot.figure.texts).replace("\n", " ")
    assert "where one is part of the other" in written


# --- controls ----------------------------------------------------------------------------------------------


def test_a_choice_is_drawn_once_and_alone_what_it_changes(explore, runs):
    explorer = explore(year=2022)
    for control, value, drawn in (
        ("k", 7, ["drawn"]),
        ("scheme", "fisher_jenks", ["drawn"]),
        ("second", "sipas", ["plot"]),
        ("year", 2021, ["drawn", "plot"]),
        # The year and what it offers change on their own here: all the same it is drawn once.
        ("index", "pci", ["drawn", "plot"]),
        ("language", "vi", ["drawn", "plot"]),
        ("marked", ("92",), ["drawn", "plot"]),
        ("marked", ("92",), []),
    ):
        runs.clear()
        getattr(explorer, control).value = value
        assert [code.partition(" = ")[0] for code in runs] == drawn, control
    runs.clear()
    explorer.set(index="papi", year=2020, component="transparency", measure="rank", k=4)
    assert len(runs) == 2


def test_what_is_offered_follows_what_is_chosen(still, known, indices_frame):
    explorer = still(year=2022, component="e_governance", marked=["92", "01"], k=4)
    offered = [value for _, value in explorer.component.options]
    papi = indices_frame[(indices_frame["index"] == "papi") & (indices_frame["year"] == 2022)]
    assert set(offered) == set(papi["component"])
    explorer.year.value = 2017
    assert explorer.component.value == "", "before 2018 there is no such dimension"
    explorer.component.value = "transparency"
    explorer.year.value = 2016
    assert explorer.component.value == "transparency"
    explorer.index.value = "pci"
    pci = indices_frame.loc[indices_frame["index"] == "pci", "year"]
    assert list(explorer.year.options) == sorted(pci.unique())
    explorer.year.value = 2005
    explorer.index.value = "papi"
    assert explorer.year.value == 2011, "the nearest year that it has"
    assert (explorer.k.value, set(explorer.marked.value)) == (4, {"92", "01"})
    explorer.index.value = explorer.second.value
    assert explorer.second.value == "papi", "what was in front is compared with, not the index with itself"


@pytest.mark.parametrize("language", ["en", "vi"])
def test_what_cannot_be_shown_is_said_where_it_would_be(explore, language):
    explorer = explore(language, index="sipas", year=2022, measure="group")
    with pytest.raises(maps.NoFigureError) as wanted:
        maps.group(explorer.atlas, "sipas", 2022)
    assert explorer.drawn is explorer.table is None and set(explorer.figures) == {"scatter"}
    assert _shown(explorer, wanted.value.in_words(language))
    assert _shown(explorer, wording.text("exploring.no_table", language))
    assert "drawn" not in explorer.code()
    assert explorer.index.value == "sipas" and explorer.measure.value == "group"
    explorer.set(measure="score", second="pci")
    assert explorer.plot is None and set(explorer.figures) == {"map"}
    name = {"name": "PCI", "year": 2022}
    assert _shown(explorer, wording.text("exploring.no_score", language, **name))
    assert plt.get_fignums() == [], "the notebook would show them a second time"


def test_a_choice_that_is_not_offered_is_refused_by_name(still):
    explorer = still()
    for choice, said in (
        ({"index": "gdp"}, "index 'gdp' is not offered"),
        ({"colour": "red"}, "no control 'colour'"),
        ({"k": 20}, "k 20 is not offered"),
        ({"language": "fr"}, "language 'fr' is not offered"),
    ):
        with pytest.raises(ValueError, match=said):
            explorer.set(**choice)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_controls_and_pictures_have_names_in_the_language(explore, places, language):
    explorer = explore("en", year=2022, index="par", marked=["92"])
    explorer.language.value = language
    for widget in _everything(explorer):
        kind = type(widget).__name__
        if kind in ("Dropdown", "SelectMultiple", "FileUpload"):
            assert widget.description, kind
        if kind == "HTML":
            assert all(alt for alt in re.findall(r"<img[^>]*?alt=\"([^\"]*)\"", widget.value))
            assert widget.value.count("<img") == widget.value.count(" alt=")
    if language == "vi":
        written = [widget.description for widget in _everything(explorer) if hasattr(widget, "description")]
        written += [label for label, _ in (*explorer.measure.options, *explorer.scheme.options)]
        assert [word for text in written for word in languages.english_in(text)] == []
    names = [name for name, _ in explorer.marked.options]
    assert names == wording.alphabetical((places.name(code, language) for code in places.codes), language)


def test_provinces_are_marked_on_both_pictures(explore):
    explorer = explore(year=2022, marked=["92", "01"])
    (axes,) = explorer.drawn.figure.axes[:1]
    outlined = [
        artist.get_gid() for artist in axes.get_children() if artist.get_gid() in ("marked-92", "marked-01")
    ]
    assert outlined.count("marked-92") == 2, "a dark line on a light one"
    assert outlined.count("marked-01") == 4, "also in the inset of the delta"
    named = {text.get_text().split("\n")[0] for text in axes.texts}
    assert {"Can Tho", "Ha Noi"} <= named
    (axes,) = explorer.plot.figure.axes
    assert {"Can Tho", "Ha Noi"} & {text.get_text() for text in axes.texts}
    assert _shown(explorer, "Provinces marked")
    many = [code for _, code in explorer.marked.options][: marking.MOST + 2]
    explorer.marked.value = many
    assert _shown(explorer, "Marked are the first 8 of the 10 provinces")
    assert explorer.choice.marked == tuple(many[:8])
    with pytest.raises(ValueError, match="'99' is no unit of the map"):
        marking.on_map(explorer.drawn, ["99"])


def test_what_is_said_of_a_picture_becomes_no_markup():
    figure = plt.figure()
    shown = exploring.picture(figure, 'a"><script>x</script>', "<b>\u202e=1</b>")
    assert "<script>" not in shown.html and "<b>" not in shown.html
    assert 'alt="a&quot;&gt;' in shown.html


# --- the lines that make it --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_lines_shown_make_what_is_shown(explore, seed):
    chance = random.Random(seed)
    explorer = explore(chance.choice(["en", "vi"]))
    draw, explorer._draw = explorer._draw, lambda: None
    for name in ("index", "year", "component", "measure", "k", "scheme", "second", "second_component"):
        options = [
            option[1] if isinstance(option, tuple) else option for option in getattr(explorer, name).options
        ]
        explorer.set(**{name: chance.choice(options)})
    explorer._draw = draw
    explorer.set(marked=chance.sample([code for _, code in explorer.marked.options], chance.randrange(4)))
    space = {}
    exec(explorer.code(), space)
    assert ("drawn" in space, "plot" in space) == ("map" in explorer.figures, "scatter" in explorer.figures)
    for name, made in (("map", space.get("drawn")), ("scatter", space.get("plot"))):
        if made:
            again = exploring.picture(made.figure, explorer.figures[name].alt, made.caption)
            assert again == explorer.figures[name]
    if explorer.drawn:
        assert space["table"].equals(explorer.table)
    assert _code_shown(explorer) == explorer.code()
    assert plt.get_fignums() == []


def _code_shown(explorer):
    written = [widget.value for widget in _everything(explorer) if type(widget).__name__ == "HTML"]
    (lines,) = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", "".join(written), re.DOTALL)
    return html.unescape(lines)


# --- a table dropped in ------------------------------------------------------------------------------------


def _drop(explorer, name, content):
    """Give the control what JupyterLab sends."""
    explorer.upload.file.value = (
        {
            "name": name,
            "type": "application/octet-stream",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        },
    )
    return _said(explorer.upload.box.children[-1])


def _table(places, heading="CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2022", names=None):
    """A synthetic table: every province 0.5 points below the one before."""
    rows = [[heading, None, None, None], ["STT", "Tỉnh/Thành phố", "Tổng điểm", "Xếp hạng"]]
    for number, code in enumerate(places.codes, 1):
        name = (names or {}).get(code, places.name(code, "vi"))
        rows.append([float(number), name, 95.25 - 0.5 * number, float(number)])
    return rows


@pytest.fixture
def annex(tmp_path, places):
    """Write the synthetic table (bytes)."""

    def written(kind="xlsx", **options):
        path = tmp_path / f"written.{kind}"
        return writers.write(path, _table(places, **options), kind, sheet="Phụ lục").read_bytes()

    return written


def _files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    """The folder in which temporary files are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_dropped_table_stands_beside_the_official_figures(still, root, annex, indices_frame, temporary):
    explorer, before = still(index="par", year=2022), _files(root / "data" / "raw")
    said = _drop(explorer, "PAR INDEX 2022.xlsx", annex())
    assert "PAR INDEX, 2022; 63 figures of 63 provinces" in said
    official = indices_frame.query("index == 'par' and year == 2022 and component == ''").set_index(
        "gso_code"
    )
    compared = explorer.upload.compared
    assert len(compared) == 126
    for row in compared.to_dict("records"):
        now = official[row["field"]].get(row["gso_code"])
        if row["outcome"] == "new":
            assert pd.isna(now)
        else:
            assert row["now"] == pytest.approx(float(now))
            assert row["difference"] == pytest.approx(row["here"] - float(now))
    differing = compared["outcome"].isin(["wins", "loses"]).sum()
    assert f"{differing} differ." in said and "you chose" not in said
    assert _files(root / "data" / "raw") == before, "nothing is written among the raw tables"
    assert list(temporary.iterdir()) == [], "the temporary folder is gone"


def test_a_dropped_table_of_another_index_and_year_says_so(still, annex):
    explorer = still(index="papi", year=2024)
    said = _drop(explorer, "annex.csv", annex("csv"))
    assert "The table is of PAR INDEX 2022; above you chose PAPI 2024." in said
    explorer.language.value = "vi"
    said = _said(explorer.upload.box.children[-1])
    assert "Bảng này là của PAR INDEX 2022; ở trên bạn chọn PAPI 2024." in said
    explorer.set(index="par", year=2022)
    assert "ở trên bạn chọn" not in _said(explorer.upload.box.children[-1])


def test_what_a_dropped_table_does_not_say_can_be_chosen(still, annex):
    explorer = still(index="sipas")
    said = _drop(explorer, "annex.xlsx", annex(heading="Phụ lục"))
    assert "is refused" in said and explorer.upload.reading is None
    explorer.upload.index.value = "sipas"
    explorer.upload.year.value = 2021
    assert explorer.upload.reading.index == "sipas"
    assert set(explorer.upload.compared["year"]) == {2021}
    explorer.language.value = "vi"
    assert (explorer.upload.index.value, explorer.upload.year.value) == ("sipas", 2021)


def test_provinces_that_nobody_knows_are_refused_one_by_one_and_shown_as_text(still, annex):
    explorer = still(index="par", year=2022)
    hostile = "<script>alert('x')</script>"
    said = _drop(
        explorer,
        "<img src=x onerror=y> PAR INDEX 2022.xlsx",
        annex(names={"31": hostile, "48": '\u202eĐà Nẵng & "x"'}),
    )
    assert hostile in said and "61 provinces" in said
    raw = explorer.upload.box.children[-1].value
    assert "<script" not in raw and "<img" not in raw
    assert "Hai Phong" in said.partition("but not in the table")[2], "an official figure that the table lacks"


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.xlsx", b"", {"en": "the file is empty (0 bytes)", "vi": "tệp rỗng"}),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(50), {"en": "a picture (PNG)", "vi": "PNG"}),
        ("broken.pdf", b"%PDF-1.4 nonsense", {"en": "the file is damaged", "vi": "tệp bị hỏng"}),
        (
            "words.csv",
            b"a,b\n1,2\n",
            {"en": "no table of provinces", "vi": "không có bảng số liệu"},
        ),
        ("large.csv", bytes(LIMIT + 1), {"en": "more than the 20 MB", "vi": "lớn hơn mức 20 MB"}),
        ("../../..", b"a,b\n1,2\n", {"en": "no table of provinces", "vi": "không có bảng số liệu"}),
        ("a\0b/" + "ấ" * 300 + ".csv", b"a;b\n", {"en": "is refused", "vi": "bị loại"}),
    ],
)
def test_what_is_no_table_is_refused_in_words(still, capsys, language, name, content, said):
    explorer = still(language)
    shown = _drop(explorer, name, content)
    assert said[language] in shown
    assert "Traceback" not in shown and capsys.readouterr() == ("", "")
    assert explorer.upload.reading is explorer.upload.compared is None


def test_a_fault_of_the_reader_is_told_and_the_next_table_is_read(still, annex, monkeypatch):
    from helpers import dropping

    explorer = still(index="par", year=2022)
    with monkeypatch.context() as patch:
        patch.setattr(dropping, "read", lambda *_: 1 / 0)
        assert "a fault of this program (ZeroDivisionError: division by zero)" in _drop(
            explorer, "a.xlsx", b"x"
        )
    assert "63 provinces" in _drop(explorer, "b.xlsx", annex())


def test_a_protected_workbook_is_refused_in_words(still, root):
    signature = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    assert "is refused" in _drop(still(), "locked.xlsx", signature + bytes(600))


# --- the notebook ------------------------------------------------------------------------------------------


def _notebook(root, **parameters):
    notebook = nbformat.read(root / "notebooks" / "explore.ipynb", as_version=4)
    (cell,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    cell.source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    return notebook


def test_the_notebook_runs_and_its_controls_work(root, atlas, tmp_path):
    import nbclient

    folders = {"raw": str(root / "data" / "raw"), "processed": str(atlas.processed)}
    notebook = _notebook(root, language="en", **folders)
    driven = [
        "explorer.index.value, explorer.year.value = 'par', 2022",
        "explorer.measure.value = 'rank'",
        "explorer.language.value = 'vi'",
        "assert explorer.drawn.table['rank'].notna().sum() > 20, explorer.drawn",
        "assert 'PAR INDEX' in explorer.figures['map'].alt",
        "space = {}",
        "exec(explorer.code(), space)",
        "assert space['table'].equals(explorer.table)",
    ]
    notebook.cells.append(nbformat.v4.new_code_cell("\n".join(driven)))
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [
        output for output in outputs if output.get("name") == "stderr" or output.output_type == "error"
    ]
    views = [o for o in outputs if "application/vnd.jupyter.widget-view+json" in o.get("data", {})]
    assert len(views) == 2, "controls, and where a table is dropped"
    assert any("maps.score(atlas" in output.get("text", "") for output in outputs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", ["en", "vi"])
def test_without_computed_tables_one_sentence_says_what_to_do(root, tmp_path, language):
    from IPython.core.interactiveshell import InteractiveShell

    with pytest.raises(exploring.NotReadyError, match="`make data`") as refused:
        exploring.Explorer(root / "data" / "raw", tmp_path, language)
    shell = InteractiveShell()
    shown = []
    shell._showtraceback = lambda kind, value, lines: shown.extend(lines)
    shell.showtraceback((exploring.NotReadyError, refused.value, refused.tb))
    assert shown == [str(refused.value)] and "\n" not in shown[0]


def test_every_index_of_the_registry_can_be_explored(still, known):
    assert [slug for _, slug in still().index.options] == [index.slug for index in known]
