"""JSONata, evaluated by jsonata-python. Imported when the first expression is compiled: it takes some 50 ms.

Known faults of jsonata-python 0.7.1 that are mended here: importing it raises the interpreter's recursion limit for everybody; an
instance must not be shared by threads; its bounds are lost in array constructors; ``true in [1]`` holds; ``5.5 % 2`` is 1; division
by zero raises; the search functions take quadratic time; texts and numbers are read and written as Python does (`expression_texts`).
Source of the language: https://docs.jsonata.org/overview.html
"""

# mypy: disable-error-code="misc"

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

_LIMIT = sys.getrecursionlimit()
from jsonata import jsonata  # noqa: E402
from jsonata.jexception import JException  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(_LIMIT)

from chalicelib.domain.expression_bounds import Budget, ExpressionError, size_of  # noqa: E402
from chalicelib.domain.expression_texts import json_text, number_in, text_in_base64  # noqa: E402
from chalicelib.domain.expression_values import as_input, as_result  # noqa: E402
from chalicelib.domain.template_path import UNDEFINED, short  # noqa: E402
from chalicelib.errors import Json  # noqa: E402

NULL = Utils.NULL_VALUE
MOST_TEXT = 200_000
MOST_ENTRIES = 20_000
BUILDERS = ("unary", "function")


class Evaluator(jsonata.Jsonata):
    """One parsed expression; for one thread."""

    def __init__(self, text: str) -> None:
        """Raises ExpressionError with the place of a mistake of syntax."""
        try:
            super().__init__(text, regex_engine=_refuse_regex)
        except JException as error:
            place = f" at character {error.location}" if error.location > 0 else ""
            raise ExpressionError(f"{_text(error)}{place}") from error
        except RecursionError:
            raise ExpressionError("the expression is nested too deeply") from None
        except IndexError:  # the tokenizer runs off the end
            raise ExpressionError("the expression ends too early: a comment /* needs its */, a quote its closing one") from None
        except KeyError as error:  # half of an operator
            raise ExpressionError(f'"{short(str(error.args[0]))}" is no operator') from None
        except Exception as error:
            raise ExpressionError(f"the expression cannot be read: {short(str(error))}") from error
        self._natives = {name: _Measured(self.environment.lookup(name), OWN.get(name)) for name in NATIVE_NAMES}

    def value(self, source: Json, variables: Mapping[str, Json], budget: Budget) -> Json:
        """The result, ``UNDEFINED`` where there is none. Variables are named without ``$``; both are results of `as_value`.

        Raises ExpressionError when types do not fit or the budget is spent."""
        jsonata.Jsonata.CURRENT.jsonata = self
        self.budget = budget
        self.set_output_convert_nulls(False)
        self.set_validate_input(False)
        bindings = {**self._natives, **variables, **_callbacks(budget)}
        try:
            found = self.evaluate(source, bindings)
            return UNDEFINED if found is None else as_result(found, budget, NULL)
        except ExpressionError:
            raise
        except RecursionError:
            raise ExpressionError("a value in the expression is nested too deeply") from None
        except JException as error:
            raise ExpressionError(_text(error)) from error
        except Exception as error:  # a bug of the evaluator; its words are those of a Python program
            raise ExpressionError(f"the expression failed on its data: {_in_plain_words(error)}") from error

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        if rhs is not None and lhs is not None and op in "/%" and Utils.is_numeric(lhs) and Utils.is_numeric(rhs):
            return _divided(float(lhs), float(rhs)) if op == "/" else _remainder(float(lhs), float(rhs))
        return super().evaluate_numeric_expression(lhs, rhs, op)

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        return f"{_string(lhs) or ''}{_string(rhs) or ''}"

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        if lhs is None or rhs is None:
            return False
        return any(Utils.is_deep_equal(lhs, item) for item in (rhs if isinstance(rhs, list) else [rhs]))


