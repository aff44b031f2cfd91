"""Small schemas that many others are made of."""

from __future__ import annotations

from chalicelib.services.openapi_schemas import ID_SCHEMAS, Schema, array_of, record
from chalicelib.triggers import request_interception

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": ["boolean", "null"]}
NULLABLE_TEXT: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer"}
ID = ID_SCHEMAS["integer"]
INTERCEPTED: Schema = {"enum": list(request_interception.ACTIONS)}
ANY: Schema = {}

_ROW: Schema = {"type": ["object", "null"]}
_ID: Schema = {"type": ["integer", "string"]}
_WRITTEN = {"collection": TEXT, "id": _ID, "action": {"enum": ["create", "update", "destroy"]}, "before": _ROW, "after": _ROW}
_REHEARSED = {"writes": array_of(record(_WRITTEN)), "sent": array_of({"type": "object"}), "notWalked": array_of(TEXT)}
DRY_RUN: Schema = {"anyOf": [record(_REHEARSED, ("writes", "sent")), {"const": True}], "description": "`true` of what was to run later."}
