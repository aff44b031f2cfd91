"""``make run`` as a person meets it: one command, a ready block that can be pasted, and nothing left behind when it stops.

Every instance is a real process on a free port with a folder of its own; the whole file takes some 30 seconds.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.client import Client, Refused
from local.settings import ROOT_EMAIL, ROOT_PASSWORD

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120.0  # a busy machine
STOP_SECONDS = 60
LAST_LINE = "Ctrl-C stops everything."


class Instance:
    """One running ``python -m local``."""

    def __init__(self, port: int, data_dir: Path, **environment: str) -> None:
        self.client = Client(f"http://localhost:{port}")
        self.printed = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=ROOT,
            env=os.environ | {"PORT": str(port), "DATA_DIR": str(data_dir), "EXAMPLE": "0", "WORKERS": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if LAST_LINE in line:
                break
        watchdog.cancel()
        if LAST_LINE not in self.printed:
            pytest.fail(f"exit code {self.stop()}: {self.printed}")

    def descendants(self) -> list[int]:
        """Ids of all processes that this one started, and those that they started."""
        parents = {int(stat.parent.name): int(stat.read_text().rpartition(")")[2].split()[1]) for stat in Path("/proc").glob("[0-9]*/stat")}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found[1:]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code after a signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.printed += self.process.stdout.read()
            self.process.stdout.close()
        return self.process.wait(STOP_SECONDS)


Start = Callable[..., Instance]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def started(*arguments: object, **environment: str) -> Instance:
            instance = Instance(*arguments, **environment)  # type: ignore[arg-type]
            stack.callback(instance.stop)
            return instance

        yield started


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first")


@pytest.fixture(scope="module")
def first(start: Start, data_dir: Path) -> Instance:
    return start(free_port(), data_dir, EXAMPLE="1", WORKERS="2")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_of(instance: Instance) -> int:
    return int(instance.client.address.rpartition(":")[2])


def refused(port: int, data_dir: Path) -> str:
    """What an instance prints that cannot start."""
    environment = os.environ | {"PORT": str(port), "DATA_DIR": str(data_dir)}
    ran = subprocess.run(
        [sys.executable, "-m", "local"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    return ran.stderr


def all_gone(pids: list[int], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_ready_block_says_all_that_is_needed(first: Instance, data_dir: Path) -> None:
    for text in (first.client.address, ROOT_EMAIL, ROOT_PASSWORD, str(data_dir), "TOKEN=$(curl", ":trigger/$ID?triggerWorkflows="):
        assert text in first.printed


def test_anybody_may_ask_what_is_running(first: Instance) -> None:
    assert first.client.call("app:getInfo")["data"]["name"] == "stepbase"


def test_the_printed_commands_work_when_pasted(first: Instance) -> None:
    commands = "\n".join(line for line in first.printed.splitlines() if line.startswith(("  TOKEN=", "  ID=", "  curl")))
    ran = subprocess.run(["bash", "-euc", commands], capture_output=True, text=True, timeout=60, check=True)
    assert '"executions":[{' in ran.stdout


@pytest.mark.parametrize(("path", "status"), [("a/b/c/d/e", 404), ("samples:get/a%2Fb%2Fc%2Fd", 401)])
def test_an_encoded_slash_is_no_separator(first: Instance, path: str, status: int) -> None:
    with pytest.raises(Refused) as caught:
        Client(first.client.address).call(path)
    assert caught.value.status == status


def test_a_taken_port_is_told_before_anything_starts(first: Instance, tmp_path: Path) -> None:
    message = refused(port_of(first), tmp_path / "data")
    assert f"Port {port_of(first)}" in message
    assert "PORT=3001 DATA_DIR=" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_folder_in_use_is_told_with_the_process_that_uses_it(first: Instance, data_dir: Path) -> None:
    message = refused(free_port(), data_dir)
    assert f"in use by another instance (pid {first.process.pid})" in message
    assert message.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_second_instance_runs_beside_the_first_and_dies_with_its_parent(first: Instance, start: Start, tmp_path: Path) -> None:
    second = start(free_port(), tmp_path)
    second.client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)
    second.client.call("collections:create", {"name": "onlyHere", "fields": []})
    first.client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)
    assert "onlyHere" not in {row["name"] for row in first.client.call("collections:list", paginate="false")["data"]}
    children = second.descendants()
    assert len(children) >= 3  # server, its worker, the database
    assert second.stop(signal.SIGKILL) == -signal.SIGKILL
    assert all_gone(children, STOP_SECONDS)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_data_and_tokens_survive_a_restart_and_ctrl_c_leaves_nothing_running(start: Start, tmp_path: Path) -> None:
    port = free_port()
    before = start(port, tmp_path)
    if "IN MEMORY" in before.printed:
        pytest.skip("no Java or npm on this machine: the data is in memory")
    before.client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)
    before.client.call("collections:create", {"name": "notes", "fields": [{"name": "text", "type": "string"}]})
    made = before.client.call("notes:create", {"text": "kept"})["data"]
    children = before.descendants()
    assert before.stop(signal.SIGINT) == 130
    assert all_gone(children, 1)
    assert "Traceback" not in before.printed
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600

    after = start(port, tmp_path)
    after.client.token = before.client.token
    assert after.client.call(f"notes:get/{made['id']}")["data"]["text"] == "kept"
    assert after.stop(signal.SIGTERM) == 0


def test_without_java_it_runs_in_memory_and_warns(start: Start, tmp_path: Path) -> None:
    instance = start(free_port(), tmp_path, PATH="/nonexistent")
    instance.client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)
    assert instance.client.call("auth:check")["data"]["email"] == ROOT_EMAIL
    assert instance.stop() == 0
    assert "ALL DATA IS LOST" in instance.printed
