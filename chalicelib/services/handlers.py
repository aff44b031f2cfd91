"""Every action of the product's own resources, by name: one literal table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.services.action_runs import ActionRuns
from chalicelib.services.actions import Actions
from chalicelib.services.api_keys import ApiKeys
from chalicelib.services.audit_logs import AuditLogs
from chalicelib.services.auth import Auth
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.cc_tasks import CcTasks
from chalicelib.services.collections import Collections
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.definition_files import DefinitionFiles
from chalicelib.services.execution_control import ExecutionControl
from chalicelib.services.executions import Executions
from chalicelib.services.job_signals import JobSignals
from chalicelib.services.later_calls import LaterCalls
from chalicelib.services.manual_runs import ManualRuns
from chalicelib.services.manual_tasks import ManualTasks
from chalicelib.services.node_kinds import NodeKinds
from chalicelib.services.node_tests import NodeTests
from chalicelib.services.nodes import FlowNodes
from chalicelib.services.revisions import Revisions
from chalicelib.services.role_members import RoleMembers
from chalicelib.services.roles import Roles
from chalicelib.services.start import Start
from chalicelib.services.users import Users
from chalicelib.services.workflow_categories import WorkflowCategories
from chalicelib.services.workflows import Workflows

VERSION = "0.1.0"
Handler = Callable[[Call], Answer]


def handlers_of(backend: Backend) -> Mapping[str, Handler]:
    """The handlers by the names of their actions."""
    auth, users, roles = Auth(backend), Users(backend), Roles(backend)
    members, api_keys, cc_tasks = RoleMembers(backend), ApiKeys(backend), CcTasks(backend)
    collections, workflows, nodes = Collections(backend), Workflows(backend), FlowNodes(backend)
    executions, files, categories = Executions(backend), DefinitionFiles(backend), WorkflowCategories(backend)
    actions, action_runs, manual_tasks = Actions(backend), ActionRuns(backend), ManualTasks(backend)
    control, later_calls = ExecutionControl(backend), LaterCalls(backend)
    return {
        "app:getInfo": _info,
        "app:start": Start(backend).start,
        "auth:signIn": auth.sign_in,
        "auth:check": auth.check,
        "auth:signOut": auth.sign_out,
        "auth:changePassword": auth.change_password,
        "auth:syncCookies": auth.sync_cookies,
        "auditLogs:list": AuditLogs(backend).list_entries,
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
        "flow_nodes:types": NodeKinds(backend).kinds,
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
        "workflowManualTasks:list": manual_tasks.list_all,
        "workflowManualTasks:listMine": manual_tasks.list_mine,
        "workflowManualTasks:get": manual_tasks.get,
        "workflowManualTasks:submit": manual_tasks.submit,
        "userWorkflowTasks:listMine": manual_tasks.counts,
        "scheduledCalls:list": later_calls.list_own,
        "scheduledCalls:destroy": later_calls.destroy,
        "actions:list": actions.list_actions,
        "actions:get": actions.get,
        "actions:procedures": actions.procedures,
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
