// A served page asks now and then for what is new, and puts it into the records it has.
import { Run } from "data";
import { make } from "elements";

const EVERY = 2000; // milliseconds

/** ``changed(sweeps)`` is called with the names of the sweeps that have new rows. */
export function follow(content, changed) {
  const { address, version } = content.live;
  const place = document.getElementById("live");
  place.hidden = false;
  let [known, heard, said] = [version, Date.now(), ""];
  const tell = () => {
    const age = Math.round((Date.now() - heard) / 1000);
    place.replaceChildren(make("span", {}, `updated ${age} s ago${said && `; ${said}`}`));
  };
  const ask = async () => {
    try {
      const answer = await fetch(`${address}&since=${known}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      [known, heard, said] = [news.version, Date.now(), news.said];
      const touched = news.arms.map((arm) => put(content, arm));
      if (touched.length) changed(new Set(touched.filter(Boolean)));
    } catch {
      said = "the server does not answer";
    }
    tell();
    setTimeout(ask, EVERY);
  };
  setInterval(tell, 1000);
  setTimeout(ask, EVERY);
}

/** An arm of the same id is made anew in its place; the page's view knows arms by their labels. */
function put(content, { sweep: name, ...fields }) {
  const sweep = content.sweeps.find((one) => one.name === name);
  const at = sweep?.arms.findIndex((arm) => arm.id === fields.id) ?? -1;
  if (at < 0) return null;
  const arm = { ...fields, sweep };
  arm.runs = fields.runs.map((run) => new Run(run, arm));
  sweep.arms[at] = arm;
  return name;
}
