"""A call on records whose caller is known and may do the action: what every such action starts with."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.domain.collection import Collection
from chalicelib.domain.role import Permit
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.reads import Reads
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.services import idempotency
from chalicelib.services.action_events import Bound
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import Caller


@dataclass
class Opened:
    """``collection`` is that of the URL, ``subject`` that of the records the action is about where it is another; ``bound``: what the call
    sets off."""

    caller: Caller
    collection: Collection
    permit: Permit
    reads: Reads
    definitions: Definitions
    replay: idempotency.Replay | None = None
    bound: Bound = field(default_factory=Bound)
    subject: Collection | None = None
    records: PermittedRecords = field(init=False)

    @property
    def unit(self) -> UnitOfWork:
        return self.records.unit
