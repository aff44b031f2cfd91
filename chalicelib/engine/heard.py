"""What a transaction was answered from outside, until its jobs say it.

Records and jobs of a transaction are committed together, at its end. An answer that comes before is kept in an item of its own beside the
execution, so that a walk that begins again does not ask for it twice; with the commit of the jobs it goes.
Source of why a receiver may have to tell the same call by its key: https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress

from chalicelib.domain.keys import effect_key
from chalicelib.domain.ports import EXECUTIONS, Clock, Delete, EffectFailed, Item, Key, Put, Store, StoreUnavailable
from chalicelib.engine.commit import MOST_ITEMS, Stale, commit
from chalicelib.engine.spilled import answer_of, entry_of
from chalicelib.engine.stored_jobs import PART, doc_items, docs_of
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Json

FURTHER_TRY = re.compile(r"(?<=[\w-])~\d+$")  # a job's key ends with a node's, which has no such sign


class Heard:
    """The answers of one execution that no job holds yet; ``items`` as they were read."""

    def __init__(self, execution_id: int, items: Sequence[Item]) -> None:
        self._id = execution_id
        self.answers: dict[str, Json | EffectFailed] = {doc["place"]: answer_of(doc["entry"]) for doc in docs_of(items)}
        self._keys: dict[str, set[Key]] = {}
        for place in self.answers:
            own = effect_key(execution_id, place).sk
            mine = (item for item in items if item["sk"] == own or item["sk"].startswith(f"{own}{PART}"))
            self._keys[place] = {Key(EXECUTIONS, item["pk"], item["sk"]) for item in mine}

    def writes(self, place: str, answer: Json | EffectFailed) -> list[Tagged]:
        """The writes that keep the answer to the effect named ``place``. Raises TooLarge."""
        items = doc_items(effect_key(self._id, place), {"place": place, "entry": entry_of(answer)})
        self._keys[place] = {Key(EXECUTIONS, item["pk"], item["sk"]) for item in items}
        return [Tagged(Put(EXECUTIONS, item), "other") for item in items]

    def take_away(self, store: Store, clock: Clock, jobs: Collection[str] | None = None) -> None:
        """After the commit of these jobs, or of the last ones, those that they hold, best effort: what stays goes with the history."""
        held = [place for place in self._keys if jobs is None or self._job_of(place) in jobs]
        gone = [Tagged(Delete(key), "other") for place in held for key in self._keys.pop(place)]
        for start in range(0, len(gone), MOST_ITEMS):
            with suppress(AppError, Stale, StoreUnavailable):
                commit(store, clock, gone[start : start + MOST_ITEMS])

    def _job_of(self, place: str) -> str:
        """The key of the job in this execution that an effect belongs to, whichever try it was of."""
        return FURTHER_TRY.sub("", place.removeprefix(f"{self._id}."))
