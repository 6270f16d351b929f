// SPDX-License-Identifier: Apache-2.0
// The effective configuration and where each value is from. Read-only.
import { url, useGet } from "../api.js";
import { whole } from "../format.js";
import { Command, Panel } from "../parts/common.js";
import { html } from "../ui.js";

export function Settings() {
	const { data, error } = useGet(url("settings")), status = useGet(url("status")).data;
	return html`<h1>Settings</h1>
		<${Panel} title="This gentap"><dl class="kv"><dt>Version</dt><dd>${status?.version}</dd><dt>Spans kept</dt><dd>${whole(status?.spans)}</dd><dt>API</dt><dd><a href="/api/openapi.json" download="gentap-openapi.json">OpenAPI 3.1</a>, the questions of <code>gentap query</code> under <code>/api/v1</code></dd></dl></${Panel}>
		<${Panel} title="Effective configuration" flush error=${error}><table class="data settings"><thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>${(data?.settings || []).map((s) => html`<tr><td>${s.name}</td><td class="mono">${s.value === "" || s.value == null ? html`<span class="third">not set</span>` : String(s.value)}</td><td class="second">${s.origin}</td></tr>`)}</tbody></table></${Panel}>
		<p class="second">Settings are changed in the file or on the command line, not here: <${Command}>gentap run --help</${Command}></p>`;
}
