"""The zip of all pages: what is in it and what is not, equal bytes, links that lead nowhere."""

import datetime
import io
import json
import os
import zipfile

import pytest

from helpers import sharing

DAY = datetime.date(2026, 11, 22)
PNG, SVG = b"\x89PNG" + bytes(range(256)) * 4, b"<svg>Hu\xe1\xba\xbf</svg>"
LINKS = '<li>Map: <a class="png" href="{0}.png">PNG<span> Map</span></a>, <a href="{0}.svg">SVG</a></li>'


def page(body):
    return f'<!DOCTYPE html><html lang="en"><title>x</title><body>{body}</body></html>'


@pytest.fixture
def root(tmp_path):
    """A small site, with what does not belong into a zip."""
    contents = {
        "index.html": page('<a href="en/index.html">EN</a><a href="https://example.org/x">y</a>'),
        "en/index.html": page(
            LINKS.format("2022/figures/map")
            + '<p><a class="png" href="2022/figures/alone.png">PNG</a></p><a href="#top">t</a>'
            '<a href="2022/Th%E1%BB%ABa%20Thi%C3%AAn.html?x=1#a">T</a>'
            '<img src="data:image/svg+xml,%3Csvg/%3E" alt="a">'
            "<script>const text = '<a href=\"nowhere.html\">';</script>"
        ),
        "en/2022/Thừa Thiên.html": page('<a href="../index.html">up</a>' + LINKS.format("./figures/map")),
        "en/2022/figures/map.png": PNG,
        "en/2022/figures/map.svg": SVG,
        "en/2022/figures/alone.png": PNG,
        "failed/en-map.log": "trace",
        "en/.map.1234.html": "half",
        "en/.ipynb_checkpoints/x.ipynb": "{}",
        "run.json": json.dumps(
            {
                "layout": 1,
                "ended": "2026",
                "seconds": 3.5,
                "pages": [{"path": "en/index.html", "seconds": 1, "made": "z"}],
            }
        ),
    }
    notebook = {"cells": [{"outputs": [{"data": {"text/html": LINKS.format("2022/figures/map")}}]}]}
    contents["en/gallery.ipynb"] = json.dumps(notebook)
    for name, content in contents.items():
        path = tmp_path / "reports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return tmp_path


def unzipped(shared):
    with zipfile.ZipFile(shared.path) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def test_the_zip_holds_the_pages_and_no_copies_in_pixels(root):
    shared = sharing.share(root, DAY)
    assert shared.path == root / "reports-2026-11-22.zip"
    found = unzipped(shared)
    assert sorted(found) == [
        "README.txt",
        "reports/en/2022/Thừa Thiên.html",
        "reports/en/2022/figures/alone.png",
        "reports/en/2022/figures/map.svg",
        "reports/en/gallery.ipynb",
        "reports/en/index.html",
        "reports/index.html",
        "reports/run.json",
    ]
    assert list(found)[1:] == sorted(found)[1:]
    front = found["reports/en/index.html"].decode()
    assert '<li>Map: <a href="2022/figures/map.svg">SVG</a></li>' in front
    assert 'href="2022/figures/alone.png"' in front, "there is no drawing of it"
    assert "PNG" not in found["reports/en/2022/Thừa Thiên.html"].decode()
    (cell,) = json.loads(found["reports/en/gallery.ipynb"])["cells"]
    assert "PNG" not in cell["outputs"][0]["data"]["text/html"]
    assert json.loads(found["reports/run.json"]) == {"layout": 1, "pages": [{"path": "en/index.html"}]}
    assert (shared.pages, shared.left_out, shared.left_out_size, shared.dead) == (3, 1, len(PNG), {})
    assert shared.size == shared.path.stat().st_size


def test_all_pictures_go_in_when_asked_for(root):
    found = unzipped(sharing.share(root, DAY, png=True))
    assert found["reports/en/2022/figures/map.png"] == PNG
    assert found["reports/en/index.html"] == (root / "reports/en/index.html").read_bytes()
    assert "PNG" not in found["README.txt"].decode("utf-8-sig")


def test_the_readme_is_in_both_languages(root):
    text = unzipped(sharing.share(root, DAY))["README.txt"]
    assert text.startswith(b"\xef\xbb\xbf") and b"\r\n" in text
    text = text.decode("utf-8-sig")
    assert "index.html" in text and "giải nén" in text and "Unpack" in text and "There are 3 pages" in text


def test_equal_pages_give_equal_bytes_on_any_day(root):
    first = sharing.share(root, DAY).path.read_bytes()
    for path in (root / "reports").rglob("*.html"):
        os.utime(path, (1, 1))
    record = root / "reports" / "run.json"
    record.write_text(record.read_text().replace("3.5", "9.9"))
    again = sharing.share(root, DAY + datetime.timedelta(days=9))
    assert again.path.name == "reports-2026-12-01.zip" and again.path.read_bytes() == first


def test_links_that_lead_nowhere_are_named_and_stop_nothing(root, capsys, monkeypatch):
    for name in ("en/index.html", "index.html"):
        path = root / "reports" / name
        up = "../" * name.count("/")
        path.write_text(
            path.read_text() + f'<a href="{up}vi/2022/map.html">x</a><a href="{up}../data/x.csv">y</a>'
        )
    assert sharing.main(["--root", str(root)]) == 0
    said = capsys.readouterr()
    assert "3 pages" in said.out and "1 PNG copies" in said.out and "PNG=1" in said.out
    assert "  reports/vi/2022/map.html, from reports/en/index.html and 1 more" in said.err.splitlines()
    assert "  data/x.csv, from reports/en/index.html and 1 more" in said.err.splitlines()


def test_many_missing_files_are_counted(root):
    path = root / "reports" / "index.html"
    path.write_text(path.read_text() + "".join(f'<a href="no-{n:02d}.html">x</a>' for n in range(14)))
    _, lacking = sharing.told(sharing.share(root, DAY))
    assert len(lacking.splitlines()) == 12 and lacking.endswith("  and 4 more")


@pytest.mark.parametrize("there", [False, True])
def test_without_a_page_there_is_no_zip(tmp_path, capsys, there):
    if there:
        (tmp_path / "reports").mkdir()
    assert sharing.main(["--root", str(tmp_path)]) == 2
    assert "run `make reports` first" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.zip"))


def test_a_zip_that_cannot_be_finished_leaves_the_old_one(root, monkeypatch):
    old = sharing.share(root, DAY).path.read_bytes()
    written = zipfile.ZipFile.writestr

    def full(archive, entry, content):
        if entry.filename.endswith(".svg"):
            raise OSError(28, "No space left on device")
        written(archive, entry, content)

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space left"):
        sharing.share(root, DAY)
    assert [path.name for path in root.glob("*.zip")] == ["reports-2026-11-22.zip"]
    assert (root / "reports-2026-11-22.zip").read_bytes() == old
    assert not list(root.glob(".*"))


def test_a_damaged_record_is_left_out(root):
    (root / "reports" / "run.json").write_text("{half")
    assert json.loads(unzipped(sharing.share(root, DAY))["reports/run.json"]) == {}
    assert zipfile.is_zipfile(io.BytesIO((root / "reports-2026-11-22.zip").read_bytes()))
