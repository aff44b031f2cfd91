"""Turns a workflow's tree into a state machine definition.

The machine knows only order, waits and retries; every node's meaning stays in `NodeType.run`. The *trunk* (the main line and the branches
of conditions) is cut into segments: one Task each, between the nodes that wait, which are states of their own under the titles people gave
them. A new attempt goes by way of *Resume* to where the earlier one came. A segment that can lead
to one place goes there at once; one that can lead to several is followed by a Choice. Where something waits inside a loop or a parallel
node the segment is a *kernel*: Advance, Decide, then Sleep or Await, and back; one with nodes that are tried again has a Sleep.
With ``options.statePerNode`` every node of the trunk is a Task of its own.
Source of the language: https://states-language.net/spec.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.asl import states
from chalicelib.asl.lint import nexts_of
from chalicelib.asl.names import Names
from chalicelib.domain.graph import Graph, Node
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.standing import may_sleep
from chalicelib.errors import Json
from chalicelib.nodes import NODE_TYPES

DONE, FAILED, MORE, UNTIL, SIGNAL, HANDOVER = "done", "failed", "more", "until", "signal", "handover"
NO_NODE = "(none)"  # no node's key
FLEETING = ("Unavailable", "Conflict")
PASSED = {"executionId.$": "$.executionId", "attempt.$": "$.attempt"}
FAULTS = states.retry([*states.LAMBDA_FAULTS, "Lambda.Unknown", *FLEETING], seconds=1, attempts=6, most_seconds=30)


@dataclass(frozen=True)
class Functions:
    """ARNs of the functions that a machine calls: ``run`` walks, ``wait`` takes the token of a task."""

    run: str
    wait: str


@dataclass
class Ahead:
    """What a walk can come to next: nodes that wait on the trunk, the end, a wait inside a node that steers its branches, another try."""

    stops: dict[int, Node] = field(default_factory=dict)
    falls: bool = True
    inner: bool = False
    sleeps: bool = False


def waits(node: Node) -> bool:
    """Whether a workflow with this node may have to wait in it."""
    return NODE_TYPES[node.type].waits


def stop_of(node: Node) -> str:
    """What a walk answers that has come to a node which waits: no node's key is taken for one of the other answers."""
    return f"at:{node.key}"


def task_of(node: Node) -> str:
    """What a walk answers that may not run this node, where every node has a task of its own."""
    return f"to:{node.key}"


def is_kernel(node: Node, graph: Graph) -> bool:
    """Whether the node steers branches in which something waits."""
    return NODE_TYPES[node.type].steer is not None and any(waits(inner) for inner in graph.under(node))


def compile_workflow(workflow: Workflow, functions: Functions) -> dict[str, Json]:
    """The definition. Each payload is ``{executionId, attempt, next, until?, timeout?}``: ids, never data."""
    kind = _PerNode if workflow.options.get("statePerNode") else _Compiler
    return kind(workflow, functions).document()


