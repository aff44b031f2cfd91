"""Procedures as the OpenAPI document describes them: made from the registry, with the schemas that their calls are held against.

Source: https://spec.openapis.org/oas/v3.1.0#operation-object
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.domain.collection import Collection
from chalicelib.procedures import PROCEDURES, Procedure
from chalicelib.services.openapi_action import KEYED, WRITE, Action, made
from chalicelib.services.openapi_schemas import Schema

REFUSALS = (*WRITE, "422", "504")


def needs_of(collection: str) -> tuple[str, ...]:
    """What a role may be allowed on the collection because of its procedures: ``call:sendWelcomeEmail``."""
    return tuple(f"call:{one.name}" for one in PROCEDURES.values() if one.collection == collection)


def procedure_schemas() -> dict[str, Schema]:
    """What each procedure takes and returns."""
    found: dict[str, Schema] = {}
    for one in PROCEDURES.values():
        found |= {_schema_name(one, "input"): one.input_schema, _schema_name(one, "output"): one.output_schema}
    return found


def procedure_actions(collection: Collection | None, permits: Mapping[str, object]) -> Iterator[tuple[str, str, Action, list[str]]]:
    """Path, operation id, action and ids of each procedure that may be called: of the collection (on a record, and on none), or of none."""
    for one in PROCEDURES.values():
        if one.collection != (collection.name if collection else None) or (collection and f"call:{one.name}" not in permits):
            continue
        about = one.description.partition("Raises ")[0].replace("``", "`").strip()
        output, taken = _schema_name(one, "output"), _schema_name(one, "input")
        action = Action(one.name, one.title, made, output, taken, parameters=KEYED, refusals=REFUSALS, about=about)
        path = f"/api/{one.address}"
        if collection:
            yield f"{path}/{{id}}", one.address, action, [f"id.{collection.id_type}"]
        yield path, f"{one.address}:alone" if collection else one.address, action, []


def _schema_name(one: Procedure, part: str) -> str:
    return f"Procedure-{one.address.replace(':', '.')}-{part}"
