"""What a call is and what an answer is, between the HTTP surface and the use cases."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from chalicelib.domain.filter import filter_from_text
from chalicelib.domain.selection import names_in
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.services.backend import Principal

Params = dict[str, Json]
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Call:
    """One call: ``<resource>:<action>/<record_id>``, or ``<resource>/<record_id>/<association>:<action>/<association_id>``.

    ``params`` is the query string, nested brackets read as objects and lists; ``body`` the JSON body (``None`` when there was none);
    ``token`` the bearer token or ``None``; ``deadline_ms`` epoch milliseconds by which the answer must be on its way; ``wait_s`` what
    ``Prefer: wait`` says, over at ``wait_until_ms``; ``principal`` stands for a token in calls that do not come over HTTP; ``kept_seconds``
    is how long an answer is kept for its ``idempotency_key``."""

    resource: str
    action: str
    record_id: str | None = None
    association: str | None = None
    association_id: str | None = None
    params: Params = field(default_factory=dict)
    body: Json = None
    token: str | None = None
    role: str | None = None
    timezone: str = "+00:00"
    if_match: str | None = None
    idempotency_key: str | None = None
    deadline_ms: int | None = None
    request_id: str = ""
    wait_s: int | None = None
    wait_until_ms: int | None = None
    principal: Principal | None = None
    kept_seconds: int = DAY_SECONDS

    @property
    def name(self) -> str:
        return f"{self.resource}:{self.action}"

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be written or sent (``dryRun=1``). Raises Invalid for what is no yes or no."""
        raw = self.params.get("dryRun", "0")
        if raw not in ("0", "1", "false", "true", False, True, 0, 1):
            raise Invalid("dryRun must be 1 or 0", path="dryRun")
        return raw in ("1", "true", True, 1)

    @property
    def target_keys(self) -> str | list[Json] | None:
        """``filterByTk`` as it came: of the query string (which wins), else of the path. Raises Invalid for an object."""
        raw = self.params.get("filterByTk", self.record_id)
        if isinstance(raw, str) and raw[:1] in ("[", "{"):
            try:
                raw = json.loads(raw)
            except ValueError:
                return str(raw)
        if isinstance(raw, dict):
            raise Invalid("filterByTk must be an id or a list of ids", path="filterByTk")
        return raw if isinstance(raw, list) or raw is None else str(raw)

    @property
    def target_key(self) -> str | None:
        """The one id of the call. Raises Invalid when there are several."""
        keys = self.target_keys
        if isinstance(keys, list):
            if len(keys) != 1:
                raise Invalid("this action takes one id in filterByTk", path="filterByTk")
            return str(keys[0]) if isinstance(keys[0], str | int) and not isinstance(keys[0], bool) else json.dumps(keys[0])
        return keys if keys else None

    def values(self) -> dict[str, Json]:
        """The body as the values of a record. Raises Invalid when it is no object."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise Invalid(f"the body must be a JSON object, not {kind_of(self.body)}", path="body")
        return self.body

    def record_values(self) -> dict[str, Json]:
        """`values` without what ``whitelist`` does not name and ``blacklist`` does. Raises Invalid."""
        found: list[Problem] = []
        allowed = names_in(self.params.get("whitelist"), "whitelist", found)
        refused = names_in(self.params.get("blacklist"), "blacklist", found)
        if found:
            raise Invalid.of(found)
        return {name: value for name, value in self.values().items() if (not allowed or name in allowed) and name not in refused}


@dataclass(frozen=True)
class Answer:
    """``data`` stands in the envelope unless ``has_data`` is False; ``whole`` is a body kept from before and replaces the envelope."""

    data: Json = None
    meta: dict[str, Json] | None = None
    messages: list[str] = field(default_factory=list)
    errors: list[dict[str, Json]] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    has_data: bool = True
    whole: dict[str, Json] | None = None

    def body(self) -> dict[str, Json]:
        """The envelope: ``{"data": …, "meta": …, "messages": [{"message": …}]}`` or ``{"errors": […], "meta": …}``, with
        ``data`` where something is there all the same."""
        if self.whole is not None:
            return self.whole
        body: dict[str, Json] = {}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.has_data and (self.errors is None or self.data is not None):
            body["data"] = self.data
        if self.meta is not None:
            body["meta"] = self.meta
        if self.messages and self.errors is None:
            body["messages"] = [{"message": message} for message in self.messages]
        return body


def filter_of(call: Call) -> Json:
    """The ``filter`` parameter, JSON text or brackets. Raises Invalid."""
    raw = call.params.get("filter")
    if isinstance(raw, str):
        return filter_from_text(raw)
    if raw is not None and not isinstance(raw, dict):
        raise Invalid('the filter must be a JSON object such as {"title": {"$eq": "A"}}', path="filter")
    return raw


def kind_of(value: Json) -> str:
    """The JSON name of a value's type, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "text" if isinstance(value, str) else "an array" if isinstance(value, list) else "an object"
