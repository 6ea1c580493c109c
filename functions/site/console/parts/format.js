// Numbers, times and sizes for people.

const number = new Intl.NumberFormat("en");
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const moment = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
// In UTC, as the store counts days and months.
const month = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

export const count = (value) => number.format(value);
export const onDay = (value) => day.format(new Date(value));
export const atMoment = (value) => moment.format(new Date(value));
export const inMonth = (value) => month.format(new Date(value));

/** 1 image, 2 images. */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** Bytes in the unit that keeps the number short. */
export function bytes(value) {
  if (value < 1000) return `${value} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let scaled = value / 1000;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${units[unit]}`;
}

/** US dollars; an unknown amount is "unknown", never 0. */
export function money(value) {
  if (value === null || value === undefined) return "unknown";
  const amount = Number(value);
  return `$${amount !== 0 && amount < 0.1 ? amount.toFixed(4).replace(/0{1,2}$/, "") : amount.toFixed(2)}`;
}

/** Milliseconds as seconds or minutes. */
export function duration(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1000) return `${Math.round(value)} ms`;
  const seconds = value / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export const percent = (part) =>
  part === null || part === undefined ? "–" : `${(part * 100).toFixed(part < 1 && part > 0.9 ? 1 : 0)} %`;

/** "PNG" for image/png. */
export const mediaType = (value) => value.replace("image/", "").replace("jpeg", "jpg").toUpperCase();

const KINDS = { upload: "Upload", generated: "Generated", reference: "Reference" };
const VISIBILITIES = { private: "Private", unlisted: "Unlisted", public: "Public" };

/** "Google" for google; a name that ends in `ai` ends in capitals: "OpenAI". */
export const providerName = (value) => value.replace(/^[a-z]/, (first) => first.toUpperCase()).replace(/ai$/, "AI");
export const kindName = (value) => KINDS[value] ?? value;
export const visibilityName = (value) => VISIBILITIES[value] ?? value;
