// Put into each page of a preview: loads it again once a build has made it otherwise, where the reader was, and shows
// why a build failed.
(() => {
  "use strict";
  const mine = document.currentScript.dataset.page;
  const key = `reportgen preview ${location.pathname}`;

  // Where the reader is: what lies nearest to the upper edge of the window, by its id or by its text. Whatever a build
  // adds above moves it, and what was edited itself is found no more; so there are several.
  const named = (element) => (element.id ? `#${element.id}` : `${element.localName} ${element.textContent.trim().slice(0, 300)}`);

  function landmarks() {
    const found = new Map();
    for (const element of document.body.querySelectorAll("[id], h1, h2, h3, h4, p, li, dt, dd, pre, table, figure")) {
      const name = named(element);
      found.set(name, found.has(name) ? null : element);
    }
    return found;
  }

  function keep() {
    const near = [];
    for (const [name, element] of scrollY ? landmarks() : []) {
      const box = element && element.getBoundingClientRect();
      if (box && box.height) near.push({ name, top: box.top });
    }
    near.sort((one, other) => Math.abs(one.top) - Math.abs(other.top));
    try {
      sessionStorage.setItem(key, JSON.stringify({ x: scrollX, y: scrollY, near: near.slice(0, 40) }));
      history.scrollRestoration = "manual";
    } catch {} // without storage the browser does what it can
  }

  function taken() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(key));
      sessionStorage.removeItem(key);
      return kept;
    } catch {
      return null;
    }
  }

  function goBack({ x, y, near }) {
    const now = landmarks();
    const { name, top } = near.find(({ name }) => now.get(name)) || {};
    const to = name === undefined ? y : scrollY + now.get(name).getBoundingClientRect().top - top;
    scrollTo({ left: x, top: to, behavior: "instant" });
  }

  const kept = taken();
  if (kept) {
    let moved = false;
    const back = () => moved || goBack(kept);
    for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) {
      addEventListener(kind, () => (moved = true), { once: true, passive: true, capture: true });
    }
    addEventListener("DOMContentLoaded", back);
    addEventListener("load", () => {
      back();
      requestAnimationFrame(() => {
        back(); // an address with # has been followed by now
        history.scrollRestoration = "auto";
      });
    });
  }

  const style = `
    :host { all: initial; }
    * { box-sizing: border-box; }
    div { position: fixed; z-index: 2147483647; font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff;
      border: 1px solid #b3261e; box-shadow: 0 2px 16px #0006; color-scheme: light dark; }
    [hidden] { display: none !important; }
    .error { inset: auto 0 0 0; max-height: 60vh; display: flex; flex-direction: column; border-width: 3px 0 0; }
    .error p { display: flex; gap: 1em; align-items: center; justify-content: space-between; margin: 0; padding: 8px 16px; }
    strong { color: #8c1d18; }
    pre { margin: 0; padding: 0 16px 16px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
      font: 13px/1.5 ui-monospace, monospace; }
    button { font: inherit; min-height: 32px; padding: 2px 12px; color: inherit; background: transparent;
      border: 1px solid currentColor; border-radius: 4px; cursor: pointer; }
    :focus-visible { outline: 3px solid #1a56db; outline-offset: -3px; }
    .step { right: 8px; bottom: 8px; padding: 2px 10px; border: 1px solid #767676; border-radius: 4px; font-size: 13px; }
    @media (prefers-color-scheme: dark) {
      div { color: #eee; background: #1b1b1f; border-color: #f2b8b5; }
      strong { color: #f2b8b5; }
      :focus-visible { outline-color: #8ab4f8; }
    }
    @media print { :host { display: none; } }`;

  function made(kind, properties, ...inside) {
    const element = Object.assign(document.createElement(kind), properties);
    element.append(...inside);
    return element;
  }

  // Everything lies in a shadow: the page's style does not reach it, nor its own the page.
  function overlay() {
    const host = made("reportgen-preview");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style); // made by a script, so no policy of the page is asked
    root.adoptedStyleSheets = [sheet];
    const text = made("pre", { tabIndex: 0 });
    const hide = made("button", { type: "button", textContent: "Hide (Esc)" });
    const title = made("strong", { textContent: "The build failed. The page below is of the last one that did not." });
    const error = made("div", { className: "error", role: "alert", hidden: true }, made("p", {}, title, hide), text);
    const step = made("div", { className: "step", role: "status", hidden: true });
    root.append(error, step);
    document.body.append(host);
    let builds = 0;
    let dismissed = 0;
    let later;
    const dismiss = () => {
      dismissed = builds;
      error.hidden = true;
    };
    hide.addEventListener("click", dismiss);
    addEventListener("keydown", (event) => event.key === "Escape" && !error.hidden && dismiss());
    if (mine === "waiting") title.textContent = "The build failed. Nothing has been built yet.";
    return (told) => {
      builds = told.builds;
      if (text.textContent !== told.error) text.textContent = told.error;
      error.hidden = !told.error || builds === dismissed; // what fails again is told again
      step.textContent = told.step;
      if (!told.working || mine === "waiting") {
        clearTimeout(later);
        later = undefined;
        step.hidden = true;
      } else {
        later ??= setTimeout(() => (step.hidden = false), 500); // what is quick need not be told
      }
    };
  }

  let stream;
  let show;

  function listen() {
    if (stream || document.visibilityState === "hidden") return;
    stream = new EventSource(`/.reportgen/events?page=${encodeURIComponent(location.pathname)}`);
    stream.onmessage = ({ data }) => {
      const told = JSON.parse(data);
      // A server that was started again has nothing to show yet; what is here is better.
      if (told.page !== mine && told.page !== "waiting") {
        silence();
        keep();
        location.reload();
        return;
      }
      const waiting = mine === "waiting" && document.getElementById("reportgen-step");
      if (waiting && waiting.textContent !== told.step) waiting.textContent = told.step;
      show ??= overlay();
      show(told);
    };
    stream.onerror = () => {
      if (stream?.readyState !== EventSource.CLOSED) return; // it tries again by itself
      stream = undefined;
      setTimeout(listen, 1000);
    };
  }

  function silence() {
    stream?.close();
    stream = undefined;
  }

  addEventListener("DOMContentLoaded", () => {
    listen();
    // Browsers allow six connections to a server: pages that nobody sees leave them to others.
    document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? silence() : listen()));
    addEventListener("pagehide", silence);
    addEventListener("pageshow", listen);
  });
})();
