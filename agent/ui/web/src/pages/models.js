// SPDX-License-Identifier: Apache-2.0
// Parts of the Models page: what fails, and where the prices are from.
import { count, whole } from "../format.js";
import { Cost, Panel } from "../parts/common.js";
import { Asked } from "../parts/charts.js";
import { Table } from "../parts/table.js";
import { useQuery } from "../scope.js";
import { COST, REQUESTS } from "../stats.js";
import { html, useMemo } from "../ui.js";
import { addFilter, where } from "../url.js";

const SOURCES = { exact: "the price table has this model", alias: "by another name of the model", fallback: "of a similar model", provider: "the provider's own figure", none: "no price is known", refused: "the provider refused the call: nothing to pay" };

export function Prices({ scope }) {
	const q = { select: `count sum:${COST} refused`, where: REQUESTS, by: "model,gentap.cost.source,gentap.cost.price_date", limit: 200 }, a = useQuery(q, scope);
	const rows = useMemo(() => (a.data?.rows || []).map(([model, source, date, calls, cost, refused], i) => ({ id: i, model, source, date, calls, cost, refused, unknown: a.data.unknown?.[i]?.[1] })), [a.data]);
	return html`<${Panel} title="Where the prices come from" flush stale=${a.stale} error=${a.error} right=${html`<${Asked} q=${q} scope=${scope} />`}><${Table} name="prices" keys=${false} rows=${rows} id=${(r) => String(r.id)} sort="-cost" columns=${[
		{ key: "model", label: "Model" }, { key: "source", label: "Price", draw: (r) => html`<span title=${SOURCES[r.source] || ""} class=${r.source === "none" || !r.source ? "warn" : ""}>${r.source || "unknown"}<span class="second"> · ${SOURCES[r.source] || "not priced"}</span></span>` },
		{ key: "date", label: "Of" }, { key: "calls", label: "Calls", num: true, draw: (r) => whole(r.calls) }, { key: "cost", label: "Cost", num: true, draw: (r) => html`<${Cost} value=${r.cost} unknown=${r.unknown} calls=${r.calls} refused=${r.refused} />` }]} /></${Panel}>`;
}

export function Errors({ scope }) {
	const q = { select: "count", where: where(REQUESTS, "error:true"), by: "model,error.type", limit: 100 }, a = useQuery(q, scope);
	const rows = useMemo(() => (a.data?.rows || []).map(([model, type, n], i) => ({ id: i, model, type, n })), [a.data]);
	return html`<${Panel} title="Errors by type" flush stale=${a.stale} error=${a.error} right=${html`<${Asked} q=${q} scope=${scope} />`}><${Table} name="errors" keys=${false} rows=${rows} id=${(r) => String(r.id)} sort="-n" empty=${html`<div class="empty ok"><h2>No call failed</h2></div>`} columns=${[
		{ key: "type", label: "Error", draw: (r) => html`<button type="button" class="mono error" onClick=${() => r.type && addFilter("error_type", r.type)}>${r.type || "not told"}</button>` }, { key: "model", label: "Model" }, { key: "n", label: "Calls", num: true, draw: (r) => count(r.n) }]} /></${Panel}>`;
}