class _Compiler:
    def __init__(self, workflow: Workflow, functions: Functions) -> None:
        self._workflow = workflow
        self._graph = workflow.graph
        self._functions = functions
        self._names = Names()
        self._states: dict[str, states.State] = {}
        self._done = self._names.take("Done")
        self._failed = self._names.take("Failed")
        self._mark = self._names.take("Mark as failed")
        self._stop_names = {node.id: self._names.take(self._stop_title(node)) for node in self._trunk() if waits(node)}
        self._segments: dict[int | None, str] = {}
        self._inner = any(is_kernel(node, self._graph) for node in self._trunk())
        self._sleeps = any(map(self._may_sleep, self._trunk()))
        self._resume = self._names.take("Resume") if self._may_go_elsewhere() else None

    def _may_go_elsewhere(self) -> bool:
        """Whether a walk may come to another place than the next one: past stops that are done, or to one that has to be looked at anew."""
        stops = [node for node in self._trunk() if waits(node)]
        return len(stops) > 1 or any(self._inner or self._sleeps or node.type != "delay" for node in stops)

    def _may_sleep(self, node: Node) -> bool:
        """Whether the node, or one in the branches that it steers, may have to wait for another try."""
        steered = self._graph.under(node) if NODE_TYPES[node.type].steer is not None else []
        return any(may_sleep(one, self._graph) for one in (node, *steered))

    def _stop_title(self, node: Node) -> str:
        return node.title

    def _begin(self) -> str:
        """Make the states of the trunk; the name of the first."""
        start = self._segment(None)
        for node in self._trunk():
            if waits(node):
                self._stop(node, self._segment(node))
        if self._resume:
            everywhere = {stop_of(node): self._stop_names[node.id] for node in self._trunk() if waits(node)}
            self._kernel(self._resume, everywhere | {DONE: self._done}, self._inner, self._sleeps)
        return start

    def document(self) -> dict[str, Json]:
        start = self._begin()
        self._states |= {
            self._mark: states.task(self._functions.run, PASSED | {"mark.$": "$.error"}, self._failed, retries=[FAULTS], catches=[])
            | {"Catch": [states.catch(["States.ALL"], self._failed)]},
            self._failed: states.fail("WorkflowFailed", "the execution's jobs say what happened"),
            self._done: states.succeed(),
        }
        if not self._leads_to(self._done):
            del self._states[self._done]
        return states.machine(f"{self._workflow.title} ({self._workflow.key}, version {self._workflow.id})", start, self._states)

    def _leads_to(self, name: str) -> bool:
        return any(name in nexts_of(state) for state in self._states.values())

    def _trunk(self) -> Iterator[Node]:
        """The nodes of the main line and of the branches of nodes that do not steer them, in running order."""
        yield from self._trunk_line(self._graph.head)

    def _trunk_line(self, head: Node | None) -> Iterator[Node]:
        for node in self._graph.line(head):
            yield node
            if NODE_TYPES[node.type].steer is None:
                for branch_head in self._graph.branches(node):
                    yield from self._trunk_line(branch_head)

    def _stop(self, node: Node, after: str) -> None:
        """The state of a node that waits, and what is after it."""
        name = self._stop_names[node.id]
        if node.type == "delay":
            self._states[name] = states.wait_until("$.until", after)
        else:
            self._states[name] = self._await(after)

    def _await(self, after: str) -> states.State:
        payload = {**PASSED, "token.$": "$$.Task.Token", "signals.$": "$.signals"}
        # A wait that cannot be begun, or ended, is no reason to fail: the walk looks whether there is still something to wait for.
        catches = [states.catch(["States.Timeout", *FLEETING], after), states.catch(["States.ALL"], self._mark, "$.error")]
        return states.wait_for_token(self._functions.wait, payload, after, timeout_path="$.timeout", retries=[FAULTS], catches=catches)

    def _segment(self, after: Node | None) -> str:
        """The states that walk on after a node (``None``: from the start); the name of the first."""
        key = after.id if after else None
        if key in self._segments:
            return self._segments[key]
        ahead = self._ahead_of(after)
        name = self._segments[key] = self._names.take(self._title(after))
        nexts = {stop_of(node): self._stop_names[node.id] for node in ahead.stops.values()}
        nexts |= {DONE: self._done} if ahead.falls or not nexts else {}
        again = {stop_of(after): self._stop_names[after.id]} if after else {}
        if len(nexts) == 1 and not ahead.inner and not ahead.sleeps:
            self._states[name] = self._straight(name, next(iter(nexts)), nexts, next(iter(again.values()), None))
        else:
            self._kernel(name, {**nexts, DONE: self._done, **again}, ahead.inner, ahead.sleeps)
        return name

    def _straight(
        self, name: str, only: str, nexts: Mapping[str, str], again: str | None, more: Mapping[str, Json] | None = None
    ) -> states.State:
        """A segment that leads to one place; whatever else happens comes as an error of that name."""
        others = {"SegmentMore": name, "SegmentFailed": self._failed}
        others |= {} if only == DONE else {"SegmentDone": self._done}
        elsewhere = self._resume or again
        others |= {"SegmentAgain": elsewhere} if elsewhere else {}
        catches = [states.catch([error], then) for error, then in others.items()]
        catches.append(states.catch(["States.ALL"], self._mark, "$.error"))
        parameters = {**PASSED, "straight": only, **(more or {})}
        return states.task(self._functions.run, parameters, nexts[only], retries=[FAULTS], catches=catches)

    def _kernel(self, name: str, nexts: Mapping[str, str], inner: bool, sleeps: bool, more: Mapping[str, Json] | None = None) -> None:
        decide = self._names.take(f"After {name}")
        catches = [states.catch(["States.ALL"], self._mark, "$.error")]
        self._states[name] = states.task(self._functions.run, {**PASSED, **(more or {})}, decide, retries=[FAULTS], catches=catches)
        choices: dict[str, str] = {MORE: name, **nexts}
        if inner or sleeps:
            sleep = self._names.take(f"Sleep in {name}")
            self._states[sleep] = states.wait_until("$.until", name)
            choices |= {UNTIL: sleep, HANDOVER: self._done}
        if inner:
            wait = self._names.take(f"Await in {name}")
            self._states[wait] = self._await(name)
            choices |= {SIGNAL: wait}
        elsewhere = self._resume if self._resume != name else None
        choices |= {FAILED: self._failed} if elsewhere else {}
        self._states[decide] = states.choice("$.next", choices, elsewhere or self._failed)

    def _title(self, after: Node | None) -> str:
        """What the segment begins with, in the words of its author."""
        heads = self._continuations(after)
        first = next((node for head in heads for node in self._graph.line(head)), None)
        return "Finish" if first is None else f"From {first.title}"

    def _continuations(self, after: Node | None) -> list[Node | None]:
        """The lines still to be walked after a node: the rest of its own, then of those around it."""
        if after is None:
            return [self._graph.head]
        found: list[Node | None] = []
        node: Node | None = after
        while node is not None:
            found.append(self._graph.next(node))
            node = self._graph.parent(node)
        return found

    def _ahead_of(self, after: Node | None) -> Ahead:
        whole = Ahead()
        for branch_head in self._graph.branches(after) if after else ():
            self._look(branch_head, whole)
        for head in self._continuations(after):
            self._look(head, whole)
            if not whole.falls:
                break
        return whole

    def _look(self, head: Node | None, whole: Ahead) -> None:
        """Note what a line may come to; ``falls`` says whether its end can be reached without a stop."""
        whole.falls = True
        for node in self._graph.line(head):
            if waits(node):
                whole.stops[node.id] = node
                whole.falls = False
                return
            whole.sleeps = whole.sleeps or self._may_sleep(node)
            if NODE_TYPES[node.type].steer is not None:
                whole.inner = whole.inner or is_kernel(node, self._graph)
                continue
            for branch_head in self._graph.branches(node):
                self._look(branch_head, whole)
            # A condition may find no branch for its result, so what follows it can always be reached.
            whole.falls = True


