// Two runs and more: what their configurations differ in.
import { make, marker, number } from "elements";
import { told } from "table";

export function differences(runs) {
  const configs = runs.map((run) => run.config);
  const keys = [...new Set(configs.flatMap(Object.keys))].sort();
  return keys.filter((key) => new Set(configs.map((config) => told(config[key]))).size > 1);
}

export function comparison(place, runs, { clear, overlay }) {
  if (!runs.length) return place.replaceChildren();
  const heads = runs.map((run) => make("th", { scope: "col" }, marker(run.arm), ` ${run.arm.label}, seed ${run.seed}`));
  const row = (name, cells) => make("tr", {}, make("th", { scope: "row", className: "text" }, name), ...cells.map((text) => make("td", {}, text)));
  const rows = [
    ...differences(runs).map((key) => row(key, runs.map((run) => told(run.config[key])))),
    row("test error (%)", runs.map((run) => number(run.last("test_error")))),
    row("train error (%)", runs.map((run) => number(run.last("train_error")))),
  ];
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", {}, "differs"), ...heads)), make("tbody", {}, ...rows));
  place.replaceChildren(
    make("h3", {}, runs.length > 1 ? "Compared: only what differs" : "Pick another run to compare"),
    make("div", { className: "wide" }, table),
    make("p", {}, make("button", { type: "button", onclick: overlay }, "show only these curves"), " ", make("button", { type: "button", onclick: clear }, "pick none")),
  );
}
