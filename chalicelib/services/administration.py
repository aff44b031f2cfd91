"""What a deployment needs before anybody can sign in, and when the one who could help is locked out.

The event names one thing to do; who may invoke the function may do it all. Passwords stand in the answer once, where one was made up here,
and in no log. Source: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.domain.keys import MAX_SAFE_INTEGER, sign_in_key
from chalicelib.domain.mail import NO_ADDRESS, is_address
from chalicelib.domain.ports import Delete
from chalicelib.domain.record import Record, Row
from chalicelib.domain.system_collections import USERS
from chalicelib.engine.commit import commit, store_errors, walk_until_committed
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, Invalid, Json, NotFound, Problem
from chalicelib.services import installation
from chalicelib.services.auth import public_user
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, kind_of
from chalicelib.services.direct_calls import problems_of_text, user_id_of

GENERATED_BYTES = 18


@dataclass(frozen=True)
class Task:
    """``run(values, deadline_ms)``; ``required`` and ``optional`` are the names of its texts (``user`` may be a number: an id)."""

    run: Callable[[dict[str, str], int | None], Answer]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


class Administration:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tasks: Mapping[str, Task] = {
            "install": Task(self._install, ("email",), ("password",)),
            "resetPassword": Task(self._reset_password, ("user",), ("password",)),
            "unblockSignIn": Task(self._unblock_sign_in, ("user",)),
        }

    def answer(self, event: Json, deadline_ms: int | None) -> Answer:
        """Does what the event names: ``{"install": {"email", "password"?}}``, ``{"resetPassword": {"user", "password"?}}`` or
        ``{"unblockSignIn": {"user"}}``; ``user`` is an e-mail address, a username or an id.

        Raises Invalid with everything that is wrong with the event, Conflict for a second installation, NotFound for a user."""
        known = ", ".join(self._tasks)
        if not isinstance(event, dict) or len(event) != 1 or not event.keys() <= self._tasks.keys():
            told = f"names {', '.join(map(str, event))[:200] or 'nothing'}" if isinstance(event, dict) else f"is {kind_of(event)}"
            raise Invalid(f'the event must name one of {known}, as in {{"install": {{"email": "you@example.com"}}}}; it {told}')
        ((name, values),) = event.items()
        task = self._tasks[name]
        _check(name, values, task)
        return task.run({key: str(value) for key, value in values.items() if value is not None}, deadline_ms)

    def _install(self, values: dict[str, str], deadline_ms: int | None) -> Answer:
        """The first user and the stock roles."""
        if not is_address(values["email"]):
            raise Invalid(f'"email" {NO_ADDRESS}', path="install.email")
        password, made = self._password(values)
        if not store_errors(lambda: installation.install(self._backend, values["email"], password)):
            raise Conflict("the first user was made before; resetPassword gives one a new password", code="ALREADY_INSTALLED")
        return Answer({"user": values["email"], **made})

    def _reset_password(self, values: dict[str, str], deadline_ms: int | None) -> Answer:
        """A new password; every session of the user ends, and failed sign-ins no longer count."""
        password, made = self._password(values)
        hashed = self._backend.passwords.hash(password)
        begins_s = self._backend.clock.now_ms() // 1000 + 1
        changed = self._change(values["user"], {"password": hashed, "tokensValidFrom": begins_s}, deadline_ms)
        return Answer({"user": public_user(changed), "blocked": bool(changed.row["blocked"]), **made})

    def _unblock_sign_in(self, values: dict[str, str], deadline_ms: int | None) -> Answer:
        """Failed sign-ins no longer count, and a user who was blocked is so no longer."""
        return Answer({"user": public_user(self._change(values["user"], {"blocked": False}, deadline_ms)), "blocked": False})

    def _password(self, values: dict[str, str]) -> tuple[str, Row]:
        """The password that was given, or a new one, which the answer shows. Raises Invalid."""
        if "password" in values:
            self._backend.passwords.check(values["password"])
            return values["password"], {}
        password = secrets.token_urlsafe(GENERATED_BYTES)
        return password, {"password": password}

    def _change(self, who: str, values: Row, deadline_ms: int | None) -> Record:
        """The user with these values. Raises NotFound, Unavailable, Conflict."""
        user_id = user_id_of(self._backend, who)

        def once(number: int) -> Record:
            reads, _ = self._backend.reading()
            unit = self._backend.unit(reads, user_id=None, at_ms=self._backend.clock.now_ms(), seed="administration")
            user = unit.get(USERS, user_id) if user_id is not None else None
            if user is None:
                raise NotFound(f'there is no user "{who[:100]}": name an e-mail address, a username or an id', code="USER_NOT_FOUND")
            changed = unit.update(user, values)
            names = {name.strip() for name in (who, user.row["email"], user.row["username"]) if name}
            forgotten = [Tagged(Delete(sign_in_key(name)), "other") for name in sorted(names)]
            commit(self._backend.store, self._backend.clock, [*unit.writes(), *forgotten], deadline_ms)
            return changed

        return store_errors(lambda: walk_until_committed(self._backend.clock, deadline_ms, once))


def _check(name: str, values: Json, task: Task) -> None:
    """Raises Invalid."""
    texts = (*task.required, *task.optional)
    if not isinstance(values, dict):
        raise Invalid(f'"{name}" must be an object with {", ".join(texts)}, not {kind_of(values)}', path=name)
    found = list(problems_of_text(values, f"{name}."))
    found += [Problem(f'"{other}" is not known; known are {", ".join(texts)}', f"{name}.{other}") for other in values if other not in texts]
    for text in texts:
        value = values.get(text)
        is_id = text == "user" and isinstance(value, int) and 0 < value <= MAX_SAFE_INTEGER and not isinstance(value, bool)
        if not is_id and ((value is None and text in task.required) or not isinstance(value, str | None) or value == ""):
            found.append(Problem(f'"{text}" must be text' + (", or an id" if text == "user" else ""), f"{name}.{text}"))
    if found:
        raise Invalid.of(found)
