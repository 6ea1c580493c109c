"""Makes and reads signed links, which show a file of a private image for a limited time.

A link consists of the encoded `SignedLink`, the id of the signing key and a tag, in URL-safe base64. It is longer than
any public link. Links are not stored: a link ends when it expires or when its image is no longer READY.
"""

import base64
import binascii
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.delivery.render_requests import TransformRequest
from image_store.domain.delivery.renditions import Preset, Recipe
from image_store.domain.delivery.signed_links import SignedLink, decode_link, encode_link, transform_filename
from image_store.domain.errors import InvalidRequest, StorageUnavailable
from image_store.domain.images.image import State
from image_store.ports.delivery import Renderer
from image_store.ports.objects import ObjectStore
from image_store.ports.system import Clock
from image_store.services.delivery.renditions import RenditionFile, Renditions, nearest
from image_store.services.delivery.signing import current_key, key_named
from image_store.services.images.retrieval import Retrieval, not_found

_TAG_BYTES = 16
_MAX_LINK_CHARS = 256

_logger = logging.getLogger(__name__)


class LinkSignatures:
    """Makes and reads links with the keys of the signing secret."""

    def __init__(self, *, keys: Callable[[], Mapping[str, str]]) -> None:
        self._keys = keys

    def make(self, link: SignedLink) -> str:
        """Sign a link, and return its text."""
        key_id, key = current_key(self._keys())
        raw = encode_link(link) + key_id.encode() + bytes([len(key_id)])
        return base64.urlsafe_b64encode(raw + _tag(key, raw)).rstrip(b"=").decode("ascii")

    def read(self, link: str) -> SignedLink | None:
        """The content of a link; None for a link that this store did not make. Every bit counts."""
        if len(link) > _MAX_LINK_CHARS:
            return None
        try:
            raw = base64.b64decode(link + "=" * (-len(link) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        signed, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        if not signed or base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != link:
            return None  # the last character of base64 has unused bits, which could differ
        body, key_id = signed[: -1 - signed[-1]], signed[-1 - signed[-1] : -1].decode("ascii", "replace")
        key = key_named(self._keys(), key_id)
        if key is None or not hmac.compare_digest(tag, _tag(key, signed)):
            return None
        return decode_link(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLinkCreation:
    """Makes links for the owners of images."""

    retrieval: Retrieval
    links: LinkSignatures
    presets: Mapping[str, Preset]
    clock: Clock

    def create(
        self, owner: str, image_id: str, target: Recipe | str, *, lifetime: timedelta
    ) -> tuple[str, datetime]:
        """A link to a rendition or a transform of a READY image, and when the link expires.

        Raises
        ------
        ImageNotFound
        InvalidRequest
            there is no such preset
        """
        if isinstance(target, str) and target not in self.presets:
            fault = (("body", "rendition"), "enum", f"must be one of {', '.join(self.presets)}")
            raise InvalidRequest("There is no such rendition.", errors=(fault,))
        record = self.retrieval.get_record(owner, image_id)
        if record.state is not State.READY:
            raise not_found()
        expires_at = (self.clock.now() + lifetime).replace(microsecond=0)
        return self.links.make(SignedLink(record.id, expires_at, target)), expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLinkView:
    """Finds the files that signed links show."""

    retrieval: Retrieval
    renditions: Renditions
    links: LinkSignatures
    private: ObjectStore
    renderer: Callable[[], Renderer]
    clock: Clock

    def find(self, link: str, *, accept: str | None) -> RenditionFile | str:
        """The rendition that a link shows, or the key of its transform.

        ImageNotFound if the link was altered or has expired, or if its image is no longer READY. A missing transform is
        made; if that fails, the nearest rendition takes its place.
        """
        signed_link = self.links.read(link)
        if signed_link is None or signed_link.expires_at <= self.clock.now():
            raise not_found()
        if isinstance(signed_link.target, str):
            return self.renditions.for_signed_link(signed_link.image_id, signed_link.target, accept=accept)
        record = self.retrieval.get_ready(signed_link.image_id)
        key = record.transform_key(transform_filename(signed_link.target))
        if self._exists(key):
            return key
        try:
            self.renderer().render(TransformRequest(record.id, signed_link.target))
        except StorageUnavailable as error:
            _logger.warning("A transform could not be made: %s", error.message)
        record = self.retrieval.get_ready(signed_link.image_id)
        if self._exists(key):
            return key
        substitute = nearest(record, Preset("", signed_link.target), accept=None)
        return RenditionFile(record, substitute, is_exact=False)

    def _exists(self, key: str) -> bool:
        return self.private.head(key) is not None


def _tag(key: str, raw: bytes) -> bytes:
    return hmac.digest(key.encode(), b"link" + raw, "sha256")[:_TAG_BYTES]
