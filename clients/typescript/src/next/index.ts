export { imageLoader, imageLoaderFor, type ImageLoaderInput } from "./image-loader";
