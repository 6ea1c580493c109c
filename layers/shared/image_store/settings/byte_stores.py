"""Where the bytes of a bucket are, and how the store reaches them."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from image_store.domain.images.byte_stores import ByteStore
from image_store.settings.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteStoreSettings:
    """A store behind S3's API. Equal settings are one store: its buckets can copy from each other."""

    kind: ByteStore
    endpoint: str
    """Empty for AWS S3 itself."""
    region: str
    secret: str
    """The name of the secret with the key pair; empty if the role of the function has the rights."""

    @classmethod
    def private_from_env(cls, variables: Variables) -> Self:
        """Read where the private bucket is; the variables have the names of the first kind of store."""
        return cls(
            kind=variables.member("BYTE_STORE", ByteStore.R2),
            endpoint=variables.url("R2_ENDPOINT"),
            region=variables.text("R2_REGION", "auto"),
            secret=variables.text("R2_SECRET"),
        )

    @classmethod
    def public_from_env(cls, variables: Variables, private: Self) -> Self:
        """Read where the public bucket is: without PUBLIC_BYTE_STORE, in the store of the private one."""
        if not variables.text("PUBLIC_BYTE_STORE"):
            return private
        return cls(
            kind=variables.member("PUBLIC_BYTE_STORE", private.kind),
            endpoint=variables.url("PUBLIC_STORE_ENDPOINT"),
            region=variables.text("PUBLIC_STORE_REGION", "auto"),
            secret=variables.text("PUBLIC_STORE_SECRET"),
        )

    @property
    def url(self) -> str:
        """The address that requests go to; in AWS S3, with the bucket's name before its host."""
        if self.endpoint or self.kind is not ByteStore.S3:
            return self.endpoint
        return f"https://s3.{self.region}.amazonaws.com{'.cn' if self.region.startswith('cn-') else ''}"

    @property
    def has_virtual_hosts(self) -> bool:
        """Whether the bucket is part of the host: https://{bucket}.s3.{region}.amazonaws.com."""
        return self.kind is ByteStore.S3 and not self.endpoint

    def origin(self, bucket: str) -> str:
        """The web origin of the bucket's presigned links; empty without an address."""
        parts = urlsplit(self.url)
        if not parts.netloc:
            return ""
        host = f"{bucket}.{parts.netloc}" if self.has_virtual_hosts else parts.netloc
        return f"{parts.scheme}://{host}"
