// One image after the other over the whole screen, by itself; it can be paused, and stops while nobody looks.
import { getImage } from "../parts/api.js";
import { h } from "../parts/dom.js";
import { listen } from "../parts/events.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach } from "../parts/notices.js";
import { neighbours } from "../gallery/sequence.js";

const SECONDS = [3, 5, 10, 30];
const USUAL = 5;

let seconds = USUAL; // as it was chosen last

/** Begin with an image; `leave(id)` gets the image that was shown last. */
export function slideshow(image, { leave }) {
  const ending = new AbortController();
  const picture = h("img", { class: "public-picture" });
  const name = h("p", { class: "unseen", role: "status" });
  const pause = button("pause", "Pause (Space)", toggle);
  const pace = h(
    "select",
    { "aria-label": "Seconds for each image", onchange: () => choose(Number(pace.value)) },
    SECONDS.map((one) => h("option", { value: one, selected: one === seconds }, `${one} s`)),
  );
  const dialog = h(
    "dialog",
    { class: "viewer slideshow", "aria-label": "Slideshow", onkeydown: keys },
    h("div", { class: "stage" }, picture),
    h(
      "div",
      { class: "slideshow-bar" },
      button("back", "Previous image", () => step("before")),
      pause,
      button("forward", "Next image", () => step("after")),
      pace,
      button("close", "End the slideshow (Escape)", () => dialog.close()),
    ),
    name,
  );
  let id = image.id,
    isPaused = false,
    timer = 0;

  async function show(next) {
    id = next;
    clearTimeout(timer);
    try {
      const shown = next === image.id ? image : (await getImage(next, ending.signal)).image;
      const { renditions, alt_text, filename } = shown;
      const url = renditions.display.url;
      await loaded(url);
      if (id !== next) return;
      picture.src = url;
      picture.alt = name.textContent = alt_text || filename || "Image without a description";
    } catch {
      if (ending.signal.aborted || id !== next) return;
      name.textContent = "This image could not be loaded.";
    }
    wait();
    // The next one is there when its time comes.
    const { after } = neighbours(id);
    if (after)
      getImage(after, ending.signal)
        .then((answer) => loaded(answer.image.renditions.display.url))
        .catch(() => null);
  }

  function wait() {
    clearTimeout(timer);
    if (isPaused || document.hidden || ending.signal.aborted) return;
    timer = setTimeout(() => step("after"), seconds * 1000);
  }

  function step(where) {
    const next = neighbours(id)[where];
    if (next) show(next);
    else if (where === "after") pauseAtEnd();
  }

  /** The images after this one may still be on their way; "images-loaded" goes on with them. */
  function pauseAtEnd() {
    clearTimeout(timer);
    listen("images-loaded", () => neighbours(id).after && !isPaused && wait(), ending.signal);
  }

  function toggle() {
    isPaused = !isPaused;
    const label = isPaused ? "Go on (Space)" : "Pause (Space)";
    pause.replaceChildren(icon(isPaused ? "play" : "pause"));
    pause.setAttribute("aria-label", label);
    pause.title = label;
    wait();
  }

  function choose(next) {
    seconds = next;
    wait();
  }

  function keys(event) {
    if (event.target === pace) return;
    event.stopPropagation();
    const act = {
      ArrowLeft: () => step("before"),
      ArrowRight: () => step("after"),
      " ": toggle,
      s: () => dialog.close(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  document.addEventListener("visibilitychange", wait, { signal: ending.signal });
  dialog.addEventListener("cancel", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    ending.abort(new DOMException("The slideshow ended.", "AbortError"));
    clearTimeout(timer);
    if (document.fullscreenElement) document.exitFullscreen().catch(() => null);
    dialog.remove();
    keepNoticesInReach();
    leave(id);
  });
  document.body.append(dialog);
  dialog.showModal();
  pause.focus();
  keepNoticesInReach();
  dialog.requestFullscreen?.().catch(() => null); // Without it the window is filled.
  show(id);
}

async function loaded(url) {
  const whole = new Image();
  whole.src = url;
  await whole.decode();
}

function button(drawn, label, act) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
    icon(drawn),
  );
}
