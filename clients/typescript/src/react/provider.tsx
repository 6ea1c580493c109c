import { createContext, useContext, type ReactNode } from "react";
import type { ImageStore } from "../store";

export const StoreContext = createContext<ImageStore | undefined>(undefined);

/** Gives the components inside an image store. Make the store once, outside of components. */
export function ImageStoreProvider({ store, children }: { store: ImageStore; children?: ReactNode }) {
  return <StoreContext.Provider value={store}>{children}</StoreContext.Provider>;
}

/** Returns the image store of the nearest `ImageStoreProvider`. Throws an Error without one. */
export function useImageStore(): ImageStore {
  const store = useContext(StoreContext);
  if (!store) throw new Error("Put this component inside an <ImageStoreProvider>.");
  return store;
}
