// The pages are whole without this script, which keeps the one that is shown up to date, says
// at once when it cannot, and gives it a keyboard.
"use strict";

const page = document.documentElement;
const body = document.body;
const root = new URL(body.dataset.root, location.href).href;
const live = document.getElementById("live");
const shown = () => document.visibilityState === "visible";
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
page.classList.add("script");

// Following the app. A tab that is shown has a stream; of one browser four at most, for it opens
// only six connections to a host. Others fetch the page from time to time.

const most = 4;
const every = 5000; // between two fetches
const silence = 12000; // the app says something every five seconds

async function follow() {
  for (;;) {
    await untilShown();
    if (await streamed()) continue;
    await poll();
    await sleep(every);
  }
}

function untilShown() {
  return new Promise((done) => {
    if (shown()) return done();
    document.addEventListener("visibilitychange", done, { once: true });
  });
}

// streamed follows by a stream while the tab is shown, and tells whether there was room for one.
async function streamed() {
  if (!navigator.locks) return await stream(); // only secure addresses have locks
  for (let i = 0; i < most; i++) {
    const said = await navigator.locks.request("workgen stream " + i, { ifAvailable: true }, (lock) => lock && stream());
    if (said !== null) return said;
  }
  return false;
}

// stream ends when the tab is hidden, with true, or when the app refuses, with false.
function stream() {
  return new Promise((done) => {
    const source = new EventSource(location.href);
    let tokens = [];
    const end = (fine) => {
      source.close();
      clearTimeout(heard);
      document.removeEventListener("visibilitychange", hide);
      done(fine);
    };
    const silent = () => {
      lost();
      end(false);
    };
    let heard = setTimeout(silent, silence);
    const hide = () => shown() || end(true);
    document.addEventListener("visibilitychange", hide);
    source.addEventListener("open", () => (tokens = []));
    source.addEventListener("alive", (event) => {
      clearTimeout(heard);
      heard = setTimeout(silent, silence);
      const said = JSON.parse(event.data);
      answered(said.process, said.now);
    });
    source.addEventListener("page", (event) => {
      tokens = patched(tokens, JSON.parse(event.data));
      take(tokens.join(""));
    });
    source.addEventListener("end", () => end(false));
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) end(false);
      else lost(); // and the browser tries again
    });
  });
}

// poll fetches the page.
async function poll() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(every) });
    if (!answer.ok) return refused(answer.status);
    const next = parse(await answer.text());
    answered(next.body.dataset.process, Number(next.body.dataset.now));
    show(next);
  } catch {
    lost();
  }
}

// patched makes a page out of the one before, as patch.go explains.
function patched(before, patch) {
  const tokens = [];
  let at = 0;
  const copy = (n) => {
    for (const end = at + n; at < end; at++) tokens.push(before[at]);
  };
  for (const op of patch) {
    if (typeof op === "number") copy(op);
    else if (typeof op === "string") for (const token of op.match(/[^>]*>|[^>]+$/g)) tokens.push(token), at++;
    else {
      at = op[0];
      copy(op[1]);
    }
  }
  return tokens;
}

// The truth, at the top: who answers, whether anybody does, and what time it is there.

const truth = document.getElementById("truth");
let behind = 0; // milliseconds that this computer's clock is behind the app's

function answered(process, now) {
  unsay("lost");
  unsay("refused");
  if (process && body.dataset.process && process !== body.dataset.process) {
    body.dataset.old = "";
    tell("old", "bad", "The app was restarted.", "What you see is of the process before it.", ["Reload", () => location.reload()]);
    return;
  }
  if (!now) return;
  behind = now - Date.now();
  if (Math.abs(behind) > 2000) {
    tell("clock", "warn", "Two clocks.", `The clock of this computer is ${runs(Math.abs(behind))} ${behind > 0 ? "behind" : "ahead of"} that of the app, whose times these are.`);
  } else unsay("clock");
}

function lost() {
  if (document.getElementById("truth-lost")) return;
  const at = new Date().toTimeString().slice(0, 8);
  tell("lost", "bad", "Connection lost.", `The app has not answered since ${at}. What you see is of then. Trying again.`);
}

function refused(status) {
  unsay("lost");
  const why = status === 401 ? "The app wants its token again." : status === 404 ? "What this page shows is not there any more." : `The app answers ${status}.`;
  tell("refused", "warn", why, "What you see is old.", ["Reload", () => location.reload()]);
}

