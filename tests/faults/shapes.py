"""The workflows that are run in trouble, and what each of them leaves when nothing goes wrong."""

from __future__ import annotations

from typing import Any

from tests.sessions import Session

Json = Any
SECOND = 1_000
CHANNEL = "alerts"

WAIT = {"type": "delay", "config": {"duration": 5, "unit": SECOND, "endStatus": 1}}
TELL = {"type": "notification", "config": {"channelName": CHANNEL, "title": "Inside", "content": "A branch was taken", "ignoreFail": True}}


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": text, "sampleId": 1}}}}


CHECK = {
    "engine": "basic",
    "calculation": {"group": {"type": "and", "calculations": [{"calculator": "equal", "operands": [1, 1]}]}},
    "rejectOnFalse": False,
}
FORM = {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}
ASK = {"key": "ask", "type": "manual", "config": {"assignees": [1], "forms": FORM}}
NEVER = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"group": {"type": "or", "calculations": []}}}}
UNDONE = {
    "type": "transaction",
    "config": {"continueAfterRollback": True},
    "branches": {"0": [note("dropped"), TELL, note("dropped too"), NEVER], "1": [note("undone")]},
}
CHILD = [WAIT, note("child")]
ONE = {"type": "subflow", "config": {"workflow": "single"}}
SHORT = {"timeout": 8 * SECOND}
# Nodes, the notes they leave, and the number of jobs.
SHAPES: dict[str, tuple[list[Json], list[str], int]] = {
    "branch": (
        [note("before"), {"type": "condition", "config": CHECK, "branches": {"1": [WAIT, TELL, note("inside")]}}, note("after")],
        ["after", "before", "inside"],
        6,
    ),
    "delay": ([note("one"), WAIT, note("two"), WAIT, note("three")], ["one", "three", "two"], 5),
    "loop": ([{"type": "loop", "config": {"target": 3}, "branches": {"0": [note("round"), WAIT]}}], ["round"] * 3, 7),
    "race": (
        [
            {"type": "parallel", "config": {"mode": "race"}, "branches": {"1": [WAIT, note("first")], "2": [WAIT, WAIT, note("second")]}},
            note("end"),
        ],
        ["end", "first"],
        5,
    ),
    "subflow": ([note("before"), {"type": "subflow", "config": {"workflow": "child"}}, note("after")], ["after", "before", "child"], 5),
    "transaction": ([note("before"), UNDONE, note("after")], ["after", "before", "undone"], 8),
    "manual": ([note("before"), ASK, note("after"), ASK | {"key": "again"}], ["after", "before"], 4),
    "limit": ([{"type": "parallel", "config": {"mode": "all"}, "branches": {"1": [ONE], "2": [ONE]}}], ["child", "child"], 7),
    "failure": ([note("before"), WAIT, note("between"), NEVER], ["before", "between"], 4),
    "timeout": ([note("before"), WAIT, note("between"), WAIT, note("never")], ["before", "between"], 4),
}
# With which status and reason a shape ends that is to fail; each is told to those who look after workflows.
FAILING = {"failure": (-1, None), "timeout": (-3, "timeout")}
OPTIONS = {"timeout": SHORT}
# Of which workflows a shape's executions are, when not of its own only, and how many there are.
FAMILIES = {"subflow": (("subflow", "child"), 2), "limit": (("limit", "single"), 3)}
TELLING = ("branch", "transaction")  # these send a notification


def define(session: Session) -> Session:
    """Makes every shape a workflow of its name."""
    session.workflow("child", CHILD, None, sync=False)
    session.workflow("single", CHILD, None, sync=False, options={"concurrency": {"limit": 1}})
    for shape, (nodes, _, _) in SHAPES.items():
        session.workflow(shape, nodes, sync=False, options=OPTIONS.get(shape, {}))
    return session
