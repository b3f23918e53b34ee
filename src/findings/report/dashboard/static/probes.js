// What runs were probed for: lines over numbers (shifts, sizes), and a map of shades over names (layers).
import { draw, make, MARKERS, rounded } from "elements";
import { apart, axis } from "trade";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [820, 260, 62, 230, 10, 40];

/** Returns whether there was anything to show. */
export function probes(place, arms) {
  const found = new Map();
  for (const arm of arms) {
    for (const probe of arm.probes) {
      const name = `${probe.probe}: ${probe.number.replaceAll("_", " ")}`;
      if (!found.has(name)) found.set(name, []);
      found.get(name).push({ arm, ...probe });
    }
  }
  place.replaceChildren(
    ...[...found].map(([name, rows]) => {
      const numeric = rows.every(({ keys }) => keys.every((key) => key.trim() !== "" && Number.isFinite(Number(key))));
      return make("figure", {}, make("figcaption", {}, name), numeric ? lines(rows, name) : make("div", { className: "wide" }, shades(rows)));
    }),
  );
  return found.size > 0;
}

function lines(rows, name) {
  const points = rows.map(({ arm, keys, means }) => ({ arm, points: keys.map((key, at) => [Number(key), means[at]]).filter(([, value]) => value !== null).sort((one, other) => one[0] - other[0]) }));
  const all = points.flatMap(({ points }) => points);
  if (!all.length) return make("p", { className: "quiet" }, "not measured");
  const x = axis(all.map(([key]) => key), LEFT, WIDTH - RIGHT, false);
  const y = axis(all.map(([, value]) => value), HEIGHT - BOTTOM, TOP, false);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": name });
  for (const value of y.ticks) {
    svg.append(draw("path", { class: "grid", d: `M${LEFT} ${y.at(value)}H${WIDTH - RIGHT}` }), draw("text", { x: LEFT - 6, y: y.at(value) + 4, "text-anchor": "end" }, rounded(value)));
  }
  for (const value of new Set(all.map(([key]) => key))) svg.append(draw("text", { x: x.at(value), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, rounded(value)));
  const drawn = points.filter(({ points: own }) => own.length);
  const labels = apart(drawn.map(({ points: own }) => y.at(own.at(-1)[1])), 13);
  drawn.forEach(({ arm, points: own }, index) => {
    svg.append(draw("path", { d: `M${own.map(([key, value]) => `${x.at(key)} ${y.at(value)}`).join("L")}`, stroke: arm.colour, fill: "none", "stroke-width": 2 }));
    for (const [key, value] of own) svg.append(draw("path", { d: MARKERS[arm.marker], transform: `translate(${x.at(key)} ${y.at(value)})`, fill: arm.colour }));
    const text = draw("text", { x: WIDTH - RIGHT + 8, y: labels[index] + 4 }, arm.label);
    text.style.fill = arm.colour;
    svg.append(text);
  });
  return svg;
}

function shades(rows) {
  const keys = [...new Set(rows.flatMap(({ keys }) => keys))];
  const values = rows.flatMap(({ means }) => means).filter((value) => value !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const head = make("tr", {}, make("th", {}, ""), ...keys.map((key) => make("th", { scope: "col" }, key)));
  const body = rows.map(({ arm, keys: own, means }) => {
    const cells = keys.map((key) => {
      const value = means[own.indexOf(key)] ?? null;
      const share = value === null ? 0 : (value - low) / (high - low || 1);
      return make("td", { style: value === null ? "" : `background: color-mix(in oklab, ${arm.colour} ${Math.round(60 * share)}%, transparent)` }, rounded(value));
    });
    return make("tr", {}, make("th", { scope: "row", className: "text" }, arm.label), ...cells);
  });
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}
