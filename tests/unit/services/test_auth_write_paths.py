"""One set of checks for every way to write: by itself, through an association, along with another record; and no way up.

The failures that others have published are named where a test is about one.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import RECORDS, Range
from chalicelib.errors import AppError, Forbidden, Invalid, Unauthenticated
from chalicelib.services import installation
from tests.sessions import Session

Json = Any
PASSWORD = "a password 9"


def field(name: str, kind: str = "string", **options: Json) -> Json:
    return {"name": name, "type": kind, **options}


COMMENTS = [
    field("text"),
    field("secret"),
    field("post", "belongsTo", target="posts", foreignKey="postId"),
]
POSTS = [
    field("title"),
    field("secret"),
    field("comments", "hasMany", target="comments", foreignKey="postId"),
    field("tags", "belongsToMany", target="tags", through="postTags", foreignKey="postId", otherKey="tagId"),
]
OWN = "own"


def rule(**actions: Json) -> Json:
    return {"usingActionsConfig": True, "actions": [{"name": name, **options} for name, options in actions.items()]}


ROLES: dict[str, Json] = {
    # May write posts whole, but of comments only the text, and only its own.
    "writer": {
        "posts": rule(view={}, create={}, update={}),
        "comments": rule(
            view={"scope": OWN, "fields": ["text", "postId"]},
            create={"fields": ["text"]},
            update={"scope": OWN, "fields": ["text"]},
            destroy={"scope": OWN},
        ),
        "tags": rule(view={}),
    },
    "usermanager": {},
    "rolemanager": {},
}
SNIPPETS = {"usermanager": ["pm.users"], "rolemanager": ["pm.acl.roles"]}
WRITER, ADMIN, USERS, ROLE_MANAGER = 2, 3, 4, 5


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore())
    installation.install(session.backend, "root@example.com", "secret password")
    for name, fields in (("tags", [field("title")]), ("comments", [field("text"), field("secret")]), ("posts", POSTS)):
        session.answer("collections:create", None, {"name": name, "fields": fields})
    session.answer("collections/comments/fields:create", None, COMMENTS[2])
    for name, resources in ROLES.items():
        session.answer("roles:create", None, {"name": name, "resources": resources, "snippets": SNIPPETS.get(name, [])})
    users = {WRITER: "writer", ADMIN: "admin", USERS: "usermanager", ROLE_MANAGER: "rolemanager"}
    for user, role in users.items():
        session.answer("users:create", None, {"id": user, "username": f"the{role}", "password": PASSWORD, "roles": [role]})
    session.answer("posts:create", None, {"id": 1, "title": "root's", "secret": "s"})
    session.answer("comments:create", None, {"id": 1, "text": "root's", "secret": "s", "postId": 1})
    session.process(user_id=WRITER).answer("posts:create", None, {"id": 2, "title": "the writer's"})
    return session


@pytest.fixture
def writer(root: Session) -> Session:
    return root.process(user_id=WRITER)


SECRET = {"text": "new", "secret": "written by who may not"}
WAYS: dict[str, Any] = {
    "create": lambda w: w.answer("comments:create", None, SECRET),
    "update": lambda w: w.answer("comments:update", mine(w), SECRET),
    "update by filter": lambda w: w.answer("comments:update", None, SECRET, filter={"id": mine(w)}),
    "through an association": lambda w: w.answer("posts/2/comments:create", None, SECRET),
    "update through an association": lambda w: w.answer("posts/2/comments:update", mine(w, postId=2), SECRET),
    "with its owner": lambda w: w.answer("posts:create", None, {"comments": [SECRET]}, updateAssociationValues="comments"),
    "with its owner's update": lambda w: w.answer("posts:update", 2, {"comments": [SECRET]}, updateAssociationValues="comments"),
    "changed with its owner": lambda w: w.answer(
        "posts:update", 2, {"comments": [{"id": mine(w, postId=2)} | SECRET]}, updateAssociationValues="comments"
    ),
}


def mine(session: Session, **values: Json) -> int:
    """A comment of the caller's own."""
    path = f"posts/{values['postId']}/comments:create" if values else "comments:create"
    identity: int = session.call(path, None, {"text": "mine"})["id"]
    return identity


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_field_out_of_the_rule_is_written_on_no_path(root: Session, writer: Session, way: Any) -> None:
    with pytest.raises(Forbidden):
        way(writer)
    assert [row for row in root.call("comments:list") if row["secret"] not in (None, "s")] == []


