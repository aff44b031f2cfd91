"""Post-action events over HTTP: https://docs.nocobase.com/workflow/triggers/post-action, its calls to the letter and every way to end."""

from __future__ import annotations

import json

import pytest

from tests.functional.client import Client, Json
from tests.functional.events import ECHO, REJECT, SAY, Blog, end, ended, make_blog, say
from tests.functional.model import make_user

pytestmark = pytest.mark.usefixtures("machines")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl -d adds by itself


@pytest.fixture(scope="module")
def blog(root: Client) -> Blog:
    return make_blog(root)


@pytest.fixture(scope="module")
def water(blog: Blog) -> int:
    return int(blog.root.post(f"{blog.categories}:create", {"title": "Water"}).data["id"])


@pytest.mark.parametrize("headers", [{}, FORM], ids=["no content type", "as curl sends it"])
class TestDocumentedCalls:
    def test_create_with_a_key(self, blog: Blog, headers: dict[str, str]) -> None:
        key = blog.after(SAY, ECHO)
        body = b'{"title": "Hello, world!", "content": "This is a test post."}'
        answer = blog.root.using(X_Role="root").send("POST", f"{blog.posts}:create?triggerWorkflows={key}", body, headers)
        assert (answer.status, answer.messages, ended(answer)) == (200, ["post Hello, world! saved"], [(key, 1)])
        assert (answer.data["title"], answer.data["content"]) == ("Hello, world!", "This is a test post.")
        (run,) = blog.runs(key)
        assert run["context"]["data"] == blog.root.get(f"{blog.posts}:get/{answer.data['id']}").data
        assert (run["context"]["roleName"], run["context"]["user"]["id"]) == ("root", 1)
        assert not {"password", "tokensValidFrom"} & set(run["context"]["user"])

    def test_create_with_an_association_and_its_workflow(self, blog: Blog, headers: dict[str, str]) -> None:
        key = blog.after(ECHO, collection=blog.categories)
        values = {"title": "Hello", "content": "Test", "category": {"title": "Test category"}}
        path = f"{blog.posts}:create?triggerWorkflows={key}!category"
        answer = blog.root.using(X_Role="root").send("POST", path, json.dumps(values).encode(), headers)
        assert ended(answer.ok()) == [(key, 1)]
        (data,) = blog.data(key)
        assert (data["title"], data["id"]) == ("Test category", answer.data["categoryId"])
        assert blog.root.get(f"{blog.categories}:get/{data['id']}").data["title"] == "Test category"


class TestWhatItGets:
    def test_the_linked_record_at_the_end_of_the_path(self, blog: Blog, water: int) -> None:
        key = blog.after(ECHO, collection=blog.categories)
        blog.create(f"{key}!category", {"title": "New post", "category": {"id": water}}).ok()
        assert [(data["id"], data["title"]) for data in blog.data(key)] == [(water, "Water")]

    def test_null_where_there_is_no_associated_record(self, blog: Blog) -> None:
        key = blog.after(ECHO, collection=blog.categories)
        answer = blog.create(f"{key}!category", {"title": "No category"})
        assert (ended(answer.ok()), blog.data(key)) == ([(key, 1)], [None])

    def test_the_record_two_steps_away(self, blog: Blog, water: int) -> None:
        key = blog.after(ECHO, collection=blog.categories)
        child = blog.root.post(f"{blog.categories}:create", {"title": "Rain", "parentId": water}).data["id"]
        blog.create(f"{key}!category.parent", {"title": "Deep", "categoryId": child}).ok()
        assert [data["title"] for data in blog.data(key)] == ["Water"]

    def test_what_the_trigger_appends(self, blog: Blog, water: int) -> None:
        key = blog.after(ECHO, appends=["category"])
        blog.create(key, {"title": "With", "categoryId": water}).ok()
        assert [data["category"]["title"] for data in blog.data(key)] == ["Water"]

    def test_an_update_by_filter_is_one_event_per_record(self, blog: Blog) -> None:
        key = blog.after(SAY)
        ids = [blog.post(title, status="many") for title in ("U1", "U2", "U3")]
        answer = blog.root.post(f"{blog.posts}:update", {"status": "done"}, filter={"status": "many"}, triggerWorkflows=key)
        assert sorted(row["id"] for row in answer.data) == sorted(ids)
        assert ended(answer) == [(key, 1)] * 3
        assert sorted(answer.messages) == [f"post U{number} saved" for number in (1, 2, 3)]
        assert {data["status"] for data in blog.data(key)} == {"done"}

    def test_an_update_by_id_answers_a_list(self, blog: Blog) -> None:
        key, post = blog.after(SAY), blog.post("Old")
        answer = blog.root.post(f"{blog.posts}:update/{post}", {"title": "Updated"}, triggerWorkflows=key)
        assert ([row["title"] for row in answer.data], answer.messages) == (["Updated"], ["post Updated saved"])

    def test_an_update_of_nothing_is_no_event(self, blog: Blog) -> None:
        key = blog.after(SAY)
        answer = blog.root.post(f"{blog.posts}:update/9999", {"title": "x"}, triggerWorkflows=key)
        assert (answer.data, blog.runs(key)) == ([], [])

    def test_a_record_made_through_an_association(self, blog: Blog) -> None:
        key, post = blog.after(ECHO, collection=blog.comments, appends=["post"]), blog.post("Owner")
        answer = blog.root.post(f"{blog.posts}/{post}/comments:create", {"content": "with trigger"}, triggerWorkflows=key)
        assert (answer.data["postId"], ended(answer)) == (post, [(key, 1)])
        assert [(data["content"], data["post"]["title"]) for data in blog.data(key)] == [("with trigger", "Owner")]
        changed = blog.root.post(f"{blog.posts}/{post}/comments:update/{answer.data['id']}", {"content": "changed"}, triggerWorkflows=key)
        assert ended(changed) == [(key, 1)]


