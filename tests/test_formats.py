"""Every format gives the same cells; what no format is, is refused by its name. Figures are synthetic."""

import math
import warnings

import pytest
import writers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import MERGED, SHORT, TABLE, refused, save, texts

from helpers import formats
from helpers.cells import FileError
from helpers.formats import read


@pytest.mark.parametrize("kind", writers.KINDS)
def test_every_format_gives_the_same_cells(tmp_path, kind):
    options = {"head": 2} if kind == "pdf" else {}
    book = read(writers.write(tmp_path / "table", TABLE, kind, MERGED, sheet="Phụ lục", **options))
    (sheet,) = book.sheets
    assert book.kind == {"tsv": "csv"}.get(kind, kind)
    assert sheet.rows == (TABLE if kind in {"xlsx", "xls", "ods"} else texts(TABLE))
    assert sheet.merged == ([] if kind in {"csv", "tsv"} else MERGED)
    names = {"html": "table 1", "pdf": "page 1, table 1", "csv": "", "tsv": ""}
    assert sheet.name == names.get(kind, "Phụ lục")
    assert not sheet.hidden


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(min_size=1, max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"%PDF-1.4\n", b"<table>", b"\t\0"]),
)
def test_any_bytes_are_read_or_refused(tmp_path, data, start):
    path = save(tmp_path / "t", start + data)
    try:
        assert read(path).sheets
    except FileError as error:
        assert error.problem and error.expected


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty (0 bytes)"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"PAR1rest", "Parquet"),
        (b'{"a": [1, 2]}', "JSON"),
        (b"<?xml version='1.0'?><gpx/>", "XML"),
        (b"<html><p>none</html>", "no table"),
        (b"a,b\x07\n1,2\n", "neither text"),
        (bytes(range(256)), "neither text"),
        (formats._OLE2 + "EncryptedPackage".encode("utf-16-le"), "password"),
        (formats._OLE2 + "WordDocument".encode("utf-16-le"), "Word"),
        (formats._OLE2 + "Workbook".encode("utf-16-le"), "damaged"),
        (b"%PDF-1.4\nrest", "damaged"),
        (b" \n , \n", "no table"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path, content, word):
    refused(save(tmp_path / "t.xlsx", content), word)


def test_missing_files_folders_and_large_files(tmp_path):
    refused(tmp_path / "none.xlsx", "no such file")
    refused(tmp_path, "folder")
    refused(tmp_path / ("x" * 300), "cannot be opened")
    refused(save(tmp_path / "t.csv", "a;b\n" * 100), "larger than", limit=300)


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "pdf"])
def test_damaged_files_are_refused_without_warnings(tmp_path, kind, capfd):
    whole = writers.write(tmp_path / "t", SHORT, kind).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for share in (0.02, 0.3, 0.6, 0.9):
            refused(save(tmp_path / "t", whole[: int(len(whole) * share)]))
        for place in range(0, len(whole), math.ceil(len(whole) / 40)):
            changed = bytearray(whole)
            changed[place : place + 8] = b"\xff" * len(changed[place : place + 8])
            try:
                read(save(tmp_path / "t", bytes(changed)))
            except FileError as error:
                assert error.expected
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("PAR 2022.xlsx", True),
        ("table", True),
        ("a.xls.bak", True),
        ("~$PAR 2022.xlsx", False),
        (".hidden.csv", False),
        (".gitkeep", False),
        ("table.csv.toml", False),
        ("README.md", False),
        ("LICENSE", False),
        ("licence.txt", False),
    ],
)
def test_which_files_are_looked_at(name, wanted):
    assert formats.is_table_name(name) is wanted
