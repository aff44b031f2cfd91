"""Every trigger type there is, in one literal list. Source: https://docs.nocobase.com/workflow/triggers"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.suggestions import did_you_mean
from chalicelib.errors import Problem
from chalicelib.triggers import action, collection, custom_action, message, request_interception, schedule
from chalicelib.triggers.base import TriggerType

TRIGGERS: tuple[TriggerType, ...] = (
    custom_action.TRIGGER,
    action.TRIGGER,
    request_interception.TRIGGER,
    collection.TRIGGER,
    message.TRIGGER,
    schedule.TRIGGER,
)

TRIGGER_TYPES: Mapping[str, TriggerType] = {trigger.name: trigger for trigger in TRIGGERS}


def unknown_trigger(name: str, path: str) -> Problem:
    """What to say about a type that is not in the registry."""
    meant = did_you_mean(name, TRIGGER_TYPES) or f"known are {', '.join(TRIGGER_TYPES)}"
    return Problem(f'Trigger type "{name}" is not registered; {meant}', path, "UNKNOWN_TRIGGER_TYPE")
