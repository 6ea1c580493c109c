"""Deploys a store: it looks at everything, shows one summary, asks once, and then acts in order.

Nothing is remembered between runs. Every step compares the file with the live state, so a run that failed or was killed
is resumed by running it again. The order makes each step possible: buckets, their rules and the domain; then the keys,
whose secrets the functions read; then the stack; then the CORS rule that names the stack's own address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.packages import package, require_room
from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.deploying.stack import changed_parameters, refuse_losses
from image_store_cli.deploying.template import parameters_of
from image_store_cli.errors import CommandError, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from image_store_cli.aws import Account
    from image_store_cli.deploying.checkout import Checkout
    from image_store_cli.deploying.plan import DeploymentStep, Parts
    from image_store_cli.deploying.stack import ChangeSet, Formation
    from image_store_cli.deploying.store_file import StoreFile

TABLE = "Table"
"""The table in the template."""
MOVED = {"PrivateBucket": "originals", "PublicBucket": "published copies"}
"""Parameters that name a bucket: the store would not find the objects of the one before."""
PLACES = ("ByteStore", "R2AccountId", "R2Endpoint")
"""Parameters that say where the private bucket is: one of the same name in another place is another bucket."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is going to do."""

    changes: tuple[PlannedChange, ...]
    values: Mapping[str, str]
    """All parameters of the stack."""
    folder: Path
    """The folder of the built template."""
    change_set: ChangeSet | None = None
    is_new: bool = False
    is_failed: bool = False
    """Whether a first deployment failed and has to be deleted before the next."""
    gone: frozenset[str] = frozenset()
    """What somebody deleted, though the stack still names it."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment, as its file describes it, in its accounts."""

    store: StoreFile
    account: Account
    formation: Formation
    checkout: Checkout
    parts: Parts
    aws_account: str
    note: Callable[[str], None]

    def look(self) -> Plan:
        """Compare the file with everything that exists, and describe what would change. Nothing that runs is changed.

        An update uploads its code and makes a change set, because only CloudFormation knows what it would replace.
        """
        described = self.formation.settle()
        is_failed = self.formation.failed_first(described)
        deployed = None if is_failed else described
        folder = self.checkout.build(self.store.architecture)
        template = self.checkout.template(folder)
        values = template.values_for(parameters_of(self.store, self.parts.parameters()))
        require_same_buckets(deployed, values)
        require_room(self.account, values)
        self.parts.api_origin = values.get("ApiUrl") or outputs_of(deployed).get("ApiUrl", "")
        changes = [change for step in self.parts.steps() for change in step.look()]
        if deployed is not None:
            gone = self._gone(deployed)
            change_set = self.formation.plan(self._package(folder), values, is_new=False)
            if change_set is not None:
                changes += [*changed_parameters(deployed, values), *change_set.changes]
            return Plan(tuple(changes), values, folder, change_set, gone=gone)
        if described is not None:
            status = described["StackStatus"]
            text = f"the empty stack of the first deployment, which failed ({status}), is REMOVED"
            changes.append(PlannedChange("failed stack", Action.REMOVE, text))
        number = len(template.body.get("Resources", {}))
        text = f"the stack {self.store.stack} with the {number} resources of template.yaml"
        changes.append(PlannedChange("stack", Action.ADD, text))
        return Plan(tuple(changes), values, folder, is_new=True, is_failed=is_failed)

    def refuse_losses(self, plan: Plan) -> None:
        """Raise UsageError, and drop the plan, if it would lose data."""
        try:
            refuse_losses(plan.changes, gone=plan.gone)
        except UsageError:
            self.drop(plan)
            raise

    def drop(self, plan: Plan) -> None:
        """Forget a plan that is not carried out."""
        if plan.change_set is not None:
            self.formation.drop(plan.change_set.arn)

    def act(self, plan: Plan, report: Callable[[str, str], None]) -> dict[str, str]:
        """Carry a plan out and return the outputs of the stack; `report` gets each step and its result."""
        for step in self.parts.steps():
            self._make(step, report)
        if plan.is_failed:
            self.formation.delete()
            report("failed stack", "deleted")
        described, result = self._deploy(plan)
        report("stack", result)
        outputs = outputs_of(described)
        self.parts.api_origin = outputs.get("ApiUrl", "")
        self._make(self.parts.private_cors(), report, only_changes=True)
        return outputs

    def _gone(self, deployed: Mapping[str, Any]) -> frozenset[str]:
        """Look for the table, which CloudFormation does not miss. Only a table that is gone may be replaced."""
        name = self.formation.resources(deployed["StackId"]).get(TABLE)
        if name is None:
            return frozenset()
        try:
            self.account.call("dynamodb", "describe_table", TableName=name)
        except NotFound:
            self.note(
                f"The table {name} was deleted. docs/recovery.md, `The table is lost`, says how to make a new one: set "
                "TableName under [parameters] of the file to a name that no table has."
            )
            return frozenset({TABLE})
        return frozenset()

    def _deploy(self, plan: Plan) -> tuple[dict[str, Any] | None, str]:
        change_set, result = plan.change_set, "updated"
        if plan.is_new:
            change_set = self.formation.plan(self._package(plan.folder), plan.values, is_new=True)
            result = "created"
        if change_set is None:
            return self.formation.describe(), "already so"
        self.note(f"CloudFormation deploys {len(change_set.changes)} resources, which takes some minutes.")
        return self.formation.execute(change_set), result

    def _make(
        self, step: DeploymentStep, report: Callable[[str, str], None], *, only_changes: bool = False
    ) -> None:
        """Bring one part up to date; an error names the part."""
        try:
            changes = step.look()
            if changes:
                step.act()
        except CommandError as failed:
            failed.message = f"{step.name}: {failed.message}"
            raise
        if changes:
            report(step.name, "; ".join(change.text for change in changes))
        elif not only_changes:
            report(step.name, "already so")

    def _package(self, folder: Path) -> str:
        return package(self.checkout, folder, self.account, self.store, aws_account=self.aws_account)


def outputs_of(described: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the outputs of a stack; none if there is no stack."""
    outputs = (described or {}).get("Outputs", ())
    return {each["OutputKey"]: each["OutputValue"] for each in outputs}


def require_same_buckets(deployed: Mapping[str, Any] | None, values: Mapping[str, str]) -> None:
    """Raise UsageError if an update names other buckets than the deployed stack uses, or buckets in another place."""
    before = {
        each["ParameterKey"]: each.get("ParameterValue", "")
        for each in (deployed or {}).get("Parameters", ())
    }
    for name, objects in MOVED.items():
        if before.get(name) and before[name] != values.get(name):
            raise UsageError(
                f"The deployed stack keeps its {objects} in {before[name]}, and the file names "
                f"{values.get(name) or 'no bucket'}: the store would not find them. Name {before[name]}, or copy the "
                "objects and update the stack by hand, as docs/operations.md describes."
            )
    for name in PLACES:
        if name in before and before[name] != values.get(name, ""):
            raise UsageError(
                f"The deployed stack keeps its originals where {name} is {before[name] or 'empty'}, and by the file it "
                f"is {values.get(name) or 'empty'}: the store would not find them, and cleanup would remove their "
                "records. "
                "Change the file, or copy the objects and update the stack by hand, as docs/operations.md describes."
            )
