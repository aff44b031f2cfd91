"""``runAt``: a call that starts workflows, made now and run once, later: kept as two items, its place in the order of times and itself.

Whoever calls is known and may, the workflows and the rows are there: that is checked now, and again when it runs, as the same user in the
same role (`later_runs`). Until then it may be seen and taken back by whom it belongs to, and by root.
Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import tzinfo
from itertools import islice

from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import later_call_key, later_key
from chalicelib.domain.moments import zone_of
from chalicelib.domain.ports import EXECUTIONS, Absent, Delete, Equals, Item, Key, Put, Update
from chalicelib.domain.query import parse_paging
from chalicelib.domain.recurrence import instant_of, zone_named
from chalicelib.engine.commit import Stale, commit, store_errors
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, Invalid, Json, NotFound, Problem, TooLarge
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend, Proof
from chalicelib.services.call import Answer, Call
from chalicelib.services.session import Caller, proof_of, signed_in

RUN_AT, ZONE = "runAt", "timezone"
LONGEST_WAIT_MS = 366 * 86_400_000
LATEST_MS = 86_400_000  # what could not run for so long is given up
MOST_BYTES = 350 * 1024
WAITING, RUNNING = "waiting", "running"
STATES = (WAITING, RUNNING, "done", "failed", "refused", "missed")
KEPT_SECONDS = 30 * 86_400
READ_AT_ONCE = 200


def is_for_later(call: Call) -> bool:
    """Whether the call says when it is to run."""
    return RUN_AT in call.params


def refuse_later(call: Call) -> None:
    """Raises Invalid for a call through an association that is to run later."""
    if is_for_later(call):
        raise Invalid("runAt is for the collection's own trigger: call it without the association", path=RUN_AT)


def run_at_ms(call: Call, now_ms: int) -> int:
    """When the call is to run, in epoch milliseconds. Raises Invalid."""
    found: list[Problem] = []
    zone = _zone(call, found)
    try:
        at_ms = instant_of(call.params[RUN_AT], zone)
        if at_ms <= now_ms:
            found.append(Problem(f"runAt lies in the past: it is {iso_text(now_ms)}", RUN_AT))
        elif at_ms > now_ms + LONGEST_WAIT_MS:
            found.append(Problem("runAt lies more than a year ahead", RUN_AT))
    except ValueError as wrong:
        found.append(Problem(str(wrong), RUN_AT))
    if found:
        raise Invalid.of(found)
    return at_ms


def _zone(call: Call, found: list[Problem]) -> tzinfo:
    """The zone that ``timezone`` names, else the caller's."""
    try:
        return zone_named(call.params[ZONE]) if ZONE in call.params else zone_of(call.timezone)
    except ValueError as wrong:
        found.append(Problem(str(wrong), ZONE))
        return zone_named(None)


