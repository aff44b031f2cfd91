"""Which workflows a call starts and on which records: paths through associations, several keys, several ids; and nodes at work."""

from __future__ import annotations

import pytest

from tests.functional.client import Client
from tests.functional.model import Model, context, end, ended, message, output, record

# --- key!path


def test_the_associations_record_comes_from_the_body_when_it_carries_one(model: Model) -> None:
    post = model.root.post("posts:create", {"title": "P", "category": model.water}).data["id"]
    answer = model.root.trigger(f"posts/{post}", "category!category", {"category": {"id": model.blood, "title": "inner"}})
    assert answer.messages == ["category is inner"]
    answer = model.root.trigger("posts", "category!category", {"title": "outer", "category": {"title": "only a body"}})
    assert answer.messages == ["category is only a body"]
    assert context(model, answer)["data"] == {"title": "only a body"}


def test_an_association_that_is_null_is_never_a_failure_of_the_server(model: Model) -> None:
    post = model.root.post("posts:create", {"title": "No category"}).data["id"]
    answer = model.root.trigger(f"posts/{post}", "category!category")
    assert answer.status in (200, 400, 404)
    if answer.status == 200:
        assert context(model, answer)["data"] is None
    else:
        assert "category" in answer.error_text


def test_the_coded_meaning_works_when_the_workflow_is_bound_to_the_collection_of_the_url(model: Model) -> None:
    answer = model.root.trigger("samples", "echo!category", {"title": "outer", "category": {"id": 2, "title": "inner"}})
    assert context(model, answer)["data"] == {"id": 2, "title": "inner"}
    sample = model.sample("Loaded", 95)
    data = context(model, model.root.trigger(f"samples/{sample}", "echo!category", {"category": {"title": "inner", "k": 1}}))["data"]
    assert (data["id"], data["title"], data["indicator"], data["k"]) == (sample, "inner", 95, 1)


@pytest.mark.parametrize("key", ["category!nosuch", "category!title", "category!category.nosuch", "category!"])
def test_a_path_that_is_no_association_is_a_400(model: Model, key: str) -> None:
    post = model.root.post("posts:create", {"title": "P", "category": model.water}).data["id"]
    before = model.ran("category")
    answer = model.root.trigger(f"posts/{post}", key)
    assert answer.status == 400
    assert "category" in answer.error_text
    assert model.ran("category") == before


def test_on_the_global_trigger_a_path_is_ignored(model: Model) -> None:
    answer = model.root.trigger("workflows", "global!user", {"user": {"name": "inner"}, "name": "outer"})
    assert answer.messages == ["hello outer from Super Admin as root"]


# --- several keys


@pytest.mark.parametrize("keys", ["messages,,", ",messages", "messages, messages", " messages ", "messages,messages"])
def test_keys_are_trimmed_and_run_once(model: Model, keys: str) -> None:
    answer = model.root.trigger(f"samples/{model.sample()}", keys)
    assert (ended(answer), len(answer.messages)) == ([("messages", 1)], 3)


def test_keys_may_be_a_list(model: Model) -> None:
    answer = model.root.send("POST", f"samples:trigger/{model.sample()}?triggerWorkflows[]=messages&triggerWorkflows[]=end_ok")
    assert ended(answer) == [("messages", 1), ("end_ok", 1)]


@pytest.mark.parametrize(("first", "status"), [("end_ok", 200), ("end_failed", 400), ("node_throws", 500)])
def test_an_end_or_a_failure_stops_the_workflows_after_it(model: Model, first: str, status: int) -> None:
    answer = model.root.trigger(f"samples/{model.sample()}", f"{first},note")
    assert answer.status == status
    assert [key for key, _ in ended(answer)] == [first]


def test_messages_before_a_failed_end_are_its_errors(model: Model) -> None:
    answer = model.root.trigger(f"samples/{model.sample('Loaded')}", "messages,end_failed")
    said = [entry["message"] for entry in answer.errors]
    assert (answer.status, said) == (400, ["First: Loaded", "Second: category Blood", "Third: by Super Admin as root"])
    assert ended(answer) == [("messages", 1), ("end_failed", -1)]


REASONS = ["nosuchkey", "disabled", "category", "global", "multi"]


@pytest.mark.parametrize("other", REASONS)
def test_keys_that_cannot_run_are_skipped_by_name_beside_one_that_can(model: Model, other: str) -> None:
    answer = model.root.trigger(f"samples/{model.sample()}", f"end_ok,{other}")
    assert ended(answer) == [("end_ok", 1)]
    (skipped,) = answer.meta["skipped"]
    assert skipped["key"] == other
    assert any(isinstance(text, str) and text != other and text for text in skipped.values())


# --- several records


@pytest.mark.parametrize("form", ["list", "json", "indexed"])
def test_several_ids_may_be_written_in_three_ways(model: Model, form: str) -> None:
    one, two = model.sample("M1"), model.sample("M2")
    query = {
        "list": f"filterByTk[]={one}&filterByTk[]={two}",
        "json": f"filterByTk=%5B{one},{two}%5D",
        "indexed": f"filterByTk[0]={one}&filterByTk[1]={two}",
    }[form]
    answer = model.root.send("POST", f"samples:trigger?{query}&triggerWorkflows=multi")
    assert [row["id"] for row in context(model, answer)["data"]] == [one, two]


