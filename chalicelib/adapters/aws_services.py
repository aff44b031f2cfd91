"""Clients of AWS services that things are sent over, and their errors in the words of an effect that failed.

One attempt each: a repeat after a silent timeout could send the same mail twice, and neither service can tell.
Source: https://docs.aws.amazon.com/boto3/latest/guide/error-handling.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.domain.ports import EffectFailed
from chalicelib.errors import Json

CONNECT_SECONDS, READ_SECONDS = 3, 10
TIMEOUTS = ("ConnectTimeoutError", "ReadTimeoutError")


def service_client(name: str, region: str) -> Any:
    """A client whose endpoint is AWS's, or what the standard ``AWS_ENDPOINT_URL_<SERVICE>`` says."""
    import botocore.session
    from botocore.config import Config

    limits = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
    return botocore.session.get_session().create_client(name, region_name=region, config=limits)


def answer_of(call: Callable[..., dict[str, Json]], **parameters: Json) -> dict[str, Json]:
    """What the service answers. Raises EffectFailed with its message and code."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        return call(**parameters)
    except ClientError as error:
        told = error.response.get("Error", {})
        result = {"message": told.get("Message") or "the service refused", "code": told.get("Code") or "REFUSED"}
        raise EffectFailed(result) from None
    except (BotoCoreError, ResponseParserError) as error:
        name = type(error).__name__
        raise EffectFailed({"message": f"the service could not be called: {error}", "code": name}, name in TIMEOUTS) from None


def message_id_of(call: Callable[..., dict[str, Json]], **parameters: Json) -> str:
    """The id under which the service took a message. Raises EffectFailed, also when the answer was cut short before it."""
    answer = answer_of(call, **parameters)
    if "MessageId" not in answer:
        raise EffectFailed({"message": "the answer of the service was cut short", "code": "NO_MESSAGE_ID"})
    return str(answer["MessageId"])
