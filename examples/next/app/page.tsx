import { imageLoader } from "@image-store/client/next";
import Image from "next/image";
import { imageStore } from "../image-store";
import { currentUser } from "../session";
import { BrowserUpload } from "./browser-upload";
import { ServerUpload } from "./server-upload";

export const dynamic = "force-dynamic";

export default async function Gallery() {
  const user = await currentUser();
  if (user === null) return <p>Sign in to see your images.</p>;
  const store = imageStore().as(user);
  const [{ items }, share] = await Promise.all([
    store.images.list({ limit: 20 }).page(),
    store.share({ all: true, name: "Gallery" }, { reuse: true }),
  ]);
  return (
    <main>
      <h1>Gallery</h1>
      <ServerUpload />
      <BrowserUpload url={store.url} />
      {items.map((image) => (
        <Image
          key={image.id}
          loader={imageLoader}
          src={`${share.url_prefix}/${image.id}`}
          width={640}
          height={Math.round((640 * image.height) / image.width)}
          alt={image.alt_text ?? ""}
        />
      ))}
    </main>
  );
}
