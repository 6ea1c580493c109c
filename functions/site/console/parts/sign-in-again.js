// Sign in again from a message, and stay where one is.
import { signInAgain } from "../frame/auth.js";
import { notify } from "./notices.js";

/** Begin; says so when that is not possible. */
export const begin = () => signInAgain().catch((error) => notify(error.message, { isProblem: true }));
