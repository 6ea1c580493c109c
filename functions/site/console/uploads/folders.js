// The files of dropped folders, which browsers hand out in portions.

/** `{file, folder}` for each file of dropped entries; `folder` is the outermost one, null for a file beside them. */
export async function filesOfEntries(entries) {
  const found = [];
  for (const entry of entries) await collect(entry, entry.isDirectory ? entry.name : null, found);
  return found;
}

async function collect(entry, folder, found) {
  if (entry.isFile) found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), folder });
  else for (const inner of await membersOf(entry)) await collect(inner, folder, found);
}

async function membersOf(entry) {
  const reader = entry.createReader();
  const members = [];
  for (;;) {
    const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!portion.length) return members;
    members.push(...portion);
  }
}
