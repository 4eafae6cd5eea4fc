// Makes the form answer at once: the server renders each page, this script puts its parts in place.
// Without it the same form works by its buttons.
"use strict";

const form = document.getElementById("state");
const status = document.getElementById("status");
const LIVE = ["found", "picks", "rated", "results", "active", "beside"];
const FOLLOWING = ["results", "beside"];
/** After which times a list is looked at again that does not know all ratings yet. */
const FOLLOW_MS = [1000, 1000, 2000, 4000, 8000, 16000];
let asking = null;
let followed = 0;
/** Picks that no page knows yet: whoever chooses quickly is ahead of the answers. */
let ahead = [];

function say(template, values) {
  return Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), template);
}

/** What the form holds, and what a pressed button says. */
function fieldsOf(pressed) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) fields.append(name, value);
  for (const pick of ahead) fields.append("likes", pick);
  if (pressed?.name) {
    if (pressed.name === "limit") fields.delete("limit");
    fields.append(pressed.name, pressed.value);
  }
  return fields;
}

function request(fields) {
  if (form.method === "post") return [form.action, { method: "POST", body: fields }];
  return [`${form.action}?${fields}`, {}];
}

/** Puts parts of another page in the places of ours; the focus stays where it was if it can. */
function show(page, ids) {
  const focused = document.activeElement;
  const label = focused?.textContent;
  const place = focused?.closest("#picks, #results, #found")?.id;
  const key = focused?.id;
  for (const id of ids) {
    const [old, made] = [document.getElementById(id), page.getElementById(id)];
    if (old && made) old.replaceWith(made);
  }
  ready();
  if (!place || document.activeElement !== document.body) return;
  const again = key && document.getElementById(key);
  const same = [...document.querySelectorAll(`#${place} button`)].find((one) => one.textContent === label);
  (again || same || document.getElementById("q") || document.getElementById(place)).focus({ preventScroll: true });
}

async function ask(address, options = {}, ids = LIVE) {
  asking?.abort();
  const mine = (asking = new AbortController());
  document.body.classList.add("busy");
  status.textContent = status.dataset.loading;
  try {
    const answer = await fetch(address, { ...options, signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok) throw new Error(page.getElementById("problem")?.textContent ?? answer.statusText);
    show(page, ids);
    ahead = [];
    status.textContent = document.querySelector("#results .bar")?.textContent ?? "";
    status.className = "vh";
    document.body.classList.remove("busy");
    return document.getElementById("results").dataset.address;
  } catch (error) {
    if (error.name === "AbortError") return null;
    ahead = [];
    document.body.classList.remove("busy");
    status.textContent = say(status.dataset.failed, { why: error.message });
    status.className = "note bad";
    return null;
  } finally {
    if (asking === mine) asking = null;
  }
}

async function change(pressed) {
  if (pressed?.name === "add") {
    ahead.push(pressed.value);
    pressed = null;
  }
  const address = await ask(...request(fieldsOf(pressed)));
  if (address && form.method === "get") history.pushState(null, "", address);
}

/** What has to be done again for parts that came from the server. */
function ready() {
  follow();
  const share = document.getElementById("share");
  if (!share || !navigator.clipboard) return;
  share.hidden = false;
  share.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    share.textContent = status.textContent = share.dataset.done;
  });
}

/** A rating on a card: the page without the title, then the list as a worker has ranked it. */
function rate(sent, button) {
  followed = 0;
  ask(sent.action, { method: "POST", body: new URLSearchParams(new FormData(sent, button)) });
}

/** Looks at a list that is behind again, unless somebody is at it. */
function follow() {
  const results = document.getElementById("results");
  if (results.dataset.behind === undefined || followed >= FOLLOW_MS.length) return;
  setTimeout(() => {
    if (asking || document.activeElement?.matches("#results select")) follow();
    else ask(results.dataset.address, {}, FOLLOWING);
  }, FOLLOW_MS[followed++]);
}

