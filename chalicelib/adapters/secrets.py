"""The secret that signs tokens: given by the environment on one machine, kept in Secrets Manager in AWS.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets.html
"""

from __future__ import annotations

from typing import Protocol


class SecretSettings(Protocol):
    """The part of the settings that names the secret."""

    @property
    def secret(self) -> str | None: ...
    @property
    def secret_arn(self) -> str | None: ...
    @property
    def region(self) -> str: ...


def token_secret(settings: SecretSettings) -> str:
    """The secret, read once per process."""
    if settings.secret:
        return settings.secret
    import botocore.session

    client = botocore.session.get_session().create_client("secretsmanager", region_name=settings.region)
    text: str = client.get_secret_value(SecretId=settings.secret_arn)["SecretString"]
    return text
