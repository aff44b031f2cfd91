"""Sign in, check, sign out, change the password.

Source: https://docs.nocobase.com/auth-verification/auth (API of the password authenticator).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from chalicelib.domain.keys import guard_key, record_key, revoked_key
from chalicelib.domain.ports import Put
from chalicelib.domain.record import Record, Row
from chalicelib.domain.role import ACTION_OF, ACTIONS, OWN, may_manage, rules_of
from chalicelib.domain.system_collections import ROLES, USERS
from chalicelib.engine.commit import commit, store_errors
from chalicelib.engine.reads import Reads
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Forbidden, Invalid, Json, Unauthenticated
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.later_calls import LATEST_MS, LONGEST_WAIT_MS
from chalicelib.services.own import own
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import BLOCKED, Caller, role_names, session_end, signed_in
from chalicelib.services.sign_in_limit import SignInLimit

NOBODY = 0  # no user's id
WRONG = "The username/email or password is incorrect, please re-enter"


class Auth:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def sign_in(self, call: Call) -> Answer:
        """``{"account" | "email" | "username", "password"}`` → ``{"user", "token"}``. One answer for a wrong name and a wrong password.

        After ten failures with one account name a 429 for the rest of fifteen minutes, whatever the password."""
        values = call.values()
        account = values.get("account") or values.get("email") or values.get("username")
        if not isinstance(account, str) or not account.strip():
            raise Invalid("Please enter your username or email", path="account")
        password = values.get("password")
        if not isinstance(password, str) or not password:
            raise Invalid("Please enter your password", path="password")
        user = store_errors(lambda: self._proven(account.strip(), password, call.deadline_ms))
        now_s = self._backend.clock.now_ms() // 1000
        # A password changed within this second ended every session up to its end; the new one begins there.
        begins_s = max(now_s, user.row["tokensValidFrom"] or 0)
        token = self._backend.tokens.issue(int(user.id), secrets.token_hex(16), begins_s, self._backend.token_hours)
        return Answer({"user": public_user(user), "token": token})

    def check(self, call: Call) -> Answer:
        """The signed-in user with its roles."""

        def act() -> Answer:
            reads, definitions = self._backend.reading()
            caller = signed_in(self._backend, reads, definitions, call)
            keys = [record_key(ROLES.uid, name) for name in role_names(caller.user)]
            reads.load(keys)
            roles = [Record(ROLES, item).row for key in keys if (item := reads.items.get(key))]
            if "root" in role_names(caller.user):
                roles.insert(0, {"name": "root", "title": "Root"})
            return Answer(public_user(caller.user) | {"roles": roles, "currentRole": caller.role_name})

        return store_errors(act)

    def sync_cookies(self, call: Call) -> Answer:
        """Nothing: a published client calls this to have its cookies set, and no cookie proves anything here."""

        def act() -> Answer:
            reads, definitions = self._backend.reading()
            signed_in(self._backend, reads, definitions, call)
            return Answer(has_data=False)

        return store_errors(act)

    def sign_out(self, call: Call) -> Answer:
        """Revokes the session at once: every later call with one of its tokens is a 401 ``BLOCKED_TOKEN``."""

        def act() -> Answer:
            reads, definitions = self._backend.reading()
            caller = signed_in(self._backend, reads, definitions, call)
            if caller.claims.kind == "apiKey":
                raise Forbidden("an API key is ended by apiKeys:destroy")
            key = revoked_key(caller.claims.session_id)
            # For as long as any token of the session may be renewed, and a call that was made with it may be waiting for its time.
            calls_end_s = (self._backend.clock.now_ms() + LONGEST_WAIT_MS + LATEST_MS) // 1000
            ends_s = max(caller.claims.expires_at, session_end(self._backend, caller.claims), calls_end_s)
            item: dict[str, Json] = {"pk": key.pk, "sk": key.sk, "ttl": ends_s + 60}
            commit(self._backend.store, self._backend.clock, [Tagged(Put(key.table, item), "other")], call.deadline_ms)
            return Answer(has_data=False)

        return store_errors(act)

    def change_password(self, call: Call) -> Answer:
        """``{"oldPassword", "newPassword", "confirmPassword"}``. Ends every session of the user, this one too: sign in again."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            caller.must_be_in_person()
            old, new = self._passwords(call.values())
            if not self._backend.passwords.verify(caller.user.item["data"].get("password") or "", old):
                raise Unauthenticated("The password is incorrect, please re-enter", code="INVALID_CREDENTIALS")
            begins_s = self._backend.clock.now_ms() // 1000 + 1
            changed = records.unit.update(caller.user, {"password": self._backend.passwords.hash(new), "tokensValidFrom": begins_s})
            return Answer(public_user(changed))

        return own(self._backend, call, act)

    def _passwords(self, values: Row) -> tuple[str, str]:
        """The old and the new password. Raises Invalid."""
        for name in ("oldPassword", "newPassword"):
            if not isinstance(values.get(name), str) or not values[name]:
                raise Invalid(f"{name} is required", path=name)
        if values["newPassword"] != values.get("confirmPassword"):
            raise Invalid("The password is inconsistent, please re-enter", path="confirmPassword")
        self._backend.passwords.check(values["newPassword"])
        return values["oldPassword"], values["newPassword"]

    def check_roles(self, call: Call) -> Answer:
        """``roles:check``: what the current role may do, for interfaces that show or hide by it."""

        def act() -> Answer:
            reads, definitions = self._backend.reading()
            caller = signed_in(self._backend, reads, definitions, call)
            return Answer(_permissions(caller))

        return store_errors(act)

    def _proven(self, account: str, password: str, deadline_ms: int | None) -> Record:
        """The user of the account whose password this is. Raises Unauthenticated and TooManyAttempts."""
        reads, _ = self._backend.reading()
        limit = SignInLimit(self._backend, account, deadline_ms)
        user = _user(reads, account, limit)
        hashed = user.item["data"].get("password") if user else None
        # Checked for an unknown name too, so that the time taken tells nothing.
        if not self._backend.passwords.verify(hashed or "", password) or user is None:
            limit.count()
            raise Unauthenticated(WRONG, code="INVALID_CREDENTIALS")
        if user.row["blocked"]:
            raise Unauthenticated(BLOCKED, code="BLOCKED_USER")
        limit.forget(reads)
        return user


