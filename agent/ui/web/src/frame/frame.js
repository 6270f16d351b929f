// SPDX-License-Identifier: Apache-2.0
// The bars above every page.
import { get, stream, url, useGet, useLive, waiting, watch } from "../api.js";
import { Icon } from "../icons.js";
import { KEYS, useKeys } from "../keys.js";
import { Dialog, Pick, Segmented } from "../parts/common.js";
import { cls, html, useEffect, useRef, useState } from "../ui.js";
import { DIMENSIONS, RANGES, addFilter, go, href, set } from "../url.js";
import { clock, date } from "../format.js";
import { Palette } from "./palette.js";

export const PAGES = [["", "Overview", "o"], ["runs", "Runs", "r"], ["models", "Models", "m"], ["tools", "Tools", "t"], ["people", "People", "p"],
	["sessions", "Sessions", "s"], ["coverage", "Coverage", "c"], ["dashboards", "Dashboards", "d"], ["budgets", "Budgets", "b"]];

function theme(next) {
	document.documentElement.dataset.theme = next;
	localStorage.setItem("gentap.theme", next);
}
export function startTheme() {
	const mine = localStorage.getItem("gentap.theme"), dark = matchMedia("(prefers-color-scheme: dark)");
	document.documentElement.dataset.theme = mine || (dark.matches ? "dark" : "light");
	dark.addEventListener("change", () => !localStorage.getItem("gentap.theme") && (document.documentElement.dataset.theme = dark.matches ? "dark" : "light"));
}

function Live({ scope }) {
	const [s, setS] = useState({ ...stream });
	useEffect(() => watch((now) => setS({ ...now })), []);
	const down = s.state === "down", word = down ? `retry ${s.tries}` : scope.live ? "live" : "paused";
	return html`<button type="button" class="icon live" onClick=${() => set(scope.relative ? { live: scope.live ? "0" : null } : { range: null, live: null })} aria-pressed=${scope.live ? "true" : "false"}
		aria-label=${`Live updates: ${word}`} title=${down ? "no connection to gentap; trying again" : scope.live ? "live: click to hold still (L)" : "held still: click for live (L)"}>
		<i key=${s.beats} class=${cls("dot", down ? "down" : scope.live ? "beat" : "paused")}></i><span class="word">${word}</span></button>`;
}

export function TopBar({ page, scope, onPalette, onHelp }) {
	const [dark, setDark] = useState(document.documentElement.dataset.theme === "dark"), nav = useRef(/** @type {HTMLElement | null} */ (null));
	useEffect(() => {
		const box = nav.current, here = /** @type {HTMLElement | null} */ (box?.querySelector("[aria-current]") ?? null);
		if (box && here)
			box.scrollLeft = here.offsetLeft - (box.clientWidth - here.offsetWidth) / 2;
	}, [page]);
	const flip = () => {
		theme(dark ? "light" : "dark");
		setDark(!dark);
	};
	return html`<header class="topbar"><div class="inner">
		<a class="brand" href=${href("/")} aria-label="gentap, overview"><svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true"><rect x="1" y="4" width="30" height="5" rx="1.5" fill="var(--op-agent)" /><rect x="1" y="13.5" width="13" height="5" rx="1.5" fill="var(--op-chat)" /><rect x="14" y="12" width="2.5" height="8" fill="var(--text)" /><rect x="12" y="23" width="19" height="5" rx="1.5" fill="var(--op-tool)" /></svg><span>gentap</span></a>
		<nav class="nav" aria-label="Pages" ref=${nav}>${PAGES.map(([path, label, key]) => html`<a href=${href("/" + path)} aria-current=${page === path ? "page" : null} title=${`g ${key}`}>${label}</a>`)}</nav>
		<div class="tools"><button type="button" class="search" onClick=${onPalette} aria-label="Search or ask" title="⌘K or /"><${Icon} name="search" size=${14} /><span class="grow">Search or ask</span><kbd>⌘K</kbd></button>
		<${Live} scope=${scope} />
		<a class="icon" href=${href("/settings")} aria-label="Settings" title="Settings" aria-current=${page === "settings" ? "page" : null}><${Icon} name="gear" /></a>
		<button type="button" class="icon" onClick=${flip} aria-label=${dark ? "Use the light theme" : "Use the dark theme"} title=${dark ? "light" : "dark"}><${Icon} name=${dark ? "sun" : "moon"} /></button>
		<button type="button" class="icon" onClick=${onHelp} aria-label="Keys" title="?"><${Icon} name="help" /></button></div></div></header>`;
}

