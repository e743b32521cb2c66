// The pages are whole without this script, which keeps the one that is shown up
// to date: when the app says that something has changed, it fetches the page
// again and takes over what differs.
"use strict";

document.documentElement.classList.add("script");

const root = new URL(document.body.dataset.root, location.href).href;
const live = document.getElementById("live");
const shown = () => document.visibilityState === "visible";

// Fetching: one at a time, and a pause after each.

let fetching = false;
let stale = false;

async function refresh() {
  stale = true;
  if (fetching || !shown()) return;
  fetching = true;
  while (stale && shown()) {
    stale = false;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) take(await answer.text());
    } catch {
      say("not connected");
    }
    await new Promise((done) => setTimeout(done, 250));
  }
  fetching = false;
}

function say(text) {
  if (live.textContent !== text) live.textContent = text;
}

// Taking over: nodes stay where they are the same, so that the focus, selected
// text and opened parts do.

function take(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  document.title = next.title;
  for (const id of ["main", "pill", "banners"]) {
    const [old, now] = [document.getElementById(id), next.getElementById(id)];
    if (old && now) morph(old, now);
  }
}

function morph(old, now) {
  if (old.isEqualNode(now)) return;
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && !isReaders(name)) old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const known = new Map([...old.children].filter((c) => c.id).map((c) => [c.id, c]));
  const wanted = new Set([...now.children].map((c) => c.id));
  let at = old.firstChild; // what stands before it is done
  for (const child of now.childNodes) {
    while (at && at.id && !wanted.has(at.id)) at = drop(at);
    let same = child.id ? known.get(child.id) : at && !at.id && at.nodeName === child.nodeName ? at : null;
    if (!same) {
      old.insertBefore(document.importNode(child, true), at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    if (same.nodeType === Node.ELEMENT_NODE) morph(same, child);
    else if (same.nodeValue !== child.nodeValue) {
      same.nodeValue = child.nodeValue;
      glow(old.closest("td, dd"));
    }
  }
  while (at) at = drop(at);
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// isReaders tells which attributes are not the app's: what the reader has opened,
// and what glows.
function isReaders(name) {
  return name === "open" || name === "data-changed";
}

function glow(cell) {
  if (!cell || cell.dataset.changed) return;
  cell.dataset.changed = "yes";
  setTimeout(() => delete cell.dataset.changed, 1000);
}

// Actions: forms that post stay on the page.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post" || form.querySelector("[type=password]")) return;
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  try {
    const api = form.action.replace(root + "view/", root + "api/v1/");
    const answer = await fetch(api, { method: "POST" });
    const said = await answer.json();
    say(said.message || said.error || "");
    const confirm = form.closest("details.confirm");
    if (confirm) confirm.open = false;
  } catch {
    say("not connected");
  }
  if (button) button.disabled = false;
  refresh();
});

// Events: one stream for all tabs of this app, for browsers open only six
// connections to a host. The tab that holds the lock has the stream and tells the
// others; when it is closed, the lock goes to another one. Without locks, which
// only secure addresses have, each tab has a stream while it is shown.

const name = "workgen " + root;
let source = null;

function listen(tell) {
  source = new EventSource(root + "api/v1/events");
  source.addEventListener("status", () => tell("changed"));
  source.addEventListener("error", () => {
    tell("lost");
    // Lost connections are mended by the browser, but refusals are for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(tell), 5000);
  });
}

function hear(what) {
  if (what === "lost") {
    say("not connected");
    return;
  }
  if (live.textContent === "not connected") say("");
  refresh();
}

if (navigator.locks && window.BroadcastChannel) {
  const channel = new BroadcastChannel(name);
  channel.addEventListener("message", (event) => hear(event.data));
  navigator.locks.request(name, () => {
    listen((what) => {
      channel.postMessage(what);
      hear(what);
    });
    return new Promise(() => {});
  });
} else {
  const follow = () => {
    if (shown() && !source) listen(hear);
    if (!shown() && source) {
      source.close();
      source = null;
    }
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}
document.addEventListener("visibilitychange", () => {
  if (shown() && stale) refresh();
});
refresh(); // for what has changed since the page was made
