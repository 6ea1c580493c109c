let token = "";

/** Returns a token of the signed-in user. Replace it with your sign-in, such as `getToken` of Clerk. */
export async function currentToken({ refresh }: { refresh: boolean }): Promise<string> {
  if (refresh || token === "") {
    const answer = await fetch("/sign-in");
    if (!answer.ok) throw new Error("Sign in again.");
    token = await answer.text();
  }
  return token;
}
