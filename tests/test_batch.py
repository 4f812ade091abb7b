"""Making pages from a declaration, on a small synthetic project with real processes; one run serves most."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import psutil
import pytest

from helpers import batch, making, planning, processes, progress, site
from helpers.files import project_root, write_table, write_text

DECLARATION = """
languages = ["en", "vi"]
years = [2021, 2022, 2023]

[[page]]
notebook = "notebooks/prepare.ipynb"
stage = "data"
output = "{language}/prepare.html"
title = "site.name"
label = { en = "Preparing", vi = "Chuẩn bị" }
time_limit = 60
[page.parameters]
language = { enum = ["en", "vi"] }

[[page]]
notebook = "notebooks/show.ipynb"
stage = "year"
output = "{language}/{year}/show.html"
title = "site.year_title"
label = { en = "Showing", vi = "Trình bày" }
time_limit = 60
[page.parameters]
language = { enum = ["en", "vi"] }
year = { type = "integer", minimum = 2011, maximum = 2024 }
k = { type = "integer", minimum = 2, maximum = 9, default = 5 }
"""
FOLDERS = 'raw = "data/raw"\nprocessed = "data/processed"\nreports = "reports"\n'
PREPARE = {
    "parameters": f'language = "en"\n{FOLDERS}',
    "make": """
from pathlib import Path
if Path("break").exists():
    raise RuntimeError("nothing to prepare")
if Path("wait").exists():
    import os, time
    Path(reports, language).mkdir(parents=True)
    Path(reports, language, "waiting.part").write_text(str(os.getpid()))
    Path(reports, language, "waiting.part").rename(Path(reports, language, "waiting"))
    time.sleep(60)
Path(processed).mkdir(parents=True, exist_ok=True)
Path(processed, "prepared.txt").write_text("prepared")
""",
}
SHOW = {
    "parameters": f'year = 2022\nlanguage = "en"\nk = 3\n{FOLDERS}',
    "read": """
import os, sys, warnings
from pathlib import Path
from IPython.display import HTML, display
prepared = Path(processed, "prepared.txt").read_text()
warnings.warn("synthetic warning")
print(prepared, year, language, k, sys.executable == Path("interpreter").read_text(), os.getcwd())
""",
    "draw": """
if (year, language) == (2022, "vi"):
    raise ValueError("a synthetic failure")
display(HTML("<p>%s</p>" % {"set", "of", "strings"}))
""",
}


BRIEFING = """
[[page]]
notebook = "notebooks/brief.ipynb"
stage = "year"
output = "{language}/{year}/provinces/{province}.html"
title = "briefing.title"
label = { en = "Briefing", vi = "Báo cáo" }
time_limit = 60
years = "newest"
kind = "briefing"
pdf = 2
[page.parameters]
language = { enum = ["en", "vi"] }
year = { type = "integer", minimum = 2011, maximum = 2025 }
province = { type = "string", pattern = "^[0-9]{2}$" }
"""
BRIEF = {"parameters": f'year = 2022\nlanguage = "en"\nprovince = "70"\n{FOLDERS}', "say": "print(province)"}


FIGURES = {"70": [2021, 2022, 2023], "84": [2022]}


def write_notebook(path, cells):
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    for name, source in cells.items():
        cell = nbformat.v4.new_code_cell(source.strip())
        cell.id = name
        cell.metadata["tags"] = ["parameters"] if name == "parameters" else []
        book.cells.append(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)


def make_project(root):
    (root / "data").mkdir(parents=True)
    (root / "data" / "raw").symlink_to(project_root() / "data" / "raw")
    (root / "reports.toml").write_text(DECLARATION, encoding="utf-8")
    (root / "interpreter").write_text(sys.executable)
    write_notebook(root / "notebooks" / "prepare.ipynb", PREPARE)
    write_notebook(root / "notebooks" / "show.ipynb", SHOW)
    return root


def run(root, *arguments, **environment):
    command = [sys.executable, "-m", "helpers.batch", "--root", root, "--jobs", "2", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=root, env={**os.environ, **environment}, timeout=120
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project that is declared, and must not start anything."""

    def refuse(*_):
        raise AssertionError("a page was started")

    monkeypatch.setattr(processes.Workers, "start", refuse)
    root = make_project(tmp_path / "project")
    monkeypatch.chdir(root)
    return root


