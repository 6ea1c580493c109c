"""The kinds of stores that can hold the bytes of images."""

from enum import StrEnum


class ByteStore(StrEnum):
    """A kind of store behind S3's API; `adapters/byte_stores.py` says how they differ."""

    R2 = "r2"
    S3 = "s3"
    """AWS S3 itself."""
    SEAWEEDFS = "seaweedfs"
    COMPATIBLE = "compatible"
    """Any other store with conditional writes, such as MinIO, Ceph or Garage: it gets only what all of them can do."""
