"""Passwords: hashed by argon2id with today's parameters; nothing malformed ever verifies."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from argon2 import PasswordHasher, Type

from chalicelib.adapters.passwords import NOBODYS_HASH, Argon2Passwords, check_password
from chalicelib.errors import Invalid

PASSWORDS = Argon2Passwords()
HASHED = PASSWORDS.hash("admin123")


def cheap(kind: Type) -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=kind).hash("admin123")


def test_a_password_verifies_and_another_does_not() -> None:
    assert PASSWORDS.verify(HASHED, "admin123")
    assert not PASSWORDS.verify(HASHED, "admin124")


def test_the_hash_says_argon2id_with_owasps_parameters() -> None:
    assert HASHED.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert NOBODYS_HASH.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(NOBODYS_HASH) == len(HASHED)


def test_the_same_password_is_hashed_differently_each_time() -> None:
    assert PASSWORDS.hash("admin123") != HASHED


def test_a_password_in_any_script_verifies() -> None:
    assert PASSWORDS.verify(PASSWORDS.hash("pässwörd 花🌱"), "pässwörd 花🌱")


@pytest.mark.parametrize(
    "hashed",
    ["", "x", "admin123", "$argon2id$", HASHED[:-8], HASHED + "x", HASHED.replace("$m=", "$q="), HASHED.replace("v=19", "v=99"), None, 5],
)
def test_nothing_verifies_against_what_is_no_hash(hashed: Any) -> None:
    assert PASSWORDS.verify(hashed, "admin123") is False


@pytest.mark.parametrize("kind", [Type.D, Type.I])
def test_a_hash_of_another_kind_of_argon2_does_not_verify(kind: Type) -> None:
    assert PASSWORDS.verify(cheap(kind), "admin123") is False


@pytest.mark.parametrize("password", ["", "x" * 201, "admin123\ud800", None, 5, b"admin123"])
def test_what_cannot_be_a_password_does_not_verify(password: Any) -> None:
    assert PASSWORDS.verify(HASHED, password) is False


def test_an_older_hash_still_verifies() -> None:
    assert PASSWORDS.verify(cheap(Type.ID), "admin123")


@pytest.mark.parametrize("text", ["", "12345", "x" * 201, None, 123456, ["admin123"], "admin123\udfff"])
def test_what_may_not_become_a_password_is_refused(text: Any) -> None:
    for refusing in (check_password, PASSWORDS.hash):
        with pytest.raises(Invalid) as caught:
            refusing(text)
        assert [problem.path for problem in caught.value.problems()] == ["password"]


@pytest.mark.parametrize("text", ["123456", "x" * 200, "      "])
def test_six_to_two_hundred_characters_may(text: str) -> None:
    check_password(text)


def test_importing_the_adapters_loads_no_library() -> None:
    code = "import sys, chalicelib.adapters.passwords, chalicelib.adapters.tokens; print({'argon2', 'jwt'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
