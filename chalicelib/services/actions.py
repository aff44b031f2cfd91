"""Actions as definitions over HTTP: who manages workflows makes the buttons that start them.

What is saved has been checked, all mistakes told at once: the form, the rules, the texts and addresses, and that what it starts is there,
is enabled, and fits. Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.action import PARTS, SCHEMA, Action, problems_of_parts, with_defaults
from chalicelib.domain.collection import SYSTEM_FIELDS
from chalicelib.domain.filter import parse_filter, substitute
from chalicelib.domain.form_rules import problems_of_json_schema
from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.system_collections import ACTIONS, ROLES
from chalicelib.domain.system_variables import date_variables
from chalicelib.engine.finder import Search
from chalicelib.engine.node_validation import TOO_DEEP, is_too_deep
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.procedures import PROCEDURES, Procedures
from chalicelib.services.action_bindings import problems_of_binding
from chalicelib.services.action_names import NAMING, problems_of_names
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, edit, edit_once, view
from chalicelib.services.listing import shape_of
from chalicelib.services.preconditions import check_unchanged, time_tag
from chalicelib.services.session import ROOT, USER_FIELDS
from chalicelib.services.versions import AREA

BINDING = ("collection", "context", "kind", "workflows", "procedure", "enabled")


class Actions:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend, procedures: Procedures = PROCEDURES) -> None:
        self._backend = backend
        self._procedures = procedures

    def list_actions(self, call: Call) -> Answer:
        """By ``sort`` unless the call says otherwise; ``fields`` and ``except`` choose among their options."""

        def act(editing: Editing) -> Answer:
            shape = shape_of(call)
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            search = Search(
                ACTIONS, editing.records.filter(filter_of(call), ACTIONS), parse_sort(call.params.get("sort") or "sort", ACTIONS)
            )
            found = editing.records.search(search).records
            page = found[paging.offset : paging.offset + paging.page_size] if paging.paginate else found
            meta = {"count": len(found), "page": paging.page, "pageSize": paging.page_size, "totalPage": -(-len(found) // paging.page_size)}
            return Answer([shape(visible(record)) for record in page], meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            shape, record = shape_of(call), _found(editing, call)
            return Answer(shape(visible(record)), headers={"ETag": time_tag(record.row)}) if record else Answer(None)

        return view(self._backend, call, AREA, act)

    def procedures(self, call: Call) -> Answer:
        """The procedures that an action may call, by ``collection`` (``null``: of none) and ``name``, with what they take as ``form``."""

        def act(_: Editing) -> Answer:
            found = sorted(self._procedures.values(), key=lambda one: (one.collection or "", one.name))
            return Answer([{"name": one.name, "title": one.title, "collection": one.collection, "form": one.input_schema} for one in found])

        return view(self._backend, call, AREA, act)

    def create(self, call: Call) -> Answer:
        """The action made. Its name is what calls name it by, for good."""

        def act(editing: Editing) -> Answer:
            values = _values(call)
            data = self._checked(editing, with_defaults(values), values)
            if editing.unit.get(ACTIONS, data["name"]) is not None:
                raise Invalid(f'an action named "{data["name"]}" already exists', path="name", code="NOT_UNIQUE")
            return Answer(visible(editing.unit.create(ACTIONS, data | {"id": data["name"]})))

        return edit_once(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        """The action changed, as a list. What belongs to another kind than it now has goes. ``If-Match`` names the version that may be
        changed."""

        def act(editing: Editing) -> Answer:
            record = _found(editing, call)
            check_unchanged(call, "the action", visible(record) if record else None)
            if record is None:
                return Answer([])
            values = _values(call)
            if values.get("name", record.id) != record.id:
                raise Invalid("the name of an action cannot change; make another one", path="name", code="READ_ONLY_FIELD")
            merged = with_defaults(record.item["data"] | {name: value for name, value in values.items() if value is not None})
            merged |= {name: None for name, value in values.items() if value is None and name not in ("label", "context", "placement")}
            gone = [part for kind, part in PARTS.items() if kind != merged.get("kind") and part not in values]
            data = self._checked(editing, {**merged, **dict.fromkeys(gone)}, values)
            changed = visible(editing.unit.update(record, data))
            return Answer([changed], headers={"ETag": time_tag(changed)})

        return edit(self._backend, call, AREA, act)

    def destroy(self, call: Call) -> Answer:
        """What it started stays."""

        def act(editing: Editing) -> Answer:
            record = _found(editing, call)
            if record:
                editing.unit.destroy(record)
            return Answer(1 if record else 0)

        return edit(self._backend, call, AREA, act)

    def _checked(self, editing: Editing, data: Row, sent: Row) -> Row:
        """The action to store. Raises Invalid with every mistake; of a binding that was not touched only what was sent is judged."""
        if is_too_deep(data):
            raise Invalid(TOO_DEEP)
        found = problems_of_schema({name: value for name, value in data.items() if value is not None or name == "enabled"}, SCHEMA, "")
        if found:
            raise Invalid.of(found)
        action = Action(data)
        found = list(problems_of_parts(data))
        if not any(problem.path.startswith("form") for problem in found):
            found += problems_of_json_schema(data.get("form"))
        found += _problems_of_roles(editing, data.get("roles"))
        bound = problems_of_binding(action, editing.definitions, self._procedures) if not found and sent.keys() & set(BINDING) else []
        found += [*bound, *_problems_of_rules(editing, action), *_problems_of_client(editing, action)]
        if not found and sent.keys() & NAMING:
            found += problems_of_names(action, editing.collection(action.collection or ""), self._procedures)
        if found:
            raise Invalid.of(found)
        return data


def _values(call: Call) -> Row:
    """What was sent, without what the system keeps; a client may send back what it has read."""
    return {name: value for name, value in call.values().items() if name not in SYSTEM_FIELDS}


def _found(editing: Editing, call: Call) -> Record | None:
    key = call.target_key
    if key is None:
        raise Invalid(f"this action needs a name: actions:{call.action}/<name> or filterByTk", path="filterByTk")
    return editing.unit.get(ACTIONS, key)


def _problems_of_client(editing: Editing, action: Action) -> Iterator[Problem]:
    name = (action.row.get("client") or {}).get("collection")
    if name and editing.collection(name) is None:
        yield Problem(f'there is no collection "{name}"', "client.collection", "COLLECTION_NOT_FOUND")


def _problems_of_roles(editing: Editing, roles: Json) -> Iterator[Problem]:
    names = list(dict.fromkeys(roles or []))
    there = {record.id for record in editing.unit.get_many(ROLES, names) if record}
    for number, name in enumerate(names):
        if name not in there and name != ROOT:
            yield Problem(f'there is no role "{name}"', f"roles.{number}", "ROLE_NOT_FOUND")


def _problems_of_rules(editing: Editing, action: Action) -> list[Problem]:
    """Fields that the collection does not have, operators that they do not take, variables that are none."""
    collection = editing.collection(action.collection or "")
    variables = {"$user": dict.fromkeys(USER_FIELDS), "$nRole": ""} | date_variables(editing.records.now_ms)
    found: list[Problem] = []
    for rule in ("visibleWhen", "enabledWhen"):
        raw = action.row.get(rule)
        if not raw or collection is None:
            continue
        try:
            parse_filter(substitute(raw, variables, path=rule), collection, editing.records.collection, path=rule)
        except Invalid as refused:
            found += refused.problems()
        except NotFound as missing:
            found.append(Problem(missing.message, rule))
    return found
