import { StrictMode, useState } from "react";
import { ImageStoreProvider } from "@image-store/client/react";
import { Album } from "./album";
import { Gallery } from "./gallery";
import { Generate } from "./generate";
import { store } from "./store";
import { Upload } from "./upload";

/** The components of docs/react.md on one page; the address says which of them. */
export function Page({ part }: { part: string }) {
  const [isShown, setShown] = useState(true);
  return (
    <StrictMode>
      <ImageStoreProvider store={store}>
        <main>
          <h1>Images</h1>
          <button onClick={() => setShown(!isShown)}>{isShown ? "Hide" : "Show"}</button>
          {isShown && part === "album" && <Album name="summer" />}
          {isShown && part === "gallery" && <Gallery />}
          {isShown && part === "upload" && <Upload />}
          {isShown && part === "generate" && <Generate prompt="A red fox in the snow" />}
        </main>
      </ImageStoreProvider>
    </StrictMode>
  );
}
