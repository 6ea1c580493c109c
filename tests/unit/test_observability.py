"""What a function writes into its log."""

import io
import json
import logging

from image_store.entrypoints.observability import logger


def test_what_services_say_is_json_as_well_and_said_once() -> None:
    ours = logging.getLogger("image_store")
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    assert handler in ours.handlers
    out = io.StringIO()
    before = handler.setStream(out)

    logging.getLogger("image_store.services.publishing").warning("something %s", "waits")

    handler.setStream(before or io.StringIO())
    [line] = out.getvalue().splitlines()
    said = json.loads(line)
    assert (said["level"], said["message"]) == ("WARNING", "something waits")
    assert not ours.propagate
