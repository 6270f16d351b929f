// SPDX-License-Identifier: Apache-2.0
// Parts of the Overview: figures, what is running, the latest runs.
import { duration } from "../format.js";
import { Panel, State } from "../parts/common.js";
import { Tile } from "../parts/tile.js";
import { step, useQuery } from "../scope.js";
import { CACHED, COST, INPUT, REQUESTS, RUNS, TOKENS, TOOLS } from "../stats.js";
import { html, useEffect, useState } from "../ui.js";
import { href } from "../url.js";
import { RunsTable, useRuns } from "./runs.js";

const SELECT = { runs: "count failure_rate p95:duration", calls: `count sum:${TOKENS} sum:${COST} sum:${INPUT} sum:${CACHED} refused`, tools: "count" };
const WHERE = { runs: RUNS, calls: REQUESTS, tools: TOOLS };

/** Now, the period before, and the course, of one kind of span. */
function useFigures(kind, scope) {
	const q = { select: SELECT[kind], where: WHERE[kind] };
	const now = useQuery(q, scope), before = useQuery({ ...q, from: scope.from - scope.span, to: scope.from }, scope);
	const course = useQuery({ ...q, interval: step(scope, 60), top: 8 }, scope);
	const row = now.data?.rows[0] || [], old = before.data?.rows[0] || [];
	return { q, now: row, before: old, unknown: now.data?.unknown?.[0] || [], spark: course.data?.series.map((s, i) => /^(count|sum)/.test(q.select.split(" ")[i]) ? s.values.map((v) => v ?? 0) : s.values) || [], stale: now.stale, ready: !!now.data };
}
const ratio = (a, b) => b ? (a || 0) / b : null;
const ratios = (a, b) => (b || []).map((v, i) => v ? (a?.[i] || 0) / v : null);

export function Tiles({ scope }) {
	const r = useFigures("runs", scope), c = useFigures("calls", scope), t = useFigures("tools", scope);
	const tile = (label, f, i, unit, to, sense) => html`<${Tile} label=${label} unit=${unit} now=${f.now[i]} before=${f.before[i]} spark=${f.spark[i]} href=${href(to)} sense=${sense} query=${f.q} scope=${scope} unknown=${f.unknown[i]} of=${f.now[0]} refused=${f === c && i > 0 ? c.now[5] : 0} />`;
	return html`<div class=${r.stale || c.stale ? "tiles stale" : "tiles"}>
		${tile("Runs", r, 0, "count", "/runs")}
		<${Tile} label="Error rate" unit="ratio" now=${r.now[0] ? r.now[1] : null} before=${r.before[0] ? r.before[1] : null} spark=${r.spark[1]} href=${href("/runs", { state: "error" })} sense="bad" query=${r.q} scope=${scope} of=${r.now[0]} />
		${tile("p95 run", r, 2, "seconds", "/runs", "bad")}
		${tile("LLM calls", c, 0, "count", "/models")}
		${tile("Tokens", c, 1, "tokens", "/models")}
		${tile("Tool calls", t, 0, "count", "/tools")}
		${tile("Cost", c, 2, "usd", "/models", "bad")}
		<${Tile} label="Cache hit" unit="ratio" now=${ratio(c.now[4], c.now[3])} before=${ratio(c.before[4], c.before[3])} spark=${ratios(c.spark[4], c.spark[3])} href=${href("/models")} sense="good" query=${c.q} scope=${scope} of=${c.now[0]} /></div>`;
}

function Elapsed({ since }) {
	const [now, setNow] = useState(Date.now());
	useEffect(() => {
		const t = setInterval(() => setNow(Date.now()), 1000);
		return () => clearInterval(t);
	}, []);
	return html`<span class="num second">${duration(Math.max(0, (now - since) / 1000))}</span>`;
}

export function Running({ scope }) {
	const running = (useRuns(scope, { limit: 200 }).rows || []).filter((r) => r.state === "running").slice(0, 12);
	if (!running.length)
		return null;
	return html`<${Panel} title="Running now" flush right=${html`<span class="second num">${running.length}</span>`}><div class="now">${running.map((r) => html`<a href=${href(`/runs/${r.trace_id}`, { span: r.run_id })}>
		<${State} state="running" label=${false} /><span class="grow clip"><b>${r.agent || r.comm || "agent"}</b> <span class="second">${[r.task || r.model, r.user].filter(Boolean).join(" · ")}</span></span>
		<span class="second num">${r.calls} calls</span><${Elapsed} since=${r.start} /></a>`)}</div></${Panel}>`;
}

export function LatestRuns({ scope }) {
	const runs = useRuns(scope, { limit: 200 });
	return html`<${Panel} title="Runs" flush stale=${runs.stale} error=${runs.error} right=${html`<a href=${href("/runs")}>all runs</a>`}>${runs.rows && html`<${RunsTable} rows=${runs.rows} scope=${scope} />`}</${Panel}>`;
}