function RangePick({ scope, open, onOpen }) {
	const label = scope.relative ? `Last ${(RANGES.find(([k]) => k === scope.relative) || [0, scope.relative])[1]}`
		: `${date(scope.from).slice(0, 16)} – ${new Date(scope.from).toDateString() === new Date(scope.to).toDateString() ? clock(scope.to) : date(scope.to).slice(0, 16)}`;
	const local = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 19);
	return html`<${Pick} name="Time range" open=${open} onOpen=${onOpen} label=${html`<${Icon} name="clock" size=${14} /><b>${label}</b><${Icon} name="down" size=${12} />`}>${(close) => html`
		${RANGES.map(([key, text]) => html`<button type="button" class="item" role="menuitemradio" aria-checked=${scope.relative === key ? "true" : "false"} onClick=${() => { set({ range: key === "1h" ? null : key }); close(); }}>Last ${text}</button>`)}
		<hr /><form onSubmit=${(e) => {
			e.preventDefault();
			const f = new FormData(e.currentTarget), a = Date.parse(String(f.get("from"))), b = Date.parse(String(f.get("to")));
			if (a && b > a) {
				set({ range: `${a}-${b}` });
				close();
			}
		}}><label class="field">From<input class="text" type="datetime-local" step="1" name="from" value=${local(scope.from)} /></label>
		<label class="field">To<input class="text" type="datetime-local" step="1" name="to" value=${local(scope.to)} /></label>
		<div style=${{ padding: "6px 8px" }}><button class="btn small primary">Show</button></div></form>`}</${Pick}>`;
}

/** Key, then value: what is there in this range is offered, most frequent first. */
function FilterPick({ scope, open, onOpen }) {
	const [text, setText] = useState("");
	const at = text.indexOf(":"), key = at < 0 ? null : text.slice(0, at).replace(/^!/, ""), part = (at < 0 ? text : text.slice(at + 1)).toLowerCase();
	const { data } = useGet(open && key ? url("values", { field: key, from: Math.round(scope.from), to: Math.round(scope.to) }) : null);
	const keys = ["model", "provider", "agent", "tool", "user", "tier", "team", "repo", "branch", "namespace", "pod", "host", "error_type", "completeness", "cost_source", "service", "server"];
	const found = key ? (data?.values || []).filter((v) => String(v.value).toLowerCase().includes(part)) : keys.filter((k) => k.includes(part));
	const add = (v, close) => {
		addFilter(key, v, text.startsWith("!"));
		setText("");
		close();
	};
	return html`<${Pick} name="Add a filter" open=${open} onOpen=${(o) => { setText(""); onOpen(o); }} label=${html`<${Icon} name="plus" size=${12} /> filter`}>${(close) => html`
		<form onSubmit=${(e) => { e.preventDefault(); if (key) add(text.slice(at + 1) || "*", close); else if (found.length) setText(found[0] + ":"); }}>
		<input class="text" style=${{ width: "100%", minWidth: "260px" }} placeholder="model:claude-*   !user:ci   tool:Bash" aria-label="Filter, as key:value" value=${text} onInput=${(e) => setText(e.currentTarget.value)} spellcheck="false" autocomplete="off" /></form>
		<div style=${{ marginTop: "4px" }}>${key && !data && html`<div class="head third">Looking…</div>`}
		${key && data && !found.length && html`<div class="head third">${part ? "Enter takes it as typed; * stands for anything" : `No value of ${key} in this time`}</div>`}
		${found.slice(0, 12).map((v) => key ? html`<button type="button" class="item" onClick=${() => add(v.value, close)}><span class="clip">${v.value}</span><span class="second num">${v.count}</span></button>`
			: html`<button type="button" class="item" onClick=${(e) => { setText(`${text.startsWith("!") ? "!" : ""}${v}:`); e.currentTarget.closest(".menu").querySelector("input").focus(); }}>${v}</button>`)}</div>`}</${Pick}>`;
}

/** What takes long says so, and how to make it shorter. */
function Slow() {
	const [ms, setMs] = useState(0);
	useEffect(() => {
		const t = setInterval(() => setMs(waiting()), 250);
		return () => clearInterval(t);
	}, []);
	return ms > 0 && html`<span class="pill slow" role="status" title="Attributes without a column of their own are read from each span of the range. A shorter range, or one more filter, is faster.">reading spans, ${Math.ceil(ms / 1000)} s</span>`;
}

