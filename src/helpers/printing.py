"""PDF files of pages: one headless Chromium for all of them, driven through its DevTools pipe."""

import base64
import collections
import contextlib
import fcntl
import itertools
import json
import os
import re
import select
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from helpers.files import replacing

# In the order in which they are looked for: on the path, then where macOS keeps programs.
PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "microsoft-edge",
    "msedge",
)
APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge")
TIME_LIMIT = 60
# After so many pages without one that succeeded, the fault is the browser's.
MOST_IN_A_ROW = 3

_SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-breakpad",
    "--disable-sync",
    # On paper letters need no help to meet the pixels; with it their distances are uneven.
    "--font-render-hinting=none",
    # Pages stand alone: nothing may come from the network.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_PRINT = {
    "preferCSSPageSize": True,
    "printBackground": True,
    "generateTaggedPDF": True,
    "generateDocumentOutline": True,
    # A4 in inches, for pages whose style sheet names no size.
    "paperWidth": 210 / 25.4,
    "paperHeight": 297 / 25.4,
}
# How small a page may be printed to fit, and by how much smaller it is tried each time.
SMALLEST, _STEP = 0.8, 0.04
_SHEET = re.compile(rb"/Type\s*/Page\b")
_DATE = re.compile(rb"/(?:CreationDate|ModDate) \(D:[^()]*\)")
# Skia's names of the parts of a tagged PDF: numbers that go on counting from page to page.
_NODE = re.compile(rb"(?<=\(node)\d{8}(?=\))")


class NoBrowserError(RuntimeError):
    """No Chromium that could print is on this machine; the text says what to do."""


class _EndedError(Exception):
    """The browser is of no use any more: why, as the end of a sentence, and the pages that are to blame."""

    def __init__(self, why, pages=()):
        super().__init__(why)
        self.pages = list(pages)


def browser():
    """
    Find a Chromium that can print.

    Returns
    -------
    str or None
        Path of the program that the environment variable CHROMIUM names (a path or a name on the path), or
        else of the first of Chromium, Chrome and Edge that is found.
    """
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    homes = (Path("/Applications"), Path.home() / "Applications")
    bundles = (
        f"{home}/{name}.app/Contents/MacOS/{name}" for home, name in itertools.product(homes, APPLICATIONS)
    )
    return next(filter(None, map(shutil.which, (*PROGRAMS, *bundles))), None)


def print_pages(paths, processes=1, time_limit=TIME_LIMIT, progress=None, most=None):
    """
    Print HTML files to PDF files beside them: A4 or the size of their style sheet, tagged, with an outline.

    Scripts do not run in the printed pages and nothing is loaded from the network. Equal pages give equal
    bytes with the same browser: the dates are left out.

    Parameters
    ----------
    paths : iterable of str or pathlib.Path
        HTML files; ``70.html`` is printed to ``70.pdf``.
    processes : int
        How many pages are open at a time, in one browser.
    time_limit : float
        Seconds that a page, and the start of the browser, may take.
    progress : callable, optional
        Called with path and error of each page as soon as they are known.
    most : int, optional
        Sheets that a page shall have at most: one that has more is printed smaller, down to `SMALLEST`.

    Returns
    -------
    list of (pathlib.Path, str)
        Each HTML file in the order given, and why it was not printed: one sentence, "" for those that were.
        Where a page fails, its older PDF stays.

    Raises
    ------
    NoBrowserError
        If there is no browser; nothing was printed then.
    ValueError
        If `processes` or `time_limit` is not above zero.
    """
    if processes < 1 or time_limit <= 0:
        raise ValueError(f"pages at a time ({processes}) and time limit ({time_limit} s) must be above zero")
    program = browser()
    if program is None:
        if named := os.environ.get("CHROMIUM"):
            raise NoBrowserError(
                f"CHROMIUM names {named!r}, which is no program that can be run; correct or unset it"
            )
        raise NoBrowserError(
            "no Chromium, Chrome or Edge is on this machine; install one, or name one in the environment "
            "variable CHROMIUM"
        )
    paths = list(dict.fromkeys(map(Path, paths)))
    results, in_a_row = {}, 0

    def done(path, error=""):
        nonlocal in_a_row
        results[path] = f"{path} was not printed: {error}." if error else ""
        in_a_row = in_a_row + 1 if error else 0
        if progress is not None:
            progress(path, results[path])

    for path in paths:
        if not path.is_file():
            done(path, "the file is missing; make the page first")
    in_a_row, suspects = 0, []
    while left := [path for path in paths if path not in results]:
        if in_a_row >= MOST_IN_A_ROW:
            for path in left:
                done(path, f"the browser had failed on {MOST_IN_A_ROW} pages one after another")
            break
        opened = _Browser(program, time_limit, most)
        try:
            with opened:
                # Which of several open pages ended a browser is not known: they are printed one by one.
                opened.print(suspects or left, 1 if suspects else processes, done)
            suspects = []
        except _EndedError as ended:
            blamed = ended.pages if opened.started else left
            for path in blamed:
                done(path, str(ended))
            suspects = [path for path in suspects or opened.open_pages if path not in results]
    return [(path, results[path]) for path in paths]


