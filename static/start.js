// Lets the redirect URI's origin remove what other programs have left there in this browser, and then goes to Quay.
(async () => {
  "use strict";
  const TIMEOUT = 2000;
  try {
    await fetch(document.documentElement.dataset.clearUrl, {
      mode: "no-cors",
      // Without credentials, browsers ignore the order to remove data.
      credentials: "include",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch {
    // Then the login is as safe as with the URL that the terminal shows.
  }
  // Not in the history, so that the back button does not come here again.
  location.replace(document.getElementById("quay").href);
})();
