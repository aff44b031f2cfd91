"""What an e-mail must look like before anybody is asked to send it: addresses, subject, number of recipients, size.

A line break in an address or a subject would begin a header of its own; it is refused, never removed.
Sources: https://www.rfc-editor.org/rfc/rfc5322#section-3.4 and
https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chalicelib.errors import Json, Problem

MOST_RECIPIENTS = 50
MOST_BYTES = 1_000_000
MOST_SUBJECT = 998
MOST_FILE_NAME = 255
MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]{1,40}/[A-Za-z0-9.+-]{1,80}")
CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
NAMED = re.compile(r'(?:"(?P<quoted>[^"\\<>]*)"|(?P<name>[^"\\<>@,;:()\[\]]*)) ?<(?P<address>[^<>]*)>')
ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)*")
LONGEST_ADDRESS = 254  # https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3
NO_ADDRESS = f"must be an e-mail address such as you@example.com, without blanks around it, of at most {LONGEST_ADDRESS} characters"
RIGHT = "write ann@example.com or Ann <ann@example.com>"


def is_address(text: str) -> bool:
    """Whether the text is an address that somebody may sign in with: one "@" with something on both sides, nothing blank, no control
    character. Letters of every script may stand in it: what of it can be written to is asked when a message is sent."""
    return len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text) is not None and text.isprintable()


class Mailbox(NamedTuple):
    """One correspondent: ``Ann <ann@example.com>`` is ("Ann", "ann@example.com"); the name may be empty."""

    name: str
    address: str


def mailbox(text: str) -> Mailbox | None:
    """The mailbox that the text names; ``None`` when it is none, holds a control character, or is not ASCII in its address."""
    if CONTROL.search(text):
        return None
    named = NAMED.fullmatch(text.strip())
    name = (named["quoted"] or named["name"] or "").strip() if named else ""
    address = named["address"] if named else text.strip()
    return Mailbox(name, address) if PLAIN.fullmatch(address) else None


def problems_of_mailbox(text: Json, path: str) -> list[Problem]:
    if isinstance(text, str) and mailbox(text):
        return []
    shown = repr(text if not isinstance(text, str) else text[:100])
    return [Problem(f"{shown} is not an e-mail address; {RIGHT}", path, "INVALID_ADDRESS")]


def problems_of_subject(subject: str, path: str) -> list[Problem]:
    if CONTROL.search(subject):
        return [Problem("the subject must be one line without control characters", path, "INVALID_SUBJECT")]
    if len(subject) > MOST_SUBJECT:
        return [Problem(f"the subject has at most {MOST_SUBJECT} characters", path, "INVALID_SUBJECT")]
    return []


def problems_of_mail(mail: dict[str, Json]) -> list[Problem]:
    """Everything wrong with ``{"from", "to", "cc", "bcc", "subject", "text" or "html", "attachments"}``, ready to be sent."""
    found = [] if mail["from"] is None else problems_of_mailbox(mail["from"], "from")
    recipients = [(f"{name}.{position}", text) for name in ("to", "cc", "bcc") for position, text in enumerate(mail[name])]
    for path, text in recipients:
        found += problems_of_mailbox(text, path)
    if not recipients:
        found.append(Problem("a mail needs at least one recipient in to, cc or bcc", "to", "NO_RECIPIENT"))
    if len(recipients) > MOST_RECIPIENTS:
        found.append(Problem(f"a mail has at most {MOST_RECIPIENTS} recipients, this one {len(recipients)}", "to", "TOO_MANY_RECIPIENTS"))
    if _size(mail) > MOST_BYTES:
        found.append(Problem(f"a mail has at most {MOST_BYTES:,} bytes with its attachments", code="TOO_LARGE"))
    for position, file in enumerate(mail["attachments"]):
        found += problems_of_file(file, f"attachments.{position}")
    return found + problems_of_subject(mail["subject"], "subject")


def problems_of_file(file: dict[str, str], path: str) -> list[Problem]:
    """What is wrong with those of ``filename`` and ``contentType`` that are given."""
    found = []
    name, media_type = file.get("filename"), file.get("contentType")
    if name is not None and (not name or len(name) > MOST_FILE_NAME or CONTROL.search(name)):
        message = f"a file name is one line of 1 to {MOST_FILE_NAME} characters"
        found.append(Problem(message, f"{path}.filename", "INVALID_ATTACHMENT"))
    if media_type is not None and not MEDIA_TYPE.fullmatch(media_type):
        found.append(Problem("a content type looks like text/csv", f"{path}.contentType", "INVALID_ATTACHMENT"))
    return found


def _size(mail: dict[str, Json]) -> int:
    texts = [mail["subject"], mail.get("text") or "", mail.get("html") or "", *(file["content"] for file in mail["attachments"])]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)
