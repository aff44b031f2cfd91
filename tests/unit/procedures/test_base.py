"""How a function becomes a procedure, and what its call offers."""

from __future__ import annotations

import jsonschema
import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid, Json
from chalicelib.procedures import PROCEDURES, ProcedureCall, by_address, found_procedure, procedure
from chalicelib.procedures.base import NO_INPUT, RESERVED, camel_case
from tests.sessions import Session
from tests.unit.procedures.calls import FakePorts, call_of


@procedure("samples", input_schema={"type": "object"})
def count_all_samples(call: ProcedureCall) -> Json:
    """Counts the samples.

    More about it."""
    return len(call.records.find("samples"))


def test_a_function_keeps_its_name_in_camel_case_and_its_docstring() -> None:
    assert (count_all_samples.name, count_all_samples.address) == ("countAllSamples", "samples:countAllSamples")
    assert (count_all_samples.title, count_all_samples.description) == ("Counts the samples", "Counts the samples.\n\nMore about it.")
    assert count_all_samples(call_of(FakePorts())) == 0


def test_a_name_and_a_title_may_be_given_and_no_collection_is_fine() -> None:
    @procedure(name="other", title="Other")
    def named(call: ProcedureCall) -> Json:
        return None

    assert (named.name, named.title, named.address, named.input_schema) == ("other", "Other", "procedures:other", NO_INPUT)
    registry = by_address((named,))
    assert found_procedure("procedures", "other", registry) is named
    assert found_procedure("samples", "other", registry) is None


@pytest.mark.parametrize("name", ["list", "create", "trigger", "own", "Upper", "with-dash", "a:b", "a/b", "x" * 64])
def test_a_name_that_means_something_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        procedure("samples", name=name)(lambda call: None)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two procedures samples:countAllSamples"):
        by_address((count_all_samples, count_all_samples))


@pytest.mark.parametrize(("name", "camel"), [("send_welcome_email", "sendWelcomeEmail"), ("run", "run"), ("_hidden_one", "hiddenOne")])
def test_snake_case_becomes_camel_case(name: str, camel: str) -> None:
    assert camel_case(name) == camel


def test_no_registered_procedure_stands_in_the_way_of_an_action_of_the_product() -> None:
    handlers = Session(MemoryStore()).product.handlers()
    assert not {one.address for one in PROCEDURES.values()} & set(handlers)
    assert {name.partition(":")[2] for name in handlers if name.startswith("*")} <= RESERVED


@pytest.mark.parametrize("address", [one.address for one in PROCEDURES.values()])
def test_the_schemas_of_every_registered_procedure_are_schemas(address: str) -> None:
    one = next(one for one in PROCEDURES.values() if one.address == address)
    for schema in (one.input_schema, one.output_schema):
        jsonschema.Draft202012Validator.check_schema(schema)
    assert one.input_schema["type"] == "object"
    assert one.title
    assert one.description


def test_a_mail_names_what_there_is_and_leaves_out_what_there_is_not() -> None:
    ports = FakePorts()
    call = call_of(ports)
    call.send_mail("a@example.com", "Hi", text="t")
    call.send_mail(["a@example.com", "b@example.com"], "Hi", html="<p>", sender="s@example.com")
    call.notify("ops", subject="s", body="b")
    assert ports.effects == [
        ("mail", {"to": ["a@example.com"], "subject": "Hi", "text": "t"}),
        ("mail", {"to": ["a@example.com", "b@example.com"], "subject": "Hi", "html": "<p>", "from": "s@example.com"}),
        ("notification", {"channelName": "ops", "subject": "s", "body": "b"}),
    ]


def test_fail_ends_the_call_with_code_and_field() -> None:
    with pytest.raises(Invalid) as refused:
        call_of(FakePorts()).fail("no", code="NO", field="a.b")
    assert [problem.to_json() for problem in refused.value.problems()] == [{"message": "no", "code": "NO", "path": "a.b"}]
