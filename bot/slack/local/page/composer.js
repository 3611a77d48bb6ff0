// The field one writes in, with a draft for each place and suggestions above it.

import { el, label } from "./dom.js";
import { iconButton } from "./icons.js";
import { Mentions } from "./mentions.js";

const TALLEST_PX = 220;

export class Composer {
  constructor(form, { candidates, onSend, onEditLast }) {
    Object.assign(this, { onSend, onEditLast });
    this.input = el("textarea", { rows: "1", autocomplete: "off", spellcheck: "true" });
    this.button = iconButton("send", "Send", { type: "submit", class: "icon-button send", disabled: true });
    this.chips = el("div", { class: "suggestions", role: "group", "aria-label": "Suggestions", hidden: true });
    this.problem = el("p", { class: "problem", role: "alert", hidden: true });
    this.mentions = new Mentions(this.input, candidates);
    this.drafts = new Map();
    this.place = null;
    this.sending = false;
    form.append(this.chips, this.problem, el("div", { class: "field-box" }, this.mentions.list, this.input, this.button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("input", () => this.changed());
  }

  /** Write in another place; what was begun here is kept for when one comes back. */
  move(place, placeholder) {
    this.input.placeholder = placeholder;
    this.input.setAttribute("aria-label", placeholder);
    if (place === this.place) return;
    this.place = place;
    this.input.value = this.drafts.get(place) ?? "";
    label(this.problem, null);
    this.mentions.hide();
    this.changed();
  }

  suggest(texts) {
    const key = texts.join("\n");
    if (this.chips.dataset.key === key) return;
    this.chips.dataset.key = key;
    this.chips.hidden = texts.length === 0;
    this.chips.replaceChildren(...texts.map((text) => suggestion(text)));
  }

  changed() {
    this.drafts.set(this.place, this.input.value);
    this.button.disabled = this.input.value.trim() === "";
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, TALLEST_PX)}px`;
    this.input.classList.toggle("tall", this.input.scrollHeight > TALLEST_PX);
  }

  key(event) {
    if (event.isComposing || this.mentions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "ArrowUp" && this.input.value === "" && this.onEditLast()) {
      event.preventDefault();
    }
  }

  async send() {
    const text = this.input.value.trim();
    if (text === "" || this.sending) return;
    const { place } = this;
    this.sending = true;
    this.input.value = "";
    this.changed();
    try {
      await this.onSend(text);
      label(this.problem, null);
    } catch (error) {
      this.drafts.set(place, text);
      if (place === this.place) this.giveBack(text, error);
    } finally {
      this.sending = false;
    }
  }

  giveBack(text, error) {
    this.input.value = [text, this.input.value].filter(Boolean).join("\n");
    this.changed();
    label(this.problem, `Not sent (${error.message}). Press Enter to try again.`);
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }
}

export function suggestion(text) {
  return el("button", { type: "button", class: "suggestion", "data-say": text }, text);
}