export function FilterBar({ scope, opened, setOpened }) {
	const o = (name) => ({ open: opened === name, onOpen: (x) => setOpened(x ? name : null) });
	const dim = DIMENSIONS.find(([k]) => k === scope.by) || [scope.by, scope.by];
	return html`<div class="filterbar" role="region" aria-label="Scope"><div class="inner">
		<${RangePick} scope=${scope} ...${o("range")} />
		<${Pick} name="Breakdown" ...${o("by")} label=${html`<${Icon} name="split" size=${14} />by <b>${dim[1]}</b><${Icon} name="down" size=${12} />`}>${(close) => DIMENSIONS.map(([key, label]) => html`<button type="button" class="item" role="menuitemradio"
			aria-checked=${scope.by === key ? "true" : "false"} onClick=${() => { set({ by: key === "model" ? null : key }); close(); }}>${label}</button>`)}</${Pick}>
		<${FilterPick} scope=${scope} ...${o("filter")} />
		${scope.filters.map((f) => html`<span class=${cls("chip", f.startsWith("!") && "not")}><button type="button" class="text" title="click turns it round" onClick=${() => set({ f: scope.filters.map((g) => g === f ? (f.startsWith("!") ? f.slice(1) : "!" + f) : g) })}><span>${f.startsWith("!") ? `not ${f.slice(1)}` : f}</span></button>
			<button type="button" class="x" aria-label=${`remove filter ${f}`} onClick=${() => set({ f: scope.filters.filter((g) => g !== f) })}>×</button></span>`)}
		${scope.filters.length > 1 && html`<button type="button" class="pill" onClick=${() => set({ f: null })}>clear</button>`}
		<span class="grow"></span><${Slow} />
		<${Segmented} name="Unit" options=${[["cost", "$"], ["tokens", "tokens"]]} value=${scope.unit} onChange=${(v) => set({ unit: v === "cost" ? null : v })} /></div></div>`;
}

function Strips() {
	const { data } = useLive(url("status"));
	return html`${data?.label && html`<div class="strip demo" role="note"><div class="inner"><${Icon} name="info" />${data.label}</div></div>`}
		${data?.warning && html`<div class="strip" role="alert"><div class="inner"><${Icon} name="warn" /><span>${data.warning}</span><a href=${href("/coverage")}>see coverage</a></div></div>`}`;
}

export function Frame({ page, scope, children }) {
	const [over, setOver] = useState(/** @type {string | null} */ (null)), [opened, setOpened] = useState(/** @type {string | null} */ (null));
	const main = useRef(/** @type {HTMLElement | null} */ (null));
	/** @type {Record<string, any>} */
	const keys = {
		"mod+k": () => setOver(over === "palette" ? null : "palette"), "/": () => setOver("palette"), "?": () => setOver(over === "help" ? null : "help"),
		f: () => setOpened("filter"), b: () => setOpened("by"), r: () => setOpened("range"),
		L: () => set(scope.relative ? { live: scope.live ? "0" : null } : { range: null, live: null }), $: () => set({ unit: scope.unit === "cost" ? "tokens" : null }),
		Escape: () => over ? setOver(null) : opened ? setOpened(null) : history.length > 1 && page && location.pathname.split("/").length > 2 ? history.back() : false,
	};
	for (const [path, , key] of PAGES)
		keys[`g ${key}`] = () => go(href("/" + path));
	useKeys(keys);
	return html`<a class="sr" href="#main" onClick=${(e) => { e.preventDefault(); main.current?.focus(); }}>Skip to the page</a>
		<${TopBar} page=${page} scope=${scope} onPalette=${() => setOver("palette")} onHelp=${() => setOver("help")} />
		<${FilterBar} scope=${scope} opened=${opened} setOpened=${setOpened} />
		<${Strips} />
		<main class="page" id="main" tabindex="-1" ref=${main} style=${{ outline: "none" }}>${children}</main>
		${over === "palette" && html`<${Palette} scope=${scope} onClose=${() => setOver(null)} />`}
		${over === "help" && html`<${Dialog} title="Keys" onClose=${() => setOver(null)}><ul class="keys">${KEYS.map(([k, what]) => html`<li><span>${what}</span><span>${k.split(" / ").map((x, i) => html`${i > 0 && " / "}<kbd>${x}</kbd>`)}</span></li>`)}</ul></${Dialog}>`}`;
}
export { get };
