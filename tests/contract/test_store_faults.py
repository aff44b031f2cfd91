"""What the DynamoDB store makes of failures that no emulator shows, injected through botocore's public ``before-send`` event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.connection import Connection

from chalicelib.adapters.dynamodb.connection import connect
from chalicelib.adapters.dynamodb.store import BATCH_ROUNDS, DynamoStore
from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.ports import (
    EXECUTIONS,
    RECORDS,
    Absent,
    Check,
    Delete,
    Exists,
    Key,
    Put,
    Refusal,
    StoreUnavailable,
    TransactionRefused,
    Update,
    Write,
)
from chalicelib.errors import Invalid

Fault = Callable[[Any], AWSResponse | None]

KEY = Key(RECORDS, "p", "s")
WRITES: list[Write] = [
    Update(KEY, add={"value": 1}),
    Put(EXECUTIONS, {"pk": "p", "sk": "s"}),
    Delete(Key(RECORDS, "p", "d")),
    Check(Key(RECORDS, "p", "c"), Exists()),
]


class Body:
    """As much of a raw HTTP body as botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def answer(status: int, body: dict[str, Any] | bytes) -> Fault:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda request: AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, Body(content))


def error(code: str, status: int = 400, **more: Any) -> Fault:
    return answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more})


def raising(kind: type[Exception]) -> Fault:
    def fault(request: Any) -> None:
        raise kind(endpoint_url=request.url)

    return fault


def cancelled(*codes: str) -> Fault:
    return error("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


class Line:
    """A store on a line whose n-th request meets the n-th fault; later requests meet the last."""

    def __init__(self, connection: Connection, tables: tuple[str, str], clock: FixedClock) -> None:
        self.client = connection.client
        self.client.meta.events.register_first("before-send.dynamodb.*", self._meet)
        self.store = DynamoStore(connection, *tables, clock=clock)
        self.faults: list[Fault] = []
        self.sent: list[dict[str, Any]] = []

    def cut(self) -> None:
        self.client.meta.events.unregister("before-send.dynamodb.*", self._meet)

    def _meet(self, request: Any, **_: Any) -> AWSResponse | None:
        self.sent.append(json.loads(request.body))
        return self.faults[min(len(self.sent), len(self.faults)) - 1](request)

    def refusal_of(self, *faults: Fault) -> list[Refusal | None]:
        self.faults = list(faults)
        with pytest.raises(TransactionRefused) as refused:
            self.store.transact(WRITES)
        return refused.value.reasons


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits up to seven seconds between attempts; nothing here depends on how long."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="module")
def dead_end(harmless_aws: None) -> Connection:
    """A connection to where nothing listens; making its client takes 0.2 s."""
    return connect("us-east-1", "http://127.0.0.1:9")


@pytest.fixture
def line(dead_end: Connection, clock: FixedClock) -> Iterator[Line]:
    """Every answer on it is injected."""
    line = Line(dead_end, ("records", "executions"), clock)
    yield line
    line.cut()


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("ConditionalCheckFailed", "condition"),
            ("TransactionConflict", "conflict"),
            ("ThrottlingError", "throttled"),
            ("ProvisionedThroughputExceeded", "throttled"),
            ("RequestLimitExceeded", "throttled"),
            ("ItemCollectionSizeLimitExceeded", "invalid"),
            ("ValidationError", "invalid"),
            ("SomethingNew", "invalid"),
        ],
    )
    def test_each_cancellation_reason_has_its_word(self, line: Line, code: str, reason: Refusal) -> None:
        # PynamoDB sends checks, deletes, puts, updates; the third of them is the second of ours.
        assert line.refusal_of(cancelled("None", "None", code, "None")) == [None, reason, None, None]

    def test_reasons_are_put_back_in_the_order_of_the_writes(self, line: Line) -> None:
        reasons = line.refusal_of(cancelled("ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ValidationError"))
        assert [list(action) for action in line.sent[0]["TransactItems"]] == [["ConditionCheck"], ["Delete"], ["Put"], ["Update"]]
        assert reasons == ["invalid", "throttled", "conflict", "condition"]

    @pytest.mark.parametrize(
        ("code", "reason", "requests"),
        [
            ("ThrottlingException", "throttled", 4),
            ("ProvisionedThroughputExceededException", "throttled", 4),
            ("RequestLimitExceeded", "throttled", 4),
            ("TransactionConflictException", "conflict", 1),
            ("ValidationException", "invalid", 1),
        ],
    )
    def test_a_refused_request_refuses_every_write(self, line: Line, code: str, reason: Refusal, requests: int) -> None:
        assert line.refusal_of(error(code)) == [reason] * 4
        assert len(line.sent) == requests

    def test_attempts_of_one_call_carry_one_token_and_two_calls_two(self, line: Line) -> None:
        line.refusal_of(error("ThrottlingException"))
        line.refusal_of(error("ThrottlingException"))
        tokens = [request["ClientRequestToken"] for request in line.sent]
        assert len(set(tokens[:4])) == len(set(tokens[4:])) == 1
        assert tokens[0] != tokens[4]