ALLOWED = {"text": "new"}


@pytest.mark.parametrize(
    "way",
    [
        lambda w: w.answer("comments:create", None, ALLOWED),
        lambda w: w.answer("comments:update", mine(w), ALLOWED),
        lambda w: w.answer("posts/2/comments:create", None, ALLOWED),
        lambda w: w.answer("posts/2/comments:update", mine(w, postId=2), ALLOWED),
        lambda w: w.answer("posts:create", None, {"comments": [ALLOWED]}, updateAssociationValues="comments"),
        lambda w: w.answer("posts:update", 2, {"comments": [{"id": mine(w, postId=2)} | ALLOWED]}, updateAssociationValues="comments"),
    ],
)
def test_a_field_inside_the_rule_is_written_on_every_path(root: Session, writer: Session, way: Any) -> None:
    way(writer)
    assert "new" in [row["text"] for row in root.call("comments:list")]


@pytest.mark.parametrize(
    "way",
    [
        lambda w: w.answer("comments:update", 1, ALLOWED),
        lambda w: w.answer("comments:destroy", 1),
        lambda w: w.answer("posts:update", 1, {"comments": [{"id": 1} | ALLOWED]}, updateAssociationValues="comments"),
        lambda w: w.answer("posts:update", 2, {"comments": [1]}),
        lambda w: w.answer("posts:update", 2, {"comments": [{"id": 1}]}),
        lambda w: w.answer("posts:create", None, {"comments": [1]}),
    ],
    ids=["update", "destroy", "with its owner", "taken by id", "taken by object", "taken by a new owner"],
)
def test_a_record_out_of_reach_is_changed_on_no_path(root: Session, writer: Session, way: Any) -> None:
    before = root.call("comments:get", 1)
    with pytest.raises((Forbidden, Invalid)):
        way(writer)
    assert root.call("comments:get", 1) == before


def test_what_a_write_answers_holds_nothing_out_of_view(root: Session, writer: Session) -> None:
    comment = mine(writer)
    root.answer("comments:update", comment, {"secret": "for root's eyes"})
    answers = [
        writer.answer("comments:update", comment, ALLOWED),
        writer.answer("posts:update", 2, {"comments": [comment]}),
        writer.answer("posts:create", None, {"title": "x", "comments": [comment]}),
        writer.answer("posts:list", appends="comments"),
    ]
    assert "root's eyes" not in json.dumps([answer.body() for answer in answers])


def test_a_filter_through_an_association_finds_out_nothing_of_records_out_of_view(root: Session, writer: Session) -> None:
    assert writer.call("posts:list", filter={"comments.text": "root's"}) == []
    assert writer.call("posts:list", filter={"comments.text": {"$includes": "r"}}) == []
    with pytest.raises(Invalid):
        writer.call("posts:list", filter={"comments.secret": "s"})
    assert [row["id"] for row in root.call("posts:list", filter={"comments.text": "root's"})] == [1]


@pytest.mark.parametrize(
    "values",
    [
        {"createdById": 1},
        {"updatedById": 1},
        {"createdAt": "2020-01-01T00:00:00.000Z"},
        {"version": 7},
        {"pk": "x"},
        {"sk": "x"},
        {"ttl": 1},
        {"data": {}},
        {"l1": "x"},
    ],
)
@pytest.mark.parametrize("name", ["posts:create", "posts:update"])
def test_mass_assignment_is_a_400_for_root_too(root: Session, name: str, values: Json) -> None:
    with pytest.raises(Invalid) as refused:
        root.answer(name, 1 if name == "posts:update" else None, {"title": "x"} | values)
    assert refused.value.problems()[0].path.startswith(next(iter(values)))
    assert root.call("posts:get", 1)["title"] == "root's"


