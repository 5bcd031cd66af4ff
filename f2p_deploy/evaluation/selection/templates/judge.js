"use strict";

/* Judges select one candidate of each photo. Orders depend on the seed and on the judge, so a sitting can be continued
   and repeated; choices stay in this browser until they are saved as a file. */

function randomOf(text) {
  // FNV-1a of the text starts mulberry32.
  let state = 2166136261;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 16777619);
  return function () {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(items, text) {
  const random = randomOf(text), order = items.slice();
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function startPage() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const photos = new Map(data.photos.map((photo) => [photo.id, photo]));
  const place = "f2p-selection-" + data.selection;
  const at = (id) => document.getElementById(id);
  let sitting = null, shown = 0, since = 0, ready = 0, remembered = true, unsaved = false;

  function readSittings() {
    try { return JSON.parse(localStorage.getItem(place)) || {}; } catch { return {}; }
  }
  function keep() {
    try {
      const all = readSittings();
      all[sitting.judge_id] = sitting;
      localStorage.setItem(place, JSON.stringify(all));
    } catch { remembered = false; }
  }

  const order = () => shuffled([...photos.keys()], data.seed + "|" + sitting.judge_id);
  const candidates = (id) =>
    shuffled(photos.get(id).candidates.map((one) => one.id), data.seed + "|" + sitting.judge_id + "|" + id);
  const answered = () => order().filter((id) => sitting.choices[id]).length;

  function screen(name) {
    for (const one of ["start", "choose", "done"]) at(one).hidden = one !== name;
    document.body.classList.toggle("judging", name === "choose");
    window.scrollTo(0, 0);
  }
  function begin(one) {
    sitting = one;
    const first = order().findIndex((id) => !sitting.choices[id]);
    if (first < 0) return finish();
    screen("choose");
    show(first);
  }
  function show(i) {
    const ids = order(), id = ids[i], photo = photos.get(id), chosen = sitting.choices[id];
    shown = i;
    at("photo").src = photo.picture;
    const group = at("candidates"), pictures = new Map(photo.candidates.map((one) => [one.id, one.picture]));
    const list = candidates(id), focused = group.contains(document.activeElement);
    group.parentElement.classList.toggle("odd", list.length % 2 === 1);
    group.style.setProperty("--across", Math.min(list.length, 4));
    group.replaceChildren(...list.map((candidate, k) => {
      const button = document.createElement("button"), image = document.createElement("img"), number = document.createElement("span");
      button.className = "candidate";
      button.type = "button";
      button.setAttribute("aria-pressed", String(Boolean(chosen) && chosen.chosen === candidate));
      image.src = pictures.get(candidate);
      image.alt = "Character " + (k + 1);
      number.textContent = String(k + 1);
      number.setAttribute("aria-hidden", "true");
      button.append(image, number);
      button.addEventListener("click", () => choose(candidate));
      return button;
    }));
    if (focused) group.focus();
    at("last").textContent = String(list.length);
    at("progress").value = answered();
    at("count").textContent = "Photo " + (i + 1) + " of " + ids.length;
    at("back").disabled = i === 0;
    at("forward").disabled = !chosen;
    since = performance.now();
    ready = since + 250;  // a second click of a double click is not an answer to the next photo
  }
  function choose(candidate) {
    if (performance.now() < ready) return;
    const id = order()[shown];
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    sitting.choices[id] = { photo: id, order: candidates(id), chosen: candidate, seconds: seconds };
    unsaved = true;
    keep();
    forward();
  }
  function forward() {
    const ids = order();
    if (!sitting.choices[ids[shown]]) return;
    if (shown + 1 < ids.length) show(shown + 1);
    else if (answered() === ids.length) finish();
    else begin(sitting);
  }
  function finish() {
    const done = answered(), whole = done === photos.size;
    screen("done");
    at("thanks").textContent = whole ? "Thank you, " + sitting.judge + "." : done + " of " + photos.size + " photos done.";
    at("told").textContent = "Save your choices as a file and give it to whoever sent you this page." +
      (whole ? "" : remembered ? " To continue later, open this page again in this browser." :
        " This browser keeps nothing: to continue later, open the page and then the saved file.");
    at("resume").textContent = whole ? "Change choices" : "Continue";
    at("thanks").focus();
  }
  function save() {
    const choices = order().map((id) => sitting.choices[id]).filter(Boolean);
    const content = {
      format: "f2p-selection-choices", version: 1, selection: data.selection, judge: sitting.judge,
      judge_id: sitting.judge_id, saved: new Date().toISOString(), photos: photos.size, choices: choices,
    };
    const link = document.createElement("a");
    const name = sitting.judge.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "judge";
    link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1) + "\n"], { type: "application/json" }));
    link.download = "choices-" + name + "-" + sitting.judge_id.slice(0, 4) + ".json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
    at("told").textContent = "Saved as " + link.download + ". Give this file to whoever sent you this page.";
  }
  function welcome() {
    screen("start");
    at("judge").value = "";
    at("trouble").textContent = "";
    at("earlier").replaceChildren(...Object.values(readSittings()).map((one) => {
      const button = document.createElement("button"), line = document.createElement("p");
      button.textContent = "Continue as " + one.judge + " (" + Object.keys(one.choices).length + " of " + photos.size + ")";
      button.className = "plain";
      button.addEventListener("click", () => begin(one));
      line.append(button);
      return line;
    }));
  }
  async function openFile(file) {
    try {
      const content = JSON.parse(await file.text());
      if (content.format !== "f2p-selection-choices") throw new Error();
      if (content.selection !== data.selection) {
        at("trouble").textContent = "These choices belong to another page.";
        return;
      }
      const choices = Object.fromEntries(content.choices.filter((one) => photos.has(one.photo)).map((one) => [one.photo, one]));
      begin({ judge: content.judge, judge_id: content.judge_id, choices: choices });
      keep();
    } catch {
      at("trouble").textContent = file.name + " is no file of choices.";
    }
  }

  at("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    const judge = at("judge").value.trim();
    if (!judge) return;
    const id = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    begin({ judge: judge, judge_id: id, choices: {} });
  });
  at("open").addEventListener("change", (event) => {
    if (event.target.files.length) openFile(event.target.files[0]);
    event.target.value = "";
  });
  at("back").addEventListener("click", () => show(Math.max(shown - 1, 0)));
  at("forward").addEventListener("click", forward);
  at("save-early").addEventListener("click", () => { finish(); save(); });
  at("save").addEventListener("click", save);
  at("resume").addEventListener("click", () => { if (answered() === photos.size) { screen("choose"); show(0); } else begin(sitting); });
  at("next").addEventListener("click", welcome);
  document.addEventListener("keydown", (event) => {
    if (at("choose").hidden || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const buttons = at("candidates").children, number = Number(event.key);
    if (number >= 1 && number <= buttons.length) buttons[number - 1].click();
    else if (event.key === "ArrowLeft" || event.key === "Backspace") at("back").click();
    else if (event.key === "ArrowRight") at("forward").click();
    else return;
    event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => { if (unsaved && !remembered) event.preventDefault(); });
  welcome();
}

if (typeof document === "undefined") module.exports = { randomOf, shuffled };
else startPage();
