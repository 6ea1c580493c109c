// What went wrong, in plain words.

const SENTENCES = {
  payload_too_large: "This file is too large for the store.",
  image_too_large: "This picture has more pixels than the store accepts.",
  unsupported_media_type: "This is not a JPEG, PNG, GIF, WebP or AVIF picture. Other kinds are not accepted.",
  invalid_image: "This file is damaged, or it is not a picture.",
  content_type_mismatch: "This file is another kind of picture than its name says.",
  too_many_frames: "This animation has too many frames.",
  checksum_mismatch: "The file changed on its way to the store. Try it again.",
  duplicate_image: "This picture is already here.",
  quota_exceeded: "Your space in this store is used up. Delete some images, the trash included, and try again.",
  budget_exceeded: "The budget for generated images is used up.",
  upload_incomplete: "The file has not arrived yet. Try it again.",
  precondition_failed: "Somebody changed this image since you opened it.",
  storage_unavailable: "The storage does not answer at the moment. Try it again shortly.",
  deadline_exceeded: "The store did not finish in time. Try it again.",
  internal_error: "The store failed. Try it again; if it stays like this, tell whoever runs it.",
  admin_required: "This is for administrators of the store.",
};

const FAULTS_OF_FILES = new Set(["invalid_image", "content_type_mismatch", "too_many_frames"]);

/** An answer of the API that is not what was asked for, or no answer at all. */
export class ApiError extends Error {
  constructor({ status = 0, code = null, detail = null, faults = [], ...others }) {
    super(sentence(status, code, detail, faults));
    this.status = status;
    this.code = code;
    this.requestId = others.requestId ?? null;
    this.existingId = others.existingId ?? null;
    this.retryAfter = others.retryAfter ?? null; // seconds
  }

  /** Whether the store has no such route; a 404 of the gateway itself names no code. */
  get isNotDeployed() {
    return this.status === 404 && (this.code === "route_not_found" || this.code === null);
  }

  /** Whether the file itself is at fault, so that sending it again is in vain. */
  get isOfTheFile() {
    return this.status === 413 || this.status === 415 || FAULTS_OF_FILES.has(this.code);
  }

  /** Whether the same request may succeed later. */
  get mayPass() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

function sentence(status, code, detail, faults) {
  if (status === 0) return "The store cannot be reached. Check the connection and try again.";
  if (status === 401) return "Your session has ended. Sign in again.";
  if (code && SENTENCES[code]) return SENTENCES[code];
  const named = faults.map((fault) => `${fault.loc.slice(1).join(".") || fault.loc[0]}: ${fault.msg}`);
  if (detail) return [detail, ...named.slice(0, 3)].join(" ");
  if (status === 403) return "You may not do this.";
  if (status === 404) return "This store does not have this yet.";
  // This is the gateway's answer: the store's own has a code.
  if (status === 413) return "This is too large to send in one request.";
  if (status === 429) return "Too much at once. Wait a moment and try again.";
  return "The store failed. Try it again.";
}
