"""Guessing passwords: ten wrong ones and the account rests, whoever it belongs to and whether or not it exists.

https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#login-throttling
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.keys import sign_in_key
from chalicelib.entrypoints.http_errors import answer_of
from chalicelib.errors import AppError, Invalid, TooManyAttempts, Unauthenticated
from chalicelib.services.call import Answer, Call
from tests.sessions import Session
from tests.stores import WatchedStore

ACCOUNT, PASSWORD = "root@example.com", "secret password"
MINUTES = 60


@pytest.fixture
def house() -> Session:
    return Session(WatchedStore(MemoryStore())).install()


def sign_in(house: Session, password: str = "wrong", account: str = ACCOUNT) -> Answer:
    return house.product.answer(Call("auth", "signIn", body={"account": account, "password": password}))


def fail(house: Session, times: int, account: str = ACCOUNT) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            sign_in(house, account=account)


def requests(house: Session, password: str, account: str = ACCOUNT) -> tuple[int, int]:
    """Reads and writes of one attempt."""
    store = house.store
    assert isinstance(store, WatchedStore)
    store.forget()
    with contextlib.suppress(AppError):
        sign_in(house, password, account)
    return len(store.reads), len(store.transactions)


@pytest.mark.parametrize("account", [ACCOUNT, "nobody"])
def test_after_ten_failures_even_the_right_password_is_refused(house: Session, account: str) -> None:
    fail(house, 10, account)
    for password in ("wrong", PASSWORD):
        with pytest.raises(TooManyAttempts) as refused:
            sign_in(house, password, account)
        answer = answer_of(refused.value)
        assert (answer.status, answer.headers) == (429, {"Retry-After": str(15 * MINUTES)})
        assert (answer.errors or [])[0]["code"] == "TOO_MANY_ATTEMPTS"


def test_nine_failures_are_forgiven_by_a_success(house: Session) -> None:
    for _ in range(3):
        fail(house, 9)
        assert sign_in(house, PASSWORD).data["token"]


def test_other_accounts_are_not_touched(house: Session) -> None:
    fail(house, 10, "nobody")
    assert sign_in(house, PASSWORD).data["token"]


def test_the_rest_ends_fifteen_minutes_after_the_first_failure(house: Session) -> None:
    fail(house, 1)
    house.clock.sleep(10 * MINUTES)
    fail(house, 9)
    with pytest.raises(TooManyAttempts) as refused:
        sign_in(house, PASSWORD)
    assert answer_of(refused.value).headers == {"Retry-After": str(5 * MINUTES)}
    house.clock.sleep(5 * MINUTES + 1)
    fail(house, 9)
    assert sign_in(house, PASSWORD).data["token"]


def test_failures_that_lie_apart_do_not_add_up(house: Session) -> None:
    for _ in range(3):
        fail(house, 9)
        house.clock.sleep(16 * MINUTES)
    assert sign_in(house, PASSWORD).data["token"]


def test_a_success_costs_the_two_reads_that_it_always_did(house: Session) -> None:
    assert requests(house, PASSWORD) == (2, 0)


def test_a_known_and_an_unknown_account_cost_the_same(house: Session) -> None:
    for _ in range(12):
        assert requests(house, "wrong") == requests(house, "wrong", "nobody")


def test_a_refusal_costs_one_read(house: Session) -> None:
    fail(house, 10)
    assert requests(house, PASSWORD) == (1, 0)


def test_no_failure_of_many_at_once_is_lost(house: Session) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: requests_of_one(house), range(8)))
    assert house.store.batch_get([KEY])[KEY]["failures"] == 8
    fail(house, 2)
    with pytest.raises(TooManyAttempts):
        sign_in(house, PASSWORD)


KEY = sign_in_key(ACCOUNT)


def requests_of_one(house: Session) -> None:
    with pytest.raises(Unauthenticated):
        sign_in(house.process())


def test_the_counter_goes_away_by_its_ttl_and_names_nobody(house: Session) -> None:
    fail(house, 1)
    item = house.store.batch_get([KEY])[KEY]
    assert item["ttl"] == house.clock.now_ms() // 1000 + 15 * MINUTES
    assert ACCOUNT not in str(item)


def test_what_is_no_attempt_is_not_counted(house: Session) -> None:
    for body in ({"account": ACCOUNT}, {"password": "x"}, {"account": 5, "password": "x"}):
        with pytest.raises(Invalid):
            house.product.answer(Call("auth", "signIn", body=body))
    assert house.store.batch_get([KEY]) == {}
