"""A signed-in caller of the API over HTTP, standard library only: what the local stack uses to load the example."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

TIMEOUT_SECONDS = 30.0
# A proxy of the environment is for the world outside, never for this machine.
OPENER = build_opener(ProxyHandler({}))


class Refused(Exception):
    """The API answered with an error; ``status`` is HTTP's, the message the API's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status


@dataclass
class Client:
    """``address`` is like ``http://localhost:3000``."""

    address: str
    token: str = ""
    timeout_seconds: float = TIMEOUT_SECONDS

    def sign_in(self, email: str, password: str) -> None:
        """Raises Refused."""
        self.token = self.call("auth:signIn", {"account": email, "password": password})["data"]["token"]

    def call(self, action: str, body: Any = None, **query: Any) -> Any:
        """The answer's JSON. A body makes it a POST. Raises Refused, or OSError when nobody answers."""
        url = f"{self.address}/api/{action}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        try:
            with OPENER.open(Request(url, data, headers), timeout=self.timeout_seconds) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise Refused(error.code, _message(error.read())) from None


def _message(body: bytes) -> str:
    try:
        return "; ".join(error["message"] for error in json.loads(body)["errors"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]