# --- the plan --------------------------------------------------------------------------------------------


def paths(jobs):
    return [job.page.path for job in jobs]


def test_plan_has_every_page_once_the_data_stage_first(project):
    jobs = planning.read_jobs(project / "reports", {})
    assert paths(jobs)[:2] == ["en/prepare.html", "vi/prepare.html"]
    assert len(set(paths(jobs))) == len(jobs) == 2 + 2 * 3
    show = next(job.page for job in jobs if job.page.path == "vi/2023/show.html")
    assert show.parameters == {"language": "vi", "year": 2023, "k": 5}
    assert show.title == "Kết quả năm 2023" and show.label == "Trình bày"


def test_plan_can_be_narrowed_and_keeps_the_data_stage(project):
    jobs = planning.read_jobs(project / "reports", {})
    assert paths(planning.narrowed(jobs, None, ["2022"], ["vi"])) == ["vi/prepare.html", "vi/2022/show.html"]
    assert paths(planning.narrowed(jobs, "data")) == ["en/prepare.html", "vi/prepare.html"]
    assert len(planning.narrowed(jobs, None, ["2021", "2023"])) == 2 + 4


def test_plan_of_this_project_is_complete(monkeypatch):
    monkeypatch.chdir(project_root())
    jobs = planning.read_jobs(Path("reports"), {})
    assert len(jobs) == 2 * 5 + 2 * 14 * (2 + 63)
    assert len(planning.narrowed(jobs)) == 2 * 5 + 2 * 2 * 14 + 2 * 63
    assert len(planning.narrowed(jobs, None, ["2022"])) == 2 * 5 + 2 * (2 + 63)
    for name in ("clean", "join", "panel", "atlas", "gallery"):
        assert f"vi/{name}.html" in paths(jobs)
    for year in range(2011, 2025):
        assert {f"en/{year}/correlate.html", f"vi/{year}/map.html"} <= set(paths(jobs))
        assert {f"en/{year}/provinces/01.html", f"vi/{year}/provinces/96.html"} <= set(paths(jobs))
    titles = {job.page.path: job.page.title for job in jobs}
    assert "thành phố Cần Thơ" in titles["vi/2022/provinces/92.html"]
    assert "Binh Phuoc province" in titles["en/2021/provinces/70.html"]


# --- pages of provinces ------------------------------------------------------------------------------------


@pytest.fixture
def provincial(project):
    """The same project with a page for each province."""
    text = (project / "reports.toml").read_text(encoding="utf-8")
    (project / "reports.toml").write_text(text + BRIEFING, encoding="utf-8")
    write_notebook(project / "notebooks" / "brief.ipynb", BRIEF)
    return project


def test_every_year_has_a_page_for_each_province_of_its_units(provincial):
    text = (provincial / "reports.toml").read_text(encoding="utf-8")
    text = text.replace("years = [2021, 2022, 2023]", "years = [2024, 2025]")
    (provincial / "reports.toml").write_text(text.replace("maximum = 2024", "maximum = 2025"), "utf-8")
    jobs = planning.read_jobs(provincial / "reports", {})
    pages = {job.page.path: job.page for job in jobs}
    assert len(pages) == len(jobs) == 2 + 2 * 2 + 2 * (63 + 34)
    before, after = pages["vi/2024/provinces/82.html"], pages["en/2025/provinces/82.html"]
    assert (before.place, before.province) == ("Tiền Giang", "82") and "tỉnh Tiền Giang" in before.title
    assert (after.place, after.kind, after.pdf) == ("Dong Thap", "briefing", 2)
    assert "Dong Thap province" in after.title and after.title[0].isupper()
    assert after.parameters == {"language": "en", "year": 2025, "province": "82"}
    assert "en/2025/provinces/70.html" not in pages


