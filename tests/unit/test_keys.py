"""Index texts sort like their values, and every address is one DynamoDB takes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import keys
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Key

NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)


@given(NUMBERS, NUMBERS)
def test_number_texts_sort_like_numbers(left: float, right: float) -> None:
    assert (keys.number_text(left) < keys.number_text(right)) == (left < right)
    assert (keys.number_text(left) == keys.number_text(right)) == (left == right)


@pytest.mark.parametrize("numbers", [(-10, -1.5, -1, 0, 0.1, 1, 2, 10), (-(2**53), 2**53 - 1)])
def test_number_texts_are_16_hexadecimal_digits(numbers: tuple[float, ...]) -> None:
    texts = [keys.number_text(number) for number in numbers]
    assert texts == sorted(texts)
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in texts)


def test_minus_zero_is_zero() -> None:
    assert keys.number_text(struct.unpack(">d", b"\x80" + bytes(7))[0]) == keys.number_text(0)


@given(st.integers(0, keys.MAX_SAFE_INTEGER), st.integers(0, keys.MAX_SAFE_INTEGER))
def test_id_texts_sort_like_ids(left: int, right: int) -> None:
    assert (keys.id_text(left) < keys.id_text(right)) == (left < right)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0" * 16), (91, "0000000000000091"), (2**53 - 1, "9007199254740991"), ("abc", "abc"), ("91", "91")]
)
def test_an_id_is_16_digits_or_its_own_text(value: int | str, text: str) -> None:
    assert keys.id_text(value) == text


@given(st.text(max_size=600), st.integers(0, 40))
def test_cut_text_is_the_longest_prefix_that_fits(text: str, size: int) -> None:
    cut = keys.cut_text(text, size)
    assert text.startswith(cut)
    assert len(cut.encode()) <= size
    assert cut == text or len(text[: len(cut) + 1].encode()) > size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ([1], None),
        ({"a": 1}, None),
        (True, "1"),
        (False, "0"),
        ("text", "text"),
        (1, keys.number_text(1)),
        (1.0, keys.number_text(1)),
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
        ("é" * 451, "é" * 450),
    ],
)
def test_index_texts(value: object, text: str | None) -> None:
    assert keys.index_text(value) == text


@given(st.integers(0, keys.MAX_SAFE_INTEGER), st.integers(1, 100))
def test_a_record_stays_in_one_of_its_collections_shards(record_id: int, shards: int) -> None:
    key = keys.record_key("uid", record_id, shards)
    assert key == keys.record_key("uid", record_id, shards)
    assert key.pk in {f"uid#{shard}" for shard in range(shards)}
    assert (key.table, key.sk) == (RECORDS, keys.id_text(record_id))


def test_one_shard_is_shard_zero() -> None:
    assert keys.record_key("uid", 91).pk == "uid#0"


def test_ids_spread_over_shards() -> None:
    assert {keys.record_key("uid", number, 8).pk for number in range(200)} == {f"uid#{shard}" for shard in range(8)}


@pytest.mark.parametrize(
    ("left", "right", "equal"), [(1, 1.0, True), ("a", "a", True), ("a", "A", False), (1, "1", False), (0, -0.0, True)]
)
def test_a_guard_is_shared_by_equal_values_only(left: object, right: object, equal: bool) -> None:
    assert (keys.guard_key("uid", "field", left) == keys.guard_key("uid", "field", right)) is equal


@given(st.text(max_size=3000))
def test_a_guard_fits_a_partition_key(value: str) -> None:
    assert len(keys.guard_key("uid", "field", value).pk.encode()) <= 2048


def test_special_items_have_fixed_addresses() -> None:
    assert Key(RECORDS, "epoch", "epoch") == keys.EPOCH
    assert keys.counter_key("wf", 12, 3) == Key(RECORDS, "stats#wf#03", "12")
    assert keys.execution_key(7) == Key(EXECUTIONS, "7", "execution")
    assert keys.revoked_key("session") == Key(EXECUTIONS, "revoked#session", "revoked")


def test_an_idempotency_key_hides_the_header_and_belongs_to_one_user() -> None:
    key = keys.idempotency_key(1, "x" * 5000)
    assert (key.table, key.sk, len(key.pk)) == (EXECUTIONS, "idem", len("idem#1#") + 64)
    assert key != keys.idempotency_key(2, "x" * 5000)
