// What is said of the pictures that are uploaded next; kept while the console is open.
import { completed } from "../parts/completion.js";
import { h } from "../parts/dom.js";
import { kept } from "../parts/drafts.js";
import { field, listOf } from "../parts/fields.js";
import { kindName, visibilityName } from "../parts/format.js";
import { suggestGroups, suggestTags } from "../parts/suggestions.js";

const chosen = { kind: "upload", visibility: "private", tags: "", groups: "", on_duplicate: "reject" };

/** The choices as attributes of an upload. */
export function chosenAttributes() {
  const { tags, groups, ...others } = chosen;
  if (others.kind === "reference") delete others.visibility; // always private
  return { ...others, tags: listOf(tags), groups: listOf(groups) };
}

/** Fields for the choices. */
export function uploadChoices() {
  const keep = (event) => {
    chosen[event.target.name] = event.target.value;
    visibility.disabled = chosen.kind === "reference";
  };
  const select = (name, values, say) => (id) =>
    h(
      "select",
      { id, name },
      values.map((value) => h("option", { value, selected: chosen[name] === value }, say(value))),
    );
  const form = h(
    "form",
    { class: "choices", onsubmit: (event) => event.preventDefault(), onchange: keep },
    field("Kind", select("kind", ["upload", "reference"], kindName)),
    field("Who can see them", select("visibility", ["private", "unlisted", "public"], visibilityName)),
    field("Tags", (id) =>
      completed(h("input", { id, name: "tags", value: chosen.tags, placeholder: "beach, summer" }), {
        suggest: suggestTags,
        many: true,
      }),
    ),
    field("Groups", (id) =>
      completed(h("input", { id, name: "groups", value: chosen.groups, placeholder: "album:summer" }), {
        suggest: suggestGroups,
        many: true,
      }),
    ),
    field(
      "If it is already here",
      select(
        "on_duplicate",
        ["reject", "return_existing", "keep"],
        (value) => ({ keep: "Store it again", return_existing: "Use the one there is", reject: "Say so" })[value],
      ),
    ),
  );
  const visibility = form.elements.visibility;
  visibility.disabled = chosen.kind === "reference";
  kept(form, "upload");
  return form;
}
