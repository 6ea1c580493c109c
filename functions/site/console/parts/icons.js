// The icons: strokes on a grid of 24, drawn in the colour of the text beside them.
import { s } from "./dom.js";

const PATHS = {
  images: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 9.5h.01",
  feed:
    "M3.5 12a8.5 8.5 0 1 0 17 0 8.5 8.5 0 1 0-17 0zM3.5 12h17M12 3.5c2.5 2.5 3.5 5.5 3.5 8.5s-1 6-3.5 " +
    "8.5c-2.5-2.5-3.5-5.5-3.5-8.5s1-6 3.5-8.5z",
  upload: "M12 16V4.5M7.5 9 12 4.5 16.5 9M4.5 15.5V19h15v-3.5",
  compare: "M12 3.5v17M9 6.5H4v11h5M15 6.5h5v11h-5",
  download: "M12 4.5V16M7.5 11.5 12 16l4.5-4.5M4.5 17v2.5h15V17",
  generate: "M12 3.5 13.8 10 20.5 12l-6.7 2L12 20.5 10.2 14 3.5 12l6.7-2zM19 4v3M20.5 5.5h-3",
  jobs: "M8 6.5h12M8 12h12M8 17.5h12M4 6.5h.01M4 12h.01M4 17.5h.01",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 11v5M13.5 11v5",
  stats: "M4.5 20V11M12 20V4.5M19.5 20v-6",
  providers: "M4 7.5 12 3.5l8 4-8 4zM4 12l8 4 8-4M4 16.5l8 4 8-4",
  cleanup: "M14 4 10.5 13M7 13h8l2 7.5H5zM9 20.5V18M13 20.5V18",
  health: "M3.5 12.5h4l2-6 4 11 2.5-7 1.5 2h3",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 20 20",
  filter: "M4 6.5h16M7 12h10M10 17.5h4",
  close: "M6 6l12 12M18 6 6 18",
  back: "M14.5 5.5 8 12l6.5 6.5",
  forward: "M9.5 5.5 16 12l-6.5 6.5",
  edit: "M5 19l.8-4L16 4.8l3.2 3.2L9 18.2zM14 7l3 3",
  link:
    "M10 14a4 4 0 0 0 6 .3l2.5-2.5a4 4 0 0 0-5.7-5.7L11.5 7.5M14 10a4 4 0 0 0-6-.3l-2.5 2.5a4 4 0 0 0 " +
    "5.7 5.7l1.3-1.3",
  copy: "M8.5 8.5V4.5h11v11h-4M4.5 8.5h11v11h-11z",
  tag: "M4 4.5h7.5l8.5 8.5-7.5 7-8.5-8.5zM8 8.5h.01",
  bell: "M4.5 17.5h15L18 15v-4.5a6 6 0 0 0-12 0V15zM10 20.5h4",
  plug: "M9 3.5V8M15 3.5V8M6 8h12v3.5a6 6 0 0 1-12 0zM12 17.5v3",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  check: "M5 12.5 10 17.5 19.5 7",
  alert: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  user: "M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c1-3.5 4-5 7.5-5s6.5 1.5 7.5 5",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  sun:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3l1.8 1.8M16.9 " +
    "16.9l1.8 1.8M5.3 18.7l1.8-1.8M16.9 7.1l1.8-1.8",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  auto: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 3.5v17",
  album: "M6.5 7.5h13v12h-13zM4 16V4.5h12M6.5 16.5l3.5-3.5 3 3 2.5-2.5 4 4",
  tag: "M4 4.5h7.5l8.5 8.5-7 7L4 11.5zM8 8.5h.01",
  group: "M3.5 7h6l2 2.5h9V19h-17z",
  play: "M8 5v14l11-7z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.5M12 7.7h.01",
  restore: "M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.5V9H9M12 8v4.5l3 1.5",
  leave: "M14 4.5H5v15h9M10 12h10.5M17 8.5 20.5 12 17 15.5",
};

/** An icon, hidden from screen readers: whatever it stands beside has words. */
export function icon(name) {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("path", { d: PATHS[name] }),
  );
}
