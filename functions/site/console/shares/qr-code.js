// An address as a QR code, to scan from the screen or to save as a picture that prints sharply.
import { generate } from "lean-qr";
import { h, s } from "../parts/dom.js";
import { icon } from "../parts/icons.js";

const QUIET = 4; // modules that stay white around a code (ISO/IEC 18004)

export function qrCode(address) {
  const code = generate(address);
  const side = code.size + 2 * QUIET;
  const picture = s(
    "svg",
    { class: "qr-code", viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": `QR code of ${address}` },
    s("rect", { width: side, height: side, fill: "#fff" }),
    s("path", { d: drawn(code), fill: "#000" }),
  );
  const save = () => {
    const text = new XMLSerializer().serializeToString(picture);
    const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    h("a", { href: url, download: "qr-code.svg" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  return [
    picture,
    h("p", {}, h("button", { type: "button", class: "button", onclick: save }, icon("download"), "Save as SVG")),
  ];
}

/** A path with a square for each black module, joined along rows. */
function drawn(code) {
  let path = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (!code.get(x, y)) continue;
      let end = x;
      while (code.get(end + 1, y)) end += 1;
      path += `M${x + QUIET} ${y + QUIET}h${end - x + 1}v1h-${end - x + 1}z`;
      x = end;
    }
  }
  return path;
}
