// What is drawn of an arm: the mean over its seeds where all of them have a row, and a band.

// Student's t, 97.5 %, for 1, 2, ... 30 degrees of freedom
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
export const FEW = 3; // seeds, up to which the band goes from the lowest to the highest

/** Where on the x axis the rows of a run are: one number each. */
export function places(run, axis) {
  if (axis === "epoch") return run.column("epoch");
  if (axis === "seconds") return run.column("clock");
  const iterations = run.column("iteration");
  if (axis === "iteration") return iterations;
  const perIteration = 3 * run.arm.multiply_adds * (run.config["recipe.batch_size"] ?? 1); // forward, and twice that backward
  return iterations.map((iteration) => iteration * perIteration);
}

/**
 * {x, mean, low, high, n, values, rows}: rows joined by iteration. ``mean`` is null where a seed has no number: it
 * averages all of them, or none. ``values`` has a list for each run.
 */
export function pooled(runs, metric, axis) {
  const held = runs.filter((run) => run.column(metric) !== null);
  const rows = new Map(); // iteration -> {xs, numbers}
  held.forEach((run, index) => {
    const [at, x, numbers] = [run.column("iteration"), places(run, axis), run.column(metric)];
    numbers.forEach((number, row) => {
      if (number === null) return;
      if (!rows.has(at[row])) rows.set(at[row], { xs: [], numbers: new Array(held.length).fill(null) });
      rows.get(at[row]).xs.push(x[row]);
      rows.get(at[row]).numbers[index] = number;
    });
  });
  const iterations = [...rows.keys()].sort((one, other) => one - other);
  const found = { iterations, x: [], mean: [], low: [], high: [], n: [], values: held.map(() => []), runs: held };
  for (const iteration of iterations) {
    const { xs, numbers } = rows.get(iteration);
    const known = numbers.filter((number) => number !== null);
    const complete = known.length === held.length;
    const [low, high] = complete ? band(known) : [null, null];
    found.x.push(mean(xs));
    found.mean.push(complete ? mean(known) : null);
    found.low.push(low);
    found.high.push(high);
    found.n.push(known.length);
    numbers.forEach((number, index) => found.values[index].push(number));
  }
  return found;
}

export function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** The 95 % interval of the mean; of three seeds and fewer, the lowest and the highest. */
export function band(numbers) {
  if (numbers.length <= FEW) return [Math.min(...numbers), Math.max(...numbers)];
  const centre = mean(numbers);
  const variance = numbers.reduce((sum, number) => sum + (number - centre) ** 2, 0) / (numbers.length - 1);
  const reach = (T[numbers.length - 2] ?? 1.96) * Math.sqrt(variance / numbers.length);
  return [centre - reach, centre + reach];
}

export function bandName(n) {
  if (n < 2) return "one seed";
  return n <= FEW ? `lowest to highest of ${n}` : `95 % interval of the mean of ${n}`;
}
