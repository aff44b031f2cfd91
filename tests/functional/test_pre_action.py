"""Pre-action events over HTTP: a workflow that runs before an action and may keep it from being done, in every way it can end.

https://docs.nocobase.com/workflow/triggers/pre-action
"""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.events import ECHO, REJECT, Blog, end, ended, make_blog, say
from tests.functional.model import make_user

PARAMS = {"type": "output", "config": {"value": "{{$context.params}}"}}


@pytest.fixture(scope="module")
def blog(root: Client) -> Blog:
    return make_blog(root)


def params(blog: Blog, key: str) -> list[Json]:
    return [run["output"] for run in blog.runs(key)]


class TestHowItEnds:
    def test_resolved_the_action_is_done_in_one_with_what_the_workflow_wrote(self, blog: Blog) -> None:
        key = blog.before(blog.note("before {{$context.params.values.title}}"), say("checked"))
        answer = blog.create(key, {"title": "allowed"})
        assert (answer.data["title"], answer.messages, ended(answer)) == ("allowed", ["checked"], [(key, 1)])
        assert ("allowed" in blog.titles(), "before allowed" in blog.notes()) == (True, True)

    def test_resolved_by_end_the_action_is_not_done_and_what_it_wrote_stays(self, blog: Blog) -> None:
        key, second = blog.before(blog.note("instead"), say("done otherwise"), end(1)), blog.before(say("second"))
        answer = blog.create(f"{key},{second}", {"title": "instead"})
        assert (answer.status, "data" in answer.json, answer.messages, ended(answer)) == (200, False, ["done otherwise"], [(key, 1)])
        assert ("instead" in blog.titles(), "instead" in blog.notes(), blog.runs(second)) == (False, True, [])

    @pytest.mark.parametrize("status", [-1, -5])
    def test_failed_by_end_is_a_400_with_the_messages_and_nothing_is_written(self, blog: Blog, status: int) -> None:
        title = f"refused {status}"
        key = blog.before(blog.note(title), say("not today"), end(status))
        answer = blog.create(key, {"title": title})
        assert (answer.status, answer.errors, ended(answer)) == (400, [{"message": "not today"}], [(key, status)])
        assert (title in blog.titles(), title in blog.notes(), len(blog.runs(key))) == (False, False, 1)

    def test_failed_by_end_without_a_message_says_so(self, blog: Blog) -> None:
        answer = blog.create(blog.before(end(-1)), {"title": "silent"})
        assert (answer.status, answer.codes, "silent" in blog.titles()) == (400, ["WORKFLOW_ENDED"], False)

    def test_a_failing_node_is_a_500_that_names_it_and_nothing_is_written(self, blog: Blog) -> None:
        first, key = blog.before(blog.note("first broken")), blog.before(blog.note("broken"), say("dropped"), REJECT)
        answer = blog.create(f"{first},{key}", {"title": "broken"})
        assert (answer.status, answer.codes, answer.errors[0]["node"]) == (500, ["WORKFLOW_FAILED"], "Never")
        assert ended(answer) == [(first, 1), (key, -1)]
        assert ("broken" in blog.titles(), {"broken", "first broken"} & set(blog.notes())) == (False, set())
        assert [run["status"] for run in blog.runs(key)] == [-1]

    def test_an_action_that_is_refused_takes_back_what_was_written_before_it(self, blog: Blog) -> None:
        key = blog.before(blog.note("before a mistake"))
        answer = blog.create(key, {"title": "mistake", "nosuch": 1})
        assert (answer.status, "before a mistake" in blog.notes()) == (400, False)

    def test_it_is_synchronous_whatever_it_says(self, blog: Blog) -> None:
        key = blog.workflow("request-interception", {}, say("at once"), sync=False)
        assert blog.create(key, {"title": "at once"}).messages == ["at once"]


class TestWhatItSees:
    def test_the_values_of_a_create(self, blog: Blog) -> None:
        key = blog.before(PARAMS)
        blog.create(key, {"title": "seen", "category": {"title": "new"}}).ok()
        assert params(blog, key) == [{"filterByTk": None, "filter": None, "values": {"title": "seen", "category": {"title": "new"}}}]

    def test_id_filter_and_values_of_an_update_and_a_destroy(self, blog: Blog) -> None:
        key, post = blog.before(PARAMS), blog.post("seen too")
        blog.root.post(f"{blog.posts}:update/{post}", {"title": "now"}, triggerWorkflows=key).ok()
        blog.root.post(f"{blog.posts}:destroy", filter={"title": "now"}, triggerWorkflows=key).ok()
        first, second = params(blog, key)
        assert (str(first["filterByTk"]), first["values"]) == (str(post), {"title": "now"})
        assert (second["filterByTk"], "now" in str(second["filter"])) == (None, True)

    def test_the_caller_without_a_secret(self, blog: Blog) -> None:
        key = blog.before({"type": "output", "config": {"value": ["{{$context.user}}", "{{$context.roleName}}"]}})
        blog.create(key, {"title": "who"}).ok()
        user, role = params(blog, key)[0]
        assert (user["id"], role, "password" in user) == (1, "root", False)

    def test_a_record_that_it_changed_is_what_the_action_works_on(self, blog: Blog) -> None:
        post = blog.post("old", content="kept")
        change = {"filter": {"id": post}, "values": {"status": "Seen"}}
        key = blog.before({"type": "update", "config": {"collection": blog.posts, "params": change}})
        answer = blog.root.post(f"{blog.posts}:update/{post}", {"title": "new"}, triggerWorkflows=key)
        (row,) = answer.data
        assert (row["title"], row["status"], row["content"]) == ("new", "Seen", "kept")


