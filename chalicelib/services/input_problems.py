"""What is wrong with an input: the values of a form, or the body of a procedure's call. Every mistake under the field's own name.

Source: https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import json

from chalicelib.engine.form_problems import problems_of_form_values
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import Json, Problem

MOST_KEPT = 500
_by_text: dict[str, dict[str, Json]] = {}


def problems_of_input(values: dict[str, Json], schema: dict[str, Json]) -> list[Problem]:
    """What is wrong with the input of a procedure; its schema is the team's own."""
    found, rest = _known(values, schema)
    return found + problems_of_schema(rest, same(schema), "")


def problems_of_form_input(values: dict[str, Json], form: dict[str, Json]) -> list[Problem]:
    """What is wrong with the values of a form. A field that it does not name is a mistake even when it leaves that open."""
    found, rest = _known(values, {"additionalProperties": False} | form)
    return found + problems_of_form_values(rest, form)


def _known(values: dict[str, Json], schema: dict[str, Json]) -> tuple[list[Problem], dict[str, Json]]:
    """What is wrong with fields that the schema does not name, and the other values."""
    known = schema.get("properties") or {}
    is_closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
    unknown = [name for name in values if name not in known] if is_closed else []
    names = ", ".join(known) or "none"
    found = [Problem(f'"{name}" is not taken here; the fields are: {names}', name, "UNKNOWN_FIELD") for name in unknown]
    return found, {name: value for name, value in values.items() if name not in unknown}


def same(schema: dict[str, Json]) -> dict[str, Json]:
    """One object for equal schemas: what checks a schema is kept by its object."""
    text = json.dumps(schema, sort_keys=True)
    if text not in _by_text:
        if len(_by_text) >= MOST_KEPT:
            _by_text.clear()
        _by_text[text] = schema
    return _by_text[text]
