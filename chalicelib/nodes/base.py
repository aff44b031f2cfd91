"""What a node type is: a name, a JSON Schema for its config, a ``run`` and the branches it may have.

The interpreter and the compiled state machine call the same ``run``, so a value never means two things. A failure of the
business is data (`Outcome` with a negative status); an exception of ours means a bug or a request the record layer refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.domain.collection import Collection
from chalicelib.domain.record import Row
from chalicelib.domain.template import Template, compile_template
from chalicelib.errors import Json, Problem

Scope = Mapping[str, Json]


@dataclass(frozen=True)
class Outcome:
    """How a node ended: ``status`` (status.py), ``result`` (what ``$jobsMapByNodeKey.<key>`` gives), ``branch`` (index of the branch to
    walk next), ``ends`` (the whole execution stops here with this status), ``log`` (text for people)."""

    status: int
    result: Json = None
    branch: int | None = None
    ends: bool = False
    log: str | None = None


class Records(Protocol):
    """Record access inside a unit of work: reads see what the run wrote; nothing reaches the database before the commit."""

    def find(
        self,
        collection: str,
        *,
        filter: Json = None,
        sort: Json = None,
        appends: Sequence[str] = (),
        page: int = 1,
        page_size: int = 20,
    ) -> list[Row]:
        """Rows that match, sorted and cut."""

    def create(self, collection: str, values: Row, *, appends: Sequence[str] = ()) -> Row:
        """Stage a new record. Raises Invalid, NotFound (collection), TooLarge."""

    def update(self, collection: str, filter: Json, values: Row) -> int:
        """Stage a change of every record that matches; returns how many."""

    def destroy(self, collection: str, filter: Json) -> int:
        """Stage the removal of every record that matches; returns how many."""


class Ports(Protocol):
    """Everything a node may touch outside its arguments."""

    @property
    def records(self) -> Records: ...

    def respond(self, message: str) -> bool:
        """Add a message to the answer of the call; False when there is no call that waits (asynchronous, manual run)."""

    def set_output(self, value: Json) -> None:
        """Set the execution's output; the last one wins."""

    def assign(self, node_key: str, value: Json) -> bool:
        """Give an earlier node another result; False when it has not run."""


@dataclass(frozen=True)
class Definitions:
    """What a check may ask while a workflow is saved. ``known_nodes``: keys of the nodes that run before; ``scopes``: enclosing loops."""

    collection: Callable[[str], Collection | None]
    known_nodes: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


Check = Callable[[dict[str, Json], str, Definitions], list[Problem]]
Run = Callable[[Json, Scope, Ports], Outcome]


def no_check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    return []


@dataclass(frozen=True)
class NodeType:
    """One node type. ``prepare`` turns the config, once per version, into what ``run`` gets (by default a compiled template).

    ``branches`` describes the branch indexes for people ("1": "true"); ``None`` means any index. ``check`` finds what a schema
    cannot say (a collection that is not there). ``waits`` marks types that only an asynchronous workflow may hold; ``testable`` those
    that may run by themselves while they are written (``flow_nodes:test``): they change nothing and can tell something."""

    name: str
    schema: dict[str, Json]
    run: Run
    prepare: Callable[[dict[str, Json]], Json] = compile_template
    branches: dict[int, str] | None = field(default_factory=dict)
    check: Check = no_check
    checks_templates: bool = True
    waits: bool = False
    testable: bool = False


def rendered(prepared: Template, scope: Scope) -> Json:
    """The config with every template replaced by its value."""
    return prepared.render(scope)
