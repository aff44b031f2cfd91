"""Stepbase: buttons that do real work, on AWS Lambda and DynamoDB."""

import gc

# The garbage collector looks through what was just imported, all of which stays: a tenth of the time that a cold start takes.
gc.set_threshold(50_000)
