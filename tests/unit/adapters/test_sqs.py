"""Dead letters as Amazon SQS takes them: against moto, which checks the request as far as it knows it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.sqs import DeadLetterQueue
from chalicelib.domain.ports import EffectFailed


def test_a_letter_holds_the_message_and_what_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3  # type: ignore[import-untyped]
    from moto import mock_aws

    with mock_aws():
        client: Any = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="dead")["QueueUrl"]
        about = {"reason": "the message is not valid JSON: ü", "code": "INVALID_JSON"} | {f"n{n}": "x" for n in range(12)}
        DeadLetterQueue("us-east-1", url).put("no JSON", about)
        (letter,) = client.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert letter["Body"] == "no JSON"
    found = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (found["reason"], found["code"], len(found)) == (about["reason"], "INVALID_JSON", 10)


def test_a_queue_that_does_not_answer_is_an_effect_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    with pytest.raises(EffectFailed):
        DeadLetterQueue("us-east-1", "http://127.0.0.1:9/123456789012/dead").put("x", {"reason": "y"})


def test_a_queue_that_is_not_there_is_named_by_its_code() -> None:
    from moto import mock_aws

    with mock_aws(), pytest.raises(EffectFailed) as failed:
        DeadLetterQueue("us-east-1", "https://sqs.us-east-1.amazonaws.com/123456789012/nosuch").put("x", {"reason": "y"})
    assert "NonExistentQueue" in str(failed.value.result["code"]) or "QueueDoesNotExist" in str(failed.value.result["code"])
