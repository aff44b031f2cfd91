"""Which stages there are and how their stacks are called.

A stack's name begins the names of its functions, machines and schedules. A schedule's may have 64 characters, of which a version's id and
a hash take 30; so a stack's may have 34. Sources: https://aws.github.io/chalice/topics/stages.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-parameters.html
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STAGE = re.compile(r"[a-z][a-z0-9-]*")
STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
LONGEST_STACK = 34
APP = "stepbase"


class StageError(Exception):
    """A stage or stack that cannot be; the message says what would be right."""


def stages() -> dict[str, Any]:
    """The settings of the stages in ``.chalice/config.json``, by name."""
    found: dict[str, Any] = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    return found


def checked_stage(name: str) -> str:
    """The name. Raises StageError for one that is malformed, too long or not in ``.chalice/config.json``."""
    longest = LONGEST_STACK - len(APP) - 1
    if not STAGE.fullmatch(name) or len(name) > longest:
        raise StageError(
            f"STAGE={name!r} is no name of a stage: small letters, digits and '-', beginning with a letter, at most {longest} characters"
        )
    if name not in stages():
        known = ", ".join(sorted(stages()))
        raise StageError(f"there is no stage {name!r}: the stages are {known}; a new one is an entry of `stages` in .chalice/config.json")
    return name


def checked_stack(name: str) -> str:
    """The name. Raises StageError for one that CloudFormation refuses or that is too long for what is called after it."""
    if not STACK.fullmatch(name) or len(name) > LONGEST_STACK:
        allowed = f"letters, digits and '-', beginning with a letter, at most {LONGEST_STACK} characters"
        raise StageError(f"STACK={name!r} is no name of a stack: {allowed}")
    return name


def stack_of(stage: str) -> str:
    """The stack's name unless another is given: ``stepbase-dev``."""
    return f"{APP}-{stage}"
