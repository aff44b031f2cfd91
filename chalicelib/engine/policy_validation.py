"""What is wrong with a node's ``retry``, ``timeoutSeconds`` and ``onError`` when it is saved: nothing that would be ignored is taken.

The rules of a list of retries are those of the Amazon States Language: what names everything stands alone, and last.
Source: https://states-language.net/spec.html#errors
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from chalicelib.domain.policy import ANY, NAMES, ON_ERROR, POLICIES, RETRY, TIMEOUT_SECONDS, Retry, covered_by, names_of_status
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import Json, Problem
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import NodeType

LONGEST_EFFECT_S = 25
ONE_ERROR = re.compile(r"errors\.[0-9]+$")
NOT_CALLED_SO = "no failure is called so; name it by"
FAILURES = '"*", a status (FAILED, ERROR, TIMEOUT), a code (ECONNREFUSED, Throttling) or the status of an answer (429, 5xx)'
IGNORES_FAILURES = 'with "ignoreFail" a failure is a result like any other, so that nothing would come of this: use "onError": "continue"'


def takes_timeout(node_type: NodeType) -> bool:
    """Whether nodes of the type wait for an answer: that of a service, of people, of another workflow."""
    return node_type.acts_outside or (node_type.waits and node_type.resume is None)


def has_branches(node_type: NodeType) -> bool:
    """Whether nodes of the type have branches of their own."""
    return node_type.branches != {} or node_type.steer is not None or node_type.last_branch is not None


def takes_retry(node_type: NodeType) -> bool:
    """Whether another try of the node by itself may end otherwise: not what people decided, nor what is in branches."""
    return not has_branches(node_type) and not is_decision(node_type) and (node_type.also_sync or not node_type.waits)


def is_decision(node_type: NodeType) -> bool:
    """Whether what a node of the type ends with is meant."""
    return node_type.name == "end"


def has_failure_branch(config: Mapping[str, Json], node_type: NodeType) -> bool:
    """Whether the node has a branch 0 for its own failure."""
    return config.get(ON_ERROR) == "branch" and not has_branches(node_type) and not is_decision(node_type)


def policy_properties(node_type: NodeType) -> dict[str, Json]:
    """The schemas of the policies that a config of the type may hold, by name: for forms, and for the description of the API."""
    every: dict[str, Json] = dict(POLICIES["properties"])
    if not takes_retry(node_type):
        del every[RETRY]
    if not takes_timeout(node_type):
        del every[TIMEOUT_SECONDS]
    elif node_type.acts_outside:
        every[TIMEOUT_SECONDS] = every[TIMEOUT_SECONDS] | {"maximum": LONGEST_EFFECT_S}
    if is_decision(node_type):
        del every[ON_ERROR]
    elif has_branches(node_type):
        every[ON_ERROR] = every[ON_ERROR] | {"enum": ["fail", "continue", None]}
    return every


def problems_of_misplaced(raw: Mapping[str, Json], path: str) -> list[Problem]:
    """Policies on the node itself, where nothing would read them."""
    at = f"{path}." if path else ""
    return [Problem(f'"{name}" stands in the node\'s config: config.{name}', f"{at}{name}") for name in NAMES if name in raw]


def problems_of_policies(config: dict[str, Json], path: str, node_type: NodeType) -> list[Problem]:
    """Every mistake in the policies of one node."""
    given = {name: config[name] for name in NAMES if config.get(name) is not None}
    if not given:
        return []
    found = [_in_words(problem) for problem in problems_of_schema(given, POLICIES, path)]
    found += _problems_of_type(given, path, node_type)
    if config.get("ignoreFail") is True:
        pointless = [name for name in (RETRY, ON_ERROR) if given.get(name) and given[name] != "fail"]
        found += [Problem(f'"{name}": {IGNORES_FAILURES}', f"{path}.{name}") for name in pointless]
    return found or list(_problems_of_order(given.get(RETRY) or [], f"{path}.{RETRY}"))


def _in_words(problem: Problem) -> Problem:
    """The pattern of a failure's name says little to people."""
    if not (problem.path and ONE_ERROR.search(problem.path) and "must match" in problem.message):
        return problem
    return Problem(f"{NOT_CALLED_SO} {FAILURES}", problem.path, problem.code)


def _problems_of_type(given: Mapping[str, Json], path: str, node_type: NodeType) -> Iterator[Problem]:
    """Policies that mean nothing for nodes of the type."""
    seconds, on_error = given.get(TIMEOUT_SECONDS), given.get(ON_ERROR)
    if given.get(RETRY) and not takes_retry(node_type):
        message = (
            "is tried again as a whole by no engine: let the nodes in its branches be" if has_branches(node_type) else "is not tried again"
        )
        yield Problem(f'a node of type "{node_type.name}" {message}', f"{path}.{RETRY}")
    if seconds is not None and not takes_timeout(node_type):
        types = ", ".join(sorted(one.name for one in NODE_TYPES.values() if takes_timeout(one)))
        message = f'a node of type "{node_type.name}" waits for no answer; "timeoutSeconds" is for {types}'
        yield Problem(message, f"{path}.{TIMEOUT_SECONDS}")
    elif node_type.acts_outside and isinstance(seconds, int | float) and seconds > LONGEST_EFFECT_S:
        message = f'"timeoutSeconds" of a node of type "{node_type.name}" must be at most {LONGEST_EFFECT_S}'
        yield Problem(message, f"{path}.{TIMEOUT_SECONDS}")
    if on_error in ("continue", "branch") and is_decision(node_type):
        yield Problem(f'what a node of type "{node_type.name}" ends with is a decision: nothing catches it', f"{path}.{ON_ERROR}")
    elif on_error == "branch" and has_branches(node_type):
        message = f'a node of type "{node_type.name}" has branches of its own: "onError" is "fail" or "continue" here'
        yield Problem(message, f"{path}.{ON_ERROR}")


def _problems_of_order(entries: list[dict[str, Json]], path: str) -> Iterator[Problem]:
    """Entries that never count, or whose longest wait is shorter than their first."""
    seen: set[str] = set()
    for position, raw in enumerate(entries):
        entry, at = Retry.of(raw), f"{path}.{position}"
        if ANY in entry.errors and (len(raw["errors"]) > 1 or position < len(entries) - 1):
            yield Problem('"*" names every failure: it stands alone, in the last entry', f"{at}.errors")
        doubled = [name for number, name in enumerate(raw["errors"]) if name in seen or name in raw["errors"][:number]]
        yield from _problems_of_names(raw["errors"], seen | entry.errors, f"{at}.errors")
        if doubled:
            yield Problem(f"{', '.join(dict.fromkeys(doubled))} is named before: only the first place counts", f"{at}.errors")
        if entry.most_s < entry.interval_s:
            yield Problem('"maxDelaySeconds" is less than "intervalSeconds"', f"{at}.maxDelaySeconds")
        seen |= entry.errors


def _problems_of_names(names: list[str], known: AbstractSet[str], path: str) -> Iterator[Problem]:
    """Statuses in other letters, which are no codes, and names that another one in ``known`` makes void."""
    for position, name in enumerate(names):
        if name.upper() != name and name.upper() in names_of_status():
            yield Problem(f"{NOT_CALLED_SO} {FAILURES}", f"{path}.{position}")
        wider = sorted(covered_by(name) & known)
        if wider:
            yield Problem(f"{name} never counts: {wider[0]}, which is named too, names all of it", path)
