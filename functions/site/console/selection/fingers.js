// Selecting by touch: a long press begins, and a finger that goes on selects all up to where it is.

const LONG = 450; // ms
const STILL = 10; // pixels that a finger may move during a long press
const EDGE = 90; // pixels from the edge of the window within which the gallery scrolls
const FASTEST = 16; // pixels a frame

/** `begin(id)` selects the picture that is pressed, `reach(id)` all up to another; answers whether a click is one. */
export function takeTouches({ list, begin, reach, signal }) {
  let timer = 0,
    start = null,
    at = null, // where the finger is
    isDragging = false,
    wasDragged = false; // a click may follow, which means nothing

  /** The picture under a finger, also where the bar of the selection covers it. */
  function idAt({ clientX, clientY }) {
    const tile = document.elementsFromPoint(clientX, clientY).find((one) => one.matches(".tile"));
    return tile && list.contains(tile) ? tile.dataset.id : null;
  }

  function press(event) {
    const tile = event.target.closest(".tile");
    end();
    wasDragged = false;
    if (!tile || event.touches.length > 1) return;
    start = at = event.touches[0];
    timer = setTimeout(() => {
      isDragging = true;
      navigator.vibrate?.(10);
      begin(tile.dataset.id);
      requestAnimationFrame(scroll);
    }, LONG);
  }

  function move(event) {
    at = event.touches[0];
    if (!isDragging) {
      if (start && Math.hypot(at.clientX - start.clientX, at.clientY - start.clientY) > STILL) end();
      return;
    }
    event.preventDefault(); // It selects, and does not scroll.
    const id = idAt(at);
    if (id) reach(id);
  }

  /** Near an edge of the window the gallery goes on. */
  function scroll() {
    if (!isDragging || signal.aborted) return;
    const over = Math.max(0, EDGE - at.clientY) - Math.max(0, at.clientY - (innerHeight - EDGE));
    if (over) {
      scrollBy({ top: (-over / EDGE) * FASTEST, behavior: "instant" });
      const id = idAt(at);
      if (id) reach(id);
    }
    requestAnimationFrame(scroll);
  }

  function end() {
    clearTimeout(timer);
    wasDragged = isDragging;
    isDragging = false;
    start = null;
  }

  const isPressed = () => start !== null;
  const refuse = (event) => isPressed() && event.preventDefault();
  list.addEventListener("touchstart", press, { passive: true, signal });
  list.addEventListener("touchmove", move, { passive: false, signal });
  list.addEventListener("touchend", end, { signal });
  list.addEventListener("touchcancel", end, { signal });
  list.addEventListener("contextmenu", refuse, { signal }); // The browser's own long press.
  list.addEventListener("dragstart", refuse, { signal });
  signal.addEventListener("abort", end);
  return () => !wasDragged;
}
