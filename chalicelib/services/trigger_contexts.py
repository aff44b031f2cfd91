"""``$context`` of the workflows that a call to ``:trigger`` starts.

``data`` is the body; or the rows that the call names, with the body's properties over them; or, for ``key!association``, the associated
record, which the caller must be allowed to view. Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.record import Record
from chalicelib.domain.workflow import plain_name
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.touched import row_names
from chalicelib.errors import Forbidden, Invalid, Json
from chalicelib.services.action_events import asked_of
from chalicelib.services.call import Call, kind_of
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import NO_PERMISSIONS
from chalicelib.services.trigger_plan import Plan, Selected


@dataclass(frozen=True)
class TriggerContexts:
    """The contexts of one walk of one call."""

    definitions: Definitions
    call: Call
    plan: Plan
    now_ms: int

    def of(self, one: Selected, records: UnitRecords) -> dict[str, Json]:
        """``{"data", "user", "roleName"}``, for a pre-action workflow ``{"params", …}``. Raises Invalid, Forbidden."""
        caller, call = self.plan.caller, self.call
        who = {"user": caller.row(), "roleName": caller.role_name}
        if one.before:
            return {"params": asked_of(call), **who}
        return {"data": self._data(one, records), **who}

    def _data(self, one: Selected, records: UnitRecords) -> Json:
        """``$context.data``, as the module's page says."""
        plan, body = self.plan, self.call.body if self.call.body is not None else {}
        form = at_path(body, one.path) if one.path else body
        if plan.records is None or plan.collection is None:
            return form
        if one.association:
            rows = self._associated(one, records, self.rows(records), form)
            return rows if plan.many else rows[0]
        if one.path and form is None:
            form = {}
        if not isinstance(form, dict):
            raise Invalid(f"with filterByTk the body must be an object that overwrites the record, not {kind_of(form)}", path="body")
        appends = one.workflow.config.get("appends") or []
        rows = records.rows(plan.collection, self.rows(records), appends)
        overlaid: list[Json] = [row | form | {"id": row["id"]} for row in rows]
        return overlaid if plan.many else overlaid[0]

    def names(self, one: Selected, context: dict[str, Json]) -> tuple[str, ...]:
        """The context rows by their names (``samples/91``): several rows of the call, and records that were loaded at an association."""
        plan = self.plan
        if plan.collection is None or plan.records is None or one.before:
            return ()
        names = tuple(f"{plan.collection.name}/{record.id}" for record in plan.records) if plan.many else ()
        if not one.association or at_path(self.call.body, one.path) is not None:
            return names
        return names + row_names(plain_name(str(one.workflow.config.get("collection"))), context["data"])

    def rows(self, records: UnitRecords) -> list[Record]:
        """The call's rows as the workflows before have left them."""
        plan = self.plan
        if plan.collection is None:
            return []
        return [records.unit.get(plan.collection, record.id) or record for record in plan.records or []]

    def _associated(self, one: Selected, records: UnitRecords, owners: Sequence[Record], form: Json) -> list[Json]:
        """The associated record of each row: from the body when it carries one, else loaded."""
        if form is not None:
            return [form for _ in owners]
        path = ".".join(one.path)
        assert self.plan.collection is not None
        appends = [f"{path}.{name}" for name in one.workflow.config.get("appends") or []]
        rows = records.rows(self.plan.collection, owners, [path, *appends])
        found = [at_path(row, one.path) for row in rows]
        self._check_view(one, records, found)
        return found

    def _check_view(self, one: Selected, records: UnitRecords, found: Sequence[Json]) -> None:
        """A record that is loaded through an association must be one that the caller may view. Raises Forbidden."""
        seen = PermittedRecords(records.unit, self.definitions, self.plan.caller, self.call, self.now_ms)
        target = records.collection(one.workflow.config.get("collection") or "")
        seen.readable(target.name)
        for row in found:
            record = records.unit.get(target, row["id"]) if isinstance(row, dict) else None
            if record is not None and seen.row(record) is None:
                raise Forbidden(NO_PERMISSIONS)


def at_path(value: Json, path: Sequence[str]) -> Json:
    """What stands at the end of a path of object members; ``None`` where it breaks off."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
