"""Messages are taken once each, however they come; what can never work is kept with the reason, what may work later comes again."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import message_key
from chalicelib.domain.ports import Delete
from chalicelib.errors import DeadlineExceeded, Invalid, Unavailable
from chalicelib.services.message_events import Delivery
from chalicelib.services.message_runs import KEPT_SECONDS
from chalicelib.services.messages import MOST_MESSAGE_BYTES
from tests.messages import OTHER, Inbox, note, notification, of_queue, of_topic, with_notes
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, lost, refused, unheard

Json = Any
DELIVERED, MESSAGES = 5_000, 3_500


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(with_notes(Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS)).install()))


def notes(inbox: Inbox) -> list[str]:
    return [row["text"] for row in inbox.session.call("notes:list", sort="text,id", pageSize="200")]


def store_of(inbox: Inbox) -> WatchedStore:
    assert isinstance(inbox.session.store, WatchedStore)
    return inbox.session.store


def test_a_message_starts_each_workflow_of_its_topic_and_no_other(inbox: Inbox) -> None:
    inbox.workflow("one", [note("one {{$context.data.text}}")])
    inbox.workflow("two", [note("two {{$context.data.text}}")])
    inbox.workflow("elsewhere", [note("elsewhere")], topic="returns")
    assert inbox.receive(notification({"text": "a"})) == []
    assert sorted(notes(inbox)) == ["one a", "two a"]
    assert inbox.letters.kept == []


def test_the_context_is_the_body_and_what_is_known_of_the_message(inbox: Inbox) -> None:
    inbox.workflow("flow", [])
    kinds: Json = {
        "MessageAttributes": {
            "kind": {"Type": "String", "Value": "new"},
            "weight": {"Type": "Number", "Value": "2.5"},
            "tags": {"Type": "String.Array", "Value": '["a", "b"]'},
        }
    }
    inbox.receive(notification({"text": "a"}, Subject="News", **kinds))
    (execution,) = inbox.session.executions("flow")
    assert execution["context"] == {
        "data": {"text": "a"},
        "message": {
            "id": "message-1",
            "topic": "orders",
            "subject": "News",
            "attributes": {"kind": "new", "weight": 2.5, "tags": ["a", "b"]},
            "publishedAt": "2026-11-21T00:00:00.000Z",
        },
    }


def test_a_mapping_makes_the_context_of_body_and_attributes(inbox: Inbox) -> None:
    sum_of = "{{$sum($context.data.order.lines.price)}}"
    mapping = {"id": "{{$context.data.order.id}}", "sum": sum_of, "kind": "{{$context.message.attributes.kind}}"}
    inbox.workflow("flow", [], mapping=mapping)
    order = {"order": {"id": 7, "lines": [{"price": 2}, {"price": 3}]}}
    inbox.receive(notification(order, attributes={"kind": "new"}))
    assert inbox.session.executions("flow")[0]["context"]["data"] == {"id": 7, "sum": 5, "kind": "new"}


@pytest.mark.parametrize(
    ("body", "attributes", "starts"),
    [
        ({"order": {"total": 101}}, {"kind": "new"}, True),
        ({"order": {"total": 100}}, {"kind": "new"}, False),
        ({"order": {"total": 101}}, {"kind": "old"}, False),
        ({"order": {"total": 101}}, None, False),
        ({}, {"kind": "new"}, False),
        ([1], {"kind": "new"}, False),
        ("no JSON at all", {"kind": "old"}, False),
    ],
)
def test_a_filter_looks_at_body_and_attributes(inbox: Inbox, body: Json, attributes: Json, starts: bool) -> None:
    inbox.workflow("flow", [], filter={"attributes": {"kind": "new"}, "body": {"order.total": {"$gt": 100}}})
    assert inbox.receive(notification(body, attributes=attributes)) == []
    assert len(inbox.session.executions("flow")) == starts
    assert inbox.letters.kept == []


def test_an_asynchronous_workflow_is_queued_and_started(inbox: Inbox) -> None:
    inbox.workflow("later", [note()], sync=False)
    inbox.receive(notification({"text": "a"}), notification({"text": "a"}))
    (queued,) = inbox.session.executions("later")
    assert (queued["status"], notes(inbox)) == (None, [])
    inbox.session.machines.run(inbox.session.backend)
    (execution,) = inbox.session.executions("later")
    assert (execution["id"], execution["status"], execution["context"]["data"]) == (queued["id"], 1, {"text": "a"})
    assert notes(inbox) == ["a"]


def test_text_is_taken_as_text_where_the_workflow_says_so(inbox: Inbox) -> None:
    inbox.workflow("plain", [note("{{$context.data}}")], format="text")
    assert inbox.receive(notification("no JSON {")) == []
    assert notes(inbox) == ["no JSON {"]


def test_a_message_that_is_no_json_is_a_dead_letter_and_others_have_run(inbox: Inbox) -> None:
    inbox.workflow("plain", [note("{{$context.data}}")], format="text")
    inbox.workflow("picky", [note()])
    sent = notification("no JSON {")
    assert inbox.receive(sent) == []
    assert notes(inbox) == ["no JSON {"]
    ((body, about),) = inbox.letters.kept
    assert json.loads(body) == sent
    assert about["reason"].startswith("picky: the message is not valid JSON")
    assert (about["code"], about["workflows"], about["topic"], about["messageId"]) == ("INVALID_JSON", "picky", "orders", "message-1")


def test_a_message_that_no_workflow_wants_is_done(inbox: Inbox) -> None:
    assert inbox.receive(notification("anything")) == []
    assert inbox.letters.kept == []


BIG = "x" * (256 * 1024 - 2)


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        (notification({}, topic="arn:aws:sns:eu-west-1:123456789012:nosuch"), "UNKNOWN_TOPIC", "the topics are orders (arn:aws:sns:"),
        (notification(json.dumps(BIG)), "MESSAGE_TOO_LARGE", "262,144 bytes; at most 204,800"),
        ("raw text", "NOT_A_NOTIFICATION", "without raw message delivery"),
        ('{"raw": "JSON"}', "NOT_A_NOTIFICATION", "without raw message delivery"),
        ("[" * 100_000, "NOT_A_NOTIFICATION", "nested too deep"),
        ({"Type": "Notification"}, "NOT_A_NOTIFICATION", '"MessageId" must be text; "TopicArn" must be text'),
        (notification({}, Timestamp="yesterday"), "NOT_A_NOTIFICATION", '"Timestamp" must be an instant'),
        (notification({}, Timestamp="2020-01-01T00:00:00.000Z"), "NOT_A_NOTIFICATION", "since 2026"),
        (notification({}, MessageId="x" * 129), "NOT_A_NOTIFICATION", "at most 128"),
        (notification({}, Subject=5), "NOT_A_NOTIFICATION", '"Subject" must be text'),
        (notification({}, MessageAttributes={"a": 5}), "NOT_A_NOTIFICATION", 'the attribute "a"'),
        (notification({}, MessageAttributes=[]), "NOT_A_NOTIFICATION", "must be an object"),
        (notification('{"a": 1e999}'), "INVALID_JSON", "too large a number"),
        (notification("[" * 40 + "]" * 40), "INVALID_JSON", "deeper than 32"),
        (notification({"text": 5}), "MAPPING_FAILED", "the mapping fails on this message"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "sent",
)
def test_what_can_never_work_is_a_dead_letter_with_the_reason(inbox: Inbox, sent: Json, code: str, words: str) -> None:
    inbox.workflow("flow", [note()], mapping={"text": "{{$uppercase($context.data.text)}}"})
    assert inbox.receive(sent) == []
    assert inbox.letters.codes == [code]
    assert words in inbox.letters.reasons[0]
    assert notes(inbox) == []


def test_the_largest_message_is_taken(inbox: Inbox) -> None:
    inbox.workflow("later", [], sync=False)
    text = json.dumps("x" * (MOST_MESSAGE_BYTES - 2))
    assert inbox.receive(notification(text)) == []
    assert inbox.letters.kept == []
    assert len(inbox.session.executions("later")[0]["context"]["data"]) == MOST_MESSAGE_BYTES - 2


def test_a_mapping_that_makes_too_much_for_an_asynchronous_start_is_a_dead_letter(inbox: Inbox) -> None:
    inbox.workflow("later", [], sync=False, mapping={"a": "{{$context.data}}", "b": "{{$context.data}}"})
    inbox.receive(notification(json.dumps("x" * (MOST_MESSAGE_BYTES - 2))))
    assert inbox.letters.codes == ["CONTEXT_TOO_LARGE"]


def test_a_workflow_that_fails_on_a_message_has_run_and_its_history_says_so(inbox: Inbox) -> None:
    inbox.workflow("flow", [note(), note() | {"key": "twice", "config": {"collection": "notes", "params": {"values": {"code": "same"}}}}])
    for number in (1, 2):
        assert inbox.receive(notification({"text": "a"}, number, at_ms=NOW_MS + number)) == []
    first, second = inbox.session.executions("flow")
    assert (first["status"], second["status"]) == (1, -2)
    assert inbox.receive(notification({"text": "a"}, 2, at_ms=NOW_MS + 2)) == []
    assert len(inbox.session.executions("flow")) == 2
    assert sorted(str(text) for text in notes(inbox)) == ["None", "a"]
    assert inbox.letters.kept == []


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("answer", [lost, refused("throttled")])
def test_while_the_database_gives_no_answer_the_message_comes_again(inbox: Inbox, sync: bool, answer: Json) -> None:
    inbox.workflow("flow", [note()], sync=sync)
    store_of(inbox).sendings.extend([answer] * 10)
    assert inbox.receive(notification({"text": "a"}), "no notification") == ["r0"]
    assert inbox.letters.codes == ["NOT_A_NOTIFICATION"]
    store_of(inbox).sendings.clear()
    assert inbox.receive(notification({"text": "a"})) == []
    assert len(inbox.session.executions("flow")) == 1


@pytest.mark.parametrize("sync", [True, False])
def test_a_commit_that_was_not_heard_is_not_done_again(inbox: Inbox, sync: bool) -> None:
    inbox.workflow("flow", [note()], sync=sync)
    store_of(inbox).sendings.append(unheard)
    for _ in range(3):
        assert inbox.receive(notification({"text": "a"})) == []
    assert len(inbox.session.executions("flow")) == 1
    assert notes(inbox) == (["a"] if sync else [])


def test_the_mark_holds_when_the_execution_was_removed_and_ends_after_a_month(inbox: Inbox) -> None:
    inbox.workflow("flow", [note()])
    inbox.receive(notification({"text": "a"}))
    (execution,) = inbox.session.executions("flow")
    key = message_key("message-1", "flow")
    mark = inbox.session.store.batch_get([key])[key]
    assert (mark["execution"], mark["ttl"]) == (execution["id"], NOW_MS // 1000 + KEPT_SECONDS)
    inbox.session.answer("executions:destroy", execution["id"])
    inbox.receive(notification({"text": "a"}))
    assert notes(inbox) == ["a"]
    assert inbox.session.executions("flow") == []
    inbox.session.clock.sleep(KEPT_SECONDS + 1)
    inbox.receive(notification({"text": "a"}))
    assert len(inbox.session.executions("flow")) == 1


def test_another_version_does_not_take_a_message_again(inbox: Inbox) -> None:
    first = inbox.workflow("flow", [note()])
    inbox.receive(notification({"text": "a"}))
    revised = inbox.session.call("workflows:revision", first, None, filter={"key": "flow"})
    inbox.session.call("workflows:update", revised["id"], {"enabled": True})
    inbox.receive(notification({"text": "a"}), notification({"text": "b"}, 2))
    assert notes(inbox) == ["a", "b"]


def test_a_disabled_workflow_and_one_of_another_topic_take_nothing(inbox: Inbox) -> None:
    gone, moved = inbox.workflow("gone", [note()]), inbox.workflow("moved", [note()])
    inbox.session.call("workflows:update", gone, {"enabled": False})
    inbox.session.call("workflows:update", moved, {"config": {"topic": "returns"}})
    inbox.receive(notification({"text": "a"}))
    assert notes(inbox) == []
    inbox.receive(notification({"text": "b"}, 2, topic=OTHER))
    assert notes(inbox) == ["b"]


def test_messages_of_one_millisecond_have_executions_of_their_own(inbox: Inbox) -> None:
    """Their ids have 8,192 numbers within it, so of 500 some meet."""
    inbox.workflow("flow", [])
    for number in range(500):
        inbox.receive(notification({"text": "a"}, number))
    executions = inbox.session.executions("flow")
    assert len({one["id"] for one in executions}) == len({one["context"]["message"]["id"] for one in executions}) == 500


def test_what_is_sent_to_others_goes_out_under_the_same_key_when_a_run_is_done_again() -> None:
    keys: list[str] = []

    class Outside:
        def send(self, kind: str, payload: Json, key: str) -> Json:
            keys.append(key)
            return {"status": "success"}

    inbox = Inbox(Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS), outside=Outside()).install())
    channel = {"type": "notification", "key": "tell", "config": {"channelName": "x", "title": "t", "content": "c"}}
    inbox.workflow("flow", [channel])
    store_of(inbox).sendings.extend([lost] * 10)
    assert inbox.receive(notification({})) == ["r0"]
    store_of(inbox).sendings.clear()
    assert inbox.receive(notification({})) == []
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_warm_delivery_costs_one_read_and_one_write(inbox: Inbox) -> None:
    inbox.workflow("flow", [note()])
    inbox.receive(notification({"text": "a"}))
    store_of(inbox).forget()
    inbox.receive(notification({"text": "b"}, 2))
    store = store_of(inbox)
    assert (len(store.reads), len(store.queries), len(store.transactions)) == (1, 0, 1)
    store.forget()
    inbox.receive(notification({"text": "b"}, 2))
    assert (len(store.reads), len(store.transactions)) == (1, 0)


def test_a_letter_that_cannot_be_kept_comes_again(inbox: Inbox) -> None:
    inbox.letters.broken = True
    assert inbox.receive("no notification") == ["r0"]


def test_a_letter_says_only_what_a_queue_takes(inbox: Inbox) -> None:
    inbox.receive(notification({}, topic="arn:\x00\uffff" + "y" * 5_000))
    ((_, about),) = inbox.letters.kept
    assert "\x00" not in about["reason"]
    assert len(about["reason"]) == 1_000
    about["reason"].encode()


def test_who_has_no_time_left_gives_the_rest_back(inbox: Inbox) -> None:
    inbox.workflow("flow", [note()])
    assert inbox.receive(notification({"text": "a"}), notification({"text": "b"}, 2), left_ms=2_000) == ["r0", "r1"]
    assert inbox.receive(notification({"text": "a"}), notification({"text": "b"}, 2)) == []
    assert notes(inbox) == ["a", "b"]


HALF = "\ud800"
HALVES: list[Json] = [
    {"Message": HALF},
    {"MessageId": HALF},
    {"Subject": HALF},
    {"TopicArn": HALF},
    {"MessageAttributes": {"a": {"Type": "String", "Value": HALF}}},
    {"MessageAttributes": {HALF: {"Type": "String", "Value": "a"}}},
    {"MessageAttributes": {"a": {"Type": "Number", "Value": float("nan")}}},
]


@pytest.mark.parametrize("half", HALVES)
def test_half_a_character_in_the_envelope_is_a_dead_letter_with_the_reason(inbox: Inbox, half: Json) -> None:
    inbox.workflow("flow", [note()])
    assert inbox.receive(notification({"text": "a"}) | half) == []
    assert inbox.messages.receive(of_topic(notification({"text": "a"}) | half), NOW_MS + 60_000) == {"batchItemFailures": []}
    assert inbox.letters.codes == ["NOT_A_NOTIFICATION"] * 2
    for raw, about in inbox.letters.kept:
        assert next(iter(half)) in about["reason"] or "attribute" in about["reason"]
        raw.encode()


class TestABatch:
    def test_a_message_that_takes_all_its_time_leaves_the_others_theirs(self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        inbox.workflow("flow", [note()])
        slow_down(inbox, monkeypatch)
        sent = [notification({"text": "slow" if n == 0 else f"n{n}"}, n) for n in range(10)]
        assert inbox.receive(*sent, left_ms=60_000) == ["r0"]
        assert len(notes(inbox)) == 9

    def test_each_gets_its_part_of_what_is_left_and_fifteen_seconds_at_least(self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        inbox.workflow("flow", [note()])
        given = slow_down(inbox, monkeypatch)
        assert inbox.receive(*[notification({"text": "slow"}, n) for n in range(2)], left_ms=63_000) == ["r0", "r1"]
        assert given == pytest.approx([30_000, 30_000], abs=10)
        given.clear()
        assert len(inbox.receive(*[notification({"text": "slow"}, n) for n in range(10)], left_ms=63_000)) == 10
        assert given == pytest.approx([15_000] * 4, abs=10)

    def test_what_was_delivered_before_stands_behind_what_is_new_and_gets_what_that_leaves(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inbox.workflow("flow", [note()])
        given = slow_down(inbox, monkeypatch)
        event = of_queue([notification({"text": "slow" if n == 0 else f"n{n}"}, n) for n in range(10)])
        event["Records"][0]["attributes"] = {"ApproximateReceiveCount": "2"}
        inbox.messages.receive(event, inbox.session.clock.now_ms() + 63_000)
        assert given[-1] == pytest.approx(60_000, abs=100)

    def test_what_comes_again_and_again_comes_in_another_order_each_time(self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        orders = []
        for times in ("2", "3", "4", "x"):
            event = of_queue([notification({"text": "a"}, n) for n in range(10)])
            for record in event["Records"]:
                record["attributes"] = {"ApproximateReceiveCount": times}
            taken: list[str | None] = []
            monkeypatch.setattr(inbox.messages, "_deliver", lambda delivery, until_ms, taken=taken: taken.append(delivery.id))
            inbox.messages.receive(event, NOW_MS + 60_000)
            orders.append(taken)
        assert [sorted(map(str, order)) for order in orders] == [[f"r{n}" for n in range(10)]] * 4
        assert len({str(order) for order in orders}) == 4
        assert orders[3] == [f"r{n}" for n in range(10)]


def slow_down(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Messages that say "slow" take all the time that they get; the list that is filled says how much each message got."""
    deliver, given, clock = inbox.messages._deliver, list[int](), inbox.session.clock

    def slowly(delivery: Delivery, until_ms: int) -> None:
        given.append(until_ms - clock.now_ms())
        if "slow" in delivery.raw:
            clock.sleep((until_ms - clock.now_ms()) / 1000 + 0.001)
            raise DeadlineExceeded("out of time")
        deliver(delivery, until_ms)

    monkeypatch.setattr(inbox.messages, "_deliver", slowly)
    return given


