"""Whether a trigger slows down with the size of its collection: 100 records against 100,000, turn by turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from chalicelib.adapters.dynamodb.codec import encode_item
from chalicelib.domain.definition import parse_collection
from chalicelib.domain.ids import derived_id
from chalicelib.domain.record import new_record
from tests.bench.report import Line
from tests.bench.stack import InProcess, in_process

BATCH = 25
LOADERS = 4
AIM = 1.2


def measure(endpoint: str, few: int, many: int, runs: int) -> Iterator[Line]:
    small, large = in_process(endpoint), in_process(endpoint)
    small_ids = _load(small, few)
    began = time.monotonic()
    large_ids = _load(large, many)
    loaded = time.monotonic() - began
    times: dict[str, list[float]] = {"small": [], "large": []}
    for n in range(-runs // 10, runs):
        for name, stack, ids in (("small", small, small_ids), ("large", large, large_ids)):
            spent = _timed(stack, ids[(n * 7919) % len(ids)])
            if n >= 0:
                times[name].append(spent)
    ratio = statistics.median(times["large"]) / statistics.median(times["small"])
    yield Line(f"trigger with {few:,} records in the collection, median", f"{statistics.median(times['small']):.1f} ms")
    yield Line(f"trigger with {many:,} records in the collection, median", f"{statistics.median(times['large']):.1f} ms")
    yield Line("ratio", f"{ratio:.2f}", f"<= {AIM}", ratio <= AIM)
    yield Line(f"(loading the {many:,} records past the product)", f"{loaded:.0f} s")


def _timed(stack: InProcess, record_id: int) -> float:
    began = time.perf_counter()
    stack.call("samples", "trigger", str(record_id), triggerWorkflows="submit_inspection")
    return (time.perf_counter() - began) * 1000


def _load(stack: InProcess, count: int) -> Sequence[int]:
    """Ids of samples written as the product would, but 25 to a request and without its checks."""
    definition = stack.store.batch_get(_definition_key())[_definition_key()[0]]["data"]
    collection = parse_collection(definition)
    now = time.time_ns() // 1_000_000
    ids = [derived_id(now - count + n, "bench", 0) for n in range(count)]
    client = stack.store._connection.client

    def write(batch: Sequence[int]) -> None:
        items = [
            new_record(collection, i, {"title": f"Sample {i}", "indicator": 95, "status": "Collected"}, "2026-01-01T00:00:00.000Z", 1).item
            for i in batch
        ]
        waiting = {stack.names[0]: [{"PutRequest": {"Item": encode_item(item)}} for item in items]}
        while waiting:
            waiting = client.batch_write_item(RequestItems=waiting).get("UnprocessedItems") or {}

    with ThreadPoolExecutor(LOADERS) as pool:
        list(pool.map(write, [ids[start : start + BATCH] for start in range(0, count, BATCH)]))
    return ids


def _definition_key() -> list[object]:
    from chalicelib.domain.keys import record_key

    return [record_key("collections", "samples")]
