"""Conditions on a list of names that stands for associated records, as a user's ``roles`` stand for the roles.

``{"roles": "member"}``, ``{"roles": {"$includes": "mem"}}`` and ``{"roles.name": "member"}`` hold where at least one of the names meets the
condition; operators on lists (``$anyOf``, ``$match`` …) and a list as operand are about the list.
Source: https://docs.nocobase.com/api/database/operators
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.collection import Field
from chalicelib.domain.filter_operators import OPERATORS, Operator
from chalicelib.errors import Json

OF_LISTS = ("$in", "$notIn")
ON_PRESENCE = ("$empty", "$notEmpty", "$exists", "$notExists")


def names_of(field: Field) -> Field:
    """One of the names, as a field of its own. The option ``members`` of the field says what they are in their records."""
    return Field(field.name, "string")


def wrong_part(field: Field, parts: tuple[str, ...]) -> str | None:
    """What to say of ``roles.title``: of the records only their names are kept here."""
    name = field.options.get("members")
    return f'of "{field.name}" only "{field.name}.{name}" can be asked for' if name and parts not in ((), (name,)) else None


def is_about_one(field: Field, parts: tuple[str, ...], name: str, raw: Json) -> bool:
    """Whether the condition is about one of the names, not about the list."""
    if "members" not in field.options or name in ON_PRESENCE or raw is None:
        return False
    is_of_text = name in OPERATORS and "text" in OPERATORS[name].kinds
    return is_of_text and (bool(parts) or name in OF_LISTS or not isinstance(raw, list))


def of_any(operator: Operator) -> Operator:
    """The operator on the list: at least one member meets it."""
    return replace(operator, test=lambda value, operand: isinstance(value, list) and any(operator.test(one, operand) for one in value))
