// What one part of the console tells the others: an image was added, changed or removed; the session ended.

const bus = new EventTarget();

export const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

export function listen(name, handler, signal) {
  bus.addEventListener(name, (event) => handler(event.detail), { signal });
}
