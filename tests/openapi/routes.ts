// What both runs of the generated clients share: where the API is, who calls, and pictures.
import { createHash } from "node:crypto";

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export const apiUrl = variable("API_URL");
export const ownerToken = variable("OWNER_TOKEN");
export const adminToken = variable("ADMIN_TOKEN");

/** A GIF of one pixel whose colour depends on a number, so that each has bytes of its own. */
export function pictureOf(number: number): Buffer<ArrayBuffer> {
  const data = Buffer.from("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==", "base64");
  data[13] = number;
  return data;
}

export const picture = pictureOf(1);

export function sha256(data: Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

/** One line for each answer, for the test to read. */
export function report(method: string, path: string, status: number): void {
  console.log(JSON.stringify({ method, path, status }));
}

/** Waits for a condition; a minute at most. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error("it took too long");
}
