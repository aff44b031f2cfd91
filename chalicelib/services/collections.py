"""Collections and their fields over HTTP. Source: https://docs.nocobase.com/data-sources/data-modeling/collection

A definition is one record of the collection ``collections``, its fields inside. A collection made again under an old name gets a new
uid, so it never sees the records of the one before. A field that becomes indexed on a collection with records is indexed at once, up
to 1,000 records.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import (
    Definition,
    check_collection,
    check_field,
    parse_collection,
    public_collection,
    remove_field,
    update_field,
)
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import COLLECTIONS, SYSTEM_COLLECTIONS
from chalicelib.engine.commit import commit
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json, NotFound
from chalicelib.services.association_keys import Stage, with_keys
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, edit, open_for, view

AREA = "collections"
MOST_INLINE = 1_000
BATCH = 80
FIXED = ("name", "shards", "idType", "uid", "key", "system", "filterTargetKey", "autoGenId")


class Collections:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

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
        def act(editing: Editing) -> Answer:
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            search = Search(
                COLLECTIONS, editing.records.filter(filter_of(call), COLLECTIONS), parse_sort(call.params.get("sort"), COLLECTIONS)
            )
            found = editing.records.search(search).records
            page = found[paging.offset : paging.offset + paging.page_size] if paging.paginate else found
            meta = {"count": len(found), "page": paging.page, "pageSize": paging.page_size, "totalPage": -(-len(found) // paging.page_size)}
            return Answer([_public(record.item["data"]) for record in page], meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = editing.definition(_name(call))
            return Answer(_public(record.item["data"]) if record else None)

        return view(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        """Title, description and other options; what decides where records lie cannot change. ``fields`` may be sent whole."""

        touched = {_name(call)}
        stage = _stager(touched)

        def act(editing: Editing) -> Answer:
            values = dict(call.values())
            record = _defined(editing, _name(call))
            definition = record.item["data"]
            fixed = [name for name in FIXED if name in values and values[name] != definition.get(name)]
            if fixed:
                raise Invalid(f"{', '.join(fixed)} of a collection cannot change", path=fixed[0])
            if not isinstance(values.get("title", ""), str | None):
                raise Invalid("title must be text", path="title")
            fields = values.pop("fields", None)
            changed = definition | values
            if fields is not None:
                changed = with_keys(editing, _with_field_list(editing, changed, fields), _exists(editing), stage)
            _store(editing, record, changed)
            return Answer([_public(changed)])

        return self._edit_and_index(call, touched, act)

    def destroy(self, call: Call) -> Answer:
        """Removes the definition; the records are out of reach from that moment. Refused while another collection points here."""

        def act(editing: Editing) -> Answer:
            name = _name(call)
            record = editing.definition(name)
            if record is None:
                return Answer(0)
            others = editing.records.search(Search(COLLECTIONS, EVERYTHING)).records
            users = [
                f"{o.row['name']}.{f['name']}" for o in others if o.row["name"] != name for f in o.row["fields"] if f.get("target") == name
            ]
            if users:
                raise Invalid(f'"{name}" is the target of {", ".join(users)}; remove those associations first', path="name")
            editing.unit.destroy(record)
            return Answer(1)

        return edit(self._backend, call, AREA, act)

    def list_fields(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            fields = _public(_defined(editing, call.record_id or "").item["data"])["fields"]
            meta = {"count": len(fields), "page": 1, "pageSize": len(fields), "totalPage": 1}
            return Answer(fields, meta=meta)

        return view(self._backend, call, AREA, act)

    def get_field(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            fields = _public(_defined(editing, call.record_id or "").item["data"])["fields"]
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
        """Removes the field; values that records hold of it are never shown again."""

        def act(editing: Editing) -> Answer:
            record = _defined(editing, call.record_id or "")
            _store(editing, record, remove_field(_field_name(call), record.item["data"]))
            return Answer(1)

        return edit(self._backend, call, AREA, act)

    def _change_fields(self, call: Call, change: Callable[[Editing, Definition], Definition]) -> Answer:
        touched = {call.record_id or ""}
        stage = _stager(touched)

        def act(editing: Editing) -> Answer:
            record = _defined(editing, call.record_id or "")
            changed = with_keys(editing, change(editing, record.item["data"]), _exists(editing), stage)
            _store(editing, record, changed)
            name = _field_name(call) or call.values().get("name")
            return Answer(next((field for field in _public(changed)["fields"] if field["name"] == name), None))

        return self._edit_and_index(call, touched, act)

    def _edit_and_index(self, call: Call, names: set[str], act: Callable[[Editing], Answer]) -> Answer:
        """Commit the change, then index the records of the collections named (``act`` may add to them)."""
        answer = edit(self._backend, call, AREA, act)
        for name in names:
            self._index(call, name)
        return answer

    def _index(self, call: Call, name: str) -> None:
        """Write every record again, so that newly indexed fields have their index attributes; then let reads use the index."""
        editing = open_for(self._backend, call, AREA, "index")
        record = editing.definition(name)
        if record is None or not any(field.get("building") for field in record.item["data"]["fields"]):
            return
        collection = parse_collection(record.item["data"])
        for stored in editing.records.search(Search(collection, EVERYTHING)).records:
            editing.unit.update(stored, {})
            if len(editing.unit.staged) >= BATCH:
                self._flush(editing, call)
        self._flush(editing, call)

        def built(again: Editing) -> Answer:
            current = _defined(again, name)
            fields = [{k: v for k, v in field.items() if k != "building"} for field in current.item["data"]["fields"]]
            again.unit.update(current, {"fields": fields})
            return Answer()

        edit(self._backend, call, AREA, built)

    def _flush(self, editing: Editing, call: Call) -> None:
        commit(self._backend.store, self._backend.clock, editing.unit.writes(), call.deadline_ms)
        editing.unit.committed()


def _stager(touched: set[str]) -> Stage:
    """Stages the definition of another collection, and notes that it was touched."""

    def stage(editing: Editing, name: str, definition: Definition) -> None:
        touched.add(name)
        _store(editing, _defined(editing, name), definition)

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
    record = editing.definition(name)
    if record is None:
        raise NotFound(f'there is no collection "{name}"', code="COLLECTION_NOT_FOUND")
    return record


def _public(definition: Definition) -> Definition:
    shown = public_collection(definition)
    fields = [{name: value for name, value in field.items() if name != "building"} for field in shown["fields"]]
    return shown | {"fields": fields}


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


def _store(editing: Editing, record: Record, changed: Definition) -> None:
    """Stage the definition. Raises Invalid for a change that the records there do not allow."""
    before = parse_collection(record.item["data"])
    after = parse_collection(changed)
    if _has_records(editing, before):
        _check_against_records(editing, before, after)
        slots = {field.name: field.slot for field in before.fields.values()}
        new = {field.name for field in after.indexed_fields if field.slot != slots.get(field.name)}
        fields = [field | {"building": True} if field["name"] in new else field for field in changed["fields"]]
        changed = changed | {"fields": fields}
    removed = {name: None for name in record.item["data"] if name not in changed}
    editing.unit.update(record, changed | removed)


def _has_records(editing: Editing, collection: Collection) -> bool:
    return any(editing.reads.store.query("records", partition, limit=1).items for partition in collection.partitions)


def _check_against_records(editing: Editing, before: Collection, after: Collection) -> None:
    for name, field in after.fields.items():
        old = before.fields.get(name)
        if old and not old.is_association and old.type != field.type:
            raise Invalid(f'the type of "{name}" cannot change while the collection has records', path=name)
        if field.unique and not (old and old.unique):
            raise Invalid(f'"{name}" cannot become unique while the collection has records', path=name)
        if field.required and not field.is_association and not (old and old.required) and field.default is None:
            raise Invalid(f'"{name}" cannot become required while the collection has records', path=name)
    slots = {field.name: field.slot for field in before.fields.values()}
    if any(field.slot != slots.get(field.name) for field in after.indexed_fields):
        counted = sum(editing.reads.store.count("records", partition, limit=MOST_INLINE) for partition in before.partitions)
        if counted > MOST_INLINE:
            raise Invalid(f"a field can be indexed later only while the collection has at most {MOST_INLINE} records", path="fields")


def _shards_note(shards: int) -> dict[str, Json]:
    return {"count": shards, "about": f"{10 * shards} GB and {1000 * shards} writes a second; fixed for good"}