@dataclass
class _Tab:
    """A tab of the browser, and how far its page is."""

    session: str
    path: Path | None = None
    ends: float = 0.0
    loader: str = ""
    loaded: str = ""
    scale: float = 1.0


class _Browser:
    """
    One running browser, ended with all its processes when the block ends.

    Parameters
    ----------
    program : str
    time_limit : float
        Seconds for the start, and for each page.
    most : int or None
        Sheets of a page.
    """

    def __init__(self, program, time_limit, most):
        self.program, self.time_limit, self.most = program, time_limit, most
        self.started, self.tabs, self.asked = False, [], {}
        self._numbers, self._received = itertools.count(1), bytearray()
        self._process = None

    @property
    def open_pages(self):
        """The pages that were begun and not finished (list of pathlib.Path)."""
        return [tab.path for tab in self.tabs if tab.path is not None]

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="print-", ignore_cleanup_errors=True))
            )
            self._start(stack)
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self, stack):
        ends = []
        for _ in range(2):
            read, write = os.pipe()
            # Above 4, so that neither end stands where the other is to go.
            ends += [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read, write)]
            os.close(read)
            os.close(write)
        theirs_in, self._out, self._in, theirs_out = ends
        stack.callback(os.close, self._out)
        stack.callback(os.close, self._in)
        words = [self.program, *_SWITCHES, f"--user-data-dir={self._folder / 'profile'}"]
        if os.geteuid() == 0:
            # Chromium refuses to start as root with its sandbox.
            words.append("--no-sandbox")
        said = os.open(self._folder / "said", os.O_CREAT | os.O_WRONLY, 0o600)
        # What it says first: the file may stand where an end of a pipe is to go.
        files = [(os.POSIX_SPAWN_DUP2, said, 2), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        files += [(os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4)]
        files.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
        try:
            # A group of its own: all its processes can be ended together, and Ctrl-C reaches this one alone.
            self._process = os.posix_spawn(self.program, words, os.environ, file_actions=files, setpgroup=0)
        except OSError as error:
            raise _EndedError(f"{self.program} cannot be started ({error.strerror})") from None
        finally:
            for end in (theirs_in, theirs_out, said):
                os.close(end)

    def _end(self):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._process, 0)

    # --- pages --------------------------------------------------------------------------------------------

    def print(self, paths, tabs, done):
        """
        Print pages, several at a time.

        Parameters
        ----------
        paths : list of pathlib.Path
        tabs : int
        done : callable
            Called with path and error of each.

        Raises
        ------
        _EndedError
            If the browser ended or does not answer; some pages were not printed then.
        """
        limit = time.monotonic() + self.time_limit
        self.tabs = [self._open_tab(limit) for _ in range(min(tabs, len(paths)))]
        self.started = True
        waiting = collections.deque(paths)
        for tab in self.tabs:
            self._next(tab, waiting)
        sessions = {tab.session: tab for tab in self.tabs}
        while busy := [tab for tab in self.tabs if tab.path is not None]:
            message = self._receive(min(tab.ends for tab in busy))
            if message is None:
                late = [tab.path for tab in busy if tab.ends <= time.monotonic()]
                raise _EndedError(f"it took longer than {self.time_limit:g} s", late)
            tab = self.asked.pop(message.get("id"), None) or sessions.get(message.get("sessionId"))
            if tab is None or tab.path is None:
                continue
            error = self._step(tab, message)
            if error is not None:
                path, tab.path = tab.path, None
                done(path, error)
                self._next(tab, waiting)

    def _open_tab(self, limit):
        target = self._call("Target.createTarget", limit, url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", limit, targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable", limit, session)
        self._call("Page.setLifecycleEventsEnabled", limit, session, enabled=True)
        self._call("Emulation.setScriptExecutionDisabled", limit, session, value=True)
        return _Tab(session)

    def _next(self, tab, waiting):
        if waiting:
            tab.path, tab.loader, tab.loaded, tab.scale = waiting.popleft(), "", "", 1.0
            tab.ends = time.monotonic() + self.time_limit
            self._ask(tab, "Page.navigate", url=tab.path.resolve().as_uri())

    def _step(self, tab, message):
        """Go on with a page after a message on it: None while it is under way, at the end its error or ""."""
        if "error" in message:
            return f"the browser says: {message['error'].get('message', 'error')}"
        answer, event = message.get("result", {}), message.get("params", {})
        if "data" in answer:
            pdf = base64.b64decode(answer["data"])
            if self.most and len(_SHEET.findall(pdf)) > self.most and tab.scale > SMALLEST:
                tab.scale = max(tab.scale - _STEP, SMALLEST)
                self._ask(tab, "Page.printToPDF", **_PRINT, scale=tab.scale)
                return None
            return _write(tab.path.with_suffix(".pdf"), pdf)
        if answer.get("errorText"):
            return f"the browser cannot open it ({answer['errorText']})"
        if message.get("method") == "Inspector.targetCrashed":
            raise _EndedError("its process in the browser ended (memory?)", [tab.path])
        if message.get("method") == "Page.lifecycleEvent" and event["name"] == "load":
            tab.loaded = event["loaderId"]
        tab.loader = answer.get("loaderId", tab.loader)
        # The blank page of a new tab is loaded too: only the one that was asked for counts.
        if tab.loader and tab.loader == tab.loaded:
            tab.loaded = ""
            self._ask(tab, "Page.printToPDF", **_PRINT)
        return None

    # --- messages -----------------------------------------------------------------------------------------

    def _ask(self, tab, method, **values):
        self.asked[self._send(method, tab.session, values)] = tab

    def _call(self, method, limit, session=None, **values):
        number = self._send(method, session, values)
        while (message := self._receive(limit)) is not None:
            if message.get("id") == number:
                if "error" in message:
                    raise _EndedError(f"the browser refuses {method}: {message['error'].get('message')}")
                return message["result"]
        raise _EndedError(f"the browser did not start within {self.time_limit:g} s")

    def _send(self, method, session, values):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": values}
        message |= {"sessionId": session} if session else {}
        try:
            os.write(self._out, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise self._ended() from None
        return number

    def _receive(self, limit):
        """Wait for a message; None when the time is over."""
        searched = 0
        while (end := self._received.find(b"\0", searched)) < 0:
            searched = len(self._received)
            if not select.select([self._in], [], [], max(0, limit - time.monotonic()))[0]:
                return None
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise self._ended()
            self._received += piece
        text = bytes(self._received[:end])
        del self._received[: end + 1]
        try:
            return json.loads(text)
        except ValueError:
            raise _EndedError(f"{self.program} does not answer as a browser does") from None

    def _ended(self):
        """Say that the browser ended, with its own last words; a page is to blame if it was open alone."""
        text = (self._folder / "said").read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        grave = [line for line in lines if "FATAL" in line] or lines[-1:]
        words = f" and said: {grave[-1].rstrip('.')}" if grave else ""
        pages = self.open_pages
        return _EndedError(f"the browser ended{words}", pages if len(pages) == 1 else [])


def _write(path, pdf):
    """Write a PDF; return why that cannot be done, or ""."""
    if not pdf.startswith(b"%PDF-"):
        return "the browser gave no PDF"
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(_settled(pdf))
    except OSError as error:
        return f"{path} cannot be written ({error.strerror})"
    return ""


def _settled(pdf):
    """
    Take out of a PDF what differs between runs, keeping every length, so that its table of places holds.

    Dates become blanks. Parts of tables are numbered anew in the order of their numbers, in which they are
    sorted.
    """
    pdf = _DATE.sub(lambda found: b" " * len(found[0]), pdf)
    numbers = {old: b"%08d" % new for new, old in enumerate(sorted(set(_NODE.findall(pdf))), start=1)}
    return _NODE.sub(lambda found: numbers[found[0]], pdf)
