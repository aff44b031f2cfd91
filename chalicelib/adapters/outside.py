"""Everything that leaves the product: requests, mail, notifications, each by its kind.

What arrives here may come from a node or from a procedure, so it is brought into one form and checked before it goes anywhere. Clients
and their libraries are loaded with the first effect that needs them. Source: https://docs.nocobase.com/workflow/nodes/request
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.mail import mailbox, problems_of_mail
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.template import text_of
from chalicelib.errors import Json

if TYPE_CHECKING:
    from chalicelib.adapters.http_client import HttpClient
    from chalicelib.adapters.outbox import Outbox
    from chalicelib.adapters.ses import SesMail
    from chalicelib.adapters.sns import SnsNotifications

LOCAL_SENDER = "Stepbase <stepbase@localhost>"
MOST_TIMEOUT_MS = 25_000
REQUEST: dict[str, Json] = {
    "method": "POST",
    "contentType": "application/json",
    "headers": [],
    "params": [],
    "data": None,
    "timeout": 5_000,
}
NO_MAIL = "mail is not set up here: set MAIL_FROM to an address that Amazon SES may send from, or OUTBOX_DIR to a folder"
NO_TOPICS = "notifications are not set up here: set NOTIFICATION_TOPICS to name=arn pairs, or OUTBOX_DIR to a folder"
NO_FAILED_RUNS = "nobody is told of executions that fail: set FAILED_RUNS_TOPIC to the ARN of an SNS topic, or OUTBOX_DIR to a folder"


class OutsideSettings(Protocol):
    """The part of the settings that says what may be reached and how."""

    @property
    def region(self) -> str: ...
    @property
    def request_allowed_hosts(self) -> tuple[str, ...]: ...
    @property
    def request_only_allowed(self) -> bool: ...
    @property
    def mail_from(self) -> tuple[str, ...]: ...
    @property
    def notification_topics(self) -> Mapping[str, str]: ...
    @property
    def failed_runs_topic(self) -> str | None: ...
    @property
    def outbox_dir(self) -> str | None: ...


class OutsideServices:
    """The `Outside` port over HTTP, SES and SNS, or over a folder when ``outbox_dir`` is set."""

    def __init__(self, settings: OutsideSettings) -> None:
        self._settings = settings
        self._kinds = {"request": self._request, "mail": self._mail, "notification": self._notify, "failedRun": self._announce}

    def send(self, kind: str, payload: dict[str, Json], key: str) -> Json:
        """The answer. Raises EffectFailed; ValueError for a kind that there is not, which is a mistake in our code."""
        if kind not in self._kinds:
            raise ValueError(f'there is no effect of kind "{kind}"; the kinds are {", ".join(self._kinds)}')
        return self._kinds[kind](payload, key)

    def _request(self, payload: dict[str, Json], key: str) -> Json:
        return self._http.send(whole_request(payload), key)

    def _mail(self, payload: dict[str, Json], key: str) -> Json:
        """``{"messageId", "accepted", "rejected"}``."""
        if self._outbox is None and not self._settings.mail_from:
            raise EffectFailed({"message": NO_MAIL, "code": "MAIL_NOT_SET_UP"})
        mail = whole_mail(payload, self._settings.mail_from)
        message_id = self._outbox.put("mail", mail, key) if self._outbox else self._ses.send(mail, key)
        return {"messageId": message_id, "accepted": [*mail["to"], *mail["cc"], *mail["bcc"]], "rejected": []}

    def _notify(self, payload: dict[str, Json], key: str) -> Json:
        """``{"status": "success", "channelName", "messageId"}``."""
        topics = self._settings.notification_topics
        if self._outbox is None and not topics:
            raise EffectFailed({"message": NO_TOPICS, "code": "NOTIFICATIONS_NOT_SET_UP"})
        notification = {name: text_of(payload.get(name)) for name in ("channelName", "title", "content")}
        channel = notification["channelName"]
        if topics and channel not in topics:
            message = f'there is no channel "{channel}"; the channels are {", ".join(topics)}'
            raise EffectFailed({"message": message, "code": "CHANNEL_NOT_FOUND"})
        message_id = (
            self._outbox.put("notification", {**payload, **notification}, key) if self._outbox else self._sns.send(notification, key)
        )
        return {"status": "success", "channelName": channel, "messageId": message_id}

    def _announce(self, payload: dict[str, Json], key: str) -> Json:
        """The message id of what is told of an execution that failed."""
        if self._outbox:
            return self._outbox.put("failed-run", {"announcement": payload}, key)
        if self._settings.failed_runs_topic is None:
            raise EffectFailed({"message": NO_FAILED_RUNS, "code": "FAILED_RUNS_NOT_SET_UP"})
        return self._sns.announce(payload, self._settings.failed_runs_topic, key)

    @cached_property
    def _http(self) -> HttpClient:
        from chalicelib.adapters.http_client import HttpClient
        from chalicelib.adapters.http_target import AllowedHosts

        return HttpClient(AllowedHosts(self._settings.request_allowed_hosts, self._settings.request_only_allowed))

    @cached_property
    def _ses(self) -> SesMail:
        from chalicelib.adapters.ses import SesMail

        return SesMail(self._settings.region)

    @cached_property
    def _sns(self) -> SnsNotifications:
        from chalicelib.adapters.sns import SnsNotifications

        return SnsNotifications(self._settings.region, self._settings.notification_topics)

    @cached_property
    def _outbox(self) -> Outbox | None:
        from chalicelib.adapters.outbox import Outbox

        return Outbox(Path(self._settings.outbox_dir)) if self._settings.outbox_dir else None


def whole_request(payload: Mapping[str, Json]) -> dict[str, Json]:
    """The request with its defaults; headers and params, which may be objects, as lists. Raises EffectFailed."""
    request = {**REQUEST, **payload, "url": text_of(payload.get("url")).strip()}
    timeout = request["timeout"]
    if isinstance(timeout, bool) or not isinstance(timeout, int) or not 1 <= timeout <= MOST_TIMEOUT_MS:
        message = f"the timeout is a whole number of milliseconds from 1 to {MOST_TIMEOUT_MS}"
        raise EffectFailed({"message": message, "code": "ERR_BAD_OPTION_VALUE"})
    return {**request, "headers": _pairs(request["headers"]), "params": _pairs(request["params"])}


def _pairs(entries: Json) -> list[dict[str, str]]:
    named = [{"name": name, "value": value} for name, value in entries.items()] if isinstance(entries, dict) else entries or []
    return [{name: text_of(entry.get(name)) for name in ("name", "value")} for entry in named]


def whole_mail(payload: Mapping[str, Json], senders: tuple[str, ...]) -> dict[str, Json]:
    """The mail with its sender and every part that one may have. Raises EffectFailed for one that must not be sent."""
    mail = {"to": [], "cc": [], "bcc": [], "attachments": [], **payload, "subject": text_of(payload.get("subject"))}
    mail["from"] = mail.get("from") or (senders[0] if senders else LOCAL_SENDER)
    if mail.get("html") is None and mail.get("text") is None:
        mail["text"] = ""
    if found := problems_of_mail(mail):
        raise EffectFailed({"message": "; ".join(problem.message for problem in found), "code": found[0].code})
    if senders and _address(mail["from"]) not in map(_address, senders):
        message = f"mail is not sent from {mail['from']}; the senders are {', '.join(senders)} (setting MAIL_FROM)"
        raise EffectFailed({"message": message, "code": "SENDER_NOT_ALLOWED"})
    return mail


def _address(text: str) -> str:
    found = mailbox(text)
    return found.address.lower() if found else ""
