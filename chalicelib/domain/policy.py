"""What is to happen when a node ends badly, or takes too long: its ``retry``, ``timeoutSeconds`` and ``onError``.

They stand in a node's config beside the settings of its type, and mean the same for every type. The rules of a retry are those of the
Amazon States Language: the first entry that names the failure counts, each entry counts its own retries.
Source: https://states-language.net/spec.html#errors
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.status import ABORTED, CANCELED, ERROR, FAILED, REJECTED, RETRY_NEEDED, execution_status
from chalicelib.errors import Json

OnError = Literal["fail", "continue", "branch"]

ANY = "*"
RETRY, TIMEOUT_SECONDS, ON_ERROR = "retry", "timeoutSeconds", "onError"
NAMES = (RETRY, TIMEOUT_SECONDS, ON_ERROR)
ON_FAILURE = 0  # the branch that is walked with ``onError: branch``

MOST_ENTRIES, MOST_ERRORS, MOST_ATTEMPTS = 10, 20, 20
LONGEST_INTERVAL_S, LONGEST_DELAY_S, LONGEST_TIMEOUT_S = 86_400, 604_800, 365 * 86_400

STATUS_NAMES: Mapping[int, tuple[str, ...]] = {
    FAILED: ("FAILED",),
    ERROR: ("ERROR",),
    ABORTED: ("ABORTED", "TIMEOUT"),
    CANCELED: ("CANCELED",),
    REJECTED: ("REJECTED",),
    RETRY_NEEDED: ("RETRY_NEEDED",),
}

ENTRY: dict[str, Json] = {
    "type": "object",
    "required": ["errors"],
    "additionalProperties": False,
    "properties": {
        "errors": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_ERRORS,
            "items": {"type": "string", "maxLength": 100, "pattern": r"^(\*|[A-Z][A-Za-z0-9_.]*|[345]([0-9]{2}|xx))$"},
            "title": "Failures",
            "description": "`*` for any, FAILED, ERROR, TIMEOUT, a code (ECONNREFUSED, Throttling), the status of an answer (429, 5xx).",
        },
        "maxAttempts": {
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": MOST_ATTEMPTS,
            "default": 3,
            "title": "Retries",
            "description": "How often to try again, at most. 0: never, whatever later entries say.",
        },
        "intervalSeconds": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": LONGEST_INTERVAL_S,
            "default": 1,
            "title": "Interval (s)",
            "description": "How long to wait before the first retry.",
        },
        "backoffRate": {
            "type": ["number", "null"],
            "minimum": 1,
            "maximum": 10,
            "default": 2,
            "title": "Backoff rate",
            "description": "What the wait is multiplied with from one retry to the next.",
        },
        "maxDelaySeconds": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": LONGEST_DELAY_S,
            "title": "Longest wait (s)",
            "description": "No wait is longer; a week if not given.",
        },
        "jitter": {
            "enum": ["NONE", "FULL", None],
            "default": "NONE",
            "title": "Jitter",
            "description": "FULL: each wait is a random part of its length, so that many do not come back at once.",
        },
    },
}

POLICIES: dict[str, Json] = {
    "type": "object",
    "properties": {
        RETRY: {
            "type": ["array", "null"],
            "maxItems": MOST_ENTRIES,
            "items": ENTRY,
            "title": "Retry",
            "description": "Which failures are tried again, how often and after what time; the first entry that names a failure counts.",
        },
        TIMEOUT_SECONDS: {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": LONGEST_TIMEOUT_S,
            "title": "Timeout (s)",
            "description": "How long to wait for an answer; then the node is aborted with the code TIMEOUT.",
        },
        ON_ERROR: {
            "enum": ["fail", "continue", "branch", None],
            "default": "fail",
            "title": "On failure",
            "description": "`fail`: the line ends. `continue`: the line goes on. `branch`: branch 0 is walked, then the line goes on.",
        },
    },
}


@dataclass(frozen=True)
class Retry:
    """One entry of ``retry``: after which failures, how often, and with what waits between."""

    errors: frozenset[str]
    attempts: int
    interval_s: float
    rate: float
    most_s: float
    jitter: bool

    @classmethod
    def of(cls, raw: Mapping[str, Json]) -> Retry:
        def value(name: str, default: float) -> float:
            found: float = default if raw.get(name) is None else raw[name]
            return found

        errors, attempts = frozenset(raw["errors"]), int(value("maxAttempts", 3))
        most_s = value("maxDelaySeconds", LONGEST_DELAY_S)
        return cls(errors, attempts, value("intervalSeconds", 1), value("backoffRate", 2), most_s, raw.get("jitter") == "FULL")

    def wait_ms(self, number: int, chance: float) -> int:
        """The wait before the retry of that number, from 1; ``chance`` (0 to 1) is what jitter makes of it."""
        seconds = min(self.interval_s * self.rate ** (number - 1), self.most_s)
        return round(seconds * 1_000 * (chance if self.jitter else 1))


@dataclass(frozen=True)
class Policy:
    """``timeout_ms``: how long an answer is awaited."""

    retries: tuple[Retry, ...] = ()
    timeout_ms: int | None = None
    on_error: OnError = "fail"

    @classmethod
    def of(cls, config: Mapping[str, Json]) -> Policy:
        """The policies in a node's config that were found right."""
        seconds = config.get(TIMEOUT_SECONDS)
        retries = tuple(Retry.of(raw) for raw in config.get(RETRY) or ())
        return cls(retries, None if seconds is None else int(seconds * 1_000), config.get(ON_ERROR) or "fail")

    def entry_for(self, status: int, result: Json, retried: Sequence[int]) -> int | None:
        """The place of the entry by which this failure is tried again; ``retried``: how often each entry has been used."""
        names = names_of(status, result)
        for place, entry in enumerate(self.retries):
            if entry.errors & names:
                return place if retried[place] < entry.attempts else None
        return None


def names_of_status() -> frozenset[str]:
    """What the statuses of failures are called."""
    return frozenset(name for names in STATUS_NAMES.values() for name in names)


def covered_by(name: str) -> frozenset[str]:
    """The names, beside its own, of which each names all that ``name`` does: ``4xx`` for ``404``, ``TIMEOUT`` for ``ABORTED``."""
    same = {f"{name[0]}xx"} if name[0].isdigit() else next((set(names) for names in STATUS_NAMES.values() if name in names), set())
    return frozenset(same) - {name}


def names_of(status: int, result: Json) -> frozenset[str]:
    """Everything a failure is called: its status, its code, and the status of the answer that was the failure."""
    names = {ANY, *STATUS_NAMES.get(execution_status(status), ())}
    if isinstance(result, dict):
        code, answered = result.get("code"), result.get("status")
        names |= {code} if isinstance(code, str) else set()
        if isinstance(answered, int) and not isinstance(answered, bool) and 100 <= answered <= 599:
            names |= {str(answered), f"{answered // 100}xx"}
    return frozenset(names)
