"""Query: read one record or a list of records of a collection.

The result is a record or null (``multiple`` false), or a list. Records written earlier in the same run are seen. Paging counts for
a single record too: page 2 of size 20 is the 21st record. Source: https://docs.nocobase.com/workflow/nodes/query
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.collection import Collection
from chalicelib.domain.query import parse_sort
from chalicelib.domain.references import has_template
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope
from chalicelib.nodes.record_config import (
    APPENDS,
    FILTER,
    RecordConfig,
    check_records,
    collection_of,
    config_schema,
    params_of,
    prepare_records,
    rendered_records,
)

PAGE_SIZE = 20
MOST_ROWS = 10_000

SCHEMA = config_schema(
    {
        "filter": FILTER,
        "sort": {
            "type": ["array", "string", "null"],
            "title": "Sort",
            "description": "Fields to sort by: `{field, direction: asc|desc}` or text such as `-createdAt`.",
            "items": {
                "type": ["object", "string"],
                "properties": {
                    "field": {"type": "string", "title": "Field", "description": "Name of a field of the collection."},
                    "direction": {"enum": ["asc", "desc"], "title": "Direction", "description": "`asc` (default) or `desc`."},
                },
                "required": ["field"],
            },
        },
        "appends": APPENDS,
        "page": {
            "type": ["integer", "string", "null"],
            "minimum": 1,
            "title": "Page",
            "description": "Which page, from 1; may be a template.",
        },
        "pageSize": {
            "type": ["integer", "string", "null"],
            "minimum": 1,
            "maximum": MOST_ROWS,
            "title": "Page size",
            "description": f"Records per page, {PAGE_SIZE} if not given; may be a template.",
        },
    },
    multiple={
        "type": "boolean",
        "default": False,
        "title": "Several records",
        "description": "false: the first record that matches, or null. true: a list.",
    },
    failOnEmpty={
        "type": "boolean",
        "default": False,
        "title": "Fail when nothing is found",
        "description": "true: the node fails when no record matches.",
    },
)


def run(prepared: RecordConfig, scope: Scope, ports: Ports) -> Outcome:
    """A row or None; a list of rows with ``multiple``. FAILED when empty and ``failOnEmpty``. Raises Invalid for a bad page."""
    config = rendered_records(prepared, scope)
    params, multiple = params_of(config), bool(config.get("multiple"))
    page, page_size = _number(params, "page", 1), _number(params, "pageSize", PAGE_SIZE)
    rows = ports.records.find(
        config["collection"],
        filter=params.get("filter"),
        sort=_sort_texts(params.get("sort")),
        appends=params.get("appends") or (),
        page=page if multiple else (page - 1) * page_size + 1,
        page_size=page_size if multiple else 1,
    )
    failed = not rows and bool(config.get("failOnEmpty"))
    result = rows if multiple else next(iter(rows), None)
    return Outcome(status.FAILED if failed else status.RESOLVED, result)


def _number(params: dict[str, Json], name: str, default: int) -> int:
    value = params.get(name)
    if value is None or value == "":
        return default
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MOST_ROWS:
        raise Invalid(f'"params.{name}" must be a whole number from 1 to {MOST_ROWS}', path=f"params.{name}")
    return number


def _sort_texts(sort: Json) -> Json:
    """``[{"field": "title", "direction": "desc"}]`` as ``["-title"]``; texts stay."""
    if not isinstance(sort, list):
        return sort
    return [_sort_text(entry) if isinstance(entry, dict) else entry for entry in sort]


def _sort_text(entry: dict[str, Json]) -> Json:
    name = entry.get("field")
    return f"-{name}" if isinstance(name, str) and entry.get("direction") == "desc" else name


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    found = check_records(config, path, definitions) + _problems_of_paging(params_of(config), f"{path}.params")
    collection = collection_of(config, path, definitions)
    sort = params_of(config).get("sort")
    return found if isinstance(collection, list) else found + _problems_of_sort(sort, collection, f"{path}.params.sort")


def _problems_of_paging(params: dict[str, Json], path: str) -> list[Problem]:
    """Texts without templates that are no numbers; other values are the schema's to refuse."""
    found: list[Problem] = []
    for name in ("page", "pageSize"):
        if isinstance(params.get(name), str) and not has_template(params[name]):
            try:
                _number(params, name, 1)
            except Invalid as invalid:
                found.append(Problem(f"{invalid.message}, or a template", f"{path}.{name}"))
    return found


def _problems_of_sort(sort: Json, collection: Collection, path: str) -> list[Problem]:
    """The mistakes a sort without templates has; entries of another form are the schema's to refuse."""
    texts = _sort_texts(sort)
    if has_template(sort) or (isinstance(texts, list) and not all(isinstance(text, str) for text in texts)):
        return []
    try:
        parse_sort(texts if isinstance(texts, list | str) else None, collection)
    except Invalid as invalid:
        return [Problem(problem.message, path, problem.code) for problem in invalid.problems()]
    return []


NODE = NodeType("query", SCHEMA, run, prepare_records, check=check, testable=True)
