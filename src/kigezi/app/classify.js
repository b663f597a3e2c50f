/** Ask the network what a photograph shows, and whether its answer may be believed. */

import { Tensor, getGlobalLiteRtPromise, loadAndCompile, loadLiteRt } from "./runtime/core/dist/index.js";

// One file for every browser: the other one needs relaxed SIMD, which Safari lacks, and may
// round otherwise from phone to phone.
const RUNTIME = new URL("runtime/core/wasm/litert_wasm_compat_internal.js", import.meta.url);

/** Fetch the runtime and the network: {about, classify}. `about` is the content of model.json. */
export async function loadClassifier() {
  const about = checked(await (await fetched("model.json")).json());
  const bytes = new Uint8Array(await (await fetched("model.tflite")).arrayBuffer());
  await (getGlobalLiteRtPromise() ?? loadRuntime());
  const model = await loadAndCompile(bytes, { accelerator: "wasm" });
  checkShapes(model, about);
  return { about, classify: (pixels) => run(model, about, pixels) };
}

/**
 * What to say of the network's outputs.
 *
 * ranking: {name, probability} of every class, the most probable first.
 * doubts: why the answer is "unsure", or empty: "unfamiliar", "not_confident".
 */
export function decide(about, { probabilities, familiarity }) {
  const ranking = about.classes
    .map((name, index) => ({ name, probability: probabilities[index] }))
    .sort((one, other) => other.probability - one.probability);
  const doubts = [];
  // Put this way round, what is not a number is doubted too.
  if (!(familiarity >= about.familiarity_threshold)) doubts.push("unfamiliar");
  if (!(ranking[0].probability >= about.confidence_threshold)) doubts.push("not_confident");
  return { ranking, doubts, label: doubts.length === 0 ? ranking[0].name : null };
}

async function run(model, about, pixels) {
  const { size } = about;
  if (pixels.length !== size * size * 3) {
    throw new Error(`${pixels.length} bytes of pixels were given instead of ${size * size * 3}.`);
  }
  const image = new Tensor(pixels, [1, size, size, 3]);
  let outputs = {};
  try {
    outputs = await model.run({ image });
    const probabilities = await outputs.probabilities.data();
    const [familiarity] = await outputs.familiarity.data();
    return { probabilities, familiarity };
  } finally {
    // They lie in the runtime's memory, which nothing else cleans up.
    for (const tensor of [image, ...Object.values(outputs)]) tensor.delete();
  }
}

function loadRuntime() {
  // The runtime would claim a graphics device that is not used here.
  Object.defineProperty(navigator, "gpu", { value: undefined, configurable: true });
  return loadLiteRt(RUNTIME.href);
}

async function fetched(path) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response;
}

function checked(about) {
  const right = {
    classes: Array.isArray(about.classes) && about.classes.length > 0,
    size: Number.isInteger(about.size) && about.size > 0,
    fit: ["crop", "pad", "squash"].includes(about.fit),
    confidence_threshold: Number.isFinite(about.confidence_threshold),
    familiarity_threshold: Number.isFinite(about.familiarity_threshold),
    study: typeof about.study === "string",
    version: typeof about.version === "string",
  };
  const wrong = Object.keys(right).filter((key) => !right[key]);
  if (wrong.length > 0) throw new Error(`model.json: wrong or missing: ${wrong.join(", ")}.`);
  return about;
}

function checkShapes(model, { size, classes }) {
  const found = [...model.getInputDetails(), ...model.getOutputDetails()]
    .map(({ name, dtype, shape }) => `${name} ${dtype} (${[...shape].join(", ")})`)
    .sort()
    .join(", ");
  const expected = [
    "familiarity float32 (1, 1)",
    `image uint8 (1, ${size}, ${size}, 3)`,
    `probabilities float32 (1, ${classes.length})`,
  ].join(", ");
  if (found !== expected) throw new Error(`model.tflite has ${found}, not ${expected}.`);
}
