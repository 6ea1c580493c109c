"""Every key string of the table.

Values from outside, such as owners and group ids, are percent-encoded, so that no value can form the key of another.
"""

import hashlib
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

Key = dict[str, dict[str, str]]

_MAX_PARTITION_BYTES = 2_048
META = "META"
DETAIL = "DETAIL"
PUBLICATION_PREFIX = "PUBLICATION#"
IMAGE_PREFIX = "IMAGE#"
DUE_SHARDS = 16
"""The due index holds PENDING rows of all owners; shards avoid one hot partition. It can grow, and never shrink."""


def key(pk: str, sk: str) -> Key:
    """A primary key in DynamoDB's form."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def image(image_id: str) -> str:
    """The partition of an image's record and details."""
    return f"{IMAGE_PREFIX}{image_id}"


def record(image_id: str) -> Key:
    """The row of a record."""
    return key(image(image_id), META)


def image_of_record(row: Key) -> str | None:
    """The image whose record has this key; None for the key of any other row."""
    pk, sk = row["pk"]["S"], row["sk"]["S"]
    return pk.removeprefix(IMAGE_PREFIX) if sk == META and pk.startswith(IMAGE_PREFIX) else None


def detail(image_id: str) -> Key:
    """The row of the details of an image."""
    return key(image(image_id), DETAIL)


def live(owner: str) -> str:
    """The index partition of an owner's READY images."""
    return f"OWNER#{quote(owner, safe='')}"


def trash(owner: str) -> str:
    """The index partition of an owner's TRASHED images."""
    return f"TRASH#{quote(owner, safe='')}"


def group(owner: str, name: str) -> str:
    """The partition of the images of a group; `name` is `type:id`, or its digest where the key would be too long."""
    begin = f"GROUP#{quote(owner, safe='')}#"
    whole = f"{begin}{quote(name, safe=':')}"
    return (
        whole
        if len(whole) <= _MAX_PARTITION_BYTES
        else f"{begin}~{hashlib.sha256(name.encode()).hexdigest()}"
    )


def checksum(owner: str, sha256: str) -> str:
    """The partition of an owner's images with the same bytes."""
    return f"HASH#{quote(owner, safe='')}#{sha256}"


GUARD = "GUARD"

FEED_PREFIX = "PUBLIC#"
"""Begins the partitions of the feed, whose rows are written with the record."""
FEED = f"{FEED_PREFIX}ALL"
"""The partition of all images in the feed."""


def feed_of_owner(owner: str) -> str:
    """The partition of an owner's images in the feed."""
    return f"{FEED_PREFIX}OWNER#{quote(owner, safe='')}"


def feed_of_group(name: str) -> str:
    """The partition of a group's images of all owners in the feed; `name` is `type:id`."""
    return f"{FEED_PREFIX}GROUP#{quote(name, safe=':')}"


def usage(owner: str) -> Key:
    """The row that counts the usage of an owner under a quota."""
    return key(f"QUOTA#{quote(owner, safe='')}", "QUOTA")


_TURN_PREFIX = "USAGE#"
"""In its first version the row also counted the usage of the owner."""


def turn(owner: str) -> Key:
    """The row with the time at which policies look at an owner's images."""
    return key(f"{_TURN_PREFIX}{quote(owner, safe='')}", "USAGE")


def owner_of_turn(pk: str) -> str:
    """The owner in the key of a turn."""
    return unquote(pk.removeprefix(_TURN_PREFIX))


def idempotency(name: str) -> Key:
    """The row of an idempotency key; `name` is a digest."""
    return key(f"IDEMPOTENCY#{name}", "IDEMPOTENCY")


def note(name: str) -> Key:
    """The row with the outcome of an idempotency key that got no image; `name` is a digest."""
    return key(f"NOTE#{name}", "NOTE")


def sweep(name: str) -> Key:
    """The row with the place where a sweep stopped."""
    return key(f"SWEEP#{name}", "SWEEP")


PUBLICATION = "PUBLICATION"


def publication(name: str) -> Key:
    """The row of a publication, by which its copies can be found and removed."""
    return key(f"{PUBLICATION_PREFIX}{name}", PUBLICATION)


def name_of_publication(pk: str) -> str:
    """The publication in a partition key."""
    return pk.removeprefix(PUBLICATION_PREFIX)


def rendering(name: str) -> Key:
    """The lease of the worker that renders a file of an image; `name` is the image's id and the file's name."""
    return key(f"RENDER#{name}", "LEASE")


_MIGRATION_PREFIX = "MIGRATION#"


