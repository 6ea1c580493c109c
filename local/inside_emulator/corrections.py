"""Corrections where MiniStack is less strict than AWS, or careless with the developer's data."""

from __future__ import annotations

import importlib
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def refuse_broken_state(state_dir: Path, *, report_to: int) -> None:
    """End the process, with one sentence to the descriptor ``report_to``, if a saved state cannot be read.

    MiniStack would continue with an empty service, and its next save would overwrite the remaining data.
    """
    emulator: Any = importlib.import_module("ministack.app")
    load = emulator.load_state

    def load_or_end(service: str) -> Any:
        state = load(service)
        path = state_dir / f"{service}.json"
        if state is None and path.exists():
            sentence = (
                f"The saved state in {path} is damaged: restore that file from a copy, or delete the folder "
                f"{state_dir.parent} to begin with an empty store."
            )
            os.write(report_to, json.dumps({"problem": sentence}).encode() + b"\n")
            os._exit(3)
        return state

    emulator.load_state = load_or_end


def forget_stream_positions() -> None:
    """Drop saved positions of DynamoDB stream mappings, with which the mappings stall after a restart."""
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    restore = functions.load_persisted_state

    def restore_without_positions(state: dict[str, Any]) -> None:
        restore({**state, "dynamodb_stream_positions": {}})

    functions.load_persisted_state = restore_without_positions


def count_loopback_as_encrypted() -> None:
    """Make ``aws:SecureTransport`` true, as behind AWS's HTTPS endpoints: all traffic here is loopback.

    The ingest bucket's policy refuses unencrypted requests.
    """
    emulator: Any = importlib.import_module("ministack.app")
    pin = emulator.pin_request_origin

    def pin_as_encrypted(source_ip: str, secure_transport: bool) -> None:  # noqa: FBT001 - its signature
        pin(source_ip, True)  # noqa: FBT003 - its signature

    emulator.pin_request_origin = pin_as_encrypted


def authorize_batches_as_what_they_repeat() -> None:
    """Require ``sqs:SendMessage`` for a batch of messages: IAM has no actions for batches."""
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    extract = actions.extract_iam_action

    def extract_the_single_one(*arguments: Any) -> str | None:
        action: str | None = extract(*arguments)
        batch = action is not None and action.startswith("sqs:") and action.endswith("MessageBatch")
        return action.removesuffix("Batch") if action is not None and batch else action

    actions.extract_iam_action = extract_the_single_one


def never_copy_over_an_object() -> None:
    """Respect the condition of a copy in R2's words and in those of S3: MiniStack knows only that of a put."""
    storage: Any = importlib.import_module("ministack.services.s3")
    copy = storage._copy_object

    def copy_where_nothing_is(bucket_name: str, key: str, headers: dict[str, str]) -> Any:
        condition = headers.get("cf-copy-destination-if-none-match") or headers.get("if-none-match", "")
        bucket = storage._ensure_bucket(bucket_name) or {}
        existing = bucket.get("objects", {}).get(key)
        refusal = storage._check_put_preconditions({"if-none-match": condition}, existing)
        return refusal or copy(bucket_name, key, headers)

    storage._copy_object = copy_where_nothing_is


def count_parameters_as_numbers() -> None:
    """Convert a queue's concurrency to a number: CloudFormation passes a parameter as text, which Lambda accepts."""
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    concurrency_of = functions._sqs_esm_concurrency

    def concurrency(mapping: dict[str, Any], *arguments: Any) -> Any:
        scaling = {name: int(value) for name, value in (mapping.get("ScalingConfig") or {}).items()}
        return concurrency_of({**mapping, "ScalingConfig": scaling}, *arguments)

    functions._sqs_esm_concurrency = concurrency


def provide_encryption_contexts() -> None:
    """Give policies the encryption context of a call to KMS, as `kms:EncryptionContext:` and a name."""
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    context_of = actions.request_tag_context

    def context(service: str, action: str, body: bytes, *arguments: Any) -> dict[str, Any]:
        context_keys: dict[str, Any] = context_of(service, action, body, *arguments) or {}
        if service != "kms":
            return context_keys
        encryption_context = json.loads(body or b"{}").get("EncryptionContext") or {}
        names = {f"kms:EncryptionContext:{name}": value for name, value in encryption_context.items()}
        return {**context_keys, **names}

    actions.request_tag_context = context
