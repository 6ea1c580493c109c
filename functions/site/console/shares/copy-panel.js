// What was shared, to copy: as a link, as Markdown, as HTML, and as a QR code.
import { copyText } from "../parts/copy-field.js";
import { fill, h, unique } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { qrCode } from "./qr-code.js";

const WAYS = [
  ["link", "Link"],
  ["markdown", "Markdown"],
  ["html", "HTML"],
];

/**
 * The texts of one image or of several, as `embedCode` answers them. Of several images each has its line. Only one
 * address makes a QR code.
 */
export function copyPanel(codes, { about = null } = {}) {
  const name = unique("way");
  const shown = h("div", { class: "stack" });
  const show = (way) => fill(shown, way === "qr" ? qrCode(codes[0].link) : text(way));
  const text = (way) => {
    const lines = codes.map((code) => code[way]).join("\n");
    const label = WAYS.find(([value]) => value === way)[1];
    const area = h("textarea", {
      class: "is-code",
      rows: Math.min(8, codes.length + 3),
      readonly: true,
      "aria-label": label,
      value: lines,
      onfocus: (event) => event.target.select(),
    });
    const copy = () => copyText(lines, { notice: `${label} copied.`, select: () => area.select() });
    return [
      area,
      h(
        "p",
        {},
        h("button", { type: "button", class: "button is-main", onclick: copy }, icon("link"), `Copy ${label}`),
      ),
    ];
  };
  const ways = codes.length === 1 ? [...WAYS, ["qr", "QR"]] : WAYS;
  show("link");
  return h(
    "div",
    { class: "stack" },
    about && h("p", { class: "fine" }, about),
    h(
      "fieldset",
      { class: "segmented" },
      h("legend", { class: "unseen" }, "Copy as"),
      ways.map(([value, label]) =>
        h(
          "label",
          {},
          h("input", { type: "radio", name, value, checked: value === "link", onchange: () => show(value) }),
          h("span", {}, label),
        ),
      ),
    ),
    shown,
  );
}
