// What the page does beyond being read: tables are sorted by their heads, and the contents mark the reader's place.
// Without this nothing is missing.
"use strict";

const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";

const number = text => {
  const plain = text.replace(/\u2212/g, "-")
    .replace(/(\d),(?=\d{3})/g, "$1")
    .replace(/(\u00a0×\u00a0|^)10(?=[⁰¹²³⁴-⁹⁻])/, (_, times) => (times ? "e" : "1e"))
    .replace(/[⁰¹²³⁴-⁹⁻]/g, sign => "0123456789-"[raised.indexOf(sign)]);
  const found = plain.match(/^[<+]?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/);
  if (!found) return null;
  const unit = / min /.test(text) ? 60 : /\u00a0ms$/.test(text) ? 0.001 : 1;
  return unit * found[1] - (text[0] === "<" ? 1e-9 : 0);
};

const compare = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (x !== null && y !== null) return x - y;
  if (x !== null || y !== null) return x === null ? 1 : -1; // what has no number comes last
  return a.localeCompare(b, "en");
};

const sort = (table, head, column) => {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map(row => [row.cells[column].textContent.trim(), row]);
  rows.sort(([a], [b]) => (down ? -1 : 1) * compare(a, b));
  body.append(...rows.map(([, row]) => row));
};

for (const table of document.querySelectorAll("table")) {
  if (!table.tHead || table.tBodies[0].rows.length < 3) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort by this column";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head, column));
    head.append(button);
  });
  table.classList.add("sortable");
}

const links = new Map([...document.querySelectorAll("nav a")].map(a => [a.hash.slice(1), a]));
const sections = [...document.querySelectorAll("main h2")].filter(h => links.has(h.id));
const mark = () => {
  const edge = innerHeight / 3;
  const past = sections.filter(h => h.getBoundingClientRect().top < edge);
  const here = past.length ? past[past.length - 1].id : sections[0] && sections[0].id;
  for (const [id, link] of links) {
    if (id === here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};
let asked = false;
addEventListener("scroll", () => {
  if (!asked) requestAnimationFrame(() => { asked = false; mark(); });
  asked = true;
}, { passive: true });
mark();
