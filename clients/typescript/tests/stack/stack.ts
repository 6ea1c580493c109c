// The running store that the tests of this folder use; tests/e2e/test_typescript_client.py names it.

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export const apiUrl = variable("API_URL");
export const ownerToken = variable("OWNER_TOKEN");
export const adminToken = variable("ADMIN_TOKEN");

/** A GIF of one pixel whose colour depends on a number, so that each has bytes of its own. */
export function pictureOf(number: number): Blob {
  const data = Buffer.from("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==", "base64");
  data[13] = number;
  return new Blob([data], { type: "image/gif" });
}
