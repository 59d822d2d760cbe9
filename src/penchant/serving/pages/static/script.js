// Makes forms and links of lists answer in place. Without it they work by loading a page.
"use strict";

(() => {
  const WAIT = 250; // milliseconds after the last key of a search
  let latest = null;
  let timer = 0;

  const announce = (text) => {
    const status = document.getElementById("status");
    if (status && text !== null) status.textContent = text;
  };

  // Put the parts of another page that may differ in the place of this page's.
  const takeIn = (page, keep) => {
    const open = [...document.querySelectorAll("details[open][id]")].map((each) => each.id);
    for (const region of document.querySelectorAll("[data-region]")) {
      const other = page.getElementById(region.id);
      if (other && region.innerHTML !== other.innerHTML) region.replaceWith(other);
    }
    for (const id of open) {
      const details = document.getElementById(id);
      if (details && !details.classList.contains("rate")) details.open = true;
    }
    document.title = page.title;
    announce(page.getElementById("status")?.textContent ?? "");
    if (keep && !document.contains(document.activeElement)) document.body.focus();
  };

  // Ask for a page and take it in; true where that went well.
  const show = async (url, options, push) => {
    latest?.abort();
    clearTimeout(timer); // what is asked for now has the words of a search that waits
    const asking = (latest = new AbortController());
    const main = document.getElementById("main");
    main.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, {
        ...options,
        headers: { Accept: "text/html" },
        signal: asking.signal,
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || !page.querySelector("[data-region]")) return false;
      takeIn(page, true);
      if (push) history[push](null, "", answer.url);
      return true;
    } catch (error) {
      return error.name === "AbortError";
    } finally {
      if (latest === asking) main.removeAttribute("aria-busy");
    }
  };

  const focusOn = (id) => {
    const same = id ? document.getElementById(id) : null;
    (same ?? document.getElementById("list-heading"))?.focus({ preventScroll: Boolean(same) });
  };

  const address = (form, data) => {
    const url = new URL(form.action);
    url.search = new URLSearchParams([...data].filter(([, value]) => value !== ""));
    url.hash = "";
    return url;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-live]")) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const posts = form.method === "post";
    const url = posts ? form.action : address(form, data);
    const options = posts ? { method: "POST", body: new URLSearchParams(data) } : {};
    const from = event.submitter?.id;
    if (await show(url, options, "pushState")) {
      if (form.matches("[data-typing]")) document.getElementById("found-heading")?.focus();
      else focusOn(from);
    } else if (posts) {
      if (event.submitter?.name) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = event.submitter.name;
        field.value = event.submitter.value;
        form.append(field);
      }
      form.submit();
    } else {
      location.assign(url);
    }
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-live]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const url = new URL(link.href);
    url.hash = "";
    if (await show(url, {}, "pushState")) focusOn(null);
    else location.assign(link.href);
  });

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-typing]");
    if (!form) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (!(await show(address(form, new FormData(form)), {}, "replaceState"))) return;
      const n = document.querySelectorAll("#found li").length;
      announce(form.q.value.trim() ? (n === 1 ? "1 title found." : `${n} titles found.`) : "");
    }, WAIT);
  });

  addEventListener("popstate", () => {
    show(location.href, {}, null).then((well) => well || location.reload());
  });
})();
