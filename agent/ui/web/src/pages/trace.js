// SPDX-License-Identifier: Apache-2.0
// One run: what the agent did, in order, and what each step took and cost.
import { get, url, useGet } from "../api.js";
import { ago, count, duration, money, moneyFull, zoned } from "../format.js";
import { Icon } from "../icons.js";
import { useKeys } from "../keys.js";
import { Completeness, Empty, Panel, Pick, ProblemBox, State, TokenBar, copyText } from "../parts/common.js";
import { Details } from "../trace/details.js";
import { criticalPath, flatten, runOf, totalsOf, treeOf } from "../trace/model.js";
import { markdownOf, otlpOf } from "../trace/otlp.js";
import { ROW, Waterfall } from "../trace/waterfall.js";
import { rows as asObjects } from "../scope.js";
import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { go, href, params, set } from "../url.js";

const fact = (label, body) => body == null || body === "" || body === false ? null : html`<span class="fact"><span class="cap">${label}</span><span>${body}</span></span>`;

/** The runs before and after this one in its session. */
function Neighbours({ session, run }) {
	const { data } = useGet(session ? url("runs", { where: `session:${JSON.stringify(session)}`, limit: 500 }) : null);
	const list = (asObjects(data) || []).sort((a, b) => a.start - b.start), at = list.findIndex((r) => r.run_id === run);
	if (at < 0 || list.length < 2)
		return null;
	const link = (r, label, icon) => r ? html`<a class="btn small" href=${href(`/runs/${r.trace_id}`, { span: r.run_id })} title=${zoned(r.start)}>${icon === "left" && html`<${Icon} name="left" size=${12} />`}${label}${icon === "right" && html`<${Icon} name="right" size=${12} />`}</a>` : null;
	return html`<span class="row"><span class="second num" title="runs of this session">${at + 1} of ${list.length}</span>${link(list[at - 1], "previous", "left")}${link(list[at + 1], "next", "right")}</span>`;
}

function Head({ tree, focus, trace, start, onCost }) {
	const run = runOf(focus) || tree.roots[0], t = useMemo(() => totalsOf(run), [run]), summary = useGet(url("runs", { where: `trace_id:${trace}`, limit: 50 })).data;
	const info = (asObjects(summary) || []).find((r) => r.run_id === run.id) || (asObjects(summary) || [])[0] || {};
	const copyOtlp = async () => copyText(otlpOf(await get(url(`traces/${trace}`, { full: 1 }))), "OTLP JSON copied");
	return html`<div class="runhead"><h1 class="title"><${State} state=${run.error ? "error" : "ok"} label=${false} /><span class="clip">${run.agent || run.name}</span></h1><div class="facts">
		${fact("Duration", duration(run.duration / 1e9))}
		${fact("Cost", html`<button type="button" title=${`${moneyFull(run.sum)}, estimated at list price; click for how`} onClick=${onCost}>${run.sum == null ? "–" : `${run.unpriced ? "≥ " : ""}${money(run.sum)}`}</button>`)}
		${fact("Tokens", html`<span class="row"><${TokenBar} t=${t} />${count(t.input + t.output)}</span>`)}
		${fact("Calls / tools", `${count(t.calls)} / ${count(t.tools)}`)}${fact("Sub-agents", t.agents > 0 && html`<span title="their calls, tokens and cost are in these sums; the list of runs counts each run by itself">${t.agents}</span>`)}${fact("Models", html`<span class="clip models" title=${[...t.models].join(", ")}>${[...t.models].join(", ")}</span>`)}${fact("User", info.user)}
		${fact("Repository", info.repo && `${info.repo}${info.branch ? "@" + info.branch : ""}`)}${fact("Host", info.host)}${fact("Started", html`<span title=${zoned(start + run.start / 1e6)}>${ago(start + run.start / 1e6)}</span>`)}
		${fact("Seen", html`<span class="row" style=${{ gap: "4px" }}><${Completeness} value=${t.partial ? "partial" : "full"} />${t.partial ? `${t.partial} partial` : "completely"}</span>`)}
		</div><span class="row runlinks"><${Neighbours} session=${info.conversation} run=${run.id} />
		<${Pick} end name="Copy this trace" kind="btn small" label=${html`<${Icon} name="copy" size=${14} /> Copy`}>${(close) => /** @type {[string, () => any][]} */ ([["Trace id", () => copyText(trace, "Id copied")], ["As Markdown", () => copyText(markdownOf(tree.order), "Tree copied as Markdown")], ["As OTLP JSON", copyOtlp], ["Link", () => copyText(location.href, "Link copied")]]).map(([label, run]) => html`<button type="button" class="item" onClick=${() => { run(); close(); }}>${label}</button>`)}</${Pick}></span></div>`;
}

