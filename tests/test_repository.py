"""The promises of the repository itself: set-up, lock, README, names and sizes."""

import os
import re
import shutil
import subprocess
import tomllib

import pytest


def _tracked(root):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [root / name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def _texts(root):
    for path in _tracked(root):
        if path.suffix not in {".png", ".webp", ".lock"}:
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def _make(root, *arguments, **environment):
    return subprocess.run(
        ["make", *arguments], cwd=root, capture_output=True, text=True, env=os.environ | environment
    )


def test_make_alone_lists_every_target_in_a_line(root):
    alone = _make(root)
    assert alone.returncode == 0
    assert alone.stdout == _make(root, "help").stdout
    targets = re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^make ([a-z]+) +\S.*$", alone.stdout, re.MULTILINE)
    assert listed == [target for target in targets if target != "setup"]


def test_a_missing_or_old_python_is_said_in_one_line(root, tmp_path):
    for name in ("Makefile", "environment.yml", "requirements.lock", "pyproject.toml"):
        shutil.copy(root / name, tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "make", "sed", "cmp", "rm", "cat", "grep", "awk"):
        (tools / tool).symlink_to(shutil.which(tool))
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    run = _make(tmp_path, "reports", PATH=str(tools), CONDA_DEFAULT_ENV="")
    said = [line for line in run.stderr.splitlines() if not line.startswith("make")]
    assert run.returncode != 0
    assert len(said) == 1
    assert "needs Python 3.11 or newer" in said[0]


def test_an_active_conda_environment_is_used(root):
    name = re.search(r"^name: (.+)$", (root / "environment.yml").read_text(), re.MULTILINE)[1]
    run = _make(root, "-n", "lint", CONDA_DEFAULT_ENV=name, CONDA_PREFIX="/opt/conda/envs/x")
    assert "/opt/conda/envs/x/bin/python -m ruff" in run.stdout
    other = _make(root, "-n", "lint", CONDA_DEFAULT_ENV="base", CONDA_PREFIX="/opt/conda/envs/x")
    assert ".venv/bin/python -m ruff" in other.stdout


def test_the_targets_of_pages_hand_on_what_is_asked_for(root):
    for target, asked, handed_on in (
        ("data", ["LANGUAGE=en"], "--only data --language $LANGUAGE"),
        ("reports", ["YEAR=2022", "PROVINCE=70,Trà Vinh"], '--year $YEAR --province "$PROVINCE"'),
        ("reports", ["JOBS=1", "PDF=0"], '--no-pdf --jobs "$JOBS"'),
        ("reports", ["ENGINE=kernel", "FORCE=1"], '--engine "$ENGINE" --force'),
        ("reports", ["SCHEDULER=tcp://host:8786"], '--scheduler "$SCHEDULER"'),
    ):
        assert f"-m helpers.batch {handed_on}" in " ".join(_make(root, "-n", target, *asked).stdout.split())


@pytest.mark.parametrize("name", ["YEAR", "LANGUAGE", "PROVINCE", "JOBS", "ENGINE", "SCHEDULER"])
def test_nothing_that_is_typed_becomes_a_command(root, environment, tmp_path, name):
    for typed in (f"1; touch {tmp_path}/a", f"$(touch {tmp_path}/b)", f"`touch {tmp_path}/c`", '"&& false'):
        run = _make(root, f"environment={environment}", "reports", f"{name}={typed}")
        assert run.returncode == 2, run.stdout
        assert "Error: " in run.stderr
    assert not list(tmp_path.iterdir())


def test_the_lock_pins_everything_with_hashes_and_names_no_host(root):
    text = (root / "requirements.lock").read_text()
    entries = re.findall(r"^([a-z0-9_.-]+)==[^\n]*((?:\\\n    --hash=\S+ ?)+)", text, re.MULTILINE)
    names = {name for name, _ in entries}
    assert len(names) > 100
    assert len(entries) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    assert "://" not in text
    assert set(re.findall(r"(?:^|\s)(--[a-z-]+)", text)) == {"--hash"}
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["develop"]
    assert {re.match(r"[A-Za-z0-9_-]+", want)[0].replace("_", "-") for want in wanted} <= names
    assert "-r requirements.lock" in (root / "environment.yml").read_text()


def test_no_file_names_an_index_or_a_path_of_a_machine(root):
    # Put together here, so that this file passes its own test.
    index = re.compile(
        "|".join(f"--{option}" for option in ("index" + "-url", "extra-" + "index", "find" + "-links"))
    )
    machine = re.compile(r"/(?:work|root|home)/[a-z]")
    for name, text in _texts(root):
        assert not index.search(text), name
        assert not machine.search(re.sub(r"https?://\S+", "", text)), name


def test_the_repository_is_small(root):
    sizes = {path: path.stat().st_size for path in _tracked(root)}
    assert sum(sizes.values()) < 10e6
    assert max(sizes.values()) < 1.5e6


def test_the_readme_tells_the_two_commands_and_links_to_what_is_there(root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert "make reports" in readme and "make test" in readme
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", readme):
        assert (root / target.partition("#")[0]).exists(), target


def test_imports_go_one_way(root):
    """Each module imports only from the rooms before its own; nothing imports the batch."""
    rooms = [
        {"files", "figures", "cells", "resampling", "palettes", "rendering", "progress", "vectors", "sheets"},
        {"inputs", "delimited", "workbooks", "documents"},
        {"markup"},
        {"formats"},
        {"wording", "registry", "provenance", "classes"},
        {"provinces", "coefficients", "publishing", "citing", "dictionary", "sharing"},
        {"contents", "ledger", "headings", "comparability"},
        {"identity", "layouts"},
        {"columns", "soundness", "pages"},
        {"extraction"},
        {"tables"},
        {"validation", "reconciling", "ranking", "checks", "regional", "standing"},
        {"indices", "fetch", "claims", "targets"},
        {"judging"},
        {"briefing", "boundaries", "account", "correlation", "understanding", "merging", "tiles"},
        {"preview", "spatial", "selection", "panel", "rank_intervals", "agreement", "measures"},
        {"panel_models", "findings", "map_findings"},
        {"spatial_findings", "selection_findings", "panel_findings", "models_findings", "agreement_findings"},
        {"panel_opening"},
        {"briefing_words"},
        {"briefing_remarks"},
        {"briefing_sentences", "briefing_tables"},
        {"charts", "site", "kernels", "local_kernel", "printing", "linked_data"},
        {
            "marking",
            "blocks",
            "embedding",
            "downloads",
            "heatmaps",
            "panel_charts",
            "agreement_charts",
            "cartography",
            "briefing_page",
            "engine",
            "removing",
        },
        {"briefing_look", "directory", "origins", "datasets", "scatter_plots", "dropping"},
        {"linked_page", "data_page"},
        {"briefing_course", "briefing_components", "briefing_locator"},
        {"briefing_charts"},
        {"atlas"},
        {"choropleths"},
        {"unit_maps", "year_maps", "tile_maps", "bivariate_maps", "cluster_maps"},
        {"maps"},
        {"recipes", "picturing"},
        {"exploring"},
        {"front_pages", "planning", "freshness"},
        {"finishing", "making"},
        {"processes"},
        {"parcels"},
        {"cluster"},
        {"batch"},
    ]
    floor = {name: number for number, names in enumerate(rooms) for name in names}
    modules = list((root / "src" / "helpers").glob("[a-z]*.py"))
    assert floor.keys() == {path.stem for path in modules}
    for path in modules:
        text = path.read_text(encoding="utf-8")
        for line in re.findall(
            r"^\s*from helpers(?:\.(\w+))? import ([^\n(]+|\([^)]*\))", text, re.MULTILINE
        ):
            names = [line[0]] if line[0] else re.findall(r"(\w+)(?: as \w+)?", line[1].strip("()"))
            for name in names:
                if name in floor:
                    assert floor[name] < floor[path.stem], f"{path.stem} imports {name}"
