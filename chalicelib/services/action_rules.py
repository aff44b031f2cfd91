"""Whether a caller may press an action, and why not: the one place that decides, for the button and for the press.

In this order: the action's roles, the permission that what it does needs, its context, what it is bound to, the records, ``visibleWhen``,
``enabledWhen``. The two rules are read with the system's rights, of records within the caller's reach only, and nothing but their outcome
is told. Source: https://docs.nocobase.com/users-permissions/acl/role
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.action import CLIENT, MULTIPLE, NONE, PROCEDURE, SINGLE, Action
from chalicelib.domain.action_text import filled, variables_of
from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import substitute
from chalicelib.domain.record import Record
from chalicelib.domain.role import PROCEDURES, Permit
from chalicelib.domain.system_variables import date_variables
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import AppError, Forbidden, Invalid, Json, NotFound
from chalicelib.observability import logger
from chalicelib.procedures import Procedures
from chalicelib.services.action_bindings import is_global, problems_of_binding, procedure_of, target_of, workflows_of
from chalicelib.services.action_results import nothing_to_open
from chalicelib.services.permitted import shown_fields
from chalicelib.services.session import NO_PERMISSIONS, Caller, scope_filter

MOST_RECORDS = 90
DISABLED = "ACTION_DISABLED"
NOT_SEEN = f"{NO_PERMISSIONS}: your role does not see what this action needs of the record"


@dataclass(frozen=True)
class Verdict:
    """``refusal`` says why it cannot be pressed; ``records``: those that it would work on. Not ``visible``: nothing of it is told."""

    visible: bool = True
    refusal: AppError | None = None
    records: tuple[Record, ...] = ()


def hidden() -> Verdict:
    return Verdict(visible=False, refusal=Forbidden(NO_PERMISSIONS))


@dataclass
class ActionRules:
    """``ids``: as the call names records, ``None`` when it names none."""

    caller: Caller
    definitions: Definitions
    records: UnitRecords
    procedures: Procedures
    ids: Sequence[Json] | None

    def verdict(self, action: Action) -> Verdict:
        """Whether the action is shown, and what stands against it."""
        if not action.enabled or not self._has_role(action):
            return hidden()
        try:
            granted = self.permit(action)
            self._check_context(action)
            if problems_of_binding(action, self.definitions, self.procedures):
                raise Invalid("this action does not work at the moment; its definition needs a look", code="ACTION_NOT_READY")
            found = self.reached(action, granted)
        except (Forbidden, NotFound, Invalid) as refusal:
            return Verdict(refusal=refusal)
        if not self.holds(action, "visibleWhen", found):
            return hidden()
        if not self.holds(action, "enabledWhen", found):
            return Verdict(refusal=disabled(action), records=tuple(found))
        return Verdict(refusal=self._without_target(action, found), records=tuple(found))

    def _without_target(self, action: Action, found: Sequence[Record]) -> AppError | None:
        """What is said when the record names none that the browser could open."""
        if not found or not action.opened_id or any(not name.startswith("record.") for name in variables_of(action.opened_id)):
            return None
        return None if filled(action.opened_id, {"record": found[0].row}) else nothing_to_open()

    def _has_role(self, action: Action) -> bool:
        names = {self.caller.role_name, *(role.name for role in self.caller.roles)}
        return not action.roles or self.caller.is_root or bool(names & action.roles)

    def _check_context(self, action: Action) -> None:
        count = len(self.ids or ())
        if action.context == NONE:
            return
        if count == 0:
            raise Invalid("choose a record first", path="filterByTk", code="NO_RECORD")
        if action.context == SINGLE and count > 1:
            raise Invalid("this action works on a single record", path="filterByTk", code="WRONG_CONTEXT_TYPE")
        if count > MOST_RECORDS:
            raise Invalid(f"filterByTk takes at most {MOST_RECORDS} ids, not {count}", path="filterByTk")

    def permit(self, action: Action) -> Permit:
        """What the role may do of what the action does. Raises Forbidden."""
        name = action.collection or ""
        if action.kind == CLIENT:
            return self._permit_of_browser(action, name) if action.context != NONE else Permit()
        if action.kind == PROCEDURE:
            procedure = procedure_of(action, self.procedures)
            place, what = (procedure.collection or PROCEDURES, procedure.name) if procedure else (name, str(action.row["procedure"]))
            granted = self.caller.permit(place, f"call:{what}")
            if action.context == NONE and granted.scope is not None:
                raise Forbidden(NO_PERMISSIONS)
            return granted
        workflows = workflows_of(action, self.definitions)
        if action.context != NONE:
            self._check_view_of_partners(action)
            return self.caller.permit(name, "trigger")
        if not is_global(workflows):
            return self.caller.permit(name, "triggerNew")
        for workflow in workflows:
            self._check_workflow_roles(workflow.config.get("roles") if workflow else None)
        return Permit()

    def _permit_of_browser(self, action: Action, name: str) -> Permit:
        """The view of the records, with the fields that addresses and ids are made of. Raises Forbidden."""
        granted = self.caller.permit(name, "view")
        collection = self.definitions.collection_now(name)
        fields = shown_fields(collection, granted.fields) if collection else None
        if fields is not None and not action.needed_fields <= fields:
            raise Forbidden(NOT_SEEN)
        return granted

    def _check_view_of_partners(self, action: Action) -> None:
        """What a workflow is given of an association must be within the caller's view. Raises Forbidden."""
        collection = self.definitions.collection_now(action.collection or "")
        for bound in action.bound:
            target = target_of(collection, bound.association, self.definitions) if bound.association else None
            if target is not None:
                self.caller.permit(target.name, "view")

    def _check_workflow_roles(self, roles: Json) -> None:
        names = {self.caller.role_name, *(role.name for role in self.caller.roles)}
        if roles and not self.caller.is_root and not names & set(roles):
            raise Forbidden(NO_PERMISSIONS)

    def reached(self, action: Action, granted: Permit) -> list[Record]:
        """The records that the call names and the role reaches. Raises NotFound, Forbidden, Invalid."""
        if action.context == NONE:
            return []
        collection = self.records.collection(action.collection or "")
        ids = self._converted(collection)
        there = [record for record in self.records.unit.get_many(collection, ids) if record]
        if granted.scope is None:
            if not there:
                raise NotFound(_missing(collection, ids), code="RECORD_NOT_FOUND")
            return there
        scope = scope_filter(self.caller, granted, collection, self.definitions)
        found = [record for record in there if scope.matches(record.row)]
        if not found:
            raise Forbidden(NO_PERMISSIONS)
        return found

    def _converted(self, collection: Collection) -> list[int | str]:
        """The ids that the call names, each once. Raises Invalid."""
        try:
            return list(dict.fromkeys(convert_id(collection, one) for one in self.ids or ()))
        except Invalid as wrong:
            raise Invalid(wrong.message, path="filterByTk", code=wrong.code) from None

    def holds(self, action: Action, rule: str, found: Sequence[Record]) -> bool:
        """Whether the rule holds for every record; one that cannot be read any more holds for none."""
        raw = action.row.get(rule)
        if not raw or not found:
            return True
        collection = found[0].collection
        try:
            asked = substitute(raw, self.caller.variables() | date_variables(self.records.now_ms), path=rule)
            wanted = self.records.filter(asked, collection)
        except (Invalid, NotFound) as wrong:
            logger.warning("%s of the action %s cannot be read: %s", rule, action.name, wrong)
            return False
        return all(wanted.matches(record.row) for record in found)


def disabled(action: Action) -> Forbidden:
    """What is said when ``enabledWhen`` does not hold; of the record no more than that."""
    subject = "a chosen record does" if action.context == MULTIPLE else "the record does"
    return Forbidden(action.row.get("disabledReason") or f"{subject} not meet the condition of this action", code=DISABLED)


def _missing(collection: Collection, ids: Sequence[Json]) -> str:
    return f'no record {", ".join(map(str, ids))} in collection "{collection.name}"'
