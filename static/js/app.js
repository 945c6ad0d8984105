// Loads a module only where a page asks for it: data-controller="quantity" runs quantity.js on that element.
// Every module exports one function that takes the element; without JavaScript the page works all the same.

const done = new WeakMap();

export function start(root) {
  for (const element of root.querySelectorAll("[data-controller]")) {
    for (const name of element.dataset.controller.split(" ")) {
      const seen = done.get(element) ?? new Set();
      if (!/^[a-z-]+$/.test(name) || seen.has(name)) continue;
      done.set(element, seen.add(name));
      import(`./${name}.js`).then((module) => module.default(element), () => {});
    }
  }
}

start(document);
