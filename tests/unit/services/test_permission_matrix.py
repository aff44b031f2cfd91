"""Nothing leaks: every role against every record and field, read, listed, filtered, sorted, expanded, written and created.

What should happen is said a second time here, by plain functions over plain rows (``Rule``), written from the documentation of roles
(https://docs.nocobase.com/users-permissions/acl/role) and not from the code under test.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Forbidden, Invalid
from chalicelib.services import installation
from chalicelib.services.call import Answer, Call
from tests.sessions import Session

Json = Any
Row = dict[str, Any]
Reach = Callable[[Row, int], bool]

ALICE, BOB = 2, 3
SYSTEM = {"id", "createdAt", "createdById", "updatedAt", "updatedById"}
OWN_FIELDS = ("title", "amount", "secret", "stage", "categoryId")
FIELDS = (*OWN_FIELDS, "createdById")
CATEGORIES: dict[int, Row] = {
    1: {"id": 1, "title": "Open", "code": "c-open", "createdById": ALICE},
    2: {"id": 2, "title": "Closed", "code": "c-closed", "createdById": BOB},
}
DEALS: dict[int, Row] = {
    number: {
        "id": number,
        "title": f"deal {number}",
        "amount": number * 10,
        "secret": f"secret {number}",
        "stage": "won" if number % 2 else "lost",
        "categoryId": 1 if number in (1, 2, 4) else 2,
        "createdById": ALICE if number <= 3 else BOB,
    }
    for number in range(1, 7)
}


def everything(row: Row, user: int) -> bool:
    return True


def own(row: Row, user: int) -> bool:
    return bool(row["createdById"] == user)


def small(row: Row, user: int) -> bool:
    return bool(row["amount"] < 35)


def won(row: Row, user: int) -> bool:
    return bool(row["stage"] == "won")


def in_open_category(row: Row, user: int) -> bool:
    return bool(CATEGORIES[row["categoryId"]]["title"] == "Open")


def own_or_small(row: Row, user: int) -> bool:
    return own(row, user) or small(row, user)


def is_open(row: Row, user: int) -> bool:
    return bool(row["title"] == "Open")


ALL = frozenset({*OWN_FIELDS, "category", "notes"})


@dataclass(frozen=True)
class Grant:
    reach: Reach = everything
    fields: frozenset[str] = ALL


@dataclass(frozen=True)
class Rule:
    """What a role may do with deals and with categories, and how that is told to the server."""

    view: Grant | None = None
    update: Grant | None = None
    create: Grant | None = None
    destroy: Grant | None = None
    categories: Grant | None = field(default_factory=lambda: Grant(fields=frozenset({"title", "code"})))
    strategy: tuple[str, ...] = ()
    resources: Row = field(default_factory=dict)


def actions(**by_name: Row) -> Row:
    return {"usingActionsConfig": True, "actions": [{"name": name, **options} for name, options in by_name.items()]}


SMALL = {"amount": {"$lt": 35}}
TITLES = frozenset({"title"})
ALL_CATEGORIES = {"categories": actions(view={})}
ROLES: dict[str, Rule] = {
    "everyone": Rule(Grant(), Grant(), Grant(), Grant(), strategy=("view", "create", "update", "destroy")),
    "nobody": Rule(categories=None),
    "viewer": Rule(Grant(), strategy=("view",)),
    "owner": Rule(
        Grant(own),
        Grant(own),
        Grant(),
        Grant(own),
        Grant(own, frozenset({"title", "code"})),
        strategy=("view:own", "create", "update:own", "destroy:own"),
    ),
    "titles": Rule(
        Grant(fields=TITLES),
        Grant(fields=TITLES),
        Grant(fields=frozenset({"title", "amount"})),
        resources={
            "deals": actions(view={"fields": ["title"]}, update={"fields": ["title"]}, create={"fields": ["title", "amount"]}),
            **ALL_CATEGORIES,
        },
    ),
    "small": Rule(
        Grant(small),
        Grant(small),
        Grant(small),
        Grant(small),
        resources={
            "deals": actions(view={"scope": SMALL}, update={"scope": SMALL}, create={"scope": SMALL}, destroy={"scope": SMALL}),
            **ALL_CATEGORIES,
        },
    ),
    "blindwriter": Rule(
        None,
        Grant(),
        Grant(),
        resources={"deals": actions(update={}, create={}), **ALL_CATEGORIES},
    ),
    "widewriter": Rule(
        Grant(own, frozenset({"title", "amount"})),
        Grant(),
        resources={
            "deals": actions(view={"scope": "own", "fields": ["title", "amount"]}, update={}),
            **ALL_CATEGORIES,
        },
    ),
    "hiddenscope": Rule(
        Grant(won, TITLES),
        resources={"deals": actions(view={"scope": {"stage": "won"}, "fields": ["title"]}), **ALL_CATEGORIES},
    ),
    "openonly": Rule(
        Grant(in_open_category),
        Grant(in_open_category),
        resources={
            "deals": actions(view={"scope": {"category.title": "Open"}}, update={"scope": {"category.title": "Open"}}),
            **ALL_CATEGORIES,
        },
    ),
    "opencategories": Rule(
        Grant(),
        categories=Grant(is_open, frozenset({"title"})),
        resources={"deals": actions(view={}), "categories": actions(view={"scope": {"title": "Open"}, "fields": ["title"]})},
    ),
    "nocategories": Rule(
        Grant(fields=frozenset({"title", "category"})),
        categories=None,
        resources={"deals": actions(view={"fields": ["title", "category"]})},
    ),
    "emptyfields": Rule(Grant(fields=frozenset()), resources={"deals": actions(view={"fields": []}), **ALL_CATEGORIES}),
    "variables": Rule(
        Grant(own),
        Grant(own),
        resources={
            "deals": actions(
                view={"scope": {"createdById": "{{$user.id}}"}}, update={"scope": {"$and": [{"createdById": "{{ $user.id }}"}]}}
            ),
            **ALL_CATEGORIES,
        },
    ),
    "nickname": Rule(Grant(own), resources={"deals": actions(view={"scope": {"secretOwner": "{{$user.nickname}}"}}), **ALL_CATEGORIES}),
}
UNION = Rule(Grant(own_or_small), Grant(own_or_small))


class House:
    """The database of the tests, and who calls it."""

    def __init__(self) -> None:
        self.root = root = Session(MemoryStore())
        installation.install(root.backend, "root@example.com", "secret password")
        root.answer("collections:create", None, {"name": "categories", "fields": [string("title"), string("code")]})
        root.answer(
            "collections:create",
            None,
            {
                "name": "deals",
                "fields": [
                    string("title"),
                    {"name": "amount", "type": "double", "index": True},
                    string("secret"),
                    string("stage"),
                    string("secretOwner"),
                    {"name": "category", "type": "belongsTo", "target": "categories", "foreignKey": "categoryId"},
                ],
            },
        )
        for name, rule in ROLES.items():
            body = {"name": name, "strategy": {"actions": list(rule.strategy)}, "resources": rule.resources}
            root.answer("roles:create", None, body)
        for user, name in ((ALICE, "alice"), (BOB, "bob")):
            root.answer(
                "users:create", None, {"id": user, "username": name, "nickname": name, "password": "a password 9", "roles": [*ROLES]}
            )
        self.sessions = {user: root.process(user_id=user) for user in (ALICE, BOB)}
        for row in CATEGORIES.values():
            self.make("categories", row)
        for row in DEALS.values():
            self.make("deals", row | {"secretOwner": "alice" if row["createdById"] == ALICE else "bob"})

    def give(self, roles: list[str]) -> None:
        for user in (ALICE, BOB):
            self.root.answer(f"users/{user}/roles:set", None, roles)

    def make(self, collection: str, row: Row) -> None:
        values = {name: value for name, value in row.items() if name != "createdById"}
        self.ask(row["createdById"], "everyone", f"{collection}:create", None, values)

    def ask(self, user: int, role: str, name: str, record_id: Json = None, body: Json = None, **params: Json) -> Answer:
        resource, action = name.split(":")
        session = self.sessions[user]
        identity = None if record_id is None else str(record_id)
        return session.product.answer(Call(resource, action, identity, params=params, body=body, token=session.token, role=role))

    def stored(self, record_id: int) -> Row:
        row: Row = self.root.call("deals:get", record_id)
        return {name: row[name] for name in DEALS[record_id]}


def string(name: str) -> Row:
    return {"name": name, "type": "string"}


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@dataclass(frozen=True)
class Case:
    channel: str
    user: int
    role: str
    record: int
    name: str


RECORD_CHANNELS = ("get", "filter", "update", "update by filter")
FIELD_CHANNELS = ("list", "sort", "create", "filter through category")


def cases() -> Iterator[Case]:
    for role, user, name in itertools.product(ROLES, (ALICE, BOB), FIELDS):
        yield from (Case(channel, user, role, record, name) for channel, record in itertools.product(RECORD_CHANNELS, DEALS))
        yield from (Case(channel, user, role, 0, name) for channel in FIELD_CHANNELS)
    for role, user, record in itertools.product(ROLES, (ALICE, BOB), DEALS):
        yield Case("append", user, role, record, "category")
        yield Case("destroy", user, role, record, "")
    for user, record, name in itertools.product((ALICE, BOB), DEALS, FIELDS):
        yield from (Case(channel, user, "__union__", record, name) for channel in ("get", "filter", "update"))


CASES = list(cases())


def test_the_matrix_is_a_large_one() -> None:
    assert len(CASES) >= 2_000


@pytest.mark.parametrize("role", [*ROLES, "__union__"])
def test_a_role_does_what_it_may_and_learns_nothing_else(house: House, role: str) -> None:
    house.give(["owner", "small"] if role == "__union__" else [*ROLES])
    for case in CASES:
        if case.role == role:
            expected, seen = expect(case), ask(house, case)
            assert seen == expected, case
    assert [house.stored(number) for number in DEALS] == [DEALS[number] for number in DEALS]


REFUSED = "refused"


def expect(case: Case) -> Json:
    """What the documentation promises."""
    rule = UNION if case.role == "__union__" else ROLES[case.role]
    oracle = Oracle(rule, case.user)
    answers: dict[str, Callable[[], Json]] = {
        "get": lambda: oracle.get(case.record, case.name),
        "list": lambda: oracle.listed(case.name),
        "filter": lambda: oracle.filtered(case.name, DEALS[case.record][case.name]),
        "sort": lambda: oracle.sorted_by(case.name),
        "append": lambda: oracle.appended(case.record),
        "filter through category": oracle.of_category_titled_closed,
        "update": lambda: oracle.updated(case.record, case.name),
        "update by filter": lambda: oracle.updated_by_filter(case.record, case.name),
        "create": lambda: oracle.created(case.name),
        "destroy": lambda: oracle.destroyed(case.record),
    }
    return answers[case.channel]()


@dataclass
class Oracle:
    rule: Rule
    user: int

    def shown(self) -> set[str]:
        """Fields in view: those named and the system's; a foreign key goes with its association."""
        view = self.rule.view
        names = set(view.fields) if view else set()
        return names | SYSTEM | ({"categoryId"} if "category" in names else set())

    def rows(self) -> list[Row]:
        view = self.rule.view
        return [row for row in DEALS.values() if view and view.reach(row, self.user)]

    def get(self, record: int, name: str) -> Json:
        if self.rule.view is None or name not in self.shown():
            return REFUSED
        row = DEALS[record]
        return {name: row[name]} if row in self.rows() else None

    def listed(self, name: str) -> Json:
        if self.rule.view is None or name not in self.shown():
            return REFUSED
        return [len(self.rows()), [{name: row[name]} for row in self.rows()]]

    def filtered(self, name: str, value: Json) -> Json:
        if self.rule.view is None or name not in self.shown():
            return REFUSED
        return [row["id"] for row in self.rows() if row[name] == value]

    def sorted_by(self, name: str) -> Json:
        if self.rule.view is None or name not in self.shown():
            return REFUSED
        return [row["id"] for row in sorted(self.rows(), key=lambda row: (row[name], row["id"]))]

    def category(self, row: Row) -> Json:
        allowed = self.rule.categories
        found = CATEGORIES[row["categoryId"]]
        if allowed is None or not allowed.reach(found, self.user):
            return None
        return {name: found[name] for name in sorted(allowed.fields)}

    def may_expand(self) -> bool:
        return bool(self.rule.view and self.rule.categories and "category" in self.rule.view.fields)

    def appended(self, record: int) -> Json:
        if not self.may_expand():
            return REFUSED
        row = DEALS[record]
        return {"category": self.category(row)} if row in self.rows() else None

    def of_category_titled_closed(self) -> Json:
        if not self.may_expand():
            return REFUSED
        return [row["id"] for row in self.rows() if (self.category(row) or {}).get("title") == "Closed"]

    def may_update(self, record: int, name: str) -> bool:
        update = self.rule.update
        return bool(update and update.reach(DEALS[record], self.user) and name in update.fields)

    def answered(self, row: Row) -> Json:
        """A written record in the answer: what is in view of it."""
        if self.rule.view is None or not self.rule.view.reach(row, self.user):
            return {"id"}
        return self.shown() - {"category", "notes"}

    def updated(self, record: int, name: str) -> Json:
        return [self.answered(DEALS[record])] if self.may_update(record, name) else REFUSED

    def updated_by_filter(self, record: int, name: str) -> Json:
        """Only records in view may be found by what they hold."""
        update, view = self.rule.update, self.rule.view
        if update is None or view is None or name not in self.shown():
            return REFUSED
        return [row["id"] for row in self.rows() if row[name] == DEALS[record][name] and update.reach(row, self.user)]

    def created(self, name: str) -> Json:
        create = self.rule.create
        row = {"amount": None, "stage": None, "title": None, "secret": None, "categoryId": 1, "createdById": self.user} | {name: NEW[name]}
        if create is None or name not in create.fields or (create.reach is small and row["amount"] is None):
            return REFUSED
        return self.answered(row | {"amount": row["amount"] or 0})

    def destroyed(self, record: int) -> Json:
        destroy = self.rule.destroy
        return "removed" if destroy and destroy.reach(DEALS[record], self.user) else REFUSED


