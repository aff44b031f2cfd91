"""A form's verdict on what was put in, in bounded time: people write forms, and a form must not be able to hold up the server.

As `schema_problems`, with bounds on what a pattern is asked about, on lists whose entries must all differ, and on the input as a whole.
Source: https://python-jsonschema.readthedocs.io/en/stable/creating/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.domain.form_rules import MOST_INPUT, MOST_UNIQUE, size_of_input
from chalicelib.domain.patterns import MOST_TEXT, why_not_pattern
from chalicelib.engine.schema_problems import problems_of_errors
from chalicelib.errors import Json, Problem

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

MOST_KEPT = 500


def problems_of_form_values(values: dict[str, Json], form: dict[str, Json]) -> list[Problem]:
    """Everything in the values that the form forbids, each under the field's own name."""
    if size_of_input(values) > MOST_INPUT:
        return [Problem(f"the input has more than {MOST_INPUT} entries in all", code="TOO_LARGE")]
    return problems_of_errors(_validator(json.dumps(form, sort_keys=True)).iter_errors(values), "")


@lru_cache(maxsize=MOST_KEPT)
def _validator(text: str) -> Validator:
    made: Validator = _bounded()(json.loads(text))
    return made


@cache
def _bounded() -> Any:
    """The class of validators whose costly keywords are bounded; ``jsonschema`` is loaded when the first form is filled in."""
    from jsonschema import Draft202012Validator, validators

    own = {"pattern": _pattern, "uniqueItems": _unique_items, "multipleOf": _multiple_of}
    extend: Any = validators.extend
    return extend(Draft202012Validator, own)


def _pattern(validator: Validator, pattern: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if not isinstance(value, str):
        return
    if len(value) > MOST_TEXT:
        yield ValidationError("too long", validator="maxLength", validator_value=MOST_TEXT, instance=value)
    elif why_not_pattern(pattern) or not re.search(pattern, value):
        yield ValidationError("no match")


def _unique_items(validator: Validator, wanted: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    from jsonschema import Draft202012Validator, ValidationError

    if wanted and isinstance(value, list) and len(value) > MOST_UNIQUE:
        yield ValidationError("too many", validator="maxItems", validator_value=MOST_UNIQUE, instance=value)
    else:
        yield from Draft202012Validator.VALIDATORS["uniqueItems"](validator, wanted, value, schema) or ()


def _multiple_of(validator: Validator, step: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    from jsonschema import Draft202012Validator, ValidationError

    try:
        yield from Draft202012Validator.VALIDATORS["multipleOf"](validator, step, value, schema) or ()
    except (OverflowError, ZeroDivisionError):
        yield ValidationError(f"{str(value)[:40]} is not a multiple of {step}")
