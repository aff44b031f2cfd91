"""Parallel: several branches, walked in the order of their indexes; they overlap only while one of them waits.

``all``: every branch must succeed. ``any``: the first success is enough. ``race``: the first that ends decides. ``allSettled``: all are
walked, whatever they end with. The result is the list of their statuses, null for a branch that has not ended.
Source: https://docs.nocobase.com/workflow/nodes/parallel
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.domain import status
from chalicelib.errors import Json
from chalicelib.nodes.base import Branch, Control, Look, NodeType, Outcome, Ports, steered

Statuses = Sequence[int | None]

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "mode": {
            "enum": [None, "all", "any", "race", "allSettled"],
            "default": "all",
            "title": "Mode",
            "description": "`all`: every branch must succeed. `any`: one success is enough. `race`: the first that ends decides. "
            "`allSettled`: all are walked, whatever they end with.",
        },
    },
}


def _all(statuses: Statuses) -> int:
    failed = next((one for one in statuses if one is not None and one < 0), None)
    return failed if failed is not None else status.RESOLVED if all(statuses) else status.PENDING


def _any(statuses: Statuses) -> int:
    if any(one is not None and one > 0 for one in statuses):
        return status.RESOLVED
    return status.FAILED if all(one is not None and one < 0 for one in statuses) else status.PENDING


def _race(statuses: Statuses) -> int:
    ended = [one for one in statuses if one]
    return next((one for one in ended if one > 0), ended[0]) if ended else status.PENDING


def _all_settled(statuses: Statuses) -> int:
    return status.RESOLVED if all(statuses) else status.PENDING


MODES: dict[str, Callable[[Statuses], int]] = {"all": _all, "any": _any, "race": _race, "allSettled": _all_settled}


def prepare(config: dict[str, Json]) -> Callable[[Statuses], int]:
    return MODES[config.get("mode") or "all"]


def steer(decide: Callable[[Statuses], int], look: Look, ports: Ports, branches: tuple[int, ...], so_far: Json) -> Control:
    """The status that the mode makes of the branches', with the list of them; without branches RESOLVED."""
    statuses: list[int | None] = list(so_far) if so_far else [None] * len(branches)
    for position, index in enumerate(branches):
        if decide(statuses) != status.PENDING:
            break
        if statuses[position] is None:
            ended = yield Branch(index, result=list(statuses))
            statuses[position] = ended or None
    return Outcome(decide(statuses) if branches else status.RESOLVED, statuses)


NODE = NodeType("parallel", SCHEMA, steered, prepare, branches=None, steer=steer)
