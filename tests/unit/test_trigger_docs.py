"""docs/triggers.md says of each documented trigger type what its schema says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.triggers import action, collection, custom_action, message, request_interception, schedule
from chalicelib.triggers.base import TriggerType

PAGE = (Path(__file__).parents[2] / "docs/triggers.md").read_text()
DOCUMENTED = (custom_action.TRIGGER, action.TRIGGER, request_interception.TRIGGER, collection.TRIGGER, message.TRIGGER, schedule.TRIGGER)


def section(name: str) -> str:
    _, found = PAGE.split(f"\n## `{name}`\n")
    return found.split("\n## ")[0]


@pytest.mark.parametrize("trigger", DOCUMENTED, ids=lambda trigger: trigger.name)
def test_the_config_table_lists_the_properties_of_the_schema(trigger: TriggerType) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section(trigger.name), re.MULTILINE))
    assert list(rows) == list(trigger.schema["properties"])
    assert [name for name, kind in rows.items() if "required" in kind] == trigger.schema["required"]


@pytest.mark.parametrize("trigger", DOCUMENTED, ids=lambda trigger: trigger.name)
def test_context_outcomes_and_where_it_stands_are_told(trigger: TriggerType) -> None:
    assert "**Context:**" in section(trigger.name)
    assert f"](#{trigger.name})" in PAGE
