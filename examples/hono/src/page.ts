import type { Card, Share } from "@image-store/client";
import { html } from "hono/html";

/** The gallery as a page. Its images come from the store, and not through this backend. */
export function galleryPage(images: Card[], share: Share) {
  return html`<!doctype html>
    <html lang="en">
      <meta name="viewport" content="width=device-width">
      <title>Gallery</title>
      <style>
        :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
        img { height: auto; margin: 0.25rem; width: min(20rem, 100%); }
      </style>
      <h1>Gallery</h1>
      <form method="post" action="/images" enctype="multipart/form-data">
        <label>Image <input type="file" name="file" accept="image/*" required></label>
        <label>What does it show? <input name="alt_text"></label>
        <button>Upload</button>
      </form>
      ${images.map(
        (image) => html`<img src="${share.src(image, "w640")}" srcset="${share.srcset(image)}" sizes="20rem"
          width="${image.width}" height="${image.height}" alt="${image.alt_text ?? ""}" loading="lazy">`,
      )}
    </html>`;
}
