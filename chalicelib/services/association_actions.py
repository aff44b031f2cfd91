"""Actions on what is associated with one record: ``/api/posts/1/comments:list|get|create|update|destroy|add|set|remove|toggle``.

Reading and writing partners asks for the permission on the target's collection, linking and unlinking for ``update`` on the record's
own (with the association among its fields); ``create``, which makes a partner and links it, for the first, and for both where the key
is not the partner's own or not among the fields that the role may give it. The record itself must be inside the scope of the caller's
role. Source: https://docs.nocobase.com/api/resources/association
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import Filter, both
from chalicelib.domain.keys import record_key
from chalicelib.domain.record import Record
from chalicelib.domain.role import Permit
from chalicelib.engine.commit import store_errors
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dependents import destroy_records
from chalicelib.engine.finder import Search
from chalicelib.engine.links import Links
from chalicelib.engine.reads import Reads
from chalicelib.errors import Forbidden, Invalid, Json, NotFound
from chalicelib.services import idempotency
from chalicelib.services.action_events import bound_to, expect, segments_of
from chalicelib.services.backend import Backend, Claims
from chalicelib.services.call import Answer, Call
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.later_calls import refuse_later
from chalicelib.services.opened import Opened
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.record_run import Done, perform
from chalicelib.services.records import check_versions, etag, listed, shown_rows, updates_of, written_row
from chalicelib.services.session import NO_PERMISSIONS, Caller, authenticate, scope_filter, verified_claims

OF_LINKS = ("add", "set", "remove", "toggle")


@dataclass
class Associated:
    """An opened call: the owner, its links, and what the caller may do with the target."""

    opened: Opened
    links: Links
    permit: Permit

    @property
    def records(self) -> PermittedRecords:
        return self.opened.records

    @property
    def target(self) -> Collection:
        return self.links.target

    def updates(self, call: Call) -> list[str]:
        return updates_of(call, self.records, self.target)

    def reach(self) -> Filter:
        """The partners that the caller reaches."""
        scope = scope_filter(self.opened.caller, self.permit, self.target, self.opened.definitions)
        return both(self.records.plain_filter(self.links.condition, self.target), scope)


class AssociationActions:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._custom_actions = CustomActions(backend)

    def list_partners(self, call: Call) -> Answer:
        """A page of the partners; of a to-one association the partner itself, or null."""

        def act(associated: Associated) -> Done:
            if associated.links.field.is_to_one:
                return Done(self._one(associated, call, associated.reach()))
            return Done(listed(associated.opened, call, associated.target, associated.reach()))

        return self._read(call, "list", act)

    def get(self, call: Call) -> Answer:
        def act(associated: Associated) -> Done:
            reach = associated.reach()
            if call.association_id or "filterByTk" in call.params:
                wanted = associated.records.plain_filter({"id": {"$in": _ids(associated.target, call)}}, associated.target)
                reach = both(reach, wanted)
            elif not associated.links.field.is_to_one:
                raise Invalid("this action needs an id: .../comments:get/<id> or filterByTk", path="filterByTk")
            return Done(self._one(associated, call, reach))

        return self._read(call, "get", act)

    def _read(self, call: Call, action: str, act: Callable[[Associated], Done]) -> Answer:
        """The answer of an action that reads; a pre-action workflow that the call names runs before it."""
        if segments_of(call):
            return self._write(call, action, act)
        return store_errors(lambda: act(self._open(call, action)).answer)

    def create(self, call: Call) -> Answer:
        """A new partner, linked. Who may not give it its key on its own collection must be allowed to link it, as `add` does."""

        def act(associated: Associated) -> Done:
            given = associated.links.given_key
            values = {name: value for name, value in call.record_values().items() if name not in given}
            partner = associated.records.create_record(associated.target, values, updates=associated.updates(call), given=given)
            associated.links.add([partner])
            nested = associated.records.nested[partner.key]
            partner = associated.records.unit.get(associated.target, partner.id) or partner

            def show(records: Sequence[Record]) -> Answer:
                return Answer(written_row(associated.records, records[0]) | nested, headers={"ETag": etag(records[0])})

            return Done(show([partner]), [partner], show)

        return self._write(call, "create", act)

    def update(self, call: Call) -> Answer:
        def act(associated: Associated) -> Done:
            values, updates = call.record_values(), associated.updates(call)
            changed = [associated.records.update_record(one, values, updates=updates) for one in self._targets(associated, call)]

            def show(records: Sequence[Record]) -> Answer:
                return Answer([written_row(associated.records, record) for record in records])

            return Done(show(changed), changed, show)

        return self._write(call, "update", act)

    def destroy(self, call: Call) -> Answer:
        """Removes partners for good; `remove` only unlinks them."""

        def act(associated: Associated) -> Done:
            targets = self._targets(associated, call)
            destroy_records(associated.records, targets)
            return Done(Answer(len(targets)))

        return self._write(call, "destroy", act)

    def add(self, call: Call) -> Answer:
        return self._link(call, lambda links, partners: links.add(partners))

    def set(self, call: Call) -> Answer:
        return self._link(call, lambda links, partners: links.replace(partners))

    def remove(self, call: Call) -> Answer:
        return self._link(call, lambda links, partners: links.remove(partners))

    def toggle(self, call: Call) -> Answer:
        """Links what is not linked and unlinks what is."""

        def change(links: Links, partners: Sequence[Record]) -> None:
            linked = {record.id for record in links.partners()}
            links.remove([partner for partner in partners if partner.id in linked])
            links.add([partner for partner in partners if partner.id not in linked])

        return self._link(call, change)

    def trigger(self, call: Call) -> Answer:
        """A custom action on partners: as on their own collection, for records that are linked to this one; others are missing."""
        refuse_later(call)
        associated = self._open(
            call, "list", needed="triggerNew" if replace(call, record_id=call.association_id).target_keys is None else "trigger"
        )
        target = replace(call, resource=associated.target.name, record_id=call.association_id, association=None, association_id=None)
        if target.target_keys is None:
            return self._custom_actions.trigger(target)
        wanted = associated.records.plain_filter({"id": {"$in": _ids(associated.target, call)}}, associated.target)
        linked = associated.records.plain_filter(associated.links.condition, associated.target)
        found = store_errors(lambda: associated.records.search(Search(associated.target, both(linked, wanted)))).records
        return self._custom_actions.trigger(target, frozenset(record.id for record in found))

    def _link(self, call: Call, change: Callable[[Links, Sequence[Record]], None]) -> Answer:
        def act(associated: Associated) -> Done:
            if call.action == "remove" and associated.links.field.is_to_one and not _names_ids(call):
                change(associated.links, associated.links.partners())
                return Done(Answer(has_data=False))
            ids = _ids(associated.target, call, body=True)
            found = associated.records.unit.get_many(associated.target, ids)
            missing = [one for one, record in zip(ids, found, strict=True) if record is None]
            if missing:
                raise NotFound(f'no record {missing[0]} in collection "{associated.target.name}"', code="RECORD_NOT_FOUND")
            change(associated.links, [record for record in found if record])
            return Done(Answer(has_data=False))

        return self._write(call, call.action, act)

    def _one(self, associated: Associated, call: Call, reach: Filter) -> Answer:
        found = store_errors(lambda: associated.records.search(Search(associated.target, reach, limit=1))).records
        rows = shown_rows(associated.opened, call, associated.target, found)
        return Answer(rows[0] if rows else None, headers={"ETag": etag(found[0])} if rows else {})

    def _targets(self, associated: Associated, call: Call) -> list[Record]:
        if call.association_id is None and "filterByTk" not in call.params and not call.params.get("filter"):
            raise Invalid(f"to do {call.action} action, filter or filterByTk is required", path="filter", code="FILTER_REQUIRED")
        reach = associated.reach()
        if call.association_id is not None or "filterByTk" in call.params:
            wanted = {"id": {"$in": _ids(associated.target, call)}}
            reach = both(reach, associated.records.plain_filter(wanted, associated.target))
        if call.params.get("filter"):
            reach = both(reach, associated.records.asked_filter(call, associated.target))
        targets = associated.records.search(Search(associated.target, reach)).records
        check_versions(associated.opened, call, targets)
        return targets

    def _write(self, call: Call, action: str, act: Callable[[Associated], Done]) -> Answer:
        """The answer of an action that writes, with everything it sets off; post-action workflows get partners, not links."""
        current: list[Associated] = []

        def open_call() -> Opened:
            associated = self._open(call, action, writes=True)
            current[:] = [associated]
            return associated.opened

        return perform(self._backend, call, open_call, lambda opened: act(current[0]))

    def _open(self, call: Call, action: str, needed: str = "", *, writes: bool = False) -> Associated:
        """Raises NotFound for an unknown association or record, Forbidden for one out of reach."""
        return store_errors(lambda: self._open_quietly(call, action, needed, writes))

    def _open_quietly(self, call: Call, action: str, needed: str, writes: bool) -> Associated:
        reads, definitions = self._backend.reading()
        claims = verified_claims(self._backend, call)
        opened = reads.resolve(lambda: self._opened(reads, definitions, call, action, claims, writes))
        now_ms = self._backend.clock.now_ms()
        unit = self._backend.unit(reads, user_id=opened.caller.id, at_ms=now_ms, seed=secrets.token_hex(8))
        opened.records = PermittedRecords(unit, definitions, opened.caller, call, now_ms)
        owner = unit.get(opened.collection, convert_id(opened.collection, call.record_id))
        if owner is None:
            raise NotFound(f'no record {call.record_id} in collection "{opened.collection.name}"', code="RECORD_NOT_FOUND")
        if not scope_filter(opened.caller, opened.permit, opened.collection, definitions).matches(owner.row):
            raise Forbidden(NO_PERMISSIONS)
        field = _association(opened.collection, call)
        named = opened.records.granted_fields(owner, opened.permit)
        if named is not None and field.name not in named:
            raise Forbidden(NO_PERMISSIONS)
        links = opened.records.links(owner, field)
        if links.field.read_only and action not in ("list", "get"):
            raise Invalid(f'"{links.field.name}" is set by the system and cannot be written', path=links.field.name)
        if links.target.system and action not in ("list", "get", *OF_LINKS):
            raise Invalid(f'records of "{links.target.name}" are written by its own actions only', code="SYSTEM_COLLECTION")
        needed = needed or ("view" if action in OF_LINKS else action)
        permit = opened.caller.permit(links.target.name, needed)
        if writes:
            opened.subject = links.target
            opened.bound = reads.resolve(lambda: bound_to(definitions, opened.caller, call, links.target))
        return Associated(opened, links, permit)

    def _opened(self, reads: Reads, definitions: Definitions, call: Call, action: str, claims: Claims, writes: bool) -> Opened:
        likely = definitions.likely_collection(call.resource)
        keys = _owner_keys(likely, call) if likely else []
        state: dict[str, Json] = {"replay": None}
        reads.together(
            lambda: state.update(caller=authenticate(reads, definitions, call, claims)),
            lambda: state.update(collection=definitions.collection(call.resource)),
            lambda: state.update(replay=self._replay(reads, call, claims)) if writes else None,
            *[lambda key=key: reads.item(key) for key in keys],
        )
        collection = state["collection"]
        if collection is None:
            raise NotFound(f'there is no collection "{call.resource}"', code="COLLECTION_NOT_FOUND")
        field = _association(collection, call)
        expect(definitions, call, field.target or "") if writes else definitions.collection(field.target or "")
        links = action in OF_LINKS or (action == "create" and not _may_write_key(state["caller"], field))
        granted = state["caller"].permit(collection.name, "update" if links else "view")
        return Opened(state["caller"], collection, granted, reads, definitions, state["replay"])

    def _replay(self, reads: Reads, call: Call, claims: Claims) -> idempotency.Replay | None:
        return idempotency.replay(reads, call, claims.user_id, self._backend.clock.now_ms() // 1000)


def _may_write_key(caller: Caller, field: Field) -> bool:
    """Whether the caller could make the partner with its key on the partner's own collection. Raises Forbidden."""
    if field.type not in ("hasOne", "hasMany"):
        return False
    fields = caller.permit(field.target or "", "create").everywhere
    return fields is None or field.foreign_key in fields


