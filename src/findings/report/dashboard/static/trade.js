// The last test error against what a network costs: every seed a small mark, the mean a large one.
import { choice, draw, make, MARKERS, number, rounded } from "elements";
import { mean } from "series";

export const COSTS = {
  parameters: ["parameters", (arm) => arm.parameters],
  operations: ["multiply-adds an image", (arm) => arm.multiply_adds],
  seconds: ["seconds of training, on the clock", (arm) => (arm.runs.some((run) => run.isDone) ? mean(arm.runs.filter((run) => run.isDone).map((run) => run.seconds)) : null)],
};
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [820, 340, 62, 230, 12, 46];

export function trade(controls, place, table, arms, view, changed) {
  controls.replaceChildren(choice("trade", "against", Object.entries(COSTS).map(([key, [title]]) => [key, title]), view.trade, changed));
  const [title, cost] = COSTS[view.trade] ?? COSTS.parameters;
  const points = arms
    .map((arm) => ({ arm, cost: cost(arm), errors: arm.runs.filter((run) => run.isDone).map((run) => run.last("test_error")).filter((error) => error !== null) }))
    .filter((point) => point.cost && point.errors.length);
  const rows = points.map(({ arm, cost, errors }) => make("tr", {}, make("th", { scope: "row", className: "text" }, arm.label), make("td", {}, rounded(cost)), make("td", {}, number(mean(errors))), make("td", {}, String(errors.length))));
  const head = make("tr", {}, ...["arm", title, "test error (%)", "seeds"].map((text) => make("th", { scope: "col" }, text)));
  table.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  place.replaceChildren(points.length ? scatter(points, title) : make("p", { className: "quiet" }, "No arm in view has a finished run and this cost."));
}

function scatter(points, title) {
  const [costs, errors] = [points.map((point) => point.cost), points.flatMap((point) => point.errors)];
  const log = Math.max(...costs) > 4 * Math.min(...costs);
  const x = axis(costs, LEFT, WIDTH - RIGHT, log);
  const y = axis(errors, HEIGHT - BOTTOM, TOP, false);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `test error against ${title}` });
  for (const value of y.ticks) {
    svg.append(draw("path", { class: "grid", d: `M${LEFT} ${y.at(value)}H${WIDTH - RIGHT}` }));
    svg.append(draw("text", { x: LEFT - 6, y: y.at(value) + 4, "text-anchor": "end" }, rounded(value)));
  }
  for (const value of x.ticks) svg.append(draw("text", { x: x.at(value), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, rounded(value)));
  svg.append(draw("path", { class: "grid", d: `M${LEFT} ${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }));
  svg.append(draw("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, `${title}${log ? ", logarithmic" : ""}`));
  svg.append(draw("text", { x: 14, y: (HEIGHT - BOTTOM) / 2, transform: `rotate(-90 14 ${(HEIGHT - BOTTOM) / 2})`, "text-anchor": "middle" }, "test error (%)"));
  const labels = apart(points.map(({ errors }) => y.at(mean(errors))), 13);
  points.forEach(({ arm, cost, errors }, index) => {
    for (const error of errors) svg.append(draw("circle", { cx: x.at(cost) + 9, cy: y.at(error), r: 2, fill: arm.colour, opacity: 0.6 }));
    const [left, top] = [x.at(cost), y.at(mean(errors))];
    svg.append(draw("path", { d: MARKERS[arm.marker], transform: `translate(${left} ${top}) scale(1.25)`, fill: arm.colour }));
    svg.append(draw("path", { d: `M${left + 14} ${top}L${WIDTH - RIGHT + 8} ${labels[index]}`, stroke: arm.colour, opacity: 0.35, fill: "none" }));
    const text = draw("text", { x: WIDTH - RIGHT + 12, y: labels[index] + 4 }, arm.label);
    text.style.fill = arm.colour;
    svg.append(text);
  });
  return svg;
}

/** The heights moved down as little as it takes for each to be ``gap`` below the one above it. */
export function apart(heights, gap) {
  const placed = [...heights];
  let last = -Infinity;
  for (const index of [...heights.keys()].sort((one, other) => heights[one] - heights[other])) {
    placed[index] = last = Math.max(heights[index], last + gap);
  }
  return placed;
}

/** {at, ticks} from the smallest to the largest with some room. */
export function axis(values, first, last, log) {
  const turn = log ? Math.log10 : (value) => value;
  let [low, high] = [turn(Math.min(...values)), turn(Math.max(...values))];
  const alike = high - low <= 1e-9 * Math.abs(high); // but for rounding
  const room = alike ? Math.abs(high) * 0.1 || 1 : 0.08 * (high - low);
  [low, high] = [low - room, high + room];
  const at = (value) => Number((first + ((turn(value) - low) / (high - low)) * (last - first)).toFixed(1));
  if (log) {
    const powers = Array.from({ length: 40 }, (_, index) => index - 20).flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power));
    const inside = powers.filter((value) => turn(value) >= low && turn(value) <= high);
    return { at, ticks: inside.length > 6 ? inside.filter((value) => String(value)[0] === "1") : inside };
  }
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw);
  const ticks = [];
  for (let index = Math.ceil(low / step); index * step <= high; index++) ticks.push(Number((index * step).toPrecision(10)));
  return { at, ticks };
}
