// Elements made of plain values: text is always text, whatever it holds.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function choice(name, label, options, value, changed) {
  const select = make(
    "select",
    { name, onchange: () => changed(select.value) },
    ...options.map(([key, text]) => make("option", { value: key, selected: key === value }, text)),
  );
  return make("label", {}, `${label} `, select);
}

export function tick(name, label, value, changed) {
  const box = make("input", { type: "checkbox", name, checked: value, onchange: () => changed(box.checked) });
  return make("label", {}, box, ` ${label}`);
}

/** A marker of matplotlib's names, around (0, 0). */
export const MARKERS = {
  o: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
  s: "M-3.6-3.6h7.2v7.2h-7.2z",
  D: "M0-5l5 5-5 5-5-5z",
  "^": "M0-4.8l4.6 8.4h-9.2z",
  v: "M0 4.8l4.6-8.4h-9.2z",
  P: "M-1.6-4.6h3.2v3h3v3.2h-3v3h-3.2v-3h-3v-3.2h3z",
  X: "M0-2.2l2.6-2.6 2.2 2.2-2.6 2.6 2.6 2.6-2.2 2.2-2.6-2.6-2.6 2.6-2.2-2.2 2.6-2.6-2.6-2.6 2.2-2.2z",
  "*": "M0-5.4l1.5 3.6 3.9.3-3 2.5 1 3.8-3.4-2.1-3.4 2.1 1-3.8-3-2.5 3.9-.3z",
};

export function marker(arm) {
  const path = draw("path", { d: MARKERS[arm.marker], fill: arm.colour });
  const line = draw("path", { d: "M-12 0h24", stroke: arm.colour, "stroke-width": 1.5 });
  return draw("svg", { class: "swatch", viewBox: "-12 -6 24 12", width: 24, height: 12, "aria-hidden": "true" }, line, path);
}

export function number(value, decimals = 2) {
  return value === null || value === undefined ? "–" : value.toFixed(decimals);
}

export function rounded(value) {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 4, notation: Math.abs(value) >= 1e6 ? "compact" : "standard" }).format(value);
}

export function clock(seconds) {
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
