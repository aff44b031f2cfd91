"""Secrets rotate while processes run: both versions verify, the current one signs, and nobody has to restart anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.adapters.secrets import KEEP_SECONDS, PAUSE_SECONDS, RotatingSigner, SecretsUnreadable, own_signer, read_versions
from chalicelib.adapters.tokens import TokenSigner, unverified_part
from chalicelib.config import ConfigurationError, read_settings
from chalicelib.errors import Unauthenticated

NOW = 1_795_226_685
FIRST, SECOND, THIRD = (
    "correct horse battery staple 0123456789",
    "another secret of the right length 98765",
    "a third one, as long as these two, 13579",
)
TABLES = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "us-east-1"}


class Kept:
    """A secret with its versions, newest first, and a clock."""

    def __init__(self) -> None:
        self.versions, self.reads, self.second, self.down = {"v1": FIRST}, 0, 0.0, False

    def rotate(self, name: str, text: str) -> None:
        self.versions = {name: text} | dict(list(self.versions.items())[:1])

    def read(self) -> dict[str, str]:
        self.reads += 1
        if self.down:
            raise SecretsUnreadable("no answer")
        return dict(self.versions)

    def signer(self) -> RotatingSigner:
        return RotatingSigner(self.read, lambda: self.second)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def kid(token: str) -> str:
    found: str = unverified_part(token, 0)["kid"]
    return found


def test_a_token_of_before_the_rotation_stays_good_and_new_ones_have_the_new_secret(kept: Kept) -> None:
    old = kept.signer().issue(42, "s", NOW, 1)
    kept.rotate("v2", SECOND)
    restarted = kept.signer()
    assert restarted.verify(old, NOW).user_id == 42
    assert (kid(old), kid(restarted.issue(42, "s", NOW, 1))) == ("v1", "v2")


def test_a_process_that_runs_since_before_the_rotation_reads_again_when_it_meets_a_new_token(kept: Kept) -> None:
    running = kept.signer()
    kept.rotate("v2", SECOND)
    kept.second = PAUSE_SECONDS
    assert running.verify(kept.signer().issue(42, "s", NOW, 1), NOW).user_id == 42
    assert kid(running.issue(42, "s", NOW, 1)) == "v2"


def test_a_process_signs_by_the_new_secret_after_five_minutes_though_it_met_no_new_token(kept: Kept) -> None:
    running = kept.signer()
    kept.rotate("v2", SECOND)
    kept.second = KEEP_SECONDS - 1
    assert kid(running.issue(42, "s", NOW, 1)) == "v1"
    kept.second = KEEP_SECONDS
    assert kid(running.issue(42, "s", NOW, 1)) == "v2"


def test_a_token_of_the_secret_before_the_previous_one_is_refused(kept: Kept) -> None:
    old = kept.signer().issue(42, "s", NOW, 1)
    kept.rotate("v2", SECOND)
    kept.rotate("v3", THIRD)
    with pytest.raises(Unauthenticated):
        kept.signer().verify(old, NOW)


def test_made_up_key_ids_have_the_secret_read_once_a_minute_at_most(kept: Kept) -> None:
    signer = kept.signer()
    forged = TokenSigner({"made-up": SECOND}).issue(1, "s", NOW, 1)
    kept.second = PAUSE_SECONDS
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            signer.verify(forged, NOW)
    assert kept.reads == 2


def test_what_was_sealed_before_a_rotation_or_by_a_process_that_knows_of_it_opens(kept: Kept) -> None:
    running = kept.signer()
    before = running.seal("about", "text")
    kept.rotate("v2", SECOND)
    kept.second = PAUSE_SECONDS
    after = kept.signer().seal("about", "text")
    assert [running.unseal("about", sealed) for sealed in (after, before)] == ["text", "text"]


@pytest.mark.parametrize(("trouble", "said"), [("down", "no answer"), ("short", "at least 32 random bytes")])
def test_known_secrets_stay_good_while_there_are_no_better_ones_and_the_log_says_so(
    kept: Kept, caplog: pytest.LogCaptureFixture, trouble: str, said: str
) -> None:
    running = kept.signer()
    kept.down = trouble == "down"
    kept.rotate("v2", "short")
    kept.second = KEEP_SECONDS
    assert running.verify(running.issue(42, "s", NOW, 1), NOW).user_id == 42
    assert "the secrets stay as they were read before: " in caplog.text
    assert said in caplog.text


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = botocore.session.get_session().create_client("secretsmanager", region_name="us-east-1")
        yield client
        client.close()


def test_a_secret_that_was_never_rotated_has_one_version(manager: Any) -> None:
    made = manager.create_secret(Name="tokens", SecretString=FIRST)
    assert read_versions(manager, made["ARN"]) == {made["VersionId"]: FIRST}


def test_a_rotated_one_has_two_the_current_first(manager: Any) -> None:
    made = manager.create_secret(Name="tokens", SecretString=FIRST)
    for text in (SECOND, THIRD):
        last = manager.put_secret_value(SecretId="tokens", SecretString=text)
    assert list(read_versions(manager, made["ARN"]).values()) == [THIRD, SECOND]
    assert next(iter(read_versions(manager, made["ARN"]))) == last["VersionId"]


def test_the_product_signs_and_verifies_by_the_secret_that_its_settings_name(manager: Any) -> None:
    arn = manager.create_secret(Name="tokens", SecretString=FIRST)["ARN"]
    settings = read_settings(TABLES | {"STEPBASE_SECRET_ARN": arn})
    old = own_signer(settings).issue(42, "s", NOW, 1)
    manager.put_secret_value(SecretId="tokens", SecretString=SECOND)
    assert own_signer(settings).verify(old, NOW).user_id == 42


def test_a_secret_that_is_not_there_is_named(manager: Any) -> None:
    with pytest.raises(SecretsUnreadable, match=r"AWSCURRENT of the secret .*:secret:none \(STEPBASE_SECRET_ARN\) cannot be read"):
        own_signer(read_settings(TABLES | {"STEPBASE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:none"}))


def test_a_short_one_is_refused_wherever_it_comes_from_and_the_log_names_it(manager: Any, caplog: pytest.LogCaptureFixture) -> None:
    arn = manager.create_secret(Name="tokens", SecretString="shortCanary")["ARN"]
    said = f"AWSCURRENT of the secret {arn} (STEPBASE_SECRET_ARN) cannot be used: the token secret must be at least 32 random bytes"
    with pytest.raises(SecretsUnreadable) as refused:
        own_signer(read_settings(TABLES | {"STEPBASE_SECRET_ARN": arn}))
    assert str(refused.value) == said
    assert said in caplog.text
    assert "shortCanary" not in caplog.text
    with pytest.raises(ValueError, match="STEPBASE_SECRET cannot be used: the token secret must be at least 32 random bytes"):
        own_signer(read_settings(TABLES | {"STEPBASE_SECRET": "a" * 64}))
    with pytest.raises(ConfigurationError, match="STEPBASE_SECRET must have at least 32 bytes"):
        read_settings(TABLES | {"STEPBASE_SECRET": "short"})


@pytest.mark.parametrize("bad", [{"SecretString": "shortCanary"}, {"SecretBinary": b"shortCanary" * 9}])
def test_a_good_secret_repairs_what_a_bad_one_broke(manager: Any, caplog: pytest.LogCaptureFixture, bad: dict[str, Any]) -> None:
    arn = manager.create_secret(Name="tokens", SecretString=FIRST)["ARN"]
    settings = read_settings(TABLES | {"STEPBASE_SECRET_ARN": arn})
    manager.put_secret_value(SecretId="tokens", **bad)
    with pytest.raises(SecretsUnreadable):
        own_signer(settings)
    repaired = manager.put_secret_value(SecretId="tokens", SecretString=SECOND)
    assert read_versions(manager, arn) == {repaired["VersionId"]: SECOND}
    signer = own_signer(settings)
    assert signer.verify(signer.issue(42, "s", NOW, 1), NOW).user_id == 42
    assert f"AWSPREVIOUS of the secret {arn} (STEPBASE_SECRET_ARN) cannot be used" in caplog.text
    assert "shortCanary" not in caplog.text


class Answering:
    """Secrets Manager whose previous version is refused with an error."""

    def __init__(self, code: str) -> None:
        self.code = code

    def get_secret_value(self, SecretId: str, VersionStage: str) -> dict[str, str]:
        if VersionStage == "AWSCURRENT":
            return {"VersionId": "v2", "SecretString": SECOND}
        raise ClientError({"Error": {"Code": self.code, "Message": "refused"}}, "GetSecretValue")


@pytest.mark.parametrize("code", ["DecryptionFailure", "AccessDeniedException", "InvalidRequestException"])
def test_a_previous_version_that_can_never_be_read_is_left_out_with_a_warning(code: str, caplog: pytest.LogCaptureFixture) -> None:
    assert read_versions(Answering(code), "arn:s") == {"v2": SECOND}
    assert "AWSPREVIOUS of the secret arn:s (STEPBASE_SECRET_ARN) cannot be read" in caplog.text


def test_a_secret_that_was_never_rotated_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert read_versions(Answering("ResourceNotFoundException"), "arn:s") == {"v2": SECOND}
    assert caplog.text == ""


def test_tokens_of_a_previous_version_are_not_given_up_because_there_was_no_answer() -> None:
    with pytest.raises(SecretsUnreadable, match="AWSPREVIOUS of the secret arn:s"):
        read_versions(Answering("InternalServiceError"), "arn:s")


def test_there_is_no_default_secret() -> None:
    with pytest.raises(ConfigurationError, match="set STEPBASE_SECRET_ARN"):
        read_settings(TABLES)
