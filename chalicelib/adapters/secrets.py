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

# The first signs; a token of the second's is good until its own end.
LABELS = ("AWSCURRENT", "AWSPREVIOUS")
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
    """Secrets Manager gave no secret; the message says why and names the secret, never its text."""


def own_signer(settings: SecretSettings) -> TokenSigner:
    """Signs and verifies by the secret of the settings. Raises ValueError for a short one, SecretsUnreadable."""
    if settings.secret:
        return TokenSigner(settings.secret)
    return RotatingSigner(_secrets_manager(settings))


def _secrets_manager(settings: SecretSettings) -> ReadSecrets:
    import botocore.session

    client = botocore.session.get_session().create_client("secretsmanager", region_name=settings.region)
    return lambda: read_versions(client, settings.secret_arn or "")


def read_versions(client: Any, arn: str) -> dict[str, str]:
    """The texts of the secret's current and previous version by the versions' ids, the current one first. Raises SecretsUnreadable."""
    from botocore.exceptions import BotoCoreError, ClientError

    found: dict[str, str] = {}
    for label in LABELS:
        try:
            version = client.get_secret_value(SecretId=arn, VersionStage=label)
        except client.exceptions.ResourceNotFoundException as error:
            if label == LABELS[0]:
                raise SecretsUnreadable(f"STEPBASE_SECRET_ARN names {arn}: {error}") from None
            continue  # never rotated
        except (BotoCoreError, ClientError) as error:
            raise SecretsUnreadable(f"STEPBASE_SECRET_ARN names {arn}: {error}") from None
        found.setdefault(version["VersionId"], version.get("SecretString") or "")
    return found


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
        except (SecretsUnreadable, ValueError):
            return False
        return True
