"""Applies the policies of a node to what it ended with; the same for both engines, which differ only in how they wait.

What was decided is kept in the job's ``meta``: ``retried`` (how often each entry of ``retry`` was used), ``retryAt`` (while the next try
is waited for), ``failed`` (the status a node ended with whose line goes on all the same).
Source of the rules: https://states-language.net/spec.html#errors
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chalicelib.domain.instants import iso_text
from chalicelib.domain.policy import ON_FAILURE, Policy
from chalicelib.domain.status import PENDING, RESOLVED
from chalicelib.domain.workflow import Workflow
from chalicelib.errors import Json
from chalicelib.nodes.base import Outcome

RETRIED, RETRY_AT, FAILED_WITH = "retried", "retryAt", "failed"
SHOWN = ("message", "code", "status", "statusText")
MOST_SHOWN = 2_000


def policies_of(workflow: Workflow) -> dict[int, Policy]:
    """Each node's policies by its id, read once for a parsed workflow."""
    found: dict[int, Policy] | None = workflow.__dict__.get("_policies")
    if found is None:
        found = {node.id: Policy.of(node.config) for node in workflow.graph.nodes.values()}
        workflow.__dict__["_policies"] = found
    return found


def is_bad(outcome: Outcome) -> bool:
    """A failure that policies are for: an ``end`` node's is a decision."""
    return outcome.status < 0 and not outcome.ends


@dataclass
class Tries:
    """How often a node was tried again in one place of a run, by the entries of its ``retry``."""

    policy: Policy
    retried: list[int]

    @classmethod
    def of(cls, policy: Policy, meta: Json = None) -> Tries:
        """From what is kept with the job."""
        kept = meta.get(RETRIED) if isinstance(meta, dict) else None
        return cls(policy, list(kept) if isinstance(kept, list) else [0] * len(policy.retries))

    @property
    def number(self) -> int:
        """0 in the first try."""
        return sum(self.retried)

    def entry_for(self, outcome: Outcome) -> int | None:
        """The entry by which the node is to be tried again."""
        return self.policy.entry_for(outcome.status, outcome.result, self.retried) if is_bad(outcome) else None

    def wait_ms(self, entry: int) -> int:
        """The wait before the next try by this entry."""
        return self.policy.retries[entry].wait_ms(self.retried[entry] + 1, random.random())

    def count(self, entry: int) -> None:
        self.retried[entry] += 1

    def noted(self, outcome: Outcome) -> Outcome:
        """The outcome with the tries it took, if there was more than one."""
        return replace(outcome, meta=with_meta(outcome.meta, RETRIED, list(self.retried))) if self.number else outcome

    def later(self, outcome: Outcome, now_ms: int) -> Outcome:
        """PENDING until the next try is due, if there is one; else the outcome. Of the failure as much is kept as has room in one item."""
        entry = self.entry_for(outcome)
        if entry is None:
            return self.noted(outcome)
        due_ms = now_ms + self.wait_ms(entry)
        self.count(entry)
        meta = with_meta(with_meta(outcome.meta, RETRIED, list(self.retried)), RETRY_AT, iso_text(due_ms))
        return Outcome(PENDING, _shown(outcome.result), log=outcome.log, meta=meta, due_at_ms=due_ms)


def settled(policy: Policy, outcome: Outcome) -> Outcome:
    """What ``onError`` makes of an outcome: RESOLVED with the same result where the line is to go on."""
    if not is_bad(outcome) or policy.on_error == "fail":
        return outcome
    branch = ON_FAILURE if policy.on_error == "branch" else outcome.branch
    return replace(outcome, status=RESOLVED, branch=branch, meta=with_meta(outcome.meta, FAILED_WITH, outcome.status))


def with_meta(meta: Json, name: str, value: Json) -> Json:
    """A job's meta with one more entry."""
    return {**(meta if isinstance(meta, dict) else {}), name: value}


def meta_of(meta: Json, name: str) -> Json:
    """One entry of a job's meta, if it is there."""
    return meta.get(name) if isinstance(meta, dict) else None


def _shown(result: Json) -> Json:
    """What is said of a failure while the next try is waited for."""
    if not isinstance(result, dict):
        return None
    texts = {name: result[name] for name in SHOWN if name in result}
    return {name: value[:MOST_SHOWN] if isinstance(value, str) else value for name, value in texts.items()}
