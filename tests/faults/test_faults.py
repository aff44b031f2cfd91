"""Whatever fails once, or twice, in the course of an asynchronous run: nothing is lost, nothing gets stuck, nothing is there twice."""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.world import SHAPES, WAYS, World, calls_of

SEED = int(os.environ.get("FAULTS_SEED", "5"))
PAIRS = int(os.environ.get("FAULTS_PAIRS", "100"))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_call_may_fail_in_every_way(shape: str) -> None:
    for number, kind in enumerate(calls_of(shape)):
        for way in WAYS[kind]:
            world = World(shape, {number: way})
            world.run()
            assert world.wrong() == [], f"call {number} ({kind}): {way}"


@pytest.mark.parametrize("shape", SHAPES)
def test_any_two_calls_may_fail(shape: str) -> None:
    length, dice = len(calls_of(shape)), random.Random(f"{SEED}/{shape}")
    print(f"{PAIRS} pairs with FAULTS_SEED={SEED}")
    for _ in range(PAIRS):
        plan = {number: dice.randrange(1_000) for number in dice.sample(range(length + 10), 2)}
        world = World(shape, plan)
        world.run()
        assert world.wrong() == [], plan
