"""PDF files of pages: with a real browser where there is one, and with false ones that hang or end."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time

import pdfplumber
import pypdfium2
import pytest

from helpers import printing

PROGRAM = printing.browser()
needs_browser = pytest.mark.skipif(PROGRAM is None, reason="no Chromium, Chrome or Edge on this machine")
STYLE = "@page { size: A4; margin: 20mm } h2 { break-before: page }"
HEAD = '<!DOCTYPE html>\n<html lang="vi"><head><meta charset="utf-8">'


def _page(folder, name, title="Tỉnh Bình Phước năm 2022", body="", head=f"<style>{STYLE}</style>"):
    path = folder / f"{name}.html"
    table = "<table><tr><th>Chỉ số</th><th>Hạng</th></tr><tr><td>PAPI</td><td>56/61</td></tr></table>"
    text = f"<h1>{title}</h1><p>Đắk Lắk, Thừa Thiên Huế: giảm 6 bậc.</p>{table}<h2>Nguồn {name}</h2>{body}"
    path.write_text(f"{HEAD}<title>{title}</title>{head}</head><body>{text}</body></html>", encoding="utf-8")
    return path


def _millimetres(page):
    return round(page.width / 72 * 25.4), round(page.height / 72 * 25.4)


def _texts(path):
    with pypdfium2.PdfDocument(path.with_suffix(".pdf")) as pdf:
        return [page.get_textpage().get_text_range().strip() for page in pdf]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Seven pages printed once, three open at a time."""
    folder = tmp_path_factory.mktemp("pages")
    paths = [_page(folder, f"{number:02}") for number in range(7)]
    told = []
    results = printing.print_pages(paths, processes=3, progress=lambda *page: told.append(page))
    return paths, results, told


@needs_browser
def test_every_page_is_printed_on_a4_with_its_letters_and_its_title(printed):
    paths, results, told = printed
    assert results == [(path, "") for path in paths]
    assert sorted(told) == results
    for path in paths:
        with pdfplumber.open(path.with_suffix(".pdf")) as pdf:
            assert [_millimetres(page) for page in pdf.pages] == [(210, 297)] * 2
            assert pdf.metadata["Title"] == "Tỉnh Bình Phước năm 2022"
            assert not {"CreationDate", "ModDate"} & set(pdf.metadata)
        first, second = _texts(path)
        assert "Đắk Lắk, Thừa Thiên Huế: giảm 6 bậc." in first
        # The page itself, not a neighbour in another tab, and neither header nor footer of the browser.
        assert second == f"Nguồn {path.stem}"


@needs_browser
def test_the_pdf_has_tags_and_an_outline_and_its_table_of_places_holds(printed):
    path = printed[0][0].with_suffix(".pdf")
    assert b"/StructTreeRoot" in path.read_bytes() and b"/Lang (vi)" in path.read_bytes()
    with pypdfium2.PdfDocument(path) as pdf:
        titles = [entry.get_title() for entry in pdf.get_toc()]
    assert titles == ["Tỉnh Bình Phước năm 2022", f"Nguồn {path.stem}"]


@needs_browser
def test_equal_pages_give_equal_bytes_in_any_order(printed):
    paths = printed[0][:3]
    before = [path.with_suffix(".pdf").read_bytes() for path in paths]
    printing.print_pages(paths[::-1])
    assert [path.with_suffix(".pdf").read_bytes() for path in paths] == before


@needs_browser
def test_scripts_and_the_network_are_off(tmp_path):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hosts = "127.0.0.1", "localhost"
    pictures = "".join(f'<img src="http://{host}:{server.server_port}/x.png">' for host in hosts)
    script = '<script>document.body.textContent = "SCRIPT"</script>'
    path = _page(tmp_path, "01", body=pictures + script)
    try:
        assert printing.print_pages([path]) == [(path, "")]
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []
    assert "SCRIPT" not in "".join(_texts(path))


@needs_browser
def test_a_page_without_a_size_is_a4_and_one_with_its_own_keeps_it(tmp_path):
    plain = _page(tmp_path, "plain", head="")
    wide = _page(tmp_path, "wide", head="<style>@page { size: A5 landscape }</style>")
    assert printing.print_pages([plain, wide]) == [(plain, ""), (wide, "")]
    sizes = []
    for path in (plain, wide):
        with pdfplumber.open(path.with_suffix(".pdf")) as pdf:
            sizes.append(_millimetres(pdf.pages[0]))
    assert sizes == [(210, 297), (210, 148)]


