"""Every procedure, by collection and name. One literal list, no scanning: the list is documentation.

A team adds its own in three steps: write a function in a module of this package, put ``@procedure("<collection>", input_schema=…)`` above
it, and name it in the list below. It is then ``POST /api/<collection>:<name>/<id>`` for every role that may ``call`` it, part of the
OpenAPI document, and there for actions of kind ``procedure``. It imports ``procedures.base``, ``domain`` and ``errors``; what it needs
from the outside comes with the `ProcedureCall`.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.procedures import samples, users
from chalicelib.procedures.base import Procedure, ProcedureCall, procedure

__all__ = ["PROCEDURES", "Procedure", "ProcedureCall", "Procedures", "by_address", "found_procedure", "procedure"]

Procedures = dict[tuple[str | None, str], Procedure]


def by_address(procedures: Iterable[Procedure]) -> Procedures:
    """The procedures by collection and name. Raises ValueError for two of one name."""
    found: Procedures = {}
    for one in procedures:
        if (one.collection, one.name) in found:
            raise ValueError(f"there are two procedures {one.address}")
        found[one.collection, one.name] = one
    return found


PROCEDURES: Procedures = by_address(
    (
        users.send_welcome_email,
        samples.remeasure,
    )
)


def found_procedure(resource: str, name: str, procedures: Procedures | None = None) -> Procedure | None:
    """The procedure at ``<resource>:<name>``; those of no collection are at ``procedures:<name>``."""
    return (PROCEDURES if procedures is None else procedures).get((None if resource == "procedures" else resource, name))
