"""The JSON Schema of events is that of the API document."""

import json

from image_store.domain.events.event import EventType
from tools.event_schema import TARGET, source


def test_the_schema_of_events_is_what_the_code_writes() -> None:
    assert TARGET.read_text("utf-8") == source()


def test_the_schema_has_a_definition_for_each_type() -> None:
    schema = json.loads(TARGET.read_text("utf-8"))

    definitions = [schema["$defs"][each["$ref"].rpartition("/")[2]] for each in schema["oneOf"]]
    assert sorted(each["properties"]["type"]["const"] for each in definitions) == sorted(EventType)