def test_pages_of_provinces_are_of_the_newest_year_unless_asked_for(provincial):
    jobs = planning.read_jobs(provincial / "reports", {})
    assert len(jobs) == 2 + 2 * 3 + 2 * 3 * 63
    everything = paths(planning.narrowed(jobs))
    assert len(everything) == 2 + 2 * 3 + 2 * 63
    assert {path.split("/")[1] for path in everything if "provinces" in path} == {"2023"}
    assert len(planning.narrowed(jobs, None, ["2021"])) == 2 + 2 + 2 * 63
    assert paths(planning.narrowed(jobs, "data")) == ["en/prepare.html", "vi/prepare.html"]


@pytest.mark.parametrize(
    ("years", "typed", "made"),
    [
        ([], ["70"], ["2023/provinces/70"]),
        (["2022"], ["Bình Phước"], ["2022/provinces/70"]),
        (
            ["2021", "2022"],
            ["70,tra vinh", "70"],
            ["2021/provinces/70", "2021/provinces/84", "2022/provinces/70", "2022/provinces/84"],
        ),
        ([], ["TP. Hồ Chí Minh", "82 91"], [f"2023/provinces/{code}" for code in (79, 82, 91)]),
    ],
)
def test_provinces_asked_for_are_made_alone_after_the_data_stage(provincial, years, typed, made):
    jobs = planning.read_jobs(provincial / "reports", {})
    found = paths(planning.narrowed(jobs, None, years, ["vi"], typed))
    assert found == ["vi/prepare.html", *(f"vi/{name}.html" for name in made)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--province", "71"], "no province '71' among the 63 of 2023; did you mean Bình Phước (70), "),
        (["--province", "Bin Phuok"], "did you mean Bình Phước (70), "),
        (["--province", "Hà Tây"], "Hà Tây was merged into Hà Nội (01) in 2008"),
        (["--province", " , "], "--province names no province"),
        (["--province", "70", "--year", "2035"], "no year '2035' in reports.toml"),
        (["--only", "data", "--province", "70"], "The data stage has no provinces"),
    ],
)
def test_wrong_provinces_are_refused_in_one_line(provincial, capsys, arguments, said):
    assert batch.main(["--root", str(provincial), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.startswith("Error: ") and error.count("\n") == 1
    assert not (provincial / "reports").exists()


def test_a_code_that_means_another_province_is_refused_from_2025_on(provincial, capsys):
    text = (provincial / "reports.toml").read_text(encoding="utf-8")
    text = text.replace("years = [2021, 2022, 2023]", "years = [2024, 2025]")
    (provincial / "reports.toml").write_text(text.replace("maximum = 2024", "maximum = 2025"), "utf-8")
    assert batch.main(["--root", str(provincial), "--province", "82", "70"]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 2
    assert "82 was Tiền Giang until 30 June 2025 and is Đồng Tháp since then" in error[0]
    assert "70 was Bình Phước until 30 June 2025 and is part of Đồng Nai (75)" in error[1]
    jobs = planning.read_jobs(provincial / "reports", {})
    found = paths(planning.narrowed(jobs, None, ["2024", "2025"], ["en"], ["Đồng Tháp"]))
    assert found[1:] == ["en/2024/provinces/87.html", "en/2025/provinces/82.html"]


def test_provinces_are_refused_where_no_page_is_about_one(project, capsys):
    assert batch.main(["--root", str(project), "--province", "70"]) == 2
    assert "No page of reports.toml is about a province" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('years = "newest"', 'years = "latest"', "'latest' is not one of"),
        ('kind = "briefing"', 'kind = "../x"', "does not match"),
        ("pdf = 2", 'pdf = "yes"', "'yes' is not of type 'integer'"),
        ("{year}/provinces/", "provinces/", "an output with {province} needs {year}"),
        ('"^[0-9]{2}$"', '"^[0-8]{2}$"', "province: '09' does not match|province: '19' does not match"),
        ('"^[0-9]{2}$"', '"^[0-9"', "SchemaError|JSON Schema"),
    ],
)
def test_wrong_declarations_of_provinces_are_refused(provincial, capsys, old, new, said):
    text = (provincial / "reports.toml").read_text(encoding="utf-8")
    assert old in text
    (provincial / "reports.toml").write_text(text.replace(old, new), encoding="utf-8")
    assert batch.main(["--root", str(provincial)]) == 2
    error = capsys.readouterr().err
    assert re.search(said, error) and error.startswith("Error: ") and len(error.splitlines()) < 20


def test_every_fault_of_the_targets_is_a_line(project, capsys, monkeypatch):
    from helpers import targets

    def refuse(raw, known):
        raise targets.TargetError(["targets.toml: the first.", "targets.toml: the second."])

    monkeypatch.setattr(targets, "read", refuse)
    assert batch.main(["--root", str(project)]) == 2
    faults = capsys.readouterr().err.splitlines()
    assert faults == ["Error: targets.toml: the first.", "Error: targets.toml: the second."]


class _Printing:
    """Stands for helpers.printing: writes small files, fails where it is told to."""

    class NoBrowserError(RuntimeError):
        pass

    def __init__(self, fails=(), found=True):
        self.fails, self.found = fails, found

    def print_pages(self, paths, processes, most):
        if not self.found:
            raise self.NoBrowserError("no browser at hand")
        results = []
        for path in paths:
            error = f"{path} was not printed: it is bad." if path.stem in self.fails else ""
            if not error:
                path.with_suffix(".pdf").write_text("a synthetic PDF")
            results.append((path, error))
        return results


@pytest.fixture
def instant(provincial, monkeypatch):
    """The project with pages that are written at once, and synthetic figures of two provinces."""
    import helpers
    from helpers import indices

    lists = []

    def make(self, jobs, done, begun=None, warm=None):
        figures = [("papi", year, code, "", 40.0) for code, years in FIGURES.items() for year in years]
        frame = pd.DataFrame(figures, columns=["index", "year", "gso_code", "component", "score"])
        write_table(Path("data/processed/indices.csv"), frame.reindex(columns=indices.COLUMNS))
        for job in jobs:
            book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(job.page.title)])
            rendered = site.render(book, job.page.language, job.page.title, links=job.links)
            write_text(job.reports / job.page.path, rendered)
            done(making.Result(job.page, "made"))

    def write_lists(reports, pages, raw, processed, links_of):
        lists.append(pages)
        for path in {Path(page.path).parent / "index.html" for page in pages}:
            write_text(reports / path, "<header class='site'></header>")

    monkeypatch.setattr(processes.Workers, "make", make)
    monkeypatch.setattr(helpers, "directory", SimpleNamespace(write=write_lists), raising=False)
    monkeypatch.setattr(helpers, "printing", _Printing(), raising=False)
    return provincial, lists


