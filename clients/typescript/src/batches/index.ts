export { createBatches, type BatchChanges, type BatchOptions, type BatchResult, type Batches } from "./batches";
