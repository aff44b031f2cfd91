"""Links made while what they link is destroyed: whoever wins, no row is left that points to nothing.

On the database, since only there two transactions meet; the callers are threads with processes of their own.
"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.errors import AppError, Conflict, Invalid, NotFound
from tests.contract.test_races import at_once
from tests.sessions import Session

ROUNDS = range(6)
TITLE = {"name": "t", "type": "string"}


def pairs(name: str, target: str, key: str, other: str) -> dict[str, Any]:
    return {"name": name, "type": "belongsToMany", "target": target, "through": "padTags", "foreignKey": key, "otherKey": other}


@pytest.fixture(scope="module")
def session(dynamodb_store: DynamoStore) -> Session:
    made = Session(dynamodb_store, SystemClock()).install()
    made.call("collections:create", None, {"name": "tags", "fields": [TITLE]})
    made.call("collections:create", None, {"name": "notes", "fields": [TITLE]})
    notes = {"name": "notes", "type": "hasMany", "target": "notes", "foreignKey": "padId"}
    made.call("collections:create", None, {"name": "pads", "fields": [TITLE, notes, pairs("tags", "tags", "padId", "tagId")]})
    made.call("collections/tags/fields:create", None, pairs("pads", "pads", "tagId", "padId"))
    return made


def told(act: Any) -> Any:
    """The answer, or the error that a caller may get when it comes too late."""
    try:
        return act()
    except (NotFound, Invalid, Conflict) as refused:
        return refused


def dangling(session: Session) -> list[Any]:
    """Rows and foreign keys that point to a record that is not there."""
    there = {name: {row["id"] for row in session.call(f"{name}:list", paginate="false")} for name in ("pads", "tags")}
    rows = session.call("padTags:list", paginate="false")
    notes = [row for row in session.call("notes:list", paginate="false") if row["padId"] is not None]
    return [row for row in rows if row["padId"] not in there["pads"] or row["tagId"] not in there["tags"]] + [
        row for row in notes if row["padId"] not in there["pads"]
    ]


@pytest.mark.parametrize("number", ROUNDS)
@pytest.mark.parametrize("doomed", ["pads", "tags"])
@pytest.mark.parametrize("action", ["add", "set"])
def test_no_row_links_a_record_that_is_destroyed_meanwhile(session: Session, doomed: str, action: str, number: int) -> None:
    pad = session.call("pads:create", None, {"t": "p"})["id"]
    tags = [session.call("tags:create", None, {"t": "t"})["id"] for _ in range(4)]
    processes = [session.process() for _ in range(6)]

    def act(thread: int) -> Any:
        process = processes[thread]
        if thread == 0:
            return told(lambda: process.call(f"{doomed}:destroy", pad if doomed == "pads" else tags[0]))
        return told(lambda: process.call(f"pads/{pad}/tags:{action}", None, [tags[thread % 2]]))

    results = at_once(6, act)
    assert results[0] == 1 or isinstance(results[0], Conflict)
    assert dangling(session) == []


@pytest.mark.parametrize("number", ROUNDS)
def test_a_partner_that_points_back_or_is_made_with_its_owner_is_no_exception(session: Session, number: int) -> None:
    pad = session.call("pads:create", None, {"t": "p"})["id"]
    tag = session.call("tags:create", None, {"t": "t"})["id"]
    note = session.call("notes:create", None, {"t": "n"})["id"]
    processes = [session.process() for _ in range(5)]
    acts = [
        lambda process: process.call("pads:destroy", pad),
        lambda process: process.call("tags:destroy", tag),
        lambda process: process.call(f"pads/{pad}/notes:add", None, [note]),
        lambda process: process.call(f"pads/{pad}/notes:create", None, {"t": "made"}),
        lambda process: process.call("pads:create", None, {"t": "new", "tags": [tag]}),
    ]
    at_once(5, lambda thread: told(lambda: acts[thread](processes[thread])))
    assert dangling(session) == []


def test_many_who_link_one_record_do_not_refuse_each_other(session: Session) -> None:
    tag = session.call("tags:create", None, {"t": "wanted by all"})["id"]
    pads = [session.call("pads:create", None, {"t": "p"})["id"] for _ in range(16)]
    processes = [session.process() for _ in pads]
    results = at_once(16, lambda thread: told(lambda: processes[thread].call(f"pads/{pads[thread]}/tags:add", None, [tag])))
    assert not [result for result in results if isinstance(result, AppError)]
    assert {row["padId"] for row in session.call("padTags:list", filter={"tagId": tag}, paginate="false")} == set(pads)
    assert session.call("tags:get", tag)["t"] == "wanted by all"


def test_a_pair_that_is_linked_from_both_sides_at_once_is_one_row(session: Session) -> None:
    pad = session.call("pads:create", None, {"t": "p"})["id"]
    tag = session.call("tags:create", None, {"t": "t"})["id"]
    processes = [session.process() for _ in range(8)]
    sides = [f"pads/{pad}/tags:add", f"tags/{tag}/pads:add"]
    at_once(8, lambda thread: processes[thread].call(sides[thread % 2], None, [(tag, pad)[thread % 2]]))
    assert len(session.call("padTags:list", filter={"tagId": tag})) == 1
