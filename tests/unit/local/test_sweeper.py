"""The local clock: every time is fired once, what was missed while nobody ran is not, and a silent database is asked again."""

from __future__ import annotations

import pytest

from chalicelib.entrypoints import functions
from chalicelib.errors import Unavailable
from local import sweeper
from local.sweeper import LATER_MS, MOST_BEHIND_MS, Times

START = 1_795_219_200_000


class Product:
    """Stands for the product's functions; ``fails`` is raised by the next call."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now_ms, self.spans, self.later = START, list[tuple[int, int]](), list[int]()
        self.fails: list[Exception] = []
        patch.setattr(functions, "fire_due", self.fire_due)
        patch.setattr(functions, "run_later", self.later.append)
        patch.setattr(sweeper, "_now_ms", lambda: self.now_ms)

    def fire_due(self, after_ms: int, until_ms: int) -> int:
        if self.fails:
            raise self.fails.pop()
        self.spans.append((after_ms - START, until_ms - START))
        return 0


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> Product:
    return Product(monkeypatch)


def fired_at(times: Times, product: Product, *after_ms: int) -> None:
    for one in after_ms:
        product.now_ms = START + one
        times.fire()


def test_one_span_follows_the_other_from_the_start_on(product: Product) -> None:
    fired_at(Times(START), product, 1_000, 2_500, 2_500)
    assert product.spans == [(0, 1_000), (1_000, 2_500), (2_500, 2_500)]
    assert product.later == [START + one + LATER_MS for one in (1_000, 2_500, 2_500)]


def test_what_a_silent_database_kept_from_firing_is_fired_later(product: Product) -> None:
    times = Times(START)
    product.fails.append(Unavailable("gone"))
    fired_at(times, product, 1_000, 2_000)
    assert product.spans == [(0, 2_000)]


def test_after_a_long_sleep_only_the_last_five_minutes_count(product: Product) -> None:
    fired_at(Times(START), product, 3_600_000)
    assert product.spans == [(3_600_000 - MOST_BEHIND_MS, 3_600_000)]


def test_a_bug_does_not_stop_the_clock(product: Product) -> None:
    times = Times(START)
    product.fails.append(RuntimeError("bug"))
    fired_at(times, product, 1_000, 2_000)
    assert product.spans == [(0, 2_000)]
