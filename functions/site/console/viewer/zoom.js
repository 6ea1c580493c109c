// A picture that can be looked at closely: buttons, keys, wheel, double click, double tap, two fingers; dragged when it
// is larger than its stage. What is under the pointer, or between two fingers, stays there.
import { fill, h } from "../parts/dom.js";
import { takeGestures } from "./gestures.js";
import { shownRendition } from "./preload.js";
import { frame as framed, standInOf } from "./stand-in.js";

const LARGEST = 8;
const CLOSE = 2.5; // the scale of a double click or tap
const NEEDS_ORIGINAL = 1.6;
const WHEEL_STEP = 1.2;

/**
 * Show an image in a stage. `original` gives its own bytes when they are needed; `step(side, isTry)` goes to the image
 * before or after it, or says whether there is one; `moved(view)` hears of every change that somebody makes here.
 * Answers `by(factor)`, `pan(right, down)`, `reset()`, `follow(view)`, `isZoomed()` and `loaded`, a promise.
 */
export function zoomable(stage, image, { signal, original, step = () => false, moved = () => {} }) {
  const standIn = standInOf(image, stage);
  const shown = shownRendition(image);
  const picture = h("img", {
    class: "stage-picture",
    src: shown?.url,
    alt: image.alt_text || image.filename || "Image",
    width: image.width,
    height: image.height,
    draggable: "false",
  });
  const frame = framed(image.width / image.height, standIn, picture);
  fill(stage, frame);
  const loaded = new Promise((resolve) => {
    picture.addEventListener("load", resolve, { once: true });
    picture.addEventListener("error", resolve, { once: true });
  });
  picture.addEventListener("load", () => standIn.remove(), { once: true });

  let scale = 1,
    x = 0,
    y = 0,
    hasOriginal = false;

  /** Take a scale; what is at `from`, or in the middle, comes to `at`. */
  function set(next, at = null, from = at) {
    const before = scale;
    scale = Math.min(LARGEST, Math.max(1, next));
    const [before_x, before_y] = fromMiddle(from);
    const [after_x, after_y] = fromMiddle(at);
    x = after_x - ((before_x - x) * scale) / before;
    y = after_y - ((before_y - y) * scale) / before;
    place();
    if (scale > NEEDS_ORIGINAL && !hasOriginal) sharpen();
  }

  function fromMiddle(point) {
    if (!point) return [0, 0];
    const box = stage.getBoundingClientRect();
    return [point.clientX - box.left - box.width / 2, point.clientY - box.top - box.height / 2];
  }

  function drag(dx, dy) {
    x += dx;
    y += dy;
    place();
  }

  /** Draw it where it may be: never further than its own edges. */
  function place({ isTold = true } = {}) {
    const reach = {
      x: Math.max(0, (frame.offsetWidth * scale - stage.clientWidth) / 2),
      y: Math.max(0, (frame.offsetHeight * scale - stage.clientHeight) / 2),
    };
    x = Math.max(-reach.x, Math.min(reach.x, x));
    y = Math.max(-reach.y, Math.min(reach.y, y));
    frame.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    stage.classList.toggle("is-zoomed", scale > 1);
    if (isTold) moved({ scale, x: x / (frame.offsetWidth || 1), y: y / (frame.offsetHeight || 1) });
  }

  async function sharpen() {
    hasOriginal = true;
    if (image.width <= (shown?.width ?? 0)) return;
    try {
      const url = URL.createObjectURL(await original());
      signal.addEventListener("abort", () => URL.revokeObjectURL(url));
      picture.src = url;
    } catch {
      // The smaller one stays.
    }
  }

  /** Between whole and close. */
  const toggle = (at) => set(scale > 1 ? 1 : CLOSE, at);
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      // Two fingers on a touchpad arrive as small steps with Ctrl.
      const factor = event.ctrlKey ? Math.exp(-event.deltaY / 100) : event.deltaY < 0 ? WHEEL_STEP : 1 / WHEEL_STEP;
      set(scale * factor, event);
    },
    { signal, passive: false },
  );
  takeGestures(stage, frame, {
    signal,
    isZoomed: () => scale > 1,
    drag,
    pinch: (factor, from, at) => set(scale * factor, at, from),
    toggle,
    step,
  });
  const resized = new ResizeObserver(() => place({ isTold: false }));
  resized.observe(stage);
  signal.addEventListener("abort", () => resized.disconnect());
  return {
    by: (factor) => set(scale * factor),
    pan: (right, down) => drag(-right * stage.clientWidth, -down * stage.clientHeight),
    reset: () => {
      x = y = 0;
      set(1);
    },
    follow: (view) => {
      scale = view.scale;
      x = view.x * frame.offsetWidth;
      y = view.y * frame.offsetHeight;
      place({ isTold: false });
      if (scale > NEEDS_ORIGINAL && !hasOriginal) sharpen();
    },
    isZoomed: () => scale > 1,
    loaded,
  };
}
