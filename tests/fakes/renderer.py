"""Rendering where it is asked for, without a function in between."""

from datetime import timedelta

from image_store.domain.delivery.render_requests import RenderRequest, TransformRequest
from image_store.domain.errors import ImageStoreError, StorageUnavailable
from image_store.ports.delivery import Renderer
from image_store.ports.system import Clock
from image_store.services.delivery.rendering import Rendering
from image_store.services.delivery.transforming import Transforming


class DirectRenderer(Renderer):
    """Renderer that makes a file at once; `asked` is there for tests to look at."""

    def __init__(self, rendering: Rendering, transforming: Transforming, clock: Clock) -> None:
        self.asked: list[RenderRequest] = []
        self._rendering = rendering
        self._transforming = transforming
        self._clock = clock

    def render(self, request: RenderRequest) -> None:
        self.asked.append(request)
        try:
            until = self._clock.now() + timedelta(seconds=20)
            if isinstance(request, TransformRequest):
                self._transforming.make(request, until=until)
            else:
                self._rendering.make(request, until=until)
        except ImageStoreError as error:
            raise StorageUnavailable("It could not be made.") from error
