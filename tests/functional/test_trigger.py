"""The button: the documented calls as they are written, and what each gives the workflow and the caller.

https://docs.nocobase.com/workflow/triggers/custom-action has the seven curl calls; none of them sends a Content-Type.
"""

from __future__ import annotations

import json

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, context, ended

CURL_FORM = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl -d adds by itself


# --- the calls of the documentation, to the letter


@pytest.fixture
def user(model: Model) -> Client:
    """As the documentation: a bearer token and the role, no other header."""
    return model.users["submitter"].using(X_Role="submitter")


@pytest.mark.parametrize("headers", [{}, CURL_FORM], ids=["no content type", "as curl sends it"])
class TestDocumentedCalls:
    def test_no_context(self, user: Client, headers: dict[str, str]) -> None:
        answer = user.send("POST", "workflows:trigger?triggerWorkflows=global", None, headers)
        assert answer.status == 200
        assert ended(answer) == [("global", 1)]
        assert answer.messages == ["hello  from submitter as submitter"]

    def test_no_context_with_a_body(self, user: Client, model: Model, headers: dict[str, str]) -> None:
        answer = user.send("POST", "workflows:trigger?triggerWorkflows=global", b'{"name": "Ann", "n": 3}', headers)
        assert answer.messages == ["hello Ann from submitter as submitter"]
        assert context(model, answer)["data"] == {"name": "Ann", "n": 3}

    def test_a_record_by_its_id(self, user: Client, model: Model, headers: dict[str, str]) -> None:
        sample = model.sample("High")
        answer = user.send("POST", f"samples:trigger/{sample}?triggerWorkflows=submit", None, headers)
        assert (answer.status, ended(answer), "data" in answer.json) == (200, [("submit", 1)], False)
        assert (model.read(sample)["status"], model.notes(sample)) == ("Submitted", ["from High"])

    def test_a_body_without_an_id(self, user: Client, model: Model, headers: dict[str, str]) -> None:
        body = b'{"title": "Sample 1", "indicator": 91}'
        before = model.root.count("samples")
        answer = user.send("POST", "samples:trigger?triggerWorkflows=echo", body, headers)
        assert answer.status == 200
        assert context(model, answer)["data"] == {"title": "Sample 1", "indicator": 91}
        assert model.root.count("samples") == before

    def test_an_id_and_a_body_that_overwrites_the_row(self, user: Client, model: Model, headers: dict[str, str]) -> None:
        sample = model.sample("Loaded", 95)
        body = b'{"title": "Overwritten", "indicator": 1, "extra": {"deep": 1}}'
        data = context(model, user.send("POST", f"samples:trigger/{sample}?triggerWorkflows=echo", body, headers))["data"]
        assert (data["id"], data["title"], data["indicator"], data["extra"]) == (sample, "Overwritten", 1, {"deep": 1})
        assert (data["status"], data["category"]["title"]) == ("Collected", "Blood")
        assert model.read(sample)["title"] == "Loaded"

    def test_several_records(self, user: Client, model: Model, headers: dict[str, str]) -> None:
        one, two = model.sample("M1"), model.sample("M2")
        path = f"samples:trigger?filterByTk[]={one}&filterByTk[]={two}&triggerWorkflows=multi"
        answer = user.send("POST", path, None, headers)
        assert ended(answer) == [("multi", 1)]
        assert [row["title"] for row in context(model, answer)["data"]] == ["M1", "M2"]
        assert (model.read(one)["status"], model.read(two)["status"]) == ("Archived", "Archived")

    def test_through_an_association(self, model: Model, headers: dict[str, str]) -> None:
        post = model.root.post("posts:create", {"title": "P", "category": model.water}).data["id"]
        answer = model.root.using(X_Role="root").send("POST", f"posts:trigger/{post}?triggerWorkflows=category!category", None, headers)
        assert answer.status == 200
        assert answer.messages == ["category is Water"]
        assert context(model, answer)["data"]["id"] == model.water


def test_the_token_may_be_a_parameter(stranger: Client, root_token: str, model: Model) -> None:
    answer = stranger.send("POST", f"samples:trigger/{model.sample()}?triggerWorkflows=submit&token={root_token}")
    assert ended(answer) == [("submit", 1)]


def test_two_keys_run_in_their_order_and_their_messages_add_up(model: Model) -> None:
    answer = model.root.send("POST", f"samples:trigger/{model.sample('Low', 1)}?triggerWorkflows=messages,submit_no_end")
    assert answer.messages == ["First: Low", "Second: category Blood", "Third: by Super Admin as root", "Indicator does not meet"]
    assert ended(answer) == [("messages", 1), ("submit_no_end", 1)]


# --- the example, both branches


def test_the_true_branch_leaves_a_history_and_its_records(model: Model) -> None:
    sample = model.sample("High", 95.5)
    answer = model.root.trigger(f"samples/{sample}", "submit")
    assert set(answer.json) == {"meta"}
    run = model.root.get(f"executions:get/{answer.executions[0]['id']}", appends=["jobs"]).data
    assert (run["status"], run["key"], run["context"]["roleName"]) == (1, "submit", "root")
    assert run["context"]["data"]["title"] == "High"
    assert "category" not in run["context"]["data"]
    condition, made, changed = run["jobs"]
    assert (condition["result"], made["result"]["note"], made["result"]["sampleId"], changed["result"]) == (True, "from High", sample, 1)
    assert model.root.get(f"inspectionRecords:get/{made['result']['id']}").data["note"] == "from High"


