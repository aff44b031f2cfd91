"""Sends mail by Amazon SES, from the deployment's own addresses.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

import base64
from email.utils import formataddr
from functools import cached_property
from typing import Any

from chalicelib.adapters.aws_services import message_id_of, service_client
from chalicelib.domain.mail import mailbox
from chalicelib.errors import Json

RECIPIENTS = {"ToAddresses": "to", "CcAddresses": "cc", "BccAddresses": "bcc"}


class SesMail:
    """The way out of kind ``mail`` in AWS."""

    def __init__(self, region: str) -> None:
        self._region = region

    @cached_property
    def _client(self) -> Any:
        return service_client("sesv2", self._region)

    def send(self, mail: dict[str, Json], key: str) -> str:
        """The message id of a sound mail (domain/mail.py). Raises EffectFailed."""
        return message_id_of(self._client.send_email, **email_of(mail, key))


def email_of(mail: dict[str, Json], key: str) -> dict[str, Json]:
    """The mail as ``SendEmail`` takes it; ``key`` goes along as a header, by which a mail that came twice can be told."""
    bodies = {part: _utf8(mail[name]) for part, name in (("Html", "html"), ("Text", "text")) if mail.get(name) is not None}
    simple: dict[str, Json] = {
        "Subject": _utf8(mail["subject"]),
        "Body": bodies,
        "Headers": [{"Name": "X-Idempotency-Key", "Value": key}],
    }
    if mail["attachments"]:
        simple["Attachments"] = [_attachment(file) for file in mail["attachments"]]
    destination = {part: [_written(text) for text in mail[name]] for part, name in RECIPIENTS.items() if mail[name]}
    return {"FromEmailAddress": _written(mail["from"]), "Destination": destination, "Content": {"Simple": simple}}


def _utf8(text: str) -> dict[str, Json]:
    return {"Data": text.encode("utf-8", "replace").decode(), "Charset": "UTF-8"}


def _written(text: str) -> str:
    """The mailbox with a name that is not ASCII as an encoded word (https://www.rfc-editor.org/rfc/rfc2047)."""
    found = mailbox(text)
    return formataddr((found.name, found.address)) if found else text


def _attachment(file: dict[str, str]) -> dict[str, Json]:
    return {
        "FileName": file["filename"],
        "ContentType": file["contentType"],
        "RawContent": base64.b64decode(file["content"]),
        "ContentDisposition": "ATTACHMENT",
        "ContentTransferEncoding": "BASE64",
    }
