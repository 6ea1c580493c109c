// Share images, a group or everything: what, for how long, in which sizes; then the result, to copy.
import { settings } from "../frame/settings.js";
import { getImage, listImages } from "../parts/api.js";
import { fill, h, unique } from "../parts/dom.js";
import { dropDraft, kept } from "../parts/drafts.js";
import { each } from "../parts/each.js";
import { field } from "../parts/fields.js";
import { atMoment, count, plural } from "../parts/format.js";
import { onSubmit } from "../parts/forms.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach } from "../parts/notices.js";
import { addToGroup, createAlbum } from "./album.js";
import { copyPanel } from "./copy-panel.js";
import { shareFields, shareRequest } from "./share-fields.js";
import { codeOfPublished, codeOfShared, createShare, isPublished } from "./sharing.js";

const MOST_LINKS = 100; // images of which one result has the links
const MOST_SHARES = 20; // of a selection, so that it cannot use up the shares that an owner may have

/**
 * Ask how to share, and share. One of `images` (cards, or whole images), `group` (`type:id`, with its `title` if it has
 * one) and `all`. Resolves when the dialog is closed.
 */
export function openShareDialog({ images = null, group = null, title = null, all = false }) {
  return open((show) => {
    const target = targetOf({ images, group, title, all });
    show(`Share ${target.words}`, [
      images?.length && images.every(isPublished) ? published(images) : null,
      form(target, show),
    ]);
  });
}

/** What a share gives, to copy again. */
export function openShareCopies(share) {
  return open(async (show) => {
    show("Copy", h("p", { class: "fine" }, "Loading …"));
    const images = share.image_id ? [(await getImage(share.image_id)).image] : null;
    await showResult(show, share, images);
  });
}

function open(draw) {
  return new Promise((resolve) => {
    const id = unique("share");
    const heading = h("h2", { id, tabindex: "-1" });
    const body = h("div", { class: "stack" });
    const dialog = h(
      "dialog",
      {
        class: "dialog share-dialog",
        "aria-labelledby": id,
        onclose: () => {
          dialog.remove();
          keepNoticesInReach();
          resolve();
        },
        // Keys of the screen below, of the image view for example, are not meant here.
        onkeydown: (event) => event.stopPropagation(),
      },
      h(
        "div",
        { class: "share-head" },
        heading,
        h(
          "button",
          { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => dialog.close() },
          icon("close"),
        ),
      ),
      body,
    );
    const show = (title, ...content) => {
      heading.textContent = title;
      fill(body, content);
      if (dialog.open) heading.focus();
    };
    const fail = (error) => show("It did not work", h("p", { role: "alert" }, error.message));
    Promise.resolve(draw(show)).catch(fail);
    document.body.append(dialog);
    dialog.showModal();
    keepNoticesInReach();
  });
}

/** What is shared: in words, and as the API takes it; of several images it is decided in the form. */
function targetOf({ images, group, title, all }) {
  if (all)
    return {
      words: "all your images",
      draft: "all",
      about: "Images that come later are shared too.",
      json: { all: true },
    };
  if (group)
    return {
      words: title ? `“${title}”` : group,
      draft: group,
      about: "Images that join it later are shared too.",
      json: { group },
      name: title ?? "",
    };
  if (images.length === 1)
    return {
      words: `“${nameOf(images[0])}”`,
      draft: images[0].id,
      images,
      json: { image_id: images[0].id },
      name: images[0].title ?? "",
    };
  return { words: plural(images.length, "image"), draft: "selection", images, isSelection: true, made: new Map() };
}

const nameOf = (image) => image.title || image.filename || "Image without a name";

/** Published images have links already; these need no share. */
function published(images) {
  const place = h("div", {});
  const some = images.slice(0, MOST_LINKS);
  const show = async () =>
    fill(
      place,
      copyPanel((await each(some, whole)).map(codeOfPublished), {
        about:
          images.length > 1
            ? "These images are published. Their links work for everybody until they are private again."
            : "This image is published. Its link works for everybody until it is private again.",
      }),
    );
  show().catch((error) => fill(place, h("p", { role: "alert" }, error.message)));
  return [place, h("h3", {}, "Or a share that ends by itself")];
}

