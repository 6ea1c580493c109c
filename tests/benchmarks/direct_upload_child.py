"""A child process that completes one direct upload and prints how far its memory rose above the import, in MB.

Run as `python -m tests.benchmarks.direct_upload_child ENDPOINT FILE`: the server at ENDPOINT has FILE already.
"""

import hashlib
import sys
from datetime import timedelta
from pathlib import Path

from image_store.bootstrap import Application
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import State
from image_store.domain.images.media import MediaType
from image_store.domain.work import CompleteUpload
from image_store.services.images.direct_uploads import DirectUpload, Ticket
from tests.benchmarks.direct_upload import STORED_AS
from tests.benchmarks.measurement import peak_mb
from tests.benchmarks.near import near_application


def main(endpoint: str, picture: Path) -> None:
    """Print the rise of the peak by completing the upload of `picture`."""
    application = near_application(endpoint)
    image_id = _stage(application, picture)
    before_mb = peak_mb()
    until = application.clock.now() + timedelta(minutes=5)
    application.images.direct_uploads.finish(CompleteUpload(image_id), until=until)
    after_mb = peak_mb()
    image = application.ports.repository.get_record(image_id)
    if image is None or image.state is not State.READY:
        raise RuntimeError("The upload was not completed.")
    print(after_mb - before_mb)


def _stage(application: Application, picture: Path) -> str:
    """Begin an upload, and let its bytes arrive without passing through here."""
    with picture.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    upload = DirectUpload(
        owner="owner",
        media_type=MediaType.PNG,
        size_bytes=picture.stat().st_size,
        sha256=sha256,
        attributes=Attributes(),
    )
    ticket = application.images.direct_uploads.begin(upload)
    assert isinstance(ticket, Ticket)
    image = application.ports.repository.get_record(ticket.image_id)
    assert image is not None
    assert image.staging_key is not None
    application.ports.private.copy_from(
        "private", STORED_AS, image.staging_key, content_type=MediaType.PNG, cache_control="", metadata={}
    )
    return ticket.image_id


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
