import { beginDailyImages } from "./daily.ts";
import { imageStore, type Settings } from "./image-store.ts";

for (const job of await beginDailyImages(imageStore(process.env as Settings))) console.log(job.id, job.status);
