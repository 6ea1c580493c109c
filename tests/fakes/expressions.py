"""DynamoDB's expressions, as far as the store uses them: conditions, filters, updates.

What does not read as one of them is refused, as is a name or value that is given and not used: nothing is guessed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Value = dict[str, Any]
type Item = dict[str, Value]
type Values = Mapping[str, Value]
type Test = Callable[[Item, Values], bool]
type Operand = Callable[[Item, Values], Value | None]
type Change = Callable[[Item, Item, Values], None]
"""Changes the second item by what the first one, as it was before, says."""

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[#:]\w+|<=|>=|<>|[=<>(),+-])")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class NoExpression(Exception):
    """What DynamoDB would answer with a ValidationException."""


def comparable(value: Value) -> tuple[str, Any]:
    """A value as it compares: with others of its type alone, texts by their UTF-8, sets whatever their order."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return kind, content.encode()
        case "N":
            return kind, Decimal(content)
        case "SS":
            return kind, frozenset(content)
    return kind, content


@cache
def condition(text: str, names: tuple[tuple[str, str], ...]) -> Test:
    """A condition or filter; `names` are those of the expression attributes."""
    parser = _Parser(text, dict(names))
    test = parser.any_of()
    parser.end()
    return test


@cache
def update(text: str, names: tuple[tuple[str, str], ...]) -> Change:
    """An update."""
    parser = _Parser(text, dict(names))
    changes = parser.clauses()
    parser.end()

    def change(before: Item, after: Item, values: Values) -> None:
        for each in changes:
            each(before, after, values)

    return change


def check_used(expressions: list[str], names: Mapping[str, str], values: Values) -> None:
    """Refuse names and values that no expression uses, and the other way round."""
    used = _used_in(" ".join(expressions))
    given = names.keys() | values.keys()
    if used != given:
        raise NoExpression(f"used {sorted(used)}, given {sorted(given)}")


@cache
def _used_in(expressions: str) -> frozenset[str]:
    return frozenset(re.findall(r"[#:]\w+", expressions))


class _Parser:
    """Reads one expression, from the left to the right."""

    def __init__(self, text: str, names: dict[str, str]) -> None:
        self._text = text
        self._names = names
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise NoExpression(text)

    def end(self) -> None:
        if self._tokens:
            raise NoExpression(self._text)

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, expected_token: str | None = None) -> str:
        if not self._tokens or expected_token not in {None, self._tokens[0]}:
            raise NoExpression(self._text)
        token: str = self._tokens.pop(0)
        return token

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._next() == "OR":
            self._take()
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda item, values: any(test(item, values) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._test()]
        while self._next() == "AND":
            self._take()
            tests.append(self._test())
        match tests:
            case [test]:
                return test
            case [first, second]:  # most of those that are asked of every row
                return lambda item, values: first(item, values) and second(item, values)
        return lambda item, values: all(test(item, values) for test in tests)

    def _test(self) -> Test:
        match self._next():
            case "(":
                self._take()
                inner = self.any_of()
                self._take(")")
                return inner
            case "attribute_exists" | "attribute_not_exists":
                must_exist = self._take() == "attribute_exists"
                name = self._in_brackets()
                return lambda item, _: (name in item) is must_exist
            case "begins_with" | "contains":
                return self._within(self._take())
        return self._comparison()

    def _within(self, function: str) -> Test:
        self._take("(")
        whole = self._operand()
        self._take(",")
        part = self._operand()
        self._take(")")

        def test(item: Item, values: Values) -> bool:
            whole_value, part_value = whole(item, values), part(item, values)
            assert part_value is not None
            if whole_value is None:
                return False
            if function == "contains":
                return part_value["S"] in whole_value["SS"]
            return str(whole_value["S"]).startswith(part_value["S"])

        return test

    def _comparison(self) -> Test:
        name = self._names.get(self._next(), self._next())
        left = self._operand()
        if self._next() == "BETWEEN":
            self._take()
            low = self._operand()
            self._take("AND")
            high = self._operand()
            return lambda item, values: (
                _compare("<=", low(item, values), left(item, values))
                and _compare("<=", left(item, values), high(item, values))
            )
        sign, value = self._take(), self._next()
        right = self._operand()
        if sign == "=" and value.startswith(":") and not name.startswith(":"):  # what every row is asked
            return lambda item, values: _equal(item.get(name), values[value])
        return lambda item, values: _compare(sign, left(item, values), right(item, values))

    def _operand(self) -> Operand:
        if self._next().startswith(":"):
            value = self._take()
            return lambda _, values: values[value]
        name = self._name()
        return lambda item, _: item.get(name)

    def _name(self) -> str:
        token = self._take()
        if token.startswith("#"):
            return self._names[token]
        if not token.isidentifier():
            raise NoExpression(self._text)
        return token

    def _in_brackets(self) -> str:
        self._take("(")
        name = self._name()
        self._take(")")
        return name

    def clauses(self) -> list[Change]:
        kinds = {"SET": self._set, "ADD": self._add, "REMOVE": self._remove}
        changes: list[Change] = []
        while self._next() in kinds:
            kind = kinds[self._take()]
            changes.append(kind())
            while self._next() == ",":
                self._take()
                changes.append(kind())
        return changes

    def _set(self) -> Change:
        name = self._name()
        self._take("=")
        if self._next() == "if_not_exists":
            self._take()
            self._take("(")
            fallback_name = self._name()
            self._take(",")
            otherwise = self._operand()
            self._take(")")
            value: Operand = lambda before, values: (  # noqa: E731 - one of two
                before[fallback_name] if fallback_name in before else otherwise(before, values)
            )
        else:
            value = self._operand()

        def change(before: Item, after: Item, values: Values) -> None:
            result = value(before, values)
            if result is None:
                raise NoExpression(f"{name} is set to what is not there")
            after[name] = result

        return change

    def _add(self) -> Change:
        name, amount = self._name(), self._operand()

        def change(before: Item, after: Item, values: Values) -> None:
            added = amount(before, values)
            assert added is not None
            after[name] = _sum(before.get(name), added)

        return change

    def _remove(self) -> Change:
        name = self._name()

        def change(_: Item, after: Item, values: Values) -> None:
            after.pop(name, None)

        return change


def _sum(number: Value | None, added: Value) -> Value:
    """A number and another, or a set and another; a number that is not there is 0, a set that is not there empty."""
    ((kind, more),) = added.items()
    if number is not None and kind not in number:
        raise NoExpression(f"{added} is added to {number}")
    match kind:
        case "N":
            return {kind: str(Decimal(number[kind] if number else "0") + Decimal(more))}
        case "SS":
            return {kind: sorted({*(number[kind] if number else ()), *more})}
    raise NoExpression(f"nothing can be added of the kind {kind}")


def _equal(left: Value | None, right: Value) -> bool:
    """What is not there, or of another type, is not equal."""
    if left is None:
        return False
    if "S" in left and "S" in right:
        return bool(left["S"] == right["S"])
    return comparable(left) == comparable(right)


def _compare(sign: str, left: Value | None, right: Value | None) -> bool:
    """What is not there, or of another type, is neither equal nor smaller nor larger."""
    if left is None or right is None:
        return sign == "<>"
    if sign == "=":
        return _equal(left, right)
    (left_kind, one), (right_kind, other) = comparable(left), comparable(right)
    if left_kind != right_kind:
        return sign == "<>"
    return _COMPARED[sign](one, other)
