"""Samples straight into DynamoDB Local, past the product and past botocore: a million of them in some ten minutes.

``BatchWriteItem`` in DynamoDB's own JSON over kept connections; the emulator asks for the form of a signature, not for a right one.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from chalicelib.adapters.dynamodb.codec import encode_item
from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import parse_collection
from chalicelib.domain.ids import derived_id
from chalicelib.domain.keys import record_key
from chalicelib.domain.record import new_record
from tests.bench.stack import InProcess

BATCH = 25
LOADERS = 4
MADE_AT = "2026-01-01T00:00:00.000Z"
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
}


def load_samples(stack: InProcess, endpoint: str, count: int) -> Sequence[int]:
    """Ids, in order, of ``count`` samples written as the product would, but 25 to a request and without its checks."""
    key = record_key("collections", "samples")
    collection = parse_collection(stack.store.batch_get([key])[key]["data"])
    now = time.time_ns() // 1_000_000
    ids = [derived_id(now - count + n, "bench", 0) for n in range(count)]
    connection = _Connection(endpoint)

    def write(batch: Sequence[int]) -> None:
        connection.write(stack.names[0], [{"PutRequest": {"Item": item}} for item in _items(collection, batch)])

    with ThreadPoolExecutor(LOADERS) as pool:
        for _ in pool.map(write, [ids[start : start + BATCH] for start in range(0, count, BATCH)]):
            pass
    return ids


def _items(collection: Collection, ids: Sequence[int]) -> Iterator[dict[str, object]]:
    for number in ids:
        values = {"title": f"Sample {number}", "indicator": 95, "status": "Collected"}
        yield encode_item(new_record(collection, number, values, MADE_AT, 1).item)


class _Connection(threading.local):
    """One connection for each thread."""

    def __init__(self, endpoint: str) -> None:
        self._kept = http.client.HTTPConnection(urlsplit(endpoint).netloc)

    def write(self, table: str, requests: Sequence[object]) -> None:
        """Raises RuntimeError with the database's own words."""
        waiting: object = {table: requests}
        while waiting:
            self._kept.request("POST", "/", json.dumps({"RequestItems": waiting}), HEADERS)
            answer = self._kept.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RuntimeError(said.decode())
            waiting = json.loads(said).get("UnprocessedItems")
