"""Opens the source of a migration by its kind."""

from collections.abc import Callable
from dataclasses import dataclass

from image_store.domain.errors import SourceUnreadable
from image_store.domain.upkeep.migration import FieldNames, Folder, JsonLines, Migration, OneRecord, Table
from image_store.ports.objects import ObjectStore
from image_store.ports.upkeep import MigrationSource
from image_store.services.upkeep.migration.folder import FolderSource
from image_store.services.upkeep.migration.json_lines import JsonLinesSource


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationSources:
    """Opens sources; nothing is read until the first call of a method of a source."""

    bucket: ObjectStore
    table: Callable[[Table, FieldNames], MigrationSource]

    def of(self, migration: Migration) -> MigrationSource:
        """The source of a migration; SourceUnreadable for a record that was in its request and is not stored."""
        fields = migration.options.fields
        match migration.source:
            case JsonLines(key):
                return JsonLinesSource(bucket=self.bucket, key=key, fields=fields)
            case Folder(prefix):
                return FolderSource(bucket=self.bucket, prefix=prefix)
            case Table() as table:
                return self.table(table, fields)
            case OneRecord():
                raise SourceUnreadable("This record came with its request, and was not kept.")
