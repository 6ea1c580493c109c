import { version, type ReactElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { createImageStore } from "../../../src/index";
import * as react from "../../../src/react";
import { card, feedCard, image, renditions } from "./images";

const { ImageStoreProvider, StoredImage } = react;
const store = createImageStore({ url: "https://store.example", token: "t" });
const SHARE = { url_prefix: "https://store.example/s/token" };

/** Renders as a server does; whatever warns or sends a request fails the test. */
function render(element: ReactElement): string {
  return renderToString(<ImageStoreProvider store={store}>{element}</ImageStoreProvider>);
}

test("the tests run with the React that they are told", () => {
  expect(version.split(".")[0]).toBe(process.env["REACT"] ?? "19");
});

test("a server renders every hook in its first state", () => {
  function Page() {
    const { images, isLoading } = react.useImages({ tag: "fox" });
    const feed = react.useFeed({}, { firstPage: { items: [feedCard()], next_cursor: null } });
    const upload = react.useUpload();
    const generation = react.useGeneration();
    const { share } = react.useShare({ all: true });
    return (
      <>
        <p>{JSON.stringify([images, isLoading, feed.images.length, feed.hasMore, share, generation.isRunning])}</p>
        <input {...upload.inputProps} />
        <p {...upload.statusProps} />
        <progress {...generation.progressProps} />
      </>
    );
  }

  const html = render(<Page />);

  expect(html).toContain("<p>[[],true,1,false,null,false]</p>");
  expect(html).toContain('accept="image/jpeg,image/png,image/gif,image/webp,image/avif"');
  expect(html).toContain('<p role="status"></p>');
  expect(html).toContain('aria-label="Images generated"');
});

test("a hook outside of a provider says what is missing", () => {
  function Page() {
    react.useImages();
    return null;
  }

  expect(() => renderToString(<Page />)).toThrow("<ImageStoreProvider>");
});

test("an image has its box, its colour and its alternative text before it has loaded", () => {
  const html = render(<StoredImage image={card()} share={SHARE} sizes="50vw" />);

  expect(html).toContain('width="1600" height="1200" alt="A fox in the snow"');
  expect(html).toContain("max-width:100%;height:auto;background:#8a7f70");
  expect(html).toContain('sizes="50vw"');
  expect(html).toContain('loading="lazy"');
  expect(html).toContain('src="https://store.example/s/token/img1/w2048"');
});

test("every image has an alternative text: the given one, its own, its title, or an empty one", () => {
  const titled = image({ alt_text: null });
  const nameless = card({ alt_text: null });

  const html = [
    <StoredImage image={card()} alt="" />,
    <StoredImage image={titled} />,
    <StoredImage image={nameless} />,
    <StoredImage image="img1" share={SHARE} />,
  ].map(render);

  expect(html.map((each) => /alt="[^"]*"/.exec(each)?.[0])).toEqual(['alt=""', 'alt="Fox"', 'alt=""', 'alt=""']);
});

test("one side decides the other", () => {
  const html = [
    render(<StoredImage image={card()} share={SHARE} width={400} />),
    render(<StoredImage image={card()} share={SHARE} height={300} />),
    render(<StoredImage image={card()} share={SHARE} width={10} height={20} />),
  ];

  expect(html.map((each) => /width="\d+" height="\d+"/.exec(each)?.[0])).toEqual([
    'width="400" height="300"',
    'width="400" height="300"',
    'width="10" height="20"',
  ]);
});

test("the size of an image with a class is left to its style sheet", () => {
  expect(render(<StoredImage image={card()} className="tile" />)).not.toContain("max-width");
});

test("an image waits for its share, and needs no provider with one", () => {
  const waiting = render(<StoredImage image={image()} share={null} />);
  const shared = renderToString(<StoredImage image="img1" share={SHARE.url_prefix} />);

  expect(waiting).toContain("background:#8a7f70");
  expect(waiting).toContain('width="1600" height="1200"');
  expect(waiting).not.toContain("https://storage.example");
  expect(waiting).not.toContain("srcSet");
  expect(shared).toContain('src="https://store.example/s/token/img1/w2048"');
});

test("a private image without a share is shown by its links", () => {
  const html = render(<StoredImage image={card({ renditions })} />);

  expect(html).toContain('srcSet="https://storage.example/display?');
  expect(html).toContain(' 1600w"');
});
