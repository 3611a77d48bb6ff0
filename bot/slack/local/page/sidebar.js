// Workspace, channels, direct messages, and whom one acts as.

import { arrange, el } from "./dom.js";
import { face, icon } from "./icons.js";

const SECTIONS = [
  ["Channels", ["channel", "private"]],
  ["Direct messages", ["im", "mpim"]],
];

export class Sidebar {
  constructor({ onChannel, onPerson }) {
    this.team = document.querySelector("#team");
    this.channels = document.querySelector("#channels");
    this.acting = document.querySelector("#acting div");
    this.items = new Map();
    this.lists = SECTIONS.map(([title, types]) => ({ types, list: el("ul", { "aria-label": title }) }));
    this.lists.forEach(({ list }, place) => this.channels.append(el("h2", {}, SECTIONS[place][0]), list));
    this.channels.addEventListener("click", (event) => {
      const button = event.target.closest("[data-channel]");
      if (button) onChannel(button.dataset.channel);
    });
    this.acting.addEventListener("change", (event) => onPerson(event.target.value));
  }

  show(store, me, current) {
    this.team.textContent = store.team.name;
    for (const { types, list } of this.lists) {
      const shown = store.channels.filter(({ type }) => types.includes(type));
      arrange(list, shown.map((channel) => this.item(channel, store, me, current)));
    }
    this.showPeople(store.people, me);
  }

  item(channel, store, me, current) {
    const item = this.items.get(channel.id) ?? el("li", {}, el("button", { type: "button", "data-channel": channel.id }));
    this.items.set(channel.id, item);
    const button = item.firstElementChild;
    const title = store.title(channel, me);
    if (button.dataset.key !== `${me}|${title}|${channel.type}`) {
      button.dataset.key = `${me}|${title}|${channel.type}`;
      button.replaceChildren(sign(channel, store, me), el("span", { class: "name" }, title), el("span", { class: "dot" }));
    }
    const unread = store.unread.has(channel.id);
    if (channel.id === current) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
    button.classList.toggle("unread", unread);
    button.lastElementChild.textContent = unread ? "unread" : "";
    return item;
  }

  showPeople(people, me) {
    if (this.acting.children.length !== people.length) {
      this.acting.replaceChildren(
        ...people.map((person) =>
          el(
            "label",
            {},
            el("input", { type: "radio", name: "as", value: person.id, autocomplete: "off" }),
            face(person, false),
            el("span", {}, person.name),
          ),
        ),
      );
    }
    for (const input of this.acting.querySelectorAll("input")) input.checked = input.value === me;
  }
}

function sign(channel, store, me) {
  if (channel.type === "channel") return icon("hash");
  if (channel.type === "private") return icon("lock");
  const other = channel.members.find((id) => id !== me);
  if (channel.type === "mpim") return el("span", { class: "face many" }, String(channel.members.length - 1));
  return face(store.person(other), other === store.bot.id);
}
