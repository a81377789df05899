"use strict";
// All that comes from files is set as text, never as HTML.
const at = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("nav button")];
let shown = null;
let busy = false;

const add = (parent, tag, text) => {
  const element = parent.appendChild(document.createElement(tag));
  if (text !== undefined) element.textContent = text;
  return element;
};

const boxes = () => [...document.querySelectorAll("#ticks input")];

function showAsked(asked) {
  at("question").textContent = asked.question;
  at("rater").textContent = `Rater: ${asked.rater}`;
  at("accept").textContent = asked.accept;
  at("otherwise").textContent = asked.otherwise;
  asked.criteria.forEach((criterion, place) => {
    const label = add(at("ticks"), "label");
    const box = add(label, "input");
    box.type = "checkbox";
    box.value = criterion;
    add(label, "kbd", String(place + 1));
    add(label, "span", criterion);
  });
  at("ticks").hidden = !asked.criteria.length;
  asked.not_enough.forEach((each) => add(at("not-enough"), "li", each));
}

function show(state) {
  const moved = !shown || shown.number !== state.number;
  shown = state;
  at("bar").value = state.done;
  at("bar").max = Math.max(state.total, 1);
  at("count").textContent = `${state.done} of ${state.total} done`;
  at("which").textContent = state.number === null
    ? "All profiles of this round are rated. Thank you. You can close this page."
    : `Profile ${state.number}`;
  at("text").replaceChildren();
  for (const part of (state.text ?? "").split("\n|\n")) if (part.trim()) add(at("text"), "p", part.replaceAll(" | ", "\n"));
  for (const box of boxes()) {
    box.checked = state.ticked.includes(box.value);
    box.disabled = state.number === null;
  }
  for (const button of buttons) button.disabled = state.number === null;
  at("skip").disabled = !state.can_skip;
  at("undo").disabled = !state.can_undo;
  if (moved) {
    window.scrollTo(0, 0);
    at("profile").focus({ preventScroll: true });
  }
}

async function send(path, body) {
  if (busy || !shown) return;
  busy = true;
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    at("error").hidden = true;
    show(told);
  } catch (error) {
    at("error").textContent = error instanceof TypeError
      ? "Not saved: the server does not answer. Start it again with the same command; this page goes on from here."
      : `Not saved: ${error.message}`;
    at("error").hidden = false;
  } finally {
    busy = false;
  }
}

const rate = (verdict) => {
  if (shown && shown.number !== null) {
    send("rate", { number: shown.number, verdict, ticked: boxes().filter((box) => box.checked).map((box) => box.value) });
  }
};
const skip = () => shown?.can_skip && send("skip", { number: shown.number });
const undo = () => shown?.can_undo && send("undo", {});
const keys = { y: () => rate("yes"), n: () => rate("no"), u: () => rate("unsure"), s: skip, z: undo };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const box = boxes()[Number(event.key) - 1];
  if (box && !box.disabled) box.checked = !box.checked;
  else keys[event.key.toLowerCase()]?.();
});
for (const button of buttons) {
  button.addEventListener("click", () => (button.dataset.verdict ? rate(button.dataset.verdict) : keys[button.id === "skip" ? "s" : "z"]()));
}

async function start() {
  // On a narrow screen the text comes first.
  if (window.matchMedia("(max-width: 899px)").matches) at("criteria").open = false;
  showAsked(await (await fetch("asked")).json());
  show(await (await fetch("state")).json());
}
start();
