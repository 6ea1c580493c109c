"""The settings of a deployment by group; each module reads the environment variables of its groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from image_store.domain.callers.issuers import Issuers
from image_store.domain.images.quota import Quota
from image_store.domain.images.upload_limits import UploadLimits
from image_store.settings.backup import BackupSettings
from image_store.settings.callers import AdminSettings, SignInSettings, read_issuers
from image_store.settings.cleanup import CleanupSettings
from image_store.settings.events import EventSettings
from image_store.settings.feed import FeedSettings
from image_store.settings.generation import GenerationSettings
from image_store.settings.images import RemoteSettings, RenditionSettings, read_limits, read_quota
from image_store.settings.mcp import McpSettings
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
    events: EventSettings
    generation: GenerationSettings
    cleanup: CleanupSettings
    backup: BackupSettings
    admins: AdminSettings
    sign_in: SignInSettings
    issuers: Issuers
    mcp: McpSettings
    signing_secret: str
    """The name of the secret that signs cursors and links."""
    authorize_function: str
    """The function that verifies callers, for functions that the gateway does not call."""
    api_url: str
    """The address of the API; empty if it is that of the request."""
    openai_url_parameter: str
    """The parameter of Systems Manager with the address of the OpenAI endpoint; empty if there is no such endpoint."""
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
            events=EventSettings.from_env(variables),
            generation=GenerationSettings.from_env(variables),
            cleanup=CleanupSettings.from_env(variables),
            backup=BackupSettings.from_env(variables),
            admins=AdminSettings.from_env(variables),
            sign_in=SignInSettings.from_env(variables),
            issuers=read_issuers(variables),
            mcp=McpSettings.from_env(variables),
            signing_secret=variables.text("SIGNING_SECRET"),
            authorize_function=variables.text("AUTHORIZE_FUNCTION"),
            api_url=variables.url("API_URL"),
            openai_url_parameter=variables.text("OPENAI_URL_PARAMETER"),
            metrics_namespace=variables.text("METRICS_NAMESPACE", "ImageStore"),
        )
