// The page: what is looked at is one value, the view; every change of it draws what it touches and is in the address.
import { linked, runsOf } from "data";
import { chart, zoomTo } from "chart";
import { comparison } from "compare";
import { csv, png, save, svg } from "download";
import { choice, make, number, rounded, tick } from "elements";
import { legend } from "legend";
import { armsInView, linesOf, METRICS, metricsOf, slug } from "lines";
import { follow } from "live";
import { probes } from "probes";
import { runTable } from "table";
import { trade } from "trade";
import { isView, read, written } from "view";

const content = linked(JSON.parse(document.getElementById("data").textContent));
const places = Object.fromEntries(
  ["notice", "controls", "charts", "legend", "numbers", "trade-controls", "trade-chart", "trade-table", "probes", "probe-charts", "run-controls", "compared", "run-table"].map((id) => [id, document.getElementById(id)]),
);
let view = read(isView(location.hash) ? location.hash : "");
let drawn = [];
const OF_RUNS = new Set(["sweep", "filter", "sort", "picked"]); // of a view, what the table of runs goes by
let own = ""; // the address that this page has written last

const sweepInView = () => content.sweeps.find((sweep) => sweep.name === view.sweep) ?? content.sweeps[0];

function change(what) {
  view = { ...view, ...what };
  own = written(view);
  history.replaceState(null, "", own ? `#${own}` : location.pathname + location.search);
  show(Object.keys(what).some((name) => OF_RUNS.has(name)));
}

function zoom(to) {
  view = { ...view, zoom: to };
  own = written(view);
  history.replaceState(null, "", own ? `#${own}` : location.pathname + location.search);
  for (const one of drawn) {
    if (to.length === 4) zoomTo(one.plot, to);
    else one.plot.setData(one.plot.data, true);
  }
}

/** ``all``: the table of runs, too, which a thousand runs make long. */
function show(all = true) {
  const sweep = sweepInView();
  if (!sweep) return;
  notice(sweep);
  controls(sweep);
  curves(sweep);
  const arms = armsInView(sweep, view);
  trade(places["trade-controls"], places["trade-chart"], places["trade-table"], arms, view, (value) => change({ trade: value }));
  places.probes.hidden = !probes(places["probe-charts"], arms);
  if (all) runs(sweep);
}

/** Names what an address asks for and these records do not have. */
function notice(sweep) {
  const labels = new Set(sweep.arms.map((arm) => slug(arm.label)));
  const ids = new Set(runsOf(sweep).map((run) => run.id));
  const gone = [
    ...(view.sweep && sweep.name !== view.sweep ? [`the sweep ${view.sweep}`] : []),
    ...[...view.only, ...view.hidden].filter((label) => !labels.has(label)),
    ...view.picked.filter((id) => !ids.has(id)),
  ];
  places.notice.textContent = gone.length ? `No longer in these records: ${gone.join(", ")}.` : "";
}

function controls(sweep) {
  const focused = document.activeElement?.name;
  const metrics = metricsOf(sweep).map(([name, { title }]) => [name, title]);
  const axes = [["iteration", "iteration"], ["epoch", "epoch"], ["seconds", "seconds"], ["operations", "multiply-adds"]];
  const button = (text, what) => make("button", { type: "button", onclick: what }, text);
  const name = `${content.scale}-${sweep.name}-${view.metric}`;
  places.controls.replaceChildren(
    choice("sweep", "sweep", content.sweeps.map((one) => [one.name, one.title]), sweep.name, (value) => change({ sweep: value, only: [], hidden: [], zoom: [], picked: [], filter: "" })),
    choice("metric", "show", metrics, view.metric, (value) => change({ metric: value, zoom: [] })),
    choice("split", "of", [["both", "training and test"], ["train", "training"], ["test", "test"]], view.split, (value) => change({ split: value, zoom: [] })),
    choice("x", "against", axes, view.x, (value) => change({ x: value, zoom: [] })),
    choice("y", "scale", [["linear", "linear"], ["log", "logarithmic"]], view.y, (value) => change({ y: value, zoom: [] })),
    choice("smooth", "smoothing", [[0, "none"], [1, "3 rows"], [2, "5 rows"], [5, "11 rows"]].map(([key, text]) => [String(key), text]), String(view.smooth), (value) => change({ smooth: Number(value) })),
    tick("seeds", "seeds", view.seeds, (value) => change({ seeds: value })),
    tick("band", "band", view.band, (value) => change({ band: value })),
    tick("multiples", "a chart for each arm", view.multiples, (value) => change({ multiples: value })),
    button("show all", () => zoom([])),
    button("all arms", () => change({ only: [], hidden: [] })),
    button("SVG", () => drawn[0] && save(`${name}.svg`, "image/svg+xml", svg(drawn[0], view))),
    button("PNG", async () => drawn[0] && save(`${name}.png`, "image/png", await png(drawn[0].plot))),
    button("CSV", () => save(`${name}.csv`, "text/csv", csv(drawn.flatMap((one) => one.lines), view))),
  );
  if (focused) places.controls.elements[focused]?.focus();
}

