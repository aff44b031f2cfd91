"""The one logger and the one metrics object, from Powertools. The tracer stays out: importing it costs more than all the rest.

Source: https://docs.powertools.aws.dev/lambda/python/latest/core/logger/
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger(service="stepbase")