def made_pages(root):
    reports = root / "reports"
    return {path.relative_to(reports).as_posix() for path in reports.rglob("provinces/[0-9]*")}


def test_provinces_without_a_figure_are_left_out_and_told(instant, capsys):
    root, lists = instant
    stale = root / "reports" / "en" / "2023" / "provinces" / "84"
    for suffix in (".html", ".ipynb", ".json", ".pdf"):
        write_text(stale.with_suffix(suffix), "of an earlier run")
    for name in ("84_course.png", "70_course.png"):
        write_text(stale.parent / "figures" / name, "of an earlier run")
    assert batch.main(["--root", str(root), "--language", "en"]) == 0
    told = capsys.readouterr()
    (line,) = [line for line in told.out.splitlines() if line.startswith("No briefing of ")]
    assert line.startswith("No briefing of Hà Nội, Hà Giang, ") and line.endswith(" for 2023: no figure.")
    assert "Trà Vinh" in line and "Bình Phước" not in line
    assert "Removed, as their figures are gone: en/2023/provinces/84.html." in told.out
    assert told.err == "" and "5 of 5 pages made" in told.out
    assert made_pages(root) == {"en/2023/provinces/70.html", "en/2023/provinces/70.pdf"}
    assert [path.name for path in (stale.parent / "figures").iterdir()] == ["70_course.png"]
    assert [page.path for page in lists[0]] == ["en/2023/provinces/70.html"]


