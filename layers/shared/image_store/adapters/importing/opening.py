"""Opens the sources that the operator describes in the secret of imports.

The secret is a JSON object with one object for each source, by its name. Only it says where credentials are sent: a
request names a source and nothing else. It is read for every step, so a new source needs no new deployment.
"""

from collections.abc import Callable, Mapping
from typing import Any

from image_store.adapters.importing.cloudflare_images import API as CLOUDFLARE_API
from image_store.adapters.importing.cloudflare_images import CloudflareSource
from image_store.adapters.importing.cloudinary import API as CLOUDINARY_API
from image_store.adapters.importing.cloudinary import CloudinarySource
from image_store.adapters.importing.s3_bucket import S3Source
from image_store.adapters.importing.supabase import SupabaseSource
from image_store.adapters.importing.uploadthing import API as UPLOADTHING_API
from image_store.adapters.importing.uploadthing import UploadThingSource
from image_store.adapters.remote.source_http import SourceHttp
from image_store.domain.errors import ConfigurationError, SourceUnreadable
from image_store.domain.upkeep.importing import ImportOptions
from image_store.ports.system import Clock
from image_store.ports.upkeep import ImportSource, ImportSources


class SecretSources(ImportSources):
    """ImportSources of one secret; `document` reads it."""

    def __init__(self, *, document: Callable[[], Mapping[str, Any]], http: SourceHttp, clock: Clock) -> None:
        self._document = document
        self._http = http
        self._clock = clock

    def open(self, options: ImportOptions) -> ImportSource:
        try:
            description = self._document().get(options.source)
        except ConfigurationError as error:
            raise SourceUnreadable(
                "The secret of imports is missing, is not a JSON object, or names something twice."
            ) from error
        if not isinstance(description, Mapping):
            raise SourceUnreadable(f"The secret of imports has no source {options.source}.")
        return self._source(_Description(options.source, description), options.prefix)

    def _source(self, of: "_Description", prefix: str) -> ImportSource:
        http, clock = self._http, self._clock
        match of.text("kind"):
            case "cloudflare_images":
                return CloudflareSource(
                    http=http,
                    clock=clock,
                    prefix=prefix,
                    account_id=of.text("account_id"),
                    api_token=of.text("api_token"),
                    api_url=of.url("api_url", CLOUDFLARE_API),
                )
            case "cloudinary":
                return CloudinarySource(
                    http=http,
                    clock=clock,
                    prefix=prefix,
                    cloud_name=of.text("cloud_name"),
                    api_key=of.text("api_key"),
                    api_secret=of.text("api_secret"),
                    api_url=of.url("api_url", CLOUDINARY_API),
                )
            case "supabase":
                return SupabaseSource(
                    http=http,
                    clock=clock,
                    prefix=prefix,
                    url=of.url("url"),
                    bucket=of.text("bucket"),
                    key=of.text("key"),
                )
            case "uploadthing":
                return UploadThingSource(
                    http=http,
                    clock=clock,
                    prefix=prefix,
                    app_id=of.text("app_id"),
                    api_key=of.text("api_key"),
                    api_url=of.url("api_url", UPLOADTHING_API),
                    files_url=of.url("files_url", ""),
                )
            case "s3":
                region = of.text("region", "us-east-1")
                return S3Source(
                    http=http,
                    clock=clock,
                    prefix=prefix,
                    endpoint=of.url("endpoint", f"https://s3.{region}.amazonaws.com"),
                    bucket=of.text("bucket"),
                    region=region,
                    access_key_id=of.text("access_key_id"),
                    secret_access_key=of.text("secret_access_key"),
                    public_url=of.url("public_url", ""),
                )
            case _:
                raise of.wrong("kind")


class _Description:
    """The description of a source; SourceUnreadable names a member that is wrong and never shows its value."""

    def __init__(self, name: str, members: Mapping[str, Any]) -> None:
        self._name = name
        self._members = members

    def text(self, name: str, default: str | None = None) -> str:
        value = self._members.get(name, default)
        if not isinstance(value, str) or not value or not value.isprintable():
            raise self.wrong(name)
        return value

    def url(self, name: str, default: str | None = None) -> str:
        if name not in self._members and default is not None:
            return default
        return self.text(name).rstrip("/")

    def wrong(self, name: str) -> SourceUnreadable:
        return SourceUnreadable(f"In the secret of imports, {name} of {self._name} is missing or wrong.")
