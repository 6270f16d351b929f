// SPDX-License-Identifier: Apache-2.0
// ⌘K: pages, runs by id or agent, models, users, dashboards; or a query as typed on the
// command line, answered in place.
import { useGet, url } from "../api.js";
import { value as shown } from "../format.js";
import { rows } from "../scope.js";
import { ProblemBox } from "../parts/common.js";
import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { go, href, set } from "../url.js";

const PAGES = [["/", "Overview"], ["/runs", "Runs"], ["/models", "Models"], ["/tools", "Tools"], ["/people", "People"], ["/people/teams", "Teams"],
	["/people/repos", "Repositories"], ["/people/agents", "Agents"], ["/sessions", "Sessions"], ["/coverage", "Coverage"], ["/dashboards", "Dashboards"], ["/budgets", "Budgets"], ["/settings", "Settings"]];
const AGGREGATE = /^(gentap\s+query\s+|'?"?(sum|avg|min|max|p\d\d|uniq|rate):|count\b)/;

export function Palette({ scope, onClose }) {
	const [text, setText] = useState(""), [at, setAt] = useState(0), [asked, setAsked] = useState("");
	const input = useRef(/** @type {HTMLInputElement | null} */ (null));
	const span = { from: Math.round(scope.from), to: Math.round(scope.to) };
	const models = useGet(url("values", { field: "model", ...span })).data, users = useGet(url("values", { field: "user", ...span })).data;
	const runs = useGet(url("runs", { ...span, limit: 200 })).data, boards = useGet(url("dashboards")).data;
	const query = AGGREGATE.test(text.trim());
	useEffect(() => {
		const before = /** @type {HTMLElement} */ (document.activeElement);
		input.current?.focus();
		return () => before?.focus?.();
	}, []);
	const all = useMemo(() => {
		const list = PAGES.map(([path, label]) => ({ kind: "page", label, run: () => go(href(path)) }));
		for (const r of rows(runs) || [])
			list.push({ kind: "run", label: `${r.agent || r.name || "run"} · ${r.run_id || r.span_id}`, run: () => go(href(`/runs/${r.trace_id}`, { span: r.span_id })) });
		for (const v of models?.values || [])
			list.push({ kind: "model", label: v.value, run: () => go(href("/models", { "open.models": v.value })) });
		for (const v of users?.values || [])
			list.push({ kind: "user", label: v.value, run: () => go(href("/people", { "open.people": v.value })) });
		for (const b of boards?.dashboards || [])
			list.push({ kind: "dashboard", label: b.title, run: () => go(href(`/dashboards/${b.name}`)) });
		return list;
	}, [models, users, runs, boards]);
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	const found = query ? [] : all.filter((x) => words.every((w) => `${x.kind} ${x.label}`.toLowerCase().includes(w))).slice(0, 40);
	if (/^[0-9a-f]{32}$/.test(text.trim()))
		found.unshift({ kind: "trace", label: text.trim(), run: () => go(href(`/runs/${text.trim()}`)) });
	const answer = useGet(asked ? url("line", { q: asked, ...span }) : null);
	const take = (x) => {
		onClose();
		x?.run();
	};
	const key = (e) => {
		if (e.key === "ArrowDown" || e.key === "ArrowUp") {
			e.preventDefault();
			const to = Math.max(0, Math.min(found.length - 1, at + (e.key === "ArrowDown" ? 1 : -1)));
			setAt(to);
			setTimeout(() => document.querySelector("#palette [aria-selected=true]")?.scrollIntoView({ block: "nearest" }));
		} else if (e.key === "Enter") {
			e.preventDefault();
			query ? setAsked(text.trim()) : take(found[at]);
		} else if (e.key === "Escape") {
			e.stopPropagation();
			onClose();
		}
	};
	return html`<div class="veil" onPointerDown=${(e) => e.target === e.currentTarget && onClose()}><div class="dialog palette" role="dialog" aria-modal="true" aria-label="Search or ask">
		<input ref=${input} value=${text} onInput=${(e) => { setText(e.currentTarget.value); setAt(0); }} onKeyDown=${key} placeholder="A page, a run, a model — or sum:cost --group-by model" role="combobox" aria-label="Search or ask"
			aria-expanded="true" aria-controls="palette" aria-activedescendant=${found[at] ? `p-${at}` : null} spellcheck="false" autocomplete="off" />
		<ul id="palette" role="listbox" aria-label="Found">${found.map((x, i) => html`<li id=${`p-${i}`} role="option" aria-selected=${i === at ? "true" : "false"} onPointerMove=${() => setAt(i)} onClick=${() => take(x)}><button type="button" tabindex="-1"><span class="kind">${x.kind}</span><span class="clip">${x.label}</span></button></li>`)}
		${!found.length && html`<li role="option" aria-selected="false" aria-disabled="true" class="third" style=${{ padding: "8px 10px" }}>${query ? "Enter asks the store" : "Nothing has that name"}</li>`}</ul>
		${asked && (answer.error || answer.data) && html`<div class="answer" aria-live="polite">${answer.error ? html`<${ProblemBox} error=${answer.error} text=${asked} />` : html`<table class="data"><thead><tr>${answer.data.columns.map((c) => html`<th class=${c.unit === "none" ? "" : "n"}>${c.name}</th>`)}</tr></thead>
			<tbody>${answer.data.rows.slice(0, 100).map((r) => html`<tr>${r.map((v, i) => html`<td class=${typeof v === "number" ? "n" : ""}>${shown(v, answer.data.columns[i].unit)}</td>`)}</tr>`)}</tbody></table>`}</div>`}</div></div>`;
}
export { set };
