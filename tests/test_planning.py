"""The plan is judged at a glance where all is well, and by the libraries of the trade wherever it is not."""

import json
import subprocess
import sys

import jsonschema
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import planning
from helpers.files import project_root

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.sampled_from([2.0, 0.5, "", "a", "70"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
# Words with what they may be given, and what they may not.
schemas = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from([*planning._TYPES, "null", "text", 3]),
            "enum": st.lists(values, max_size=3) | st.just("abc"),
            "minimum": st.sampled_from([2, 2.5, True, "2"]),
            "maximum": st.integers(0, 9),
            "exclusiveMinimum": st.integers(0, 9),
            "pattern": st.sampled_from(["^[0-9]{2}$", "a", "("]),
            "minItems": st.sampled_from([0, 1, 2]),
            "default": values,
            "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
            "multipleOf": st.just(2),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "items": inner,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
            "additionalProperties": st.booleans() | inner,
        },
    ),
    max_leaves=4,
)


@given(values, schemas)
def test_what_fits_at_a_glance_fits_by_the_library(value, schema):
    if planning._fits(value, schema):
        assert jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (5, {"type": "integer", "minimum": 2, "maximum": 9, "default": 5}),
        (["a"], {"type": "array", "items": {"enum": ["a", "b"]}, "default": []}),
        ({"a": "70"}, {"required": ["a"], "properties": {"a": {"pattern": "^[0-9]{2}$"}}}),
    ],
)
def test_usual_values_fit_at_a_glance(value, schema):
    assert planning._fits(value, schema)


def test_a_wrong_schema_is_told_by_the_library():
    said = planning._faults("here", {"k": 5}, {"properties": {"k": {"minimum": "two"}}})
    assert said == ["here (a JSON Schema), properties.k.minimum: 'two' is not of type 'number'."]


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (project_root() / "notebooks").glob("0*.ipynb"))
)
def test_parameters_at_a_glance_are_those_that_papermill_finds(name):
    path = project_root() / "notebooks" / name
    assert planning._assigned(path) == set(papermill.inspect_notebook(path))


@pytest.mark.parametrize(
    "text",
    [
        "no notebook",
        "[]",
        json.dumps({"cells": []}),
        json.dumps({"cells": [{"metadata": {"tags": ["parameters"]}, "source": "a <- 1; b ="}]}),
    ],
)
def test_what_is_not_seen_at_a_glance_is_left_to_papermill(tmp_path, text):
    (tmp_path / "a.ipynb").write_text(text)
    assert planning._assigned(tmp_path / "a.ipynb") == set()


def test_planning_imports_nothing_heavy():
    program = """
import sys
from pathlib import Path
from helpers import planning, site
plan = [job.page for job in planning.narrowed(planning.read_jobs(Path("reports"), {}))]
site.navigator(site.present(Path("reports"), plan, plan))
print(*sorted({"pandas", "numpy", "jsonschema", "papermill", "nbformat", "nbconvert"} & set(sys.modules)))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=project_root(), capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == ""
