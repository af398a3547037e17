/* The page of snippets: absolute addresses of its server, and buttons that copy. */

(() => {
  "use strict";

  const served = /^https?:$/.test(location.protocol);
  const base = new URL("..", location.href).href;
  for (const snippet of document.querySelectorAll(".snippet")) {
    const code = snippet.querySelector("code");
    const button = snippet.querySelector("button");
    if (served) code.textContent = code.textContent.replace(/((?:src|poster)="|[^\\]\]\()(embed\/)/g, `$1${base}$2`);
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        // Without permission for the clipboard, select the text.
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
  }
})();
