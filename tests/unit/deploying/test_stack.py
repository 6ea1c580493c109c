"""The stack: what an update would do, what is refused, and what a run does with the state that another one left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from image_store_cli.deploying.deployment import require_same_buckets
from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.deploying.stack import PRECIOUS, Formation, changed_parameters, refuse_losses
from image_store_cli.errors import CommandError, UsageError
from tests.unit.deploying.formation_client import FormationClient


def formation_of(client: FormationClient, waits: list[float] | None = None) -> Formation:
    """The stack of a client."""
    return Formation(client, "image-store", (waits if waits is not None else []).append)


def change(name: str, action: str = "Modify", **more: Any) -> dict[str, Any]:
    """One change of a resource as CloudFormation describes it."""
    return {"Action": action, "LogicalResourceId": name, "ResourceType": "AWS::Lambda::Function", **more}


def test_all_pages_of_a_change_set_are_shown_with_losses_in_capitals() -> None:
    client = FormationClient(
        status="UPDATE_COMPLETE",
        changes=[
            change("A", "Add"),
            change("B"),
            change("C", Replacement="True"),
            change("D", Replacement="Conditional"),
            change("E", "Remove", PolicyAction="Delete"),
        ],
    )

    plan = formation_of(client).plan("https://s3/t", {"Issuer": "i"}, is_new=False)

    assert plan is not None
    assert [(each.part, each.action) for each in plan.changes] == [
        ("A", Action.ADD),
        ("B", Action.CHANGE),
        ("C", Action.REPLACE),
        ("D", Action.REPLACE),
        ("E", Action.REMOVE),
    ]
    assert [each.part for each in plan.changes if "REPLACED" in each.text] == ["C", "D"]
    assert "REMOVED" in plan.changes[4].text


def test_an_update_without_changes_leaves_no_change_set() -> None:
    client = FormationClient(status="CREATE_COMPLETE")

    plan = formation_of(client).plan("https://s3/t", {}, is_new=False)

    assert plan is None
    assert client.change_sets == set()


@pytest.mark.parametrize("name", PRECIOUS)
@pytest.mark.parametrize(
    "loss", [{"Replacement": "True"}, {"Replacement": "Conditional"}, {"Action": "Remove"}]
)
def test_an_update_that_would_lose_data_is_refused(name: str, loss: dict[str, str]) -> None:
    client = FormationClient(status="UPDATE_COMPLETE", changes=[{**change(name), **loss}])
    plan = formation_of(client).plan("https://s3/t", {}, is_new=False)

    assert plan is not None
    with pytest.raises(UsageError, match=f"would replace or remove {name}"):
        refuse_losses(plan.changes)


def test_a_first_stack_that_fails_is_deleted_by_cloudformation_and_its_reasons_are_shown() -> None:
    client = FormationClient(changes=[change("A", "Add")], outcome="DELETE_COMPLETE", looks=2)
    client.events = [
        {"LogicalResourceId": "A", "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "no quota"}
    ]
    formation = formation_of(client)
    plan = formation.plan("https://s3/t", {}, is_new=True)

    assert plan is not None
    with pytest.raises(CommandError, match="A: no quota"):
        formation.execute(plan)
    assert formation.describe() is None


def test_an_update_that_fails_says_that_it_was_undone() -> None:
    client = FormationClient(
        status="CREATE_COMPLETE", changes=[change("A")], outcome="UPDATE_ROLLBACK_COMPLETE"
    )
    formation = formation_of(client)
    plan = formation.plan("https://s3/t", {}, is_new=False)

    assert plan is not None
    with pytest.raises(CommandError, match=r"UPDATE_ROLLBACK_COMPLETE\), and CloudFormation undid it"):
        formation.execute(plan)


def test_an_operation_of_an_earlier_run_is_waited_for() -> None:
    client = FormationClient(status="CREATE_IN_PROGRESS", outcome="CREATE_COMPLETE", looks=3)
    waits: list[float] = []

    described = formation_of(client, waits).settle()

    assert described is not None
    assert described["StackStatus"] == "CREATE_COMPLETE"
    assert len(waits) >= 2


def test_a_change_set_that_was_never_executed_counts_as_no_stack() -> None:
    formation = formation_of(FormationClient(status="REVIEW_IN_PROGRESS", changes=[change("A", "Add")]))

    assert formation.settle() is None
    assert formation.plan("https://s3/t", {}, is_new=True) is not None


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"])
def test_a_first_stack_that_failed_is_deleted_before_the_next(status: str) -> None:
    client = FormationClient(status=status, changes=[change("A", "Add")])
    formation = formation_of(client)

    assert formation.failed_first(formation.settle())
    formation.delete()
    assert formation.plan("https://s3/t", {}, is_new=True) is not None
    assert client.count("delete_stack") == 1


@pytest.mark.parametrize(
    ("status", "advice"),
    [("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"), ("DELETE_FAILED", "destroy")],
)
def test_a_state_that_needs_a_person_stops_the_deployment(status: str, advice: str) -> None:
    formation = formation_of(FormationClient(status=status))

    with pytest.raises(UsageError, match=advice):
        formation.failed_first(formation.settle())


def test_parameters_are_compared_with_those_of_the_stack() -> None:
    client = FormationClient(
        status="CREATE_COMPLETE", parameters={"LogRetentionDays": "7", "LogLevel": "INFO"}
    )

    changes = changed_parameters(
        formation_of(client).describe(), {"LogRetentionDays": "30", "LogLevel": "INFO", "Presets": "a=1x"}
    )

    assert [(each.part, each.text) for each in changes] == [
        ("parameter LogRetentionDays", "7 → 30"),
        ("parameter Presets", "empty → a=1x"),
    ]


LOST_TABLE = PlannedChange("Table", Action.REPLACE, "AWS::DynamoDB::Table is REPLACED by a new one")


def test_only_a_table_that_is_gone_may_be_replaced() -> None:
    with pytest.raises(UsageError, match="all metadata is in it"):
        refuse_losses([LOST_TABLE])
    with pytest.raises(UsageError, match="SecretsKey"):
        refuse_losses([LOST_TABLE, replace(LOST_TABLE, part="SecretsKey")], gone={"Table"})

    refuse_losses([LOST_TABLE], gone={"Table"})


def test_another_bucket_than_the_deployed_one_is_refused() -> None:
    client = FormationClient(
        status="CREATE_COMPLETE", parameters={"PrivateBucket": "old", "PublicBucket": ""}
    )
    deployed = formation_of(client).describe()

    require_same_buckets(deployed, {"PrivateBucket": "old", "PublicBucket": "first"})
    with pytest.raises(UsageError, match="keeps its originals in old"):
        require_same_buckets(deployed, {"PrivateBucket": "new", "PublicBucket": ""})


@pytest.mark.parametrize("name", ["ByteStore", "R2AccountId", "R2Endpoint"])
def test_a_bucket_of_the_same_name_in_another_place_is_refused(name: str) -> None:
    same = {"PrivateBucket": "b", "PublicBucket": "", "ByteStore": "r2", "R2AccountId": "a", "R2Endpoint": ""}
    deployed = formation_of(FormationClient(status="CREATE_COMPLETE", parameters=same)).describe()

    require_same_buckets(deployed, same)
    with pytest.raises(UsageError, match=f"originals where {name} is"):
        require_same_buckets(deployed, same | {name: "another"})


def test_all_pages_of_resources_are_read_and_what_is_deleted_is_left_out() -> None:
    client = FormationClient(
        status="DELETE_COMPLETE", resources=["CREATE_COMPLETE", "DELETE_COMPLETE", "DELETE_SKIPPED"]
    )

    assert formation_of(client).resources("arn") == {"R0": "r-0", "R2": "r-2"}
