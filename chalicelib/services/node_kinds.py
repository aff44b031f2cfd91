"""``flow_nodes:types``: what an interface needs to draw a workflow and to make forms: every type of node and trigger with its schema.

Source: https://docs.nocobase.com/workflow/nodes and https://docs.nocobase.com/workflow/triggers
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.record import Row
from chalicelib.engine.policy_validation import has_failure_branch, policy_properties
from chalicelib.nodes import NODES
from chalicelib.nodes.base import NodeType
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.editing import view
from chalicelib.services.versions import AREA
from chalicelib.triggers import TRIGGERS
from chalicelib.triggers.base import TriggerType

# By type: the title, and what it does.
NODE_WORDS: Mapping[str, tuple[str, str]] = {
    "condition": ("Condition", "Goes on only if something holds, or takes one of two branches."),
    "multi-conditions": ("Several conditions", "Takes the branch of the first condition that holds."),
    "calculation": ("Calculation", "Works out a value."),
    "dynamic-calculation": ("Dynamic calculation", "Evaluates an expression that a record holds."),
    "json-query": ("JSON query", "Takes parts out of a value."),
    "json-variable-mapping": ("JSON mapping", "Picks values out of an object."),
    "dateCalculation": ("Date calculation", "Reckons with dates."),
    "variable": ("Variable", "Holds a value for later nodes, or gives one another value."),
    "query": ("Query records", "Reads one record or several."),
    "create": ("Create record", "Adds a record."),
    "update": ("Update records", "Changes records."),
    "destroy": ("Delete records", "Removes records."),
    "aggregate": ("Aggregate", "Counts records, adds up a field."),
    "loop": ("Loop", "Walks its body for every item of a list."),
    "parallel": ("Parallel branches", "Walks several branches."),
    "transaction": ("Transaction", "A group of nodes whose writes all stay or all go."),
    "subflow": ("Run a workflow", "Runs another workflow."),
    "delay": ("Delay", "Waits for a while."),
    "manual": ("Manual task", "Waits for people."),
    "cc": ("Copy to people", "Tells users of what was done."),
    "request": ("HTTP request", "Calls another service."),
    "mailer": ("Send e-mail", "Sends an e-mail."),
    "notification": ("Notification", "Tells a channel something."),
    "response-message": ("Response message", "Says something to whoever pressed the button."),
    "output": ("Output", "Gives the workflow a result."),
    "end": ("End", "Stops the workflow, as succeeded or failed."),
}
TRIGGER_WORDS: Mapping[str, tuple[str, str]] = {
    "custom-action": ("Custom action", "Somebody presses a button, or a program calls it."),
    "action": ("After a form", "A call has created or updated a record."),
    "request-interception": ("Before a request", "A call is about to write; the workflow may stop it."),
    "collection": ("Record event", "A record was created, updated or deleted, by whatever."),
    "schedule": ("Schedule", "At set times, or at a date that a record has."),
    "message": ("Message", "A message has come from a topic."),
}


class NodeKinds:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def kinds(self, call: Call) -> Answer:
        """``{"nodes": […], "triggers": […]}`` for who manages workflows; ``branches`` by index is null where the config or people say.

        ``policies`` is a schema too, of what a config may hold beside that; ``branchOnFailure``: ``onError`` may be a branch."""
        found: Row = {"nodes": [_node(one) for one in NODES], "triggers": [_trigger(one) for one in TRIGGERS]}
        return view(self._backend, call, AREA, lambda editing: Answer(found))


def _node(node: NodeType) -> Row:
    return {
        **_about(node.name, node.schema, NODE_WORDS),
        "policies": {"type": "object", "properties": policy_properties(node)},
        "branches": None if node.branches is None else {str(index): label for index, label in node.branches.items()},
        "branchOnFailure": has_failure_branch({"onError": "branch"}, node),
        "waits": node.waits,
        "alsoSync": node.also_sync,
        "testable": node.testable,
    }


def _trigger(trigger: TriggerType) -> Row:
    about = _about(trigger.name, trigger.schema, TRIGGER_WORDS)
    return about | {"alwaysSync": trigger.always_sync, "alwaysAsync": trigger.always_async}


def _about(name: str, schema: Row, words: Mapping[str, tuple[str, str]]) -> Row:
    title, description = words.get(name, (name, ""))
    return {"type": name, "title": title, "description": description, "schema": schema}
