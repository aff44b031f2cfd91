"""The audit log over HTTP and the real database: by call, node, nested write, form and asynchronous run; paged, and for good."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.functional.client import Client
from tests.functional.conftest import refused
from tests.functional.model import Model

pytestmark = pytest.mark.usefixtures("machines")

Json = Any
PATIENCE_SECONDS = 90.0


@pytest.fixture(scope="module")
def shop(model: Model) -> Client:
    """Root of a house with two audited collections."""
    root = model.root
    lines: Json = {"name": "auditedLines", "audit": "values", "fields": [{"name": "text", "type": "string"}]}
    orders: Json = {
        "name": "auditedOrders",
        "audit": "values",
        "fields": [
            {"name": "title", "type": "string"},
            {"name": "secret", "type": "password"},
            {"name": "lines", "type": "hasMany", "target": "auditedLines", "foreignKey": "orderId"},
        ],
    }
    root.post("collections:create", lines).ok()
    root.post("collections:create", orders).ok()
    return root


def entries(root: Client, least: int = 1, **filter: Json) -> list[Json]:
    """Newest first. By collection or user they come from an index, which is a moment behind: waits for so many."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: list[Json] = root.get("auditLogs:list", filter=filter, pageSize=200).ok().data
        if len(found) >= least or time.monotonic() > ends:
            return found
        time.sleep(0.1)


def create_order(**more: Json) -> Json:
    return {"type": "create", "config": {"collection": "auditedOrders", "params": {"values": {"title": "made by a node"}}}} | more


def workflow(root: Client, key: str, *nodes: Json, **more: Json) -> str:
    body = {"key": key, "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}, "nodes": list(nodes)}
    root.post("workflows:create", body | more).ok()
    return key


def test_calls_and_nested_writes_leave_what_changed(shop: Client) -> None:
    made = shop.post("auditedOrders:create", {"title": "A", "secret": "canary-4711", "lines": [{"text": "one"}]}).ok()
    order = made.data["id"]
    shop.post(f"auditedOrders:update/{order}", {"title": "B"}).ok()
    shop.post(f"auditedOrders:destroy/{order}").ok()
    destroyed, updated, created = entries(shop, 3, collection="auditedOrders", recordId=order)
    assert [created["action"], updated["action"], destroyed["action"]] == ["create", "update", "destroy"]
    assert (updated["before"], updated["after"]) == ({"title": "A"}, {"title": "B"})
    assert created["fields"] == ["secret", "title"]
    assert created["requestId"] == made.headers["x-request-id"]
    assert (created["userId"], created["role"], created["via"]) == (1, "root", "session")
    (line,) = entries(shop, collection="auditedLines", requestId=created["requestId"])
    assert line["after"]["text"] == "one"
    assert "canary" not in shop.get("auditLogs:list", filter={"collection": "auditedOrders"}).body.decode()


def test_a_node_is_told_with_its_execution_and_who_started_it(shop: Client) -> None:
    key = workflow(shop, "audit_sync", create_order())
    answer = shop.post("workflows:trigger", {}, triggerWorkflows=key).ok()
    (entry,) = entries(shop, collection="auditedOrders", workflowKey=key)
    assert (entry["executionId"], entry["userId"]) == (answer.executions[0]["id"], 1)


def test_an_asynchronous_run_acts_for_who_started_it(shop: Client) -> None:
    key = workflow(shop, "audit_async", create_order(), sync=False)
    answer = shop.post("workflows:trigger", {}, triggerWorkflows=key).ok()
    (entry,) = entries(shop, collection="auditedOrders", workflowKey=key)
    assert (entry["executionId"], entry["userId"], entry["via"]) == (answer.executions[0]["id"], 1, "workflow")


def test_definitions_are_always_audited_and_so_is_who_gets_rights(shop: Client, model: Model) -> None:
    shop.post("roles:create", {"name": "audited", "strategy": {"actions": ["view"]}}).ok()
    shop.post("roles:update/audited", {"snippets": ["pm.audit-logs"]}).ok()
    updated, created = entries(shop, 2, collection="roles", recordId="audited")
    assert (created["action"], updated["action"], updated["fields"]) == ("create", "update", ["snippets"])


def test_a_conflict_and_a_refusal_leave_no_entry(shop: Client) -> None:
    order = shop.post("auditedOrders:create", {"title": "A"}).ok().data["id"]
    assert shop.using(If_Match='"7"').post(f"auditedOrders:update/{order}", {"title": "B"}).status == 412
    assert shop.post(f"auditedOrders:update/{order}", {"title": {"no": "text"}}).status == 400
    assert [one["action"] for one in entries(shop, collection="auditedOrders", recordId=order)] == ["create"]


def test_pages_go_on_where_the_last_one_ended(shop: Client) -> None:
    made = [shop.post("auditedLines:create", {"text": f"page {number}"}).ok().data["id"] for number in range(5)]
    entries(shop, 6, collection="auditedLines", action="create")
    named = {"collection": "auditedLines", "recordId": {"$in": [str(one) for one in made]}}
    seen: list[Json] = []
    more: dict[str, Json] = {}
    while True:
        answer = shop.get("auditLogs:list", filter=named, pageSize=2, **more).ok()
        seen += [one["recordId"] for one in answer.data]
        if not answer.meta["hasNext"]:
            break
        more = {"cursor": answer.meta["cursor"]}
    assert seen == made[::-1]
    refused(shop.get("auditLogs:list", filter={"userId": 1}, cursor=str(more["cursor"])[:-4] + "AAAA"), (400,), "cursor")


def test_who_may_not_see_the_log_is_told_nothing_of_it(shop: Client, model: Model, stranger: Client) -> None:
    refused(stranger.get("auditLogs:list", filter={"collection": "roles"}), (401,))
    refused(model.users["viewer"].get("auditLogs:list", filter={"collection": "roles"}), (403,))
    refused(shop.get("auditLogs:list"), (400,), "collection")
    for action in ("destroy/1", "update/1", "create"):
        assert shop.post(f"auditLogs:{action}", {"action": "none"}).status == 404
