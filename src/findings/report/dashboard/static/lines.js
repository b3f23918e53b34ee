// Which lines the view asks for: of each arm in view its training and its test numbers, pooled over the seeds.
import { pooled } from "series";

// the metrics to choose from, each with its columns: dashed for training, solid for test, dotted for others
export const METRICS = {
  error: { title: "error", unit: "%", columns: { train: "train_error", test: "test_error" } },
  validation: { title: "validation error", unit: "%", columns: { train: "train_error", validation: "validation_error" } },
  loss: { title: "loss", unit: "", columns: { train: "train_loss", test: "test_loss" } },
  accuracy: { title: "accuracy", unit: "%", columns: { train: "train_error", test: "test_error" }, flipped: true },
};
export const DASHES = { train: [6, 4], test: [], validation: [2, 3] };

export function metricsOf(sweep) {
  const held = (column) => sweep.arms.some((arm) => arm.runs.some((run) => column in run.columns));
  return Object.entries(METRICS).filter(([, { columns }]) => Object.values(columns).some(held));
}

/** The arms that the view shows, in the sweep's order. */
export function armsInView(sweep, view) {
  const chosen = view.only.length ? sweep.arms.filter((arm) => view.only.includes(slug(arm.label))) : sweep.arms;
  return chosen.filter((arm) => !view.hidden.includes(slug(arm.label)));
}

export function slug(label) {
  return label.replaceAll(" ", "-").replaceAll(",", "");
}

/** One line for each arm and split that have numbers: {arm, split, pool, ended}. */
export function linesOf(arms, view, runsOf = (arm) => arm.runs) {
  const metric = METRICS[view.metric] ?? METRICS.error;
  const found = [];
  for (const arm of arms) {
    for (const [split, column] of Object.entries(metric.columns)) {
      if (view.split !== "both" && view.split !== split) continue;
      const pool = metric.flipped ? flipped(known(arm, runsOf(arm), column, view.x)) : known(arm, runsOf(arm), column, view.x);
      if (pool.iterations.length) found.push({ arm, split, column, pool, ended: pool.runs.every((run) => run.isDone) });
    }
  }
  return found;
}

const pools = new WeakMap(); // of all runs of an arm; one that has new rows is another object

function known(arm, runs, column, axis) {
  if (runs !== arm.runs) return pooled(runs, column, axis);
  if (!pools.has(arm)) pools.set(arm, new Map());
  const of = pools.get(arm);
  if (!of.has(`${column} ${axis}`)) of.set(`${column} ${axis}`, pooled(runs, column, axis));
  return of.get(`${column} ${axis}`);
}

function flipped(pool) {
  const turned = (value) => (value === null ? null : 100 - value);
  const [low, high] = [pool.high.map(turned), pool.low.map(turned)];
  return { ...pool, mean: pool.mean.map(turned), low, high, values: pool.values.map((values) => values.map(turned)) };
}

/** A running mean over ``width`` rows on both sides; the raw line stays beside it. */
export function smoothed(numbers, width) {
  return numbers.map((value, at) => {
    if (value === null) return null;
    const near = numbers.slice(Math.max(0, at - width), at + width + 1).filter((one) => one !== null);
    return near.reduce((sum, one) => sum + one, 0) / near.length;
  });
}
