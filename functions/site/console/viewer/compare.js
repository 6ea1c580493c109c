// Two images at a time, side by side or one over the other with a divider; what is zoomed in one is zoomed in both.
import { content } from "../parts/api.js";
import { button } from "./buttons.js";
import { fill, h, isTyping, unique } from "../parts/dom.js";
import { bytes, mediaType } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach } from "../parts/notices.js";
import { readImage } from "./preload.js";
import { neighbours } from "../gallery/sequence.js";
import { zoomable } from "./zoom.js";

const MODES = [
  ["side", "Side by side"],
  ["divider", "Divider"],
];
const ZOOM_STEP = 1.5;
const DIVIDER_STEP = 5; // percent

let mode = "side"; // as it was chosen last

/** Compare two images by their ids, over whatever is open. */
export function openCompare([first, second]) {
  const ending = new AbortController();
  const { signal } = ending;
  const name = unique("compare");
  const sides = [side("First image", first), side("Second image", second)];
  const divider = h(
    "div",
    {
      class: "compare-divider",
      role: "slider",
      tabindex: "0",
      "aria-label": "Divider between the images",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      onkeydown: moveByKey,
      onpointerdown: grab,
    },
    h("span", { "aria-hidden": "true" }, icon("back"), icon("forward")),
  );
  const stages = h("div", { class: "compare-stages" }, sides[0].stage, sides[1].stage, divider);
  const dialog = h(
    "dialog",
    { class: "viewer compare", "aria-label": "Compare two images", onkeydown: keys },
    h(
      "div",
      { class: "viewer-bar" },
      button("back", "End the comparison (Escape)", () => dialog.close()),
      h(
        "div",
        { class: "segmented", role: "radiogroup", "aria-label": "How to compare" },
        MODES.map(([value, label]) =>
          h(
            "label",
            {},
            h("input", { type: "radio", name, value, checked: value === mode, onchange: () => choose(value) }),
            h("span", {}, label),
          ),
        ),
      ),
      h(
        "div",
        { class: "viewer-tools" },
        button("plus", "Zoom in both (+)", () => zoomBoth(ZOOM_STEP)),
        button("minus", "Zoom out both (-)", () => zoomBoth(1 / ZOOM_STEP)),
        button("compare", "Exchange the images (x)", exchange),
      ),
    ),
    stages,
    h("div", { class: "compare-captions" }, sides[0].caption, sides[1].caption),
  );

  function side(label, id) {
    const stage = h("div", { class: "stage" });
    return { label, id, stage, caption: h("div", { class: "compare-caption" }), image: null, zoom: null };
  }

  async function show(one) {
    const other = sides.find((each) => each !== one);
    const { id } = one;
    one.image = null;
    fill(one.caption, h("p", { class: "fine" }, "Loading …"));
    try {
      const { image } = await readImage(id, signal);
      if (one.id !== id || signal.aborted) return;
      one.image = image;
    } catch (error) {
      if (signal.aborted || one.id !== id) return;
      fill(one.stage);
      return void fill(one.caption, h("p", { role: "alert" }, error.message), beside(one, other));
    }
    one.zoomEnding?.abort();
    one.zoomEnding = new AbortController();
    one.zoom = zoomable(one.stage, one.image, {
      signal: one.zoomEnding.signal,
      original: () => content(id, null, signal),
      moved: (view) => other.zoom?.follow(view),
    });
    other.zoom?.reset();
    sides.forEach((each) => each.image && describe(each));
  }

  function describe(one) {
    const other = sides.find((each) => each !== one);
    const different = factsOf(one.image).map(([label, value], index) => {
      const isSame = other.image && factsOf(other.image)[index][1] === value;
      return value && h("span", {}, `${label} `, isSame ? value : h("b", {}, value));
    });
    fill(
      one.caption,
      h(
        "p",
        { class: "compare-name" },
        h("span", { class: "unseen" }, `${one.label}: `),
        h("a", { href: `#/images/${one.id}`, onclick: () => dialog.close() }, one.image.title || one.image.filename),
      ),
      h("p", { class: "compare-facts" }, different),
      beside(one, other),
    );
  }

  /** Buttons that put the image before or after into a side. */
  function beside(one, other) {
    return h(
      "div",
      { class: "compare-steps" },
      [
        ["before", "back", "Previous"],
        ["after", "forward", "Next"],
      ].map(([where, drawn, word]) => {
        const next = besides(one.id, where, other.id);
        return button(drawn, `${word} image as the ${one.label.toLowerCase()}`, () => put(one, where), {
          disabled: !next,
        });
      }),
    );
  }

  function put(one, where) {
    const other = sides.find((each) => each !== one);
    const next = besides(one.id, where, other.id);
    if (!next) return;
    one.id = next;
    show(one);
  }

  function exchange() {
    [sides[0].id, sides[1].id] = [sides[1].id, sides[0].id];
    sides.forEach(show);
  }

  function choose(value) {
    mode = value;
    stages.dataset.mode = value;
    divider.hidden = value !== "divider";
    divide(50);
  }

  function divide(percent) {
    const at = Math.min(100, Math.max(0, percent));
    stages.style.setProperty("--divider", `${at}%`);
    divider.setAttribute("aria-valuenow", String(Math.round(at)));
    divider.setAttribute("aria-valuetext", `${Math.round(at)} % first image`);
  }

  const divided = () => Number(divider.getAttribute("aria-valuenow"));

  function moveByKey(event) {
    const to = {
      ArrowLeft: divided() - DIVIDER_STEP,
      ArrowDown: divided() - DIVIDER_STEP,
      ArrowRight: divided() + DIVIDER_STEP,
      ArrowUp: divided() + DIVIDER_STEP,
      Home: 0,
      End: 100,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    divide(to);
  }

  function grab(event) {
    divider.setPointerCapture(event.pointerId);
    const follow = ({ clientX }) => {
      const box = stages.getBoundingClientRect();
      divide(((clientX - box.left) / box.width) * 100);
    };
    divider.addEventListener("pointermove", follow);
    for (const end of ["pointerup", "pointercancel"])
      divider.addEventListener(end, () => divider.removeEventListener("pointermove", follow), { once: true });
  }

  function zoomBoth(factor) {
    (sides[0].zoom ?? sides[1].zoom)?.by(factor);
  }

  function keys(event) {
    event.stopPropagation();
    const isChoice = event.target.type === "radio"; // whose own keys are the arrows
    if ((isTyping(event) && !isChoice) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isChoice && event.key.startsWith("Arrow")) return;
    const act = {
      ArrowLeft: () => put(sides[1], "before"),
      ArrowRight: () => put(sides[1], "after"),
      "+": () => zoomBoth(ZOOM_STEP),
      "=": () => zoomBoth(ZOOM_STEP),
      "-": () => zoomBoth(1 / ZOOM_STEP),
      0: () => sides.forEach(({ zoom }) => zoom?.reset()),
      x: exchange,
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  dialog.addEventListener("cancel", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    ending.abort(new DOMException("The comparison ended.", "AbortError"));
    sides.forEach(({ zoomEnding }) => zoomEnding?.abort());
    dialog.remove();
    keepNoticesInReach();
  });
  choose(mode);
  document.body.append(dialog);
  dialog.showModal();
  keepNoticesInReach();
  sides.forEach(show);
}

/** The image beside one in its list, without the other one that is compared. */
function besides(id, where, other) {
  const next = neighbours(id)[where];
  return next === other ? neighbours(next)[where] : next;
}

/** What two images may differ in, in a fixed order. */
function factsOf({ width, height, size_bytes, content_type, generation }) {
  return [
    ["", `${width} × ${height}`],
    ["", bytes(size_bytes)],
    ["", mediaType(content_type)],
    ["", generation?.model],
    ["Quality", generation?.quality],
    ["Seed", generation?.seed === -1 ? "random" : generation?.seed?.toString()],
  ];
}
