import type { SignalOption } from "../http/transport";
import type { ReusableShare, ReusableShares, Share } from "./shares";

/** More would only be kept for callers who may not come back. */
const MAX_SHARES = 1000;
/** A platform that cancels a request, such as Workers, may leave its promises pending for ever. */
const MAX_CREATION_MS = 60_000;

/** Returns the share of a key while at least half of its life is left, or makes one. Calls at the same time make one. */
export function reuseShare(
  reusable: ReusableShares,
  key: string,
  create: (options: SignalOption) => Promise<Share>,
): Promise<Share> {
  const known = reusable.get(key);
  if (known && Date.now() < known.until) return known.share;
  const begun = Date.now();
  // Other callers wait for it too, so no signal of one of them ends it.
  const entry: ReusableShare = { share: create({}), id: undefined, until: begun + MAX_CREATION_MS };
  entry.share.then(
    ({ id, created_at, expires_at }) => {
      entry.id = id;
      // The clock here may be wrong, so only its passing counts.
      entry.until = begun + (Date.parse(expires_at) - Date.parse(created_at)) / 2;
    },
    () => {
      if (reusable.get(key) === entry) reusable.delete(key);
    },
  );
  reusable.delete(key); // so that the new one is the youngest
  reusable.set(key, entry);
  for (const oldest of reusable.keys()) {
    if (reusable.size <= MAX_SHARES) break;
    reusable.delete(oldest);
  }
  return entry.share;
}
