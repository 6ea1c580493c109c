import { useGeneration } from "@image-store/client/react";
import { Problem } from "./problem";

/** Generates two images from a prompt, and shows how far they are. */
export function Generation({ onEnd }: { onEnd: () => void }) {
  const { job, start, cancel, isRunning, error, progressProps, statusProps } = useGeneration();
  return (
    <form
      className="card"
      action={async (form) => {
        await start({ items: [{ prompt: String(form.get("prompt")), n: 2 }] });
        onEnd();
      }}
    >
      <label>Describe an image <input name="prompt" required maxLength={2000} /></label>
      {isRunning ? <button type="button" onClick={cancel}>Cancel</button> : <button>Generate</button>}
      {isRunning && <progress {...progressProps} />}
      <p {...statusProps} />
      <Problem error={error ?? job?.items.find((item) => item.error)?.error?.detail} />
    </form>
  );
}
