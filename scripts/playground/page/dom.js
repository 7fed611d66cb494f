/* Making elements, and keeping a list of them in step with what it shows.
 *
 * Everything on the page is built from nodes, never from markup: text that somebody wrote can only become text. */

const stamps = new WeakMap();

/** An element. `on…` attributes are listeners, `false` and `null` attributes and children are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, to] of Object.entries(value)) node.style.setProperty(key, to);
  else if (name === "value") node.value = value;
  else node.setAttribute(name, value === true ? "" : value);
}

/** Show `wanted` ({key, stamp, make, update?}) in `parent`, in order. A child whose stamp (a list of values) is the same
 * as last time stays as it is, and so keeps its focus, its selection and its animation. Of another stamp it is made
 * anew, unless there is an `update`, which brings the child that is there up to date. What is falsy is left out. */
export function reconcile(parent, wanted) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const focused = document.activeElement?.closest?.("[data-key]")?.dataset.key;
  let cursor = parent.firstElementChild;
  for (const { key, stamp, make, update } of wanted.filter(Boolean)) {
    let node = old.get(String(key));
    old.delete(String(key));
    if (node && update && !same(stamps.get(node), stamp)) {
      update(node);
      stamps.set(node, stamp);
    } else if (!node || !same(stamps.get(node), stamp)) {
      const fresh = make();
      fresh.dataset.key = key;
      stamps.set(fresh, stamp);
      if (node) {
        if (cursor === node) cursor = fresh;
        const hadFocus = focused === key && node.contains(document.activeElement);
        node.replaceWith(fresh);
        if (hadFocus) fresh.focus();
      }
      node = fresh;
    }
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
  for (const node of old.values()) node.remove();
}

function same(one, other) {
  return one !== undefined && one.length === other.length && one.every((value, at) => Object.is(value, other[at]));
}

/** Whether a key, pressed where no field is, begins a text. The space bar presses what is in focus. */
export function writes(event) {
  const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ";
  return plain && !event.target.closest("input, textarea, select, dialog");
}

/** Tell a screen reader. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
