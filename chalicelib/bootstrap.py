"""Joins adapters to use cases; the only place that does. One product per process, made at its first request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb import dynamodb_store
from chalicelib.adapters.passwords import Argon2Passwords, check_password
from chalicelib.adapters.secrets import token_secret
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.config import settings
from chalicelib.errors import NotFound
from chalicelib.services import installation
from chalicelib.services.association_actions import AssociationActions
from chalicelib.services.auth import Auth
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.collections import Collections
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.executions import Executions
from chalicelib.services.manual_runs import ManualRuns
from chalicelib.services.nodes import FlowNodes
from chalicelib.services.records import RecordActions
from chalicelib.services.roles import Roles
from chalicelib.services.users import Users
from chalicelib.services.workflows import Workflows

VERSION = "0.1.0"
Handler = Callable[[Call], Answer]
SYSTEM_RESOURCES = frozenset({"app", "auth", "users", "roles", "collections", "workflows", "flow_nodes", "executions", "jobs"})


class Product:
    """Every action there is, by name: a literal table, then the actions that every collection has."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._handlers = _handlers(backend)
        records, custom_actions = RecordActions(backend), CustomActions(backend)
        self._of_collections: Mapping[str, Handler] = {
            "list": records.list_records,
            "get": records.get,
            "create": records.create,
            "update": records.update,
            "destroy": records.destroy,
            "trigger": custom_actions.trigger,
        }
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

    def answer(self, call: Call) -> Answer:
        """The answer of the action that the call names. Raises AppError."""
        name = f"{call.resource}.{call.association}:{call.action}" if call.association else call.name
        handler = self._handlers.get(name)
        if handler is None and call.resource not in SYSTEM_RESOURCES:
            handler = (self._of_associations if call.association else self._of_collections).get(call.action)
        if handler is None:
            raise NotFound(f'there is no action "{name}"', code="ACTION_NOT_FOUND")
        return handler(call)


def _handlers(backend: Backend) -> Mapping[str, Handler]:
    auth, users, roles = Auth(backend), Users(backend, check_password), Roles(backend)
    collections, workflows, nodes = Collections(backend), Workflows(backend), FlowNodes(backend)
    executions = Executions(backend)
    return {
        "app:getInfo": _info,
        "auth:signIn": auth.sign_in,
        "auth:check": auth.check,
        "auth:signOut": auth.sign_out,
        "users:list": users.list_users,
        "users:get": users.get,
        "users:create": users.create,
        "users:update": users.update,
        "users:destroy": users.destroy,
        "users.roles:list": users.list_roles,
        "users.roles:add": users.add_roles,
        "users.roles:set": users.set_roles,
        "users.roles:remove": users.remove_roles,
        "roles:check": auth.check_roles,
        "roles:list": roles.list_all,
        "roles:get": roles.get,
        "roles:create": roles.create,
        "roles:update": roles.update,
        "roles:destroy": roles.destroy,
        "roles.resources:list": roles.list_resources,
        "roles.resources:get": roles.get_resource,
        "roles.resources:create": roles.put_resource,
        "roles.resources:update": roles.put_resource,
        "roles.resources:destroy": roles.destroy_resource,
        "roles.dataSourceResources:create": roles.put_resource,
        "roles.dataSourceResources:update": roles.put_resource,
        "roles.dataSourceResources:get": roles.get_resource,
        "dataSources.roles:update": roles.update,
        "collections:list": collections.list_collections,
        "collections:get": collections.get,
        "collections:create": collections.create,
        "collections:update": collections.update,
        "collections:destroy": collections.destroy,
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
        "workflows:execute": ManualRuns(backend).execute,
        "workflows:trigger": CustomActions(backend).trigger,
        "workflows.nodes:create": nodes.create,
        "workflows.nodes:list": nodes.list_nodes,
        "flow_nodes:get": nodes.get,
        "flow_nodes:update": nodes.update,
        "flow_nodes:destroy": nodes.destroy,
        "executions:list": executions.list_executions,
        "executions:get": executions.get,
        "executions:destroy": executions.destroy,
        "jobs:get": executions.get_job,
    }


def _info(call: Call) -> Answer:
    return Answer({"name": "stepbase", "version": VERSION, "database": {"dialect": "dynamodb"}, "lang": "en-US"})


@lru_cache(maxsize=1)
def product() -> Product:
    """The process's product. Reads the settings; makes no request."""
    now = settings()
    backend = Backend(dynamodb_store(now), SystemClock(), TokenSigner(token_secret(now)), Argon2Passwords(), now.token_hours)
    return Product(backend)


def install(email: str, password: str) -> bool:
    """Make the first user and the stock roles; False when that was done before."""
    check_password(password)
    return installation.install(product().backend, email, password)
