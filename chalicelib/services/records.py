"""The record actions of every collection: ``list get create update destroy``.

Scope and field rules of the caller's role hold for reading, filtering, sorting and expanding alike, because all four see the
collection through `PermittedRecords`. Source: https://docs.nocobase.com/api/actions
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import EVERYTHING, Filter, both
from chalicelib.domain.keys import record_key
from chalicelib.domain.query import parse_paging, parse_selection, parse_sort
from chalicelib.domain.record import Record, Row
from chalicelib.domain.selection import names_in
from chalicelib.engine.appends import expand
from chalicelib.engine.commit import store_errors
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dependents import destroy_records
from chalicelib.engine.finder import Search
from chalicelib.engine.reads import Reads
from chalicelib.errors import AppError, Forbidden, Invalid, Json, NotFound, PreconditionFailed, Problem
from chalicelib.services import idempotency
from chalicelib.services.action_events import Bound, bound_to, expect, segments_of
from chalicelib.services.backend import Backend, Claims
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.listing import asked_filter, cursor_of, is_simple, list_meta, wants_plan
from chalicelib.services.opened import Opened
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.preconditions import etag, names_version
from chalicelib.services.record_run import Done, perform
from chalicelib.services.session import NO_PERMISSIONS, Caller, authenticate, scope_filter, verified_claims

Values = Callable[[Row], Row]


class RecordActions:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def get(self, call: Call) -> Answer:
        """One record by its id, or the first that ``filter`` finds; ``null`` when it is not there. With its version as ETag."""

        def act(opened: Opened) -> Done:
            record = self._first_match(opened, call) if call.params.get("filter") else self._found(opened, self._target_id(opened, call))
            rows = shown_rows(opened, call, opened.collection, [record] if record else [])
            return Done(Answer(rows[0] if rows else None, headers={"ETag": etag(record)} if record and rows else {}))

        return self._read(call, "get", act)

    def list_records(self, call: Call) -> Answer:
        """A page of the records that match, with ``meta`` (``count page pageSize totalPage``, or ``hasNext`` and a ``cursor``)."""

        def act(opened: Opened) -> Done:
            reach = scope_filter(opened.caller, opened.permit, opened.collection, opened.definitions)
            return Done(listed(opened, call, opened.collection, reach))

        return self._read(call, "list", act)

    def _read(self, call: Call, action: str, act: Callable[[Opened], Done]) -> Answer:
        """The answer of an action that reads; a pre-action workflow that the call names runs before it."""
        if segments_of(call):
            return perform(self._backend, call, lambda: self._open(call, action, writes=True), act)
        return store_errors(lambda: act(self._open(call, action)).answer)

    def create(self, call: Call) -> Answer:
        """The record made."""

        def act(opened: Opened) -> Done:
            return self._created(opened, call, call.record_values())

        return self._perform(call, "create", act)

    def update(self, call: Call) -> Answer:
        """The records changed, as a list. ``If-Match`` names the version that may be changed."""

        def act(opened: Opened) -> Done:
            values = self._writable(opened, call.record_values())
            updates = updates_of(call, opened.records, opened.collection)
            changed = [opened.records.update_record(record, values, updates=updates) for record in self._targets(opened, call)]

            def show(records: Sequence[Record]) -> Answer:
                headers = {"ETag": etag(records[0])} if len(records) == 1 else {}
                return Answer([written_row(opened.records, record) for record in records], headers=headers)

            return Done(show(changed), changed, show)

        return self._perform(call, "update", act)

    def destroy(self, call: Call) -> Answer:
        """How many records were removed."""

        def act(opened: Opened) -> Done:
            records = self._targets(opened, call)
            destroy_records(opened.records, records)
            return Done(Answer(len(records)))

        return self._perform(call, "destroy", act)

    def _perform(self, call: Call, action: str, act: Callable[[Opened], Done]) -> Answer:
        """The answer of an action that writes, with everything it sets off; ``action`` is the permission it needs."""
        return perform(self._backend, call, lambda: self._open(call, action, writes=True), act)

    def _created(self, opened: Opened, call: Call, values: Row) -> Done:
        updates = updates_of(call, opened.records, opened.collection)
        record = opened.records.create_record(opened.collection, self._writable(opened, values), updates=updates)
        self._must_reach(opened, record)
        nested = opened.records.nested[record.key]

        def show(records: Sequence[Record]) -> Answer:
            return Answer(written_row(opened.records, records[0]) | nested, headers={"ETag": etag(records[0])})

        return Done(show([record]), [record], show)

    def _open(self, call: Call, action: str, *, writes: bool = False) -> Opened:
        """Authenticate, find the collection, check the role; the records named by id are asked for in the same read."""
        reads, definitions = self._backend.reading()
        claims = verified_claims(self._backend, call)
        opened = reads.resolve(lambda: self._opened(reads, definitions, call, action, claims, writes))
        now_ms = self._backend.clock.now_ms()
        unit = self._backend.unit(reads, user_id=opened.caller.id, at_ms=now_ms, seed=secrets.token_hex(8))
        opened.records = PermittedRecords(unit, definitions, opened.caller, call, now_ms)
        return opened

    def _opened(self, reads: Reads, definitions: Definitions, call: Call, action: str, claims: Claims, writes: bool) -> Opened:
        state: dict[str, Json] = {"replay": None}
        reads.together(
            lambda: state.update(caller=authenticate(reads, definitions, call, claims)),
            lambda: state.update(collection=self._collection(reads, definitions, call)),
            lambda: state.update(replay=self._replay(reads, call, claims)) if writes else None,
            lambda: expect(definitions, call, call.resource) if writes else None,
        )
        caller: Caller = state["caller"]
        collection: Collection = state["collection"]
        permit = caller.permit(collection.name, action)
        bound = bound_to(definitions, caller, call, collection) if writes or segments_of(call) else Bound()
        return Opened(caller, collection, permit, reads, definitions, state["replay"], bound)

    def _replay(self, reads: Reads, call: Call, claims: Claims) -> idempotency.Replay | None:
        return idempotency.replay(reads, call, claims.user_id, self._backend.clock.now_ms() // 1000)

    def _collection(self, reads: Reads, definitions: Definitions, call: Call) -> Collection:
        likely = definitions.likely_collection(call.resource)
        keys = _keys_quietly(likely, call) if likely else []
        reads.together(lambda: definitions.collection(call.resource), *[lambda key=key: reads.item(key) for key in keys])
        collection = definitions.collection(call.resource)
        if collection is None:
            raise NotFound(f'there is no collection "{call.resource}"', code="COLLECTION_NOT_FOUND")
        return collection

    def _target_id(self, opened: Opened, call: Call) -> int | str | None:
        key = call.target_key
        return convert_id(opened.collection, key) if key is not None else None

    def _first_match(self, opened: Opened, call: Call) -> Record | None:
        """The first record that matches the call's filter (and id), inside the scope."""
        scope = scope_filter(opened.caller, opened.permit, opened.collection, opened.definitions)
        wanted = both(asked_filter(opened.records, opened.caller, call, opened.collection), scope)
        record_id = self._target_id(opened, call)
        if record_id is not None:
            wanted = both(wanted, opened.records.plain_filter({"id": record_id}, opened.collection))
        sort = parse_sort(call.params.get("sort"), opened.records.readable(opened.collection.name))
        found = opened.records.search(Search(opened.collection, wanted, sort, limit=1)).records
        return found[0] if found else None

    def _found(self, opened: Opened, record_id: int | str | None) -> Record | None:
        if record_id is not None:
            return opened.unit.get(opened.collection, record_id)
        raise Invalid("this action needs an id: .../<collection>:get/<id> or filterByTk", path="filterByTk")

    def _writable(self, opened: Opened, values: Row) -> Row:
        """The values. Raises Forbidden for a field of the collection that the role may not write."""
        if opened.permit.fields is not None:
            refused = [name for name in values if opened.collection.field(name) and name not in opened.permit.fields and name != "id"]
            if refused:
                raise Forbidden(f"{NO_PERMISSIONS} to write " + ", ".join(refused), data={"fields": refused})
        return values

    def _must_reach(self, opened: Opened, record: Record) -> None:
        """A role with a scope makes only records inside it."""
        if not scope_filter(opened.caller, opened.permit, opened.collection, opened.definitions).matches(record.row):
            raise Forbidden(NO_PERMISSIONS)

    def _targets(self, opened: Opened, call: Call) -> list[Record]:
        """The records an update or destroy is about, by ``filterByTk`` and ``filter``, inside the scope."""
        keys, raw = call.target_keys, filter_of(call)
        if (keys is None or keys == "") and not raw:
            raise Invalid(f"to do {call.action} action, filter or filterByTk is required", path="filter", code="FILTER_REQUIRED")
        wanted = asked_filter(opened.records, opened.caller, call, opened.collection) if raw else EVERYTHING
        scope = scope_filter(opened.caller, opened.permit, opened.collection, opened.definitions)
        if keys is None or keys == "":
            found = opened.records.search(Search(opened.collection, both(wanted, scope)))
            if not found.complete:
                raise Invalid("the filter reads more than 20 MB of records; filter by an indexed field or by id", path="filter")
            check_versions(opened, call, found.records)
            return found.records
        ids = [convert_id(opened.collection, key) for key in (keys if isinstance(keys, list) else [keys])]
        records = [record for record in opened.unit.get_many(opened.collection, dict.fromkeys(ids)) if record]
        if any(not scope.matches(record.row) for record in records):
            raise Forbidden(NO_PERMISSIONS)
        matching = [record for record in records if wanted.matches(record.row)]
        check_versions(opened, call, matching)
        return matching


