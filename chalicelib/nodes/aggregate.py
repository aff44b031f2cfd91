"""Aggregate: one number about many records: how many, their sum, average, least or greatest value of a field.

The records are those of a collection, or with ``associated`` the partners of one record. Sums are exact: 0.1 and 0.2 are 0.3.
Source: https://docs.nocobase.com/workflow/nodes/aggregate
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction

from chalicelib.domain import status
from chalicelib.domain.collection import Collection
from chalicelib.domain.filter import is_readable
from chalicelib.domain.filter_operands import kind_of
from chalicelib.domain.references import has_template, named_collection, problems_of_filter, unknown_field
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope
from chalicelib.nodes.record_config import (
    COLLECTION,
    FILTER,
    RecordConfig,
    collection_of,
    params_of,
    prepare_records,
    problems_of_texts,
    rendered_records,
)

PRECISION, MOST_DECIMALS = 2, 14

EXACT = Context(prec=1_000)  # digits from the largest double to the smallest


def _sum(numbers: Sequence[Decimal]) -> Fraction:
    total = Decimal()
    for number in numbers:
        total = EXACT.add(total, number)
    return Fraction(total)


AGGREGATORS: Mapping[str, Callable[[Sequence[Decimal]], Fraction]] = {
    "count": lambda numbers: Fraction(len(numbers)),
    "sum": _sum,
    "avg": lambda numbers: _sum(numbers) / len(numbers) if numbers else Fraction(),
    "min": lambda numbers: Fraction(min(numbers, default=Decimal())),
    "max": lambda numbers: Fraction(max(numbers, default=Decimal())),
}

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["aggregator"],
    "properties": {
        "aggregator": {"enum": list(AGGREGATORS), "title": "Aggregate function", "description": "`count`, `sum`, `avg`, `min` or `max`."},
        "associated": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Associated records",
            "description": "false: records of `collection`. true: the partners of one record, which `association` names.",
        },
        "collection": COLLECTION | {"type": ["string", "null"]},
        "association": {
            "type": ["object", "null"],
            "title": "Association",
            "properties": {
                "associatedCollection": {"type": "string", "title": "Collection of the record", "description": "Whose partners are meant."},
                "name": {"type": "string", "title": "Association", "description": "Name of an association of that collection."},
                "associatedKey": {
                    "type": ["string", "integer"],
                    "title": "Id of the record",
                    "description": "Mostly a template such as `{{$context.data.id}}`.",
                },
            },
        },
        "params": {
            "type": ["object", "null"],
            "title": "Parameters",
            "properties": {
                "field": {
                    "type": ["string", "null"],
                    "title": "Field",
                    "description": "The field that is reckoned with; `count` counts the records in which it is not null, without it all.",
                },
                "distinct": {
                    "type": ["boolean", "null"],
                    "default": False,
                    "title": "Distinct",
                    "description": "true: equal values count once.",
                },
                "filter": FILTER,
            },
        },
        "precision": {
            "type": ["integer", "string", "null"],
            "default": PRECISION,
            "title": "Decimals",
            "description": f"To how many decimals the result is rounded, 0 to {MOST_DECIMALS}; may be a template.",
        },
    },
}


def run(prepared: RecordConfig, scope: Scope, ports: Ports) -> Outcome:
    """A number, 0 where there is nothing to reckon with. Raises Invalid for a filter or key that templates made invalid."""
    config = rendered_records(prepared, scope)
    params, name = params_of(config), config["aggregator"]
    found = [value for value in _values(config, params, ports) if value is not None]
    found = list(dict.fromkeys(found)) if params.get("distinct") else found
    numbers = [Decimal()] * len(found) if name == "count" else [_exact(value) for value in found]
    return Outcome(status.RESOLVED, _rounded(AGGREGATORS[name](numbers), _precision(config.get("precision"))))


def _values(config: dict[str, Json], params: dict[str, Json], ports: Ports) -> list[Json]:
    field, condition = params.get("field") or "id", params.get("filter")
    if not config.get("associated"):
        return ports.records.values(config["collection"], field, filter=condition)
    link = config["association"]
    return ports.records.values(
        link["associatedCollection"], field, filter=condition, association=(link["name"], link.get("associatedKey"))
    )


def _exact(value: Json) -> Decimal:
    """The number as it is written. Raises Invalid."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid('only numbers can be reckoned with: one of the values of "params.field" is none', path="params.field")
    return Decimal(value if isinstance(value, int) else repr(value))


