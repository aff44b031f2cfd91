"""API keys: tokens that stand for a user in one role until they are removed. Everybody has keys of their own, and sees no others.

A key is a signed token whose id is a record here; the token is told once, and only its hash is kept. The record is part of the one read
of every call, so a removed key is worth nothing at once, in every process. A key cannot make or remove keys.
Source: https://docs.nocobase.com/auth-verification/api-keys
"""

from __future__ import annotations

import re

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.record import Record
from chalicelib.domain.role import Permit
from chalicelib.domain.system_collections import API_KEYS
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.opened import Opened
from chalicelib.services.own import own
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.records import listed
from chalicelib.services.session import Caller, role_names, token_hash

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}
NEVER_SECONDS = 100 * SECONDS["y"]
DEFAULT_LIFE = "30d"
KNOWN = ("name", "role", "roleName", "expiresIn")
MOST_KEYS = 50  # so that a user can be removed with all keys in one transaction
ENDING = 6


class ApiKeys:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create(self, call: Call) -> Answer:
        """``{"name": "ci", "role": {"name": "member"} | "member", "expiresIn": "30d" | "never"}`` → ``{"token"}``, told this once."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            caller.must_be_in_person()
            name, role, life = _checked(call.values(), caller)
            if len(_keys_of(records, caller.id)) >= MOST_KEYS:
                raise Invalid(f"a user has at most {MOST_KEYS} API keys; remove one first", path="name", code="TOO_MANY_KEYS")
            now_s = self._backend.clock.now_ms() // 1000
            seconds = _seconds_of(life)
            values = {"name": name, "roleName": role, "expiresIn": life, "userId": caller.id}
            values["expiresAt"] = None if life == "never" else iso_text((now_s + seconds) * 1000)
            record = records.unit.create(API_KEYS, values)
            token = self._backend.tokens.issue(caller.id, str(record.id), now_s, seconds / 3600, role=role, kind="apiKey")
            records.unit.update(record, {"tokenHash": token_hash(token), "ending": token[-ENDING:]})
            return Answer({"token": token})

        return own(self._backend, call, act)

    def list_keys(self, call: Call) -> Answer:
        """The caller's own keys, without their tokens: ``name roleName expiresIn expiresAt ending createdAt``."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            opened = Opened(caller, API_KEYS, Permit(), caller.reads, records.definitions, None)
            opened.records = records
            return listed(opened, call, API_KEYS, records.plain_filter({"userId": caller.id}, API_KEYS))

        return own(self._backend, call, act)

    def destroy(self, call: Call) -> Answer:
        """How many keys were removed; another user's key is not there."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            caller.must_be_in_person()
            raw = call.target_keys
            keys = raw if isinstance(raw, list) else [] if raw in (None, "") else [raw]
            if not keys:
                raise Invalid("to do destroy action, filterByTk is required", path="filterByTk", code="FILTER_REQUIRED")
            found = records.unit.get_many(API_KEYS, dict.fromkeys(convert_id(API_KEYS, key) for key in keys))
            mine = [record for record in found if record and record.row["userId"] == caller.id]
            for record in mine:
                records.unit.destroy(record)
            return Answer(len(mine))

        return own(self._backend, call, act)


def _keys_of(records: PermittedRecords, user_id: int) -> list[Record]:
    return records.search(Search(API_KEYS, records.plain_filter({"userId": user_id}, API_KEYS))).records


def _checked(values: dict[str, Json], caller: Caller) -> tuple[str, str, str]:
    """Name, role and life of the key asked for. Raises Invalid with every mistake."""
    name, life = values.get("name"), values.get("expiresIn", DEFAULT_LIFE)
    role = values.get("role", values.get("roleName"))
    role = role.get("name") if isinstance(role, dict) else role
    problems = [
        Problem(f'"{other}" of an API key cannot be set; these can: {", ".join(KNOWN)}', other) for other in values.keys() - set(KNOWN)
    ]
    if not isinstance(name, str) or not name.strip() or len(name) > 255:
        problems.append(Problem("name must be a text of 1 to 255 characters", "name"))
    if not isinstance(role, str) or role not in role_names(caller.user):
        problems.append(Problem("role must be one of your roles: " + ", ".join(role_names(caller.user)), "role"))
    if not isinstance(life, str) or _seconds_of(life) == 0:
        problems.append(Problem('expiresIn must be "never", or a time such as "30d" (s, m, h, d, w, y), at most 100 years', "expiresIn"))
    if problems:
        raise Invalid.of(problems)
    return str(name), str(role), life


def _seconds_of(life: str) -> int:
    """How long a key lives; 0 for what is no time."""
    if life == "never":
        return NEVER_SECONDS
    found = re.fullmatch("([1-9][0-9]{0,9})([smhdwy])", life)
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    return seconds if seconds <= NEVER_SECONDS else 0
