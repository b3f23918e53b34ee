// The records as the page holds them: sweeps, their arms, and runs whose numbers are unpacked when they are first asked for.

/** Numbers and nulls of {d, v}: whole numbers, too large by a power of ten. The quotients are the recorded numbers. */
export function unpacked({ d, v }) {
  const factor = 10 ** d;
  return v.map((value) => (value === null ? null : value / factor));
}

export class Run {
  constructor(fields, arm) {
    Object.assign(this, fields);
    this.arm = arm;
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
