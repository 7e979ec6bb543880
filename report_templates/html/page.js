// What the page does beyond being read: tables are sorted by their heads, figures show the problems and strategies that
// the reader chooses, and the contents mark the reader's place.
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

// Lines and panels of a figure know their strategy or problem. Where there are several, boxes choose among them, and the
// table behind the figure follows.
const kinds = ["problem", "strategy"];

const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const names = (figure, kind) => [...new Set([...figure.querySelectorAll(`[data-${kind}]`)].map(e => e.dataset[kind]))];

const show = (figure, left) => {
  const gone = (kind, name) => Boolean(left[kind] && left[kind].has(name));
  for (const drawn of figure.querySelectorAll("[data-problem], [data-strategy]")) {
    drawn.classList.toggle("off", kinds.some(kind => gone(kind, drawn.dataset[kind])));
  }
  for (const table of figure.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells].map(head => head.textContent.trim());
    const column = heads.map(head => kinds.some(kind => gone(kind, head.split(", ")[0])));
    for (const row of [...table.tHead.rows, ...table.tBodies[0].rows]) {
      const texts = [...row.cells].map(cell => cell.textContent.trim());
      row.classList.toggle("off", texts.some((text, k) => kinds.some(kind => heads[k] === kind && gone(kind, text))));
      [...row.cells].forEach((cell, k) => cell.classList.toggle("off", column[k]));
    }
  }
};

const chooser = (figure, kind, all, left) => {
  left[kind] = new Set();
  const boxes = all.map(name => element("input", { type: "checkbox", checked: true, value: name }));
  const set = (box, on) => {
    box.checked = on;
    if (on) left[kind].delete(box.value);
    else left[kind].add(box.value);
  };
  for (const box of boxes) {
    box.addEventListener("change", () => { set(box, box.checked); show(figure, left); });
  }
  const button = (text, on) => {
    const made = element("button", { type: "button", textContent: text });
    made.addEventListener("click", () => { boxes.forEach(box => set(box, on)); show(figure, left); });
    return made;
  };
  return element("fieldset", {},
    element("legend", { textContent: kind === "problem" ? "Problems" : "Strategies" }),
    ...boxes.map(box => element("label", {}, box, element("code", { textContent: box.value }))),
    element("span", { className: "buttons" }, button("All", true), button("None", false)));
};

for (const figure of document.querySelectorAll(".figure")) {
  const several = kinds.map(kind => [kind, names(figure, kind)]).filter(([, found]) => found.length > 1);
  if (!several.length) continue;
  const number = figure.querySelector("figcaption .label").textContent.replace(/\.$/, "");
  const left = {};
  figure.querySelector("figure").after(element("details", { className: "chooser" },
    element("summary", { textContent: `Choose what ${number} shows` }),
    ...several.map(([kind, found]) => chooser(figure, kind, found, left))));
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
