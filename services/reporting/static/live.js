// Keeps a page up to date: when the service says that figures changed, the page is fetched again and its main part
// exchanged. Without this script everything works, and a reload does the same.
(() => {
  const address = document.body.dataset.live;
  if (!address || !window.EventSource) return;
  let waiting = false;

  async function renew() {
    waiting = false;
    // Not under the hands of somebody who is choosing.
    if (document.hidden || document.activeElement?.closest("form")) { waiting = true; return; }
    const answer = await fetch(location.href, { headers: { "X-Live": "1" } }).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of ["header", "main", "footer"]) {
      const old = document.querySelector(part), next = fresh.querySelector(part);
      if (old && next && old.innerHTML !== next.innerHTML) old.replaceWith(next);
    }
    document.title = fresh.title;
  }

  const events = new EventSource(address);
  let timer = 0, seen = null;
  const soon = () => { clearTimeout(timer); timer = setTimeout(renew, 300); };
  events.addEventListener("changed", soon);
  // After a broken connection the page may have missed a change.
  events.addEventListener("here", (event) => { if (seen !== null && seen !== event.data) soon(); seen = event.data; });
  document.addEventListener("visibilitychange", () => { if (waiting) soon(); });
  document.addEventListener("focusout", () => { if (waiting) soon(); });
})();
