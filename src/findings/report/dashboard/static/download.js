// What is drawn, to take away: the chart as SVG and as PNG, its numbers as CSV.
import { DASHES } from "lines";
import { rounded } from "elements";

export function save(name, type, content) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** A row for each arm, split and iteration: n, mean, band, and every seed's number as it was recorded. */
export function csv(lines, view) {
  const seeds = [...new Set(lines.flatMap(({ pool }) => pool.runs.map((run) => run.seed)))].sort((one, other) => one - other);
  const rows = [["arm", "metric", "iteration", view.x === "iteration" ? null : view.x, "n", "mean", "low", "high", ...seeds.map((seed) => `seed ${seed}`)]];
  for (const { arm, column, pool } of lines) {
    pool.iterations.forEach((iteration, row) => {
      const each = seeds.map((seed) => pool.values[pool.runs.findIndex((run) => run.seed === seed)]?.[row] ?? "");
      rows.push([arm.label, column, iteration, view.x === "iteration" ? null : pool.x[row], pool.n[row], pool.mean[row], pool.low[row], pool.high[row], ...each]);
    });
  }
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return rows.map((row) => row.filter((_, at) => at !== 3 || view.x !== "iteration").map((value) => quoted(String(value ?? ""))).join(",")).join("\n") + "\n";
}

/** The plot as it stands on the screen, its ground filled. */
export function png(plot) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [plot.ctx.canvas.width, plot.ctx.canvas.height];
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(plot.ctx.canvas, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/** The same lines, drawn anew by the plot's own scales. */
export function svg({ plot, lines, floor }, view) {
  const ratio = globalThis.uPlot.pxRatio;
  const [left, top, width, height] = ["left", "top", "width", "height"].map((side) => plot.bbox[side] / ratio);
  const shown = (value) => (floor !== null && value <= 0 ? floor : value);
  const at = (x, y) => `${(left + plot.valToPos(x, "x")).toFixed(1)} ${(top + plot.valToPos(shown(y), "y")).toFixed(1)}`;
  const path = (xs, ys) => {
    const points = xs.flatMap((x, row) => (ys[row] === null ? [] : [at(x, ys[row])]));
    return points.length ? `M${points.join("L")}` : "";
  };
  const parts = [];
  for (const { arm, split, pool } of lines) {
    const dash = DASHES[split].length ? ` stroke-dasharray="${DASHES[split].join(" ")}"` : "";
    if (view.band && pool.runs.length > 1) {
      const back = [...pool.x].reverse();
      const forth = path(pool.x, pool.high);
      if (forth) parts.push(`<path d="${forth}${path(back, [...pool.low].reverse()).replace("M", "L")}Z" fill="${arm.colour}" opacity="0.18"/>`);
    }
    if (view.seeds) for (const values of pool.values) parts.push(`<path d="${path(pool.x, values)}" fill="none" stroke="${arm.colour}" opacity="0.5" stroke-width="0.8"${dash}/>`);
    parts.push(`<path d="${path(pool.x, pool.mean)}" fill="none" stroke="${arm.colour}" stroke-width="2"${dash}/>`);
  }
  const legend = [...new Set(lines.map(({ arm }) => arm))].map((arm, row) => `<text x="${left + width + 10}" y="${top + 14 + 16 * row}" fill="${arm.colour}">${escaped(arm.label)}</text>`);
  const ticks = (scale) => plot.axes[scale === "x" ? 0 : 1]._splits ?? [];
  const labels = [
    ...ticks("x").map((value) => `<text x="${left + plot.valToPos(value, "x")}" y="${top + height + 16}" text-anchor="middle">${rounded(value)}</text>`),
    ...ticks("y").map((value) => `<text x="${left - 6}" y="${top + plot.valToPos(value, "y") + 4}" text-anchor="end">${value === floor ? 0 : rounded(value)}</text>`),
  ];
  const full = [left + width + 170, top + height + 44];
  const names = plot.axes.map((one) => escaped(one.label ?? ""));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${full[0].toFixed(0)} ${full[1].toFixed(0)}" font-family="sans-serif" font-size="12" fill="#444">` +
    `<rect width="100%" height="100%" fill="#fff"/><path d="M${left} ${top}V${top + height}H${left + width}" fill="none" stroke="#888"/>` +
    `<clipPath id="inside"><rect x="${left}" y="${top}" width="${width}" height="${height}"/></clipPath><g clip-path="url(#inside)">${parts.join("")}</g>` +
    `${labels.join("")}${legend.join("")}<text x="${left + width / 2}" y="${top + height + 36}" text-anchor="middle">${names[0]}</text>` +
    `<text transform="translate(14 ${top + height / 2}) rotate(-90)" text-anchor="middle">${names[1]}</text></svg>\n`
  );
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
