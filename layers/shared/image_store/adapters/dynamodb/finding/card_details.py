"""Reads what cards carry on request; a module of its own, as plain lists must not load the code of records."""

from collections.abc import Collection, Mapping

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.delivery.renditions import Rendition
from image_store.domain.images.details import Details
from image_store.ports.finding import CardDetails


class DynamoCardDetails(OnTable, CardDetails):
    """CardDetails on the one table; the client is made at the first call."""

    def details(self, image_ids: Collection[str]) -> Mapping[str, Details]:
        rows = self._rows.get_many([keys.detail(image_id) for image_id in image_ids], consistent=False)
        return {
            item["pk"]["S"].removeprefix(keys.IMAGE_PREFIX): details
            for item in rows
            for details in schema.readable([item], records.details_of)
        }

    def renditions(self, image_ids: Collection[str]) -> Mapping[str, tuple[Rendition, ...]]:
        rows = self._rows.get_many([keys.record(image_id) for image_id in image_ids], consistent=False)
        return {
            record.id: tuple(rendition for rendition in record.renditions if rendition.making is None)
            for record in schema.readable(rows, records.record_of)
        }
