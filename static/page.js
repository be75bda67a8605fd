// Hands Quay's answer, which came in this page's address, to the quay-auth program that served the page.
(() => {
  "use strict";

  // Nothing may come before these lines: until then the token stands in the address bar.
  let query = location.search.slice(1);
  let fragment = location.hash.slice(1);
  // With the origin: a path that begins with "//" would name another host.
  const address = location.origin + location.pathname;
  history.replaceState(null, "", address);

  const root = document.documentElement;
  root.dataset.script = "on";
  const parsed = new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }));
  const token = () => new URLSearchParams(fragment).get("access_token");

  // The status decides, and the body's `outcome` among its alternatives. Any other pair is "rejected".
  const OUTCOMES = {
    200: ["stored", "stored_unverified", "refused"],
    409: ["already_answered", "another_user"],
    502: ["not_valid"],
    507: ["store_failed"],
  };
  const PAUSES = [500, 2000, 5000];
  const SLOW = 5000;

  if (root.dataset.outcome !== "waiting") {
    forget();
    parsed.then(() => show(root.dataset.outcome));
  } else if (token() || new URLSearchParams(query).has("error")) {
    handOver();
  } else {
    forget();
    parsed.then(() => show("nothing"));
  }
  parsed.then(listen);
  // The whole address pasted into this tab: the browser only moves within the page.
  addEventListener("hashchange", () => location.reload());

  async function handOver() {
    addEventListener("beforeunload", warn);
    const asked = askPatiently(); // On its way before the page is parsed.
    await parsed;
    show("waiting");
    const slow = setTimeout(() => {
      find("slow").hidden = false;
      say(find("slow").textContent);
    }, SLOW);
    const { outcome, fields } = await asked;
    clearTimeout(slow);
    find("slow").hidden = true;
    removeEventListener("beforeunload", warn);
    // Only where nobody else holds the token may this page go on holding it.
    if (outcome !== "gone" && outcome !== "store_failed") forget();
    show(outcome, fields);
    say(heading().textContent);
  }

  async function askPatiently() {
    let answer = await ask();
    for (const pause of PAUSES) {
      if (answer) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
      answer = await ask();
    }
    return answer || { outcome: "gone", fields: {} };
  }

  // Null: no answer, worth another try. The program answers the same token the same way, however often it comes.
  async function ask() {
    let status, body;
    try {
      // The mode stays "cors": with no-referrer, any other would send `Origin: null`, which the program refuses.
      const response = await fetch(address, {
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
      return null;
    }
    const possible = OUTCOMES[status] || [];
    if (status === 408 || (status >= 500 && !possible.length)) return null;
    let fields = {};
    try {
      fields = Object(JSON.parse(body));
    } catch {
      // A plain text: the status has to do.
    }
    if (possible.includes(fields.outcome)) return { outcome: fields.outcome, fields };
    // A success has to say so itself.
    return { outcome: (status !== 200 && possible[0]) || "rejected", fields: {} };
  }

  function show(outcome, fields = {}) {
    const focused = document.activeElement;
    root.dataset.outcome = outcome;
    find("without").hidden = true;
    find("working").hidden = false;
    const kept = token() ? "token" : "error";
    for (const part of all("[data-for], [data-if]")) {
      const wanted = part.dataset.for === undefined || part.dataset.for.split(" ").includes(outcome);
      part.hidden = !wanted || (part.dataset.if || kept) !== kept;
    }
    // An empty field leaves what the program wrote into the page, or the words that stand there.
    for (const slot of all("[data-slot]")) {
      const value = fields[slot.dataset.slot];
      if (value && typeof value === "string") slot.textContent = slot.dataset.slot === "scopes" ? value.replace(/,\s*/g, ", ") : value;
    }
    for (const command of all("pre code")) command.replaceChildren(...command.textContent.split(" ").flatMap(word));
    for (const fact of all("dd[data-slot]")) fact.parentNode.hidden = !fact.textContent;
    document.title = heading().textContent + " – quay-auth";
    // The button that was pressed is gone with its section: don't leave the keyboard nowhere.
    if (focused && focused.closest("[hidden]")) {
      heading().tabIndex = -1;
      heading().focus();
    }
  }

  function word(text, index) {
    const span = document.createElement("span");
    span.textContent = text;
    return index ? [" ", span] : [span];
  }

  function listen() {
    const copyUri = find("copy_uri");
    copyUri.hidden = false;
    copyUri.onclick = async () => {
      const copied = await copy(find("redirect_uri").textContent);
      if (!copied) getSelection().selectAllChildren(find("redirect_uri"));
      find("uri_told").textContent = copied ? "Copied." : "Selected: copy it with Ctrl+C or ⌘C.";
    };

    find("again").onclick = () => {
      hideField();
      find("copy_told").textContent = "";
      handOver();
    };

    // The token goes to the clipboard or into the document here, on the user's click, and nowhere else.
    const field = find("token_field");
    find("copy_token").onclick = async () => {
      hideField();
      const copied = await copy(token());
      find("copy_told").textContent = copied ? "Copied." : "";
      if (copied || !token()) return;
      field.value = token();
      find("by_hand").hidden = false;
      field.focus();
      field.select();
    };
    field.addEventListener("copy", () => {
      // After the browser has taken the text.
      setTimeout(() => {
        hideField();
        find("copy_told").textContent = "Copied.";
        find("copy_token").focus();
      });
    });
    addEventListener("pagehide", hideField);

    function hideField() {
      field.value = "";
      find("by_hand").hidden = true;
    }
  }

  // False where the browser has no clipboard for this page or refuses it.
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }

  function forget() {
    query = fragment = "";
  }

  function warn(event) {
    event.preventDefault();
    event.returnValue = true;
  }

  function say(text) {
    find("said").textContent = text;
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
