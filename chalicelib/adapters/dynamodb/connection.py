"""The one connection to DynamoDB: its limits on time and attempts, and the botocore events that the store listens to.

Sources: https://docs.aws.amazon.com/boto3/latest/guide/events.html and
https://pynamodb.readthedocs.io/en/stable/low_level.html
"""

from __future__ import annotations

import json

from pynamodb.connection import Connection

from chalicelib.adapters.dynamodb.failures import Attempts
from chalicelib.errors import Json
from chalicelib.observability import sent

READS = ("BatchGetItem", "Query")


def connect(region: str, endpoint: str | None = None) -> Connection:
    """A connection that gives up on a silent database after a second (connect) or five (read), in at most four attempts.

    ``endpoint`` is for tests; the standard ``AWS_ENDPOINT_URL_DYNAMODB`` does the same. No client is made before it is needed.
    """
    return Connection(
        region=region,
        host=endpoint,
        connect_timeout_seconds=1,
        read_timeout_seconds=5,
        max_retry_attempts=3,
        max_pool_connections=50,
    )


def listen(connection: Connection, attempts: Attempts) -> None:
    """Counts every request, reports every attempt of a transaction to ``attempts``, and lets reads answer with DynamoDB's own JSON. Makes
    the client."""
    events = connection.client.meta.events
    events.register("before-send.dynamodb", _count)
    events.register("needs-retry.dynamodb.TransactWriteItems", attempts.note)
    for operation in READS:
        events.register(f"before-parse.dynamodb.{operation}", _take_raw_answer)


def _count(**_: Json) -> None:
    """A request goes out, be it the first attempt or a further one. An answer of this would be taken for the database's."""
    sent()


def _take_raw_answer(response_dict: dict[str, Json], customized_response_dict: dict[str, Json], **_: Json) -> None:
    """botocore would walk every attribute value along its shapes, a third of the CPU of a read, to arrive at the same JSON."""
    if response_dict["status_code"] < 300:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
