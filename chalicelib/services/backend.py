"""What the use cases stand on, joined by ``bootstrap``; and the small things each of them starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from chalicelib.domain.ids import derived_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.machines import MachineRefused, Machines, ScheduleRefused, Schedules
from chalicelib.domain.ports import Clock, DeadLetters, EffectFailed, Outside, Store
from chalicelib.domain.record import Row
from chalicelib.domain.schedule_expression import Timing
from chalicelib.engine.definitions import DefinitionCache, Definitions
from chalicelib.engine.ports import Effects
from chalicelib.engine.reads import Reads
from chalicelib.engine.runner import Runner
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Json

Kind = Literal["session", "apiKey", "outside", "principal"]


class Claims(Protocol):
    """What a valid token says, times in seconds. ``account``: the user's e-mail address, instead of an id, in a token of another issuer."""

    @property
    def user_id(self) -> int: ...
    @property
    def account(self) -> str | None: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def session_id(self) -> str: ...
    @property
    def issued_at(self) -> int: ...
    @property
    def expires_at(self) -> int: ...
    @property
    def session_start(self) -> int: ...
    @property
    def verified_at(self) -> int: ...
    @property
    def role(self) -> str | None: ...

    def of_user(self, user_id: int) -> Claims:
        """The same for the user whom ``account`` stands for."""


@dataclass(frozen=True)
class Proof:
    """What lets a call in, and may be taken back: the API key or the session of this id, which began at ``since`` (epoch seconds)."""

    kind: Kind
    session_id: str
    since: int


@dataclass(frozen=True)
class Principal:
    """The claims of a call without a token: a user whom a caller names that something else has let in (IAM, a topic's policy).

    Functions make one, never what comes over HTTP. It is good for this call only; whether the user is there, is not blocked and has the
    role is asked as of any other. ``proof`` is what the user had shown, for a call that runs later than it was made."""

    user_id: int
    verified_at: int
    account: None = None
    kind: Kind = "principal"
    session_id: str = ""
    role: None = None
    proof: Proof | None = None

    @property
    def issued_at(self) -> int:
        return self.verified_at

    @property
    def expires_at(self) -> int:
        return self.verified_at

    @property
    def session_start(self) -> int:
        return self.verified_at

    def of_user(self, user_id: int) -> Principal:
        return Principal(user_id, self.verified_at, proof=self.proof)


class Tokens(Protocol):
    """Signs the product's own tokens; verifies them, and those of another issuer where one is set."""

    def issue(
        self,
        user_id: int,
        session_id: str,
        now_s: int,
        hours: float,
        *,
        role: str | None = None,
        kind: Literal["session", "apiKey"] = "session",
        began_at: int | None = None,
    ) -> str: ...

    def verify(self, token: str, now_s: int, *, ended_too: bool = False) -> Claims:
        """``ended_too``: a session's token whose time is over, too. Raises Unauthenticated (``INVALID_TOKEN``)."""

    def seems_over(self, token: str, now_s: int) -> bool:
        """Whether the token says that its time is over; unverified."""

    def seal(self, about: str, text: str) -> str:
        """The text as one that nobody else can read or make. ``about``: what it is for."""

    def unseal(self, about: str, sealed: str) -> str | None:
        """The text; ``None`` for what was not sealed here for ``about``."""


class Passwords(Protocol):
    """Hashes passwords."""

    def check(self, password: Json) -> None:
        """Raises Invalid (path ``password``) for what may not become a password."""

    def hash(self, password: str) -> str: ...

    def verify(self, hashed: str, password: str) -> bool:
        """``hashed`` may be empty (no such user): then False, after the same time."""


class NothingOutside:
    """Where no way out is set up: every effect fails and says so."""

    def send(self, kind: str, payload: Row, key: str) -> Json:
        raise EffectFailed({"message": f'no way is set up for effects of kind "{kind}"', "code": "NOT_SET_UP"})


