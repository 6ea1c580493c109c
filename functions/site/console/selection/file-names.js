// The names of files in an archive: those that the images came with, each once.

const ENDINGS = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/avif": "avif",
};

/** What names one image after the other; `type` is that of its bytes, which a rendition has of its own. */
export function uniqueNames() {
  const taken = new Set();
  return (card, type) => {
    const [base, ending] = partsOf(card, type);
    let name = base + ending;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${base} (${number})${ending}`;
    taken.add(name.toLowerCase());
    return name;
  };
}

/** A name without folders, and the ending of its type: a long name was cut in lists, its ending with it. */
function partsOf(card, type) {
  const name = (card.filename || card.id).replace(/[/\\:*?"<>|\p{Cc}]/gu, "_").replace(/^\.+/, "");
  const found = name.match(/\.[a-z0-9]{2,5}$/i)?.[0] ?? "";
  const own = ENDINGS[type.split(";")[0]];
  const isRight = !own || found.slice(1).toLowerCase().replace("jpeg", "jpg") === own;
  return isRight ? [name.slice(0, name.length - found.length) || card.id, found] : [stem(name, found), `.${own}`];
}

const stem = (name, ending) => name.slice(0, name.length - ending.length) || name;
