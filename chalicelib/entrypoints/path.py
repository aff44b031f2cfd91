"""A path such as ``/api/posts/1/comments:list`` as resource, action, ids and association.

The action stands behind the last colon of the resource or of the association; a path without one gets it from the HTTP method.
Segments come percent-encoded and are decoded once, so ``a%2Fb`` is the id ``a/b``. Source: https://docs.nocobase.com/api/resources
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from chalicelib.errors import Json, NotFound

OF_LIST = {"GET": "list", "HEAD": "list", "POST": "create", "DELETE": "destroy"}
OF_ONE = {"GET": "get", "HEAD": "get", "POST": "update", "PUT": "update", "PATCH": "update", "DELETE": "destroy"}


class Target(NamedTuple):
    """``samples:trigger/91`` is ``("samples", "trigger", "91", None, None)``."""

    resource: str
    action: str
    record_id: str | None = None
    association: str | None = None
    association_id: str | None = None


def prefix_of(context: Mapping[str, Json]) -> str:
    """What stands before ``/api`` in the address that the client called: the stage, or the base path of a custom domain.

    ``context``: the gateway's request context, whose ``path`` is the whole path.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    path, stage = str(context.get("path") or ""), f"/{context.get('stage')}"
    if path.startswith(f"{stage}/api/"):
        return stage
    return path[: max(0, path.find("/api/"))]


def parse_target(method: str, segments: list[str]) -> Target:
    """The target of one to four raw path segments. Raises NotFound for a path that names no action."""
    parts = [unquote(segment) for segment in segments]
    if len(parts) > 4 or not all(parts):
        raise NotFound("Not Found")
    resource, action = _split(parts[0])
    if len(parts) >= 3:
        if action:
            raise NotFound(f'"{parts[0]}" cannot be followed by an association')
        association, action = _split(parts[2])
        last = parts[3] if len(parts) == 4 else None
        return Target(resource, action or _implied(method, last), parts[1], association, last)
    record_id = parts[1] if len(parts) == 2 else None
    return Target(resource, action or _implied(method, record_id), record_id)


def _split(segment: str) -> tuple[str, str]:
    """Name and action, an empty action where there is no colon. Raises NotFound when the colon has nothing beside it."""
    name, colon, action = segment.rpartition(":")
    if colon and not (name and action):
        raise NotFound(f'"{segment}" names no action; write it as in samples:list')
    return (name, action) if colon else (action, "")


def _implied(method: str, last: str | None) -> str:
    action = (OF_LIST if last is None else OF_ONE).get(method)
    if action is None:
        raise NotFound(f"{method} is no action here; name one, as in samples:list")
    return action
