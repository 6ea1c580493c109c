"use client";

import { useActionState } from "react";
import { uploadFile } from "./actions";

/** Sends an image through the server. */
export function ServerUpload() {
  const [problem, upload, isPending] = useActionState(uploadFile, null);
  return (
    <form action={upload}>
      <input type="file" name="file" accept="image/*" aria-label="Image" required />
      <input name="alt_text" placeholder="What does it show?" aria-label="What does it show?" />
      <button disabled={isPending}>Upload</button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}
