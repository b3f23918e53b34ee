// The legend: an arm a row, with what its lines come to, what the cursor points at, and what they rest on.
import { make, marker, number, tick } from "elements";
import { METRICS, slug } from "lines";
import { bandName } from "series";

/** Into ``place``. ``toggle(arm)`` shows or hides one, ``alone(arm)`` shows no other. Returns a function that follows the cursor. */
export function legend(place, sweep, lines, view, { toggle, alone }) {
  const splits = [...new Set(lines.map((line) => line.split))];
  const title = (METRICS[view.metric] ?? METRICS.error).title;
  const head = ["arm", ...splits.map((split) => `${split} ${title}`), "at the cursor", "seeds", "band"];
  const cells = new Map();
  const rows = sweep.arms.map((arm) => {
    const own = lines.filter((line) => line.arm === arm);
    const at = make("td", { className: "quiet" }, "");
    cells.set(arm, at);
    const box = tick(`arm-${slug(arm.label)}`, "", own.length > 0, () => toggle(arm));
    box.append(marker(arm), ` ${arm.label}`);
    const only = make("button", { type: "button", className: "only", title: `show ${arm.label} alone`, onclick: () => alone(arm) }, "only");
    return make(
      "tr",
      { className: own.length ? "" : "off" },
      make("th", { scope: "row", className: "text" }, box, " ", only),
      ...splits.map((split) => make("td", {}, number(lastOf(own.find((line) => line.split === split))))),
      at,
      make("td", { className: "text" }, seedsOf(arm)),
      make("td", { className: "text quiet" }, own.length ? bandName(own[0].pool.runs.length) : ""),
    );
  });
  const header = make("tr", {}, ...head.map((text) => make("th", { scope: "col", className: "text" }, text)));
  place.replaceChildren(make("div", { className: "wide" }, make("table", {}, make("thead", {}, header), make("tbody", {}, ...rows))));
  return (x, values) => {
    for (const [arm, cell] of cells) {
      const own = lines.filter((line) => line.arm === arm);
      cell.textContent = x === null ? "" : own.map((line) => `${line.split} ${number(values(line))}`).join(", ");
    }
  };
}

function lastOf(line) {
  return line ? line.pool.mean.findLast((value) => value !== null) ?? null : null;
}

/** ``5``, or ``3 of 5 finished, 1 diverged, 1 running``. */
function seedsOf(arm) {
  const planned = Math.max(arm.seeds.length, arm.runs.length);
  const tally = {};
  for (const run of arm.runs) tally[run.status] = (tally[run.status] ?? 0) + 1;
  if (tally.finished === planned) return String(planned);
  const told = Object.entries(tally).map(([status, count]) => `${count} ${status}`);
  return `${told.join(", ") || "none begun"}, of ${planned}`;
}
