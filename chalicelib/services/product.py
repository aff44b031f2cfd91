"""The product as one function of a call: the handler that the call names, with what every call has in common around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.errors import Invalid, NotFound
from chalicelib.services.association_actions import AssociationActions
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.cursor_seal import with_opened_cursor, with_sealed_cursor
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.handlers import Handler, handlers_of
from chalicelib.services.offered_lists import with_offers
from chalicelib.services.openapi import OpenApi
from chalicelib.services.procedures import ProcedureCalls
from chalicelib.services.record_extras import RecordExtras
from chalicelib.services.session import renewed_token

DRY = frozenset({"workflows:trigger", "actions:run"})  # of the actions by name, those that can be tried with dryRun=1
READING = ("list", "get", "check", "available", "export")
SYSTEM_RESOURCES = frozenset(
    {
        "actions",
        "procedures",
        "workflowCategories",
        "workflowCcTasks",
        "workflowManualTasks",
        "userWorkflowTasks",
        "scheduledCalls",
        "app",
        "auth",
        "users",
        "roles",
        "collections",
        "workflows",
        "flow_nodes",
        "executions",
        "jobs",
        "apiKeys",
        "auditLogs",
        "openapi.json",
    }
)


class Product:
    """Every action there is, by name: a literal table, then the actions that every collection has."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        own = handlers_of(backend)
        available = own["actions:available"]
        users = {"users:list": with_offers(own["users:list"], available)}
        self._handlers = {**own, **users, "openapi.json:list": OpenApi(backend, self.handlers).document}
        records, custom_actions = RecordExtras(backend), CustomActions(backend)
        self._of_collections: Mapping[str, Handler] = {
            "list": with_offers(records.list_records, available),
            "get": records.get,
            "create": records.create,
            "update": records.update,
            "destroy": records.destroy,
            "firstOrCreate": records.first_or_create,
            "updateOrCreate": records.update_or_create,
            "move": records.move,
            "trigger": custom_actions.trigger,
        }
        self._procedures = ProcedureCalls(backend)
        associated = AssociationActions(backend)
        self._of_associations: Mapping[str, Handler] = {
            "list": associated.list_partners,
            "get": associated.get,
            "create": associated.create,
            "update": associated.update,
            "destroy": associated.destroy,
            "add": associated.add,
            "set": associated.set,
            "remove": associated.remove,
            "toggle": associated.toggle,
            "trigger": associated.trigger,
        }

    def now_ms(self) -> int:
        return self.backend.clock.now_ms()

    def handlers(self) -> Mapping[str, Handler]:
        """Every action by its name; those of all collections as ``*:list``, of all associations as ``*.*:list``."""
        of_collections = {f"*:{action}": handler for action, handler in self._of_collections.items()}
        return {**self._handlers, **of_collections, **{f"*.*:{action}": handler for action, handler in self._of_associations.items()}}

    def answer(self, call: Call) -> Answer:
        """The answer of the action that the call names. Raises AppError."""
        name = f"{call.resource}.{call.association}:{call.action}" if call.association else call.name
        handler, is_dry = self._handlers.get(name), call.name in DRY or call.action.startswith(READING)
        if handler is None and call.resource not in SYSTEM_RESOURCES:
            handler, is_dry = (self._of_associations if call.association else self._of_collections).get(call.action), True
        if handler is None and self._procedures.knows(call):
            handler, is_dry = self._procedures.call, True
        if handler is None:
            raise NotFound(f'there is no action "{name}"', code="ACTION_NOT_FOUND")
        if call.dry_run and not is_dry:
            raise Invalid(f"{name} has no dry run; it would be done", path="dryRun", code="NO_DRY_RUN")
        answer = handler(with_opened_cursor(self.backend, call))
        return _renewed(self.backend, call, with_sealed_cursor(self.backend, call, answer))


def _renewed(backend: Backend, call: Call, answer: Answer) -> Answer:
    """The answer, with a new token when the call's own is over (https://docs.nocobase.com/security/token-policy)."""
    token = renewed_token(backend, call)
    return replace(answer, headers={**answer.headers, "x-new-token": token}) if token else answer