NEW: Row = {"title": "new", "amount": 7, "secret": "new secret", "stage": "won", "categoryId": 1, "createdById": 1}


def ask(house: House, case: Case) -> Json:
    """What the product does, in the same words."""
    try:
        answer = SEND[case.channel](house, case, case.user)
    except (Forbidden, Invalid) as error:
        refusal = json.dumps([problem.to_json() for problem in error.problems()])
        assert not any(row["secret"] in refusal for row in DEALS.values())
        return REFUSED
    return READ[case.channel](answer)


def send_update(house: House, case: Case, user: int) -> Answer:
    """With the value that is there: what counts is whether the write is taken."""
    return house.ask(user, case.role, "deals:update", case.record, {case.name: DEALS[case.record][case.name]})


def send_update_by_filter(house: House, case: Case, user: int) -> Answer:
    return house.ask(user, case.role, "deals:update", None, {}, filter={case.name: DEALS[case.record][case.name]})


def send_create(house: House, case: Case, user: int) -> Answer:
    answer = house.ask(user, case.role, "deals:create", None, {case.name: NEW[case.name]})
    house.root.answer("deals:destroy", answer.data["id"])
    return answer


def send_destroy(house: House, case: Case, user: int) -> Answer:
    """The record is put back as it was."""
    owner = DEALS[case.record]["createdById"]
    answer = house.ask(user, case.role, "deals:destroy", case.record)
    house.make("deals", DEALS[case.record] | {"secretOwner": "alice" if owner == ALICE else "bob"})
    return answer


