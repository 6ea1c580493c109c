"""All ports on the rows of images, as one: what the fake keeps in one place, and what the contracts look at."""

from typing import Protocol

from image_store.adapters.dynamodb.delivery.publication_rows import DynamoPublicationRows
from image_store.adapters.dynamodb.delivery.render_leases import DynamoRenderLeases
from image_store.adapters.dynamodb.finding.lists import DynamoListRows
from image_store.adapters.dynamodb.images.claims import DynamoClaims
from image_store.adapters.dynamodb.images.ingest_notes import DynamoIngestNotes
from image_store.adapters.dynamodb.images.repository import DynamoRepository
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.cleanup_rows import DynamoCleanupRows
from image_store.ports.delivery import PublicationRows, RenderLeases
from image_store.ports.finding import ListRows
from image_store.ports.images import Claims, ImageRepository, IngestNotes
from image_store.ports.upkeep import CleanupRows


class Rows(
    ImageRepository,
    Claims,
    ListRows,
    PublicationRows,
    CleanupRows,
    IngestNotes,
    RenderLeases,
    Protocol,
):
    """The records, and all rows that hang on them."""


class DynamoRows(
    DynamoRepository,
    DynamoClaims,
    DynamoListRows,
    DynamoPublicationRows,
    DynamoCleanupRows,
    DynamoIngestNotes,
    DynamoRenderLeases,
):
    """The real adapters on one table, with the one connection of the first."""

    @property
    def own_table(self) -> DynamoTable:
        return self._rows
