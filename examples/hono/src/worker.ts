import { app } from "./app.ts";
import { beginDailyImages } from "./daily.ts";
import { imageStore, type Settings } from "./image-store.ts";

/** The backend as a Worker; its cron trigger begins the daily images. */
export default {
  fetch: app.fetch,
  async scheduled(_: unknown, settings: Settings): Promise<void> {
    await beginDailyImages(imageStore(settings));
  },
};
