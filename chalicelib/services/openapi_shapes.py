"""Small schemas that many others are made of."""

from __future__ import annotations

from chalicelib.services.openapi_schemas import ID_SCHEMAS, Schema
from chalicelib.triggers import request_interception

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": ["boolean", "null"]}
NULLABLE_TEXT: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer"}
ID = ID_SCHEMAS["integer"]
INTERCEPTED: Schema = {"enum": list(request_interception.ACTIONS)}
ANY: Schema = {}
