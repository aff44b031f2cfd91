"""A call about what is associated with one record, opened: who calls, the record, its association, what the caller may do with partners.

Source: https://docs.nocobase.com/api/resources/association
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import Filter, both
from chalicelib.domain.keys import record_key
from chalicelib.domain.role import Permit
from chalicelib.engine.commit import store_errors
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.links import Links
from chalicelib.engine.reads import Reads
from chalicelib.errors import Forbidden, Invalid, Json, NotFound
from chalicelib.services import idempotency
from chalicelib.services.action_events import bound_to, expect
from chalicelib.services.backend import Backend, Claims
from chalicelib.services.call import Call
from chalicelib.services.opened import Opened
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.records import updates_of
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


def open_associated(backend: Backend, call: Call, action: str, needed: str = "", *, writes: bool = False) -> Associated:
    """The opened call. ``needed``: the permission on the target's collection, where it is not the one that the action says.

    Raises NotFound for an unknown association or record, Forbidden for one out of reach."""
    return store_errors(lambda: _open_quietly(backend, call, action, needed, writes))


def _open_quietly(backend: Backend, call: Call, action: str, needed: str, writes: bool) -> Associated:
    reads, definitions = backend.reading()
    claims = verified_claims(backend, call)
    opened = reads.resolve(lambda: _opened(backend, reads, definitions, call, action, claims, writes))
    now_ms = backend.clock.now_ms()
    unit = backend.unit(reads, user_id=opened.caller.id, at_ms=now_ms, seed=secrets.token_hex(8))
    opened.records = PermittedRecords(unit, definitions, opened.caller, call, now_ms)
    links = _links(opened, call)
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


def _links(opened: Opened, call: Call) -> Links:
    """The association of the record that the call names. Raises NotFound, Forbidden."""
    owner = opened.records.unit.get(opened.collection, convert_id(opened.collection, call.record_id))
    if owner is None:
        raise NotFound(f'no record {call.record_id} in collection "{opened.collection.name}"', code="RECORD_NOT_FOUND")
    if not scope_filter(opened.caller, opened.permit, opened.collection, opened.definitions).matches(owner.row):
        raise Forbidden(NO_PERMISSIONS)
    field = _association(opened.collection, call)
    named = opened.records.granted_fields(owner, opened.permit)
    if named is not None and field.name not in named:
        raise Forbidden(NO_PERMISSIONS)
    return opened.records.links(owner, field)


def _opened(backend: Backend, reads: Reads, definitions: Definitions, call: Call, action: str, claims: Claims, writes: bool) -> Opened:
    likely = definitions.likely_collection(call.resource)
    keys = _owner_keys(likely, call) if likely else []
    state: dict[str, Json] = {"replay": None}
    reads.together(
        lambda: state.update(caller=authenticate(reads, definitions, call, claims)),
        lambda: state.update(collection=definitions.collection(call.resource)),
        lambda: state.update(replay=_replay(backend, reads, call, claims)) if writes else None,
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


def _replay(backend: Backend, reads: Reads, call: Call, claims: Claims) -> idempotency.Replay | None:
    return idempotency.replay(reads, call, claims.user_id, backend.clock.now_ms() // 1000)


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
