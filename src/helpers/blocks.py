"""Small pieces of HTML for what controls of a notebook show; every text is escaped."""

import html
import re

from helpers import site

# JupyterLab gives what controls show lines twice as high as letters, and knows no columns of numbers.
STYLE = """<style>
.explored { line-height: 1.4; }
.explored h3 { margin: 0.6em 0 0.2em; }
.explored p { margin: 0.4em 0; }
.explored pre {
  box-sizing: border-box; max-width: 100%; overflow-x: auto; padding: 0.6em; border: 1px solid #767676;
}
.explored table { border-collapse: collapse; font-size: 0.95em; }
.explored caption { text-align: left; padding: 0.3em 0; }
.explored th, .explored td { padding: 0.2em 0.5em; text-align: left; vertical-align: top; }
.explored .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.explored .window { max-height: 26em; overflow: auto; margin: 0 0 1em; border-bottom: 1px solid #767676; }
.explored .window > .table { overflow: visible; }
.explored thead th { position: sticky; top: 0; background: var(--jp-layout-color0, white); }
.explored figure { margin: 0; }
.explored figure img { width: 100%; height: auto; }
</style>"""


def shown(*parts):
    """
    Put parts together for one control.

    Parameters
    ----------
    *parts : str
        HTML.

    Returns
    -------
    str
    """
    return f'<div class="explored">{"".join(parts)}</div>'


def heading(text):
    """
    Make a heading.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return f"<h3>{html.escape(text)}</h3>"


def paragraph(text, strong=False):
    """
    Make a paragraph; what stands between backticks becomes code, between two asterisks bold.

    Parameters
    ----------
    text : str
    strong : bool
        Whether it says what has just happened: in bold, and told to screen readers as it changes.

    Returns
    -------
    str
    """
    said = re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))
    said = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", said)
    return f'<p role="status"><strong>{said}</strong></p>' if strong else f"<p>{said}</p>"


def table(frame, language, caption):
    """
    Make a table in a window of its own, so that what stands around it stays near.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `helpers.site.table` takes it.
    language : {"en", "vi"}
    caption : str

    Returns
    -------
    str
    """
    made = site.table(frame, language, caption)._repr_html_()
    return f'<div class="window">{made}</div>'


def folded(summary, inside):
    """
    Fold something away below a line.

    Parameters
    ----------
    summary : str
    inside : str
        HTML.

    Returns
    -------
    str
    """
    return f"<details><summary>{html.escape(summary)}</summary>{inside}</details>"


def code(text):
    """
    Show lines of code.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return f'<pre tabindex="0"><code>{html.escape(text)}</code></pre>'
