// What the form for new images begins with: nothing, an image that more are wanted of, or one image of an earlier job.
import { getImage } from "../parts/api.js";
import { wholeJob } from "./prompt-history.js";

const OF_IMAGE = ["title", "alt_text", "category", "filename", "cache_control", "tags", "groups", "metadata"];

/**
 * `{draft, values, kept, title, about}`: the name of the draft, the values of fields, attributes that are sent along
 * unseen, and the words of the screen. Throws ApiError.
 */
export async function beginningOf(query, signal) {
  const [like, job, references] = [query.get("like"), query.get("job"), query.get("references")];
  if (like) return likeImage(like, signal);
  if (job) return likeItem(job, Number(query.get("item")), signal);
  const about = "Describe images to generate and store.";
  if (!references) return { draft: "generate.new", values: {}, kept: {}, title: "Generate", about };
  const values = { reference_ids: references };
  return { draft: `generate.from.${references}`, values, kept: {}, title: "Generate", about };
}

async function likeImage(id, signal) {
  const { image } = await getImage(id, signal);
  const made = image.generation ?? {};
  const wanted = { ...made, ...withoutNull(made.request ?? {}) };
  return {
    draft: `generate.like.${id}`,
    title: "Generate more like this",
    about: image.generation
      ? "Prompt, model, size and seed are those of the image, which is also the reference. Remove it to use words only."
      : "The image is the reference. Describe what is wanted of it.",
    kept: {},
    values: {
      ...fieldsOf({ ...wanted, provider: made.provider, model: made.model, prompt: made.prompt ?? image.alt_text }),
      reference_ids: [id, ...(made.reference_ids ?? [])].join(","),
    },
  };
}

async function likeItem(jobId, index, signal) {
  const job = await wholeJob(jobId, signal);
  const item = job.items.find((one) => one.index === index);
  const request = item?.request;
  if (!request)
    return {
      ...(await beginningOf(new URLSearchParams(), signal)),
      about: "The request of this image is no longer kept.",
    };
  return {
    draft: `generate.job.${jobId}.${index}`,
    title: "Change and send again",
    about: "This is one image of an earlier job. What you send is a job of its own.",
    kept: keptOf(request),
    values: {
      ...fieldsOf({ ...request, provider: item.provider ?? job.provider, model: item.model ?? job.model }),
      reference_ids: request.reference_ids.join(","),
    },
  };
}

/** The values of a job that is used again: all its prompts, and the choices of the first. */
export function valuesOfJob(job) {
  const requests = job.items.map(({ request }) => request).filter(Boolean);
  if (!requests.length) return null;
  const prompts = [...new Set(requests.map(({ prompt }) => prompt))];
  const [first] = requests;
  return {
    ...fieldsOf({ ...first, provider: job.provider, model: job.model }),
    ...promptFields(prompts),
    reference_ids: first.reference_ids.join(","),
  };
}

function fieldsOf(request) {
  const text = (value) => (value === null || value === undefined || value === -1 ? "" : String(value));
  return {
    ...promptFields([request.prompt ?? ""]),
    negative_prompt: text(request.negative_prompt),
    provider: text(request.provider),
    model: text(request.model),
    size: text(request.size),
    quality: text(request.quality),
    background: text(request.background),
    output_format: text(request.output_format),
    seed: text(request.seed),
    visibility: request.visibility ?? "private",
    n: "1",
  };
}

/** One prompt may have lines of its own; of several, each is a line. */
function promptFields(prompts) {
  if (prompts.length === 1) return { prompts: prompts[0], is_one: prompts[0].includes("\n") };
  return { prompts: prompts.map((prompt) => prompt.replace(/\s*\n\s*/g, " ")).join("\n"), is_one: false };
}

function keptOf(request) {
  const kept = Object.fromEntries(OF_IMAGE.map((name) => [name, request[name]]));
  if (request.expires_at && Date.parse(request.expires_at) > Date.now()) kept.expires_at = request.expires_at;
  return withoutNull(kept);
}

const withoutNull = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
