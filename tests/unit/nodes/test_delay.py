"""Delay: how long it waits, and what it ends with."""

from __future__ import annotations

import pytest

from chalicelib.domain.status import ERROR, FAILED, PENDING, RESOLVED
from chalicelib.errors import Json
from chalicelib.nodes import delay
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("config", "wait_ms"),
    [
        ({"endStatus": 1}, 1_000),
        ({"duration": 2, "unit": 60_000, "endStatus": 1}, 120_000),
        ({"duration": "{{$context.data.days}}", "unit": DAY_MS, "endStatus": 1}, 3 * DAY_MS),
        ({"duration": 1.5, "unit": 1_000, "endStatus": -1}, 1_500),
        ({"duration": 365, "unit": DAY_MS, "endStatus": 1}, 365 * DAY_MS),
    ],
)
def test_it_is_pending_for_so_long(config: dict[str, Json], wait_ms: int) -> None:
    ports = FakePorts()
    outcome = run_node(delay.NODE, config, ports, {"days": "3"})
    assert (outcome.status, outcome.result, outcome.due_at_ms) == (PENDING, wait_ms, ports.now_ms + wait_ms)


@pytest.mark.parametrize("duration", [None, 0, -1, "soon", [], {}, True, 1e300])
def test_a_template_that_gives_no_duration_is_an_error(duration: Json) -> None:
    config = {"duration": "{{$context.data.duration}}", "unit": DAY_MS, "endStatus": 1}
    outcome = run_node(delay.NODE, config, FakePorts(), {"duration": duration})
    # Nothing given means one unit, as in a config without a duration.
    assert outcome.status == (PENDING if duration is None else ERROR)


@pytest.mark.parametrize("end_status", [RESOLVED, FAILED])
def test_when_its_time_has_come_it_ends_as_it_was_told(end_status: int) -> None:
    ports, prepared = FakePorts(), delay.NODE.prepare({"endStatus": end_status})
    assert delay.NODE.resume is not None
    assert delay.NODE.resume(prepared, 5_000, ports.now_ms, ports).status == end_status
    early = delay.NODE.resume(prepared, 5_000, ports.now_ms + 5_000, ports)
    assert (early.status, early.result, early.due_at_ms) == (PENDING, 5_000, ports.now_ms + 5_000)


@pytest.mark.parametrize("duration", [0, "soon", 366, "366"])
def test_a_duration_out_of_bounds_is_refused_when_it_is_saved(duration: Json) -> None:
    found = checked(delay.NODE, {"duration": duration, "unit": DAY_MS, "endStatus": 1})
    assert paths_and_messages(found) == [("config.duration", f"the duration must be a number from 1 to 365 days, not {duration!r}")]


def test_a_template_is_left_to_the_run() -> None:
    assert checked(delay.NODE, {"duration": "{{$context.data.days}}", "endStatus": 1}) == []