def test_one_id_in_a_list_is_still_a_list(model: Model) -> None:
    sample = model.sample()
    answer = model.root.trigger("samples", "multi", filterByTk=[sample])
    assert [row["id"] for row in context(model, answer)["data"]] == [sample]


def test_missing_ones_of_several_are_named(model: Model) -> None:
    sample = model.sample()
    answer = model.root.trigger("samples", "multi", filterByTk=[sample, 99999])
    assert answer.meta["missing"] in ([99999], ["99999"])
    assert [row["id"] for row in context(model, answer)["data"]] == [sample]
    answer = model.root.trigger("samples", "multi", filterByTk=[99998, 99999])
    assert answer.status == 404
    assert "99998" in answer.error_text


def test_the_body_overwrites_every_row_and_appends_are_loaded(model: Model) -> None:
    ids = [model.sample("M1"), model.sample("M2")]
    data = context(model, model.root.trigger("samples", "multi_appends", {"title": "same"}, filterByTk=ids))["data"]
    assert [(row["id"], row["title"], row["category"]["title"]) for row in data] == [(ids[0], "same", "Blood"), (ids[1], "same", "Blood")]


def test_ninety_records_are_one_call_and_the_limit_is_named_beyond(root: Client, model: Model) -> None:
    ids = [model.sample(f"S{n}") for n in range(91)]
    answer = root.trigger("samples", "multi_appends", filterByTk=ids[:90])
    assert len(context(model, answer)["data"]) == 90
    answer = root.trigger("samples", "multi_appends", filterByTk=ids)
    assert answer.status in (200, 400)
    if answer.status == 400:
        assert "90" in answer.error_text


# --- nodes through the button


def test_the_record_nodes_see_each_others_writes(model: Model) -> None:
    nodes = [
        record("fresh") | {"key": "made"},
        {
            "key": "found",
            "type": "query",
            "config": {"collection": "inspectionRecords", "params": {"filter": {"sampleId": "{{$context.data.id}}"}}},
        },
        {
            "type": "update",
            "config": {"collection": "inspectionRecords", "params": {"filter": {"note": "fresh"}, "values": {"note": "changed"}}},
        },
        {
            "key": "all",
            "type": "query",
            "config": {"collection": "inspectionRecords", "multiple": True, "params": {"filter": {"sampleId": "{{$context.data.id}}"}}},
        },
        message("{{$jobsMapByNodeKey.made.note}} {{$jobsMapByNodeKey.found.note}} {{$jobsMapByNodeKey.all.note}}"),
        {"type": "destroy", "config": {"collection": "inspectionRecords", "params": {"filter": {"id": "{{$jobsMapByNodeKey.made.id}}"}}}},
        {
            "key": "gone",
            "type": "query",
            "config": {"collection": "inspectionRecords", "params": {"filter": {"sampleId": "{{$context.data.id}}"}}},
        },
        output("{{$jobsMapByNodeKey.gone}}"),
    ]
    workflow, sample = model.workflow(nodes), model.sample()
    answer = model.root.trigger(f"samples/{sample}", workflow["key"])
    assert answer.messages in (['fresh fresh ["changed"]'], ["fresh fresh changed"])
    run = model.last_run(workflow["key"])
    assert [job["result"] for job in run["jobs"]][2] == 1
    assert (run["jobs"][6]["result"], run["output"]) == (None, None)
    assert model.notes(sample) == []


def test_a_variable_may_be_set_again_in_a_branch(model: Model) -> None:
    nodes = [
        {"key": "v", "type": "variable", "config": {"value": "first", "target": None}},
        {"type": "variable", "config": {"value": "{{$context.data.title}}", "target": "v"}},
        message("it is {{$jobsMapByNodeKey.v}}"),
        end(1),
    ]
    workflow = model.workflow(nodes)
    assert model.root.trigger(f"samples/{model.sample('second')}", workflow["key"]).messages == ["it is second"]


def test_a_message_that_renders_to_nothing_says_nothing(model: Model) -> None:
    workflow = model.workflow([message("{{$context.data.nosuch}}"), message("said")])
    assert model.root.trigger(f"samples/{model.sample()}", workflow["key"]).messages == ["said"]


def test_a_large_body_runs_whole_and_only_its_history_is_cut(model: Model) -> None:
    workflow = model.workflow([message("{{$context.data.small}}")])
    answer = model.root.trigger("samples", workflow["key"], {"small": "seen", "big": "x" * 900_000})
    assert answer.messages == ["seen"]
    run = model.root.get(f"executions:get/{answer.executions[0]['id']}", appends=["jobs"])
    assert len(run.body) < 400_000
    assert (run.data["status"], run.data["jobs"][0]["result"]) == (1, "seen")


def test_a_key_on_an_ordinary_create_starts_no_custom_action(model: Model) -> None:
    before = model.ran("post")
    assert model.root.post("posts:create", {"title": "plain"}, triggerWorkflows="post").status == 200
    assert model.ran("post") == before
