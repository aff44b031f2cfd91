"""What happens before anything is started: settings, the secret, the claims; and what of the example is loaded."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from local.claim import Taken, listening, locked
from local.client import Client
from local.database import Database
from local.example import first_trigger, load
from local.ready import ready_block
from local.settings import BadSetting, Settings, kept_secret


def test_every_setting_has_a_default() -> None:
    settings = Settings.read({})
    assert (settings.address, settings.data_dir.name, settings.example, settings.workers) == ("http://localhost:3000", ".stepbase", True, 2)


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "abc"), ("PORT", "0"), ("PORT", "65536"), ("PORT", "-1"), ("WORKERS", "0"), ("WORKERS", "²")]
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.read({name: value})


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path)
    assert len(secret) >= 64
    assert kept_secret(tmp_path) == secret
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_port_is_taken_once() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(Taken, match=f"Port {port} .*PORT=3001"), listening("127.0.0.1", port):
            pass
    with listening("127.0.0.1", port):
        pass


def test_a_folder_is_locked_while_it_is_used_and_a_stale_lock_is_none(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("999999999\n")
    with locked(tmp_path), pytest.raises(Taken, match=rf"pid {os.getpid()}\).*DATA_DIR="), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


class RecordingClient(Client):
    """Has the collection ``old``; remembers what it is asked to make."""

    def __init__(self) -> None:
        super().__init__("http://nowhere")
        self.made: list[tuple[str, Any]] = []

    def call(self, action: str, body: Any = None, **query: Any) -> Any:
        if action.endswith(":list"):
            return {"data": [{"name": "old"}]} if action == "collections:list" else {"data": []}
        self.made.append((action, body))
        return {"data": {"id": 100 + len(self.made)}}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    first = {
        "collections": [{"name": "old"}, {"name": "kinds"}, {"name": "things"}],
        "records": {"old": [{"n": 1}], "kinds": [{"title": "a"}], "things": [{"kindId": "@kinds.0", "title": "@home"}]},
    }
    workflow = {"key": "go", "type": "custom-action", "sync": True, "config": {"type": 1, "collection": "things"}}
    (tmp_path / "1.json").write_text(json.dumps(first))
    (tmp_path / "2.json").write_text(json.dumps({"workflows": [{"key": "w", "type": "collection"}, workflow]}))
    return tmp_path


def test_only_what_is_missing_is_loaded_and_records_come_with_their_collection(example: Path) -> None:
    client = RecordingClient()
    assert load(client, example) == ["collections kinds", "collections things", "workflows w", "workflows go"]
    assert [(action, body) for action, body in client.made if not action.startswith(("collections", "workflows"))] == [
        ("kinds:create", {"title": "a"}),
        ("things:create", {"kindId": 105, "title": "@home"}),
    ]


def test_the_first_trigger_is_a_synchronous_button_on_one_record(example: Path, tmp_path: Path) -> None:
    assert first_trigger(example) == ("things", "go")
    assert first_trigger(tmp_path / "empty") is None


def test_the_ready_block_quotes_a_password_for_the_shell_and_warns_of_lost_data() -> None:
    settings = Settings.read({"INIT_ROOT_PASSWORD": "it's $HOME", "EXAMPLE": "0"})
    block = ready_block(settings, Database("http://127.0.0.1:1", False, "moto", lambda: None), "not loaded", 1.0, 3001, 3002)
    assert """'"'"'s $HOME""" in block
    assert "ALL DATA IS LOST" in block
    assert "collections:list" in block
