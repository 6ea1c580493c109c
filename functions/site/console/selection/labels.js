// Tags and albums of selected images: added and removed for all of them, and taken back as each had them.
import { call, getImage } from "../parts/api.js";
import { completed } from "../parts/completion.js";
import { fill, h } from "../parts/dom.js";
import { each } from "../parts/each.js";
import { tell } from "../parts/events.js";
import { field, listOf } from "../parts/fields.js";
import { formDialog } from "../parts/form-dialog.js";
import { plural } from "../parts/format.js";
import { suggestAlbums, suggestTags } from "../parts/suggestions.js";
import { act, those } from "./doing.js";
import { byWay, updating } from "./requests.js";

const MOST_READ = 200; // images whose own labels are read, to show them and to take changes back
const MOST_AT_ONCE = 20; // labels in one request

const TAGS = {
  title: (images) => `Tags of ${images}`,
  adding: "Add tags",
  help: "Several with commas.",
  removing: "Remove tags",
  suggest: suggestTags,
  many: true,
  of: (image) => image.tags,
  body: ({ add, remove }) => sent({ add_tags: add, remove_tags: remove }),
  nameOf: async (tag) => tag,
  resolve: async (text) => listOf(text),
  said: (images) => `Tags of ${images} changed.`,
};

const ALBUMS = {
  title: (images) => `Albums of ${images}`,
  adding: "Add to album",
  help: "A new name makes a new album.",
  removing: "Remove from albums",
  suggest: suggestAlbums,
  many: false,
  of: (image) => (image.groups.album ?? []).map((id) => `album:${id}`),
  body: ({ add, remove }) => sent({ add_groups: add, remove_groups: remove }),
  nameOf: titleOf,
  resolve: async (text) => (text ? [(await albumCalled(text)) ?? (await makeAlbum(text))] : []),
  said: (images) => `Albums of ${images} changed.`,
};

export const tags = (own) => change(own, TAGS);
export const albums = (own) => change(own, ALBUMS);

/** Take the images out of the group that is looked at. */
export const leaveGroup = ({ cards, group }) =>
  act({
    cards,
    step: updating({ remove_groups: [group] }),
    doing: "Removing from the group:",
    said: (number) => `${plural(number, "image")} removed. They are still among all images.`,
    took: (ids) => ids.forEach((id) => tell("image-removed", { id })),
    undo: (ids) =>
      act({
        cards: those(cards, ids),
        step: updating({ add_groups: [group] }),
        doing: "Adding to the group:",
        said: (number) => `${plural(number, "image")} added again.`,
        took: (back) => those(cards, back).forEach((card) => tell("image-added", card)),
      }),
  });

/** Ask what to add and to remove, and do it. */
async function change({ cards, signal }, kind) {
  const images = plural(cards.length, "image");
  const reading = cards.length <= MOST_READ ? readAll(cards, kind.of, signal) : Promise.resolve(new Map());
  const asked = await formDialog({
    title: kind.title(images),
    yes: "Save",
    fields: [
      field(
        kind.adding,
        (id) => completed(h("input", { id, name: "add", autocomplete: "off" }), kind),
        kind.help,
      ),
      removing(kind, reading, cards),
    ],
    act: (data) => whatToDo(kind, data),
  });
  if (!asked) return;
  const former = await reading;
  await act({
    cards,
    step: updating(kind.body(asked)),
    doing: "Changing",
    said: (number) => kind.said(plural(number, "image")),
    took: changed,
    undo: former.size > 0 && ((ids) => takeBack(those(cards, ids), asked, { former, kind })),
  });
}

/** What was typed and ticked, as `{add, remove}`; an error says what is missing. */
async function whatToDo(kind, data) {
  const add = await kind.resolve(data.get("add").trim());
  const typed = data.getAll("remove").flatMap((text) => (kind.many ? listOf(text) : [text.trim()]));
  const remove = typed.filter((label) => label && !add.includes(label));
  if (!add.length && !remove.length) throw new Error("Nothing is changed yet: type a name, or tick one to remove.");
  if (Math.max(add.length, remove.length) > MOST_AT_ONCE) throw new Error(`At most ${MOST_AT_ONCE} at once.`);
  return { add, remove };
}

/** Boxes for what the images have, or a field where they are too many to read. */
function removing(kind, reading, cards) {
  if (cards.length > MOST_READ)
    return field(
      kind.removing,
      (id) => completed(h("input", { id, name: "remove", autocomplete: "off" }), kind),
      "For so many images there is no Undo.",
    );
  const boxes = h("div", { class: "chips" });
  const element = h("fieldset", { hidden: true }, h("legend", {}, kind.removing), boxes);
  reading.then(async (former) => {
    const counts = new Map();
    for (const label of [...former.values()].flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
    const labels = [...counts].sort(([, one], [, other]) => other - one);
    const names = await Promise.all(labels.map(([label]) => kind.nameOf(label)));
    element.hidden = !labels.length;
    fill(
      boxes,
      labels.map(([label, number], index) =>
        h(
          "label",
          { class: "chip" },
          h("input", { type: "checkbox", name: "remove", value: label }),
          names[index],
          number < cards.length && h("span", { class: "fine" }, `${number} of ${cards.length}`),
        ),
      ),
    );
  });
  return element;
}

function takeBack(cards, { add, remove }, { former, kind }) {
  const ways = new Map();
  for (const { id } of cards) {
    const had = former.get(id);
    if (!had) continue;
    const changes = {
      add: remove.filter((label) => had.includes(label)),
      remove: add.filter((label) => !had.includes(label)),
    };
    if (!changes.add.length && !changes.remove.length) continue;
    const key = JSON.stringify(changes);
    if (!ways.has(key)) ways.set(key, { changes: kind.body(changes), ids: [] });
    ways.get(key).ids.push(id);
  }
  const ids = [...ways.values()].flatMap((way) => way.ids);
  return act({
    cards: those(cards, ids),
    step: byWay([...ways.values()]),
    doing: "Changing back",
    said: (number) => `${plural(number, "image")} changed back.`,
    took: changed,
  });
}

const changed = (ids) => ids.forEach((id) => tell("image-changed", { id }));

/** What each image has now, by its id; without those that cannot be read. */
async function readAll(cards, of, signal) {
  const found = new Map();
  await each(cards, async ({ id }) => {
    const answer = await getImage(id, signal).catch(() => null);
    if (answer) found.set(id, of(answer.image));
  });
  return found;
}

/** The album with this title or this id, as type:id; undefined if there is none. */
async function albumCalled(text) {
  if (/^album:./.test(text)) return text;
  const same = (one) => one?.toLowerCase() === text.toLowerCase();
  const found = await suggestAlbums(text);
  return found.find(({ value, label }) => same(label) || same(value.slice("album:".length)))?.value;
}

async function titleOf(album) {
  const path = `/v1/groups/${encodeURIComponent(album.replaceAll("?", "%3F"))}`;
  const { title, id } = await call("GET", path).then(
    ({ data }) => data,
    () => ({ id: album }),
  );
  return title ?? id;
}

const makeAlbum = async (title) => (await call("POST", "/v1/groups", { json: { type: "album", title } })).data.group;

/** A body without empty lists. */
const sent = (lists) => Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length));