def _precision(value: Json) -> int:
    """Decimals, brought within 0 to 14. Raises Invalid for what is no whole number."""
    if value is None or value == "":
        return PRECISION
    number = int(value) if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool):
        raise Invalid('"precision" must be a whole number from 0 to 14', path="precision")
    return max(0, min(number, MOST_DECIMALS))


def _rounded(number: Fraction, decimals: int) -> int | float:
    """To so many decimals, halves away from zero; a whole number where it is one. Raises Invalid beyond what a number can hold."""
    shifted = (abs(number) * 10**decimals + Fraction(1, 2)) // 1
    rounded = Fraction(shifted, 10**decimals) * (-1 if number < 0 else 1)
    try:
        return int(rounded) if rounded.denominator == 1 and abs(rounded) < 2**53 else float(rounded)
    except OverflowError:
        raise Invalid("the result is too large for a number", path="params.field") from None


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """A collection, association or field that is not there; a field without numbers; a filter that cannot be."""
    collection = _associated(config, path, definitions) if config.get("associated") else _chosen(config, path, definitions)
    found = problems_of_texts(config, path) + _problems_of_precision(config.get("precision"), f"{path}.precision")
    if isinstance(collection, list):
        return found + collection
    params, path = params_of(config), f"{path}.params"
    found += _problems_of_field(params.get("field"), config.get("aggregator"), collection, f"{path}.field")
    return found + problems_of_filter(params.get("filter"), collection, f"{path}.filter", definitions.collection)


def _problems_of_precision(value: Json, path: str) -> list[Problem]:
    """A text that is no number; other values are the schema's to refuse."""
    if not isinstance(value, str) or has_template(value):
        return []
    try:
        _precision(value)
    except Invalid as invalid:
        return [Problem(f"{invalid.message}, or a template", path)]
    return []


def _chosen(config: dict[str, Json], path: str, definitions: Definitions) -> Collection | list[Problem]:
    if not config.get("collection"):
        return [Problem('"collection" is required, or "association" with "associated": true', f"{path}.collection")]
    return collection_of(config, path, definitions)


def _associated(config: dict[str, Json], path: str, definitions: Definitions) -> Collection | list[Problem]:
    """The collection of the partners, or what is wrong with the association."""
    raw, path = config.get("association"), f"{path}.association"
    link: dict[str, Json] = raw if isinstance(raw, dict) else {}
    wanted = {"associatedCollection": "a collection", "name": "one of its associations", "associatedKey": "an id or a template"}
    found = [Problem(f'"{name}" is required: {what}', f"{path}.{name}") for name, what in wanted.items() if link.get(name) in (None, "")]
    if found:
        return found
    owners = named_collection(str(link["associatedCollection"]), f"{path}.associatedCollection", definitions.collection)
    if isinstance(owners, Problem):
        return [owners]
    field = owners.field(str(link["name"]))
    if field is None or not field.is_association:
        return [Problem(f'"{link["name"]}" is not an association of collection "{owners.name}"', f"{path}.name")]
    target = named_collection(field.target or "", f"{path}.name", definitions.collection)
    return [target] if isinstance(target, Problem) else target


def _problems_of_field(name: Json, aggregator: Json, collection: Collection, path: str) -> list[Problem]:
    if name in (None, ""):
        return [] if aggregator == "count" else [Problem(f'"field" is required: "{aggregator}" of which field?', path)]
    field = collection.field(name) if isinstance(name, str) else None
    if field is None or not is_readable(field):
        return [unknown_field(str(name), collection, path)]
    if field.is_association:
        return [Problem(f'"{name}" is an association; choose a field with values', path)]
    if aggregator != "count" and kind_of(field) != "number":
        return [Problem(f'"{aggregator}" needs a field with numbers, "{name}" is of type {field.type}', path)]
    return []


NODE = NodeType("aggregate", SCHEMA, run, prepare_records, check=check, testable=True)
