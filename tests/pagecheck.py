"""
Checks of finished pages, from their text and in a real browser; each gives a list of faults in words.

Addresses are followed by the rules of browsers for ``file://``: what a page names must lie beside it.
"""

import functools
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib

from helpers import wording

# Bytes that a page may have at most, by its name; other pages of a year or of all years have the first.
MOST = {"": 1_500_000, "briefing": 500_000, "explore": 3_000_000}
# What a browser loads by itself, by tag; a link is followed by a person.
_LOADS = {
    **dict.fromkeys(
        ("img", "script", "iframe", "source", "audio", "video", "embed", "track", "input"), "src"
    ),
    "link": "href",
    "object": "data",
    "image": "href",
    "use": "href",
}
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
# Of A4 in CSS pixels: the text between margins of 16 mm, and one margin.
PRINTED_WIDTH, MARGIN = 673, 60

_WIDER = """() => {
  const most = document.documentElement.clientWidth, found = [];
  const wide = document.scrollingElement.scrollWidth;
  if (wide > most) {
    // Innermost elements that reach over the edge, outside of boxes that scroll by themselves.
    for (const one of document.body.querySelectorAll("*")) {
      const box = one.getBoundingClientRect();
      if (box.right <= most + 1 || box.width === 0) continue;
      let held = false;
      for (let above = one.parentElement; above && above !== document.body; above = above.parentElement)
        held = held || getComputedStyle(above).overflowX !== "visible";
      if (!held) found.push(name(one) + " reaches to " + Math.round(box.right));
    }
    found.unshift("scrolls sideways: " + wide + " px of " + most);
  }
  function name(one) {
    const called = one.id ? "#" + one.id : one.getAttribute("class") ? "." + one.getAttribute("class") : "";
    return one.tagName.toLowerCase() + called;
  }
  return found.slice(0, 4);
}"""
_CUT = """(margin) => {
  const most = document.documentElement.clientWidth + margin, found = [];
  for (const one of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || !one.checkVisibility({ visibilityProperty: true })) continue;
    const hides = style.overflowX !== "visible" || style.overflowY !== "visible";
    const over = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
    if (hides && over && style.clipPath === "none") found.push([one, "hides a part of itself"]);
    else if (box.left < -margin && box.right > 0 || box.left < most && box.right > most)
      found.push([one, "reaches over the edge of the paper, to " + Math.round(box.right) + " of " + most]);
  }
  return found.filter(([one]) => !found.some(([other]) => other !== one && one.contains(other)))
    .map(([one, what]) => one.tagName.toLowerCase() + (one.className ? "." + one.className : "") + " " + what
      + ": " + one.textContent.trim().slice(0, 60)).slice(0, 4);
}"""


def parsed(path):
    """
    Read a page as a browser would.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    (xml.etree.ElementTree.Element, list of str)
        The element ``html``; drawings in it keep their namespace. And what is no valid syntax, with its line.
    """
    return _parsed(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=100)
def _parsed(path, _changed):
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(path.read_text(encoding="utf-8"))
    faults = [f"line {line}: {code} {values or ''}".strip() for (line, _), code, values in parser.errors]
    return tree, faults


def structure(path, language):
    """
    Look at syntax, headings, landmarks and language of a page.

    Parameters
    ----------
    path : pathlib.Path
    language : {"en", "vi"}

    Returns
    -------
    list of str
    """
    tree, faults = parsed(path)
    faults = list(faults)
    if tree.get("lang") != language:
        faults.append(f"its language is {tree.get('lang')!r}, not {language!r}")
    for one in tree.iter():
        if isinstance(one.tag, str) and one.get("lang", "en") not in wording.LANGUAGES:
            faults.append(f"<{one.tag} lang={one.get('lang')!r}> names no language of the site")
    if not " ".join(tree.find("head").findtext("title", "").split()):
        faults.append("it has no title")
    levels = [int(one.tag[1]) for one in tree.iter() if re.fullmatch("h[1-6]", str(one.tag))]
    if levels.count(1) != 1 or levels[:1] != [1]:
        faults.append(f"it should begin with its only heading of the first level; it has {levels[:9]}")
    before = 0
    for level in levels:
        if level > before + 1:
            faults.append(f"a heading of level {level} follows one of level {before}")
        before = level
    for tag in ("main", "header", "footer"):
        own = [one for one in tree.iter(tag) if tag == "main" or "site" in one.get("class", "").split()]
        if len(own) != 1:
            faults.append(f"it has {len(own)} elements <{tag}> of the site instead of one")
    for picture in tree.iter("img"):
        if len(picture.get("alt", "").strip()) < 20:
            faults.append(f"a picture is described by {picture.get('alt')!r}")
    return faults + _tables(tree)


def _tables(tree):
    """Faults of the heads of tables."""
    faults = []
    for table in tree.iter("table"):
        called = " ".join("".join(next(table.iter("caption"), table).itertext()).split())[:60]
        heads = list(table.iter("th"))
        if not heads:
            faults.append(f"table {called!r} has no heads")
        if any(head.get("scope") not in ("col", "row", "colgroup", "rowgroup") for head in heads):
            faults.append(f"table {called!r} has a head that does not say what it heads")
    return faults


