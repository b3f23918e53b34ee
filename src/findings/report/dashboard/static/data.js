// The records as the page holds them: sweeps, their arms, and runs whose numbers are unpacked when they are first asked for.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = Object.fromEntries([...DIGITS].map((digit, value) => [digit, value]));

/**
 * Numbers and nulls of {d, v}: the steps between whole numbers, each lowest digit first, sign in the lowest bit; a digit
 * of 32 and more has others after it. Divided by a power of ten they are the very numbers that were recorded.
 */
export function unpacked({ d, v }) {
  if (Array.isArray(v)) return v;
  const factor = 10 ** d;
  const numbers = [];
  let [last, step, weight] = [0, 0, 1];
  for (const character of v) {
    if (character === ".") {
      numbers.push(null);
      continue;
    }
    const digit = VALUES[character];
    step += (digit % 32) * weight;
    if (digit >= 32) {
      weight *= 32;
      continue;
    }
    last += step % 2 ? -(step - 1) / 2 : step / 2;
    numbers.push(last / factor);
    [step, weight] = [0, 1];
  }
  return numbers;
}

export class Run {
  constructor(fields, arm) {
    Object.assign(this, fields, arm.made[fields.made]);
    this.arm = arm;
    this.id = `${arm.id}-s${this.seed}`;
    this.known = new Map();
  }

  /** A column of its rows, or null where it has none: epoch, iteration, clock (seconds), or a metric. */
  column(name) {
    if (!this.known.has(name)) {
      const packed = name === "clock" ? this.clock : this.arm.grids[this.grid][name] ?? this.columns[name];
      this.known.set(name, packed ? unpacked(packed) : null);
    }
    return this.known.get(name);
  }

  /** The last number of a metric, or null. */
  last(name) {
    return this.column(name)?.findLast((value) => value !== null) ?? null;
  }

  get isDone() {
    return this.status === "finished" || this.status === "diverged";
  }

  /** Every key of its configuration. */
  get config() {
    return { ...this.arm.sweep.config, ...this.arm.config, seed: this.seed };
  }
}

/** The content of the page with each arm knowing its sweep, and each run its arm. */
export function linked(content) {
  for (const sweep of content.sweeps) {
    for (const arm of sweep.arms) {
      arm.sweep = sweep;
      arm.runs = arm.runs.map((fields) => new Run(fields, arm));
    }
  }
  return content;
}

export function runsOf(sweep) {
  return sweep.arms.flatMap((arm) => arm.runs);
}
