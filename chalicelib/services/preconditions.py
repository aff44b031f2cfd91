"""``If-Match``: a change of no other version than its author has seen. Source: RFC 9110, 8.8.3 and 13.1.1."""

from __future__ import annotations

from chalicelib.domain.record import Record, Row
from chalicelib.errors import PreconditionFailed
from chalicelib.services.call import Call


def names_version(call: Call, tag: str) -> bool:
    """Whether the call is for the version with this ETag: it says so, says ``*``, or says nothing."""
    wanted = None if call.if_match is None else {one.strip().removeprefix("W/") for one in call.if_match.split(",")}
    return wanted is None or "*" in wanted or tag in wanted


def etag(record: Record) -> str:
    """The record's version as a strong ETag."""
    return f'"{record.version}"'


def time_tag(row: Row) -> str:
    """The ETag of a definition: when it was changed last, as its ``updatedAt`` says it."""
    return f'"{row["updatedAt"]}"'


def check_unchanged(call: Call, what: str, row: Row | None) -> None:
    """Raises PreconditionFailed with the definition as it is shown now, unless the call is for this version of it. ``None``: it is not
    there, which no ETag names."""
    if row is None:
        if call.if_match is not None:
            raise PreconditionFailed(f"{what} is not there", data={"current": None})
        return
    tag = time_tag(row)
    if not names_version(call, tag):
        raise PreconditionFailed(f"{what} is at version {tag} by now; read it again", data={"current": row, "etag": tag})
