"""Whether a trigger slows down with the size of its collection: 100 records against 100,000, turn by turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from tests.bench.load import load_samples
from tests.bench.report import Line
from tests.bench.stack import InProcess, in_process

AIM = 1.2


def measure(endpoint: str, few: int, many: int, runs: int) -> Iterator[Line]:
    small, large = in_process(endpoint), in_process(endpoint)
    small_ids = load_samples(small, endpoint, few)
    began = time.monotonic()
    large_ids = load_samples(large, endpoint, many)
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
