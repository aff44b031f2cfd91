"""Who calls, in which role, and what that role may do. Part of the one read of a call: nothing here costs a request of its own
(but for a token of another issuer, whose e-mail address is looked up first).

A session's token whose time is over is good for one more day while the session lives, and the answer then carries a new one. The
session's start travels in its tokens, so nothing is stored for that; a changed password ends every session that began before it.
An API key's item is read with every call: removed, it is worth nothing at once. The header ``X-Authenticator`` says nothing here that
the token does not say better, and is ignored.
Codes: https://docs.nocobase.com/auth-verification/auth (``EMPTY_TOKEN``, ``INVALID_TOKEN``, ``BLOCKED_TOKEN``, ``NOT_EXIST_USER`` …).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.audit import Origin
from chalicelib.domain.collection import Collection
from chalicelib.domain.filter import EVERYTHING, Filter, parse_filter, substitute
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import EPOCH, guard_key, record_key, revoked_key
from chalicelib.domain.ports import Key
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.role import AREAS, Permit, Role, may_manage, permit
from chalicelib.domain.system_collections import API_KEYS, USERS
from chalicelib.domain.system_variables import date_variables
from chalicelib.engine.commit import store_errors
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import AppError, Forbidden, Invalid, Json, Unauthenticated
from chalicelib.observability import note
from chalicelib.services.backend import Backend, Claims, Principal, Proof
from chalicelib.services.call import Call

ROOT = "root"
UNION = "__union__"
NO_PERMISSIONS = "No permissions"
BLOCKED = "This user is blocked"
OVER = "Your session has expired. Please sign in again."
LATE_SECONDS = 86_400
DAY_SECONDS = 86_400
NOT_OF_THE_USER = ("roles", "defaultRole", "blocked")
# What `Caller.row` may hold: the names that ``{{$user.…}}`` and ``{{user.…}}`` have.
USER_FIELDS = tuple(name for name, one in USERS.fields.items() if not one.hidden and not one.is_association and name not in NOT_OF_THE_USER)


@dataclass(frozen=True)
class Caller:
    """A signed-in user acting in a role; ``roles`` holds one role, several for the union, none for root."""

    user: Record
    role_name: str
    roles: Sequence[Role]
    claims: Claims
    reads: Reads = field(repr=False, compare=False)

    @property
    def id(self) -> int:
        return int(self.user.id)

    @property
    def is_root(self) -> bool:
        return self.role_name == ROOT

    def row(self) -> Row:
        """The user without hidden fields, as workflows see it in ``$context.user``; roles are not part of it."""
        return {name: value for name, value in visible(self.user).items() if name not in NOT_OF_THE_USER}

    def variables(self) -> dict[str, Json]:
        """What permission scopes may name: ``{{$user.id}}`` and the user's other fields, ``{{$nRole}}``, ``{{$now}}``.

        A field without a value is left out: compared with null, a scope would reach the records that belong to nobody."""
        user = {name: value for name, value in self.row().items() if value is not None}
        return {"$user": user, "$nRole": self.role_name, "$now": iso_text(self.claims.verified_at * 1000)}

    def permit(self, collection: str, action: str) -> Permit:
        """What the role may do with the collection. Raises Forbidden."""
        granted = permit(self.roles, self.is_root, collection, action)
        if granted is None:
            raise Forbidden(NO_PERMISSIONS)
        return granted

    def must_manage(self, area: str) -> None:
        """Raises Forbidden unless the role manages ``workflows``, ``collections``, ``roles`` or ``users``."""
        if not self.manages(area):
            raise Forbidden(NO_PERMISSIONS)

    def manages(self, area: str) -> bool:
        return self.is_root or any(may_manage(role, area) for role in self.roles)

    def must_cover(self, roles: Iterable[Role]) -> None:
        """Raises Forbidden unless the caller manages all that these roles manage: who gives more than he has, could take it himself."""
        for role in roles:
            for area in AREAS:
                if may_manage(role, area):
                    self.must_manage(area)

    def must_be_in_person(self) -> None:
        """Raises Forbidden for an API key: one key must not make another, nor change the password; nor may who acts for a user."""
        if self.claims.kind in ("apiKey", "principal"):
            raise Forbidden("an API key cannot do this; sign in")


def verified_claims(backend: Backend, call: Call) -> Claims:
    """What the call's token says, or the principal that stands for one. Raises Unauthenticated, and Unavailable."""
    if call.principal is not None:
        return call.principal
    if call.token is None:
        raise Unauthenticated("Unauthenticated. Please sign in to continue.", code="EMPTY_TOKEN")
    now_s = backend.clock.now_ms() // 1000
    claims = backend.tokens.verify(call.token, now_s, ended_too=True)
    if claims.kind == "session" and now_s >= min(claims.expires_at + LATE_SECONDS, session_end(backend, claims)):
        raise Unauthenticated(OVER, code="EXPIRED_SESSION")
    return claims if claims.account is None else claims.of_user(_user_id_of(backend, claims.account))


def session_end(backend: Backend, claims: Claims) -> int:
    """When the session of a token of ours is over, however often it is renewed; seconds since 1970."""
    return claims.session_start + round(backend.session_days * DAY_SECONDS)


def renewed_token(backend: Backend, call: Call) -> str | None:
    """A new token of the same session, for a call whose own token is over; ``None`` when there is nothing to renew.

    Safe to give to whoever brings a good old one: start and id of the session stay, so what ended the session ends the new token too."""
    now_s = backend.clock.now_ms() // 1000
    if call.token is None or not backend.tokens.seems_over(call.token, now_s):
        return None
    try:
        claims = verified_claims(backend, call)
    except AppError:
        return None
    if claims.kind != "session":
        return None
    return backend.tokens.issue(claims.user_id, claims.session_id, now_s, backend.token_hours, began_at=claims.session_start)


