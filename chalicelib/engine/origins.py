"""What the effects of an execution are called by: the same in every walk of a run, though executions inside it get other ids in each.

An execution that a call, a person or a machine has started goes by its id. One that runs inside another (a subflow, a workflow that a
record event has set off) goes by the id of the outermost and a digest of its place there: the node, the try, the workflow, the record.
Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

DIGEST_CHARACTERS = 16


@dataclass
class Origin:
    """``name`` begins the keys of the execution's effects; ``place`` is the node and the try that run now."""

    name: str = ""
    place: str = ""
    _counts: dict[str, int] = field(default_factory=dict)

    def enter(self, place: str) -> None:
        """From now on this node runs, for this try."""
        self.place, self._counts = place, {}

    def inner(self, what: str) -> Origin:
        """The origin of the next execution that runs inside here; ``what`` says as much of it as every walk knows alike."""
        number = self._counts[what] = self._counts.get(what, 0) + 1
        path = f"{self.name}.{self.place}/{what}/{number}"
        digest = hashlib.sha256(path.encode()).hexdigest()[:DIGEST_CHARACTERS]
        return Origin(f"{self.name.partition('-')[0]}-{digest}")