class TestGlobal:
    def test_it_starts_on_its_actions_without_a_key(self, root: Client) -> None:
        blog = make_blog(root)
        key = blog.workflow("action", {"global": True, "actions": ["create"]}, SAY)
        made = root.post(f"{blog.posts}:create", {"title": "Plain"})
        assert (made.messages, ended(made)) == (["post Plain saved"], [(key, 1)])
        changed = root.post(f"{blog.posts}:update/{made.data['id']}", {"title": "Again"})
        assert (changed.ok().messages, "meta" in changed.json) == ([], False)
        root.post(f"{blog.posts}:destroy/{made.data['id']}").ok()
        assert len(blog.runs(key)) == 1

    def test_local_ones_run_first_in_the_order_of_their_keys(self, root: Client) -> None:
        blog = make_blog(root)
        whole = blog.workflow("action", {"global": True, "actions": ["create", "update"]}, say("global"))
        one, two = blog.after(say("one")), blog.after(say("two"))
        answer = blog.create(f"{two},{one},{two}", {"title": "x"})
        assert answer.messages == ["two", "one", "global"]
        assert [key for key, _ in ended(answer)] == [two, one, whole]

    def test_without_actions_it_never_starts(self, root: Client) -> None:
        blog = make_blog(root)
        key = blog.workflow("action", {"global": True}, SAY)
        answer = blog.create(key, {"title": "x"})
        assert (answer.ok().messages, blog.runs(key)) == ([], [])
        assert [(one["key"], one["code"]) for one in answer.meta["skipped"]] == [(key, "WRONG_ACTION")]


