"""Reading the paths of an SVG back, one sign after the other, by the grammar of the format."""

import re

import numpy as np

_TOKEN = re.compile(r"([A-Za-z])|(-?(?:\d+(?:\.\d*)?|\.\d+))|([\s,]+)")


def commands(d):
    """
    Part a path into its commands.

    Parameters
    ----------
    d : str

    Returns
    -------
    list of (str, list of float)
        Letter and numbers.
    """
    found, place = [], 0
    while place < len(d):
        token = _TOKEN.match(d, place)
        assert token, f"{d[place : place + 20]!r} is neither a letter nor a number"
        if token[1]:
            found.append((token[1], []))
        elif token[2]:
            found[-1][1].append(float(token[2]))
        place = token.end()
    return found


def points(d):
    """
    Follow a path of lines.

    Parameters
    ----------
    d : str
        Of M, m, L, l and z.

    Returns
    -------
    list of (numpy.ndarray, bool)
        Of each part its points, absolute, and whether it is closed.
    """
    parts, pen = [], np.zeros(2)
    for letter, numbers in commands(d):
        if letter in "zZ":
            parts[-1][1], pen = True, parts[-1][0][0]
            continue
        assert letter in "MmLl"
        for number, pair in enumerate(np.reshape(numbers, (-1, 2))):
            pen = pair + pen * letter.islower()
            if letter in "Mm" and number == 0:
                parts.append([[], False])
            parts[-1][0].append(pen)
    return [(np.array(places), closed) for places, closed in parts]
