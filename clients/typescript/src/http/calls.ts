import type { paths } from "../api/schema";
import { ImageStoreError } from "./errors";
import type { Method, QueryValue, RequestOptions, Transport } from "./transport";

/** The operation of a route in the API document. */
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][Lowercase<M> & keyof paths[P]]>;

/** The paths that answer a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: [Operation<P, M>] extends [never] ? never : P;
}[keyof paths];

type ParameterOf<O, K extends "path" | "query"> = O extends { parameters: { [Key in K]?: infer T } }
  ? NonNullable<T>
  : never;

type JsonBodyOf<O> = O extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { "application/json": infer T } }
    ? T
    : never
  : never;

type Succeeded<O> = O extends { responses: infer R } ? R[keyof R & (200 | 201 | 202)] : never;

/** The JSON of a successful answer; undefined for a route that answers 204. */
export type AnswerOf<M extends Method, P extends PathOf<M>> = [Succeeded<Operation<P, M>>] extends [never]
  ? undefined
  : Succeeded<Operation<P, M>> extends infer R
    ? R extends { content: { "application/json": infer T } }
      ? T
      : never
    : never;

/** Lets callers pass undefined for what they leave out. */
type Loose<T> = { [K in keyof T]: T[K] | undefined };

/** The query of a route. */
export type QueryOf<M extends Method, P extends PathOf<M>> = Loose<ParameterOf<Operation<P, M>, "query">>;

type PathPart<O> = [ParameterOf<O, "path">] extends [never] ? { path?: never } : { path: ParameterOf<O, "path"> };
type BodyPart<O> = [JsonBodyOf<O>] extends [never]
  ? { json?: never }
  : O extends { requestBody: unknown }
    ? { json: Loose<JsonBodyOf<O>> }
    : { json?: Loose<JsonBodyOf<O>> };

/** What a call of a route needs; the compiler compares it with the API document. */
export type CallOptions<M extends Method, P extends PathOf<M>> = PathPart<Operation<P, M>> &
  BodyPart<Operation<P, M>> & { query?: QueryOf<M, P> | undefined } & Pick<
    RequestOptions,
    "headers" | "idempotencyKey" | "signal" | "isRepeatable"
  >;

/** Calls a route of the API document and returns the JSON of its answer. */
export async function call<M extends Method, P extends PathOf<M>>(
  transport: Transport,
  method: M,
  path: P,
  options: CallOptions<M, P>,
): Promise<AnswerOf<M, P>> {
  const { path: values, query, ...rest } = options;
  const answer = await transport.request<AnswerOf<M, P>>(method, pathOf(path, values), {
    ...rest,
    query: query as Record<string, QueryValue> | undefined,
  });
  return answer.data;
}

/** Puts encoded values into a path such as `/v1/images/{image_id}`. Throws `invalid_request` for what cannot be an id. */
export function pathOf(path: string, values: Record<string, string> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    // `fetch` resolves these segments, so the request would go to another route.
    if (["", ".", ".."].includes(value)) throw new ImageStoreError("invalid_request", `"${value}" is not an id.`);
    return encodeURIComponent(value);
  });
}
