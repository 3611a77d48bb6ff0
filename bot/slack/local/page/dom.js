// Making and changing elements. What the server sends as HTML is already safe; everything else goes in as text.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Give `target` the children that `source` has, and touch only those that differ: selection, focus and a pressed
 * button elsewhere in the message survive an edit. What is equal at the end is kept too, so that a button below a
 * growing text stays the same button. */
export function morph(target, source) {
  const before = [...target.childNodes];
  const after = [...source.childNodes];
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head].isEqualNode(after[head])) head += 1;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail).isEqualNode(after.at(-1 - tail))) tail += 1;

  const old = before.slice(head, before.length - tail);
  const anchor = before[before.length - tail] ?? null;
  for (const [place, node] of after.slice(head, after.length - tail).entries()) {
    if (place < old.length) patch(old[place], node);
    else target.insertBefore(node, anchor);
  }
  for (const node of old.slice(after.length - tail - head)) node.remove();
}

function patch(before, after) {
  if (before.nodeType === Node.TEXT_NODE && after.nodeType === Node.TEXT_NODE) {
    if (after.data.startsWith(before.data)) before.appendData(after.data.slice(before.data.length));
    else before.data = after.data;
  } else if (before.nodeType === Node.ELEMENT_NODE && before.cloneNode(false).isEqualNode(after.cloneNode(false))) {
    morph(before, after);
  } else {
    before.replaceWith(after);
  }
}

export function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/** Make `parent`'s children exactly `wanted`, in that order, moving as few as possible. */
export function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  wanted.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
}

/** Show or hide, and set the text only if it changed. */
export function label(element, text) {
  if (element.textContent !== (text ?? "")) element.textContent = text ?? "";
  element.hidden = !text;
}
