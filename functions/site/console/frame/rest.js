// The other screens, and what they open. It comes when one of them is used.
export { showConnect } from "../connect/connect.js";
export { showFeed } from "../gallery/feed.js";
export { showGenerate } from "../generation/generate.js";
export { showJob } from "../generation/job.js";
export { showJobs } from "../generation/jobs.js";
export { showProviders } from "../generation/providers.js";
export { showKeys } from "../keys/keys.js";
export { showCleanup } from "../operations/cleanup.js";
export { showHealth } from "../operations/health.js";
export { showStatistics } from "../operations/statistics.js";
export { openShareDialog } from "../shares/share-dialog.js";
export { showShares } from "../shares/shares.js";
export { takeDropped, takeFiles } from "../uploads/taking.js";
export { showUpload } from "../uploads/upload.js";
export { showWebhooks } from "../webhooks/webhooks.js";
export { showNotFound } from "./not-found.js";
export { showWelcome } from "./welcome.js";
