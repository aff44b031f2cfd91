"""The names that an action's texts and addresses may hold: ``{{record.title}}``, ``{{input.reason}}``, ``{{user.nickname}}``.

A name that is nothing would leave a hole in a text or an address, seen only when somebody presses the button; it is refused when the action
is saved. Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterator

from chalicelib.domain.action import PROCEDURE, Action
from chalicelib.domain.action_text import variables_of
from chalicelib.domain.collection import Collection
from chalicelib.errors import Json, Problem
from chalicelib.procedures import Procedures
from chalicelib.services.action_bindings import procedure_of
from chalicelib.services.session import USER_FIELDS

# What decides which names there are, and what names them.
NAMING = frozenset(("collection", "context", "kind", "procedure", "form", "client", "onResult"))


def problems_of_names(action: Action, collection: Collection | None, procedures: Procedures) -> list[Problem]:
    """One for each variable that names a field which is not there."""
    known: dict[str, Names[str] | None] = {
        "record": [name for name, one in collection.fields.items() if not one.hidden and not one.is_association] if collection else None,
        "input": _inputs(action, procedures),
        "user": USER_FIELDS,
    }
    found = []
    for path, text in _texts(action):
        for variable in variables_of(text):
            root, _, rest = variable.partition(".")
            names, name = known.get(root), rest.partition(".")[0]
            if names is not None and name and name not in names:
                options = ", ".join(names) or "none"
                found.append(Problem(f'"{{{{{variable}}}}}" in "{path}" names nothing; what {root} has: {options}', path))
    return found


def _inputs(action: Action, procedures: Procedures) -> Names[str] | None:
    """The fields of the form, or of the procedure's own input; ``None`` where others may be sent too."""
    form: Json = action.row.get("form")
    if form:
        return None if form.get("additionalProperties", False) is not False else form.get("properties") or {}
    procedure = procedure_of(action, procedures) if action.kind == PROCEDURE else None
    if procedure is None:
        return ()
    schema = procedure.input_schema
    return (schema.get("properties") or {}) if schema.get("additionalProperties") is False else None


def _texts(action: Action) -> Iterator[tuple[str, str]]:
    """Every text that may hold variables, with its place."""
    client, shown = action.row.get("client") or {}, action.on_result
    download = shown.get("download") or {}
    places = {
        "client": (client, ("message", "id", "url")),
        "onResult": (shown, ("message", "redirect")),
        "onResult.download": (download, ("url", "filename")),
    }
    for place, (texts, names) in places.items():
        for name in names:
            if isinstance(texts.get(name), str):
                yield f"{place}.{name}", texts[name]
