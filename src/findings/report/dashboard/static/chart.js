// A chart of lines by uPlot: bands, seeds, marks of runs that diverged, an axis that can show zeros on a logarithmic scale.
import { DASHES, METRICS, smoothed } from "lines";
import { MARKERS, rounded } from "elements";

const AXES = { epoch: "epoch", iteration: "iteration", seconds: "seconds of training", operations: "multiply-adds of training" };

/** Draws into ``place``. ``told`` is called with the row under the cursor, or null. Returns {plot, lines, destroy}. */
export function chart(place, lines, view, { height = 380, range = null, told = () => {}, zoomed = () => {} } = {}) {
  const floor = view.y === "log" ? floorOf(lines) : null;
  const shown = (value) => (value === null || value === undefined ? value : floor !== null && value <= 0 ? floor : value);
  const tables = [];
  const series = [{}];
  const bands = [];
  for (const line of lines) {
    const { arm, split, pool } = line;
    const dash = DASHES[split];
    const faint = { stroke: arm.colour + "80", width: 0.8, dash, points: { show: false }, spanGaps: true };
    const columns = [];
    if (view.band && pool.runs.length > 1) {
      const index = series.length + columns.length;
      columns.push([pool.low, { ...faint, width: 0, stroke: "transparent" }], [pool.high, { ...faint, width: 0, stroke: "transparent" }]);
      bands.push({ series: [index + 1, index], fill: arm.colour + "2e" });
    }
    const own = [];
    if (view.seeds && pool.runs.length > 1) for (const values of pool.values) own.push([values, faint]);
    const strong = { stroke: arm.colour, width: 2.2, dash: line.ended ? dash : [2, 5], spanGaps: true, points: { show: pool.x.length === 1 } };
    const middle = view.smooth ? smoothed(pool.mean, view.smooth) : pool.mean;
    if (view.smooth) own.push([pool.mean, faint]);
    line.series = series.length + columns.length + own.length;
    columns.push(...own, [middle, strong]);
    tables.push([pool.x, ...columns.map(([values]) => values.map(shown))]);
    series.push(...columns.map(([, options]) => options));
  }
  const metric = METRICS[view.metric] ?? METRICS.error;
  const style = getComputedStyle(document.body);
  const ink = style.getPropertyValue("--quiet").trim() || style.color;
  const grid = { stroke: style.getPropertyValue("--line").trim(), width: 1 };
  const options = {
    width: Math.max(place.clientWidth, 200),
    height,
    series,
    bands,
    legend: { show: false },
    scales: {
      x: { time: false },
      y: { distr: view.y === "log" ? 3 : 1, range: range ?? ((_, low, high) => limits(low, high, view.y, floor)) },
    },
    axes: [
      { label: AXES[view.x], stroke: ink, grid, ticks: grid, values: (_, at) => at.map((value) => (value === null ? "" : rounded(value))) },
      {
        label: `${metric.title}${metric.unit && ` (${metric.unit})`}${floor === null ? "" : ", 0 at the bottom"}`,
        stroke: ink, grid, ticks: grid, size: 62, filter: (_, splits) => splits,
        ...(view.y === "log" ? { splits: (plot) => steps(plot.scales.y.min, plot.scales.y.max, floor) } : {}),
        values: (_, at) => at.map((value) => (value === null ? "" : value === floor ? "0" : rounded(value))),
      },
    ],
    cursor: { drag: { x: true, y: true, uni: 40 }, points: { size: 7 }, y: false },
    hooks: {
      draw: [(plot) => marks(plot, lines, shown)],
      setCursor: [(plot) => told(plot.cursor.idx)],
      setSelect: [(plot) => plot.select.width > 0 && queueMicrotask(() => zoomed(bounds(plot)))],
    },
  };
  const data = tables.length ? globalThis.uPlot.join(tables) : [[]];
  const plot = new globalThis.uPlot(options, data, place);
  const wheel = keys(plot, zoomed);
  return { plot, lines, floor, destroy: () => (wheel(), plot.destroy()) };
}

export function bounds(plot) {
  return [plot.scales.x.min, plot.scales.x.max, plot.scales.y.min, plot.scales.y.max].map((value) => Number(value.toPrecision(5)));
}

export function zoomTo(plot, zoom) {
  if (zoom.length !== 4) return;
  plot.batch(() => {
    plot.setScale("x", { min: zoom[0], max: zoom[1] });
    plot.setScale("y", { min: zoom[2], max: zoom[3] });
  });
}

/** Zeros are drawn below the smallest number that is none. */
function floorOf(lines) {
  let [least, zero] = [Infinity, false];
  for (const { pool } of lines) {
    for (const values of [pool.mean, pool.low, ...pool.values]) {
      for (const value of values) {
        if (value === null) continue;
        if (value <= 0) zero = true;
        else least = Math.min(least, value);
      }
    }
  }
  return zero && Number.isFinite(least) ? 10 ** Math.floor(Math.log10(least) - 0.3) : null;
}