export function Trace({ id }) {
	const { data, error } = useGet(url(`traces/${id}`)), tree = useMemo(() => data ? treeOf(data.spans) : null, [data]);
	const [collapsed, setCollapsed] = useState(/** @type {Set<string>} */ (new Set())), [critical, setCritical] = useState(false);
	const q = params(), wanted = q.get("span"), tab = q.get("tab") || "summary", closed = q.get("panel") === "0";
	const scroller = useRef(/** @type {HTMLElement | null} */ (null));
	const rows = useMemo(() => tree ? flatten(tree.order, collapsed) : [], [tree, collapsed]);
	const selected = tree ? (wanted && tree.byId.get(wanted)) || tree.roots[0] : null, at = rows.indexOf(selected);
	const narrow = innerWidth <= 1100, open = selected && !closed && (!narrow || q.get("panel") === "1");
	const path = useMemo(() => critical && selected ? criticalPath(runOf(selected) || tree?.roots[0]) : null, [critical, selected, tree]);
	const select = (s, show = true) => set({ span: s.id, panel: show ? (narrow ? "1" : null) : q.get("panel") }, { replace: true });
	const toggle = (s, to) => setCollapsed((c) => {
		const n = new Set(c);
		(to ?? !n.has(s.id)) ? n.add(s.id) : n.delete(s.id);
		return n;
	});
	const all = (yes) => setCollapsed(yes && tree ? new Set(tree.order.filter((s) => s.children.length && s.depth > 0).map((s) => s.id)) : new Set());
	const show = (i) => {
		const el = scroller.current;
		if (el && (i * ROW < el.scrollTop || (i + 1) * ROW > el.scrollTop + el.clientHeight))
			el.scrollTop = Math.max(0, i * ROW - el.clientHeight / 2);
	};
	const step = (by) => {
		const i = Math.max(0, Math.min(rows.length - 1, at + by));
		select(rows[i], !narrow && !closed);
		show(i);
	};
	const error_ = (by) => {
		if (!tree)
			return;
		const bad = tree.order.filter((s) => s.error), now = selected ? tree.order.indexOf(selected) : -1;
		const next = by > 0 ? bad.find((s) => tree.order.indexOf(s) > now) || bad[0] : bad.findLast((s) => tree.order.indexOf(s) < now) || bad.at(-1);
		if (next) {
			all(false);
			select(next, !narrow && !closed);
			show(tree.order.indexOf(next));
		}
	};
	useEffect(() => {
		if (at > 0)
			show(at);
	}, [tree]);
	useKeys({
		j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1), n: () => error_(1), N: () => error_(-1),
		h: () => selected && (selected.children.length && !collapsed.has(selected.id) ? toggle(selected, true) : selected.up && (select(selected.up, !narrow && !closed), show(rows.indexOf(selected.up)))),
		l: () => selected && toggle(selected, false), "[": () => all(true), "]": () => all(false), Enter: () => selected && set({ panel: narrow ? "1" : null }, { replace: true }),
		Escape: () => open ? set({ panel: "0" }, { replace: true }) : go(href("/runs")), c: () => selected && copyText(selected.id, "Id copied"), y: () => tree && copyText(markdownOf(tree.order), "Tree copied as Markdown"),
	});
	if (error)
		return html`<${Panel}>${error.status === 404 ? html`<${Empty} title="This trace is not in the store"><p>It may have been older than what is kept, or be of another machine. Look at <a href=${href("/runs")}>the runs that are there</a>.</p></${Empty}>` : html`<${ProblemBox} error=${error} />`}</${Panel}>`;
	if (!tree || !data)
		return html`<${Panel}><div style=${{ height: "60vh" }}></div></${Panel}>`;
	return html`<section class="panel" aria-label="Trace"><${Head} tree=${tree} focus=${selected} trace=${id} start=${data.start} onCost=${() => set({ span: (runOf(selected) || tree.roots[0]).id, tab: "cost", panel: narrow ? "1" : null })} />
		<div class=${open ? "trace" : "trace nopanel"}><${Waterfall} tree=${tree} rows=${rows} selected=${selected} collapsed=${collapsed} onSelect=${(s) => select(s)} onToggle=${toggle} onAll=${all} critical=${path} onCritical=${() => setCritical(!critical)} scroller=${scroller} />
		${open && html`<${Details} trace=${id} s=${selected} tab=${tab} setTab=${(t) => set({ tab: t === "summary" ? null : t }, { replace: true })} onClose=${() => set({ panel: "0" }, { replace: true })} />`}</div></section>
		<ul class="wf-legend" aria-label="How to read it"><li><i class="wait"></i>waiting for the first token</li><li><i class="tick"></i>first token</li><li><i></i>streaming</li><li><i class="retry"></i>waited before a retry</li><li><i class="inf"></i>inferred</li><li><i class="err"></i>failed</li>
			<li class="grow right">Wheel over the axis, or Ctrl and wheel, zooms; drag pans; double-click shows all</li></ul>`;
}
