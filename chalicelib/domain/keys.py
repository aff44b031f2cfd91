"""Order-preserving text for ids and index values, and the addresses of the special items.

DynamoDB compares string keys byte by byte (UTF-8), so a number becomes 16 hexadecimal digits that sort like the
number, an instant its fixed-width ISO text, and text is cut at 900 bytes (a sort key holds 1,024 at most) and
re-checked by the reader. Null is not written: an index is sparse.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import hashlib
import struct
import zlib

from chalicelib.domain.ports import EXECUTIONS, RECORDS, Key
from chalicelib.errors import Json

MAX_SAFE_INTEGER = 2**53 - 1
INDEX_TEXT_BYTES = 900
ID_TEXT_LENGTH = 255
COUNTER_SHARDS = 16

EPOCH = Key(RECORDS, "epoch", "epoch")


def number_text(value: float) -> str:
    """16 hex digits whose order is the order of the numbers: -1.5 < 0 < 2 < 10."""
    bits = int.from_bytes(struct.pack(">d", float(value) + 0.0), "big")
    bits = bits ^ 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else bits | 1 << 63
    return f"{bits:016x}"


def id_text(value: int | str) -> str:
    """The sort key of an id: 16 decimal digits for a number (0 … 2^53-1), the text itself otherwise."""
    return f"{value:016d}" if isinstance(value, int) else value


def cut_text(text: str, size: int = INDEX_TEXT_BYTES) -> str:
    """The longest prefix of ``text`` of at most ``size`` bytes of UTF-8."""
    encoded = text.encode()
    return text if len(encoded) <= size else encoded[:size].decode(errors="ignore")


def index_text(value: Json) -> str | None:
    """The index attribute for a field's value; ``None`` for null, empty text and what has no order."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return number_text(value)
    return cut_text(value) if isinstance(value, str) else None


def shard_of(id_as_text: str, shards: int) -> int:
    return 0 if shards == 1 else zlib.crc32(id_as_text.encode()) % shards


def record_key(uid: str, record_id: int | str, shards: int = 1) -> Key:
    text = id_text(record_id)
    return Key(RECORDS, f"{uid}#{shard_of(text, shards)}", text)


def guard_key(uid: str, field: str, value: Json) -> Key:
    """The item that holds a unique value. Long values are hashed: a partition key holds 2,048 bytes at most."""
    text = number_text(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
    if len(text.encode()) > INDEX_TEXT_BYTES:
        text = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    return Key(RECORDS, f"unique#{uid}#{field}#{text}", "guard")


def counter_key(workflow_key: str, version_id: int, shard: int) -> Key:
    return Key(RECORDS, f"stats#{workflow_key}#{shard:02d}", str(version_id))


def execution_key(execution_id: int) -> Key:
    return Key(EXECUTIONS, str(execution_id), "execution")


def effect_key(execution_id: int, place: str) -> Key:
    """What was answered from outside and has no job yet; ``place`` is the effect's key, with the number of a further try."""
    return Key(EXECUTIONS, str(execution_id), f"effect#{place}")


def job_key(execution_id: int, place: str) -> Key:
    """Of one job of an asynchronous execution; ``place`` is ``<location>#<node key>``."""
    return Key(EXECUTIONS, str(execution_id), f"job#{place}")


TOUCHED = "touched#"
SORT_KEY_BYTES = 1024


def touched_key(execution_id: int, name: str) -> Key:
    """Of the hint that an execution touched a record (``samples/91``). A name too long for a sort key is hashed."""
    sk = f"{TOUCHED}{name}"
    if len(sk.encode()) > SORT_KEY_BYTES:
        sk = f"{TOUCHED}sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    return Key(EXECUTIONS, str(execution_id), sk)


SLOT = "slot#"


def semaphore(workflow_key: str, text: str) -> str:
    """The partition of the slots that the executions of a workflow share whose key gives this text, and of those that wait for one."""
    encoded = text.encode(errors="replace")
    short = text if len(encoded) <= INDEX_TEXT_BYTES else f"sha256:{hashlib.sha256(encoded).hexdigest()}"
    return f"sem#{workflow_key}#{short}"


def slot_key(semaphore_name: str, number: int) -> Key:
    return Key(EXECUTIONS, semaphore_name, f"{SLOT}{number:03d}")


def place_key(semaphore_name: str, execution_id: int) -> Key:
    """Of an execution's place in the line; sorts after the slots, and by age."""
    return Key(EXECUTIONS, semaphore_name, f"wait#{id_text(execution_id)}")


def sign_in_key(account: str) -> Key:
    """Of the counter of failed sign-ins; hashed, since anybody may send a name of any length."""
    return Key(EXECUTIONS, f"signin#{hashlib.sha256(account.encode(errors='replace')).hexdigest()}", "signin")


def revoked_key(session_id: str) -> Key:
    return Key(EXECUTIONS, f"revoked#{session_id}", "revoked")


def message_key(message_id: str, workflow_key: str) -> Key:
    """Of the mark that a workflow has taken a message."""
    return Key(EXECUTIONS, f"message#{message_id}", workflow_key)


SCHEDULES = "schedules"


def schedule_key(workflow_key: str) -> Key:
    """Of the mark that a workflow with a schedule is enabled; all of them are one partition, so that a clock finds them."""
    return Key(RECORDS, SCHEDULES, workflow_key)


def fired_count_key(workflow_key: str) -> Key:
    """Of the counter of a workflow's firings, over all its versions."""
    return Key(RECORDS, f"fired#{workflow_key}", "count")


def firing_key(workflow_key: str, time: str) -> Key:
    """Of the mark that a workflow has started for a time."""
    return Key(EXECUTIONS, f"fired#{workflow_key}", time)


def record_firing_key(workflow_key: str, record_id: str, time: str) -> Key:
    """As `firing_key`, of a time that a record has; ``record_id`` as text."""
    return Key(EXECUTIONS, f"fired#{workflow_key}#{record_id}", time)


def due_partition(workflow_key: str, since: int, shard: int) -> str:
    """The partition of the times that records have for a workflow which has watched their dates since then."""
    return f"due#{workflow_key}#{since}#{shard}"


DUES = "dues"

LATER = "later"


def later_key(time: str, call_id: int) -> Key:
    """Of the place of a call that runs later: all of them are one partition, in the order of their times."""
    return Key(EXECUTIONS, LATER, f"{time}#{id_text(call_id)}")


def later_call_key(user_id: int, call_id: int) -> Key:
    """Of the call itself, among those of its user."""
    return Key(EXECUTIONS, f"later#{user_id}", id_text(call_id))


def audit_key(collection: str, record_id: int | str, entry_id: int, version: int) -> Key:
    """Of an entry on a write of a record: those of one record are one partition, in the order of their times."""
    return Key(EXECUTIONS, audited_record(collection, record_id), f"{id_text(entry_id)}#{version}")


def audited_record(collection: str, record_id: int | str) -> str:
    """The partition of the entries of a record; by the collection's name, so that they are found when both are gone."""
    return f"audit#{collection}#{record_id}"


def audited_collection(collection: str) -> str:
    """The partition of ``byWorkflow`` that holds the entries of a collection; no key of a workflow has a ``#``."""
    return f"audit#{collection}"


def audited_user(user_id: int) -> str:
    """The partition of ``byRecord`` that holds what a user has done; no name of a collection has a ``#``."""
    return f"audit#user#{user_id}"


def idempotency_key(user_id: int, header: str) -> Key:
    return Key(EXECUTIONS, f"idem#{user_id}#{hashlib.sha256(header.encode()).hexdigest()}", "idem")
