"""The actions' part of a plan. They come after the workflows that they start, and go before them."""

from __future__ import annotations

from collections.abc import Iterator

from local.definitions import Body
from local.steps import Caller, Step, diff, differing, made, quoted


class Plan:
    """``wanted``: the definitions by name."""

    def __init__(self, client: Caller, wanted: dict[str, Body]) -> None:
        self._client = client
        self._wanted = wanted
        self._there: dict[str, Body] = {row["name"]: row for row in client.call("actions:list", paginate="false")["data"]}

    def steps(self) -> Iterator[Step]:
        """What is missing or different."""
        for name, body in self._wanted.items():
            if name not in self._there:
                yield Step("+", f"action {name}", made(self._client, "actions:create", body), diff({}, body))
                continue
            there = self._there[name]
            different = differing(body, there)
            if different:
                old = {option: there.get(option) for option in different}
                run = made(self._client, f"actions:update/{quoted(name)}", different)
                yield Step("~", f"action {name}", run, diff(old, different))

    def extra(self) -> list[Step]:
        """The removal of what no file names."""
        spare = [name for name in self._there if name not in self._wanted]
        return [Step("-", f"action {name}", made(self._client, f"actions:destroy/{quoted(name)}", {})) for name in spare]