def listed(opened: Opened, call: Call, collection: Collection, reach: Filter) -> Answer:
    """A page of the collection's records that are within ``reach`` and match the call's filter."""
    paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
    cursor, _ = cursor_of(call), wants_plan(call)
    search = Search(
        collection,
        both(asked_filter(opened.records, opened.caller, call, collection), reach),
        parse_sort(call.params.get("sort"), opened.records.readable(collection.name)),
        0 if cursor else paging.offset,
        paging.page_size if paging.paginate else None,
        cursor,
        counted=paging.paginate and not is_simple(collection),
        fresh=False,
    )
    found = opened.records.search(search)
    meta = list_meta(found, paging, collection, call)
    return Answer(shown_rows(opened, call, collection, found.records), meta=meta)


def shown_rows(opened: Opened, call: Call, collection: Collection, records: Sequence[Record]) -> list[Row]:
    """The rows of the answer: inside the scope, expanded, cut to what was asked for."""
    params, seen = call.params, opened.records
    readable = seen.readable(collection.name)
    selection = parse_selection(
        params.get("fields"), params.get("except"), params.get("appends"), seen.selectable(collection.name), seen.selectable
    )
    rows = [row for record in records if (row := seen.row(record)) is not None]
    expand(seen, readable, rows, selection.appends)
    return [selection.apply(row) for row in rows]


