import type { ImageStore, Job } from "@image-store/client";
import { usersWithDailyImage } from "./session.ts";

/** Begins an image for each user. Run it again on the same day, and it begins no second one. */
export async function beginDailyImages(store: ImageStore): Promise<Job[]> {
  const day = new Date().toISOString().slice(0, 10);
  const request = { items: [{ prompt: `The sea on ${day}, as a woodcut`, tags: ["daily"] }] };
  const users = await usersWithDailyImage();
  return Promise.all(users.map((user) => store.as(user).jobs.create(request, { idempotencyKey: `daily-${day}` })));
}
