// Adds a form to each route of the page, to try it. Without this script the page reads the same.
"use strict";

function field(form, name, input) {
  const label = document.createElement("label");
  input.name = name;
  label.append(name, input);
  form.append(label);
}

function addressOf(section, values) {
  let path = section.dataset.path;
  const query = new URLSearchParams();
  for (const row of section.querySelectorAll("tr[data-name]")) {
    const name = row.dataset.name;
    const value = values.get(name);
    if (row.dataset.in === "path") {
      path = path.replace(`{${name}}`, encodeURIComponent(value));
    } else if (value && row.dataset.in === "query") {
      query.set(name, value);
    }
  }
  return query.size ? `${path}?${query}` : path;
}

async function ask(section, form, output) {
  const values = new FormData(form);
  const request = { method: section.dataset.method.toUpperCase(), headers: {} };
  for (const row of section.querySelectorAll("tr[data-in=header]")) {
    const value = values.get(row.dataset.name);
    if (value) request.headers[row.dataset.name] = value;
  }
  if (values.get("key")) request.headers.Authorization = `Bearer ${values.get("key")}`;
  if (values.has("body")) {
    request.headers["Content-Type"] = "application/json";
    request.body = values.get("body");
  }
  const address = addressOf(section, values);
  try {
    const answer = await fetch(address, request);
    const text = await answer.text();
    let shown = text;
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    output.textContent = `${request.method} ${address}\n${answer.status}\n\n${shown}`;
  } catch (error) {
    output.textContent = `${request.method} ${address}\nNo answer: ${error.message}`;
  }
}

function addForm(section) {
  const form = document.createElement("form");
  for (const row of section.querySelectorAll("tr[data-name]")) {
    field(form, row.dataset.name, document.createElement("input"));
  }
  if (section.dataset.method === "post") {
    const body = document.createElement("textarea");
    body.rows = 4;
    body.cols = 60;
    const live = section.dataset.path === "/v1/recommendations";
    body.value = live ? '{"ratings": [{"anime_id": 1, "rating": 9}]}' : '{"anime_id": 1, "rating": 9}';
    field(form, "body", body);
  }
  field(form, "key", document.createElement("input"));
  const button = document.createElement("button");
  button.textContent = "Try";
  const output = document.createElement("pre");
  output.setAttribute("aria-live", "polite");
  output.hidden = true;
  form.append(button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    output.hidden = false;
    ask(section, form, output);
  });
  section.append(form, output);
}

document.querySelectorAll("section[data-path]").forEach(addForm);
