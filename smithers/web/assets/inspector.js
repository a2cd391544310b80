// What the pages do beyond links and forms; all of them can be read and answered without it.
"use strict";
(() => {
  const root = document.documentElement, kept = "smithers-theme";
  const stored = () => { try { return localStorage.getItem(kept); } catch { return null; } };
  root.classList.add("js");
  const theme = stored();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const turn = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem(kept, root.dataset.theme); } catch { /* it holds for this page */ }
  };

  const figure = (seconds) => {
    for (const [unit, length] of [["d", 86400], ["h", 3600], ["m", 60]])
      if (seconds >= length) return `${Math.floor(seconds / length)}${unit}`;
    return `${Math.max(0, Math.floor(seconds))}s`;
  };
  const span = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    for (const [unit, length, below, part] of [["d", 86400, "h", 3600], ["h", 3600, "m", 60]])
      if (whole >= length) return `${Math.floor(whole / length)}${unit} ${Math.floor(whole % length / part)}${below}`;
    return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`;
  };
  // A format is made once for all times of a page: to make it takes much longer than to use it.
  const day = { day: "numeric", month: "short" }, time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const moments = { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" };
  const times = { ...time, second: "2-digit" }, days = { weekday: "short", ...day, ...time };
  const formats = new Map();
  const write = (at, options) => {
    if (!formats.has(options)) formats.set(options, new Intl.DateTimeFormat([], options));
    return formats.get(options).format(at);
  };
  // The clock of the browser may be wrong by hours: if it is seconds off, that of the server counts.
  let skew = 0, told = "";
  const now = () => Date.now() + skew;
  const setClock = () => {
    const { now: given } = document.getElementById("main").dataset;
    if (!given || given === told) return;
    const [{ type, transferSize } = {}] = told ? [] : performance.getEntriesByType("navigation");
    if (type === "back_forward" || transferSize === 0) { told = given; return; }  // a page that was stored
    const off = new Date(told = given) - Date.now();
    skew = Math.abs(off) > 10_000 ? off : 0;
  };
  const due = (at, is_short) => {
    const isToday = at.toDateString() === new Date(now()).toDateString();
    return write(at, isToday ? time : is_short ? day : days);
  };
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const name = (node, at) => { const text = write(at, moments); if (node.title !== text) node.title = text; };
  const clocks = () => {
    setClock();
    formats.clear();  // the zone may be another one by now
    for (const one of document.querySelectorAll("time[data-ago]")) {
      const at = new Date(one.dateTime);
      put(one, figure((now() - at) / 1000));
      name(one, at);
    }
    const isLost = document.body.classList.contains("is-off");
    for (const one of isLost ? [] : document.querySelectorAll("time[data-since]"))
      put(one, span((now() - new Date(one.dateTime)) / 1000));
    for (const one of document.querySelectorAll("time[data-local]"))
      put(one, write(new Date(one.dateTime), moments));
    for (const one of document.querySelectorAll("time[data-due]")) {
      const at = new Date(one.dateTime);
      put(one, due(at, one.dataset.due === "short"));
      name(one, at);
    }
    for (const one of document.querySelectorAll("time[data-clock]")) {
      const at = new Date(one.dateTime);
      put(one, write(at, times));
      name(one, at);
    }
  };

  // htmx follows the run, and lays the page that it gets over this one. What it finds is said here.
  const say = (state, text) => {
    const shown = document.querySelector(".live");
    shown.dataset.state = state;
    document.body.classList.toggle("is-off", state === "lost");
    put(shown.querySelector(".lt"), text);
  };
  const ended = (event) => event.detail.reason === "message";
  document.addEventListener("htmx:sse:after:connection", () => say("on", "Live"));
  // htmx leaves a page alone that becomes hidden; one that was opened in the background has to be so as well.
  document.addEventListener("htmx:sse:after:connection", () => {
    if (document.hidden) queueMicrotask(() => document.dispatchEvent(new Event("visibilitychange")));
  });
  document.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) location.reload();
    else say("lost", "Disconnected");
  });
  document.addEventListener("htmx:sse:close", (event) => { if (ended(event)) say("off", "Ended"); });
  document.addEventListener("htmx:response:error", (event) => {
    if (event.detail.ctx.response.status === 401) location.reload();
    else if (event.target.id === "live") say("lost", "Not live");
  });
  document.addEventListener("htmx:after:swap", () => clocks());
  document.addEventListener("htmx:finally:swap", () => icon());

  // A connection may be dead without a sign of it, after a laptop slept or changed its network, or if the
  // server hangs: it sends a ping every 15 seconds.
  const reconnect = () => document.getElementById("live")?._htmx?.sse?.reader?.cancel();
  const isOn = () => document.querySelector(".live")?.dataset.state === "on";
  let ticked = Date.now(), heard = ticked;
  for (const name of ["htmx:sse:after:connection", "htmx:sse:before:message", "visibilitychange"])
    document.addEventListener(name, () => { heard = Date.now(); });
  const tick = () => {
    const isQuiet = isOn() && !document.hidden && Date.now() - heard > 50_000;
    if (isQuiet) say("lost", "Disconnected");
    if (isQuiet || Date.now() - ticked > 90_000) reconnect();
    ticked = Date.now();
    clocks();
  };
  window.addEventListener("online", reconnect);

  // A session follows its end if it is shown; else it says how much is new.
  const session = () => document.querySelector("[data-follows]");
  const gap = (one) => one.scrollHeight - one.scrollTop - one.clientHeight;
  const blocks = () => [...document.querySelectorAll("[data-block]")].map((one) => one.dataset.block);
  const last = () => blocks().at(-1) || "";
  let atEnd = false, read = "";
  const toEnd = () => { const one = session(); if (one) one.scrollTop = one.scrollHeight; };
  const heed = () => {
    const one = session(), newer = document.querySelector("[data-newer]");
    if (!one || !newer) return;
    if (gap(one) < 24) read = last();
    const fresh = blocks().filter((one) => one > read).length;
    newer.hidden = fresh <= 0;
    if (fresh > 0) put(newer, `${fresh} new`);
  };
  document.addEventListener("htmx:before:swap", () => { const one = session(); atEnd = !!one && gap(one) < 24; });
  document.addEventListener("htmx:after:swap", () => { if (atEnd) toEnd(); heed(); });
  document.addEventListener("scroll", (event) => { if (event.target === session()) heed(); }, true);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-newer]")) toEnd(); });

  // A group that a person has opened or closed stays so in this tab: over live changes, and in other frames.
  const tree = () => document.querySelector("[role=treegrid]");
  const place = `smithers-folds:${location.pathname}`;
  let folds = {}, at = null;  // `at` is the row that the tab key goes to
  try { folds = JSON.parse(sessionStorage.getItem(place)) || {}; } catch { /* as if none was stored */ }
  const keep = (group, is_open) => {
    folds[group] = is_open;
    try { sessionStorage.setItem(place, JSON.stringify(folds)); } catch { /* it holds for this page */ }
  };
  const lay = () => {
    let shut = Infinity;
    const all = tree()?.querySelectorAll("[aria-level]") || [];
    for (const row of all) {
      const level = Number(row.getAttribute("aria-level")), group = row.dataset.group;
      if (level <= shut) shut = Infinity;
      row.hidden = level > shut;
      if (group !== undefined && Object.hasOwn(folds, group) && !("far" in row.dataset)) row.setAttribute("aria-expanded", folds[group]);
      if (shut === Infinity && row.getAttribute("aria-expanded") === "false") shut = level;
      if (row.matches(".rest")) continue;
      row.tabIndex = -1;
      for (const link of row.querySelectorAll("a")) link.tabIndex = -1;
    }
    const current = at && document.getElementById(at);
    if (all.length) (current && !current.hidden ? current : all[0]).tabIndex = 0;
  };
  const turnFold = (row, is_open) => {
    keep(row.dataset.group, is_open);
    if ("far" in row.dataset) row.querySelector("[data-fold]").click();
    else lay();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-fold]"), row = link?.closest("[data-group]");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const is_open = row.getAttribute("aria-expanded") !== "true";
    keep(row.dataset.group, is_open);
    if ("far" in row.dataset) return;
    event.preventDefault();
    lay();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[role=treegrid] [aria-level]");
    if (!row || row.matches(".rest")) return;
    at = row.id;
    for (const one of tree().querySelectorAll("[aria-level][tabindex='0']")) one.tabIndex = -1;
    row.tabIndex = 0;
  });
  document.addEventListener("htmx:after:swap", () => lay());
  // A frame of a run is laid over the page, so that the slider stays under the hand that moves it. Of
  // the frames that it passes, those are fetched for which there is time; the last one always is.
  let wanted = null, shown = null, isSliding = false;
  const slide = async (address) => {
    wanted = shown = address;
    history.replaceState(history.state, "", address);
    if (isSliding) return;
    isSliding = true;
    try {
      while (wanted) {
        const next = wanted;
        wanted = null;
        await htmx.ajax("GET", next, { target: "#main", select: "#main", swap: "outerMorph" });
      }
    } finally { isSliding = false; }
  };
  const frames = () => document.querySelector("[data-frames=run]");
  const chosen = (form) => {
    const slider = form.querySelector("input[type=range]"), given = new URLSearchParams(new FormData(form));
    if (slider.value === slider.max) return form.dataset.live;
    return `${location.pathname}?${given}`;
  };
  document.addEventListener("htmx:before:swap", (event) => {  // what followed another frame is too late
    const { sourceElement, request } = event.detail.ctx || {};
    if (shown && sourceElement?.id === "main" && request.action !== shown) event.preventDefault();
  });
  document.addEventListener("htmx:after:swap", () => {
    const slider = frames()?.querySelector("input[type=range]");
    if (slider && !wanted && slider.value !== slider.defaultValue) slider.value = slider.defaultValue;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-slides]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const slider = frames().querySelector("input[type=range]"), step = Number(link.dataset.slides);
    slider.value = step ? Number(slider.value) + step : slider.max;  // also before the last step is shown
    slide(chosen(frames()));
  });

  // Keys go to a place, or follow the link that has them; none of them decides anything.
  const isShown = (one) => one.checkVisibility({ visibilityProperty: true });
  const rows = () => [...document.querySelectorAll("[data-row], [data-group]")].filter(isShown);
  const move = (step) => {
    const all = rows(), from = all.indexOf(document.activeElement.closest("[data-row], [data-group]"));
    all[Math.min(all.length - 1, Math.max(0, from + step))]?.focus();
  };
  const levelOf = (row) => Number(row.getAttribute("aria-level"));
  const fold = (is_open) => {
    const row = document.activeElement.closest("[aria-level]"), state = row.getAttribute("aria-expanded");
    if (state === String(!is_open)) turnFold(row, is_open);
    else if (is_open && state === "true") move(1);
    else if (!is_open) {
      let around = row.previousElementSibling;
      while (around && !(levelOf(around) < levelOf(row))) around = around.previousElementSibling;
      if (around?.hasAttribute("aria-level")) around.focus();
    }
  };
  const keys = {
    "?": () => document.getElementById("keys").showModal(),
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    a: () => document.querySelector("[data-approve]")?.focus(),
    d: () => document.querySelector("[data-deny]")?.focus(),
    s: () => document.querySelector("[data-steer]")?.focus(),
  };
  const inTree = {
    ArrowDown: () => move(1), ArrowUp: () => move(-1), ArrowLeft: () => fold(false), ArrowRight: () => fold(true),
    Home: () => rows()[0].focus(), End: () => rows().at(-1).focus(),
    Enter: () => document.activeElement.querySelector(".nm a")?.click(),
  };
  const inLines = { ArrowDown: inTree.ArrowDown, ArrowUp: inTree.ArrowUp };
  const marked = (key) => {
    const one = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!one || !isShown(one)) return null;
    return () => one.matches("a") ? one.click() : one.focus();
  };
  document.addEventListener("keydown", (event) => {
    const at = event.target, typing = at.closest("input, textarea, select");
    if (event.key === "Escape" && typing) typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || at.closest("dialog")) return;
    const isRow = at.matches("[role=treegrid] [aria-level]"), isLine = at.matches("[data-row]");
    const act = keys[event.key] || (isRow && inTree[event.key]) || (isLine && inLines[event.key]) || (event.key.length === 1 && marked(event.key));
    if (!act) return;
    event.preventDefault();
    act();
  });

  // The icon says as well that something waits for a person, for those who look at another tab.
  const icon = () => {
    const link = document.querySelector("link[rel=icon]");
    link.dataset.plain ||= link.getAttribute("href");
    const wanted = /^\(\d+\)/.test(document.title) ? link.dataset.waits : link.dataset.plain;
    if (link.getAttribute("href") !== wanted) link.href = wanted;
  };
  document.addEventListener("DOMContentLoaded", () => {
    clocks();
    lay();
    if (location.hash) document.querySelector("[role=treegrid] :target")?.focus();
    if (session()?.hasAttribute("data-at-end")) toEnd();
    read = last();
    icon();
    setInterval(tick, 1000);
    for (const one of document.querySelectorAll("header.top [hidden]")) one.hidden = false;
    document.querySelector("[data-theme-toggle]").addEventListener("click", turn);
    document.querySelector("[data-keys]").addEventListener("click", keys["?"]);
    document.addEventListener("input", (event) => {
      const form = event.target.closest("[data-frames]");
      if (form?.dataset.frames === "run") slide(chosen(form));
      else if (form) put(form.querySelector("output"), `${event.target.value} of ${event.target.max}`);
    });
    document.addEventListener("change", (event) => {
      if (event.target.matches("[data-submits]")) event.target.form.submit();
    });
  });
})();
