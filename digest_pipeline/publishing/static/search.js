// Search over the published insights: search/MONTH.js put them into `insights`, oldest first, as
// [id, day, headline, explanation, quote, speaker, show, theme]. The words are kept in the address, so that a search
// can be bookmarked.
"use strict";

const SHOWN = 50;
const plain = (text) => (text || "").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function start() {
  const entries = (globalThis.insights || []).map((fields) => ({
    fields,
    headline: plain(fields[2]),
    everything: plain(fields.slice(2).join(" ")),
  }));
  const input = document.getElementById("words");
  const count = document.getElementById("count");
  const found = document.getElementById("found");

  function element(name, text, dir) {
    const made = document.createElement(name);
    made.textContent = text;
    if (dir) made.dir = dir;
    return made;
  }

  function line({ fields: [id, day, headline, , , speaker, show] }) {
    const link = element("a", headline, "auto");
    link.href = `insights/${id}.html`;
    const meta = element("p", "");
    meta.className = "meta";
    meta.append(element("time", day), " · ", element("bdi", show));
    if (speaker) meta.append(" · ", element("bdi", speaker));
    const item = document.createElement("li");
    item.append(link, meta);
    return item;
  }

  function search() {
    const words = plain(input.value).split(/\s+/u).filter(Boolean);
    const hits = !words.length ? [] : entries
      .filter((entry) => words.every((word) => entry.everything.includes(word)))
      .map((entry) => [words.filter((word) => entry.headline.includes(word)).length, entry])
      .sort(([a, one], [b, other]) => b - a || (one.fields[1] < other.fields[1] ? 1 : -1));
    found.replaceChildren(...hits.slice(0, SHOWN).map(([, entry]) => line(entry)));
    const of = `${hits.length} of ${entries.length} insights`;
    count.textContent = !words.length ? `${entries.length} insights` : hits.length > SHOWN ? `${of}, the first ${SHOWN}` : of;
  }

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
