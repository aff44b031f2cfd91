"""State machines that nobody needs are removed, rarely; whatever may still be started or runs has its machine."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.services.backend import Backend, NoMachines
from chalicelib.services.machine_removal import MOST_REMOVED, remove_machines
from chalicelib.services.sweeping import sweep
from tests.machines import throttled
from tests.sessions import NOW_MS, PlainPasswords, Session

Json = Any
WAIT = {"type": "delay", "config": {"duration": 60, "unit": 1_000, "endStatus": 1}}
HOUR_S = 3_600


@pytest.fixture
def session() -> Session:
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    assert removed(made) == []  # the first hour begins
    return made


def removed(session: Session, after_seconds: float = HOUR_S + 1) -> list[str]:
    session.clock.sleep(after_seconds)
    return remove_machines(session.backend, session.clock.now_ms() + 60_000)


def enabled(session: Session, key: str = "slow") -> tuple[int, str]:
    """Version and machine of an enabled workflow."""
    before = set(session.machines.documents)
    version = session.workflow(key, [WAIT], None, sync=False)
    [name] = session.machines.documents.keys() - before
    return version, name


def test_that_of_an_enabled_version_stays_and_that_of_a_disabled_one_goes(session: Session) -> None:
    version, name = enabled(session)
    assert removed(session) == []
    session.call("workflows:update", version, {"enabled": False})
    assert removed(session) == [name]
    assert session.machines.documents == {}


def test_what_an_edit_left_behind_goes(session: Session) -> None:
    version, first = enabled(session)
    session.call(f"workflows/{version}/nodes:create", None, WAIT)
    assert removed(session) == [first]
    assert len(session.machines.documents) == 1


def test_that_of_a_version_with_an_open_execution_stays(session: Session) -> None:
    version, name = enabled(session)
    session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
    session.call("workflows:update", version, {"enabled": False})
    assert removed(session) == []
    session.machines.run(session.backend)
    assert removed(session) == [name]


def test_that_of_a_workflow_that_is_gone_goes(session: Session) -> None:
    version, name = enabled(session)
    session.call("workflows:destroy", version)
    assert removed(session) == [name]


def test_a_young_one_stays_since_its_workflow_may_be_about_to_be_enabled(session: Session) -> None:
    version, name = enabled(session)
    session.call("workflows:update", version, {"enabled": False})
    session.machines.made_ms[name] = session.clock.now_ms() + 1_000_000
    assert removed(session) == []
    assert removed(session) == [name]


def test_it_is_done_once_an_hour_whoever_sweeps(session: Session) -> None:
    version, _ = enabled(session)
    session.call("workflows:update", version, {"enabled": False})
    assert removed(session, 60) == []
    session.machines.asked.clear()
    assert len(removed(session)) == 1
    assert removed(session.process(), 0) == []
    assert [what for what, _ in session.machines.asked] == ["list", "remove"]


def test_machines_of_others_are_not_ours_to_remove(session: Session) -> None:
    others = ["prod-8192-0123456789ab", "dev-8192-short", "dev-2-8192-0123456789ab", "dev", "xdev-8192-0123456789ab"]
    session.machines.documents |= {name: {} for name in others}
    assert removed(session) == []
    assert set(others) == set(session.machines.documents)


def test_of_many_fifty_go_at_a_time(session: Session) -> None:
    session.machines.documents |= {f"dev-{number}-0123456789ab": {} for number in range(1, 121)}
    assert [len(removed(session)) for _ in range(4)] == [MOST_REMOVED, MOST_REMOVED, 20, 0]


def test_without_time_to_see_every_open_execution_nothing_goes(session: Session) -> None:
    session.machines.documents["dev-1-0123456789ab"] = {}
    session.clock.sleep(HOUR_S + 1)
    assert remove_machines(session.backend, session.clock.now_ms()) == []
    assert session.machines.documents


def test_one_that_was_removed_and_is_wanted_again_is_made_again(session: Session) -> None:
    version, name = enabled(session)
    session.call("workflows:update", version, {"enabled": False})
    assert removed(session) == [name]
    session.call("workflows:update", version, {"enabled": True})
    assert list(session.machines.documents) == [name]


def test_the_sweep_does_it_and_is_not_troubled_when_it_cannot(session: Session) -> None:
    version, name = enabled(session)
    session.call("workflows:update", version, {"enabled": False})
    session.clock.sleep(HOUR_S + 1)
    session.machines.failures.append(throttled)
    assert sweep(session.backend, session.clock.now_ms() + 60_000) == 0
    assert name in session.machines.documents
    session.clock.sleep(HOUR_S + 1)
    assert sweep(session.backend, session.clock.now_ms() + 60_000) == 0
    assert session.machines.documents == {}


def test_where_no_step_functions_are_set_up_there_is_nothing_to_remove(session: Session) -> None:
    backend = Backend(session.store, session.clock, session.backend.tokens, PlainPasswords(), machines=NoMachines())
    session.clock.sleep(HOUR_S + 1)
    assert remove_machines(backend, session.clock.now_ms() + 60_000) == []