@pytest.mark.parametrize(
    "values", [{"tokensValidFrom": 0}, {"createdById": 1}, {"passwordChangeTz": 1}, {"isRoot": True}, {"version": 1}, {"pk": "x"}]
)
@pytest.mark.parametrize("name", ["users:create", "users:update"])
def test_users_take_no_field_of_the_server(root: Session, name: str, values: Json) -> None:
    with pytest.raises(Invalid):
        root.answer(name, WRITER if name == "users:update" else None, {"username": "x", "password": PASSWORD} | values)


UP: dict[str, Any] = {
    "gives itself root": (ADMIN, "users:update", ADMIN, {"roles": ["admin", "root"]}),
    "gives another root": (ADMIN, "users:update", WRITER, {"roles": [{"name": "root"}]}),
    "makes a root user": (ADMIN, "users:create", None, {"username": "x", "password": PASSWORD, "roles": ["root"]}),
    "adds root": (ADMIN, f"users/{ADMIN}/roles:add", None, ["root"]),
    "adds root by its name in the path": (ADMIN, f"users/{ADMIN}/roles:add", "root", None),
    "sets root": (ADMIN, f"users/{ADMIN}/roles:set", None, [{"name": "root"}]),
    "takes root from root": (ADMIN, "users/1/roles:remove", None, ["root"]),
    "takes another role from root": (ADMIN, "users/1/roles:remove", None, ["member"]),
    "sets root's password": (ADMIN, "users:update", 1, {"password": PASSWORD}),
    "sets root's address": (ADMIN, "users:update", 1, {"email": "me@example.com"}),
    "blocks root": (ADMIN, "users:update", 1, {"blocked": True}),
    "removes root": (ADMIN, "users:destroy", 1, None),
    "gives itself admin, managing users only": (USERS, "users:update", USERS, {"roles": ["usermanager", "admin"]}),
    "makes an admin, managing users only": (USERS, "users:create", None, {"username": "x", "password": PASSWORD, "roles": ["admin"]}),
    "sets an admin's password, managing users only": (USERS, "users:update", ADMIN, {"password": PASSWORD}),
    "makes a role, managing users only": (USERS, "roles:create", None, {"name": "x"}),
    "assigns, managing roles only": (ROLE_MANAGER, f"users/{ROLE_MANAGER}/roles:add", None, ["admin"]),
    "manages users, managing roles only": (ROLE_MANAGER, "users:update", ROLE_MANAGER, {"roles": ["admin"]}),
    "gives its role more management": (ROLE_MANAGER, "roles:update", "rolemanager", {"snippets": ["pm.*"]}),
    "makes a role with more management": (ROLE_MANAGER, "roles:create", None, {"name": "x", "snippets": ["pm.users"]}),
    "changes the admin role": (ROLE_MANAGER, "roles:update", "admin", {"snippets": []}),
    "removes the admin role": (ROLE_MANAGER, "roles:destroy", "admin", None),
    "manages as a writer": (WRITER, "users:update", WRITER, {"roles": ["admin"]}),
    "makes roles as a writer": (WRITER, "roles:create", None, {"name": "x", "snippets": ["pm.*"]}),
    "reads roles as a writer": (WRITER, "roles:list", None, None),
    "changes a collection as a writer": (WRITER, "collections:update", "posts", {"title": "x"}),
}


@pytest.mark.parametrize(("user", "name", "record", "body"), UP.values(), ids=UP)
def test_there_is_no_way_up(root: Session, user: int, name: str, record: Json, body: Json) -> None:
    before = everybody(root)
    with pytest.raises(Forbidden):
        root.process(user_id=user).answer(name, record, body)
    assert everybody(root) == before


def everybody(root: Session) -> Json:
    return [root.call("users:list", sort="id"), root.call("roles:list", sort="id")]


