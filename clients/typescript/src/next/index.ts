export { imageLoader, imageLoaderFor, type ImageLoaderInput } from "./image-loader";
export { uploadTokenRoute, type UploadPermission, type UploadTokenRouteOptions } from "./upload-token-route";
export { uploadTokenFrom } from "./upload-token-source";
