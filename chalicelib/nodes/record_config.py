"""What the configs of the record nodes (query, create, update, destroy) have in common: schema parts, checks, run-time guards.

Source: https://docs.nocobase.com/workflow/nodes/query and the three pages beside it.
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.collection import Collection
from chalicelib.domain.references import (
    is_empty_filter,
    named_collection,
    problems_of_appends,
    problems_of_filter,
    problems_of_values,
)
from chalicelib.domain.template import Template, compile_template
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.nodes.base import Definitions, Scope

COLLECTION: dict[str, Json] = {
    "type": "string",
    "minLength": 1,
    "title": "Collection",
    "description": "Name of the collection, `samples` or `main:samples`.",
}
FILTER: dict[str, Json] = {
    "type": ["object", "string", "null"],
    "title": "Filter",
    "description": "Which records: a filter object, its values may be templates; or one template that gives such an object.",
}
VALUES: dict[str, Json] = {
    "type": ["object", "string"],
    "title": "Values",
    "description": "Field values, each may be a template; or one template that gives an object.",
}
APPENDS: dict[str, Json] = {
    "type": ["array", "null"],
    "items": {"type": "string"},
    "title": "Associations to load",
    "description": "Association paths of at most three levels, such as `category` or `category.parent`.",
}


def config_schema(params: dict[str, Json], **more: Json) -> dict[str, Json]:
    """The schema of a record node: ``collection``, ``params`` with these properties, and more properties beside them."""
    return {
        "type": "object",
        "required": ["collection"],
        "properties": {
            "collection": COLLECTION,
            **more,
            "params": {"type": ["object", "null"], "title": "Parameters", "properties": params},
        },
    }


class RecordConfig(NamedTuple):
    """A record node's config, prepared: the template of the whole, its filter as it was written, and where that stands."""

    template: Template
    filter: Json
    filter_path: str = "params.filter"


def prepare_records(config: dict[str, Json]) -> RecordConfig:
    return RecordConfig(compile_template(config), params_of(config).get("filter"))


def rendered_records(prepared: RecordConfig, scope: Scope) -> Json:
    """The config with its templates filled in. Raises Invalid when one of them put an object into the filter.

    A template in a filter stands for a value. An object there would be read as operators, and the context comes from the caller:
    ``{"id": {"$ne": 0}}`` in a body would turn "this record" into "all others"."""
    config = prepared.template.render(scope)
    if isinstance(prepared.filter, dict):
        params = params_of(config)
        config = {**config, "params": {**params, "filter": _values_only(prepared.filter, params.get("filter"), prepared.filter_path)}}
    return config


def _values_only(written: Json, value: Json, path: str) -> Json:
    """The filled-in filter; a template that gave nothing makes a condition that nothing meets, and not one that null meets."""
    if isinstance(written, dict) and isinstance(value, dict):
        if len(written) != len(value):
            raise Invalid("two names of the filter became one when their templates were filled in", path=path)
        pairs = zip(written.values(), value.items(), strict=True)
        return dict(_condition(inner, name, filled, f"{path}.{name}") for inner, (name, filled) in pairs)
    if isinstance(written, list) and isinstance(value, list):
        return [_values_only(inner, filled, f"{path}.{n}") for n, (inner, filled) in enumerate(zip(written, value, strict=True))]
    members = value if isinstance(value, list) else [value]
    if _is_template(written) and any(isinstance(member, dict | list) for member in members):
        raise Invalid(f"{written} must give a value or a list of values here, not an object", path=path, code="OBJECT_IN_FILTER")
    return value


def _condition(written: Json, name: str, filled: Json, path: str) -> tuple[str, Json]:
    if _is_template(written) and filled is None:
        return ("$in", []) if name.startswith("$") else (name, {"$in": []})
    return name, _values_only(written, filled, path)


def _is_template(written: Json) -> bool:
    return isinstance(written, str) and "{{" in written


def params_of(config: Json) -> dict[str, Json]:
    params = config.get("params")
    return params if isinstance(params, dict) else {}


def collection_of(config: dict[str, Json], path: str, definitions: Definitions) -> Collection | list[Problem]:
    """The collection that the config names, or what is wrong with it (nothing when the schema says it already)."""
    name = config.get("collection")
    if not isinstance(name, str) or not name:
        return []
    found = named_collection(name, f"{path}.collection", definitions.collection)
    return [found] if isinstance(found, Problem) else found


def check_records(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """A collection, fields, associations that are not there; a filter that cannot be."""
    collection, found = collection_of(config, path, definitions), problems_of_texts(config, path)
    if isinstance(collection, list):
        return found + collection
    params, path, find = params_of(config), f"{path}.params", definitions.collection
    return [
        *found,
        *problems_of_values(params.get("values"), collection, f"{path}.values", find),
        *problems_of_filter(params.get("filter"), collection, f"{path}.filter", find),
        *problems_of_appends(params.get("appends"), collection, f"{path}.appends", find),
    ]


def problems_of_texts(config: dict[str, Json], path: str) -> list[Problem]:
    """A filter or values written as a text that no template makes an object of."""
    params = params_of(config)
    return [
        Problem(f'"params.{name}" must be an object, or one template that gives an object', f"{path}.params.{name}")
        for name in ("filter", "values")
        if isinstance(params.get(name), str) and "{{" not in params[name]
    ]


def check_filtered_write(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """As `check_records`; and a filter must be there, since no filter means every record."""
    found = check_records(config, path, definitions)
    if is_empty_filter(params_of(config).get("filter")):
        message = '"params.filter" is required and must hold a condition: without one every record of the collection would be meant'
        found.append(Problem(message, f"{path}.params.filter"))
    return found


def filter_or_refuse(params: dict[str, Json]) -> Json:
    """The rendered filter of a write. Raises Invalid when its templates left nothing of it."""
    if is_empty_filter(params.get("filter")):
        raise Invalid('"params.filter" is empty once its templates are filled in: every record would be meant', path="params.filter")
    return params["filter"]


def object_or_refuse(params: dict[str, Json], name: str) -> dict[str, Json]:
    """The rendered object ``params.<name>``, ``{}`` when it is not given. Raises Invalid when a template gave something else."""
    value = params.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(f'"params.{name}" must be an object, its template gave {type(value).__name__}', path=f"params.{name}")
    return value
