"""Forms: JSON Schemas that people write for what an action asks, and that the server checks every input against.

Nothing is fetched for a form, it names nothing outside, and checking an input against it ends soon: no keyword that looks at the same value
again and again, and only patterns whose search is bounded (`patterns`).
Sources: https://json-schema.org/draft/2020-12/json-schema-core, https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from chalicelib.domain.patterns import why_not_pattern
from chalicelib.errors import Json, Problem

MOST_FORM_FIELDS = 100
MOST_FORM_NAMES = 2_000  # names at any depth
MOST_PATTERNS = 50
MOST_UNIQUE = 100  # entries of a list that must all differ: each is compared with each
MOST_INPUT = 1_000  # entries of all lists and objects of an input together
# fmt: off
FORBIDDEN_IN_FORMS = frozenset((
    "$ref", "$dynamicRef", "$recursiveRef", "$id", "$schema", "$anchor", "$dynamicAnchor", "$vocabulary",
    "patternProperties", "unevaluatedProperties", "unevaluatedItems",
))
# fmt: on


def problems_of_form(form: Json, at: str = "form") -> list[Problem]:
    """What a form may not hold, with its place, which begins with ``at``; whether it is a JSON Schema at all is asked elsewhere."""
    if not isinstance(form, dict):
        return []
    names = list(islice(_names(form, at), MOST_FORM_NAMES + 1))
    if len(names) > MOST_FORM_NAMES:
        return [Problem(f"a form has at most {MOST_FORM_NAMES} names at all its levels", at)]
    found = [*_problems_of_fields(form, at)]
    for path, name, _ in names:
        if name in FORBIDDEN_IN_FORMS:
            found.append(Problem(f'"{name}" is not for forms: write out what it stands for', f"{path}.{name}"))
    return found + _problems_of_patterns([(f"{path}.pattern", value) for path, name, value in names if name == "pattern"], at)


def problems_of_json_schema(form: Json, at: str = "form") -> list[Problem]:
    """Why an object is no JSON Schema, with the place, which begins with ``at``."""
    if not isinstance(form, dict):
        return []
    # Loaded when a form is saved: no other call should pay for it.
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(form)
    except SchemaError as error:
        place = ".".join([at, *map(str, error.absolute_path)])
        return [Problem(f'"{place}" is no JSON Schema: {error.message[:200]}', place)]
    return []


def size_of_input(value: Json) -> int:
    """The entries of all lists and objects in the value; counting stops when they are more than `MOST_INPUT`."""
    return sum(1 for _ in islice(_entries(value), MOST_INPUT + 1))


def _problems_of_fields(form: dict[str, Json], at: str) -> Iterator[Problem]:
    fields = form.get("properties")
    if form.get("type") != "object" or not isinstance(fields, dict):
        yield Problem('a form is a JSON Schema {"type": "object", "properties": {…}}', at)
        return
    if len(fields) > MOST_FORM_FIELDS:
        yield Problem(f"a form has at most {MOST_FORM_FIELDS} fields, this one has {len(fields)}", f"{at}.properties")
    required = form.get("required")
    for number, name in enumerate(required if isinstance(required, list) else []):
        if isinstance(name, str) and name not in fields:
            yield Problem(f'the form has no field "{name}" that it could require', f"{at}.required.{number}")


def _problems_of_patterns(patterns: list[tuple[str, Json]], at: str) -> list[Problem]:
    texts = [(path, text) for path, text in patterns if isinstance(text, str)]
    if len(texts) > MOST_PATTERNS:
        return [Problem(f"a form has at most {MOST_PATTERNS} patterns, this one has {len(texts)}", at)]
    refused = [(path, why_not_pattern(text)) for path, text in texts]
    return [Problem(f'"{path}" is not taken: {why}', path, "UNSAFE_PATTERN") for path, why in refused if why]


def _names(value: Json, path: str) -> Iterator[tuple[str, str, Json]]:
    """Every name in a JSON value, with where it stands and what it holds."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield path, name, inner
            yield from _names(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _names(inner, f"{path}.{number}")


def _entries(value: Json) -> Iterator[None]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield None
        yield from _entries(inner)