def as_value(value: Json, budget: Budget, tree: dict[str, Any] | None = None) -> Json:
    """A copy of a JSON value as the evaluator takes it; see `as_input`."""
    return as_input(value, budget, NULL, tree)


def _refuse_regex(pattern: str, flags: Any) -> None:
    # Some patterns are costly even to compile, and parsing would do that.
    raise JException("D3137", 0, "regular expressions are not allowed; $contains, $split and $replace take texts")


def _divided(dividend: float, divisor: float) -> float | None:
    if divisor == 0:
        return math.nan if dividend == 0 else math.copysign(math.inf, dividend)
    quotient: float | None = Utils.convert_number(dividend / divisor)
    return quotient


def _remainder(dividend: float, divisor: float) -> float | None:
    remainder: float | None = math.nan if divisor == 0 else Utils.convert_number(math.fmod(dividend, divisor))
    return remainder


def _callbacks(budget: Budget) -> dict[str, Callable[..., None]]:
    def entered(expression: Any, source: Json, frame: Any) -> None:
        _guarded(budget.spend, 1)

    def left(expression: Any, source: Json, frame: Any, result: Json) -> None:
        if expression.type in BUILDERS:
            _guarded(budget.weigh, result)
        else:
            _guarded(budget.spend, size_of(result))

    return {"__evaluate_entry": entered, "__evaluate_exit": left}


def _guarded(take: Callable[[Any], None], amount: Any) -> None:
    try:
        take(amount)
    except ExpressionError as error:
        # "and" and "or" turn every other exception into one without a text.
        raise JException("D3137", -1, error.message) from error


class _Measured(jsonata.Jsonata.JFunction):
    """A built-in function that takes no more than it can work through in time; ``own`` stands in for a slow one."""

    def __init__(self, native: Any, own: Callable[..., Json] | None) -> None:
        super().__init__(None, None)
        self.signature, self.function_name = native.signature, native.function_name
        self._native, self._own = native, own

    def validate(self, args: Any, context: Any) -> Any:
        """The arguments as the signature has them; null is a value, which jsonata-python takes for a missing one."""
        if self.function_name in LISTS_OF_ANYTHING:
            args = [[argument] if argument is NULL else argument for argument in args]
        elif any(argument is NULL for argument in args) and self.function_name not in TAKES_NULL:
            raise JException("D3137", -1, f"an argument of ${self.function_name} is null")
        self._check_sizes(args)
        return super().validate(args, context)

    def _check_sizes(self, args: Any) -> None:
        if any(size_of(argument) > (MOST_TEXT if isinstance(argument, str) else MOST_ENTRIES) for argument in args):
            raise JException("D3137", -1, f"${self.function_name} takes at most {MOST_TEXT:,} characters and {MOST_ENTRIES:,} entries")

    def call(self, input: Any, args: Any) -> Any:
        try:
            return self._own(*args[:4]) if self._own else self._native.call(input, args)
        except ExpressionError as error:
            raise JException("D3137", -1, error.message) from error
        except (JException, RecursionError):
            raise
        except Exception as error:  # in the words of a Python program
            raise JException("D3137", -1, f"${self.function_name} cannot be applied to {_shown(args)}") from error


def _shown(args: Any) -> str:
    try:
        return short(json_text(list(args[:1]), NULL, Budget())[1:-1])
    except ExpressionError:
        return "a number that is infinite or none"


def _string(value: Any, pretty: Any = None) -> str | None:
    if isinstance(value, Utils.JList) and value.outer_wrapper:
        value = value[0]
    if value is None or isinstance(value, str):
        return value
    try:
        return json_text(value, NULL, jsonata.Jsonata.CURRENT.jsonata.budget, pretty=bool(pretty))
    except ExpressionError as error:  # "and" and "or" lose the text of any other exception
        raise JException("D3137", -1, error.message) from error


def _number(value: Any = None) -> Any:
    if isinstance(value, bool):
        return int(value)
    return number_in(value) if isinstance(value, str) else value


