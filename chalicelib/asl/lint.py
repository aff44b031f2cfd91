"""What is wrong with a definition before Step Functions says so: links that lead nowhere, states nobody reaches, names and sizes.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/limits.html and https://states-language.net/spec.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from chalicelib.asl.names import LONGEST
from chalicelib.errors import Json

MOST_BYTES = 1024 * 1024
TERMINAL = ("Succeed", "Fail")


def problems_of_machine(document: dict[str, Json]) -> list[str]:
    """One sentence for every mistake; none for a definition that may be created."""
    states: dict[str, dict[str, Json]] = document.get("States") or {}
    start = document.get("StartAt")
    found = [] if start in states else [f'StartAt names "{start}", which is no state']
    for name, state in states.items():
        found += _problems_of_state(name, state, states)
    if start in states:
        reached = _reached(str(start), states)
        found += [f'nothing leads to "{name}"' for name in states if name not in reached]
    size_bytes = len(json.dumps(document, ensure_ascii=False).encode())
    if size_bytes > MOST_BYTES:
        found.append(f"the definition has {size_bytes} bytes; at most {MOST_BYTES} are allowed")
    return found


def _problems_of_state(name: str, state: dict[str, Json], states: dict[str, dict[str, Json]]) -> list[str]:
    found = [f'"{name}" leads to "{then}", which is no state' for then in nexts_of(state) if then not in states]
    if len(name) > LONGEST:
        found.append(f'the name "{name}" has {len(name)} characters; at most {LONGEST} are allowed')
    kind = state.get("Type")
    ends = kind in TERMINAL or state.get("End") is True
    if kind == "Choice":
        if not state.get("Choices"):
            found.append(f'"{name}" has no choices')
        if "Default" not in state:
            found.append(f'"{name}" has no Default')
    elif not ends and "Next" not in state:
        found.append(f'"{name}" has neither Next nor End')
    if kind == "Task" and not any("States.ALL" in rule["ErrorEquals"] for rule in state.get("Catch") or []):
        found.append(f'"{name}" does not catch States.ALL')
    return found


def nexts_of(state: dict[str, Json]) -> Iterator[str]:
    """Every state that a state may lead to."""
    for name in ("Next", "Default"):
        if name in state:
            yield state[name]
    for rule in [*(state.get("Choices") or []), *(state.get("Catch") or [])]:
        yield rule["Next"]


def _reached(start: str, states: dict[str, dict[str, Json]]) -> set[str]:
    reached, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in states:
            continue
        reached.add(name)
        waiting += nexts_of(states[name])
    return reached