def _association(collection: Collection, call: Call) -> Field:
    field = collection.field(call.association or "")
    if field is None or not field.is_association or field.hidden:
        raise NotFound(f'collection "{collection.name}" has no association "{call.association}"', code="ASSOCIATION_NOT_FOUND")
    return field


def _owner_keys(collection: Collection, call: Call) -> list[Json]:
    try:
        return [record_key(collection.uid, convert_id(collection, call.record_id), collection.shards)]
    except Invalid:
        return []


def _names_ids(call: Call) -> bool:
    return bool(call.association_id or "filterByTk" in call.params or call.body)


def _ids(target: Collection, call: Call, body: bool = False) -> list[int | str]:
    """Ids of the path, of ``filterByTk``, or (for links) of the body: ``[1, 2]``, ``[{"id": 1}]``, ``{"values": [1]}``."""
    keys = replace(call, record_id=call.association_id).target_keys
    if keys is None and body:
        raw = call.body.get("filterByTk", call.body.get("values")) if isinstance(call.body, dict) else call.body
        keys = raw if isinstance(raw, list) else [] if raw is None else [raw]
        if call.body is None or (isinstance(call.body, dict) and not call.body.keys() & {"filterByTk", "values"}):
            raise Invalid("the body must be a list of ids", path="body")
    members = keys if isinstance(keys, list) else [keys]
    return list(dict.fromkeys(convert_id(target, one.get("id") if isinstance(one, dict) else one) for one in members))
