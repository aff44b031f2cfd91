"""``python -m tests.bench.large [RECORDS] [RUNS]``: get, trigger, indexed list and cursor paging with 1,000 records and with many.

Requests are counted on the wire, read units from the sizes of the items; milliseconds are medians, both collections turn by turn.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.bench.load import load_samples
from tests.bench.meter import Meter
from tests.bench.report import Line, table
from tests.bench.stack import InProcess, database, in_process

FEW, MANY, RUNS, AIM = 1_000, 20_000, 60, 1.2
Work = Callable[[InProcess, Sequence[int], int], Any]


def _get(stack: InProcess, ids: Sequence[int], n: int) -> None:
    stack.call("samples", "get", str(ids[n * 7919 % len(ids)]))


def _trigger(stack: InProcess, ids: Sequence[int], n: int) -> None:
    stack.call("samples", "trigger", str(ids[n * 7919 % len(ids)]), triggerWorkflows="submit_inspection")


def _indexed(stack: InProcess, ids: Sequence[int], n: int) -> None:
    wanted = ids[n * 7919 % len(ids)]
    answer = stack.call("samples", "list", filter={"title": f"Sample {wanted}"}, plan="1")
    assert [row["id"] for row in answer.data] == [wanted]
    assert answer.meta is not None
    assert answer.meta["plan"]["index"] == "title"


def _sorted(stack: InProcess, ids: Sequence[int], n: int) -> None:
    stack.call("samples", "list", sort="-title", cursor="")


def _cursor(stack: InProcess, ids: Sequence[int], n: int) -> None:
    from chalicelib.domain.keys import id_text
    from chalicelib.engine.cursors import behind_id
    from chalicelib.services.call import Answer
    from chalicelib.services.cursor_seal import with_sealed_cursor

    page = Answer([], meta={"cursor": behind_id(id_text(ids[n * 7919 % (len(ids) - 50)]))})
    sealed = with_sealed_cursor(stack.product.backend, stack.prepared("samples", "list"), page)
    stack.call("samples", "list", cursor=(sealed.meta or {})["cursor"])


WORKS: dict[str, Work] = {
    "get": _get,
    "trigger": _trigger,
    "list by an indexed field": _indexed,
    "list sorted by an indexed field": _sorted,
    "next page by cursor": _cursor,
}


def measure(endpoint: str, few: int, many: int, runs: int) -> Iterator[Line]:
    meters: list[Meter] = []

    def metered(store: Any) -> Meter:
        meters.append(Meter(store))
        return meters[-1]

    stacks = [in_process(endpoint, metered) for _ in range(2)]
    for stack in stacks:
        # The bench has no use for the pass that a later index takes, so the field is indexed before there are records.
        for record in stack.call("samples", "list", paginate="false").data:
            stack.call("samples", "destroy", str(record["id"]))
        stack.call("collections", "update", "samples", {"fields": [{"name": "title", "index": True}], "simplePaginate": True})
    began = time.monotonic()
    loaded = [load_samples(stack, endpoint, count) for stack, count in zip(stacks, (few, many), strict=True)]
    seconds = time.monotonic() - began
    for name, work in WORKS.items():
        yield from _compared(name, work, stacks, loaded, meters, runs)
    yield Line(f"(loading the {many:,} records past the product)", f"{seconds:.0f} s")


def _compared(
    name: str, work: Work, stacks: list[InProcess], loaded: list[Sequence[int]], meters: list[Meter], runs: int
) -> Iterator[Line]:
    times: list[list[float]] = [[], []]
    costs: list[str] = ["", ""]
    for n in range(-5, runs):
        for which, (stack, ids, meter) in enumerate(zip(stacks, loaded, meters, strict=True)):
            meter.reset()
            began = time.perf_counter()
            work(stack, ids, n)
            if n >= 0:
                times[which].append((time.perf_counter() - began) * 1000)
                costs[which] = f"{sum(meter.requests.values())} requests, {meter.read_units} read units"
    small, large = (statistics.median(one) for one in times)
    yield Line(f"{name}, {len(loaded[0]):,} records", f"{small:.1f} ms, {costs[0]}")
    yield Line(f"{name}, {len(loaded[1]):,} records", f"{large:.1f} ms, {costs[1]}")
    yield Line(f"{name}, ratio", f"{large / small:.2f}", f"<= {AIM}", large / small <= AIM)


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    with database() as running:
        print(table("A large collection", list(measure(running.endpoint, FEW, many, runs))), flush=True)


if __name__ == "__main__":
    import os

    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}
    main()
