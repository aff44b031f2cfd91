"""``python -m local.api_reference``: writes ``docs/api-reference.md`` from the OpenAPI document of a product with one example collection.

Source: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.passwords import Argon2Passwords
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import check_collection, parse_collection
from chalicelib.domain.system_collections import USERS
from chalicelib.services.backend import Backend
from chalicelib.services.openapi_document import Usable, describing, document
from chalicelib.services.product import Product

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api-reference.md"
EXAMPLE = ROOT / "example" / "10-collections.json"
SHOWN = ("categories", "samples")

Json = dict[str, Any]


def example_document() -> Json:
    """The OpenAPI document as root sees it, with the example's first collections."""
    product = Product(Backend(MemoryStore(), SystemClock(), TokenSigner(secrets.token_hex(32)), Argon2Passwords()))
    known: dict[str, Collection] = {}
    for one in json.loads(EXAMPLE.read_text())["collections"]:
        if one["name"] in SHOWN:
            known[one["name"]] = parse_collection(check_collection(one, known.__contains__))
    return document([Usable.by([], True, one) for one in (USERS, *known.values())], describing(product.handlers()))


def page() -> str:
    """The page as Markdown."""
    whole = example_document()
    parts = ["# API reference", INTRODUCTION, *_operations(whole), "## Schemas", *_schemas(whole)]
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """Every action with its parameters, body and answers; the collection `samples` stands for any collection. Written by
`make reference` from the document that `GET /api/openapi.json` answers with, which also has your own collections in it. Every answer may
also be an error: `{"errors": [{"message", "code", "path"}]}`."""


def _operations(whole: Json) -> Iterator[str]:
    tag = ""
    for path, item in whole["paths"].items():
        method, operation = next((method, item[method]) for method in ("get", "post") if method in item)
        if operation["tags"][0] == "categories":
            continue
        if operation["tags"][0] != tag:
            tag = operation["tags"][0]
            yield f"## {tag}"
        yield f"### {method.upper()} {path}\n\n" + "\n".join(_lines(whole, operation))


def _lines(whole: Json, operation: Json) -> Iterator[str]:
    yield f"{operation['summary']}. {operation.get('description', '')}".strip()
    yield ""
    parameters = [_resolved(whole, one) for one in operation.get("parameters", [])]
    if parameters:
        yield "- Parameters: " + ", ".join(f"`{one['name']}` ({one['in']})" for one in parameters)
    if "requestBody" in operation:
        yield f"- Body: {_kind(operation['requestBody']['content']['application/json']['schema'])}"
    done = next(status for status in operation["responses"] if status.startswith("2"))
    said = "" if done == "200" else f" ({done})"
    yield f"- Answer: {_kind(operation['responses'][done]['content']['application/json']['schema'])}{said}"
    if done == "200" and "202" in operation["responses"]:
        yield "- Or 202: the same, and a workflow of the call runs on (`Location`)"
    yield "- Errors: " + ", ".join(status for status in operation["responses"] if status not in (done, "202", "default"))


def _schemas(whole: Json) -> Iterator[str]:
    for name, schema in sorted(whole["components"]["schemas"].items()):
        if name.startswith("categories.") or name in ("users.read", "Document"):
            continue
        rows = list(_rows(schema.get("anyOf", [schema])))
        table = ["| Property | Type | |", "|---|---|---|", *rows]
        yield f"### {name}\n\n" + ("\n".join(table) if rows else _kind(schema))


def _rows(kinds: Iterable[Json]) -> Iterator[str]:
    seen = set()
    for kind in kinds:
        for name, schema in kind.get("properties", {}).items():
            row = f"| {name} | {_kind(schema)} | {_about(schema, name in kind.get('required', []))} |"
            if row not in seen:
                seen.add(row)
                yield row


def _about(schema: Json, required: bool) -> str:
    text = str(schema.get("description") or "").replace("|", "\\|")
    return " ".join(part for part in ("Required." if required else "", text) if part)


def _kind(schema: Json) -> str:
    """The schema in a few words: ``text or null``, ``list of Error``, ``{"data": samples.read}``."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{json.dumps(one)}`" for one in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    types = schema.get("type", "any")
    if types == "array" and "items" in schema:
        return f"list of {_kind(schema['items'])}"
    if types == "object" and schema.get("properties"):
        return "object of " + ", ".join(f"`{name}`: {_kind(one)}" for name, one in schema["properties"].items())
    return " or ".join(types) if isinstance(types, list) else str(types)


def _resolved(whole: Json, parameter: Json) -> Json:
    found: Json = whole["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
    return found


if __name__ == "__main__":
    PAGE.write_text(page())
