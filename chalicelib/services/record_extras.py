"""``firstOrCreate``, ``updateOrCreate`` and ``move``: record actions that decide by what is there.

The first two look for a record that equals the values in every field of ``filterKeys``. With a unique field among them two calls at the
same moment make one record; without, they may make two, as anywhere. ``move`` writes positions into a field of type ``sort``: whole numbers
with gaps, so that mostly one record is written. Source: https://docs.nocobase.com/api/resources
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import check_values, convert_id
from chalicelib.domain.filter import both
from chalicelib.domain.filter_operands import kind_of
from chalicelib.domain.record import Record, Row
from chalicelib.domain.selection import names_in
from chalicelib.engine.finder import Search
from chalicelib.errors import Forbidden, Invalid, Json, NotFound, Problem
from chalicelib.services.call import Answer, Call
from chalicelib.services.moves import Move, Neighbours, positions
from chalicelib.services.opened import Opened
from chalicelib.services.record_run import Done
from chalicelib.services.records import RecordActions, shown_rows, updates_of, written_row
from chalicelib.services.session import NO_PERMISSIONS, scope_filter


class RecordExtras(RecordActions):
    """The use cases over a `Backend`."""

    def first_or_create(self, call: Call) -> Answer:
        """The first record that matches, else the one made."""

        def show(opened: Opened, record: Record) -> Done:
            return Done(Answer(shown_rows(opened, call, opened.collection, [record])[0]))

        return self._found_or_created(call, show, "view")

    def update_or_create(self, call: Call) -> Answer:
        """The list of the one record updated, else the record made."""

        def update(opened: Opened, record: Record) -> Done:
            values = self._writable(opened, call.record_values())
            updates = updates_of(call, opened.records, opened.collection)
            changed = opened.records.update_record(record, values, updates=updates)
            return Done(Answer([written_row(opened.records, changed)]), [changed])

        return self._found_or_created(call, update, "update")

    def _found_or_created(self, call: Call, use: Callable[[Opened, Record], Done], needed: str) -> Answer:
        raced: list[bool] = []

        def act(opened: Opened) -> Done:
            values, reader = call.record_values(), _with_permit(opened, needed)
            record = self._first(reader, call, values)
            raced.append(record is None)
            return use(reader, record) if record is not None else self._created(opened, call, values)

        try:
            return self._perform(call, "create", act)
        except Invalid as refused:
            # Somebody made the record in between; the next look finds it. What is taken by another record stays taken.
            if refused.code != "NOT_UNIQUE" or not raced[-1]:
                raise
        return self._perform(call, "create", act)

    def _first(self, opened: Opened, call: Call, values: Row) -> Record | None:
        """The first record, by id, that has the values of ``filterKeys``. Raises Invalid for keys that say nothing."""
        collection = opened.records.readable(opened.collection.name)
        wanted = {name: {"$eq": value} for name, value in _key_values(call, collection, values).items()}
        scope = scope_filter(opened.caller, opened.permit, opened.collection, opened.definitions)
        search = Search(opened.collection, both(opened.records.plain_filter(wanted, opened.collection), scope), limit=1)
        found = opened.records.search(search)
        if not found.records and not found.complete:
            raise Invalid("these fields read more than 20 MB of records; give one of them an index", path="filterKeys")
        return found.records[0] if found.records else None

    def move(self, call: Call) -> Answer:
        """Put the record ``sourceId`` beside ``targetId``, first, or last, in the order of ``sortField``."""

        def act(opened: Opened) -> Done:
            asked = Move.parse(call, opened.collection)
            writable = opened.permit.everywhere
            if writable is not None and asked.field.name not in writable:
                raise Forbidden(f"{NO_PERMISSIONS} to write {asked.field.name}", data={"fields": [asked.field.name]})
            source = self._moved(opened, asked.source_id, "sourceId")
            target = self._moved(opened, asked.target_id, "targetId") if asked.target_id is not None else None
            neighbours = Neighbours(opened.records, asked, source, target)
            for record, values in positions(neighbours, asked):
                opened.unit.update(record, values)
            return Done(Answer("ok"))

        return self._perform(call, "update", act)

    def _moved(self, opened: Opened, raw: Json, path: str) -> Record:
        """Raises NotFound, and Forbidden for a record out of reach."""
        record = opened.unit.get(opened.collection, convert_id(opened.collection, raw))
        if record is None:
            raise NotFound(f'{path}: no record {raw} in collection "{opened.collection.name}"', code="RECORD_NOT_FOUND")
        if not scope_filter(opened.caller, opened.permit, opened.collection, opened.definitions).matches(record.row):
            raise Forbidden(NO_PERMISSIONS)
        return record


def _with_permit(opened: Opened, action: str) -> Opened:
    """The same call under what the role may do with ``action``. Raises Forbidden."""
    other = copy.copy(opened)
    other.permit = opened.caller.permit(opened.collection.name, action)
    return other


def _key_values(call: Call, collection: Collection, values: Row) -> Row:
    """The checked values of the fields in ``filterKeys``. Raises Invalid naming every mistake."""
    found: list[Problem] = []
    names = names_in(call.params.get("filterKeys"), "filterKeys", found)
    if not names and not found:
        found.append(Problem("filterKeys must name the fields that a record is recognised by: filterKeys[]=title", "filterKeys"))
    for name in names:
        field = collection.field(name)
        if field is None or field.hidden or not _is_key(field):
            found.append(
                Problem(f'"{name}" is no field of collection "{collection.name}" that a record can be recognised by', "filterKeys")
            )
        elif values.get(name) is None:
            found.append(Problem(f'"{name}" is one of filterKeys, so the body must have a value for it', name))
    if found:
        raise Invalid.of(found)
    if "id" in names:
        return {"id": convert_id(collection, values["id"])} | {name: values[name] for name in names if name != "id"}
    checked = check_values(collection, {name: values[name] for name in names}, creating=False)
    return {name: checked[name] for name in names}


def _is_key(field: Field) -> bool:
    return not field.is_association and kind_of(field) not in ("any", "array")
