"""The benchmark counts read units of a list on rows with the template's projection."""

from typing import Any

from tests.benchmarks.sample import PROJECTED


def test_rows_of_the_benchmark_have_the_attributes_that_the_index_projects(template: dict[str, Any]) -> None:
    table = next(
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    )
    index = next(index for index in table["GlobalSecondaryIndexes"] if index["IndexName"] == "by_owner")

    keys = {key["AttributeName"] for key in (*table["KeySchema"], *index["KeySchema"])}
    projected = keys | set(index["Projection"]["NonKeyAttributes"])

    assert set(PROJECTED) == projected
