"""Whatever is killed of the local stack, and whenever: every call is answered, every execution ends, every record is there once."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.kills import LEFT, TARGETS, Stack

KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("FAULTS_SEED", "5"))
LONGEST_SECONDS = 3.0


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path)
    try:
        stack.define()
        yield stack
    finally:
        stack.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_killed_at_any_moment_goes_on_and_nothing_happens_twice(stack: Stack) -> None:
    """Executions live on over several kills: nobody waits for them until the last one."""
    dice, done = random.Random(f"{SEED}/kills"), Counter[str]()
    for number in range(KILLS):
        stack.call_all(str(number))
        time.sleep(dice.uniform(0, LONGEST_SECONDS))
        (target,) = dice.choices([*TARGETS], [*TARGETS.values()])
        done[target] += stack.kill(target)
        stack.answer_all()
    stack.settle()
    print(f"killed: {dict(done)}, {len(stack.answered)} executions, FAULTS_SEED={SEED}")
    found = stack.executions()
    assert [one for one in found if one["status"] != 1] == []
    called = [f"{key}-{number}" for key in LEFT for number in range(KILLS)]
    assert sorted(stack.answered) == sorted(called)
    assert Counter(one["key"] for one in found) == dict.fromkeys(LEFT, KILLS) | {"child": KILLS}
    assert stack.notes() == Counter(f"{tag} {text}" for tag in called for text in LEFT[tag.partition("-")[0]])