def written_row(records: PermittedRecords, record: Record) -> Row:
    """A written record in the answer: without what the role may not view, when it may view at all."""
    try:
        return records.row(record) or {"id": record.id}
    except Forbidden:
        return {"id": record.id}


def check_versions(opened: Opened, call: Call, records: Sequence[Record]) -> None:
    """``If-Match``: 412 with the current record unless it names the version there is."""
    if call.if_match is None:
        return
    for record in records:
        if not names_version(call, etag(record)):
            current = written_row(opened.records, record)
            raise PreconditionFailed(
                f"record {record.id} is at version {etag(record)} by now; read it again",
                data={"current": current, "etag": etag(record)},
            )
    if not records:
        raise PreconditionFailed("the record is not there", data={"current": None})


def updates_of(call: Call, records: PermittedRecords, collection: Collection) -> list[str]:
    """``updateAssociationValues``: paths of associations that may be written through. Raises Invalid naming every one that is none."""
    found: list[Problem] = []
    names = names_in(call.params.get("updateAssociationValues"), "updateAssociationValues", found)
    found += [problem for name in names if (problem := _no_association(name, records, collection))]
    if found:
        raise Invalid.of(found)
    return names


def _no_association(path: str, records: PermittedRecords, collection: Collection) -> Problem | None:
    """What is wrong with ``category`` or ``category.owner`` as a path of associations."""
    for place, name in enumerate(names := path.split(".")):
        field = collection.field(name)
        if field is None or not field.is_association or field.hidden:
            text = f'"{path}": "{name}" is no association of collection "{collection.name}"'
            return Problem(text, "updateAssociationValues")
        if place + 1 < len(names):
            collection = records.collection(field.target or "")
    return None


def _keys_quietly(collection: Collection, call: Call) -> list[Json]:
    """Keys of the records that the call names; what is wrong with them is told later, in its turn."""
    try:
        keys = call.target_keys
        raw = keys if isinstance(keys, list) else [] if keys is None else [keys]
        ids = [convert_id(collection, one) for one in raw[:90]]
        return [record_key(collection.uid, record_id, collection.shards) for record_id in ids]
    except AppError:
        return []