class LaterCalls:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def keep(self, call: Call, caller: Caller, kept: Call) -> Answer:
        """202 with ``meta.scheduled``: ``{"id", "runAt"}``; ``call`` was checked just now, ``kept`` is what will run. A dry run keeps none.

        Raises Invalid, TooLarge, Replayed, Stale, Unavailable."""
        now_ms = self._backend.clock.now_ms()
        at_ms, call_id = run_at_ms(call, now_ms), fresh_id(now_ms)
        _check_lives_until(caller, at_ms)
        scheduled: dict[str, Json] = {"id": call_id, RUN_AT: iso_text(at_ms)}
        if call.dry_run:
            return Answer(meta={"executions": [], "scheduled": {RUN_AT: iso_text(at_ms)}, "dryRun": True}, has_data=False)
        answer = Answer(meta={"executions": [], "scheduled": scheduled}, status=202, has_data=False)
        writes = [*self._writes(caller, kept, call_id, at_ms), *idempotency.keep(call, caller, now_ms // 1000, answer)]
        commit(self._backend.store, self._backend.clock, writes, call.deadline_ms)
        return answer

    def _writes(self, caller: Caller, kept: Call, call_id: int, at_ms: int) -> list[Tagged]:
        doc = json.dumps(_doc_of(kept, caller.role_name), ensure_ascii=False)
        if len(doc.encode()) > MOST_BYTES:
            raise TooLarge(f"a call that runs later holds at most {MOST_BYTES} bytes", code="CALL_TOO_LARGE")
        place, own = later_key(iso_text(at_ms), call_id), later_call_key(caller.id, call_id)
        times = {"id": call_id, "userId": caller.id, "runAt": iso_text(at_ms)}
        item: Item = {"pk": own.pk, "sk": own.sk, **times, "createdAt": self._backend.now(), "state": WAITING, "doc": doc}
        proof = proof_of(caller.claims)
        item["proof"] = None if proof is None else asdict(proof)
        return [
            Tagged(Put(own.table, item, Absent()), "record"),
            Tagged(Put(place.table, {"pk": place.pk, "sk": place.sk, **times}, Absent()), "other"),
        ]

    def list_own(self, call: Call) -> Answer:
        """One's own scheduled calls, the newest first, by pages; with ``state`` only those. For root those of ``userId``."""
        state = call.params.get("state") or None
        if state is not None and state not in STATES:
            raise Invalid(f"state must be one of {', '.join(STATES)}", path="state")
        paging = parse_paging(*(call.params.get(name) for name in ("page", "pageSize", "paginate")))

        def act() -> Answer:
            owner = self._owner(call, self._caller(call))
            if not paging.paginate:
                return Answer([_shown(item) for item in self._of(owner, state)])
            found = list(islice(self._of(owner, state), paging.offset, paging.offset + paging.page_size + 1))
            meta: dict[str, Json] = {"hasNext": len(found) > paging.page_size, "page": paging.page, "pageSize": paging.page_size}
            return Answer([_shown(item) for item in found[: paging.page_size]], meta=meta)

        return store_errors(act)

    def _of(self, owner: int, state: Json) -> Iterator[Item]:
        """The user's calls in a state (``None``: in any), the newest first. Raises StoreUnavailable."""
        start = None
        while True:
            page = self._backend.store.query(EXECUTIONS, later_call_key(owner, 0).pk, forward=False, limit=READ_AT_ONCE, start=start)
            yield from (item for item in page.items if state in (None, item["state"]))
            start = page.next
            if start is None:
                return

    def destroy(self, call: Call) -> Answer:
        """1 when the call was taken back before it ran. Raises NotFound, Conflict when it has run."""

        def act() -> Answer:
            caller = self._caller(call)
            raw = call.target_key
            if raw is None or not re.fullmatch("[0-9]{1,16}", raw):
                raise Invalid("filterByTk must be the id of a scheduled call", path="filterByTk", code="INVALID_ID")
            own = later_call_key(self._owner(call, caller), int(raw))
            item = self._backend.store.batch_get([own]).get(own)
            if item is None:
                raise NotFound(f"there is no scheduled call {raw}", code="SCHEDULED_CALL_NOT_FOUND")
            self._take_back(item, call)
            return Answer(1)

        return store_errors(act)

    def _take_back(self, item: Item, call: Call) -> None:
        own, place = later_call_key(item["userId"], item["id"]), later_key(item["runAt"], item["id"])
        writes = [Tagged(Delete(own, Equals({"state": WAITING})), "record"), Tagged(Delete(place), "other")]
        try:
            commit(self._backend.store, self._backend.clock, writes, call.deadline_ms)
        except Stale:
            raise Conflict(f"the scheduled call {item['id']} has run, or is running", code="ALREADY_RUN") from None

    def _caller(self, call: Call) -> Caller:
        reads, definitions = self._backend.reading()
        return signed_in(self._backend, reads, definitions, call)

    def _owner(self, call: Call, caller: Caller) -> int:
        """Oneself; for root, whom ``userId`` names. Raises Invalid, and Forbidden for another's."""
        raw = call.params.get("userId")
        if raw in (None, "", str(caller.id)):
            return caller.id
        if not caller.is_root:
            caller.must_manage("users")
        if not isinstance(raw, str) or not re.fullmatch("[0-9]{1,16}", raw):
            raise Invalid("userId must be the id of a user", path="userId", code="INVALID_ID")
        return int(raw)


def begun(item: Item) -> Tagged:
    """The write that says that the call runs now, so that it is not taken back in the middle."""
    return Tagged(
        Update(later_call_key(item["userId"], item["id"]), set={"state": RUNNING}, condition=Equals({"state": item["state"]})), "other"
    )


def ended(item: Item, place: Item, state: str, result: Json, now_ms: int) -> list[Tagged]:
    """The writes that say how the call ended (``done``, ``failed``, ``refused``, ``missed``); kept for 30 days. ``place`` is where it
    stood among those that wait."""
    own, text = later_call_key(item["userId"], item["id"]), json.dumps(result, ensure_ascii=False)
    set_to: dict[str, Json] = {"state": state, "endedAt": iso_text(now_ms), "result": text, "ttl": now_ms // 1000 + KEPT_SECONDS}
    return [Tagged(Update(own, set=set_to, condition=Equals({"state": item["state"]})), "other"), gone(place)]


def gone(place: Item) -> Tagged:
    """The write that forgets a place."""
    return Tagged(Delete(Key(EXECUTIONS, place["pk"], place["sk"])), "other")


def postponed(place: Item, at_ms: int) -> list[Tagged]:
    """The writes that put what could not run now behind those whose time comes until ``at_ms``."""
    there = later_key(iso_text(at_ms), place["id"])
    item = place | {"pk": there.pk, "sk": there.sk}
    return [gone(place), Tagged(Put(there.table, item, Absent()), "other")]


def proof_in(item: Item) -> Proof | None:
    """What had let the call in when it was made."""
    kept = item["proof"]
    return None if kept is None else Proof(kept["kind"], kept["session_id"], int(kept["since"]))


def _check_lives_until(caller: Caller, at_ms: int) -> None:
    """Raises Invalid for a call of an API key whose own time is over before that of the call."""
    ends_s = caller.claims.expires_at
    if caller.claims.kind == "apiKey" and at_ms > ends_s * 1000:
        raise Invalid(f"runAt lies after the end of this API key, {iso_text(ends_s * 1000)}", path=RUN_AT)


def _doc_of(call: Call, role_name: str) -> dict[str, Json]:
    """The call as it is kept, without what says when."""
    params = {name: value for name, value in call.params.items() if name not in (RUN_AT, ZONE, "token")}
    names = ("resource", "action", "record_id", "association", "association_id", "body", "timezone", "if_match")
    return {name: getattr(call, name) for name in names} | {"params": params, "role": role_name}


def call_of(item: Item) -> Call:
    """The call that was kept; who makes it is still to be said."""
    return Call(**json.loads(item["doc"]))


def _shown(item: Item) -> dict[str, Json]:
    doc = json.loads(item["doc"])
    what = f"{doc['resource']}:{doc['action']}" + (f"/{doc['record_id']}" if doc["record_id"] else "")
    times = {name: item.get(name) for name in ("id", "userId", "runAt", "createdAt", "state", "endedAt")}
    result = json.loads(item["result"]) if item.get("result") else None
    return times | {"call": what, "params": doc["params"], "body": doc["body"], "result": result}
