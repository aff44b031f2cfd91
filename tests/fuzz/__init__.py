"""Requests made up from the OpenAPI document; see `__main__`."""
