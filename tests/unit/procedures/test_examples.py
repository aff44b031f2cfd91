"""The procedures of the repository, each by itself."""

from __future__ import annotations

import pytest

from chalicelib.errors import Invalid
from chalicelib.nodes.base import Child
from chalicelib.procedures.samples import remeasure
from chalicelib.procedures.users import send_welcome_email
from tests.unit.nodes.fakes import FakeRecords
from tests.unit.procedures.calls import FakePorts, call_of

ANN = {"id": 5, "email": "ann@example.com", "nickname": "Ann", "username": "ann"}


def test_a_user_is_welcomed_by_name() -> None:
    ports = FakePorts()
    assert send_welcome_email(call_of(ports, ANN)) == {"success": True, "sentTo": "ann@example.com"}
    ((kind, mail),) = ports.effects
    assert (kind, mail["to"], mail["subject"]) == ("mail", ["ann@example.com"], "Welcome")
    assert "Hello Ann," in mail["text"]


@pytest.mark.parametrize(("record", "code"), [(None, "USER_NOT_FOUND"), ({**ANN, "email": None}, "NO_EMAIL")])
def test_nobody_to_write_to_is_an_error_and_nothing_is_sent(record: dict[str, object] | None, code: str) -> None:
    ports = FakePorts()
    with pytest.raises(Invalid) as refused:
        send_welcome_email(call_of(ports, record))
    assert (refused.value.code, ports.effects) == (code, [])


@pytest.mark.parametrize("subject", ["x\u2028y", "x\u2029y", "x\u0085y", "x\ny", "x\n"])
def test_a_subject_of_two_lines_is_refused_before_anybody_is_asked_to_send_it(subject: str) -> None:
    ports = FakePorts()
    with pytest.raises(Invalid) as refused:
        send_welcome_email(call_of(ports, ANN, subject=subject))
    assert ([problem.path for problem in refused.value.problems()], ports.effects) == (["subject"], [])


def samples() -> FakeRecords:
    return FakeRecords({"samples": [{"id": 2, "title": "B", "indicator": 42, "status": "Collected"}]})


def test_a_sample_is_measured_again_and_submitted() -> None:
    ports = FakePorts(records=samples())
    assert remeasure(call_of(ports, {"id": 2}, indicator=95)) == {"id": 2, "indicator": 95, "status": "Collected"}
    assert [(key, data["indicator"]) for key, data in ports.started] == [("submit_inspection", 95)]


def test_what_the_workflow_refuses_the_procedure_refuses_with_its_words() -> None:
    ports = FakePorts(records=samples(), child=Child(1, -1, None), messages=["too low"])
    with pytest.raises(Invalid, match="too low"):
        remeasure(call_of(ports, {"id": 2}, indicator=5))
