"""Converts attributes that filters compare to items, and the conditions of filters to expressions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from image_store.adapters.dynamodb.items import Item
from image_store.domain.finding.filters import AttributeValue, Comparison, Condition

_EXPRESSIONS = {
    Comparison.EQUALS: "#{0} = :{1}",
    Comparison.AT_LEAST: "#{0} >= :{1}",
    Comparison.BEGINS_WITH: "begins_with(#{0}, :{1})",
    Comparison.CONTAINS: "contains(#{0}, :{1})",
}
"""The expression of each comparison, for the names of attribute and filter."""


@dataclass(frozen=True, slots=True)
class FilterExpression:
    """A filter expression in parts: terms that all have to hold, and the names and values in them."""

    terms: list[str]
    names: dict[str, str]
    values: Item


def filter_expression(conditions: Iterable[Condition]) -> FilterExpression:
    """The expression of some conditions."""
    conditions = list(conditions)
    return FilterExpression(
        [_EXPRESSIONS[each.comparison].format(each.attribute, each.filter) for each in conditions],
        {f"#{each.attribute}": each.attribute for each in conditions},
        {f":{each.filter}": _to_item(each.value) for each in conditions},
    )


def attribute_items(attributes: Mapping[str, AttributeValue]) -> Item:
    """Attributes as items hold them."""
    return {name: _to_item(value) for name, value in attributes.items()}


def attributes_of(item: Item, conditions: Iterable[Condition]) -> dict[str, AttributeValue]:
    """The attributes of an item that conditions compare; those that it lacks are left out."""
    names = {each.attribute for each in conditions}
    return {name: _from_item(item[name]) for name in names if name in item}


def _to_item(value: AttributeValue) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": str(value)}
        case _:
            return {"SS": sorted(value)}


def _from_item(value: dict[str, Any]) -> AttributeValue:
    match value:
        case {"BOOL": bool(flag)}:
            return flag
        case {"N": number}:
            return int(number)
        case {"SS": texts}:
            return tuple(texts)
        case _:
            return str(value["S"])
