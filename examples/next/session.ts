/** Returns the id of the signed-in user. Replace it with your sign-in; here everybody is the same user. */
export async function currentUser(): Promise<string | null> {
  return "demo";
}
