"""Small synthetic tables, and asking that a file is refused: what the tests of the readers share."""

import pytest
import writers

from helpers.cells import FileError
from helpers.formats import read

HEAD = [["STT", "Tỉnh", "Chỉ số\nthành phần", None], [None, None, "Điểm", "Hạng"]]
MERGED = [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3)]
TABLE = HEAD + [[float(i), f"Tỉnh giả định {i}", 50 + i / 4, f"{i}/63"] for i in range(1, 6)]
SHORT = [["Tỉnh", "Điểm"], ["Tỉnh giả định", 83.5], ["Tỉnh thứ hai", 80.25]]


def texts(rows, comma=False):
    return [[writers.text_of(value, comma) or None for value in row] for row in rows]


def save(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path, *words, **options):
    with pytest.raises(FileError) as caught:
        read(path, **options)
    error = caught.value
    assert error.file == path.name and error.problem and error.expected
    for word in words:
        assert word in str(error)
    return error
