"""The settings of a deployment by group; each module reads the environment variables of its groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from image_store.domain.images.quota import Quota
from image_store.domain.images.upload_limits import UploadLimits
from image_store.settings.callers import AdminSettings, SignInSettings
from image_store.settings.cleanup import CleanupSettings
from image_store.settings.feed import FeedSettings
from image_store.settings.generation import GenerationSettings
from image_store.settings.images import RemoteSettings, RenditionSettings, read_limits, read_quota
from image_store.settings.storage import (
    EncryptionSettings,
    PublicationSettings,
    QueueUrls,
    StorageSettings,
)
from image_store.settings.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a deployment chooses.

    A function has only the variables that it needs: each setting without its variable has its default, and most are
    then empty.
    """

    storage: StorageSettings
    publication: PublicationSettings
    encryption: EncryptionSettings
    queues: QueueUrls
    limits: UploadLimits
    quota: Quota
    remote: RemoteSettings
    renditions: RenditionSettings
    feed: FeedSettings
    generation: GenerationSettings
    cleanup: CleanupSettings
    admins: AdminSettings
    sign_in: SignInSettings
    signing_secret: str
    """The name of the secret that signs cursors and links."""
    api_url: str
    """The address of the API; empty if it is that of the request."""
    metrics_namespace: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read all settings; ConfigurationError names the wrong variable and never shows its value."""
        variables = Variables(environment)
        return cls(
            storage=StorageSettings.from_env(variables),
            publication=PublicationSettings.from_env(variables),
            encryption=EncryptionSettings.from_env(variables),
            queues=QueueUrls.from_env(variables),
            limits=read_limits(variables),
            quota=read_quota(variables),
            remote=RemoteSettings.from_env(variables),
            renditions=RenditionSettings.from_env(variables),
            feed=FeedSettings.from_env(variables),
            generation=GenerationSettings.from_env(variables),
            cleanup=CleanupSettings.from_env(variables),
            admins=AdminSettings.from_env(variables),
            sign_in=SignInSettings.from_env(variables),
            signing_secret=variables.text("SIGNING_SECRET"),
            api_url=variables.url("API_URL"),
            metrics_namespace=variables.text("METRICS_NAMESPACE", "ImageStore"),
        )
