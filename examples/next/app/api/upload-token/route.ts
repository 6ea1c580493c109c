import { uploadTokenRoute } from "@image-store/client/upload-tokens";
import { imageStore } from "../../../image-store";
import { currentUser } from "../../../session";

export const POST = uploadTokenRoute(imageStore, {
  authorize: async () => {
    const user = await currentUser();
    return user === null ? null : { owner: user, max_images: 10, content_types: ["image/jpeg", "image/png"] };
  },
});