SEND: dict[str, Callable[[House, Case, int], Answer]] = {
    "get": lambda house, case, user: house.ask(user, case.role, "deals:get", case.record, fields=case.name),
    "list": lambda house, case, user: house.ask(user, case.role, "deals:list", fields=case.name),
    "filter": lambda house, case, user: house.ask(
        user, case.role, "deals:list", fields="id", filter=json.dumps({case.name: DEALS[case.record][case.name]})
    ),
    "sort": lambda house, case, user: house.ask(user, case.role, "deals:list", fields="id", sort=[case.name, "id"]),
    "append": lambda house, case, user: house.ask(user, case.role, "deals:get", case.record, appends="category", fields="category"),
    "filter through category": lambda house, case, user: house.ask(
        user, case.role, "deals:list", fields="id", filter={"category.title": "Closed"}
    ),
    "update": send_update,
    "update by filter": send_update_by_filter,
    "create": send_create,
    "destroy": send_destroy,
}


def ids(answer: Answer) -> Json:
    return [row["id"] for row in answer.data]


def appended(answer: Answer) -> Json:
    row = answer.data
    if row is None or row["category"] is None:
        return row
    return {"category": {name: value for name, value in sorted(row["category"].items()) if name not in SYSTEM}}


READ: dict[str, Callable[[Answer], Json]] = {
    "get": lambda answer: answer.data,
    "list": lambda answer: [(answer.meta or {})["count"], answer.data],
    "filter": ids,
    "sort": ids,
    "append": appended,
    "filter through category": ids,
    "update": lambda answer: [set(row) - {"secretOwner"} for row in answer.data],
    "update by filter": ids,
    "create": lambda answer: set(answer.data) - {"secretOwner"},
    "destroy": lambda answer: "removed" if answer.data == 1 else answer.data,
}
