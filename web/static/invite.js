// The official's way in: the simulator makes a one-time invitation and says it for the visitor.

import { make } from "./dom.js";
import { say } from "./words.js";

export async function prepareInvite(phone) {
  const card = phone.root.querySelector(".invite");
  if (!card) return;
  const choice = card.querySelector("select");
  const trouble = card.querySelector(".trouble");
  const answer = await fetch("/chat/demo.json").catch(() => null);
  if (!answer?.ok) return;
  const { bodies } = await answer.json();
  choice.append(...bodies.map(({ id, name }) => make("option", { value: id }, name)));
  card.hidden = false;
  const fold = () => {
    if (wasInvited(phone) && !card.dataset.touched) {
      card.open = false;
      card.dataset.touched = "yes";
    }
  };
  phone.addEventListener("changed", fold);
  // What was said before may have come back before the list of bodies did.
  fold();
  card.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.textContent = "";
    const code = await invite(choice.value);
    if (!code) {
      trouble.textContent = say("invite-failed");
      return;
    }
    card.open = false;
    card.dataset.touched = "yes";
    phone.say({ text: `/start invite-${code}` });
    phone.composer.words.focus();
  });
}

async function invite(body) {
  const wish = body ? { bodies: [body] } : { all: true };
  const answer = await fetch("/chat/demo/invite", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish) }).catch(() => null);
  return answer?.ok ? (await answer.json()).code : null;
}

function wasInvited(phone) {
  return Boolean(phone.log.last((line) => line.mine && line.text?.startsWith("/start invite-")));
}
