"""Expressions that want too much, and a program that runs them all in a process of its own: ``python hostile_expressions.py``.

It prints one JSON line per expression: ``{"language", "expression", "refused", "seconds", "out_of_memory"}``.
``seconds`` is the processor time of the check at save or of the evaluation, whichever took longer; of
what takes too long, the best of four times.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

MOST_MEGABYTES, MOST_SECONDS = 64, 0.1
BIG = "$context.data.rows"
DOUBLED = '.{"a": $, "b": $}'

JSONATA = [
    # recursion and functions of one's own
    "($f := function($x){$f($x)}; $f(1))",
    "($f := function($x){$x > 0 ? $f($x + 1) : 0}; $f(1))",
    "function($x){$x}(1)",
    "λ($x){$x}(1)",
    "(function($f){$f($f)})(function($f){$f($f)})",
    "$map([1..1000], function($x){$map([1..1000], function($y){$x * $y})})",
    "$reduce([1..1000], function($a, $b){$a & $a})",
    "$filter([1..10], function($x){true})",
    "$each({'a': 1}, function($v){$v})",
    "$sift({'a': 1}, function($v){true})",
    "$single([1..10], function($x){$x = 1})",
    "$sort([3, 1, 2], function($a, $b){$a > $b})",
    "$map([1, 2], $string)",
    "$x := 5",
    "($a := 'x'; $b := $a & $a; $b)",
    # code from text, and the outside
    "$eval('1 + 1')",
    "$eval($context.data.title)",
    "$clone($context)",
    "$now()",
    "$millis()",
    "$random()",
    "$shuffle([1..10])",
    "$error('boo')",
    "$assert(false)",
    "$match('aaaa', /a/)",
    "$__import__('os')",
    "$context.__class__.__mro__()",
    "$import('os')",
    "$toString()",
    "$formatInteger(1e15, 'I')",
    "$parseInteger('x', 'w')",
    # regular expressions
    "$match($context.data.text, /(a+)+$/)",
    "$contains($context.data.text, /(a|a)*b/)",
    "$replace($context.data.text, /(.*)*x/, '')",
    "$split($context.data.text, /(a*)*/)",
    "/(a+)+$/($context.data.text)",
    "$context.data.text ~> /(a+)+$/",
    # sizes
    "$pad('x', 1e9)",
    "$pad('x', -1e9)",
    "$pad('x', $context.data.huge)",
    "$pad('x', 10, $context.data.text)",
    "$pad($pad('x', 1001), 2)",
    "[1..1e7]",
    "[1..10000000]",
    "[1..$context.data.huge]",
    "[-1e6..1e6]",
    "$count([1..1001])",
    "$sum([0..100000])",
    "1..10",
    "$round(1.5, 999999999)",
    "$formatNumber(1, $context.data.text)",
    f"$formatNumber(1, '{'0' * 200}')",
    "$formatNumber(1, '#', {'zero-digit': 'x'})",
    "$fromMillis(0, '[Y0001,1000000000-2000000000]')",
    "$fromMillis(0, $context.data.text)",
    "$toMillis('x', '[Y]((a+)+)')",
    "$power(10, 1e9)",
    "$power($power(10, 300), 300)",
    "1e308 * 1e308 * 1e308",
    "$formatBase(1e308, 2)",
    "$number('9' & $context.data.digits)",
    "$number('0x' & $context.data.digits)",
    # operators of later versions, and those that are not offered
    "$context.data.a ?: 99",
    "-5 ?: 99",
    "$context.data.a ?? 1",
    "$context ~> $string",
    "$context.data.*",
    "$context.**",
    "**",
    "*",
    "$context.data.rows.%",
    "$context.data.rows^(>id)",
    "$context.data.rows@$r.id",
    "$context.data.rows#$i.id",
    "$context.data.rows{id: $}",
    "$context ~> |data|{'x': 1}|",
    "|$context|{}|",
    "$substring(?, 1)",
    "$$",
    "$",
    # depth and length
    "(" * 1000 + "1" + ")" * 1000,
    "(" * 40 + "1" + ")" * 40,
    "[" * 900 + "]" * 900,
    "-" * 1500 + "1",
    "+".join("1" * 600),
    "&".join(["$context.data.text"] * 80),
    '{"a":' * 200 + "1" + "}" * 200,
    "$not(" * 200 + "true" + ")" * 200,
    "true ? " * 200 + "1" + " : 0" * 200,
    "1 + " * 600 + "1",
    "x" * 2049,
    "'" + "x" * 3000 + "'",
    "$context.data." + "a." * 1100 + "a",
    "$context.data" + "[0]" * 600,
    # syntax that breaks parsers
    "",
    " ",
    "(",
    "'",
    "`",
    "/",
    "/*",
    "/* ",
    '"\\u12"',
    "\\",
    "$",
    "1e999",
    "}",
    "{{",
    "{{$context.data.a",
    "'{{$context.data.a}}'",
    "{{a b c * }}",
    "a.1",
    "\x00",
    "?:",
    "1 = = 1",
    "$sum(",
    # allowed by its form: ended by the budget, or soon done
    f"{BIG}.({BIG}.({BIG}))",
    f"{BIG}.({BIG}.id)",
    f"$count({BIG}.({BIG}.({BIG}.id)))",
    f"{BIG}[$count({BIG}[id > 0]) > 0]",
    f"{BIG}[id in {BIG}.id]",
    f"{BIG}.($sum({BIG}.id))",
    f"{BIG}.({BIG}.({BIG}.nosuch))",
    f"[{BIG}, {BIG}, {BIG}, {BIG}, {BIG}, {BIG}]",
    "[" + ", ".join([BIG] * 90) + "]",
    "[1..1000].([1..1000].([1..1000]))",
    "[1..1000].([1..1000].(1 = 2))",
    "[[1..1000], [1..1000].[1..1000]]",
    "$context" + DOUBLED * 25,
    "$string($context" + DOUBLED * 25 + ")",
    "($context" + DOUBLED * 20 + ") = ($context" + DOUBLED * 20 + ")",
    "$context.data.small" + DOUBLED * 60,
    "$count($context.data.small" + DOUBLED * 28 + ")",
    "[[[[[[[[[[[[[[[[[[1, 1], [1, 1]]]]]]]]]]]]]]]]]]",
    f"$distinct({BIG})",
    f"$distinct($append({BIG}, {BIG}))",
    f"$spread({BIG})",
    f"$merge($spread({BIG}))",
    f"$zip({BIG}, {BIG}, {BIG}, {BIG}, {BIG}, {BIG}, {BIG}, {BIG})",
    f"$sort({BIG}.id)",
    f"$join({BIG}.text, $context.data.text)",
    "$replace($context.data.text, 'a', $context.data.text)",
    "$replace($replace($context.data.text, 'a', 'aaaaaaaa'), 'a', 'aaaaaaaa')",
    "$split($context.data.text, '')",
    "$join($split($context.data.text, ''), $context.data.text)",
    "$context.data.text & $context.data.text & $context.data.text & $context.data.text & $context.data.text & $context.data.text",
    "$encodeUrlComponent($context.data.text & $context.data.text)",
    "$base64encode($context.data.text)",
    "$uppercase($context.data.text)",
    "$trim($context.data.blanks)",
    "$contains($context.data.text, $context.data.text)",
    f"$string({BIG})",
    f"{BIG} = {BIG}",
    f"{BIG}.($string({BIG}))",
    "$context.data.deep = $context.data.deep",
    "$string($context.data.deep)",
    "$context.data.deep.deep.deep",
    "$lookup($context.data.nested, 'x')",
    "true and " * 15 + f"$count({BIG}.({BIG}.id)) > 0",
]
JMESPATH = [
    "|".join(["[@, @]"] * 30),
    "[]".join(["[@, @]"] * 12),
    "rows[].[@, @, @, @][].[@, @, @, @][].[@, @, @, @][]",
    "{a: @, b: @} | {a: @, b: @} | {a: @, b: @} | {a: @, b: @} | {a: @, b: @} | {a: @, b: @} | {a: @, b: @} | {a: @, b: @}",
    "join(text, rows[].text)",
    "map(&map(&to_string(@), values(@)), rows)",
    "sort_by(rows, &text)",
    "rows[?contains(text, `a`)]",
    "to_string([@, @, @, @, @, @])",
    "[" * 500,
    "!" * 1900 + "a",
    "(" * 900 + "a" + ")" * 900,
    "a.b" * 900,
    "nosuch(@)",
    "join(',')",
    "`{",
    "&a",
    "max_by(rows, &nosuch)",
]
JSONPATH = [
    "$..*..*..*..*",
    "$..*..*",
    "$..[*,*,*,*][*,*,*,*]",
    "$" + "[*,*]" * 300,
    "$.rows[*,*,*,*,*,*,*,*,*,*][*,*,*,*,*,*,*,*,*,*]",
    "$.rows" + "[0,0]" * 40,
    "$.rows[?match(@.text, '(a+)+$')]",
    "$.rows[?search(@.text, '(a|a)*b')]",
    "$.rows[?@.text =~ /(a+)+$/]",
    "$.rows[?@..x]",
    "$.rows[?$..x]",
    "$.rows[?count($.rows[*]) > 1]",
    "$.rows[?@.a[?@.b[?@.c]]]",
    "$.rows[?" + "(" * 200 + "@.a" + ")" * 200 + "]",
    "$.rows[?" + "!" * 500 + "@.a]",
    "$.rows[?" + " && ".join(["@.id > 0"] * 100) + "]",
    "$.rows[?@ == $.rows]",
    "$..deep",
    "$[" * 300,
    "$['",
    "$.rows[99999999999999999999]",
    "$.rows[::0]",
]


def document() -> dict[str, Any]:
    deep: Any = 1
    nested: Any = {"x": 1}
    for _ in range(700):
        deep = {"deep": deep}
    for _ in range(16):
        nested = [nested, nested]
    rows = [{"id": number, "text": "a" * 20, "x": [1, 2, 3]} for number in range(3_000)]
    texts = {"text": "a" * 60_000, "digits": "9" * 50_000, "blanks": " \n" * 40_000, "title": "1 + 1"}
    return {"rows": rows, "small": {"k": 1}, "deep": deep, "nested": nested, "huge": 10**9, **texts}


def is_out_of_memory(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, MemoryError) or is_out_of_memory(error.__cause__ or error.__context__))


def best(tried: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Once, or the best of four where that took too long: what else the processor does makes it slower."""
    found = tried()
    if found["seconds"] > MOST_SECONDS and not found["out_of_memory"]:
        found = min((found, tried(), tried(), tried()), key=itemgetter("seconds"))
    return found