@needs_browser
def test_a_missing_page_is_named_and_the_others_are_printed(tmp_path):
    there, missing = _page(tmp_path, "01"), tmp_path / "02.html"
    (tmp_path / "02.pdf").write_bytes(b"older")
    results = dict(printing.print_pages([missing, there]))
    assert results[there] == ""
    assert results[missing] == f"{missing} was not printed: the file is missing; make the page first."
    assert (tmp_path / "02.pdf").read_bytes() == b"older"


# --- false browsers -----------------------------------------------------------------------------------------

# Speaks the protocol: answers the start, then does what a page of that name asks for.
SPEAKER = """
import base64, json, os, sys, time
def say(message):
    os.write(4, json.dumps(message).encode() + b"\\0")
buffer, address = b"", {}
while piece := os.read(3, 65536):
    buffer += piece
    while b"\\0" in buffer:
        text, _, buffer = buffer.partition(b"\\0")
        asked = json.loads(text)
        answer = {"id": asked["id"], "result": {}}
        session = asked.get("sessionId")
        if session:
            answer["sessionId"] = session
        if asked["method"] == "Target.createTarget":
            answer["result"]["targetId"] = str(asked["id"])
        if asked["method"] == "Target.attachToTarget":
            answer["result"]["sessionId"] = asked["params"]["targetId"]
        if asked["method"] == "Page.navigate":
            address[session] = asked["params"]["url"]
            answer["result"]["loaderId"] = address[session]
            name = os.path.basename(address[session])
            if "hang" in name:
                continue
            if "die" in name:
                time.sleep(0.1)
                print("[1:FATAL:zygote.cc(1)] no room left.", file=sys.stderr)
                os._exit(3)
        if asked["method"] == "Page.printToPDF":
            answer["result"]["data"] = base64.b64encode(b"%PDF-" + address[session].encode()).decode()
            if address[session].endswith("refuse.html"):
                answer = {"id": asked["id"], "sessionId": session, "error": {"message": "Printing failed"}}
        say(answer)
        if asked["method"] == "Page.navigate":
            # The blank page of the tab is loaded late; it must not be printed.
            for loader in ("blank", address[session]):
                event = {"name": "load", "loaderId": loader}
                say({"method": "Page.lifecycleEvent", "params": event, "sessionId": session})
"""


@pytest.fixture
def false_browser(tmp_path, monkeypatch):
    """Make a program of Python lines the browser."""

    def make(lines, command=f'exec "{sys.executable}" "$0.py" "$@"'):
        program = tmp_path / "false-browser"
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)
        (tmp_path / "false-browser.py").write_text(lines)
        monkeypatch.setenv("CHROMIUM", str(program))
        return program

    return make


def _named(folder, *names):
    return [_page(folder, name) for name in names]


def _short(results):
    return {path.stem: error.removeprefix(f"{path} was not printed: ") for path, error in results}


def test_a_page_that_hangs_is_given_up_and_the_others_are_printed(tmp_path, false_browser):
    false_browser(SPEAKER)
    paths = _named(tmp_path, "a", "hang", "b", "c", "refuse")
    (tmp_path / "hang.pdf").write_bytes(b"older")
    results = printing.print_pages(paths, processes=2, time_limit=1)
    assert _short(results) == {
        "a": "",
        "hang": "it took longer than 1 s.",
        "b": "",
        "c": "",
        "refuse": "the browser says: Printing failed.",
    }
    assert (tmp_path / "hang.pdf").read_bytes() == b"older"
    assert (tmp_path / "c.pdf").read_bytes() == f"%PDF-{paths[3].as_uri()}".encode()


def test_a_page_that_ends_the_browser_is_found_among_the_open_ones(tmp_path, false_browser):
    false_browser(SPEAKER)
    results = printing.print_pages(_named(tmp_path, "a", "b", "die", "c", "d", "e"), processes=3)
    errors = _short(results)
    assert errors.pop("die") == "the browser ended and said: [1:FATAL:zygote.cc(1)] no room left."
    assert set(errors.values()) == {""}


