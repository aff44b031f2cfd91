"""Roles: what they permit, how several add up, and which definitions are refused."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.collection import SYSTEM_FIELDS
from chalicelib.domain.role import OWN, STOCK_ROLES, Permit, Role, may_manage, permit
from chalicelib.domain.role_rules import WRITABLE, check_options, check_role
from chalicelib.errors import Invalid

ALL = Permit()
MINE = Permit(OWN)


def role(*strategy: str, **resources: Any) -> Role:
    overrides = {name: {"usingActionsConfig": True, "actions": actions} for name, actions in resources.items()}
    return Role.parse({"name": "r", "strategy": {"actions": list(strategy)}, "resources": overrides})


def stock(name: str) -> Role:
    return Role.parse(STOCK_ROLES[name])


@pytest.mark.parametrize(
    ("http_action", "action"),
    [
        ("list", "view"),
        ("get", "view"),
        ("query", "view"),
        ("export", "view"),
        ("update", "update"),
        ("move", "update"),
        ("create", "create"),
        ("destroy", "destroy"),
        ("trigger", "trigger"),
        ("triggerNew", "triggerNew"),
        ("call", "call"),
    ],
)
def test_an_http_action_asks_for_its_permission_and_no_other(http_action: str, action: str) -> None:
    others = [name for name in ("view", "update", "create", "destroy", "trigger", "triggerNew", "call") if name != action]
    assert permit([role(action)], False, "samples", http_action) == ALL
    assert permit([role(*others)], False, "samples", http_action) is None


@pytest.mark.parametrize("action", ["list", "destroy", "trigger", "nosuch"])
def test_root_may_everything_and_nobody_nothing(action: str) -> None:
    assert permit([], True, "samples", action) == ALL
    assert permit([], False, "samples", action) is None


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (["view"], ALL),
        (["view:all"], ALL),
        (["view:own"], MINE),
        (["view", "view:own"], ALL),
        (["view:own", "view"], ALL),
        (["view:own", "view:own"], MINE),
        ([], None),
    ],
)
def test_a_strategys_suffix_is_its_scope(strategy: list[str], expected: Permit | None) -> None:
    assert permit([role(*strategy)], False, "samples", "list") == expected


def test_with_an_override_only_the_listed_actions_count() -> None:
    mixed = role("view", "destroy", samples=[{"name": "trigger"}])
    assert permit([mixed], False, "samples", "trigger") == ALL
    assert permit([mixed], False, "samples", "list") is None
    assert permit([mixed], False, "posts", "destroy") == ALL


def test_an_override_that_is_switched_off_does_not_count() -> None:
    off = Role.parse(
        {
            "name": "r",
            "strategy": {"actions": ["view"]},
            "resources": {"samples": {"usingActionsConfig": False, "actions": [{"name": "trigger"}]}},
        }
    )
    assert permit([off], False, "samples", "list") == ALL
    assert permit([off], False, "samples", "trigger") is None


LARGE = {"indicator": {"$gt": 90}}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, None),
        ("all", None),
        ({"key": "all"}, None),
        ({}, None),
        ({"scope": {}}, None),
        ("own", OWN),
        ({"key": "own"}, OWN),
        ({"id": 2, "key": "own", "scope": {"createdById": 1}}, OWN),
        ({"scope": LARGE}, LARGE),
        ({"id": 3, "key": "x1", "name": "large", "scope": LARGE}, LARGE),
        (LARGE, LARGE),
        ({"key": {"$eq": "own"}}, {"key": {"$eq": "own"}}),
    ],
)
def test_a_scope_has_several_spellings(scope: Any, expected: Any) -> None:
    assert permit([role(samples=[{"name": "trigger", "scope": scope}])], False, "samples", "trigger") == Permit(expected)


@pytest.mark.parametrize("scope", ["mine", 5, [LARGE], True])
def test_a_scope_that_cannot_be_read_grants_nothing(scope: Any) -> None:
    with pytest.raises(Invalid):
        role(samples=[{"name": "view", "scope": scope}])


@pytest.mark.parametrize(
    ("action", "fields", "expected"),
    [
        ("view", None, None),
        ("view", ["title"], {"title", *SYSTEM_FIELDS}),
        ("view", [], set(SYSTEM_FIELDS)),
        ("update", [], set(SYSTEM_FIELDS)),
        ("trigger", [], None),
        ("destroy", [], None),
        ("trigger", ["title"], {"title", *SYSTEM_FIELDS}),
    ],
)
def test_a_list_of_fields_lets_only_those_through(action: str, fields: list[str] | None, expected: set[str] | None) -> None:
    found = permit([role(samples=[{"name": action, "fields": fields}])], False, "samples", action)
    assert found == Permit(None, None if expected is None else frozenset(expected))


def test_several_roles_add_up() -> None:
    titles = role(samples=[{"name": "view", "fields": ["title"], "scope": "own"}])
    large = role(samples=[{"name": "view", "fields": ["indicator"], "scope": LARGE}])
    both = permit([titles, role("create"), large, titles], False, "samples", "get")
    mine, wide = (frozenset({name, *SYSTEM_FIELDS}) for name in ("title", "indicator"))
    assert both == Permit({"$or": [OWN, LARGE]}, mine | wide, (Permit(OWN, mine), Permit(LARGE, wide)))
    everything = permit([titles, role("view")], False, "samples", "get")
    assert everything == Permit(None, None, (Permit(OWN, mine), ALL))


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([("own", ["title"])], {"title"}),
        ([("own", ["title", "a"]), (LARGE, ["title", "b"])], {"title"}),
        ([("own", ["title"]), (LARGE, ["b"])], set()),
        ([("own", ["title"]), ("own", ["b"])], {"title", "b"}),
        ([(None, ["title"]), (LARGE, ["b"])], {"title"}),
        ([(None, ["title"]), (LARGE, None)], {"title"}),
        ([(None, None), (LARGE, ["b"])], None),
        ([("own", None), (LARGE, ["b"])], {"b"}),
        ([("own", None), (LARGE, None)], None),
    ],
)
def test_a_field_is_everywhere_when_every_part_or_one_of_all_rows_names_it(grants: list[Any], expected: set[str] | None) -> None:
    roles = [role(samples=[{"name": "view", "scope": scope, "fields": fields}]) for scope, fields in grants]
    granted = permit(roles, False, "samples", "list")
    assert granted is not None
    assert granted.everywhere == (None if expected is None else expected | set(SYSTEM_FIELDS))


@pytest.mark.parametrize(("snippet", "area"), [("pm.users", "users"), ("pm.acl.roles", "roles"), ("pm.acl", "roles"), ("pm.*", "users")])
def test_who_manages_users_or_roles_sees_them_without_a_strategy(snippet: str, area: str) -> None:
    manager = Role.parse({"name": "manager", "snippets": [snippet]})
    assert [permit([manager], False, area, action) for action in ("list", "get", "update")] == [ALL, ALL, None]
    assert permit([manager], False, "samples", "list") is None
    assert permit([Role.parse({"name": "other", "snippets": ["pm.*", "!pm.users", "!pm.acl"]})], False, area, "list") is None


@pytest.mark.parametrize(
    ("name", "action", "expected"),
    [
        ("admin", "trigger", ALL),
        ("admin", "triggerNew", ALL),
        ("admin", "destroy", ALL),
        ("member", "list", MINE),
        ("member", "trigger", None),
        ("member", "create", None),
        ("root", "list", None),
    ],
)
def test_the_stock_roles_permit_what_a_fresh_install_does(name: str, action: str, expected: Permit | None) -> None:
    assert permit([stock(name)], False, "samples", action) == expected


def test_new_users_get_one_role() -> None:
    assert [name for name, raw in STOCK_ROLES.items() if raw["default"]] == ["member"]


@pytest.mark.parametrize(
    ("snippets", "area", "action", "expected"),
    [
        (["pm.*"], "workflows", "", True),
        (["pm"], "roles", "", True),
        (["pm.workflow.workflows"], "workflows", "", True),
        (["pm.workflow.*"], "workflows", "", True),
        (["pm.workflow"], "workflows", "", True),
        (["*"], "users", "", True),
        (["pm.workflow.workflows"], "collections", "", False),
        (["pm.work"], "workflows", "", False),
        (["ui.workflows"], "workflows", "", False),
        (["ui.workflows"], "workflows", "list", True),
        (["ui.*"], "workflows", "list", True),
        (["ui.*"], "roles", "list", False),
        (["ui.*", "!ui.workflows"], "workflows", "list", False),
        (["pm.*", "!pm.workflow.workflows"], "workflows", "", False),
        (["!pm.workflow.*", "pm.*"], "workflows", "", False),
        (["!pm.*", "pm.workflow.workflows"], "workflows", "", False),
        (["!pm.users"], "users", "", False),
        (["pm.*", "!pm.users"], "workflows", "", True),
        (["pm.*", "*"], "nosuch", "", False),
        ([], "workflows", "list", False),
        ([""], "workflows", "list", False),
    ],
)
def test_snippets_open_areas_and_exclusions_close_them(snippets: list[str], area: str, action: str, expected: bool) -> None:
    assert may_manage(Role("r", snippets=tuple(snippets)), area, action) is expected


@pytest.mark.parametrize(("name", "expected"), [("root", True), ("admin", True), ("member", False)])
@pytest.mark.parametrize("area", ["workflows", "collections", "roles", "users"])
def test_of_the_stock_roles_only_members_manage_nothing(name: str, expected: bool, area: str) -> None:
    assert may_manage(stock(name), area) is expected


def test_a_checked_role_is_complete_and_keeps_what_it_came_with() -> None:
    assert check_role({"name": "lab", "allowConfigure": True}) == {
        "name": "lab",
        "title": "lab",
        "strategy": {"actions": []},
        "resources": {},
        "snippets": [],
        "allowConfigure": True,
    }


@pytest.mark.parametrize("name", ["admin", "member"])
def test_a_stock_role_passes_the_check(name: str) -> None:
    assert permit([Role.parse(check_role(STOCK_ROLES[name]))], False, "samples", "get") is not None


def action(**options: Any) -> dict[str, Any]:
    return {"resources": {"samples": {"usingActionsConfig": True, "actions": [{"name": "view"} | options]}}}


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"name": None}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "root"}, "name"),
        ({"name": "__union__"}, "name"),
        ({"name": "anonymous"}, "name"),
        ({"title": 5}, "title"),
        ({"snippets": "pm.*"}, "snippets"),
        ({"snippets": [1]}, "snippets"),
        ({"strategy": ["view"]}, "strategy"),
        ({"strategy": {"actions": "*"}}, "strategy"),
        ({"strategy": {"actions": ["view", "list"]}}, "strategy.actions.1"),
        ({"strategy": {"actions": ["view:mine"]}}, "strategy.actions.0"),
        ({"strategy": {"actions": ["view:"]}}, "strategy.actions.0"),
        ({"resources": []}, "resources"),
        ({"resources": {"samples": []}}, "resources.samples"),
        ({"resources": {"samples": {"usingActionsConfig": 1}}}, "resources.samples"),
        ({"resources": {"samples": {"actions": {}}}}, "resources.samples"),
        (action(name="get"), "resources.samples.actions.0"),
        (action(name=["view"]), "resources.samples.actions.0"),
        (action(fields="title"), "resources.samples.actions.0.fields"),
        (action(fields=[1]), "resources.samples.actions.0.fields"),
        (action(scope="mine"), "resources.samples.actions.0.scope"),
        (action(scopeId=3), "resources.samples.actions.0.scopeId"),
        (action(filter={"id": 1}), "resources.samples.actions.0.filter"),
        ({"resources": {"samples": {"usingActionConfig": True, "actions": []}}}, "resources.samples.usingActionConfig"),
        ({"resources": {"samples": {"actions": [{"name": "view"}, {"name": "view", "scope": "own"}]}}}, "resources.samples.actions.1.name"),
        ({"default": "no"}, "default"),
        ({"default": 1}, "default"),
        ({"hidden": "nope"}, "hidden"),
        ({"allowConfigure": "no"}, "allowConfigure"),
        ({"allowNewMenu": []}, "allowNewMenu"),
        ({"allowNewMobileMenu": 0}, "allowNewMobileMenu"),
        ({"description": {}}, "description"),
        ({"color": 7}, "color"),
        ({"sort": "x"}, "sort"),
        ({"sort": True}, "sort"),
        ({"sort": 1e300}, "sort"),
        ({"snippets": ["pm.foo"]}, "snippets.0"),
        ({"snippets": ["pm.*", "!pm.nosuch.*"]}, "snippets.1"),
        ({"snippets": ["pn.*"]}, "snippets.0"),
    ],
)
def test_a_mistake_is_told_where_it_is(sent: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_role({"name": "lab"} | sent)
    assert [problem.path for problem in caught.value.problems()] == [path]


def test_every_snippet_that_covers_something_is_taken() -> None:
    rules = ["pm", "pm.*", "!pm.users", "ui.*", "ui.workflows", "app", "pm.acl", "pm.acl.*", "pm.workflow.*", "!pm", "pm.users.*"]
    assert check_role({"name": "lab", "snippets": rules})["snippets"] == rules


def test_what_a_client_keeps_with_a_rule_is_no_mistake() -> None:
    kept = action(id=5, createdAt="x", updatedAt="y", rolesResourceId=3, scopeId=None, scope=None, fields=[])
    assert check_role({"name": "lab"} | kept)["resources"] == kept["resources"]


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        check_role({"name": "", "strategy": {"actions": ["x", "y"]}, "snippets": 1})
    assert len(caught.value.problems()) == 4


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(Invalid):
        check_role(["lab"])


def test_an_option_that_a_role_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        check_options({"name": "clerk", "titel": "Clerk", "policies": []})
    assert [problem.path for problem in refused.value.problems()] == ["titel", "policies"]
    assert "title" in refused.value.message


def test_what_a_client_has_read_of_a_role_it_may_send_back() -> None:
    check_options(dict.fromkeys((*WRITABLE, *SYSTEM_FIELDS)))
