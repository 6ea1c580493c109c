// Requests with the token of who is signed in.
import { accessToken, freshToken, mayCallAgain } from "../frame/auth.js";

/** The header that says who calls; none for strangers. A token that has run out is renewed first. */
export const authorization = async () => headerOf(await freshToken());

/** `fetch` with that header. If the store refuses the token, it is renewed, and the request is sent once more. */
export async function authorized(address, { headers = {}, ...request } = {}) {
  const send = (token) => fetch(address, { ...request, headers: { ...headerOf(token), ...headers } });
  const token = await freshToken();
  const answer = await send(token);
  return answer.status === 401 && (await mayCallAgain(token)) ? send(accessToken()) : answer;
}

const headerOf = (token) => (token ? { Authorization: `Bearer ${token}` } : {});