def migration(migration_id: str) -> Key:
    """The row of a migration."""
    return key(f"{_MIGRATION_PREFIX}{migration_id}", "MIGRATION")


def id_of_migration(pk: str) -> str:
    """The migration in a partition key."""
    return pk.removeprefix(_MIGRATION_PREFIX)


def migrated_record(migration_id: str, record_id: str) -> Key:
    """The row with the image of a migrated record; the key holds a digest, because ids can be longer than keys."""
    return migrated_place(
        migration_id, hashlib.sha256(record_id.encode("utf-8", "surrogatepass")).hexdigest()
    )


def migrated_place(migration_id: str, place: str) -> Key:
    """The row of a migrated record, by the digest at the end of its key."""
    return key(f"MIGRATED#{migration_id}", place)


def migrated_picture(picture: str) -> Key:
    """The row with the image of a record, from any source."""
    return key(f"MIGRATED#PICTURE#{picture}", "PICTURE")


def migration_source(source: str) -> Key:
    """The row with the totals of the last migration of a source."""
    return key("MIGRATIONS", source)


_IMPORT_PREFIX = "IMPORT#"


def import_(import_id: str) -> Key:
    """The row of an import."""
    return key(f"{_IMPORT_PREFIX}{import_id}", "IMPORT")


def id_of_import(pk: str) -> str:
    """The import in a partition key."""
    return pk.removeprefix(_IMPORT_PREFIX)


def imported_place(import_id: str, place: str) -> Key:
    """The row with what became of an image of an import, by the digest of its id."""
    return key(f"IMPORTED#{import_id}", place)


def moved(path: str) -> str:
    """The partition of the images that an old path leads to; a digest, because paths can be longer than keys."""
    return f"MOVED#{hashlib.sha256(path.encode()).hexdigest()}"


_REPAIR_PREFIX = "REPAIR#"


def repair(repair_id: str) -> Key:
    """The row of a repair."""
    return key(f"{_REPAIR_PREFIX}{repair_id}", "REPAIR")


def id_of_repair(pk: str) -> str:
    """The repair in a partition key."""
    return pk.removeprefix(_REPAIR_PREFIX)


CLEANUP_LEASE = key("CLEANUP", "LEASE")


def cleanup_position(sweep: str) -> Key:
    """The row with the position of a sweep."""
    return key("CLEANUP", f"POSITION#{sweep}")


def cleanup_report(report_id: str) -> Key:
    """The row of a report; ids sort by time."""
    return key("CLEANUP#REPORT", report_id)


def due_shard(identifier: str) -> str:
    """The index partition in which a row waits for cleanup."""
    return f"DUE#{sum(identifier.encode()) % DUE_SHARDS}"


def due_shards() -> tuple[str, ...]:
    """All index partitions of rows that wait for cleanup."""
    return tuple(f"DUE#{shard}" for shard in range(DUE_SHARDS))


def policy_shard(owner: str) -> str:
    """The index partition in which an owner waits for policies."""
    return f"POLICY#{sum(owner.encode()) % DUE_SHARDS}"


def policy_shards() -> tuple[str, ...]:
    """All index partitions of owners that wait for policies."""
    return tuple(f"POLICY#{shard}" for shard in range(DUE_SHARDS))


# Projections ------------------------------------------------------------------------------------------

FORMER_FEED_PREFIX = "FEED#"
"""Begins the feed's partitions of earlier builds, which a stream consumer wrote; no longer read."""
FINDING_PREFIXES = (
    "TAG#",
    "CATEGORY#",
    "MODEL#",
    "ALIKE#",
    "TRASHTAG#",
    "TERM#",
    "TRASHTERM#",
    FORMER_FEED_PREFIX,
)
"""Begin the partitions that a stream consumer writes, or wrote in earlier builds."""
STATS_PREFIX = "STATS#"
STATS_SHARDS = 8
"""The figures of the whole system are divided, so that parallel consumers do not wait for one row."""
_MAX_PART_CHARS = 700
"""A partition key has at most 2,048 bytes, and an owner takes up to 765 of them."""
_INVERTED = str.maketrans("0123456789abcdef", "fedcba9876543210")


def tagged(owner: str, tag: str, *, trashed: bool) -> str:
    """The partition of an owner's images with a tag."""
    return f"{'TRASH' if trashed else ''}TAG#{quote(owner, safe='')}#{_part(tag)}"


def in_category(owner: str, category: str) -> str:
    """The partition of an owner's READY images in a category."""
    return f"CATEGORY#{quote(owner, safe='')}#{_part(category)}"


