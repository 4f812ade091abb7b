"""Notebooks as they are committed, and run top to bottom on their defaults."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from helpers import indices, wording

NOTEBOOKS = [
    *("01_clean", "02_join", "03_correlate", "04_map", "05_panel"),
    *("06_province", "07_atlas", "08_gallery", "explore"),
]


def _read(root, name):
    return nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)


def test_these_are_all_notebooks(root):
    assert sorted(path.stem for path in (root / "notebooks").glob("*.ipynb")) == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_committed_without_outputs(root, name):
    notebook = _read(root, name)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.id
    kept = {"kernelspec", "language_info"}
    assert set(notebook.metadata) <= kept, "nothing of the machine that ran it is committed"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_committed_with_parameters_first(root, name):
    notebook = _read(root, name)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.metadata.get("tags") == ["parameters"]
    assert 'language = "en"' in first.source
    assert notebook.cells[0].cell_type == "markdown", "a notebook says first what it does"
    assert all(len(cell.source.splitlines()) <= 40 for cell in notebook.cells), "notebooks stay thin"


def test_committed_code_passes_ruff(root):
    for command in (["check"], ["format", "--check"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."], cwd=root, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def executed(root, tmp_path_factory):
    """Run every notebook on its defaults in a copy of the project, as JupyterLab would, one after another."""
    import nbclient

    project = tmp_path_factory.mktemp("project")
    for part in ("data/raw", "notebooks"):
        shutil.copytree(root / part, project / part)
    shutil.copy(root / "reports.toml", project)
    done = {}
    for name in NOTEBOOKS:
        notebook = _read(root, name)
        client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3")
        client.execute(cwd=str(project / "notebooks"))
        done[name] = notebook
    return project, done


def test_run_on_their_defaults(executed):
    project, _ = executed
    made = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    expected = {
        "data/processed/indices.csv",
        "data/processed/conflicts.csv",
        "data/processed/rejected.csv",
        "data/processed/provinces.gpkg",
        *(
            f"reports/en/2022/tables/{name}.csv"
            for name in ("correlations", "influence", "selection", "spatial", "clusters")
        ),
        *(
            f"reports/en/tables/{name}.csv"
            for name in ("panel", "agreement", "agreement_years", "rank_intervals", "rank_intervals_runs")
        ),
        "reports/en/figures/coverage.png",
        *(
            f"reports/en/2022/figures/map_{index}.{kind}"
            for index in ("par", "papi", "sipas")
            for kind in ("png", "svg")
        ),
        *(
            f"reports/en/2022/figures/{name}.png"
            for name in ("change_papi", "gap_par_papi", "pair_par_papi", "pair_papi_sipas")
        ),
        "reports/en/2022/figures/captions.csv",
        *(
            f"reports/en/{name}.xlsx"
            for name in ("2022/tables/correlations", "2022/tables/map_par", "tables/panel")
        ),
        "reports/en/figures/years_papi_rank.svg",
        "reports/en/figures/gallery/tiles_papi.png",
        "reports/en/2024/provinces/92.json",
        *(f"reports/en/2024/provinces/figures/92_{name}.svg" for name in ("locator", "course", "papi")),
    }
    assert expected <= made


def test_run_without_a_word_on_stderr(executed):
    _, done = executed
    for name, notebook in done.items():
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                assert output.get("name") != "stderr", f"{name}, {cell.id}: {output.get('text')}"


def test_run_speaks_to_the_reader_in_the_language_asked_for(executed):
    _, done = executed
    written = json.dumps([notebook.cells for notebook in done.values()])
    assert wording.text("clean.refused_caption", "en") in written
    assert wording.text("clean.refused_caption", "vi") not in written


def _told(shown):
    ways = ("_repr_html_", "_repr_markdown_")
    return next(getattr(shown, way)() for way in ways if hasattr(shown, way))


@pytest.mark.slow
@pytest.mark.parametrize("year", [2015, 2022])
@pytest.mark.parametrize("name", ["03_correlate", "04_map", "06_province"])
def test_show_the_same_when_given_all_years(root, atlas, tmp_path, monkeypatch, name, year):
    """What they ask for is all that they use."""
    import IPython.display

    def shown(folder):
        said, space = [], {"__name__": "__main__"}
        monkeypatch.setattr(IPython.display, "display", lambda *shown: said.extend(map(_told, shown)))
        given = {"raw": str(root / "data" / "raw"), "processed": str(atlas.processed)}
        given |= {"reports": str(folder), "year": year, "province": "70", "language": "vi"}
        for cell in _read(root, name).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, f"{name}, {cell.id}", "exec"), space)
                space |= {key: value for key, value in given.items() if key in space}
        written = (path for path in folder.rglob("*") if path.is_file())
        # Pictures and links name the files that they are in.
        said = [text.replace(f"/{folder.name}/", "/") for text in said]
        return said, {path.relative_to(folder): path.read_bytes() for path in written}

    some = shown(tmp_path / "some")
    asked = []

    def everything(processed, years, totals=False):
        asked.append(years)
        return indices.read(processed)

    monkeypatch.setattr(indices, "of_years", everything)
    every = shown(tmp_path / "every")
    assert asked and some[0] and some[1]
    assert some == every
