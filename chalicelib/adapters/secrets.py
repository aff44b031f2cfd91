"""The secrets that sign tokens: given by the environment on one machine, kept and rotated in Secrets Manager in AWS.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets.html and, on versions and their labels,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chalicelib.adapters.tokens import Claims, OwnKind, TokenSigner, checked_keys
from chalicelib.errors import Json
from chalicelib.observability import logger

# The first signs; a token of the second's is good until its own end.
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
# Answers that do not change by asking again; of a previous version `NOT_FOUND` says that the secret was never rotated.
NOT_FOUND = "ResourceNotFoundException"
UNUSABLE = (NOT_FOUND, "AccessDeniedException", "DecryptionFailure", "InvalidRequestException")
KEEP_SECONDS, PAUSE_SECONDS = 300, 60

ReadSecrets = Callable[[], Mapping[str, str]]


class SecretSettings(Protocol):
    """The part of the settings that names the secret."""

    @property
    def secret(self) -> str | None: ...
    @property
    def secret_arn(self) -> str | None: ...
    @property
    def region(self) -> str: ...


class SecretsUnreadable(Exception):
    """Secrets Manager gave no secret that signs; the message names variable, secret and label, never its text."""


class VersionUnusable(SecretsUnreadable):
    """One version cannot be used, now or later; ``is_there``: not because there is none with the label."""

    def __init__(self, said: str, *, is_there: bool = True) -> None:
        super().__init__(said)
        self.is_there = is_there


def own_signer(settings: SecretSettings) -> TokenSigner:
    """Signs and verifies by the secret of the settings. Raises ValueError for one of the environment that is weak, SecretsUnreadable."""
    try:
        return RotatingSigner(_secrets_manager(settings)) if not settings.secret else _fixed_signer(settings.secret)
    except (SecretsUnreadable, ValueError) as refused:
        logger.error("%s", str(refused))  # of what is raised the log keeps the class only
        raise


def _fixed_signer(secret: str) -> TokenSigner:
    try:
        return TokenSigner(secret)
    except ValueError as wrong:
        raise ValueError(f"STEPBASE_SECRET cannot be used: {wrong}") from None


def _secrets_manager(settings: SecretSettings) -> ReadSecrets:
    import botocore.session

    client = botocore.session.get_session().create_client("secretsmanager", region_name=settings.region)
    return lambda: read_versions(client, settings.secret_arn or "")


def read_versions(client: Any, arn: str) -> dict[str, str]:
    """The texts of the secret's current and previous version by the versions' ids, the current one first.

    A previous one that cannot be used is left out: what was put there by mistake must not outlive its correction. Raises SecretsUnreadable
    for a current one that cannot, and when there is no answer."""
    version_id, text = _version(client, arn, CURRENT)
    found = {version_id: text}
    try:
        version_id, text = _version(client, arn, PREVIOUS)
    except VersionUnusable as unusable:
        if unusable.is_there:
            logger.warning("%s; tokens that it signed are refused", str(unusable))
        return found
    return found | {version_id: found.get(version_id, text)}


def _version(client: Any, arn: str, label: str) -> tuple[str, str]:
    """The id and the text of the version with the label. Raises VersionUnusable, SecretsUnreadable."""
    from botocore.exceptions import BotoCoreError, ClientError

    version = f"{label} of the secret {arn} (STEPBASE_SECRET_ARN)"
    try:
        answer = client.get_secret_value(SecretId=arn, VersionStage=label)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in UNUSABLE:
            raise VersionUnusable(f"{version} cannot be read: {error}", is_there=code != NOT_FOUND) from None
        raise SecretsUnreadable(f"{version} cannot be read: {error}") from None
    except BotoCoreError as error:
        raise SecretsUnreadable(f"{version} cannot be read: {error}") from None
    text: str = answer.get("SecretString") or ""
    try:
        checked_keys({answer["VersionId"]: text})
    except ValueError as wrong:
        raise VersionUnusable(f"{version} cannot be used: {wrong}") from None
    return answer["VersionId"], text


class RotatingSigner(TokenSigner):
    """A signer whose secrets are read again when they are five minutes old, and when a token names one that is not known: that another
    process has read after a rotation. At most once a minute; while they cannot be read, those that are known stay good."""

    def __init__(self, read: ReadSecrets, now: Callable[[], float] = time.monotonic) -> None:
        self._read, self._now = read, now
        self._tried_at = now()
        super().__init__(read())

    def issue(
        self,
        user_id: int,
        session_id: str,
        now_s: int,
        hours: float,
        *,
        role: str | None = None,
        kind: OwnKind = "session",
        began_at: int | None = None,
    ) -> str:
        self._freshen(KEEP_SECONDS)
        return super().issue(user_id, session_id, now_s, hours, role=role, kind=kind, began_at=began_at)

    def verify(self, token: str, now_s: int, *, ended_too: bool = False) -> Claims:
        self._freshen(KEEP_SECONDS)
        return super().verify(token, now_s, ended_too=ended_too)

    def seal(self, about: str, text: str) -> str:
        self._freshen(KEEP_SECONDS)
        return super().seal(about, text)

    def unseal(self, about: str, sealed: str) -> str | None:
        text = super().unseal(about, sealed)
        if text is None and self._freshen(PAUSE_SECONDS):
            return super().unseal(about, sealed)
        return text

    def _key_of(self, header: dict[str, Json]) -> bytes:
        if header.get("kid") not in self._keys:
            self._freshen(PAUSE_SECONDS)
        return super()._key_of(header)

    def _freshen(self, seconds: int) -> bool:
        """Whether the secrets were read again: when that was last tried more than ``seconds`` ago, and went well."""
        if self._now() - self._tried_at < seconds:
            return False
        self._tried_at = self._now()
        try:
            self._keys = checked_keys(self._read())
        except (SecretsUnreadable, ValueError) as refused:
            logger.warning("the secrets stay as they were read before: %s", str(refused))
            return False
        return True
