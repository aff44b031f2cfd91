"""The zip holds what runs, compiled, and nothing else; a build that would not run is refused before it is made."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from infra.archive import PackageError, check, check_runtime
from infra.package import clean_copy
from infra.services import services_of, services_of_zip
from infra.stages import ROOT
from tests.infra.statements import of_type

MEGABYTE = 1_000_000
HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"


def test_the_zip_holds_what_runs_and_nothing_else(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir()}
    assert {"app.py", "chalicelib", "chalice", "pynamodb", "botocore"} <= top
    assert not top & {"tests", "local", "infra", "console", "docs", "example", "boto3", "pip", "moto", "pytest", "cryptography"}
    assert not [path for pattern in ("tests", "*.dist-info", "*.pyi", "*.data") for path in unpacked.rglob(pattern)]


def test_every_module_in_the_zip_is_compiled_for_the_runtime_of_the_functions(unpacked: Path, resources: dict[str, Any]) -> None:
    assert {function["Properties"]["Runtime"] for function in of_type(resources, "AWS::Serverless::Function").values()} == {HERE}
    tag = sys.implementation.cache_tag
    missing = [str(path) for path in unpacked.rglob("*.py") if not (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").is_file()]
    assert not missing
    assert not [str(path) for path in unpacked.rglob("*.pyc") if f".{tag}." not in path.name]


def test_the_zip_is_small(packaged: Path, unpacked: Path) -> None:
    assert (packaged / "deployment.zip").stat().st_size <= 8 * MEGABYTE
    assert sum(path.stat().st_size for path in unpacked.rglob("*") if path.is_file()) <= 30 * MEGABYTE


def test_botocore_describes_exactly_the_services_that_the_code_asks_for(unpacked: Path) -> None:
    described = {path.name for path in (unpacked / "botocore" / "data").glob("*/")}
    assert described == services_of(ROOT / "chalicelib") >= {"dynamodb", "secretsmanager", "stepfunctions", "scheduler", "sesv2", "sns"}


def test_the_built_console_ships(tmp_path: Path) -> None:
    built = tmp_path / "checkout"
    static = "chalicelib/static"
    there = {"index.html": "<html>", ".gitkeep": "", "before/1/old.js": "old()"}
    for name, text in {".chalice/config.json": "{}", **{f"{static}/{one}": text for one, text in there.items()}}.items():
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text(text)
    for name in ("app.py", "requirements.txt", "chalicelib/__init__.py"):
        (built / name).write_text("")
    copy = clean_copy(built, tmp_path / "copy")
    assert (copy / "chalicelib/static/index.html").read_text() == "<html>"
    assert [path.name for path in (copy / static).iterdir()] == ["index.html"]


def test_the_console_of_this_checkout_is_in_the_zip(unpacked: Path) -> None:
    static = ROOT / "chalicelib" / "static"
    built = {
        path.relative_to(static)
        for path in static.rglob("*")
        if path.is_file() and path.name != ".gitkeep" and static / "before" not in path.parents
    }
    assert {path for path in built if not (unpacked / "chalicelib" / "static" / path).is_file()} == set()


def test_with_jwks_the_zip_has_the_package_that_tests_use_and_without_it_has_not(tmp_path: Path) -> None:
    added = set((clean_copy(ROOT, tmp_path / "with", jwks=True) / "requirements.txt").read_text().splitlines())
    added -= set((clean_copy(ROOT, tmp_path / "without") / "requirements.txt").read_text().splitlines())
    assert added == {f"cryptography=={version('cryptography')}"}


def test_with_jwks_the_zip_verifies_tokens_of_another_issuer(unpacked: Path, tmp_path: Path) -> None:
    """The zip, and beside it the package that ``--jwks`` adds; nothing else is on the path."""
    there = Path(importlib.import_module("cryptography").__path__[0])
    shutil.copytree(there, tmp_path / "cryptography", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-S", "-I", "-c", VERIFY, str(unpacked), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.stdout.split()) == ("", ["RS256", "ada@example.com", "ES256", "ada@example.com"])


VERIFY = """
import sys
sys.path[:0] = sys.argv[1:]
import jwt, json, time
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from chalicelib.adapters.jwks import OutsideVerifier
keys = {"RS256": (rsa.generate_private_key(65537, 2048), RSAAlgorithm), "ES256": (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm)}
known = {"keys": [json.loads(kind.to_jwk(key.public_key())) | {"kid": name} for name, (key, kind) in keys.items()]}
verifier = OutsideVerifier(lambda: known, "https://example.com", "stepbase", tuple(keys))
now = int(time.time())
said = {"sub": "1", "iss": "https://example.com", "aud": "stepbase", "iat": now, "exp": now + 60}
said |= {"email": "ada@example.com", "email_verified": True}
for name, (key, _) in keys.items():
    print(name, verifier.verify(jwt.encode(said, key, name, {"kid": name}), now).account)