def loaded(path):
    """
    Find what a page would load from elsewhere: it should carry everything inside.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    list of str
    """
    faults = []
    for one in parsed(path)[0].iter():
        tag = str(one.tag).removeprefix(_SVG)
        for address in (one.get(_LOADS.get(tag, "")), one.get("srcset"), one.get("poster"), one.get(_XLINK)):
            if tag != "a" and address and not address.startswith(("data:", "#")):
                faults.append(f"<{tag}> loads {address[:80]}")
        for style in (one.text if tag == "style" else "", one.get("style")):
            for address in re.findall(r"@import[^;]*|url\(\s*[\"']?([^\"')]*)", style or ""):
                if not address.startswith(("data:", "#")):
                    faults.append(f"a style of <{tag}> loads {address[:80]}")
    return faults


def addresses(path):
    """The addresses that a person can follow from a page, each once (list of str)."""
    links = (one for one in parsed(path)[0].iter() if str(one.tag).removeprefix(_SVG) in ("a", "area"))
    found = (one.get("href", one.get(_XLINK)) for one in links)
    return list(dict.fromkeys(address for address in found if address is not None))


def dead_links(path, within, outside=()):
    """
    Find links of a page that lead nowhere.

    Parameters
    ----------
    path : pathlib.Path
    within : pathlib.Path
        Folder of the site; no link may leave it.
    outside : container of str
        Addresses on the network that may be linked to.

    Returns
    -------
    list of str
    """
    faults = []
    for address in addresses(path):
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            if address not in outside:
                faults.append(f"leads out of the site: {address[:100]}")
            continue
        there = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
        anchor = unquote(parts.fragment)
        if not there.is_relative_to(within.resolve()):
            faults.append(f"leads out of the folder: {address}")
        elif not there.is_file():
            faults.append(f"leads to a file that is not there: {address}")
        # The fragment of a page may also be what is chosen on it, which has a sign that no id has.
        elif anchor and there.suffix == ".html" and "=" not in anchor and anchor not in _ids(there):
            faults.append(f"leads to a place that is not there: {address}")
        elif address == "":
            faults.append("leads to itself")
    return faults


def _ids(path):
    return {one.get("id") for one in parsed(path)[0].iter()}


def other_languages(path):
    """
    Say where the switch of languages leads.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    dict of str to pathlib.Path
        The page in each other language.
    """
    switch = [one for one in parsed(path)[0].iter("nav") if "languages" in one.get("class", "").split()]
    links = [link for nav in switch for link in nav.iter("a")]
    return {link.get("hreflang"): (path.parent / unquote(link.get("href"))).resolve() for link in links}


def drawing(path):
    """
    Look for what an SVG may not have: scripts, handlers of events, pages inside, anything from elsewhere.

    Parameters
    ----------
    path : pathlib.Path or str
        The file, or its text.

    Returns
    -------
    list of str
    """
    text = path.read_text(encoding="utf-8") if isinstance(path, Path) else path
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return [f"no XML: {error}"]
    faults = []
    for one in tree.iter():
        tag = one.tag.rpartition("}")[2] if isinstance(one.tag, str) else ""
        if tag in ("script", "foreignObject", "iframe", "set", "animate", "a"):
            faults.append(f"has an element {tag}")
        for name, value in one.attrib.items():
            plain = name.rpartition("}")[2]
            if plain.lower().startswith("on") or (plain == "href" and not value.startswith(("#", "data:"))):
                faults.append(f"{tag} has {plain}={value[:60]!r}")
    return faults


def too_large(path, name=""):
    """
    Compare the size of a page with what it may have.

    Parameters
    ----------
    path : pathlib.Path
    name : {"", "briefing", "explore"}

    Returns
    -------
    list of str
    """
    size = path.stat().st_size
    return [f"it has {size:,} bytes, more than {MOST[name]:,}"] if size > MOST[name] else []


# --- in a browser, on a page opened with `browser.opened` -----------------------------------------------


def sideways(page):
    """
    Say what makes an open page scroll sideways.

    Parameters
    ----------
    page : playwright.sync_api.Page

    Returns
    -------
    list of str
        How far it reaches, then some elements that do.
    """
    return page.evaluate(_WIDER)


def cut_in_print(page):
    """
    Say what an open page does not show in full on paper. It shows the page as printed from here on.

    What reaches into the margin is let be.

    Parameters
    ----------
    page : playwright.sync_api.Page

    Returns
    -------
    list of str
    """
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PRINTED_WIDTH, "height": 1000})
    # A page that draws for the width it has does so a moment later.
    page.wait_for_timeout(200)
    return page.evaluate(_CUT, MARGIN)


def violations(page, impacts=("serious", "critical")):
    """
    Ask axe-core what stands in the way of people on an open page.

    Parameters
    ----------
    page : playwright.sync_api.Page
    impacts : collection of str
        Which of "minor", "moderate", "serious", "critical" count.

    Returns
    -------
    list of str
        Impact, rule, what it says and the first places of each.
    """
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['impact']}: {one['id']} ({one['help']}), {len(one['nodes'])} times: "
        + "; ".join(" ".join(map(str, node["target"])) for node in one["nodes"][:3])
        for one in found
        if one["impact"] in impacts
    ]