class TestWhichStart:
    def test_a_local_one_starts_on_any_action_that_names_it(self, blog: Blog) -> None:
        key, post = blog.before(say("intercepted"), actions=["create"]), blog.post("any")
        calls: list[tuple[str, Json]] = [
            (f"{blog.posts}:create", {"title": "any"}),
            (f"{blog.posts}:update/{post}", {"title": "any"}),
            (f"{blog.posts}:get/{post}", None),
            (f"{blog.posts}:list", None),
            (f"{blog.posts}:destroy/{post}", None),
        ]
        for path, body in calls:
            assert blog.root.post(path, body, triggerWorkflows=key).messages == ["intercepted"], path
        assert blog.root.post(f"{blog.posts}:create", {"title": "unnamed"}).messages == []

    def test_reading_is_stopped_too(self, blog: Blog) -> None:
        key = blog.before(say("closed"), end(-1))
        for path in (f"{blog.posts}:list", f"{blog.posts}:get/{blog.post()}"):
            answer = blog.root.post(path, triggerWorkflows=key)
            assert (answer.status, answer.errors) == (400, [{"message": "closed"}])

    def test_before_a_custom_action(self, blog: Blog) -> None:
        action, post = blog.workflow("custom-action", {"type": 1}, blog.note("pressed")), blog.post()
        open_, closed = blog.before(say("go")), blog.before(say("no"), end(-1))
        pressed = blog.root.trigger(f"{blog.posts}/{post}", f"{open_},{action}")
        assert (pressed.status, pressed.messages, ended(pressed)) == (200, ["go"], [(open_, 1), (action, 1)])
        refused = blog.root.trigger(f"{blog.posts}/{post}", f"{action},{closed}")
        assert (refused.status, refused.errors, ended(refused)) == (400, [{"message": "no"}], [(closed, -1)])
        assert blog.notes().count("pressed") == 1

    def test_through_an_association(self, blog: Blog) -> None:
        key, post = blog.before(say("no comments"), end(-1), collection=blog.comments), blog.post()
        answer = blog.root.post(f"{blog.posts}/{post}/comments:create", {"content": "c"}, triggerWorkflows=key)
        assert (answer.status, answer.errors, blog.root.count(blog.comments)) == (400, [{"message": "no comments"}], 0)

    def test_local_ones_in_the_order_of_their_keys_then_global_ones_by_age(self, root: Client) -> None:
        blog = make_blog(root)
        wide = [blog.before(say(f"global {number}"), **{"global": True, "actions": ["create"]}) for number in (1, 2)]
        one, two = blog.before(say("one")), blog.before(say("two"))
        answer = blog.create(f"{two},{one}", {"title": "x"})
        assert answer.messages == ["two", "one", "global 1", "global 2"]
        assert [key for key, _ in ended(answer)] == [two, one, *wide]

    def test_a_global_one_starts_on_its_actions_only(self, root: Client) -> None:
        blog = make_blog(root)
        key = blog.before(say("kept"), end(-1), **{"global": True, "actions": ["destroy"]})
        post = blog.post("stays")
        assert blog.root.post(f"{blog.posts}:destroy/{post}").errors == [{"message": "kept"}]
        assert blog.root.post(f"{blog.posts}:update/{post}", {"title": "changed"}).status == 200
        assert (blog.titles(), len(blog.runs(key))) == (["changed"], 1)

    def test_it_runs_before_a_post_action(self, blog: Blog) -> None:
        before, after = blog.before(say("before")), blog.after(say("after"))
        answer = blog.create(f"{after},{before}", {"title": "both"})
        assert (answer.messages, ended(answer), "skipped" in answer.meta) == (["before", "after"], [(before, 1), (after, 1)], False)

    def test_who_may_not_do_the_action_does_not_start_it(self, blog: Blog, stranger: Client) -> None:
        key, name = blog.before(say("x")), f"{blog.posts}reader"
        blog.root.post("roles:create", {"name": name, "strategy": {"actions": ["view"]}}).ok()
        reader = make_user(blog.root, stranger, name, [name])
        assert reader.post(f"{blog.posts}:create", {"title": "x"}, triggerWorkflows=key).status == 403
        assert stranger.post(f"{blog.posts}:create", {"title": "x"}, triggerWorkflows=key).status == 401
        assert blog.runs(key) == []


class TestSaving:
    @pytest.mark.parametrize(
        ("config", "path"),
        [
            ({"collection": None}, "config.collection"),
            ({"collection": "nosuch"}, "config.collection"),
            ({"global": True}, "config.actions"),
            ({"global": True, "actions": []}, "config.actions"),
            ({"global": True, "actions": ["create", "list"]}, "config.actions.1"),
            ({"global": "yes"}, "config.global"),
        ],
    )
    def test_each_mistake_is_named(self, blog: Blog, config: Json, path: str) -> None:
        body = {"title": "x", "type": "request-interception", "config": {"collection": blog.posts} | config}
        answer = blog.root.post("workflows:create", body)
        assert (answer.status, [entry["path"] for entry in answer.errors]) == (400, [path])


def test_the_same_idempotency_key_answers_an_intercepted_call_as_before(blog: Blog) -> None:
    key = blog.before(blog.note("once intercepted"), say("stopped"), end(1))
    caller = blog.root.using(Idempotency_Key=f"{blog.posts} intercepted")
    answers = [caller.post(f"{blog.posts}:create", {"title": "x"}, triggerWorkflows=key) for _ in range(2)]
    assert answers[0].ok().json == answers[1].json
    assert (blog.notes().count("once intercepted"), len(blog.runs(key))) == (1, 1)


def test_an_echo_of_the_context_holds_what_the_call_asks_for(blog: Blog) -> None:
    key = blog.before(ECHO)
    blog.create(key, {"title": "no data"}).ok()
    assert set(blog.runs(key)[0]["context"]) == {"params", "user", "roleName"}