def test_the_root_role_cannot_be_made_changed_or_given_another_name(root: Session) -> None:
    for name in ("root", "anonymous", "__union__"):
        with pytest.raises(AppError):
            root.answer("roles:create", None, {"name": name, "snippets": ["pm.*"]})
    with pytest.raises(Invalid):
        root.answer("roles:update", "admin", {"name": "root"})


@pytest.mark.parametrize("name", ["users:list", "users:get", "users:create", "users:update", "auth:check"])
def test_no_answer_holds_a_password_hash(root: Session, name: str) -> None:
    admin = root.process(user_id=ADMIN)
    body = {"username": "x", "password": PASSWORD} if name == "users:create" else {"nickname": "x"} if name == "users:update" else None
    answer = admin.answer(name, None if name in ("users:create", "users:list", "auth:check") else WRITER, body)
    assert "plain:" not in json.dumps(answer.body())
    assert "tokensValidFrom" not in json.dumps(answer.body())


@pytest.mark.parametrize("name", ["password", "tokensValidFrom"])
def test_a_hidden_field_of_users_is_no_oracle(root: Session, name: str) -> None:
    admin = root.process(user_id=ADMIN)
    for params in ({"filter": {name: {"$includes": "p"}}}, {"sort": name}, {"fields": name}, {"filter": {"$not": {name: None}}}):
        with pytest.raises(Invalid):
            admin.answer("users:list", None, None, **params)
    for params in ({"filter": {f"createdBy.{name}": {"$includes": "p"}}}, {"fields": f"createdBy.{name}"}):
        with pytest.raises(Invalid):
            admin.answer("posts:list", None, None, **params)


SYSTEM_TARGETS = {
    "users": field("people", "hasMany", target="users", foreignKey="password"),
    "roles": field("roleList", "hasMany", target="roles", foreignKey="snippets"),
    "apiKeys": field("keys", "hasMany", target="apiKeys", foreignKey="roleName"),
}


@pytest.mark.parametrize("association", SYSTEM_TARGETS.values(), ids=SYSTEM_TARGETS)
def test_no_association_keeps_its_key_in_a_system_record(root: Session, association: Json) -> None:
    """A collection's manager could else set a hash that they know as root's password."""
    with pytest.raises(Invalid):
        root.process(user_id=ADMIN).answer("collections/posts/fields:create", None, association)


@pytest.mark.parametrize("values", [{"username": "x", "roles": ["root"]}, {"id": 1, "nickname": "x"}, {"id": 1, "password": PASSWORD}])
def test_users_are_not_written_along_with_a_record(root: Session, values: Json) -> None:
    people = field("people", "belongsToMany", target="users", through="postPeople", foreignKey="postId", otherKey="userId")
    keeper = field("keeper", "belongsTo", target="users", foreignKey="keeperId")
    for association in (people, keeper):
        root.answer("collections/posts/fields:create", None, association)
    before = everybody(root)
    for session in (root, root.process(user_id=ADMIN)):
        for body in ({"people": [values]}, {"keeper": values}):
            with pytest.raises((Invalid, Forbidden)):
                session.answer("posts:create", None, body, updateAssociationValues="people,keeper")
            with pytest.raises((Invalid, Forbidden)):
                session.answer("posts:update", 2, body, updateAssociationValues="people,keeper")
        with pytest.raises((Invalid, Forbidden)):
            session.answer("posts/2/people:create", None, values)
    assert everybody(root) == before


def test_a_list_of_partners_leaves_those_out_of_view_alone(root: Session, writer: Session) -> None:
    comment = writer.call("posts/1/comments:create", None, {"text": "mine"})["id"]
    writer.answer("posts:update", 1, {"comments": []})
    assert root.call("comments:get", 1)["postId"] == 1
    assert root.call("comments:get", comment)["postId"] is None