function curves(sweep) {
  for (const one of drawn) one.destroy();
  const picked = runsOf(sweep).filter((run) => view.picked.includes(run.id));
  const overlaid = view.overlay && picked.length > 0;
  const arms = overlaid ? [...new Set(picked.map((run) => run.arm))] : armsInView(sweep, view);
  const lines = linesOf(arms, view, overlaid ? (arm) => arm.runs.filter((run) => picked.includes(run)) : undefined);
  places.charts.replaceChildren();
  places.charts.classList.toggle("multiples", view.multiples);
  let point = () => {};
  const told = (plot) => (row) => {
    if (row === null || row === undefined) return point(null);
    point(plot().data[0][row], (line) => plot().data[line.series]?.[row] ?? null);
  };
  const groups = view.multiples ? arms.map((arm) => lines.filter((line) => line.arm === arm)) : [lines];
  const range = view.multiples ? common(lines) : null;
  drawn = groups.map((group) => {
    const figure = make("figure", {}, ...(view.multiples ? [make("figcaption", {}, group[0]?.arm.label ?? "")] : []));
    places.charts.append(figure);
    const made = chart(figure, group, view, { height: view.multiples ? 220 : 400, range, told: told(() => made.plot), zoomed: zoom });
    return made;
  });
  if (view.zoom.length === 4) for (const one of drawn) zoomTo(one.plot, view.zoom);
  point = legend(places.legend, sweep, lines, view, {
    toggle: (arm) => {
      const shown = new Set(armsInView(sweep, view));
      shown.has(arm) ? shown.delete(arm) : shown.add(arm);
      change({ only: [], hidden: sweep.arms.filter((one) => !shown.has(one)).map((one) => slug(one.label)), overlay: false });
    },
    alone: (arm) => change({ only: [slug(arm.label)], hidden: [], overlay: false }),
  });
  numbers(lines);
}

/** One range for charts beside each other. */
function common(lines) {
  const all = lines.flatMap(({ pool }) => [...pool.mean, ...pool.low, ...pool.high]).filter((value) => value !== null);
  if (!all.length) return null;
  const above = all.filter((value) => value > 0);
  return view.y === "log" ? [Math.min(...above) / (above.length < all.length ? 3 : 1.1), 1.1 * Math.max(...all)] : [0, 1.05 * Math.max(...all)];
}

/** The means as a table, made when it is opened. */
function numbers(lines) {
  const place = places.numbers.querySelector("div");
  const fill = () => {
    if (!places.numbers.open) return;
    const title = (METRICS[view.metric] ?? METRICS.error).title;
    const iterations = [...new Set(lines.flatMap(({ pool }) => pool.iterations))].sort((one, other) => one - other);
    const head = ["iteration", ...lines.map(({ arm, split }) => `${arm.label}, ${split} ${title}`)];
    const rows = iterations.map((iteration) => {
      const cells = lines.map(({ pool }) => pool.mean[pool.iterations.indexOf(iteration)] ?? null);
      return make("tr", {}, make("th", { scope: "row" }, rounded(iteration)), ...cells.map((value) => make("td", {}, number(value))));
    });
    place.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...rows)));
  };
  places.numbers.ontoggle = fill;
  fill();
}

function runs(sweep) {
  const input = make("input", { type: "search", name: "filter", value: view.filter, placeholder: "words, or status:failed" });
  input.addEventListener("input", () => {
    view = { ...view, filter: input.value };
    own = written(view);
    history.replaceState(null, "", own ? `#${own}` : location.pathname + location.search);
    table();
  });
  const count = make("span", { className: "quiet" });
  const table = () => {
    const shown = runTable(places["run-table"], sweep, view, {
      sortBy: (sort) => change({ sort }),
      pick: (id) => change({ picked: view.picked.includes(id) ? view.picked.filter((one) => one !== id) : [...view.picked, id], overlay: false }),
    });
    count.textContent = `${shown} of ${runsOf(sweep).length} runs`;
  };
  places["run-controls"].replaceChildren(make("label", {}, "filter ", input), count);
  places["run-controls"].onsubmit = (event) => event.preventDefault();
  const picked = view.picked.map((id) => runsOf(sweep).find((run) => run.id === id)).filter(Boolean);
  comparison(places.compared, picked, {
    clear: () => change({ picked: [], overlay: false }),
    overlay: () => {
      change({ overlay: true, zoom: [] });
      document.getElementById("curves").scrollIntoView();
    },
  });
  table();
}

addEventListener("hashchange", () => {
  if (!isView(location.hash) || location.hash === `#${own}`) return;
  view = read(location.hash);
  show();
  document.getElementById("curves").scrollIntoView();
});
let waiting = 0;
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(() => curves(sweepInView()), 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
show();
if (isView(location.hash)) document.getElementById("curves").scrollIntoView();
if (content.live) follow(content, (names) => names.has(sweepInView().name) && show());
