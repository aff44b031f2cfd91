"""What goes with a destroyed record, what is let go, and what holds it back; the same for every path that destroys."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import Delete, Update
from chalicelib.errors import Invalid, TooLarge
from tests.sessions import Session
from tests.stores import WatchedStore


def field(name: str, kind: str, target: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "target": target, **options}


TITLE = {"name": "t", "type": "string"}
TAGS = field("tags", "belongsToMany", "tags", through="padTags", foreignKey="padId", otherKey="tagId")
NOTES = field("notes", "hasMany", "notes", foreignKey="padId")
COVER = field("cover", "hasOne", "covers", foreignKey="padId")


def session_with(*fields: dict[str, Any], notes: list[dict[str, Any]] | None = None) -> Session:
    """Pads 1 and 2, tag 7, notes 11 and 12, cover 21 and note file 31; ``fields`` are the associations of the pads."""
    session = Session(WatchedStore(MemoryStore())).install()
    session.call("collections:create", None, {"name": "tags", "fields": [TITLE]})
    session.call("collections:create", None, {"name": "covers", "fields": [TITLE]})
    session.call("collections:create", None, {"name": "files", "fields": [TITLE]})
    session.call("collections:create", None, {"name": "notes", "fields": [TITLE]})
    session.call("collections:create", None, {"name": "pads", "fields": [TITLE, *fields]})
    for raw in notes or []:
        session.call("collections/notes/fields:create", None, raw)
    for name, ids in {"pads": (1, 2), "tags": (7,), "notes": (11, 12), "covers": (21,), "files": (31,)}.items():
        for number in ids:
            session.call(f"{name}:create", None, {"id": number, "t": f"{name} {number}"})
    return session


def rows(session: Session, collection: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.call(f"{collection}:list")
    return found


def problems(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in refused.value.problems()]


def test_rows_of_through_go_and_foreign_keys_are_emptied() -> None:
    session = session_with(TAGS, NOTES, COVER)
    session.call("pads:update", 1, {"tags": [7], "notes": [11], "cover": 21})
    session.call("pads:update", 2, {"tags": [7], "notes": [12]})
    assert session.call("pads:destroy", 1) == 1
    assert [(row["padId"], row["tagId"]) for row in rows(session, "padTags")] == [(2, 7)]
    assert {row["id"]: row["padId"] for row in rows(session, "notes")} == {11: None, 12: 2}
    assert rows(session, "covers")[0]["padId"] is None
    assert rows(session, "tags")[0]["id"] == 7


def test_all_of_it_is_one_transaction() -> None:
    session = session_with(TAGS, NOTES)
    session.call("pads:update", 1, {"tags": [7], "notes": [11]})
    store: Any = session.store
    before = len(store.transactions)
    session.call("pads:destroy", 1)
    (writes,) = store.transactions[before:]
    assert len([write for write in writes if isinstance(write, Delete)]) == 2
    assert len(writes) == 3


@pytest.mark.parametrize("path", ["record", "association", "node"])
def test_every_path_that_destroys_does_so(path: str) -> None:
    session = session_with(TAGS)
    session.call("collections:create", None, {"name": "shelves", "fields": [field("pads", "hasMany", "pads", foreignKey="shelfId")]})
    session.call("pads:update", 1, {"tags": [7]})
    session.call("shelves:create", None, {"id": 5, "pads": [1]})
    if path == "record":
        session.call("pads:destroy", 1)
    elif path == "association":
        session.call("shelves/5/pads:destroy", 1)
    else:
        session.workflow(
            "bin", [{"type": "destroy", "config": {"collection": "pads", "params": {"filter": {"id": "{{$context.data.id}}"}}}}], "pads"
        )
        session.trigger("pads", 1, "bin")
    assert [row["id"] for row in rows(session, "pads")] == [2]
    assert rows(session, "padTags") == []


def test_cascade_takes_partners_and_what_hangs_on_them() -> None:
    files = field("files", "hasMany", "files", foreignKey="noteId", onDelete="CASCADE")
    session = session_with(NOTES | {"onDelete": "CASCADE"}, notes=[files])
    session.call("pads:update", 1, {"notes": [11, 12]})
    session.call("notes:update", 12, {"files": [31]})
    session.call("pads:destroy", 1)
    assert (rows(session, "notes"), rows(session, "files")) == ([], [])


def test_a_circle_of_cascades_ends() -> None:
    session = session_with(field("below", "hasMany", "pads", foreignKey="aboveId", onDelete="CASCADE"))
    session.call("pads:update", 1, {"below": [2]})
    session.call("pads:update", 2, {"below": [1]})
    session.call("pads:destroy", 1)
    assert rows(session, "pads") == []


@pytest.mark.parametrize("rule", ["RESTRICT", "NO ACTION"])
def test_restrict_names_the_association_and_writes_nothing(rule: str) -> None:
    session = session_with(NOTES | {"onDelete": rule}, TAGS | {"onDelete": rule})
    session.call("pads:update", 1, {"notes": [11], "tags": [7]})
    with pytest.raises(Invalid, match="leads to notes 11") as refused:
        session.call("pads:destroy", 1)
    assert problems(refused) == [("notes", "RESTRICTED"), ("tags", "RESTRICTED")]
    assert len(rows(session, "pads")) == 2
    session.call("pads:update", 1, {"notes": [], "tags": []})
    assert session.call("pads:destroy", 1) == 1


def test_restrict_does_not_hold_what_goes_along() -> None:
    session = session_with(field("below", "hasMany", "pads", foreignKey="aboveId", onDelete="RESTRICT"))
    session.call("pads:update", 1, {"below": [2]})
    with pytest.raises(Invalid):
        session.call("pads:destroy", 1)
    assert session.call("pads:destroy", None, filterByTk=["1", "2"]) == 2


def test_the_other_side_may_say_what_happens() -> None:
    pad = field("pad", "belongsTo", "pads", foreignKey="padId", onDelete="CASCADE")
    session = session_with(NOTES)
    session.call("collections/notes/fields:create", None, pad)
    session.call("pads:update", 1, {"notes": [11]})
    session.call("pads:destroy", 1)
    assert [row["id"] for row in rows(session, "notes")] == [12]


def test_a_required_key_is_not_emptied() -> None:
    pad = field("pad", "belongsTo", "pads", foreignKey="padId", required=True)
    session = session_with(NOTES)
    session.call("pads:update", 1, {"notes": [11, 12]})
    session.call("collections/notes/fields:create", None, pad)
    with pytest.raises(Invalid, match="padId") as refused:
        session.call("pads:destroy", 1)
    assert problems(refused) == [("notes", "FOREIGN_KEY_REQUIRED")]
    assert session.call("pads:destroy", 2) == 1


def test_more_than_a_unit_holds_is_refused_whole() -> None:
    session = session_with(NOTES)
    session.call("pads:update", 1, {"notes": [{"t": f"n{n}"} for n in range(80)]}, updateAssociationValues="notes")
    for start in (0, 5):
        made = [session.call("notes:create", None, {"padId": 1, "t": "more"})["id"] for _ in range(5)]
        assert len(made) == 5, start
    with pytest.raises(TooLarge) as refused:
        session.call("pads:destroy", 1)
    assert refused.value.code == "TOO_MANY_WRITES"
    assert len(session.call("notes:list", filter={"padId": 1}, pageSize="200")) == 90


def test_a_key_or_collection_that_is_gone_holds_nothing() -> None:
    session = session_with(NOTES, TAGS)
    session.call("collections/notes/fields:destroy", "padId")
    session.call("collections:destroy", "padTags")
    assert session.call("pads:destroy", 1) == 1


def test_who_links_counts_so_that_a_destroy_in_between_looks_again() -> None:
    session = session_with(TAGS)
    session.call("pads:update", 1, {"t": "again"})
    session.call("pads/1/tags:add", 7)
    store: Any = session.store
    links = [write for write in store.transactions[-1] if isinstance(write, Update) and write.add == {"links": 1}]
    assert len(links) == 2
    assert {item["sk"][-1] for item in store.batch_get([write.key for write in links]).values() if item["links"] == 1} == {"1", "7"}
    assert session.call("pads:get", 1).keys().isdisjoint({"links"})
    assert session.call("tags:destroy", 7) == 1


@pytest.mark.parametrize("kind", [NOTES, COVER, TAGS, field("near", "belongsTo", "tags")])
def test_on_delete_is_one_of_four(kind: dict[str, Any]) -> None:
    session = session_with()
    with pytest.raises(Invalid, match="SET NULL, CASCADE, RESTRICT, NO ACTION") as refused:
        session.call("collections/pads/fields:create", None, kind | {"onDelete": "EXPLODE"})
    assert [problem.path for problem in refused.value.problems()] == ["onDelete"]
    made = session.call("collections/pads/fields:create", None, kind | {"onDelete": "RESTRICT"})
    assert made["onDelete"] == "RESTRICT"
    changed = session.call("collections/pads/fields:update", kind["name"], {"onDelete": "CASCADE"})
    assert changed["onDelete"] == "CASCADE"
