"""CloudFormation of one stack as its documentation describes it, with the refusals that the emulator does not make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/image-store/1"


@dataclass
class FormationClient:
    """A client; `outcome` is what the next execution leads to, after `steps` looks in between."""

    status: str = ""
    """The stack's status; empty if there is none."""
    parameters: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    """What a change set will show."""
    outcome: str = ""
    looks: int = 0
    resources: list[str] = field(default_factory=list)
    """The states of its resources."""
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    change_sets: set[str] = field(default_factory=set)
    is_deleted: bool = False
    is_executing: bool = False
    page_size: int = 2

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.requests.append((name, request))
            return getattr(self, f"_{name}")(**request)

        return call

    def count(self, operation: str) -> int:
        """How often an operation was called."""
        return sum(name == operation for name, _ in self.requests)

    def _describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        if not self.status or (self.is_deleted and StackName != STACK_ID):
            raise _error("ValidationError", f"Stack with id {StackName} does not exist", "DescribeStacks")
        if self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS":
            if self.looks == 0:
                self.status = self.outcome
                self.is_deleted = self.outcome == "DELETE_COMPLETE"
            else:
                self.looks -= 1
        stack = {
            "StackId": STACK_ID,
            "StackStatus": self.status,
            "Outputs": [{"OutputKey": "ApiUrl", "OutputValue": "u"}],
        }
        parameters = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()
        ]
        return {"Stacks": [stack | {"Parameters": parameters}]}

    def _create_change_set(self, ChangeSetType: str, ChangeSetName: str, **request: Any) -> Any:  # noqa: N803
        is_there = bool(self.status) and self.status != "REVIEW_IN_PROGRESS" and not self.is_deleted
        if ChangeSetType == "CREATE" and is_there:
            raise _error("AlreadyExistsException", "Stack [image-store] already exists", "CreateChangeSet")
        if ChangeSetType == "UPDATE" and not self.status.endswith(
            ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
        ):
            message = f"Stack is in {self.status} state and can not be updated."
            raise _error("ValidationError", message, "CreateChangeSet")
        if request.get("OnStackFailure") == "DELETE" and ChangeSetType != "CREATE":
            raise _error(
                "ValidationError", "OnStackFailure DELETE is only valid for CREATE", "CreateChangeSet"
            )
        if ChangeSetType == "CREATE":
            self.status, self.is_deleted = "REVIEW_IN_PROGRESS", False
        arn = f"arn:aws:cloudformation:::changeSet/{ChangeSetName}/1"
        self.change_sets.add(arn)
        return {"Id": arn, "StackId": STACK_ID}

    def _describe_change_set(self, NextToken: str = "0", **_: Any) -> Any:  # noqa: N803
        if self.is_executing:
            self._begin()
            return {"ExecutionStatus": "EXECUTE_COMPLETE" if self.looks == 0 else "EXECUTE_IN_PROGRESS"}
        if not self.changes:
            reason = "The submitted information didn't contain changes."
            return {"Status": "FAILED", "StatusReason": reason, "Changes": []}
        start = int(NextToken)
        page = [
            {"Type": "Resource", "ResourceChange": each}
            for each in self.changes[start : start + self.page_size]
        ]
        end = start + self.page_size
        following = {"NextToken": str(end)} if end < len(self.changes) else {}
        return {"Status": "CREATE_COMPLETE", "Changes": page, **following}

    def _delete_change_set(self, ChangeSetName: str, **_: Any) -> Any:  # noqa: N803
        self.change_sets.discard(ChangeSetName)

    def _execute_change_set(self, ClientRequestToken: str, **_: Any) -> Any:  # noqa: N803
        assert 1 <= len(ClientRequestToken) <= 128
        self.change_sets.clear()
        self.is_executing = True  # the status of the stack follows a moment later

    def _begin(self) -> None:
        if not self.status.endswith("_IN_PROGRESS") or self.status == "REVIEW_IN_PROGRESS":
            self.status = (
                "CREATE_IN_PROGRESS" if self.status == "REVIEW_IN_PROGRESS" else "UPDATE_IN_PROGRESS"
            )
        else:
            self.looks = max(0, self.looks - 1)

    def _delete_stack(self, **_: Any) -> Any:
        self.status, self.outcome = "DELETE_IN_PROGRESS", "DELETE_COMPLETE"

    def _list_stack_resources(self, NextToken: str = "0", **_: Any) -> Any:  # noqa: N803
        start = int(NextToken)
        page = [
            {"LogicalResourceId": f"R{number}", "PhysicalResourceId": f"r-{number}", "ResourceStatus": status}
            for number, status in enumerate(self.resources)
        ][start : start + self.page_size]
        end = start + self.page_size
        following = {"NextToken": str(end)} if end < len(self.resources) else {}
        return {"StackResourceSummaries": page, **following}

    def _describe_stack_events(self, **_: Any) -> Any:
        return {"StackEvents": self.events}


def _error(code: str, message: str, operation: str) -> ClientError:
    error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(error, operation)
