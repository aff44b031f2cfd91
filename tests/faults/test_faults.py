"""Whatever fails once, or twice, in the course of an asynchronous run: nothing is lost, nothing gets stuck, nothing is there twice."""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.memory import WAYS, calls_of, place, wrong_after
from tests.faults.shapes import FAILING, SHAPES
from tests.faults.trouble import pairs, singles
from tests.faults.world import World

SEED = int(os.environ.get("FAULTS_SEED", "5"))
PAIRS = int(os.environ.get("FAULTS_PAIRS", "100"))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_call_may_fail_in_every_way(shape: str) -> None:
    for plan in singles(calls_of(shape), WAYS):
        assert wrong_after(shape, plan) == [], plan


@pytest.mark.parametrize("shape", SHAPES)
def test_any_two_calls_may_fail(shape: str) -> None:
    print(f"{PAIRS} pairs with FAULTS_SEED={SEED}")
    for plan in pairs(calls_of(shape), PAIRS, random.Random(f"{SEED}/{shape}")):
        assert wrong_after(shape, plan) == [], plan


@pytest.mark.parametrize("shape", FAILING)
def test_a_failure_is_told_though_telling_it_fails_twice(shape: str) -> None:
    for plan in World(shape, place()).plans_of_two("notify", lambda: World(shape, place())):
        assert wrong_after(shape, plan) == [], plan
