export { uploadTokenRoute, type UploadPermission, type UploadTokenRouteOptions } from "./route";
export { uploadTokenFrom } from "./source";
