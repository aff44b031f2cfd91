"""Several roles at once (``X-Role: __union__``): every pair of roles against every record and field.

A cell is in view when one of the roles both reaches its row and names its field; what the server may answer to a filter or a sort is held
against that, cell by cell. The roles and what each of them may do are those of the permission matrix.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from chalicelib.errors import Forbidden, Invalid
from chalicelib.services.call import Answer
from tests.unit.services.test_permission_matrix import (
    ALICE,
    BOB,
    CATEGORIES,
    DEALS,
    FIELDS,
    NEW,
    ROLES,
    SYSTEM,
    Grant,
    House,
    Row,
    everything,
    small,
)

Json = Any
REFUSED = "refused"
UNION = "__union__"
PLAIN = {"title", "amount", "secret", "stage", "categoryId", *SYSTEM}
JOINED = ("owner", "titles", "small", "widewriter", "hiddenscope", "opencategories", "nocategories")
PAIRS = list(itertools.combinations(JOINED, 2))


@pytest.fixture(scope="module")
def house() -> House:
    return House()


class Sum:
    """What the documentation promises of two roles for one user."""

    def __init__(self, names: Iterable[str], user: int) -> None:
        rules = [ROLES[name] for name in names]
        self.user = user
        self.views, self.updates = (
            [grant for grant in grants if grant] for grants in zip(*((r.view, r.update) for r in rules), strict=True)
        )
        self.creates = [rule.create for rule in rules if rule.create]
        self.categories = [rule.categories for rule in rules if rule.categories]

    def rows(self) -> list[Row]:
        return [row for row in DEALS.values() if self.reaching(self.views, row)]

    def reaching(self, grants: Iterable[Grant], row: Row) -> list[Grant]:
        return [grant for grant in grants if _reaches(grant, row, self.user)]

    def shown(self, row: Row) -> set[str]:
        """The fields of a row that are in view."""
        return {name for grant in self.reaching(self.views, row) for name in _shown(grant)}

    def anywhere(self) -> set[str]:
        return {name for grant in self.views for name in _shown(grant)}

    def must_be_answered(self, name: str) -> bool:
        """Whether every role shows the field, or one that shows every row."""
        if not self.views:
            return False
        return all(name in _shown(grant) for grant in self.views) or any(name in _shown(g) for g in self.views if g.reach is everything)

    def is_in_every_row(self, name: str) -> bool:
        return all(name in self.shown(row) for row in self.rows())

    def answered(self, row: Row) -> set[str]:
        """A written record in the answer."""
        return (self.shown(row) & PLAIN) or {"id"}

    def may(self, grants: Iterable[Grant], row: Row, name: str) -> bool:
        return any(name in grant.fields for grant in self.reaching(grants, row))

    def category(self, row: Row) -> Json:
        found = CATEGORIES[row["categoryId"]]
        names = {name for grant in self.reaching(self.categories, found) for name in grant.fields}
        return {name: found[name] for name in names} if self.reaching(self.categories, found) else None


def _reaches(grant: Grant, row: Row, user: int) -> bool:
    return False if grant.reach is small and row["amount"] is None else grant.reach(row, user)


def _shown(grant: Grant) -> set[str]:
    return set(grant.fields) | SYSTEM | ({"categoryId"} if "category" in grant.fields else set())


def asked(send: Callable[[], Answer]) -> Json:
    try:
        return send().data
    except (Forbidden, Invalid) as error:
        refusal = json.dumps([problem.to_json() for problem in error.problems()])
        assert not any(row["secret"] in refusal for row in DEALS.values())
        return REFUSED


def plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if name in PLAIN - {"createdAt", "updatedAt", "updatedById"}}


def cells(total: Sum, row: Row) -> Row:
    return {name: value for name, value in row.items() if name in total.shown(row)}


@pytest.mark.parametrize("user", [ALICE, BOB])
@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_two_roles_show_and_take_the_sum_of_their_cells_and_no_cell_more(house: House, pair: tuple[str, str], user: int) -> None:
    house.give([*pair])
    total = Sum(pair, user)
    check_reading(house, total)
    check_naming(house, total)
    check_writing(house, total)
    assert [house.stored(number) for number in DEALS] == [DEALS[number] for number in DEALS]


def check_reading(house: House, total: Sum) -> None:
    """The whole of each row, and each field by itself."""
    listed = asked(lambda: house.ask(total.user, UNION, "deals:list"))
    if not total.views:
        assert listed == REFUSED
        return
    assert [plain(row) for row in listed] == [cells(total, row) for row in total.rows()]
    for number, row in DEALS.items():
        got = asked(lambda number=number: house.ask(total.user, UNION, "deals:get", number))
        assert (None if got is None else plain(got)) == (cells(total, row) if row in total.rows() else None)
    for name in FIELDS:
        found = asked(lambda name=name: house.ask(total.user, UNION, "deals:list", fields=name))
        expected = [{name: row[name]} if name in total.shown(row) else {} for row in total.rows()]
        assert found == (expected if name in total.anywhere() else REFUSED), name


def check_naming(house: House, total: Sum) -> None:
    """A filter, a sort and an expansion are answered only where the field is in view in every row that is."""
    for name in FIELDS:
        for row in DEALS.values():
            text = json.dumps({name: row[name]})
            found = asked(lambda text=text: house.ask(total.user, UNION, "deals:list", fields="id", filter=text))
            check_answer(total, name, found, [{"id": one["id"]} for one in total.rows() if one[name] == row[name]])
        ordered = sorted(total.rows(), key=lambda one: (one[name], one["id"]))
        found = asked(lambda name=name: house.ask(total.user, UNION, "deals:list", fields="id", sort=[name, "id"]))
        check_answer(total, name, found, [{"id": one["id"]} for one in ordered])
    found = asked(lambda: house.ask(total.user, UNION, "deals:list", appends="category", fields="category"))
    if found != REFUSED:
        assert total.is_in_every_row("category")
        inner = [one["category"] and {name: one["category"][name] for name in one["category"].keys() - SYSTEM} for one in found]
        assert inner == [total.category(row) for row in total.rows()]
    elif total.categories:
        assert not total.must_be_answered("category")


def check_answer(total: Sum, name: str, found: Json, expected: Json) -> None:
    if found == REFUSED:
        assert not total.must_be_answered(name), name
    else:
        assert found == expected
        assert total.is_in_every_row(name), name


def check_writing(house: House, total: Sum) -> None:
    for name, (number, row) in itertools.product(FIELDS, DEALS.items()):
        found = asked(lambda name=name, number=number, row=row: house.ask(total.user, UNION, "deals:update", number, {name: row[name]}))
        expected = [total.answered(row)] if total.may(total.updates, row, name) else REFUSED
        assert (found if found == REFUSED else [set(one) - {"secretOwner"} for one in found]) == expected, (name, number)
    for name in FIELDS:
        row = {"amount": None, "stage": None, "title": None, "secret": None, "categoryId": 0, "createdById": total.user} | {name: NEW[name]}
        found = asked(lambda name=name: house.ask(total.user, UNION, "deals:create", None, {name: NEW[name]}))
        if found != REFUSED:
            house.root.answer("deals:destroy", found["id"])
        assert (found != REFUSED) == any(name in grant.fields for grant in total.reaching(total.creates, row)), name
