"""Step Functions on this machine: moto's interpreter of the Amazon States Language, in a process of its own.

It takes two seconds to load, so it is started by its first caller (`serve_on_demand`): the parent holds the listening socket, and whoever
connects waits. What it knows is lost with it; the tables are the truth, and the sweep starts a new attempt of every open execution whose
machine is gone. Lambda tasks go to moto's own port, from where they are passed on to the functions (``functions.py``).
Sources: https://docs.getmoto.org/en/latest/docs/services/stepfunctions.html and
https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from local.messages import deliver_in_background, make_topics

STOP_SECONDS, PAUSE_SECONDS = 3.0, 1.0
PASSED_ON = "/2015-03-31/functions/"
LONGEST_CALL_SECONDS = 900.0

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = logging.getLogger("stepbase.local")


class OnDemand:
    """The process behind ``listener``, started when somebody connects, and again should it end."""

    def __init__(self, listener: socket.socket, functions_port: int, topics: Sequence[str] = ()) -> None:
        self._listener, self._functions_port, self._topics = listener, functions_port, topics
        self._process: subprocess.Popen[bytes] | None = None
        self._lock, self._stopped = threading.Lock(), False
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as callers:
            callers.register(self._listener, selectors.EVENT_READ)
            while True:
                callers.select()
                with self._lock:
                    if self._stopped:
                        return
                    self._process = process = self._start()
                if process.wait() and not self._stopped:
                    log.warning("Step Functions ended (exit code %s)", process.returncode)
                    time.sleep(PAUSE_SECONDS)

    def _start(self) -> subprocess.Popen[bytes]:
        port = self._listener.getsockname()[1]
        command = [sys.executable, "-m", "local.stepfunctions", str(self._listener.fileno()), str(self._functions_port), *self._topics]
        # moto calls Lambda at MOTO_PORT, and takes a machine's UTC timestamps for local time.
        environment = os.environ | {"MOTO_PORT": str(port), "TZ": "UTC", "AWS_EC2_METADATA_DISABLED": "true"}
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, pass_fds=[self._listener.fileno()], start_new_session=True)

    def stop(self) -> None:
        """End it for good; who calls from now on is refused."""
        with self._lock:
            self._stopped = True
            process = self._process
        self._listener.close()
        if process is not None and process.poll() is None:
            process.kill()  # it keeps nothing
            process.wait(STOP_SECONDS)
        if process is not None and process.stdin is not None:
            process.stdin.close()


def main(listener_fd: int, functions_port: int, topics: Sequence[str]) -> None:
    """Serve until standard input ends."""
    threading.Thread(target=_stop_at_end_of, args=(sys.stdin.fileno(),), daemon=True).start()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from werkzeug.serving import make_server

    _, port = socket.socket(fileno=os.dup(listener_fd)).getsockname()
    application = signed_only(passing_on(_interpreter(), functions_port))
    make_topics(topics)
    deliver_in_background(functions_port)
    make_server("127.0.0.1", port, application, threaded=True, fd=listener_fd).serve_forever()


def _interpreter() -> Wsgi:
    """moto's application, ready: what it would load with the first execution is loaded now."""
    import boto3  # type: ignore[import-untyped]
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
    from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    importlib.import_module("moto.stepfunctions.parser.models")
    Timestamp._get_wait_seconds = _seconds_left  # type: ignore[method-assign,assignment]
    WaitFunction._wait_interval = _wait  # type: ignore[method-assign]
    CatcherDecl._eval_body = _catching(CatcherDecl._eval_body)  # type: ignore[method-assign]
    CommonStateField._eval_body = _entering(CommonStateField._eval_body)  # type: ignore[method-assign]
    ExecutionWorker.stop = _stopping(ExecutionWorker.stop)  # type: ignore[method-assign]
    # botocore's first client in a process is not safe to be made by several threads.
    boto3.client("lambda", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local")
    return DomainDispatcherApplication(create_backend_app)


def _seconds_left(self: Any, env: Any) -> float:
    """moto cuts both the timestamp and the wait to whole seconds, and so wakes up to two seconds early."""
    self.string.eval(env=env)
    until = datetime.fromisoformat(env.stack.pop())
    return until.timestamp() - time.time()


def _wait(self: Any, env: Any, wait_seconds: float) -> None:
    ends = time.monotonic() + wait_seconds
    while env.is_running() and (left := ends - time.monotonic()) > 0:
        env.program_state_event.wait(left)


class _Caught(str):
    """The name of the state that a catch leads to."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return True


def _catching(catch: Callable[..., None]) -> Callable[..., None]:
    """A catch that leads back to its own state looks to moto, which compares names, as if nothing had been caught."""

    def caught(self: Any, env: Any) -> None:
        self.next_decl.name = _Caught(self.next_decl.name)
        catch(self, env)

    return caught


def _entering(enter: Callable[..., None]) -> Callable[..., None]:
    """A state that was caught into begins as any other."""

    def entered(self: Any, env: Any) -> None:
        env.next_state_name = self.name
        enter(self, env)

    return entered


def _stopping(stop: Callable[..., None]) -> Callable[..., None]:
    """moto lets an execution that is stopped wait for its token all the same."""

    def stopped(self: Any, **how: Any) -> None:
        stop(self, **how)
        for endpoint in list(self.env.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()

    return stopped


def signed_only(inner: Wsgi) -> Wsgi:
    """``inner`` for requests with an AWS signature, which is not checked: no web page can send one without asking first."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-HMAC-SHA256 "):
            return inner(environ, start_response)
        body = b'{"__type": "MissingAuthenticationTokenException", "message": "the request has no AWS signature; any will do"}'
        start_response("403 Forbidden", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return serve


def passing_on(inner: Wsgi, functions_port: int) -> Wsgi:
    """``inner``, but for calls of functions, which go to ``functions_port``."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PASSED_ON):
            return inner(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers, answer = _called(functions_port, environ, body)
        start_response("200 OK", [*headers, ("Content-Length", str(len(answer)))])
        return [answer]

    return serve


def _called(port: int, environ: dict[str, Any], body: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of the function's answer. One that cannot be reached fails as Lambda fails then, which machines retry."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_CALL_SECONDS)
    try:
        connection.request("POST", environ["RAW_URI"], body, {"Authorization": environ.get("HTTP_AUTHORIZATION", "")})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == 200:
            told = answer.getheader("X-Amz-Function-Error")
            return [("X-Amz-Function-Error", told)] if told else [], content
        reason = f"{answer.status} {content.decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        reason = repr(error)
    finally:
        connection.close()
    failure = {"errorType": "Lambda.ServiceException", "errorMessage": f"the function could not be called: {reason}"}
    return [("X-Amz-Function-Error", "Unhandled")], json.dumps(failure).encode()


def _stop_at_end_of(stream: int) -> None:
    with suppress(OSError):
        while os.read(stream, 1024):
            pass
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