/** 1, 2, 5, 10 ... between two numbers, and the floor that stands for 0. */
function steps(low, high, floor) {
  const found = floor === null ? [] : [floor];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of [1, 2, 3, 5]) {
      const value = Number((step * 10 ** power).toPrecision(1));
      if (value >= low && value <= high && (floor === null || value > 1.5 * floor)) found.push(value);
    }
  }
  return found;
}

function limits(low, high, y, floor) {
  if (low === null || high === null || low === undefined) return [0, 1];
  if (y === "log") return [floor ?? low / 1.1, high * 1.1];
  const room = 0.05 * (high - low) || 1;
  return [low >= 0 && low < 0.35 * high ? 0 : low - room, high + room];
}

/** A cross where a run diverged, a ring where one that is under way has got to, and each arm's marker along its mean. */
function marks(plot, lines, shown) {
  const context = plot.ctx;
  context.save();
  context.beginPath();
  context.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
  context.clip();
  const ratio = globalThis.uPlot.pxRatio;
  const at = (x, y) => [plot.valToPos(x, "x", true), plot.valToPos(shown(y), "y", true)];
  for (const { arm, split, pool } of lines) {
    context.strokeStyle = context.fillStyle = arm.colour;
    context.lineWidth = 1.6 * ratio;
    const every = Math.max(1, Math.round(pool.x.length / 8));
    const path = new Path2D(MARKERS[arm.marker]);
    pool.x.forEach((x, row) => {
      if (pool.mean[row] === null || (row % every && row !== pool.x.length - 1)) return;
      const [left, top] = at(x, pool.mean[row]);
      context.save();
      context.translate(left, top);
      context.scale(0.8 * ratio, 0.8 * ratio);
      if (split === "test") context.fill(path);
      else context.stroke(path);
      context.restore();
    });
    pool.runs.forEach((run, index) => {
      if (run.status === "finished") return;
      const row = pool.values[index].findLastIndex((value) => value !== null);
      if (row < 0) return;
      const [left, top] = at(pool.x[row], pool.values[index][row]);
      const reach = 5 * ratio;
      context.beginPath();
      if (run.status === "diverged") {
        context.moveTo(left - reach, top - reach);
        context.lineTo(left + reach, top + reach);
        context.moveTo(left + reach, top - reach);
        context.lineTo(left - reach, top + reach);
      } else context.arc(left, top, reach, 0, 2 * Math.PI);
      context.stroke();
    });
  }
  context.restore();
}

/** Arrows move the view, + and - zoom, 0 or a double click show all; with the wheel and Ctrl, or by dragging with Shift. */
function keys(plot, zoomed) {
  const over = plot.over;
  over.tabIndex = 0;
  over.setAttribute("role", "application");
  over.setAttribute("aria-label", "chart: arrows move, plus and minus zoom, 0 shows all; the numbers are in the table below");
  const scale = (factor, shiftX, shiftY) => {
    const [low, high, bottom, top] = bounds(plot);
    const [width, height] = [(high - low) * factor, (top - bottom) * factor];
    const [x, y] = [(low + high) / 2 + shiftX * (high - low), (bottom + top) / 2 + shiftY * (top - bottom)];
    const log = plot.scales.y.distr === 3;
    zoomed([x - width / 2, x + width / 2, log ? bottom : y - height / 2, log ? top : y + height / 2]);
  };
  const moves = {
    ArrowLeft: [1, -0.1, 0], ArrowRight: [1, 0.1, 0], ArrowUp: [1, 0, 0.1], ArrowDown: [1, 0, -0.1], "+": [0.7, 0, 0], "=": [0.7, 0, 0], "-": [1.4, 0, 0],
  };
  const pressed = (event) => {
    if (event.key === "0") zoomed([]);
    else if (moves[event.key]) scale(...moves[event.key]);
    else return;
    event.preventDefault();
  };
  const turned = (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    scale(event.deltaY > 0 ? 1.2 : 0.83, 0, 0);
  };
  let from = null;
  const held = (event) => {
    if (!event.shiftKey) return;
    event.stopImmediatePropagation();
    from = { x: event.clientX, y: event.clientY };
  };
  const dragged = (event) => {
    if (!from) return;
    scale(1, (from.x - event.clientX) / over.clientWidth, (event.clientY - from.y) / over.clientHeight);
    from = null;
  };
  const all = () => zoomed([]);
  over.addEventListener("keydown", pressed);
  over.addEventListener("wheel", turned, { passive: false });
  over.addEventListener("mousedown", held, { capture: true });
  over.addEventListener("mouseup", dragged);
  over.addEventListener("dblclick", all);
  return () => over.removeEventListener("keydown", pressed);
}
