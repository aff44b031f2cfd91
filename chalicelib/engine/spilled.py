"""What a call that had no time to end a run leaves for the asynchronous walk of it.

The walk begins at the head, as every walk does. What was answered from outside is not asked for again: the answers are kept with the
queued execution, as many as have room; an effect whose answer has none is had again, under the same key. The timezone is the caller's, and
the ids of the first walk are those of the call's.
Source of the answer to the call: https://www.rfc-editor.org/rfc/rfc7240#section-4.1
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chalicelib.domain.ports import EffectFailed
from chalicelib.engine.execution import MOST_CONTEXT_BYTES
from chalicelib.errors import Json

MOST_KEPT_BYTES = 100 * 1024
SPARE_BYTES = 8 * 1024  # what else the document holds
UTC = "+00:00"

Answers = Mapping[str, Json | EffectFailed]


@dataclass(frozen=True)
class Spilled:
    """``seed`` and ``ids_ms`` are what the call's walk made its ids from; ``None`` when it did not walk."""

    answers: dict[str, Json | EffectFailed]
    timezone: str = UTC
    seed: str | None = None
    ids_ms: int | None = None

    @classmethod
    def of(cls, doc: Mapping[str, Json]) -> Spilled:
        """From an execution's document, whether it was spilled or not."""
        raw = doc.get("spilled") or {}
        answers = {key: answer_of(entry) for key, entry in (raw.get("effects") or {}).items()}
        return cls(answers, raw.get("timezone") or UTC, raw.get("seed"), raw.get("idsAt"))

    def to_doc(self, context: Json) -> dict[str, Json]:
        """For the document of an execution with this context; answers that have no room beside it are left out."""
        room = min(MOST_KEPT_BYTES, MOST_CONTEXT_BYTES - SPARE_BYTES - _size(context))
        kept: dict[str, Json] = {}
        for key, answer in self.answers.items():
            entry = entry_of(answer)
            size = _size({key: entry})
            if size <= room:
                kept[key] = entry
                room -= size
        return {"effects": kept, "timezone": self.timezone, "seed": self.seed, "idsAt": self.ids_ms}

    def unheard(self, execution_id: int, job_keys: Collection[str]) -> dict[str, Json | EffectFailed]:
        """The answers to effects of jobs that are not there yet; what has a job has had its answer."""
        done = {f"{execution_id}.{key}" for key in job_keys}
        return {key: answer for key, answer in self.answers.items() if key not in done}


def anew(raw: Json) -> dict[str, Json] | None:
    """What another execution of the same run starts with: its effects have keys of their own."""
    return None if raw is None else Spilled({}, raw.get("timezone") or UTC).to_doc(None)


def entry_of(answer: Json | EffectFailed) -> Json:
    """An answer as it is kept."""
    if isinstance(answer, EffectFailed):
        return {"failed": answer.result, "timedOut": answer.timed_out, "cutShort": answer.cut_short}
    return {"answer": answer}


def answer_of(entry: Mapping[str, Json]) -> Json | EffectFailed:
    """The answer of what `entry_of` made of it."""
    if "failed" not in entry:
        return entry["answer"]
    return EffectFailed(entry["failed"], bool(entry.get("timedOut")), bool(entry.get("cutShort")))


def _size(value: Json) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
