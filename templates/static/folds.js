/* Folds stand open in the page, for readers without scripts. With scripts they begin closed, a box in the contents opens
   all of them, and so does printing. A link into a closed fold opens it. */

(() => {
  "use strict";

  const folds = () => [...document.querySelectorAll("details.numbers")];
  const setAll = (open) => folds().forEach((fold) => (fold.open = open));
  const wanted = () => document.getElementById("open-folds")?.checked;
  let printed = null;

  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details.numbers");
    if (!fold || fold.open) return;
    fold.open = true;
    target.scrollIntoView();
  }

  // The page may still be loading: each fold is closed as soon as it is there.
  const seen = new WeakSet();
  function closeNew() {
    for (const fold of folds()) {
      if (!seen.has(fold) && !wanted()) fold.open = false;
      seen.add(fold);
    }
  }
  const loading = new MutationObserver(closeNew);
  loading.observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => {
    loading.disconnect();
    closeNew();
    reveal();
  });
  addEventListener("hashchange", reveal);
  document.addEventListener("change", (event) => event.target.id === "open-folds" && setAll(event.target.checked));
  addEventListener("beforeprint", () => {
    printed = folds().filter((fold) => !fold.open);
    setAll(true);
  });
  addEventListener("afterprint", () => {
    printed?.forEach((fold) => (fold.open = false));
    printed = null;
  });
  document.querySelectorAll(".needs-scripts").forEach((part) => (part.hidden = false));
})();
