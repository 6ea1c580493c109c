// What fingers and the mouse do on a stage: drag, two fingers, double tap, and a swipe to the image beside.

const STILL = 12; // pixels within which a finger has not moved
const TAP = 300; // ms for a tap, and between two taps
const NEAR = 40; // pixels between two taps
const FAR = 0.18; // of the stage's width: a swipe
const FLICK = 0.45; // pixels a ms: a quick swipe
const RESISTANCE = 3; // how much less the picture follows where there is no image

/**
 * `isZoomed()`, `drag(dx, dy)`, `pinch(factor, from, at)`, `toggle(at)`: the picture; `step(side, isTry)` goes to the
 * image "before" or "after", or says whether there is one.
 */
export function takeGestures(stage, frame, { signal, isZoomed, drag, pinch, toggle, step }) {
  const fingers = new Map(); // id -> its last event
  let begun = null, // the first finger of a gesture: its event, and whether others joined
    tapped = null,
    hasTouched = false;

  function down(event) {
    if (event.target.closest("button")) return;
    if (!fingers.size) begun = { event, isAlone: true };
    else begun.isAlone = false;
    hasTouched = event.pointerType === "touch";
    fingers.set(event.pointerId, event);
    stage.setPointerCapture(event.pointerId);
    frame.classList.remove("is-settling");
  }

  function move(event) {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    fingers.set(event.pointerId, event);
    const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    if (other) {
      frame.style.removeProperty("translate");
      pinch(apart(event, other) / apart(last, other), between(last, other), between(event, other));
    } else if (isZoomed()) drag(event.clientX - last.clientX, event.clientY - last.clientY);
    else if (maySwipe(event)) follow(event.clientX - begun.event.clientX);
  }

  function up(event) {
    if (!fingers.delete(event.pointerId) || fingers.size) return;
    const { event: first, isAlone } = begun;
    const [dx, dy] = [event.clientX - first.clientX, event.clientY - first.clientY];
    const took = event.timeStamp - first.timeStamp;
    if (isAlone && event.pointerType === "touch" && Math.hypot(dx, dy) < STILL && took < TAP) return tap(event);
    tapped = null;
    if (isAlone && maySwipe(event) && !isZoomed()) settle(dx, took);
  }

  function cancel(event) {
    if (!fingers.delete(event.pointerId)) return;
    frame.classList.add("is-settling");
    frame.style.removeProperty("translate");
  }

  function tap(event) {
    const isSecond = tapped && event.timeStamp - tapped.timeStamp < TAP && apart(event, tapped) < NEAR;
    tapped = isSecond ? null : event;
    if (isSecond) toggle(event);
  }

  const maySwipe = (event) => begun?.isAlone && event.pointerType !== "mouse";
  const sideOf = (dx) => (dx < 0 ? "after" : "before");

  function follow(dx) {
    if (Math.abs(dx) < STILL) return;
    frame.style.translate = `${step(sideOf(dx), true) ? dx : dx / RESISTANCE}px 0`;
  }

  function settle(dx, took) {
    const isFar = Math.abs(dx) > stage.clientWidth * FAR;
    const isQuick = Math.abs(dx) > 2 * STILL && Math.abs(dx) / Math.max(1, took) > FLICK;
    if ((isFar || isQuick) && step(sideOf(dx), true)) return step(sideOf(dx));
    frame.classList.add("is-settling");
    frame.style.removeProperty("translate");
  }

  const on = (name, handler) => stage.addEventListener(name, handler, { signal });
  on("pointerdown", down);
  on("pointermove", move);
  on("pointerup", up);
  on("pointercancel", cancel);
  // A double tap is a double click too, in some browsers.
  on("dblclick", (event) => !hasTouched && !event.target.closest("button") && toggle(event));
}

const apart = (one, other) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
const between = (one, other) => ({
  clientX: (one.clientX + other.clientX) / 2,
  clientY: (one.clientY + other.clientY) / 2,
});
