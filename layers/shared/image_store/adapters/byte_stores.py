"""How the kinds of stores behind S3's API differ: no other module of the adapters asks for the kind of a store.

All kinds must refuse a PUT with `If-None-Match: *` over an object; a store that ignores the header loses data, and
`image-store doctor` finds it. A presigned PUT relies on the same header. Whatever else a store lacks, the adapter does
without: batch deletes (it deletes one by one), ETags that are MD5 sums (it compares the bytes), checks of SHA-256 (the
bytes of a direct upload are hashed again).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from image_store.domain.images.byte_stores import ByteStore


class CopyCondition(Enum):
    """How a request says that a copy must not replace an object."""

    CLOUDFLARE_HEADER = "cf-copy-destination-if-none-match"
    """R2's own header: https://developers.cloudflare.com/r2/api/s3/conditional-operations."""
    IF_NONE_MATCH = "if-none-match"
    """As AWS documents it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one kind of store can do."""

    copy_condition: CopyCondition | None
    """None: copies would replace objects, or ignore the ETag of their source; so they pass through this process."""


CAPABILITIES: Mapping[ByteStore, Capabilities] = {
    ByteStore.R2: Capabilities(copy_condition=CopyCondition.CLOUDFLARE_HEADER),
    ByteStore.S3: Capabilities(copy_condition=CopyCondition.IF_NONE_MATCH),
    ByteStore.SEAWEEDFS: Capabilities(copy_condition=CopyCondition.IF_NONE_MATCH),
    ByteStore.COMPATIBLE: Capabilities(copy_condition=None),
}