def test_a_scope_without_its_variables_value_reaches_nothing(root: Session) -> None:
    """Compared with null it would reach every record that belongs to nobody."""
    scope = {"title": "{{$user.phone}}"}
    root.answer("roles:create", None, {"name": "byphone", "resources": {"posts": rule(view={"scope": scope})}})
    root.answer("users:create", None, {"id": 9, "username": "nine", "password": PASSWORD, "roles": ["byphone"]})
    root.answer("posts:create", None, {"title": None})
    nine = root.process(user_id=9)
    with pytest.raises(Forbidden):
        nine.answer("posts:list")
    root.answer("users:update", 9, {"phone": "root's"})
    assert [row["id"] for row in nine.call("posts:list")] == [1]


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        ({"createdById": "{{$user.id}}"}, [2]),
        ({"createdBy.username": "{{$user.username}}"}, [2]),
        ({"title": "{{$nRole}}"}, [3]),
        ({"createdAt": {"$dateBefore": "{{$now}}"}}, []),
        ({"createdAt": {"$dateNotAfter": "{{$now}}"}}, [1, 2, 3]),
        ({"createdAt": {"$dateOn": {"type": "today"}}}, [1, 2, 3]),
        ({"comments.text": "root's"}, [1]),
        ({"$or": [{"id": 1}, {"createdById": "{{$user.id}}"}]}, [1, 2]),
    ],
    ids=json.dumps,
)
def test_a_scope_reaches_what_it_says(root: Session, scope: Json, seen: list[int]) -> None:
    root.answer("roles:create", None, {"name": "scoped", "resources": {"posts": rule(view={"scope": scope}, update={"scope": scope})}})
    root.answer(f"users/{WRITER}/roles:set", None, ["scoped"])
    root.answer("posts:create", None, {"id": 3, "title": "scoped"})
    scoped = root.process(user_id=WRITER)
    assert [row["id"] for row in scoped.call("posts:list", sort="id")] == seen
    assert [number for number in (1, 2, 3) if scoped.call("posts:get", number)] == seen


@pytest.mark.parametrize(
    "scope",
    [{"nosuch": 1}, {"title": "{{$user.nosuch}}"}, {"title": {"$nosuch": 1}}, {"createdBy.password": "plain:x"}],
    ids=json.dumps,
)
def test_a_scope_that_cannot_be_read_is_refused_when_saved(root: Session, scope: Json) -> None:
    with pytest.raises(Invalid) as refused:
        root.answer("roles:create", None, {"name": "scoped", "resources": {"posts": rule(view={"scope": scope})}})
    assert refused.value.problems()[0].path.startswith("resources.posts.actions.0.scope")


def test_a_scope_whose_field_was_removed_reaches_nothing(root: Session) -> None:
    root.answer("collections/posts/fields:create", None, {"name": "region", "type": "string"})
    scope = {"region": "north"}
    root.answer("roles:create", None, {"name": "scoped", "resources": {"posts": rule(view={"scope": scope}, update={"scope": scope})}})
    root.answer(f"users/{WRITER}/roles:set", None, ["scoped"])
    root.answer("collections/posts/fields:destroy", None, None, filterByTk="region")
    scoped = root.process(user_id=WRITER)
    for name in ("posts:list", "posts:get", "posts:update"):
        with pytest.raises(Forbidden) as refused:
            scoped.answer(name, None if name == "posts:list" else 1, {"title": "x"})
        assert refused.value.message == "No permissions"


def test_an_answer_kept_for_a_key_is_replayed_to_its_user_only(root: Session, writer: Session) -> None:
    made = root.answer("posts:create", None, {"title": "kept", "secret": "root only"}, key="k")
    again = writer.answer("posts:create", None, {"title": "kept", "secret": "root only"}, key="k")
    assert again.body()["data"]["id"] != made.data["id"]


@pytest.mark.parametrize("body", [{"email": "nobody"}, {"username": "the@writer"}], ids=["email", "username"])
def test_nobody_takes_a_name_that_looks_like_anothers_address(root: Session, body: Json) -> None:
    with pytest.raises(Invalid):
        root.answer("users:create", None, body | {"password": PASSWORD})


