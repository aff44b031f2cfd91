"""SNS and SQS on this machine: topics whose messages reach the function ``receive`` through a queue, as the template joins them on AWS.

All of it lives in the process of Step Functions (``stepfunctions.py``), which its first caller starts: who never publishes pays nothing.
The topics, their queue and the queue for dead letters are made anew with every start of that process, before it answers anybody; what waits
in them when it ends is lost, as moto keeps nothing. Messages that could not be taken come again after two seconds, eight times in all.
Sources: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html and https://docs.getmoto.org/en/latest/docs/services/sns.html
"""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from local.functions import PREFIX
from local.settings import ACCOUNT, DEAD_LETTERS, QUEUE, REGION, topic_name

BATCH, WAIT_SECONDS, AGAIN_SECONDS, MOST_TIMES = 10, 20, 2, 8
IN_FLIGHT_SECONDS = 90  # longer than the function may take
PAUSE_SECONDS = 0.5
INVOKE = f"/2015-03-31/functions/{PREFIX}receive/invocations"

Event = dict[str, Any]

log = logging.getLogger("stepbase.local")


def make_topics(names: Sequence[str]) -> None:
    """Make the topics, each subscribed to the one queue, and the queue that keeps what could not be taken."""
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    queues, topics = sqs_backends[ACCOUNT][REGION], sns_backends[ACCOUNT][REGION]
    dead = queues.create_queue(DEAD_LETTERS)
    redrive = json.dumps({"deadLetterTargetArn": dead.queue_arn, "maxReceiveCount": MOST_TIMES})
    queue = queues.create_queue(QUEUE, RedrivePolicy=redrive)
    for name in names:
        topics.subscribe(topics.create_topic(topic_name(name)).arn, queue.queue_arn, "sqs")


def deliver_in_background(functions_port: int) -> None:
    """Call ``receive`` for what is in the queue, from now on."""
    threading.Thread(target=_deliver, args=(lambda event: invoke(functions_port, event),), daemon=True).start()


def _deliver(call: Callable[[Event], set[str]]) -> None:
    while True:
        try:
            deliver_once(call)
        except Exception:  # whatever it is, the messages stay and come again
            log.exception("messages could not be delivered")
            time.sleep(PAUSE_SECONDS)


def deliver_once(call: Callable[[Event], set[str]], wait_seconds: int = WAIT_SECONDS) -> int:
    """Deliver what is there, at most ten messages, after waiting for some; how many that were. ``call`` names those that come again."""
    from moto.sqs.models import sqs_backends

    queues = sqs_backends[ACCOUNT][REGION]
    found = queues.receive_message(QUEUE, BATCH, wait_seconds, IN_FLIGHT_SECONDS)
    if not found:
        return 0
    again = call({"Records": [_record(message) for message in found]})
    for message in found:
        handle = str(message.receipt_handle)
        if message.id in again:
            queues.change_message_visibility(QUEUE, handle, AGAIN_SECONDS)
        else:
            queues.delete_message(QUEUE, handle)
    return len(found)


def _record(message: Any) -> Event:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.approximate_receive_count)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}",
        "awsRegion": REGION,
    }


def invoke(functions_port: int, event: Event) -> set[str]:
    """Ids of the records that are to come again: all of them when the function fails or cannot be reached."""
    everything = {record["messageId"] for record in event["Records"]}
    connection = http.client.HTTPConnection("127.0.0.1", functions_port, timeout=IN_FLIGHT_SECONDS)
    try:
        connection.request("POST", INVOKE, json.dumps(event).encode(), {"Authorization": "AWS4-HMAC-SHA256 local"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200 or answer.getheader("X-Amz-Function-Error"):
            log.warning("receive failed: %s %s", answer.status, content[:500].decode(errors="replace"))
            return everything
        return {failure["itemIdentifier"] for failure in json.loads(content)["batchItemFailures"]}
    except (OSError, http.client.HTTPException) as error:
        log.warning("receive could not be called: %r", error)
        return everything
    finally:
        connection.close()
