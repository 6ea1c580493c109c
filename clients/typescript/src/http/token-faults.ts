/** Says what is wrong with a value that cannot be a token, without showing it. */
export function tokenFault(value: unknown, source: string): string {
  if (source === "string") return "A key or token is one word of letters, digits and -._~+/, without quotation marks.";
  return `The function that returns the token returned ${kindOf(value)}.`;
}

function kindOf(value: unknown): string {
  if (typeof value === "object" && value !== null) return "an object: it has to return the text of the token in it";
  const text = typeof value === "string" ? value.trim() : "";
  if (text === "") return "none";
  if (text.startsWith("<")) return "a web page: is the address right from which it gets the token?";
  if (/^[{["]/.test(text)) return "JSON: it has to return only the token in it";
  return "a text that is no token: a token is one word of letters, digits and -._~+/";
}
