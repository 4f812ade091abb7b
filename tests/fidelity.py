"""Compare two executed notebooks: equal but for what differs between two runs of one stock kernel."""

import copy
import difflib
import json
import re

# Times, processes, places in memory, and identifiers that are drawn anew in every run.
_MASKS = [
    (r"ipykernel_\d+/\d+\.py", "ipykernel.py"),
    (r"kernel-[\w-]+\.json", "kernel.json"),
    (r"tmp[\w]+\.json", "kernel.json"),
    (r"0x[0-9a-f]{6,}", "0x"),
    (r"(\b|(?<=IPY_MODEL_))[0-9a-f]{32}\b", "id"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "id"),
    (r"\d+(\.\d+)? ?(n|µ|μ|m)?s\b", "time"),
    (r"<dc:date>[^<]*", "<dc:date>"),
    (r"(Thread-|Task-|Process-)\d+", r"\1"),
    (r"<function (\S+) at 0x>", r"<function \1>"),
    (r"(?m)^(CPU times|Wall time):.*$", r"\1"),
]


def masked(notebook):
    """
    Take out of an executed notebook what differs from run to run.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    dict
        Plain, without times, addresses, process numbers and random identifiers; what a stream said in a row
        stands in one output.
    """
    plain = json.loads(json.dumps(notebook))
    for part in [plain, *plain["cells"]]:
        said = part["metadata"].get("papermill", {})
        for name in ("start_time", "end_time", "duration", "output_path"):
            if said.get(name):
                said[name] = "set"
        times = part["metadata"].get("execution", {})
        times.update(dict.fromkeys(times, "set"))
    for cell in plain["cells"]:
        if "outputs" in cell:
            cell["outputs"] = _joined(cell["outputs"])
    for kept in plain["metadata"].get("widgets", {}).values():
        # Models have random names, and name each other by them.
        kept["state"] = sorted(_mapped(json.dumps(model, sort_keys=True)) for model in kept["state"].values())
    return _mapped(plain)


def _joined(outputs):
    """Join what one stream said in a row: where it is cut is up to the clock."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" and output["name"] == last.get("name"):
            last["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def _mapped(value):
    if isinstance(value, dict):
        return {key: _mapped(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_mapped(entry) for entry in value]
    if isinstance(value, str) and len(value) < 10_000_000:
        for pattern, word in _MASKS:
            value = re.sub(pattern, word, value)
    return value


def differences(a, b):
    """
    Say where two executed notebooks differ.

    Parameters
    ----------
    a, b : nbformat.NotebookNode

    Returns
    -------
    list of str
        Sentences, empty if the notebooks are equal.
    """
    a, b = masked(a), masked(b)
    said = []
    # Markers of papermill have no names of their own.
    for each in (a, b):
        for number, cell in enumerate(each["cells"]):
            if "papermill-error-cell-tag" in cell["metadata"].get("tags", []):
                cell["id"] = f"marker {number}"
    one_by, other_by = ({cell.get("id"): cell for cell in each["cells"]} for each in (a, b))
    if list(one_by) != list(other_by):
        only = [name for name in one_by.keys() ^ other_by.keys()]
        said.append(f"other cells: {sorted(only)}" if only else "another order of cells")
    for name in (name for name in one_by if name in other_by):
        one, other = one_by[name], other_by[name]
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                lines = _lines(one.get(key)), _lines(other.get(key))
                changes = [line[:200] for line in difflib.unified_diff(*lines, n=0, lineterm="")][2:14]
                said.append(f"cell {name!r}, {key}:\n  " + "\n  ".join(changes))
    a, b = ({**copy.copy(n), "cells": None} for n in (a, b))
    if a != b:
        said.append("notebook:\n  " + "\n  ".join(difflib.unified_diff(_lines(a), _lines(b), lineterm="")))
    return said


def _lines(value):
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    # Lines of text on lines of their own.
    return text.replace("\\n", "\n").splitlines()
