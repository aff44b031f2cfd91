"""Workflows as documents: ``workflows:export`` gives one as a nested text that can be kept in a repository, ``workflows:import`` takes it.

The document holds what the workflow *is*: no ids, no times, no counts, and not whether it is enabled. What is imported and exported again
is the same document. Source of the fields: https://docs.nocobase.com/workflow/development/api
"""

from __future__ import annotations

from chalicelib.domain.record import Record, Row
from chalicelib.engine.node_validation import UNKNOWN_NODE
from chalicelib.engine.validation import nest
from chalicelib.errors import Invalid, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.editing import Editing, edit_once, view
from chalicelib.services.known_keys import OF_WORKFLOW, check_known
from chalicelib.services.versions import (
    AREA,
    check,
    checked_key,
    demote_others,
    finished_only,
    first_version,
    found_version,
    free_version_id,
    is_frozen,
    mirror,
    new_data,
    next_version,
    numbered,
    version_id_of,
    versions_of,
)
from chalicelib.services.workflow_rows import row_of

DOCUMENT = ("key", "title", "description", "triggerTitle", "type", "sync", "config", "options")


class DefinitionFiles:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def export(self, call: Call) -> Answer:
        """``{"key", "title", "type", "sync", "config", "options", "nodes": [nested], …}`` of one version."""
        return view(self._backend, call, AREA, lambda editing: Answer(document_of(found_version(editing, version_id_of(call)))))

    def bring(self, call: Call) -> Answer:
        """The version made from a document, with its nodes.

        A key that is not taken (or none) makes a workflow, a key that is taken its next version; ``filterByTk`` names a version that has
        not run, to be replaced in place. The version is enabled only when the document says ``"enabled": true``; ``"current": true``
        makes a next version the current one without that."""

        def act(editing: Editing) -> Answer:
            values = call.values()
            check_known(values, OF_WORKFLOW, "a workflow", (*DOCUMENT, "nodes", "enabled", "current"))
            if call.target_key is not None:
                return Answer(row_of(_replaced(editing, found_version(editing, version_id_of(call)), values), with_nodes=True))
            data = new_data(values, checked_key(values.get("key")))
            siblings = versions_of(editing, data["key"])
            for sibling in siblings:
                _check_type(sibling, data)
            version_id = free_version_id(editing)
            data["nodes"], data["nodeSeq"] = numbered(values.get("nodes"), version_id, 0)
            check(editing, data, _to_be_right, sent=values.get("nodes"))
            data["current"] = values.get("current") is True
            made = next_version(editing, data, version_id) if siblings else first_version(editing, data, version_id)
            return Answer(row_of(made, with_nodes=True))

        return edit_once(self._backend, call, AREA, act)


def _to_be_right(problem: Problem, data: Row) -> bool:
    """What a document must have right: one that is not enabled may lack nodes that others refer to, as a version that is being edited
    may, and so comes back as it was exported."""
    return finished_only(problem, data) and (data.get("enabled") is True or problem.code != UNKNOWN_NODE)


def document_of(version: Record) -> Row:
    """The version without what belongs to this installation only."""
    data = version.item["data"]
    return {name: data[name] for name in DOCUMENT if data.get(name) is not None} | {"nodes": nest(data.get("nodes") or [])}


def _replaced(editing: Editing, version: Record, values: Row) -> Record:
    """Stage the version with another content. Raises Invalid when it has run."""
    if is_frozen(version):
        raise Invalid("an executed version can not be replaced; import without filterByTk to add a version", code="WORKFLOW_FROZEN")
    key = version.row["key"]
    if values.get("key", key) != key:
        raise Invalid(f'the version belongs to the workflow "{key}"', path="key", code="READ_ONLY_FIELD")
    data = new_data({"enabled": version.row["enabled"] or False} | values, key)
    _check_type(version, data)
    data["nodes"], data["nodeSeq"] = numbered(values.get("nodes"), int(version.id), version.item["data"].get("nodeSeq") or 0)
    check(editing, data, _to_be_right, sent=values.get("nodes"))
    if data["enabled"]:
        data["current"] = True
        demote_others(editing, key, int(version.id))
    changed = editing.unit.update(version, data)
    mirror(editing, changed)
    return changed


def _check_type(version: Record, data: Row) -> None:
    if version.row["type"] != data["type"]:
        raise Invalid(f'the workflow "{version.row["key"]}" has the type "{version.row["type"]}"', path="type", code="READ_ONLY_FIELD")
