"""A JSON Schema's verdict on a value, in sentences people can use: ``"rejectOnFalse" is required``.

``jsonschema`` is imported when the first definition is saved; running a workflow never needs it.
Source: https://python-jsonschema.readthedocs.io/en/stable/errors/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from chalicelib.errors import Json, Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

SENTENCES: dict[str, Callable[[Json, Json], str]] = {
    "type": lambda wanted, value: f"must be {_kinds(wanted)}",
    "enum": lambda wanted, value: f"must be one of {', '.join(_choice(one) for one in wanted if one is not None)}",
    "minLength": lambda wanted, value: "must not be empty" if wanted == 1 else f"must have at least {wanted} characters",
    "maxLength": lambda wanted, value: f"must have at most {wanted} characters",
    "minItems": lambda wanted, value: "must have at least one entry" if wanted == 1 else f"must have at least {wanted} entries",
    "maxItems": lambda wanted, value: f"must have at most {wanted} entries, it has {len(value)}",
    "minimum": lambda wanted, value: f"must be at least {wanted}",
    "maximum": lambda wanted, value: f"must be at most {wanted}",
    "pattern": lambda wanted, value: f"must match {wanted}",
}

_validators: dict[int, Draft202012Validator] = {}


def problems_of_schema(value: Json, schema: dict[str, Json], path: str) -> list[Problem]:
    """Everything in ``value`` that the schema forbids. ``path`` (may be empty) is where the value stands in the whole definition."""
    return problems_of_errors(_validator(schema).iter_errors(value), path)


def problems_of_errors(errors: Iterable[ValidationError], path: str) -> list[Problem]:
    """The errors of a validator, each once, in sentences."""
    return list(dict.fromkeys(problem for error in errors for problem in _problems_of_error(error, path)))


def _validator(schema: dict[str, Json]) -> Draft202012Validator:
    """Kept by the identity of the schema, which the validator itself keeps alive."""
    from jsonschema import Draft202012Validator

    if id(schema) not in _validators:
        Draft202012Validator.check_schema(schema)
        _validators[id(schema)] = Draft202012Validator(schema)
    return _validators[id(schema)]


def _problems_of_error(error: ValidationError, path: str) -> Iterable[Problem]:
    parts = [str(part) for part in error.absolute_path]
    wanted: Json = error.validator_value
    value: Json = error.instance
    if error.validator == "required":
        missing = [name for name in wanted if name not in value]
        return [Problem(f'"{".".join([*parts, name])}" is required', _join(path, [*parts, name])) for name in missing]
    if error.validator == "additionalProperties" and wanted is False:
        return _unknown(parts, error, path)
    name = ".".join(parts) or path or "value"
    sentence = SENTENCES.get(str(error.validator))
    text = sentence(wanted, value) if sentence else f"is wrong: {error.message}"
    return [Problem(f'"{name}" {text}', _join(path, parts))]


def _unknown(parts: list[str], error: ValidationError, path: str) -> list[Problem]:
    """One for each name that the schema does not have."""
    schema: Json = error.schema
    value: Json = error.instance
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    names = [name for name in value if name not in known and not any(re.search(pattern, name) for pattern in patterns)]
    options = ", ".join(known) or "none"
    return [Problem(f'"{".".join([*parts, name])}" is not known; the options are {options}', _join(path, [*parts, name])) for name in names]


def _join(path: str, parts: list[str]) -> str:
    return ".".join([path, *parts] if path else parts)


def _choice(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _kinds(wanted: Json) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(KINDS[name] for name in names if name != "null" or len(names) == 1)
