"""A DynamoDB on this machine: AWS's DynamoDB Local, or moto when Java or npm is missing.

DynamoDB Local judges conditions, transactions and sizes as the service does, and keeps its data on disk; moto does neither.
The jar comes inside the npm package ``amplify-dynamodb-simulator``: it is downloaded once into a cache folder, checked against
its hash and not installed, which would bring 340 MB along.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.html
https://www.npmjs.com/package/amplify-dynamodb-simulator
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import logging
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import botocore.session
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "amplify-dynamodb-simulator@2.9.30"
INTEGRITY = "sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
EMULATOR = "package/emulator/"
TABLE_NAMES = ("stepbase-records", "stepbase-executions")
START_SECONDS = 100.0
STOP_SECONDS = 5.0

# One garbage collector thread and one compiler: half the CPU of the defaults, 2.2 s instead of 2.8 s to the first
# transaction, and the same 3 ms per transaction, which is SQLite's.
JVM_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m")

# The database must not outlive this process, however it ends: a watcher reads a pipe that closes with the process.
GUARD = 'exec 3<&0; "$@" </dev/null & child=$!; { read -r _ <&3; kill "$child"; } 2>/dev/null & exec 3<&-; wait "$child"'

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Database:
    """``persistent``: the data survives a restart. ``engine``: only ``dynamodb-local`` may judge transactions."""

    endpoint: str
    persistent: bool
    engine: Literal["dynamodb-local", "moto"]
    stop: Callable[[], None]


def start_database(data_dir: Path, *, in_memory: bool = False) -> Database:
    """A database whose data is under ``data_dir`` (or nowhere, with ``in_memory``); the caller calls ``stop``."""
    emulator = _emulator()
    if emulator is None:
        log.warning("No DynamoDB Local (it needs java and npm): using moto. Data is lost on exit, and transactions are not isolated.")
        return _start_moto()
    return _start_emulator(emulator, data_dir, in_memory)


def create_tables(endpoint: str, names: Sequence[str] = TABLE_NAMES, region: str = "us-east-1") -> None:
    """Makes the records and the executions table of ``infra/tables.json`` unless they are there."""
    client = botocore.session.get_session().create_client(
        "dynamodb", region, endpoint_url=endpoint, aws_access_key_id="local", aws_secret_access_key="local"
    )
    resources = json.loads((ROOT / "infra" / "tables.json").read_text())
    for name, resource in zip(names, (resources["RecordsTable"], resources["ExecutionsTable"]), strict=True):
        _create_table(client, name, resource["Properties"])
    client.close()


def _create_table(client: Any, name: str, properties: dict[str, Any]) -> None:
    made_later = ("TableName", "PointInTimeRecoverySpecification", "TimeToLiveSpecification", "SSESpecification")
    try:
        client.create_table(TableName=name, **{key: value for key, value in properties.items() if key not in made_later})
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
        return
    if ttl := properties.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)


def _emulator() -> Path | None:
    """The folder with the jar, downloaded if need be."""
    if shutil.which("java") is None:
        return None
    cache = Path(os.environ.get("STEPBASE_CACHE") or ROOT / ".stepbase-cache")
    folder = cache / PACKAGE.replace("@", "-")
    if not folder.is_dir() and shutil.which("npm"):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _download(Path(scratch), folder)
    return folder if folder.is_dir() else None


def _download(scratch: Path, folder: Path) -> None:
    packed = subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=scratch, capture_output=True, text=True, check=False)
    if packed.returncode:
        log.warning("npm pack %s failed: %s", PACKAGE, packed.stderr.strip())
        return
    (tarball,) = scratch.glob("*.tgz")
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        raise RuntimeError(f"{PACKAGE} is not what it was: {found}")
    with tarfile.open(tarball) as archive:
        archive.extractall(scratch, [member for member in archive if member.name.startswith(EMULATOR)], filter="data")
    with contextlib.suppress(OSError):  # another process was faster
        (scratch / EMULATOR).rename(folder)


def _start_emulator(emulator: Path, data_dir: Path, in_memory: bool) -> Database:
    port = _free_port()
    storage = ["-inMemory"] if in_memory else ["-dbPath", str(data_dir.resolve())]
    if not in_memory:
        data_dir.mkdir(parents=True, exist_ok=True)
        _keep_readers_going(data_dir / "shared-local-instance.db")
    java = ["java", *JVM_FLAGS, "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    process = subprocess.Popen(
        ["sh", "-c", GUARD, "sh", *java, "-sharedDb", "-disableTelemetry", "-port", str(port), *storage],
        cwd=emulator,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait_for_answer(process, port)
    return Database(f"http://127.0.0.1:{port}", not in_memory, "dynamodb-local", lambda: _stop(process))


def _keep_readers_going(file: Path) -> None:
    """Switch DynamoDB Local's SQLite file to a write-ahead log: reads no longer wait for writes, and take half as long.

    The mode is kept in the file. Source: https://www.sqlite.org/wal.html"""
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=WAL")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        time.sleep(0.05)
    _stop(process)
    raise RuntimeError(f"DynamoDB Local did not answer on port {port} within {START_SECONDS} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Lets go of the guard, which ends the database; the whole group is killed if that takes too long."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _start_moto() -> Database:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return Database(f"http://{host}:{port}", False, "moto", server.stop)
