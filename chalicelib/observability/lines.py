"""The one logger, and what a line of it looks like: JSON on AWS, for people on a terminal.

A line is one line whatever is in it: JSON is written in ASCII, and on a terminal control characters are written out. Of an exception, also
of one that is an argument of the message, stand its class, its code and where it was raised: what it says may quote a password or a record.
On a terminal ``LOG_LEVEL=DEBUG`` shows that too. Source: https://owasp.org/www-community/attacks/Log_Injection
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import RESERVED_LOG_ATTRS, LambdaPowertoolsFormatter

from chalicelib.observability.correlation import known_keys

CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
MOST_FRAMES, MOST_CAUSES, MOST_TEXT = 20, 5, 2_000


class Discretion(logging.Filter):
    """Takes out of a record what may not be told, before any handler sees it. On a terminal ``shows_messages`` leaves it in."""

    shows_messages = False

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "problem"):
            record.msg, record.args = self._message(record), ()
            error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
            problem = [self._cause(one) for one in _chain(error)]
            vars(record)["problem"] = problem
            record.exc_info, record.exc_text = None, "\n".join(_problem_lines(problem)) or None
        return True

    def _message(self, record: logging.LogRecord) -> str:
        """The message with its arguments, exceptions among them as `told`."""
        args = record.args if isinstance(record.args, tuple) else (record.args,) if record.args else ()
        text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        try:
            return (text % tuple(map(self._shown, args)) if args else text)[:MOST_TEXT]
        except (TypeError, ValueError):
            return text[:MOST_TEXT]

    def _shown(self, argument: object) -> object:
        if not isinstance(argument, BaseException):
            return argument
        return f"{told(argument)}: {argument}" if self.shows_messages else told(argument)

    def _cause(self, error: BaseException) -> dict[str, object]:
        frames = [f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
        said = {"said": str(error)} if self.shows_messages else {}
        return {"type": _named(error), **said, "at": frames[-MOST_FRAMES:]}


class Lines(LambdaPowertoolsFormatter):
    """Powertools' formatter with our keys; ``as_text``: for a terminal."""

    as_text = False

    def format(self, record: logging.LogRecord) -> str:
        DISCRETION.filter(record)
        extras = {name: value for name, value in vars(record).items() if name not in RESERVED_LOG_ATTRS and name != "problem"}
        known = {name: value for name, value in {**known_keys(), **extras}.items() if value is not None}
        problem: list[dict[str, object]] = vars(record)["problem"]
        if self.as_text:
            return _text(record, known, problem)
        line = {
            "level": record.levelname,
            "timestamp": _time(record),
            "message": record.msg,
            "location": f"{record.module}:{record.lineno}",
        }
        trace = self._get_latest_trace_id()
        more = {name: value for name, value in known.items() if name not in line}
        return _json({**line, **more, **({"xrayTraceId": trace} if trace else {}), **({"exception": problem} if problem else {})})


def _text(record: logging.LogRecord, known: Mapping[str, object], problem: Sequence[Mapping[str, object]]) -> str:
    pairs = " ".join(f"{name}={value if isinstance(value, str) else _json(value)}" for name, value in known.items())
    line = f"{_time(record)[11:23]} {record.levelname:<7} {record.msg}" + (f"  {pairs}" if pairs else "")
    return "\n".join(map(_printable, [line, *_problem_lines(problem)]))


def _problem_lines(problem: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for cause in problem:
        yield _printable(f"  {cause['type']} {cause.get('said', '')}".rstrip())
        frames = cause["at"]
        yield from (f"    {frame}" for frame in frames) if isinstance(frames, list) else ()


def told(error: BaseException) -> str:
    """What may be told of an exception: ``Unavailable[UNAVAILABLE] from StoreUnavailable``, never what it says."""
    return " from ".join(_named(one) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(MOST_CAUSES):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _named(error: BaseException) -> str:
    """The class, and in brackets the code: our own, botocore's, or why a transaction was refused."""
    response, reasons = getattr(error, "response", None), getattr(error, "reasons", None)
    code = getattr(error, "code", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        code = response["Error"].get("Code")
    if isinstance(reasons, list):
        code = "-".join(dict.fromkeys(str(reason) for reason in reasons if reason))
    is_code = isinstance(code, str) and CODE.fullmatch(code)
    return f"{type(error).__name__}[{code}]" if is_code else type(error).__name__


def _place(file: str) -> str:
    """``chalicelib/engine/commit.py`` of a whole path; of a package what stands below ``site-packages``."""
    for mark in ("/chalicelib/", "/site-packages/", "/local/"):
        _, found, tail = file.rpartition(mark)
        if found:
            return tail if mark == "/site-packages/" else f"{mark[1:]}{tail}"
    return file.rpartition("/")[2]


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: object) -> str:
    """ASCII, so that no character of a text ends a line or moves a cursor. What is no JSON is named by its class, not written out."""
    return json.dumps(value, separators=(",", ":"), default=lambda other: type(other).__name__)


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


DISCRETION = Discretion()
FORMAT = Lines()
logger = Logger(service="stepbase", logger_formatter=FORMAT)
logger.addFilter(DISCRETION)
