"""Record events over HTTP: https://docs.nocobase.com/workflow/triggers/collection, set off by calls, by nodes and by nested writes."""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.events import ECHO, REJECT, Blog, end, make_blog, say

pytestmark = pytest.mark.usefixtures("machines")

CREATE, UPDATE, EITHER, DESTROY = 1, 2, 3, 4


@pytest.fixture
def blog(root: Client) -> Blog:
    """A new one for each test: its workflows start on every write."""
    return make_blog(root)


def change(blog: Blog, post: int, **values: Json) -> None:
    blog.root.post(f"{blog.posts}:update/{post}", values).ok()


def remove(blog: Blog, post: int) -> None:
    blog.root.post(f"{blog.posts}:destroy/{post}").ok()


class TestModes:
    @pytest.mark.parametrize(("mode", "titles"), [(CREATE, ["a"]), (UPDATE, ["b"]), (EITHER, ["a", "b"]), (DESTROY, ["b"])])
    def test_each_mode_gets_the_record(self, blog: Blog, mode: int, titles: list[str]) -> None:
        key = blog.on(mode, ECHO)
        post = blog.post("a")
        change(blog, post, title="b")
        remove(blog, post)
        assert [(data["id"], data["title"]) for data in blog.data(key)] == [(post, title) for title in titles]
        assert set(blog.runs(key)[0]["context"]) == {"data"}

    def test_an_update_or_removal_of_several_is_one_event_each(self, blog: Blog) -> None:
        changed, gone = blog.on(UPDATE, ECHO), blog.on(DESTROY, ECHO)
        posts = {blog.post(title, status="many") for title in "abc"}
        blog.root.post(f"{blog.posts}:update", {"content": "new"}, filter={"status": "many"}).ok()
        blog.root.post(f"{blog.posts}:destroy", filter={"status": "many"}).ok()
        assert ({data["id"] for data in blog.data(changed)}, {data["id"] for data in blog.data(gone)}) == (posts, posts)

    def test_associations_are_loaded(self, blog: Blog) -> None:
        key = blog.on(CREATE, ECHO, appends=["category"])
        blog.post("with", category={"title": "New"})
        assert [data["category"]["title"] for data in blog.data(key)] == ["New"]

    def test_an_asynchronous_one_is_queued_with_the_write(self, blog: Blog) -> None:
        key = blog.workflow("collection", {"mode": CREATE}, ECHO, sync=False)
        blog.post("later")
        assert [data["title"] for data in blog.data(key)] == ["later"]
        blog.root.post(f"{blog.posts}:create", {"nosuch": 1})
        assert len(blog.runs(key)) == 1

    def test_a_disabled_one_is_not_started(self, blog: Blog) -> None:
        key = blog.workflow("collection", {"mode": CREATE}, ECHO, enabled=False)
        blog.post()
        assert blog.runs(key) == []


class TestChanged:
    @pytest.mark.parametrize(
        ("changed", "values", "starts"),
        [
            (["title"], {"title": "new"}, True),
            (["title"], {"title": "old"}, False),
            (["title"], {"status": "new"}, False),
            (["title", "status"], {"status": "new"}, True),
            ([], {"status": "new"}, True),
            (None, {"title": "old"}, False),
            (["comments"], {"title": "new"}, False),
        ],
    )
    def test_an_update_counts_when_a_watched_field_has_another_value(self, blog: Blog, changed: Json, values: Json, starts: bool) -> None:
        key, post = blog.on(UPDATE, ECHO, changed=changed), blog.post("old")
        change(blog, post, **values)
        assert len(blog.runs(key)) == starts

    @pytest.mark.parametrize("name", ["category", "categoryId"])
    def test_a_belongs_to_is_compared_by_its_foreign_key(self, blog: Blog, name: str) -> None:
        key, post = blog.on(UPDATE, ECHO, changed=[name]), blog.post("p")
        water = blog.root.post(f"{blog.categories}:create", {"title": "Water"}).data["id"]
        change(blog, post, category={"id": water})
        change(blog, post, categoryId=water)
        change(blog, post, title="else")
        assert [data["categoryId"] for data in blog.data(key)] == [water]

    def test_in_mode_3_a_creation_counts_whatever_changed(self, blog: Blog) -> None:
        key = blog.on(EITHER, ECHO, changed=["status"])
        post = blog.post("made")
        change(blog, post, title="unwatched")
        change(blog, post, status="watched")
        assert [data["status"] for data in blog.data(key)] == [None, "watched"]


