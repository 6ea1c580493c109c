import { useState, type ChangeEvent, type ClipboardEvent, type DragEvent, type SyntheticEvent } from "react";
import { statusProps, type Describe } from "./announcements";
import { useLatest, useObservable } from "./observable";
import { ACCEPTED } from "../uploads/media";
import { useImageStore } from "./provider";
import { createQueue, type FileUpload, type QueueOptions } from "./queue";

export interface UploadListOptions extends QueueOptions {
  /** Writes the sentence for screen readers. Default: in English. */
  describe?: Describe | undefined;
}

/**
 * Uploads files from an input, a drop or the clipboard; five at once, each with its own progress.
 *
 * A failed or cancelled upload can be retried, and stores no second image. When the component goes, the uploads that are
 * not finished are cancelled.
 */
export function useUpload(options: UploadListOptions = {}) {
  const latest = useLatest({ ...options, store: useImageStore() });
  const [{ add, cancel, retry, remove, ...queue }] = useState(() => createQueue(() => latest.current));
  const { files } = useObservable(queue);
  const [isDragging, setDragging] = useState(false);
  const count = (status: FileUpload["status"]) => files.filter((upload) => upload.status === status).length;

  function take(event: SyntheticEvent, { files }: DataTransfer) {
    setDragging(false);
    if (!files.length) return; // text
    event.preventDefault();
    add(files);
  }

  return {
    files,
    isUploading: count("uploading") > 0,
    /** Whether files are held over the element with `dropProps`. */
    isDragging,
    add,
    /** Ends an upload. Nothing of it stays in the store, unless it was stored before the store knew. */
    cancel,
    /** Sends a file again if it `canRetry`. */
    retry,
    /** Takes a file off the list. One that is not stored yet is cancelled; a stored image stays. */
    remove,
    /** For `<input>`. Give it a label. */
    inputProps: {
      type: "file" as const,
      multiple: true,
      accept: (options.accept ?? ACCEPTED.map(([, type]) => type)).join(),
      onChange: ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
        add(currentTarget.files ?? []);
        currentTarget.value = ""; // so that the same file can be chosen again
      },
    },
    /** For the element that takes dropped files, and pasted ones while the focus is inside. */
    dropProps: {
      onDragOver: (event: DragEvent) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setDragging(true);
      },
      onDragLeave: ({ currentTarget, relatedTarget }: DragEvent) => {
        if (!currentTarget.contains(relatedTarget as Node | null)) setDragging(false);
      },
      onDrop: (event: DragEvent) => take(event, event.dataTransfer),
      onPaste: (event: ClipboardEvent) => take(event, event.clipboardData),
    },
    /** For the `<progress>` of a file. */
    progressProps: ({ file, progress }: FileUpload) => ({ value: progress, max: 1, "aria-label": file.name }),
    /** For an element that tells screen readers how far the uploads are, such as `<p>`. */
    statusProps: statusProps(
      { total: files.length, done: count("stored"), failed: count("failed") },
      options.describe,
    ),
  };
}
