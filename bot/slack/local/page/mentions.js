// The little list that offers names while one types an `@`.

import { el } from "./dom.js";
import { face } from "./icons.js";

let lists = 0;

export class Mentions {
  constructor(input, candidates) {
    this.input = input;
    this.candidates = candidates;
    this.id = `mentions-${(lists += 1)}`;
    this.list = el("ul", { class: "mention-list", role: "listbox", id: this.id, "aria-label": "People", hidden: true });
    this.chosen = 0;
    this.matches = [];
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.id);
    input.addEventListener("input", () => this.look());
    input.addEventListener("blur", () => this.hide());
    this.list.addEventListener("pointerdown", (event) => this.pointed(event));
  }

  get open() {
    return !this.list.hidden;
  }

  typed() {
    return /(?:^|[\s(])@(\w*)$/.exec(this.input.value.slice(0, this.input.selectionStart))?.[1];
  }

  look() {
    const typed = this.typed()?.toLowerCase();
    this.matches = typed === undefined ? [] : this.candidates().filter(({ name }) => name.toLowerCase().startsWith(typed));
    if (this.matches.some(({ name }) => name.toLowerCase() === typed)) this.matches = [];
    this.chosen = 0;
    this.draw();
  }

  draw() {
    this.list.hidden = this.matches.length === 0;
    this.list.replaceChildren(
      ...this.matches.map((one, place) =>
        el(
          "li",
          { role: "option", id: `${this.id}-${place}`, "aria-selected": String(place === this.chosen), "data-place": place },
          face(one, one.isBot),
          el("strong", {}, one.name),
          el("span", {}, `@${one.name.toLowerCase()}`),
        ),
      ),
    );
    if (this.open) this.input.setAttribute("aria-activedescendant", `${this.id}-${this.chosen}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  hide() {
    this.matches = [];
    this.draw();
  }

  /** True if the key was meant for the list. */
  key(event) {
    if (!this.open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.chosen = (this.chosen + step + this.matches.length) % this.matches.length;
      this.draw();
    } else if (event.key === "Enter" || event.key === "Tab") this.take(this.matches[this.chosen]);
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  pointed(event) {
    const option = event.target.closest("[data-place]");
    event.preventDefault();
    if (option) this.take(this.matches[Number(option.dataset.place)]);
  }

  take({ name }) {
    const end = this.input.selectionStart;
    const start = end - this.typed().length;
    this.input.setRangeText(`${name.toLowerCase()} `, start, end, "end");
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    this.hide();
  }
}
