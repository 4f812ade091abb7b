"""The headings of a page: an id for each, by which it is linked, and the table of contents."""

import html
import re
from dataclasses import dataclass

from helpers import provinces

# Fewer sections are seen at a glance.
FEWEST = 3
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """
    A heading of a page.

    Attributes
    ----------
    level : int
        From 1 to 6.
    name : str
        Its id.
    words : str
        Without markup.
    """

    level: int
    name: str
    words: str


def with_ids(body, taken):
    """
    Give each heading an id, made of its words, and a link to itself.

    Parameters
    ----------
    body : str
        HTML; headings that have attributes are left as they are.
    taken : iterable of str
        Ids that there are.

    Returns
    -------
    (str, list of Heading)
        The HTML, and the headings that were given an id.
    """
    taken, headings = set(taken), []

    def with_id(found):
        level, inside = found.groups()
        words = " ".join(html.unescape(re.sub(r"<[^>]*>", "", inside)).split())
        plain = re.sub(r"[^a-z0-9]+", "-", provinces.strip_diacritics(words).lower()).strip("-") or "section"
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name)
        headings.append(Heading(int(level), name, words))
        anchor = f'<a class="anchor" href="#{name}" aria-hidden="true" tabindex="-1">#</a>'
        return f'<h{level} id="{name}">{inside}{anchor}</h{level}>'

    return _HEADING.sub(with_id, body), headings


def listed(headings):
    """
    Choose what the table of contents shows: the sections, with what they are divided into.

    Parameters
    ----------
    headings : list of Heading

    Returns
    -------
    list of (Heading, list of Heading)
        Headings of the second level, each with those of the third below it; nothing if they are fewer than
        `FEWEST` in all.
    """
    sections = []
    for heading in headings:
        if heading.level == 2:
            sections.append((heading, []))
        elif heading.level == 3 and sections:
            sections[-1][1].append(heading)
    return sections if sum(1 + len(below) for _, below in sections) >= FEWEST else []


def inserted(body, navigation):
    """
    Put the table of contents where a reader looks for it: below the title and what it says first.

    Parameters
    ----------
    body : str
    navigation : str
        HTML of the table of contents; "" for none.

    Returns
    -------
    str
    """
    after_title = re.search(r"</h1>", body)
    place = after_title.end() if after_title else 0
    return f"{body[:place]}\n{navigation}\n{body[place:]}" if navigation else body
