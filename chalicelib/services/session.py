"""Who calls, in which role, and what that role may do. Part of the one read of a call: nothing here costs a request of its own.

Codes: https://docs.nocobase.com/auth-verification/auth (``EMPTY_TOKEN``, ``INVALID_TOKEN``, ``BLOCKED_TOKEN``, ``NOT_EXIST_USER`` …).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.collection import Collection
from chalicelib.domain.filter import EVERYTHING, Filter, parse_filter, substitute
from chalicelib.domain.keys import EPOCH, record_key, revoked_key
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.role import Permit, Role, may_manage, permit
from chalicelib.domain.system_collections import USERS
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.reads import Reads
from chalicelib.errors import Forbidden, Json, Unauthenticated
from chalicelib.services.backend import Backend, Claims
from chalicelib.services.call import Call

ROOT = "root"
UNION = "__union__"
NO_PERMISSIONS = "No permissions"


@dataclass(frozen=True)
class Caller:
    """A signed-in user acting in a role; ``roles`` holds one role, several for the union, none for root."""

    user: Record
    role_name: str
    roles: Sequence[Role]
    claims: Claims

    @property
    def id(self) -> int:
        return int(self.user.id)

    @property
    def is_root(self) -> bool:
        return self.role_name == ROOT

    def row(self) -> Row:
        """The user without hidden fields, as workflows see it in ``$context.user``; roles are not part of it."""
        return {name: value for name, value in visible(self.user).items() if name not in ("roles", "defaultRole", "blocked")}

    def variables(self) -> dict[str, Json]:
        """What permission scopes may name: ``{{$user.id}}``, ``{{$nRole}}``."""
        return {"$user": self.row(), "$nRole": self.role_name}

    def permit(self, collection: str, action: str) -> Permit:
        """What the role may do with the collection. Raises Forbidden."""
        granted = permit(self.roles, self.is_root, collection, action)
        if granted is None:
            raise Forbidden(NO_PERMISSIONS)
        return granted

    def must_manage(self, area: str) -> None:
        """Raises Forbidden unless the role manages ``workflows``, ``collections`` or ``roles``."""
        if not self.is_root and not any(may_manage(role, area) for role in self.roles):
            raise Forbidden(NO_PERMISSIONS)


def verified_claims(backend: Backend, call: Call) -> Claims:
    """What the call's token says. Raises Unauthenticated."""
    if call.token is None:
        raise Unauthenticated("Unauthenticated. Please sign in to continue.", code="EMPTY_TOKEN")
    return backend.tokens.verify(call.token, backend.clock.now_ms() // 1000)


def signed_in(backend: Backend, reads: Reads, definitions: Definitions, call: Call) -> Caller:
    """The caller, with the reads that this takes. Raises Unauthenticated."""
    claims = verified_claims(backend, call)
    return reads.resolve(lambda: authenticate(reads, definitions, call, claims))


def authenticate(reads: Reads, definitions: Definitions, call: Call, claims: Claims) -> Caller:
    """The caller. Raises Unauthenticated, and Pending until its items are there."""
    user_key, session_key = record_key(USERS.uid, claims.user_id), revoked_key(claims.session_id)
    reads.together(lambda: reads.item(EPOCH), lambda: reads.item(user_key), lambda: reads.item(session_key))
    item = reads.item(user_key)
    if item is None:
        raise Unauthenticated("The user of this token is no longer there. Please sign in again.", code="NOT_EXIST_USER")
    user = Record(USERS, item)
    if reads.item(session_key) is not None:
        raise Unauthenticated("Your session has expired. Please sign in again.", code="BLOCKED_TOKEN")
    if claims.issued_at < (user.row["tokensValidFrom"] or 0) or user.row["blocked"]:
        raise Unauthenticated("Your session has expired. Please sign in again.", code="INVALID_TOKEN")
    role_name = _role_name(user, claims.role or call.role)
    return Caller(user, role_name, _roles(definitions, user, role_name), claims)


def role_names(user: Record) -> list[str]:
    """The user's roles; the projection of the roles-users relation that the user item carries."""
    return [name for name in user.row["roles"] or [] if isinstance(name, str)]


def _role_name(user: Record, asked: str | None) -> str:
    names = role_names(user)
    if asked == UNION and names:
        return ROOT if ROOT in names else UNION
    if asked:
        if asked not in names:
            raise Unauthenticated("The role does not belong to the user", code="ROLE_NOT_FOUND_FOR_USER")
        return asked
    if not names:
        raise Unauthenticated("The user has no role; ask an administrator for one", code="USER_HAS_NO_ROLES_ERR")
    default = user.row["defaultRole"]
    return default if default in names else names[0]


def _roles(definitions: Definitions, user: Record, role_name: str) -> list[Role]:
    if role_name == ROOT:
        return []
    wanted = role_names(user) if role_name == UNION else [role_name]
    roles = [role for role in map(definitions.role, wanted) if role is not None]
    if not roles:
        raise Unauthenticated(f'The role "{role_name}" is no longer there', code="ROLE_NOT_FOUND_ERR")
    return roles


def scope_filter(caller: Caller, granted: Permit, collection: Collection, definitions: Definitions) -> Filter:
    """The rows the permit reaches; a scope that names a field the collection does not have reaches none.

    Raises Forbidden for such a scope: that is what the model answers to "own" without ``createdById``."""
    if granted.scope is None:
        return EVERYTHING

    def resolve(name: str) -> Collection:
        found = definitions.collection_now(name)
        if found is None:
            raise Forbidden(NO_PERMISSIONS)
        return found

    return parse_filter(substitute(granted.scope, caller.variables()), collection, resolve)
