"""What a function writes into its log."""

import json
import logging

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from image_store.domain.errors import StorageUnavailable
from image_store.entrypoints.operations.observability import logger
from tests.log_lines import logged


def test_services_log_json_once() -> None:
    ours = logging.getLogger("image_store")
    assert logger.registered_handler in ours.handlers

    with logged() as out:
        logging.getLogger("image_store.services.delivery.publishing").warning("something %s", "waits")

    [line] = out.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["message"]) == ("WARNING", "something waits")
    assert not ours.propagate


def look_up() -> None:
    prompts: dict[str, str] = {}
    prompts["A lighthouse"]


def write() -> None:
    try:
        look_up()
    except KeyError as error:
        raise ParamValidationError(report="Item.prompt, value: A lighthouse") from error


def ask(refused: ClientError) -> None:
    raise StorageUnavailable("The table is away.") from refused


@pytest.mark.parametrize("name", ["image_store", "image_store.queues"])
def test_an_unexpected_error_is_logged_with_its_stack_and_without_its_text(name: str) -> None:
    """A17: a library's message may quote the value that it did not expect."""
    with logged() as out:
        try:
            write()
        except ParamValidationError:
            (logger if name == "image_store" else logging.getLogger(name)).error("wrong", exc_info=True)

    entry = json.loads(out.getvalue())
    assert "lighthouse" not in out.getvalue().lower()
    assert entry["exception_name"] == "ParamValidationError"
    assert "builtins.KeyError\nwhich led to" in entry["exception"]
    assert "in look_up" in entry["exception"]


def test_texts_of_own_errors_and_codes_of_services_are_logged() -> None:
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "arn:aws:kms"}}, "Decrypt")
    with logged() as out:
        try:
            ask(refused)
        except StorageUnavailable:
            logger.exception("request failed")

    entry = json.loads(out.getvalue())["exception"]
    assert "StorageUnavailable: The table is away." in entry
    assert "ClientError: AccessDeniedException" in entry
    assert "arn:aws:kms" not in entry
