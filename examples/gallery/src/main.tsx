import { createImageStore } from "@image-store/client";
import { ImageStoreProvider } from "@image-store/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Gallery } from "./gallery";
import { currentToken } from "./session";

const store = createImageStore({ url: import.meta.env.VITE_IMAGE_STORE_URL, token: currentToken });

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <ImageStoreProvider store={store}>
      <Gallery />
    </ImageStoreProvider>
  </StrictMode>,
);
