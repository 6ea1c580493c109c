// The network as the browser knows it.

/** Whether it is slow, or counted: then nothing is loaded that nobody has looked at yet. */
export function isThrifty() {
  const connection = navigator.connection;
  return Boolean(connection?.saveData) || (connection?.effectiveType ?? "4g") !== "4g";
}
