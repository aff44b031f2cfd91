"""Audit entries: written with the record or not at all, kept for good, shown to who may see them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.audit import MOST_VALUES_BYTES
from chalicelib.domain.ports import EXECUTIONS, Absent, Put
from chalicelib.errors import AppError, Forbidden, Invalid
from tests.sessions import Session
from tests.stores import WatchedStore

Json = Any
PASSWORD = "a good password 1"
FIELDS: Json = [
    {"name": "title", "type": "string"},
    {"name": "amount", "type": "double"},
    {"name": "pin", "type": "password"},
    {"name": "inner", "type": "string", "hidden": True},
]


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    session = Session(store).install()
    for name, audit in (("ledger", True), ("books", "values"), ("notes", False)):
        session.call("collections:create", None, {"name": name, "audit": audit, "fields": FIELDS})
    return session


def entries(session: Session, **filter: Json) -> list[Json]:
    found: list[Json] = session.call("auditLogs:list", filter=filter, pageSize="200")
    return found


def audit_puts(store: WatchedStore) -> list[Put]:
    return [write for writes in store.transactions for write in writes if isinstance(write, Put) and write.item["pk"].startswith("audit#")]


class TestWhatIsKept:
    def test_each_write_of_a_record_leaves_who_when_what_and_which_fields(self, session: Session) -> None:
        made = session.call("ledger:create", None, {"title": "A", "amount": 1})
        session.call("ledger:update", made["id"], {"amount": 2})
        session.call("ledger:destroy", made["id"])
        destroyed, updated, created = entries(session, collection="ledger", recordId=made["id"])
        assert [one["action"] for one in (created, updated, destroyed)] == ["create", "update", "destroy"]
        assert [(one["versionBefore"], one["versionAfter"]) for one in (created, updated, destroyed)] == [(None, 1), (1, 2), (2, None)]
        assert [one["fields"] for one in (created, updated)] == [["amount", "title"], ["amount"]]
        assert {(one["userId"], one["role"], one["via"], one["recordId"]) for one in (created, updated)} == {
            (1, "root", "session", made["id"])
        }
        assert created["requestId"] != updated["requestId"]
        assert updated["createdAt"].startswith("2026-11-21T")
        assert "before" not in updated

    def test_values_are_kept_where_the_collection_says_so_but_never_of_passwords_and_hidden_fields(
        self, session: Session, store: WatchedStore
    ) -> None:
        made = session.call("books:create", None, {"title": "A", "pin": "canary-pin-1", "inner": "canary-inner"})
        session.call("books:update", made["id"], {"title": "B", "pin": "canary-pin-2"})
        updated, created = entries(session, collection="books")
        assert (created["before"], created["after"]) == (None, {"title": "A"})
        assert (updated["before"], updated["after"]) == ({"title": "A"}, {"title": "B"})
        assert updated["fields"] == ["pin", "title"]
        assert "canary" not in str(audit_puts(store))

    def test_large_values_are_marks_of_their_size(self, session: Session) -> None:
        made = session.call("books:create", None, {"title": "x" * 5_000, "amount": 1})
        (created,) = entries(session, collection="books", recordId=made["id"])
        assert created["after"] == {"title": {"cut": True, "bytes": 5_002}, "amount": 1}

    def test_the_entry_of_a_record_with_very_many_fields_stays_small(self, session: Session, store: WatchedStore) -> None:
        many = [{"name": f"f{n}", "type": "text"} for n in range(300)]
        session.call("collections:create", None, {"name": "wide", "audit": "values", "fields": many})
        session.call("wide:create", None, {f"f{n}": "y" * 900 for n in range(300)})
        assert len(audit_puts(store)[-1].item["doc"]) < 1.5 * MOST_VALUES_BYTES

    def test_what_is_dropped_with_its_run_leaves_no_entry(self, session: Session) -> None:
        create = {"type": "create", "config": {"collection": "ledger", "params": {"values": {"title": "x"}}}}
        reject = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"group": {"type": "or", "calculations": []}}}}
        session.workflow("failing", [create, reject])
        assert session.trigger("samples", 1, "failing").status == 500
        assert entries(session, collection="ledger") == []

    def test_a_node_and_a_nested_write_are_told_with_their_execution(self, session: Session) -> None:
        create = {"type": "create", "config": {"collection": "ledger", "params": {"values": {"title": "by a node"}}}}
        session.workflow("writes", [create])
        answer = session.trigger("samples", 1, "writes")
        (entry,) = entries(session, collection="ledger")
        (execution,) = (answer.meta or {})["executions"]
        assert (entry["executionId"], entry["workflowKey"], entry["userId"]) == (execution["id"], "writes", 1)
        assert entry["executions"] == [{"id": execution["id"], "key": "writes"}]

    def test_a_change_of_a_definition_is_always_kept(self, session: Session) -> None:
        role = {"name": "clerk", "strategy": {"actions": ["view"]}}
        session.call("roles:create", None, role)
        session.call("roles:update", "clerk", {"title": "Clerk"})
        user = session.call("users:create", None, {"username": "ada", "password": PASSWORD})
        version = session.workflow("flow", [{"type": "output", "config": {"value": 1}}])
        assert [one["action"] for one in entries(session, collection="roles", recordId="clerk")] == ["update", "create"]
        assert entries(session, collection="users", recordId=user["id"])[0]["fields"].count("password") == 1
        assert entries(session, collection="workflows", recordId=version)
        assert entries(session, collection="collections", recordId="ledger")[0]["fields"]

    def test_of_very_many_definitions_the_last_entry_names_the_rest(self, session: Session, store: WatchedStore) -> None:
        first = session.workflow("flow", [{"type": "output", "config": {"value": 1}}])
        for _ in range(6):
            session.call("workflows:revision", first, None, filter={"key": "flow"})
        store.forget()
        session.call("workflows:destroy", first)
        puts = audit_puts(store)
        assert len(puts) == 4
        removed = [one for one in entries(session, collection="workflows") if one["action"] == "destroy"]
        assert sum(1 + len(one.get("also", [])) for one in removed) == 7


class TestWhatItCosts:
    def test_a_collection_without_audit_writes_what_it_wrote(self, session: Session, store: WatchedStore) -> None:
        store.forget()
        session.call("notes:create", None, {"title": "A"})
        assert ([len(writes) for writes in store.transactions], audit_puts(store), len(store.queries)) == ([1], [], 0)

    def test_an_audited_write_is_one_item_more_and_no_request(self, session: Session, store: WatchedStore) -> None:
        store.forget()
        session.call("ledger:create", None, {"title": "A"})
        assert ([len(writes) for writes in store.transactions], len(store.queries)) == ([2], 0)
        (put,) = audit_puts(store)
        assert (put.table, put.condition, "ttl" in put.item) == (EXECUTIONS, Absent(), False)

    def test_entries_count_where_a_run_writes_too_much_and_the_refusal_says_so(self, session: Session, store: WatchedStore) -> None:
        each = {"type": "create", "config": {"collection": "ledger", "params": {"values": {"amount": "{{$scopes.all.item}}"}}}}
        session.workflow("many", [{"key": "all", "type": "loop", "config": {"target": list(range(60))}, "branches": {"0": [each]}}])
        session.trigger("samples", 1, "many")
        result = session.executions("many")[0]["jobs"][-1]["result"]
        assert result["code"] == "TOO_MANY_WRITES"
        assert "121, 60 of them audit entries" in result["message"]
        assert entries(session, collection="ledger") == []


class TestTheList:
    def test_it_is_paged_newest_first_without_a_gap(self, session: Session) -> None:
        ids = []
        for number in range(7):
            session.clock.sleep(1)
            ids.append(session.call("ledger:create", None, {"title": str(number)})["id"])
        for named in ({"collection": "ledger"}, {"userId": 1, "action": "create", "collection": {"$eq": "ledger"}}):
            seen: list[Json] = []
            more: dict[str, Json] = {}
            while True:
                answer = session.answer("auditLogs:list", filter=named, pageSize="3", **more)
                seen += [one["recordId"] for one in answer.data]
                if not (answer.meta or {})["hasNext"]:
                    break
                more = {"cursor": (answer.meta or {})["cursor"]}
            assert seen == ids[::-1]

    def test_it_is_found_by_user_and_by_time(self, session: Session) -> None:
        session.call("ledger:create", None, {"title": "A"})
        session.clock.sleep(60)
        session.call("ledger:create", None, {"title": "B"})
        assert len(entries(session, collection="ledger", createdAt={"$gt": "2026-11-21T00:00:30.000Z"})) == 1
        assert len(entries(session, collection="ledger", createdAt={"$lt": "2026-11-21T00:00:30.000Z"})) == 1
        assert len(entries(session, collection="ledger", createdAt={"$lt": "2025-01-01T00:00:00.000Z"})) == 0
        assert {one["collection"] for one in entries(session, userId=1)} >= {"ledger", "collections"}
        assert entries(session, userId=2) == []

    @pytest.mark.parametrize(
        ("params", "path"),
        [
            ({}, "filter"),
            ({"filter": {"action": "create"}}, "filter"),
            ({"filter": {"collection": "ledger", "nope": 1}}, "filter.nope"),
            ({"filter": {"collection": "ledger"}, "page": "2"}, "page"),
            ({"filter": {"collection": "ledger"}, "sort": "createdAt"}, "sort"),
            ({"filter": {"collection": "ledger"}, "pageSize": "201"}, "pageSize"),
            ({"filter": {"collection": "ledger"}, "cursor": "made up"}, "cursor"),
        ],
    )
    def test_what_it_cannot_do_it_says(self, session: Session, params: Json, path: str) -> None:
        with pytest.raises(Invalid) as refused:
            session.call("auditLogs:list", **params)
        assert [problem.path for problem in refused.value.problems()] == [path]

    def test_it_is_for_those_who_have_the_right(self, session: Session) -> None:
        for name, snippets in (("auditor", ["pm.audit-logs"]), ("viewer", ["!pm.audit-logs", "pm.users"])):
            session.call("roles:create", None, {"name": name, "strategy": {"actions": ["view"]}, "snippets": snippets})
            session.call("users:create", None, {"username": name, "password": PASSWORD, "roles": [name]})
        ids = {user["username"]: user["id"] for user in session.call("users:list")}
        assert entries(session.process(user_id=ids["auditor"]), collection="roles")
        with pytest.raises(Forbidden):
            entries(session.process(user_id=ids["viewer"]), collection="roles")

    def test_no_action_changes_or_removes_an_entry(self, session: Session) -> None:
        for action in ("create", "update", "destroy", "get", "move", "trigger"):
            with pytest.raises(AppError) as refused:
                session.call(f"auditLogs:{action}", 1, {"action": "none"})
            assert refused.value.code == "ACTION_NOT_FOUND"
        with pytest.raises(Invalid, match="reserved"):
            session.call("collections:create", None, {"name": "auditLogs"})


class TestTheOption:
    @pytest.mark.parametrize("wrong", ["yes", 1, {}, "names"])
    def test_another_value_is_refused_when_it_is_made_and_when_it_is_changed(self, session: Session, wrong: Json) -> None:
        for name, record_id in (("collections:create", None), ("collections:update", "notes")):
            with pytest.raises(Invalid, match="audit must be") as refused:
                session.call(name, record_id, ({"name": "more"} if record_id is None else {}) | {"audit": wrong})
            assert [problem.path for problem in refused.value.problems()] == ["audit"]

    def test_it_holds_from_the_call_that_sets_it_and_what_was_kept_stays(self, session: Session) -> None:
        session.call("notes:create", None, {"title": "before"})
        session.call("collections:update", "notes", {"audit": True})
        made = session.call("notes:create", None, {"title": "since"})
        session.call("collections:update", "notes", {"audit": False})
        session.call("notes:update", made["id"], {"title": "after"})
        assert [one["recordId"] for one in entries(session, collection="notes")] == [made["id"]]
        session.call("collections:destroy", "notes")
        assert [one["recordId"] for one in entries(session, collection="notes")] == [made["id"]]
