"use client";

import { createImageStore } from "@image-store/client";
import { ImageStoreProvider, useUpload } from "@image-store/client/react";
import { uploadTokenFrom } from "@image-store/client/upload-tokens";
import { useRouter } from "next/navigation";
import { useState } from "react";

/** Sends images from the browser to the store, with a token of our route. */
export function BrowserUpload({ url }: { url: string }) {
  const [store] = useState(() => createImageStore({ url, uploadToken: uploadTokenFrom("/api/upload-token") }));
  return (
    <ImageStoreProvider store={store}>
      <UploadList />
    </ImageStoreProvider>
  );
}

function UploadList() {
  const router = useRouter();
  const { files, inputProps, progressProps, statusProps } = useUpload({ onStored: () => router.refresh() });
  return (
    <>
      <label>
        Upload from the browser <input {...inputProps} />
      </label>
      <p {...statusProps} />
      {files.map((upload) => (
        <p key={upload.id}>
          {upload.error ? String(upload.error) : <progress {...progressProps(upload)} />}
        </p>
      ))}
    </>
  );
}
