/** All words of the page, from texts.json, so that a person can translate them in one place. */

/** The placeholders that each text may have. */
const KNOWN = {
  lang: [],
  title: [],
  intro: [],
  private: [],
  take: [],
  choose: [],
  loading: [],
  looking: [],
  preview: [],
  percent: ["number"],
  sure: ["percent"],
  unsure: [],
  unfamiliar: [],
  not_confident: ["class", "percent", "threshold"],
  advice: [],
  ranking: [],
  model: ["study", "version"],
  offline_saving: [],
  offline_ready: [],
  offline_failed: [],
  offline_no_https: [],
  offline_unsupported: [],
  update_ready: [],
  update_use: [],
  problem_load: ["detail"],
  problem_unreadable: [],
  problem_large: ["megapixels"],
  problem_memory: [],
  problem_other: ["detail"],
};

/** Fetch and check the texts: {say(key, values), className(name)}. */
export async function loadTexts() {
  const response = await fetch(new URL("texts.json", import.meta.url));
  if (!response.ok) throw new Error(`texts.json: ${response.status} ${response.statusText}`);
  const texts = await response.json();
  const problems = Object.keys(KNOWN).flatMap((key) => problemsOf(key, texts[key]));
  if (problems.length > 0) throw new Error(`texts.json: ${problems.join("; ")}.`);
  return {
    say: (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]),
    // Folders are often named with _ for a blank.
    className: (name) => texts.classes?.[name] ?? name.replaceAll(/_+/g, " "),
  };
}

function problemsOf(key, text) {
  if (typeof text !== "string" || text.trim() === "") return [`"${key}" is missing`];
  return [...text.matchAll(/\{(\w+)\}/g)]
    .filter(([, name]) => !KNOWN[key].includes(name))
    .map(([placeholder]) => `"${key}" has the unknown placeholder ${placeholder}`);
}
