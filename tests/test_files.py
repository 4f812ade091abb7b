"""Paths of the project and writing whole files."""

import pandas as pd
import pytest

from helpers import files


def test_a_relative_path_starts_at_the_project_wherever_the_caller_runs(root, monkeypatch):
    monkeypatch.chdir(root / "notebooks")
    assert files.resolve("data/raw") == root / "data" / "raw"


def test_the_nearest_project_wins(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "reports.toml").touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert files.project_root() == tmp_path


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "figures" / "map.svg"
    files.write_text(target, "old")
    with pytest.raises(RuntimeError), files.replacing(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_a_table_keeps_its_letters_and_its_line_ends(tmp_path):
    files.write_table(tmp_path / "t.csv", pd.DataFrame({"tỉnh": ["Đắk Lắk", None]}))
    assert (tmp_path / "t.csv").read_bytes() == 'tỉnh\nĐắk Lắk\n""\n'.encode()


def test_a_file_that_is_written_again_as_it_was_stays(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "one")
    before = path.stat()
    files.write_text(path, "one")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    files.write_text(path, "two")
    assert path.stat().st_ino != before.st_ino and path.read_text() == "two"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]
