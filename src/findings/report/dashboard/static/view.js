// What is looked at, and the address that says so. Only what differs from the usual view is in the address.

export const USUAL = {
  sweep: "", metric: "error", x: "iteration", y: "linear", only: [], hidden: [], seeds: true, band: true, split: "both",
  multiples: false, smooth: 0, zoom: [], trade: "parameters", filter: "", sort: "", picked: [], overlay: false,
};
const LISTS = ["only", "hidden", "picked"];

export function read(hash) {
  const view = structuredClone(USUAL);
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  for (const [name, text] of given) {
    if (!(name in USUAL)) continue;
    if (LISTS.includes(name)) view[name] = text.split(",").filter(Boolean);
    else if (name === "zoom") view.zoom = text.split(",").map(Number).filter(Number.isFinite);
    else if (typeof USUAL[name] === "boolean") view[name] = text === "1";
    else if (typeof USUAL[name] === "number") view[name] = Number(text) || 0;
    else view[name] = text;
  }
  return view;
}

export function written(view) {
  const parts = [];
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = view[name];
    if (JSON.stringify(value) === JSON.stringify(usual)) continue;
    const text = Array.isArray(value) ? value.join(",") : typeof value === "boolean" ? Number(value) : value;
    parts.push(`${name}=${encodeURIComponent(text).replaceAll("%2C", ",")}`);
  }
  return parts.join("&");
}

/** Whether an address names a view, rather than a place on the page. */
export function isView(hash) {
  return hash.includes("=");
}
