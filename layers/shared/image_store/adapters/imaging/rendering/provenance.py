"""Writes the XMP packet that marks a picture as made by AI, the only metadata that a rendition carries.

IPTC Photo Metadata Standard 2025.1, and ISO 16684-1 for the packet around it.
"""

import html
import re

from image_store.domain.images.provenance import Provenance

_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "{properties}"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)
_PROPERTY = "<Iptc4xmpExt:{name}>{value}</Iptc4xmpExt:{name}>"
# A JPEG holds a packet of 65,502 bytes, and no character of XML takes more than five.
_MAX_PROMPT_CHARACTERS = 12_000
# What XML 1.0 cannot hold, not even escaped: 2.2 Characters.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xmp_packet(provenance: Provenance) -> bytes:
    """The mark of AI, with the prompt and the seed in `provenance`; a very long prompt is shortened."""
    properties = [_PROPERTY.format(name="DigitalSourceType", value=_SOURCE_TYPE)]
    prompt = _prompt_text(provenance)
    if prompt:
        text = html.escape(_NO_XML.sub("", prompt), quote=False)
        properties.append(_PROPERTY.format(name="AIPromptInformation", value=text))
    return _PACKET.format(properties="".join(properties)).encode()


def _prompt_text(provenance: Provenance) -> str:
    # The standard has no property for a seed; it is part of the request to the service.
    lines = [provenance.prompt[:_MAX_PROMPT_CHARACTERS]] if provenance.prompt else []
    if provenance.seed is not None:
        lines.append(f"Seed: {provenance.seed}")
    return "\n".join(lines)
