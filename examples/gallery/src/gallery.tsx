import { StoredImage, useImages, useShare } from "@image-store/client/react";
import { Generation } from "./generation";
import { Problem } from "./problem";
import { Uploads } from "./uploads";

/** The images of the signed-in user. They are private: one share shows all of them, in every size. */
export function Gallery() {
  const { share, error: shareError } = useShare({ all: true });
  const { images, isLoading, error, hasMore, loadMore, refresh } = useImages({ limit: 24 });
  return (
    <>
      <h1>Gallery</h1>
      <Uploads onStored={refresh} />
      <Generation onEnd={refresh} />
      <Problem error={error ?? shareError} />
      {error && <button onClick={loadMore}>Load again</button>}
      <ul className="images" aria-label="Your images" aria-busy={isLoading}>
        {images.map((image) => (
          <li key={image.id}>
            <StoredImage image={image} share={share} className="image" />
          </li>
        ))}
      </ul>
      {hasMore && !error && <button disabled={isLoading} onClick={loadMore}>More images</button>}
    </>
  );
}
