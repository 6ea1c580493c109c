"""All ports on the rows of images, as one: what the fake keeps in one place, and what the contracts look at."""

from typing import Protocol

from image_store.adapters.dynamodb.claims import DynamoClaims
from image_store.adapters.dynamodb.cleanup_rows import DynamoCleanupRows
from image_store.adapters.dynamodb.ingest_notes import DynamoIngestNotes
from image_store.adapters.dynamodb.lists import DynamoImageLists
from image_store.adapters.dynamodb.publication_rows import DynamoPublicationRows
from image_store.adapters.dynamodb.render_leases import DynamoRenderLeases
from image_store.adapters.dynamodb.repository import DynamoRepository
from image_store.ports.claims import Claims
from image_store.ports.cleanup import CleanupRows
from image_store.ports.images import ImageRepository
from image_store.ports.imaging import RenderLeases
from image_store.ports.ingest import IngestNotes
from image_store.ports.lists import ImageLists
from image_store.ports.publications import PublicationRows


class Rows(
    ImageRepository,
    Claims,
    ImageLists,
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
    DynamoImageLists,
    DynamoPublicationRows,
    DynamoCleanupRows,
    DynamoIngestNotes,
    DynamoRenderLeases,
):
    """The real adapters on one table, with the one connection of the first."""