/** The image with its link and its title, which cards do not have. */
const whole = async (image) => ("public_url" in image ? image : (await getImage(image.id)).image);

function form(target, show) {
  const draft = `share.${target.draft}`;
  const problem = h("p", { class: "form-problem", role: "alert" });
  const create = async (sent) => {
    const request = shareRequest(sent);
    if (target.isSelection) await shareSelection(target, request, { sent, show });
    else await showResult(show, await createShare({ ...target.json, ...request }), target.images);
    dropDraft(draft);
  };
  const element = h(
    "form",
    { class: "stack", onsubmit: onSubmit(create, (text) => (problem.textContent = text)) },
    h("p", { class: "fine" }, "Whoever has a link of the share sees its images, without signing in. ", target.about),
    target.isSelection && selectionFields(target.images),
    shareFields({ name: target.name }),
    problem,
    h("p", {}, h("button", { type: "submit", class: "button is-main" }, "Create share")),
  );
  kept(element, draft);
  return element;
}

/** A share is of one image or of a group: a selection becomes an album, or each image gets a share. */
function selectionFields(images) {
  const name = unique("as");
  const way = (value, text, checked) => {
    const id = unique("as");
    return h(
      "div",
      { class: "row" },
      h("input", {
        id,
        type: "radio",
        name: "as",
        value,
        checked,
        onchange: () => (album.hidden = value !== "album"),
      }),
      h("label", { for: id }, text),
    );
  };
  const album = field(
    "Title of the album",
    (id) => h("input", { id, name: "album", autocomplete: "off" }),
    "You find it under Albums. Images that you add later are shared too.",
  );
  const separate = images.length <= MOST_SHARES;
  return [
    separate &&
      h(
        "fieldset",
        { class: "stack", name },
        h("legend", {}, "As"),
        way("album", "An album, with one share to revoke", true),
        way("each", "Each by itself, with a share for each image", false),
      ),
    album,
  ];
}

/** What an earlier try has made is used again. */
async function shareSelection({ images, made }, request, { sent, show }) {
  const once = async (key, make) => {
    const name = JSON.stringify([key, request]);
    if (!made.has(name)) made.set(name, await make());
    return made.get(name);
  };
  if (sent.get("as") === "each") {
    const codes = await each(images, async (card) => {
      if (isPublished(card)) return codeOfPublished(await whole(card));
      return codeOfShared(card, await once(card.id, () => createShare({ image_id: card.id, ...request })));
    });
    const ends = new Date(Date.now() + request.expires_in * 1000);
    const about = `Shares of private images end ${atMoment(ends)}; published ones have their own links.`;
    return show("Ready to share", copyPanel(codes, { about }));
  }
  const title = sent.get("album").trim() || request.name || "Shared images";
  const group = await once(title, () => createAlbum(title));
  await addToGroup(group, images);
  const name = request.name ?? title.slice(0, settings.limits.share_name_chars);
  return showResult(show, await createShare({ group, ...request, name }), images);
}

/** `images` are those that are known already; those of a group or of everything are the newest of a list. */
async function showResult(show, share, images) {
  const listed = images ?? (await listImages({ group: share.group, limit: MOST_LINKS })).items;
  const some = listed.slice(0, MOST_LINKS);
  const about = [
    `Whoever has a link sees the image until ${atMoment(share.expires_at)}.`,
    listed.length > 1 && ` Here are the links of ${count(some.length)} images`,
    listed.length > 1 && (images ? "." : ", the newest first."),
  ];
  show(
    "Ready to share",
    some.length
      ? copyPanel(
          some.map((image) => codeOfShared(image, share)),
          { about: about.filter(Boolean).join("") },
        )
      : h("p", {}, "It has no image yet. Copy the links once it has some, under Shares."),
  );
}
