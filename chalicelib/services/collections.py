"""Collections and their fields over HTTP. Source: https://docs.nocobase.com/data-sources/data-modeling/collection

A definition is one record of the collection ``collections``, its fields inside. A collection made again under an old name gets a new
uid, so it never sees the records of the one before. What a change means for records that are there is `lifecycle`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.definition import (
    Definition,
    check_collection,
    check_field,
    public_collection,
    remove_field,
    update_field,
)
from chalicelib.domain.definition_rules import audit_mistake
from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import COLLECTIONS, SYSTEM_COLLECTIONS
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json, NotFound
from chalicelib.services.association_keys import Stage, with_keys
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.dropping import (
    disable_actions,
    disable_workflows,
    refuse_while_pointed_at,
    refuse_while_triggers_name,
    remove_rules,
)
from chalicelib.services.editing import Editing, edit, edit_once, view
from chalicelib.services.lifecycle import Lifecycle, drop_job, job_of, store_definition
from chalicelib.services.listing import shape_of
from chalicelib.services.reindexing import shown as progress
from chalicelib.services.renaming import renamed

AREA = "collections"
FIXED = ("shards", "idType", "uid", "key", "system", "filterTargetKey", "autoGenId")


class Collections:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lifecycle = Lifecycle(backend)

    def create(self, call: Call) -> Answer:
        """The collection made. ``shards`` is fixed for good: one shard takes about 10 GB and 1,000 writes a second."""

        touched: set[str] = set()
        stage = _stager(touched)

        def act(editing: Editing) -> Answer:
            values = call.values()
            if isinstance(values.get("name"), str) and _exists(editing)(values["name"]):
                raise Invalid(f"Collection named {values['name']} already exists", path="name", code="NOT_UNIQUE")
            definition = check_collection(values, _exists(editing), id_type=editing.id_type)
            definition = with_keys(editing, definition, lambda name: name == definition["name"] or _exists(editing)(name), stage)
            editing.unit.create(COLLECTIONS, definition | {"id": definition["name"]})
            return Answer(_public(definition), meta={"shards": _shards_note(definition["shards"])})

        return self._edit_and_index(call, touched, act)

    def list_collections(self, call: Call) -> Answer:
        """A page of definitions; ``fields`` and ``except`` choose among their options."""

        def act(editing: Editing) -> Answer:
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            shape = shape_of(call)
            search = Search(
                COLLECTIONS, editing.records.filter(filter_of(call), COLLECTIONS), parse_sort(call.params.get("sort"), COLLECTIONS)
            )
            found = editing.records.search(search).records
            page = found[paging.offset : paging.offset + paging.page_size] if paging.paginate else found
            meta = {"count": len(found), "page": paging.page, "pageSize": paging.page_size, "totalPage": -(-len(found) // paging.page_size)}
            return Answer([shape(_public(record.item["data"])) for record in page], meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def list_meta(self, call: Call) -> Answer:
        """Every definition with its fields, unpaged: what clients load when they start."""
        return self.list_collections(replace(call, params=call.params | {"paginate": "false"}))

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = editing.definition(_name(call))
            return Answer(_with_progress(editing, record.item["data"]) if record else None)

        return view(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        """Title, description and other options; what decides where records lie cannot change. ``fields`` may be sent whole.

        A new ``name`` takes everything that names the collection along: associations, roles, workflows."""

        touched = {_name(call)}
        stage = _stager(touched)

        def act(editing: Editing) -> Answer:
            values = dict(call.values())
            record = _defined(editing, _name(call))
            definition = record.item["data"]
            fixed = [name for name in FIXED if name in values and values[name] != definition.get(name)]
            new_name = values.pop("name", None)
            if fixed:
                raise Invalid(f"{', '.join(fixed)} of a collection cannot change", path=fixed[0])
            if not isinstance(values.get("title", ""), str | None):
                raise Invalid("title must be text", path="title")
            if mistake := audit_mistake(values.get("audit")):
                raise Invalid(mistake, path="audit")
            fields = values.pop("fields", None)
            changed = definition | values
            if fields is not None:
                changed = with_keys(editing, _with_field_list(editing, changed, fields), _exists(editing), stage)
            if new_name is not None and new_name != definition["name"]:
                changed = renamed(editing, record, changed, new_name)
            else:
                changed = store_definition(editing, record, changed)
            return Answer([_public(changed)])

        return self._edit_and_index(call, touched, act)

    def destroy(self, call: Call) -> Answer:
        """Removes the definition; the records are out of reach from that moment, and a job removes them. Roles lose their rules for it,
        workflows that start on it or ask people for its records are disabled (``meta.disabled``), and so are its actions
        (``meta.actionsDisabled``); ``meta.stillNamed``: workflows with other nodes that name it. Refused while another collection points
        here."""
        dropped: list[str] = []

        def act(editing: Editing) -> Answer:
            name = _name(call)
            _refuse_system(name)
            record = editing.definition(name)
            if record is None:
                return Answer(0)
            refuse_while_pointed_at(editing, name)
            meta: dict[str, Json] = disable_workflows(editing, name) | {"rolesChanged": remove_rules(editing, name)}
            meta["actionsDisabled"] = disable_actions(editing, name)
            editing.unit.destroy(record)
            editing.extra += drop_job(record.item["data"], self._backend.clock.now_ms())
            dropped[:] = [record.item["data"]["uid"]]
            return Answer(1, meta={key: names for key, names in meta.items() if names} or None)

        answer = edit(self._backend, call, AREA, act)
        for uid in dropped:
            self._lifecycle.purge(call, uid)
        return answer

    def list_fields(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            shown = _with_progress(editing, _defined(editing, call.record_id or "").item["data"])
            fields = shown["fields"]
            meta = {"count": len(fields), "page": 1, "pageSize": len(fields), "totalPage": 1}
            return Answer(fields, meta=meta | ({"reindex": shown["reindex"]} if "reindex" in shown else {}))

        return view(self._backend, call, AREA, act)

    def get_field(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            fields = _with_progress(editing, _defined(editing, call.record_id or "").item["data"])["fields"]
            return Answer(next((field for field in fields if field["name"] == _field_name(call)), None))

        return view(self._backend, call, AREA, act)

    def create_field(self, call: Call) -> Answer:
        return self._change_fields(
            call, lambda editing, definition: check_field(call.values(), definition, _exists(editing), id_type=editing.id_type)
        )

    def update_field(self, call: Call) -> Answer:
        return self._change_fields(
            call,
            lambda editing, definition: update_field(
                _field_name(call), call.values(), definition, _exists(editing), id_type=editing.id_type
            ),
        )

    def destroy_field(self, call: Call) -> Answer:
        """Removes the field; what records hold of it goes with it. Refused while the trigger of an enabled workflow names it."""

        def act(editing: Editing) -> Answer:
            record = _defined(editing, call.record_id or "")
            changed = remove_field(_field_name(call), record.item["data"])
            refuse_while_triggers_name(editing, record.item["data"], changed)
            store_definition(editing, record, changed)
            return Answer(1)

        return self._edit_and_index(call, {call.record_id or ""}, act)

    def _change_fields(self, call: Call, change: Callable[[Editing, Definition], Definition]) -> Answer:
        touched = {call.record_id or ""}
        stage = _stager(touched)

        def act(editing: Editing) -> Answer:
            record = _defined(editing, call.record_id or "")
            changed = with_keys(editing, change(editing, record.item["data"]), _exists(editing), stage)
            changed = store_definition(editing, record, changed)
            name = _field_name(call) or call.values().get("name")
            return Answer(next((field for field in _public(changed)["fields"] if field["name"] == name), None))

        return self._edit_and_index(call, touched, act)

    def reindex(self, call: Call) -> Answer:
        """Goes on with the job of one collection, or with all jobs; says where they stand."""
        return self._lifecycle.carry_on(call)

    def _edit_and_index(self, call: Call, names: set[str], act: Callable[[Editing], Answer]) -> Answer:
        """Commit the change, then bring small collections that were touched in line at once (``act`` may add to the names)."""
        answer = edit_once(self._backend, call, AREA, act)
        for name in names:
            self._lifecycle.finish_small(call, name)
        return replace(answer, data=self._lifecycle.as_it_is(answer.data, call.record_id if call.association else None, _public))


def _stager(touched: set[str]) -> Stage:
    """Stages the definition of another collection, and notes that it was touched."""

    def stage(editing: Editing, name: str, definition: Definition) -> None:
        touched.add(name)
        store_definition(editing, _defined(editing, name), definition)

    return stage


def _name(call: Call) -> str:
    name = call.target_key
    if name is None:
        raise Invalid("this action needs the name of a collection: .../collections:get/<name> or filterByTk", path="filterByTk")
    return name


def _field_name(call: Call) -> str:
    key = call.association_id or call.params.get("filterByTk")
    return key if isinstance(key, str) else ""


def _exists(editing: Editing) -> Callable[[str], bool]:
    return lambda name: name in SYSTEM_COLLECTIONS or editing.definition(name) is not None


def _defined(editing: Editing, name: str) -> Record:
    """Raises NotFound, and Invalid for a system collection."""
    _refuse_system(name)
    record = editing.definition(name)
    if record is None:
        raise NotFound(f'there is no collection "{name}"', code="COLLECTION_NOT_FOUND")
    return record


def _refuse_system(name: str) -> None:
    if name in SYSTEM_COLLECTIONS:
        raise Invalid(
            f'"{name}" is a system collection; it can neither be changed nor removed', path="filterByTk", code="SYSTEM_COLLECTION"
        )


def _public(definition: Definition) -> Definition:
    """``building`` is true from the moment that a change is accepted until it holds for every record."""
    shown = public_collection(definition)
    marks = ("building", "becoming")
    return shown | {
        "fields": [field | {"building": True} if any(field.get(mark) for mark in marks) else field for field in shown["fields"]]
    }


def _with_progress(editing: Editing, definition: Definition) -> Definition:
    """The definition; where its records are being brought in line, how far that is; of a change that they refused, what they have against
    it, at the field."""
    shown, job = _public(definition), job_of(editing, definition["uid"])
    if job is None or (job["phase"] == "recheck" and job["small"]):
        return shown
    found = job["problems"] if job["phase"] == "failed" else []
    refused = {field["name"]: [p for p in found if p.get("path") == field["name"]] for field in shown["fields"]}
    fields = [field | ({"problems": refused[field["name"]]} if refused[field["name"]] else {}) for field in shown["fields"]]
    return shown | {"fields": fields, "reindex": progress(job, definition["name"])}


def _with_field_list(editing: Editing, definition: Definition, fields: Json) -> Definition:
    """``fields`` sent whole with ``collections:update``: known ones change, new ones are added, none is removed."""
    if not isinstance(fields, list):
        raise Invalid("fields must be a list of fields", path="fields")
    for raw in fields:
        known = {field["name"] for field in definition["fields"]}
        if isinstance(raw, dict) and raw.get("name") in known:
            definition = update_field(raw["name"], raw, definition, _exists(editing), id_type=editing.id_type)
        else:
            definition = check_field(raw, definition, _exists(editing), id_type=editing.id_type)
    return definition


def _shards_note(shards: int) -> dict[str, Json]:
    return {"count": shards, "about": f"{10 * shards} GB and {1000 * shards} writes a second; fixed for good"}
