"""What may be decoded at once."""

from threading import Barrier, Event, Thread

import pytest

from image_store.adapters.imaging.decoding.room import PixelRoom


def test_what_fits_is_decoded_at_once() -> None:
    room, together = PixelRoom(100), Barrier(2, timeout=60)

    def decode() -> None:
        with room.reserve(50):
            together.wait()  # broken unless both are here

    other = Thread(target=decode)
    other.start()
    decode()
    other.join()

    assert not together.broken


def test_what_does_not_fit_waits_until_there_is_room() -> None:
    room, begun, order = PixelRoom(100), Event(), list[str]()

    def decode() -> None:
        begun.set()
        with room.reserve(60):
            order.append("second")

    waiting = Thread(target=decode)
    with room.reserve(60):
        waiting.start()
        begun.wait()
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]


@pytest.mark.parametrize("pixels", [-1, 0, 100, 1_000])
def test_whatever_its_size_a_picture_gets_in_and_gives_its_room_back(pixels: int) -> None:
    room = PixelRoom(100)

    for _ in range(3):
        with room.reserve(pixels):
            pass

    with room.reserve(100):
        pass


def test_a_picture_that_fails_gives_its_room_back() -> None:
    room = PixelRoom(100)

    with pytest.raises(ValueError, match="broken"), room.reserve(100):
        raise ValueError("broken")

    with room.reserve(100):
        pass
