/** Returns a new idempotency key. `crypto.randomUUID` would need a page that came over https. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}
