/** Returns the id of the signed-in user. Replace it with your sign-in; here everybody is the same user. */
export async function currentUser(_: Request): Promise<string | null> {
  return "demo";
}

/** Returns the users who get an image each day. Replace it with a query of your own. */
export async function usersWithDailyImage(): Promise<string[]> {
  return ["demo"];
}
