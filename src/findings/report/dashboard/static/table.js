// The runs: sorted by any column, filtered by words, picked to be compared.
import { clock, make, marker, number } from "elements";
import { runsOf } from "data";

const TEXT = new Set(["arm", "status", "device", "precision", "torch", "id"]);

export function columnsOf(sweep) {
  return [
    ["arm", (run) => run.arm.label],
    ["seed", (run) => run.seed],
    ["status", (run) => run.status],
    ["iteration", (run) => run.iteration],
    ["train error", (run) => run.last("train_error"), number],
    ["test error", (run) => run.last("test_error"), number],
    ["clock", (run) => run.seconds, clock],
    ["device", (run) => run.device],
    ["precision", (run) => run.precision],
    ["torch", (run) => run.torch],
    ...sweep.varying.map((key) => [key, (run) => told(run.arm.config[key])]),
    ["id", (run) => run.id],
  ];
}

export function told(value) {
  return typeof value === "string" ? value : value === null || value === undefined ? "null" : JSON.stringify(value);
}

/** Runs of which every word of the filter is somewhere in the row. ``word`` may be ``column:text``. */
export function filtered(sweep, filter) {
  const columns = columnsOf(sweep);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return runsOf(sweep).filter((run) => {
    const cells = columns.map(([name, of]) => `${name.replaceAll(" ", "-")}:${of(run)}`.toLowerCase());
    return words.every((word) => cells.some((cell) => (word.includes(":") ? cell.startsWith(word) : cell.split(":").slice(1).join(":").includes(word))));
  });
}

export function sorted(runs, columns, sort) {
  const falling = sort.startsWith("-");
  const column = columns.find(([name]) => name === sort.replace(/^-/, ""));
  if (!column) return runs;
  const of = column[1];
  const empty = (value) => value === null || value === undefined;
  return [...runs].sort((one, other) => {
    const [a, b] = [of(one), of(other)];
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    const order = typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    return falling ? -order : order;
  });
}

export function runTable(place, sweep, view, { sortBy, pick }) {
  const columns = columnsOf(sweep);
  const heads = columns.map(([name]) => {
    const state = view.sort === name ? "ascending" : view.sort === `-${name}` ? "descending" : "none";
    const next = state === "ascending" ? `-${name}` : name;
    return make("th", { scope: "col", "aria-sort": state, className: TEXT.has(name) || sweep.varying.includes(name) ? "text" : "" }, make("button", { type: "button", onclick: () => sortBy(next) }, name));
  });
  const rows = sorted(filtered(sweep, view.filter), columns, view.sort).map((run) => {
    const box = make("input", { type: "checkbox", checked: view.picked.includes(run.id), onchange: () => pick(run.id) });
    box.setAttribute("aria-label", `compare ${run.id}`);
    const cells = columns.map(([name, of, form]) => {
      const value = of(run);
      const cell = make("td", { className: typeof value === "number" ? "" : "text" });
      if (name === "arm") cell.append(marker(run.arm), " ");
      cell.append(form ? form(value) : String(value ?? "–"));
      return cell;
    });
    const copy = make("button", { type: "button", title: "copy the id", onclick: () => copied(copy, run.id) }, "id");
    const command = make("button", { type: "button", title: "copy the command that made it", onclick: () => copied(command, commandOf(run)) }, "command");
    return make("tr", {}, make("td", {}, box), ...cells, make("td", {}, copy, " ", command));
  });
  const head = make("tr", {}, make("th", { scope: "col" }, "compare"), ...heads, make("th", { scope: "col" }, "copy"));
  place.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  return rows.length;
}

/** What trains this run and no other of its sweep. */
export function commandOf(run) {
  const own = Object.entries(run.arm.config).filter(([key]) => !key.startsWith("model.") && !key.includes("_target_"));
  const overrides = own.map(([key, value]) => `'${key}=${told(value)}'`);
  return [run.arm.sweep.command, `seed=${run.seed}`, `model=${run.arm.model}`, ...overrides].join(" ");
}

async function copied(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    globalThis.prompt("to copy", text); // where a page from disk may not use the clipboard
  }
  setTimeout(() => (button.textContent = before), 1500);
}