SILENCE = [
    raising(ReadTimeoutError),
    raising(ConnectTimeoutError),
    raising(EndpointConnectionError),
    error("InternalServerError", 500),
    error("ServiceUnavailable", 503),
    answer(502, b"<html>Bad gateway</html>"),
]


class TestUnknownOutcomes:
    @pytest.fixture
    def dead_end(self) -> Connection:
        """A client of its own: botocore's quota of retries is per client, and silence uses it up."""
        return connect("us-east-1", "http://127.0.0.1:9")

    @pytest.mark.parametrize("fault", SILENCE)
    def test_silence_is_unavailable_after_four_attempts(self, line: Line, fault: Fault) -> None:
        line.faults = [fault]
        for call in (lambda: line.store.transact(WRITES), lambda: line.store.batch_get([KEY]), lambda: line.store.query(RECORDS, "p")):
            line.sent.clear()
            with pytest.raises(StoreUnavailable):
                call()
            assert len(line.sent) == 4

    @pytest.mark.parametrize("fault", SILENCE)
    def test_a_throttled_attempt_after_a_silent_one_refuses_nothing(self, line: Line, fault: Fault) -> None:
        line.faults = [fault, error("ThrottlingException")]
        with pytest.raises(StoreUnavailable):
            line.store.transact(WRITES)

    def test_silence_in_one_call_says_nothing_about_the_next(self, line: Line) -> None:
        line.faults = [raising(ReadTimeoutError)]
        with pytest.raises(StoreUnavailable):
            line.store.transact(WRITES)
        assert line.refusal_of(error("ThrottlingException")) == ["throttled"] * 4

    @pytest.mark.parametrize("code", ["TransactionInProgressException", "AccessDeniedException", "ResourceNotFoundException"])
    def test_other_errors_are_unavailable(self, line: Line, code: str) -> None:
        line.faults = [error(code)]
        with pytest.raises(StoreUnavailable, match=code):
            line.store.transact(WRITES)

    def test_a_commit_whose_answer_is_lost_is_committed_once(
        self, dynamodb_endpoint: str, dynamodb_tables: tuple[str, str], clock: FixedClock
    ) -> None:
        line = Line(connect("us-east-1", dynamodb_endpoint), dynamodb_tables, clock)

        def unheard(request: Any) -> None:
            line.client._endpoint.http_session.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)

        line.faults = [unheard, unheard, lambda request: None]
        line.store.transact([Update(KEY, add={"value": 1}), Put(EXECUTIONS, {"pk": "p", "sk": "s"}, Absent())])
        assert line.store.batch_get([KEY])[KEY]["value"] == 1


class TestReads:
    def test_unprocessed_keys_are_asked_again(self, line: Line, clock: FixedClock) -> None:
        left = {"records": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "s"}}], "ConsistentRead": True}}
        item = {"pk": {"S": "p"}, "sk": {"S": "s"}, "value": {"N": "1"}}
        line.faults = [
            answer(200, {"Responses": {}, "UnprocessedKeys": left}),
            answer(200, {"Responses": {"records": [item]}, "UnprocessedKeys": {}}),
        ]
        assert line.store.batch_get([KEY, Key(EXECUTIONS, "p", "s")]) == {KEY: {"pk": "p", "sk": "s", "value": 1}}
        assert line.sent[0]["RequestItems"] == left | {"executions": left["records"]}
        assert line.sent[1]["RequestItems"] == left

    def test_keys_that_stay_unprocessed_are_unavailable_after_growing_pauses(self, line: Line, clock: FixedClock) -> None:
        started = clock.now_ms()
        left = {"records": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "s"}}]}}
        line.faults = [answer(200, {"Responses": {}, "UnprocessedKeys": left})]
        with pytest.raises(StoreUnavailable):
            line.store.batch_get([KEY])
        assert len(line.sent) == BATCH_ROUNDS
        assert started < clock.now_ms() <= started + 5_000

    @pytest.mark.parametrize("body", [b'{"Responses": {"rec', b"<html>", b""])
    def test_half_an_answer_is_unavailable(self, line: Line, body: bytes) -> None:
        line.faults = [answer(200, body)]
        with pytest.raises(StoreUnavailable):
            line.store.batch_get([KEY])

    def test_a_question_that_can_never_be_answered_is_invalid(self, line: Line) -> None:
        line.faults = [error("ValidationException")]
        with pytest.raises(Invalid):
            line.store.query(RECORDS, "p")

    def test_reads_are_strong_but_for_global_indexes(self, line: Line) -> None:
        line.faults = [answer(200, {"Items": [], "Count": 0, "ScannedCount": 0})]
        for index in (None, "l1", "g1"):
            line.store.query(RECORDS, "p", index=index)
            line.store.count(RECORDS, "p", index=index)
        for index in (None, "byWorkflow"):
            line.store.query(EXECUTIONS, "p", index=index)
        assert [request["ConsistentRead"] for request in line.sent] == [True, True, True, True, False, False, True, False]
