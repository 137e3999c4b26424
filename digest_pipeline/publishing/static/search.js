// Search over the published insights: search/MONTH.js put them into `insights`, oldest first, as
// [id, day, headline, explanation, quote, speaker, show, theme, theme's id, language]. The words are kept in the
// address, so that a search can be bookmarked.
"use strict";

const STEP = 50; // insights that are shown at first, and more each time

// Letters alone, and one character each for what is written in several ways: don’t, “so”, wi‑fi, Straße.
const plain = (text) => (text || "").normalize("NFKD").replace(/[\p{M}\u00ad]/gu, "").toLowerCase()
  .replace(/ß/g, "ss").replace(/[‘’‚‛ʼ′]/g, "'").replace(/[“”„‟«»″]/g, '"').replace(/[\u2010-\u2015\u2212]/g, "-");

// What has to be in a text: each word, and "several words" as they stand; not the marks of the sentence they are from.
const wanted = (typed) => [...plain(typed).matchAll(/"([^"]*)"?|[^\s"]+/gu)]
  .map(([word, phrase]) => (phrase ?? word).replace(/\s+/gu, " ").replace(/^[\s('[¿¡]+|[\s)'\].,;:!?…]+$/gu, ""))
  .filter(Boolean);

const searched = (text) => plain(text).replaceAll('"', "").replace(/\s+/gu, " ");

function start() {
  const entries = (globalThis.insights || []).map((fields) => ({
    fields,
    headline: searched(fields[2]),
    everything: searched(fields.slice(2, 9).join(" ")),
  }));
  const input = document.getElementById("words");
  const count = document.getElementById("count");
  const found = document.getElementById("found");
  const more = document.getElementById("more");
  let hits = [];

  function element(name, text, dir) {
    const made = document.createElement(name);
    made.textContent = text;
    if (dir) made.dir = dir;
    return made;
  }

  function line({ fields: [id, day, headline, , , speaker, show, , , language] }) {
    const link = element("a", headline, "auto");
    link.href = `insights/${id}.html`;
    if (language) link.lang = language;
    const meta = element("p", "");
    meta.className = "meta";
    meta.append(element("time", day), " · ", element("bdi", show));
    if (speaker) meta.append(" · ", element("bdi", speaker));
    const item = document.createElement("li");
    item.append(link, meta);
    return item;
  }

  function show(upTo) {
    found.append(...hits.slice(found.childElementCount, upTo).map(line));
    const left = hits.length - found.childElementCount;
    more.hidden = !left;
    more.textContent = `Show ${Math.min(STEP, left)} more`;
    return left ? `, the first ${found.childElementCount} are shown` : "";
  }

  function search() {
    const words = wanted(input.value);
    hits = !words.length ? [] : entries
      .filter((entry) => words.every((word) => entry.everything.includes(word)))
      .map((entry) => [words.filter((word) => entry.headline.includes(word)).length, entry])
      .sort(([a, one], [b, other]) => b - a || other.fields[1].localeCompare(one.fields[1])) // a day's in their order
      .map(([, entry]) => entry);
    found.replaceChildren();
    const part = show(STEP);
    count.textContent = !words.length ? `${entries.length} insights` : `${hits.length} of ${entries.length} insights${part}`;
  }

  more.addEventListener("click", () => {
    const before = found.childElementCount;
    count.textContent = `${hits.length} of ${entries.length} insights${show(before + STEP)}`;
    found.children[before].querySelector("a").focus(); // the button moves away, or is gone
  });
  input.addEventListener("input", () => {
    search();
    history.replaceState(null, "", `#${encodeURIComponent(input.value)}`);
  });
  addEventListener("hashchange", fromAddress);
  function fromAddress() {
    try {
      input.value = decodeURIComponent(location.hash.slice(1));
    } catch {
      input.value = "";
    }
    search();
  }
  fromAddress();
}

document.addEventListener("DOMContentLoaded", start);
