"""What is still to do after an execution has ended: tell of a failure, and see that its tasks, jobs and hints go when it goes.

The commit that ends the execution says what (`left_over`), and leaves it in the index of open ones. So the sweep finds it until all is
done, and whatever fails is tried again. Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-how-to.html
(each item expires by its own attribute)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.keys import execution_key, index_text
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Delete, Exists, Item, Key, Range, Table, Update
from chalicelib.domain.retention import TIMEOUT, is_announced, ttl_s
from chalicelib.domain.system_collections import WORKFLOW_MANUAL_TASKS as TASKS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import Stale, commit
from chalicelib.engine.execution import is_kept
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Json, TooLarge
from chalicelib.observability import logger
from chalicelib.services.announcing import announced
from chalicelib.services.backend import Backend

MOST_WRITES = 90


def left_over(
    backend: Backend, item: Item, workflow: Workflow | None, status: int, reason: str | None, *, decided: bool = False, walked: bool = False
) -> dict[str, Json]:
    """What the commit that ends an asynchronous execution sets besides: when it expires, whether it is to be told of, and that it stays
    in sight until that is done.

    ``decided``: an ``end`` node said so. ``walked``: it came to its end by itself; history of one that was ended is wanted whatever
    ``options.deleteExecutionOnStatus`` says."""
    if workflow is None:
        return {}
    options = workflow.options if walked and reason != TIMEOUT else workflow.options | {"deleteExecutionOnStatus": None}
    expires = ttl_s(options, item["id"], status, backend.clock.now_ms())
    tells = backend.announces and is_announced(options, status, reason, decided=decided)
    if expires is None and not tells:
        return {}
    return {"ttl": expires, "announce": tells or None, "open": item.get("open")}


def close(backend: Backend, item: Item, *, tells: bool = True) -> bool:
    """Do what is left; whether all of it is done. Without ``tells`` one that is to be told of stays for another time.

    A task, job or hint that has no room for its end stays, and the log says so. Raises Unavailable, Conflict."""
    if item.get("announce") and not (tells and announced(backend, item)):
        return False
    if not is_kept(item, epoch_ms_of(item.get("updatedAt") or item["createdAt"])):
        _remove(backend, item["id"])
    elif item.get("ttl") is not None and item.get("updatedAt") is not None:
        _expire(backend, item["id"], item["ttl"])
    _commit_all(backend, [Update(execution_key(item["id"]), set={"open": None, "announce": None}, condition=Exists())])
    return True


def tell(backend: Backend, execution_id: int) -> None:
    """Tell of an execution that has just ended, best effort: where this is not heard, the sweep tells."""
    if not backend.announces:
        return
    key = execution_key(execution_id)
    item = backend.store.batch_get([key]).get(key)
    if item is None or not item.get("announce") or not announced(backend, item):
        return
    closed = {"open": None} if item.get("ttl") is None else {}
    _commit_all(backend, [Update(key, set={"announce": None, **closed}, condition=Exists())])


def purge(backend: Backend, execution_id: int, deadline_ms: int | None = None) -> None:
    """Remove an execution that has ended, its jobs and hints first. People's tasks stay: whom one waited for sees that nobody does."""
    _commit_all(backend, [Delete(key) for key in _beside(backend, execution_id, tasks=False)], deadline_ms)
    _commit_all(backend, [Delete(execution_key(execution_id))], deadline_ms)


def _remove(backend: Backend, execution_id: int) -> None:
    _commit_all(backend, [Delete(key) for key in _beside(backend, execution_id)])


def _expire(backend: Backend, execution_id: int, expires_s: int) -> None:
    """Let tasks, jobs and hints go when the execution does."""
    lasting = [key for key, lasts in _beside(backend, execution_id).items() if lasts]
    _commit_all(backend, [_expiring(key, expires_s) for key in lasting])


def _expiring(key: Key, expires_s: int) -> Update:
    """Of a record the version is raised too, so that who has just read it does not write it back without its end."""
    return Update(key, set={"ttl": expires_s}, add={"version": 1} if key.table == RECORDS else {}, condition=Exists())


def _beside(backend: Backend, execution_id: int, *, tasks: bool = True) -> dict[Key, bool]:
    """What there is of the execution beside its own item, and whether that is yet to expire. People's ``tasks`` come first: they are looked
    for where a job asked somebody, and when the jobs are gone nobody would."""
    found: dict[Key, bool] = {}
    asks = False
    for item in _items(backend, EXECUTIONS, str(execution_id)):
        if item["sk"] != "execution":
            found[Key(EXECUTIONS, item["pk"], item["sk"])] = item.get("ttl") is None
            asks = asks or bool(item.get("asks"))
    return (_tasks(backend, execution_id) if asks and tasks else {}) | found


def _tasks(backend: Backend, execution_id: int) -> dict[Key, bool]:
    """Of the tasks that the execution gave to people, whether they are yet to expire."""
    place = index_text(execution_id)
    slot, keys = TASKS.fields["executionId"].slot, Range(low=place, high=place)
    found = _items(backend, RECORDS, TASKS.partitions[0], slot, keys)
    return {Key(RECORDS, item["pk"], item["sk"]): item.get("ttl") is None for item in found}


def _items(backend: Backend, table: Table, partition: str, index: str | None = None, keys: Range | None = None) -> Iterator[Item]:
    start = None
    while True:
        page = backend.store.query(table, partition, index=index, keys=keys, start=start)
        yield from page.items
        start = page.next
        if start is None:
            return


def _commit_all(backend: Backend, writes: Sequence[Update | Delete], deadline_ms: int | None = None) -> None:
    """So many at a time, and one by one where that is refused: together they may be too large. What has gone meanwhile needs nothing any
    more. An update that the database will never take is left out, and told of in the log. Raises TooLarge for any other such write."""
    for start in range(0, len(writes), MOST_WRITES):
        some = writes[start : start + MOST_WRITES]
        try:
            commit(backend.store, backend.clock, [Tagged(write, "other") for write in some], deadline_ms)
        except (Stale, TooLarge) as refused:
            if len(some) == 1 and isinstance(refused, TooLarge):
                _leave_out(some[0], refused)
            for write in some if len(some) > 1 else ():
                _commit_all(backend, [write], deadline_ms)


def _leave_out(write: Update | Delete, refused: TooLarge) -> None:
    """Raises the refusal again for a delete: what it was to remove comes before what names it."""
    if isinstance(write, Delete):
        raise refused
    logger.error("an item of %s could not be written and stays as it is: %s %s", write.key.table, write.key.pk, write.key.sk)
