"""Mailer: send an e-mail.

The mail goes out over the deployment's own sender (Amazon SES; a folder on one machine), so there is no SMTP server to configure. The
result is ``{messageId, accepted, rejected}``. Source: https://docs.nocobase.com/workflow/nodes/mailer
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from chalicelib.domain import status
from chalicelib.domain.mail import MOST_RECIPIENTS, problems_of_file, problems_of_mail, problems_of_mailbox, problems_of_subject
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.references import has_template
from chalicelib.domain.template import Template, text_of
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope, rendered

RECIPIENTS = ("to", "cc", "bcc")
NO_PROVIDER = "SMTP servers are not offered: leave `provider` out; mail is sent by Amazon SES from the address in the setting MAIL_FROM"
NO_FETCHING = "attachments are not fetched from paths or addresses; give their `content`"


def _addresses(title: str) -> dict[str, Json]:
    description = "E-mail addresses: `ann@example.com`, `Ann <ann@example.com>`, or templates that give one or a list."
    return {"type": ["array", "string", "null"], "title": title, "description": description, "items": {"type": ["string", "null"]}}


def _text(title: str, description: str, *more: str) -> dict[str, Json]:
    return {"type": ["string", "null", *more], "title": title, "description": description}


SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["to"],
    "properties": {
        "from": _text("From", "One of the deployment's senders (setting MAIL_FROM); the first of them if not given."),
        "to": _addresses("To"),
        "cc": _addresses("Copy to"),
        "bcc": _addresses("Blind copy to"),
        "subject": _text("Subject", "One line with templates."),
        "contentType": {"enum": ["html", "text", None], "default": "html", "title": "Content type", "description": "Which body is sent."},
        "html": _text("HTML", "The body when the content type is `html`; values of templates stand in it as they are."),
        "text": _text("Text", "The body when the content type is `text`."),
        "attachments": {
            "type": ["array", "null"],
            "title": "Attachments",
            "description": "Files by their content.",
            "items": {
                "type": "object",
                "required": ["filename", "content"],
                "properties": {
                    "filename": {"type": "string", "minLength": 1, "title": "File name", "description": "What the file is called."},
                    "content": _text("Content", "Text, or base64 as `encoding` says.", "object", "array", "number", "boolean"),
                    "encoding": {"enum": ["utf-8", "base64", None], "title": "Encoding", "description": "`utf-8` (default) or `base64`."},
                    "contentType": _text("Content type", "Such as `text/csv`; else `application/octet-stream`."),
                },
            },
        },
        "ignoreFail": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Go on after a failure",
            "description": "true: a mail that cannot be sent is a result like any other and the workflow goes on.",
        },
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """What became of the mail; FAILED with ``{message, code?, errors?}``, RESOLVED with the same when ``ignoreFail``."""
    config = rendered(prepared, scope)
    bad = status.RESOLVED if config.get("ignoreFail") else status.FAILED
    try:
        mail = _mail(config)
        if found := problems_of_mail(mail) + _problems_of_body(mail, _kind(config)):
            message = "; ".join(problem.message for problem in found)
            return Outcome(bad, {"message": message, "code": found[0].code, "errors": [problem.to_json() for problem in found]})
        return Outcome(status.RESOLVED, ports.effect("mail", mail))
    except EffectFailed as failed:
        return Outcome(status.ABORTED if failed.cut_short and bad < 0 else bad, failed.result)


def _mail(config: dict[str, Json]) -> dict[str, Json]:
    """The mail as it is sent; recipients as flat lists of texts, files as base64. Raises EffectFailed for a file that is none."""
    kind = _kind(config)
    return {
        "from": text_of(config.get("from")).strip(" ") or None,
        **{name: _flat(config.get(name)) for name in RECIPIENTS},
        "subject": text_of(config.get("subject")),
        kind: text_of(config.get(kind)),
        "attachments": [_file(file, position) for position, file in enumerate(config.get("attachments") or ())],
    }


def _kind(config: dict[str, Json]) -> str:
    """Which body is sent: ``html`` or ``text``."""
    return str(config.get("contentType") or "html")


def _problems_of_body(mail: dict[str, Json], kind: str) -> list[Problem]:
    if text_of(mail.get(kind)).strip():
        return []
    other = "text" if kind == "html" else "html"
    hint = f'; "{other}" is sent when the content type is "{other}"' if text_of(mail.get(other)).strip() else ""
    return [Problem(f'the content type is "{kind}" and the body "{kind}" is empty{hint}', kind, "EMPTY_BODY")]


def _flat(value: Json) -> list[str]:
    """``["a@x", ["b@x", null], ""]`` as ``["a@x", "b@x"]``."""
    if isinstance(value, list):
        return list(dict.fromkeys(text for item in value for text in _flat(item)))
    text = text_of(value).strip(" ")
    return [text] if text else []


def _file(file: dict[str, Json], position: int) -> dict[str, str]:
    content, name = text_of(file.get("content")), text_of(file.get("filename"))
    if file.get("encoding") != "base64":
        content = base64.b64encode(content.encode("utf-8", "replace")).decode()
    if not _is_base64(content):
        raise EffectFailed({"message": f"attachments.{position}.content is not base64", "code": "INVALID_ATTACHMENT"})
    return {"filename": name, "content": content, "contentType": text_of(file.get("contentType")) or "application/octet-stream"}


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """Mistakes in what no template changes: addresses, subject, a missing body; and what the model has that is not offered here."""
    found = [Problem(NO_PROVIDER, f"{path}.provider", "NOT_OFFERED")] if config.get("provider") else []
    for at, text in _written(config, path):
        found += problems_of_mailbox(text, at)
    if isinstance(config.get("subject"), str):
        found += problems_of_subject(config["subject"], f"{path}.subject")
    if "to" in config and not any(_flat(config.get(name)) for name in RECIPIENTS):
        found.append(Problem("give at least one recipient", f"{path}.to", "NO_RECIPIENT"))
    found += _problems_of_number(config, path)
    if config.get("contentType") in ("html", "text", None):
        empty = _problems_of_body(config, _kind(config))
        found += [Problem(problem.message, f"{path}.{problem.path}", problem.code) for problem in empty]
    return found + _problems_of_files(config.get("attachments"), f"{path}.attachments")


def _problems_of_number(config: dict[str, Json], path: str) -> list[Problem]:
    """More recipients than a mail may have, templates left out of account."""
    written = 0
    for name in RECIPIENTS:
        written += sum(not has_template(text) for text in _flat(config.get(name)))
        if written > MOST_RECIPIENTS:
            message = f"a mail has at most {MOST_RECIPIENTS} recipients in to, cc and bcc together"
            return [Problem(message, f"{path}.{name}", "TOO_MANY_RECIPIENTS")]
    return []


def _written(config: dict[str, Json], path: str) -> Iterator[tuple[str, str]]:
    """The addresses that stand in the config without templates, and where."""
    for name in ("from", *RECIPIENTS):
        value = config.get(name)
        entries = enumerate(value) if isinstance(value, list) else [(None, value)]
        for position, text in entries:
            if isinstance(text, str) and text and not has_template(text):
                yield f"{path}.{name}" if position is None else f"{path}.{name}.{position}", text


def _problems_of_files(files: Json, path: str) -> list[Problem]:
    return [
        problem
        for position, file in enumerate(files if isinstance(files, list) else ())
        if isinstance(file, dict)
        for problem in _problems_of_file(file, f"{path}.{position}")
    ]


def _problems_of_file(file: dict[str, Json], path: str) -> list[Problem]:
    """Of what no template changes; what is of another kind than the schema says is the schema's to refuse."""
    found = [Problem(NO_FETCHING, f"{path}.{name}", "NOT_OFFERED") for name in ("path", "href", "url", "raw") if file.get(name)]
    texts = {name: file[name] for name in ("filename", "contentType") if isinstance(file.get(name), str) and file[name]}
    found += problems_of_file({name: text for name, text in texts.items() if not has_template(text)}, path)
    content = file.get("content")
    if file.get("encoding") == "base64" and not has_template(content) and not _is_base64(text_of(content)):
        found.append(Problem("the content is not base64", f"{path}.content", "INVALID_ATTACHMENT"))
    return found


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


NODE = NodeType("mailer", SCHEMA, run, check=check, acts_outside=True)
