"""The database of the local stack keeps its data when the process that started it is killed, and does not outlive it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chalicelib.adapters.dynamodb.connection import connect
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.ports import RECORDS, Key
from local.database import TABLE_NAMES, create_tables, start_database

ROOT = Path(__file__).resolve().parents[2]

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from chalicelib.adapters.dynamodb.connection import connect
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.ports import RECORDS, Put
from local.database import TABLE_NAMES, create_tables, start_database

database = start_database(Path(sys.argv[1]))
create_tables(database.endpoint)
DynamoStore(connect("us-east-1", database.endpoint), *TABLE_NAMES).transact([Put(RECORDS, {"pk": "p", "sk": "s", "value": 1})])
print(database.endpoint, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def answers(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    with socket.socket() as probe:
        return probe.connect_ex((str(address.hostname), int(address.port or 0))) == 0


@pytest.mark.usefixtures("dynamodb_endpoint")
def test_a_killed_process_takes_its_database_with_it_and_loses_no_data(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    first = done.stdout.strip()
    assert first, done.stderr
    deadline = time.monotonic() + 10
    while answers(first):
        assert time.monotonic() < deadline, "the database outlived the process that started it"
        time.sleep(0.05)

    database = start_database(tmp_path)
    try:
        assert (database.persistent, database.engine) == (True, "dynamodb-local")
        create_tables(database.endpoint)
        store = DynamoStore(connect("us-east-1", database.endpoint), *TABLE_NAMES)
        assert store.batch_get([Key(RECORDS, "p", "s")]) == {Key(RECORDS, "p", "s"): {"pk": "p", "sk": "s", "value": 1}}
    finally:
        database.stop()
    assert not answers(database.endpoint)


def test_without_java_moto_stands_in_and_says_that_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    database = start_database(tmp_path)
    try:
        assert (database.persistent, database.engine) == (False, "moto")
        assert "Data is lost on exit" in caplog.text
        create_tables(database.endpoint)
        create_tables(database.endpoint)
        assert DynamoStore(connect("us-east-1", database.endpoint), *TABLE_NAMES).batch_get([Key(RECORDS, "p", "s")]) == {}
    finally:
        database.stop()