"""


def test_modules_for_another_runtime_are_refused() -> None:
    check_runtime([HERE, HERE])
    with pytest.raises(PackageError, match=f"the functions run on python3.99, this is {HERE}: make the package with python3.99"):
        check_runtime([HERE, "python3.99"])


class Folder:
    """What was unpacked: one module, and services that botocore describes."""

    def __init__(self, path: Path, source: str, *described: str) -> None:
        self.path = path
        for name in described:
            (path / "botocore" / "data" / name).mkdir(parents=True)
        (path / "chalicelib").mkdir()
        (path / "app.py").write_text("import chalicelib\n")
        (path / "chalicelib" / "one.py").write_text(source)

    def problems(self) -> str:
        with pytest.raises(PackageError) as refused:
            check(self.path, services_of(self.path / "chalicelib"))
        return str(refused.value)


def test_a_service_that_is_asked_for_and_missing_stops_the_build(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "def f(session):\n    return session.create_client('kinesis', region_name='x')\n", "sns")
    assert folder.problems().splitlines() == [
        "botocore does not know the service 'kinesis' that chalicelib asks for",
        "the zip describes the service 'sns' that nothing asks for",
    ]


def test_an_import_that_is_not_in_the_zip_stops_the_build_though_it_stands_in_a_function(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "def f():\n    from pynamodb.nowhere import x\n    import json, botocore\n")
    assert "chalicelib imports pynamodb.nowhere, which is not in the zip" in folder.problems()


def test_every_way_of_making_a_client_counts(tmp_path: Path) -> None:
    source = "import pynamodb\nx = service_client('sns', r)\ny = _client('scheduler', r, p)\nz = s.create_client('sqs')\nw = client(name)\n"
    (tmp_path / "one.py").write_text(source)
    assert services_of(tmp_path) == {"dynamodb", "sns", "scheduler", "sqs"}


def test_a_package_that_is_in_the_zip_by_choice_has_the_services_that_it_asks_for(tmp_path: Path) -> None:
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "chalicelib" / "database.py").write_text("import pynamodb\n")
    assert services_of_zip(tmp_path) == {"dynamodb"}
    (tmp_path / "aws_xray_sdk").mkdir()
    assert services_of_zip(tmp_path) == {"dynamodb", "xray"}


def test_the_zip_alone_answers_a_call_and_makes_every_client(unpacked: Path) -> None:
    """Only the zip and the standard library are on the path."""
    services = sorted(services_of(ROOT / "chalicelib"))
    ran = subprocess.run([sys.executable, "-S", "-I", "-c", CALL, str(unpacked), *services], capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.returncode) == ("", 0)
    status, name, hashed = json.loads(ran.stdout.splitlines()[-1])  # after what it logs
    assert (status, name, hashed[:10]) == (200, "stepbase", "$argon2id$")


CALL = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
os.environ |= {
    "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
    "RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "STEPBASE_SECRET": os.urandom(32).hex(),
}
import app
import botocore.session
for service in sys.argv[2:]:
    client = botocore.session.get_session().create_client(service)
    assert client.meta.endpoint_url.endswith(".us-east-1.amazonaws.com"), client.meta.endpoint_url
from chalicelib.adapters.passwords import Argon2Passwords
hashed = Argon2Passwords().hash("correct horse battery")
import argon2, jsonata, jsonpath, jsonschema, jwt
event = {
    "requestContext": {"httpMethod": "GET", "resourcePath": "/api/{resource}", "requestId": "r-1"},
    "pathParameters": {"resource": "app%3AgetInfo"}, "headers": {}, "multiValueQueryStringParameters": None,
    "body": None, "isBase64Encoded": False, "stageVariables": None,
}
answer = app.app(event, None)
print(json.dumps([answer["statusCode"], json.loads(answer["body"])["data"]["name"], hashed]))
"""
