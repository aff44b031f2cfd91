"""Changing a record only if nobody else has (RFC 9110: https://www.rfc-editor.org/rfc/rfc9110#field.if-match)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.functional.model import Model


def etag(model: Model, sample: int) -> str:
    return model.root.get(f"samples:get/{sample}").headers["etag"]


def test_a_record_comes_with_a_tag_that_changes_with_it(model: Model) -> None:
    sample = model.sample()
    first = etag(model, sample)
    assert first.strip('"')
    assert first.endswith('"')
    assert etag(model, sample) == first
    model.root.post(f"samples:update/{sample}", {"title": "Changed"}).ok()
    assert etag(model, sample) != first


def test_a_workflow_changes_the_tag_too(model: Model) -> None:
    sample = model.sample()
    first = etag(model, sample)
    model.root.trigger(f"samples/{sample}", "submit").ok()
    assert etag(model, sample) != first


@pytest.mark.parametrize("any_version", [False, True])
def test_the_right_tag_and_the_star_let_a_change_through(model: Model, any_version: bool) -> None:
    sample = model.sample()
    answer = model.root.using(If_Match="*" if any_version else etag(model, sample)).post(f"samples:update/{sample}", {"title": "Mine"})
    assert answer.data[0]["title"] == "Mine"
    answer = model.root.using(If_Match="*" if any_version else etag(model, sample)).post(f"samples:destroy/{sample}")
    assert answer.data == 1


@pytest.mark.parametrize("action", ["update", "destroy"])
def test_an_old_tag_is_a_412_with_the_current_record(model: Model, action: str) -> None:
    sample = model.sample("First")
    old = etag(model, sample)
    model.root.post(f"samples:update/{sample}", {"title": "Somebody was faster"}).ok()
    answer = model.root.using(If_Match=old).post(f"samples:{action}/{sample}", {"title": "Mine"})
    assert answer.status == 412
    assert answer.errors[0]["message"]
    assert b"Somebody was faster" in answer.body
    assert model.read(sample)["title"] == "Somebody was faster"


@pytest.mark.parametrize("tag", ['"0"', '"nonsense"', "nonsense", '""', "a" * 300])
def test_a_tag_that_never_was_changes_nothing(model: Model, tag: str) -> None:
    sample = model.sample("First")
    answer = model.root.using(If_Match=tag).post(f"samples:update/{sample}", {"title": "Mine"})
    assert answer.status in (400, 412)
    assert answer.errors[0]["message"]
    assert model.read(sample)["title"] == "First"


def test_a_tag_for_a_record_that_is_gone_is_refused(model: Model) -> None:
    sample = model.sample()
    tag = etag(model, sample)
    model.root.post(f"samples:destroy/{sample}").ok()
    assert model.root.using(If_Match=tag).post(f"samples:update/{sample}", {"title": "Mine"}).status in (404, 412)
    assert model.root.using(If_Match=tag).post(f"samples:destroy/{sample}").status in (404, 412)


def test_of_writers_with_the_same_tag_exactly_one_wins(model: Model) -> None:
    sample = model.sample()
    client = model.root.using(If_Match=etag(model, sample))
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda n: client.post(f"samples:update/{sample}", {"title": f"writer {n}"}).status, range(6)))
    assert sorted(statuses)[0] == 200
    assert set(statuses) <= {200, 409, 412}
    assert statuses.count(200) == 1