def token_hash(token: str) -> str:
    """What is kept of an API key."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _user_id_of(backend: Backend, account: str) -> int:
    """The user of an e-mail address that another issuer has verified. Raises Unauthenticated."""
    key = guard_key(USERS.uid, "email", account)
    item = store_errors(lambda: backend.store.batch_get([key])).get(key)
    if item is None:
        raise Unauthenticated("There is no user with the e-mail address of this token.", code="NOT_EXIST_USER")
    return int(item["value"])


def signed_in(backend: Backend, reads: Reads, definitions: Definitions, call: Call) -> Caller:
    """The caller, with the reads that this takes. Raises Unauthenticated."""
    claims = verified_claims(backend, call)
    return reads.resolve(lambda: authenticate(reads, definitions, call, claims))


def authenticate(reads: Reads, definitions: Definitions, call: Call, claims: Claims) -> Caller:
    """The caller. Raises Unauthenticated, and Pending until its items are there."""
    user_key, proof = record_key(USERS.uid, claims.user_id), proof_of(claims)
    proofs = [] if proof is None else [_proof_key(proof)]
    reads.together(lambda: reads.item(EPOCH), lambda: reads.item(user_key), *[lambda key=key: reads.item(key) for key in proofs])
    item = reads.item(user_key)
    if item is None:
        raise Unauthenticated("The user of this token is no longer there. Please sign in again.", code="NOT_EXIST_USER")
    user = Record(USERS, item)
    if proof is not None:
        _check_proof(reads, proof, claims.user_id, call.token)
    if user.row["blocked"]:
        raise Unauthenticated(BLOCKED, code="BLOCKED_USER")
    if proof is not None and proof.kind != "apiKey" and proof.since < (user.row["tokensValidFrom"] or 0):
        raise Unauthenticated(OVER, code="INVALID_TOKEN")
    role_name = _role_name(user, claims.role or call.role)
    note(userId=claims.user_id)
    reads.origin = Origin(claims.user_id, role_name, claims.kind, call.request_id)
    return Caller(user, role_name, _roles(definitions, user, role_name), claims, reads)


def proof_of(claims: Claims) -> Proof | None:
    """What let the call in, as it may be taken back; ``None`` for somebody whom something else has let in, for this call only."""
    if isinstance(claims, Principal):
        return claims.proof
    return Proof(claims.kind, claims.session_id, claims.session_start)


def _proof_key(proof: Proof) -> Key:
    """The item that says whether the token still counts: the key itself, or the mark that a sign-out leaves."""
    if proof.kind == "apiKey" and proof.session_id.isdecimal():
        return record_key(API_KEYS.uid, int(proof.session_id))
    return revoked_key(proof.session_id)


def _check_proof(reads: Reads, proof: Proof, user_id: int, token: str | None) -> None:
    """Raises Unauthenticated for a removed key and a revoked session; without a token (the call runs later) the key itself is asked for.

    A key outlives a changed password (machines use it); it ends when it is removed, with its time, and with its user."""
    item = reads.item(_proof_key(proof))
    if proof.kind != "apiKey":
        if item is not None:
            raise Unauthenticated(OVER, code="BLOCKED_TOKEN")
        return
    if item is None:
        raise Unauthenticated(OVER, code="BLOCKED_TOKEN")
    kept = item.get("data") or {}
    is_the_token = token is None or hmac.compare_digest(str(kept.get("tokenHash")), token_hash(token))
    if kept.get("userId") != user_id or not is_the_token:
        raise Unauthenticated(OVER, code="INVALID_TOKEN")


def role_names(user: Record) -> list[str]:
    """The user's roles; the projection of the roles-users relation that the user item carries."""
    return [name for name in user.row["roles"] or [] if isinstance(name, str)]


def default_role(user: Record) -> str | None:
    """The role that a call without one acts in; ``None`` for a user without roles."""
    names, chosen = role_names(user), user.row["defaultRole"]
    return chosen if chosen in names else next(iter(names), None)


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
    return default_role(user) or names[0]


def _roles(definitions: Definitions, user: Record, role_name: str) -> list[Role]:
    if role_name == ROOT:
        return []
    wanted = role_names(user) if role_name == UNION else [role_name]
    roles = [role for role in map(definitions.role, wanted) if role is not None]
    if not roles:
        raise Unauthenticated(f'The role "{role_name}" is no longer there', code="ROLE_NOT_FOUND_ERR")
    return roles


def scope_filter(caller: Caller, granted: Permit, collection: Collection, definitions: Definitions) -> Filter:
    """The rows the permit reaches, associations looked up.

    Raises Forbidden for a scope that cannot be read here (a field that the collection does not have, a variable without a value): that
    is what the model answers to "own" without ``createdById``."""
    if granted.scope is None:
        return EVERYTHING

    def resolve(name: str) -> Collection:
        found = definitions.collection_now(name)
        if found is None:
            raise Forbidden(NO_PERMISSIONS)
        return found

    now_ms = caller.claims.verified_at * 1000
    try:
        raw = substitute(granted.scope, caller.variables() | date_variables(now_ms), path="scope")
        found = parse_filter(raw, collection, resolve, now_ms=now_ms)
        if not found.associations():
            return found
        unit = UnitOfWork(caller.reads, now="", make_id=lambda n: n, user_id=None)
        return UnitRecords(unit, definitions, now_ms=now_ms).filter(raw, collection)
    except Invalid:
        raise Forbidden(NO_PERMISSIONS) from None
