import { useUpload } from "@image-store/client/react";
import { useState } from "react";
import { Problem } from "./problem";

/** Uploads images that are chosen, dropped or pasted, each with its progress. */
export function Uploads({ onStored }: { onStored: () => void }) {
  const [text, setText] = useState("");
  const { files, isDragging, cancel, retry, remove, ...props } = useUpload({ attributes: { alt_text: text || null }, onStored });
  return (
    <section aria-label="Upload" className={isDragging ? "card drop" : "card"} {...props.dropProps}>
      <label>What the next images show <input value={text} onChange={(event) => setText(event.target.value)} /></label>
      <label>Choose images, or drop them here <input {...props.inputProps} /></label>
      <p {...props.statusProps} />
      <ul>
        {files.filter(({ status }) => status !== "stored").map((upload) => (
          <li key={upload.id}>
            <progress {...props.progressProps(upload)} /> {upload.file.name} {upload.phase === "finishing" && "is processed … "}
            {upload.status === "uploading" && <button onClick={() => cancel(upload.id)}>Cancel</button>}
            {upload.canRetry && <button onClick={() => retry(upload.id)}>Try again</button>}
            <button aria-label={`Remove ${upload.file.name}`} onClick={() => remove(upload.id)}>Remove</button>
            <Problem error={upload.error} />
          </li>
        ))}
      </ul>
    </section>
  );
}
