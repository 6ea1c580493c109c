"use server";

import { ImageStoreError } from "@image-store/client";
import { revalidatePath } from "next/cache";
import { imageStore } from "../image-store";
import { currentUser } from "../session";

/** Stores the file of a form for the signed-in user. Returns why it failed, or null. */
export async function uploadFile(_: string | null, form: FormData): Promise<string | null> {
  const user = await currentUser();
  const file = form.get("file");
  if (user === null || !(file instanceof File)) return "Sign in and choose an image.";
  try {
    await imageStore().as(user).upload(file, { alt_text: String(form.get("alt_text")) || null });
  } catch (error) {
    if (error instanceof ImageStoreError) return error.detail;
    throw error;
  }
  revalidatePath("/");
  return null;
}