class TestCondition:
    def test_the_record_as_written_must_match(self, blog: Blog) -> None:
        key = blog.on(EITHER, ECHO, condition={"status": "open"})
        post = blog.post("p", status="draft")
        change(blog, post, status="open")
        change(blog, post, status="closed")
        assert [data["status"] for data in blog.data(key)] == ["open"]

    def test_it_may_ask_the_associated_record(self, blog: Blog) -> None:
        key = blog.on(CREATE, ECHO, condition={"category": {"title": "Water"}})
        blog.post("dry", category={"title": "Sand"})
        blog.post("wet", category={"title": "Water"})
        assert [data["title"] for data in blog.data(key)] == ["wet"]

    @pytest.mark.parametrize("condition", [None, {}, {"$and": []}])
    def test_an_empty_one_is_none(self, blog: Blog, condition: Json) -> None:
        key = blog.on(CREATE, ECHO, condition=condition)
        blog.post()
        assert len(blog.runs(key)) == 1

    def test_it_is_not_asked_when_a_record_is_destroyed(self, blog: Blog) -> None:
        key = blog.on(DESTROY, ECHO, condition={"status": "open"})
        remove(blog, blog.post("p", status="closed"))
        assert len(blog.runs(key)) == 1


class TestFailure:
    @pytest.mark.parametrize("last", [REJECT, end(-1)])
    def test_rolled_back_the_caller_gets_a_422_and_nothing_is_written(self, blog: Blog, last: Json) -> None:
        key = blog.on(CREATE, blog.note("written"), say("unheard"), last, rollbackOnFailure=True)
        answer = blog.root.post(f"{blog.posts}:create", {"title": "undone", "category": {"title": "undone"}})
        assert (answer.status, answer.codes) == (422, ["WORKFLOW_ROLLBACK_ON_FAILURE"])
        assert answer.errors[0]["message"] == "System process failed, please contact administrator."
        assert (blog.titles(), blog.notes(), blog.root.count(blog.categories)) == ([], [], 0)
        assert [run["status"] for run in blog.runs(key)] == [-1]
        assert blog.runs(key)[0]["id"] == answer.errors[0]["executionId"]

    def test_an_update_and_a_removal_are_rolled_back_too(self, blog: Blog) -> None:
        post = blog.post("stays")
        blog.on(UPDATE, REJECT, rollbackOnFailure=True)
        blog.on(DESTROY, REJECT, rollbackOnFailure=True)
        before = blog.root.get(f"{blog.posts}:get/{post}").data
        assert blog.root.post(f"{blog.posts}:update/{post}", {"title": "lost"}).status == 422
        assert blog.root.post(f"{blog.posts}:destroy/{post}").status == 422
        assert blog.root.get(f"{blog.posts}:get/{post}").data == before

    def test_otherwise_the_write_stays_and_what_the_workflow_wrote_is_gone(self, blog: Blog) -> None:
        key = blog.on(CREATE, blog.note("gone"), REJECT)
        answer = blog.root.post(f"{blog.posts}:create", {"title": "stays"})
        assert (answer.data["title"], blog.titles(), blog.notes()) == ("stays", ["stays"], [])
        assert [run["status"] for run in blog.runs(key)] == [-1]

    def test_succeeded_it_is_one_with_the_write(self, blog: Blog) -> None:
        blog.on(CREATE, blog.note("log of {{$context.data.title}}"), blog.change_post(status="Logged"), rollbackOnFailure=True)
        post = blog.post("logged")
        assert (blog.notes(), blog.root.get(f"{blog.posts}:get/{post}").data["status"]) == (["log of logged"], "Logged")

    def test_messages_reach_nobody(self, blog: Blog) -> None:
        key = blog.on(CREATE, say("unheard"))
        assert blog.root.post(f"{blog.posts}:create", {"title": "p"}).messages == []
        (run,) = blog.runs(key)
        (job,) = blog.root.get(f"executions:get/{run['id']}", appends=["jobs"]).data["jobs"]
        assert job["result"] is None


