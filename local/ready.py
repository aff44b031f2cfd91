"""What is printed when everything is up: where it is, how to sign in, and a first call to paste."""

from __future__ import annotations

import json
import shlex

from local.database import Database
from local.example import first_trigger
from local.settings import Settings, topic_arn

AUTHORIZATION = '-H "Authorization: Bearer $TOKEN"'
IN_MEMORY = "IN MEMORY. Java or npm is missing: ALL DATA IS LOST when this stops."


def ready_block(settings: Settings, database: Database, example: str, seconds: float, functions_port: int, services_port: int) -> str:
    """Several lines. ``example`` says what became of it, ``seconds`` how long the start took."""
    lines = [
        "",
        f"Stepbase is ready at {settings.address} ({seconds:.1f} s)",
        f"  e-mail    {settings.email}",
        f"  password  {settings.password}   (as set on the first start)",
        f"  data      {settings.data_dir if database.persistent else IN_MEMORY}",
        f"  example   {example}",
        f"  functions http://127.0.0.1:{functions_port}   (aws lambda invoke --endpoint-url)",
        f"  messages  http://127.0.0.1:{services_port}   (aws sns publish --endpoint-url)",
        *[f"  topic     {topic_arn(name)}" for name in settings.topics],
        "",
        "Sign in:",
        *_sign_in_lines(settings),
        *_first_call_lines(settings),
        "",
        "Ctrl-C stops everything.",
    ]
    return "\n".join(lines)


def _sign_in_lines(settings: Settings) -> list[str]:
    body = json.dumps({"account": settings.email, "password": settings.password})
    call = f"curl -s {settings.address}/api/auth:signIn -H 'Content-Type: application/json' -d {shlex.quote(body)}"
    return [f"  TOKEN=$({call} | {_picked('data', 'token')})"]


def _first_call_lines(settings: Settings) -> list[str]:
    trigger = first_trigger() if settings.example else None
    if trigger is None:
        return ["First call:", f"  curl -s {settings.address}/api/collections:list {AUTHORIZATION}"]
    collection, key = trigger
    newest = f"curl -s '{settings.address}/api/{collection}:list?sort=-id&pageSize=1' {AUTHORIZATION}"
    return [
        "First trigger, on the newest record:",
        f"  ID=$({newest} | {_picked('data', 0, 'id')})",
        f'  curl -s -X POST "{settings.address}/api/{collection}:trigger/$ID?triggerWorkflows={key}" {AUTHORIZATION}',
    ]


def _picked(*keys: str | int) -> str:
    """A filter that prints one value of the JSON it reads; every machine that runs this has Python."""
    path = "".join(f"[{json.dumps(key)}]" for key in keys)
    return f"python3 -c 'import json,sys; print(json.load(sys.stdin){path})'"
