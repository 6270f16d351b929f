// SPDX-License-Identifier: Apache-2.0
// What a widget of kind "part" shows: pieces that are more than one query. The widget's
// query is the name of the piece, and what it is about: "spend model".
import { LatencyPanel, SeriesPanel, SpendPanel } from "../parts/charts.js";
import { REQUESTS, TOOLS } from "../stats.js";
import { html } from "../ui.js";
import { DIMENSIONS } from "../url.js";
import { GroupTable, TailPanel } from "./group.js";
import { Limits } from "./limits.js";
import { Errors, Prices } from "./models.js";
import { LatestRuns, Running, Tiles } from "./overview.js";
import { Loops, ToolsTable } from "./tools.js";

const OF = { tools: { where: TOOLS, title: "Duration of tool calls", ttft: false } };

/** @type {Record<string, (scope: any, about: string) => any>} */
const PIECES = {
	figures: (scope) => html`<${Tiles} scope=${scope} />`,
	running: (scope) => html`<${Running} scope=${scope} />`,
	runs: (scope) => html`<${LatestRuns} scope=${scope} />`,
	spend: (scope, by) => html`<${SpendPanel} scope=${scope} by=${by || scope.by} />`,
	latency: (scope, of) => html`<${LatencyPanel} scope=${scope} ...${OF[of]} />`,
	tail: (scope, by) => html`<${TailPanel} scope=${scope} by=${by || scope.by} />`,
	table: (scope, by) => {
		const [key, label] = DIMENSIONS.find(([k]) => k === (by || scope.by)) || [by, by];
		return html`<${GroupTable} by=${key} label=${label[0].toUpperCase() + label.slice(1)} title=${`${label}s`} name=${`${key}s`} scope=${scope} />`;
	},
	errors: (scope) => html`<${Errors} scope=${scope} />`,
	finish: (scope) => html`<${SeriesPanel} title="Calls by finish reason" scope=${scope} family="finish" stack unit="count" q=${{ select: "count", where: REQUESTS, by: "finish" }} />`,
	limits: (scope) => html`<${Limits} scope=${scope} />`,
	prices: (scope) => html`<${Prices} scope=${scope} />`,
	"tool-calls": (scope) => html`<${SeriesPanel} title="Tool calls" scope=${scope} family="tool" stack unit="count" q=${{ select: "count", where: TOOLS, by: "tool" }} />`,
	tools: (scope) => html`<${ToolsTable} scope=${scope} />`,
	loops: (scope) => html`<${Loops} scope=${scope} />`,
};
export const PIECE_NAMES = Object.keys(PIECES);

export function Piece({ query, scope }) {
	const [name, about] = query.trim().split(/\s+/);
	return PIECES[name] ? PIECES[name](scope, about) : html`<div class="third">No part is called ${name}: ${PIECE_NAMES.join(", ")}</div>`;
}
