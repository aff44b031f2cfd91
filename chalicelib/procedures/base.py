"""What a procedure is: a Python function of the team's own, called as an action of a collection, on one record or on none.

It sees records through the call's unit of work, with the system's rights: whatever it and the workflows it runs write is written together
when it returns, and nothing when it raises. What it sends to the outside is sent at once.
Source of the idea: https://kottster.app/docs/custom-server-procedures
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import NoReturn, Protocol

from chalicelib.domain.mail import problems_of_mail
from chalicelib.domain.record import Row
from chalicelib.errors import Invalid, Json
from chalicelib.nodes.base import Child, Records

NAME = re.compile(r"[a-z][A-Za-z0-9]{0,62}")
# Actions that every collection has already, and words that mean something else behind "call:" in a role.
# fmt: off
RESERVED = frozenset((
    "list", "get", "query", "create", "update", "destroy", "firstOrCreate", "updateOrCreate", "move", "trigger", "triggerNew", "call",
    "view", "export", "importXlsx", "add", "set", "remove", "toggle", "own", "all",
))
# fmt: on
NO_INPUT: dict[str, Json] = {"type": "object", "additionalProperties": False}
FAILED = "PROCEDURE_FAILED"


class ProcedurePorts(Protocol):
    """Everything a procedure may touch outside its arguments."""

    @property
    def records(self) -> Records: ...

    @property
    def messages(self) -> list[str]:
        """What the workflows that ran so far have said."""

    def effect(self, kind: str, payload: dict[str, Json]) -> Json:
        """Do something outside the database, once however often the call starts again. Raises EffectFailed."""

    def run_workflow(self, key: str, data: Json) -> Child:
        """Run a synchronous workflow in the same unit of work. Raises Invalid when there is none that may run here."""

    def start_workflow(self, key: str, data: Json) -> int:
        """Queue an asynchronous workflow; the id of its execution. Raises Invalid when there is none that may be started."""


@dataclass(frozen=True)
class ProcedureCall:
    """One call. ``record`` was loaded on the server, without hidden fields; ``None`` when the call names no id.

    ``input`` is the body, checked; ``user`` who calls, without hidden fields, in the role ``role``; ``now`` an instant as records hold it
    (``2026-11-21T02:04:48.219Z``). ``records`` reads what the call has written so far."""

    record: Row | None
    input: dict[str, Json]
    user: Row
    role: str
    now: str
    ports: ProcedurePorts = field(repr=False)

    @property
    def records(self) -> Records:
        return self.ports.records

    @property
    def messages(self) -> list[str]:
        """What the workflows that it ran have said."""
        return self.ports.messages

    def send_mail(
        self, to: str | Sequence[str], subject: str, *, text: str | None = None, html: str | None = None, sender: str | None = None
    ) -> Json:
        """The answer of the mail service. ``sender`` is the deployment's address unless given. Raises EffectFailed.

        A mail that no service would take is refused before anybody is asked, in a dry run too: Invalid, with ``to.0``, ``subject`` …"""
        addresses = [to] if isinstance(to, str) else list(to)
        whole: dict[str, Json] = {"from": sender, "to": addresses, "cc": [], "bcc": [], "subject": subject, "attachments": []}
        if found := problems_of_mail(whole | {"text": text, "html": html}):
            raise Invalid.of(found)
        payload: dict[str, Json] = {"to": addresses, "subject": subject, "text": text, "html": html, "from": sender}
        return self.ports.effect("mail", {name: value for name, value in payload.items() if value is not None})

    def notify(self, channel: str, **message: Json) -> Json:
        """The answer of the notification channel. Raises EffectFailed."""
        return self.ports.effect("notification", {"channelName": channel, **message})

    def run_workflow(self, key: str, data: Json) -> Child:
        """How the workflow ended that ran with ``data`` as its ``$context.data``; what it wrote is dropped when it failed.

        Its messages become messages of this call. Raises Invalid when there is none that may run here."""
        return self.ports.run_workflow(key, data)

    def start_workflow(self, key: str, data: Json) -> int:
        """The id of an execution of an asynchronous workflow with ``data`` as its ``$context.data``: queued when the call ends well.

        Raises Invalid when there is none that may be started."""
        return self.ports.start_workflow(key, data)

    def fail(self, message: str, *, code: str = FAILED, field: str = "") -> NoReturn:
        """End the call as refused (400): nothing is written. ``field`` is the input's field that is wrong, dotted."""
        raise Invalid(message, code=code, path=field)


Run = Callable[[ProcedureCall], Json]


@dataclass(frozen=True)
class Procedure:
    """``collection``: on whose records it works (``None``: on none). ``output_schema`` is what it promises to return."""

    collection: str | None
    name: str
    run: Run
    input_schema: dict[str, Json]
    output_schema: dict[str, Json]
    title: str
    description: str = ""

    @property
    def address(self) -> str:
        """``users:sendWelcomeEmail``; ``procedures:name`` without a collection."""
        return f"{self.collection or 'procedures'}:{self.name}"

    def __call__(self, call: ProcedureCall) -> Json:
        return self.run(call)


def procedure(
    collection: str | None = None,
    *,
    input_schema: dict[str, Json] | None = None,
    output_schema: dict[str, Json] | None = None,
    name: str | None = None,
    title: str | None = None,
) -> Callable[[Run], Procedure]:
    """Makes a procedure of a function; ``send_welcome_email`` is called ``sendWelcomeEmail`` unless ``name`` says otherwise.

    Both schemas are JSON Schemas; without ``input_schema`` no input is taken, without ``output_schema`` any JSON is returned.
    Raises ValueError for a name that is none or that means something else already."""

    def made(run: Run) -> Procedure:
        chosen = name or camel_case(getattr(run, "__name__", ""))
        if not NAME.fullmatch(chosen) or chosen in RESERVED:
            raise ValueError(f'"{chosen}" cannot be the name of a procedure')
        about = cleandoc(run.__doc__ or "")
        first = about.partition("\n")[0].partition("Raises ")[0].strip().rstrip(".")
        # A value by default is "no input"; an empty schema, which takes anything, is a choice of the author's.
        taken = NO_INPUT if input_schema is None else input_schema
        return Procedure(collection, chosen, run, taken, output_schema or {}, title or first or chosen, about)

    return made


def camel_case(name: str) -> str:
    """``send_welcome_email`` as ``sendWelcomeEmail``."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)