if (form && status && document.getElementById("results")?.dataset.address) {
  form.addEventListener("change", (event) => {
    if (event.target.type !== "text") change();
  });
  form.addEventListener("submit", (event) => {
    if (form.elements.user_id && !event.submitter?.name) return; // another user is another page
    event.preventDefault();
    change(event.submitter);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".rate")) return;
    event.preventDefault();
    rate(event.target, event.submitter);
  });
  window.addEventListener("popstate", () => location.reload());
  ready();
}

// The search box: a combobox whose list is of titles, by the pattern of the ARIA practices guide.
const box = document.getElementById("q");
const list = document.getElementById("options");

if (box && list) {
  let timer = 0;
  let searching = null;
  let active = -1;

  const hint = document.getElementById("hint");
  const usual = hint.textContent;
  const options = () => [...list.children];

  const close = () => {
    list.hidden = true;
    active = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };

  const choose = (option) => {
    box.value = "";
    close();
    change({ name: "add", value: option.dataset.id });
  };

  const move = (to) => {
    const all = options();
    if (!all.length) return;
    active = (to + all.length) % all.length;
    all.forEach((one, at) => one.setAttribute("aria-selected", String(at === active)));
    box.setAttribute("aria-activedescendant", all[active].id);
    all[active].scrollIntoView({ block: "nearest" });
  };

  const plain = (text) => text.trim().toLowerCase();

  /** The suggestion that is meant for sure: the only one, or the one of this very name. */
  const meant = () => {
    const all = options();
    const named = all.find((one) => JSON.parse(one.dataset.names).includes(plain(box.value)));
    return all.length === 1 ? all[0] : named;
  };

  const optionOf = (one, at) => {
    const option = document.createElement("li");
    const romaji = new FormData(form).get("titles") === "romaji";
    const name = (!romaji && one.title_english) || one.title;
    const facts = document.createElement("small");
    facts.textContent = [name === one.title ? "" : one.title, one.type, one.year].filter(Boolean).join(" · ");
    option.append(name, " ", facts);
    option.id = `option${at}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.id = one.anime_id;
    option.dataset.names = JSON.stringify([one.title, one.title_english].map(plain));
    option.addEventListener("pointerdown", (event) => event.preventDefault());
    option.addEventListener("click", () => choose(option));
    return option;
  };

  const find = async () => {
    searching?.abort();
    const text = box.value.trim();
    hint.textContent = usual;
    if (!text) return close();
    searching = new AbortController();
    try {
      const answer = await fetch(`/v1/anime?${new URLSearchParams({ q: text, limit: 8 })}`, { signal: searching.signal });
      if (!answer.ok) return close();
      const { items } = await answer.json();
      close();
      list.replaceChildren(...items.map(optionOf));
      list.hidden = !items.length;
      box.setAttribute("aria-expanded", String(!list.hidden));
      const many = items.length === 1 ? box.dataset.one : say(box.dataset.many, { count: items.length });
      status.textContent = items.length ? many : say(box.dataset.none, { text });
      hint.textContent = items.length ? usual : status.textContent;
    } catch (error) {
      if (error.name !== "AbortError") close(); // the button still searches
    }
  };

  /** Takes what is marked or surely meant; else the page shows what the text may mean. */
  const enter = async () => {
    clearTimeout(timer);
    if (active < 0) await find();
    const option = options()[active] ?? meant();
    if (option && !list.hidden) return choose(option);
    close();
    change();
  };

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", "options");
  box.setAttribute("aria-expanded", "false");
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 120);
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // keys of whoever writes Japanese choose characters
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) find();
      else move(event.key === "ArrowDown" ? active + 1 : Math.max(active, 0) - 1);
    } else if (event.key === "Enter" && box.value.trim()) {
      event.preventDefault();
      enter();
    } else if (event.key === "Escape") {
      box.value = list.hidden ? "" : box.value;
      close();
    }
  });
}
