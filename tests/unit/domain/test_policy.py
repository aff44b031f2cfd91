"""What a failure is called, which entry of a retry it meets, and how long the waits are (https://states-language.net/spec.html#errors)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.policy import Policy, names_of
from chalicelib.domain.status import ABORTED, CANCELED, ERROR, FAILED, REJECTED


def policy(*entries: dict[str, Any]) -> Policy:
    return Policy.of({"retry": list(entries)})


@pytest.mark.parametrize(
    ("status", "result", "names"),
    [
        (FAILED, None, {"*", "FAILED"}),
        (ERROR, {"message": "too large", "code": "RESULT_TOO_LARGE"}, {"*", "ERROR", "RESULT_TOO_LARGE"}),
        (ABORTED, {"code": "ECONNABORTED"}, {"*", "ABORTED", "TIMEOUT", "ECONNABORTED"}),
        (FAILED, {"status": 503, "code": "ERR_BAD_RESPONSE"}, {"*", "FAILED", "503", "5xx", "ERR_BAD_RESPONSE"}),
        (FAILED, {"status": 429}, {"*", "FAILED", "429", "4xx"}),
        (FAILED, {"status": -1, "executionId": 5}, {"*", "FAILED"}),
        (FAILED, {"status": True, "code": 7}, {"*", "FAILED"}),
        (REJECTED, [], {"*", "REJECTED"}),
        (CANCELED, "text", {"*", "CANCELED"}),
        (-100, None, {"*", "FAILED"}),
    ],
)
def test_a_failure_has_the_names_of_its_status_its_code_and_its_answer(status: int, result: Any, names: set[str]) -> None:
    assert names_of(status, result) == names


def test_what_is_not_given_is_as_in_the_states_language() -> None:
    entry = policy({"errors": ["*"]}).retries[0]
    assert (entry.attempts, entry.interval_s, entry.rate, entry.jitter) == (3, 1, 2, False)
    assert [entry.wait_ms(number, 0.5) for number in (1, 2, 3)] == [1_000, 2_000, 4_000]


def test_no_wait_is_longer_than_the_longest() -> None:
    entry = policy({"errors": ["*"], "intervalSeconds": 10, "backoffRate": 3, "maxDelaySeconds": 60}).retries[0]
    assert [entry.wait_ms(number, 1) for number in (1, 2, 3, 20)] == [10_000, 30_000, 60_000, 60_000]


def test_without_a_longest_wait_it_is_a_week() -> None:
    assert policy({"errors": ["*"], "backoffRate": 10}).retries[0].wait_ms(20, 1) == 604_800_000


@pytest.mark.parametrize(("chance", "wait_ms"), [(0.0, 0), (0.25, 500), (1.0, 2_000)])
def test_jitter_makes_any_part_of_a_wait(chance: float, wait_ms: int) -> None:
    assert policy({"errors": ["*"], "intervalSeconds": 2, "jitter": "FULL"}).retries[0].wait_ms(1, chance) == wait_ms


def test_the_first_entry_that_names_a_failure_counts() -> None:
    both = policy({"errors": ["5xx"], "maxAttempts": 2}, {"errors": ["*"], "maxAttempts": 1})
    assert both.entry_for(FAILED, {"status": 500}, [0, 0]) == 0
    assert both.entry_for(FAILED, {"status": 404}, [0, 0]) == 1


def test_an_entry_that_is_used_up_leaves_nothing_to_later_ones() -> None:
    both = policy({"errors": ["5xx"], "maxAttempts": 2}, {"errors": ["*"], "maxAttempts": 1})
    assert both.entry_for(FAILED, {"status": 500}, [2, 0]) is None
    assert both.entry_for(FAILED, {"status": 404}, [2, 0]) == 1


def test_an_entry_without_attempts_takes_a_failure_out() -> None:
    both = policy({"errors": ["404"], "maxAttempts": 0}, {"errors": ["*"]})
    assert both.entry_for(FAILED, {"status": 404}, [0, 0]) is None
    assert both.entry_for(FAILED, {"status": 500}, [0, 0]) == 1


def test_a_config_without_policies_has_none() -> None:
    assert Policy.of({"url": "https://example.com", "retry": None, "timeoutSeconds": None, "onError": None}) == Policy()


def test_the_time_is_kept_in_milliseconds() -> None:
    assert Policy.of({"timeoutSeconds": 2, "onError": "branch"}) == Policy((), 2_000, "branch")
