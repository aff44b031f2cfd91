"""``Idempotency-Key``: the same key and request answer as the first time, without a second effect.

The key's item is written in the same transaction as the effect, so there is no moment between the two. It lives for a day. A call
that runs several synchronous workflows commits each on its own: the item then names the executions first, and the answer last.
Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.keys import idempotency_key
from chalicelib.domain.ports import AbsentOrExpired, Equals, Item, Key, Put
from chalicelib.engine.reads import Reads
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Invalid, Unprocessable
from chalicelib.services.call import Answer, Call
from chalicelib.services.session import Caller

MOST_KEY_CHARACTERS = 255
MOST_ANSWER_BYTES = 350_000
# What decides by what is there is kept even when it wrote nothing: the second time something else may be there.
DECIDING = ("firstOrCreate", "updateOrCreate", "add", "set", "remove", "toggle")


@dataclass(frozen=True)
class Replay:
    """The item's state: ``answer`` when the call had ended, else ``executions`` (workflow key → id) that it had begun."""

    answer: Answer | None
    executions: dict[str, int]
    doc: str
    role_name: str
    records: list[int | str]

    def check_role(self, role_name: str) -> None:
        """An answer is for the role it was given to. Raises Unprocessable."""
        if role_name != self.role_name:
            raise Unprocessable("this Idempotency-Key was used in another role", code="IDEMPOTENCY_KEY_REUSED")


def request_hash(call: Call) -> str:
    """The call without what may change between two tries: token and deadline."""
    parts = [call.name, call.record_id, call.association, call.association_id, call.role, call.body]
    parts.append({name: value for name, value in call.params.items() if name != "token"})
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def key_of(call: Call, user_id: int) -> Key | None:
    """The key's item, ``None`` without the header. Raises Invalid for an empty or overlong key."""
    header = call.idempotency_key
    if header is None:
        return None
    if not 0 < len(header) <= MOST_KEY_CHARACTERS:
        raise Invalid(f"Idempotency-Key must have 1 to {MOST_KEY_CHARACTERS} characters", path="Idempotency-Key")
    return idempotency_key(user_id, header)


def replay(reads: Reads, call: Call, user_id: int, now_s: int) -> Replay | None:
    """What was kept for the call's key. Raises Unprocessable when it was kept for another request, and Pending."""
    key = key_of(call, user_id)
    item = reads.item(key) if key else None
    if item is None or item["ttl"] < now_s:
        return None
    doc = json.loads(item["doc"])
    if doc["hash"] != request_hash(call):
        raise Unprocessable("this Idempotency-Key was used for another request", code="IDEMPOTENCY_KEY_REUSED")
    kept = doc["answer"]
    headers = kept["headers"] | {"Idempotent-Replayed": "true"} if kept else {}
    answer = Answer(status=kept["status"], headers=headers, whole=kept["body"]) if kept else None
    return Replay(answer, doc["executions"], item["doc"], doc["role"], doc.get("records") or [])


def kept_answer(reads: Reads, call: Call, caller: Caller, now_s: int) -> Answer | None:
    """The answer that was kept for the call's key and the caller's role; ``None`` for a call that is to be done. Raises Unprocessable."""
    found = reads.resolve(lambda: replay(reads, call, caller.id, now_s))
    if found is None or found.answer is None:
        return None
    found.check_role(caller.role_name)
    return found.answer


def keep(
    call: Call,
    caller: Caller,
    now_s: int,
    answer: Answer | None,
    executions: Mapping[str, int] | None = None,
    before: str | None = None,
    records: Sequence[int | str] = (),
) -> list[Tagged]:
    """The write that keeps the answer (or, with ``None``, that the executions have begun, on these records); ``before``: the item's doc as
    last written."""
    key = key_of(call, caller.id)
    if key is None:
        return []
    kept = {"status": answer.status, "headers": answer.headers, "body": answer.body()} if answer else None
    begun = {"executions": dict(executions or {}), "records": list(records)}
    whole = {"hash": request_hash(call), "role": caller.role_name, "answer": kept, **begun}
    doc = json.dumps(whole, ensure_ascii=False)
    if len(doc.encode()) > MOST_ANSWER_BYTES:
        raise Invalid("the answer is too large to be kept for an Idempotency-Key; call without one", path="Idempotency-Key")
    item: Item = {"pk": key.pk, "sk": key.sk, "doc": doc, "ttl": now_s + call.kept_seconds}
    condition = Equals({"doc": before}) if before is not None else AbsentOrExpired(now_s)
    return [Tagged(Put(key.table, item, condition), "idempotency")]


def doc_of(kept: Sequence[Tagged]) -> str | None:
    """The doc that the write of `keep` leaves."""
    return next((tag.write.item["doc"] for tag in kept if isinstance(tag.write, Put)), None)
