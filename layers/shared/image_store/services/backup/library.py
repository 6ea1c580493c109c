"""The files of a backup in their bucket.

One bucket can hold the backups of several stacks, each below the name of the stack:

- `objects/{key}` is a copy of the original with this key in the private bucket, with the same headers and metadata;
- `base/{pass}/…` and `changes/{run}/…` are files of lines;
- `manifests/{manifest}.json` are the manifests;
- `gone/{run}.json` are lists of copies whose images are gone, for the retention.

Every object is written once, under a name that no other run uses.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from image_store.domain.backup.lines import (
    MAX_FILE_BYTES,
    MAX_LINE_BYTES,
    BackupLine,
    PackedLines,
    canonical_json,
    unpack,
)
from image_store.domain.backup.manifest import BackupFile, Manifest, manifest_of
from image_store.domain.errors import BackupDamaged, BackupNotFound
from image_store.domain.ids import is_image_id
from image_store.ports.objects import ObjectMissing, ObjectStore

MAX_MANIFEST_BYTES = 64 * 1024 * 1024
"""Enough for the files of 300 million images."""

NO_SUCH_MANIFEST = "There is no such manifest. `image-store backup list` shows the manifest of each run."
_CACHE_CONTROL = "private, no-store"
_GZIP = "application/gzip"
_JSON = "application/json"
_AFTER_FOLDER = "0"
"""Behind an id: sorts after all keys in the folder of this name, because it follows `/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupLibrary:
    """Writes and reads the files of one stack's backup. All methods raise StorageUnavailable if the store fails."""

    store: ObjectStore
    stack: str

    def object_key(self, key: str) -> str:
        """The key of the copy of an original; `key` is that in the private bucket."""
        return f"{self.stack}/objects/{key}"

    def original_key(self, key: str) -> str:
        """The key in the private bucket of the original whose copy has this key."""
        return key.removeprefix(self.object_key(""))

    def run_of(self, file: BackupFile) -> str:
        """The id of the run that wrote a file of changes."""
        return file.key.split("/")[-2]

    @property
    def lines_prefixes(self) -> tuple[str, str]:
        """The prefixes of all files of lines; each is followed by the id of a run or a pass."""
        return f"{self.stack}/base/", f"{self.stack}/changes/"

    @property
    def manifests_prefix(self) -> str:
        """The prefix of all manifests."""
        return f"{self.stack}/manifests/"

    def manifest_key(self, manifest_id: str) -> str:
        """The key of a manifest."""
        return f"{self.manifests_prefix}{manifest_id}.json"

    # Read ---------------------------------------------------------------------------------------------

    def manifest_ids(self) -> list[str]:
        """The ids of all manifests, the oldest first."""
        return self._ids_below(self.manifests_prefix)

    def manifest(self, manifest_id: str) -> Manifest:
        """Read a manifest; BackupNotFound, BackupDamaged or BackupTooNew."""
        if not is_image_id(manifest_id):
            raise BackupNotFound(NO_SUCH_MANIFEST)
        try:
            data = self.store.get(self.manifest_key(manifest_id), max_bytes=MAX_MANIFEST_BYTES)
        except ObjectMissing as error:
            raise BackupNotFound(NO_SUCH_MANIFEST) from error
        return manifest_of(data, manifest_id=manifest_id)

    def latest(self) -> Manifest:
        """The newest manifest that is whole; BackupNotFound if there is none, BackupTooNew if that is too new."""
        for manifest_id in reversed(self.manifest_ids()):
            try:
                return self.manifest(manifest_id)
            except BackupDamaged:
                continue
        raise BackupNotFound("There is no complete backup yet.")

    def lines(self, file: BackupFile, *, backwards: bool = False) -> Iterator[BackupLine]:
        """The lines of a file, after its checksum was compared; the last one first if `backwards`.

        Holds the text of the file and one line. Raises BackupDamaged at once if the file is missing or another one, and
        on the way at a text that is no line.
        """
        if file.size_bytes > MAX_FILE_BYTES + MAX_LINE_BYTES:
            raise BackupDamaged("The manifest names a file that is larger than any that a backup writes.")
        packed = PackedLines(self._bytes(file), file.lines)
        if len(packed.data) != file.size_bytes or packed.sha256 != file.sha256:
            raise BackupDamaged("A file of the backup is not what its manifest names.")
        return unpack(packed.data, lines=file.lines, backwards=backwards)

    def newest_lines(self, manifest: Manifest) -> Iterator[BackupLine]:
        """The line of each image and row as of a manifest, without deleted ones.

        Remembers the names in the files of changes, which are at most as many as the lines of the base or 10,000, and
        reads one file at a time.
        """
        seen: set[str] = set()
        for file in reversed(manifest.change_files):
            for line in self.lines(file, backwards=True):
                if line.entity not in seen:
                    seen.add(line.entity)
                    if not line.is_deletion:
                        yield line
        for file in manifest.base_files:
            yield from (line for line in self.lines(file) if line.entity not in seen)

    def later_lines(self, manifest: Manifest) -> Iterator[BackupLine]:
        """The lines of changes after a manifest, the oldest first; reads one file at a time.

        The files are listed, because the manifests that named them may be gone: the retention keeps one of each day,
        and all files of changes since the oldest base. Raises BackupDamaged.
        """
        _, prefix = self.lines_prefixes
        for entry in self.store.list(prefix, after=f"{prefix}{manifest.id}{_AFTER_FOLDER}"):
            if entry.size_bytes > MAX_FILE_BYTES + MAX_LINE_BYTES:
                raise BackupDamaged("A file of changes is larger than any that a backup writes.")
            file = BackupFile(key=entry.key, size_bytes=entry.size_bytes, sha256="", lines=0)
            yield from unpack(self._bytes(file))

    def index(self, file: BackupFile) -> tuple[BackupFile, ...]:
        """The files that an index of a full pass names; BackupDamaged."""
        data = self._bytes(file)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise BackupDamaged("A file of the full pass is not what was written.")
        return tuple(BackupFile(**each) for each in json.loads(data))

    def gone_ids(self) -> list[str]:
        """The ids of all lists of copies whose images are gone, the oldest first."""
        return self._ids_below(f"{self.stack}/gone/")

    def gone(self, gone_id: str) -> list[str]:
        """The keys in such a list; empty if it does not exist."""
        try:
            data = self.store.get(f"{self.stack}/gone/{gone_id}.json", max_bytes=MAX_MANIFEST_BYTES)
            keys: list[str] = json.loads(data)
        except (ObjectMissing, ValueError):
            return []
        return keys

    def _ids_below(self, prefix: str) -> list[str]:
        names = (entry.key.removeprefix(prefix).removesuffix(".json") for entry in self.store.list(prefix))
        return [name for name in names if is_image_id(name)]

    def _bytes(self, file: BackupFile) -> bytes:
        try:
            return self.store.get(file.key, max_bytes=file.size_bytes)
        except ObjectMissing as error:
            raise BackupDamaged("A file that the manifest names is missing.") from error

    # Write --------------------------------------------------------------------------------------------

    def put_changes(self, run_id: str, number: int, packed: PackedLines) -> BackupFile:
        """Write a file of changes; `number` counts the files of a run. Safe to repeat with the same lines."""
        return self._put_lines(f"{self.stack}/changes/{run_id}/{number:05}.jsonl.gz", packed)

    def put_base(self, base: str, run_id: str, number: int, packed: PackedLines) -> BackupFile:
        """Write a file of a full pass, which several runs can continue. Safe to repeat with the same lines."""
        return self._put_lines(f"{self.stack}/base/{base}/{run_id}-{number:05}.jsonl.gz", packed)

    def put_index(self, base: str, index_id: str, files: Sequence[BackupFile]) -> BackupFile:
        """Write the list of files of a full pass that is under way."""
        key = f"{self.stack}/base/{base}/{index_id}.json"
        data = canonical_json([asdict(file) for file in files]).encode()
        self._put(key, data, _JSON)
        return BackupFile(
            key=key, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), lines=len(files)
        )

    def put_manifest(self, manifest: Manifest) -> None:
        """Write a manifest, after all its files. Safe to repeat."""
        self._put(self.manifest_key(manifest.id), manifest.to_json(), _JSON)

    def put_gone(self, gone_id: str, keys: Sequence[str]) -> None:
        """Write a list of originals whose images are gone."""
        self._put(f"{self.stack}/gone/{gone_id}.json", canonical_json(list(keys)).encode(), _JSON)

    def remove_gone(self, gone_id: str) -> None:
        """Remove such a list. Safe to repeat."""
        self.store.delete([f"{self.stack}/gone/{gone_id}.json"])

    def _put_lines(self, key: str, packed: PackedLines) -> BackupFile:
        self._put(key, packed.data, _GZIP)
        return BackupFile(key=key, size_bytes=len(packed.data), sha256=packed.sha256, lines=packed.lines)

    def _put(self, key: str, data: bytes, content_type: str) -> None:
        self.store.put(key, data, content_type=content_type, cache_control=_CACHE_CONTROL, metadata={})
