"use client";

export { ImageStoreProvider, useImageStore } from "./provider";
export { errorMessage, type Failure } from "./failures";
export { useFeed, useImages, type ImageFilters, type ImageList, type ImageListOptions } from "./lists";
export { useGeneration, type GenerationOptions } from "./generation";
export { useShare } from "./shares";
export { useUpload, type UploadListOptions } from "./uploads";
export type { FileUpload } from "./queue";
export type { Counts, Describe } from "./announcements";
export { StoredImage, type StoredImageProps } from "./stored-image";
export type { AnyImage } from "./sources";
