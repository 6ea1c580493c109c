import { useEffect, useRef, useSyncExternalStore, type RefObject } from "react";

/** A state that components follow. */
export interface Observable<State> {
  get(): State;
  set(changes: Partial<State>): void;
  subscribe(listener: () => void): () => void;
}

/**
 * Makes a state whose work runs only while a component follows it: `start` begins the work, what it returns ends it.
 *
 * Strict Mode unsubscribes and subscribes again at once. The work is settled after that, so it starts only once: no
 * request is sent twice, and none is left running.
 */
export function createObservable<State extends object>(state: State, start: () => () => void): Observable<State> {
  const listeners = new Set<() => void>();
  let stop: (() => void) | undefined;

  function settle() {
    if (listeners.size > 0) stop ??= start();
    else {
      stop?.();
      stop = undefined;
    }
  }

  return {
    get: () => state,
    set(changes) {
      state = { ...state, ...changes };
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      queueMicrotask(settle);
      return () => {
        listeners.delete(listener);
        queueMicrotask(settle);
      };
    },
  };
}

/** Follows a state. A server renders its first value. */
export const useObservable = <State>({ subscribe, get }: Observable<State>): State =>
  useSyncExternalStore(subscribe, get, get);

/** Returns a reference to the value of the last render, for what runs between two renders. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
