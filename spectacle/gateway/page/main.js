/** Starts the page: tabs, the colour scheme, and what the parts do with each other. */

import { api, signOut } from "./api.js";
import { byId, el, keep, recall, showError, toast } from "./dom.js";
import { Form } from "./form.js";
import { Gallery } from "./gallery.js";
import { Jobs } from "./jobs.js";
import { loadKinds } from "./kinds.js";
import { RequestList } from "./requests.js";
import { Vectorize } from "./vectorize.js";

const EXAMPLES = ["a red fox in the snow", "three sheep on a green hill", "a lighthouse at night", "a cat asleep on a red sofa"];
const LOOK_AT_SERVICE = 15000;

const jobs = new Jobs();
const form = new Form();
const vectorize = new Vectorize(jobs);

const again = async (job) => {
  const order = jobs.record(job.id);
  if (!order.kind) {
    form.fill({ ...order, width: job.width, height: job.height });
    toast("Its settings are in the form");
    return;
  }
  const { seed, ...options } = order.options ?? {};
  await submit([{ ...order, options }], jobs.attached(job.id) ?? {});
};

const gallery = new Gallery(jobs, {
  again,
  use: (order, images) => { choose("generate"); form.fill(order, images); },
  edit: (file) => { choose("generate"); form.edit(file); },
  vectorize: (file) => { choose("vectorize"); vectorize.use(file); },
  canEdit: () => form.canEdit,
  canVectorize: () => vectorize.able,
});
new RequestList(jobs, { again: (job) => again(job).then(() => jobs.dismiss(job.id), (error) => toast(error.message)) });

async function submit(orders, images) {
  for (const order of orders) await jobs.submit(order, images);
  toast(orders.length === 1 ? "Request submitted" : `${orders.length} requests submitted`);
}

form.addEventListener("order", async ({ detail }) => {
  const button = form.element.querySelector("[type=submit]");
  button.disabled = true;
  try {
    await submit(detail.orders, detail.images);
  } catch (error) {
    showError(byId("form-error"), error.message);
  } finally {
    button.disabled = false;
  }
});

jobs.addEventListener("finished", ({ detail: job }) => {
  const name = jobs.record(job.id).prompt || "Image";
  if (job.status === "succeeded") toast(`Finished: ${name}`);
  if (job.status === "failed") toast(`Failed: ${name}`);
});

// --- tabs ---

const tabs = [...document.querySelectorAll("[role=tab]")];

function choose(name) {
  for (const tab of tabs) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
}

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab.id.replace("tab-", "")));
  tab.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}

// --- colours ---

const dark = matchMedia("(prefers-color-scheme: dark)");

function colour() {
  const chosen = recall("theme", null);
  if (chosen) document.documentElement.dataset.theme = chosen;
  byId("theme").textContent = (chosen ?? (dark.matches ? "dark" : "light")) === "dark" ? "☀" : "☾";
}

byId("theme").addEventListener("click", () => {
  const now = recall("theme", dark.matches ? "dark" : "light");
  keep("theme", now === "dark" ? "light" : "dark");
  colour();
});
dark.addEventListener("change", colour);
colour();

// --- the service ---

async function lookAtService() {
  const status = byId("service");
  const banner = byId("banner");
  try {
    const { instances } = await api("healthz");
    status.className = instances ? "status good" : "status bad";
    status.textContent = instances ? (instances === 1 ? "1 instance" : `${instances} instances`) : "no instance";
    banner.textContent = "No instance serves the spool at the moment. Requests wait until one is started.";
    banner.hidden = instances > 0;
    const { kinds, standard } = await loadKinds();
    if (JSON.stringify(kinds) !== lookAtService.known) {
      lookAtService.known = JSON.stringify(kinds);
      form.setKinds(kinds, standard);
      vectorize.setKinds(kinds);
    }
  } catch (error) {
    status.className = "status bad";
    status.textContent = "not reachable";
    banner.textContent = error.message;
    banner.hidden = false;
  }
}

byId("sign-out").addEventListener("click", signOut);
byId("examples").replaceChildren(...EXAMPLES.map((words) => el("button", { type: "button", onclick: () => {
  byId("prompt").value = words;
  form.element.requestSubmit();
} }, words)));

await lookAtService();
setInterval(() => { if (!document.hidden) lookAtService(); }, LOOK_AT_SERVICE);
await jobs.load().catch((error) => toast(error.message));
byId("empty").hidden = gallery.entries().length > 0;
document.body.dataset.ready = "yes";
