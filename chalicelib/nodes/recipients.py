"""Users whom a config names: what the nodes that put something on somebody's list have in common.

Ids, templates that give an id or a list of ids, and filters on users. Nobody is meant twice.
Source: https://docs.nocobase.com/workflow/nodes/cc and https://docs.nocobase.com/workflow/nodes/manual
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chalicelib.domain.record import Row
from chalicelib.domain.references import below, is_empty_filter, problems_of_filter
from chalicelib.domain.template import Template, compile_template
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.nodes.base import Definitions, Ports, Scope
from chalicelib.nodes.record_config import FILTER, RecordConfig, params_of, prepare_records, rendered_records

Recipients = tuple[Template | RecordConfig, ...]

MOST_NAMED = 1_000  # looked up by one filter
MOST_USERS = 200  # found by one filter: more than a run may write, so that too many are refused and not cut off


def recipients_schema(title: str, description: str) -> dict[str, Json]:
    """The schema of a list of recipients."""
    return {
        "type": ["array", "null"],
        "maxItems": 100,
        "title": title,
        "description": description,
        "items": {
            "type": ["integer", "string", "object", "null"],
            "title": "Recipient",
            "description": "An id, a template, or `{filter}`.",
            "properties": {"filter": FILTER | {"type": ["object", "null"]}},
        },
    }


def prepare_recipients(raw: Json, path: str) -> Recipients:
    """The list of a config, which stands there at ``path``: templates, and filters with what they were written as."""
    return tuple(_prepared(one, f"{path}.{position}.filter") for position, one in enumerate(raw or ()))


def _prepared(raw: Json, path: str) -> Template | RecordConfig:
    if not isinstance(raw, dict):
        return compile_template(raw)
    return prepare_records({"params": {"filter": raw.get("filter")}})._replace(filter_path=path)


def named(recipients: Recipients, scope: Scope, ports: Ports) -> list[Json]:
    """What the list comes to, flat: ids, and whatever templates gave in place of ids. Raises Invalid for an object inside a filter."""
    return list(_named(recipients, scope, ports))


def _named(recipients: Recipients, scope: Scope, ports: Ports) -> Iterator[Json]:
    for one in recipients:
        if isinstance(one, RecordConfig):
            condition = params_of(rendered_records(one, scope)).get("filter")
            if not is_empty_filter(condition):
                yield from (row["id"] for row in _found(condition, one.filter_path, ports))
        else:
            yield from _flat(one.render(scope))


def _found(condition: Json, path: str, ports: Ports) -> list[Row]:
    """The users that match. Raises Invalid, its paths those of the config."""
    try:
        return ports.records.find("users", filter=condition, page_size=MOST_USERS)
    except Invalid as wrong:
        raise Invalid.of([replace(problem, path=below(path, problem.path)) for problem in wrong.problems()]) from None


def _flat(value: Json) -> Iterator[Json]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def known(values: Sequence[Json], ports: Ports) -> list[int]:
    """Each user once, in the order in which they are named; without those whom there is not.

    Raises Invalid for more than can be looked up."""
    ids = list(dict.fromkeys(user for value in values if (user := id_of(value))))
    if len(ids) > MOST_NAMED:
        raise Invalid(f"{len(ids)} users are named, at most {MOST_NAMED} can be looked up", code="TOO_MANY_RECIPIENTS")
    there = {row["id"] for row in ports.records.find("users", filter={"id": {"$in": ids}}, page_size=len(ids))} if ids else set()
    return [user for user in ids if user in there]


def id_of(value: Json) -> int | None:
    """The id that a number or its text is; nothing for what can be no user's."""
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16 else value
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**53 else None


def problems_of_recipients(raw: Json, path: str, definitions: Definitions, most: int) -> list[Problem]:
    """Ids that are none, more of them than the ``most`` that can be meant, and filters that cannot be or mean everybody."""
    users = {user for one in raw if (user := id_of(one))} if isinstance(raw, list) else set()
    found = [Problem(f"{len(users)} users are named, at most {most} can be", path)] if len(users) > most else []
    for position, user in enumerate(raw if isinstance(raw, list) else ()):
        found += _problems_of(user, f"{path}.{position}", definitions)
    return found


def _problems_of(user: Json, path: str, definitions: Definitions) -> list[Problem]:
    if isinstance(user, dict):
        if is_empty_filter(user.get("filter")):
            return [Problem('"filter" is required and must hold a condition: without one every user would be meant', f"{path}.filter")]
        users = definitions.collection("users")
        return problems_of_filter(user["filter"], users, f"{path}.filter", definitions.collection) if users else []
    if user in (None, "") or (isinstance(user, str) and "{{" in user) or id_of(user):
        return []
    return [Problem("a recipient is a user's id, a template, or an object with a filter", path)]