class _PerNode(_Compiler):
    """A machine that people can watch: each node of the trunk is a Task under its title, and a wait leads back to its node."""

    def __init__(self, workflow: Workflow, functions: Functions) -> None:
        super().__init__(workflow, functions)
        self._tasks = {node.id: self._names.take(node.title) for node in self._trunk()}

    def _may_go_elsewhere(self) -> bool:
        return self._graph.head is not None

    def _stop_title(self, node: Node) -> str:
        return f"Wait in {node.title}"

    def _begin(self) -> str:
        if self._graph.head is None or self._resume is None:
            return super()._begin()
        everywhere = {DONE: self._done}
        for node in self._trunk():
            everywhere |= {task_of(node): self._tasks[node.id]}
            everywhere |= {stop_of(node): self._stop_names[node.id]} if waits(node) else {}
            self._node(node)
        self._kernel(self._resume, everywhere, self._inner, self._sleeps, {"node": NO_NODE})
        return self._tasks[self._graph.head.id]

    def _node(self, node: Node) -> None:
        """The states of one node: those of a segment that ends behind it."""
        name, nexts, more = self._tasks[node.id], self._followers(node), {"node": node.key}
        inner, sleeps = is_kernel(node, self._graph), self._may_sleep(node)
        if waits(node):
            self._stop(node, name)
            nexts[stop_of(node)] = self._stop_names[node.id]
        if len(nexts) == 1 and not inner and not sleeps:
            self._states[name] = self._straight(name, next(iter(nexts)), nexts, None, more)
        else:
            self._kernel(name, nexts | {DONE: self._done}, inner, sleeps, more)

    def _followers(self, node: Node) -> dict[str, str]:
        """Where the walk may go on behind the node."""
        heads = self._graph.branches(node) if NODE_TYPES[node.type].steer is None else []
        after = next((head for head in self._continuations(node) if head is not None), None)
        nexts = {task_of(head): self._tasks[head.id] for head in (*heads, *([after] if after else []))}
        return nexts if after else nexts | {DONE: self._done}