def test_a_province_asked_for_without_a_figure_ends_in_2_and_the_others_are_made(instant, capsys):
    root, _ = instant
    assert batch.main(["--root", str(root), "--province", "70,Trà Vinh,Cần Thơ", "--language", "vi"]) == 2
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        "Error: Trà Vinh (84) has no figure of any index for 2023; the latest year with one is 2022.",
        "Error: Cần Thơ (92) has no figure of any index for 2023; no other year has one either.",
    ]
    assert made_pages(root) == {"vi/2023/provinces/70.html", "vi/2023/provinces/70.pdf"}
    assert "No briefing" not in told.out and "[2/2] 2023 70 Bình Phước (vi)" in told.out


def test_pdfs_are_printed_of_the_pages_made_and_can_be_left_out(instant, capsys):
    root, _ = instant
    assert batch.main(["--root", str(root), "--province", "70", "--no-pdf"]) == 0
    assert not list(root.rglob("*.pdf"))
    assert batch.main(["--root", str(root), "--province", "70"]) == 0
    assert sorted(path.name for path in root.rglob("*.pdf")) == ["70.pdf", "70.pdf"]
    assert "2 of 2 PDFs made" in capsys.readouterr().out
    record = json.loads((root / "reports" / "run.json").read_text(encoding="utf-8"))
    assert {page["path"]: page.get("pdf") for page in record["pages"]} == {
        "en/prepare.html": None,
        "vi/prepare.html": None,
        "en/2023/provinces/70.html": "made",
        "vi/2023/provinces/70.html": "made",
    }
    assert record["asked_for"]["province"] == ["70"] and record["asked_for"]["pdf"] is True


def test_without_a_browser_a_line_says_so_and_the_status_stays(instant, capsys, monkeypatch):
    import helpers

    monkeypatch.setattr(helpers, "printing", _Printing(found=False))
    assert batch.main(["--root", str(instant[0]), "--province", "70"]) == 0
    told = capsys.readouterr()
    assert told.err == "" and told.out.count("PDFs were not made: no browser at hand.") == 1


def test_a_pdf_that_fails_is_named(instant, capsys, monkeypatch):
    import helpers

    monkeypatch.setattr(helpers, "printing", _Printing(fails=["70"]))
    assert batch.main(["--root", str(instant[0]), "--province", "70", "--language", "en"]) == 1
    told = capsys.readouterr()
    failed = "reports/en/2023/provinces/70.html was not printed: it is bad."
    assert told.err == f"Failed: {failed}\n" and "0 of 1 PDFs made" in told.out


def test_a_list_that_cannot_be_written_stops_nothing(instant, capsys, monkeypatch):
    import helpers

    def fail(*_, **__):
        raise ValueError("a synthetic fault")

    root, _ = instant
    monkeypatch.setattr(helpers, "directory", SimpleNamespace(write=fail))
    assert batch.main(["--root", str(root), "--province", "70"]) == 1
    assert "Failed: the list of provinces: ValueError: a synthetic fault" in capsys.readouterr().err
    assert "Traceback" in (root / "reports" / "failed" / "provinces.log").read_text(encoding="utf-8")
    page = (root / "reports" / "en" / "2023" / "provinces" / "70.html").read_text(encoding="utf-8")
    assert 'href="../index.html"' in page and 'href="index.html"' not in page


