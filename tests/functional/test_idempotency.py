"""A call that is sent again with the same ``Idempotency-Key`` has no second effect.

The header: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.functional.client import Client
from tests.functional.model import Model


def once(client: Client, key: str | None = None) -> Client:
    return client.using(Idempotency_Key=key or str(uuid.uuid4()))


def test_a_trigger_sent_again_answers_as_the_first_time_without_a_second_effect(model: Model) -> None:
    sample, client = model.sample("Once"), once(model.root)
    first = client.trigger(f"samples/{sample}", "submit", {"extra": 1})
    again = [client.elsewhere().trigger(f"samples/{sample}", "submit", {"extra": 1}) for _ in range(3)]
    assert first.status == 200
    assert [(answer.status, answer.json) for answer in again] == [(200, first.json)] * 3
    assert model.notes(sample) == ["from Once"]


def test_a_refusal_by_the_workflow_is_answered_again_too(model: Model) -> None:
    sample, client, before = model.sample("Low", 1), once(model.root), model.ran("submit")
    first, second = (client.trigger(f"samples/{sample}", "submit") for _ in range(2))
    assert (first.status, second.status, first.json) == (400, 400, second.json)
    assert model.ran("submit") == before + 1


def test_messages_are_answered_again(model: Model) -> None:
    client = once(model.root)
    first, second = (client.trigger("workflows", "global", {"name": "Ann"}) for _ in range(2))
    assert first.json == second.json
    assert second.messages == ["hello Ann from Super Admin as root"]


def test_a_create_sent_again_makes_one_record(model: Model) -> None:
    client, before = once(model.root), model.root.count("samples")
    first, second = (client.post("samples:create", {"title": "Once"}) for _ in range(2))
    assert first.data == second.data
    assert model.root.count("samples") == before + 1


@pytest.mark.parametrize("path", ["samples:trigger?triggerWorkflows=note", "samples:create", "workflows:trigger?triggerWorkflows=global"])
def test_the_same_key_with_another_body_is_a_422(model: Model, path: str) -> None:
    client = once(model.root)
    assert client.post(path, {"title": "first"}).status == 200
    before = (model.root.count("samples"), model.root.count("inspectionRecords"), model.root.count("executions"))
    answer = client.post(path, {"title": "second"})
    assert answer.status == 422
    assert "dempotency" in answer.error_text
    assert (model.root.count("samples"), model.root.count("inspectionRecords"), model.root.count("executions")) == before


def test_the_same_key_for_another_record_is_not_answered_from_the_first(model: Model) -> None:
    one, two, client = model.sample("One"), model.sample("Two"), once(model.root)
    client.trigger(f"samples/{one}", "submit").ok()
    answer = client.trigger(f"samples/{two}", "submit")
    assert answer.status == 422
    assert model.notes(two) == []


def test_the_order_of_the_bodys_names_does_not_matter_or_is_refused(model: Model) -> None:
    client, before = once(model.root), model.root.count("samples")
    client.send("POST", "samples:create", b'{"title":"a","indicator":1}').ok()
    assert client.send("POST", "samples:create", b'{"indicator": 1, "title": "a"}').status in (200, 422)
    assert model.root.count("samples") == before + 1


def test_a_key_belongs_to_its_user(model: Model) -> None:
    key, one, two = str(uuid.uuid4()), model.sample("One"), model.sample("Two")
    assert once(model.root, key).trigger(f"samples/{one}", "submit").status == 200
    assert once(model.users["submitter"], key).trigger(f"samples/{two}", "submit").status == 200
    assert model.notes(two) == ["from Two"]


def test_a_call_that_was_refused_may_be_sent_again_when_it_is_mended(model: Model) -> None:
    client, sample = once(model.root), model.sample()
    assert client.trigger(f"samples/{sample}", "nosuchkey").status == 400
    assert model.notes(sample) == []
    assert client.post("samples:create", {"indicator": "abc"}).status in (400, 422)


def test_a_failure_of_the_workflow_leaves_the_key_or_the_same_answer(model: Model) -> None:
    client, sample = once(model.root), model.sample()
    first, second = (client.trigger(f"samples/{sample}", "partial") for _ in range(2))
    assert (first.status, second.status) == (500, 500)
    assert model.notes(sample) == []


@pytest.mark.parametrize("key", ["", " ", "k" * 300, "ключ".encode().decode("latin-1"), "a/b#c?d"])
def test_a_strange_key_is_taken_or_refused_but_breaks_nothing(model: Model, key: str) -> None:
    answer = model.root.using(Idempotency_Key=key).post("samples:create", {"title": "strange"})
    assert answer.status in (200, 400)
    if answer.status == 400:
        assert "dempotency" in answer.error_text


def test_of_many_at_the_same_time_one_has_the_effect(model: Model) -> None:
    sample, client = model.sample("Race"), once(model.root)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.trigger(f"samples/{sample}", "submit"), range(8)))
    assert {answer.status for answer in answers} <= {200, 409}
    done = [answer.json for answer in answers if answer.status == 200]
    assert done
    assert all(answer == done[0] for answer in done)
    assert model.notes(sample) == ["from Race"]


def test_of_many_creates_at_the_same_time_one_makes_the_record(model: Model) -> None:
    client, before = once(model.root), model.root.count("posts")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("posts:create", {"title": "Race"}), range(8)))
    assert {answer.status for answer in answers} <= {200, 409}
    assert len({answer.data["id"] for answer in answers if answer.status == 200}) == 1
    assert model.root.count("posts") == before + 1
