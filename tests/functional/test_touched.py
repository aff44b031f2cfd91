"""From a record every run that touched it; history that goes after its time; failed runs that announce themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.client import Json
from tests.functional.model import Model, change_sample, record
from tests.instances import Instance

pytestmark = pytest.mark.usefixtures("machines")

READY_SECONDS = 90.0
FAILS: Json = {
    "key": "breaks",
    "title": "Break it",
    "type": "update",
    "config": {"collection": "samples", "params": {"filter": {"id": "{{$context.data.title}}"}, "values": {"title": "x"}}},
}


def update(sample: int, title: str) -> Json:
    return {"type": "update", "config": {"collection": "samples", "params": {"filter": {"id": sample}, "values": {"title": title}}}}


def touching(model: Model, name: str) -> list[str]:
    return [row["key"] for row in model.root.get("executions:list", filter={"record": name}).data]


def soon(found: Callable[[], Json]) -> Json:
    """What is found, at last; queues and sweeps have their time."""
    ends = time.monotonic() + READY_SECONDS
    while not (value := found()):
        assert time.monotonic() < ends, "nothing was found in time"
        time.sleep(0.2)
    return value


@pytest.fixture
def outbox(server: Instance) -> Path:
    """The folder beside the running server's database."""
    return server.data_dir / "outbox"


def test_a_run_is_found_from_all_that_it_wrote(model: Model) -> None:
    own, other = model.sample(), model.sample()
    workflow = model.workflow([record("touched"), change_sample(title="Mine"), update(other, "Yours")])
    model.root.trigger(f"samples/{own}", workflow["key"]).ok()
    made = model.root.get("inspectionRecords:list", filter={"note": "touched", "sampleId": own}).data[0]["id"]
    names = [f"samples/{own}", f"samples/{other}", f"inspectionRecords/{made}"]
    assert [touching(model, name) for name in names] == [[workflow["key"]]] * 3


def test_a_run_is_found_from_each_of_its_rows(model: Model) -> None:
    rows = [model.sample() for _ in range(3)]
    workflow = model.workflow([{"type": "output", "config": {"value": 1}}], kind=2)
    model.root.post("samples:trigger", filterByTk=rows, triggerWorkflows=workflow["key"]).ok()
    assert [touching(model, f"samples/{row}") for row in rows] == [[workflow["key"]]] * 3


def test_an_asynchronous_run_is_found_too(model: Model) -> None:
    own, other = model.sample(), model.sample()
    workflow = model.workflow([update(other, "Later")], sync=False)
    model.root.trigger(f"samples/{own}", workflow["key"])
    assert soon(lambda: touching(model, f"samples/{other}")) == [workflow["key"]]
    assert touching(model, f"samples/{own}") == [workflow["key"]]


def test_what_is_removed_is_found_no_more(model: Model) -> None:
    own, other = model.sample(), model.sample()
    workflow = model.workflow([update(other, "Yours")])
    identity = model.root.trigger(f"samples/{own}", workflow["key"]).executions[0]["id"]
    assert model.root.post(f"executions:destroy/{identity}").data == 1
    assert touching(model, f"samples/{other}") == []


def test_history_with_a_retention_is_there_until_then(model: Model) -> None:
    own, other = model.sample(), model.sample()
    workflow = model.workflow([update(other, "Yours")], options={"retention": {"resolved": 30, "failed": 90}})
    model.root.trigger(f"samples/{own}", workflow["key"]).ok()
    assert touching(model, f"samples/{other}") == [workflow["key"]]


@pytest.mark.parametrize("retention", [0, "30", {"done": 3}, {"resolved": -1}])
def test_a_retention_that_means_nothing_is_refused(model: Model, retention: Json) -> None:
    body = {"type": "custom-action", "title": "t", "config": {"type": 0}, "options": {"retention": retention}}
    answer = model.root.post("workflows:create", body)
    assert answer.status == 400
    assert all(error["path"].startswith("options.retention") for error in answer.errors)


def test_a_failed_run_announces_itself(model: Model, outbox: Path) -> None:
    own = model.sample("not an id")
    for sync in (True, False):
        workflow = model.workflow([FAILS], sync=sync)
        identity = model.root.trigger(f"samples/{own}", workflow["key"]).executions[0]["id"]
        pattern = f"failed-run-{identity}.failed-*.json"
        (file,) = soon(lambda pattern=pattern: list(outbox.glob(pattern)))  # type: ignore[misc]
        told = json.loads(file.read_text())["announcement"]
        assert (told["executionId"], told["key"], told["status"], told["record"]) == (identity, workflow["key"], "error", f"samples/{own}")
        assert (told["node"]["key"], told["node"]["title"], told["version"]) == ("breaks", "Break it", workflow["id"])