def test_a_browser_that_fails_on_every_page_is_given_up(tmp_path, false_browser):
    false_browser(SPEAKER)
    started = time.monotonic()
    names = [f"hang{number}" for number in range(40)]
    errors = _short(printing.print_pages(_named(tmp_path, *names), time_limit=0.5))
    assert time.monotonic() - started < 8
    assert list(errors.values()).count("it took longer than 0.5 s.") == printing.MOST_IN_A_ROW
    assert errors["hang39"] == "the browser had failed on 3 pages one after another."


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("import time; time.sleep(60)", "the browser did not start within 1 s."),
        ("import os; os.close(4); import time; time.sleep(60)", "the browser ended."),
        ("import sys; sys.exit('No usable sandbox!')", "the browser ended and said: No usable sandbox!."),
        (
            "import os; os.write(4, b'hello\\0'); os.read(3, 9); input()",
            " does not answer as a browser does.",
        ),
    ],
)
def test_a_browser_that_does_not_start_is_said_once_for_every_page(tmp_path, false_browser, lines, said):
    false_browser(lines)
    started = time.monotonic()
    errors = set(_short(printing.print_pages(_named(tmp_path, "a", "b", "c"), time_limit=1)).values())
    assert time.monotonic() - started < 4
    assert len(errors) == 1 and errors.pop().endswith(said)


def test_a_program_that_cannot_be_run_is_said(tmp_path, false_browser):
    program = false_browser("")
    program.write_bytes(b"no program")
    (error,) = _short(printing.print_pages(_named(tmp_path, "a"))).values()
    assert error == f"{program} cannot be started (Exec format error)."


def test_a_pdf_that_cannot_be_written_is_said(tmp_path, false_browser):
    false_browser(SPEAKER)
    (path,) = _named(tmp_path, "a")
    (tmp_path / "a.pdf").mkdir()
    (error,) = _short(printing.print_pages([path])).values()
    assert error == f"{tmp_path / 'a.pdf'} cannot be written (Is a directory)."
    assert not list(tmp_path.glob(".a*"))


def test_an_interrupt_ends_the_browser_and_its_processes(tmp_path, false_browser):
    note = tmp_path / "pids"
    false_browser(
        f"import os, subprocess\nother = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}} ')\n{SPEAKER}"
    )
    (path,) = _named(tmp_path, "hang")
    code = f"from helpers import printing; printing.print_pages([{str(path)!r}], time_limit=50)"
    run = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    until = time.monotonic() + 20
    while not (note.is_file() and len(note.read_text().split()) == 2) and time.monotonic() < until:
        time.sleep(0.05)
    pids = [int(pid) for pid in note.read_text().split()]
    run.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in run.communicate(timeout=10)[1]
    until = time.monotonic() + 5
    while any(map(_alive, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_alive, pids))
    assert not list(tmp_path.glob("print-*"))


def _alive(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_without_a_browser_nothing_is_printed_and_the_reason_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "nothing"))
    assert printing.browser() is None
    with pytest.raises(printing.NoBrowserError, match=r"CHROMIUM names .*nothing.* correct or unset it"):
        printing.print_pages(_named(tmp_path, "a"))
    monkeypatch.delenv("CHROMIUM")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(printing, "APPLICATIONS", ())
    with pytest.raises(printing.NoBrowserError, match="no Chromium, Chrome or Edge"):
        printing.print_pages([])
    (tmp_path / "google-chrome").write_text("")
    (tmp_path / "google-chrome").chmod(0o755)
    assert printing.browser() == str(tmp_path / "google-chrome")


@pytest.mark.parametrize("limits", [{"processes": 0}, {"time_limit": 0}])
def test_limits_must_be_above_zero(limits):
    with pytest.raises(ValueError, match="must be above zero"):
        printing.print_pages([], **limits)


@needs_browser
def test_a_page_that_is_a_little_too_long_is_printed_smaller(tmp_path):
    def lines(name, count):
        body = "".join(f"<p>Dòng {number}</p>" for number in range(count))
        return _page(tmp_path, name, body=body)

    fits, long, endless = lines("fits", 5), lines("long", 34), lines("endless", 300)
    assert [error for _, error in printing.print_pages([fits, long, endless])] == ["", "", ""]
    before = {path: len(_texts(path)) for path in (fits, long, endless)}
    assert before[fits] == 2
    assert before[long] == 3
    size = fits.with_suffix(".pdf").read_bytes()
    assert [error for _, error in printing.print_pages([fits, long, endless], most=2)] == ["", "", ""]
    after = {path: _texts(path) for path in before}
    assert len(after[long]) == 2
    assert "Dòng 33" in after[long][-1]
    # What fits is as it was; what cannot fit is whole all the same.
    assert fits.with_suffix(".pdf").read_bytes() == size
    assert "Dòng 299" in after[endless][-1]
