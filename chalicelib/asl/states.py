"""States of the Amazon States Language, as dictionaries. Source: https://states-language.net/spec.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.errors import Json

State = dict[str, Json]

LAMBDA_FAULTS = ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException"]


def retry(errors: Sequence[str], *, seconds: int, attempts: int, rate: float = 2.0, most_seconds: int | None = None) -> State:
    """One Retry rule with full jitter."""
    rule: State = {
        "ErrorEquals": list(errors),
        "IntervalSeconds": seconds,
        "MaxAttempts": attempts,
        "BackoffRate": rate,
        "JitterStrategy": "FULL",
    }
    return rule | ({"MaxDelaySeconds": most_seconds} if most_seconds else {})


def catch(errors: Sequence[str], then: str, result_path: str | None = None) -> State:
    """One Catch rule; without a path the error is dropped and the state's input goes on."""
    return {"ErrorEquals": list(errors), "Next": then, "ResultPath": result_path}


def task(function: str, parameters: Mapping[str, Json], then: str | None, *, retries: Sequence[State], catches: Sequence[State]) -> State:
    """A Lambda function whose answer is the next state's input; ``then`` ``None``: the end."""
    after: State = {"Next": then} if then else {"End": True}
    return {
        "Type": "Task",
        "Resource": function,
        "Parameters": dict(parameters),
        "Retry": list(retries),
        **({"Catch": list(catches)} if catches else {}),
        **after,
    }


def partition_of(arn: str) -> str:
    """``aws`` of ``arn:aws:lambda:…``; others are ``aws-cn`` and ``aws-us-gov``."""
    return arn.split(":")[1]


def wait_for_token(
    function: str, payload: Mapping[str, Json], then: str, *, timeout_path: str, retries: Sequence[State], catches: Sequence[State]
) -> State:
    """A function (its ARN) that gets the task's token and answers nothing; whoever has the token ends the wait."""
    return {
        "Type": "Task",
        "Resource": f"arn:{partition_of(function)}:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": function, "Payload": dict(payload)},
        "TimeoutSecondsPath": timeout_path,
        "ResultPath": None,
        "Retry": list(retries),
        "Catch": list(catches),
        "Next": then,
    }


def wait_until(path: str, then: str) -> State:
    """A wait until the timestamp at ``path``."""
    return {"Type": "Wait", "TimestampPath": path, "Next": then}


def choice(path: str, nexts: Mapping[str, str], otherwise: str) -> State:
    """The next state by the text at ``path``."""
    rules: list[Json] = [{"Variable": path, "StringEquals": text, "Next": then} for text, then in nexts.items()]
    return {"Type": "Choice", "Choices": rules, "Default": otherwise}


def succeed() -> State:
    return {"Type": "Succeed"}


def fail(error: str, cause: str) -> State:
    return {"Type": "Fail", "Error": error, "Cause": cause}


def machine(comment: str, start: str, states: Mapping[str, State]) -> State:
    """A whole definition."""
    return {"Comment": comment, "StartAt": start, "States": dict(states)}