class TestWhoSetsItOff:
    def test_nodes_do(self, blog: Blog) -> None:
        made, changed, gone = (blog.on(mode, ECHO, collection=blog.log) for mode in (CREATE, UPDATE, DESTROY))
        update = {"type": "update", "config": {"collection": blog.log, "params": {"filter": {"note": "n"}, "values": {"note": "m"}}}}
        destroy = {"type": "destroy", "config": {"collection": blog.log, "params": {"filter": {"note": "m"}}}}
        action = blog.workflow("custom-action", {"type": 1}, blog.note("n"), update, destroy)
        blog.root.trigger(f"{blog.posts}/{blog.post()}", action).ok()
        assert [[data["note"] for data in blog.data(key)] for key in (made, changed, gone)] == [["n"], ["m"], ["m"]]
        (parent,) = blog.runs(action)
        assert blog.runs(made)[0]["stack"] == [parent["id"]]

    def test_nested_writes_do(self, blog: Blog) -> None:
        category, comment = blog.on(CREATE, ECHO, collection=blog.categories), blog.on(CREATE, ECHO, collection=blog.comments)
        post = blog.post("p", category={"title": "C"}, comments=[{"content": "one"}, {"content": "two"}])
        assert [data["title"] for data in blog.data(category)] == ["C"]
        assert sorted((data["content"], data["postId"]) for data in blog.data(comment)) == [("one", post), ("two", post)]

    def test_association_resources_do(self, blog: Blog) -> None:
        key, post = blog.on(CREATE, ECHO, collection=blog.comments), blog.post()
        blog.root.post(f"{blog.posts}/{post}/comments:create", {"content": "c"}).ok()
        assert [data["postId"] for data in blog.data(key)] == [post]

    def test_a_run_that_fails_sets_nothing_off(self, blog: Blog) -> None:
        later = blog.workflow("collection", {"mode": CREATE, "collection": blog.log}, ECHO, sync=False)
        action = blog.workflow("custom-action", {"type": 1}, blog.note("n"), REJECT)
        assert blog.root.trigger(f"{blog.posts}/{blog.post()}", action).status == 500
        assert (blog.notes(), blog.runs(later)) == ([], [])

    def test_rolled_back_a_nodes_write_is_that_nodes_error(self, blog: Blog) -> None:
        blog.on(CREATE, REJECT, collection=blog.log, rollbackOnFailure=True)
        action = blog.workflow("custom-action", {"type": 1}, blog.note("n"))
        answer = blog.root.trigger(f"{blog.posts}/{blog.post()}", action)
        assert (answer.status, answer.codes, blog.notes()) == (500, ["WORKFLOW_FAILED"], [])
        run = blog.root.get(f"executions:get/{blog.runs(action)[0]['id']}", appends=["jobs"]).data
        assert [(job["status"], job["result"]["code"]) for job in run["jobs"]] == [(-2, "WORKFLOW_ROLLBACK_ON_FAILURE")]


class TestStackLimit:
    def test_a_workflow_does_not_set_itself_off(self, blog: Blog) -> None:
        key = blog.on(UPDATE, blog.change_post(status="{{$system.genSnowflakeId}}"))
        change(blog, blog.post(), title="go")
        assert len(blog.runs(key)) == 1

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_it_may_as_often_as_its_options_say(self, blog: Blog, limit: int) -> None:
        again = {"type": "create", "config": {"collection": blog.posts, "params": {"values": {"title": "{{$context.data.title}}+"}}}}
        key = blog.workflow("collection", {"mode": CREATE}, again, options={"stackLimit": limit})
        blog.post("p")
        runs = blog.runs(key)
        assert blog.titles() == [f"p{'+' * number}" for number in range(limit + 1)]
        assert sorted(len(run["stack"] or []) for run in runs) == list(range(limit))

    def test_two_workflows_do_not_set_each_other_off_for_ever(self, blog: Blog) -> None:
        comment = {"type": "create", "config": {"collection": blog.comments, "params": {"values": {"content": "c"}}}}
        one, two = blog.on(CREATE, comment), blog.on(CREATE, blog.note("n"), collection=blog.comments)
        back = {"type": "create", "config": {"collection": blog.posts, "params": {"values": {"title": "back"}}}}
        three = blog.on(CREATE, back, collection=blog.log)
        blog.post("first")
        assert [len(blog.runs(key)) for key in (one, two, three)] == [1, 1, 1]
        assert blog.titles() == ["back", "first"]


class TestSaving:
    @pytest.mark.parametrize(
        ("config", "paths"),
        [
            ({}, ["config.mode"]),
            ({"mode": 5}, ["config.mode"]),
            ({"mode": 1, "collection": "nosuch"}, ["config.collection"]),
            ({"mode": 1, "changed": ["title"]}, ["config.changed"]),
            ({"mode": 2, "changed": ["title", "nosuch"]}, ["config.changed.1"]),
            ({"mode": 4, "appends": ["category"]}, ["config.appends"]),
            ({"mode": 1, "appends": ["title"]}, ["config.appends.0"]),
            ({"mode": 1, "condition": {"nosuch": 1}}, ["config.condition.nosuch"]),
            ({"mode": 7, "changed": "title", "rollbackOnFailure": 1}, ["config.mode", "config.changed", "config.rollbackOnFailure"]),
        ],
    )
    def test_each_mistake_is_named(self, blog: Blog, config: Json, paths: list[str]) -> None:
        body = {"title": "x", "type": "collection", "config": {"collection": blog.posts} | config}
        answer = blog.root.post("workflows:create", body)
        assert (answer.status, sorted(entry["path"] for entry in answer.errors)) == (400, sorted(paths))
