"""``python -m tests.bench [--quick] [PART …]``: prints the tables that ``docs/performance.md`` keeps."""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench import async_rates, console, cost, imports, large, rates, scale, waits
from tests.bench.report import Line, at_most, table
from tests.bench.stack import database, served

READY_AIM = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs: shows that it works, not how fast it is")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"only these: {', '.join(PARTS)}")
    arguments = parser.parse_args()
    _harmless()
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n", flush=True)
    for name in arguments.parts or PARTS:
        title, measure = PARTS[name]
        print(table(title, list(measure(arguments.quick))), flush=True)


def _harmless() -> None:
    """No AWS account is reached and nothing else differs, whatever is configured on this machine."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        os.environ.pop(name, None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling anew in every process would be measured
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}


def _cost(quick: bool) -> Iterable[Line]:
    with database() as running:
        yield from cost.measure(running.endpoint, 50 if quick else 1_000)


def _waits(quick: bool) -> Iterable[Line]:
    with database() as running:
        yield from waits.measure(running.endpoint)


def _imports(quick: bool) -> Iterable[Line]:
    return imports.measure(2 if quick else 9, packaged=not quick)


def _scale(quick: bool) -> Iterable[Line]:
    with database() as running:
        yield from scale.measure(running.endpoint, 100, 5_000 if quick else 100_000, 50 if quick else 300)


def _large(quick: bool) -> Iterable[Line]:
    """20,000 records load in half a minute; ``python -m tests.bench.large 1000000`` (``make million``) takes the time that it takes."""
    with database() as running:
        yield from large.measure(running.endpoint, large.FEW, 3_000 if quick else large.MANY, 20 if quick else large.RUNS)


def _http(quick: bool) -> Iterable[Line]:
    with tempfile.TemporaryDirectory(prefix="stepbase-bench-") as folder, served(_free_port(), Path(folder)) as running:
        yield from rates.measure(running.port, (1, 8), 1.0 if quick else 6.0)


def _async(quick: bool) -> Iterable[Line]:
    with tempfile.TemporaryDirectory(prefix="stepbase-bench-") as folder, served(_free_port(), Path(folder)) as running:
        yield from async_rates.measure(running.port, 16 if quick else 160)


def _console(quick: bool) -> Iterable[Line]:
    with tempfile.TemporaryDirectory(prefix="stepbase-bench-") as folder, served(_free_port(), Path(folder)) as running:
        yield from console.measure(running.port)


def _ready(quick: bool) -> Iterable[Line]:
    """The first start makes tables, user and example; the others find them."""
    with tempfile.TemporaryDirectory(prefix="stepbase-bench-") as folder:
        seconds = []
        for _ in range(2 if quick else 4):
            with served(_free_port(), Path(folder)) as running:
                seconds.append(running.ready_seconds)
    yield at_most("`make run` to ready, warm (the data is there), median", sorted(seconds[1:])[len(seconds[1:]) // 2], READY_AIM, "s")
    yield Line("the first start (makes tables, user, example)", f"{seconds[0]:.2f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PARTS: dict[str, tuple[str, Callable[[bool], Iterable[Line]]]] = {
    "cost": ("One trigger of the example", _cost),
    "waits": ("One asynchronous execution", _waits),
    "imports": ("A cold start", _imports),
    "scale": ("Size of the collection", _scale),
    "large": ("A large collection", _large),
    "http": ("Calls per second over HTTP", _http),
    "async": ("Asynchronous executions per second", _async),
    "ready": ("Starting", _ready),
    "console": ("The web console", _console),
}

if __name__ == "__main__":
    main()
