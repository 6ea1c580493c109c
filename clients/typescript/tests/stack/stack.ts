// The running store that the tests of this folder use; tests/e2e/test_typescript_client.py names it.

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export const apiUrl = variable("API_URL");
export const ownerToken = variable("OWNER_TOKEN");
export const adminToken = variable("ADMIN_TOKEN");

/** A GIF of one pixel. */
const GIF = Buffer.from("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==", "base64");
const COLOUR_AT = 13;
const PICTURE_AT = 19;

/** A GIF whose colour depends on a number, so that each has bytes of its own. */
export function pictureOf(number: number): Blob {
  const data = Buffer.from(GIF);
  data[COLOUR_AT] = number;
  return new Blob([data], { type: "image/gif" });
}

/** A GIF of about 4.1 MB: more than one request takes. A long comment makes it large. */
export function largePicture(): Blob {
  const line = Buffer.alloc(256, "x");
  line[0] = 255; // the bytes of the line
  const comment = [Buffer.from([0x21, 0xfe]), ...Array.from({ length: 16_000 }, () => line), Buffer.from([0])];
  return new Blob([GIF.subarray(0, PICTURE_AT), ...comment, GIF.subarray(PICTURE_AT)], { type: "image/gif" });
}
