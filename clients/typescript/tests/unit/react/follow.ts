import { onTestFinished, vi } from "vitest";
import { createImageStore, type ImageStore } from "../../../src/index";
import type { Observable } from "../../../src/react/observable";
import { startServer, type Reply, type TestServer } from "../../server";

/** Connects to a server that gives these replies. */
export async function storeWith(...replies: Reply[]): Promise<{ store: ImageStore; server: TestServer }> {
  const server = await startServer(...replies);
  return { store: createImageStore({ url: server.url, token: "t", maxRetries: 0 }), server };
}

/** Follows a state as a component does in Strict Mode; the function ends that. */
export function follow(state: Observable<object>): () => void {
  state.subscribe(() => {})();
  const unfollow = state.subscribe(() => {});
  onTestFinished(unfollow);
  return unfollow;
}

/** Waits until a state is as described. */
export async function until<T extends object>(state: Observable<T>, isSo: (value: T) => boolean): Promise<T> {
  await vi.waitUntil(() => isSo(state.get()), { timeout: 5000, interval: 5 });
  return state.get();
}

/** Gives work that was started by mistake the time to show. */
export const aMoment = () => new Promise((resolve) => setTimeout(resolve, 30));
