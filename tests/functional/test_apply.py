"""``make plan`` and ``make apply`` as a person runs them: a folder of files, a running Stepbase, exit codes and what is printed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from local.apply import main
from tests.functional.client import Client, Json

ROOT = Path(__file__).resolve().parents[2]
CONFIG: Json = {"type": 1, "collection": "crates"}


def message(text: str, **more: Json) -> Json:
    return {"type": "response-message", "config": {"message": text}} | more


def flow(*nodes: Json, **more: Json) -> Json:
    base = {"key": "pack", "title": "Pack", "type": "custom-action", "sync": True, "enabled": True, "config": CONFIG}
    return base | {"nodes": list(nodes)} | more


CRATES: Json = {
    "name": "crates",
    "title": "Crates",
    "fields": [
        {"name": "title", "type": "string", "required": True},
        {"name": "size", "type": "integer"},
        {"name": "shelf", "type": "belongsTo", "target": "shelves", "foreignKey": "shelfId"},
        {
            "name": "labels",
            "type": "belongsToMany",
            "target": "labels",
            "through": "cratesLabels",
            "foreignKey": "crateId",
            "otherKey": "labelId",
        },
    ],
}
SHELVES: Json = {
    "name": "shelves",
    "fields": [{"name": "title", "type": "string"}, {"name": "crates", "type": "hasMany", "target": "crates", "foreignKey": "shelfId"}],
}
LABELS: Json = {"name": "labels", "fields": [{"name": "title", "type": "string", "unique": True}]}
PACKER: Json = {
    "name": "packer",
    "strategy": {"actions": ["view"]},
    "resources": [{"name": "crates", "usingActionsConfig": True, "actions": [{"name": "view"}, {"name": "trigger"}]}],
}
BRANCHED: Json = {
    "type": "condition",
    "config": {"rejectOnFalse": False, "calculation": {"calculator": "gt", "operands": ["{{$context.data.size}}", 5]}},
    "branches": {"1": [message("large")], "0": []},
}
PRESS: Json = {
    "name": "packNow",
    "label": "Pack",
    "collection": "crates",
    "context": "single",
    "kind": "workflow",
    "workflows": [{"key": "pack"}],
    "enabledWhen": {"size": {"$gt": 0}},
}
EVERYTHING: Json = {"collections": [CRATES, SHELVES, LABELS], "roles": [PACKER], "workflows": [flow(BRANCHED, message("packed"))]}


@dataclass
class Made:
    """What a run of the tool gave."""

    code: int
    out: str
    errors: str


Tool = Callable[..., Made]


@pytest.fixture
def tool(root: Client, root_token: str, tmp_path: Path) -> Tool:
    """``tool("plan", content, "--prune", ALLOW_DATA_LOSS="1")`` over a folder that holds the content."""

    def run(action: str, content: Json, *arguments: str, **environment: str) -> Made:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "all.json").write_text(text)
        settings = {"URL": f"http://localhost:{root.port}", "TOKEN": root_token, "DIR": str(tmp_path)} | environment
        out, errors = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(errors):
            code = main([action, *arguments], os.environ | settings)
        return Made(code, out.getvalue(), errors.getvalue())

    return run


@pytest.fixture
def clean(root: Client, tool: Tool) -> Tool:
    """Nothing of these tests is there, before and after."""
    remove(root)
    return tool


def remove(root: Client) -> None:
    root.post("actions:destroy/packNow").ok()
    for row in root.get("workflows:list", filter={"key": {"$in": ["pack", "spare"]}, "current": True}).data:
        root.post(f"workflows:destroy/{row['id']}").ok()
    names = {row["name"] for row in root.get("collections:list", paginate=False).data}
    if "shelves" in names:
        root.post("collections/shelves/fields:destroy/crates")
    for name in ("crates", "cratesLabels", "shelves", "labels", "loose"):
        if name in names:
            root.post(f"collections:destroy/{name}").ok()
    root.post("roles:destroy/packer").ok()


def version(root: Client) -> Json:
    (row,) = root.get("workflows:list", filter={"key": "pack", "current": True}).data
    return row


def press(root: Client, size: int = 1) -> list[str]:
    crate = root.post("crates:create", {"title": "c", "size": size}).data["id"]
    return root.trigger(f"crates/{crate}", "pack").messages


def test_a_plan_changes_nothing_apply_makes_it_so_and_again_there_is_nothing_to_do(clean: Tool, root: Client) -> None:
    planned = clean("plan", EVERYTHING)
    assert planned.code == 3, planned.errors
    for line in ("+ collection crates", "    + title: string (required)", "+ role packer", "+ workflow pack", "5 to create, 0 to change"):
        assert line in planned.out
    assert root.get("collections:get/crates").data is None
    applied = clean("apply", EVERYTHING)
    assert (applied.code, applied.out) == (0, planned.out + "Applied.\n")
    assert press(root, 9) == ["large", "packed"]
    assert root.get("crates:list", appends=["shelf", "labels"]).status == 200
    for action in ("plan", "apply"):
        again = clean(action, EVERYTHING)
        assert (again.code, again.out.splitlines()[-1]) == (0, "Nothing to change."), again.out


def test_only_the_differences_are_applied(clean: Tool, root: Client) -> None:
    assert clean("apply", EVERYTHING).code == 0
    fields = [{"name": "title", "type": "string", "required": False}, *CRATES["fields"][1:], {"name": "note", "type": "text"}]
    changed = EVERYTHING | {
        "collections": [CRATES | {"title": "Boxes", "fields": fields}, SHELVES, LABELS],
        "roles": [PACKER | {"title": "Packs", "strategy": {"actions": ["view", "create"]}}],
        "workflows": [flow(BRANCHED, message("packed"), title="Pack it", options={"timeout": 5000})],
    }
    before = version(root)
    planned = clean("plan", changed)
    assert planned.code == 3
    for line in (
        "~ collection crates",
        '    ~ title: "Crates" -> "Boxes"',
        "~ field crates.title",
        "    ~ required: true -> false",
        "+ field crates.note: text",
        "~ role packer",
        "~ workflow pack",
        '    +  "title": "Pack it"',
        "1 to create, 4 to change, 0 to remove",
    ):
        assert line in planned.out, planned.out
    assert clean("apply", changed).code == 0
    assert clean("plan", changed).code == 0
    after = version(root)
    assert (after["id"], after["title"], after["options"]["timeout"]) == (before["id"], "Pack it", 5000)
    assert root.post("crates:create", {"note": "n"}).status == 200


def test_a_version_that_has_not_run_is_changed_in_place_and_one_that_has_gets_a_next_one(clean: Tool, root: Client) -> None:
    assert clean("apply", EVERYTHING).code == 0
    first = version(root)["id"]
    changed = EVERYTHING | {"workflows": [flow(message("other"))]}
    assert "has run" not in clean("plan", changed).out
    assert clean("apply", changed).code == 0
    assert version(root)["id"] == first
    assert press(root) == ["other"]
    assert "a next version, since this one has run" in clean("plan", EVERYTHING).out
    assert clean("apply", EVERYTHING).code == 0
    assert version(root)["id"] != first
    assert press(root) == ["packed"]
    assert [row["enabled"] for row in root.get("workflows:list", filter={"key": "pack"}, sort="id").data] == [False, True]
    assert clean("plan", EVERYTHING).code == 0


def test_a_disabled_workflow_that_has_run_is_brought_up_to_date_too(clean: Tool, root: Client) -> None:
    assert clean("apply", EVERYTHING).code == 0
    press(root)
    changed = EVERYTHING | {"workflows": [flow(message("other"), enabled=False)]}
    assert clean("apply", changed).code == 0
    assert version(root)["enabled"] is False
    assert clean("plan", changed).code == 0
    assert clean("apply", EVERYTHING | {"workflows": [flow(message("other"))]}).code == 0
    assert press(root) == ["other"]


def test_actions_are_brought_along_and_changed_in_place(clean: Tool, root: Client) -> None:
    with_action = EVERYTHING | {"actions": [PRESS]}
    planned = clean("plan", with_action)
    assert planned.code == 3
    assert "+ action packNow" in planned.out
    assert clean("apply", with_action).code == 0
    assert clean("plan", with_action).out.splitlines()[-1] == "Nothing to change."
    crate = root.post("crates:create", {"title": "c", "size": 9}).data["id"]
    assert root.post("actions:run/packNow", {"filterByTk": crate}).data["message"] == "large\npacked"
    changed = EVERYTHING | {"actions": [PRESS | {"label": "Pack it", "enabledWhen": {"size": {"$gt": 10}}}]}
    planned = clean("plan", changed)
    for line in ("~ action packNow", '+  "label": "Pack it"', '-  "label": "Pack"', "0 to create, 1 to change, 0 to remove"):
        assert line in planned.out, planned.out
    assert clean("apply", changed).code == 0
    assert root.post("actions:run/packNow", {"filterByTk": crate}).codes == ["ACTION_DISABLED"]
    assert clean("plan", changed).code == 0


def test_an_action_that_no_file_names_goes_before_the_workflow_that_it_starts(clean: Tool, root: Client) -> None:
    assert clean("apply", EVERYTHING | {"actions": [PRESS]}).code == 0
    assert "action packNow" in clean("plan", EVERYTHING).out
    pruned = clean("plan", {"collections": EVERYTHING["collections"]}, "--prune").out
    assert pruned.index("- action packNow") < pruned.index("- workflow pack")
    assert root.get("actions:get/packNow").data["label"] == "Pack"


def test_an_action_that_does_not_fit_stops_the_apply_and_says_why(clean: Tool, root: Client) -> None:
    made = clean("apply", EVERYTHING | {"actions": [PRESS | {"workflows": [{"key": "nosuch"}]}]})
    assert made.code == 2
    assert "Stopped at action packNow: 400" in made.errors
    assert "nosuch" in made.errors
    assert root.get("actions:get/packNow").data is None


def test_what_no_file_names_stays_unless_it_is_to_be_pruned(clean: Tool, root: Client) -> None:
    everything = EVERYTHING | {"collections": [*EVERYTHING["collections"], {"name": "loose", "fields": [{"name": "a", "type": "string"}]}]}
    assert clean("apply", everything | {"workflows": [*EVERYTHING["workflows"], flow(key="spare", config={"type": 0})]}).code == 0
    planned = clean("plan", EVERYTHING)
    assert planned.code == 0
    (left,) = [line for line in planned.out.splitlines() if line.startswith("Left alone")]
    assert "collection loose" in left
    assert "workflow spare" in left
    assert "cratesLabels" not in left
    root.post("loose:create", {"a": "kept"}).ok()
    pruned = clean("plan", EVERYTHING, "--prune")
    assert pruned.code == 3
    assert "- collection loose\n    ! loses the records of loose (1 record)" in pruned.out
    assert "- workflow spare\n" in pruned.out
    refused = clean("apply", EVERYTHING, "--prune")
    assert refused.code == 2
    assert "ALLOW_DATA_LOSS=1" in refused.errors
    assert root.count("loose") == 1
    assert root.count("workflows", key="spare") == 1


def test_a_field_goes_only_with_leave_to_lose_its_values(clean: Tool, root: Client) -> None:
    assert clean("apply", EVERYTHING).code == 0
    fields = [field for field in CRATES["fields"] if field["name"] != "size"]
    without = {"collections": [CRATES | {"fields": fields}, SHELVES, LABELS], "workflows": [flow(message("x"))]}
    spare = ", ".join(line for line in clean("plan", without).out.splitlines() if line.startswith("Left alone"))
    assert "field crates.size" in spare
    assert "shelfId" not in spare
    press(root, 7)
    planned = clean("plan", without, "--prune")
    assert "- field crates.size\n    ! loses the values of crates.size (1 record)" in planned.out
    retyped = CRATES | {"fields": [field | ({"type": "string"} if field["name"] == "size" else {}) for field in CRATES["fields"]]}
    refused = clean("apply", {"collections": [retyped]})
    assert refused.code == 2
    assert '~ type: "integer" -> "string"' in refused.out
    assert "! loses values of crates.size" in refused.out
    assert root.get("collections/crates/fields:get/size").data["type"] == "integer"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "all.json: "),
        ([], "must be an object"),
        ({"workflow": []}, '"workflow" is no kind'),
        ({"collections": {}}, "collections must be a list"),
        ({"collections": [{"title": "x"}]}, 'collections.0: must be an object with a "name"'),
        ({"collections": [{"name": "a", "fields": [{"name": "b"}]}]}, "collections.0.fields.0"),
        ({"collections": [SHELVES, SHELVES]}, '"shelves" is defined twice'),
        ({"workflows": [{"key": "a", "nodes": [{"type": "condition", "branches": 5}]}]}, "workflows.0.nodes.0.branches"),
        ({"roles": [{"name": "a", "resources": [5]}]}, "roles.0.resources"),
        ({"actions": [{"label": "x"}]}, 'actions.0: must be an object with a "name"'),
    ],
)
def test_files_that_are_wrong_are_told_before_anything_is_done(tool: Tool, content: Json, words: str) -> None:
    for action in ("plan", "apply"):
        made = tool(action, content)
        assert (made.code, made.out) == (2, "")
        assert words in made.errors


def test_what_the_product_refuses_is_told_with_how_far_it_came(clean: Tool, root: Client) -> None:
    made = clean("apply", {"collections": [LABELS], "workflows": [flow({"type": "nosuch"}, config={"type": 0})]})
    assert made.code == 2
    assert 'Stopped at workflow pack: 400 Node type "nosuch" is not registered' in made.errors
    assert "1 of 2 steps were done" in made.errors
    assert root.get("collections:get/labels").data["name"] == "labels"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"collections": [LABELS | {"shards": 4}]}, "shards of a collection cannot change"),
        ({"collections": [SHELVES | {"fields": [SHELVES["fields"][1] | {"target": "labels"}]}]}, "target of an association cannot change"),
        ({"workflows": [flow(type="action")]}, "the type of a workflow cannot change"),
    ],
)
def test_what_can_never_be_changed_stops_it_all(clean: Tool, root: Client, change: Json, words: str) -> None:
    assert clean("apply", EVERYTHING).code == 0
    made = clean("apply", change | {"roles": [PACKER | {"title": "T"}]})
    assert made.code == 2
    assert words in made.out
    assert root.get("roles:get/packer").data["title"] == "packer"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"TOKEN": ""}, "TOKEN is missing"),
        ({"TOKEN": "x.y.z"}, "401"),
        ({"URL": "localhost"}, "URL must begin with"),
        ({"URL": "http://localhost:1"}, "does not answer"),
        ({"DIR": "/nonexistent"}, "no folder"),
    ],
)
def test_settings_that_are_wrong_are_told(tool: Tool, settings: dict[str, str], words: str) -> None:
    made = tool("plan", {}, **settings)
    assert (made.code, made.out) == (2, "")
    assert words in made.errors


def test_who_may_not_edit_may_not_plan(clean: Tool, root: Client, stranger: Client) -> None:
    root.post("users:create", {"username": "planner", "password": "a good password 1", "roles": ["member"]}).ok()
    token = stranger.post("auth:signIn", {"account": "planner", "password": "a good password 1"}).data["token"]
    made = clean("plan", EVERYTHING, TOKEN=token)
    assert made.code == 2
    assert "403" in made.errors


def test_make_runs_it_and_calls_differences_no_error(clean: Tool, root: Client, root_token: str, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps(EVERYTHING))
    settings = [f"URL=http://localhost:{root.port}", f"TOKEN={root_token}", f"DIR={tmp_path}"]
    for target, words in (("plan", "5 to create"), ("apply", "Applied."), ("plan", "Nothing to change.")):
        ran = subprocess.run(["make", target, *settings], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stderr
        assert words in ran.stdout