def by_model(owner: str, model: str) -> str:
    """The partition of an owner's READY images that a model generated."""
    return f"MODEL#{quote(owner, safe='')}#{_part(model)}"


def lists_of(
    owner: str, *, tags: Iterable[str], category: str | None, model: str | None, trashed: bool
) -> Iterator[tuple[str, str]]:
    """The list partitions of an owner's images with one of these values, each with the name of its filter.

    The smallest comes first, as a rule; lists are read from it.
    """
    for tag in tags:
        yield "tag", tagged(owner, tag, trashed=trashed)
    if not trashed and category is not None:
        yield "category", in_category(owner, category)
    if not trashed and model is not None:
        yield "model", by_model(owner, model)


def hash_band(owner: str, index: int, band: str) -> str:
    """The partition of an owner's READY images whose perceptual hashes have this band at this index."""
    return f"ALIKE#{quote(owner, safe='')}#{index}#{band}"


def terms(owner: str, term: str, *, trashed: bool) -> str:
    """The partition of an owner's terms with the same first character."""
    return f"{'TRASH' if trashed else ''}TERM#{quote(owner, safe='')}#{_part(term[0])}"


def term_place(term: str, rank: int, image_id: str) -> str:
    """The sort key of a term of an image: by term, by rank, the newest first; a space sorts before every letter."""
    return f"{term} {rank}{inverted(image_id)}"


def inverted(image_id: str) -> str:
    """A text that sorts in the reverse order of ids; applying it twice gives the id."""
    return image_id.translate(_INVERTED)


def image_of_row(pk: str, sk: str) -> str:
    """The image of a row of `FINDING_PREFIXES`."""
    return inverted(sk[-36:]) if pk.startswith(("TERM#", "TRASHTERM#")) else sk


def former_feed(month: str) -> str:
    """The feed's partition of a month, `yyyy-mm`, in earlier builds."""
    return f"{FORMER_FEED_PREFIX}{month}"


def owner_stats(epoch: int, owner: str) -> str:
    """The partition of an owner's figures."""
    return f"{STATS_PREFIX}{epoch}#OWNER#{quote(owner, safe='')}"


def system_stats(epoch: int, image_id: str) -> str:
    """The partition of the system's figures for a change of this image, or of several of which it is the first."""
    return f"{STATS_PREFIX}{epoch}#ALL#{sum(image_id.encode()) % STATS_SHARDS}"


def all_system_stats(epoch: int) -> tuple[str, ...]:
    """All partitions of the whole system's figures."""
    return tuple(f"{STATS_PREFIX}{epoch}#ALL#{shard}" for shard in range(STATS_SHARDS))


def former_feed_months(epoch: int) -> tuple[str, str]:
    """The row that counted the public images of each month in earlier builds."""
    return f"{STATS_PREFIX}{epoch}#FEED", "MONTHS"


TOTAL = "TOTAL"
_DAY_PREFIX = "DAY#"
_MODEL_PREFIX = "MODEL#"
MODELS_OF_STATS = (_MODEL_PREFIX, f"{_MODEL_PREFIX}\U0010ffff")
"""The first and the last sort key of the figures of models."""


def day_stats(day: str) -> str:
    """The sort key of the figures of a day, `yyyy-mm-dd`."""
    return f"{_DAY_PREFIX}{day}"


def day_of_stats(sk: str) -> str:
    """The day that a row of figures belongs to."""
    return sk.removeprefix(_DAY_PREFIX)


def model_stats(model: str) -> str:
    """The sort key of the figures of a model."""
    return f"{_MODEL_PREFIX}{_part(model)}"


def is_model_stats(sk: str) -> bool:
    """Whether a row of figures is that of a model."""
    return sk.startswith(_MODEL_PREFIX)


def epoch_of_stats(pk: str) -> int:
    """The epoch that a row of figures belongs to."""
    return int(pk.split("#")[1])


PROJECTION_PREFIX = "PROJECTION#"
REBUILD = key("PROJECTIONS", "STATE")


def projection(image_id: str) -> Key:
    """The row with the facts of an image from which its projections were built."""
    return key(f"{PROJECTION_PREFIX}{image_id}", "PROJECTION")


def image_of_projection(pk: str) -> str:
    """The image in the partition key of such a row."""
    return pk.removeprefix(PROJECTION_PREFIX)


def _part(text: str) -> str:
    """A text as a part of a partition key; a very long text is replaced by its digest."""
    encoded = quote(text, safe="")
    return encoded if len(encoded) <= _MAX_PART_CHARS else f"~{hashlib.sha256(text.encode()).hexdigest()}"
