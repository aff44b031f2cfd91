"""``workflows:revision``: a version that may be edited, made from one that has run, or a workflow of its own.

Nodes keep their keys, so that expressions stay right, and their numbers after the version's id.
Source: https://docs.nocobase.com/workflow/advanced/revisions
"""

from __future__ import annotations

from chalicelib.domain.ids import fresh_key
from chalicelib.domain.record import Record, Row
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.errors import Json, NotFound
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, edit_once
from chalicelib.services.versions import AREA, check, first_version, found_version, free_version_id, next_version, version_id_of
from chalicelib.services.workflow_rows import category_rows, row_of

COPIED = ("key", "title", "description", "triggerTitle", "type", "config", "options", "sync", "categories", "nodeSeq")
REPLACEABLE = ("title", "description")


class Revisions:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def revise(self, call: Call) -> Answer:
        """With ``filter={"key": …}`` the next version of that key, without it a copy under a key of its own; disabled, with no runs.

        The body may bring another title and description."""

        def act(editing: Editing) -> Answer:
            origin = found_version(editing, version_id_of(call))
            wanted = filter_of(call)
            if wanted and not editing.records.filter(wanted, WORKFLOWS).matches(origin.row):
                raise NotFound("the workflow does not match the filter", code="WORKFLOW_NOT_FOUND")
            changes = {name: value for name, value in call.values().items() if name in REPLACEABLE}
            has_key = isinstance(wanted, dict) and "key" in wanted
            made = add_revision(editing, origin, changes) if has_key else _add_copy(editing, origin, changes)
            return Answer(row_of(made) | {"categories": category_rows(editing, made)})

        return edit_once(self._backend, call, AREA, act)


def add_revision(editing: Editing, origin: Record, changes: dict[str, Json]) -> Record:
    """Stage the next version of the origin's key: disabled and not current. Raises Invalid for changes that are wrong."""
    version_id = free_version_id(editing)
    data = _copied(editing, origin, version_id) | changes
    check(editing, data, lambda problem, _: problem.path in REPLACEABLE)
    return next_version(editing, data, version_id)


def _add_copy(editing: Editing, origin: Record, changes: dict[str, Json]) -> Record:
    version_id = free_version_id(editing)
    title = {"title": f"{origin.row['title'] or ''} copy".strip()}
    data = _copied(editing, origin, version_id) | title | changes | {"key": fresh_key()}
    check(editing, data, lambda problem, _: problem.path in REPLACEABLE)
    return first_version(editing, data, version_id)


def _copied(editing: Editing, origin: Record, version_id: int) -> Row:
    """What the origin holds, its nodes numbered after the new version."""
    data = origin.item["data"]
    now, shift = editing.backend.now(), version_id - int(origin.id)
    times = {"createdAt": now, "updatedAt": now}
    nodes = [
        node | times | {"id": node["id"] + shift, "upstreamId": node["upstreamId"] + shift if node.get("upstreamId") is not None else None}
        for node in data.get("nodes") or []
    ]
    return {name: data[name] for name in COPIED if name in data} | {"nodes": nodes, "enabled": False}
