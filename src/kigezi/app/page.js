/** What a person sees and presses. */

import { keepOffline, useUpdate } from "./offline.js";
import { MOST_PIXELS, PhotographError, openPhotograph, squarePixels } from "./photograph.js";
import { loadTexts } from "./texts.js";

const SHOWN = 3; // classes in the ranking
const PREVIEW = 1024; // pixels of the preview's longer side, at most
const element = (id) => document.getElementById(id);

let texts;
let classifier; // a promise of it, so that a photograph may be taken before it is loaded
let decide;
let busy = Promise.resolve();

start().catch((error) => {
  // Without texts there are no words of the page to say it with.
  showProblem(texts ? texts.say("problem_other", { detail: error.message }) : error.message);
});

async function start() {
  texts = await loadTexts();
  document.documentElement.lang = texts.say("lang");
  document.title = texts.say("title");
  for (const place of document.querySelectorAll("[data-text]")) {
    place.textContent = texts.say(place.dataset.text);
  }
  element("preview").setAttribute("aria-label", texts.say("preview"));
  for (const [button, input] of [["take", "camera"], ["choose", "files"]]) {
    element(button).addEventListener("click", () => element(input).click());
    element(input).addEventListener("change", () => chosen(element(input)));
  }
  element("actions").hidden = false;
  showVerdict(texts.say("loading"));
  try {
    await ready();
    if (element("preview").hidden) showVerdict("");
  } catch (error) {
    showLoadProblem(error);
  }
  // Only now, so that it does not take a thin link away from the network's own download.
  await keepOffline(showOffline);
}

/** The classifier; after a failure it is tried again with the next photograph. */
function ready() {
  classifier ??= load().catch((error) => {
    classifier = undefined;
    throw error;
  });
  return classifier;
}

async function load() {
  // Not at the top: a browser that is too old for the runtime shall get the page and a sentence.
  const module = await import("./classify.js");
  decide = module.decide;
  const loaded = await module.loadClassifier();
  const { study, version } = loaded.about;
  element("model").textContent = texts.say("model", { study, version: version.slice(0, 8) });
  return loaded;
}

function chosen(input) {
  const [file] = input.files;
  input.value = ""; // so that the same file may be chosen again
  if (!file) return;
  // One after the other: two photographs at once may not fit into a phone's memory.
  busy = busy.then(() => look(file));
}

async function look(file) {
  clear();
  showVerdict(texts.say("looking"));
  await painted();
  let photograph;
  try {
    photograph = await openPhotograph(file);
    drawPreview(photograph.bitmap);
    const { about, classify } = await ready().catch((error) => {
      throw new LoadError(error);
    });
    const pixels = squarePixels(photograph, about.size, about.fit);
    showAnswer(about, decide(about, await classify(pixels)));
  } catch (error) {
    showFailure(error);
  } finally {
    photograph?.bitmap.close();
  }
}

class LoadError extends Error {
  constructor(cause) {
    super(cause.message, { cause });
  }
}

function showFailure(error) {
  if (error instanceof LoadError) return showLoadProblem(error);
  showVerdict("");
  if (error instanceof PhotographError) {
    return showProblem(texts.say(error.reason, { megapixels: MOST_PIXELS / 1e6 }));
  }
  showProblem(texts.say("problem_other", { detail: error.message }));
}

function showLoadProblem(error) {
  showVerdict("");
  showProblem(texts.say("problem_load", { detail: error.message }));
}

function showAnswer(about, { ranking, doubts, label }) {
  const [first] = ranking;
  const words = {
    class: texts.className(first.name),
    percent: percent(first.probability),
    // Rounded up, so that what is needed is never the same number as what was too little.
    threshold: texts.say("percent", { number: Math.ceil(100 * about.confidence_threshold - 1e-4) }),
  };
  showVerdict(label === null ? texts.say("unsure") : words.class, label === null);
  element("sure").textContent = label === null ? "" : texts.say("sure", words);
  element("advice").textContent = label === null ? texts.say("advice") : "";
  element("doubts").replaceChildren(
    ...doubts.map((doubt) => withText("li", texts.say(doubt, words))),
  );
  element("bars").replaceChildren(...ranking.slice(0, SHOWN).map(bar));
  element("ranking").hidden = false;
  window.scrollTo(0, 0);
}

function bar({ name, probability }) {
  const row = document.createElement("li");
  const track = withText("div", "");
  const filled = withText("div", "");
  track.className = "track";
  filled.style.width = `${100 * probability}%`;
  track.append(filled);
  row.append(withText("span", texts.className(name)), withText("span", percent(probability)), track);
  return row;
}

/** Rounded down, so that 69.9 does not look like the 70 that it misses, nor 99.9 like certainty. */
function percent(fraction) {
  // A hair is added first, because 100 * 0.29 is 28.999999999999996.
  return texts.say("percent", { number: Math.floor(100 * fraction + 1e-4) });
}

function showVerdict(text, unsure = false) {
  element("verdict").textContent = text;
  element("answer").classList.toggle("unsure", unsure);
}

function showProblem(text) {
  element("problem").textContent = text;
  element("problem").hidden = false;
}

function clear() {
  for (const id of ["intro", "problem", "ranking", "preview"]) element(id).hidden = true;
  for (const id of ["problem", "sure", "advice", "doubts"]) element(id).replaceChildren();
}

function drawPreview(bitmap) {
  const canvas = element("preview");
  const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
}

function showOffline(state, waiting) {
  if (state === "update") {
    element("use-update").onclick = () => useUpdate(waiting);
    element("update").hidden = false;
  } else {
    element("offline").textContent = texts.say(`offline_${state}`);
  }
}

/** Wait until what was just written is on the screen: the network blocks the page meanwhile. */
function painted() {
  // In a hidden tab no frame ever comes.
  const timer = new Promise((resolve) => setTimeout(resolve, 100));
  const frames = new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  });
  return Promise.race([timer, frames]);
}

function withText(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
