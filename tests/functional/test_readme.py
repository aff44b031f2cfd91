"""README, docs/api.md and docs/triggers.md are followed to the letter: the commands of a page run in its order against a fresh instance,
or where another page was followed before, and the answers must be those it prints.

A ``bash`` block is run; the ``json`` or ``text`` block that follows it at once is its answer. The ``console`` block of ``make run`` is what
the instance prints. In answers ``<id>`` stands for any id, ``<time>`` for any instant; in the console block any ``<words>`` for anything.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.instances import ROOT, Instance

# Who has followed docs/api.md to its end may go on with docs/triggers.md, whose last workflow needs Step Functions.
INSTANCES = {("README.md",): False, ("docs/api.md", "docs/triggers.md"): True}
PAGES = tuple(page for pages in INSTANCES for page in pages)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```\n(?:```(json|text)\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
ADDRESS = "http://localhost:3000"
PAGE_SECONDS = 600  # ten seconds of calls
MARK = "---- next block ----"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Ran:
    """A page that was run: where, what the instance printed, what each step printed."""

    address: str
    printed: str
    answers: list[str]


RunPage = Callable[[str], Ran]


@dataclass(frozen=True)
class Step:
    """Commands, and what they print: ``kind`` is ``json``, ``text``, or empty when the README does not say."""

    commands: str
    kind: str
    answer: str

    @property
    def title(self) -> str:
        return re.sub(r".*/api/|[\"'\n].*", "", self.commands.strip(), flags=re.DOTALL)[:60]


def blocks(page: str) -> list[tuple[str, ...]]:
    """Language, text, kind and text of the answer of every block of a page."""
    return BLOCK.findall((ROOT / page).read_text())


STEPS = {page: [Step(*rest) for language, *rest in blocks(page) if language == "bash"] for page in PAGES}
(READY_BLOCK,) = (text for language, text, _, _ in blocks("README.md") if language == "console" and text.startswith("$ make run\n"))


@pytest.fixture(scope="module")
def run_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunPage]:
    """Answers of a page's steps, and what the instance printed. Pages of a group run on one instance, started when first asked for."""
    known: dict[str, Ran] = {}
    with ExitStack() as stack:

        def run(page: str) -> Ran:
            if page not in known:
                (group,) = (pages for pages in INSTANCES if page in pages)
                known.update(dict.fromkeys(group, Ran("", "", [])))  # a page that could not be run is not tried again
                instance = stack.enter_context(Instance(tmp_path_factory.mktemp("page"), machines=INSTANCES[group], EXAMPLE="1"))
                known.update({one: Ran(instance.address, instance.said, answers(one, instance.address)) for one in group})
            assert known[page].address, f"{page} could not be run; the reason is told by the first of its tests"
            return known[page]

        yield run


def answers(page: str, address: str) -> list[str]:
    """What each step printed, all run in one shell."""
    script = "".join(f"{step.commands}\nprintf '\\n{MARK}\\n'\n" for step in STEPS[page]).replace(ADDRESS, address)
    environment = os.environ | {"NO_PROXY": "localhost", "no_proxy": "localhost"}
    ran = subprocess.run(["bash", "-eu"], input=script, env=environment, capture_output=True, text=True, timeout=PAGE_SECONDS, check=False)
    assert ran.returncode == 0, ran.stderr + ran.stdout[-500:]
    return ran.stdout.split(f"\n{MARK}\n")[: len(STEPS[page])]


def differences(shown: Any, real: Any, path: str = "answer") -> list[str]:
    """Where the real answer is not the one shown."""
    if isinstance(shown, dict) and isinstance(real, dict):
        names = sorted(shown.keys() ^ real.keys())
        return [f"{path}: {name} only on one side" for name in names] + [
            found for name in shown.keys() & real.keys() for found in differences(shown[name], real[name], f"{path}.{name}")
        ]
    if isinstance(shown, list) and isinstance(real, list) and len(shown) == len(real):
        return [found for n, (one, other) in enumerate(zip(shown, real, strict=True)) for found in differences(one, other, f"{path}.{n}")]
    same = _is_id(real) if shown == "<id>" else _is_time(real) if shown == "<time>" else shown == real and type(shown) is type(real)
    return [] if same else [f"{path}: {shown!r} is shown, {real!r} is real"]


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and TIME.fullmatch(value) is not None


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, number) for page in PAGES for number in range(len(STEPS[page]))],
    ids=[f"{page} {number} {step.title}" for page in PAGES for number, step in enumerate(STEPS[page], 1)],
)
def test_a_command_answers_as_shown(run_page: RunPage, page: str, number: int) -> None:
    step, real = STEPS[page][number], run_page(page).answers[number]
    if step.kind == "json":
        assert differences(json.loads(step.answer), json.loads(real)) == []
    elif step.kind == "text":
        assert real.splitlines() == step.answer.splitlines()
    elif real:
        assert "errors" not in json.loads(real)


def test_the_ready_block_is_as_shown(run_page: RunPage) -> None:
    ran = run_page("README.md")
    shown = READY_BLOCK.removeprefix("$ make run\n").replace(ADDRESS, ran.address)
    pattern = ".+".join(re.escape(part) for part in re.split(r"<[^<>]+>", shown))
    assert re.fullmatch(pattern, ran.printed), ran.printed


def test_every_documented_kind_of_trigger_is_shown() -> None:
    shown = "\n".join(step.commands for step in STEPS["README.md"])
    for call in (
        'api/workflows:trigger?triggerWorkflows=register_sample"',
        'api/samples:trigger/1?triggerWorkflows=submit_inspection"',
        'api/samples:trigger/2?triggerWorkflows=submit_inspection"',
        """-d '{"title": "Sample 1", "indicator": 91}' "http://localhost:3000/api/samples:trigger?triggerWorkflows=submit_inspection\"""",
        'api/samples:trigger?filterByTk[]=1&filterByTk[]=2&triggerWorkflows=archive_samples"',
        "api/posts:trigger/1?triggerWorkflows=describe_category!category'",
        "triggerWorkflows=submit_inspection,archive_samples",
        "&token=$TOKEN",
    ):
        assert call in shown
    assert "Content-Type:" not in shown


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ([1], [1, 1]),
        ("<id>", "x"),
        ("<time>", "today"),
        (1, True),
        ({"a": None}, {}),
    ],
)
def test_an_answer_that_differs_is_told(shown: Any, real: Any) -> None:
    assert differences(shown, real)