class TestWhatDoesNotStart:
    @pytest.mark.parametrize(
        ("make", "code"),
        [
            (lambda blog: "nosuchkey", "WORKFLOW_NOT_FOUND"),
            (lambda blog: blog.workflow("custom-action", {"type": 1}, SAY), "WRONG_TRIGGER_TYPE"),
            (lambda blog: blog.workflow("action", {}, SAY, enabled=False), "WORKFLOW_NOT_FOUND"),
            (lambda blog: blog.after(SAY, collection=blog.categories), "WRONG_COLLECTION"),
        ],
    )
    def test_other_keys_are_left_out_and_named(self, blog: Blog, make: Json, code: str) -> None:
        key = make(blog)
        answer = blog.create(key, {"title": "Other"})
        assert (answer.data["title"], answer.messages) == ("Other", [])
        assert [(one["key"], one["code"]) for one in answer.meta["skipped"]] == [(key, code)]

    @pytest.mark.parametrize("path", ["nosuch", "title", "comments", "category.nosuch", "category."])
    def test_a_path_that_leads_nowhere_is_a_400_before_anything_is_written(self, blog: Blog, path: str) -> None:
        key, before = blog.after(SAY), blog.root.count(blog.posts)
        answer = blog.create(f"{key}!{path}", {"title": "Bad path"})
        assert (answer.status, answer.errors[0]["path"]) == (400, "triggerWorkflows")
        assert (blog.root.count(blog.posts), blog.runs(key)) == (before, [])

    def test_a_create_that_is_refused_starts_nothing(self, blog: Blog, stranger: Client) -> None:
        key = blog.after(SAY)
        assert blog.create(key, {"nosuch": 1}).status == 400
        assert stranger.post(f"{blog.posts}:create", {"title": "x"}, triggerWorkflows=key).status == 401
        assert blog.runs(key) == []

    def test_a_destroy_starts_none(self, blog: Blog) -> None:
        key, post = blog.after(SAY), blog.post()
        answer = blog.root.post(f"{blog.posts}:destroy/{post}", triggerWorkflows=key)
        assert (answer.data, answer.messages, [one["code"] for one in answer.meta["skipped"]]) == (1, [], ["WRONG_ACTION"])

    def test_an_associated_record_that_the_caller_may_not_view_is_not_given_to_a_workflow(self, blog: Blog, stranger: Client) -> None:
        key, name = blog.after(ECHO, collection=blog.categories), f"{blog.posts}writer"
        blog.root.post("roles:create", {"name": name, "strategy": {"actions": []}}).ok()
        actions = [{"name": "view"}, {"name": "create"}]
        blog.root.post(f"roles/{name}/resources:create", {"name": blog.posts, "usingActionsConfig": True, "actions": actions}).ok()
        writer, before = make_user(blog.root, stranger, name, [name]), blog.root.count(blog.posts)
        assert writer.post(f"{blog.posts}:create", {"title": "x"}, triggerWorkflows=f"{key}!category").status == 403
        assert (blog.root.count(blog.posts), blog.runs(key)) == (before, [])
        assert writer.post(f"{blog.posts}:create", {"title": "x"}).status == 200


class TestHowItEnds:
    """The record is there before a synchronous workflow runs, and stays."""

    @pytest.fixture
    def title(self, request: pytest.FixtureRequest) -> str:
        return str(request.node.name)

    def test_resolved_by_end_the_answer_is_the_usual_one_and_the_rest_is_left_out(self, blog: Blog, title: str) -> None:
        first, second = blog.after(say("first"), end(1)), blog.after(say("second"))
        later = blog.workflow("action", {}, ECHO, sync=False)
        answer = blog.create(f"{first},{second},{later}", {"title": title})
        assert (answer.data["title"], answer.messages, ended(answer)) == (title, ["first"], [(first, 1)])
        assert (blog.runs(second), blog.runs(later)) == ([], [])

    def test_failed_by_end_is_a_400_with_the_messages_and_the_record_stays(self, blog: Blog, title: str) -> None:
        key = blog.after(blog.note(title), say("refused after the fact"), end(-1))
        second = blog.after(say("second"))
        answer = blog.create(f"{key},{second}", {"title": title})
        assert (answer.status, answer.errors) == (400, [{"message": "refused after the fact"}])
        assert answer.json["data"] == blog.root.get(f"{blog.posts}:get/{answer.json['data']['id']}").data
        assert (title in blog.titles(), title in blog.notes(), blog.runs(second)) == (True, True, [])

    def test_failed_by_end_without_a_message_says_so(self, blog: Blog, title: str) -> None:
        answer = blog.create(blog.after(end(-1)), {"title": title})
        assert (answer.status, answer.codes, title in blog.titles()) == (400, ["WORKFLOW_ENDED"], True)

    def test_a_failing_node_is_a_500_that_names_it_its_writes_are_gone_the_record_stays(self, blog: Blog, title: str) -> None:
        first, key = blog.after(blog.note(f"{title} first")), blog.after(blog.note(title), say("dropped"), REJECT)
        answer = blog.create(f"{first},{key}", {"title": title})
        assert (answer.status, answer.codes, ended(answer)) == (500, ["WORKFLOW_FAILED"], [(first, 1), (key, -1)])
        assert (answer.errors[0]["executionId"], answer.errors[0]["node"]) == (answer.executions[1]["id"], "Never")
        assert (title in blog.titles(), title in blog.notes(), f"{title} first" in blog.notes()) == (True, False, True)
        assert blog.runs(key)[0]["status"] == -1

    def test_an_asynchronous_one_is_queued_with_the_record(self, blog: Blog, title: str) -> None:
        key = blog.workflow("action", {}, ECHO, sync=False)
        answer = blog.create(key, {"title": title})
        assert (answer.data["title"], [one["key"] for one in answer.executions]) == (title, [key])
        assert [data["title"] for data in blog.data(key)] == [title]

    def test_asynchronous_ones_get_the_record_as_the_synchronous_ones_left_it(self, blog: Blog, title: str) -> None:
        later = blog.workflow("action", {}, ECHO, sync=False)
        answer = blog.create(f"{later},{blog.after(blog.change_post(status='Seen'))}", {"title": title})
        assert answer.status == 200
        assert [data["status"] for data in blog.data(later)] == ["Seen"]

    def test_the_next_workflow_gets_the_record_as_the_one_before_left_it(self, blog: Blog, title: str) -> None:
        first, second = blog.after(blog.change_post(status="Seen")), blog.after(ECHO)
        assert blog.create(f"{first},{second}", {"title": title}).status == 200
        assert [data["status"] for data in blog.data(second)] == ["Seen"]


