"""Two running instances for the session: real HTTP, two worker processes, DynamoDB Local. Each is started when first asked for.

One has the model example in it (``stranger``, ``root``, ``model``), the other the example that people get (``example``, ``admin``), with
topics and a service that its workflows may call. A test makes the records and collections that it changes, so the tests do not depend on
each other's order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from local.settings import ROOT_EMAIL
from local.settings import ROOT_PASSWORD as FIRST_PASSWORD
from tests.functional.client import Client, Json, Reply
from tests.functional.model import Model, build, sign_in
from tests.functional.service import Service
from tests.instances import Instance

EMAIL, ROOT_PASSWORD = "root@example.com", "root password 9"
TOPICS = ("orders", "returns")
COUNTED = ("samples", "inspectionRecords", "categories", "posts", "sealed", "executions", "workflows", "collections", "users", "roles")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance that has only its first user; it ends well when it is asked to."""
    with Instance(tmp_path_factory.mktemp("stepbase"), INIT_ROOT_EMAIL=EMAIL, INIT_ROOT_PASSWORD=ROOT_PASSWORD) as instance:
        yield instance
        assert instance.stop() == 0


@pytest.fixture(scope="session")
def stranger(server: Instance) -> Client:
    """A caller without a token."""
    return Client(server.port)


@pytest.fixture(scope="session")
def machines(server: Instance) -> None:
    """For tests that save asynchronous workflows: Step Functions is there."""
    server.wait_for_machines()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def example(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance with what people get, which prints every call; its workflows may call the service."""
    folder = tmp_path_factory.mktemp("example")
    with Instance(folder, EXAMPLE="1", LOG_LEVEL="INFO", TOPICS=",".join(TOPICS), REQUEST_ALLOWED_HOSTS=service.host) as instance:
        yield instance


@pytest.fixture(scope="session")
def waiting_example(example: Instance) -> Instance:
    """The same for tests that save asynchronous workflows or publish: Step Functions is there."""
    example.wait_for_machines()
    return example


@pytest.fixture(scope="module")
def admin(example: Instance) -> Client:
    """The first user of that instance, in a session of its file's own: one of the files ends all that began before."""
    stranger = Client(example.port)
    return stranger.with_token(sign_in(stranger, ROOT_EMAIL, FIRST_PASSWORD))


@pytest.fixture(scope="session")
def root_token(stranger: Client) -> str:
    return sign_in(stranger, EMAIL, ROOT_PASSWORD)


@pytest.fixture(scope="session")
def root(stranger: Client, root_token: str) -> Client:
    return stranger.with_token(root_token)


@pytest.fixture(scope="session")
def model(root: Client, stranger: Client) -> Model:
    return build(root, stranger)


class Sealed(NamedTuple):
    """A sample, and a record with a field of each type (the fields are named like their types): nothing may change them."""

    sample: int
    identity: int


@pytest.fixture(scope="session")
def sealed(model: Model) -> Sealed:
    fields: list[Json] = [{"name": name, "type": name} for name in ("string", "integer", "double", "boolean", "date", "json")]
    fields.append({"name": "code", "type": "string", "unique": True})
    model.root.post("collections:create", {"name": "sealed", "fields": fields}).ok()
    return Sealed(model.sample("Untouched"), model.root.post("sealed:create", {"string": "untouched", "code": "A"}).data["id"])


@pytest.fixture(scope="class")
def nothing_written(model: Model, sealed: Sealed) -> Iterator[None]:
    """For a class of tests: they leave as many of everything as there were, and the sealed records as they are."""
    before = snapshot(model, sealed)
    yield
    assert snapshot(model, sealed) == before


def snapshot(model: Model, sealed: Sealed) -> dict[str, Json]:
    counts: dict[str, Json] = {name: model.root.count(name) for name in COUNTED}
    return counts | {"sample": model.read(sealed.sample), "record": model.root.get(f"sealed:get/{sealed.identity}").data}


def refused(answer: Reply, statuses: tuple[int, ...], named: str = "") -> None:
    """A refusal in the envelope that every client can show."""
    assert answer.status in statuses, answer.body[:500]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.errors
    for entry in answer.errors:
        assert isinstance(entry["message"], str)
        assert entry["message"].strip()
    assert "Traceback" not in answer.error_text
    assert named.lower() in answer.error_text.replace('\\"', '"').lower(), answer.body[:500]
