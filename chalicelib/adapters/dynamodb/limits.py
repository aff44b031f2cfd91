"""Rules on a transaction that both stores keep themselves: emulators are more lenient than the service.

At most 100 actions, one per item, none empty. DynamoDB Local evaluates two actions on one item and takes an update without a change.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.ports import Key, TransactionRefused, Update, Write

MAX_WRITES = 100
PARTITION_KEY_BYTES = 2048
SORT_KEY_BYTES = 1024


def check_writes(writes: Sequence[Write]) -> None:
    """Raises TransactionRefused (``invalid``) for more than 100 writes, two of one item, or an update that changes nothing."""
    if len(writes) > MAX_WRITES:
        raise TransactionRefused(["invalid"] * len(writes), f"a transaction holds at most {MAX_WRITES} writes, not {len(writes)}")
    keys = [write.key for write in writes]
    if len(set(keys)) != len(keys):
        raise TransactionRefused(["invalid" if keys.count(key) > 1 else None for key in keys], "a transaction writes an item only once")
    if any(_is_empty(write) for write in writes):
        raise TransactionRefused(["invalid" if _is_empty(write) else None for write in writes], "an update must set or add something")


def _is_empty(write: Write) -> bool:
    return isinstance(write, Update) and not (write.set or write.add)


def can_exist(key: Key) -> bool:
    """Whether an item may have this key. One that may not (empty, too long) is simply not there; asking would fail the whole batch."""
    return _fits(key.pk, PARTITION_KEY_BYTES) and _fits(key.sk, SORT_KEY_BYTES)


def _fits(text: str, size_bytes: int) -> bool:
    if not text:
        return False
    return len(text) * 4 <= size_bytes or len(text.encode(errors="replace")) <= size_bytes