def main() -> None:
    from chalicelib.domain.document_query import Query, compile_query, problems_of_query
    from chalicelib.domain.expression import Expression, problems_of_expression
    from chalicelib.domain.expression_bounds import ExpressionError

    def problems(language: str, text: str) -> list[Any]:
        return problems_of_query(language, text, "", (), ()) if language != "jsonata" else problems_of_expression(text, "", (), ())

    def compiled(language: str, text: str) -> Query | None:
        return compile_query(language, text) if language != "jsonata" else Expression(text)

    def tried(language: str, text: str, scope: Any) -> dict[str, Any]:
        out_of_memory, refused, times = False, True, [time.process_time()]
        try:
            refused = bool(problems(language, text))
            times.append(time.process_time())
            query = None if refused else compiled(language, text)
            if query:
                times.append(time.process_time())
                query.evaluate(scope, data)
        except ExpressionError as error:
            out_of_memory = is_out_of_memory(error)
        except MemoryError:
            out_of_memory = True
        times.append(time.process_time())
        seconds = max(end - began for began, end in pairwise(times))
        return {"language": language, "expression": text[:120], "refused": refused, "seconds": seconds, "out_of_memory": out_of_memory}

    data = document()
    scope = {"$context": {"data": data}, "$jobsMapByNodeKey": {}, "$system": {}, "$scopes": {}, "$env": {}}
    for engine in ("jsonata", "jmespath", "jsonpath"):
        warm = compile_query(engine, "$" if engine != "jmespath" else "@")
        assert warm is not None
        warm.evaluate(scope, {})
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEGABYTES * 2**20, resource.RLIM_INFINITY))
    for language, expressions in (("jsonata", JSONATA), ("jmespath", JMESPATH), ("jsonpath", JSONPATH)):
        for text in expressions:
            print(json.dumps(best(partial(tried, language, text, scope))))


if __name__ == "__main__":
    sys.exit(main())
