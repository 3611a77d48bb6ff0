// What one could try: an opening where nothing was said yet, then follow-ups that only make sense to a memory.

import { el } from "./dom.js";
import { suggestion } from "./composer.js";
import { capital } from "./store.js";

const OPENINGS = ["What is the weather in SF?", "What can you do?"];
const FOLLOW_UPS = ["What about in LA?", "Which one is warmer?"];

/** The next follow-up that was not said yet, where the talk began with the first opening and was answered. */
export function followUps(messages) {
  const said = messages.map(({ html }) => html);
  const begun = said.some((html) => html.includes("weather in SF?"));
  const answered = messages.at(-1)?.is_bot;
  if (!begun || !answered) return [];
  return FOLLOW_UPS.filter((text) => !said.some((html) => html.includes(text))).slice(0, 1);
}

export function welcome(channel, title, bot) {
  const direct = channel.type === "im";
  const start = direct ? `This is the beginning of your conversation with ${title}.` : `This is the beginning of ${title}.`;
  const openings = OPENINGS.map((text) => (direct ? text : `@${bot.name} ${text}`));
  const box = el("div", { class: "welcome" }, el("img", { src: "/page/mark.svg", alt: "", width: "64", height: "64" }));
  box.append(el("h2", {}, start));
  if (channel.bot_in) {
    box.append(el("p", {}, "This workspace runs on your machine. Try one of these, or write your own:"));
    box.append(el("div", { class: "suggestions" }, ...openings.map((text) => suggestion(text))));
  } else {
    box.append(el("p", {}, `${capital(bot.name)} is not a member here, so it hears nothing that is said.`));
  }
  return box;
}
