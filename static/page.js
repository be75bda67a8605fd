// Sends Quay's response, which is in the URL of this page, to the quay-auth program that serves the page.
(() => {
  "use strict";

  // These lines come first, because the token is in the address bar until they have run.
  let query = location.search.slice(1);
  let fragment = location.hash.slice(1);
  // With the origin, because a path that begins with "//" would name another host.
  const url = location.origin + location.pathname;
  history.replaceState(null, "", url);

  const root = document.documentElement;
  root.dataset.script = "on";
  const pageLoaded = new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }));
  const token = () => new URLSearchParams(fragment).get("access_token");

  // The outcomes that each status allows. "rejected" comes with any other status.
  const OUTCOMES = {
    200: ["stored", "stored_unverified", "refused"],
    409: ["already_answered", "another_user"],
    502: ["not_valid"],
    507: ["store_failed"],
  };
  const OTHER_ANSWER = "Something answered, but not the login that this page belongs to. That login has probably ended.";
  const RETRY_DELAYS = [500, 2000, 5000];
  const SLOW_AFTER = 5000;

  if (root.dataset.outcome !== "waiting") {
    // Where no login waits, this may be the only copy of a token that the user has just approved.
    if (root.dataset.outcome !== "unknown") forgetResponse();
    pageLoaded.then(() => show(root.dataset.outcome));
  } else if (token() || new URLSearchParams(query).has("error")) {
    sendResponse();
  } else {
    forgetResponse();
    pageLoaded.then(() => show("nothing"));
  }
  pageLoaded.then(addHandlers);
  // If the user pastes the whole URL into this tab, the browser only changes the fragment and does not load the page again.
  addEventListener("hashchange", () => location.reload());

  async function sendResponse() {
    addEventListener("beforeunload", warnBeforeLeaving);
    const posted = postWithRetries(); // Starts before the page is loaded.
    await pageLoaded;
    show("waiting");
    const slow = setTimeout(() => {
      find("slow").hidden = false;
      announce(find("slow").textContent);
    }, SLOW_AFTER);
    const { outcome, fields } = await posted;
    clearTimeout(slow);
    find("slow").hidden = true;
    removeEventListener("beforeunload", warnBeforeLeaving);
    // The page keeps the token only if it may be the only copy.
    if (outcome !== "gone" && outcome !== "store_failed") forgetResponse();
    show(outcome, fields);
    announce(heading().textContent);
  }

  async function postWithRetries() {
    let result = await post();
    for (const delay of RETRY_DELAYS) {
      if (!result.mayRetry) break;
      await new Promise((resolve) => setTimeout(resolve, delay));
      result = await post();
    }
    return result;
  }

  // The program gives the same outcome however often it gets the same token.
  async function post() {
    let status, body;
    try {
      // The default mode "cors" is needed: in any other mode, "no-referrer" makes browsers send `Origin: null`, which is refused.
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ query, fragment }),
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        referrerPolicy: "no-referrer",
        keepalive: true,
      });
      status = response.status;
      body = await response.text();
    } catch {
      return gone("This page can no longer reach it. The program has probably ended.", true);
    }
    const possible = OUTCOMES[status] || ["rejected"];
    if (status === 408 || (status >= 500 && !OUTCOMES[status])) return gone(OTHER_ANSWER, true);
    let fields = {};
    try {
      fields = Object(JSON.parse(body));
    } catch {
      // Not from the login of this page.
    }
    // Any other answer comes from a program that has the port now, for example another login. The page must not forget the token then.
    return possible.includes(fields.outcome) ? { outcome: fields.outcome, fields } : gone(OTHER_ANSWER, false);
  }

  function gone(reason, mayRetry) {
    return { outcome: "gone", fields: { gone: reason }, mayRetry };
  }

  function show(outcome, fields = {}) {
    const focused = document.activeElement;
    root.dataset.outcome = outcome;
    for (const part of all(".no_script")) part.hidden = true;
    find("sending").hidden = false;
    const content = token() ? "token" : "error";
    for (const part of all("[data-for], [data-if]")) {
      const isWanted = part.dataset.for === undefined || part.dataset.for.split(" ").includes(outcome);
      part.hidden = !isWanted || (part.dataset.if || content) !== content;
    }
    // A slot without a value keeps the text that the page has there.
    for (const slot of all("[data-slot]")) {
      const value = fields[slot.dataset.slot];
      if (value && typeof value === "string") slot.textContent = slot.dataset.slot === "scopes" ? value.replace(/,\s*/g, ", ") : value;
    }
    for (const slot of all("[data-slot]")) keepPortWhole(slot);
    for (const command of all("pre code")) command.replaceChildren(...command.textContent.split(" ").flatMap(wordInSpan));
    find("in_history").hidden = fields.in_history === false;
    for (const value of all("dd[data-slot]")) value.parentNode.hidden = !value.textContent;
    document.title = heading().textContent + " – quay-auth";
    // If the focused button is hidden now, the focus goes to the heading, so that the keyboard still works.
    if (focused && focused.closest("[hidden]")) {
      heading().tabIndex = -1;
      heading().focus();
    }
  }

  // So that no line breaks inside the port number of a host.
  function keepPortWhole(slot) {
    const [, start, port] = /^(.*?)(:\d+)?$/.exec(slot.textContent);
    if (port) slot.replaceChildren(start, ...wordInSpan(port, 0));
  }

  function wordInSpan(word, index) {
    const span = document.createElement("span");
    span.textContent = word;
    return index ? [" ", span] : [span];
  }

  function addHandlers() {
    const copyUri = find("copy_uri");
    copyUri.hidden = false;
    copyUri.onclick = async () => {
      const copied = await copy(find("redirect_uri").textContent);
      if (!copied) getSelection().selectAllChildren(find("redirect_uri"));
      find("uri_status").textContent = copied ? "Copied." : "Selected. Copy it with Ctrl+C or ⌘C.";
    };

    const entry = howToDeleteEntry();
    if (entry) find("delete_entry").textContent = entry;

    find("try_again").onclick = () => {
      hideTokenField();
      find("token_status").textContent = "";
      sendResponse();
    };

    // Only here, after a click, does the token get into the clipboard or the document.
    const field = find("token_field");
    find("copy_token").onclick = async () => {
      hideTokenField();
      const copied = await copy(token());
      find("token_status").textContent = copied ? "Copied." : "";
      if (copied || !token()) return;
      field.value = token();
      find("token_row").hidden = false;
      field.focus();
      field.select();
    };
    field.addEventListener("copy", () => {
      // After the browser has copied the text.
      setTimeout(() => {
        hideTokenField();
        find("token_status").textContent = "Copied.";
        find("copy_token").focus();
      });
    });
    addEventListener("pagehide", hideTokenField);

    function hideTokenField() {
      field.value = "";
      find("token_row").hidden = true;
    }
  }

  // Of the browsers that are recognized.
  function howToDeleteEntry() {
    const isMac = navigator.userAgent.includes("Mac OS");
    const [keys, deletes] = navigator.userAgent.includes("Firefox/")
      ? [isMac ? "⇧⌘H" : "Ctrl+Shift+H", "right-click the entry of this page and choose “Delete Page”"]
      : navigator.userAgent.includes("Chrome/")
        ? [isMac ? "⌘Y" : "Ctrl+H", "select the entry of this page and choose “Delete”"]
        : [];
    return keys && `To delete it, press ${keys}, ${deletes}.`;
  }

  // Returns false if the browser does not let this page use the clipboard.
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }

  function forgetResponse() {
    query = fragment = "";
  }

  function warnBeforeLeaving(event) {
    event.preventDefault();
    event.returnValue = true;
  }

  function announce(text) {
    find("announcement").textContent = text;
  }

  function heading() {
    return all("h1").find((title) => !title.closest("[hidden]"));
  }

  function find(id) {
    return document.getElementById(id);
  }

  function all(selector) {
    return [...document.querySelectorAll(selector)];
  }
})();
