"""``make run`` as a person meets it: one command, a ready block that can be pasted, and nothing left behind when it stops.

Every instance is a real process on a free port with a folder of its own; the whole file takes some 30 seconds.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.client import Client, Refused
from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.instances import COMMAND, READY_SECONDS, ROOT, STOP_SECONDS, Instance, all_gone, free_port, without_settings

GONE_SECONDS = 10.0  # they have ended before who started them; that is seen at once

Start = Callable[..., Instance]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts instances of one worker process, which are stopped in the end at the latest."""
    with ExitStack() as stack:
        yield lambda *arguments, **more: stack.enter_context(Instance(*arguments, WORKERS="1", **more))


@pytest.fixture(scope="module")
def second(start: Start, example: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Another one beside that of the example."""
    return start(tmp_path_factory.mktemp("second"))


def refused(port: int, data_dir: Path) -> str:
    """What an instance prints that cannot start."""
    environment = without_settings() | {"PORT": str(port), "DATA_DIR": str(data_dir)}
    ran = subprocess.run(COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=READY_SECONDS, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    return ran.stderr


def test_the_ready_block_says_all_that_is_needed(example: Instance) -> None:
    for text in (example.address, ROOT_EMAIL, ROOT_PASSWORD, str(example.data_dir), "TOKEN=$(curl", ":trigger/$ID?triggerWorkflows="):
        assert text in example.said


def test_anybody_may_ask_what_is_running(example: Instance) -> None:
    assert Client(example.address).call("app:getInfo")["data"]["name"] == "stepbase"


def test_the_printed_commands_work_when_pasted(example: Instance) -> None:
    commands = "\n".join(line for line in example.said.splitlines() if line.startswith(("  TOKEN=", "  ID=", "  curl")))
    ran = subprocess.run(["bash", "-euc", commands], capture_output=True, text=True, timeout=READY_SECONDS, check=True)
    assert '"executions":[{' in ran.stdout


@pytest.mark.parametrize(("path", "status"), [("a/b/c/d/e", 404), ("samples:get/a%2Fb%2Fc%2Fd", 401)])
def test_an_encoded_slash_is_no_separator(example: Instance, path: str, status: int) -> None:
    with pytest.raises(Refused) as caught:
        Client(example.address).call(path)
    assert caught.value.status == status


def test_a_taken_port_is_told_before_anything_starts(example: Instance, tmp_path: Path) -> None:
    message = refused(example.port, tmp_path / "data")
    assert f"Port {example.port}" in message
    assert "PORT=3001 DATA_DIR=" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_folder_in_use_is_told_with_the_process_that_uses_it(example: Instance) -> None:
    message = refused(free_port(), example.data_dir)
    assert f"in use by another instance (pid {example.process.pid})" in message
    assert message.count("\n") == 1


def test_a_second_instance_runs_beside_the_first(example: Instance, second: Instance) -> None:
    second.signed_in().call("collections:create", {"name": "onlyHere", "fields": []})
    assert "onlyHere" not in {row["name"] for row in example.signed_in().call("collections:list", paginate="false")["data"]}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_data_and_tokens_survive_a_restart_and_nothing_is_left_running_by_ctrl_c_or_a_kill(second: Instance, start: Start) -> None:
    if "IN MEMORY" in second.said:
        pytest.skip("no Java or npm on this machine: the data is in memory")
    before = second.signed_in()
    before.call("collections:create", {"name": "notes", "fields": [{"name": "text", "type": "string"}]})
    made = before.call("notes:create", {"text": "kept"})["data"]
    children = second.descendants()
    assert len(children) >= 3  # server, its worker, the database
    assert second.stop(signal.SIGINT) == 130
    assert all_gone(children, GONE_SECONDS)
    assert "Traceback" not in second.printed
    assert (second.data_dir / "secret").stat().st_mode & 0o777 == 0o600

    after = start(second.data_dir, port=second.port)
    assert Client(after.address, before.token).call(f"notes:get/{made['id']}")["data"]["text"] == "kept"
    children = after.descendants()
    assert after.stop(signal.SIGKILL) == -signal.SIGKILL
    assert all_gone(children, STOP_SECONDS)


def test_without_java_it_runs_in_memory_and_warns(start: Start, tmp_path: Path) -> None:
    instance = start(tmp_path, PATH="/nonexistent")
    assert instance.signed_in().call("auth:check")["data"]["email"] == ROOT_EMAIL
    assert instance.stop() == 0
    assert "ALL DATA IS LOST" in instance.printed