@pytest.mark.parametrize("indicator", [42, 90, None])
def test_the_false_branch_says_why_and_ends_as_failed(model: Model, indicator: float | None) -> None:
    sample = model.sample("Low", indicator)
    answer = model.root.trigger(f"samples/{sample}", "submit")
    assert (answer.status, [entry["message"] for entry in answer.errors]) == (400, ["Indicator does not meet"])
    assert ended(answer) == [("submit", -1)]
    assert (model.read(sample)["status"], model.notes(sample)) == ("Collected", [])
    assert [job["result"] for job in model.last_run("submit")["jobs"]] == [False, "Indicator does not meet", None]


@pytest.mark.parametrize("key", ["submit_end_ok", "submit_no_end"])
def test_the_false_branch_may_end_well_too(model: Model, key: str) -> None:
    answer = model.root.trigger(f"samples/{model.sample('Low', 1)}", key)
    assert (answer.status, answer.messages, ended(answer)) == (200, ["Indicator does not meet"], [(key, 1)])


def test_an_indicator_as_text_is_compared_as_a_number(model: Model) -> None:
    assert model.root.trigger("samples", "submit_no_end", {"title": "B", "indicator": "100"}).ok().messages == []
    assert model.root.trigger("samples", "submit_no_end", {"title": "B", "indicator": "10"}).messages == ["Indicator does not meet"]


def test_without_an_id_a_node_that_needs_it_finds_nothing(model: Model) -> None:
    before = model.root.count("samples", status="Submitted")
    answer = model.root.trigger("samples", "submit_no_end", {"title": "no id", "indicator": 100})
    assert ended(answer.ok()) == [("submit_no_end", 1)]
    condition, made, changed = model.last_run("submit_no_end")["jobs"]
    assert (condition["result"], made["result"]["note"], made["result"]["sampleId"], changed["result"]) == (True, "from no id", None, 0)
    assert model.root.count("samples", status="Submitted") == before


@pytest.mark.parametrize("body", [None, {"filterByTk": [22, 23]}, [{"title": "a"}]])
def test_without_ids_the_body_is_the_data_of_a_workflow_for_several_records_too(model: Model, body: Json) -> None:
    answer = model.root.trigger("samples", "multi_appends", body)
    assert context(model, answer.ok())["data"] == ({} if body is None else body)


def test_an_end_without_a_message_says_that_the_workflow_ended(model: Model) -> None:
    failed = model.root.trigger(f"samples/{model.sample()}", "end_failed")
    assert (failed.status, failed.codes, ended(failed)) == (400, ["WORKFLOW_ENDED"], [("end_failed", -1)])
    assert failed.errors[0]["message"]
    well = model.root.trigger(f"samples/{model.sample()}", "end_ok")
    assert (well.status, ended(well)) == (200, [("end_ok", 1)])


def test_a_workflow_without_nodes_succeeds(model: Model) -> None:
    answer = model.root.trigger(f"samples/{model.sample()}", "empty")
    assert ended(answer) == [("empty", 1)]
    assert model.last_run("empty")["jobs"] == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_any_method_presses_the_button(model: Model, method: str) -> None:
    sample = model.sample()
    assert model.root.send(method, f"samples:trigger/{sample}?triggerWorkflows=submit").status == 200
    assert model.read(sample)["status"] == "Submitted"


# --- id and body


def test_the_id_may_be_a_parameter(model: Model) -> None:
    sample = model.sample()
    assert context(model, model.root.trigger("samples", "echo", filterByTk=sample))["data"]["id"] == sample


def test_an_association_in_the_body_replaces_the_loaded_one(model: Model) -> None:
    data = context(model, model.root.trigger(f"samples/{model.sample('Loaded')}", "echo", {"category": {"title": "from body"}}))["data"]
    assert (data["title"], data["category"]) == ("Loaded", {"title": "from body"})


def test_the_rows_id_stays_whatever_the_body_says(model: Model) -> None:
    sample = model.sample()
    data = context(model, model.root.trigger(f"samples/{sample}", "echo", {"id": 91, "title": "Sample 1"}))["data"]
    assert (data["id"], data["title"]) == (sample, "Sample 1")


@pytest.mark.parametrize("body", [{"title": "Sample 1", "id": 91}, {"values": {"title": "inner"}}, [{"title": "a"}], {}, None])
def test_without_an_id_the_body_is_the_data_as_it_is(model: Model, body: Json) -> None:
    answer = model.root.trigger("samples", "echo", body)
    assert context(model, answer)["data"] == ({} if body is None else body)


def test_an_empty_body_under_a_json_content_type_is_no_body(model: Model) -> None:
    sample = model.sample("Loaded")
    answer = model.root.send("POST", f"samples:trigger/{sample}?triggerWorkflows=echo", b"", {"Content-Type": "application/json"})
    assert context(model, answer)["data"]["title"] == "Loaded"


def test_a_real_form_is_read_as_fields(model: Model) -> None:
    answer = model.root.send("POST", "samples:trigger?triggerWorkflows=echo", b"title=From+a+form&indicator=91", CURL_FORM)
    assert context(model, answer)["data"] == {"title": "From a form", "indicator": "91"}


def test_the_context_names_the_caller_without_a_secret(model: Model) -> None:
    answer = model.root.trigger(f"samples/{model.sample()}", "echo")
    user = context(model, answer)["user"]
    assert user["nickname"] == "Super Admin"
    assert not {"password", "passwordHash", "tokensValidFrom"} & set(user)
    assert "argon2" not in json.dumps(user)