def test_a_pdf_of_another_state_of_the_page_goes(tmp_path):
    page = site.Page("province", "vi", 2023, "vi/2023/provinces/70.html", "T", "L", "n.ipynb", pdf=2)
    job = planning.Job(page, "year", 60, tmp_path)
    book, pdf = nbformat.v4.new_notebook(), (tmp_path / page.path).with_suffix(".pdf")
    making._write_page(job, book, "one state")
    pdf.write_text("of one state")
    making._write_page(job, book, "one state")
    assert pdf.is_file()
    making._write_page(job, book, "another state")
    assert not pdf.exists() and (tmp_path / page.path).read_text(encoding="utf-8") == "another state"


def test_logs_of_provinces_differ(provincial):
    logs = [job.log.name for job in planning.read_jobs(provincial / "reports", {})]
    assert "vi-2023-brief-70.log" in logs and len(set(logs)) == len(logs)


# A page of every province in every year and language: planning and links must not be felt.
def test_plan_and_links_of_1764_pages_are_fast(monkeypatch, tmp_path):
    monkeypatch.chdir(project_root())
    planning.read_jobs(tmp_path, {})
    started = time.process_time()
    jobs = planning.read_jobs(tmp_path, {})
    plan = [job.page for job in jobs]
    links_of = site.navigator(site.present(tmp_path, plan, plan))
    links = {page.path: links_of(page) for page in plan}
    seconds = time.process_time() - started
    assert len(links) == 2 * 5 + 2 * 14 * (2 + 63)
    assert seconds < 3, seconds
    assert max(len(found["pages"]) for found in links.values()) < 6


# --- refusals, before anything is started ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("k = {", "classes = {", r"show\.ipynb has no parameter 'classes'.*year, language, k"),
        ("default = 5", 'default = "five"', r"show\.ipynb.*k: 'five' is not of type 'integer'"),
        ("default = 5", "default = 12", "12 is greater than the maximum of 9"),
        (", default = 5", "", "'k' is a required property"),
        ("years = [2021,", "years = [2021, 2035,", "year: 2035 is greater than the maximum of 2024"),
        ("years = [2021,", 'years = ["2021",', "years.0: '2021' is not of type 'integer'"),
        ('type = "integer", minimum = 2,', 'type = "whole", minimum = 2,', "whole"),
        ("{year}/show", "{province}/show", "province"),
        ("{language}/{year}/show", "{language}/show", "'year' is a required property"),
        ("{language}/{year}/show.html", "{language}/prepare.html", "is a required property"),
        ("site.year_title", "site.no_such_text", "site.no_such_text"),
        ("notebooks/show", "notebooks/missing", "notebooks/missing.ipynb, which is missing"),
        ('stage = "year"', 'stage = "later"', "'later' is not one of"),
        ('title = "site.name"\n', "", "'title' is a required property"),
        ("[[page]]", "[[page", "no valid TOML"),
    ],
)
def test_wrong_declarations_are_refused_before_anything_starts(project, capsys, old, new, said):
    text = (project / "reports.toml").read_text(encoding="utf-8")
    assert old in text
    (project / "reports.toml").write_text(text.replace(old, new), encoding="utf-8")
    assert batch.main(["--root", str(project)]) == 2
    error = capsys.readouterr().err
    assert re.search(said, error) and error.startswith("Error: ") and "Traceback" not in error
    assert not (project / "reports").exists()


