"""Stepbase: buttons that do real work, on AWS Lambda and DynamoDB."""
