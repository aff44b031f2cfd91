"""What a node that waits can see: the scope of its templates, asked for from outside while it waits.

Results of nodes are kept with their jobs; what the loops around the node hold is not, so the tree is walked once more over what is kept.
Nothing runs and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from chalicelib.domain.graph import Node
from chalicelib.domain.status import PENDING
from chalicelib.engine.execution import Execution
from chalicelib.engine.interpreter import Place
from chalicelib.engine.interruptions import Ended, Exited
from chalicelib.engine.ports import Effects, RunPorts
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.replay import Replay
from chalicelib.engine.runner import Runner
from chalicelib.engine.stored_jobs import StoredJob
from chalicelib.errors import Json
from chalicelib.nodes import NODE_TYPES

NEVER_MS = 2**60


def scope_of_job(
    execution: Execution, jobs: Sequence[StoredJob], place: str, records: UnitRecords, runner: Runner, system: Mapping[str, Json]
) -> Mapping[str, Json]:
    """``{"$context": …, "$jobsMapByNodeKey": …, "$system": …, "$scopes": …, "$env": …}`` as the node of the job at ``place`` sees them.

    ``jobs`` are all the jobs that are kept; they are not to be stored after this. ``records``: a unit of its own, for reading."""
    ports = RunPorts(execution, records, runner.clock, Effects(runner.effects.outside, dry=True), runner, answers=False)
    look = _Look(execution, ports, runner.clock, system)
    look.begin(jobs, lambda: None, NEVER_MS, one_by_one=False)
    return look.from_job(place)


class _Look(Replay):
    """A walk over what is kept that runs nothing and remembers what it saw at one place."""

    _wanted = ""
    _seen: Mapping[str, Json] | None = None

    def from_job(self, place: str) -> Mapping[str, Json]:
        self._wanted = place
        with suppress(Ended, Exited):
            self.walk()
        return self._scope_at(Place()) if self._seen is None else self._seen

    def _run_node(self, node: Node, place: Place) -> int:
        key = place.job_key(node)
        if key == self._wanted:
            self._seen = self._scope_at(place)
            return PENDING
        known = self.known.get(key)
        if known is not None and known.job.status != PENDING:
            return self._pass(known, node, place)
        steer = NODE_TYPES[node.type].steer
        return PENDING if known is None or steer is None else self._steer_on(node, place, steer, known)
