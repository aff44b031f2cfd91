"""The ``$system`` variables of a run: the time, spans of days around it, and fresh ids.

Nothing is computed before a template looks it up: most workflows read none of these, or only ``now``.
A span is ``[from, to, "[)", offset]``: instants in UTC, ``from`` inclusive and ``to`` exclusive, which is also what the brackets tell a
filter; the offset is whose days they are. "Last 7 days" ends before today and "next 7 days" begins tomorrow, as in the model. Weeks begin
on Monday.
Source: https://docs.nocobase.com/workflow/advanced/variables
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from chalicelib.domain.filter_dates import RELATIVE, Clock, instants, parse_span, parse_zone
from chalicelib.domain.instants import iso_text
from chalicelib.errors import Json

EPOCH = 1_605_024_000
# The model numbers its servers to keep their ids apart; ids here need no such number.
INSTANCE_ID = 0

SPANS: dict[str, dict[str, Json]] = {name: {"type": name} for name in RELATIVE} | {
    f"{word}{number}Days": {"type": kind, "number": number, "unit": "day"}
    for number in (7, 30, 90)
    for word, kind in (("last", "past"), ("next", "next"))
}
SYSTEM_NAMES = frozenset({"now", "instanceId", "epoch", "genSnowflakeId", "dateRange", *(f"dateRange.{name}" for name in SPANS)})


class LazyMapping(Mapping[str, Json]):
    """A mapping whose values are made when they are looked up, anew each time."""

    def __init__(self, makers: Mapping[str, Callable[[], Json]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> Json:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def date_variables(now_ms: int) -> dict[str, Json]:
    """``{{$nDate.today}}``, ``{{$nDate.last7Days}}`` … as the relative dates that date operators read by the caller's time zone."""
    return {"$nDate": SPANS | {"now": iso_text(now_ms)}, "$now": iso_text(now_ms)}


def system_variables(now_ms: int, make_id: Callable[[], int], timezone: str = "+00:00") -> Mapping[str, Json]:
    """``{"now": iso, "dateRange": {"today": [iso, iso, "[)", offset], …}, "instanceId": 0, "epoch": seconds, "genSnowflakeId": make_id}``.

    ``now_ms``: milliseconds since 1970 UTC, the same for the whole run. ``make_id`` gives another id on each call.
    ``timezone``: the offset whose midnights bound the days, such as ``+08:00``. Raises ValueError when it is none.
    """
    parse_zone(timezone)
    clock = Clock(now_ms, timezone)
    spans = LazyMapping({name: partial(_span, operand, clock) for name, operand in SPANS.items()})
    return LazyMapping(
        {
            "now": lambda: iso_text(now_ms),
            "dateRange": lambda: spans,
            "instanceId": lambda: INSTANCE_ID,
            "epoch": lambda: EPOCH,
            "genSnowflakeId": lambda: make_id,
        }
    )


def _span(operand: dict[str, Json], clock: Clock) -> list[str]:
    return [*instants(parse_span(operand, clock)), "[)", clock.timezone]
