// Sizes to choose from, by their shape.
import { h } from "../parts/dom.js";
import { money } from "../parts/format.js";
import { imageCost, sides } from "./cost.js";

const SHAPES = [
  [1, "square"],
  [3 / 2, "3:2"],
  [2 / 3, "2:3"],
  [4 / 3, "4:3"],
  [3 / 4, "3:4"],
  [16 / 9, "16:9"],
  [9 / 16, "9:16"],
  [21 / 9, "21:9"],
];
const SAME = 0.05; // of the ratio
const GROUPS = [
  ["Square", ([width, height]) => width === height],
  ["Landscape", ([width, height]) => width > height],
  ["Portrait", ([width, height]) => width < height],
];

/** The options of a select for the presets of a model, with the price of each where prices differ. */
export function sizeOptions(model, quality) {
  const presets = model.size_presets;
  const prices = new Map(presets.map((size) => [size, imageCost(model, { size, quality })]));
  const hasOnePrice = new Set(prices.values()).size === 1;
  return [
    h("option", { value: "" }, `Default (${words(presets[0])})`),
    GROUPS.map(([label, fits]) => {
      const sizes = presets.filter((size) => fits(sides(size)));
      return (
        sizes.length > 0 &&
        h(
          "optgroup",
          { label },
          sizes.map((size) =>
            h("option", { value: size }, words(size), !hasOnePrice && ` · ${money(prices.get(size))}`),
          ),
        )
      );
    }),
  ];
}

function words(size) {
  const [width, height] = sides(size);
  const shape = SHAPES.find(([ratio]) => Math.abs(width / height / ratio - 1) < SAME);
  return `${width} × ${height}${shape ? ` · ${shape[1]}` : ""}`;
}

/** What stands for a model that is not known yet: the sizes that most models make. */
export const COMMON = { size_presets: ["1024x1024", "1536x1024", "1024x1536"], qualities: [], estimate: null };
