// A picture that can be looked at closely: buttons, keys, wheel, double click, two fingers; dragged when it is larger.
import { paintBlurhash } from "../gallery/blurhash.js";
import { fill, h } from "../parts/dom.js";

const LARGEST = 8;
const NEEDS_ORIGINAL = 1.6;

/** Show an image in a stage; answers `by(factor)` and `reset()`. `original` gives its own bytes when needed. */
export function zoomable(stage, image, { signal, original }) {
  const blur = h("canvas", { class: "stage-blur", "aria-hidden": "true" });
  paintBlurhash(blur, image.placeholder?.blurhash);
  const shown = image.renditions.display ?? image.renditions.thumb;
  const picture = h("img", {
    class: "stage-picture",
    src: shown?.url,
    alt: image.alt_text || image.filename || "Image",
    width: image.width,
    height: image.height,
    draggable: "false",
  });
  const frame = h(
    "div",
    { class: "stage-frame", style: { "--ratio": String(image.width / image.height) } },
    blur,
    picture,
  );
  fill(stage, frame);
  picture.addEventListener("load", () => blur.remove(), { once: true });

  let scale = 1,
    x = 0,
    y = 0,
    hasOriginal = false;
  const fingers = new Map();

  function set(next, at = null) {
    const before = scale;
    scale = Math.min(LARGEST, Math.max(1, next));
    if (at) {
      const box = stage.getBoundingClientRect();
      const [dx, dy] = [at.clientX - box.left - box.width / 2, at.clientY - box.top - box.height / 2];
      x = dx - ((dx - x) * scale) / before;
      y = dy - ((dy - y) * scale) / before;
    }
    move(0, 0);
    if (scale > NEEDS_ORIGINAL && !hasOriginal) sharpen();
  }

  function move(dx, dy) {
    const reach = {
      x: Math.max(0, (frame.offsetWidth * scale - stage.clientWidth) / 2),
      y: Math.max(0, (frame.offsetHeight * scale - stage.clientHeight) / 2),
    };
    x = Math.max(-reach.x, Math.min(reach.x, x + dx));
    y = Math.max(-reach.y, Math.min(reach.y, y + dy));
    frame.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    stage.classList.toggle("is-zoomed", scale > 1);
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

  const on = (name, handler, options = {}) => stage.addEventListener(name, handler, { signal, ...options });
  on(
    "wheel",
    (event) => {
      event.preventDefault();
      set(scale * (event.deltaY < 0 ? 1.2 : 1 / 1.2), event);
    },
    { passive: false },
  );
  on("dblclick", (event) => set(scale > 1 ? 1 : 2.5, event));
  on("pointerdown", (event) => {
    if (!event.target.closest("button")) {
      fingers.set(event.pointerId, event);
      stage.setPointerCapture(event.pointerId);
    }
  });
  on("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    if (fingers.size === 1) move(event.clientX - last.clientX, event.clientY - last.clientY);
    else {
      const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY) || 1;
      set((scale * apart(event)) / apart(last), event);
    }
    fingers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) on(name, (event) => fingers.delete(event.pointerId));
  return {
    by: (factor) => set(scale * factor),
    reset: () => {
      x = y = 0;
      set(1);
    },
  };
}
