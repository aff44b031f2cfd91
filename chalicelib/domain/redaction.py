"""Texts without what looks like a credential, to be told to people who may not have the right to it.

What is taken for one: who signs in by an address, the query of an address, headers that carry credentials, tokens by their form, and the
value after a name such as ``client_secret``, ``DB_PASSWORD`` or ``apiKey``, in whatever notation. Rather too much is left out than too
little.
Source of the names: https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html#data-to-exclude
"""

from __future__ import annotations

import re

HEADERS = "(?:authorization|cookie)"
NAMES = (
    "(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credential|signature|session[-_]?id"
    "|(?:api|access|private|signing|encryption|account|auth)[-_. ]?key)"
)
IS = r"[\w-]{0,40}\\*[\"']?\]?\s*(?:=>|[=:]+|%3[ad])\s*[\[({]*"
QUOTED = r"""(\\+)(["'])[\s\S]*?(?:(?<!\\)\3\4|$)|"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)|'(?:[^'\\]|\\[\s\S])*(?:'|\\?$)"""

PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|$)"), "…"),
    (re.compile(r"://[^\s/?#]*@"), "://…@"),
    (re.compile(r"://[^\s/?#:@]*:(?!\d{1,5}(?:/|$))[^\s\"'<>]*@"), "://…@"),  # a password with signs that end the host
    (re.compile(r"(://[^\s?#\"']*)[?#][^\s\"']*"), r"\1?…"),
    (re.compile(rf"(?i)({HEADERS})({IS})(?:{QUOTED}|[^\r\n]+)"), r"\1\2…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), r"\1 …"),
    (re.compile(rf"(?i)({NAMES})({IS})(?:{QUOTED}|[^\s\"',;&}}]+)"), r"\1\2…"),
    (re.compile(rf"(?i)(<[^<>]{{0,80}}{NAMES}[^<>]{{0,80}}>)[^<]+"), r"\1…"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "…"),  # a token by its form, RFC 7519
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "…"),
)


def without_credentials(text: str) -> str:
    """The text, with ``…`` in the place of each."""
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text