function tell(id, kind, headline, text, button) {
  let p = document.getElementById("truth-" + id);
  if (!p) {
    p = document.createElement("p");
    p.id = "truth-" + id;
    p.className = "banner " + kind;
    p.setAttribute("role", "alert");
    p.append(document.createElement("strong"), document.createElement("span"));
    if (button) {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = button[0];
      b.addEventListener("click", button[1]);
      p.append(b);
    }
    truth.append(p);
  }
  for (const [node, said] of [[p.children[0], headline], [p.children[1], text]]) if (node.textContent !== said) node.textContent = said;
  body.toggleAttribute("data-lost", !!document.querySelector("#truth-lost, #truth-old, #truth-refused"));
}

function unsay(id) {
  document.getElementById("truth-" + id)?.remove();
  body.toggleAttribute("data-lost", !!document.querySelector("#truth-lost, #truth-old, #truth-refused"));
}

function say(text) {
  if (live.textContent !== text) live.textContent = text;
}

// Taking over: nodes stay where they are the same, so that the focus, selected
// text and opened parts do.

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

function take(html) {
  show(parse(html));
}

function show(next) {
  if ("old" in body.dataset) return; // it is another process's
  tick(next);
  if (document.title !== next.title) document.title = next.title;
  for (const id of ["main", "pill", "banners"]) {
    const [old, now] = [document.getElementById(id), next.getElementById(id)];
    if (old && now) morph(old, now);
  }
  select();
  find(false);
}

function morph(old, now) {
  if (old.isEqualNode(now)) return;
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && !isReaders(name)) old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (!isReaders(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
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
      if (old.nodeName !== "TIME") glow(old.closest("td, dd"));
    }
  }
  while (at) at = drop(at);
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// isReaders tells which attributes are not the app's: what the reader has opened or selected,
// and what glows.
function isReaders(name) {
  return name === "open" || name === "data-changed" || name === "data-any";
}

function glow(cell) {
  if (!cell || cell.dataset.changed || cell.querySelector(".meter")) return;
  cell.dataset.changed = "yes";
  setTimeout(() => delete cell.dataset.changed, 1000);
}

// Times that run on. The app's clock counts. Format.go has the same words.

function tick(within) {
  if ("lost" in body.dataset) return;
  const now = Date.now() + behind;
  for (const time of within.querySelectorAll("time[data-since], time[data-until], time[data-at]")) {
    const t = Date.parse(time.dateTime);
    const text = "at" in time.dataset ? ago(now - t) : runs("since" in time.dataset ? now - t : t - now);
    if (time.textContent !== text) time.textContent = text;
  }
}

