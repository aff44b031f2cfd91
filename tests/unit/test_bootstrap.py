"""What cannot be set is told where an operator looks: in the log of the function's first call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.bootstrap import product
from chalicelib.config import ConfigurationError, reset_settings


@pytest.fixture(autouse=True)
def another_process() -> Iterator[None]:
    def forgotten() -> None:
        product.cache_clear()
        reset_settings()

    forgotten()
    yield
    forgotten()


def test_the_log_names_the_variable_that_is_wrong(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for name, value in {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "us-east-1", "TOKEN_HOURS": "soon"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STEPBASE_SECRET", "a secret that is long enough: 0123456789")
    with pytest.raises(ConfigurationError):
        product()
    assert "the settings cannot be: TOKEN_HOURS must be a whole number above 0, not soon" in caplog.text
    assert "long enough" not in caplog.text
