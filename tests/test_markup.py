"""Reading HTML pages and web archives: spans, hidden parts, encodings. Figures are synthetic."""

from samples import refused, save

from helpers.formats import read


def test_html_named_xls_with_spans_breaks_and_hidden_parts(tmp_path):
    page = """<html xmlns:x="urn:schemas-microsoft-com:office:excel">
    <head><meta charset=utf-8><title>Công bố</title>
    </head><body><h2>Bảng <i>giả định</i></h2><table><tr><td><table><caption>Năm 2022</caption>
    <tr><th rowspan=2>Tỉnh<br>thành  phố<th colspan=2>Điểm<script>x</script></tr>
    <tr style="display: none"><td>không thấy</tr>
    <tr><td>PAR<td style="DISPLAY:none">ẩn<td><p>SI</p><p>PAS</p></tr>
    <tr><td>A&nbsp;B<td>83,5<span hidden>!</span><td>80</table></td></tr></table>
    <table><tr><td>hai<td>x</table><table></table></body></html>"""
    book = read(save(tmp_path / "t.xls", page))
    first, second = book.sheets
    assert (book.kind, first.name, second.name) == ("html", "table 1", "table 2")
    assert first.rows == [
        ["Tỉnh\nthành phố", "Điểm", None],
        [None, "PAR", "SI\nPAS"],
        ["A B", "83,5", "80"],
    ]
    assert first.merged == [(0, 0, 1, 0), (0, 1, 0, 2)]
    assert first.above == ["Công bố", "Bảng giả định", "Năm 2022"]


def test_huge_spans_take_no_memory(tmp_path):
    page = "<table><tr><td colspan=100000 rowspan=0>x</tr><tr></tr></table>"
    page += "<table><tr><td rowspan=9999999>y<td>z</table>"
    first, second = read(save(tmp_path / "t.html", page)).sheets
    assert (first.rows, second.rows) == ([["x"]], [["y", "z"]])
    wide = "<table><tr>" + "<td colspan=1000>x" * 3 + "</table>"
    refused(save(tmp_path / "t.html", wide), "row 1 has more than 1000 columns")


def test_declared_encoding_of_html(tmp_path):
    table = "<table><tr><td>Bê\u0301n<td>1</table>"
    page = "<meta http-equiv=Content-Type content='text/html; charset=windows-1258'>" + table
    assert read(save(tmp_path / "t.html", page.encode("cp1258"))).sheets[0].rows == [["Bến", "1"]]
    false = "<meta charset=utf-16><table><tr><td>Bến Tre<td>1</table>"
    assert read(save(tmp_path / "t.html", false)).sheets[0].rows == [["Bến Tre", "1"]]


def test_a_web_archive(tmp_path):
    archive = (
        'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html; '
        'charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n'
        "<table><tr><td>B=E1=BA=BFn<td>1=\n0</table>\n--b--\n"
    )
    assert read(save(tmp_path / "t.xls", archive)).sheets[0].rows == [["Bến", "10"]]
