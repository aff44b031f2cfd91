"""The same on the wire of DynamoDB Local, Step Functions and SNS, where answers are cut short, come twice, or never."""

from __future__ import annotations

import logging
import os
import random
from itertools import islice
from types import SimpleNamespace

import botocore.endpoint
import pytest
from botocore.useragent import UserAgentString

from chalicelib.adapters import stepfunctions
from tests.faults.shapes import FAILING, SHAPES
from tests.faults.trouble import pairs, singles
from tests.faults.wire import WAYS, Line
from tests.faults.world import World

SEED = int(os.environ.get("FAULTS_SEED", "5"))
PLANS = int(os.environ.get("FAULTS_WIRE", "0"))
# In CI: what waits or branches, and what was added to these since.
OFTEN, SELDOM = 100, 15
SELDOM_SHAPES = {"transaction", "limit", *FAILING}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits up to seconds between attempts, and so does who makes a machine; nothing here depends on how long. Of the warnings
    that were asked for none is printed. How each request names the client is put together anew every time, a seventh of what it costs."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr(stepfunctions, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(UserAgentString, "to_string", lambda _: "tests")


@pytest.fixture(scope="module")
def line(dynamodb_endpoint: str, dynamodb_tables: tuple[str, str], harmless_aws: None) -> Line:
    return Line(dynamodb_endpoint, dynamodb_tables)


@pytest.mark.parametrize("shape", SHAPES)
def test_on_the_wire_any_one_or_two_calls_may_fail(line: Line, shape: str) -> None:
    """Half of the plans befall one call, if there are as many; the others two."""
    untroubled, dice = World(shape, line.place()), random.Random(f"{SEED}/{shape}/wire")
    assert untroubled.wrong_after({}) == []
    kinds, number = untroubled.place.trouble.kinds, PLANS or (SELDOM if shape in SELDOM_SHAPES else OFTEN)
    alone = singles(kinds, WAYS)
    chosen = dice.sample(alone, min(len(alone), number // 2))
    print(f"{shape}: {len(kinds)} calls, {len(chosen)} of {len(alone)} single faults, {number - len(chosen)} pairs, FAULTS_SEED={SEED}")
    for plan in [*chosen, *islice(pairs(kinds, number, dice), number - len(chosen))]:
        assert World(shape, line.place()).wrong_after(plan) == [], plan


@pytest.mark.parametrize("shape", FAILING)
def test_on_the_wire_a_failure_is_told_though_telling_it_fails_twice(line: Line, shape: str) -> None:
    plans = list(World(shape, line.place()).plans_of_two("notify", lambda: World(shape, line.place())))
    dice = random.Random(f"{SEED}/{shape}/twice")
    for plan in dice.sample(plans, min(len(plans), max(8, PLANS // 10))):
        assert World(shape, line.place()).wrong_after(plan) == [], plan
