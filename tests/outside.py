"""Stands in for what lies outside the database: answers by kind, and keeps what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.ports import EffectFailed


@dataclass
class FakeOutside:
    """``answers``: what each kind answers; ``{"fail": {...}, "timedOut"?: true}`` stands for an `EffectFailed` with that result, and
    ``{"each": [...]}`` for what is answered one after the other, the last for good.

    A kind that is not named fails: a test that sends something says so."""

    answers: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)

    def send(self, kind: str, payload: dict[str, Any], key: str) -> Any:
        self.sent.append((kind, payload, key))
        answer = self.answers.get(kind, {"fail": {"message": f"nothing outside answers to {kind}"}})
        if isinstance(answer, dict) and "each" in answer:
            before = sum(1 for other, _, _ in self.sent if other == kind) - 1
            answer = answer["each"][min(before, len(answer["each"]) - 1)]
        if isinstance(answer, dict) and "fail" in answer:
            raise EffectFailed(answer["fail"], timed_out=bool(answer.get("timedOut")))
        return answer


NOTHING_OUTSIDE = FakeOutside()
