/** The types of the API document, under the names that the document gives them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Card = Schemas["Card"];
export type FeedCard = Schemas["FeedCard"];
export type Image = Schemas["Image"];
export type ImageAttributes = Schemas["ImageAttributes"];
export type ImagePatch = Schemas["ImagePatch"];
export type ImageRendition = Schemas["ImageRendition"];
export type Kind = Schemas["Kind"];
export type MediaType = Schemas["MediaType"];
export type Visibility = Schemas["Visibility"];
export type OnDuplicate = Schemas["OnDuplicate"];
export type UploadToken = Schemas["UploadToken"];
export type UploadTokenRequest = Schemas["UploadTokenRequest"];
