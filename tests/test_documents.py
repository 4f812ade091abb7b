"""Reading PDF: tables with and without lines, over pages, what is refused. Figures are synthetic."""

import pytest
import writers
from matplotlib.figure import Figure
from samples import HEAD, MERGED, refused, save, texts

from helpers.formats import read


@pytest.mark.parametrize("repeat", [True, False])
def test_a_pdf_table_over_pages(tmp_path, repeat):
    rows = HEAD + [[i, f"Tỉnh giả định {i}", 50 + i / 4, i] for i in range(1, 10)]
    path = writers.write(
        tmp_path / "t",
        rows,
        "pdf",
        MERGED,
        comma=True,
        head=2,
        repeat=repeat,
        rows_per_page=5,
        above=["Phụ lục", "2022"],
    )
    first, second = read(path).sheets
    assert (first.name, second.name) == ("page 1, table 1", "page 2, table 1")
    assert first.above == ["Phụ lục", "2022"]
    assert first.rows[3] == ["2", "Tỉnh giả định 2", "50,5", "2"]
    assert first.merged == MERGED
    assert len(second.rows) == 4 + 2 * repeat


@pytest.mark.parametrize("ruled", [False, "open"])
def test_a_pdf_table_without_outer_or_any_lines(tmp_path, ruled):
    rows = [["STT", "Tỉnh", "Chỉ số", "Hạng"]] + [
        [i, f"Tỉnh giả định {i}", 50.5 + i, f"{i}/63"] for i in range(1, 7)
    ]
    path = writers.write(
        tmp_path / "t",
        rows,
        "pdf",
        comma=True,
        ruled=ruled,
        rows_per_page=5,
        above=["Phụ lục của quyết định giả định"],
    )
    first, second = read(path).sheets
    assert first.rows == texts(rows, comma=True)[:6]
    assert second.rows == texts([rows[0], rows[6]], comma=True)
    assert first.above == ["Phụ lục của quyết định giả định"]


def test_prose_in_a_pdf_is_no_table(tmp_path):
    line = "Điều 1. Công bố kết quả giả định năm 2022 của 63 tỉnh, thành phố như sau"
    refused(writers.write(tmp_path / "t.pdf", [[line]] * 9, "pdf", ruled=False, head=0), "no table was found")


def test_a_scan_is_said_to_be_one(tmp_path):
    figure = Figure()
    figure.add_subplot().imshow([[0, 1], [1, 0]])
    figure.axes[0].axis("off")
    figure.savefig(tmp_path / "t.pdf", format="pdf")
    refused(tmp_path / "t.pdf", "scan")


def test_a_protected_pdf_is_said_to_be_one(tmp_path):
    lock = "<</Filter/Standard/V 1/R 2/P -4/O<" + "00" * 32 + ">/U<" + "00" * 32 + ">>>"
    text = (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        f"trailer<</Root 1 0 R/ID[<00><00>]/Encrypt {lock}>>\nstartxref\n0\n%%EOF\n"
    )
    refused(save(tmp_path / "t.pdf", text), "password")