function runs(ms) {
  const s = Math.floor(Math.max(ms, 0) / 1000);
  const part = (n, m) => Math.floor((s % m) / n);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${part(60, 3600)} min ${s % 60} s`;
  if (s < 86400) return `${part(3600, 86400)} h ${part(60, 3600)} min`;
  return `${Math.floor(s / 86400)} d ${part(3600, 86400)} h`;
}

function ago(ms) {
  if (ms >= 1000) return about(ms) + " ago";
  if (ms <= -1000) return "in " + about(-ms);
  return "now";
}

function about(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

setInterval(() => shown() && tick(document), 1000);

// Actions: forms with data-stay are sent without leaving the page, and what the app says is said here.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("stay" in form.dataset)) return;
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  try {
    const fields = new URLSearchParams(new FormData(form, button));
    const answer = await fetch(form.action.replace(root + "view/", root + "api/v1/"), { method: "POST", body: fields });
    const said = await answer.json();
    say(said.message || said.error || "");
    const confirm = form.closest("details.confirm");
    if (confirm) confirm.open = false;
  } catch {
    lost();
  }
  if (button) button.disabled = false;
});

// Copying. Only secure addresses have a clipboard; elsewhere the text is selected.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1500);
    say("Copied.");
  } catch {
    prompt("Copy this:", button.dataset.copy);
  }
});

// Keys.

const keys = [
  ["/", "search"],
  ["j", "next row"],
  ["k", "previous row"],
  ["Enter", "open the row"],
  ["x", "select the row"],
  ...[...document.querySelectorAll("[data-go]")].map((a) => ["g " + a.dataset.go, "go to " + a.textContent]),
  ["Esc", "leave the search, close this"],
  ["?", "these keys"],
];

let going = 0; // when g was pressed

document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (at.matches("input:not([type=checkbox], [type=radio]), select, textarea")) {
    if (event.key === "Escape") at.blur();
    return;
  }
  if (Date.now() - going < 1500) {
    going = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) return link.click(), event.preventDefault();
  }
  switch (event.key) {
    case "/": {
      const search = document.querySelector("#search") || document.querySelector("input[type=search]");
      search?.focus();
      search?.select();
      break;
    }
    case "j":
    case "k":
      move(event.key === "j" ? 1 : -1);
      break;
    case "x":
      document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click();
      break;
    case "g":
      going = Date.now();
      return;
    case "?":
      help();
      break;
    default:
      return;
  }
  event.preventDefault();
});

// Selections: check boxes of rows, one with data-all for all of them, and how many are checked.

function select() {
  for (const form of document.querySelectorAll("form.select")) {
    const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
    const n = boxes.filter((box) => box.checked).length;
    const all = form.querySelector("input[data-all]");
    if (all) {
      all.checked = n > 0 && n === boxes.length;
      all.indeterminate = n > 0 && n < boxes.length;
    }
    for (const count of form.querySelectorAll("[data-count]")) count.textContent = n;
    form.toggleAttribute("data-any", n > 0);
  }
}

document.addEventListener("change", (event) => {
  const all = event.target;
  if (all.matches?.("input[data-all]")) for (const box of all.form.querySelectorAll("tbody input[type=checkbox]")) box.checked = all.checked;
  select();
});
select();

// move puts the focus on the link of another row.
function move(by) {
  const links = [...document.querySelectorAll("main tbody tr")].map((row) => row.querySelector("a[href]")).filter((a) => a?.checkVisibility());
  const row = document.activeElement.closest("tr");
  const here = links.findIndex((a) => a.closest("tr") === row);
  const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function help() {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = document.createElement("h2");
  title.id = "keys-title";
  title.textContent = "Keys";
  const list = document.createElement("dl");
  list.className = "keys";
  for (const [key, what] of keys) {
    const line = document.createElement("div");
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    for (const part of key.split(" ")) {
      const kbd = document.createElement("kbd");
      kbd.textContent = part;
      dt.append(kbd, " ");
    }
    dd.textContent = what;
    line.append(dt, dd);
    list.append(line);
  }
  const form = document.createElement("form");
  form.method = "dialog";
  const close = document.createElement("button");
  close.textContent = "Close";
  form.append(close);
  dialog.append(title, list, form);
  dialog.addEventListener("close", () => dialog.remove());
  body.append(dialog);
  dialog.showModal();
}

// Finding in a page: what a box with data-find names is searched for its text. What is folded opens, and
// all places are marked without a change of the page.

function find(moves) {
  const box = document.querySelector("input[data-find]");
  if (!box || !CSS.highlights) return;
  const text = box.value.toLowerCase();
  const places = [];
  for (const part of text ? document.querySelectorAll(box.dataset.find) : []) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && places.length < 1000; node = walker.nextNode()) {
      const within = node.data.toLowerCase();
      for (let at = within.indexOf(text); at >= 0 && within.length === node.data.length; at = within.indexOf(text, at + text.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + text.length);
        places.push(range);
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...places));
  const said = document.querySelector("#found");
  if (said) said.value = text ? (places.length === 1000 ? "1000 and more" : `${places.length} found`) : "";
  if (!moves) return;
  for (const d of unfolded.splice(0)) d.open = false;
  if (!places.length) return;
  for (const place of places) unfolded.push(...reveal(place.startContainer.parentElement));
  places[0].startContainer.parentElement.scrollIntoView({ block: "nearest" });
}

const unfolded = []; // what find has opened

// reveal unfolds what an element is in, and returns what was folded.
function reveal(element) {
  const opened = [];
  for (let d = element?.closest("details"); d; d = d.parentElement.closest("details")) {
    if (!d.open) opened.push(d);
    d.open = true;
  }
  return opened;
}

document.addEventListener("input", (event) => event.target.matches("input[data-find]") && find(true));

// What an address names is not to stay folded.
const named = () => reveal(document.getElementById(location.hash.slice(1)));
addEventListener("hashchange", named);
named();

// An error, a question, the form for the token stay as they are.
if (body.dataset.now) follow();