class TestAtomic:
    def test_record_and_workflow_are_written_together(self, blog: Blog) -> None:
        key = blog.after(blog.note("atomic {{$context.data.title}}"), blog.change_post(status="Checked"), atomic=True)
        answer = blog.create(key, {"title": "together"})
        assert (answer.data["title"], ended(answer)) == ("together", [(key, 1)])
        assert blog.root.get(f"{blog.posts}:get/{answer.data['id']}").data["status"] == "Checked"
        assert "atomic together" in blog.notes()

    @pytest.mark.parametrize(("last", "status", "code"), [(REJECT, 500, "WORKFLOW_FAILED"), (end(-1), 400, "WORKFLOW_ENDED")])
    def test_when_it_does_not_succeed_nothing_is_written_but_its_history(self, blog: Blog, last: Json, status: int, code: str) -> None:
        title = f"never {status}"
        key, after = blog.after(blog.note(title), last, atomic=True), blog.after(SAY)
        answer = blog.create(f"{after},{key}", {"title": title})
        assert (answer.status, answer.codes, ended(answer)) == (status, [code], [(key, -1)])
        assert (title in blog.titles(), title in blog.notes(), blog.runs(after), "data" in answer.json) == (False, False, [], False)
        assert [run["status"] for run in blog.runs(key)] == [-1]

    def test_an_update_that_fails_leaves_the_record_as_it_was(self, blog: Blog) -> None:
        post, key = blog.post("kept"), blog.after(REJECT, atomic=True)
        before = blog.root.get(f"{blog.posts}:get/{post}")
        assert blog.root.post(f"{blog.posts}:update/{post}", {"title": "lost"}, triggerWorkflows=key).status == 500
        after = blog.root.get(f"{blog.posts}:get/{post}")
        assert (after.data, after.headers["etag"]) == (before.data, before.headers["etag"])

    def test_ended_well_it_leaves_out_what_comes_after(self, blog: Blog) -> None:
        key, after = blog.after(end(1), atomic=True), blog.after(SAY)
        answer = blog.create(f"{key},{after}", {"title": "short"})
        assert (answer.data["title"], ended(answer), blog.runs(after)) == ("short", [(key, 1)], [])

    def test_a_unique_value_taken_by_the_workflow_takes_the_record_back_too(self, blog: Blog) -> None:
        blog.post("holder", code="only")
        key = blog.after(blog.change_post(code="only"), atomic=True)
        assert blog.create(key, {"title": "second"}).status == 400
        assert "second" not in blog.titles()


class TestTwice:
    def test_the_same_idempotency_key_answers_as_before_and_does_nothing(self, blog: Blog) -> None:
        first, second = blog.after(SAY), blog.after(blog.note("once"))
        caller = blog.root.using(Idempotency_Key=f"{blog.posts} twice")
        answers = [caller.post(f"{blog.posts}:create", {"title": "twice"}, triggerWorkflows=f"{first},{second}") for _ in range(2)]
        assert answers[0].ok().json == answers[1].json
        assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
        assert (blog.titles().count("twice"), blog.notes().count("once"), len(blog.runs(first))) == (1, 1, 1)

    def test_a_refusal_after_the_fact_is_answered_again_too(self, blog: Blog) -> None:
        key = blog.after(say("no"), end(-1))
        caller = blog.root.using(Idempotency_Key=f"{blog.posts} refused")
        answers = [caller.post(f"{blog.posts}:create", {"title": "refused twice"}, triggerWorkflows=key) for _ in range(2)]
        assert [(answer.status, answer.json) for answer in answers] == [(400, answers[0].json)] * 2
        assert blog.titles().count("refused twice") == 1
