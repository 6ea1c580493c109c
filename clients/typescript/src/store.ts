import type { Credentials } from "./http/credentials";
import { createTransport, type Connection, type Transport } from "./http/transport";
import { createImages, type Images } from "./images/images";
import { createUploads, type Uploads } from "./uploads";

/** Where the store is, how to call it, and who calls. */
export type ImageStoreOptions = Connection & Credentials;

/** An image store, as one caller sees it. */
export interface ImageStore extends Uploads {
  /** The address of the API. */
  readonly url: string;
  readonly images: Images;
  /** Returns the store as another owner sees it. The caller needs the scope `act-as`. */
  as(owner: string): ImageStore;
}

/** Connects to an image store. It sends no request. Throws TypeError if `url` is not an address. */
export function createImageStore(options: ImageStoreOptions): ImageStore {
  return storeOver(createTransport(options));
}

function storeOver(transport: Transport): ImageStore {
  return {
    url: transport.url,
    images: createImages(transport),
    ...createUploads(transport),
    as: (owner) => storeOver(transport.as(owner)),
  };
}
