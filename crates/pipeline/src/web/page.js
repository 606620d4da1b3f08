// Keeps the parts marked `data-live` up to date, and takes files that are dropped. Without it the page works as well.
"use strict";

const PAUSE_MS = 2000;
const button = document.getElementById("pause");
const live = () => document.querySelectorAll("[data-live][id]");
let paused = false;

// What a person opened stays open, and what has the focus keeps it.
function replace(old, fresh) {
  for (const details of old.querySelectorAll("details[id][open]")) {
    fresh.querySelector(`#${details.id}`)?.setAttribute("open", "");
  }
  if (old.innerHTML === fresh.innerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const sameAs = (element) => element.tagName === focused.tagName && element.textContent === focused.textContent
    && element.getAttribute("href") === focused.getAttribute("href");
  old.replaceChildren(...document.importNode(fresh, true).childNodes);
  if (focused) {
    [...old.querySelectorAll("a, button, summary, [tabindex]")].find(sameAs)?.focus({ preventScroll: true });
  }
}

function isBeingRead(part) {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && selection.containsNode(part, true);
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // Somebody may have paused it while the answer was on its way.
  if (paused) return;
  for (const old of live()) {
    const fresh = page.getElementById(old.id);
    if (fresh && !isBeingRead(old)) replace(old, fresh);
  }
}

async function keepFresh() {
  const began = performance.now();
  if (!paused && !document.hidden) {
    try {
      await refresh();
      document.documentElement.classList.remove("lost");
    } catch {
      document.documentElement.classList.add("lost");
    }
  }
  // A slow answer is not asked for as often.
  setTimeout(keepFresh, Math.max(PAUSE_MS, 4 * (performance.now() - began)));
}

button.hidden = false;
button.addEventListener("click", () => {
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
});

for (const zone of document.querySelectorAll("[data-drop]")) {
  const input = zone.querySelector("input[type=file]");
  const mark = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", on);
  };
  zone.addEventListener("dragenter", mark(true));
  zone.addEventListener("dragover", mark(true));
  zone.addEventListener("dragleave", mark(false));
  zone.addEventListener("drop", (event) => {
    mark(false)(event);
    if (event.dataTransfer.files.length > 0) input.files = event.dataTransfer.files;
  });
}

// A file that misses the zone is not opened instead of the page.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => event.preventDefault());
}

setTimeout(keepFresh, PAUSE_MS);
