"""The unit of work: every record write of a run, collected, visible to the run, and committed in one TransactWriteItems.

Writes to one record merge (create then update is one Put, create then destroy is nothing, destroy then create is a Put under the
old version). A savepoint is a copy of the small map of staged records, so dropping what a failed node wrote costs nothing.
Source of the limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.keys import record_key
from chalicelib.domain.ports import Absent, Check, Condition, Delete, Equals, Exists, Key, Put, Update, Write
from chalicelib.domain.record import Record, Row, changed_record, new_record
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.auditing import audit_writes, check_number
from chalicelib.engine.due import due_writes
from chalicelib.engine.guards import guard_writes
from chalicelib.engine.reads import Reads
from chalicelib.engine.touched import hints_of_writes, note_hinted, with_actor
from chalicelib.errors import Invalid, Json, Taken, TooLarge

if TYPE_CHECKING:
    from chalicelib.engine.execution import Execution

Protect = Callable[[str], str]

MOST_WRITES = 90
MOST_BYTES = 4_000_000


@dataclass(frozen=True)
class Staged:
    """One record's change: ``before`` as read (``None``: was not there), ``after`` as it will be (``None``: will not be there); ``by``: the
    executions that made it."""

    collection: Collection
    before: Record | None
    after: Record | None
    by: tuple[Execution, ...] = attribute(default=(), compare=False)


@dataclass(frozen=True)
class Tagged:
    """A write and its purpose: ``record check guard audit execution idempotency definition hint other``; a guard has its field and value,
    and where the value stands in what was sent (``path``)."""

    write: Write
    purpose: str
    field: Field | None = None
    value: Json = None
    path: str = ""


class Change(NamedTuple):
    """One write as a record event sees it: ``before`` is ``None`` for a new record, ``after`` for one that is destroyed."""

    before: Record | None
    after: Record | None


class Savepoint(NamedTuple):
    """What a unit has staged at a moment: record writes, changes whose events are still to be told, executions that wait."""

    staged: dict[Key, Staged]
    changes: tuple[Change, ...]
    queued: tuple[Execution, ...]


class UnitOfWork:
    """Staged writes over what the request has read. ``make_id(n)`` gives the n-th new id of this unit, ``protect`` hashes a password."""

    def __init__(
        self, reads: Reads, *, now: str, make_id: Callable[[int], int], user_id: int | None, protect: Protect | None = None
    ) -> None:
        self.reads = reads
        self._now = now
        self._make_id = make_id
        self._user_id = user_id
        self._protect = protect
        self._ids_made = 0
        self.staged: dict[Key, Staged] = {}
        self.changes: tuple[Change, ...] = ()
        self.places: dict[Key, str] = {}  # where the values of a record stand in what was sent: "", "sequel."
        self.queued: tuple[Execution, ...] = ()
        self.ran: list[Execution] = []
        self.acting: Execution | None = None  # whose nodes run now
        self.serializable = False
        self.bound: Callable[[str], list[Workflow]] = lambda collection: []  # the enabled workflows that wait for a collection's events
        self._read_by_key: dict[Key, None] = {}
        self._context: dict[Key, int] = {}
        self._linked: dict[Key, None] = {}

    def get(self, collection: Collection, record_id: int | str) -> Record | None:
        return self.get_many(collection, [record_id])[0]

    def get_many(self, collection: Collection, ids: Iterable[int | str]) -> list[Record | None]:
        """The records as this unit sees them, in the order of the ids; unknown ones are read at once."""
        keys = [record_key(collection.uid, record_id, collection.shards) for record_id in ids]
        self.reads.load(key for key in keys if key not in self.staged)
        self._read_by_key.update(dict.fromkeys(keys))
        return [self._seen(collection, key) for key in keys]

    def _seen(self, collection: Collection, key: Key) -> Record | None:
        if key in self.staged:
            return self.staged[key].after
        return self._base(collection, key)

    def _base(self, collection: Collection, key: Key) -> Record | None:
        item = self.reads.items.get(key)
        return Record(collection, item) if item else None

    def staged_in(self, collection: Collection) -> list[Staged]:
        """What is staged for a collection, for reads by filter."""
        return [staged for staged in self.staged.values() if staged.collection.uid == collection.uid]

    def create(self, collection: Collection, values: Row) -> Record:
        """Stage a new record; ``values`` are checked already. Raises Taken (its id), TooLarge."""
        record_id = values.get("id")
        given = record_id is not None
        if record_id is None:
            record_id = self._free_id(collection)
        key = record_key(collection.uid, record_id, collection.shards)
        if given:
            self.reads.load([key] if key not in self.staged else [])
            if self._seen(collection, key) is not None:
                raise Taken(f'id {record_id} is already taken in collection "{collection.name}"')
        fields = {name: value for name, value in values.items() if name != "id"}
        before = self.staged[key].before if key in self.staged else self._base(collection, key)
        version = before.version + 1 if before else 1
        record = new_record(collection, record_id, fields, self._now, self._user_id, version)
        self._stage(collection, key, before, record)
        self._changed(None, record)
        return record

    def protected(self, collection: Collection, values: Row) -> Row:
        """The values with every password hashed; those of system collections come hashed from their own actions. Raises Invalid."""
        secret = [name for name in values if values[name] is not None and collection.fields[name].type == "password"]
        if not secret or collection.system:
            return values
        if self._protect is None:
            raise Invalid(f'"{secret[0]}" cannot be written here', path=secret[0])
        return values | {name: self._protect(values[name]) for name in secret}

    def next_number(self) -> int:
        """A new id of this unit."""
        self._ids_made += 1
        return self._make_id(self._ids_made)

    def _free_id(self, collection: Collection) -> int | str:
        """A new id, none that this unit knows a record by: that one would be written over, not refused."""
        while True:
            number = self.next_number()
            made = number if collection.id_type == "integer" else f"{number:016d}"
            key = record_key(collection.uid, made, collection.shards)
            if key not in self.staged and self.reads.items.get(key) is None:
                return made

    def update(self, record: Record, values: Row) -> Record:
        """Stage a change. Raises TooLarge."""
        staged = self.staged.get(record.key)
        before = staged.before if staged else record
        changed = changed_record(record, values, self._now, self._user_id)
        changed = Record(changed.collection, changed.item | {"version": before.version + 1 if before else 1})
        self._stage(record.collection, record.key, before, changed)
        self._changed(record, changed)
        return changed

    def destroy(self, record: Record) -> None:
        staged = self.staged.get(record.key)
        self._stage(record.collection, record.key, staged.before if staged else record, None)
        self._changed(record, None)

    def _changed(self, before: Record | None, after: Record | None) -> None:
        """Note the change for the collection's workflows; what the system keeps for itself sets off none."""
        record = after or before
        if record is not None and not record.collection.system:
            self.changes += (Change(before, after),)

    def _stage(self, collection: Collection, key: Key, before: Record | None, after: Record | None) -> None:
        by = with_actor(self.staged[key].by if key in self.staged else (), self.acting)
        self.staged = self.staged | {key: Staged(collection, before, after, by)}
        count = sum(1 for staged in self.staged.values() if staged.before or staged.after)
        if count > MOST_WRITES:
            raise TooLarge(f"a run may write at most {MOST_WRITES} records; this would be number {count}", code="TOO_MANY_WRITES")
        size = sum(staged.after.size_bytes for staged in self.staged.values() if staged.after) if count > 1 else 0
        if size > MOST_BYTES:
            raise TooLarge(f"a run may write at most {MOST_BYTES} bytes of records; this would be {size}", code="UNIT_TOO_LARGE")

    def savepoint(self) -> Savepoint:
        """What is staged now; give it to `rollback` to return here."""
        return Savepoint(self.staged, self.changes, self.queued)

    def rollback(self, savepoint: Savepoint) -> None:
        """Drop what was staged since; the history of executions that ran meanwhile (``ran``) stays."""
        self.staged, self.changes, self.queued = savepoint

    def guard(self, records: Iterable[Record]) -> None:
        """Context rows: when the unit writes anything, they must be unchanged at the commit."""
        for record in records:
            self._context[record.key] = record.version

    def link(self, record: Record) -> None:
        """A row that is written points to the record: it must be there at the commit, and who removes it meanwhile has to look again.

        Counted beside the version, so that two who link the same record do not refuse each other."""
        self._linked[record.key] = None

    def writes(self) -> list[Tagged]:
        """The transaction's writes for what is staged. Raises Invalid when two staged records hold one unique value, TooLarge."""
        tagged = [Tagged(write, "record") for write in map(_record_write, self.staged.items()) if write]
        tagged += [Tagged(one.write, "guard", *one[1:]) for one in guard_writes(self.staged, self.places)]
        tagged += [Tagged(write, "other") for write in due_writes(self.staged.values(), self.bound, self._now)]
        if tagged:
            tagged += [Tagged(check, "check") for check in self._checks()]
        audits = audit_writes(self.staged.values(), self.reads.origin, self._now, MOST_BYTES)
        check_number(len(tagged), audits, MOST_WRITES)
        tagged += [Tagged(put, "audit") for put in audits]
        return tagged + [Tagged(put, "hint") for put in hints_of_writes(self.staged.values(), self._now)]

    def _checks(self) -> list[Write]:
        """Conditions on what was read and not written: the context rows; in a serializable unit every row that was read by its key; and
        the count of links of what was linked."""
        versions: dict[Key, int | None] = dict(self._context)
        if self.serializable:
            versions |= {key: item["version"] if (item := self.reads.items.get(key)) else None for key in self._read_by_key}
        wanted: dict[Key, Condition] = {}
        for key, version in versions.items():
            wanted[key] = Absent() if version is None else Equals({"version": version})
        checks: list[Write] = [Check(key, condition) for key, condition in wanted.items() if key not in self._linked]
        checks += [Update(key, add={"links": 1}, condition=wanted.get(key, Exists())) for key in self._linked]
        return [write for write in checks if write.key not in self.staged]

    def committed(self) -> None:
        """After the commit: what was staged is what the database holds."""
        note_hinted(self.staged.values())
        for key, staged in self.staged.items():
            self.reads.items[key] = staged.after.item if staged.after else None
        for key in self._linked.keys() - self.staged.keys():
            item = self.reads.items.get(key)
            self.reads.items[key] = item and item | {"links": (item.get("links") or 0) + 1}
        self.staged, self.changes, self.queued, self.ran, self._linked, self.places = {}, (), (), [], {}, {}


def _record_write(entry: tuple[Key, Staged]) -> Write | None:
    key, staged = entry
    if staged.after:
        return Put("records", staged.after.item, Equals({"version": staged.before.version}) if staged.before else Absent())
    # A link that was made since the record was read is not among what goes with it.
    return Delete(key, Equals({"version": staged.before.version, "links": staged.before.item.get("links")})) if staged.before else None
