// SPDX-License-Identifier: Apache-2.0
// A trace as text for elsewhere: OTLP JSON (opentelemetry-proto, JSON encoding), Markdown.
import { duration, money } from "../format.js";

function anyValue(v) {
	if (Array.isArray(v))
		return { arrayValue: { values: v.map(anyValue) } };
	if (typeof v === "boolean")
		return { boolValue: v };
	if (typeof v === "number")
		return Number.isInteger(v) ? { intValue: String(v) } : { doubleValue: v };
	return { stringValue: typeof v === "string" ? v : JSON.stringify(v) };
}
const attributes = (o) => Object.entries(o || {}).filter(([, v]) => v != null).map(([key, v]) => ({ key, value: anyValue(v) }));

export function otlpOf(full) {
	const groups = new Map();
	for (const s of full.spans) {
		const key = JSON.stringify(s.resource || {});
		if (!groups.has(key))
			groups.set(key, { resource: { attributes: attributes(s.resource) }, scopeSpans: [{ scope: { name: "gentap" }, spans: [] }] });
		groups.get(key).scopeSpans[0].spans.push({
			traceId: full.trace_id, spanId: s.id, parentSpanId: s.parent, name: s.name, kind: s.kind, startTimeUnixNano: s.start_unix_ns,
			endTimeUnixNano: String(BigInt(s.start_unix_ns) + BigInt(s.duration)), attributes: attributes(s.attributes), status: s.error ? { code: 2, message: s.status_message } : {},
		});
	}
	return JSON.stringify({ resourceSpans: [...groups.values()] }, null, 1);
}

export const markdownOf = (order) => order.map((s) => `${"  ".repeat(s.depth)}- ${s.name}  ${duration(s.duration / 1e9)}${s.op === "gen_ai.request" && s.cost != null ? `  ${money(s.cost)}` : ""}${s.inferred ? "  (inferred)" : ""}${s.error ? `  ✕ ${s.error_type || "error"}` : ""}`).join("\n") + "\n";
