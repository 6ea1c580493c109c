import { useMemo } from "react";
import type { Share, ShareRequest } from "../delivery/shares";
import type { ImageStore } from "../store";
import { failureOf, type Failure } from "./failures";
import { createObservable, useObservable } from "./observable";
import { useImageStore } from "./provider";

const RENEWAL_MS = 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Creates a share for the images of a page, at each load of the page, and a new one a minute before it ends.
 *
 * `share` is null until there is one; `<StoredImage share={null}>` shows its placeholder. A share is not revoked when
 * the component goes: it ends by itself, by default after an hour.
 */
export function useShare(request: ShareRequest): { share: Share | null; error: Failure | undefined } {
  const store = useImageStore();
  return useObservable(useMemo(() => createRenewedShare(store, request), [store, JSON.stringify(request)]));
}

export function createRenewedShare(store: ImageStore, request: ShareRequest) {
  let renewsAt = 0;
  const renewed = createObservable({ share: null as Share | null, error: undefined as Failure | undefined }, () => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout>;

    function schedule() {
      timer = setTimeout(() => void renew(), Math.min(renewsAt - Date.now(), LONGEST_TIMER_MS));
    }

    async function renew() {
      try {
        const share = await store.share(request, { signal: controller.signal });
        // The clock of a browser may be wrong, so only its passing counts.
        const lifetime = Date.parse(share.expires_at) - Date.parse(share.created_at);
        renewsAt = Date.now() + Math.max(lifetime - RENEWAL_MS, lifetime / 2);
        renewed.set({ share, error: undefined });
      } catch (error) {
        if (controller.signal.aborted) return;
        renewed.set({ error: failureOf(error) });
        if (!renewed.get().share) return;
        renewsAt = Date.now() + RENEWAL_MS;
      }
      schedule();
    }

    schedule();
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  });
  return renewed;
}
