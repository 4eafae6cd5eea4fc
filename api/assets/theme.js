// Runs before the page is drawn, so that a chosen theme does not flash.
"use strict";

const root = document.documentElement;
const chosen = (() => {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null; // where storage is forbidden, the system's theme is followed
  }
})();
if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // it holds for this page then
    }
  });
});
