"""Traces: off, nothing of them is loaded; on, subsegments with names and ids, and not what an exception says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.observability import traced
from chalicelib.observability.tracing import Tracing

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import sys, app
from chalicelib.bootstrap import product
product()
print("aws_xray_sdk" in sys.modules)
"""
ENVIRONMENT = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "us-east-1", "STEPBASE_SECRET": "x" * 40}


class Segments:
    """Powertools' provider as far as it is used; written down in order."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def begin_subsegment(self, name: str, namespace: str) -> Segments:
        self.seen.append(("begin", name))
        return self

    def put_annotation(self, key: str, value: Any) -> None:
        self.seen.append((key, value))

    def add_fault_flag(self) -> None:
        self.seen.append("fault")

    def end_subsegment(self) -> None:
        self.seen.append("end")


@pytest.fixture
def segments(monkeypatch: pytest.MonkeyPatch) -> Segments:
    made = Segments()
    monkeypatch.setattr(Tracing, "provider", made)
    return made


def test_what_is_done_inside_has_a_subsegment(segments: Segments) -> None:
    with traced("execution submit", execution_id=91), traced("node a'b\n"):
        pass
    assert segments.seen == [("begin", "execution submit"), ("execution_id", 91), ("begin", "node a_b_"), "end", "end"]


def test_a_failure_is_a_flag_and_what_it_says_stays_here(segments: Segments) -> None:
    with pytest.raises(ValueError, match="canary"), traced("node a"):
        raise ValueError("canary")
    assert segments.seen == [("begin", "node a"), "fault", "end"]


@pytest.mark.parametrize(("tracing", "loaded"), [("0", "False"), ("1", "True")])
def test_the_tracer_is_loaded_only_when_it_is_switched_on(tracing: str, loaded: str) -> None:
    environment = os.environ | ENVIRONMENT | {"TRACING": tracing}
    ran = subprocess.run([sys.executable, "-c", CHILD], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [loaded]


def test_without_the_package_the_process_says_what_is_missing() -> None:
    child = f"import sys; sys.modules['aws_xray_sdk'] = None\n{CHILD}"
    environment = os.environ | ENVIRONMENT | {"TRACING": "1"}
    ran = subprocess.run([sys.executable, "-c", child], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "ConfigurationError: TRACING=1 needs the package aws-xray-sdk" in ran.stderr
