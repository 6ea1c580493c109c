export { createImageStore, type ImageStore, type ImageStoreOptions } from "./store";
export { ImageStoreError, type ErrorCode, type RequestFault } from "./http/errors";
export type { TokenSource } from "./http/credentials";
export type { Page, Pages } from "./images/pages";
export type { Images, ListFilters, SignalOption } from "./images/images";
export type * from "./api/types";
export type {
  UploadAttributes,
  UploadManyOptions,
  UploadManyProgress,
  UploadManyResult,
  UploadOptions,
  UploadPhase,
  UploadProgress,
  UploadSource,
  UploadState,
  Uploads,
} from "./uploads";