def test_two_pages_in_one_place_are_refused(project, capsys):
    text = (project / "reports.toml").read_text(encoding="utf-8")
    (project / "reports.toml").write_text(text + text[text.index("[[page]]") :], encoding="utf-8")
    assert batch.main(["--root", str(project)]) == 2
    assert "two pages go to en/2021/show.html" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--year", "2035"], "no year '2035' in reports.toml; choose from 2021, 2022, 2023."),
        (["--year", "abc"], "no year 'abc'"),
        (["--language", "fr"], "no language 'fr' in reports.toml; choose from en, vi."),
        (["--only", "data", "--year", "2022"], "The data stage has no years"),
        (["--only", "maps"], "invalid choice: 'maps'"),
        (["--jobs", "0"], "'0' is not a whole number"),
        (["--colour"], "--colour"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(project, capsys, arguments, said):
    assert batch.main(["--root", str(project), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_missing_raw_tables_are_named_in_one_sentence(project, capsys):
    (project / "data" / "raw").unlink()
    assert batch.main(["--root", str(project)]) == 2
    error = capsys.readouterr().err
    assert "data/raw" in error and error.startswith("Error: ") and error.count("\n") == 1


def test_missing_declaration_and_folder_are_named(project, capsys):
    (project / "reports.toml").unlink()
    assert batch.main(["--root", str(project)]) == 2
    assert batch.main(["--root", str(project / "elsewhere")]) == 2
    error = capsys.readouterr().err
    assert "reports.toml is missing" in error and "elsewhere does not exist" in error


# --- a run: one of the pages fails -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """Everything of 2021 and 2022, where 2022 in Vietnamese fails over an older page of its."""
    root = make_project(tmp_path_factory.mktemp("batch") / "project")
    old = root / "reports" / "vi" / "2022" / "show.html"
    old.parent.mkdir(parents=True)
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("an older page")])
    old.write_text(site.render(page, "vi", "older"), encoding="utf-8")
    # A kernel that the user installed under the same name must not be taken.
    bogus = root / "user" / "kernels" / "python3"
    bogus.mkdir(parents=True)
    spec = {"argv": ["/bin/false", "{connection_file}"], "display_name": "Other", "language": "python"}
    (bogus / "kernel.json").write_text(json.dumps(spec))
    done = run(root, "--year", "2021", "2022", JUPYTER_PATH=str(root / "user"))
    return root, done


def test_the_others_are_made_and_the_status_tells(outcome):
    root, done = outcome
    assert done.returncode == 1, done.stderr
    made = {path.relative_to(root / "reports").as_posix() for path in (root / "reports").rglob("*.html")}
    years = [f"{language}/{year}" for language in ("en", "vi") for year in (2021, 2022)]
    assert made == {
        *("index.html", "en/index.html", "vi/index.html", "en/prepare.html", "vi/prepare.html"),
        *(f"{year}/{name}.html" for year in years for name in ("index", "show")),
    }
    for path in ("en/prepare", "vi/prepare", "en/2021/show", "vi/2021/show", "en/2022/show"):
        assert (root / "reports" / f"{path}.ipynb").is_file()


def test_the_failed_page_is_named_with_its_cell_and_stays_as_it_was(outcome):
    root, done = outcome
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Failed: ")]
    for word in (
        "notebooks/show.ipynb",
        "language vi",
        "year 2022",
        "cell 3 'draw'",
        "ValueError",
        "a synthetic",
    ):
        assert word in line
    log = (root / "reports" / "failed" / "vi-2022-show.log").read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in log and "'draw'" in log and "\x1b" not in log
    assert [path.name for path in (root / "reports" / "failed").iterdir()] == ["vi-2022-show.log"]
    assert "an older page" in (root / "reports" / "vi" / "2022" / "show.html").read_text(encoding="utf-8")
    assert not (root / "reports" / "vi" / "2022" / "show.ipynb").exists()


def test_progress_is_a_line_a_page_and_nothing_else(outcome):
    _, done = outcome
    lines = done.stdout.splitlines()
    assert [line[:5] for line in lines[:-1]] == [f"[{number}/6]" for number in range(1, 7)]
    assert re.match(r"5 of 6 pages made in \d+ s .* MiB", lines[-1])
    assert len(done.stderr.splitlines()) == 2


def test_the_kernel_is_the_running_interpreter_in_the_folder_of_the_project(outcome):
    root, _ = outcome
    page = (root / "reports" / "en" / "2022" / "show.html").read_text(encoding="utf-8")
    assert "prepared 2022 en 5 True ." in page


def test_outputs_tell_nothing_of_the_machine_or_the_time(outcome):
    root, _ = outcome
    reports = root / "reports"
    for path in [*reports.rglob("*.html"), *reports.rglob("*.ipynb"), *reports.rglob("*.log")]:
        text = path.read_text(encoding="utf-8")
        for trace in (str(root), sys.prefix, str(Path.home()) + "/", "ipykernel_", "start_time", "iopub"):
            assert trace not in text, (path, trace)
    executed = nbformat.read(reports / "en" / "2021" / "show.ipynb", as_version=4)
    nbformat.validate(executed)
    assert [cell.id for cell in executed.cells] == ["parameters", "injected-parameters", "read", "draw"]


def test_record_says_what_ran(outcome):
    root, _ = outcome
    record = json.loads((root / "reports" / "run.json").read_text(encoding="utf-8"))
    assert record["asked_for"]["year"] == ["2021", "2022"]
    status = {page["path"]: page["status"] for page in record["pages"]}
    assert len(status) == 6
    assert [path for path, state in status.items() if state == "failed"] == ["vi/2022/show.html"]
    shown = next(page for page in record["pages"] if page["path"] == "en/2022/show.html")
    assert shown["parameters"] == {"language": "en", "year": 2022, "k": 5} and shown["warnings"] == 1
    table = (project_root() / "data" / "raw" / "indices.toml").read_bytes()
    assert record["raw_sha256"]["indices.toml"] == hashlib.sha256(table).hexdigest()


def test_again_gives_the_same_bytes_and_a_success_removes_the_log(outcome):
    root, _ = outcome
    pages = [root / "reports" / "vi" / "2021" / name for name in ("show.html", "show.ipynb", "index.html")]
    before = [path.read_bytes() for path in pages]
    log = root / "reports" / "failed" / "vi-2021-show.log"
    log.write_text("of an earlier run")
    done = run(root, "--year", "2021", "--language", "vi", "--force")
    assert done.returncode == 0, done.stderr
    assert [path.read_bytes() for path in pages] == before
    assert not log.exists()


def test_what_depends_on_a_failed_stage_is_not_made(tmp_path):
    root = make_project(tmp_path / "project")
    (root / "break").touch()
    done = run(root, "--year", "2022")
    assert done.returncode == 1
    assert "cell 2 'make': RuntimeError: nothing to prepare" in done.stderr
    assert (
        "need what notebooks/prepare.ipynb makes: vi/prepare.html, en/2022/show.html, vi/2022" in done.stderr
    )
    record = json.loads((root / "reports" / "run.json").read_text(encoding="utf-8"))
    assert sorted(page["status"] for page in record["pages"]) == ["failed", *["not made"] * 3]
    assert list((root / "reports").rglob("*.html")) == []


def test_an_interrupt_ends_all_processes_at_once(tmp_path):
    root = make_project(tmp_path / "project")
    (root / "wait").touch()
    command = [sys.executable, "-m", "helpers.batch", "--root", root, "--only", "data"]
    started = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    waiting = root / "reports" / "en" / "waiting"
    while not waiting.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(started.pid).children(recursive=True)
    page = int(waiting.read_text())
    assert page in {child.pid for child in children}
    os.killpg(started.pid, signal.SIGINT)
    interrupted = time.monotonic()
    _, error = started.communicate(timeout=10)
    assert time.monotonic() - interrupted < 2
    assert started.returncode == 130 and b"Traceback" not in error
    _, alive = psutil.wait_procs(children, timeout=3)
    assert alive == []


def test_progress_on_a_terminal_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = progress.Progress(12)
    page = site.Page("map", "vi", 2017, "vi/2017/map.html", "T", "L")
    shown.expect([page])
    shown.begun(page)
    shown(making.Result(page, "made", seconds=3))
    shown.expect([replace(page, path=f"vi/{year}/map.html", year=year) for year in (2018, 2019)])
    shown.begun(replace(page, path="vi/2018/map.html", year=2018))
    shown.clear()
    text = capsys.readouterr().out
    assert (
        "\n" not in text
        and "[ 0/12] 2017 map (vi)" in text
        and "[ 1/12] 2018 map (vi)  about 6 s left" in text
        and text.endswith("\r\x1b[K")
    )
