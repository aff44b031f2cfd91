"""Joins adapters to use cases; the only place that does. One product per process, made at its first request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb import dynamodb_store
from chalicelib.adapters.outside import OutsideServices
from chalicelib.adapters.passwords import Argon2Passwords, check_password
from chalicelib.adapters.secrets import token_secret
from chalicelib.adapters.stepfunctions import StepFunctions
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.config import Settings, settings
from chalicelib.domain.ports import Machines
from chalicelib.errors import Invalid, Json, NotFound
from chalicelib.services import installation, sweeping
from chalicelib.services.action_runs import ActionRuns
from chalicelib.services.actions import Actions
from chalicelib.services.api_keys import ApiKeys
from chalicelib.services.association_actions import AssociationActions
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.auth import Auth
from chalicelib.services.backend import Backend, NoMachines, Tokens
from chalicelib.services.call import Answer, Call
from chalicelib.services.cc_tasks import CcTasks
from chalicelib.services.collections import Collections
from chalicelib.services.cursor_seal import with_opened_cursor, with_sealed_cursor
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.definition_files import DefinitionFiles
from chalicelib.services.execution_control import ExecutionControl
from chalicelib.services.executions import Executions
from chalicelib.services.job_signals import JobSignals
from chalicelib.services.manual_runs import ManualRuns
from chalicelib.services.manual_tasks import ManualTasks
from chalicelib.services.node_tests import NodeTests
from chalicelib.services.nodes import FlowNodes
from chalicelib.services.openapi import OpenApi
from chalicelib.services.procedures import ProcedureCalls
from chalicelib.services.record_extras import RecordExtras
from chalicelib.services.revisions import Revisions
from chalicelib.services.role_members import RoleMembers
from chalicelib.services.roles import Roles
from chalicelib.services.session import renewed_token
from chalicelib.services.users import Users
from chalicelib.services.workflow_categories import WorkflowCategories
from chalicelib.services.workflows import Workflows

VERSION = "0.1.0"
DRY = frozenset({"workflows:trigger", "actions:run"})  # of the actions by name, those that can be tried with dryRun=1
READING = ("list", "get", "check", "available", "export")
Handler = Callable[[Call], Answer]
SYSTEM_RESOURCES = frozenset(
    {
        "actions",
        "procedures",
        "workflowCategories",
        "workflowCcTasks",
        "workflowManualTasks",
        "userWorkflowTasks",
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
        "openapi.json",
    }
)


class Product:
    """Every action there is, by name: a literal table, then the actions that every collection has."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._handlers = {**_handlers(backend), "openapi.json:list": OpenApi(backend, self.handlers).document}
        records, custom_actions = RecordExtras(backend), CustomActions(backend)
        self._of_collections: Mapping[str, Handler] = {
            "list": records.list_records,
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


def _handlers(backend: Backend) -> Mapping[str, Handler]:
    auth, users, roles = Auth(backend, check_password), Users(backend, check_password), Roles(backend)
    members, api_keys, cc_tasks = RoleMembers(backend), ApiKeys(backend), CcTasks(backend)
    collections, workflows, nodes = Collections(backend), Workflows(backend), FlowNodes(backend)
    executions, files, categories = Executions(backend), DefinitionFiles(backend), WorkflowCategories(backend)
    actions, action_runs, manual_tasks = Actions(backend), ActionRuns(backend), ManualTasks(backend)
    control = ExecutionControl(backend)
    return {
        "app:getInfo": _info,
        "auth:signIn": auth.sign_in,
        "auth:check": auth.check,
        "auth:signOut": auth.sign_out,
        "auth:changePassword": auth.change_password,
        "auth:syncCookies": auth.sync_cookies,
        "apiKeys:create": api_keys.create,
        "apiKeys:list": api_keys.list_keys,
        "apiKeys:destroy": api_keys.destroy,
        "users:list": users.list_users,
        "users:get": users.get,
        "users:create": users.create,
        "users:update": users.update,
        "users:destroy": users.destroy,
        "users:updateProfile": users.update_profile,
        "users:setDefaultRole": users.set_default_role,
        "users.roles:list": users.list_roles,
        "users.roles:add": users.add_roles,
        "users.roles:set": users.set_roles,
        "users.roles:remove": users.remove_roles,
        "users.roles:toggle": users.toggle_roles,
        "roles:check": auth.check_roles,
        "roles:list": roles.list_all,
        "roles:get": roles.get,
        "roles:create": roles.create,
        "roles:update": roles.update,
        "roles:destroy": roles.destroy,
        "roles.users:list": members.list_users,
        "roles.users:add": members.add,
        "roles.users:set": members.set,
        "roles.users:remove": members.remove,
        "roles.users:toggle": members.toggle,
        "roles.resources:list": roles.list_resources,
        "roles.resources:get": roles.get_resource,
        "roles.resources:create": roles.put_resource,
        "roles.resources:update": roles.put_resource,
        "roles.resources:destroy": roles.destroy_resource,
        "roles.dataSourceResources:create": roles.put_resource,
        "roles.dataSourceResources:update": roles.put_resource,
        "roles.dataSourceResources:get": roles.get_resource,
        "dataSources.roles:update": roles.update_in_source,
        "collections:list": collections.list_collections,
        "collections:listMeta": collections.list_meta,
        "collections:get": collections.get,
        "collections:create": collections.create,
        "collections:update": collections.update,
        "collections:destroy": collections.destroy,
        "collections:reindex": collections.reindex,
        "collections.fields:list": collections.list_fields,
        "collections.fields:get": collections.get_field,
        "collections.fields:create": collections.create_field,
        "collections.fields:update": collections.update_field,
        "collections.fields:destroy": collections.destroy_field,
        "workflows:list": workflows.list_workflows,
        "workflows:get": workflows.get,
        "workflows:create": workflows.create,
        "workflows:update": workflows.update,
        "workflows:destroy": workflows.destroy,
        "workflows:revision": Revisions(backend).revise,
        "workflows:export": files.export,
        "workflows:import": files.bring,
        "workflows:execute": ManualRuns(backend).execute,
        "workflows:trigger": CustomActions(backend).trigger,
        "workflows.nodes:create": nodes.create,
        "workflows.nodes:list": nodes.list_nodes,
        "flow_nodes:get": nodes.get,
        "flow_nodes:update": nodes.update,
        "flow_nodes:destroy": nodes.destroy,
        "flow_nodes:move": nodes.move,
        "flow_nodes:duplicate": nodes.duplicate,
        "flow_nodes:destroyBranch": nodes.destroy_branch,
        "flow_nodes:test": NodeTests(backend).test,
        "workflowCategories:list": categories.list_categories,
        "workflowCategories:get": categories.get,
        "workflowCategories:create": categories.create,
        "workflowCategories:update": categories.update,
        "workflowCategories:destroy": categories.destroy,
        "workflowCcTasks:list": cc_tasks.list_mine,
        "workflowCcTasks:listMine": cc_tasks.list_mine,
        "workflowCcTasks:get": cc_tasks.get,
        "workflowCcTasks:read": cc_tasks.read,
        "workflowCcTasks:unread": cc_tasks.unread,
        "workflowManualTasks:listMine": manual_tasks.list_mine,
        "workflowManualTasks:get": manual_tasks.get,
        "workflowManualTasks:submit": manual_tasks.submit,
        "userWorkflowTasks:listMine": manual_tasks.counts,
        "actions:list": actions.list_actions,
        "actions:get": actions.get,
        "actions:create": actions.create,
        "actions:update": actions.update,
        "actions:destroy": actions.destroy,
        "actions:available": action_runs.available,
        "actions:run": action_runs.run,
        "executions:list": executions.list_executions,
        "executions:get": executions.get,
        "executions:destroy": executions.destroy,
        "executions:cancel": control.cancel,
        "executions:rerun": control.rerun,
        "jobs:get": executions.get_job,
        "jobs:resume": JobSignals(backend).resume,
    }


def _info(call: Call) -> Answer:
    return Answer({"name": "stepbase", "version": VERSION, "database": {"dialect": "dynamodb"}, "lang": "en-US"})


@lru_cache(maxsize=1)
def product() -> Product:
    """The process's product. Reads the settings; makes no request."""
    now = settings()
    backend = Backend(
        dynamodb_store(now),
        SystemClock(),
        cast(Tokens, OnDemand(lambda: _tokens(now))),
        Argon2Passwords(),
        now.token_hours,
        session_days=now.session_days,
        outside=OutsideServices(now),
        machines=_machines(now),
        stage=now.stage,
    )
    return Product(backend)


class OnDemand:
    """Stands for what ``make`` returns, which is made when first used: functions that see no token have no right to the secret."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._once = lru_cache(maxsize=1)(make)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._once(), name)


def _machines(now: Settings) -> Machines:
    return NoMachines() if now.machines is None else StepFunctions(now.region, now.machines)


def _tokens(now: Settings) -> Tokens:
    """Our own tokens; those of another issuer too when one is set. Its verifier is loaded only then."""
    own = TokenSigner(token_secret(now))
    if now.outside is None:
        return own
    from chalicelib.adapters.jwks import OutsideVerifier, Verifiers, key_source

    fetch = key_source(now.outside.url, now.outside.jwks)
    return Verifiers(own, OutsideVerifier(fetch, now.outside.issuer, now.outside.audience, now.outside.algorithms))


def sweep(deadline_ms: int) -> int:
    """Moves on what has to go on though nobody calls, until ``deadline_ms`` (epoch milliseconds); how many steps that were."""
    return sweeping.sweep(product().backend, deadline_ms)


def run_segment(event: dict[str, Json], deadline_ms: int) -> dict[str, Json]:
    """Walks an execution on, until ``deadline_ms`` (epoch milliseconds): see `AsyncRuns.run_segment`."""
    return AsyncRuns(product().backend).run_segment(event, deadline_ms)


def await_signal(event: dict[str, Json]) -> None:
    """Keeps the token of a task that waits: see `AsyncRuns.await_signal`."""
    AsyncRuns(product().backend).await_signal(event)


def publish(event: dict[str, Json]) -> None:
    """Makes the state machine ``{"name", "definition"}`` unless it is there. Raises MachineRefused."""
    _machines(settings()).publish(event["name"], event["definition"])


def go_on(deadline_ms: int) -> int:
    """Starts a new attempt of every open execution without a machine that runs; for a place where machines do not outlive a restart."""
    return sweeping.go_on(product().backend, deadline_ms)


def install(email: str, password: str) -> bool:
    """Make the first user and the stock roles; False when that was done before."""
    check_password(password)
    return installation.install(product().backend, email, password)