def _base64decode(text: Any = None) -> Any:
    return None if text is None else text_in_base64(text)


def _join(texts: Any, separator: Any = None) -> Any:
    if texts is None:
        return None
    _check_size(sum(map(len, texts)) + len(texts) * len(separator or ""))
    return (separator or "").join(texts)


def _replace(text: Any, pattern: Any, replacement: Any, limit: Any = None) -> Any:
    if text is None or not all(isinstance(argument, str) for argument in (text, pattern, replacement)):
        return None if text is None else _refuse("replaces text with text")
    if not pattern or (limit is not None and limit < 0):
        return _refuse("takes a text to look for that is not empty, and no negative limit")
    found = text.count(pattern)
    times = found if limit is None else min(found, math.ceil(limit))
    _check_size(len(text) + times * len(replacement))
    return text.replace(pattern, replacement, times)


def _distinct(values: Any) -> Any:
    if not isinstance(values, list):
        return values
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_identity(value), value)
    return Utils.create_sequence_from_iter(found.values())


def _identity(value: Any) -> Any:
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("list", *map(_identity, value))
    if isinstance(value, dict):
        return ("object", frozenset((name, _identity(item)) for name, item in value.items()))
    return value


def _sort(values: Any, comparator: Any = None) -> Any:
    if values is None:
        return None
    are_numbers = all(Utils.is_numeric(value) for value in values)
    if not are_numbers and not Utils.is_array_of_strings(list(values)):
        return _refuse("sorts a list of numbers or a list of texts")
    return sorted(values)


def _lowercase(text: Any = None) -> Any:
    return None if text is None else text.lower()


def _spread(value: Any) -> Any:
    if not isinstance(value, list | dict):
        return value
    items = value if isinstance(value, list) else [value]
    pairs = [[{name: inner} for name, inner in item.items()] if isinstance(item, dict) else [item] for item in items]
    return Utils.create_sequence_from_iter(pair for group in pairs for pair in group)


def _check_size(size: int) -> None:
    if size > MOST_TEXT:
        _refuse(f"would make a text of more than {MOST_TEXT:,} characters")


def _refuse(what: str) -> None:
    raise JException("D3137", -1, f"the function {what}")


def _text(error: Exception) -> str:
    text = (
        str(error)
        .replace("Object signature", "its signature")
        .replace("of Object ", "of $")
        .replace("of the formatBase Object", "of $formatBase")
    )
    text = text.partition("It was given None")[0].strip()
    return f"{text[:299]}…" if len(text) > 300 else text or type(error).__name__


def _in_plain_words(error: Exception) -> str:
    if isinstance(error, ArithmeticError):
        return "a number is out of range"
    return "a value is not of the kind that the operator or function takes"


LISTS_OF_ANYTHING = ("count", "reverse", "sort", "zip")
TAKES_NULL = ("string", "boolean", "not", "exists", "type", "append", "distinct", "keys", "lookup", "spread")
OWN: Mapping[str, Callable[..., Json]] = {
    "join": _join,
    "replace": _replace,
    "distinct": _distinct,
    "spread": _spread,
    "sort": _sort,
    "lowercase": _lowercase,
    "string": _string,
    "number": _number,
    "base64decode": _base64decode,
}
# fmt: off
NATIVE_NAMES = (
    "sum", "count", "max", "min", "average", "string", "substring", "substringBefore", "substringAfter", "lowercase", "uppercase",
    "length", "trim", "pad", "contains", "split", "join", "replace", "formatNumber", "formatBase", "number", "floor", "ceil",
    "round", "abs", "sqrt", "power", "boolean", "not", "zip", "keys", "lookup", "append", "exists", "spread", "merge", "reverse",
    "type", "sort", "distinct", "base64encode", "base64decode", "encodeUrlComponent", "encodeUrl", "decodeUrlComponent", "decodeUrl",
    "toMillis", "fromMillis",
)
# fmt: on
