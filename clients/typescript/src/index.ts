export { createImageStore, type ImageStore, type ImageStoreOptions } from "./store";
export { ImageStoreError, type ClientErrorCode, type ErrorCode, type RequestFault } from "./http/errors";
export { src, srcset, type ImageReference, type ShareReference } from "./delivery/addresses";
export type { TokenSource } from "./http/credentials";
export type { SignalOption } from "./http/transport";
export type { Page, Pages } from "./images/pages";
export type { FeedFilters, ImageChanges, Images, ListFilters, SearchFilters } from "./images/images";
export type { Share, ShareOptions, ShareRequest, Shares, ShareTarget } from "./delivery/shares";
export type { CreateJobOptions, FinishedJob, GenerateOptions, Jobs } from "./generation/jobs";
export type { EventFilters, EventPage, Events } from "./events/events";
export type { Keys, UploadTokens } from "./administration/callers";
export type { Providers } from "./administration/providers";
export type { Admin } from "./administration/admin";
export type * from "./api/types";
export type {
  ImageOfUpload,
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
