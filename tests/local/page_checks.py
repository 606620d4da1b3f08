"""What a page must have for people who use a keyboard, a screen reader or a phone."""

import json

# Runs in the page and returns what is wrong with it.
CHECKS = """
const wrong = [];
const seen = (element) => element.checkVisibility();
const name = (element) => (element.getAttribute("aria-label") || element.getAttribute("title") || element.textContent
  || [...(element.labels || [])].map((label) => label.textContent).join(" ")).trim();

for (const input of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  if (![...(input.labels || [])].some((label) => label.textContent.trim())) wrong.push(`no label: ${input.outerHTML}`);
}
for (const element of document.querySelectorAll("a[href], button")) {
  if (seen(element) && !name(element)) wrong.push(`no name: ${element.outerHTML}`);
}
let level = 0;
for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) wrong.push(`h${next} after h${level}: ${heading.textContent}`);
  level = next;
}
if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
for (const landmark of ["header", "nav", "main", "footer"]) {
  if (!document.querySelector(landmark)) wrong.push(`no ${landmark}`);
}
for (const table of document.querySelectorAll("table")) {
  if (!table.caption) wrong.push("a table without a caption");
  for (const th of table.querySelectorAll("th")) if (!th.scope) wrong.push(`no scope: ${th.outerHTML}`);
}
for (const svg of document.querySelectorAll("svg")) {
  const ids = (svg.getAttribute("aria-labelledby") || "").split(" ");
  if (!ids.every((id) => document.getElementById(id))) wrong.push(`no text for ${svg.outerHTML.slice(0, 80)}`);
}
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) wrong.push(`id twice: ${id}`);
if (!document.documentElement.lang) wrong.push("no language");

// Text against what is behind it (WCAG 2.2, 1.4.3).
const channel = (value) => ((value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parse = (color) => color.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = parse(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
for (const element of document.querySelectorAll("body *:not(svg *):not(svg)")) {
  const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!hasText || !seen(element) || element.closest(".hidden, .skip, option, datalist")) continue;
  const style = getComputedStyle(element);
  const [one, other] = [light(parse(style.color)), light(behind(element))];
  const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
}
return wrong;
"""

OVERFLOW = """
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return [];
return [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > width + 1 && !element.closest(".scrolls, pre, svg"))
  .map((element) => element.outerHTML.slice(0, 200));
"""


def what_is_wrong(driver):
    return driver.execute_script(CHECKS)


def what_overflows(driver):
    """What makes the page wider than the screen."""
    wide = driver.execute_script("return document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return driver.execute_script(OVERFLOW) or (["something"] if wide else [])


def what_was_asked_for(driver):
    """Every address that the browser has asked for since the last look."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if not url.startswith(("data:", "chrome:", "about:"))]
