"""Which images the store accepts, and what it makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

from image_store.domain.delivery.presets import presets_from
from image_store.domain.delivery.renditions import Preset
from image_store.domain.errors import ConfigurationError
from image_store.domain.images.provenance import ProvenanceMark
from image_store.domain.images.quota import Quota
from image_store.domain.images.upload_limits import UploadLimits
from image_store.settings.variables import Variables

_DEFAULTS = UploadLimits()


def read_limits(variables: Variables) -> UploadLimits:
    """Read the limits on one original."""
    return UploadLimits(
        max_bytes=variables.number("MAX_BYTES", _DEFAULTS.max_bytes),
        max_pixels=variables.number("MAX_PIXELS", _DEFAULTS.max_pixels),
        max_frames=variables.number("MAX_FRAMES", _DEFAULTS.max_frames),
        max_total_pixels=variables.number("MAX_FRAME_PIXELS", _DEFAULTS.max_total_pixels),
        max_metadata_bytes=variables.number("MAX_METADATA_BYTES", _DEFAULTS.max_metadata_bytes),
        max_memory_bytes=variables.number("MAX_DECODE_MEGABYTES", _DEFAULTS.max_memory_bytes // 1_000_000)
        * 1_000_000,
        max_decode_time=timedelta(
            seconds=variables.number("MAX_DECODE_SECONDS", _DEFAULTS.max_decode_time.seconds)
        ),
    )


def read_quota(variables: Variables) -> Quota:
    """Read the quota of an owner; 0 means no limit."""
    return Quota(variables.number("QUOTA_IMAGES", 0), variables.number("QUOTA_BYTES", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """Where images may be fetched from."""

    hosts: tuple[str, ...]
    """A host that begins with a dot means its sub-domains; without any entry every public host is allowed."""
    networks: tuple[IPv4Network | IPv6Network, ...]
    """Private networks that images may be fetched from, and where webhooks may be."""
    webhook_networks: tuple[IPv4Network | IPv6Network, ...]
    """Private networks in which webhooks may be besides."""
    import_secret: str
    """The name of the secret with the sources of imports; empty if there are none."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of remote images."""
        return cls(
            hosts=tuple(host.lower() for host in variables.entries("REMOTE_HOSTS")),
            networks=_networks(variables, "REMOTE_NETWORKS"),
            webhook_networks=_networks(variables, "WEBHOOK_NETWORKS"),
            import_secret=variables.text("IMPORT_SECRET"),
        )


def _networks(variables: Variables, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(map(ip_network, variables.entries(name)))
    except ValueError:
        raise ConfigurationError(
            f"{name} must be networks such as 10.0.0.0/8, separated by commas."
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionSettings:
    """Which renditions there are, and where they are made."""

    presets: Mapping[str, Preset]
    """By name, with those that every upload makes."""
    provenance: ProvenanceMark
    function: str
    """The name of the function that renders on request."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of renditions."""
        try:
            presets = presets_from(variables.text("PRESETS"))
        except ConfigurationError as error:
            raise ConfigurationError(f"PRESETS cannot be read. {error.message}") from None
        return cls(
            presets=presets,
            provenance=variables.member("PROVENANCE", ProvenanceMark.SOURCE),
            function=variables.text("RENDER_FUNCTION"),
        )
