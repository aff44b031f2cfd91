"""The two things that are measured: the product inside this process over a DynamoDB Local, and the whole local stack over HTTP."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.connection import connect
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.adapters.passwords import Argon2Passwords
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.domain.ports import Store
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.installation import install
from chalicelib.services.product import Product
from local.database import Database, create_tables, start_database
from local.example import FOLDER

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
EMAIL, PASSWORD = "bench@stepbase.local", "bench-password"
SECRET = secrets.token_urlsafe(48)
STOP_SECONDS = 15
LAST_LINE = "Ctrl-C stops everything."


@contextmanager
def database() -> Iterator[Database]:
    """A DynamoDB Local in memory. Raises SystemExit where it cannot run: moto is no measure of anything."""
    running = start_database(Path(tempfile.gettempdir()), in_memory=True)
    try:
        if running.engine != "dynamodb-local":
            raise SystemExit("The bench needs DynamoDB Local: install Java and npm.")
        yield running
    finally:
        running.stop()


@dataclass
class InProcess:
    """A product with the example in it, called without HTTP."""

    product: Product
    store: DynamoStore
    names: tuple[str, str]
    token: str = ""

    def call(self, resource: str, action: str, record_id: str | None = None, body: Any = None, **params: Any) -> Answer:
        """Raises AppError."""
        return self.product.answer(self.prepared(resource, action, record_id, body, **params))

    def prepared(self, resource: str, action: str, record_id: str | None = None, body: Any = None, **params: Any) -> Call:
        return Call(resource, action, record_id, params=params, body=body, token=self.token or None)


def in_process(endpoint: str, wrapped: type[Any] | None = None) -> InProcess:
    """Fresh tables with the example; ``wrapped(store)`` stands between the product and its store."""
    mark = secrets.token_hex(4)
    names = (f"records-{mark}", f"executions-{mark}")
    create_tables(endpoint, names, REGION)
    store = DynamoStore(connect(REGION, endpoint), *names)
    seen: Store = wrapped(store) if wrapped else store
    backend = Backend(seen, SystemClock(), TokenSigner(SECRET), Argon2Passwords())
    install(backend, EMAIL, PASSWORD)
    stack = InProcess(Product(backend), store, names)
    stack.token = stack.call("auth", "signIn", body={"account": EMAIL, "password": PASSWORD}).data["token"]
    files = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    for kind in ("collections", "workflows"):
        for body in (body for file in files for body in file.get(kind, [])):
            stack.call(kind, "create", body=body)
    for collection, body in ((name, body) for file in files for name, bodies in file.get("records", {}).items() for body in bodies):
        stack.call(collection, "create", body=body)
    return stack


@dataclass
class Served:
    """A running ``make run``: its port, and the seconds until it was ready."""

    port: int
    ready_seconds: float


@contextmanager
def served(port: int, data_dir: Path) -> Iterator[Served]:
    """What ``make run`` starts, with its data in ``data_dir``."""
    settings = {"PORT": str(port), "DATA_DIR": str(data_dir), "EXAMPLE": "1", "INIT_ROOT_EMAIL": EMAIL, "INIT_ROOT_PASSWORD": PASSWORD}
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "local"], cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            printed = next((line for line in process.stdout if LAST_LINE in line), None)
            if printed is None:
                raise SystemExit("The local stack did not come up.")
            yield Served(port, time.monotonic() - began)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=STOP_SECONDS)