def test_who_signs_in_by_a_name_that_is_no_text_is_told(root: Session) -> None:
    for body in ({"account": ["root"], "password": "x"}, {"account": {"$ne": None}, "password": {"$ne": None}}):
        with pytest.raises((Invalid, Unauthenticated)):
            root.answer("auth:signIn", None, body)


def test_a_password_field_is_hashed_and_never_shown(root: Session) -> None:
    fields = [{"name": "pin", "type": "password"}, {"name": "n", "type": "string"}]
    root.answer("collections:create", None, {"name": "accounts", "fields": fields})
    made = root.call("accounts:create", None, {"pin": "sekret1", "n": "a"})
    changed = root.call("accounts:update", made["id"], {"pin": "sekret2"})[0]
    assert "pin" not in made | changed | root.call("accounts:get", made["id"])
    collection = root.store.query(RECORDS, "collections#0", keys=Range("accounts", "accounts")).items[0]["data"]["uid"]
    [item] = root.store.query(RECORDS, f"{collection}#0").items
    assert item["data"]["pin"] != "sekret2"


def test_an_association_out_of_view_is_no_context(root: Session) -> None:
    """``key!association`` loads a record: what the role may not view is not loaded for its workflow."""
    root.answer("collections:create", None, {"name": "vault", "fields": [{"name": "secret", "type": "string"}]})
    root.answer("collections:create", None, {"name": "cards", "fields": [{"name": "vault", "type": "belongsTo", "target": "vault"}]})
    hidden = root.call("vault:create", None, {"secret": "alpha"})["id"]
    card = root.call("cards:create", None, {"vault": hidden})["id"]
    say = {"type": "response-message", "config": {"message": "{{$context.data.secret}}"}}
    root.workflow("tell", [say], collection="vault")
    root.answer("roles:create", None, {"name": "carder", "resources": {"cards": rule(view={}, trigger={})}})
    root.answer(f"users/{WRITER}/roles:set", None, ["carder"])
    carder = root.process(user_id=WRITER)
    assert root.trigger("cards", card, "tell!vault").messages == ["alpha"]
    with pytest.raises(Forbidden):
        carder.trigger("cards", card, "tell!vault")
    root.answer("roles:update", "carder", {"resources": {"cards": rule(view={}, trigger={}), "vault": rule(view={"scope": "own"})}})
    with pytest.raises(Forbidden):
        carder.trigger("cards", card, "tell!vault")
    root.answer("roles:update", "carder", {"resources": {"cards": rule(view={}, trigger={}), "vault": rule(view={})}})
    assert carder.trigger("cards", card, "tell!vault").messages == ["alpha"]


@pytest.mark.parametrize(
    "way",
    [
        lambda w: w.answer("comments:create", None, {"id": 77, "text": "x"}),
        lambda w: w.answer("posts/2/comments:create", None, {"id": 77, "text": "x"}),
        lambda w: w.answer("posts:create", None, {"comments": [{"id": 77, "text": "x"}]}, updateAssociationValues="comments"),
        lambda w: w.answer("comments:updateOrCreate", None, {"id": 77, "text": "x"}, filterKeys="id"),
    ],
    ids=["create", "through an association", "with its owner", "or update"],
)
def test_who_may_not_write_the_id_does_not_choose_it(root: Session, writer: Session, way: Any) -> None:
    with pytest.raises(Forbidden) as refused:
        way(writer)
    assert refused.value.data["fields"] == ["id"]
    assert root.call("comments:get", 77) is None


def test_who_may_write_the_id_chooses_it(root: Session, writer: Session) -> None:
    resources = copy.deepcopy(ROLES["writer"])
    resources["comments"]["actions"][1]["fields"].append("id")
    root.call("roles:update", "writer", {"resources": resources})
    assert writer.call("comments:create", None, {"id": 77, "text": "x"})["id"] == 77


def test_an_update_may_repeat_the_id(root: Session, writer: Session) -> None:
    number = mine(writer)
    assert writer.call("comments:update", number, {"id": number, "text": "again"})[0]["text"] == "again"
