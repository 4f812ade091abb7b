"""What is read is noticed, what is written elsewhere is refused, and answers that stay say so."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import inputs
from helpers.files import write_table, write_text


def read_number(folder, name="number"):
    return int(Path(folder, f"{name}.txt").read_text())


asked = inputs.query(read_number)


def settled(path, text):
    """Write a file that has not changed for a while."""
    write_text(path, text)
    os.utime(path, (1_700_000_000, 1_700_000_000))


def test_files_and_folders_that_are_read_are_noticed_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "a")
    write_text(tmp_path / "deep" / "b.csv", "b\n1\n")
    write_text(tmp_path / "c.txt", "c")
    with inputs.watching() as watch:
        (tmp_path / "a.txt").read_text()
        pd.read_csv(tmp_path / "deep" / "b.csv")
        list((tmp_path / "deep").glob("*"))
        inputs.note(tmp_path / "by a library")
        write_text(tmp_path / "new.txt", "new")
    (tmp_path / "c.txt").read_text()
    own = {path.removeprefix(f"{tmp_path}/") for path in watch.files if path.startswith(str(tmp_path))}
    assert own == {"a.txt", "deep/b.csv", "deep", "by a library"}
    assert watch.written == {str(tmp_path / "new.txt")}


def test_a_digest_is_of_the_content_and_a_folder_is_its_list(tmp_path):
    write_text(tmp_path / "a.txt", "a")
    # sha256 of "a", as published in many places.
    known = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert inputs.digest(tmp_path / "a.txt") == known
    os.utime(tmp_path / "a.txt", (1, 1))
    assert inputs.digest(tmp_path / "a.txt") == known
    assert inputs.digest(tmp_path / "missing") == ""
    before = inputs.digest(tmp_path)
    write_text(tmp_path / "a.txt", "b")
    (tmp_path / ".hidden").touch()
    assert inputs.digest(tmp_path) == before
    (tmp_path / "c.txt").touch()
    assert inputs.digest(tmp_path) != before


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(plain, plain)
def test_values_have_equal_digests_when_they_are_written_alike(one, other):
    assert (inputs.value_digest(one) == inputs.value_digest(other)) == (repr(one) == repr(other))


def test_every_cell_of_a_table_counts_and_so_does_a_shape():
    import geopandas
    from shapely.geometry import Point

    table = pd.DataFrame({"code": ["01", "02"], "score": [1.0, np.nan]})
    told = inputs.value_digest(table)
    assert inputs.value_digest(table.copy()) == told
    for changed in (table.assign(score=[1.0, 0.0]), table.assign(code=["01", "2"]), table[["score", "code"]]):
        assert inputs.value_digest(changed) != told
    shapes = [geopandas.GeoDataFrame({"a": [1]}, geometry=[Point(x, 0)]) for x in (0, 0, 1e-9)]
    first, same, moved = (inputs.value_digest(shape) for shape in shapes)
    assert first == same != moved


def test_a_query_stands_for_the_files_that_it_reads(tmp_path):
    write_text(tmp_path / "number.txt", "7")
    with inputs.watching() as watch:
        assert asked(tmp_path) == 7
    assert str(tmp_path / "number.txt") not in watch.files
    ((name, (_, files)),) = watch.queries.items()
    assert files == [str(tmp_path / "number.txt")] and str(tmp_path) in name
    assert asked(tmp_path) == 7  # unwatched


def test_queries_are_asked_again_by_name_and_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "read_number", asked)
    write_text(tmp_path / "number.txt", "7")
    with inputs.watching() as watch:
        asked(tmp_path)
    told = {name: digest for name, (digest, _) in watch.queries.items()}
    write_text(tmp_path / "number.txt", " 7\n")
    assert inputs.still(told, generation=1)
    write_text(tmp_path / "number.txt", "8")
    assert not inputs.still(told, generation=2)
    (tmp_path / "number.txt").unlink()
    assert not inputs.still(told, generation=3)


def counted(tmp_path):
    calls = []

    def read(folder):
        calls.append(folder)
        return pd.DataFrame({"n": [asked(folder), read_number(folder, "other")]})

    return inputs.kept(read), calls


def test_a_kept_table_is_read_once_and_again_when_a_file_of_its_changes(tmp_path):
    read, calls = counted(tmp_path)
    for name in ("number", "other"):
        settled(tmp_path / f"{name}.txt", "7")
    first = read(tmp_path)
    first.loc[0, "n"] = -1
    assert list(read(tmp_path)["n"]) == [7, 7] and len(calls) == 1
    settled(tmp_path / "other.txt", "8")
    assert list(read(tmp_path)["n"]) == [7, 8] and len(calls) == 2
    settled(tmp_path / "number.txt", "9")
    assert list(read(tmp_path)["n"]) == [9, 8] and len(calls) == 3


def test_a_file_that_has_just_changed_may_change_again_unseen_and_is_not_kept(tmp_path):
    read, calls = counted(tmp_path)
    for name in ("number", "other"):
        write_text(tmp_path / f"{name}.txt", "7")
    read(tmp_path)
    read(tmp_path)
    assert len(calls) == 2


def test_who_gets_what_was_kept_has_read_it_too(tmp_path):
    read, calls = counted(tmp_path)
    for name in ("number", "other"):
        settled(tmp_path / f"{name}.txt", "7")
    seen = []
    for _ in range(2):
        with inputs.watching() as watch:
            read(tmp_path)
        seen.append((watch.files, watch.queries))
    assert len(calls) == 1 and seen[0] == seen[1]
    assert str(tmp_path / "other.txt") in seen[0][0] and len(seen[0][1]) == 1


def test_a_guard_is_asked_before_anything_is_changed(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "old.txt").write_text("old")

    def guard(path):
        if not f"{path}/".startswith(f"{inside}/"):
            raise PermissionError(path)

    changes = [
        lambda: (outside / "new.txt").write_text("new"),
        lambda: (outside / "old.txt").open("a"),
        lambda: (outside / "old.txt").unlink(),
        lambda: os.replace(inside / "own.txt", outside / "own.txt"),
        lambda: os.replace(outside / "old.txt", inside / "old.txt"),
        lambda: (outside / "folder").mkdir(),
        lambda: (outside / "link").symlink_to(inside),
        lambda: os.truncate(outside / "old.txt", 0),
        lambda: os.open(outside / "low.txt", os.O_CREAT | os.O_WRONLY),
        lambda: shutil.rmtree(outside),
        lambda: write_table(outside / "table.csv", pd.DataFrame({"a": [1]})),
    ]
    with inputs.watching(guard):
        (inside / "own.txt").write_text("own")
        for change in changes:
            with pytest.raises(PermissionError):
                change()
        with tempfile.TemporaryDirectory(dir=inside) as folder:
            Path(folder, "part.txt").write_text("part")
    assert sorted(path.name for path in outside.iterdir()) == ["old.txt"]
    assert (outside / "old.txt").read_text() == "old"
    assert [path.name for path in inside.iterdir()] == ["own.txt"]


def test_nothing_is_watched_where_nobody_watches():
    code = "import sys; from helpers import inputs; print('numpy' in sys.modules, inputs._hooked)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False False\n"