class NoMachines:
    """Where no Step Functions are set up: asynchronous workflows cannot be enabled, and say so."""

    def publish(self, name: str, definition: dict[str, Json]) -> None:
        raise MachineRefused("no Step Functions are set up")

    def start(self, name: str, execution: str, payload: dict[str, Json]) -> None:
        raise MachineRefused("no Step Functions are set up")

    def send(self, token: str) -> bool:
        return False

    def stop(self, name: str, execution: str) -> None:
        return None

    def is_running(self, name: str, execution: str) -> bool:
        raise MachineRefused("no Step Functions are set up")

    def names(self) -> dict[str, int]:
        return {}

    def remove(self, name: str) -> None:
        return None

    def functions(self) -> tuple[str, str]:
        raise MachineRefused("no Step Functions are set up")


class NoSchedules:
    """Where no Scheduler is set up: workflows that start at times of their own cannot be enabled, and say so."""

    def put(self, name: str, timing: Timing, payload: dict[str, Json]) -> None:
        raise ScheduleRefused("no EventBridge Scheduler is set up")

    def names(self, prefix: str) -> dict[str, int]:
        return {}

    def remove(self, name: str) -> None:
        return None


class NoDeadLetters:
    """Where no queue for dead letters is set up: none is kept, so the message is delivered again until its own queue gives up."""

    def put(self, body: str, about: dict[str, str]) -> None:
        raise EffectFailed({"message": "no dead letter queue is set up: set DEAD_LETTER_QUEUE_URL", "code": "NOT_SET_UP"})


@dataclass(frozen=True)
class Incoming:
    """Topics whose messages start workflows: ARNs by their names. ``users``: as whom messages of a topic may name workflows themselves, an
    e-mail address, a username or an id; ``*`` stands for whom the message says."""

    topics: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    dead_letters: DeadLetters = field(default_factory=NoDeadLetters)


@dataclass(frozen=True)
class Backend:
    """``tokens`` and ``passwords`` load their libraries when first used; ``token_hours`` is the life of a token; machines have names
    that begin with ``stage``. With ``announces`` executions that fail are told to ``outside``.

    ``session_days`` is the life of a session, whose tokens are renewed."""

    store: Store
    clock: Clock
    tokens: Tokens
    passwords: Passwords
    token_hours: float = 24
    cache: DefinitionCache = field(default_factory=DefinitionCache)
    session_days: float = 7
    outside: Outside = field(default_factory=NothingOutside)
    machines: Machines = field(default_factory=NoMachines)
    schedules: Schedules = field(default_factory=NoSchedules)
    stage: str = "dev"
    incoming: Incoming = field(default_factory=Incoming)
    announces: bool = False

    def reading(self) -> tuple[Reads, Definitions]:
        """A fresh view of the database for one try of one call."""
        reads = Reads(self.store)
        return reads, Definitions(reads, self.cache)

    def now(self) -> str:
        return iso_text(self.clock.now_ms())

    def unit(self, reads: Reads, *, user_id: int | None, at_ms: int, seed: str, ids_ms: int | None = None) -> UnitOfWork:
        """A unit of work whose new ids derive from ``seed`` and ``ids_ms`` (by default ``at_ms``): the same walk makes the same ids."""
        from_ms = at_ms if ids_ms is None else ids_ms
        return UnitOfWork(
            reads, now=iso_text(at_ms), make_id=lambda n: derived_id(from_ms, seed, n), user_id=user_id, protect=self.passwords.hash
        )

    def runner(self, effects: Effects, *, deadline_ms: int | None, timezone: str, commit_by_ms: int | None = None) -> Runner:
        """What walks the executions of one call."""
        return Runner(self.clock, effects, deadline_ms, timezone, commit_by_ms)

    def effects(self, dry: bool = False) -> Effects:
        """A call's way out; kept over its walks, so that none is sent twice."""
        return Effects(self.outside, dry)
