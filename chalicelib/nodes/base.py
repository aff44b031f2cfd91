"""What a node type is: a name, a JSON Schema for its config, a ``run`` and the branches it may have.

The interpreter and the compiled state machine call the same ``run``, so a value never means two things. A failure of the
business is data (`Outcome` with a negative status); an exception of ours means a bug or a request the record layer refused.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from chalicelib.domain.collection import Collection
from chalicelib.domain.record import Row
from chalicelib.domain.template import Template, compile_template
from chalicelib.errors import Json, Problem

Scope = Mapping[str, Json]
TaskKind = Literal["workflowCcTasks", "workflowManualTasks"]


@dataclass(frozen=True)
class Outcome:
    """How a node ended: ``status`` (status.py), ``result`` (what ``$jobsMapByNodeKey.<key>`` gives), ``branch`` (index of the branch to
    walk next), ``ends`` (the whole execution stops here with this status), ``log`` (text for people), ``meta`` (kept with the job).

    ``exits_on_failure``: when that branch ends badly, so does the whole execution, whatever stands above it. ``due_at_ms``: when a
    PENDING node is to be looked at again; without it, when somebody tells it its result."""

    status: int
    result: Json = None
    branch: int | None = None
    ends: bool = False
    log: str | None = None
    meta: Json = None
    exits_on_failure: bool = False
    due_at_ms: int | None = None


@dataclass(frozen=True)
class Branch:
    """What a control node asks of the engine: walk this branch and say how it ended.

    ``round`` numbers the times the same branch is walked; ``variables`` is what ``$scopes.<node key>`` holds meanwhile; ``result`` the
    node's result so far, from which it can be taken up again; with ``undo`` what the branch wrote is dropped when it ends badly."""

    index: int
    round: int | None = None
    variables: dict[str, Json] | None = None
    result: Json = None
    undo: bool = False


Control = Generator[Branch, int, Outcome]


@dataclass(frozen=True)
class Child:
    """A workflow that ran inside another: its execution's ``id``, ``status`` (0: it has yet to run) and ``output``."""

    id: int
    status: int
    output: Json


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

    def update(self, collection: str, filter: Json, values: Row, *, events: bool = True) -> int:
        """Stage a change of every record that matches; returns how many. Without ``events`` it starts no workflow."""

    def destroy(self, collection: str, filter: Json) -> int:
        """Stage the removal of every record that matches; returns how many."""

    def values(self, collection: str, field: str, *, filter: Json = None, association: tuple[str, Json] | None = None) -> list[Json]:
        """One field of every record that matches, null among them; the order is that of the ids.

        With ``association`` ``(name, key)`` the collection is the owner's and the field, the filter and the records are the partners' of
        its record with that key (none when it is not there). Raises Invalid where that reads more than 20 MB."""

    def add_task(self, kind: TaskKind, values: Row) -> None:
        """Stage a task for a user in a collection of the engine's own, which no config can name for writing. Raises TooLarge."""


class Ports(Protocol):
    """Everything a node may touch outside its arguments."""

    @property
    def records(self) -> Records: ...

    @property
    def execution_id(self) -> int: ...

    @property
    def workflow_id(self) -> int:
        """The version that runs."""

    @property
    def node_id(self) -> int:
        """The node that runs."""

    @property
    def job_key(self) -> str:
        """The job's place in the execution, ``<location>#<node key>``; the same however often the run is walked."""

    def respond(self, message: str) -> bool:
        """Add a message to the answer of the call; False when there is no call that waits (asynchronous, manual run)."""

    def set_output(self, value: Json) -> None:
        """Set the execution's output; the last one wins."""

    def assign(self, node_key: str, value: Json) -> bool:
        """Give an earlier node another result; False when it has not run."""

    @property
    def now_ms(self) -> int:
        """The time, in epoch milliseconds."""

    @property
    def timezone(self) -> str:
        """The caller's offset such as ``+02:00``, or the name of a time zone."""

    def effect(self, kind: str, payload: dict[str, Json]) -> Json:
        """Do something outside the database, once for this job however often the run is walked; the answer.

        ``kind`` is one of ``request``, ``mail``, ``notification``. Raises EffectFailed. A dry run does nothing and answers ``None``."""

    def run_workflow(self, key: str, data: Json) -> Child:
        """Run another workflow, enabled or not, with ``data`` as its ``$context.data``; a synchronous one in the same unit of work.

        What that wrote is dropped when it fails. Raises Invalid when there is none that may run here."""


@dataclass(frozen=True)
class Definitions:
    """What a check may ask while a workflow is saved. ``known_nodes``: keys of the nodes that run before; ``scopes``: enclosing loops;
    ``inside``: keys of the nodes in its own branches; ``own``: its own key and id."""

    collection: Callable[[str], Collection | None]
    known_nodes: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


Check = Callable[[dict[str, Json], str, Definitions], list[Problem]]
Run = Callable[[Json, Scope, Ports], Outcome]
Resume = Callable[[Json, Json, int, Ports], Outcome]
Look = Callable[[dict[str, Json] | None], Scope]
Steer = Callable[[Json, Look, Ports, tuple[int, ...], Json], Control]


def no_check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    return []


@dataclass(frozen=True)
class NodeType:
    """One node type. ``prepare`` turns the config, once per version, into what ``run`` gets (by default a compiled template).

    ``branches`` describes the branch indexes for people ("1": "true"); ``None`` means any index, or, with
    ``last_branch``, 0 to what that makes of the config (``None``: that cannot be told yet). ``check`` finds what a schema
    cannot say (a collection that is not there). ``waits`` marks types that only an asynchronous workflow may hold, unless they are
    ``also_sync``: then they wait in none; ``testable`` those that may run by themselves while they are written (``flow_nodes:test``):
    they change nothing and can tell something.

    ``resume(prepared, result, due_at_ms, ports)`` is asked about a PENDING job that has a time; ``acts_outside``: what the node does
    cannot be taken back, so that an asynchronous run is saved before and after it.

    A node that walks branches more than once has ``steer`` in place of ``run``: ``steer(prepared, look, ports, branches, so_far)`` is a
    generator that yields a `Branch`, is sent the status the branch ended with (PENDING: it waits), and returns the outcome.
    ``look(variables)`` is the scope as it is at that moment, the node's own variables in it; ``branches`` are the indexes there are,
    ascending; ``so_far`` is the result it last yielded when a run is taken up again, else ``None``."""

    name: str
    schema: dict[str, Json]
    run: Run
    prepare: Callable[[dict[str, Json]], Json] = compile_template
    branches: dict[int, str] | None = field(default_factory=dict)
    last_branch: Callable[[dict[str, Json]], int | None] | None = None
    check: Check = no_check
    checks_templates: bool = True
    waits: bool = False
    also_sync: bool = False
    testable: bool = False
    steer: Steer | None = None
    resume: Resume | None = None
    acts_outside: bool = False


def steered(prepared: Json, scope: Scope, ports: Ports) -> Outcome:
    """The ``run`` of a node that has ``steer``; the engine never calls it."""
    raise TypeError("this node steers its branches")


def rendered(prepared: Template, scope: Scope) -> Json:
    """The config with every template replaced by its value."""
    return prepared.render(scope)
