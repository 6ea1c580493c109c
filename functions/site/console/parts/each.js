// Work on many things, some at once.

const AT_ONCE = 4;

/** `act` on each of the items, four at a time; answers what each gave, in their order. The first failure ends it. */
export async function each(items, act) {
  const results = [];
  const rest = items.entries();
  const work = async () => {
    for (const [index, item] of rest) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