def test_a_topic_that_calls_straight_is_answered_and_asked_to_come_again(inbox: Inbox) -> None:
    inbox.workflow("flow", [note()])
    far = NOW_MS + 60_000
    assert inbox.messages.receive(of_topic(notification({"text": "a"})), far) == {"batchItemFailures": []}
    assert inbox.messages.receive(of_topic("no notification"), far) == {"batchItemFailures": []}
    assert notes(inbox) == ["a"]
    assert inbox.letters.codes == ["NOT_A_NOTIFICATION"]
    store_of(inbox).sendings.extend([lost] * 10)
    with pytest.raises(Unavailable):
        inbox.messages.receive(of_topic(notification({"text": "b"}, 2)), far)


@pytest.mark.parametrize(
    "event", [None, [], {}, {"Records": {}}, {"Records": [5]}, {"Records": [{}]}, {"Records": [{"eventSource": "aws:sqs"}]}]
)
def test_an_event_that_is_no_delivery_is_a_failure_of_the_call(inbox: Inbox, event: Json) -> None:
    with pytest.raises(Invalid, match="Records"):
        inbox.messages.receive(event, NOW_MS + 60_000)


def test_five_thousand_deliveries_with_duplicates_in_any_order_leave_each_effect_once() -> None:
    """Several processes at once, 30 % of what they get has come before."""
    inbox = Inbox(with_notes(Session(MemoryStore(), FixedClock(NOW_MS)).install()))
    inbox.workflow("now", [note("now {{$context.data.text}}")])
    inbox.workflow("later", [], sync=False)
    chosen = random.Random(6)
    numbers = [*range(MESSAGES), *(chosen.randrange(MESSAGES) for _ in range(DELIVERED - MESSAGES))]
    chosen.shuffle(numbers)
    deliveries = [notification({"text": str(n)}, n, at_ms=NOW_MS + n // 20) for n in numbers]
    batches = [deliveries[at : at + 10] for at in range(0, DELIVERED, 10)]
    processes = [Inbox(inbox.session.process()) for _ in range(4)]
    again: list[str] = []
    taken = threading.Lock()

    def take(number: int) -> None:
        waiting = batches[number]
        for _ in range(5):
            failures = processes[number % 4].receive(*waiting)
            waiting = [waiting[int(failure[1:])] for failure in failures]
            if not waiting:
                return
        with taken:
            again.extend(str(one) for one in waiting)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(take, range(len(batches))))
    assert again == []
    assert [letters for one in processes for letters in one.letters.kept] == []
    for key in ("now", "later"):
        found = Counter(one["context"]["message"]["id"] for one in inbox.session.executions(key))
        assert len(found) == sum(found.values()) == MESSAGES
    pages = [inbox.session.call("notes:list", pageSize="200", page=str(page)) for page in range(1, MESSAGES // 200 + 2)]
    rows = [row["text"] for page in pages for row in page]
    assert len(rows) == len(set(rows)) == MESSAGES


def test_a_mark_that_somebody_removed_is_made_up_for_by_the_execution(inbox: Inbox) -> None:
    inbox.workflow("flow", [note()])
    inbox.receive(notification({"text": "a"}))
    inbox.session.store.transact([Delete(message_key("message-1", "flow"))])
    inbox.receive(notification({"text": "a"}))
    assert notes(inbox) == ["a"]