def _user(reads: Reads, account: str, limit: SignInLimit) -> Record | None:
    """The user of an e-mail address or username: both guards and the count of failures in one read, then the user.

    An unknown account costs the second read too. Raises TooManyAttempts."""
    guards = [guard_key(USERS.uid, name, account) for name in ("email", "username")]
    reads.load([*guards, limit.key])
    limit.check(reads)
    ids = [item["value"] for key in guards if (item := reads.items.get(key))]
    keys = [record_key(USERS.uid, user_id) for user_id in ids or [NOBODY]]
    reads.load(keys)
    return next((Record(USERS, item) for key in keys if (item := reads.items.get(key))), None)


def public_user(user: Record) -> Row:
    """The user without password and internals."""
    hidden = ("password", "tokensValidFrom", "roles", "blocked", "defaultRole")
    return {name: value for name, value in user.row.items() if name not in hidden}


def _permissions(caller: Caller) -> Row:
    """The shape that NocoBase's clients read; ``actions`` holds the rules of single collections as ``samples:trigger``."""
    resources = sorted({name for role in caller.roles for name in role.overrides})
    snippets = sorted({snippet for role in caller.roles for snippet in role.snippets})
    return {
        "role": caller.role_name,
        "roles": role_names(caller.user),
        "roleMode": "default",
        "strategy": {"actions": _strategy(caller)},
        "actions": _rules(caller, resources),
        "resources": resources,
        "snippets": snippets,
        "availableActions": list(ACTIONS),
        "actionAlias": ACTION_OF,
        "allowAll": caller.is_root,
        "allowConfigure": caller.is_root or any(may_manage(role, "collections") for role in caller.roles),
        "allowAnonymous": False,
    }


def _strategy(caller: Caller) -> list[str]:
    """The actions of all roles' strategies; one that any of them has without ``:own`` is without."""
    granted = [(action, one.scope) for role in caller.roles for action, one in role.strategy.items()]
    wide = {action for action, scope in granted if scope != OWN}
    return sorted(wide | {f"{action}:own" for action, _ in granted if action not in wide})


def _rules(caller: Caller, resources: Sequence[str]) -> Row:
    """``{"samples:view": {"fields", "scope"}}`` for the collections that a role has rules for: what all roles together allow there."""
    return {
        f"{name}:{action}": {"fields": sorted(granted.fields or ()), "scope": granted.scope}
        for name in resources
        for action, granted in rules_of(caller.roles, name).items()
    }
