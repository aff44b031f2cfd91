"""The sweep: what has to move on though nobody calls: open executions, and the jobs on collections' records; and what nobody needs any
more: state machines, schedules.

Called over and over: every second by the local stack, every minute by a schedule on AWS. Each call is bounded by its deadline, a job
gets one slice in turn with the others, and one that cannot go on does not stop them. Two sweeps at once are harmless.
"""

from __future__ import annotations

from chalicelib.domain.machines import MachineRefused, ScheduleRefused
from chalicelib.domain.ports import Item
from chalicelib.engine.commit import store_errors
from chalicelib.errors import AppError
from chalicelib.observability import counted, logger
from chalicelib.services.backend import Backend
from chalicelib.services.collection_jobs import KINDS, CollectionJobs
from chalicelib.services.due_records import start_due_records
from chalicelib.services.later_runs import run_due
from chalicelib.services.machine_removal import remove_machines
from chalicelib.services.open_runs import OpenRuns
from chalicelib.services.reindexing import RESERVE_MS
from chalicelib.services.schedule_upkeep import keep_schedules


def sweep(backend: Backend, deadline_ms: int) -> int:
    """How many calls, records that are due, executions and slices of open jobs were moved on before ``deadline_ms`` (epoch milliseconds),
    less the reserve that a slice keeps. Executions get half of the time, at most.

    Raises Unavailable when the jobs cannot be read."""
    jobs = CollectionJobs(backend)
    done = _later_calls(backend, deadline_ms) + _due_records(backend, deadline_ms) + _moved_runs(backend, deadline_ms)
    while backend.clock.now_ms() <= deadline_ms - RESERVE_MS:
        moved = sum(_moved(jobs, item, deadline_ms) for item in store_errors(lambda: _due(jobs)))
        if not moved:
            break
        done += moved
    _without_old_machines(backend, deadline_ms)
    _with_schedules_in_step(backend, deadline_ms)
    counted("SweepDone")
    return done


def go_on(backend: Backend, deadline_ms: int) -> int:
    """How many open executions got a new attempt: all that have no machine that runs, for a place where machines do not outlive a restart.

    Raises Unavailable when they cannot be read."""
    return OpenRuns(backend, at_once=True).sweep(deadline_ms)


def _moved_runs(backend: Backend, deadline_ms: int) -> int:
    """What is wrong with executions must not keep jobs from ending."""
    now_ms = backend.clock.now_ms()
    try:
        return OpenRuns(backend).sweep(now_ms + (deadline_ms - now_ms) // 2)
    except AppError as error:
        logger.warning("open executions wait for the next sweep: %s", error)
        return 0


def _without_old_machines(backend: Backend, deadline_ms: int) -> None:
    try:
        store_errors(lambda: remove_machines(backend, deadline_ms))
    except (AppError, MachineRefused) as error:
        logger.warning("state machines that nobody needs stay for now: %s", error)


def _later_calls(backend: Backend, deadline_ms: int) -> int:
    try:
        return run_due(backend, deadline_ms)
    except AppError as error:
        logger.warning("scheduled calls wait for the next sweep: %s", error)
        return 0


def _due_records(backend: Backend, deadline_ms: int) -> int:
    """A third of the time, at most: what is started has to be moved on, too."""
    now_ms = backend.clock.now_ms()
    try:
        return start_due_records(backend, now_ms + (deadline_ms - now_ms) // 3)
    except AppError as error:
        logger.warning("what is due at dates of records waits for the next sweep: %s", error)
        return 0


def _with_schedules_in_step(backend: Backend, deadline_ms: int) -> None:
    try:
        store_errors(lambda: keep_schedules(backend, deadline_ms))
    except (AppError, ScheduleRefused) as error:
        logger.warning("schedules are not in step with their workflows for now: %s", error)


def _due(jobs: CollectionJobs) -> list[Item]:
    return [item for kind in KINDS for item in jobs.items(kind) if jobs.is_due(item)]


def _moved(jobs: CollectionJobs, item: Item, deadline_ms: int) -> bool:
    """Whether the job is somewhere else than before. A bug in one job must not keep the others from ending."""
    version, name = item["version"], item["data"]["name"]
    try:
        after = store_errors(lambda: jobs.advance(item, deadline_ms))
    except AppError as error:
        logger.warning('the job on the records of "%s" waits: %s', name, error)
        return False
    except Exception:
        logger.exception('the job on the records of "%s" cannot go on', name)
        return False
    return after is None or after["version"] != version
