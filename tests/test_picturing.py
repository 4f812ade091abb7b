"""Pictures of pages: their sizes and bytes, the newest year, and what is said where one cannot be taken."""

import browser
import numpy as np
import pytest
from PIL import Image

from helpers import picturing
from helpers.picturing import View

PAGE = "<!DOCTYPE html><title>t</title><style>body {{ margin: 0; background: {} }}</style><h1 id=a>{}</h1>"


@pytest.fixture
def reports(tmp_path):
    """Two years of a synthetic page, the newer one red, the older blue."""
    for year, colour in ((2021, "#00f"), (2022, "#f00")):
        (tmp_path / f"reports/en/{year}").mkdir(parents=True)
        (tmp_path / f"reports/en/{year}/a.html").write_text(PAGE.format(colour, "A" * 2000))
    return tmp_path / "reports"


@browser.needs_browser
def test_a_picture_has_the_size_of_its_views_and_the_same_bytes_again(reports, tmp_path):
    views = {"alone": [View("en/{year}/a.html", (300, 200), top="h1")]}
    views["beside"] = [View("en/2021/a.html", (200, 300)), View("en/{year}/a.html", (100, 250))]
    first = picturing.take(reports, tmp_path / "docs", views)
    sizes = [Image.open(path).size for path in first]
    assert [path.name for path in first] == ["alone.webp", "beside.webp"]
    gap = picturing.GAP
    assert sizes == [(300, 200), (300 + 3 * gap, 300 + 2 * gap)]
    pixels = np.asarray(Image.open(first[1]).convert("RGB"))
    # The lower edges of the pages: the older blue, the newest red, the ground between and below them.
    at = [pixels[gap + 240, gap + 195], pixels[gap + 240, 2 * gap + 295], pixels[gap + 290, 2 * gap + 295]]
    assert [tuple(pixel) for pixel in at] == [(0, 0, 255), (255, 0, 0), picturing.GROUND]
    before = [path.read_bytes() for path in first]
    assert [path.read_bytes() for path in picturing.take(reports, tmp_path / "again", views)] == before
    assert all(path.stat().st_size <= picturing.MOST for path in first)


def test_a_missing_page_or_browser_is_named_and_nothing_is_written(reports, tmp_path, monkeypatch):
    with pytest.raises(picturing.NoPictureError, match=r"reports/en/<year>/b\.html is missing.*make reports"):
        picturing.take(reports, tmp_path / "docs", {"b": [View("en/{year}/b.html")]})
    monkeypatch.setattr(picturing.printing, "browser", lambda: None)
    with pytest.raises(picturing.NoPictureError, match="CHROMIUM"):
        picturing.take(reports, tmp_path / "docs", {"a": [View("en/{year}/a.html")]})
    assert not (tmp_path / "docs").exists()


@browser.needs_browser
def test_what_a_view_begins_with_must_be_there(reports, tmp_path):
    with pytest.raises(picturing.NoPictureError, match="'figure'"):
        picturing.take(reports, tmp_path / "docs", {"a": [View("en/{year}/a.html", top="figure")]})


def test_a_picture_that_stays_too_large_is_refused(monkeypatch):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (600, 800, 3), dtype=np.uint8))
    with pytest.raises(picturing.NoPictureError, match=r"noise .* more than 120,000"):
        picturing._compressed("noise", noise)


def test_the_command_says_in_a_sentence_what_is_missing(tmp_path, capsys):
    assert picturing.main([str(tmp_path / "reports")]) == 1
    assert capsys.readouterr().err.startswith("Error: the page reports/en/index.html is missing")
