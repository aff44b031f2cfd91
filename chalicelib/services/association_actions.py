"""Actions on what is associated with one record: ``/api/posts/1/comments:list|get|create|update|destroy|add|set|remove|toggle``.

Reading and writing partners asks for the permission on the target's collection, linking and unlinking for ``update`` on the record's
own (with the association among its fields); ``create``, which makes a partner and links it, for the first, and for both where the key
is not the partner's own or not among the fields that the role may give it. The record itself must be inside the scope of the caller's
role. Source: https://docs.nocobase.com/api/resources/association
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import Filter, both
from chalicelib.domain.record import Record
from chalicelib.engine.commit import store_errors
from chalicelib.engine.dependents import destroy_records
from chalicelib.engine.finder import Search
from chalicelib.engine.links import Links
from chalicelib.errors import Invalid, NotFound
from chalicelib.services.action_events import segments_of
from chalicelib.services.associated import Associated, open_associated
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.later_calls import refuse_later
from chalicelib.services.opened import Opened
from chalicelib.services.preconditions import etag
from chalicelib.services.record_run import Done, perform
from chalicelib.services.records import check_versions, listed, shown_rows, written_row


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
        return store_errors(lambda: act(open_associated(self._backend, call, action)).answer)

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
        needed = "triggerNew" if replace(call, record_id=call.association_id).target_keys is None else "trigger"
        associated = open_associated(self._backend, call, "list", needed)
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
            associated = open_associated(self._backend, call, action, writes=True)
            current[:] = [associated]
            return associated.opened

        return perform(self._backend, call, open_call, lambda opened: act(current[0]))


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
